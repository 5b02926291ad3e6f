//! IPMI 2.0 and RMCP+: bytes and messages, cipher suites, sessions; both ends, with no I/O, no clock and no randomness of its own.
//!
//! Written after the IPMI specification 2.0 revision 1.1 (RMCP+, RAKP, LAN messages) and the parts of ASF 2.0
//! that IPMI uses (RMCP header, presence ping). Section numbers in the documentation are of the former.
//!
//! Modules in layer order, lowest first. Each knows only those above it:
//!
//! * [`number`]: the numbers of the protocol, each a type of its own, all of them open;
//! * [`command`]: the data bytes of requests and responses, both directions, and the list of commands;
//! * [`wire`]: one message, one struct, both directions;
//! * [`crypto`]: cipher suites, RAKP codes, session keys, the only way from sealed bytes to clear ones.
//!
//! What the crate refuses to do: open sockets, read clocks, make random numbers, log secrets, or let bytes
//! whose integrity was not proven have the type of bytes whose integrity was.

pub mod number;

pub mod command;

pub mod wire;

pub mod crypto;

pub mod entropy;

mod session;

pub mod endpoint;

pub mod console;
