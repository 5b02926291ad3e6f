//! Set Channel Access (`IPMI 2.0 §22.22`) and Get Channel Access (`IPMI 2.0 §22.23`).

use bytes::BufMut;

use crate::command::bits::flag_byte;
use crate::command::body::{Body, BodyError, Nothing, exactly, only_bits};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{ChannelNumber, CommandNumber, CompletionCode, NetFn, PrivilegeLevel};

const REQUEST: &str = "Get Channel Access request";
const SET_REQUEST: &str = "Set Channel Access request";
const RESPONSE: &str = "Get Channel Access response";

/// Asks how a channel may be used.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 7:4 | reserved |
/// | | 3:0 | channel |
/// | 2 | 7:6 | [`AccessSetting`] |
/// | | 5:0 | reserved |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetChannelAccess {
    /// Which channel.
    pub channel: ChannelNumber,
    /// Which of its two settings.
    pub setting: AccessSetting,
}

/// A channel has its settings twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccessSetting {
    /// What holds after a restart of the controller.
    NonVolatile,
    /// What holds now.
    Volatile,
}

impl GetChannelAccess {
    /// The channel has no sessions, so there is nothing to tell.
    pub const SESSIONLESS_CHANNEL: CompletionCode = CompletionCode(0x82);
}

impl Command for GetChannelAccess {
    type Response = ChannelAccess;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x41);
    const NAME: &'static str = "Get Channel Access";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §22.23";
}

impl Body for GetChannelAccess {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [channel, setting] = exactly(REQUEST, data)?;
        let channel = ChannelNumber(only_bits(REQUEST, 0, channel, 0x0f)?);
        let setting = match setting {
            0x40 => AccessSetting::NonVolatile,
            0x80 => AccessSetting::Volatile,
            value => return Err(BodyError::Field { message: REQUEST, offset: 1, value }),
        };
        Ok(Self { channel, setting })
    }

    fn encode(&self, out: &mut impl BufMut) {
        let setting = match self.setting {
            AccessSetting::NonVolatile => 0x40,
            AccessSetting::Volatile => 0x80,
        };
        out.put_slice(&[self.channel.0 & 0x0f, setting]);
    }
}

/// The answer.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 5:3 | [`ChannelRestrictions`] |
/// | | 2:0 | [`AccessMode`] |
/// | 2 | 3:0 | the highest level of any session of the channel |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelAccess {
    /// What is switched off.
    pub restrictions: ChannelRestrictions,
    /// When the channel can be used.
    pub mode: AccessMode,
    /// The highest level that a session can have.
    pub limit: PrivilegeLevel,
}

flag_byte! {
    /// What is switched off on a channel. Bits 2:0 of the byte on the wire are the [`AccessMode`] and never set here.
    pub struct ChannelRestrictions {
        /// User-level commands need no authentication code.
        USER_LEVEL_AUTHENTICATION_DISABLED = 0x08,
        /// Packets after the login need no authentication code.
        PER_MESSAGE_AUTHENTICATION_DISABLED = 0x10,
        /// The channel sends no alerts.
        ALERTING_DISABLED = 0x20,
    }
}

/// When a channel can be used. Three bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AccessMode(pub u8);

impl AccessMode {
    /// Never.
    pub const DISABLED: Self = Self(0);
    /// Only while the system is off or before its operating system runs.
    pub const PRE_BOOT_ONLY: Self = Self(1);
    /// Always.
    pub const ALWAYS: Self = Self(2);
    /// Always, on a line that the system uses too.
    pub const SHARED: Self = Self(3);
}

impl Body for ChannelAccess {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [access, limit] = exactly(RESPONSE, data)?;
        Ok(Self {
            restrictions: ChannelRestrictions::from_bits(access & 0x38),
            mode: AccessMode(access & 0x07),
            limit: PrivilegeLevel::new(limit),
        })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_slice(&[self.restrictions.bits() & 0x38 | self.mode.0 & 0x07, self.limit.0 & 0x0f]);
    }
}

/// Changes how a channel may be used.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 7:4 | reserved |
/// | | 3:0 | channel |
/// | 2 | 7:6 | which [`AccessSetting`] gets bits 5:0; 0 for none |
/// | | 5:3 | [`ChannelRestrictions`] |
/// | | 2:0 | [`AccessMode`] |
/// | 3 | 7:6 | which [`AccessSetting`] gets bits 3:0; 0 for none |
/// | | 5:4 | reserved |
/// | | 3:0 | the highest level of any session of the channel |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetChannelAccess {
    /// Which channel.
    pub channel: ChannelNumber,
    /// Which setting gets `restrictions` and `mode`.
    pub access: Option<AccessSetting>,
    /// What is to be switched off.
    pub restrictions: ChannelRestrictions,
    /// When the channel is to be usable.
    pub mode: AccessMode,
    /// Which setting gets `limit`.
    pub limit_of: Option<AccessSetting>,
    /// The highest level that a session is to have.
    pub limit: PrivilegeLevel,
}

impl SetChannelAccess {
    /// The channel cannot be set, because it has no sessions.
    pub const NOT_SUPPORTED: CompletionCode = CompletionCode(0x82);
    /// The channel cannot be used in that way.
    pub const MODE_NOT_SUPPORTED: CompletionCode = CompletionCode(0x83);
}

impl Command for SetChannelAccess {
    type Response = Nothing;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x40);
    const NAME: &'static str = "Set Channel Access";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::ADMINISTRATOR);
    const SECTION: &'static str = "IPMI 2.0 §22.22";
}

impl Body for SetChannelAccess {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [channel, access, limit] = exactly(SET_REQUEST, data)?;
        Ok(Self {
            channel: ChannelNumber(only_bits(SET_REQUEST, 0, channel, 0x0f)?),
            access: setting(1, access)?,
            restrictions: ChannelRestrictions::from_bits(access & 0x38),
            mode: AccessMode(access & 0x07),
            limit_of: setting(2, only_bits(SET_REQUEST, 2, limit, 0xcf)?)?,
            limit: PrivilegeLevel::new(limit),
        })
    }

    fn encode(&self, out: &mut impl BufMut) {
        let bits = |setting| match setting {
            None => 0x00,
            Some(AccessSetting::NonVolatile) => 0x40,
            Some(AccessSetting::Volatile) => 0x80,
        };
        let access = bits(self.access) | self.restrictions.bits() & 0x38 | self.mode.0 & 0x07;
        out.put_slice(&[self.channel.0 & 0x0f, access, bits(self.limit_of) | self.limit.0 & 0x0f]);
    }
}

/// Bits 7:6 of a byte.
const fn setting(offset: usize, value: u8) -> Result<Option<AccessSetting>, BodyError> {
    match value >> 6 {
        0 => Ok(None),
        1 => Ok(Some(AccessSetting::NonVolatile)),
        2 => Ok(Some(AccessSetting::Volatile)),
        _ => Err(BodyError::Field { message: SET_REQUEST, offset, value }),
    }
}
