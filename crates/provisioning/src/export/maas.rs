//! MAAS: what `maas PROFILE machines create` takes, power type `ipmi`.
//!
//! MAAS reads no enrolment file of its own, so the usual form is a script of such commands; YAML and JSON hold the same
//! parameters, for programs that use its REST API.
//!
//! MAAS has **no setting for the BMC's port**: it always uses 623. So each BMC needs an address of its own. Where the BMCs share
//! one, UDP 623 of as many addresses must be forwarded, and the file names those.

use std::fmt::Write;
use std::net::IpAddr;

use serde::Serialize;

use super::{BootMode, ExportError, Syntax, hostname, spell};
use crate::mac_address::MacAddress;
use crate::{Account, Bmc, Enrolment, Machine, Privilege};

/// The cipher suites that MAAS has a choice for.
const CIPHER_SUITES: [u8; 4] = [3, 8, 12, 17];

/// The port of every BMC that MAAS talks to.
const PORT: u16 = 623;

/// How the file is spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A shell script that calls `maas`.
    Script,
    /// A list of parameters.
    Structured(Syntax),
}

/// What else can be said about the machines.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The firmware of the machines.
    pub boot_mode: BootMode,
    /// The first of the addresses whose UDP port 623 is forwarded to the BMCs, one after the other.
    pub forwarded_from: Option<IpAddr>,
}

/// The parameters of one `machines create`, in MAAS's own names.
#[derive(Serialize)]
struct Parameters<'a> {
    hostname: String,
    architecture: &'static str,
    mac_addresses: Vec<MacAddress>,
    power_type: &'static str,
    power_parameters_power_driver: &'static str,
    power_parameters_power_boot_type: &'static str,
    power_parameters_power_address: IpAddr,
    power_parameters_power_user: &'a str,
    power_parameters_power_pass: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    power_parameters_k_g: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    power_parameters_cipher_suite_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    power_parameters_privilege_level: Option<&'static str>,
}

/// Writes the file.
///
/// # Errors
/// [`ExportError::FixedPort`] for a BMC on another port than 623, [`ExportError::TooFewAddresses`],
/// [`ExportError::Unnameable`], [`ExportError::Ambiguous`] for two equal names; [`ExportError::NoCipherSuite`] for one
/// that MAAS does not know.
pub fn maas(enrolment: &Enrolment, options: &Options, form: Form) -> Result<String, ExportError> {
    if enrolment.account().cipher_suite.is_some_and(|suite| !CIPHER_SUITES.contains(&suite)) {
        return Err(ExportError::NoCipherSuite { consumer: "MAAS" });
    }
    let machines = hostname::named(enrolment)?;
    let addresses = addresses(&machines, options.forwarded_from)?;
    let parameters: Vec<_> = machines
        .iter()
        .zip(&addresses)
        .map(|((name, machine), address)| {
            parameters(name.clone(), machine, *address, enrolment.account(), options.boot_mode)
        })
        .collect();
    match form {
        Form::Structured(syntax) => spell(&parameters, syntax),
        Form::Script => {
            let forwarded = options.forwarded_from.is_some();
            let bmcs = machines.iter().map(|(_, machine)| machine.bmc).zip(addresses);
            Ok(script(&parameters, bmcs.filter(|_| forwarded)))
        }
    }
}

/// The address of each machine's BMC, as MAAS is to use it.
fn addresses(
    machines: &[(String, &Machine)],
    forwarded_from: Option<IpAddr>,
) -> Result<Vec<IpAddr>, ExportError> {
    let Some(first) = forwarded_from else {
        let own = |(_, machine): &(String, &Machine)| match machine.bmc {
            Bmc { address, port: PORT } => Ok(address),
            bmc @ Bmc { .. } => Err(ExportError::FixedPort { machine: machine.name.clone(), bmc }),
        };
        return machines.iter().map(own).collect();
    };
    let too_few = || ExportError::TooFewAddresses { first, count: machines.len() };
    let mut next = Some(first);
    let mut addresses = Vec::new();
    for _ in machines {
        let address = next.ok_or_else(too_few)?;
        addresses.push(address);
        next = match address {
            IpAddr::V4(v4) => u32::from(v4).checked_add(1).map(|bits| IpAddr::V4(bits.into())),
            IpAddr::V6(v6) => u128::from(v6).checked_add(1).map(|bits| IpAddr::V6(bits.into())),
        };
    }
    Ok(addresses)
}

