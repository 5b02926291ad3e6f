//! Chassis Control (`IPMI 2.0 §28.3`).

use std::fmt;

use bytes::BufMut;

use crate::command::body::{Body, BodyError, Nothing, exactly, only_bits};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, NetFn, PrivilegeLevel};

const MESSAGE: &str = "Chassis Control request";

/// Asks for a change of power.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 7:4 | reserved |
/// | | 3:0 | [`PowerAction`] |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChassisControl {
    /// What shall happen.
    pub action: PowerAction,
}

/// What Chassis Control can ask for. Four bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PowerAction(u8);

impl PowerAction {
    /// Power down at once.
    pub const POWER_DOWN: Self = Self(0x0);
    /// Power up.
    pub const POWER_UP: Self = Self(0x1);
    /// Power down, wait, power up.
    pub const POWER_CYCLE: Self = Self(0x2);
    /// Hard reset.
    pub const HARD_RESET: Self = Self(0x3);
    /// A diagnostic interrupt, usually an NMI.
    pub const PULSE_DIAGNOSTIC_INTERRUPT: Self = Self(0x4);
    /// Ask the operating system to shut down, as if by overtemperature or a power button.
    pub const SOFT_SHUTDOWN: Self = Self(0x5);

    /// The action with this number; `None` above 0F.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if number <= 0x0f { Some(Self(number)) } else { None }
    }

    /// The number, 00 to 0F.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl fmt::Display for PowerAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::POWER_DOWN => f.write_str("power down"),
            Self::POWER_UP => f.write_str("power up"),
            Self::POWER_CYCLE => f.write_str("power cycle"),
            Self::HARD_RESET => f.write_str("hard reset"),
            Self::PULSE_DIAGNOSTIC_INTERRUPT => f.write_str("pulse diagnostic interrupt"),
            Self::SOFT_SHUTDOWN => f.write_str("soft shutdown"),
            Self(other) => write!(f, "reserved action {other:#04x}"),
        }
    }
}

impl fmt::Debug for PowerAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PowerAction({self})")
    }
}

impl Command for ChassisControl {
    type Response = Nothing;
    const NET_FN: NetFn = NetFn::CHASSIS;
    const COMMAND: CommandNumber = CommandNumber(0x02);
    const NAME: &'static str = "Chassis Control";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::OPERATOR);
    const SECTION: &'static str = "IPMI 2.0 §28.3";
}

impl Body for ChassisControl {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [action] = exactly(MESSAGE, data)?;
        Ok(Self { action: PowerAction(only_bits(MESSAGE, 0, action, 0x0f)?) })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.action.0);
    }
}
