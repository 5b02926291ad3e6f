//! Power: what a platform reports, and what a client can ask for.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The phase of a node's life, as far as power is concerned. The backend maps its own states to it.
///
/// | phase | chassis power | requests |
/// |---|---|---|
/// | `Off`, `Absent` | off | `start` (not `Absent`) |
/// | `PoweringOff` | off | none until it rests |
/// | `PoweringOn`, `Busy` | on | none until it rests |
/// | `On` | on | `shutdown`, `poweroff` |
/// | `Updating` | what the last resting phase was | none until it rests |
/// | `Fault`, `Unknown` | off, with the fault bit | see the planner |
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// At rest and off.
    Off,
    /// On its way from off to on.
    PoweringOn,
    /// At rest and on.
    On,
    /// On, and in the middle of something that the platform finishes by itself (a guest restart, say).
    Busy,
    /// On its way from on to off.
    PoweringOff,
    /// Being changed by a publish: a running VM is restarted by it, a stopped one stays off.
    Updating,
    /// Designed, but never published: it cannot run yet.
    Absent,
    /// The platform says that it failed.
    Fault,
    /// A state that this version does not know.
    Unknown,
}

impl Phase {
    /// Whether the phase lasts until somebody asks for something.
    pub const fn is_resting(self) -> bool {
        matches!(self, Self::Off | Self::On | Self::Absent | Self::Fault)
    }
}

/// What a client can ask of a node's power (Chassis Control, `IPMI 2.0 §28.3`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PowerRequest {
    /// Power up.
    On,
    /// Power down at once.
    Off,
    /// Ask the guest to shut down.
    Soft,
    /// Power down, then up.
    Cycle,
    /// Hard reset; on a platform without one the same as [`PowerRequest::Cycle`].
    Reset,
}

impl fmt::Display for PowerRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Soft => "soft",
            Self::Cycle => "cycle",
            Self::Reset => "reset",
        })
    }
}
