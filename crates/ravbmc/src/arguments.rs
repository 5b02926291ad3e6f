//! The command line. Names of commands and options are a contract: other programs call them.

pub(crate) mod export;
pub(crate) mod lab;
pub(crate) mod node;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};

mod engine;

pub(crate) use engine::{EngineArguments, EngineKind};

/// The virtual BMC that runs cloud VMs as if they were bare-metal servers.
#[derive(Debug, Parser)]
#[command(name = "ravbmc", version, about, propagate_version = true, max_term_width = 100)]
pub(crate) struct Arguments {
    /// How log lines are written to standard error; RUST_LOG chooses which (for example `debug`).
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a simulated cloud and a BMC for each of its nodes, to try everything at once.
    Demo(DemoArguments),
    /// Run the BMCs of the nodes of a cloud.
    Serve(ServeArguments),
    /// Run the simulator of the Ravello cloud alone.
    Sim(SimArguments),
    /// Talk to a BMC, on machines without ipmitool.
    Ipmi(IpmiArguments),
    /// Say what waits for its turn: since when, why, and what will be sent next.
    Pending(PendingArguments),
    /// Write the nodes as a file that enrols them elsewhere.
    #[command(subcommand)]
    Export(export::ExportCommand),
    /// Say which users and settings of BMCs were changed over IPMI, or drop such changes.
    Changes(ChangesArguments),
    /// List, show and create nodes.
    #[command(subcommand)]
    Node(node::NodeCommand),
    /// Make the parts of a lab that the nodes boot in: address service, boot CD-ROM.
    #[command(subcommand)]
    Lab(lab::LabCommand),
    /// Check a configuration file and say what it means.
    CheckConfig(CheckConfigArguments),
}

