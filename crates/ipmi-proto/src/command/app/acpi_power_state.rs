//! Set ACPI Power State (`IPMI 2.0 §20.6`) and Get ACPI Power State (`IPMI 2.0 §20.7`).

use bytes::BufMut;

use crate::command::body::{Body, BodyError, Nothing, empty_body, exactly};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, NetFn, PrivilegeLevel};

/// Asks for the power state in the words of ACPI. No data bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct GetAcpiPowerState;

impl Command for GetAcpiPowerState {
    type Response = AcpiPowerState;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x07);
    const NAME: &'static str = "Get ACPI Power State";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §20.7";
}

empty_body!(GetAcpiPowerState, "Get ACPI Power State request");

/// The answer: a byte for the system and one for the device that answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcpiPowerState {
    /// The state of the system.
    pub system: AcpiSystemState,
    /// The state of the device.
    pub device: AcpiDeviceState,
}

/// The power state of a system. Seven bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AcpiSystemState(pub u8);

impl AcpiSystemState {
    /// S0/G0: working.
    pub const WORKING: Self = Self(0x00);
    /// S5/G2: soft off.
    pub const SOFT_OFF: Self = Self(0x05);
    /// Soft off, and it cannot be said whether S4 or S5.
    pub const SOFT_OFF_OR_HIBERNATING: Self = Self(0x06);
    /// Not known.
    pub const UNKNOWN: Self = Self(0x2a);
}

/// The power state of a device. Seven bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AcpiDeviceState(pub u8);

impl AcpiDeviceState {
    /// D0: working.
    pub const WORKING: Self = Self(0x00);
    /// Not known.
    pub const UNKNOWN: Self = Self(0x2a);
}

impl Body for AcpiPowerState {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [system, device] = exactly("Get ACPI Power State response", data)?;
        Ok(Self { system: AcpiSystemState(system & 0x7f), device: AcpiDeviceState(device & 0x7f) })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_slice(&[self.system.0 & 0x7f, self.device.0 & 0x7f]);
    }
}

/// Tells the controller which power states the system and the device are in. Two bytes: the system's state and the device's, each
/// of which counts only if bit 7 is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetAcpiPowerState {
    /// The state of the system, and whether it counts.
    pub system: (bool, AcpiSystemState),
    /// The state of the device, and whether it counts.
    pub device: (bool, AcpiDeviceState),
}

impl AcpiSystemState {
    /// No change.
    pub const UNCHANGED: Self = Self(0x7f);
}

impl AcpiDeviceState {
    /// No change.
    pub const UNCHANGED: Self = Self(0x7f);
}

impl Command for SetAcpiPowerState {
    type Response = Nothing;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x06);
    const NAME: &'static str = "Set ACPI Power State";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::ADMINISTRATOR);
    const SECTION: &'static str = "IPMI 2.0 §20.6";
}

impl Body for SetAcpiPowerState {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [system, device] = exactly("Set ACPI Power State request", data)?;
        Ok(Self {
            system: (system & 0x80 != 0, AcpiSystemState(system & 0x7f)),
            device: (device & 0x80 != 0, AcpiDeviceState(device & 0x7f)),
        })
    }

    fn encode(&self, out: &mut impl BufMut) {
        let counts = |counts| if counts { 0x80 } else { 0 };
        let ((system_counts, system), (device_counts, device)) = (self.system, self.device);
        out.put_slice(&[counts(system_counts) | system.0 & 0x7f, counts(device_counts) | device.0 & 0x7f]);
    }
}
