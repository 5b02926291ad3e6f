use super::error::{DecodeError, EncodeError, Malformed};
use super::parse::{self, Parsed};
use crate::number::{SessionId, SessionSequence, SessionV15Algorithm};
use bytes::BufMut;
use nom::Parser;

/// An IPMI 1.5 session packet, IPMI 2.0 §13.6. Capabilities are asked for in this framing even before a 2.0 session.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 1 | bits 3:0 authentication algorithm |
/// | 1 | 4 | session sequence number |
/// | 5 | 4 | session id |
/// | 9 | 0 or 16 | authentication code, absent when the algorithm is none |
/// | 9 or 25 | 1 | length n of the message |
/// | … | n | IPMI message |
/// | … | any | padding of old network chips, ignored |
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SessionV15<'a> {
    /// How the packet claims to be authenticated; absent when it does not.
    pub authenticator: Option<Authenticator>,
    /// The sender's sequence number; [`SessionSequence::NONE`] outside of a session.
    pub sequence: SessionSequence,
    /// The session; [`SessionId::NONE`] outside of one.
    pub session_id: SessionId,
    /// The IPMI message, 0–255 bytes. Nothing about it is proven.
    pub message: &'a [u8],
}

/// The authentication part of a 1.5 packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Authenticator {
    algorithm: SessionV15Algorithm,
    code: [u8; 16],
}

impl Authenticator {
    /// A code made by an algorithm. `None` if the algorithm is "none", which has no code, or the mark of RMCP+.
    #[must_use]
    pub const fn new(algorithm: SessionV15Algorithm, code: [u8; 16]) -> Option<Self> {
        match algorithm {
            SessionV15Algorithm::NONE | SessionV15Algorithm::RMCP_PLUS => None,
            _ => Some(Self { algorithm: SessionV15Algorithm(algorithm.0 & ALGORITHM), code }),
        }
    }

    /// The algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> SessionV15Algorithm {
        self.algorithm
    }

    /// The code.
    #[must_use]
    pub const fn code(&self) -> &[u8; 16] {
        &self.code
    }
}

impl<'a> SessionV15<'a> {
    /// The longest message in bytes.
    pub const MAX_MESSAGE: usize = 255;

    /// A packet outside of any session.
    #[must_use]
    pub const fn sessionless(message: &'a [u8]) -> Self {
        Self { authenticator: None, sequence: SessionSequence::NONE, session_id: SessionId::NONE, message }
    }

    /// Whether the packet belongs to no session.
    #[must_use]
    pub const fn is_sessionless(&self) -> bool {
        self.authenticator.is_none() && self.session_id.0 == SessionId::NONE.0
    }

    /// Decodes what follows the RMCP header.
    ///
    /// # Errors
    ///
    /// An RMCP+ packet, or one that ends early.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        parse::whole("IPMI 1.5 session packet", bytes, Self::parse)
    }

    fn parse(input: &'a [u8]) -> Parsed<'a, Self> {
        let (rest, (algorithm, sequence, session_id)) = (
            parse::byte.map(|byte| SessionV15Algorithm(byte & ALGORITHM)),
            parse::le_u32.map(SessionSequence),
            parse::le_u32.map(SessionId),
        )
            .parse(input)?;
        let (rest, authenticator) = match algorithm {
            SessionV15Algorithm::NONE => (rest, None),
            SessionV15Algorithm::RMCP_PLUS => {
                return parse::fail(
                    input,
                    Malformed::Value { expected: "an IPMI 1.5 authentication algorithm" },
                );
            }
            _ => {
                let (rest, code) = parse::array(rest)?;
                (rest, Some(Authenticator { algorithm, code }))
            }
        };
        let (rest, length) = parse::byte(rest)?;
        let (rest, message) = parse::take(usize::from(length))(rest)?;
        let (rest, _padding) = parse::rest(rest)?;
        Ok((rest, Self { authenticator, sequence, session_id, message }))
    }

    /// Appends the packet, without padding.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if the message has more than 255 bytes; nothing is appended then.
    pub fn encode(&self, out: &mut impl BufMut) -> Result<(), EncodeError> {
        let len = self.message.len();
        let length = u8::try_from(len).map_err(|_| EncodeError {
            message: "IPMI 1.5 message",
            len,
            limit: Self::MAX_MESSAGE,
        })?;
        out.put_u8(self.authenticator.map_or(SessionV15Algorithm::NONE, |it| it.algorithm).0);
        out.put_u32_le(self.sequence.0);
        out.put_u32_le(self.session_id.0);
        if let Some(authenticator) = &self.authenticator {
            out.put_slice(&authenticator.code);
        }
        out.put_u8(length);
        out.put_slice(self.message);
        Ok(())
    }
}

const ALGORITHM: u8 = 0x0f;
