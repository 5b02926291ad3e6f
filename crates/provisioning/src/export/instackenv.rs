//! TripleO: `instackenv.json`, which `openstack overcloud node import FILE` takes.
//!
//! What the predecessor wrote to every undercloud, with `pm_type` ipmi, the right disk, and a port for each node
//! (`ravello-api.md §21`). Numbers are strings there, as in the documentation of that command.
//!
//! The MAC addresses stand under `ports`: later releases refuse the older `mac`. Keys that begin with `ipmi_` reach
//! Ironic's driver as they are.

use std::net::IpAddr;

use serde::Serialize;

use super::ironic::UnusualAccess;
use super::{ARCHITECTURE, BootMode, ExportError, Syntax, hostname, spell};
use crate::mac_address::MacAddress;
use crate::{Enrolment, Machine};

#[derive(Serialize)]
struct Document<'a> {
    nodes: Vec<Node<'a>>,
}

#[derive(Serialize)]
struct Node<'a> {
    name: String,
    arch: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu: Option<String>,
    /// In MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<String>,
    /// In GiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    disk: Option<String>,
    ports: Vec<Port>,
    pm_type: &'static str,
    pm_addr: IpAddr,
    pm_port: String,
    pm_user: &'a str,
    pm_password: &'a str,
    #[serde(flatten)]
    unusual: UnusualAccess,
    capabilities: &'static str,
}

#[derive(Serialize)]
struct Port {
    address: MacAddress,
}

/// Writes the file.
///
/// # Errors
/// [`ExportError::Unnameable`], [`ExportError::Ambiguous`] for two equal names.
pub fn instackenv(enrolment: &Enrolment, boot_mode: BootMode, syntax: Syntax) -> Result<String, ExportError> {
    let account = enrolment.account();
    let number = |number: u64| number.to_string();
    let node = |(name, machine): (String, &Machine)| Node {
        name,
        arch: ARCHITECTURE,
        cpu: machine.cpus.map(number),
        memory: machine.memory_mib.map(number),
        disk: machine.disk_gib.map(number),
        ports: machine.interfaces.iter().map(|interface| Port { address: interface.mac }).collect(),
        pm_type: "ipmi",
        pm_addr: machine.bmc.address,
        pm_port: machine.bmc.port.to_string(),
        pm_user: &account.username,
        pm_password: account.password.text(),
        unusual: UnusualAccess::of(account),
        capabilities: boot_mode.capability(),
    };
    spell(&Document { nodes: hostname::named(enrolment)?.into_iter().map(node).collect() }, syntax)
}
