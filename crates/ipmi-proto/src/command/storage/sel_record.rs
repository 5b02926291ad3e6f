//! The records of the system event log (`IPMI 2.0 §32`).

use crate::command::sensor::SensorType;

use super::RecordId;

/// A record: 16 bytes. Numbers are least significant byte first.
///
/// | byte | content |
/// |---|---|
/// | 1–2 | id |
/// | 3 | type; 02: an event of the system |
/// | 4–16 | [`SelEvent`], or whatever the type says |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelRecord {
    /// Type 02.
    Event {
        /// The number of the record.
        id: RecordId,
        /// The event.
        event: SelEvent,
    },
    /// Any other type.
    Other {
        /// The number of the record.
        id: RecordId,
        /// The type. Not 02, whose bytes would be read back as an event.
        kind: u8,
        /// Everything after it.
        bytes: [u8; 13],
    },
}

/// An event.
///
/// | byte of the record | bits | content |
/// |---|---|---|
/// | 4–7 | | time, seconds since 1970; below 20000000: since the controller started |
/// | 8–9 | | who made it: 20 00 is the BMC |
/// | 10 | | format, 04 |
/// | 11 | | [`SensorType`] |
/// | 12 | | number of the sensor |
/// | 13 | 7 | [`EventDirection`] |
/// | | 6:0 | how the rest is coded; 6F: as the sensor type says |
/// | 14–16 | | the state in bits 3:0 of the first; FF for unused ones |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SelEvent {
    /// When, in seconds since 1970.
    pub time: u32,
    /// Who made it.
    pub generator: [u8; 2],
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

/// Whether the state of an event began or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventDirection {
    /// It began.
    Assertion,
    /// It ended.
    Deassertion,
}

impl SelEvent {
    /// The BMC as the one who made an event.
    pub const BMC: [u8; 2] = [0x20, 0x00];
    /// The format of IPMI 1.5 and 2.0.
    pub const FORMAT: u8 = 0x04;
    /// The data are coded as the sensor type says.
    pub const SENSOR_SPECIFIC: u8 = 0x6f;
}

impl SelRecord {
    /// The length of every record.
    pub const LEN: usize = 16;

    const SYSTEM_EVENT: u8 = 0x02;

    /// The bytes of the record.
    #[must_use]
    pub const fn to_bytes(&self) -> [u8; Self::LEN] {
        match *self {
            Self::Event { id, event } => {
                let [i0, i1] = id.0.to_le_bytes();
                let [t0, t1, t2, t3] = event.time.to_le_bytes();
                let [g0, g1] = event.generator;
                let direction = match event.direction {
                    EventDirection::Assertion => 0,
                    EventDirection::Deassertion => 0x80,
                };
                let coding = direction | (event.event_type & 0x7f);
                let [d0, d1, d2] = event.data;
                let (kind, sensor) = (event.sensor_type.0, event.sensor);
                [
                    i0,
                    i1,
                    Self::SYSTEM_EVENT,
                    t0,
                    t1,
                    t2,
                    t3,
                    g0,
                    g1,
                    event.format,
                    kind,
                    sensor,
                    coding,
                    d0,
                    d1,
                    d2,
                ]
            }
            Self::Other { id, kind, bytes: [a, b, c, d, e, f, g, h, i, j, k, l, m] } => {
                let [i0, i1] = id.0.to_le_bytes();
                [i0, i1, kind, a, b, c, d, e, f, g, h, i, j, k, l, m]
            }
        }
    }

    /// Reads the bytes of a record. Every 16 bytes are one.
    #[must_use]
    pub const fn from_bytes(record: [u8; Self::LEN]) -> Self {
        let [i0, i1, kind, a, b, c, d, e, f, g, h, i, j, k, l, m] = record;
        let id = RecordId(u16::from_le_bytes([i0, i1]));
        if kind != Self::SYSTEM_EVENT {
            return Self::Other { id, kind, bytes: [a, b, c, d, e, f, g, h, i, j, k, l, m] };
        }
        let direction = if j & 0x80 == 0 { EventDirection::Assertion } else { EventDirection::Deassertion };
        let event = SelEvent {
            time: u32::from_le_bytes([a, b, c, d]),
            generator: [e, f],
            format: g,
            sensor_type: SensorType(h),
            sensor: i,
            direction,
            event_type: j & 0x7f,
            data: [k, l, m],
        };
        Self::Event { id, event }
    }
}
