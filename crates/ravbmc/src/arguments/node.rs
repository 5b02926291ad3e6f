//! Arguments of `ravbmc node`.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::export::ConfiguredArguments;

/// What can be done with nodes.
#[derive(Debug, Subcommand)]
pub(crate) enum NodeCommand {
    /// List the nodes: BMC, power, boot device, what is pending, hardware.
    List(NodeListArguments),
    /// Show everything about one node.
    Show(NodeShowArguments),
    /// Create nodes: VMs with a disk, the iPXE CD-ROM, and an interface in each network of the lab.
    Create(NodeCreateArguments),
}

#[derive(Debug, Args)]
pub(crate) struct NodeListArguments {
    #[command(flatten)]
    pub(crate) configured: ConfiguredArguments,

    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct NodeShowArguments {
    /// The VM's name, or its id as application/VM.
    #[arg(value_name = "NODE")]
    pub(crate) node: String,

    #[command(flatten)]
    pub(crate) configured: ConfiguredArguments,

    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct NodeCreateArguments {
    #[command(flatten)]
    pub(crate) configured: ConfiguredArguments,

    /// How many.
    #[arg(short = 'n', long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=200))]
    pub(crate) count: u16,

    /// Virtual processors of each.
    #[arg(short, long, default_value_t = 2, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=64))]
    pub(crate) cpus: u64,

    /// Memory of each, such as 8G or 1536M.
    #[arg(short, long, default_value = "8G", value_name = "SIZE", value_parser = memory_mib)]
    pub(crate) memory: u64,

    /// Disk of each, such as 60G or 1T.
    #[arg(short = 'D', long, default_value = "60G", value_name = "SIZE", value_parser = disk_gib)]
    pub(crate) disk: u64,

    /// What their names begin with; numbers follow, from above the highest that there is.
    #[arg(long, default_value = "node", value_name = "NAME", value_parser = prefix)]
    pub(crate) prefix: String,

    /// The VM whose networks they join; without it the one with the lowest address, which runs Ironic.
    #[arg(long, value_name = "VM")]
    pub(crate) like: Option<String>,

    /// The image in the cloud's library that they boot from; `ravbmc lab iso` makes one.
    #[arg(long, default_value = "ipxe.iso", value_name = "NAME")]
    pub(crate) image: String,

    /// How long to wait for the cloud.
    #[arg(long, default_value = "15m", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) timeout: Duration,

    /// Say what would be created, and change nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The least memory with which iPXE keeps its script.
const LEAST_MEMORY_MIB: u64 = 128;

fn memory_mib(text: &str) -> Result<u64, String> {
    let (number, unit) = sized(text)?;
    let mib = match unit {
        "M" => Some(number),
        _ => in_gib(number, unit).and_then(|gib| gib.checked_mul(1024)),
    };
    match mib {
        Some(mib @ LEAST_MEMORY_MIB..=4_194_304) => Ok(mib),
        _ => Err("expected 128M to 4T; with less, iPXE loses its script and the disk boots".to_owned()),
    }
}

fn disk_gib(text: &str) -> Result<u64, String> {
    let (number, unit) = sized(text)?;
    match in_gib(number, unit) {
        Some(gib @ 1..=65_536) => Ok(gib),
        _ => Err("expected 1G to 64T".to_owned()),
    }
}

/// A number and its unit; without one it is G.
fn sized(text: &str) -> Result<(u64, &str), String> {
    let (digits, unit) = text.split_at(text.find(|each: char| !each.is_ascii_digit()).unwrap_or(text.len()));
    let number = digits.parse().map_err(|_| "expected a size such as 8G, 1536M or 1T".to_owned())?;
    Ok((number, if unit.is_empty() { "G" } else { unit }))
}

fn in_gib(number: u64, unit: &str) -> Option<u64> {
    match unit {
        "G" => Some(number),
        "T" => number.checked_mul(1024),
        _ => None,
    }
}

fn prefix(text: &str) -> Result<String, String> {
    let is_name = text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.len() <= 40
        && text.chars().all(|each| each.is_ascii_lowercase() || each.is_ascii_digit() || each == '-')
        && !text.ends_with(|last: char| last.is_ascii_digit());
    if is_name {
        Ok(text.to_owned())
    } else {
        Err("expected lower-case letters, digits and hyphens; a letter first, no digit last".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units_and_bounds() {
        assert_eq!(
            (memory_mib("8"), memory_mib("1536M"), memory_mib("1T")),
            (Ok(8192), Ok(1536), Ok(1_048_576))
        );
        assert_eq!((disk_gib("60G"), disk_gib("1T")), (Ok(60), Ok(1024)));
        for text in ["64M", "0", "", "G", "8X", "8GB", "-1G", "99999999999999999999G", "18014398509481984T"] {
            assert!(memory_mib(text).is_err(), "{text}");
        }
        for text in ["0", "512M", "1P", "65T"] {
            assert!(disk_gib(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_prefix_becomes_a_host_name_with_its_number() {
        assert!(prefix("node").is_ok() && prefix("rack-2-").is_ok());
        for text in ["", "Node", "1node", "node1", "a b", "-x"] {
            assert!(prefix(text).is_err(), "{text}");
        }
    }
}
