//! What the BMC answered, for people (worded as ipmitool does) and for programs.

use std::fmt::Write;

use ipmi_proto::command::app::{DeviceAvailability, DeviceId, DeviceSupport};
use ipmi_proto::command::boot_options::BootFlags;
use ipmi_proto::command::chassis::{
    ChassisStatus, CurrentPower, LastPowerEvent, MiscChassisState, PowerRestorePolicy,
};
use serde_json::{Map, Value, json};

/// One answer in both forms.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) text: String,
    pub(super) json: Value,
}

impl Report {
    /// A request that the BMC accepted.
    pub(super) fn accepted(text: &str, what: &str, word: &str) -> Self {
        Self { text: text.to_owned(), json: json!({ what: word, "accepted": true }) }
    }

    /// Bytes, in hexadecimal.
    pub(super) fn bytes(bytes: &[u8]) -> Self {
        let hexadecimal: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Self { text: hexadecimal.join(" "), json: json!({ "data": hexadecimal }) }
    }

    /// Whether the node is on.
    pub(super) fn power(status: &ChassisStatus) -> Self {
        let power = power_word(status);
        Self { text: format!("Chassis Power is {power}"), json: json!({ "power": power }) }
    }

    /// Power, faults and policies.
    pub(super) fn chassis_status(status: &ChassisStatus) -> Self {
        let policy = match status.restore_policy {
            PowerRestorePolicy::StayOff => "always-off",
            PowerRestorePolicy::Previous => "previous",
            PowerRestorePolicy::AlwaysOn => "always-on",
            PowerRestorePolicy::Unknown => "unknown",
        };
        let now = |flag| status.current_power.contains(flag);
        let last = |flag| status.last_power_event.contains(flag);
        let misc = |flag| status.misc.contains(flag);
        let rows = [
            ("System Power", "power", json!(power_word(status))),
            ("Power Overload", "power-overload", json!(now(CurrentPower::OVERLOAD))),
            ("Power Interlock", "power-interlock", json!(now(CurrentPower::INTERLOCK))),
            ("Main Power Fault", "main-power-fault", json!(now(CurrentPower::FAULT))),
            ("Power Control Fault", "power-control-fault", json!(now(CurrentPower::CONTROL_FAULT))),
            ("Power Restore Policy", "power-restore-policy", json!(policy)),
            (
                "Last Power On by Command",
                "last-power-on-by-command",
                json!(last(LastPowerEvent::ON_BY_COMMAND)),
            ),
            ("Chassis Intrusion", "chassis-intrusion", json!(misc(MiscChassisState::INTRUSION))),
            (
                "Front-Panel Lockout",
                "front-panel-lockout",
                json!(misc(MiscChassisState::FRONT_PANEL_LOCKOUT)),
            ),
            ("Drive Fault", "drive-fault", json!(misc(MiscChassisState::DRIVE_FAULT))),
            ("Cooling/Fan Fault", "cooling-fault", json!(misc(MiscChassisState::COOLING_FAULT))),
        ];
        Self::rows(rows)
    }

    /// Who the BMC is.
    pub(super) fn device_id(device: &DeviceId) -> Self {
        let roles = [
            (DeviceSupport::SENSOR, "sensor"),
            (DeviceSupport::SDR_REPOSITORY, "SDR repository"),
            (DeviceSupport::SEL, "SEL"),
            (DeviceSupport::FRU_INVENTORY, "FRU inventory"),
            (DeviceSupport::EVENT_RECEIVER, "event receiver"),
            (DeviceSupport::EVENT_GENERATOR, "event generator"),
            (DeviceSupport::BRIDGE, "bridge"),
            (DeviceSupport::CHASSIS, "chassis"),
        ];
        let support: Vec<&str> =
            roles.iter().filter(|(role, _)| device.support.contains(*role)).map(|(_, word)| *word).collect();
        let firmware = format!("{}.{}", device.firmware_major, device.firmware_minor);
        let rows = [
            ("Device ID", "device-id", json!(device.device_id)),
            ("Device Revision", "device-revision", json!(device.revision)),
            ("Firmware Revision", "firmware-revision", json!(firmware)),
            ("IPMI Version", "ipmi-version", json!(device.ipmi_version.to_string())),
            ("Manufacturer ID", "manufacturer-id", json!(device.manufacturer)),
            ("Product ID", "product-id", json!(device.product)),
            (
                "Device Available",
                "device-available",
                json!(device.availability == DeviceAvailability::Normal),
            ),
            ("Provides Device SDRs", "provides-device-sdrs", json!(device.provides_device_sdrs)),
            ("Device Support", "device-support", json!(support)),
        ];
        Self::rows(rows)
    }

    /// What the node boots from.
    pub(super) fn boot_flags(flags: BootFlags) -> Self {
        let device = flags.device();
        let rows = [
            ("Boot Flags Valid", "valid", json!(flags.is_valid())),
            ("Boot Device", "boot-device", json!(device.name().unwrap_or("unknown"))),
            ("Holds For", "holds-for", json!(if flags.is_persistent() { "all boots" } else { "next boot" })),
            ("Boot Type", "boot-type", json!(if flags.is_efi() { "EFI" } else { "legacy" })),
            ("Bytes", "bytes", json!(flags.to_string())),
        ];
        Self::rows(rows)
    }

    pub(super) fn rows<'a>(rows: impl IntoIterator<Item = (&'a str, &'a str, Value)>) -> Self {
        let mut text = String::new();
        let mut json = Map::new();
        for (name, key, value) in rows {
            let words = match &value {
                Value::String(words) => words.clone(),
                Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
                Value::Array(words) => words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
                other => other.to_string(),
            };
            // Writing to a string does not fail.
            let _ = writeln!(text, "{name:<25}: {words}");
            json.insert(key.to_owned(), value);
        }
        Self { text, json: Value::Object(json) }
    }
}

fn power_word(status: &ChassisStatus) -> &'static str {
    if status.current_power.contains(CurrentPower::ON) { "on" } else { "off" }
}

#[cfg(test)]
mod tests {
    use ipmi_proto::command::boot_options::BootDeviceSelector;

    use super::*;

    #[test]
    fn boot_flags_are_told_in_words_and_bytes() {
        let report = Report::boot_flags(BootFlags::for_device(BootDeviceSelector::DISK).persistent().efi());
        assert_eq!(report.json["boot-device"], "hard disk");
        assert_eq!(report.json["holds-for"], "all boots");
        assert_eq!(report.json["bytes"], "e0 08 00 00 00");
        assert!(report.text.contains("Boot Type                : EFI\n"), "{}", report.text);
    }

    #[test]
    fn bytes_are_hexadecimal() {
        assert_eq!(Report::bytes(&[0x01, 0xff]).text, "01 ff");
    }
}
