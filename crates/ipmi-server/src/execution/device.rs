//! What the controller says about itself.

use ipmi_proto::command::app::{
    Bcd, DeviceAvailability, DeviceId, DeviceSupport, GetSystemInfoParameters, GlobalEnables, IpmiVersion,
    SelfTestResults, SystemInfo, SystemInfoSelector,
};
use ipmi_proto::number::CompletionCode;

/// What the controller says it is, in the answer to Get Device ID (`IPMI 2.0 §20.1`).
///
/// The manufacturer's number makes consoles send commands of that manufacturer, so it is 0 ("unspecified") unless
/// somebody has a number of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceIdentity {
    /// The device id.
    pub device_id: u8,
    /// The device revision, 0 to 15.
    pub revision: u8,
    /// The major firmware revision, 0 to 127.
    pub firmware_major: u8,
    /// The minor firmware revision, 0 to 99; more is reported as 99.
    pub firmware_minor: u8,
    /// The patch level, reported in the first byte of the auxiliary firmware revision.
    pub firmware_patch: u8,
    /// The manufacturer's IANA enterprise number, 20 bits; 0 for none.
    pub manufacturer: u32,
    /// The manufacturer's product number; 0 for none.
    pub product: u16,
}

impl DeviceIdentity {
    /// A controller of no particular manufacturer, with the version of this crate as its firmware.
    pub const RAVBMC: Self = Self {
        device_id: 0x20,
        revision: 1,
        firmware_major: number(env!("CARGO_PKG_VERSION_MAJOR")),
        firmware_minor: number(env!("CARGO_PKG_VERSION_MINOR")),
        firmware_patch: number(env!("CARGO_PKG_VERSION_PATCH")),
        manufacturer: 0,
        product: 0,
    };

    /// The answer to Get Device ID. Consoles that see a role go and use it.
    pub(crate) fn response(&self, has_event_log: bool) -> DeviceId {
        let nines = Bcd::from_byte(0x99);
        DeviceId {
            device_id: self.device_id,
            provides_device_sdrs: false,
            revision: self.revision,
            availability: DeviceAvailability::Normal,
            firmware_major: self.firmware_major,
            firmware_minor: Bcd::from_number(self.firmware_minor).unwrap_or(nines),
            ipmi_version: IpmiVersion::V2_0,
            support: support(has_event_log),
            manufacturer: self.manufacturer,
            product: self.product,
            auxiliary_firmware: Some([self.firmware_patch, 0, 0, 0]),
        }
    }
}

impl Default for DeviceIdentity {
    fn default() -> Self {
        Self::RAVBMC
    }
}

/// The roles of the controller: chassis commands, an inventory, sensors and their records; an event log only where
/// somebody keeps one.
pub(crate) const fn support(has_event_log: bool) -> DeviceSupport {
    DeviceSupport::CHASSIS
        .with(DeviceSupport::FRU_INVENTORY)
        .with(DeviceSupport::SDR_REPOSITORY)
        .with(DeviceSupport::SENSOR)
        .with_if(has_event_log, DeviceSupport::SEL)
}

/// The result of the self test. A virtual controller has no parts of its own that could fail but those that this
/// request has just been through: it was authenticated, decrypted and dispatched, so they work.
pub(crate) const fn self_test() -> SelfTestResults {
    SelfTestResults::Passed
}

/// What is switched on: the event log, where there is one. There is no system interface to interrupt.
pub(crate) const fn global_enables(has_event_log: bool) -> GlobalEnables {
    GlobalEnables::empty().with_if(has_event_log, GlobalEnables::SYSTEM_EVENT_LOGGING)
}

/// What the controller knows of the system: its name. Its firmware and operating system nobody tells us.
pub(crate) fn system_info(
    request: GetSystemInfoParameters,
    name: &str,
) -> Result<SystemInfo, CompletionCode> {
    match request.parameter {
        SystemInfoSelector::SET_IN_PROGRESS | SystemInfoSelector::SYSTEM_NAME if request.revision_only => {
            Ok(SystemInfo::of(Vec::new()))
        }
        SystemInfoSelector::SET_IN_PROGRESS => Ok(SystemInfo::of(vec![0])),
        SystemInfoSelector::SYSTEM_NAME => {
            SystemInfo::text_block(name, request.set_selector).ok_or(CompletionCode::PARAMETER_OUT_OF_RANGE)
        }
        _ => Err(GetSystemInfoParameters::PARAMETER_NOT_SUPPORTED),
    }
}

/// A decimal number of a version, at most 255.
const fn number(digits: &str) -> u8 {
    let mut rest = digits.as_bytes();
    let mut value: u8 = 0;
    while let [digit, tail @ ..] = rest {
        value = value.saturating_mul(10).saturating_add(digit.saturating_sub(b'0'));
        rest = tail;
    }
    value
}
