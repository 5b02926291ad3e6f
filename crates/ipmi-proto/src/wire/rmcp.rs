use super::error::DecodeError;
use super::parse::{self, Parsed};
use bytes::BufMut;
use core::fmt;
use nom::Parser;

/// The class of an RMCP message: what follows the header, IPMI 2.0 §13.1.3. Five bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RmcpClass(pub u8);

impl RmcpClass {
    /// ASF: presence ping and pong.
    pub const ASF: Self = Self(0x06);
    /// IPMI, 1.5 and 2.0.
    pub const IPMI: Self = Self(0x07);
    /// OEM.
    pub const OEM: Self = Self(0x08);
}

impl fmt::Debug for RmcpClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RmcpClass({:#04x})", self.0)
    }
}

/// The RMCP header, the first four bytes of every datagram, IPMI 2.0 §13.1.3.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 1 | version, `06` |
/// | 1 | 1 | reserved |
/// | 2 | 1 | sequence number; `ff`: no acknowledgement wanted |
/// | 3 | 1 | bit 7: this is an acknowledgement; bits 4:0 class |
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RmcpHeader {
    /// The sequence number. IPMI always uses [`RmcpHeader::NO_ACK`].
    pub sequence: u8,
    /// Whether this is the acknowledgement of a message of this class. Nothing follows then.
    pub acknowledgement: bool,
    /// What follows.
    pub class: RmcpClass,
}

impl RmcpHeader {
    /// The sequence number of messages that are not to be acknowledged.
    pub const NO_ACK: u8 = 0xff;

    /// The header of every IPMI message, 1.5 and 2.0.
    pub const IPMI: Self = Self { sequence: Self::NO_ACK, acknowledgement: false, class: RmcpClass::IPMI };

    /// The header of ASF messages that are not to be acknowledged.
    pub const ASF: Self = Self { sequence: Self::NO_ACK, acknowledgement: false, class: RmcpClass::ASF };

    /// Takes the header off a datagram and gives what follows it.
    ///
    /// # Errors
    ///
    /// The datagram is shorter than a header or of another version.
    pub fn decode(datagram: &[u8]) -> Result<(Self, &[u8]), DecodeError> {
        let (rest, header) = parse::prefix("RMCP header", datagram, Self::parse)?;
        Ok((header, rest))
    }

    fn parse(input: &[u8]) -> Parsed<'_, Self> {
        let (input, ((), (), sequence, class)) =
            (parse::exactly(VERSION, "RMCP version 06"), parse::reserved(1), parse::byte, parse::byte)
                .parse(input)?;
        let header =
            Self { sequence, acknowledgement: class & ACKNOWLEDGEMENT != 0, class: RmcpClass(class & CLASS) };
        Ok((input, header))
    }

    /// Appends the header.
    pub fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(VERSION);
        out.put_u8(0);
        out.put_u8(self.sequence);
        let flag = if self.acknowledgement { ACKNOWLEDGEMENT } else { 0 };
        out.put_u8(flag | self.class.0 & CLASS);
    }
}

const VERSION: u8 = 0x06;
const ACKNOWLEDGEMENT: u8 = 0x80;
const CLASS: u8 = 0x1f;
