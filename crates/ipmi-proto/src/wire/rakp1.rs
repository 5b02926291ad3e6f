use super::error::{DecodeError, Malformed};
use super::parse::{self, Parsed};
use super::setup;
use crate::number::{MessageTag, RandomNumber, Role, SessionId, UserName};
use bytes::BufMut;
use nom::Parser;

/// RAKP Message 1, payload type `12`, IPMI 2.0 §13.20: the console's random number and who wants in.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 1 | message tag |
/// | 1 | 3 | reserved |
/// | 4 | 4 | managed system's session id |
/// | 8 | 16 | console's random number |
/// | 24 | 1 | role |
/// | 25 | 2 | reserved |
/// | 27 | 1 | length L of the user name, 0–16 |
/// | 28 | L | user name |
///
/// One console pads the name with zeros to 16 bytes: bytes after the name are ignored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rakp1 {
    /// Echoed in RAKP 2.
    pub tag: MessageTag,
    /// The session, as the managed system named it.
    pub managed_session_id: SessionId,
    /// The console's random number.
    pub console_random: RandomNumber,
    /// The requested level and how to look the user up.
    pub role: Role,
    /// The user.
    pub user_name: UserName,
}

impl Rakp1 {
    /// Decodes the payload.
    ///
    /// # Errors
    ///
    /// Fewer than 28 bytes; [`Malformed::NameLength`] if the name is longer than 16 bytes or than the payload.
    pub fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        parse::whole("RAKP Message 1", payload, |input| {
            let (rest, (tag, (), managed_session_id, console_random, role, (), user_name, _padding)) = (
                setup::tag,
                parse::reserved(3),
                setup::session_id,
                parse::array.map(RandomNumber),
                parse::byte.map(Role),
                parse::reserved(2),
                user_name,
                parse::rest,
            )
                .parse(input)?;
            Ok((rest, Self { tag, managed_session_id, console_random, role, user_name }))
        })
    }

    /// Appends the payload.
    pub fn encode(&self, out: &mut impl BufMut) {
        out.put_slice(&[self.tag.0, 0, 0, 0]);
        out.put_u32_le(self.managed_session_id.0);
        out.put_slice(&self.console_random.0);
        out.put_slice(&[self.role.0, 0, 0, self.user_name.len()]);
        out.put_slice(self.user_name.as_bytes());
    }
}

fn user_name(input: &[u8]) -> Parsed<'_, UserName> {
    let (rest, length) = parse::byte(input)?;
    match rest.split_at_checked(usize::from(length)).map(|(name, rest)| (UserName::new(name), rest)) {
        Some((Ok(name), rest)) => Ok((rest, name)),
        _ => parse::fail(input, Malformed::NameLength),
    }
}
