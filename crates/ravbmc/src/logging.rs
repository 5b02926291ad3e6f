//! The log: to standard error, as text or JSON, filtered by `RUST_LOG`.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::arguments::{Command, LogFormat};

/// Starts the log. Long-running commands say what happens (`info`), short ones only what is wrong (`warn`).
pub(crate) fn start(format: LogFormat, command: &Command) {
    let default = match command {
        Command::Demo(_) | Command::Serve(_) | Command::Sim(_) => LevelFilter::INFO,
        Command::Ipmi(_)
        | Command::Pending(_)
        | Command::Export(_)
        | Command::Changes(_)
        | Command::Lab(_)
        | Command::Node(_)
        | Command::CheckConfig(_) => LevelFilter::WARN,
    };
    let filter = EnvFilter::builder().with_default_directive(default.into()).from_env_lossy();
    // A log that nobody reads any more is no reason to stop, and complaining about it would be one.
    let log =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).log_internal_errors(false);
    match format {
        LogFormat::Text => log.with_ansi(io::stderr().is_terminal()).init(),
        LogFormat::Json => log.json().init(),
    }
}
