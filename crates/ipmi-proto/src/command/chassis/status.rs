//! Get Chassis Status (`IPMI 2.0 §28.2`).

use bytes::BufMut;

use crate::command::bits::flag_byte;
use crate::command::body::{Body, BodyError, empty_body};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, NetFn, PrivilegeLevel};

/// Asks for the state of the chassis. No data bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct GetChassisStatus;

impl Command for GetChassisStatus {
    type Response = ChassisStatus;
    const NET_FN: NetFn = NetFn::CHASSIS;
    const COMMAND: CommandNumber = CommandNumber(0x01);
    const NAME: &'static str = "Get Chassis Status";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §28.2";
}

empty_body!(GetChassisStatus, "Get Chassis Status request");

/// The answer: three bytes, or four with the front panel.
///
/// | byte | content |
/// |---|---|
/// | 1 | [`CurrentPower`], and in bits 6:5 the [`PowerRestorePolicy`] |
/// | 2 | [`LastPowerEvent`] |
/// | 3 | [`MiscChassisState`], and in bits 6:4 the [`IdentifyState`] |
/// | 4 | [`FrontPanelButtons`]; optional |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChassisStatus {
    /// Power now.
    pub current_power: CurrentPower,
    /// What happens to power when mains power comes back.
    pub restore_policy: PowerRestorePolicy,
    /// What happened to power last.
    pub last_power_event: LastPowerEvent,
    /// Everything else.
    pub misc: MiscChassisState,
    /// The identify light.
    pub identify: IdentifyState,
    /// Which buttons are disabled, and which can be.
    pub front_panel: Option<FrontPanelButtons>,
}

flag_byte! {
    /// Power now. Bits 6:5 of the byte on the wire are the [`PowerRestorePolicy`] and never set here.
    pub struct CurrentPower {
        /// System power is on.
        ON = 0x01,
        /// Shut down because of an overload.
        OVERLOAD = 0x02,
        /// Off because a panel interlock switch is active.
        INTERLOCK = 0x04,
        /// Fault in the main power subsystem.
        FAULT = 0x08,
        /// A requested change of power could not be carried out.
        CONTROL_FAULT = 0x10,
    }
}

/// What happens to power when mains power comes back. Two bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PowerRestorePolicy {
    /// The chassis stays off.
    StayOff,
    /// The chassis goes back to the state it was in.
    Previous,
    /// The chassis powers up.
    AlwaysOn,
    /// Not known.
    Unknown,
}

flag_byte! {
    /// What happened to power last.
    pub struct LastPowerEvent {
        /// AC failed.
        AC_FAILED = 0x01,
        /// Powered down by an overload.
        OVERLOAD = 0x02,
        /// Powered down by the interlock.
        INTERLOCK = 0x04,
        /// Powered down by a fault.
        FAULT = 0x08,
        /// The last power-on was asked for by a command.
        ON_BY_COMMAND = 0x10,
    }
}

flag_byte! {
    /// Everything else. Bits 6:4 of the byte on the wire are the [`IdentifyState`] and never set here.
    pub struct MiscChassisState {
        /// The chassis is open.
        INTRUSION = 0x01,
        /// The front panel is locked.
        FRONT_PANEL_LOCKOUT = 0x02,
        /// A drive is faulty.
        DRIVE_FAULT = 0x04,
        /// A fan or the cooling is faulty.
        COOLING_FAULT = 0x08,
    }
}

/// The identify light, three bits: the first says whether the other two mean anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdentifyState {
    /// The controller cannot tell, or there is no light.
    NotSupported,
    /// Off.
    Off,
    /// On for a limited time.
    Temporary,
    /// On until it is switched off.
    Indefinite,
    /// The fourth value of the two bits, which is not defined.
    Reserved,
}

flag_byte! {
    /// Front panel buttons: the low half says which are disabled, the high half which can be.
    pub struct FrontPanelButtons {
        /// The power button is disabled.
        POWER_OFF_DISABLED = 0x01,
        /// The reset button is disabled.
        RESET_DISABLED = 0x02,
        /// The diagnostic interrupt button is disabled.
        DIAGNOSTIC_DISABLED = 0x04,
        /// The sleep button is disabled.
        SLEEP_DISABLED = 0x08,
        /// The power button can be disabled.
        POWER_OFF_CAN_BE_DISABLED = 0x10,
        /// The reset button can be disabled.
        RESET_CAN_BE_DISABLED = 0x20,
        /// The diagnostic interrupt button can be disabled.
        DIAGNOSTIC_CAN_BE_DISABLED = 0x40,
        /// The sleep button can be disabled.
        SLEEP_CAN_BE_DISABLED = 0x80,
    }
}

const RESTORE_POLICY_BITS: u8 = 0x60;
const IDENTIFY_BITS: u8 = 0x70;

impl PowerRestorePolicy {
    const fn from_byte(byte: u8) -> Self {
        match byte & RESTORE_POLICY_BITS {
            0x00 => Self::StayOff,
            0x20 => Self::Previous,
            0x40 => Self::AlwaysOn,
            _ => Self::Unknown,
        }
    }

    const fn to_byte(self) -> u8 {
        match self {
            Self::StayOff => 0x00,
            Self::Previous => 0x20,
            Self::AlwaysOn => 0x40,
            Self::Unknown => 0x60,
        }
    }
}

impl IdentifyState {
    const fn from_byte(byte: u8) -> Self {
        match byte & IDENTIFY_BITS {
            0x40 => Self::Off,
            0x50 => Self::Temporary,
            0x60 => Self::Indefinite,
            0x70 => Self::Reserved,
            _ => Self::NotSupported,
        }
    }

    const fn to_byte(self) -> u8 {
        match self {
            Self::NotSupported => 0x00,
            Self::Off => 0x40,
            Self::Temporary => 0x50,
            Self::Indefinite => 0x60,
            Self::Reserved => 0x70,
        }
    }
}

impl Body for ChassisStatus {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let (power, event, misc, front_panel) = match *data {
            [power, event, misc] => (power, event, misc, None),
            [power, event, misc, buttons] => (power, event, misc, Some(buttons)),
            _ => {
                return Err(BodyError::Length { message: "Get Chassis Status response", len: data.len() });
            }
        };
        Ok(Self {
            current_power: CurrentPower::from_bits(power & !RESTORE_POLICY_BITS),
            restore_policy: PowerRestorePolicy::from_byte(power),
            last_power_event: LastPowerEvent::from_bits(event),
            misc: MiscChassisState::from_bits(misc & !IDENTIFY_BITS),
            identify: IdentifyState::from_byte(misc),
            front_panel: front_panel.map(FrontPanelButtons::from_bits),
        })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.current_power.bits() & !RESTORE_POLICY_BITS | self.restore_policy.to_byte());
        out.put_u8(self.last_power_event.bits());
        out.put_u8(self.misc.bits() & !IDENTIFY_BITS | self.identify.to_byte());
        if let Some(buttons) = self.front_panel {
            out.put_u8(buttons.bits());
        }
    }
}
