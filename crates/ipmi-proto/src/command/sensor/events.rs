//! Set Sensor Event Enable (`IPMI 2.0 §35.10`), Get Sensor Event Enable (`IPMI 2.0 §35.11`), Re-arm Sensor Events
//! (`IPMI 2.0 §35.12`) and Get Sensor Event Status (`IPMI 2.0 §35.13`).

use bytes::BufMut;

use super::SensorStatus;
use crate::command::body::{Body, BodyError, Nothing, exactly, only_bits};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, NetFn, PrivilegeLevel};

/// Asks which events a sensor makes. One byte: its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetSensorEventEnable {
    /// Which sensor.
    pub sensor: u8,
}

impl Command for GetSensorEventEnable {
    type Response = SensorEvents;
    const NET_FN: NetFn = NetFn::SENSOR_EVENT;
    const COMMAND: CommandNumber = CommandNumber(0x29);
    const NAME: &'static str = "Get Sensor Event Enable";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §35.11";
}

impl Body for GetSensorEventEnable {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        exactly("Get Sensor Event Enable request", data).map(|[sensor]| Self { sensor })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.sensor);
    }
}

/// Asks which events of a sensor are present. One byte: its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetSensorEventStatus {
    /// Which sensor.
    pub sensor: u8,
}

impl Command for GetSensorEventStatus {
    type Response = SensorEvents;
    const NET_FN: NetFn = NetFn::SENSOR_EVENT;
    const COMMAND: CommandNumber = CommandNumber(0x2b);
    const NAME: &'static str = "Get Sensor Event Status";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §35.13";
}

impl Body for GetSensorEventStatus {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        exactly("Get Sensor Event Status request", data).map(|[sensor]| Self { sensor })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.sensor);
    }
}

/// The answer to both: one, three or five bytes. A bit for each state or threshold, least significant byte first.
///
/// | byte | content |
/// |---|---|
/// | 1 | [`SensorStatus`] |
/// | 2–3 | events of states that began; optional |
/// | 4–5 | events of states that ended; optional |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SensorEvents {
    /// Whether the sensor is read and makes events.
    pub status: SensorStatus,
    /// Events of states that began.
    pub assertions: Option<u16>,
    /// Events of states that ended; only after the others.
    pub deassertions: Option<u16>,
}

impl Body for SensorEvents {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let (status, assertions, deassertions) = match *data {
            [status] => (status, None, None),
            [status, a0, a1] => (status, Some([a0, a1]), None),
            [status, a0, a1, d0, d1] => (status, Some([a0, a1]), Some([d0, d1])),
            _ => return Err(BodyError::Length { message: "sensor event response", len: data.len() }),
        };
        Ok(Self {
            status: SensorStatus::from_bits(status),
            assertions: assertions.map(u16::from_le_bytes),
            deassertions: deassertions.map(u16::from_le_bytes),
        })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.status.bits());
        if let Some(assertions) = self.assertions {
            out.put_u16_le(assertions);
            if let Some(deassertions) = self.deassertions {
                out.put_u16_le(deassertions);
            }
        }
    }
}

/// Switches a sensor, or some of its events, on and off.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | | number of the sensor |
/// | 2 | 7:6 | whether it is to make events and to be read, as in [`SensorStatus`] |
/// | | 5:4 | [`EventSelection`] |
/// | | 3:0 | reserved |
/// | 3–6 | | the selected events, of states that begin and of those that end; optional |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetSensorEventEnable {
    /// Which sensor.
    pub sensor: u8,
    /// Whether it is to make events and to be read.
    pub status: SensorStatus,
    /// What to do with the selected events.
    pub selection: EventSelection,
    /// The selected events of states that begin.
    pub assertions: Option<u16>,
    /// The selected events of states that end; only after the others.
    pub deassertions: Option<u16>,
}

/// What to do with selected events. Two bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventSelection {
    /// Nothing: all stay as they are.
    Unchanged,
    /// They are to be made.
    Enable,
    /// They are not to be made.
    Disable,
}

