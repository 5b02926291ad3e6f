//! What follows for the records from a look: power requests advance, one-shots are used up, a tag is taken
//! over where nothing is known, and what cannot be carried out ends as a failure.

use std::collections::BTreeMap;

use machine::NodeId;
use machine::{BootDevice, IntentTag, Lifetime, NodeObservation, Observation, Phase};

use super::{deployed, unsettled_start};
use crate::policy::Policy;
use crate::progress::{NodeProgress, Now, Progress, settling};
use crate::record::{
    BootRecord, Failure, FailureKind, NodeRecord, PowerIntent, Rest, Stage, Start, Then, Timestamp, Wish,
    WrittenTag,
};

/// All records as they are after a look: one for every VM seen, and those of VMs that are gone.
#[must_use]
pub fn absorb(
    records: &BTreeMap<NodeId, NodeRecord>,
    seen: &Observation,
    progress: &Progress,
    policy: &Policy,
    now: Now,
) -> BTreeMap<NodeId, NodeRecord> {
    let mut absorbed = BTreeMap::new();
    for (node, look) in &seen.nodes {
        let record = records.get(node).cloned().unwrap_or_default();
        absorbed.insert(node.clone(), absorb_look(record, look, progress.node(node), policy, now));
    }
    for (node, record) in records {
        if !seen.nodes.contains_key(node) {
            absorbed.insert(node.clone(), gone(record.clone(), now));
        }
    }
    absorbed
}

fn gone(mut record: NodeRecord, now: Now) -> NodeRecord {
    if let Some(power) = record.power.take() {
        fail(&mut record, &power, FailureKind::Gone, "the VM does not exist any more", now);
    }
    record
}

fn absorb_look(
    mut record: NodeRecord,
    look: &NodeObservation,
    progress: NodeProgress,
    policy: &Policy,
    now: Now,
) -> NodeRecord {
    record.boot = absorb_boot(record.boot, look, now.wall);
    let was = record.rest;
    record.rest = match look.phase {
        Phase::On => Some(Rest::On),
        Phase::Off | Phase::Absent => Some(Rest::Off),
        Phase::PoweringOn
        | Phase::Busy
        | Phase::PoweringOff
        | Phase::Updating
        | Phase::Fault
        | Phase::Unknown => was,
    };
    let ours = record.power.as_ref().is_some_and(|power| match power.stage {
        Stage::PowerUp { start, .. } => start != Start::NotSent,
        Stage::PowerDown { .. } | Stage::ShutDown { .. } => false,
    });
    if was == Some(Rest::Off) && record.rest == Some(Rest::On) {
        record.powered_on_by_command = ours || record.overtaken.on.is_some();
    }
    let settled_off =
        look.phase == Phase::Off && unsettled_start(progress, look.phase, policy, now).is_none();
    if matches!(look.phase, Phase::PoweringOn | Phase::Busy | Phase::On)
        && record.overtaken.start.take() == Some(record.boot.generation)
    {
        record.boot = record.boot.used();
    }
    if look.phase == Phase::On || settled_off {
        record.overtaken.on = None;
        record.overtaken.start = None;
    }
    if let Some(power) = record.power.take() {
        absorb_power(&mut record, power, look, progress, policy, now);
    }
    if settled_off || record.power.is_none() {
        record.overtaken.off = None;
    }
    // A look may not show a write yet: then, and of a node on its way up, only what was written proves anything.
    let unsure = record.is_rising() || settling(progress.wrote, policy, now).is_some();
    let settled = !unsure || record.boot.in_design == Some(look.design_boot);
    if settled && look.deployed_boot == Some(look.design_boot) {
        record.boot.in_design = None;
    }
    record
}

/// A tag is taken over where nothing was ever recorded.
pub(crate) fn absorb_boot(mut boot: BootRecord, look: &NodeObservation, at: Timestamp) -> BootRecord {
    if !boot.known
        && let Some(IntentTag { device, lifetime }) = look.tag
    {
        let wish = Some(Wish { device, flags: None });
        match lifetime {
            Lifetime::Once => boot.once = wish,
            Lifetime::Persistent => boot.lasting = wish,
        }
        boot.known = true;
        boot.since = at;
        boot.generation = boot.generation.saturating_add(1);
        boot.tag = WrittenTag::Present(IntentTag { device, lifetime });
    }
    boot
}

