use super::auth_code::AuthCode;
use super::error::DecodeError;
use super::parse;
use super::setup;
use crate::number::{Guid, MessageTag, RandomNumber, RmcpStatus, SessionId};
use bytes::BufMut;
use nom::Parser;

/// RAKP Message 2, payload type `13`, IPMI 2.0 §13.21: the managed system's random number and its proof.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 1 | message tag |
/// | 1 | 1 | status |
/// | 2 | 2 | reserved |
/// | 4 | 4 | console's session id |
/// | 8 | 16 | managed system's random number, absent when refused |
/// | 24 | 16 | managed system's GUID, absent when refused |
/// | 40 | 0, 16, 20 or 32 | key exchange code, absent when refused |
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rakp2 {
    /// The tag of RAKP 1.
    pub tag: MessageTag,
    /// The session, as the console named it. A refusal cut short by its sender has [`SessionId::NONE`].
    pub console_session_id: SessionId,
    /// The grant, or why there is none (never [`RmcpStatus::NO_ERROR`]).
    pub outcome: Result<Rakp2Grant, RmcpStatus>,
}

/// What RAKP 2 brings when it goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rakp2Grant {
    /// The managed system's random number.
    pub managed_random: RandomNumber,
    /// The managed system's GUID.
    pub guid: Guid,
    /// The proof that the managed system knows the user's password.
    pub auth_code: AuthCode,
}

impl Rakp2 {
    /// Decodes the payload.
    ///
    /// # Errors
    ///
    /// A grant that is shorter than 40 bytes or has a code above 32 bytes; anything shorter than two bytes.
    pub fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        parse::whole("RAKP Message 2", payload, |input| {
            let (rest, (tag, status)) = (setup::tag, parse::byte.map(RmcpStatus)).parse(input)?;
            if status != RmcpStatus::NO_ERROR {
                let (rest, console_session_id) = setup::refusal(rest)?;
                return Ok((rest, Self { tag, console_session_id, outcome: Err(status) }));
            }
            let (rest, ((), console_session_id, managed_random, guid, auth_code)) = (
                parse::reserved(2),
                setup::session_id,
                parse::array.map(RandomNumber),
                parse::array.map(Guid),
                setup::auth_code,
            )
                .parse(rest)?;
            let grant = Rakp2Grant { managed_random, guid, auth_code };
            Ok((rest, Self { tag, console_session_id, outcome: Ok(grant) }))
        })
    }

    /// Appends the payload.
    pub fn encode(&self, out: &mut impl BufMut) {
        match &self.outcome {
            Err(status) => setup::encode_refusal(self.tag, *status, self.console_session_id, out),
            Ok(grant) => {
                out.put_slice(&[self.tag.0, RmcpStatus::NO_ERROR.0, 0, 0]);
                out.put_u32_le(self.console_session_id.0);
                out.put_slice(&grant.managed_random.0);
                out.put_slice(&grant.guid.0);
                out.put_slice(grant.auth_code.as_bytes());
            }
        }
    }
}
