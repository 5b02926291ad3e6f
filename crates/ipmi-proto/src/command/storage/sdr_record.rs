//! Sensor data records (`IPMI 2.0 §43`): those of discrete sensors and of management controllers.

use std::fmt;

use bytes::BufMut;

use super::{RecordId, SdrRepositoryInfo};
use crate::command::app::DeviceSupport;
use crate::command::body::{BodyError, exactly};
use crate::command::sensor::SensorType;

const MESSAGE: &str = "sensor data record";

/// A record.
///
/// | byte | content |
/// |---|---|
/// | 1–2 | id, least significant byte first |
/// | 3 | version, 51 |
/// | 4 | type |
/// | 5 | how many bytes follow |
/// | 6– | [`SdrBody`] |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SdrRecord {
    /// The number of the record.
    pub id: RecordId,
    /// What it says.
    pub body: SdrBody,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SdrBody {
    /// Type 02: sensors without thresholds of their own.
    CompactSensor(CompactSensor),
    /// Type 03: a sensor that cannot be read and only makes events.
    EventOnlySensor(EventOnlySensor),
    /// Type 12: where a management controller is.
    ManagementController(ManagementController),
    /// Any other record.
    Other {
        /// The type.
        kind: u8,
        /// Everything after the length.
        bytes: Vec<u8>,
    },
}

/// A discrete sensor of the BMC itself, which shares its record with no other (`IPMI 2.0 §43.2`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompactSensor {
    /// The number of the sensor.
    pub number: u8,
    /// What it belongs to: entity id and instance.
    pub entity: [u8; 2],
    /// How it starts (byte 11 of the record).
    pub initialization: u8,
    /// What it can do (byte 12 of the record).
    pub capabilities: u8,
    /// What it measures.
    pub sensor_type: SensorType,
    /// How its events and readings are coded; 6F: as the sensor type says.
    pub event_type: u8,
    /// Which states make an event when they begin.
    pub assertion_mask: u16,
    /// Which states make an event when they end.
    pub deassertion_mask: u16,
    /// Which states there are.
    pub reading_mask: u16,
    /// Its name.
    pub name: IdString,
}

/// A sensor of the BMC itself that only makes events (`IPMI 2.0 §43.3`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventOnlySensor {
    /// The number of the sensor.
    pub number: u8,
    /// What it belongs to: entity id and instance.
    pub entity: [u8; 2],
    /// What it notices.
    pub sensor_type: SensorType,
    /// How its events are coded; 6F: as the sensor type says.
    pub event_type: u8,
    /// Its name.
    pub name: IdString,
}

/// Where a management controller is (`IPMI 2.0 §43.9`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagementController {
    /// Its address; the BMC is 20.
    pub address: u8,
    /// Which roles it has.
    pub support: DeviceSupport,
    /// What it belongs to: entity id and instance.
    pub entity: [u8; 2],
    /// Its name.
    pub name: IdString,
}

/// A name of at most 16 characters of Latin 1.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IdString(Vec<u8>);

const BMC_ADDRESS: u8 = 0x20;
const LATIN_1: u8 = 0xc0;
/// Units of a sensor without an analog reading.
const NO_ANALOG_READING: u8 = 0xc0;
/// One sensor for this record.
const NOT_SHARED: u8 = 0x01;

impl IdString {
    /// The longest name.
    pub const MAX_LEN: usize = 16;

    /// The name, cut off after 16 characters; what is not in Latin 1 becomes a question mark.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let latin = |character| u8::try_from(u32::from(character)).unwrap_or(b'?');
        Self(name.chars().take(Self::MAX_LEN).map(latin).collect())
    }

    fn decode(bytes: &[u8]) -> Result<Self, BodyError> {
        match bytes {
            [kind, name @ ..]
                if kind & 0xe0 == LATIN_1
                    && usize::from(kind & 0x1f) == name.len()
                    && name.len() <= Self::MAX_LEN =>
            {
                Ok(Self(name.to_vec()))
            }
            _ => Err(BodyError::Length { message: MESSAGE, len: bytes.len() }),
        }
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(LATIN_1 | u8::try_from(self.0.len()).unwrap_or_default());
        out.put_slice(&self.0);
    }
}

impl fmt::Debug for IdString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdString(\"{}\")", self.0.escape_ascii())
    }
}

