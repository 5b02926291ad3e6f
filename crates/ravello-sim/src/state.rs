//! The states of a VM (`ravello-api.md §7.4`).

use std::fmt;

use serde::{Deserialize, Serialize};

/// The state of a deployed VM, spelled as the service spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VmState {
    /// Being created in the cloud.
    Publishing,
    /// Its start group waits for another one.
    WaitingToStart,
    /// On its way to STARTED.
    Starting,
    /// Runs.
    Started,
    /// The guest was asked to reboot.
    Restarting,
    /// Its disks go back to their saved state.
    ResettingDisks,
    /// A publish changes its hardware.
    Updating,
    /// On its way out of an error.
    Repairing,
    /// Its stop group waits for another one.
    WaitingToStop,
    /// On its way to STOPPED.
    Stopping,
    /// Off.
    Stopped,
    /// Being removed from the cloud.
    Terminating,
    /// Removed.
    Terminated,
    /// Something failed.
    Error,
    /// Its creation failed.
    ErrorDeploy,
    /// Its removal failed.
    ErrorTerminate,
    /// Something failed, nobody knows what.
    ErrorUnknown,
    /// Nobody knows.
    Unknown,
}

impl VmState {
    /// The service's name of the state.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Publishing => "PUBLISHING",
            Self::WaitingToStart => "WAITING_TO_START",
            Self::Starting => "STARTING",
            Self::Started => "STARTED",
            Self::Restarting => "RESTARTING",
            Self::ResettingDisks => "RESETTING_DISKS",
            Self::Updating => "UPDATING",
            Self::Repairing => "REPAIRING",
            Self::WaitingToStop => "WAITING_TO_STOP",
            Self::Stopping => "STOPPING",
            Self::Stopped => "STOPPED",
            Self::Terminating => "TERMINATING",
            Self::Terminated => "TERMINATED",
            Self::Error => "ERROR",
            Self::ErrorDeploy => "ERROR_DEPLOY",
            Self::ErrorTerminate => "ERROR_TERMINATE",
            Self::ErrorUnknown => "ERROR_UNKNOWN",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// Whether it ends only when somebody asks for something.
    pub const fn is_rest(self) -> bool {
        matches!(self, Self::Started | Self::Stopped | Self::Terminated | Self::Unknown) || self.is_error()
    }

    /// Whether it is one of the error states.
    pub const fn is_error(self) -> bool {
        matches!(self, Self::Error | Self::ErrorDeploy | Self::ErrorTerminate | Self::ErrorUnknown)
    }
}

impl fmt::Display for VmState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
