//! What time it is: Get and Set SEL Time (`IPMI 2.0 §31.10`, `§31.11`), Get and Set SEL Time UTC Offset (`§31.11a`, `§31.11b`), Get
//! SDR Repository Time (`§33.17`).

use bytes::BufMut;

use crate::command::body::{Body, BodyError, Nothing, empty_body, exactly};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, NetFn, PrivilegeLevel};

/// Asks what time it is to the log. No data bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct GetSelTime;

impl Command for GetSelTime {
    type Response = SelTime;
    const NET_FN: NetFn = NetFn::STORAGE;
    const COMMAND: CommandNumber = CommandNumber(0x48);
    const NAME: &'static str = "Get SEL Time";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §31.10";
}

empty_body!(GetSelTime, "Get SEL Time request");

/// The answer: four bytes, least significant first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SelTime {
    /// Seconds since 1970-01-01 00:00:00.
    pub seconds: u32,
}

impl Body for SelTime {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        exactly("Get SEL Time response", data).map(|bytes| Self { seconds: u32::from_le_bytes(bytes) })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u32_le(self.seconds);
    }
}

/// Sets the clock of the log: four bytes, as [`SelTime`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetSelTime {
    /// The new time.
    pub time: SelTime,
}

impl Command for SetSelTime {
    type Response = Nothing;
    const NET_FN: NetFn = NetFn::STORAGE;
    const COMMAND: CommandNumber = CommandNumber(0x49);
    const NAME: &'static str = "Set SEL Time";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::OPERATOR);
    const SECTION: &'static str = "IPMI 2.0 §31.11";
}

impl Body for SetSelTime {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        SelTime::decode(data).map(|time| Self { time })
    }

    fn encode(&self, out: &mut impl BufMut) {
        self.time.encode(out);
    }
}

/// Asks what time it is to the sensor data records. No data bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct GetSdrRepositoryTime;

impl Command for GetSdrRepositoryTime {
    type Response = SelTime;
    const NET_FN: NetFn = NetFn::STORAGE;
    const COMMAND: CommandNumber = CommandNumber(0x28);
    const NAME: &'static str = "Get SDR Repository Time";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §33.17";
}

empty_body!(GetSdrRepositoryTime, "Get SDR Repository Time request");

/// Asks how far the times of the log are from UTC. No data bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct GetSelTimeUtcOffset;

impl Command for GetSelTimeUtcOffset {
    type Response = UtcOffset;
    const NET_FN: NetFn = NetFn::STORAGE;
    const COMMAND: CommandNumber = CommandNumber(0x5c);
    const NAME: &'static str = "Get SEL Time UTC Offset";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §31.11a";
}

empty_body!(GetSelTimeUtcOffset, "Get SEL Time UTC Offset request");

/// Says how far the times of the log are from UTC: two bytes, as [`UtcOffset`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetSelTimeUtcOffset {
    /// The offset.
    pub offset: UtcOffset,
}

impl Command for SetSelTimeUtcOffset {
    type Response = Nothing;
    const NET_FN: NetFn = NetFn::STORAGE;
    const COMMAND: CommandNumber = CommandNumber(0x5d);
    const NAME: &'static str = "Set SEL Time UTC Offset";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::OPERATOR);
    const SECTION: &'static str = "IPMI 2.0 §31.11b";
}

impl Body for SetSelTimeUtcOffset {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        UtcOffset::decode(data).map(|offset| Self { offset })
    }

    fn encode(&self, out: &mut impl BufMut) {
        self.offset.encode(out);
    }
}

/// Minutes from UTC, -1440 to 1440: two bytes, least significant first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UtcOffset {
    /// The minutes.
    pub minutes: i16,
}

impl UtcOffset {
    /// Times are UTC.
    pub const UTC: Self = Self { minutes: 0 };
    /// Nobody has said.
    pub const UNSPECIFIED: Self = Self { minutes: 0x07ff };
}

impl Body for UtcOffset {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        exactly("UTC offset", data).map(|bytes| Self { minutes: i16::from_le_bytes(bytes) })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_i16_le(self.minutes);
    }
}
