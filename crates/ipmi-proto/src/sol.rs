//! Serial over LAN (`IPMI 2.0 §15`): a serial line inside a session, from both ends, with no I/O and no clock.
//!
//! Characters travel in packets ([`SolPacket`](crate::wire::SolPacket)). Each side numbers its own from 1 to 15 and has one that waits
//! for its acknowledgement; everything here follows from that:
//!
//! * [`SystemSide`]: the managed system's end. Gathers what the node prints, sends it, repeats what is not acknowledged, and tells
//!   what the console types and wants;
//! * [`RemoteSide`]: the console's end;
//! * [`SolTiming`]: how long to gather, when to repeat;
//! * [`SolParameters`]: the configuration of the payload, from which the timing follows.
//!
//! What is not here: who may activate the payload, and the packets of the session around it ([`crate::endpoint`],
//! [`crate::console`]), and where the characters come from.
//!
//! # Rules
//!
//! * A packet that was taken is acknowledged every time it comes, and its characters count once.
//! * A packet is repeated with its own number, and given up after the last try; the next packet then says that characters were
//!   lost.
//! * A number ahead of the next one is taken, because its sender has given up what was between; one behind is an old copy
//!   and dropped. The first number of a side may be any: some start where they ended the time before.
//! * What was taken in part is sent on in a packet with a number of its own.
//! * A console that pauses us gets no characters, old ones neither.

mod inbound;
mod outbound;
mod parameters;
mod remote;
mod system;

pub use self::outbound::SolTiming;
pub use self::parameters::SolParameters;
pub use self::remote::{RemoteEvent, RemoteSide};
pub use self::system::{SystemEvent, SystemSide};

/// The size of payload data that this crate announces and takes, its header included: 251 characters. Some consoles refuse
/// more than 259.
pub const PAYLOAD_SIZE: u16 = 255;

#[cfg(test)]
mod tests;
