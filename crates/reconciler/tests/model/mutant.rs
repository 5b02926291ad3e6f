//! The production functions, and what is broken on purpose to see whether the checker notices.

use std::collections::BTreeMap;

use machine::{
    BackendError, BootOverride, DesignChange, NodeId, NodeObservation, Observation, Phase, PowerRequest, Step,
};
use reconciler::admission::{Outcome, PowerAsk, Seen, admit_boot, admit_power};
use reconciler::planner::learn::learn;
use reconciler::planner::{Plan, plan};
use reconciler::progress::{Now, Progress};
use reconciler::record::{NodeRecord, PowerIntent, Stage, Start, Then, Timestamp};
use reconciler::{Policy, PublishRule};

use crate::clock::NOW;

pub type Records = BTreeMap<NodeId, NodeRecord>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// As it is.
    Production,
    /// A boot device is written and published when it is asked for.
    PublishesAtOnce,
    /// It is written when it is asked for, and published with the next power cycle.
    WritesAtOnce,
    /// It is applied when the guest reboots by itself.
    AppliesOnGuestReboot,
    /// It is forgotten on the way.
    ForgetsDevice,
    /// A publish goes out although it restarts others.
    SkipsGuard,
    /// The start goes out together with the publish.
    StartsBeforePublishIsSeen,
    /// A start that is repeated takes the boot device that was set since.
    RepeatsStartWithNewDevice,
    /// The power request is forgotten when the daemon dies.
    DropsIntentAtRestart,
    /// A request is acknowledged, and is in the journal a moment later.
    AcknowledgesFirst,
    /// A reset that is asked for again while the first is under way is another one.
    RepeatedResetIsNew,
    /// `on` while the power goes off is taken for done.
    DropsOnWhileGoingOff,
    OneShotIsNeverUsedUp,
    OneShotIsUsedUpWhenSent,
    /// A request that overtakes a start makes it forgotten.
    ForgetsOvertakenStart,
    /// Nobody writes down that a start goes out.
    StartIsNotMarked,
    /// A start that was seen may be sent again.
    SeenStartIsRepeated,
    /// The tag goes when the power cycle begins.
    RemovesTagEarly,
    /// On follows off before the node rests.
    DoesNotWaitForRest,
    /// What was written and not published stays, whatever became of the power up.
    NeverTakesBack,
    /// What was sent shows at once, it believes.
    DoesNotSettle,
    /// It believes so after a restart only.
    DoesNotSettleAfterRestart,
    /// Looks that are old send and settle.
    UsesOldLooks,
    /// A request is given up, and nobody is told.
    GivesUpSilently,
}

impl Mutant {
    pub fn policy(self, mut policy: Policy) -> Policy {
        match self {
            Self::SkipsGuard => policy.publish = PublishRule::Always,
            Self::DoesNotSettle => policy.settle = std::time::Duration::ZERO,
            _ => {}
        }
        policy
    }

    pub fn restart(self, mut journal: Records) -> Records {
        if self == Self::DropsIntentAtRestart {
            journal.values_mut().for_each(|record| record.power = None);
        }
        journal
    }

    pub fn resume(self, records: &Records) -> Progress {
        match self {
            Self::DoesNotSettleAfterRestart => Progress::default(),
            _ => Progress::resumed(records, NOW.up),
        }
    }

    pub fn acknowledges_first(self) -> bool {
        self == Self::AcknowledgesFirst
    }

    pub fn uses_old_looks(self) -> bool {
        self == Self::UsesOldLooks
    }

    pub fn applies_on_guest_reboot(self) -> bool {
        self == Self::AppliesOnGuestReboot
    }

