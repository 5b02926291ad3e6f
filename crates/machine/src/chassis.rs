//! The port on which a BMC asks.

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use crate::{BootDevice, BootFlags, BootOverride, NodeId, PowerRequest};

/// What an IPMI command may ask of a node. Implemented by the reconciler, used by the IPMI server.
///
/// A status is answered from an observation no older than a bound; an older one is refreshed first, one
/// request to the cloud for all who wait. An acknowledgement waits for the journal only, never for the cloud:
/// [`Admission::Recorded`] means that it survives a crash. Only a refusal may wait for a fresh look, so that nobody is
/// refused for what was true a moment ago.
pub trait Chassis: Send + Sync + 'static {
    /// The state of the chassis.
    ///
    /// # Errors
    /// [`Denied::CloudUnreachable`] when there is no fresh observation to answer from, [`Denied::NoSuchNode`].
    fn status(&self, node: &NodeId) -> impl Future<Output = Result<ChassisStatus, Denied>> + Send;

    /// Asks for a change of power.
    ///
    /// # Errors
    /// Every variant of [`Denied`].
    fn request_power(
        &self,
        node: &NodeId,
        request: PowerRequest,
        requester: &Requester,
    ) -> impl Future<Output = Result<Admission, Denied>> + Send;

    /// What the node boots from at the next power cycle: the override that holds, or else what the platform
    /// will really do.
    ///
    /// # Errors
    /// As [`Chassis::status`].
    fn boot_setting(&self, node: &NodeId) -> impl Future<Output = Result<BootSetting, Denied>> + Send;

    /// Sets a boot override for the next power cycle, or drops it (`None`).
    ///
    /// # Errors
    /// Every variant of [`Denied`] but [`Denied::NotInPresentState`].
    fn set_boot_override(
        &self,
        node: &NodeId,
        wanted: Option<BootOverride>,
        requester: &Requester,
    ) -> impl Future<Output = Result<Admission, Denied>> + Send;
}

/// Who asked: for the log and the event record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requester {
    /// The BMC user, empty for the null user.
    pub user: String,
    /// Where the datagram came from; absent for requests that did not come over the network.
    pub peer: Option<SocketAddr>,
}

impl fmt::Display for Requester {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.peer {
            Some(peer) => write!(f, "{}@{peer}", self.user),
            None => f.write_str(&self.user),
        }
    }
}

/// The state of a chassis, as Get Chassis Status reports it (`IPMI 2.0 §28.2`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChassisStatus {
    /// Whether the node counts as on.
    pub power_on: bool,
    /// Why the power cannot be controlled as asked, if so: the platform reports a fault, or a request could
    /// not be carried out.
    pub control_fault: Option<String>,
    /// Whether the node was last powered on by a request through its BMC.
    pub last_power_on_by_command: bool,
    /// The platform's own name of the state, for people.
    pub state: String,
    /// How old the observation behind this answer is.
    pub age: Duration,
}

/// What a node boots from next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BootSetting {
    /// An override holds; these are the bytes its client sent.
    Override(BootFlags),
    /// No override holds; the platform boots this device.
    Platform(BootDevice),
}

/// How a request was admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It is in the journal and will be carried out.
    Recorded,
    /// What was asked for already holds, or is already under way; nothing was written.
    AlreadySatisfied,
}

/// Why a request was not admitted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// There is no such node (any more).
    #[error("the VM of this node does not exist")]
    NoSuchNode,
    /// The request makes no sense in the present state, for example a reset of a node that is off.
    #[error("not possible in the present state: {reason}")]
    NotInPresentState {
        /// The state, in words.
        reason: String,
    },
    /// The platform cannot do such a thing, whatever the state.
    #[error("the platform cannot do it: {reason}")]
    NotSupported {
        /// Why.
        reason: String,
    },
    /// The cloud gave no answer, so nothing true can be said.
    #[error("the cloud cannot be reached: {reason}")]
    CloudUnreachable {
        /// What failed.
        reason: String,
    },
    /// The request could not be recorded durably, so it is refused.
    #[error("the request could not be recorded: {reason}")]
    NotRecorded {
        /// What failed.
        reason: String,
    },
}