/// How clients reach the BMCs.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum AddressMode {
    /// One address, a port for each node.
    Port,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// How many nodes the application has, apart from the undercloud.
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=200))]
    pub(crate) nodes: u16,

    /// How clients tell the BMCs apart.
    #[arg(long, value_enum, default_value_t = AddressMode::Port)]
    pub(crate) mode: AddressMode,

    /// Address on which the BMCs listen.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST), value_name = "ADDRESS")]
    pub(crate) listen: IpAddr,

    /// UDP port of the first BMC; the others follow. 0 takes any free port for each.
    #[arg(long, default_value_t = 6230, value_name = "PORT")]
    pub(crate) port_base: u16,

    /// User of the BMCs.
    #[arg(long, default_value = "admin", value_name = "NAME")]
    pub(crate) username: String,

    /// Password of that user; generated when there is none. Prefer the environment: arguments can be seen by others.
    #[arg(long, env = "RAVBMC_PASSWORD", hide_env_values = true, value_name = "PASSWORD")]
    pub(crate) password: Option<String>,

    /// Address and port of the simulated cloud's API.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS:PORT")]
    pub(crate) api_listen: SocketAddr,

    /// User of the simulated cloud.
    #[arg(long, default_value = "demo@example.com", value_name = "NAME")]
    pub(crate) api_username: String,

    /// Password of that user; generated when there is none.
    #[arg(long, env = "RAVBMC_API_PASSWORD", hide_env_values = true, value_name = "PASSWORD")]
    pub(crate) api_password: Option<String>,

    /// How much faster than real the simulated cloud is.
    #[arg(long, default_value_t = 1.0, value_name = "X", value_parser = speed)]
    pub(crate) speed: f64,

    /// Folder in which the state is kept; without it the state is gone at the end.
    #[arg(long, value_name = "DIR")]
    pub(crate) state_dir: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) engine: EngineArguments,

    /// Print one JSON document instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SimArguments {
    /// Address and port of the API.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS:PORT")]
    pub(crate) listen: SocketAddr,

    /// User of the cloud.
    #[arg(long, default_value = "demo@example.com", value_name = "NAME")]
    pub(crate) username: String,

    /// Password of that user; generated when there is none. Prefer the environment: arguments can be seen by others.
    #[arg(long, env = "RAVBMC_API_PASSWORD", hide_env_values = true, value_name = "PASSWORD")]
    pub(crate) password: Option<String>,

    /// An application as a JSON document, as the API gives it; may be repeated. Without any, the application `demo` is made.
    #[arg(long = "application", value_name = "FILE.json")]
    pub(crate) applications: Vec<PathBuf>,

    /// How many nodes the application `demo` has, apart from the undercloud.
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) nodes: u16,

    /// Start without any application.
    #[arg(long, conflicts_with = "applications")]
    pub(crate) empty: bool,

    /// How much faster than real the cloud is.
    #[arg(long, default_value_t = 1.0, value_name = "X", value_parser = speed)]
    pub(crate) speed: f64,

    /// Folder in which the cloud's state is kept; without it the state is gone at the end.
    #[arg(long, value_name = "DIR")]
    pub(crate) state_dir: Option<PathBuf>,

    /// A JSON file with the simulator's switches, as `GET /sim/switches` gives them.
    #[arg(long, value_name = "FILE.json")]
    pub(crate) switches: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) engine: EngineArguments,

    /// Print one JSON document instead of lines for people.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// The configuration file.
    #[arg(long, value_name = "FILE.toml")]
    pub(crate) config: PathBuf,

    /// Folder in which the state is kept; overrides the configuration.
    #[arg(long, value_name = "DIR")]
    pub(crate) state_dir: Option<PathBuf>,

    /// Log what would be sent to the cloud, request by request and difference by difference, and send nothing that
    /// changes anything. The state directory is left as it is.
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Print one JSON document instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PendingArguments {
    /// The state directory of the daemon.
    #[arg(long, value_name = "DIR", required_unless_present = "config")]
    pub(crate) state_dir: Option<PathBuf>,

    /// The configuration file of the daemon, to find its state directory.
    #[arg(long, value_name = "FILE.toml")]
    pub(crate) config: Option<PathBuf>,

    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ChangesArguments {
    /// The state directory of the daemon.
    #[arg(long, value_name = "DIR", required_unless_present = "config")]
    pub(crate) state_dir: Option<PathBuf>,

    /// The configuration file of the daemon, to find its state directory.
    #[arg(long, value_name = "FILE.toml")]
    pub(crate) config: Option<PathBuf>,

    /// Drop what was changed in the BMC of this node, given by name or id: the configuration rules again.
    #[arg(long, value_name = "NODE")]
    pub(crate) drop: Option<String>,

    /// Drop the changes of this user only, given by name or number.
    #[arg(long, value_name = "USER", requires = "drop")]
    pub(crate) user: Option<String>,

    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CheckConfigArguments {
    /// The configuration file.
    #[arg(long, value_name = "FILE.toml")]
    pub(crate) config: PathBuf,

    /// Print the configuration, completed with its defaults and without secrets, as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("secret").args(["password", "environment", "password_file"]))]
#[command(group = ArgGroup::new("bmc_key").args(["kg", "kg_hex", "kg_environment", "kg_file"]))]
pub(crate) struct IpmiArguments {
    /// Name or address of the BMC.
    #[arg(short = 'H', long, value_name = "HOST")]
    pub(crate) host: String,

    /// UDP port of the BMC.
    #[arg(short = 'p', long, default_value_t = 623, value_name = "PORT")]
    pub(crate) port: u16,

    /// User name.
    #[arg(short = 'U', long, default_value = "", value_name = "USER")]
    pub(crate) user: String,

    /// Password. Others can see it in the list of processes: prefer -E or -f.
    #[arg(short = 'P', long, value_name = "PASSWORD")]
    pub(crate) password: Option<String>,

    /// Read the password from the environment variable IPMI_PASSWORD.
    #[arg(short = 'E', long)]
    pub(crate) environment: bool,

    /// Read the password from the first line of a file.
    #[arg(short = 'f', long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,

    /// Cipher suite; without it the BMC is asked and the best one taken.
    #[arg(short = 'C', long, value_name = "SUITE")]
    pub(crate) cipher_suite: Option<u8>,

    /// BMC key Kg, as text. Others can see it in the list of processes: prefer -K or --kg-file.
    #[arg(short = 'k', long, value_name = "KEY")]
    pub(crate) kg: Option<String>,

    /// BMC key Kg, in hexadecimal digits.
    #[arg(short = 'y', long, value_name = "DIGITS")]
    pub(crate) kg_hex: Option<String>,

    /// Read the BMC key Kg from the environment variable IPMI_KGKEY.
    #[arg(short = 'K', long)]
    pub(crate) kg_environment: bool,

    /// Read the BMC key Kg from the first line of a file: text, or 0x and hexadecimal digits.
    #[arg(long, value_name = "FILE")]
    pub(crate) kg_file: Option<PathBuf>,

    /// Privilege level of the session.
    #[arg(short = 'L', long, value_enum, ignore_case = true, default_value_t = Privilege::Administrator, value_name = "PRIVILEGE")]
    pub(crate) privilege: Privilege,

    /// Seconds to wait for the first answer.
    #[arg(short = 'N', long, default_value_t = 1, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=60))]
    pub(crate) timeout: u64,

    /// How often a request is sent before giving up.
    #[arg(short = 'R', long, default_value_t = 4, value_name = "TRIES", value_parser = clap::value_parser!(u32).range(1..=20))]
    pub(crate) retries: u32,

    /// Print JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    #[command(subcommand)]
    pub(crate) command: IpmiCommand,
}

/// The privilege levels of a session (`IPMI 2.0 §6.8`).
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Privilege {
    Callback,
    User,
    Operator,
    Administrator,
}

#[derive(Debug, Subcommand)]
pub(crate) enum IpmiCommand {
    /// Look at or change the power.
    #[command(subcommand)]
    Power(PowerCommand),
    /// Look at or change the boot device.
    Bootdev(BootdevArguments),
    /// Ask the BMC about itself.
    #[command(subcommand)]
    Mc(McCommand),
    /// Ask about the chassis.
    #[command(subcommand)]
    Chassis(ChassisCommand),
    /// Use the serial console of the node.
    #[command(subcommand)]
    Sol(SolCommand),
    /// Send a request of your own: netFn, command and data bytes, decimal or 0x… .
    Raw {
        /// The bytes.
        #[arg(required = true, num_args = 2.., value_parser = byte, value_name = "BYTE")]
        bytes: Vec<u8>,
    },
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum PowerCommand {
    /// Say whether the node is on.
    Status,
    /// Power on.
    On,
    /// Power off at once.
    Off,
    /// Power off, then on.
    Cycle,
    /// Hard reset.
    Reset,
    /// Ask the guest to shut down.
    Soft,
    /// Inject a diagnostic interrupt.
    Diag,
}

#[derive(Debug, Args)]
pub(crate) struct BootdevArguments {
    /// The device for the next power cycle; `get` shows the present one.
    #[arg(value_enum)]
    pub(crate) device: BootdevName,

    /// For all power cycles from now on, not only for the next one.
    #[arg(long)]
    pub(crate) persistent: bool,

    /// Ask for an EFI boot.
    #[arg(long)]
    pub(crate) efi: bool,
}

/// Names of boot devices, as ipmitool spells them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BootdevName {
    Get,
    None,
    Pxe,
    Disk,
    Cdrom,
    Bios,
    Safe,
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum SolCommand {
    /// Show the console and type on it; `~.` at the beginning of a line leaves it.
    Activate,
    /// End the console, of whichever session it is.
    Deactivate,
    /// Say how the console is configured and whether somebody uses it.
    Info,
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum McCommand {
    /// Identity and firmware of the BMC.
    Info,
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum ChassisCommand {
    /// Power, faults and policies.
    Status,
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if speed.is_finite() && (0.01..=10_000.0).contains(&speed) => Ok(speed),
        _ => Err("expected a number from 0.01 to 10000".to_owned()),
    }
}

fn byte(text: &str) -> Result<u8, String> {
    let parsed = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hexadecimal) => u8::from_str_radix(hexadecimal, 16),
        None => text.parse(),
    };
    parsed.map_err(|_| "expected a byte, 0 to 255 or 0x00 to 0xff".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn bytes_are_decimal_or_hexadecimal() {
        assert_eq!(byte("0x2c"), Ok(0x2c));
        assert_eq!(byte("255"), Ok(255));
        assert!(byte("256").is_err());
        assert!(byte("0xZZ").is_err());
    }

    #[test]
    fn every_documented_ipmi_command_is_understood() {
        for words in [
            "power status",
            "power on",
            "power off",
            "power cycle",
            "power reset",
            "power soft",
            "power diag",
            "bootdev none",
            "bootdev pxe --persistent --efi",
            "bootdev disk",
            "bootdev cdrom",
            "bootdev bios",
            "bootdev safe",
            "bootdev get",
            "mc info",
            "chassis status",
            "sol activate",
            "sol deactivate",
            "sol info",
            "raw 0x00 0x08 0x03 0x08",
        ] {
            let line = format!("ravbmc ipmi -H localhost -p 6230 -U admin -E -C 17 -L operator {words}");
            Arguments::try_parse_from(line.split(' ')).unwrap();
        }
    }

    #[test]
    fn two_sources_of_a_secret_are_refused() {
        for options in ["-P x -E", "-k x -y 00", "-K --kg-file x"] {
            let line = format!("ravbmc ipmi -H localhost {options} power status");
            assert!(Arguments::try_parse_from(line.split(' ')).is_err(), "{options}");
        }
    }
}
