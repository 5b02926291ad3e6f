//! `ravbmc ipmi`: a remote console for machines without ipmitool.

mod report;
mod sol;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use ipmi_client::{Client, ClientOptions};
use ipmi_proto::command::app::GetDeviceId;
use ipmi_proto::command::boot_options::{
    BootDeviceSelector, BootFlags, BootOption, GetSystemBootOptions, ParameterSelector, SetSystemBootOptions,
};
use ipmi_proto::command::chassis::{ChassisControl, GetChassisStatus, PowerAction};
use ipmi_proto::crypto::Kg;
use ipmi_proto::number::{CipherSuiteId, CommandNumber, CompletionCode, NetFn, PrivilegeLevel};
use secrecy::{ExposeSecret, SecretString};

use self::report::Report;
use crate::access;
use crate::arguments::{
    BootdevArguments, BootdevName, ChassisCommand, IpmiArguments, IpmiCommand, McCommand, PowerCommand,
    Privilege,
};
use crate::output;
use crate::secret::SecretSource;

/// Logs in, asks, prints, logs out.
pub(crate) async fn run(arguments: IpmiArguments) -> Result<()> {
    let password = password(&arguments)?;
    let address = resolve(&arguments.host, arguments.port).await?;
    let mut options = ClientOptions::new(&arguments.user, password.expose_secret())?;
    options.cipher_suite = arguments.cipher_suite.map(CipherSuiteId);
    options.kg = kg(&arguments)?;
    options.privilege = match arguments.privilege {
        Privilege::Callback => PrivilegeLevel::CALLBACK,
        Privilege::User => PrivilegeLevel::USER,
        Privilege::Operator => PrivilegeLevel::OPERATOR,
        Privilege::Administrator => PrivilegeLevel::ADMINISTRATOR,
    };
    options.timeout = Duration::from_secs(arguments.timeout);
    options.tries = arguments.retries;
    let mut client = Client::connect(address, options)
        .await
        .with_context(|| format!("BMC {}:{}", arguments.host, arguments.port))?;
    let answer = match &arguments.command {
        IpmiCommand::Sol(command) => sol::execute(&mut client, *command).await,
        command => execute(&mut client, command).await.map(Some),
    };
    client.close().await;
    let Some(report) = answer? else { return Ok(()) };
    if arguments.json { output::print_json(&report.json) } else { output::print(&report.text) }
}

async fn execute(client: &mut Client, command: &IpmiCommand) -> Result<Report> {
    match command {
        IpmiCommand::Power(PowerCommand::Status) => {
            Ok(Report::power(&client.call(&GetChassisStatus).await.context("power status")?))
        }
        IpmiCommand::Power(command) => power(client, *command).await,
        IpmiCommand::Bootdev(arguments) => bootdev(client, arguments).await,
        IpmiCommand::Mc(McCommand::Info) => {
            Ok(Report::device_id(&client.call(&GetDeviceId).await.context("mc info")?))
        }
        IpmiCommand::Chassis(ChassisCommand::Status) => {
            Ok(Report::chassis_status(&client.call(&GetChassisStatus).await.context("chassis status")?))
        }
        IpmiCommand::Raw { bytes } => raw(client, bytes).await,
        IpmiCommand::Sol(_) => bail!("the console answers nothing"),
    }
}

async fn power(client: &mut Client, command: PowerCommand) -> Result<Report> {
    let (action, word) = match command {
        PowerCommand::Status => bail!("power status is no power action"),
        PowerCommand::On => (PowerAction::POWER_UP, "on"),
        PowerCommand::Off => (PowerAction::POWER_DOWN, "off"),
        PowerCommand::Cycle => (PowerAction::POWER_CYCLE, "cycle"),
        PowerCommand::Reset => (PowerAction::HARD_RESET, "reset"),
        PowerCommand::Soft => (PowerAction::SOFT_SHUTDOWN, "soft"),
        PowerCommand::Diag => (PowerAction::PULSE_DIAGNOSTIC_INTERRUPT, "diag"),
    };
    client.call(&ChassisControl { action }).await.with_context(|| format!("power {word}"))?;
    Ok(Report::accepted(&format!("Chassis Power Control: {word}"), "power", word))
}