impl SdrRecord {
    /// The bytes of the record.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut body = Vec::new();
        let kind = self.body.encode(&mut body);
        let [id_0, id_1] = self.id.0.to_le_bytes();
        let length = u8::try_from(body.len()).unwrap_or(u8::MAX);
        let mut record = vec![id_0, id_1, SdrRepositoryInfo::VERSION, kind, length];
        record.append(&mut body);
        record
    }

    /// Reads the bytes of a record. A record whose fields this module has no place for is [`SdrBody::Other`].
    ///
    /// # Errors
    /// [`BodyError`] when the header is cut off or the length is wrong.
    pub fn from_bytes(record: &[u8]) -> Result<Self, BodyError> {
        match record {
            [id_0, id_1, _version, kind, length, body @ ..] if usize::from(*length) == body.len() => {
                let id = RecordId(u16::from_le_bytes([*id_0, *id_1]));
                Ok(Self { id, body: SdrBody::decode(*kind, body) })
            }
            _ => Err(BodyError::Length { message: MESSAGE, len: record.len() }),
        }
    }
}

impl SdrBody {
    const COMPACT_SENSOR: u8 = 0x02;
    const EVENT_ONLY_SENSOR: u8 = 0x03;
    const MANAGEMENT_CONTROLLER: u8 = 0x12;

    /// Writes everything after the length; returns the type.
    fn encode(&self, out: &mut impl BufMut) -> u8 {
        match self {
            Self::CompactSensor(sensor) => {
                out.put_slice(&[BMC_ADDRESS, 0, sensor.number]);
                out.put_slice(&sensor.entity);
                out.put_slice(&[sensor.initialization, sensor.capabilities]);
                out.put_slice(&[sensor.sensor_type.0, sensor.event_type]);
                out.put_u16_le(sensor.assertion_mask);
                out.put_u16_le(sensor.deassertion_mask);
                out.put_u16_le(sensor.reading_mask);
                out.put_slice(&[NO_ANALOG_READING, 0, 0, NOT_SHARED, 0, 0, 0, 0, 0, 0, 0]);
                sensor.name.encode(out);
                Self::COMPACT_SENSOR
            }
            Self::EventOnlySensor(sensor) => {
                out.put_slice(&[BMC_ADDRESS, 0, sensor.number]);
                out.put_slice(&sensor.entity);
                out.put_slice(&[sensor.sensor_type.0, sensor.event_type, NOT_SHARED, 0, 0, 0]);
                sensor.name.encode(out);
                Self::EVENT_ONLY_SENSOR
            }
            Self::ManagementController(controller) => {
                out.put_slice(&[controller.address, 0, 0, controller.support.bits(), 0, 0, 0]);
                out.put_slice(&controller.entity);
                out.put_u8(0);
                controller.name.encode(out);
                Self::MANAGEMENT_CONTROLLER
            }
            Self::Other { kind, bytes } => {
                out.put_slice(bytes);
                *kind
            }
        }
    }

    fn decode(kind: u8, bytes: &[u8]) -> Self {
        let typed = match kind {
            Self::COMPACT_SENSOR => compact_sensor(bytes).map(Self::CompactSensor),
            Self::EVENT_ONLY_SENSOR => event_only_sensor(bytes).map(Self::EventOnlySensor),
            Self::MANAGEMENT_CONTROLLER => management_controller(bytes).map(Self::ManagementController),
            _ => None,
        };
        let other = Self::Other { kind, bytes: bytes.to_vec() };
        // A body with bytes that have no field here is kept as it is.
        typed
            .filter(|typed| {
                let mut again = Vec::new();
                typed.encode(&mut again);
                again == bytes
            })
            .unwrap_or(other)
    }
}

fn compact_sensor(bytes: &[u8]) -> Option<CompactSensor> {
    let (fixed, name) = bytes.split_at_checked(26)?;
    let fixed: [u8; 26] = exactly(MESSAGE, fixed).ok()?;
    let [_, _, number, id, instance, initialization, capabilities, sensor_type, event_type, rest @ ..] =
        fixed;
    let [a0, a1, d0, d1, r0, r1, ..] = rest;
    Some(CompactSensor {
        number,
        entity: [id, instance],
        initialization,
        capabilities,
        sensor_type: SensorType(sensor_type),
        event_type,
        assertion_mask: u16::from_le_bytes([a0, a1]),
        deassertion_mask: u16::from_le_bytes([d0, d1]),
        reading_mask: u16::from_le_bytes([r0, r1]),
        name: IdString::decode(name).ok()?,
    })
}

fn event_only_sensor(bytes: &[u8]) -> Option<EventOnlySensor> {
    let [_, _, number, id, instance, sensor_type, event_type, _, _, _, _, name @ ..] = bytes else {
        return None;
    };
    Some(EventOnlySensor {
        number: *number,
        entity: [*id, *instance],
        sensor_type: SensorType(*sensor_type),
        event_type: *event_type,
        name: IdString::decode(name).ok()?,
    })
}

fn management_controller(bytes: &[u8]) -> Option<ManagementController> {
    let [address, _, _, support, _, _, _, id, instance, _, name @ ..] = bytes else { return None };
    Some(ManagementController {
        address: *address,
        support: DeviceSupport::from_bits(*support),
        entity: [*id, *instance],
        name: IdString::decode(name).ok()?,
    })
}
