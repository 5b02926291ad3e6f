//! The group extension DCMI (`DCMI 1.5 §6`): network function Group Extension, group DC.
//!
//! The first data byte of every request and every response is the group ([`GROUP`]); it belongs to the bytes of these messages. A
//! request of another group is another command, even if its number is the same: the registry looks at both.

pub mod capabilities;
pub mod power_reading;
pub mod sensor_info;
pub mod text;

pub use capabilities::{
    DcmiCapabilities, DcmiCapability, DcmiParameter, DcmiSelAttributes, GetDcmiCapabilities,
};
pub use power_reading::{DcmiPowerReading, GetDcmiPowerReading, PowerReadingMode};
pub use sensor_info::{DcmiSensorInfo, GetDcmiSensorInfo};
pub use text::{
    DcmiText, DcmiTextLength, DcmiTextPiece, DcmiTextRange, GetDcmiAssetTag, GetDcmiControllerId,
    SetDcmiAssetTag, SetDcmiControllerId,
};

use crate::command::body::BodyError;

/// The group of DCMI.
pub const GROUP: u8 = 0xdc;

/// What follows the group byte.
fn after_group<'a>(message: &'static str, data: &'a [u8]) -> Result<&'a [u8], BodyError> {
    match data {
        [GROUP, rest @ ..] => Ok(rest),
        [value, ..] => Err(BodyError::Field { message, offset: 0, value: *value }),
        [] => Err(BodyError::Length { message, len: 0 }),
    }
}