async fn bootdev(client: &mut Client, arguments: &BootdevArguments) -> Result<Report> {
    let (selector, word) = match arguments.device {
        BootdevName::Get => {
            if arguments.persistent || arguments.efi {
                bail!("bootdev get takes neither --persistent nor --efi");
            }
            let ask = GetSystemBootOptions::parameter(ParameterSelector::BOOT_FLAGS);
            let answer = client.call(&ask).await.context("bootdev get")?;
            let BootOption::BootFlags(flags) = answer.option else {
                bail!("bootdev get: the BMC answered with another parameter than the boot flags");
            };
            return Ok(Report::boot_flags(flags));
        }
        BootdevName::None => (BootDeviceSelector::NONE, "none"),
        BootdevName::Pxe => (BootDeviceSelector::PXE, "pxe"),
        BootdevName::Disk => (BootDeviceSelector::DISK, "disk"),
        BootdevName::Cdrom => (BootDeviceSelector::CD, "cdrom"),
        BootdevName::Bios => (BootDeviceSelector::FIRMWARE_SETUP, "bios"),
        BootdevName::Safe => (BootDeviceSelector::SAFE_DISK, "safe"),
    };
    let mut flags = BootFlags::for_device(selector);
    if arguments.persistent {
        flags = flags.persistent();
    }
    if arguments.efi {
        flags = flags.efi();
    }
    let set = SetSystemBootOptions::write(BootOption::BootFlags(flags));
    client.call(&set).await.with_context(|| format!("bootdev {word}"))?;
    Ok(Report::accepted(&format!("Set Boot Device to {word}"), "boot-device", word))
}

async fn raw(client: &mut Client, bytes: &[u8]) -> Result<Report> {
    let [net_fn, command, data @ ..] = bytes else {
        bail!("raw: expected a network function and a command");
    };
    let reply = client.request(NetFn::new(*net_fn), CommandNumber(*command), data).await.context("raw")?;
    if reply.completion_code != CompletionCode::NORMAL {
        bail!("raw: the BMC refused: {}", reply.completion_code);
    }
    Ok(Report::bytes(&reply.data))
}

fn password(arguments: &IpmiArguments) -> Result<SecretString> {
    match (&arguments.password, arguments.environment, &arguments.password_file) {
        (Some(password), _, _) => Ok(SecretString::from(password.clone())),
        (None, true, _) => SecretSource::Env("IPMI_PASSWORD".to_owned()).read("-E"),
        (None, false, Some(file)) => SecretSource::File(Path::new(file).to_owned()).read("-f"),
        (None, false, None) => {
            bail!("no password: use -f FILE, -E (environment variable IPMI_PASSWORD) or -P")
        }
    }
}

fn kg(arguments: &IpmiArguments) -> Result<Option<Kg>> {
    let text = match (&arguments.kg, &arguments.kg_hex, arguments.kg_environment, &arguments.kg_file) {
        (Some(text), ..) => return Ok(Some(Kg::new(text.as_bytes()).context("-k")?)),
        (_, Some(digits), ..) => return Ok(Some(access::kg_of_digits(digits).context("-y")?)),
        (_, _, true, _) => SecretSource::Env("IPMI_KGKEY".to_owned()).read("-K")?,
        (.., Some(file)) => SecretSource::File(file.clone()).read("--kg-file")?,
        _ => return Ok(None),
    };
    Ok(Some(access::kg(&text).context("BMC key")?))
}

async fn resolve(host: &str, port: u16) -> Result<SocketAddr> {
    let mut addresses = tokio::net::lookup_host((host, port))
        .await
        .with_context(|| format!("the name {host} cannot be resolved"))?;
    addresses.next().with_context(|| format!("the name {host} has no address"))
}
