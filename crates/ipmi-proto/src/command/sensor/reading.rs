//! Get Sensor Reading (`IPMI 2.0 §35.14`).

use bytes::BufMut;

use crate::command::bits::flag_byte;
use crate::command::body::{Body, BodyError, exactly};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, NetFn, PrivilegeLevel};

/// Reads a sensor. One byte: its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetSensorReading {
    /// Which sensor.
    pub sensor: u8,
}

impl Command for GetSensorReading {
    type Response = SensorReading;
    const NET_FN: NetFn = NetFn::SENSOR_EVENT;
    const COMMAND: CommandNumber = CommandNumber(0x2d);
    const NAME: &'static str = "Get Sensor Reading";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §35.14";
}

impl Body for GetSensorReading {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        exactly("Get Sensor Reading request", data).map(|[sensor]| Self { sensor })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.sensor);
    }
}

/// The answer: two to four bytes.
///
/// | byte | content |
/// |---|---|
/// | 1 | the analog reading, 00 if there is none |
/// | 2 | [`SensorStatus`] |
/// | 3 | thresholds that are crossed, or states 7 to 0; optional |
/// | 4 | bit 7 is 1, then states 14 to 8; optional, for discrete sensors |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SensorReading {
    /// The analog reading.
    pub reading: u8,
    /// Whether it means anything.
    pub status: SensorStatus,
    /// Thresholds that are crossed, or the lower states.
    pub states: Option<u8>,
    /// The upper states; only after the lower ones.
    pub upper_states: Option<u8>,
}

flag_byte! {
    /// Whether a reading means anything.
    pub struct SensorStatus {
        /// The reading means nothing now.
        UNAVAILABLE = 0x20,
        /// The sensor is being read.
        SCANNING = 0x40,
        /// The sensor makes events.
        EVENTS = 0x80,
    }
}

impl Body for SensorReading {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let (reading, status, states, upper_states) = match *data {
            [reading, status] => (reading, status, None, None),
            [reading, status, states] => (reading, status, Some(states), None),
            [reading, status, states, upper] => (reading, status, Some(states), Some(upper)),
            _ => return Err(BodyError::Length { message: "Get Sensor Reading response", len: data.len() }),
        };
        Ok(Self { reading, status: SensorStatus::from_bits(status), states, upper_states })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_slice(&[self.reading, self.status.bits()]);
        if let Some(states) = self.states {
            out.put_u8(states);
            if let Some(upper) = self.upper_states {
                out.put_u8(upper);
            }
        }
    }
}
