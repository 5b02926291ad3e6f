//! Network function Chassis (`IPMI 2.0 §28`), without the boot options ([`crate::command::boot_options`]).

pub mod capabilities;
pub mod control;
pub mod front_panel;
pub mod identify;
pub mod power_on_hours;
pub mod restart_cause;
pub mod restore_policy;
pub mod status;

pub use capabilities::{ChassisCapabilities, ChassisFeatures, GetChassisCapabilities};
pub use control::{ChassisControl, PowerAction};
pub use front_panel::SetFrontPanelEnables;
pub use identify::ChassisIdentify;
pub use power_on_hours::{GetPohCounter, PohCounter};
pub use restart_cause::{GetSystemRestartCause, RestartCause, SystemRestartCause};
pub use restore_policy::{SetPowerRestorePolicy, SupportedRestorePolicies};
pub use status::{
    ChassisStatus, CurrentPower, FrontPanelButtons, GetChassisStatus, IdentifyState, LastPowerEvent,
    MiscChassisState, PowerRestorePolicy,
};
