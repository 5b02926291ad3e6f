//! Ironic: the file that `baremetal create FILE` (or `openstack baremetal create FILE`) takes (`ironic.md §1`).
//!
//! Hardware type `ipmi`. The boot mode is written down because Ironic assumes UEFI where nothing is said.

use serde::Serialize;
use std::net::IpAddr;

use super::{ARCHITECTURE, BootMode, ExportError, Syntax, boot_mac, hostname, spell};
use crate::mac_address::MacAddress;
use crate::{Account, Enrolment, Machine, Privilege, Secret};

/// What else can be said about the nodes.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The firmware of the machines.
    pub boot_mode: BootMode,
    /// The interface that boots from the network, from 0. Without it any may.
    pub boot_interface: Option<usize>,
    /// The resource class by which Nova and `baremetal allocation` find the nodes.
    pub resource_class: Option<String>,
}

#[derive(Serialize)]
struct Document<'a> {
    nodes: Vec<Node<'a>>,
}

#[derive(Serialize)]
struct Node<'a> {
    name: String,
    driver: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_class: Option<&'a str>,
    driver_info: DriverInfo<'a>,
    properties: Properties,
    ports: Vec<Port>,
}

#[derive(Serialize)]
struct DriverInfo<'a> {
    ipmi_address: IpAddr,
    ipmi_port: u16,
    ipmi_username: &'a str,
    ipmi_password: &'a str,
    #[serde(flatten)]
    unusual: UnusualAccess,
}

/// What the driver `ipmi` must be told where it is not what it assumes.
#[derive(Serialize)]
pub(super) struct UnusualAccess {
    #[serde(skip_serializing_if = "Option::is_none")]
    ipmi_priv_level: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ipmi_hex_kg_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ipmi_cipher_suite: Option<String>,
}

impl UnusualAccess {
    pub(super) fn of(account: &Account) -> Self {
        Self {
            ipmi_priv_level: (account.privilege != Privilege::Administrator)
                .then(|| account.privilege.name()),
            ipmi_hex_kg_key: account.kg.as_ref().map(kg_key),
            ipmi_cipher_suite: account.cipher_suite.map(|suite| suite.to_string()),
        }
    }
}

#[derive(Serialize)]
struct Properties {
    #[serde(skip_serializing_if = "Option::is_none")]
    cpus: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_mb: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    local_gb: Option<u64>,
    cpu_arch: &'static str,
    capabilities: &'static str,
}

#[derive(Serialize)]
struct Port {
    address: MacAddress,
    pxe_enabled: bool,
}

/// Writes the file.
///
/// # Errors
/// [`ExportError::Unnameable`], [`ExportError::Ambiguous`] for two equal names, [`ExportError::NoInterface`].
pub fn ironic(enrolment: &Enrolment, options: &Options, syntax: Syntax) -> Result<String, ExportError> {
    let node = |(name, machine): (String, &Machine)| -> Result<Node<'_>, ExportError> {
        let boots_from = match options.boot_interface {
            Some(_) => boot_mac(machine, options.boot_interface)?,
            None => None,
        };
        let pxe_enabled = |mac| boots_from.is_none_or(|boot| boot == mac);
        Ok(Node {
            name,
            driver: "ipmi",
            resource_class: options.resource_class.as_deref(),
            driver_info: driver_info(machine, enrolment.account()),
            properties: Properties {
                cpus: machine.cpus,
                memory_mb: machine.memory_mib,
                local_gb: machine.disk_gib,
                cpu_arch: ARCHITECTURE,
                capabilities: options.boot_mode.capability(),
            },
            ports: machine
                .interfaces
                .iter()
                .map(|interface| Port { address: interface.mac, pxe_enabled: pxe_enabled(interface.mac) })
                .collect(),
        })
    };
    let nodes = hostname::named(enrolment)?.into_iter().map(node).collect::<Result<_, _>>()?;
    spell(&Document { nodes }, syntax)
}

fn driver_info<'a>(machine: &Machine, account: &'a Account) -> DriverInfo<'a> {
    DriverInfo {
        ipmi_address: machine.bmc.address,
        ipmi_port: machine.bmc.port,
        ipmi_username: &account.username,
        ipmi_password: account.password.text(),
        unusual: UnusualAccess::of(account),
    }
}

/// Ironic wants all 20 bytes.
fn kg_key(kg: &Secret) -> String {
    match kg {
        Secret::Written(_) => format!("{:0<40}", kg.text()),
        Secret::LeftOut => kg.text().to_owned(),
    }
}
