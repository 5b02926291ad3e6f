//! What the controller says about itself.

use ipmi_proto::command::app::{
    Bcd, DeviceAvailability, DeviceId, DeviceSupport, GetSystemInfoParameters, GlobalEnables, IpmiVersion,
    SelfTestResults, SetSystemInfoParameters, SystemInfo, SystemInfoSelector,
};
use ipmi_proto::number::CompletionCode;

use crate::identity::DeviceIdentity;

impl DeviceIdentity {
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

/// Nothing of it can be written: the name is the node's.
pub(crate) const fn set_system_info(request: &SetSystemInfoParameters) -> CompletionCode {
    match request.parameter {
        SystemInfoSelector::SET_IN_PROGRESS | SystemInfoSelector::SYSTEM_NAME => {
            SetSystemInfoParameters::READ_ONLY
        }
        _ => SetSystemInfoParameters::PARAMETER_NOT_SUPPORTED,
    }
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
