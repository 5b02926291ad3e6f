//! The planner alone: what it may never plan, whatever it is shown, and that it comes to an end.

use machine::{BackendError, BackendErrorKind, BootFlags, BootOverride, IntentTag, Lifetime, PowerRequest};
use proptest::prelude::*;

use super::learn::learn;
use super::*;
use crate::admission::{Outcome, PowerAsk, Seen, admit_boot, admit_power};
use crate::record::{BootRecord, Overtaken, PowerIntent, Rest, Wish};

const PHASES: [Phase; 9] = [
    Phase::Off,
    Phase::PoweringOn,
    Phase::On,
    Phase::Busy,
    Phase::PoweringOff,
    Phase::Updating,
    Phase::Absent,
    Phase::Fault,
    Phase::Unknown,
];

fn node(number: usize) -> NodeId {
    NodeId::new(number.to_string())
}

fn now(seconds: u64) -> Now {
    Now { wall: Timestamp(1_600_000_000_000 + 1000 * seconds), up: Duration::from_secs(seconds) }
}

fn look(phase: Phase, boot: BootDevice) -> NodeObservation {
    NodeObservation {
        name: "vm".to_owned(),
        phase,
        state: format!("{phase:?}"),
        design_boot: boot,
        deployed_boot: (phase != Phase::Absent).then_some(boot),
        tag: None,
        unpublished: Vec::new(),
        stop_timeout: Duration::from_secs(20),
    }
}

fn any_device() -> impl Strategy<Value = BootDevice> {
    prop::sample::select(vec![BootDevice::Disk, BootDevice::Network])
}

fn any_tag() -> impl Strategy<Value = Option<IntentTag>> {
    let lifetime = prop::sample::select(vec![Lifetime::Once, Lifetime::Persistent]);
    prop::option::of((any_device(), lifetime).prop_map(|(device, lifetime)| IntentTag { device, lifetime }))
}

fn any_look() -> impl Strategy<Value = NodeObservation> {
    let phase = prop::sample::select(PHASES.to_vec());
    (phase, any_device(), any_device(), any_tag(), prop::bool::weighted(0.2)).prop_map(
        |(phase, design, deployed, tag, edited)| NodeObservation {
            design_boot: design,
            deployed_boot: (phase != Phase::Absent).then_some(deployed),
            tag,
            unpublished: if edited { vec!["cpus 2 -> 8".to_owned()] } else { Vec::new() },
            ..look(phase, design)
        },
    )
}

fn any_stage() -> impl Strategy<Value = Stage> {
    let then = || prop::sample::select(vec![Then::Rest, Then::PowerUp]);
    let moment = || prop::option::of((0_u64..50).prop_map(|second| now(second).wall));
    let start = prop_oneof![
        Just(Start::NotSent),
        (0_u64..2).prop_map(|boot_generation| Start::Sent { boot_generation }),
        Just(Start::Seen),
    ];
    prop_oneof![
        then().prop_map(|then| Stage::PowerDown { then }),
        (moment(), then()).prop_map(|(asked, then)| Stage::ShutDown { asked, then }),
        (moment(), start).prop_map(|(off_seen, start)| Stage::PowerUp { off_seen, start }),
    ]
}

fn any_boot() -> impl Strategy<Value = BootRecord> {
    let wish = || {
        let flags = prop::option::of(Just(BootFlags([0xe0, 8, 0, 0, 0])));
        prop::option::of((any_device(), flags).prop_map(|(device, flags)| Wish { device, flags }))
    };
    let written = prop_oneof![Just(WrittenTag::Unknown), any_tag().prop_map(WrittenTag::from)];
    (wish(), wish(), prop::option::of(any_device()), prop::option::of(any_device()), written, 0_u64..2)
        .prop_map(|(once, lasting, restore, in_design, tag, generation)| {
            let known = once.is_some() || lasting.is_some() || restore.is_some() || generation > 0;
            BootRecord {
                known,
                generation,
                since: Timestamp::default(),
                once,
                lasting,
                restore,
                in_design,
                tag,
            }
        })
}

