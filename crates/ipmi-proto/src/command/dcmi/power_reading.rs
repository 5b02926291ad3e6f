//! Get Power Reading (`DCMI 1.5 §6.6.1`).

use bytes::BufMut;

use super::{GROUP, after_group};
use crate::command::body::{Body, BodyError, exactly};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, NetFn, PrivilegeLevel};

const REQUEST: &str = "Get Power Reading request";
const RESPONSE: &str = "Get Power Reading response";

/// Asks how much power the system takes.
///
/// | byte | content |
/// |---|---|
/// | 1 | DC |
/// | 2 | [`PowerReadingMode`] |
/// | 3 | attributes: the period, in the enhanced mode |
/// | 4 | reserved |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetDcmiPowerReading {
    /// Over which period.
    pub mode: PowerReadingMode,
    /// The period, in the enhanced mode.
    pub attributes: u8,
}

/// Over which period power is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PowerReadingMode(pub u8);

impl PowerReadingMode {
    /// The controller's own.
    pub const SYSTEM: Self = Self(1);
    /// One that the request names.
    pub const ENHANCED: Self = Self(2);
}

impl Command for GetDcmiPowerReading {
    type Response = DcmiPowerReading;
    const NET_FN: NetFn = NetFn::GROUP_EXTENSION;
    const GROUP: Option<u8> = Some(GROUP);
    const COMMAND: CommandNumber = CommandNumber(0x02);
    const NAME: &'static str = "Get Power Reading";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "DCMI 1.5 §6.6.1";
}

impl Body for GetDcmiPowerReading {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        match exactly(REQUEST, after_group(REQUEST, data)?)? {
            [mode @ (1 | 2), attributes, 0] => Ok(Self { mode: PowerReadingMode(mode), attributes }),
            [1 | 2, _, value] => Err(BodyError::Field { message: REQUEST, offset: 3, value }),
            [value, ..] => Err(BodyError::Field { message: REQUEST, offset: 1, value }),
        }
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_slice(&[GROUP, self.mode.0, self.attributes, 0]);
    }
}

/// The answer. Numbers are sent least significant byte first.
///
/// | byte | content |
/// |---|---|
/// | 1 | DC |
/// | 2–9 | present, least, most and average power in watts |
/// | 10–13 | when, in seconds since 1970 |
/// | 14–17 | over how many milliseconds |
/// | 18 | bit 6: power is being measured |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DcmiPowerReading {
    /// Present, least, most and average power in watts.
    pub watts: [u16; 4],
    /// When, in seconds since 1970.
    pub time: u32,
    /// Over how many milliseconds.
    pub period_millis: u32,
    /// Whether power is being measured.
    pub active: bool,
}

impl Body for DcmiPowerReading {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [a0, a1, b0, b1, c0, c1, d0, d1, t0, t1, t2, t3, p0, p1, p2, p3, state] =
            exactly(RESPONSE, after_group(RESPONSE, data)?)?;
        Ok(Self {
            watts: [[a0, a1], [b0, b1], [c0, c1], [d0, d1]].map(u16::from_le_bytes),
            time: u32::from_le_bytes([t0, t1, t2, t3]),
            period_millis: u32::from_le_bytes([p0, p1, p2, p3]),
            active: state & 0x40 != 0,
        })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(GROUP);
        for watts in self.watts {
            out.put_u16_le(watts);
        }
        out.put_u32_le(self.time);
        out.put_u32_le(self.period_millis);
        out.put_u8(if self.active { 0x40 } else { 0 });
    }
}
