//! Network function Sensor/Event: events (`IPMI 2.0 §29`) and sensors (`IPMI 2.0 §35`).

pub mod events;
pub mod hysteresis;
pub mod platform_event;
pub mod reading;
pub mod sensor_type;
pub mod thresholds;

pub use events::{
    EventSelection, GetSensorEventEnable, GetSensorEventStatus, RearmSensorEvents, SensorEvents,
    SetSensorEventEnable,
};
pub use hysteresis::{GetSensorHysteresis, SensorHysteresis, SetSensorHysteresis};
pub use platform_event::PlatformEventMessage;
pub use reading::{GetSensorReading, SensorReading, SensorStatus};
pub use sensor_type::SensorType;
pub use thresholds::{GetSensorThresholds, SensorThresholds, SetSensorThresholds};
