use super::auth_code::AuthCode;
use super::error::DecodeError;
use super::parse;
use super::setup;
use crate::number::{MessageTag, RmcpStatus, SessionId};
use bytes::BufMut;
use nom::Parser;

/// RAKP Message 3, payload type `14`, IPMI 2.0 §13.22: the console's proof.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 1 | message tag |
/// | 1 | 1 | status |
/// | 2 | 2 | reserved |
/// | 4 | 4 | managed system's session id |
/// | 8 | 0, 16, 20 or 32 | key exchange code, absent when refused |
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rakp3 {
    /// Echoed in RAKP 4.
    pub tag: MessageTag,
    /// The session, as the managed system named it.
    pub managed_session_id: SessionId,
    /// The proof that the console knows the user's password, or why the console gives up (never [`RmcpStatus::NO_ERROR`]).
    pub outcome: Result<AuthCode, RmcpStatus>,
}

impl Rakp3 {
    /// Decodes the payload.
    ///
    /// # Errors
    ///
    /// Without error status: shorter than 8 bytes or a code above 32 bytes. With one: shorter than two bytes.
    pub fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        parse::whole("RAKP Message 3", payload, |input| {
            let (rest, (tag, status)) = (setup::tag, parse::byte.map(RmcpStatus)).parse(input)?;
            if status != RmcpStatus::NO_ERROR {
                let (rest, managed_session_id) = setup::refusal(rest)?;
                return Ok((rest, Self { tag, managed_session_id, outcome: Err(status) }));
            }
            let (rest, ((), managed_session_id, auth_code)) =
                (parse::reserved(2), setup::session_id, setup::auth_code).parse(rest)?;
            Ok((rest, Self { tag, managed_session_id, outcome: Ok(auth_code) }))
        })
    }

    /// Appends the payload.
    pub fn encode(&self, out: &mut impl BufMut) {
        match &self.outcome {
            Err(status) => setup::encode_refusal(self.tag, *status, self.managed_session_id, out),
            Ok(auth_code) => {
                out.put_slice(&[self.tag.0, RmcpStatus::NO_ERROR.0, 0, 0]);
                out.put_u32_le(self.managed_session_id.0);
                out.put_slice(auth_code.as_bytes());
            }
        }
    }
}
