//! Activate Session (`IPMI 2.0 §22.17`): the second and last step into an IPMI 1.5 session.

use bytes::BufMut;

use crate::command::body::{Body, BodyError, exactly, only_bits};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{
    CommandNumber, CompletionCode, NetFn, PrivilegeLevel, RandomNumber, SessionId, SessionSequence,
    SessionV15Algorithm,
};

const REQUEST: &str = "Activate Session request";

/// Sends the challenge back, in a packet that proves the password.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 3:0 | authentication type |
/// | 2 | 3:0 | highest privilege level wanted |
/// | 3–18 | | challenge |
/// | 19–22 | | first outbound session sequence number, least significant byte first |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActivateSession {
    /// How the packets of the session are to be authenticated.
    pub algorithm: SessionV15Algorithm,
    /// The highest level that the session is to have.
    pub maximum_privilege: PrivilegeLevel,
    /// The challenge of Get Session Challenge.
    pub challenge: RandomNumber,
    /// The number that the managed system is to begin with.
    pub initial_outbound: SessionSequence,
}

impl ActivateSession {
    /// There is no room for another session.
    pub const NO_SLOT: CompletionCode = CompletionCode(0x81);
    /// The first outbound number is out of range.
    pub const SEQUENCE_OUT_OF_RANGE: CompletionCode = CompletionCode(0x84);
    /// The level exceeds the limit of the user or the channel.
    pub const EXCEEDS_LIMIT: CompletionCode = CompletionCode(0x86);
}

impl Command for ActivateSession {
    type Response = ActivatedSession;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x3a);
    const NAME: &'static str = "Activate Session";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::NoSession;
    const SECTION: &'static str = "IPMI 2.0 §22.17";
}

impl Body for ActivateSession {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [algorithm, privilege, rest @ ..]: [u8; 22] = exactly(REQUEST, data)?;
        let algorithm = SessionV15Algorithm(only_bits(REQUEST, 0, algorithm, 0x0f)?);
        let maximum_privilege = PrivilegeLevel(only_bits(REQUEST, 1, privilege, 0x0f)?);
        let (challenge, number) = split(rest);
        Ok(Self {
            algorithm,
            maximum_privilege,
            challenge: RandomNumber(challenge),
            initial_outbound: SessionSequence(u32::from_le_bytes(number)),
        })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.algorithm.0 & 0x0f);
        out.put_u8(self.maximum_privilege.0 & 0x0f);
        out.put_slice(&self.challenge.0);
        out.put_u32_le(self.initial_outbound.0);
    }
}

fn split([challenge @ .., a, b, c, d]: [u8; 20]) -> ([u8; 16], [u8; 4]) {
    (challenge, [a, b, c, d])
}

/// The session stands.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 3:0 | authentication type of the session's packets |
/// | 2–5 | | session id, least significant byte first |
/// | 6–9 | | first inbound session sequence number, least significant byte first |
/// | 10 | 3:0 | highest privilege level of the session |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActivatedSession {
    /// How the packets of the session are authenticated.
    pub algorithm: SessionV15Algorithm,
    /// The session's id from now on.
    pub session_id: SessionId,
    /// The number that the console is to begin with.
    pub initial_inbound: SessionSequence,
    /// The highest level that the session can have.
    pub maximum_privilege: PrivilegeLevel,
}

impl Body for ActivatedSession {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [algorithm, a, b, c, d, e, f, g, h, privilege] = exactly("Activate Session response", data)?;
        Ok(Self {
            algorithm: SessionV15Algorithm(algorithm & 0x0f),
            session_id: SessionId(u32::from_le_bytes([a, b, c, d])),
            initial_inbound: SessionSequence(u32::from_le_bytes([e, f, g, h])),
            maximum_privilege: PrivilegeLevel::new(privilege),
        })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.algorithm.0 & 0x0f);
        out.put_u32_le(self.session_id.0);
        out.put_u32_le(self.initial_inbound.0);
        out.put_u8(self.maximum_privilege.0 & 0x0f);
    }
}
