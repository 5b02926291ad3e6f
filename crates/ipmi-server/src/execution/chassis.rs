//! Chassis commands in the words of the domain.

use ipmi_proto::command::app::{AcpiDeviceState, AcpiPowerState, AcpiSystemState, SetAcpiPowerState};
use ipmi_proto::command::chassis::{
    ChassisCapabilities, ChassisFeatures, ChassisStatus, CurrentPower, FrontPanelButtons, IdentifyState,
    LastPowerEvent, MiscChassisState, PowerAction, PowerRestorePolicy, RestartCause, SetFrontPanelEnables,
    SetPowerRestorePolicy, SupportedRestorePolicies, SystemRestartCause,
};
use ipmi_proto::number::{Address, ChannelNumber, CompletionCode};
use machine::PowerRequest;

use super::users::REFUSED;

/// A chassis without a front panel and without sensors; whatever devices there are live in the BMC itself.
pub(crate) const CAPABILITIES: ChassisCapabilities = ChassisCapabilities {
    features: ChassisFeatures::empty(),
    fru_info_address: Address::BMC.0,
    sdr_address: Address::BMC.0,
    sel_address: Address::BMC.0,
    system_management_address: Address::BMC.0,
    bridge_address: Some(Address::BMC.0),
};

/// What change of power a Chassis Control action asks of a node. `None` for a diagnostic interrupt, which is none, and for
/// the actions that are not defined.
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
/// is no front panel; the faults and events of real power supplies do not happen.
pub(crate) const fn status(status: &machine::ChassisStatus, identify: IdentifyState) -> ChassisStatus {
    ChassisStatus {
        current_power: CurrentPower::empty()
            .with_if(status.power_on, CurrentPower::ON)
            .with_if(status.control_fault.is_some(), CurrentPower::CONTROL_FAULT),
        restore_policy: PowerRestorePolicy::Unknown,
        last_power_event: LastPowerEvent::empty()
            .with_if(status.last_power_on_by_command, LastPowerEvent::ON_BY_COMMAND),
        misc: MiscChassisState::empty(),
        identify,
        front_panel: Some(FrontPanelButtons::empty()),
    }
}

/// Which restore policies can be set: none, so only the question is allowed.
pub(crate) const fn restore_policies(
    request: SetPowerRestorePolicy,
) -> Result<SupportedRestorePolicies, CompletionCode> {
    match request.policy {
        PowerRestorePolicy::Unknown => Ok(SupportedRestorePolicies::empty()),
        PowerRestorePolicy::StayOff | PowerRestorePolicy::Previous | PowerRestorePolicy::AlwaysOn => {
            Err(CompletionCode::INVALID_DATA_FIELD)
        }
    }
}

/// There is no front panel: that all its buttons work is all that can be had.
pub(crate) const fn set_front_panel(request: SetFrontPanelEnables) -> CompletionCode {
    if request.disabled.bits() == 0 { CompletionCode::NORMAL } else { CompletionCode::INVALID_DATA_FIELD }
}

/// The state of the node is observed and the controller works; nobody can say otherwise.
pub(crate) fn set_acpi_power_state(request: SetAcpiPowerState) -> CompletionCode {
    let ((system_counts, system), (device_counts, device)) = (request.system, request.device);
    let changes_system = system_counts && system != AcpiSystemState::UNCHANGED;
    let changes_device =
        device_counts && ![AcpiDeviceState::UNCHANGED, AcpiDeviceState::WORKING].contains(&device);
    if changes_system || changes_device { REFUSED } else { CompletionCode::NORMAL }
}

/// Why the node started last: known if it was asked for here, and then by whom.
pub(crate) const fn restart_cause(status: &machine::ChassisStatus, watchdog: bool) -> SystemRestartCause {
    let cause = match (status.last_power_on_by_command, watchdog) {
        (false, _) => RestartCause::UNKNOWN,
        (true, false) => RestartCause::CHASSIS_CONTROL,
        (true, true) => RestartCause::WATCHDOG,
    };
    let channel = match cause {
        RestartCause::CHASSIS_CONTROL => super::lan::LAN_CHANNEL,
        _ => ChannelNumber(0),
    };
    SystemRestartCause { cause, channel }
}

/// The power of the node in the words of ACPI. A guest that hibernated looks like one that was shut down. The device is the
/// controller, which works, for it answers.
pub(crate) const fn acpi_power_state(status: &machine::ChassisStatus) -> AcpiPowerState {
    let system =
        if status.power_on { AcpiSystemState::WORKING } else { AcpiSystemState::SOFT_OFF_OR_HIBERNATING };
    AcpiPowerState { system, device: AcpiDeviceState::WORKING }
}
