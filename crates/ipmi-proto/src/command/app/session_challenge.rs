//! Get Session Challenge (`IPMI 2.0 §22.16`): the first step into an IPMI 1.5 session.

use bytes::BufMut;

use crate::command::body::{Body, BodyError, exactly, only_bits};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{
    CommandNumber, CompletionCode, NetFn, RandomNumber, SessionId, SessionV15Algorithm, UserName,
};

const REQUEST: &str = "Get Session Challenge request";

/// Asks for a challenge to prove a user's password with.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 3:0 | authentication type |
/// | 2–17 | | user name, padded with zeros |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetSessionChallenge {
    /// How the session is to be authenticated.
    pub algorithm: SessionV15Algorithm,
    /// The user.
    pub user_name: UserName,
}

impl GetSessionChallenge {
    /// There is no user of that name.
    pub const INVALID_USER_NAME: CompletionCode = CompletionCode(0x81);
    /// The null user cannot log in.
    pub const NULL_USER_NOT_ENABLED: CompletionCode = CompletionCode(0x82);
}

impl Command for GetSessionChallenge {
    type Response = SessionChallenge;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x39);
    const NAME: &'static str = "Get Session Challenge";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::NoSession;
    const SECTION: &'static str = "IPMI 2.0 §22.16";
}

impl Body for GetSessionChallenge {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [algorithm, name @ ..]: [u8; 17] = exactly(REQUEST, data)?;
        let algorithm = SessionV15Algorithm(only_bits(REQUEST, 0, algorithm, 0x0f)?);
        let len = name.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let user_name = UserName::new(name.get(..len).unwrap_or_default())
            .map_err(|_| BodyError::Length { message: REQUEST, len: data.len() })?;
        Ok(Self { algorithm, user_name })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.algorithm.0 & 0x0f);
        let name = self.user_name.as_bytes();
        out.put_slice(name);
        out.put_bytes(0, UserName::MAX_LEN.saturating_sub(name.len()));
    }
}

/// The challenge, and the number under which to answer it.
///
/// | byte | content |
/// |---|---|
/// | 1–4 | temporary session id, least significant byte first |
/// | 5–20 | challenge |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionChallenge {
    /// Names the login until it is done.
    pub temporary_id: SessionId,
    /// To be sent back in Activate Session.
    pub challenge: RandomNumber,
}

impl Body for SessionChallenge {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [a, b, c, d, challenge @ ..]: [u8; 20] = exactly("Get Session Challenge response", data)?;
        let temporary_id = SessionId(u32::from_le_bytes([a, b, c, d]));
        Ok(Self { temporary_id, challenge: RandomNumber(challenge) })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u32_le(self.temporary_id.0);
        out.put_slice(&self.challenge.0);
    }
}
