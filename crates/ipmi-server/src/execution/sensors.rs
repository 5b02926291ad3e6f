//! The sensors: what can honestly be said about a virtual machine and about its controller.
//!
//! | number | name | type | states |
//! |---|---|---|---|
//! | 1 | Power | power unit | 0 off, 5 a power request was not carried out |
//! | 2 | Cloud | management health | 1 the platform cannot be reached |
//! | 4 | ACPI State | ACPI power state | 0 working, 6 soft off |
//! | 3 | Boot | boot initiated | events only: 0 power-up from the disk, 3 the network was asked for |
//!
//! On and off are events of the ACPI state, whose every state has a name: a power unit knows only "off", and some consoles
//! do not print whether that began or ended.

use ipmi_proto::command::Body as _;
use ipmi_proto::command::sensor::{
    EventSelection, SensorEvents, SensorReading, SensorStatus, SensorType, SetSensorEventEnable,
};
use ipmi_proto::command::storage::{
    CompactSensor, EventDirection, EventOnlySensor, IdString, RecordId, SdrBody, SelEvent, SelRecord,
};
use ipmi_proto::number::CompletionCode;
use machine::{BootDevice, ChassisStatus, EventKind};

use super::sdr::MANAGEMENT_MODULE;
use super::sel::told_record;

/// A sensor that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sensor {
    /// The power of the node.
    Power,
    /// Whether the platform can be reached.
    Cloud,
    /// The power of the node in the words of ACPI.
    AcpiState,
}

/// What is wanted of a sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SensorQuestion {
    /// Get Sensor Reading.
    Reading,
    /// Get Sensor Event Status.
    EventStatus,
}

const POWER: u8 = 1;
const CLOUD: u8 = 2;
const BOOT: u8 = 3;
const ACPI_STATE: u8 = 4;

/// Entity of the node: its system board.
const SYSTEM_BOARD: [u8; 2] = [0x07, 0x01];

const POWER_OFF: u8 = 0;
const POWER_CONTROL_FAILURE: u8 = 5;
const CONTROLLER_UNREACHABLE: u8 = 1;
const WORKING: u8 = 0;
const SOFT_OFF: u8 = 6;
const BOOT_BY_POWER_UP: u8 = 0;
const BOOT_FROM_NETWORK: u8 = 3;

/// The sensor is read from the start on, and makes events if there is a log.
const SCANNING: u8 = 0x01;
const EVENTS_AND_SCANNING: u8 = 0x63;
/// States that end are seen without anybody re-arming them. Events can be told apart, or there are none.
const AUTO_REARM: u8 = 0x40;
const NO_EVENTS: u8 = 0x03;

impl Sensor {
    pub(super) const fn find(number: u8) -> Result<Self, CompletionCode> {
        match number {
            POWER => Ok(Self::Power),
            CLOUD => Ok(Self::Cloud),
            ACPI_STATE => Ok(Self::AcpiState),
            _ => Err(CompletionCode::NOT_PRESENT),
        }
    }

    /// Which events it makes.
    pub(super) fn events(self, makes_events: bool) -> SensorEvents {
        SensorEvents {
            status: self.status(makes_events),
            assertions: Some(self.assertion_mask(makes_events)),
            deassertions: Some(0),
        }
    }

    /// Whether its events are already what a console asks for: nobody can switch single ones here.
    pub(super) fn holds(self, request: SetSensorEventEnable, makes_events: bool) -> bool {
        let status = self.status(makes_events);
        let present = self.assertion_mask(makes_events);
        let selected = request.assertions.unwrap_or(0);
        let same = match request.selection {
            EventSelection::Unchanged => true,
            EventSelection::Enable => selected & !present == 0 && request.deassertions.unwrap_or(0) == 0,
            EventSelection::Disable => selected & present == 0,
        };
        same && request.status == status
    }

    /// The bytes of an answer. Without a status the platform could not be reached.
    pub(super) fn answer(
        self,
        wanted: SensorQuestion,
        makes_events: bool,
        status: Option<&ChassisStatus>,
    ) -> Vec<u8> {
        let (available, states) = match (self, status) {
            (Self::Power, Some(status)) => {
                let off = if status.power_on { 0 } else { bit(POWER_OFF) };
                let failed = if status.control_fault.is_some() { bit(POWER_CONTROL_FAILURE) } else { 0 };
                (true, off | failed)
            }
            (Self::AcpiState, Some(status)) => {
                (true, if status.power_on { bit(WORKING) } else { bit(SOFT_OFF) })
            }
            (Self::Power | Self::AcpiState, None) => (false, 0),
            (Self::Cloud, Some(_)) => (true, 0),
            (Self::Cloud, None) => (true, bit(CONTROLLER_UNREACHABLE)),
        };
        let flags = self.status(makes_events).with_if(!available, SensorStatus::UNAVAILABLE);
        let [lower, upper] = states.to_le_bytes();
        match wanted {
            SensorQuestion::Reading => SensorReading {
                reading: 0,
                status: flags,
                states: Some(lower),
                upper_states: Some(upper | 0x80),
            }
            .to_bytes(),
            SensorQuestion::EventStatus => SensorEvents {
                status: flags,
                assertions: Some(states & self.assertion_mask(makes_events)),
                deassertions: Some(0),
            }
            .to_bytes(),
        }
    }

