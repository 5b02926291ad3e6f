//! What sensors measure or notice (`IPMI 2.0 §42.2`).

use std::fmt;

/// What a sensor measures or notices. Only the types that a virtual machine has something to say about have a name here.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SensorType(pub u8);

impl SensorType {
    /// The power of the system. State 0: it is off; state 5: it did not do what it was asked to.
    pub const POWER_UNIT: Self = Self(0x09);
    /// How the system was started. State 0: by a power-up; state 3: a user wanted it to boot over the network.
    pub const SYSTEM_BOOT_INITIATED: Self = Self(0x1d);
    /// The power state of the system in the words of ACPI. State 0: S0, it works; state 6: soft off, S4 or S5.
    pub const ACPI_POWER_STATE: Self = Self(0x22);
    /// The health of the management itself. State 1: a controller cannot be reached.
    pub const MANAGEMENT_HEALTH: Self = Self(0x28);
}

impl fmt::Debug for SensorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SensorType({:#04x})", self.0)
    }
}
