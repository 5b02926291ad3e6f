//! What stands around a virtual BMC: files that enrol its nodes elsewhere, and the parts of the lab that they boot in.
//!
//! ```text
//!   export     enrolment files for Ironic, TripleO, Metal3 and MAAS; /etc/ethers     text
//!     │
//!   Enrolment  the nodes as a rack of servers: checked, nothing twice
//! ```
//!
//! Text comes out of pure functions; nothing here talks to a network or a cloud, and nothing here knows IPMI. Where a
//! VM's figures come from, and where a file goes to, is the caller's business. Modules in layer order, lowest first.

pub mod mac_address;

pub mod enrolment;

pub mod export;

pub use enrolment::{
    Account, Bmc, Enrolment, EnrolmentError, Host, Hosts, Interface, Machine, Privilege, Secret,
};
pub use mac_address::MacAddress;