    const fn status(self, makes_events: bool) -> SensorStatus {
        SensorStatus::SCANNING.with_if(makes_events && !matches!(self, Self::Cloud), SensorStatus::EVENTS)
    }

    /// Which states make an event when they begin. None does when it ends.
    const fn assertion_mask(self, makes_events: bool) -> u16 {
        match self {
            Self::Power if makes_events => bit(POWER_CONTROL_FAILURE),
            Self::AcpiState if makes_events => bit(WORKING) | bit(SOFT_OFF),
            Self::Power | Self::AcpiState | Self::Cloud => 0,
        }
    }
}

const fn bit(state: u8) -> u16 {
    1 << state
}

/// The records of all sensors.
pub(super) fn records(makes_events: bool) -> impl Iterator<Item = SdrBody> {
    let power = compact_sensor(
        Sensor::Power,
        (POWER, SensorType::POWER_UNIT, "Power"),
        SYSTEM_BOARD,
        bit(POWER_OFF) | bit(POWER_CONTROL_FAILURE),
        makes_events,
    );
    let acpi_state = compact_sensor(
        Sensor::AcpiState,
        (ACPI_STATE, SensorType::ACPI_POWER_STATE, "ACPI State"),
        SYSTEM_BOARD,
        bit(WORKING) | bit(SOFT_OFF),
        makes_events,
    );
    let cloud = compact_sensor(
        Sensor::Cloud,
        (CLOUD, SensorType::MANAGEMENT_HEALTH, "Cloud"),
        MANAGEMENT_MODULE,
        bit(CONTROLLER_UNREACHABLE),
        false,
    );
    let boot = SdrBody::EventOnlySensor(EventOnlySensor {
        number: BOOT,
        entity: SYSTEM_BOARD,
        sensor_type: SensorType::SYSTEM_BOOT_INITIATED,
        event_type: SelEvent::SENSOR_SPECIFIC,
        name: IdString::new("Boot"),
    });
    [power, acpi_state, cloud].into_iter().chain(makes_events.then_some(boot))
}

fn compact_sensor(
    sensor: Sensor,
    (number, sensor_type, name): (u8, SensorType, &str),
    entity: [u8; 2],
    reading_mask: u16,
    makes_events: bool,
) -> SdrBody {
    SdrBody::CompactSensor(CompactSensor {
        number,
        entity,
        initialization: if makes_events { EVENTS_AND_SCANNING } else { SCANNING },
        capabilities: if makes_events { AUTO_REARM } else { AUTO_REARM | NO_EVENTS },
        sensor_type,
        event_type: SelEvent::SENSOR_SPECIFIC,
        assertion_mask: sensor.assertion_mask(makes_events),
        deassertion_mask: 0,
        reading_mask,
        name: IdString::new(name),
    })
}

/// An event of the record as an event of a sensor. Words have no place in it: who asked, and why something failed, is in the
/// log of the daemon and in the node's status.
pub(super) fn sel_record(id: RecordId, kind: &EventKind, time: u32) -> SelRecord {
    let (sensor, sensor_type, state) = match kind {
        EventKind::PoweredOff { .. } => (ACPI_STATE, SensorType::ACPI_POWER_STATE, SOFT_OFF),
        EventKind::PoweredOn { .. } => (ACPI_STATE, SensorType::ACPI_POWER_STATE, WORKING),
        EventKind::PowerRequestFailed { .. } => (POWER, SensorType::POWER_UNIT, POWER_CONTROL_FAILURE),
        EventKind::BootDeviceApplied { device } => {
            let state = match device {
                BootDevice::Disk => BOOT_BY_POWER_UP,
                BootDevice::Network => BOOT_FROM_NETWORK,
            };
            (BOOT, SensorType::SYSTEM_BOOT_INITIATED, state)
        }
        EventKind::Told { message, .. } => return told_record(id, *message, time),
    };
    let event = SelEvent {
        time,
        generator: SelEvent::BMC,
        format: SelEvent::FORMAT,
        sensor_type,
        sensor,
        direction: EventDirection::Assertion,
        event_type: SelEvent::SENSOR_SPECIFIC,
        data: [state, 0xff, 0xff],
    };
    SelRecord::Event { id, event }
}
