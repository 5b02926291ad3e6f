use super::auth_code::AuthCode;
use super::error::DecodeError;
use super::parse;
use super::setup;
use crate::number::{MessageTag, RmcpStatus, SessionId};
use bytes::BufMut;
use nom::Parser;

/// RAKP Message 4, payload type `15`, IPMI 2.0 §13.23: the managed system accepts and proves the session's key.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 1 | message tag |
/// | 1 | 1 | status |
/// | 2 | 2 | reserved |
/// | 4 | 4 | console's session id |
/// | 8 | 0, 12 or 16 | integrity check value, absent when refused |
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rakp4 {
    /// The tag of RAKP 3.
    pub tag: MessageTag,
    /// The session, as the console named it. A refusal cut short by its sender has [`SessionId::NONE`].
    pub console_session_id: SessionId,
    /// The proof that both sides have the same session key, or why there is no session (never [`RmcpStatus::NO_ERROR`]).
    pub outcome: Result<AuthCode, RmcpStatus>,
}

impl Rakp4 {
    /// Decodes the payload.
    ///
    /// # Errors
    ///
    /// Without error status: shorter than 8 bytes or a code above 32 bytes. With one: shorter than two bytes.
    pub fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        parse::whole("RAKP Message 4", payload, |input| {
            let (rest, (tag, status)) = (setup::tag, parse::byte.map(RmcpStatus)).parse(input)?;
            if status != RmcpStatus::NO_ERROR {
                let (rest, console_session_id) = setup::refusal(rest)?;
                return Ok((rest, Self { tag, console_session_id, outcome: Err(status) }));
            }
            let (rest, ((), console_session_id, auth_code)) =
                (parse::reserved(2), setup::session_id, setup::auth_code).parse(rest)?;
            Ok((rest, Self { tag, console_session_id, outcome: Ok(auth_code) }))
        })
    }

    /// Appends the payload.
    pub fn encode(&self, out: &mut impl BufMut) {
        match &self.outcome {
            Err(status) => setup::encode_refusal(self.tag, *status, self.console_session_id, out),
            Ok(auth_code) => {
                out.put_slice(&[self.tag.0, RmcpStatus::NO_ERROR.0, 0, 0]);
                out.put_u32_le(self.console_session_id.0);
                out.put_slice(auth_code.as_bytes());
            }
        }
    }
}
