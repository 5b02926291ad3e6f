//! Set User Name (`IPMI 2.0 §22.28`) and Get User Name (`IPMI 2.0 §22.29`).

use bytes::BufMut;

use crate::command::body::{Body, BodyError, Nothing, exactly, only_bits};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, NetFn, PrivilegeLevel, UserName};

const SET_REQUEST: &str = "Set User Name request";
const GET_REQUEST: &str = "Get User Name request";
const GET_RESPONSE: &str = "Get User Name response";

/// Gives a user a name.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 7:6 | reserved |
/// | | 5:0 | user id |
/// | 2–17 | | the name, padded with zeros |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetUserName {
    /// Which user, 0 to 63.
    pub user: u8,
    /// The name.
    pub name: UserName,
}

impl Command for SetUserName {
    type Response = Nothing;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x45);
    const NAME: &'static str = "Set User Name";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::ADMINISTRATOR);
    const SECTION: &'static str = "IPMI 2.0 §22.28";
}

impl Body for SetUserName {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [user, name @ ..] = exactly::<17>(SET_REQUEST, data)?;
        Ok(Self { user: only_bits(SET_REQUEST, 0, user, 0x3f)?, name: unpadded(SET_REQUEST, &name)? })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.user & 0x3f);
        put_padded(self.name, out);
    }
}

/// Asks for the name of a user.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 7:6 | reserved |
/// | | 5:0 | user id |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetUserName {
    /// Which user, 0 to 63.
    pub user: u8,
}

impl Command for GetUserName {
    type Response = UserName;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x46);
    const NAME: &'static str = "Get User Name";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::OPERATOR);
    const SECTION: &'static str = "IPMI 2.0 §22.29";
}

impl Body for GetUserName {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [user] = exactly(GET_REQUEST, data)?;
        Ok(Self { user: only_bits(GET_REQUEST, 0, user, 0x3f)? })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.user & 0x3f);
    }
}

/// The answer to Get User Name: 16 bytes, padded with zeros.
impl Body for UserName {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        unpadded(GET_RESPONSE, &exactly(GET_RESPONSE, data)?)
    }

    fn encode(&self, out: &mut impl BufMut) {
        put_padded(*self, out);
    }
}

/// The name without the zeros behind it; zeros inside belong to it.
fn unpadded(message: &'static str, padded: &[u8; UserName::MAX_LEN]) -> Result<UserName, BodyError> {
    let len = padded.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let name = padded.get(..len).unwrap_or_default();
    UserName::new(name).map_err(|error| BodyError::Length { message, len: error.len })
}

fn put_padded(name: UserName, out: &mut impl BufMut) {
    out.put_slice(name.as_bytes());
    out.put_bytes(0, UserName::MAX_LEN.saturating_sub(usize::from(name.len())));
}