fn absorb_power(
    record: &mut NodeRecord,
    mut power: PowerIntent,
    look: &NodeObservation,
    progress: NodeProgress,
    policy: &Policy,
    now: Now,
) {
    let off = look.phase == Phase::Off && unsettled_start(progress, look.phase, policy, now).is_none();
    let next = match power.stage {
        Stage::PowerDown { then } => match look.phase {
            Phase::Off if off => Next::after_off(then, now),
            Phase::Absent if then == Then::Rest => Next::Done,
            Phase::Absent => Next::Failed(FailureKind::Gone, "the VM is not published any more".to_owned()),
            Phase::Fault if progress.refusals >= policy.forbidden_tries => faulty(look),
            _ => Next::Stay,
        },
        Stage::ShutDown { asked, then } => match look.phase {
            Phase::Off if off => Next::after_off(then, now),
            Phase::Absent if then == Then::Rest => Next::Done,
            Phase::Absent => Next::Failed(FailureKind::Gone, "the VM is not published any more".to_owned()),
            Phase::Fault => faulty(look),
            Phase::On if asked.is_some_and(|asked| asked.age(now.wall) >= look.stop_timeout) => {
                let waited = look.stop_timeout.as_secs();
                let words = format!("the guest did not shut down within {waited} s");
                Next::Failed(FailureKind::NoShutdown, words)
            }
            _ => Next::Stay,
        },
        Stage::PowerUp { off_seen, start } => match (look.phase, start) {
            (Phase::Absent, _) => {
                Next::Failed(FailureKind::Gone, "the VM is not published any more".to_owned())
            }
            (Phase::Fault, _) => faulty(look),
            (Phase::Off | Phase::PoweringOff, Start::Seen) => Next::Done,
            (Phase::Off, Start::NotSent) if off_seen.is_none() => Next::after_off(Then::PowerUp, now),
            (Phase::PoweringOn | Phase::Busy | Phase::On, Start::NotSent) => {
                started_by_others(record.boot, look, off_seen.is_some())
            }
            (Phase::PoweringOn | Phase::Busy | Phase::On, Start::Sent { boot_generation }) => {
                record.powered_on_by_command = true;
                if boot_generation == record.boot.generation {
                    record.boot = record.boot.used();
                }
                if look.phase == Phase::On {
                    Next::Done
                } else {
                    Next::Go(Stage::PowerUp { off_seen, start: Start::Seen })
                }
            }
            (Phase::On, Start::Seen) => Next::Done,
            _ => Next::Stay,
        },
    };
    match next {
        Next::Stay => record.power = Some(power),
        Next::Go(stage) => {
            power.stage = stage;
            record.power = Some(power);
        }
        Next::Done => record.failure = None,
        Next::Failed(kind, words) => fail(record, &power, kind, &words, now),
    }
}

enum Next {
    Stay,
    Go(Stage),
    Done,
    Failed(FailureKind, String),
}

impl Next {
    const fn after_off(then: Then, now: Now) -> Self {
        match then {
            Then::Rest => Self::Done,
            Then::PowerUp => Self::Go(Stage::PowerUp { off_seen: Some(now.wall), start: Start::NotSent }),
        }
    }
}

fn faulty(look: &NodeObservation) -> Next {
    Next::Failed(FailureKind::Fault, format!("the platform reports the state {}", look.state))
}

/// Running, and we have not sent the start: somebody else has. Nothing is repeated; but a boot device that
/// should have come with this power up has not, and that is said.
fn started_by_others(boot: BootRecord, look: &NodeObservation, was_off: bool) -> Next {
    let missed: Option<BootDevice> = boot.wanted().filter(|device| *device != deployed(look));
    match missed {
        Some(device) if was_off => Next::Failed(
            FailureKind::Overtaken,
            format!("somebody else started the VM before its boot device could be set to {device}"),
        ),
        Some(_) | None => Next::Done,
    }
}

pub(crate) fn fail(record: &mut NodeRecord, power: &PowerIntent, kind: FailureKind, words: &str, now: Now) {
    let words = power.failure_prefix() + words;
    record.failure = Some(Failure { kind, words, at: now.wall, reported: false });
    record.power = None;
}
