//! Network function Sensor/Event: sensors (`IPMI 2.0 §35`).

pub mod events;
pub mod reading;
pub mod sensor_type;
pub mod thresholds;

pub use events::{GetSensorEventEnable, GetSensorEventStatus, SensorEvents};
pub use reading::{GetSensorReading, SensorReading, SensorStatus};
pub use sensor_type::SensorType;
pub use thresholds::{GetSensorThresholds, SensorThresholds};
