//! What will be sent for one node if nothing comes in between: the planner itself, played against a platform in the
//! mind that does at once what it is told. So what people are shown cannot differ from what is done.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use machine::{NodeId, NodeObservation, Observation, Phase, Step};

use super::learn::learn;
use super::plan;
use crate::policy::{Policy, PublishRule};
use crate::progress::{Now, Progress};
use crate::record::{NodeRecord, Rest, Stage, Timestamp, WrittenTag};

/// One request that will be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NextStep {
    /// A hard power off.
    PowerOff,
    /// A request to the guest to shut down.
    Shutdown,
    /// A write of boot device and tag, or of one of them, into the design.
    Update,
    /// A publish of the application.
    Publish,
    /// A start.
    Start,
}

/// More steps than any record needs.
const MOST_PASSES: u64 = 16;

/// What will be sent for a node, in order. Empty when nothing is pending, and when what is pending was sent already.
///
/// Without a look nobody knows what is deployed: then a boot device that is recorded counts as one that is not.
#[must_use]
pub fn next_steps(record: &NodeRecord, seen: Option<&NodeObservation>) -> Vec<NextStep> {
    let node = NodeId::new("");
    let mut look = settled(record, seen.cloned().unwrap_or_else(|| remembered(record)));
    let policy = Policy { coalesce: Duration::ZERO, publish: PublishRule::Always, ..Policy::default() };
    let (mut records, mut progress) = (BTreeMap::from([(node.clone(), record.clone())]), Progress::default());
    let mut steps = Vec::new();
    for pass in 0..MOST_PASSES {
        // From pass to pass, more time goes by than any pause lasts.
        let now = Now {
            wall: Timestamp(u64::MAX / 2 + pass * 86_400_000),
            up: Duration::from_secs(86_400).saturating_mul(u32::try_from(pass).unwrap_or(u32::MAX)),
        };
        let nodes = BTreeMap::from([(node.clone(), look.clone())]);
        let seen = Observation { published: true, expires_at: None, nodes };
        let plan = plan(&records, &seen, &progress, &policy, now);
        records.extend(plan.records);
        if plan.steps.is_empty() {
            break;
        }
        for step in &plan.steps {
            steps.extend(NextStep::of(step));
            obey(&mut look, &node, step);
            let learnt = learn(step, Ok(()), &records, &mut progress, &policy, now, 0);
            records.extend(learnt);
        }
    }
    steps
}

/// The look when what is under way now has come to rest.
fn settled(record: &NodeRecord, mut look: NodeObservation) -> NodeObservation {
    let stage = record.power.as_ref().map(|power| power.stage);
    look.stop_timeout = Duration::MAX;
    look.phase = match look.phase {
        Phase::PoweringOff => Phase::Off,
        Phase::PoweringOn | Phase::Busy => Phase::On,
        Phase::Updating => at_rest(record),
        // The guest was asked, and follows.
        Phase::On if matches!(stage, Some(Stage::ShutDown { asked: Some(_), .. })) => Phase::Off,
        phase @ (Phase::Off | Phase::On | Phase::Absent | Phase::Fault | Phase::Unknown) => phase,
    };
    look
}

fn at_rest(record: &NodeRecord) -> Phase {
    let stage = record.power.as_ref().map(|power| power.stage);
    match (record.rest, stage) {
        (_, Some(Stage::PowerUp { off_seen: Some(_), .. })) | (Some(Rest::Off), _) => Phase::Off,
        (Some(Rest::On), _) => Phase::On,
        (None, Some(Stage::PowerUp { .. })) => Phase::Off,
        (None, Some(Stage::PowerDown { .. } | Stage::ShutDown { .. }) | None) => Phase::On,
    }
}

/// What a look would show as far as the record tells.
fn remembered(record: &NodeRecord) -> NodeObservation {
    let boot = &record.boot;
    let deployed = boot.wanted().map_or(machine::BootDevice::Disk, machine::BootDevice::other);
    let tag = match boot.tag {
        WrittenTag::Present(tag) => Some(tag),
        WrittenTag::Absent => None,
        WrittenTag::Unknown => boot.tag_beside(deployed),
    };
    NodeObservation {
        name: String::new(),
        phase: at_rest(record),
        state: String::new(),
        design_boot: boot.in_design.unwrap_or(deployed),
        deployed_boot: Some(deployed),
        tag,
        unpublished: Vec::new(),
        stop_timeout: Duration::MAX,
    }
}

/// The platform does what it is told.
fn obey(look: &mut NodeObservation, node: &NodeId, step: &Step) {
    match step {
        Step::UpdateDesign(changes) => {
            if let Some(change) = changes.get(node) {
                look.design_boot = change.boot.unwrap_or(look.design_boot);
                look.tag = change.tag.unwrap_or(look.tag);
            }
        }
        Step::Publish => look.deployed_boot = Some(look.design_boot),
        Step::Start(_) => look.phase = Phase::On,
        Step::PowerOff(_) | Step::Shutdown(_) => look.phase = Phase::Off,
        Step::ExtendExpiration(_) => {}
    }
}

impl NextStep {
    fn of(step: &Step) -> Option<Self> {
        match step {
            Step::UpdateDesign(_) => Some(Self::Update),
            Step::Publish => Some(Self::Publish),
            Step::Start(_) => Some(Self::Start),
            Step::PowerOff(_) => Some(Self::PowerOff),
            Step::Shutdown(_) => Some(Self::Shutdown),
            Step::ExtendExpiration(_) => None,
        }
    }
}

impl fmt::Display for NextStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PowerOff => "poweroff",
            Self::Shutdown => "shutdown",
            Self::Update => "update",
            Self::Publish => "publish",
            Self::Start => "start",
        })
    }
}
