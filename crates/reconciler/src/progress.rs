//! What a reconciler remembers between two passes and forgets when it ends: what was sent a moment ago, and
//! how often the cloud refused. Nothing here is needed for a right result, only for a calm one.

use std::collections::BTreeMap;
use std::time::Duration;

use machine::NodeId;

use crate::policy::Policy;
use crate::record::{NodeRecord, Timestamp};

/// The two clocks, read together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Now {
    /// The wall clock: for what is recorded or compared with the cloud's times.
    pub wall: Timestamp,
    /// The time since the reconciler began, which never jumps: for pauses.
    pub up: Duration,
}

/// The memory of one application's reconciler. Times are [`Now::up`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Progress {
    /// Per node; absent means nothing to remember.
    pub nodes: BTreeMap<NodeId, NodeProgress>,
    /// Refusals of the publish of the application.
    pub publish: NodeProgress,
    /// When a publish was last sent: its effect may not be visible yet.
    pub published: Option<Duration>,
    /// No extension of the expiration before this.
    pub extend_not_before: Duration,
    /// Failures of the cloud as a whole, in a row.
    pub failures: u32,
    /// No step before this.
    pub not_before: Duration,
}

/// The memory of one node's steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct NodeProgress {
    /// Refusals in a row, of whatever kind.
    pub refusals: u32,
    /// How many of them said "forbidden".
    pub forbidden: u32,
    /// How many of them said that there is no such VM.
    pub missing: u32,
    /// No step before this.
    pub not_before: Duration,
    /// Which power action was sent last, and when: its effect may not be visible yet.
    pub sent: Option<(Sent, Duration)>,
    /// When a boot device was last written into the design.
    pub wrote: Option<Duration>,
}

/// A power action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sent {
    /// A power off.
    PowerOff,
    /// A request to the guest.
    Shutdown,
    /// A start.
    Start,
}

impl Progress {
    /// What is remembered by a reconciler that begins with these records: a start or a write of which it is not known
    /// what became of it may have been sent a moment ago, and a look that does not show it proves nothing yet.
    #[must_use]
    pub fn resumed(records: &BTreeMap<NodeId, NodeRecord>, up: Duration) -> Self {
        let mut progress = Self::default();
        for (node, record) in records {
            let sent = record.has_sent_start().then_some((Sent::Start, up));
            let wrote = record.boot.in_design.map(|_| up);
            if sent.is_some() || wrote.is_some() {
                progress.nodes.insert(node.clone(), NodeProgress { sent, wrote, ..NodeProgress::default() });
            }
        }
        progress
    }

    /// The memory of one node.
    #[must_use]
    pub fn node(&self, node: &NodeId) -> NodeProgress {
        self.nodes.get(node).copied().unwrap_or_default()
    }
}

impl NodeProgress {
    /// When the effect of the action that was sent must be visible, if that is `what` and the moment has not
    /// come.
    #[must_use]
    pub fn settling(&self, what: Sent, policy: &Policy, now: Now) -> Option<Duration> {
        settling(self.sent.filter(|(sent, _)| *sent == what).map(|(_, at)| at), policy, now)
    }

    /// Whether this was the last action that was sent.
    #[must_use]
    pub fn has_sent(&self, what: Sent) -> bool {
        self.sent.is_some_and(|(sent, _)| sent == what)
    }

    /// Until when nothing is sent after a refusal.
    #[must_use]
    pub fn paused(&self, now: Now) -> Option<Duration> {
        (now.up < self.not_before).then_some(self.not_before)
    }
}

/// When the effect of what was sent at this moment must be visible, if that has not come.
#[must_use]
pub fn settling(sent: Option<Duration>, policy: &Policy, now: Now) -> Option<Duration> {
    let settled = sent?.saturating_add(policy.settle);
    (now.up < settled).then_some(settled)
}
