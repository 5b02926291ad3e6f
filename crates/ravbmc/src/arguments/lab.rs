//! Arguments of `ravbmc lab`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use ipnet::Ipv4Net;

use super::export::ConfiguredArguments;

/// The parts of the lab that the nodes boot in.
#[derive(Debug, Subcommand)]
pub(crate) enum LabCommand {
    /// Print the configuration of dnsmasq for the access network, and write /etc/ethers for it.
    Dnsmasq(DnsmasqArguments),
    /// Print the script of the iPXE CD-ROM.
    IpxeScript(IpxeScriptArguments),
    /// Make the iPXE CD-ROM: it boots from the network, or else reboots, never from the local disk.
    Iso(IsoArguments),
    /// Look for what is known to make deployments fail: memory, CD-ROM, DHCP, addresses, expiry, Ironic's settings.
    Check(LabCheckArguments),
}

#[derive(Debug, Args)]
pub(crate) struct LabCheckArguments {
    #[command(flatten)]
    pub(crate) configured: ConfiguredArguments,

    /// Ironic's configuration, to look at too.
    #[arg(long, value_name = "FILE")]
    pub(crate) ironic_conf: Option<PathBuf>,

    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DnsmasqArguments {
    /// The interface in the access network, of the machine that runs dnsmasq. It must hold an address there.
    #[arg(long, default_value = "eth0", value_name = "NAME")]
    pub(crate) interface: String,

    /// The access network.
    #[arg(long, default_value = "192.168.2.0/24", value_name = "NETWORK/BITS")]
    pub(crate) network: Ipv4Net,

    /// Write the configuration to this file, for example /etc/dnsmasq.d/access.conf; without it it is printed.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Write the fixed addresses of the nodes to this file, for example /etc/ethers.
    #[arg(long, value_name = "FILE", requires = "config")]
    pub(crate) ethers: Option<PathBuf>,

    /// The configuration file of the daemon, to find the nodes.
    #[arg(long, value_name = "FILE.toml", requires = "ethers")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct IpxeScriptArguments {
    #[command(flatten)]
    pub(crate) script: ScriptArguments,

    /// Write to this file; without it the script is printed.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// What the script does.
#[derive(Debug, Args)]
pub(crate) struct ScriptArguments {
    /// The interfaces that are tried, in this order: 1,0 tries iPXE's net1 before net0. An interface on which nobody
    /// answers costs a quarter of a minute.
    #[arg(long, value_delimiter = ',', default_value = "0,1,2,3", value_name = "N,…")]
    pub(crate) interfaces: Vec<u8>,

    /// Leave everything to iPXE: all interfaces, IPv6 too. Without an IPv6 router this waits 13 s longer.
    #[arg(long, conflicts_with = "interfaces")]
    pub(crate) autoboot: bool,

    /// How long Ctrl-B gives a shell; 0s for not at all.
    #[arg(long, default_value = "2s", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) shell_prompt: Duration,

    /// How long the reboot waits when nothing was booted; 0s for not at all.
    #[arg(long, default_value = "30s", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) reboot_prompt: Duration,
}

#[derive(Debug, Args)]
pub(crate) struct IsoArguments {
    /// The image; one that is there is replaced.
    #[arg(short, long, value_name = "FILE.iso")]
    pub(crate) output: PathBuf,

    #[command(flatten)]
    pub(crate) script: ScriptArguments,

    /// Boot on UEFI too. There it is always iPXE's own network boot, without the prompts; then the same reboot.
    #[arg(long)]
    pub(crate) uefi: bool,

    /// iPXE for BIOS, as a Linux kernel. Default: that of Debian's package ipxe.
    #[arg(long, value_name = "FILE")]
    pub(crate) ipxe_lkrn: Option<PathBuf>,

    /// ISOLINUX. Default: that of Debian's package isolinux.
    #[arg(long, value_name = "FILE")]
    pub(crate) isolinux: Option<PathBuf>,

    /// ldlinux.c32 of SYSLINUX for BIOS. Default: that of Debian's package syslinux-common.
    #[arg(long, value_name = "FILE")]
    pub(crate) ldlinux: Option<PathBuf>,

    /// The program xorriso, of the package of that name.
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) xorriso: Option<PathBuf>,

    /// iPXE for UEFI. Default: that of Debian's package ipxe.
    #[arg(long, value_name = "FILE", requires = "uefi")]
    pub(crate) ipxe_efi: Option<PathBuf>,

    /// GRUB's modules for x86_64-efi. Default: those of Debian's package grub-efi-amd64-bin.
    #[arg(long, value_name = "DIR", requires = "uefi")]
    pub(crate) grub_modules: Option<PathBuf>,

    /// The program grub-mkimage, of the package grub-common.
    #[arg(long, value_name = "PROGRAM", requires = "uefi")]
    pub(crate) grub_mkimage: Option<PathBuf>,
}
