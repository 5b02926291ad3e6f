//! Set User Payload Access (`IPMI 2.0 §24.6`) and Get User Payload Access (`IPMI 2.0 §24.7`).

use bytes::BufMut;

use crate::command::body::{Body, BodyError, Nothing, exactly, only_bits};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{ChannelNumber, CommandNumber, NetFn, PayloadType, PrivilegeLevel};

const SET_REQUEST: &str = "Set User Payload Access request";
const GET_REQUEST: &str = "Get User Payload Access request";
const GET_RESPONSE: &str = "Get User Payload Access response";

/// A set of payload types.
///
/// | byte | content |
/// |---|---|
/// | 1 | standard payloads 0 to 7: bit 1 for Serial over LAN |
/// | 2 | reserved |
/// | 3 | a vendor's payloads 20 to 27 |
/// | 4 | reserved |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct UserPayloads {
    /// Standard payloads 0 to 7, bit 0 for type 0.
    pub standard: u8,
    /// Payloads 20 to 27, bit 0 for type 20.
    pub oem: u8,
}

impl UserPayloads {
    /// Serial over LAN alone.
    pub const SOL: Self = Self { standard: 1 << PayloadType::SOL.0, oem: 0 };

    /// Whether Serial over LAN is one of them.
    #[must_use]
    pub const fn has_sol(self) -> bool {
        self.standard & Self::SOL.standard != 0
    }

    const fn four_bytes(self) -> [u8; 4] {
        [self.standard, 0, self.oem, 0]
    }
}

/// Lets a user activate payloads, or does so no longer. Payloads that are not named stay as they are.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 7:4 | reserved |
/// | | 3:0 | channel |
/// | 2 | 7:6 | 0: allow, 1: forbid |
/// | | 5:0 | user id |
/// | 3–6 | | [`UserPayloads`] |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetUserPayloadAccess {
    /// Which channel.
    pub channel: ChannelNumber,
    /// Whether the payloads are allowed or forbidden.
    pub change: PayloadAccessChange,
    /// Which user, 0 to 63.
    pub user: u8,
    /// Which payloads.
    pub payloads: UserPayloads,
}

/// What happens to a user's access to payloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PayloadAccessChange {
    /// The user may activate them.
    Allow,
    /// The user may not.
    Forbid,
}

impl Command for SetUserPayloadAccess {
    type Response = Nothing;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x4c);
    const NAME: &'static str = "Set User Payload Access";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::ADMINISTRATOR);
    const SECTION: &'static str = "IPMI 2.0 §24.6";
}

impl Body for SetUserPayloadAccess {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [channel, user, standard, second, oem, fourth] = exactly(SET_REQUEST, data)?;
        let change = match user >> 6 {
            0 => PayloadAccessChange::Allow,
            1 => PayloadAccessChange::Forbid,
            _ => return Err(BodyError::Field { message: SET_REQUEST, offset: 1, value: user }),
        };
        only_bits(SET_REQUEST, 3, second, 0)?;
        only_bits(SET_REQUEST, 5, fourth, 0)?;
        Ok(Self {
            channel: ChannelNumber(only_bits(SET_REQUEST, 0, channel, 0x0f)?),
            change,
            user: user & 0x3f,
            payloads: UserPayloads { standard, oem },
        })
    }

    fn encode(&self, out: &mut impl BufMut) {
        let change = match self.change {
            PayloadAccessChange::Allow => 0,
            PayloadAccessChange::Forbid => 0x40,
        };
        out.put_slice(&[self.channel.0 & 0x0f, change | self.user & 0x3f]);
        out.put_slice(&self.payloads.four_bytes());
    }
}

/// Asks which payloads a user may activate.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 7:4 | reserved |
/// | | 3:0 | channel |
/// | 2 | 7:6 | reserved |
/// | | 5:0 | user id |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetUserPayloadAccess {
    /// Which channel.
    pub channel: ChannelNumber,
    /// Which user, 0 to 63.
    pub user: u8,
}

impl Command for GetUserPayloadAccess {
    type Response = UserPayloads;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x4d);
    const NAME: &'static str = "Get User Payload Access";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::OPERATOR);
    const SECTION: &'static str = "IPMI 2.0 §24.7";
}

impl Body for GetUserPayloadAccess {
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

impl Body for UserPayloads {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [standard, _reserved, oem, _also] = exactly(GET_RESPONSE, data)?;
        Ok(Self { standard, oem })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_slice(&self.four_bytes());
    }
}
