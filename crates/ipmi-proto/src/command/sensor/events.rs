//! Get Sensor Event Enable (`IPMI 2.0 §35.11`) and Get Sensor Event Status (`IPMI 2.0 §35.13`).

use bytes::BufMut;

use super::SensorStatus;
use crate::command::body::{Body, BodyError, exactly};
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