/// Lets a sensor make events again that it made already.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | | number of the sensor |
/// | 2 | 7 | only the selected ones |
/// | | 6:0 | reserved |
/// | 3–6 | | the selected events, of states that began and of those that ended; optional |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RearmSensorEvents {
    /// Which sensor.
    pub sensor: u8,
    /// Whether only the selected events are meant.
    pub selected_only: bool,
    /// The selected events of states that began.
    pub assertions: Option<u16>,
    /// The selected events of states that ended; only after the others.
    pub deassertions: Option<u16>,
}

impl Command for SetSensorEventEnable {
    type Response = Nothing;
    const NET_FN: NetFn = NetFn::SENSOR_EVENT;
    const COMMAND: CommandNumber = CommandNumber(0x28);
    const NAME: &'static str = "Set Sensor Event Enable";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::OPERATOR);
    const SECTION: &'static str = "IPMI 2.0 §35.10";
}

impl Command for RearmSensorEvents {
    type Response = Nothing;
    const NET_FN: NetFn = NetFn::SENSOR_EVENT;
    const COMMAND: CommandNumber = CommandNumber(0x2a);
    const NAME: &'static str = "Re-arm Sensor Events";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::OPERATOR);
    const SECTION: &'static str = "IPMI 2.0 §35.12";
}

impl Body for SetSensorEventEnable {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        const MESSAGE: &str = "Set Sensor Event Enable request";
        let (sensor, status, assertions, deassertions) = with_masks(MESSAGE, data)?;
        let selection = match only_bits(MESSAGE, 1, status, 0xf0)? & 0x30 {
            0x00 => EventSelection::Unchanged,
            0x10 => EventSelection::Enable,
            0x20 => EventSelection::Disable,
            _ => return Err(BodyError::Field { message: MESSAGE, offset: 1, value: status }),
        };
        let status = SensorStatus::from_bits(status & 0xc0);
        Ok(Self { sensor, status, selection, assertions, deassertions })
    }

    fn encode(&self, out: &mut impl BufMut) {
        let selection = match self.selection {
            EventSelection::Unchanged => 0x00,
            EventSelection::Enable => 0x10,
            EventSelection::Disable => 0x20,
        };
        out.put_slice(&[self.sensor, self.status.bits() & 0xc0 | selection]);
        put_masks(self.assertions, self.deassertions, out);
    }
}

impl Body for RearmSensorEvents {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        const MESSAGE: &str = "Re-arm Sensor Events request";
        let (sensor, selected, assertions, deassertions) = with_masks(MESSAGE, data)?;
        let selected_only = only_bits(MESSAGE, 1, selected, 0x80)? != 0;
        Ok(Self { sensor, selected_only, assertions, deassertions })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_slice(&[self.sensor, if self.selected_only { 0x80 } else { 0 }]);
        put_masks(self.assertions, self.deassertions, out);
    }
}

type WithMasks = (u8, u8, Option<u16>, Option<u16>);

/// Two bytes, and none, one or two numbers of 16 bits.
fn with_masks(message: &'static str, data: &[u8]) -> Result<WithMasks, BodyError> {
    match *data {
        [first, second] => Ok((first, second, None, None)),
        [first, second, a0, a1] => Ok((first, second, Some(u16::from_le_bytes([a0, a1])), None)),
        [first, second, a0, a1, d0, d1] => {
            let [assertions, deassertions] = [[a0, a1], [d0, d1]].map(u16::from_le_bytes);
            Ok((first, second, Some(assertions), Some(deassertions)))
        }
        _ => Err(BodyError::Length { message, len: data.len() }),
    }
}

fn put_masks(assertions: Option<u16>, deassertions: Option<u16>, out: &mut impl BufMut) {
    if let Some(assertions) = assertions {
        out.put_u16_le(assertions);
        if let Some(deassertions) = deassertions {
            out.put_u16_le(deassertions);
        }
    }
}