    pub fn admit_power(self, record: &NodeRecord, ask: &PowerAsk, seen: Option<&Seen>) -> Outcome {
        let stage = stage(record);
        let is_reset = matches!(ask.request, PowerRequest::Cycle | PowerRequest::Reset);
        let is_going_off = stage == Some(Stage::PowerDown { then: Then::Rest });
        match self {
            Self::RepeatedResetIsNew if is_reset => {
                admit_power(&NodeRecord { power: None, ..record.clone() }, ask, seen)
            }
            Self::DropsOnWhileGoingOff if is_going_off && ask.request == PowerRequest::On => {
                Outcome::AlreadySatisfied
            }
            Self::ForgetsOvertakenStart => match admit_power(record, ask, seen) {
                Outcome::Record(mut next) => {
                    next.overtaken.start = None;
                    Outcome::Record(next)
                }
                other => other,
            },
            _ => admit_power(record, ask, seen),
        }
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
        let mut before = records.clone();
        for record in before.values_mut() {
            let generation = record.boot.generation;
            match self {
                Self::ForgetsDevice => record.boot = Default::default(),
                Self::RepeatsStartWithNewDevice => edit_start(record, |start| match start {
                    Start::Sent { boot_generation } if boot_generation != generation => Start::NotSent,
                    start => start,
                }),
                _ => {}
            }
        }
        let mut plan = plan(&before, seen, progress, policy, now);
        let mut after = before.clone();
        after.extend(plan.records.clone());
        let started: Vec<NodeId> = plan.steps.iter().flat_map(starts).collect();
        for (node, record) in &mut after {
            let (Some(look), before) = (seen.nodes.get(node), before.get(node)) else { continue };
            self.spoil(node, record, before, look, &started, &mut plan.steps);
        }
        after.retain(|node, record| before.get(node) != Some(record));
        plan.records = after;
        plan
    }

    /// Breaks what the plan says about one node.
    fn spoil(
        self,
        node: &NodeId,
        record: &mut NodeRecord,
        before: Option<&NodeRecord>,
        look: &NodeObservation,
        started: &[NodeId],
        steps: &mut Vec<Step>,
    ) {
        let update = |change| Step::UpdateDesign(BTreeMap::from([(node.clone(), change)]));
        let missing = record
            .boot
            .wanted()
            .filter(|device| Some(*device) != look.deployed_boot && look.phase == Phase::On);
        match self {
            Self::PublishesAtOnce | Self::WritesAtOnce if steps.is_empty() => match missing {
                Some(device) if look.design_boot != device => {
                    steps.push(update(DesignChange { boot: Some(device), tag: None }));
                }
                Some(_) if self == Self::PublishesAtOnce => steps.push(Step::Publish),
                Some(_) | None => {}
            },
            Self::StartsBeforePublishIsSeen if steps.contains(&Step::Publish) && record.is_rising() => {
                let boot_generation = record.boot.generation;
                edit_start(record, |_| Start::Sent { boot_generation });
                steps.push(Step::Start(vec![node.clone()]));
            }
            Self::OneShotIsNeverUsedUp => {
                if let Some(before) = before.filter(|before| before.boot.once.is_some()) {
                    record.boot.once = before.boot.once;
                }
            }
            Self::OneShotIsUsedUpWhenSent if started.contains(node) => record.boot = record.boot.used(),
            Self::StartIsNotMarked if started.contains(node) => edit_start(record, |_| Start::NotSent),
            Self::SeenStartIsRepeated => {
                let boot_generation = record.boot.generation;
                edit_start(record, |start| match start {
                    Start::Seen => Start::Sent { boot_generation },
                    start => start,
                });
            }
            Self::RemovesTagEarly
                if look.tag.is_some() && stage(record) == Some(Stage::PowerDown { then: Then::PowerUp }) =>
            {
                steps.push(update(DesignChange { boot: None, tag: Some(None) }));
            }
            Self::NeverTakesBack if !record.is_rising() => {
                for step in steps {
                    if let Step::UpdateDesign(changes) = step
                        && let Some(change) = changes.get_mut(node)
                    {
                        change.boot = None;
                    }
                }
            }
            _ => {}
        }
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
        let mut changes = learn(step, outcome, records, progress, policy, now, u32::MAX);
        match (self, step) {
            (Self::GivesUpSilently, _) => changes.values_mut().for_each(|record| record.failure = None),
            (Self::DoesNotWaitForRest, Step::PowerOff(nodes)) if outcome.is_ok() => {
                for node in nodes {
                    let record = changes.entry(node.clone()).or_insert_with(|| records[node].clone());
                    if let Some(PowerIntent {
                        stage: stage @ Stage::PowerDown { then: Then::PowerUp }, ..
                    }) = &mut record.power
                    {
                        *stage = Stage::PowerUp { off_seen: Some(now.wall), start: Start::NotSent };
                    }
                }
            }
            _ => {}
        }
        changes
    }
}

fn stage(record: &NodeRecord) -> Option<Stage> {
    record.power.as_ref().map(|power| power.stage)
}

fn edit_start(record: &mut NodeRecord, edit: impl FnOnce(Start) -> Start) {
    if let Some(PowerIntent { stage: Stage::PowerUp { start, .. }, .. }) = &mut record.power {
        *start = edit(*start);
    }
}

fn starts(step: &Step) -> Vec<NodeId> {
    match step {
        Step::Start(nodes) => nodes.clone(),
        _ => Vec::new(),
    }
}
