//! Platform Event Message (`IPMI 2.0 §29.3`).

use bytes::BufMut;

use super::SensorType;
use crate::command::body::{Body, BodyError, Nothing, exactly};
use crate::command::storage::EventDirection;
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, NetFn, PrivilegeLevel};

/// Tells of an event. Over a LAN, who tells it is in the frame of the message.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | | format, 04 |
/// | 2 | | [`SensorType`] |
/// | 3 | | number of the sensor |
/// | 4 | 7 | [`EventDirection`] |
/// | | 6:0 | how the rest is coded |
/// | 5–7 | | the data; FF for unused ones |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlatformEventMessage {
    /// The format of the event message.
    pub format: u8,
    /// What kind of sensor saw it.
    pub sensor_type: SensorType,
    /// Which sensor saw it.
    pub sensor: u8,
    /// Whether the state began or ended.
    pub direction: EventDirection,
    /// How the data are coded.
    pub event_type: u8,
    /// The data.
    pub data: [u8; 3],
}

impl Command for PlatformEventMessage {
    type Response = Nothing;
    const NET_FN: NetFn = NetFn::SENSOR_EVENT;
    const COMMAND: CommandNumber = CommandNumber(0x02);
    const NAME: &'static str = "Platform Event Message";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::OPERATOR);
    const SECTION: &'static str = "IPMI 2.0 §29.3";
}

impl Body for PlatformEventMessage {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [format, sensor_type, sensor, coding, data @ ..] =
            exactly::<7>("Platform Event Message request", data)?;
        Ok(Self {
            format,
            sensor_type: SensorType(sensor_type),
            sensor,
            direction: if coding & 0x80 == 0 {
                EventDirection::Assertion
            } else {
                EventDirection::Deassertion
            },
            event_type: coding & 0x7f,
            data,
        })
    }

    fn encode(&self, out: &mut impl BufMut) {
        let direction = match self.direction {
            EventDirection::Assertion => 0,
            EventDirection::Deassertion => 0x80,
        };
        out.put_slice(&[self.format, self.sensor_type.0, self.sensor, direction | self.event_type & 0x7f]);
        out.put_slice(&self.data);
    }
}
