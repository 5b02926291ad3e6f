//! BMCs over UDP: datagrams in, the [`Chassis`](machine::Chassis) port asked, datagrams out.
//!
//! One [`Bmc`] is the management controller of one node. It drives an [`Endpoint`](ipmi_proto::endpoint::Endpoint),
//! which knows sessions and cryptography but no sockets and no commands, and executes the commands of
//! [`ipmi_proto::command`] over the port. This crate translates between the two vocabularies and nothing else: it does
//! not know what a cloud is, and what must survive a restart it hands to ports.
//!
//! ```text
//!  transport ──datagram──► Endpoint ──request──► execution ──► answered at once
//!      ▲                      ▲                      └───────► a task that asks the Chassis port
//!      └──────datagram────────┴──────respond──────────────────────┘
//! ```
//!
//! One task owns all the state of one BMC. What has to wait for the port runs in a task of its own, so a slow answer
//! delays neither other sessions nor the answers to retransmissions.
//!
//! Modules in layer order, lowest first:
//!
//! * [`field`]: the names of the fields in logs;
//! * [`entropy`]: randomness from the operating system;
//! * [`transport`]: where datagrams come from and go to;
//! * [`settings`]: what consoles have changed, and the port on which that is kept;
//! * [`accounts`]: the users that follow from the configuration and from what is kept;
//! * [`identity`] and [`config`]: what makes one BMC;
//! * `execution`: requests to answers, in the order of checks that the specification wants;
//! * [`bmc`]: the loop.

pub mod field;

pub mod entropy;
pub mod transport;

pub mod settings;

pub mod accounts;

pub mod identity;

pub mod config;

mod execution;

pub mod bmc;

pub use bmc::{Bmc, run};
pub use config::BmcConfig;
pub use entropy::OsEntropy;
pub use identity::DeviceIdentity;
pub use settings::{BmcSettings, KeptSettings, NotKept, SettingsStore};
pub use transport::{Datagram, DatagramTransport, ReceiveError, UdpTransport};
