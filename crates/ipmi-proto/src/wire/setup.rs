//! What the messages of the session setup share.

use super::error::{DecodeError, Malformed};
use super::parse::{self, Parsed};
use crate::number::{MessageTag, RmcpStatus, SessionId};
use bytes::BufMut;
use nom::Parser;

/// The start of every request of the setup, enough to refuse one that does not decode.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 1 | message tag |
/// | 1 | 3 | differs |
/// | 4 | 4 | session id: the console's own in Open Session, the managed system's in RAKP 1 and 3 |
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SetupPrefix {
    /// The tag that the answer echoes.
    pub tag: MessageTag,
    /// The session id.
    pub session_id: SessionId,
}

impl SetupPrefix {
    /// Decodes the start of an Open Session Request, RAKP 1 or RAKP 3, whatever follows.
    ///
    /// # Errors
    ///
    /// Fewer than 8 bytes.
    pub fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        let (_, (tag, (), session_id)) = parse::prefix(
            "session setup request",
            payload,
            (tag, parse::reserved(3), parse::le_u32.map(SessionId)),
        )?;
        Ok(Self { tag, session_id })
    }
}

pub(super) fn tag(input: &[u8]) -> Parsed<'_, MessageTag> {
    parse::byte.map(MessageTag).parse(input)
}

pub(super) fn session_id(input: &[u8]) -> Parsed<'_, SessionId> {
    parse::le_u32.map(SessionId).parse(input)
}

/// A session id that names a session: not 0.
pub(super) fn real_session_id(input: &[u8]) -> Parsed<'_, SessionId> {
    let (rest, id) = session_id(input)?;
    if id == SessionId::NONE {
        parse::fail(input, Malformed::Value { expected: "a session id other than 0" })
    } else {
        Ok((rest, id))
    }
}

/// The rest of a refusal after tag and status: two bytes and the console's session id.
///
/// Some managed systems send only the two bytes before it, some the whole length of a grant: neither is held
/// against them. A missing session id is [`SessionId::NONE`].
pub(super) fn refusal(input: &[u8]) -> Parsed<'_, SessionId> {
    let whole = (parse::reserved(2), session_id, parse::rest).map(|((), id, _)| id);
    let cut = parse::rest.map(|_| SessionId::NONE);
    nom::branch::alt((whole, cut)).parse(input)
}

/// A refusal, 8 bytes: tag, status, two reserved bytes, session id.
pub(super) fn encode_refusal(
    tag: MessageTag,
    status: RmcpStatus,
    session_id: SessionId,
    out: &mut impl BufMut,
) {
    out.put_slice(&[tag.0, status.0, 0, 0]);
    out.put_u32_le(session_id.0);
}

/// A code that fills the rest of the message.
pub(super) fn auth_code(input: &[u8]) -> Parsed<'_, super::AuthCode> {
    let (rest, bytes) = parse::rest(input)?;
    match super::AuthCode::new(bytes) {
        Ok(code) => Ok((rest, code)),
        Err(_) => parse::fail(input, Malformed::Value { expected: "a code of at most 32 bytes" }),
    }
}
