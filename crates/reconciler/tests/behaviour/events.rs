//! The events of a node: what happened to it and who asked for it, once each, whatever the daemon dies at.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use machine::BootDevice::{Disk, Network};
use machine::{
    BackendErrorKind, Chassis, Denied, EventKind, EventLog, NodeId, Phase, PowerRequest, Requester, Step,
};
use reconciler::journal::{Change, Stored};
use reconciler::{Journal, JournalError, MemoryJournal, Policy};

use crate::support::{FakeCloud, Fault, Rig, VmSpec, node, once, persistent, requester};

async fn one(phase: Phase) -> Rig {
    Rig::new(FakeCloud::new([(node(1), VmSpec { phase, ..VmSpec::default() })])).await
}

fn kinds<J: Journal + Clone>(rig: &Rig<J>) -> Vec<EventKind> {
    EventLog::record(&rig.handle, &node(1)).events.into_iter().map(|event| event.kind).collect()
}

fn numbers<J: Journal + Clone>(rig: &Rig<J>) -> Vec<u64> {
    EventLog::record(&rig.handle, &node(1)).events.iter().map(|event| event.number).collect()
}

fn on(by: Option<&str>) -> EventKind {
    EventKind::PoweredOn { requester: by.map(str::to_owned) }
}

fn off(by: Option<&str>) -> EventKind {
    EventKind::PoweredOff { requester: by.map(str::to_owned) }
}

fn by_operator(make: fn(Option<&str>) -> EventKind) -> EventKind {
    make(Some("operator"))
}

async fn as_user(rig: &Rig, user: &str, request: PowerRequest) {
    let requester = Requester { user: user.to_owned(), peer: None };
    rig.handle.request_power(&node(1), request, &requester).await.unwrap();
}

fn is_start(step: &Step) -> bool {
    matches!(step, Step::Start(_))
}

#[tokio::test(start_paused = true)]
async fn a_power_cycle_with_a_boot_device_is_three_events_with_who_and_when() {
    let mut rig = one(Phase::On).await;
    assert!(kinds(&rig).is_empty(), "what it was when first seen is no event");
    rig.set_boot(&node(1), persistent(Disk)).await.unwrap();
    rig.power(&node(1), PowerRequest::Cycle).await.unwrap();
    let asked = rig.cloud.now();
    rig.settled(&node(1)).await;
    let applied = EventKind::BootDeviceApplied { device: Disk };
    assert_eq!(kinds(&rig), [by_operator(off), applied, by_operator(on)]);
    let record = EventLog::record(&rig.handle, &node(1));
    assert!(record.events.iter().all(|event| event.time >= asked && event.time <= rig.cloud.now()));
    assert!(!record.overflowed && record.cleared_at.is_none());
    assert_eq!(record.capacity, Policy::default().events_kept);

    // The same device again is not applied again.
    rig.power(&node(1), PowerRequest::Cycle).await.unwrap();
    rig.settled(&node(1)).await;
    assert_eq!(kinds(&rig)[3..], [by_operator(off), by_operator(on)]);
}

