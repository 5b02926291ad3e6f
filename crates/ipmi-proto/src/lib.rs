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
//! * [`crypto`]: cipher suites, RAKP codes, session keys, the only way from sealed bytes to clear ones;
//! * [`entropy`]: randomness as an argument;
//! * [`sol`]: a serial line inside a session, both ends;
//! * `session`: one login and one session of a managed system, and the table of them;
//! * [`endpoint`]: the managed system's front door, datagrams in, datagrams and requests out;
//! * [`console`]: the remote console, the other end of all of it.
//!
//! What the crate refuses to do: open sockets, read clocks, make random numbers, log secrets, or let bytes
//! whose integrity was not proven have the type of bytes whose integrity was.
//!
//! ```
//! use ipmi_proto::wire::{Asf, Datagram, RmcpHeader};
//!
//! let ping = [0x06, 0x00, 0xff, 0x06, 0x00, 0x00, 0x11, 0xbe, 0x80, 0x2a, 0x00, 0x00];
//! let Datagram::Asf { message: Asf::Ping(ping), .. } = Datagram::decode(&ping)? else { panic!("no ping") };
//!
//! let mut answer = Vec::new();
//! Datagram::Asf { sequence: RmcpHeader::NO_ACK, message: Asf::Pong(ping.pong()) }.encode(&mut answer)?;
//! assert_eq!(answer.len(), 28);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod number;

pub mod command;

pub mod wire;

pub mod crypto;

pub mod entropy;

pub mod sol;

mod session;

pub mod endpoint;

pub mod console;
