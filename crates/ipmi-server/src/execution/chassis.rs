//! Chassis commands in the words of the domain.

use ipmi_proto::command::chassis::{
    ChassisCapabilities, ChassisFeatures, ChassisStatus, CurrentPower, FrontPanelButtons, IdentifyState,
    LastPowerEvent, MiscChassisState, PowerAction, PowerRestorePolicy,
};
use ipmi_proto::number::Address;
use machine::PowerRequest;

/// A chassis without a front panel and without sensors; whatever devices there are live in the BMC itself.
pub(crate) const CAPABILITIES: ChassisCapabilities = ChassisCapabilities {
    features: ChassisFeatures::empty(),
    fru_info_address: Address::BMC.0,
    sdr_address: Address::BMC.0,
    sel_address: Address::BMC.0,
    system_management_address: Address::BMC.0,
    bridge_address: Some(Address::BMC.0),
};

/// What a Chassis Control action asks of a node. `None` for what no node of ours can do: a diagnostic interrupt, and the
/// actions that are not defined.
pub(crate) const fn power_request(action: PowerAction) -> Option<PowerRequest> {
    match action {
        PowerAction::POWER_DOWN => Some(PowerRequest::Off),
        PowerAction::POWER_UP => Some(PowerRequest::On),
        PowerAction::POWER_CYCLE => Some(PowerRequest::Cycle),
        PowerAction::HARD_RESET => Some(PowerRequest::Reset),
        PowerAction::SOFT_SHUTDOWN => Some(PowerRequest::Soft),
        _ => None,
    }
}

/// The answer to Get Chassis Status: only bits that something real stands behind.
///
/// What the platform does with a VM after an outage of its host is not known, so the restore policy is "unknown"; there
/// is no identify light and no front panel; the faults and events of real power supplies do not happen.
pub(crate) const fn status(status: &machine::ChassisStatus) -> ChassisStatus {
    ChassisStatus {
        current_power: CurrentPower::empty()
            .with_if(status.power_on, CurrentPower::ON)
            .with_if(status.control_fault.is_some(), CurrentPower::CONTROL_FAULT),
        restore_policy: PowerRestorePolicy::Unknown,
        last_power_event: LastPowerEvent::empty()
            .with_if(status.last_power_on_by_command, LastPowerEvent::ON_BY_COMMAND),
        misc: MiscChassisState::empty(),
        identify: IdentifyState::NotSupported,
        front_panel: Some(FrontPanelButtons::empty()),
    }
}
