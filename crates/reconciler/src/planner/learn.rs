//! What follows from the outcome of a step: what is remembered until the next look, what is recorded, and
//! what is given up.

use std::collections::BTreeMap;

use machine::{BackendError, BackendErrorKind, Effect, NodeId, Retry, Step};

use super::absorb::fail;
use crate::policy::Policy;
use crate::progress::{NodeProgress, Now, Progress, Sent};
use crate::record::{FailureKind, NodeRecord, Stage, WrittenTag};

/// Notes the outcome of a step in `progress`, and returns the records that change by it. `jitter` is a random
/// number for the length of the pause.
#[must_use]
pub fn learn(
    step: &Step,
    outcome: Result<(), &BackendError>,
    records: &BTreeMap<NodeId, NodeRecord>,
    progress: &mut Progress,
    policy: &Policy,
    now: Now,
    jitter: u32,
) -> BTreeMap<NodeId, NodeRecord> {
    match outcome {
        Ok(()) => accepted(step, records, progress, policy, now),
        Err(error) => match error.kind {
            BackendErrorKind::Conflict | BackendErrorKind::Forbidden | BackendErrorKind::NotFound => {
                refused(step, error, records, progress, policy, now, jitter)
            }
            BackendErrorKind::Unauthenticated
            | BackendErrorKind::Throttled(_)
            | BackendErrorKind::Unavailable
            | BackendErrorKind::Protocol => {
                troubled(step, error, progress, policy, now, jitter);
                BTreeMap::new()
            }
        },
    }
}

fn nodes(step: &Step) -> Vec<&NodeId> {
    match step {
        Step::UpdateDesign(changes) => changes.keys().collect(),
        Step::Start(nodes) | Step::PowerOff(nodes) | Step::Shutdown(nodes) => nodes.iter().collect(),
        Step::Publish | Step::ExtendExpiration(_) => Vec::new(),
    }
}

fn accepted(
    step: &Step,
    records: &BTreeMap<NodeId, NodeRecord>,
    progress: &mut Progress,
    policy: &Policy,
    now: Now,
) -> BTreeMap<NodeId, NodeRecord> {
    progress.failures = 0;
    remember(step, progress, now);
    match step {
        Step::ExtendExpiration(_) => progress.extend_not_before = now.up.saturating_add(policy.extend_pause),
        Step::Publish => {
            progress.publish = NodeProgress::default();
        }
        Step::UpdateDesign(_) | Step::Start(_) | Step::PowerOff(_) | Step::Shutdown(_) => {}
    }
    let mut changed = BTreeMap::new();
    for node in nodes(step) {
        let memory = progress.nodes.entry(node.clone()).or_default();
        *memory = NodeProgress { sent: memory.sent, wrote: memory.wrote, ..NodeProgress::default() };
        let Some(before) = records.get(node) else { continue };
        let mut record = before.clone();
        match step {
            Step::UpdateDesign(changes) => {
                if let Some(tag) = changes.get(node).and_then(|change| change.tag) {
                    record.boot.tag = WrittenTag::from(tag);
                }
            }
            Step::Shutdown(_) => {
                if let Some(power) = &mut record.power
                    && let Stage::ShutDown { asked, .. } = &mut power.stage
                {
                    *asked = Some(now.wall);
                }
            }
            Step::Publish | Step::Start(_) | Step::PowerOff(_) | Step::ExtendExpiration(_) => {}
        }
        if record != *before {
            changed.insert(node.clone(), record);
        }
    }
    changed
}

/// Remembers what was sent, so that it is not repeated before its effect can be seen.
fn remember(step: &Step, progress: &mut Progress, now: Now) {
    let action = match step {
        Step::UpdateDesign(changes) => {
            for (node, _) in changes.iter().filter(|(_, change)| change.boot.is_some()) {
                progress.nodes.entry(node.clone()).or_default().wrote = Some(now.up);
            }
            return;
        }
        Step::Publish => {
            progress.published = Some(now.up);
            return;
        }
        Step::ExtendExpiration(_) => return,
        Step::Start(_) => Sent::Start,
        Step::PowerOff(_) => Sent::PowerOff,
        Step::Shutdown(_) => Sent::Shutdown,
    };
    for node in nodes(step) {
        progress.nodes.entry(node.clone()).or_default().sent = Some((action, now.up));
    }
}