#[tokio::test(start_paused = true)]
async fn a_one_shot_and_its_return_are_both_applied() {
    let mut rig = one(Phase::On).await;
    rig.set_boot(&node(1), once(Disk)).await.unwrap();
    for _ in 0..2 {
        rig.power(&node(1), PowerRequest::Cycle).await.unwrap();
        rig.settled(&node(1)).await;
    }
    let applied = |device| EventKind::BootDeviceApplied { device };
    let cycle = |device| [by_operator(off), applied(device), by_operator(on)];
    assert_eq!(kinds(&rig), [cycle(Disk), cycle(Network)].concat());
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_does_is_said_to_be_asked_by_nobody() {
    let mut rig = one(Phase::On).await;
    rig.until_node(&node(1), "seen", |node| node.phase == Some(Phase::On)).await;
    rig.cloud.stop_by_itself(&node(1));
    rig.until_node(&node(1), "off", |node| node.phase == Some(Phase::Off)).await;
    rig.cloud.start_elsewhere(&node(1));
    rig.until_node(&node(1), "on", |node| node.phase == Some(Phase::On)).await;
    assert_eq!(kinds(&rig), [off(None), on(None)]);
    // A request that found nothing left to do takes no credit.
    rig.cloud.world().vms.get_mut(&node(1)).unwrap().phase = Phase::Off;
    rig.until_node(&node(1), "off", |node| node.phase == Some(Phase::Off)).await;
    rig.cloud.world().vms.get_mut(&node(1)).unwrap().phase = Phase::On;
    tokio::time::advance(Duration::from_secs(5)).await;
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.settled(&node(1)).await;
    assert_eq!(kinds(&rig)[2..], [off(None), on(None)]);
}

#[tokio::test(start_paused = true)]
async fn each_half_of_a_turned_request_names_its_own_requester() {
    let mut rig = one(Phase::On).await;
    as_user(&rig, "first", PowerRequest::Off).await;
    as_user(&rig, "second", PowerRequest::On).await;
    rig.settled(&node(1)).await;
    assert_eq!(kinds(&rig), [off(Some("first")), on(Some("second"))]);

    let mut rig = one(Phase::Off).await;
    as_user(&rig, "first", PowerRequest::On).await;
    rig.world("starting", |world| world.vms[&node(1)].phase == Phase::PoweringOn).await;
    as_user(&rig, "second", PowerRequest::Off).await;
    rig.until_node(&node(1), "on", |node| node.phase == Some(Phase::On)).await;
    assert!(rig.status(&node(1)).await.unwrap().last_power_on_by_command);
    rig.settled(&node(1)).await;
    assert_eq!(kinds(&rig), [on(Some("first")), off(Some("second"))]);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_failed_is_an_event_with_its_reason() {
    let mut rig = one(Phase::Off).await;
    for _ in 0..3 {
        rig.cloud.fault(is_start, Fault::Refuse(BackendErrorKind::Forbidden));
    }
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.settled(&node(1)).await;
    let [EventKind::PowerRequestFailed { request: PowerRequest::On, reason }] = &kinds(&rig)[..] else {
        panic!("{:?}", kinds(&rig));
    };
    assert!(reason.contains("forbidden") && !reason.contains("operator"), "{reason}");
    // Told to a client: no second event.
    rig.power(&node(1), PowerRequest::On).await.unwrap_err();
    assert_eq!(kinds(&rig).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn events_are_bounded_numbered_and_never_numbered_alike_again() {
    let cloud = FakeCloud::new([(node(1), VmSpec::default())]);
    let policy = Policy { events_kept: 4, ..Policy::default() };
    let mut rig = Rig::with(cloud, MemoryJournal::new(), policy).await;
    for _ in 0..3 {
        rig.power(&node(1), PowerRequest::Cycle).await.unwrap();
        rig.settled(&node(1)).await;
    }
    assert_eq!(numbers(&rig), [3, 4, 5, 6]);
    assert!(EventLog::record(&rig.handle, &node(1)).overflowed);

    rig.handle.clear(&node(1), 5, &requester()).await.unwrap();
    let cleared_at = rig.cloud.now();
    for _ in 0..2 {
        let record = EventLog::record(&rig.handle, &node(1));
        assert_eq!((numbers(&rig), record.overflowed), (vec![6], false));
        let cleared = record.cleared_at.unwrap();
        assert!(cleared_at.duration_since(cleared).unwrap() < Duration::from_millis(1));
        // It stays so after a restart.
        rig.restart().await;
    }
    rig.handle.clear(&node(1), 6, &requester()).await.unwrap();
    rig.restart().await;
    rig.power(&node(1), PowerRequest::Cycle).await.unwrap();
    rig.settled(&node(1)).await;
    assert_eq!(numbers(&rig), [7, 8]);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_not_known_has_no_events() {
    let rig = one(Phase::On).await;
    let record = EventLog::record(&rig.handle, &node(9));
    assert!(record.events.is_empty() && record.capacity > 0);
}

#[tokio::test(start_paused = true)]
async fn a_clear_that_cannot_be_recorded_forgets_nothing() {
    let journal = FragileJournal::default();
    let cloud = FakeCloud::new([(node(1), VmSpec::default())]);
    let mut rig = Rig::with(cloud, journal.clone(), Policy::default()).await;
    rig.power(&node(1), PowerRequest::Cycle).await.unwrap();
    rig.settled(&node(1)).await;
    journal.plan.lock().unwrap().accident = Some((1, Accident::Refuse));
    let refused = rig.handle.clear(&node(1), 2, &requester()).await;
    assert!(matches!(refused, Err(Denied::NotRecorded { .. })), "{refused:?}");
    assert_eq!(numbers(&rig), [1, 2]);
}

/// What happens at a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Accident {
    /// The daemon dies before anything is written.
    DieBefore,
    /// The daemon dies when it is written.
    DieAfter,
    /// It is not written, and that is said.
    Refuse,
    /// It is written, and the opposite is said.
    Lie,
}

/// A journal that has one accident at one commit, counted from now.
#[derive(Clone, Default)]
struct FragileJournal {
    inner: MemoryJournal,
    plan: Arc<Mutex<Accidents>>,
}

#[derive(Default)]
struct Accidents {
    accident: Option<(usize, Accident)>,
    cloud: Option<FakeCloud>,
}

impl FragileJournal {
    fn next(&self) -> Option<(Accident, Option<FakeCloud>)> {
        let mut plan = self.plan.lock().unwrap();
        let (left, accident) = plan.accident?;
        plan.accident = (left > 1).then_some((left - 1, accident));
        (left == 1).then(|| (accident, plan.cloud.clone()))
    }
}

impl Journal for FragileJournal {
    async fn load(&self, application: &str) -> Result<BTreeMap<NodeId, Stored>, JournalError> {
        self.inner.load(application).await
    }

    async fn commit(&self, application: &str, changes: Vec<Change>) -> Result<(), JournalError> {
        let next = self.next();
        let accident = next.as_ref().map(|(accident, _)| *accident);
        if !matches!(accident, Some(Accident::DieBefore | Accident::Refuse)) {
            self.inner.commit(application, changes).await?;
        }
        match next {
            Some((Accident::DieBefore | Accident::DieAfter, cloud)) => {
                cloud.unwrap().kill_daemon();
                std::future::pending().await
            }
            Some((Accident::Refuse | Accident::Lie, _)) => {
                let source = Box::new(std::io::Error::other("accident"));
                Err(JournalError::NotWritten { place: "memory".to_owned(), source })
            }
            None => Ok(()),
        }
    }
}

/// A device, a power cycle, an off and an on: asked for again if the daemon died or refused before it said yes.
async fn history<J: Journal + Clone>(rig: &mut Rig<J>) {
    let (node, requester) = (node(1), requester());
    loop {
        let handle = rig.handle.clone();
        let question = handle.set_boot_override(&node, persistent(Disk), &requester);
        if let Some(Ok(_)) = rig.attempt(question).await {
            break;
        }
    }
    for request in [PowerRequest::Cycle, PowerRequest::Off, PowerRequest::On] {
        loop {
            let handle = rig.handle.clone();
            if let Some(Ok(_)) = rig.attempt(handle.request_power(&node, request, &requester)).await {
                break;
            }
        }
        rig.settled(&node).await;
    }
}

/// What must be there after it. A power cycle whose acknowledgement was lost may have been done twice.
fn check<J: Journal + Clone>(rig: &Rig<J>, point: &str) {
    let kinds = kinds(rig);
    let applied = EventKind::BootDeviceApplied { device: Disk };
    let cycle = [by_operator(off), applied, by_operator(on)];
    let (first, rest) = kinds.split_at(3);
    assert_eq!(first, cycle, "{point}: {kinds:?}");
    assert!(rest.len() == 2 || rest.len() == 4, "{point}: {kinds:?}");
    for pair in rest.chunks(2) {
        assert_eq!(pair, [by_operator(off), by_operator(on)], "{point}: {kinds:?}");
    }
    // As many as really happened, numbered without a gap.
    assert_eq!(
        rig.cloud.boots(&node(1)).len(),
        kinds.iter().filter(|kind| **kind == by_operator(on)).count()
    );
    assert_eq!(numbers(rig), (1..).take(kinds.len()).collect::<Vec<u64>>(), "{point}");
}

#[tokio::test(start_paused = true)]
async fn events_are_neither_lost_nor_doubled_whatever_commit_goes_wrong() {
    for accident in [Accident::DieBefore, Accident::DieAfter, Accident::Refuse, Accident::Lie] {
        let mut points = 0;
        for at in 1..200 {
            let cloud = FakeCloud::new([(node(1), VmSpec::default())]);
            let journal = FragileJournal::default();
            *journal.plan.lock().unwrap() =
                Accidents { accident: Some((at, accident)), cloud: Some(cloud.clone()) };
            let mut rig = Rig::with(cloud, journal.clone(), Policy::default()).await;
            history(&mut rig).await;
            if journal.plan.lock().unwrap().accident.is_some() {
                break;
            }
            points += 1;
            check(&rig, &format!("{accident:?} at commit {at}"));
        }
        assert!((10..199).contains(&points), "{points} points");
    }
}

#[tokio::test(start_paused = true)]
async fn events_are_neither_lost_nor_doubled_whatever_call_the_daemon_dies_at() {
    for with_effect in [true, false] {
        let mut points = 0;
        for at in 1..200 {
            let cloud = FakeCloud::new([(node(1), VmSpec::default())]);
            cloud.world().crash = Some((at, with_effect));
            let mut rig = Rig::new(cloud).await;
            history(&mut rig).await;
            if rig.cloud.world().crash.is_some() {
                break;
            }
            points += 1;
            check(&rig, &format!("call {at}, effect {with_effect}"));
        }
        assert!((10..199).contains(&points), "{points} points");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_told_through_the_bmc_is_kept_among_the_others_and_can_be_removed() {
    let mut rig = one(Phase::Off).await;
    let message = machine::ToldEvent { kind: 0x02, bytes: [7; 13] };
    let number = rig.handle.add(&node(1), message, &requester()).await.unwrap();
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.settled(&node(1)).await;
    let told = EventKind::Told { requester: requester().to_string(), message };
    assert_eq!(kinds(&rig), [told, by_operator(on)]);
    assert_eq!((number, numbers(&rig)), (1, vec![1, 2]));

    rig.handle.remove(&node(1), 1, &requester()).await.unwrap();
    assert_eq!(numbers(&rig), [2]);
    rig.handle.remove(&node(1), 1, &requester()).await.unwrap();
    assert_eq!(numbers(&rig), [2], "it was gone already");
    assert!(EventLog::record(&rig.handle, &node(1)).cleared_at.is_some());
}

#[tokio::test(start_paused = true)]
async fn time_on_grows_while_a_node_is_on_and_stands_while_it_is_off() {
    let mut rig = one(Phase::On).await;
    rig.power(&node(1), PowerRequest::Off).await.unwrap();
    rig.settled(&node(1)).await;
    let off = rig.handle.powered_on(&node(1)).unwrap();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(rig.handle.powered_on(&node(1)), Some(off));
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.settled(&node(1)).await;
    let begun = rig.handle.powered_on(&node(1)).unwrap();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(rig.handle.powered_on(&node(1)), Some(begun + Duration::from_secs(3600)));
    assert_eq!(rig.handle.powered_on(&node(9)), None, "never seen");
}
