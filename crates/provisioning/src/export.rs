//! Enrolment files: what other programs read to learn of the machines.
//!
//! | module | for | form |
//! |---|---|---|
//! | [`ironic`] | `baremetal create FILE` of OpenStack | YAML or JSON |
//! | [`instackenv`] | `openstack overcloud node import` of TripleO | JSON or YAML |
//! | [`metal3`] | `kubectl apply -f FILE` | YAML or JSON |
//! | [`maas`] | MAAS | shell script, YAML or JSON |
//! | [`ethers`] | dnsmasq | text |
//!
//! Every string in YAML is quoted: without quotes, readers of YAML 1.1, such as OpenStack's, take a MAC address that has
//! only decimal digits (`52:54:00:12:34:56`) for a number in base 60.

pub mod ethers;
pub mod instackenv;
pub mod ironic;
pub mod maas;
pub mod metal3;

mod hostname;

use serde::Serialize;

use crate::enrolment::EnrolmentError;
use crate::mac_address::MacAddress;
use crate::{Bmc, Machine};

/// The processor architecture of all machines.
const ARCHITECTURE: &str = "x86_64";

/// How a structured document is spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// YAML 1.2 that readers of YAML 1.1 understand in the same way.
    Yaml,
    /// JSON.
    Json,
}

/// The firmware that the machines boot with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BootMode {
    /// Legacy BIOS.
    #[default]
    Bios,
    /// UEFI.
    Uefi,
}

/// What cannot be written in the form that was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// Two machines get the same name there, or the like.
    #[error(transparent)]
    Ambiguous(#[from] EnrolmentError),
    /// Nothing in a machine's name can be used there.
    #[error("the name {name:?} has no letter or digit that can stand in a host name; rename the VM")]
    Unnameable {
        /// The machine's name.
        name: String,
    },
    /// There is no such interface.
    #[error("{machine} has no interface {interface}; it has {count}")]
    NoInterface {
        /// The machine.
        machine: String,
        /// The interface that was asked for, from 0.
        interface: usize,
        /// How many it has.
        count: usize,
    },
    /// The consumer has no setting for the port.
    #[error(
        "MAAS has no setting for the port of a BMC and always uses 623, but the BMC of {machine} is {bmc}; give each BMC an address \
         of its own (one to which UDP 623 is forwarded will do) and name the first one with --forwarded-from ADDRESS"
    )]
    FixedPort {
        /// The machine.
        machine: String,
        /// Its BMC.
        bmc: Bmc,
    },
    /// There are more machines than addresses.
    #[error("there are not enough addresses from {first} on for {count} machines")]
    TooFewAddresses {
        /// The first address.
        first: std::net::IpAddr,
        /// The number of machines.
        count: usize,
    },
    /// The consumer cannot be told the BMC key.
    #[error("{consumer} has no setting for the BMC key Kg, which these BMCs ask for; remove `kg` from [bmc]")]
    NoKg {
        /// The consumer.
        consumer: &'static str,
    },
    /// The consumer cannot be told the cipher suite.
    #[error(
        "{consumer} cannot be told to use the cipher suite of these BMCs, which offer neither 17 nor 3; add one of them"
    )]
    NoCipherSuite {
        /// The consumer.
        consumer: &'static str,
    },
    /// The text could not be made.
    #[error("the {syntax} text cannot be written: {reason}")]
    Unwritable {
        /// YAML or JSON.
        syntax: &'static str,
        /// What the library says.
        reason: String,
    },
}

impl BootMode {
    /// The capability by which Ironic knows it.
    const fn capability(self) -> &'static str {
        match self {
            Self::Bios => "boot_mode:bios",
            Self::Uefi => "boot_mode:uefi",
        }
    }
}

/// Spells a document.
fn spell(document: &impl Serialize, syntax: Syntax) -> Result<String, ExportError> {
    match syntax {
        Syntax::Json => {
            let text = serde_json::to_string_pretty(document);
            text.map(|text| text + "\n")
                .map_err(|error| ExportError::Unwritable { syntax: "JSON", reason: error.to_string() })
        }
        Syntax::Yaml => yaml(document),
    }
}

fn yaml(document: &impl Serialize) -> Result<String, ExportError> {
    let options = serde_saphyr::ser_options! { quote_all: true, prefer_block_scalars: false };
    serde_saphyr::to_string_with_options(document, options)
        .map_err(|error| ExportError::Unwritable { syntax: "YAML", reason: error.to_string() })
}

/// The MAC address of the interface that a machine boots from; `None` for a machine without any.
fn boot_mac(machine: &Machine, boot_interface: Option<usize>) -> Result<Option<MacAddress>, ExportError> {
    let interface = boot_interface.unwrap_or(0);
    match (machine.interfaces.get(interface), boot_interface) {
        (Some(found), _) => Ok(Some(found.mac)),
        (None, None) => Ok(None),
        (None, Some(interface)) => Err(ExportError::NoInterface {
            machine: machine.name.clone(),
            interface,
            count: machine.interfaces.len(),
        }),
    }
}
