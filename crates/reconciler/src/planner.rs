//! Decides what to do next: one pure function of what is recorded, what is seen, what was tried, and the time.
//!
//! A plan holds what follows for the records from what is seen, then at most one step of each kind for all
//! nodes together, and for every node that is not served the reason. The records must be durable before the
//! steps go out; then a crash at any point is safe, because each step is decided by looking:
//!
//! | crash after | the next look shows | what follows |
//! |---|---|---|
//! | power off sent | going off, or off | the power up |
//! | | still on | power off again: it had no effect |
//! | design written | the device in the design | the publish |
//! | publish sent | the device deployed | the start |
//! | start sent | running | done: [`Start::Sent`] says that it was ours |
//! | | still off | start again: it had no effect |
//!
//! Two rules stand above all others. A publish goes out only when it restarts nobody
//! ([`guard`]). A boot device is written into the design only for a node that is off and about to be started;
//! if it is started by somebody else before the publish, the change is taken back.

pub mod absorb;
pub mod foresee;
pub mod guard;
pub mod learn;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use machine::{BootDevice, DesignChange, NodeId, NodeObservation, Observation, Phase, Step};

use crate::policy::{Policy, PublishRule};
use crate::progress::{NodeProgress, Now, Progress, Sent, settling};
use crate::record::{NodeRecord, Stage, Start, Then, Timestamp, WrittenTag};
use crate::status::Wait;

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Plan {
    /// Records that change; to be made durable before anything else is done.
    pub records: BTreeMap<NodeId, NodeRecord>,
    /// What to send, in this order. Each is one request for all nodes that need it.
    pub steps: Vec<Step>,
    /// What each node with something pending is waiting for.
    pub waits: BTreeMap<NodeId, Wait>,
    /// When to plan again at the latest, in [`Now::up`], if a pause ends before anything else happens.
    pub wake: Option<Duration>,
    /// Whether a power request is under way.
    pub in_flight: bool,
    /// Whether all of them wait for other people's changes to go ([`Wait::PublishHeldBack`]), which takes minutes:
    /// looks need not be frequent.
    pub held_back: bool,
}

impl Plan {
    /// Leaves out nodes of which the records were not shown: whatever was planned for them is unfounded.
    ///
    /// No power request was shown, so no step but a write of a tag can be for them.
    pub fn leave_out(&mut self, nodes: &BTreeSet<NodeId>) {
        self.records.retain(|node, _| !nodes.contains(node));
        self.steps.retain_mut(|step| {
            let Step::UpdateDesign(changes) = step else { return true };
            changes.retain(|node, _| !nodes.contains(node));
            !changes.is_empty()
        });
    }
}

/// What one node needs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    PowerOff,
    Shutdown,
    Start,
    /// The boot device is to be written into the design, in place of the deployed one.
    Write {
        device: BootDevice,
        deployed: BootDevice,
    },
    /// The design is written, the deployment not.
    Publish,
    /// Our device is in the design of a node that is not being powered up: the deployed one goes back.
    TakeBack {
        deployed: BootDevice,
    },
    /// The tag in the description is not what it should be.
    Tag,
}

/// Plans the next pass.
#[must_use]
pub fn plan(
    records: &BTreeMap<NodeId, NodeRecord>,
    seen: &Observation,
    progress: &Progress,
    policy: &Policy,
    now: Now,
) -> Plan {
    let absorbed = absorb::absorb(records, seen, progress, policy, now);
    let mut pass = Pass { records: &absorbed, seen, progress, policy, now, plan: Plan::default() };
    pass.decide();
    let mut plan = pass.plan;
    let mut pending = absorbed.iter().filter(|(_, record)| record.power.is_some()).peekable();
    plan.in_flight = pending.peek().is_some();
    plan.held_back = plan.in_flight
        && pending.all(|(node, _)| matches!(plan.waits.get(node), Some(Wait::PublishHeldBack { .. })));
    for (node, record) in &absorbed {
        if records.get(node) != Some(record) {
            plan.records.entry(node.clone()).or_insert_with(|| record.clone());
        }
    }
    plan
}

