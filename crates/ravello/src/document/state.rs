//! States of a VM (`ravello-api.md §7.4`).

use std::fmt;

use machine::Phase;

/// The state of a deployed VM. The set is open: a name nobody has heard of is
/// kept and does no harm.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum VmState {
    /// Being created.
    Publishing,
    /// Waits for its start group.
    WaitingToStart,
    /// On its way up.
    Starting,
    /// Runs.
    Started,
    /// The guest was asked to restart.
    Restarting,
    /// Its disks go back to their saved state.
    ResettingDisks,
    /// Changed by a publish; if it ran it is restarted.
    Updating,
    /// On its way out of an error.
    Repairing,
    /// Waits for its stop group.
    WaitingToStop,
    /// On its way down. Nothing can be asked of it, not even a power off.
    Stopping,
    /// Off.
    Stopped,
    /// Being removed.
    Terminating,
    /// Removed.
    Terminated,
    /// Any of the states `ERROR…`, by its name.
    Error(Box<str>),
    /// Any other name, `UNKNOWN` among them.
    Other(Box<str>),
}

impl VmState {
    /// Reads the platform's name of a state.
    pub fn from_name(name: &str) -> Self {
        match name {
            "PUBLISHING" => Self::Publishing,
            "WAITING_TO_START" => Self::WaitingToStart,
            "STARTING" => Self::Starting,
            "STARTED" => Self::Started,
            "RESTARTING" => Self::Restarting,
            "RESETTING_DISKS" => Self::ResettingDisks,
            "UPDATING" => Self::Updating,
            "REPAIRING" => Self::Repairing,
            "WAITING_TO_STOP" => Self::WaitingToStop,
            "STOPPING" => Self::Stopping,
            "STOPPED" => Self::Stopped,
            "TERMINATING" => Self::Terminating,
            "TERMINATED" => Self::Terminated,
            _ if name == "ERROR" || name.starts_with("ERROR_") => Self::Error(name.into()),
            _ => Self::Other(name.into()),
        }
    }

    /// The platform's name of the state.
    pub fn name(&self) -> &str {
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
            Self::Error(name) | Self::Other(name) => name,
        }
    }

    /// What the state means for power.
    pub const fn phase(&self) -> Phase {
        match self {
            Self::Stopped | Self::Terminated => Phase::Off,
            Self::Stopping => Phase::PoweringOff,
            Self::Publishing | Self::WaitingToStart | Self::Starting => Phase::PoweringOn,
            Self::Started => Phase::On,
            Self::Restarting
            | Self::ResettingDisks
            | Self::Repairing
            | Self::WaitingToStop
            | Self::Terminating => Phase::Busy,
            Self::Updating => Phase::Updating,
            Self::Error(_) => Phase::Fault,
            Self::Other(_) => Phase::Unknown,
        }
    }
}

impl fmt::Display for VmState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use machine::Phase;

    use super::VmState;

    #[test]
    fn every_documented_state_has_its_phase_and_keeps_its_name() {
        let table = [
            ("PUBLISHING", Phase::PoweringOn),
            ("WAITING_TO_START", Phase::PoweringOn),
            ("STARTING", Phase::PoweringOn),
            ("STARTED", Phase::On),
            ("RESTARTING", Phase::Busy),
            ("RESETTING_DISKS", Phase::Busy),
            ("UPDATING", Phase::Updating),
            ("REPAIRING", Phase::Busy),
            ("WAITING_TO_STOP", Phase::Busy),
            ("STOPPING", Phase::PoweringOff),
            ("STOPPED", Phase::Off),
            ("TERMINATING", Phase::Busy),
            ("TERMINATED", Phase::Off),
            ("ERROR", Phase::Fault),
            ("ERROR_DEPLOY", Phase::Fault),
            ("ERROR_TERMINATE", Phase::Fault),
            ("ERROR_UNKNOWN", Phase::Fault),
            ("UNKNOWN", Phase::Unknown),
            ("HIBERNATING", Phase::Unknown),
            ("ERRORLESS", Phase::Unknown),
            ("", Phase::Unknown),
        ];
        for (name, phase) in table {
            let state = VmState::from_name(name);
            assert_eq!(state.phase(), phase, "{name}");
            assert_eq!(state.to_string(), name);
        }
    }
}
