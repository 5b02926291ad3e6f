//! What happened to a node, and the port on which a BMC reads it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use crate::{BootDevice, Denied, NodeId, PowerRequest, Requester};

/// A future behind a pointer: what a port returns that is used through `dyn`.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One thing that happened to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The number of the event: larger than that of every earlier one of this node, and never used again, also
    /// after the record was cleared or the daemon restarted. The first is 1.
    pub number: u64,
    /// When it was noticed.
    pub time: SystemTime,
    /// What it was.
    pub kind: EventKind,
}

/// The kinds of event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// The node was seen on after it had been off. A power cycle is two events.
    PoweredOn {
        /// Who asked for it through the BMC, as [`Requester`] prints; `None` if nobody did.
        requester: Option<String>,
    },
    /// The node was seen off after it had been on.
    PoweredOff {
        /// Who asked for it through the BMC, as [`Requester`] prints; `None` if nobody did.
        requester: Option<String>,
    },
    /// A boot device that was asked for is what the node boots from now.
    BootDeviceApplied {
        /// The device.
        device: BootDevice,
    },
    /// A power request that was acknowledged could not be carried out.
    PowerRequestFailed {
        /// The request.
        request: PowerRequest,
        /// Why, for people.
        reason: String,
    },
    /// Somebody wrote it into the record through the BMC.
    Told {
        /// Who.
        requester: String,
        /// What, in the form of IPMI and for IPMI to understand.
        message: ToldEvent,
    },
}

/// An event in the form of IPMI (`IPMI 2.0 §32`): a record without its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToldEvent {
    /// The type of the record.
    pub kind: u8,
    /// Everything after it. Where the type has a time, that is the event's, and the first four bytes mean nothing.
    pub bytes: [u8; 13],
}

/// The events of one node that are still kept.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct EventRecord {
    /// Oldest first.
    pub events: Vec<Event>,
    /// How many events are kept at most; the oldest make room for new ones.
    pub capacity: usize,
    /// Whether older events made room since the record was last cleared.
    pub overflowed: bool,
    /// When the record was last cleared or an event of it removed; `None` if never.
    pub cleared_at: Option<SystemTime>,
}

/// The record of events, as a BMC sees it: its System Event Log (`IPMI 2.0 §31`).
///
/// Used through `dyn`, because a BMC may have none. Reading is answered from memory, so it neither waits nor fails.
pub trait EventLog: fmt::Debug + Send + Sync + 'static {
    /// Everything that is kept about a node; an empty record for a node that is not known.
    fn record(&self, node: &NodeId) -> EventRecord;

    /// Forgets the events of a node up to and with number `last`, which are those that the caller has seen. When the
    /// future is ready, they will not come back after a crash either.
    ///
    /// # Errors
    /// [`Denied::NotRecorded`], and then nothing is forgotten.
    fn clear<'a>(
        &'a self,
        node: &'a NodeId,
        last: u64,
        requester: &'a Requester,
    ) -> BoxFuture<'a, Result<(), Denied>>;

    /// Adds an event; the oldest makes room if there is none. When the future is ready, it survives a crash. Returns its
    /// number.
    ///
    /// # Errors
    /// [`Denied::NotRecorded`], and then nothing is added.
    fn add<'a>(
        &'a self,
        node: &'a NodeId,
        message: ToldEvent,
        requester: &'a Requester,
    ) -> BoxFuture<'a, Result<u64, Denied>>;

    /// Forgets one event, if it is still there.
    ///
    /// # Errors
    /// [`Denied::NotRecorded`], and then it is not forgotten.
    fn remove<'a>(
        &'a self,
        node: &'a NodeId,
        number: u64,
        requester: &'a Requester,
    ) -> BoxFuture<'a, Result<(), Denied>>;

    /// For how long the node has been on, all in all, as far as it was watched: between the moments at which it was seen to
    /// be on and to be off. `None` for a node that was never seen.
    fn powered_on(&self, node: &NodeId) -> Option<Duration>;
}
