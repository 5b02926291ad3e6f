//! Set Session Privilege Level (`IPMI 2.0 §22.18`).

use bytes::BufMut;

use crate::command::body::{Body, BodyError, exactly};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, CompletionCode, NetFn, PrivilegeLevel};

const REQUEST: &str = "Set Session Privilege Level request";

/// Changes the present privilege level of the session, or asks for it.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 7:4 | reserved |
/// | | 3:0 | 0 asks, 1 to 5 are the level wanted |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetSessionPrivilegeLevel {
    /// The level wanted; `None` asks for the present one and changes nothing.
    pub level: Option<PrivilegeLevel>,
}

impl SetSessionPrivilegeLevel {
    /// The level is not available for this user.
    pub const NOT_AVAILABLE_FOR_USER: CompletionCode = CompletionCode(0x80);
    /// The level exceeds the limit of the session, the user or the channel.
    pub const EXCEEDS_LIMIT: CompletionCode = CompletionCode(0x81);
    /// User-level authentication cannot be disabled.
    pub const CANNOT_DISABLE_USER_AUTHENTICATION: CompletionCode = CompletionCode(0x82);
}

impl Command for SetSessionPrivilegeLevel {
    type Response = SessionPrivilegeLevel;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x3b);
    const NAME: &'static str = "Set Session Privilege Level";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §22.18";
}

impl Body for SetSessionPrivilegeLevel {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let level = match exactly(REQUEST, data)? {
            [0] => None,
            [level @ 1..=5] => Some(PrivilegeLevel(level)),
            [value] => return Err(BodyError::Field { message: REQUEST, offset: 0, value }),
        };
        Ok(Self { level })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.level.map_or(0, |level| level.0 & 0x0f));
    }
}

/// The answer: the level that holds now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionPrivilegeLevel {
    /// The level that holds now.
    pub level: PrivilegeLevel,
}

impl Body for SessionPrivilegeLevel {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [level] = exactly("Set Session Privilege Level response", data)?;
        Ok(Self { level: PrivilegeLevel(level & 0x0f) })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.level.0 & 0x0f);
    }
}