fn any_record() -> impl Strategy<Value = NodeRecord> {
    let rest = prop::sample::select(vec![None, Some(Rest::On), Some(Rest::Off)]);
    (prop::option::of(any_stage()), any_boot(), rest).prop_map(|(stage, boot, rest)| {
        let power = stage.map(|stage| PowerIntent {
            request: PowerRequest::Cycle,
            stage,
            boot_generation: 0,
            since: now(0).wall,
            requester: "operator".to_owned(),
        });
        NodeRecord { power, boot, rest, ..NodeRecord::default() }
    })
}

fn any_situation() -> impl Strategy<Value = (BTreeMap<NodeId, NodeRecord>, Observation)> {
    prop::collection::vec((any_record(), any_look()), 1..4).prop_map(|nodes| {
        let mut records = BTreeMap::new();
        let mut seen = Observation { published: true, ..Observation::default() };
        for (number, (record, look)) in nodes.into_iter().enumerate() {
            records.insert(node(number), record);
            seen.nodes.insert(node(number), look);
        }
        (records, seen)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn a_publish_never_restarts_a_vm_that_is_not_off((records, seen) in any_situation()) {
        let plan = plan(&records, &seen, &Progress::default(), &Policy::default(), now(100));
        if plan.steps.contains(&Step::Publish) {
            for (node, look) in &seen.nodes {
                let differs = look.deployed_boot != Some(look.design_boot) || !look.unpublished.is_empty();
                let off = matches!(look.phase, Phase::Off | Phase::Absent);
                prop_assert!(off || !differs, "{node} would be restarted");
            }
        }
    }

    #[test]
    fn no_boot_device_is_written_for_a_vm_that_is_not_off_but_its_own(
        (records, seen) in any_situation(),
    ) {
        let plan = plan(&records, &seen, &Progress::default(), &Policy::default(), now(100));
        for step in &plan.steps {
            let Step::UpdateDesign(changes) = step else { continue };
            for (node, change) in changes {
                let look = &seen.nodes[node];
                let Some(boot) = change.boot else { continue };
                prop_assert!(look.phase == Phase::Off || look.deployed_boot == Some(boot));
            }
        }
    }

    #[test]
    fn a_step_is_sent_only_where_the_platform_accepts_it((records, seen) in any_situation()) {
        let plan = plan(&records, &seen, &Progress::default(), &Policy::default(), now(100));
        for step in &plan.steps {
            let (nodes, phases): (&[NodeId], &[Phase]) = match step {
                Step::Start(nodes) => (nodes, &[Phase::Off]),
                Step::PowerOff(nodes) => (nodes, &[Phase::On, Phase::Fault, Phase::Unknown]),
                Step::Shutdown(nodes) => (nodes, &[Phase::On]),
                Step::UpdateDesign(_) | Step::Publish | Step::ExtendExpiration(_) => continue,
            };
            for node in nodes {
                prop_assert!(phases.contains(&seen.nodes[node].phase), "{step:?}");
            }
        }
    }

    #[test]
    fn there_is_one_step_of_each_kind_and_one_action_for_each_node((records, seen) in any_situation()) {
        let plan = plan(&records, &seen, &Progress::default(), &Policy::default(), now(100));
        let mut kinds = BTreeSet::new();
        let mut acted_on = BTreeSet::new();
        for step in &plan.steps {
            let (kind, nodes): (u8, &[NodeId]) = match step {
                Step::UpdateDesign(_) => (0, &[]),
                Step::Publish => (1, &[]),
                Step::Start(nodes) => (2, nodes),
                Step::PowerOff(nodes) => (3, nodes),
                Step::Shutdown(nodes) => (4, nodes),
                Step::ExtendExpiration(_) => (5, &[]),
            };
            prop_assert!(kinds.insert(kind), "{:?}", plan.steps);
            for node in nodes {
                prop_assert!(acted_on.insert(node), "{node} twice in {:?}", plan.steps);
            }
        }
    }

    /// What is pending is served or waits for a reason that is shown.
    #[test]
    fn every_pending_request_is_served_or_says_why_not((records, seen) in any_situation()) {
        let before = absorb::absorb(&records, &seen, &Progress::default(), &Policy::default(), now(100));
        let plan = plan(&records, &seen, &Progress::default(), &Policy::default(), now(100));
        for (node, record) in &before {
            if record.power.is_some() {
                prop_assert!(plan.waits.contains_key(node), "{node} {record:?}");
            }
        }
    }

    /// Absorbing the same look twice is absorbing it once.
    #[test]
    fn a_look_teaches_nothing_the_second_time((records, seen) in any_situation()) {
        let (progress, policy) = (Progress::default(), Policy::default());
        let once = absorb::absorb(&records, &seen, &progress, &policy, now(100));
        let twice = absorb::absorb(&once, &seen, &progress, &policy, now(100));
        prop_assert_eq!(once, twice);
    }
}

/// What a client or the world does to node 0 in the middle of a run.
#[derive(Clone, Copy, Debug)]
enum Event {
    Power(PowerRequest),
    SetBoot(Option<(BootDevice, Lifetime)>),
    /// The daemon forgets all but its records.
    Crash,
    /// The next step fails like this, with or without its effect.
    Fail(BackendErrorKind, bool),
    /// Somebody starts the VM, if it is off.
    StartedElsewhere,
    Pass,
}

fn any_event() -> impl Strategy<Value = Event> {
    let power = prop::sample::select(vec![
        PowerRequest::On,
        PowerRequest::Off,
        PowerRequest::Soft,
        PowerRequest::Cycle,
        PowerRequest::Reset,
    ]);
    let lifetime = prop::sample::select(vec![Lifetime::Once, Lifetime::Persistent]);
    let kind = prop::sample::select(vec![
        BackendErrorKind::Conflict,
        BackendErrorKind::Forbidden,
        BackendErrorKind::Unavailable,
        BackendErrorKind::Throttled(None),
    ]);
    prop_oneof![
        3 => power.prop_map(Event::Power),
        3 => prop::option::of((any_device(), lifetime)).prop_map(Event::SetBoot),
        1 => Just(Event::Crash),
        1 => (kind, any::<bool>()).prop_map(|(kind, effect)| Event::Fail(kind, effect)),
        1 => Just(Event::StartedElsewhere),
        6 => Just(Event::Pass),
    ]
}

/// The loop without its I/O, around a world in which transient phases last one pass.
struct World {
    records: BTreeMap<NodeId, NodeRecord>,
    seen: Observation,
    progress: Progress,
    second: u64,
    failing: Option<(BackendErrorKind, bool)>,
    starts: usize,
}

impl World {
    fn new(phase: Phase) -> Self {
        let mut seen = Observation { published: true, ..Observation::default() };
        seen.nodes.insert(node(0), look(phase, BootDevice::Network));
        seen.nodes.insert(node(1), look(Phase::On, BootDevice::Network));
        Self {
            records: BTreeMap::new(),
            seen,
            progress: Progress::default(),
            second: 0,
            failing: None,
            starts: 0,
        }
    }

    fn happen(&mut self, event: Event) {
        let at = now(self.second).wall;
        let record = self.records.entry(node(0)).or_default();
        let look = self.seen.nodes.get_mut(&node(0)).unwrap();
        let outcome = match event {
            Event::Power(request) => {
                let seen = Seen { phase: look.phase, state: look.state.clone() };
                admit_power(record, &PowerAsk { request, requester: "operator".to_owned(), at }, Some(&seen))
            }
            Event::SetBoot(wanted) => {
                let flags = BootFlags([0xe0, 8, 0, 0, 0]);
                let wanted = wanted.map(|(device, lifetime)| BootOverride { device, lifetime, flags });
                admit_boot(record, wanted, at)
            }
            Event::Crash => {
                self.progress = Progress::default();
                return;
            }
            Event::Fail(kind, effect) => {
                // A refusal has no effect; a lost reply may have one.
                self.failing = Some((kind, effect && kind == BackendErrorKind::Unavailable));
                return;
            }
            Event::StartedElsewhere => {
                if look.phase == Phase::Off {
                    look.phase = Phase::PoweringOn;
                }
                return;
            }
            Event::Pass => return self.pass(),
        };
        if let Outcome::Record(next) | Outcome::Reported(next, _) = outcome {
            *record = next;
        }
    }

    fn pass(&mut self) {
        let policy = Policy::default();
        self.second += 1;
        for look in self.seen.nodes.values_mut() {
            look.phase = match look.phase {
                Phase::PoweringOn => Phase::On,
                Phase::PoweringOff => Phase::Off,
                phase => phase,
            };
        }
        let plan = plan(&self.records, &self.seen, &self.progress, &policy, now(self.second));
        self.records.extend(plan.records);
        for step in &plan.steps {
            let failing = self.failing.take();
            if failing.is_none_or(|(_, effect)| effect) {
                self.take(step);
            }
            let error = failing.map(|(kind, _)| BackendError {
                operation: step.to_string(),
                reason: "injected".to_owned(),
                kind,
                source: None,
            });
            let outcome = error.as_ref().map_or(Ok(()), Err);
            let changed =
                learn(step, outcome, &self.records, &mut self.progress, &policy, now(self.second), 0);
            self.records.extend(changed);
        }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::UpdateDesign(changes) => {
                for (node, change) in changes {
                    let look = self.seen.nodes.get_mut(node).unwrap();
                    look.design_boot = change.boot.unwrap_or(look.design_boot);
                    look.tag = change.tag.unwrap_or(look.tag);
                }
            }
            Step::Publish => {
                for (node, look) in &mut self.seen.nodes {
                    let touched = look.deployed_boot != Some(look.design_boot);
                    assert!(!touched || look.phase == Phase::Off, "{node} restarted by a publish");
                    look.deployed_boot = Some(look.design_boot);
                }
            }
            Step::Start(nodes) => {
                self.starts += 1;
                self.turn(nodes, Phase::PoweringOn);
            }
            Step::PowerOff(nodes) | Step::Shutdown(nodes) => self.turn(nodes, Phase::PoweringOff),
            Step::ExtendExpiration(_) => {}
        }
    }

    fn turn(&mut self, nodes: &[NodeId], phase: Phase) {
        for node in nodes {
            self.seen.nodes.get_mut(node).unwrap().phase = phase;
        }
    }

    fn is_quiet(&self) -> bool {
        let later = now(self.second + 1);
        let plan = plan(&self.records, &self.seen, &self.progress, &Policy::default(), later);
        plan.steps.is_empty() && !plan.in_flight && plan.wake.is_none()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    /// Whatever happened: when it stops happening, everything is done or has failed, nothing of ours is left
    /// unpublished, and the tag says what is pending.
    #[test]
    fn it_ends(
        phase in prop::sample::select(vec![Phase::On, Phase::Off]),
        events in prop::collection::vec(any_event(), 0..25),
    ) {
        let mut world = World::new(phase);
        for event in &events {
            world.happen(*event);
        }
        let quiet = (0..400).any(|_| {
            world.pass();
            world.is_quiet()
        });
        prop_assert!(quiet, "{:?}", world.records);
        let (record, look) = (&world.records[&node(0)], &world.seen.nodes[&node(0)]);
        prop_assert_eq!(look.deployed_boot, Some(look.design_boot), "nothing of ours lies unpublished");
        if record.boot.known {
            prop_assert_eq!(look.tag, record.boot.tag_beside(deployed(look)));
        }
    }

    /// After "set this device, power cycle" without disturbance the node runs from it, by one start.
    #[test]
    fn a_cycle_boots_what_was_set(
        events in prop::collection::vec(any_event(), 0..15), device in any_device(),
    ) {
        let mut world = World::new(Phase::On);
        for event in events {
            world.happen(event);
        }
        world.failing = None;
        while !(world.is_quiet() && world.seen.nodes[&node(0)].phase.is_resting()) {
            world.pass();
        }
        let starts = world.starts;
        world.happen(Event::SetBoot(Some((device, Lifetime::Persistent))));
        let on = world.seen.nodes[&node(0)].phase == Phase::On;
        let request = if on { PowerRequest::Cycle } else { PowerRequest::On };
        // The first one may only be told of an earlier failure.
        world.happen(Event::Power(request));
        world.happen(Event::Power(request));
        while !world.is_quiet() {
            world.pass();
        }
        let look = &world.seen.nodes[&node(0)];
        prop_assert_eq!((look.phase, look.deployed_boot), (Phase::On, Some(device)));
        prop_assert_eq!(world.starts, starts + 1);
    }
}

/// Found by `it_ends`.
#[test]
fn a_tag_whose_removal_was_lost_is_written_again() {
    let mut world = World::new(Phase::On);
    let disk = Event::SetBoot(Some((BootDevice::Disk, Lifetime::Persistent)));
    world.happen(disk);
    for _ in 0..4 {
        world.happen(Event::Pass);
    }
    world.happen(Event::SetBoot(None));
    world.happen(Event::Fail(BackendErrorKind::Unavailable, true));
    for _ in 0..2 {
        world.happen(Event::Pass);
    }
    world.happen(disk);
    for _ in 0..40 {
        world.happen(Event::Pass);
    }
    let tag = world.seen.nodes[&node(0)].tag;
    assert_eq!(tag, Some(IntentTag { device: BootDevice::Disk, lifetime: Lifetime::Persistent }));
}

proptest! {
    /// A power off, a shutdown, a write, a publish, a start and a tag at most: no record goes round in circles.
    #[test]
    fn what_is_foreseen_comes_to_an_end(record in any_record(), look in prop::option::of(any_look())) {
        let steps = foresee::next_steps(&record, look.as_ref());
        prop_assert!(steps.len() <= 5, "{steps:?}");
        let starts = steps.iter().filter(|step| **step == foresee::NextStep::Start).count();
        prop_assert!(starts <= 1, "{steps:?}");
    }
}

#[test]
fn without_a_look_a_recorded_device_counts_as_not_deployed() {
    let power = PowerIntent {
        request: PowerRequest::Cycle,
        stage: Stage::PowerDown { then: Then::PowerUp },
        boot_generation: 1,
        since: now(0).wall,
        requester: "operator".to_owned(),
    };
    let mut record = NodeRecord { power: Some(power), ..NodeRecord::default() };
    let words = |record: &NodeRecord| {
        foresee::next_steps(record, None).iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(words(&record), "poweroff, start");
    let wish = Wish { device: BootDevice::Disk, flags: Some(BootFlags([0xe0, 8, 0, 0, 0])) };
    record.boot = BootRecord { known: true, generation: 1, lasting: Some(wish), ..BootRecord::default() };
    assert_eq!(words(&record), "poweroff, update, publish, start");
    record.power = None;
    assert_eq!(words(&record), "");
}

/// One node with its record and a look; what is planned for it, and its record afterwards.
fn plan_one(record: NodeRecord, look: NodeObservation, progress: &Progress) -> (Vec<Step>, NodeRecord) {
    let mut seen = Observation { published: true, ..Observation::default() };
    seen.nodes.insert(node(0), look);
    let records = BTreeMap::from([(node(0), record.clone())]);
    let plan = plan(&records, &seen, progress, &Policy::default(), now(100));
    (plan.steps, plan.records.get(&node(0)).cloned().unwrap_or(record))
}

fn intent(stage: Stage) -> Option<PowerIntent> {
    let requester = "operator".to_owned();
    Some(PowerIntent { request: PowerRequest::On, stage, boot_generation: 0, since: now(0).wall, requester })
}

/// The node may have run and gone off again before a look: the client that saw it run has set the disk for the
/// power cycle that it will ask for.
#[test]
fn a_start_that_is_repeated_boots_what_it_was_sent_for() {
    let stage = |boot_generation| Stage::PowerUp {
        off_seen: Some(now(0).wall),
        start: Start::Sent { boot_generation },
    };
    let lasting = Some(Wish { device: BootDevice::Disk, flags: None });
    let boot = BootRecord { known: true, generation: 1, lasting, ..BootRecord::default() };
    let record = NodeRecord { power: intent(stage(0)), boot, ..NodeRecord::default() };
    let (steps, after) = plan_one(record, look(Phase::Off, BootDevice::Network), &Progress::default());
    assert_eq!(steps, [Step::Start(vec![node(0)])]);
    assert_eq!(after.power.unwrap().stage, stage(0), "it is still the start for the device from before");
}

/// It was published by somebody else just before.
#[test]
fn what_was_taken_back_too_late_is_put_in_order() {
    let boot = BootRecord { known: true, in_design: Some(BootDevice::Disk), ..BootRecord::default() };
    let record = NodeRecord { boot, ..NodeRecord::default() };
    let look =
        NodeObservation { deployed_boot: Some(BootDevice::Disk), ..look(Phase::Off, BootDevice::Network) };
    let (steps, _) = plan_one(record, look, &Progress::default());
    let [Step::UpdateDesign(changes)] = &steps[..] else { panic!("{steps:?}") };
    assert_eq!(changes[&node(0)].boot, Some(BootDevice::Disk));
}

#[test]
fn what_we_wrote_and_a_look_did_not_show_is_not_forgotten() {
    let boot = BootRecord { known: true, in_design: Some(BootDevice::Disk), ..BootRecord::default() };
    let record = NodeRecord { boot, ..NodeRecord::default() };
    let wrote = NodeProgress { wrote: Some(now(99).up), ..NodeProgress::default() };
    let progress = Progress { nodes: BTreeMap::from([(node(0), wrote)]), ..Progress::default() };
    let (_, after) = plan_one(record.clone(), look(Phase::Off, BootDevice::Network), &progress);
    assert_eq!(after.boot.in_design, Some(BootDevice::Disk));
    // A start that was sent on such a look is seen together with the write.
    let stage = Stage::PowerUp { off_seen: None, start: Start::Sent { boot_generation: 0 } };
    let look =
        NodeObservation { deployed_boot: Some(BootDevice::Network), ..look(Phase::On, BootDevice::Disk) };
    let (_, after) = plan_one(NodeRecord { power: intent(stage), ..record }, look, &Progress::default());
    assert_eq!(after.boot.in_design, Some(BootDevice::Disk));
}

#[test]
fn after_a_restart_off_proves_nothing_about_a_start_that_was_sent() {
    let stage = Stage::PowerUp { off_seen: None, start: Start::Sent { boot_generation: 0 } };
    let rising = NodeRecord { power: intent(stage), ..NodeRecord::default() };
    let overtaken = NodeRecord {
        power: intent(Stage::PowerDown { then: Then::Rest }),
        overtaken: Overtaken { start: Some(0), ..Overtaken::default() },
        ..NodeRecord::default()
    };
    for record in [rising, overtaken] {
        let records = BTreeMap::from([(node(0), record.clone())]);
        let progress = Progress::resumed(&records, now(99).up);
        let (steps, after) = plan_one(record.clone(), look(Phase::Off, BootDevice::Network), &progress);
        assert_eq!((steps, after.power), (Vec::new(), record.power));
    }
}

#[test]
fn a_one_shot_is_used_once_by_a_start_that_was_overtaken_before_it_was_seen() {
    let mut world = World::new(Phase::On);
    world.happen(Event::Power(PowerRequest::Cycle));
    world.happen(Event::Pass);
    world.happen(Event::SetBoot(Some((BootDevice::Disk, Lifetime::Once))));
    while world.starts == 0 {
        world.happen(Event::Pass);
    }
    assert_eq!(world.seen.nodes[&node(0)].deployed_boot, Some(BootDevice::Disk));
    // Asked for after the boot device was set, so it is another power cycle.
    world.happen(Event::Power(PowerRequest::Cycle));
    while !world.is_quiet() {
        world.pass();
    }
    assert_eq!(world.seen.nodes[&node(0)].deployed_boot, Some(BootDevice::Network));
}

/// A request that came after the look is not shown to the planner, and its node's record neither.
#[test]
fn nothing_is_planned_for_a_node_whose_record_was_not_shown() {
    let tag = Some(IntentTag { device: BootDevice::Network, lifetime: Lifetime::Persistent });
    let mut seen = Observation { published: true, ..Observation::default() };
    seen.nodes.insert(node(0), NodeObservation { tag, ..look(Phase::Off, BootDevice::Network) });
    let (progress, policy) = (Progress::default(), Policy { tag_delay: Duration::ZERO, ..Policy::default() });
    let mut plan = plan(&BTreeMap::new(), &seen, &progress, &policy, now(100));
    assert!(matches!(plan.steps[..], [Step::UpdateDesign(_)]), "a tag without a record is put in order");
    plan.leave_out(&BTreeSet::from([node(0)]));
    assert_eq!((plan.steps, plan.records), (Vec::new(), BTreeMap::new()));
}

#[test]
fn a_one_shot_that_is_set_again_after_its_start_was_sent_is_another_one() {
    let mut world = World::new(Phase::On);
    let once = Event::SetBoot(Some((BootDevice::Disk, Lifetime::Once)));
    world.happen(once);
    world.happen(Event::Power(PowerRequest::Cycle));
    while world.starts == 0 {
        world.happen(Event::Pass);
    }
    world.happen(once);
    while !world.is_quiet() {
        world.pass();
    }
    world.happen(Event::Power(PowerRequest::Cycle));
    while !world.is_quiet() {
        world.pass();
    }
    assert_eq!(world.seen.nodes[&node(0)].deployed_boot, Some(BootDevice::Disk));
}
