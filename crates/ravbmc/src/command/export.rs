//! `ravbmc export`: the nodes as a file that enrols them elsewhere.

use std::path::Path;

use anyhow::Result;
use provisioning::Enrolment;
use provisioning::export::ethers::ethers;
use provisioning::export::instackenv::instackenv;
use provisioning::export::ironic::{self, ironic};
use provisioning::export::maas::{self, Form, maas};
use provisioning::export::metal3::{self, metal3};
use provisioning::export::{BootMode, Syntax};

use crate::arguments::export::{
    BootModeName, EnrolmentArguments, EthersArguments, ExportCommand, SecretOutputArguments, SyntaxName,
};
use crate::fleet::{EnrolmentRequest, Fleet, Secrets};
use crate::output::{self, Readers};

/// Looks at the cloud and writes the file.
pub(crate) async fn run(command: ExportCommand) -> Result<()> {
    let (text, to) = match command {
        ExportCommand::Ironic(arguments) => {
            let options = ironic::Options {
                boot_mode: boot_mode(&arguments.enrolment),
                boot_interface: arguments.boot_interface,
                resource_class: arguments.resource_class,
            };
            let enrolment = enrolment(&arguments.enrolment).await?;
            (ironic(&enrolment, &options, syntax(arguments.format))?, arguments.enrolment.output)
        }
        ExportCommand::Instackenv(arguments) => {
            let enrolment = enrolment(&arguments.enrolment).await?;
            let text = instackenv(&enrolment, boot_mode(&arguments.enrolment), syntax(arguments.format))?;
            (text, arguments.enrolment.output)
        }
        ExportCommand::Metal3(arguments) => {
            let options = metal3::Options {
                boot_mode: boot_mode(&arguments.enrolment),
                boot_interface: arguments.boot_interface,
                namespace: arguments.namespace,
            };
            let enrolment = enrolment(&arguments.enrolment).await?;
            (metal3(&enrolment, &options, syntax(arguments.format))?, arguments.enrolment.output)
        }
        ExportCommand::Maas(arguments) => {
            let options = maas::Options {
                boot_mode: boot_mode(&arguments.enrolment),
                forwarded_from: arguments.forwarded_from,
            };
            let form = arguments.format.map_or(Form::Script, |name| Form::Structured(syntax(name)));
            let enrolment = enrolment(&arguments.enrolment).await?;
            (maas(&enrolment, &options, form)?, arguments.enrolment.output)
        }
        ExportCommand::Ethers(arguments) => return write_ethers(arguments).await,
    };
    write(&text, &to)
}

async fn enrolment(arguments: &EnrolmentArguments) -> Result<Enrolment> {
    let output = &arguments.output;
    let written = output.output.is_some() || output.with_passwords;
    Fleet::look(&arguments.configured).await?.enrolment(EnrolmentRequest {
        bmc_address: arguments.bmc_address,
        user: arguments.user.as_deref(),
        secrets: if written { Secrets::Written } else { Secrets::LeftOut },
    })
}

/// Writes a text that may hold secrets.
fn write(text: &str, to: &SecretOutputArguments) -> Result<()> {
    match &to.output {
        Some(file) => output::write_file(file, text.as_bytes(), Readers::Owner),
        None => {
            output::print(text)?;
            if !to.with_passwords {
                output::tell("Passwords are left out; -o FILE writes them to a file that only you can read.");
            }
            Ok(())
        }
    }
}

async fn write_ethers(arguments: EthersArguments) -> Result<()> {
    let hosts = Fleet::look(&arguments.configured).await?.hosts()?;
    write_public(&ethers(&hosts, arguments.network), arguments.output.as_deref())
}

/// Writes a text without secrets, which other programs' users must be able to read.
pub(super) fn write_public(text: &str, file: Option<&Path>) -> Result<()> {
    match file {
        Some(file) => output::write_file(file, text.as_bytes(), Readers::Everybody),
        None => output::print(text),
    }
}

const fn syntax(name: SyntaxName) -> Syntax {
    match name {
        SyntaxName::Yaml => Syntax::Yaml,
        SyntaxName::Json => Syntax::Json,
    }
}

const fn boot_mode(arguments: &EnrolmentArguments) -> BootMode {
    match arguments.boot_mode {
        BootModeName::Bios => BootMode::Bios,
        BootModeName::Uefi => BootMode::Uefi,
    }
}
