use super::error::{DecodeError, EncodeError, Malformed};
use super::parse::{self, Parsed};
use crate::number::{PayloadType, SessionId, SessionSequence, SessionV15Algorithm};
use bytes::BufMut;
use core::fmt;
use nom::Parser;

/// An RMCP+ packet, IPMI 2.0 §13.6. Offsets after the payload type move by 6 when it is OEM explicit.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 1 | `06`, where 1.5 packets have their algorithm |
/// | 1 | 1 | bit 7 encrypted, bit 6 authenticated, bits 5:0 payload type |
/// | 2 | 0 or 6 | OEM explicit only: enterprise number (3), reserved (1), OEM payload id (2) |
/// | 2 | 4 | session id, that of the *receiver* |
/// | 6 | 4 | session sequence number |
/// | 10 | 2 | length n of the payload |
/// | 12 | n | payload |
/// | 12+n | | session trailer, authenticated packets only |
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SessionV20<'a> {
    /// Outside of any session: setup payloads and commands that need no session.
    Sessionless(Sessionless<'a>),
    /// Inside a session.
    Sealed(Sealed<'a>),
}

/// The rest of an OEM explicit payload's type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OemPayload {
    /// The enterprise number, 24 bits.
    pub enterprise: u32,
    /// The vendor's own payload number.
    pub payload_id: u16,
}

/// A packet outside of any session: session id and sequence number 0, neither encrypted nor authenticated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sessionless<'a> {
    /// What the payload is.
    pub payload_type: PayloadType,
    /// Whose payload it is; present exactly when the type is [`PayloadType::OEM_EXPLICIT`].
    pub oem: Option<OemPayload>,
    /// The payload, 0–65535 bytes. Nothing about it is proven.
    pub payload: &'a [u8],
}

/// A packet of a session, as received: nothing is proven and the payload cannot be read.
///
/// The header tells which session it claims to be of. [`crate::crypto::SessionKeys::open`] is the only way to the
/// payload.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Sealed<'a> {
    header: SessionHeader,
    payload: &'a [u8],
    /// All after the payload: padding, its length, next header, code.
    trailer: &'a [u8],
    /// The whole packet, from its first byte to the end of the trailer.
    packet: &'a [u8],
}

/// The header of a packet of a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SessionHeader {
    pub(crate) encrypted: bool,
    pub(crate) authenticated: bool,
    pub(crate) payload_type: PayloadType,
    pub(crate) oem: Option<OemPayload>,
    pub(crate) session_id: SessionId,
    pub(crate) sequence: SessionSequence,
}

impl<'a> SessionV20<'a> {
    /// The longest payload in bytes, encryption included.
    pub const MAX_PAYLOAD: usize = 0xffff;

    /// Decodes what follows the RMCP header.
    ///
    /// # Errors
    ///
    /// An IPMI 1.5 packet, one that ends early, one without trailer that goes on after its payload, one outside of
    /// a session that is encrypted, authenticated or numbered, one of a session with sequence number 0.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        parse::whole("RMCP+ packet", bytes, Self::parse)
    }

    fn parse(packet: &'a [u8]) -> Parsed<'a, Self> {
        let (at_payload, (header, length)) = (SessionHeader::parse, parse::le_u16).parse(packet)?;
        let (trailer, payload) = parse::take(usize::from(length))(at_payload)?;
        if header.session_id == SessionId::NONE {
            if header.encrypted || header.authenticated || header.sequence != SessionSequence::NONE {
                let expected = "neither protection nor a sequence number outside of a session";
                return parse::fail(packet, Malformed::Value { expected });
            }
            let SessionHeader { payload_type, oem, .. } = header;
            return Ok((trailer, Self::Sessionless(Sessionless { payload_type, oem, payload })));
        }
        if header.sequence == SessionSequence::NONE {
            return parse::fail(packet, Malformed::Value { expected: "a sequence number in a session" });
        }
        let (rest, trailer) = if header.authenticated { parse::rest(trailer)? } else { (trailer, &[][..]) };
        Ok((rest, Self::Sealed(Sealed { header, payload, trailer, packet })))
    }

    /// Appends the packet.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if a payload outside of a session has more than 65535 bytes; nothing is appended then.
    pub fn encode(&self, out: &mut impl BufMut) -> Result<(), EncodeError> {
        match self {
            Self::Sessionless(packet) => packet.encode(out),
            Self::Sealed(packet) => {
                packet.encode(out);
                Ok(())
            }
        }
    }
}

impl<'a> Sessionless<'a> {
    /// A packet of a type that is not OEM explicit.
    #[must_use]
    pub const fn new(payload_type: PayloadType, payload: &'a [u8]) -> Self {
        Self { payload_type, oem: None, payload }
    }

