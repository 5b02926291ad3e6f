use super::error::DecodeError;
use super::parse;
use crate::command::bits::flag_byte;
use crate::number::SolSequence;
use bytes::{BufMut, Bytes};
use core::fmt;
use nom::Parser;

/// A packet of Serial over LAN, IPMI 2.0 §15.9: characters, an acknowledgement, or both.
///
/// | offset | bits | field |
/// |---|---|---|
/// | 0 | 3:0 | number of this packet, 1–15; 0 if it wants no acknowledgement |
/// | 1 | 3:0 | number of the packet that is acknowledged; 0 if none is |
/// | 2 | | how many characters of that packet were taken |
/// | 3 | | [`SolOperation`] towards the managed system, [`SolStatus`] from it |
/// | 4– | | characters |
///
/// `C` is the type of the fourth byte, and so the direction. Prints without the characters: people type passwords.
#[derive(Clone, PartialEq, Eq)]
pub struct SolPacket<C> {
    /// The number of this packet; [`SolSequence::NONE`] if it wants no acknowledgement.
    pub sequence: SolSequence,
    /// The number of the packet that is acknowledged; [`SolSequence::NONE`] if none is.
    pub acknowledged: SolSequence,
    /// How many characters of the acknowledged packet were taken.
    pub accepted: u8,
    /// What the console wants, or how the managed system is.
    pub control: C,
    /// The characters.
    pub characters: Bytes,
}

flag_byte! {
    /// What a console wants besides typing.
    pub struct SolOperation {
        /// Throw away what the managed system has not sent yet.
        FLUSH_OUTBOUND = 0x01,
        /// Throw away what the managed system has not passed on yet.
        FLUSH_INBOUND = 0x02,
        /// Deassert DCD and DSR.
        DEASSERT_DCD = 0x04,
        /// Deassert CTS: send nothing for the moment.
        PAUSE = 0x08,
        /// Send a break.
        BREAK = 0x10,
        /// Assert RI.
        RING = 0x20,
        /// The acknowledged packet was not taken, or not as a whole.
        NACK = 0x40,
    }
}

flag_byte! {
    /// How the managed system is.
    pub struct SolStatus {
        /// The system has sent a break.
        BREAK_DETECTED = 0x04,
        /// Characters of the system were lost.
        OVERRUN = 0x08,
        /// The payload ends: this is the last packet.
        DEACTIVATING = 0x10,
        /// Characters cannot reach the system at the moment.
        UNAVAILABLE = 0x20,
        /// The acknowledged packet was not taken, or not as a whole.
        NACK = 0x40,
    }
}

impl<C: Copy + From<u8> + Into<u8>> SolPacket<C> {
    /// The length of all before the characters, in bytes.
    pub const HEADER_LEN: usize = 4;

    /// Decodes a whole payload.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if it is shorter than the header.
    pub fn decode(input: &[u8]) -> Result<Self, DecodeError> {
        let parser = (parse::byte, parse::byte, parse::byte, parse::byte, parse::rest);
        let packet = parser.map(|(sequence, acknowledged, accepted, control, characters)| Self {
            sequence: SolSequence::new(sequence),
            acknowledged: SolSequence::new(acknowledged),
            accepted,
            control: C::from(control),
            characters: Bytes::copy_from_slice(characters),
        });
        parse::whole("SOL packet", input, packet)
    }

    /// Appends the payload.
    pub fn encode(&self, out: &mut impl BufMut) {
        out.put_slice(&[self.sequence.get(), self.acknowledged.get(), self.accepted, self.control.into()]);
        out.put_slice(&self.characters);
    }

    /// The payload, in a buffer of its own.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        let mut out = Vec::with_capacity(Self::HEADER_LEN.saturating_add(self.characters.len()));
        self.encode(&mut out);
        out.into()
    }
}

impl<C: fmt::Debug> fmt::Debug for SolPacket<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SolPacket")
            .field("sequence", &self.sequence)
            .field("acknowledged", &self.acknowledged)
            .field("accepted", &self.accepted)
            .field("control", &self.control)
            .field("characters_len", &self.characters.len())
            .finish()
    }
}

/// What the fourth byte needs to be one.
macro_rules! control_byte {
    ($($name:ident)+) => { $(
        impl From<u8> for $name {
            fn from(bits: u8) -> Self {
                Self::from_bits(bits)
            }
        }

        impl From<$name> for u8 {
            fn from(control: $name) -> Self {
                control.bits()
            }
        }
    )+ };
}

control_byte! { SolOperation SolStatus }
