//! Set Sensor Hysteresis (`IPMI 2.0 §35.6`) and Get Sensor Hysteresis (`IPMI 2.0 §35.7`).

use bytes::BufMut;

use crate::command::body::{Body, BodyError, Nothing, exactly};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, NetFn, PrivilegeLevel};

const SET_REQUEST: &str = "Set Sensor Hysteresis request";
const GET_REQUEST: &str = "Get Sensor Hysteresis request";

/// Stands where a later version may have a mask.
const MASK: u8 = 0xff;

/// Sets how far a reading has to go back before an event ends.
///
/// | byte | content |
/// |---|---|
/// | 1 | number of the sensor |
/// | 2 | FF |
/// | 3–4 | [`SensorHysteresis`] |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetSensorHysteresis {
    /// Which sensor.
    pub sensor: u8,
    /// The new hysteresis.
    pub hysteresis: SensorHysteresis,
}

/// Asks for the hysteresis of a sensor. Two bytes: its number, and FF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetSensorHysteresis {
    /// Which sensor.
    pub sensor: u8,
}

/// The hysteresis of a sensor: two bytes, in the units of its raw readings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SensorHysteresis {
    /// Above a threshold.
    pub positive: u8,
    /// Below a threshold.
    pub negative: u8,
}

impl Command for SetSensorHysteresis {
    type Response = Nothing;
    const NET_FN: NetFn = NetFn::SENSOR_EVENT;
    const COMMAND: CommandNumber = CommandNumber(0x24);
    const NAME: &'static str = "Set Sensor Hysteresis";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::OPERATOR);
    const SECTION: &'static str = "IPMI 2.0 §35.6";
}

impl Command for GetSensorHysteresis {
    type Response = SensorHysteresis;
    const NET_FN: NetFn = NetFn::SENSOR_EVENT;
    const COMMAND: CommandNumber = CommandNumber(0x25);
    const NAME: &'static str = "Get Sensor Hysteresis";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §35.7";
}

impl Body for SetSensorHysteresis {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [sensor, mask, positive, negative] = exactly(SET_REQUEST, data)?;
        is_mask(SET_REQUEST, mask)?;
        Ok(Self { sensor, hysteresis: SensorHysteresis { positive, negative } })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_slice(&[self.sensor, MASK]);
        self.hysteresis.encode(out);
    }
}

impl Body for GetSensorHysteresis {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [sensor, mask] = exactly(GET_REQUEST, data)?;
        is_mask(GET_REQUEST, mask)?;
        Ok(Self { sensor })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_slice(&[self.sensor, MASK]);
    }
}

impl Body for SensorHysteresis {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [positive, negative] = exactly("Get Sensor Hysteresis response", data)?;
        Ok(Self { positive, negative })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_slice(&[self.positive, self.negative]);
    }
}

const fn is_mask(message: &'static str, value: u8) -> Result<(), BodyError> {
    if value == MASK { Ok(()) } else { Err(BodyError::Field { message, offset: 1, value }) }
}