/// The cloud as a whole is in trouble: everything pauses, nothing is given up.
fn troubled(
    step: &Step,
    error: &BackendError,
    progress: &mut Progress,
    policy: &Policy,
    now: Now,
    jitter: u32,
) {
    if error.effect() == Effect::Unknown {
        remember(step, progress, now);
    }
    progress.failures = progress.failures.saturating_add(1);
    progress.not_before = now.up.saturating_add(pause(error, progress.failures, policy, jitter));
    if matches!(step, Step::ExtendExpiration(_)) {
        leave_extension(progress, policy, now);
    }
}

/// A start without an extension is better than none: it is tried again at a later one.
fn leave_extension(progress: &mut Progress, policy: &Policy, now: Now) {
    progress.extend_not_before = now.up.saturating_add(policy.backoff_most.saturating_mul(2));
}

/// Whether a step is sent on behalf of a power request in this stage.
const fn serves(step: &Step, stage: Stage) -> bool {
    match step {
        Step::UpdateDesign(_) | Step::Publish | Step::Start(_) => matches!(stage, Stage::PowerUp { .. }),
        Step::PowerOff(_) => matches!(stage, Stage::PowerDown { .. }),
        Step::Shutdown(_) => matches!(stage, Stage::ShutDown { .. }),
        Step::ExtendExpiration(_) => false,
    }
}

/// How long to leave the cloud alone after a failure.
pub(crate) fn pause(
    error: &BackendError,
    failures: u32,
    policy: &Policy,
    jitter: u32,
) -> std::time::Duration {
    match error.retry() {
        Retry::After(at_least) => at_least.max(policy.backoff(failures, jitter)),
        Retry::Backoff => policy.backoff(failures, jitter),
        // An operator must act; until then a try now and then shows whether that has happened.
        Retry::Never => policy.backoff_most,
    }
}

/// The cloud refused this step: look again, decide again, and give up in the end if that is what it says.
fn refused(
    step: &Step,
    error: &BackendError,
    records: &BTreeMap<NodeId, NodeRecord>,
    progress: &mut Progress,
    policy: &Policy,
    now: Now,
    jitter: u32,
) -> BTreeMap<NodeId, NodeRecord> {
    let mut changed = BTreeMap::new();
    let mut give_up = |node: &NodeId, kind: FailureKind| {
        let Some(mut record) = records.get(node).cloned() else { return };
        // What was asked for in the meantime is not what was refused.
        let Some(power) = record.power.take_if(|power| serves(step, power.stage)) else { return };
        fail(&mut record, &power, kind, &error.to_string(), now);
        changed.insert(node.clone(), record);
    };
    match step {
        Step::ExtendExpiration(_) => leave_extension(progress, policy, now),
        Step::Publish => {
            if let Some(kind) = count(&mut progress.publish, error, policy, now, jitter) {
                progress.publish = NodeProgress::default();
                for (node, record) in records {
                    if record.is_rising() && record.boot.in_design.is_some() {
                        give_up(node, kind);
                    }
                }
            }
        }
        Step::UpdateDesign(_) | Step::Start(_) | Step::PowerOff(_) | Step::Shutdown(_) => {
            for node in nodes(step) {
                let memory = progress.nodes.entry(node.clone()).or_default();
                if let Some(kind) = count(memory, error, policy, now, jitter) {
                    give_up(node, kind);
                    // What is left (a tag, a change to take back) is tried now and then.
                    *memory = NodeProgress {
                        refusals: memory.refusals,
                        not_before: now.up.saturating_add(policy.backoff_most),
                        ..NodeProgress::default()
                    };
                }
            }
        }
    }
    changed
}

/// Counts a refusal; returns the kind of failure if it was one too many.
fn count(
    memory: &mut NodeProgress,
    error: &BackendError,
    policy: &Policy,
    now: Now,
    jitter: u32,
) -> Option<FailureKind> {
    memory.refusals = memory.refusals.saturating_add(1);
    memory.not_before = now.up.saturating_add(policy.backoff(memory.refusals, jitter));
    match error.kind {
        BackendErrorKind::Forbidden => {
            memory.forbidden = memory.forbidden.saturating_add(1);
            (memory.forbidden >= policy.forbidden_tries).then_some(FailureKind::Forbidden)
        }
        BackendErrorKind::NotFound => {
            memory.missing = memory.missing.saturating_add(1);
            (memory.missing >= policy.missing_tries).then_some(FailureKind::Gone)
        }
        BackendErrorKind::Conflict
        | BackendErrorKind::Unauthenticated
        | BackendErrorKind::Throttled(_)
        | BackendErrorKind::Unavailable
        | BackendErrorKind::Protocol => None,
    }
}
