//! `ravbmc lab`: the parts of the lab that the nodes boot in.

mod check;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use provisioning::export::ethers::ethers;
use provisioning::{AccessNetwork, Attempt, IpxeScript, IsoIngredients, UefiIngredients};

use super::export::write_public;
use crate::arguments::export::ConfiguredArguments;
use crate::arguments::lab::{DnsmasqArguments, IsoArguments, LabCommand, ScriptArguments};
use crate::fleet::Fleet;
use crate::output;

/// Writes what was asked for.
pub(crate) async fn run(command: LabCommand) -> Result<()> {
    match command {
        LabCommand::Dnsmasq(arguments) => dnsmasq(arguments).await,
        LabCommand::IpxeScript(arguments) => {
            write_public(&script(arguments.script).text()?, arguments.output.as_deref())
        }
        LabCommand::Iso(arguments) => iso(arguments),
        LabCommand::Check(arguments) => check::run(arguments).await,
    }
}

async fn dnsmasq(arguments: DnsmasqArguments) -> Result<()> {
    let network = AccessNetwork { interface: arguments.interface, network: arguments.network };
    let text = network.dnsmasq()?;
    if let (Some(config), Some(file)) = (arguments.config, &arguments.ethers) {
        let configured = ConfiguredArguments { config, state_dir: None, application: None };
        let hosts = Fleet::look(&configured).await?.hosts()?;
        let lines = ethers(&hosts, Some(network.network));
        if lines.lines().all(|line| line.starts_with('#')) {
            bail!("no node has an address in {}; choose another --network", network.network);
        }
        write_public(&lines, Some(file))?;
    }
    write_public(&text, arguments.output.as_deref())
}

fn iso(arguments: IsoArguments) -> Result<()> {
    let mut ingredients = IsoIngredients::new(script(arguments.script).text()?);
    put(&mut ingredients.ipxe, arguments.ipxe_lkrn);
    put(&mut ingredients.isolinux, arguments.isolinux);
    put(&mut ingredients.ldlinux, arguments.ldlinux);
    put(&mut ingredients.xorriso, arguments.xorriso);
    if arguments.uefi {
        let mut uefi = UefiIngredients::default();
        put(&mut uefi.ipxe, arguments.ipxe_efi);
        put(&mut uefi.grub_modules, arguments.grub_modules);
        put(&mut uefi.grub_mkimage, arguments.grub_mkimage);
        ingredients.uefi = Some(uefi);
    }
    ingredients.build(&arguments.output)?;
    let size = std::fs::metadata(&arguments.output)
        .with_context(|| format!("cannot read {}", arguments.output.display()))?
        .len();
    output::print(&format!(
        "{}: {} KiB, boots on {}. Give VMs at least 128 MiB of memory: with 64 MiB iPXE loses its script.",
        arguments.output.display(),
        size.div_ceil(1024),
        if arguments.uefi { "BIOS and UEFI" } else { "BIOS" },
    ))
}

fn script(arguments: ScriptArguments) -> IpxeScript {
    IpxeScript {
        attempt: if arguments.autoboot {
            Attempt::Autoboot
        } else {
            Attempt::Interfaces(arguments.interfaces)
        },
        shell_prompt: arguments.shell_prompt,
        reboot_prompt: arguments.reboot_prompt,
    }
}

fn put(place: &mut PathBuf, given: Option<PathBuf>) {
    if let Some(given) = given {
        *place = given;
    }
}