struct Pass<'a> {
    records: &'a BTreeMap<NodeId, NodeRecord>,
    seen: &'a Observation,
    progress: &'a Progress,
    policy: &'a Policy,
    now: Now,
    plan: Plan,
}

/// One node on the way up that needs a change of boot device.
struct Rising<'a> {
    node: &'a NodeId,
    record: &'a NodeRecord,
    off_seen: Timestamp,
}

impl Pass<'_> {
    fn decide(&mut self) {
        let (records, seen) = (self.records, self.seen);
        let mut needs: Vec<(&NodeId, &NodeObservation, &NodeRecord, Need)> = Vec::new();
        for (node, record) in records {
            let Some(look) = seen.nodes.get(node) else { continue };
            let upkeep = self.upkeep(record, look);
            let power = match need(record, look) {
                Ok(need) => need,
                Err(Wait::GuestShutdown { .. }) if self.progress.node(node).has_sent(Sent::PowerOff) => {
                    self.wait(node, Wait::Transient { phase: look.phase });
                    None
                }
                Err(wait) => {
                    self.wait(node, wait);
                    None
                }
            };
            for need in [upkeep, power].into_iter().flatten() {
                match self.pause(node, look, need) {
                    Some((wait, until)) => {
                        self.wait(node, wait);
                        self.wake_at(until);
                    }
                    None => needs.push((node, look, record, need)),
                }
            }
        }
        if self.now.up < self.progress.not_before {
            for (node, ..) in &needs {
                self.wait(node, Wait::Refused { times: self.progress.failures });
            }
            self.wake_at(self.progress.not_before);
            return;
        }

        let chosen = |wanted: fn(Need) -> bool| -> Vec<NodeId> {
            let due = needs.iter().filter(|(.., need)| wanted(*need));
            self.batch(due.map(|(node, ..)| (*node).clone()).collect())
        };
        let power_off = chosen(|need| need == Need::PowerOff);
        let shutdown = chosen(|need| need == Need::Shutdown);
        let start = chosen(|need| need == Need::Start);

        let mut writes = Vec::new();
        let mut publishes = Vec::new();
        let mut upkeep = BTreeMap::new();
        for &(node, look, record, need) in &needs {
            let off_seen = match record.power.as_ref().map(|power| power.stage) {
                Some(Stage::PowerUp { off_seen, .. }) => off_seen.unwrap_or(self.now.wall),
                _ => self.now.wall,
            };
            let rising = Rising { node, record, off_seen };
            match need {
                Need::Write { device, deployed } => writes.push((rising, device, deployed)),
                Need::Publish => publishes.push(rising),
                Need::TakeBack { deployed } => {
                    let tag = Some(record.boot.tag_beside(deployed));
                    upkeep.insert(node.clone(), DesignChange { boot: Some(deployed), tag });
                }
                Need::Tag => {
                    let tag = Some(record.boot.tag_beside(deployed(look)));
                    upkeep.insert(node.clone(), DesignChange { boot: None, tag });
                }
                Need::PowerOff | Need::Shutdown | Need::Start => {}
            }
            self.plan.waits.insert(node.clone(), Wait::Due);
        }

        let (changes, publish) = self.boot_changes(&writes, &publishes, upkeep);
        if publish {
            self.plan.steps.push(Step::Publish);
        }
        if self.extension_due(&needs.iter().map(|(.., need)| *need).collect::<Vec<_>>()) {
            self.plan.steps.push(Step::ExtendExpiration(self.policy.min_runtime));
        }
        for node in &start {
            self.mark_start(node);
        }
        if !power_off.is_empty() {
            self.plan.steps.push(Step::PowerOff(power_off));
        }
        if !shutdown.is_empty() {
            self.plan.steps.push(Step::Shutdown(shutdown));
        }
        if !start.is_empty() {
            self.plan.steps.push(Step::Start(start));
        }
        for node in changes.keys() {
            self.mark_tag(node);
        }
        if !changes.is_empty() {
            self.plan.steps.push(Step::UpdateDesign(changes));
        }
    }

    /// What to write into the design, and whether to publish: not both in one pass, so that every publish is
    /// decided on a look at what is published.
    fn boot_changes(
        &mut self,
        writes: &[(Rising<'_>, BootDevice, BootDevice)],
        publishes: &[Rising<'_>],
        upkeep: BTreeMap<NodeId, DesignChange>,
    ) -> (BTreeMap<NodeId, DesignChange>, bool) {
        let upkeep = self.batch_changes(upkeep);
        let rising: Vec<&Rising<'_>> =
            writes.iter().map(|(rising, ..)| rising).chain(publishes.iter()).collect();
        if rising.is_empty() {
            return (upkeep, false);
        }
        let starting: BTreeSet<&NodeId> = rising.iter().map(|rising| rising.node).collect();
        let others = guard::foreign_differences(self.seen, &starting);
        let held = self.policy.publish == PublishRule::Guarded && !others.is_empty();
        let gathering = if held { None } else { self.gathering(&rising) };
        if held || gathering.is_some() {
            for rising in &rising {
                let wait =
                    if held { Wait::PublishHeldBack { others: others.clone() } } else { Wait::Gathering };
                self.wait(rising.node, wait);
            }
            if let Some(until) = gathering {
                self.wake_at(until);
            }
            return (upkeep, false);
        }
        let overdue = publishes
            .iter()
            .any(|rising| rising.off_seen.age(self.now.wall) > self.policy.coalesce.saturating_mul(4));
        if !writes.is_empty() && !overdue {
            let mut changes = BTreeMap::new();
            for (rising, device, deployed) in writes {
                let record = mark_write(rising.record, *device, *deployed);
                let tag = Some(record.boot.tag_beside(*device));
                changes.insert(rising.node.clone(), DesignChange { boot: Some(*device), tag });
                self.plan.records.insert(rising.node.clone(), record);
            }
            let mut changes = self.batch_changes(changes);
            changes.extend(upkeep);
            return (changes, false);
        }
        let busy = self
            .progress
            .publish
            .paused(self.now)
            .map(|until| (Wait::Refused { times: self.progress.publish.refusals }, until))
            .or_else(|| {
                let until = settling(self.progress.published, self.policy, self.now)?;
                Some((Wait::Settling, until))
            });
        if let Some((wait, until)) = busy {
            for rising in publishes {
                self.wait(rising.node, wait.clone());
            }
            self.wake_at(until);
            return (upkeep, false);
        }
        (upkeep, true)
    }

    /// Until when to wait for other nodes that will need the same publish, if any are near.
    fn gathering(&self, rising: &[&Rising<'_>]) -> Option<Duration> {
        let since = rising.iter().map(|rising| rising.off_seen).min()?;
        let left =
            self.policy.coalesce.checked_sub(since.age(self.now.wall)).filter(|left| !left.is_zero())?;
        let near = self.records.iter().any(|(node, record)| {
            let stage = record.power.as_ref().map(|power| power.stage);
            let on_its_way = match stage {
                Some(Stage::PowerDown { then: Then::PowerUp }) => true,
                Some(Stage::PowerUp { off_seen: None, .. }) => true,
                Some(Stage::PowerUp { .. } | Stage::PowerDown { .. } | Stage::ShutDown { .. }) | None => {
                    false
                }
            };
            let look = self.seen.nodes.get(node);
            on_its_way
                && look.is_some_and(|look| {
                    let moving = matches!(look.phase, Phase::On | Phase::PoweringOff | Phase::Busy);
                    moving && record.boot.wanted().is_some_and(|device| device != deployed(look))
                })
                && self.progress.node(node).refusals == 0
        });
        near.then(|| self.now.up.saturating_add(left))
    }

    /// Whether the application would stop too soon for what is about to run.
    fn extension_due(&self, needs: &[Need]) -> bool {
        let powering_up = needs.iter().any(|need| matches!(need, Need::Start | Need::Write { .. }));
        let Some(expires_at) = self.seen.expires_at else { return false };
        let left = expires_at.duration_since(SystemTime::from(self.now.wall)).unwrap_or_default();
        powering_up && left < self.policy.min_runtime && self.now.up >= self.progress.extend_not_before
    }

    fn mark_start(&mut self, node: &NodeId) {
        let Some(record) = self.records.get(node) else { return };
        let mut record = record.clone();
        let boot_generation = started_for(&record).unwrap_or(record.boot.generation);
        if let Some(power) = &mut record.power
            && let Stage::PowerUp { start, .. } = &mut power.stage
        {
            *start = Start::Sent { boot_generation };
        }
        self.plan.records.insert(node.clone(), record);
    }

    /// What is to be put in order in the design of a node that is not being powered up.
    fn upkeep(&mut self, record: &NodeRecord, look: &NodeObservation) -> Option<Need> {
        if record.is_rising() {
            return None;
        }
        if let Some(deployed) = ours_to_take_back(record, look) {
            return Some(Need::TakeBack { deployed });
        }
        let tag = record.boot.tag_beside(deployed(look));
        // A node in the middle of a power cycle gets its device in a moment.
        let cycling =
            record.power.as_ref().map(|power| power.stage) == Some(Stage::PowerDown { then: Then::PowerUp });
        if cycling || !record.boot.known || !record.boot.tag.differs(tag, look.tag) {
            return None;
        }
        match self.policy.tag_delay.checked_sub(record.boot.since.age(self.now.wall)) {
            Some(left) if !left.is_zero() => {
                self.wake_at(self.now.up.saturating_add(left));
                None
            }
            Some(_) | None => Some(Need::Tag),
        }
    }

    /// Notes, before it is written, that the tag may be the old one or the new one.
    fn mark_tag(&mut self, node: &NodeId) {
        let marked = self.plan.records.get(node).or_else(|| self.records.get(node)).cloned();
        if let Some(mut record) = marked {
            record.boot.tag = WrittenTag::Unknown;
            self.plan.records.insert(node.clone(), record);
        }
    }

    /// Why a step for this node has to wait, and until when.
    fn pause(&self, node: &NodeId, look: &NodeObservation, need: Need) -> Option<(Wait, Duration)> {
        let progress = self.progress.node(node);
        if let Some(until) = progress.paused(self.now) {
            return Some((Wait::Refused { times: progress.refusals }, until));
        }
        let settling = match need {
            Need::PowerOff => progress.settling(Sent::PowerOff, self.policy, self.now),
            Need::Shutdown => progress.settling(Sent::Shutdown, self.policy, self.now),
            Need::Start => progress.settling(Sent::Start, self.policy, self.now),
            Need::Write { .. } | Need::TakeBack { .. } => settling(progress.wrote, self.policy, self.now),
            // A tag that was written is in the record; the publish is not the node's.
            Need::Tag | Need::Publish => None,
        };
        let settling = settling.or_else(|| unsettled_start(progress, look.phase, self.policy, self.now));
        settling.map(|until| (Wait::Settling, until))
    }

    /// Nodes that were refused go alone, and after the others: one bad one must not hold up a batch.
    fn batch(&self, due: Vec<NodeId>) -> Vec<NodeId> {
        let (clean, suspect): (Vec<_>, Vec<_>) =
            due.into_iter().partition(|node| self.progress.node(node).refusals == 0);
        if clean.is_empty() { suspect.into_iter().take(1).collect() } else { clean }
    }

    fn batch_changes(&self, mut due: BTreeMap<NodeId, DesignChange>) -> BTreeMap<NodeId, DesignChange> {
        let chosen: BTreeSet<NodeId> = self.batch(due.keys().cloned().collect()).into_iter().collect();
        due.retain(|node, _| chosen.contains(node));
        due
    }

    fn wait(&mut self, node: &NodeId, wait: Wait) {
        self.plan.waits.insert(node.clone(), wait);
    }

    fn wake_at(&mut self, at: Duration) {
        self.plan.wake = Some(self.plan.wake.map_or(at, |earlier| earlier.min(at)));
    }
}

/// What the power request of a node needs, or why it has to wait. `Ok(None)` when there is none.
fn need(record: &NodeRecord, look: &NodeObservation) -> Result<Option<Need>, Wait> {
    let transient = Err(Wait::Transient { phase: look.phase });
    let Some(power) = &record.power else { return Ok(None) };
    match (power.stage, look.phase) {
        (Stage::PowerDown { .. }, Phase::On | Phase::Fault | Phase::Unknown) => Ok(Some(Need::PowerOff)),
        (Stage::PowerDown { .. }, Phase::PoweringOff) => {
            Err(Wait::GuestShutdown { stop_timeout: look.stop_timeout })
        }
        (Stage::ShutDown { asked: None, .. }, Phase::On) => Ok(Some(Need::Shutdown)),
        (Stage::ShutDown { asked: Some(asked), .. }, Phase::On) => Err(Wait::GuestAsked { asked }),
        (Stage::PowerUp { start: Start::NotSent | Start::Sent { .. }, .. }, Phase::Off) => {
            Ok(Some(power_up(record, look)))
        }
        // What is left is on its way, or about to be absorbed by the next look.
        (
            Stage::PowerDown { .. } | Stage::ShutDown { .. } | Stage::PowerUp { .. },
            Phase::Off
            | Phase::Absent
            | Phase::On
            | Phase::PoweringOn
            | Phase::Busy
            | Phase::PoweringOff
            | Phase::Updating
            | Phase::Fault
            | Phase::Unknown,
        ) => transient,
    }
}

/// The next step of a power up; the node is off.
fn power_up(record: &NodeRecord, look: &NodeObservation) -> Need {
    if started_for(record).is_some() {
        return Need::Start;
    }
    let deployed = deployed(look);
    match record.boot.wanted() {
        Some(device) if device != deployed => {
            let tag = record.boot.tag_beside(device);
            if look.design_boot == device && !record.boot.tag.differs(tag, look.tag) {
                Need::Publish
            } else {
                Need::Write { device, deployed }
            }
        }
        Some(_) | None => match ours_to_take_back(record, look) {
            Some(deployed) => Need::TakeBack { deployed },
            None => Need::Start,
        },
    }
}

/// [`BootRecord::generation`](crate::record::BootRecord::generation) of a start that was sent for another boot
/// device than the one that is wanted now, which was set after the power request.
///
/// Such a start is repeated as it was. The node may have run before it went off again, and the device that was
/// set meanwhile waits for the next power cycle.
fn started_for(record: &NodeRecord) -> Option<u64> {
    let power = record.power.as_ref()?;
    let wanted = record.boot.generation;
    match power.stage {
        Stage::PowerUp { start: Start::Sent { boot_generation }, .. }
            if boot_generation != wanted && power.boot_generation != wanted =>
        {
            Some(boot_generation)
        }
        Stage::PowerUp { .. } | Stage::PowerDown { .. } | Stage::ShutDown { .. } => None,
    }
}

/// The deployed device, if the design differs from it by what we wrote and no look has shown them equal since.
///
/// Which of the two devices is where does not matter: somebody else may have published what we wrote just
/// before we took it back.
fn ours_to_take_back(record: &NodeRecord, look: &NodeObservation) -> Option<BootDevice> {
    let ours = record.boot.in_design.is_some();
    look.deployed_boot.filter(|deployed| ours && *deployed != look.design_boot)
}

/// A start that was sent a moment ago may not show yet: until then "off" proves nothing.
pub(crate) fn unsettled_start(
    progress: NodeProgress,
    phase: Phase,
    policy: &Policy,
    now: Now,
) -> Option<Duration> {
    if phase == Phase::Off { progress.settling(Sent::Start, policy, now) } else { None }
}

/// What the node boots at its next start; before the first publish, what it will.
pub(crate) fn deployed(look: &NodeObservation) -> BootDevice {
    look.deployed_boot.unwrap_or(look.design_boot)
}

/// Notes, before it is written, what goes into the design and what a one-shot replaces.
fn mark_write(record: &NodeRecord, device: BootDevice, deployed: BootDevice) -> NodeRecord {
    let mut record = record.clone();
    record.boot.in_design = Some(device);
    if record.boot.once.is_some() && record.boot.following().is_none() {
        record.boot.restore = Some(deployed);
    }
    record
}
