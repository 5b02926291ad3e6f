//! What stands around a virtual BMC: files that enrol its nodes elsewhere, and the parts of the lab that they boot in.
//!
//! ```text
//!   export        enrolment files for Ironic, TripleO, Metal3 and MAAS; /etc/ethers     text
//!     │
//!   Enrolment     the nodes as a rack of servers: checked, nothing twice
//!
//!   dnsmasq       the address service of the lab's access network                       text
//!   ipxe_script   what the boot CD-ROM does: network or reboot, never the disk          text
//!     │
//!   iso           that CD-ROM, packed by xorriso                              files, programs
//! ```
//!
//! Text comes out of pure functions; nothing here talks to a network or a cloud, and nothing here knows IPMI. Where a
//! VM's figures come from, and where a text goes to, is the caller's business. Only `iso` reads files and runs programs.
//! Modules in layer order, lowest first.

pub mod mac_address;

pub mod enrolment;

pub mod export;

pub mod dnsmasq;
pub mod ipxe_script;

pub mod iso;

pub use dnsmasq::AccessNetwork;
pub use enrolment::{
    Account, Bmc, Enrolment, EnrolmentError, Host, Hosts, Interface, Machine, Privilege, Secret,
};
pub use ipxe_script::{Attempt, IpxeScript};
pub use iso::{IsoIngredients, UefiIngredients};
pub use mac_address::MacAddress;
