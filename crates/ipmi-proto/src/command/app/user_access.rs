//! Set User Access (`IPMI 2.0 §22.26`) and Get User Access (`IPMI 2.0 §22.27`).

use bytes::BufMut;

use crate::command::bits::flag_byte;
use crate::command::body::{Body, BodyError, Nothing, exactly, only_bits};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{ChannelNumber, CommandNumber, NetFn, PrivilegeLevel};

const SET_REQUEST: &str = "Set User Access request";
const GET_REQUEST: &str = "Get User Access request";
const GET_RESPONSE: &str = "Get User Access response";

flag_byte! {
    /// What a user may do on a channel besides their privilege level. Bits 6:4 of a byte that carries more.
    pub struct UserAccessFlags {
        /// The user may send IPMI commands.
        IPMI_MESSAGING = 0x10,
        /// The user's name and password are used for links, PPP for example.
        LINK_AUTHENTICATION = 0x20,
        /// The user may log in only when called back.
        CALLBACK_ONLY = 0x40,
    }
}

const FLAG_BITS: u8 = 0x70;

/// Changes what a user may do on a channel.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 7 | whether bits 6:4 are to be taken over |
/// | | 6:4 | [`UserAccessFlags`] |
/// | | 3:0 | channel |
/// | 2 | 7:6 | reserved |
/// | | 5:0 | user id |
/// | 3 | 7:4 | reserved |
/// | | 3:0 | the highest level of the user; 0F: no access |
/// | 4 | 7:4 | reserved |
/// | | 3:0 | how many sessions the user may have, 0: as many as the channel; optional |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetUserAccess {
    /// Which channel.
    pub channel: ChannelNumber,
    /// Whether `flags` are to be taken over.
    pub change_flags: bool,
    /// What the user may do.
    pub flags: UserAccessFlags,
    /// Which user, 0 to 63.
    pub user: u8,
    /// The highest level of the user.
    pub limit: PrivilegeLevel,
    /// How many sessions the user may have, 0 to 15.
    pub session_limit: Option<u8>,
}

impl Command for SetUserAccess {
    type Response = Nothing;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x43);
    const NAME: &'static str = "Set User Access";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::ADMINISTRATOR);
    const SECTION: &'static str = "IPMI 2.0 §22.26";
}

impl Body for SetUserAccess {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let (channel, user, limit, session_limit) = match *data {
            [channel, user, limit] => (channel, user, limit, None),
            [channel, user, limit, sessions] => {
                (channel, user, limit, Some(only_bits(SET_REQUEST, 3, sessions, 0x0f)?))
            }
            _ => return Err(BodyError::Length { message: SET_REQUEST, len: data.len() }),
        };
        Ok(Self {
            channel: ChannelNumber(channel & 0x0f),
            change_flags: channel & 0x80 != 0,
            flags: UserAccessFlags::from_bits(channel & FLAG_BITS),
            user: only_bits(SET_REQUEST, 1, user, 0x3f)?,
            limit: PrivilegeLevel(only_bits(SET_REQUEST, 2, limit, 0x0f)?),
            session_limit,
        })
    }

    fn encode(&self, out: &mut impl BufMut) {
        let change = if self.change_flags { 0x80 } else { 0 };
        out.put_u8(change | self.flags.bits() & FLAG_BITS | self.channel.0 & 0x0f);
        out.put_slice(&[self.user & 0x3f, self.limit.0 & 0x0f]);
        if let Some(sessions) = self.session_limit {
            out.put_u8(sessions & 0x0f);
        }
    }
}

/// Asks what a user may do on a channel.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 7:4 | reserved |
/// | | 3:0 | channel |
/// | 2 | 7:6 | reserved |
/// | | 5:0 | user id |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetUserAccess {
    /// Which channel.
    pub channel: ChannelNumber,
    /// Which user, 0 to 63.
    pub user: u8,
}

impl Command for GetUserAccess {
    type Response = UserAccess;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x44);
    const NAME: &'static str = "Get User Access";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::OPERATOR);
    const SECTION: &'static str = "IPMI 2.0 §22.27";
}

impl Body for GetUserAccess {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [channel, user] = exactly(GET_REQUEST, data)?;
        Ok(Self {
            channel: ChannelNumber(only_bits(GET_REQUEST, 0, channel, 0x0f)?),
            user: only_bits(GET_REQUEST, 1, user, 0x3f)?,
        })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_slice(&[self.channel.0 & 0x0f, self.user & 0x3f]);
    }
}

/// The answer.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 5:0 | the largest user id |
/// | 2 | 7:6 | [`UserState`] of this user |
/// | | 5:0 | how many users are enabled |
/// | 3 | 5:0 | how many users have names that cannot be changed |
/// | 4 | 6:4 | [`UserAccessFlags`] |
/// | | 3:0 | the highest level of the user; 0F: no access |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserAccess {
    /// The largest user id.
    pub last_user: u8,
    /// Whether this user is enabled.
    pub state: UserState,
    /// How many users are enabled.
    pub enabled_users: u8,
    /// How many users have names that cannot be changed.
    pub fixed_names: u8,
    /// What the user may do.
    pub flags: UserAccessFlags,
    /// The highest level of the user.
    pub limit: PrivilegeLevel,
}

/// Whether a user is enabled. Two bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UserState {
    /// The controller does not tell.
    Unspecified,
    /// The user can log in.
    Enabled,
    /// The user cannot log in.
    Disabled,
    /// The value that is not defined.
    Reserved,
}

impl Body for UserAccess {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [last_user, enabled, fixed_names, access] = exactly(GET_RESPONSE, data)?;
        Ok(Self {
            last_user: last_user & 0x3f,
            state: match enabled >> 6 {
                0 => UserState::Unspecified,
                1 => UserState::Enabled,
                2 => UserState::Disabled,
                _ => UserState::Reserved,
            },
            enabled_users: enabled & 0x3f,
            fixed_names: fixed_names & 0x3f,
            flags: UserAccessFlags::from_bits(access & FLAG_BITS),
            limit: PrivilegeLevel::new(access),
        })
    }

    fn encode(&self, out: &mut impl BufMut) {
        let state = match self.state {
            UserState::Unspecified => 0x00,
            UserState::Enabled => 0x40,
            UserState::Disabled => 0x80,
            UserState::Reserved => 0xc0,
        };
        out.put_slice(&[self.last_user & 0x3f, state | self.enabled_users & 0x3f, self.fixed_names & 0x3f]);
        out.put_u8(self.flags.bits() & FLAG_BITS | self.limit.0 & 0x0f);
    }
}
