//! Arguments of `ravbmc export`.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use ipnet::Ipv4Net;

/// Where the nodes are found, for commands that work on what a daemon serves.
#[derive(Debug, Args)]
pub(crate) struct ConfiguredArguments {
    /// The configuration file of the daemon. `ravbmc demo` writes one into its state directory and prints its path.
    #[arg(long, value_name = "FILE.toml")]
    pub(crate) config: PathBuf,

    /// The state directory of the daemon; overrides the configuration.
    #[arg(long, value_name = "DIR")]
    pub(crate) state_dir: Option<PathBuf>,

    /// Only this application of the configuration; without it all of them.
    #[arg(long, value_name = "NAME")]
    pub(crate) application: Option<String>,
}

/// The programs that the nodes can be enrolled in.
#[derive(Debug, Subcommand)]
pub(crate) enum ExportCommand {
    /// For OpenStack Ironic: the file that `openstack baremetal create` takes.
    Ironic(IronicArguments),
    /// For TripleO: the file that `openstack overcloud node import` takes.
    Instackenv(InstackenvArguments),
    /// For Metal3: BareMetalHost and Secret manifests for `kubectl apply`.
    Metal3(Metal3Arguments),
    /// For MAAS: a shell script of `maas … machines create`, or its parameters as YAML or JSON.
    Maas(MaasArguments),
    /// For dnsmasq: /etc/ethers with a fixed address for each interface.
    Ethers(EthersArguments),
}

/// What all enrolment files have in common.
#[derive(Debug, Args)]
pub(crate) struct EnrolmentArguments {
    #[command(flatten)]
    pub(crate) configured: ConfiguredArguments,

    #[command(flatten)]
    pub(crate) output: SecretOutputArguments,

    /// Address under which the BMCs are reached, if they listen on all addresses or behind a forwarder.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) bmc_address: Option<IpAddr>,

    /// BMC user that logs in; without it the first administrator of the configuration.
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,

    /// The firmware of the VMs.
    #[arg(long, value_enum, default_value_t = BootModeName::Bios)]
    pub(crate) boot_mode: BootModeName,
}

/// Where a text with secrets goes.
#[derive(Debug, Args)]
pub(crate) struct SecretOutputArguments {
    /// Write to this file, with passwords, readable by its owner only. Without it the text is printed, without passwords.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Print passwords too.
    #[arg(long, conflicts_with = "output")]
    pub(crate) with_passwords: bool,
}

#[derive(Debug, Args)]
pub(crate) struct IronicArguments {
    #[command(flatten)]
    pub(crate) enrolment: EnrolmentArguments,

    /// How the file is spelled.
    #[arg(long, value_enum, default_value_t = SyntaxName::Yaml)]
    pub(crate) format: SyntaxName,

    /// Only this interface boots from the network, counted from 0; without it each may.
    #[arg(long, value_name = "INDEX")]
    pub(crate) boot_interface: Option<usize>,

    /// Resource class of the nodes, by which Nova finds them.
    #[arg(long, value_name = "CLASS")]
    pub(crate) resource_class: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct InstackenvArguments {
    #[command(flatten)]
    pub(crate) enrolment: EnrolmentArguments,

    /// How the file is spelled.
    #[arg(long, value_enum, default_value_t = SyntaxName::Json)]
    pub(crate) format: SyntaxName,
}

#[derive(Debug, Args)]
pub(crate) struct Metal3Arguments {
    #[command(flatten)]
    pub(crate) enrolment: EnrolmentArguments,

    /// How the file is spelled.
    #[arg(long, value_enum, default_value_t = SyntaxName::Yaml)]
    pub(crate) format: SyntaxName,

    /// The interface that boots from the network, counted from 0; without it the first.
    #[arg(long, value_name = "INDEX")]
    pub(crate) boot_interface: Option<usize>,

    /// Namespace of the manifests.
    #[arg(long, value_name = "NAME")]
    pub(crate) namespace: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct MaasArguments {
    #[command(flatten)]
    pub(crate) enrolment: EnrolmentArguments,

    /// How the file is spelled; without it a shell script.
    #[arg(long, value_enum)]
    pub(crate) format: Option<SyntaxName>,

    /// MAAS always uses port 623: the first of as many addresses as there are nodes, whose UDP port 623 is forwarded to
    /// the BMCs in their order.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) forwarded_from: Option<IpAddr>,
}

#[derive(Debug, Args)]
pub(crate) struct EthersArguments {
    #[command(flatten)]
    pub(crate) configured: ConfiguredArguments,

    /// Only addresses in this network; without it all.
    #[arg(long, value_name = "NETWORK/BITS")]
    pub(crate) network: Option<Ipv4Net>,

    /// Write to this file; without it the text is printed.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SyntaxName {
    Yaml,
    Json,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum BootModeName {
    Bios,
    Uefi,
}
