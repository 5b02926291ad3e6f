use super::error::{DecodeError, Malformed};
use super::parse::{self, Parsed};
use crate::number::MessageTag;
use bytes::BufMut;
use nom::Parser;

/// An ASF message, class 6 of RMCP: the presence ping and its pong, IPMI 2.0 §13.2.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 4 | ASF's enterprise number 4542, most significant byte first |
/// | 4 | 1 | type: `80` ping, `40` pong |
/// | 5 | 1 | tag |
/// | 6 | 1 | reserved |
/// | 7 | 1 | length n of the data |
/// | 8 | n | data: none in a ping, 16 bytes in a pong |
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asf {
    /// Who is there?
    Ping(PresencePing),
    /// The answer.
    Pong(PresencePong),
}

/// A presence ping.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PresencePing {
    /// Echoed in the pong. `ff` asks for no pong to be acknowledged, which nobody does.
    pub tag: MessageTag,
}

/// A presence pong. Data bytes:
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 4 | OEM enterprise number, most significant byte first |
/// | 4 | 4 | OEM defined |
/// | 8 | 1 | supported entities: bit 7 IPMI, bits 3:0 ASF version |
/// | 9 | 1 | supported interactions: bit 7 RMCP security extensions |
/// | 10 | 6 | reserved |
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PresencePong {
    /// The tag of the ping.
    pub tag: MessageTag,
    /// The enterprise number of who defined [`PresencePong::oem_data`]; [`Asf::ENTERPRISE`] for nobody.
    pub oem_enterprise: u32,
    /// Whatever the OEM put here.
    pub oem_data: [u8; 4],
    /// Bit 7: IPMI; bits 3:0: ASF version.
    pub entities: u8,
    /// Bit 7: RMCP security extensions.
    pub interactions: u8,
}

impl Asf {
    /// The enterprise number of ASF.
    pub const ENTERPRISE: u32 = 4542;

    /// Decodes what follows the RMCP header.
    ///
    /// # Errors
    ///
    /// Anything but a whole ping or pong.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        parse::whole("ASF message", bytes, Self::parse)
    }

    fn parse(input: &[u8]) -> Parsed<'_, Self> {
        let (at_type, enterprise) = parse::be_u32(input)?;
        if enterprise != Self::ENTERPRISE {
            return parse::fail(input, Malformed::Value { expected: "enterprise number 4542" });
        }
        let (input, (kind, tag, ())) =
            (parse::byte, parse::byte.map(MessageTag), parse::reserved(1)).parse(at_type)?;
        match kind {
            PING => {
                let (input, ()) = parse::exactly(0, "no data in a ping")(input)?;
                Ok((input, Self::Ping(PresencePing { tag })))
            }
            PONG => {
                let (input, ((), oem_enterprise, oem_data, entities, interactions, ())) = (
                    parse::exactly(PONG_DATA, "16 bytes of data in a pong"),
                    parse::be_u32,
                    parse::array,
                    parse::byte,
                    parse::byte,
                    parse::reserved(6),
                )
                    .parse(input)?;
                Ok((
                    input,
                    Self::Pong(PresencePong { tag, oem_enterprise, oem_data, entities, interactions }),
                ))
            }
            _ => parse::fail(at_type, Malformed::Value { expected: "presence ping or pong" }),
        }
    }

    /// Appends the message.
    pub fn encode(&self, out: &mut impl BufMut) {
        out.put_u32(Self::ENTERPRISE);
        match self {
            Self::Ping(ping) => out.put_slice(&[PING, ping.tag.0, 0, 0]),
            Self::Pong(pong) => {
                out.put_slice(&[PONG, pong.tag.0, 0, PONG_DATA]);
                out.put_u32(pong.oem_enterprise);
                out.put_slice(&pong.oem_data);
                out.put_slice(&[pong.entities, pong.interactions]);
                out.put_bytes(0, 6);
            }
        }
    }
}

impl PresencePing {
    /// The pong of a managed system that speaks IPMI and has nothing OEM to say.
    #[must_use]
    pub const fn pong(self) -> PresencePong {
        PresencePong {
            tag: self.tag,
            oem_enterprise: Asf::ENTERPRISE,
            oem_data: [0; 4],
            entities: ENTITY_IPMI | ASF_VERSION_1,
            interactions: 0,
        }
    }
}

impl PresencePong {
    /// Whether the sender speaks IPMI.
    #[must_use]
    pub const fn supports_ipmi(&self) -> bool {
        self.entities & ENTITY_IPMI != 0
    }
}

const PING: u8 = 0x80;
const PONG: u8 = 0x40;
const PONG_DATA: u8 = 16;
const ENTITY_IPMI: u8 = 0x80;
const ASF_VERSION_1: u8 = 0x01;
