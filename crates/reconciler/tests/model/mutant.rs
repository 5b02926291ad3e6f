//! The production functions, and what is broken on purpose to see whether the checker notices.

use std::collections::BTreeMap;

use machine::{BackendError, BootOverride, NodeId, Observation, Step};
use reconciler::Policy;
use reconciler::admission::{Outcome, PowerAsk, Seen, admit_boot, admit_power};
use reconciler::planner::learn::learn;
use reconciler::planner::{Plan, plan};
use reconciler::progress::{Now, Progress};
use reconciler::record::{NodeRecord, Timestamp};

use crate::clock::NOW;

pub type Records = BTreeMap<NodeId, NodeRecord>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// Production as it is.
    None,
}

impl Mutant {
    pub fn policy(self, policy: Policy) -> Policy {
        policy
    }

    pub fn restart(self, journal: Records) -> Records {
        journal
    }

    pub fn resume(self, records: &Records) -> Progress {
        Progress::resumed(records, NOW.up)
    }

    /// Whether a request is acknowledged before it is in the journal.
    pub fn acknowledges_first(self) -> bool {
        false
    }

    /// Whether looks go on being used after a request or a step.
    pub fn keeps_looks(self) -> bool {
        false
    }

    /// Whether old looks send and settle.
    pub fn uses_old_looks(self) -> bool {
        false
    }

    pub fn admit_power(self, record: &NodeRecord, ask: &PowerAsk, seen: Option<&Seen>) -> Outcome {
        admit_power(record, ask, seen)
    }

    pub fn admit_boot(self, record: &NodeRecord, wanted: Option<BootOverride>, at: Timestamp) -> Outcome {
        admit_boot(record, wanted, at)
    }

    pub fn plan(
        self,
        records: &Records,
        seen: &Observation,
        progress: &Progress,
        policy: &Policy,
        now: Now,
    ) -> Plan {
        plan(records, seen, progress, policy, now)
    }

    pub fn learn(
        self,
        step: &Step,
        outcome: Result<(), &BackendError>,
        records: &Records,
        progress: &mut Progress,
        policy: &Policy,
        now: Now,
    ) -> Records {
        learn(step, outcome, records, progress, policy, now, u32::MAX)
    }
}
