//! Set Sensor Thresholds (`IPMI 2.0 §35.8`) and Get Sensor Thresholds (`IPMI 2.0 §35.9`).

use bytes::BufMut;

use crate::command::body::{Body, BodyError, Nothing, exactly, only_bits};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, NetFn, PrivilegeLevel};

/// Asks for the thresholds of a sensor. One byte: its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetSensorThresholds {
    /// Which sensor.
    pub sensor: u8,
}

impl Command for GetSensorThresholds {
    type Response = SensorThresholds;
    const NET_FN: NetFn = NetFn::SENSOR_EVENT;
    const COMMAND: CommandNumber = CommandNumber(0x27);
    const NAME: &'static str = "Get Sensor Thresholds";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §35.9";
}

impl Body for GetSensorThresholds {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        exactly("Get Sensor Thresholds request", data).map(|[sensor]| Self { sensor })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.sensor);
    }
}

/// The answer.
///
/// | byte | content |
/// |---|---|
/// | 1 | which thresholds there are, in bits 5:0, the last of those below in bit 5 |
/// | 2–7 | lower non-critical, critical and non-recoverable, upper non-critical, critical and non-recoverable |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SensorThresholds {
    /// Which thresholds there are, in bits 5:0.
    pub readable: u8,
    /// The thresholds, in the order of the bits.
    pub values: [u8; 6],
}

impl Body for SensorThresholds {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [readable, values @ ..] = exactly::<7>("Get Sensor Thresholds response", data)?;
        Ok(Self { readable: readable & 0x3f, values })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.readable & 0x3f);
        out.put_slice(&self.values);
    }
}

/// Sets thresholds of a sensor.
///
/// | byte | content |
/// |---|---|
/// | 1 | number of the sensor |
/// | 2 | which thresholds are to be set, in bits 5:0 |
/// | 3–8 | the thresholds, in the order of [`SensorThresholds`] |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetSensorThresholds {
    /// Which sensor.
    pub sensor: u8,
    /// Which thresholds are to be set, in bits 5:0.
    pub set: u8,
    /// The thresholds.
    pub values: [u8; 6],
}

impl Command for SetSensorThresholds {
    type Response = Nothing;
    const NET_FN: NetFn = NetFn::SENSOR_EVENT;
    const COMMAND: CommandNumber = CommandNumber(0x26);
    const NAME: &'static str = "Set Sensor Thresholds";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::OPERATOR);
    const SECTION: &'static str = "IPMI 2.0 §35.8";
}

impl Body for SetSensorThresholds {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        const MESSAGE: &str = "Set Sensor Thresholds request";
        let [sensor, set, values @ ..] = exactly::<8>(MESSAGE, data)?;
        Ok(Self { sensor, set: only_bits(MESSAGE, 1, set, 0x3f)?, values })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_slice(&[self.sensor, self.set & 0x3f]);
        out.put_slice(&self.values);
    }
}
