//! The nodes as others are to see them: a rack of servers, each with a BMC.
//!
//! An [`Enrolment`] is checked when it is made: every name, MAC address, IP address and BMC stands in it once. So the
//! generators need not ask again. Two machines with one MAC would make Ironic boot the wrong one, and dnsmasq takes the last
//! of two equal lines without a word (`lab.md §1`).

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

use secrecy::{ExposeSecret, SecretString};

use crate::mac_address::MacAddress;

/// One machine.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Its name in the cloud.
    pub name: String,
    /// Its BMC.
    pub bmc: Bmc,
    /// Its interfaces, the first one first.
    pub interfaces: Vec<Interface>,
    /// Processors.
    pub cpus: Option<u64>,
    /// Memory, in MiB.
    pub memory_mib: Option<u64>,
    /// The disk that it boots from, in GiB.
    pub disk_gib: Option<u64>,
}

/// Where a BMC is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bmc {
    /// Its address.
    pub address: IpAddr,
    /// Its UDP port.
    pub port: u16,
}

/// One network interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Its name in the cloud.
    pub name: String,
    /// Its MAC address.
    pub mac: MacAddress,
    /// Its address, if the cloud's document names one.
    pub address: Option<IpAddr>,
}

/// How a client logs in to the BMCs.
#[derive(Clone, Debug)]
pub struct Account {
    /// User name.
    pub username: String,
    /// Password.
    pub password: Secret,
    /// The most that this user may do.
    pub privilege: Privilege,
    /// The BMC key Kg in hexadecimal digits, if clients need one besides the password.
    pub kg: Option<Secret>,
    /// The cipher suite to ask for, where the usual ones (17, then 3) are not on offer.
    pub cipher_suite: Option<u8>,
}

/// A secret that belongs into a document.
#[derive(Clone, Debug)]
pub enum Secret {
    /// It is written.
    Written(SecretString),
    /// [`Secret::PLACEHOLDER`] stands in its place.
    LeftOut,
}

/// The privilege levels of a user (`IPMI 2.0 §6.8`), as far as a manager of machines can work with them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Privilege {
    /// Looks only.
    User,
    /// Power and boot device.
    Operator,
    /// Everything.
    #[default]
    Administrator,
}

/// Machines and the account of their BMCs, with nothing in it twice.
#[derive(Clone, Debug)]
pub struct Enrolment {
    account: Account,
    machines: Vec<Machine>,
}

/// What a machine is on its networks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Its name in the cloud.
    pub name: String,
    /// Its interfaces, the first one first.
    pub interfaces: Vec<Interface>,
}

/// Hosts, with no MAC address or IP address in them twice.
#[derive(Clone, Debug)]
pub struct Hosts(Vec<Host>);

/// Machines that cannot be told apart.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnrolmentError {
    /// Something that must be unique is not.
    #[error("{what} {value} occurs twice: {first} and {second}")]
    Twice {
        /// What it is: `MAC address`.
        what: &'static str,
        /// Its value.
        value: String,
        /// Who has it.
        first: String,
        /// Who has it too.
        second: String,
    },
}

impl Secret {
    /// What stands in a document in which secrets are left out.
    pub const PLACEHOLDER: &'static str = "LEFT-OUT";

    /// What is written into a document.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Written(secret) => secret.expose_secret(),
            Self::LeftOut => Self::PLACEHOLDER,
        }
    }
}

impl Privilege {
    /// Its name in `ipmitool -L` and in Ironic.
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "USER",
            Self::Operator => "OPERATOR",
            Self::Administrator => "ADMINISTRATOR",
        }
    }
}

impl Enrolment {
    /// Checks machines.
    ///
    /// # Errors
    /// [`EnrolmentError::Twice`] names what two machines, or two interfaces of one, have in common.
    pub fn new(account: Account, machines: Vec<Machine>) -> Result<Self, EnrolmentError> {
        once("name", machines.iter().map(|machine| (machine.name.clone(), machine.name.clone())))?;
        once("BMC", machines.iter().map(|machine| (machine.bmc.to_string(), machine.name.clone())))?;
        check_interfaces(machines.iter().map(|machine| (machine.name.as_str(), &machine.interfaces[..])))?;
        Ok(Self { account, machines })
    }

    /// The machines.
    pub fn machines(&self) -> &[Machine] {
        &self.machines
    }

    /// How a client logs in.
    pub const fn account(&self) -> &Account {
        &self.account
    }
}

impl Hosts {
    /// Checks hosts.
    ///
    /// # Errors
    /// [`EnrolmentError::Twice`] names the address that two interfaces have in common.
    pub fn new(hosts: Vec<Host>) -> Result<Self, EnrolmentError> {
        check_interfaces(hosts.iter().map(|host| (host.name.as_str(), &host.interfaces[..])))?;
        Ok(Self(hosts))
    }

    /// Every interface, with the name of its host.
    pub fn interfaces(&self) -> impl Iterator<Item = (&str, &Interface)> {
        self.0.iter().flat_map(|host| host.interfaces.iter().map(|interface| (host.name.as_str(), interface)))
    }
}

impl fmt::Display for Bmc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SocketAddr::new(self.address, self.port).fmt(f)
    }
}

/// Refuses a value that has two owners.
pub(crate) fn once(
    what: &'static str,
    values: impl Iterator<Item = (String, String)>,
) -> Result<(), EnrolmentError> {
    let mut owners = BTreeMap::new();
    for (value, second) in values {
        if let Some(first) = owners.insert(value.clone(), second.clone()) {
            return Err(EnrolmentError::Twice { what, value, first, second });
        }
    }
    Ok(())
}

fn check_interfaces<'a>(
    hosts: impl Iterator<Item = (&'a str, &'a [Interface])> + Clone,
) -> Result<(), EnrolmentError> {
    let interfaces = hosts.flat_map(|(name, interfaces)| {
        interfaces.iter().map(move |interface| (interface, format!("{name} {}", interface.name)))
    });
    once("MAC address", interfaces.clone().map(|(interface, owner)| (interface.mac.to_string(), owner)))?;
    let addressed = |(interface, owner): (&Interface, String)| Some((interface.address?.to_string(), owner));
    once("IP address", interfaces.filter_map(addressed))
}
