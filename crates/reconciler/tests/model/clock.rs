//! Time without a clock, and records without counters: what keeps the number of states finite.
//!
//! All durations of the policy are one tick or nothing. The time is always the same moment; when a tick
//! passes, every time stamp that is kept becomes "long ago", all pauses are over, and looks show what is.
//! A tick can pass at any moment of the loop, so whatever is to happen before and after the end of a pause
//! does. Counters of which only equality matters are kept as "equal" and "not equal"; what is for people is
//! left out.

use std::collections::BTreeMap;
use std::time::Duration;

use machine::{NodeId, PowerRequest};
use reconciler::Policy;
use reconciler::progress::{NodeProgress, Now, Progress};
use reconciler::record::{NodeRecord, Stage, Start, Timestamp};

/// The only duration.
pub const TICK: Duration = Duration::from_secs(1);

/// The only moment.
pub const NOW: Now = Now { wall: Timestamp(1_000_000), up: Duration::from_secs(1000) };

const LONG_AGO: Timestamp = Timestamp(0);

/// How often the cloud may say "forbidden" before a request is given up.
const TRIES: u32 = 2;

/// The production policy with all durations one tick, or nothing.
pub fn policy(tag_delay: bool, coalesce: bool) -> Policy {
    Policy {
        backoff_first: TICK,
        backoff_most: TICK,
        settle: TICK,
        coalesce: if coalesce { TICK } else { Duration::ZERO },
        tag_delay: if tag_delay { TICK } else { Duration::ZERO },
        forbidden_tries: TRIES,
        missing_tries: TRIES,
        min_runtime: Duration::ZERO,
        ..Policy::default()
    }
}

/// A record without what makes no difference.
pub fn canonical_record(mut record: NodeRecord, policy: &Policy) -> NodeRecord {
    record.generation = 0;
    record.powered_on_by_command = false;
    let generation = record.boot.generation;
    let same = |other: u64| u64::from(other == generation);
    record.boot.generation = 1;
    if policy.tag_delay.is_zero() {
        record.boot.since = LONG_AGO;
    }
    if let Some(failure) = &mut record.failure {
        failure.words.clear();
        failure.at = LONG_AGO;
    }
    record.overtaken.on = None;
    record.overtaken.off = None;
    record.overtaken.start = record.overtaken.start.map(same);
    if let Some(power) = &mut record.power {
        power.request = PowerRequest::On;
        power.since = LONG_AGO;
        power.requester.clear();
        power.boot_generation = same(power.boot_generation);
        if let Stage::PowerUp { off_seen, start } = &mut power.stage {
            if policy.coalesce.is_zero() {
                *off_seen = off_seen.map(|_| LONG_AGO);
            }
            if let Start::Sent { boot_generation } = start {
                *boot_generation = same(*boot_generation);
            }
        }
    }
    record
}

/// A memory without what makes no difference.
pub fn canonical_progress(mut progress: Progress) -> Progress {
    let node = |memory: NodeProgress| NodeProgress { refusals: memory.refusals.min(TRIES), ..memory };
    progress.publish = node(progress.publish);
    progress.failures = progress.failures.min(1);
    progress.nodes = progress.nodes.into_iter().map(|(id, memory)| (id, node(memory))).collect();
    progress.nodes.retain(|_, memory| *memory != NodeProgress::default());
    progress
}

/// The records a tick later.
pub fn aged_records(mut records: BTreeMap<NodeId, NodeRecord>) -> BTreeMap<NodeId, NodeRecord> {
    for record in records.values_mut() {
        record.boot.since = LONG_AGO;
        match record.power.as_mut().map(|power| &mut power.stage) {
            Some(Stage::PowerUp { off_seen: Some(at), .. } | Stage::ShutDown { asked: Some(at), .. }) => {
                *at = LONG_AGO;
            }
            Some(Stage::PowerUp { .. } | Stage::ShutDown { .. } | Stage::PowerDown { .. }) | None => {}
        }
    }
    records
}

/// The memory a tick later.
pub fn aged_progress(mut progress: Progress) -> Progress {
    let node = |memory: &mut NodeProgress| {
        memory.not_before = Duration::ZERO;
        memory.wrote = None;
        memory.sent = memory.sent.map(|(what, _)| (what, Duration::ZERO));
    };
    node(&mut progress.publish);
    progress.nodes.values_mut().for_each(node);
    progress.published = None;
    progress.extend_not_before = Duration::ZERO;
    progress.not_before = Duration::ZERO;
    canonical_progress(progress)
}