fn parameters<'a>(
    hostname: String,
    machine: &Machine,
    address: IpAddr,
    account: &'a Account,
    boot_mode: BootMode,
) -> Parameters<'a> {
    Parameters {
        hostname,
        architecture: "amd64/generic",
        mac_addresses: machine.interfaces.iter().map(|interface| interface.mac).collect(),
        power_type: "ipmi",
        power_parameters_power_driver: "LAN_2_0",
        power_parameters_power_boot_type: match boot_mode {
            BootMode::Bios => "legacy",
            BootMode::Uefi => "efi",
        },
        power_parameters_power_address: address,
        power_parameters_power_user: &account.username,
        power_parameters_power_pass: account.password.text(),
        power_parameters_k_g: account.kg.as_ref().map(|kg| format!("0x{}", kg.text())),
        power_parameters_cipher_suite_id: account.cipher_suite.map(|suite| suite.to_string()),
        power_parameters_privilege_level: match account.privilege {
            Privilege::User => Some("USER"),
            Privilege::Operator => Some("OPERATOR"),
            Privilege::Administrator => Some("ADMIN"),
        },
    }
}

fn script(machines: &[Parameters<'_>], forwarded: impl Iterator<Item = (Bmc, IpAddr)>) -> String {
    let mut text = concat!(
        "#!/bin/sh\n",
        "# Adds machines to MAAS. First: maas login PROFILE URL. Then: PROFILE=name sh THIS-FILE\n",
        "# While it runs, others on this host can see the password in the list of processes.\n",
    )
    .to_owned();
    for (bmc, address) in forwarded {
        let _ = writeln!(text, "# Needs UDP {address} port {PORT} forwarded to {bmc}.");
    }
    text.push_str("set -eu\n: \"${PROFILE:?the name of a MAAS profile}\"\n");
    for machine in machines {
        text.push_str("\nmaas \"$PROFILE\" machines create");
        let mut argument = |name: &str, value: &str| {
            let _ = write!(text, " \\\n    {name}={}", quoted(value));
        };
        argument("hostname", &machine.hostname);
        argument("architecture", machine.architecture);
        for mac in &machine.mac_addresses {
            argument("mac_addresses", &mac.to_string());
        }
        argument("power_type", machine.power_type);
        argument("power_parameters_power_driver", machine.power_parameters_power_driver);
        argument("power_parameters_power_boot_type", machine.power_parameters_power_boot_type);
        argument("power_parameters_power_address", &machine.power_parameters_power_address.to_string());
        argument("power_parameters_power_user", machine.power_parameters_power_user);
        argument("power_parameters_power_pass", machine.power_parameters_power_pass);
        let optional = [
            ("power_parameters_k_g", machine.power_parameters_k_g.as_deref()),
            ("power_parameters_cipher_suite_id", machine.power_parameters_cipher_suite_id.as_deref()),
            ("power_parameters_privilege_level", machine.power_parameters_privilege_level),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                argument(name, value);
            }
        }
        text.push('\n');
    }
    text
}

/// A word of a POSIX shell, whatever is in it.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_gets_back_what_was_quoted() {
        for word in ["plain", "it's", "$HOME `x` \"y\" \\", "two\nlines", "''", ""] {
            let line = format!("printf %s {}", quoted(word));
            let output = std::process::Command::new("sh").args(["-c", &line]).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), word);
        }
    }
}
