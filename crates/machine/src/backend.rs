//! The port behind which a cloud lives.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::time::{Duration, SystemTime};

use crate::{BootDevice, IntentTag, NodeId, Phase};

/// What a cloud must offer for one application: a look, and a step. Everything else is the reconciler's.
///
/// Implementations neither retry nor wait: they classify ([`BackendError::retry`]) and the reconciler decides.
pub trait Backend: Send + Sync + 'static {
    /// Reads the application, design and deployment, in as few requests as the cloud allows.
    ///
    /// # Errors
    /// [`BackendError`] when the cloud gave no usable answer.
    fn observe(&self) -> impl Future<Output = Result<Observation, BackendError>> + Send;

    /// Applies one step. Applying it a second time does no harm: a caller that lost the reply looks again.
    ///
    /// # Errors
    /// [`BackendError`] when the cloud refused or gave no usable answer; the step may have had its effect
    /// when [`BackendError::effect`] is [`Effect::Unknown`].
    fn apply(&self, step: &Step) -> impl Future<Output = Result<(), BackendError>> + Send;
}

/// One look at an application.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Observation {
    /// Whether the application has been published; without that nothing in it can run.
    pub published: bool,
    /// When the application stops by itself; `None` means never.
    pub expires_at: Option<SystemTime>,
    /// All VMs of the application, managed or not, by id.
    pub nodes: BTreeMap<NodeId, NodeObservation>,
}

/// One look at a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NodeObservation {
    /// The VM's name, for people.
    pub name: String,
    /// The phase of its life.
    pub phase: Phase,
    /// The platform's own name of the state, for people.
    pub state: String,
    /// What the design says it boots from.
    pub design_boot: BootDevice,
    /// What the deployment boots from at the next start or guest reboot; `None` if never published.
    pub deployed_boot: Option<BootDevice>,
    /// The tag in the description: the design's, or else the deployment's.
    pub tag: Option<IntentTag>,
    /// Differences between design and deployment that a publish would carry out on this VM, apart from the
    /// boot device; in words, for people. Harmless ones (a description) are not listed.
    pub unpublished: Vec<String>,
    /// How long the platform waits for a guest's soft shutdown before a hard power off is possible again.
    pub stop_timeout: Duration,
}

/// One request to the cloud, for one or many nodes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Writes boot devices and tags to the design. Nothing that runs is touched.
    UpdateDesign(BTreeMap<NodeId, DesignChange>),
    /// Makes the deployment equal to the design, without starting drafts. Restarts every running VM whose
    /// hardware differs.
    Publish,
    /// Starts nodes that are off.
    Start(Vec<NodeId>),
    /// Powers nodes off at once.
    PowerOff(Vec<NodeId>),
    /// Asks the guests to shut down.
    Shutdown(Vec<NodeId>),
    /// Moves the time at which the application stops to this long from now.
    ExtendExpiration(Duration),
}

/// What to change in one node's design. Fields that are `None` stay as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct DesignChange {
    /// The boot device.
    pub boot: Option<BootDevice>,
    /// The tag in the description: `Some(None)` removes it.
    pub tag: Option<Option<IntentTag>>,
}

/// Why the cloud did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("{operation}: {reason}")]
pub struct BackendError {
    /// What was being done, for people: `start 2 VMs`, `read application demo`.
    pub operation: String,
    /// What the cloud said, or what went wrong on the way.
    pub reason: String,
    /// What kind of failure it is.
    pub kind: BackendErrorKind,
    /// The error behind it, if there is one.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The kinds of failure that the reconciler treats differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackendErrorKind {
    /// Not possible in the present state, or somebody else wrote first: look again and decide again.
    Conflict,
    /// Not allowed; also a quota that is used up. Look again, and give up soon.
    Forbidden,
    /// There is no such application or VM (yet, or any more).
    NotFound,
    /// The cloud does not accept who we are.
    Unauthenticated,
    /// Too many requests; wait at least this long if the cloud said so.
    Throttled(Option<Duration>),
    /// The cloud failed or could not be reached.
    Unavailable,
    /// The cloud's answer was not understood, or it did not understand us.
    Protocol,
}

/// What is known about the effect of a request that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It had none.
    None,
    /// It may have happened: look before repeating.
    Unknown,
}

/// How to go on after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Repeating cannot help; an operator must act.
    Never,
    /// After at least this long.
    After(Duration),
    /// After the usual growing pause.
    Backoff,
}

impl BackendError {
    /// How to go on. Always: look again first, then decide again.
    pub const fn retry(&self) -> Retry {
        match self.kind {
            BackendErrorKind::Throttled(Some(pause)) => Retry::After(pause),
            BackendErrorKind::Unauthenticated => Retry::Never,
            BackendErrorKind::Conflict
            | BackendErrorKind::Forbidden
            | BackendErrorKind::NotFound
            | BackendErrorKind::Throttled(None)
            | BackendErrorKind::Unavailable
            | BackendErrorKind::Protocol => Retry::Backoff,
        }
    }

    /// What is known about the effect of the request.
    pub const fn effect(&self) -> Effect {
        match self.kind {
            BackendErrorKind::Unavailable | BackendErrorKind::Protocol => Effect::Unknown,
            BackendErrorKind::Conflict
            | BackendErrorKind::Forbidden
            | BackendErrorKind::NotFound
            | BackendErrorKind::Unauthenticated
            | BackendErrorKind::Throttled(_) => Effect::None,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UpdateDesign(changes) => write!(f, "update the design of {} VMs", changes.len()),
            Self::Publish => f.write_str("publish the updates"),
            Self::Start(nodes) => write!(f, "start {} VMs", nodes.len()),
            Self::PowerOff(nodes) => write!(f, "power off {} VMs", nodes.len()),
            Self::Shutdown(nodes) => write!(f, "shut down {} VMs", nodes.len()),
            Self::ExtendExpiration(by) => write!(f, "extend the expiration to {} s from now", by.as_secs()),
        }
    }
}
