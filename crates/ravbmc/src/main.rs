//! The virtual BMC for VMs of the Ravello cloud: the program.
//!
//! `main` parses arguments, sets up the log, and hands over to the module of the command:
//!
//! | module | what it does |
//! |---|---|
//! | [`arguments`] | the command line |
//! | [`command`] | one module for each command |
//! | [`configuration`], [`secret`] | the configuration file, and where secrets come from |
//! | [`daemon`] | wires cloud, reconcilers and BMCs together |
//! | [`assignment`] | which node has which port, kept over restarts |
//! | [`cloud`] | the client of the cloud that a configuration names |
//! | [`serial`] | where the serial consoles of nodes are, and the connections to them |
//! | [`fleet`] | one look at the nodes, for commands that only want to know |
//! | [`settings_folder`] | what was changed over IPMI, kept over restarts |
//! | [`pending`] | what waits for its turn, as a daemon tells it |
//! | [`output`] | what is printed for people and for programs |
//!
//! The exit status is 0 only on success. Errors are one or two plain lines on standard error.
#![warn(clippy::print_stderr, clippy::print_stdout, reason = "they panic where nobody reads: see `output`")]

mod access;
mod arguments;
mod assignment;
mod cloud;
mod command;
mod configuration;
mod daemon;
mod fleet;
mod logging;
mod output;
mod pending;
mod secret;
mod serial;
mod settings_folder;
mod shutdown;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    logging::start(arguments.log_format, &arguments.command);
    let outcome = match arguments.command {
        Command::Demo(arguments) => block_on(command::demo::run(arguments)),
        Command::Serve(arguments) => block_on(command::serve::run(arguments)),
        Command::Sim(arguments) => block_on(command::sim::run(arguments)),
        Command::Ipmi(arguments) => block_on(command::ipmi::run(arguments)),
        Command::Pending(arguments) => block_on(command::pending::run(arguments)),
        Command::Export(command) => block_on(command::export::run(command)),
        Command::Changes(arguments) => block_on(command::changes::run(arguments)),
        Command::Node(command) => block_on(command::node::run(command)),
        Command::Lab(command) => block_on(command::lab::run(command)),
        Command::CheckConfig(arguments) => command::check_config::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::tell(format_args!("ravbmc: {}", output::error_chain(&error)));
            ExitCode::FAILURE
        }
    }
}

fn block_on(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}