    /// Appends the packet.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if the payload has more than 65535 bytes; nothing is appended then.
    pub fn encode(&self, out: &mut impl BufMut) -> Result<(), EncodeError> {
        let length = payload_length(self.payload.len())?;
        let header = SessionHeader {
            encrypted: false,
            authenticated: false,
            payload_type: self.payload_type,
            oem: self.oem,
            session_id: SessionId::NONE,
            sequence: SessionSequence::NONE,
        };
        header.encode(length, out);
        out.put_slice(self.payload);
        Ok(())
    }
}

impl<'a> Sealed<'a> {
    /// What the payload claims to be.
    #[must_use]
    pub const fn payload_type(&self) -> PayloadType {
        self.header.payload_type
    }

    /// Whose OEM explicit payload it claims to be.
    #[must_use]
    pub const fn oem(&self) -> Option<OemPayload> {
        self.header.oem
    }

    /// The session it claims to be of: the receiver's id.
    #[must_use]
    pub const fn session_id(&self) -> SessionId {
        self.header.session_id
    }

    /// The sequence number it claims to have.
    #[must_use]
    pub const fn sequence(&self) -> SessionSequence {
        self.header.sequence
    }

    /// Whether it has a trailer.
    #[must_use]
    pub const fn is_authenticated(&self) -> bool {
        self.header.authenticated
    }

    /// Whether its payload is encrypted.
    #[must_use]
    pub const fn is_encrypted(&self) -> bool {
        self.header.encrypted
    }

    /// Appends the packet as it was received.
    pub fn encode(&self, out: &mut impl BufMut) {
        out.put_slice(self.packet);
    }

    /// The payload as on the wire: unproven, possibly encrypted. For [`crate::crypto`] only.
    pub(crate) const fn unproven_payload(&self) -> &'a [u8] {
        self.payload
    }

    /// All after the payload. For [`crate::crypto`] only.
    pub(crate) const fn trailer(&self) -> &'a [u8] {
        self.trailer
    }

    /// The whole packet. For [`crate::crypto`] only.
    pub(crate) const fn packet(&self) -> &'a [u8] {
        self.packet
    }
}

impl fmt::Debug for Sealed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealed")
            .field("header", &self.header)
            .field("payload_len", &self.payload.len())
            .field("trailer_len", &self.trailer.len())
            .finish()
    }
}

impl SessionHeader {
    fn parse(input: &[u8]) -> Parsed<'_, Self> {
        let (input, ((), flags)) =
            (parse::exactly(SessionV15Algorithm::RMCP_PLUS.0, "RMCP+ format 06"), parse::byte)
                .parse(input)?;
        let payload_type = PayloadType::new(flags);
        let (input, oem) = if payload_type == PayloadType::OEM_EXPLICIT {
            let (input, (enterprise, payload_id)) = (parse::le_u32, parse::le_u16).parse(input)?;
            (input, Some(OemPayload { enterprise: enterprise & ENTERPRISE, payload_id }))
        } else {
            (input, None)
        };
        let (input, (session_id, sequence)) =
            (parse::le_u32.map(SessionId), parse::le_u32.map(SessionSequence)).parse(input)?;
        let header = Self {
            encrypted: flags & ENCRYPTED != 0,
            authenticated: flags & AUTHENTICATED != 0,
            payload_type,
            oem,
            session_id,
            sequence,
        };
        Ok((input, header))
    }

    pub(crate) fn encode(&self, payload_length: u16, out: &mut impl BufMut) {
        let encrypted = if self.encrypted { ENCRYPTED } else { 0 };
        let authenticated = if self.authenticated { AUTHENTICATED } else { 0 };
        let payload_type = PayloadType::new(self.payload_type.0);
        out.put_u8(SessionV15Algorithm::RMCP_PLUS.0);
        out.put_u8(encrypted | authenticated | payload_type.0);
        if payload_type == PayloadType::OEM_EXPLICIT {
            let oem = self.oem.unwrap_or(OemPayload { enterprise: 0, payload_id: 0 });
            out.put_u32_le(oem.enterprise & ENTERPRISE);
            out.put_u16_le(oem.payload_id);
        }
        out.put_u32_le(self.session_id.0);
        out.put_u32_le(self.sequence.0);
        out.put_u16_le(payload_length);
    }
}

/// The length field for a payload of `len` bytes.
pub(crate) fn payload_length(len: usize) -> Result<u16, EncodeError> {
    let too_long = EncodeError { message: "RMCP+ payload", len, limit: SessionV20::MAX_PAYLOAD };
    u16::try_from(len).map_err(|_| too_long)
}

const ENCRYPTED: u8 = 0x80;
const AUTHENTICATED: u8 = 0x40;
const ENTERPRISE: u32 = 0x00ff_ffff;
