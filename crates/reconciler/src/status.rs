//! What people, metrics and tests can see of a reconciler: per node what is pending, since when and why.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use machine::{BootDevice, NodeId, NodeObservation, Phase};

use crate::planner::deployed;
use crate::planner::foresee::{NextStep, next_steps};
use crate::record::{Failure, NodeRecord, PowerIntent, Timestamp};

/// The state of one application's reconciler, published on a watch channel.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ApplicationStatus {
    /// All VMs seen or recorded.
    pub nodes: BTreeMap<NodeId, NodeStatus>,
    /// What is wrong with the cloud or the journal at the moment; work goes on when it ends.
    pub trouble: Option<String>,
    /// Looks at the cloud that were answered.
    pub looks: u64,
    /// Steps that the cloud accepted.
    pub steps: u64,
    /// How often a node's publish began to be held back, or went on to be for another reason.
    pub held_publishes: u64,
}

/// The state of one node.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct NodeStatus {
    /// The VM's name, once it has been seen.
    pub name: String,
    /// The phase at the last look; `None` if the VM was not in it.
    pub phase: Option<Phase>,
    /// Counts the power requests that changed something.
    pub generation: u64,
    /// The power request that is under way.
    pub power: Option<PowerIntent>,
    /// What it boots from without a change; `None` if that has not been seen.
    pub deployed: Option<BootDevice>,
    /// The boot device that waits for the next power cycle.
    pub boot: Option<PendingBoot>,
    /// Why nothing is sent at the moment, if something is pending.
    pub waiting: Option<Wait>,
    /// What will be sent, in order, if nothing comes in between.
    pub next: Vec<NextStep>,
    /// The last request that could not be carried out, until a later one is.
    pub failure: Option<Failure>,
}

/// A boot device that is not deployed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PendingBoot {
    /// What the next power cycle boots from.
    pub device: BootDevice,
    /// When it was asked for.
    pub since: Timestamp,
}

/// Why a node with something pending is not being worked on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Wait {
    /// The platform is in the middle of something.
    Transient {
        /// In what.
        phase: Phase,
    },
    /// The guest goes down by itself; the platform refuses a hard power off until it has waited this long.
    GuestShutdown {
        /// How long the platform waits in all.
        stop_timeout: Duration,
    },
    /// The guest was asked to shut down and still runs.
    GuestAsked {
        /// When it was asked.
        asked: Timestamp,
    },
    /// A publish would restart a running VM.
    PublishHeldBack {
        /// Which ones, and their differences.
        others: Vec<ForeignDifference>,
    },
    /// Others are about to need the same publish.
    Gathering,
    /// A step was accepted and its effect is not visible yet.
    Settling,
    /// The cloud refused a step; it is decided again after a pause.
    Refused {
        /// How often, in a row.
        times: u32,
    },
    /// It is this node's turn: a step goes out in this pass.
    Due,
}

/// A difference between design and deployment of a VM that is not off.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ForeignDifference {
    /// The VM's id.
    pub node: NodeId,
    /// Its name.
    pub name: String,
    /// What a publish would change on it, in words.
    pub differences: Vec<String>,
}

impl NodeStatus {
    /// Whether no power request is under way.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        self.power.is_none()
    }

    /// Shows a record, beside what was seen of the VM if it has been.
    pub(crate) fn take_record(&mut self, record: &NodeRecord, look: Option<&NodeObservation>) {
        if let Some(look) = look {
            self.name.clone_from(&look.name);
            self.phase = Some(look.phase);
            self.deployed = Some(deployed(look));
        }
        self.generation = record.generation;
        self.power.clone_from(&record.power);
        self.failure.clone_from(&record.failure);
        let device = record.boot.wanted().filter(|device| Some(*device) != self.deployed);
        self.boot = device.map(|device| PendingBoot { device, since: record.boot.since });
        if self.power.is_none() {
            self.waiting = None;
        }
        // Most nodes have nothing pending, most of the time.
        let tag_is_written = look
            .is_some_and(|look| !record.boot.tag.differs(record.boot.tag_beside(deployed(look)), look.tag));
        let nothing_to_do =
            self.power.is_none() && record.boot.in_design.is_none() && (tag_is_written || !record.boot.known);
        self.next = if nothing_to_do { Vec::new() } else { next_steps(record, look) };
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transient { phase } => write!(f, "the platform is busy with the VM ({phase:?})"),
            Self::GuestShutdown { stop_timeout } => write!(
                f,
                "the guest is shutting down; the platform refuses a hard power off for up to {} s",
                stop_timeout.as_secs()
            ),
            Self::GuestAsked { .. } => f.write_str("the guest was asked to shut down and still runs"),
            Self::PublishHeldBack { others } => {
                f.write_str("a publish would restart")?;
                for (index, other) in others.iter().enumerate() {
                    let comma = if index == 0 { "" } else { "," };
                    write!(f, "{comma} {} ({})", other.name, other.differences.join(", "))?;
                }
                Ok(())
            }
            Self::Gathering => f.write_str("waiting for other VMs that need the same publish"),
            Self::Settling => f.write_str("waiting for the effect of what was sent"),
            Self::Refused { times } => write!(f, "the cloud refused {times} times; trying again"),
            Self::Due => f.write_str("being sent"),
        }
    }
}
