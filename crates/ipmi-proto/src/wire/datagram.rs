use super::asf::Asf;
use super::error::{DecodeError, EncodeError, Malformed};
use super::rmcp::{RmcpClass, RmcpHeader};
use super::session_v15::SessionV15;
use super::session_v20::SessionV20;
use crate::number::SessionV15Algorithm;
use bytes::BufMut;

/// One UDP datagram: an RMCP header and what it announces.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Datagram<'a> {
    /// The acknowledgement of an earlier message. Nothing follows it and nothing answers it.
    Acknowledgement(RmcpHeader),
    /// A presence ping or pong.
    Asf {
        /// The RMCP sequence number; anything but [`RmcpHeader::NO_ACK`] asks for an acknowledgement.
        sequence: u8,
        /// The message.
        message: Asf,
    },
    /// An IPMI 1.5 packet.
    V15(SessionV15<'a>),
    /// An IPMI 2.0 packet.
    V20(SessionV20<'a>),
}

impl<'a> Datagram<'a> {
    /// Decodes a datagram.
    ///
    /// # Errors
    ///
    /// Not RMCP, a class other than ASF and IPMI, an IPMI message that wants an acknowledgement, or what the decoder
    /// of the inner message says; offsets are those of the inner message.
    pub fn decode(datagram: &'a [u8]) -> Result<Self, DecodeError> {
        let (header, rest) = RmcpHeader::decode(datagram)?;
        let refuse = |offset, expected| DecodeError {
            message: "RMCP header",
            offset,
            why: Malformed::Value { expected },
        };
        if header.acknowledgement {
            return Ok(Self::Acknowledgement(header));
        }
        match header.class {
            RmcpClass::ASF => Ok(Self::Asf { sequence: header.sequence, message: Asf::decode(rest)? }),
            RmcpClass::IPMI if header.sequence != RmcpHeader::NO_ACK => {
                Err(refuse(2, "sequence number ff for IPMI"))
            }
            RmcpClass::IPMI => match rest.first().copied().map(SessionV15Algorithm) {
                Some(SessionV15Algorithm::RMCP_PLUS) => SessionV20::decode(rest).map(Self::V20),
                _ => SessionV15::decode(rest).map(Self::V15),
            },
            _ => Err(refuse(3, "class ASF or IPMI")),
        }
    }

    /// Appends the datagram.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if a message is too long for its packet; only a header may have been appended then.
    pub fn encode(&self, out: &mut impl BufMut) -> Result<(), EncodeError> {
        match self {
            Self::Acknowledgement(header) => {
                header.encode(out);
                Ok(())
            }
            Self::Asf { sequence, message } => {
                RmcpHeader { sequence: *sequence, ..RmcpHeader::ASF }.encode(out);
                message.encode(out);
                Ok(())
            }
            Self::V15(packet) => {
                RmcpHeader::IPMI.encode(out);
                packet.encode(out)
            }
            Self::V20(packet) => {
                RmcpHeader::IPMI.encode(out);
                packet.encode(out)
            }
        }
    }
}
