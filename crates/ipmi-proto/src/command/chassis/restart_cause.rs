//! Get System Restart Cause (`IPMI 2.0 §28.11`).

use bytes::BufMut;

use crate::command::body::{Body, BodyError, empty_body, exactly};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{ChannelNumber, CommandNumber, NetFn, PrivilegeLevel};

/// Asks why the system started last. No data bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct GetSystemRestartCause;

impl Command for GetSystemRestartCause {
    type Response = SystemRestartCause;
    const NET_FN: NetFn = NetFn::CHASSIS;
    const COMMAND: CommandNumber = CommandNumber(0x07);
    const NAME: &'static str = "Get System Restart Cause";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §28.11";
}

empty_body!(GetSystemRestartCause, "Get System Restart Cause request");

/// The answer.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 3:0 | [`RestartCause`] |
/// | 2 | 3:0 | the channel that the command came over, 0 if it was none |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SystemRestartCause {
    /// Why.
    pub cause: RestartCause,
    /// Over which channel.
    pub channel: ChannelNumber,
}

/// Why a system started. Four bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RestartCause(pub u8);

impl RestartCause {
    /// Nobody knows.
    pub const UNKNOWN: Self = Self(0x0);
    /// Chassis Control.
    pub const CHASSIS_CONTROL: Self = Self(0x1);
    /// The watchdog timer.
    pub const WATCHDOG: Self = Self(0x4);
}

impl Body for SystemRestartCause {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [cause, channel] = exactly("Get System Restart Cause response", data)?;
        Ok(Self { cause: RestartCause(cause & 0x0f), channel: ChannelNumber(channel & 0x0f) })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_slice(&[self.cause.0 & 0x0f, self.channel.0 & 0x0f]);
    }
}
