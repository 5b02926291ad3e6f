//! What becomes of VMs and applications: stuck, broken, deleted, renamed, recreated, unpublished, expired. Each has a
//! decided outcome that people can see.

use std::time::Duration;

use machine::BootDevice::{Disk, Network};
use machine::{
    Admission, BackendErrorKind, BootSetting, Denied, EventKind, EventLog, Phase, PowerRequest, Step,
};
use reconciler::record::FailureKind;
use reconciler::status::Wait;

use crate::support::fake_cloud::{Guest, epoch};
use crate::support::rig::PERSISTENT_DISK;
use crate::support::{Cause, FakeCloud, Rig, VmSpec, node, persistent};

async fn one(phase: Phase) -> Rig {
    Rig::new(FakeCloud::new([(node(1), VmSpec { phase, ..VmSpec::default() })])).await
}

fn set_phase(rig: &Rig, phase: Phase) {
    rig.cloud.world().vms.get_mut(&node(1)).unwrap().phase = phase;
}

fn failure(rig: &Rig) -> Option<FailureKind> {
    rig.handle.nodes()[&node(1)].failure.as_ref().map(|failure| failure.kind)
}

fn last_event(rig: &Rig) -> EventKind {
    EventLog::record(&rig.handle, &node(1)).events.last().unwrap().kind.clone()
}

/// Waits, and returns how many looks that took.
async fn looks_within(rig: &Rig, time: Duration) -> usize {
    let before = rig.cloud.world().looks;
    tokio::time::sleep(time).await;
    rig.cloud.world().looks - before
}

#[tokio::test(start_paused = true)]
async fn on_and_off_wait_until_a_vm_that_hangs_in_stopping_rests() {
    for (request, boots) in [(PowerRequest::On, 1), (PowerRequest::Off, 0)] {
        let mut rig = one(Phase::Off).await;
        set_phase(&rig, Phase::PoweringOff);
        rig.until_node(&node(1), "stopping", |node| node.phase == Some(Phase::PoweringOff)).await;
        assert_eq!(rig.power(&node(1), request).await, Ok(Admission::Recorded));
        rig.until_node(&node(1), "says why", |node| node.waiting.is_some()).await;
        let looks = looks_within(&rig, Duration::from_secs(1200)).await;
        assert!((200..=260).contains(&looks), "{looks} looks in twenty minutes");
        assert!(rig.cloud.world().attempts.is_empty(), "every request would be refused");
        set_phase(&rig, Phase::Off);
        rig.settled(&node(1)).await;
        rig.world("rests", |world| world.vms[&node(1)].phase != Phase::PoweringOn).await;
        assert_eq!(rig.cloud.boots(&node(1)).len(), boots, "{request}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cycle_of_a_vm_that_is_stopping_is_refused_because_it_is_off() {
    let mut rig = one(Phase::On).await;
    rig.cloud.world().vms.get_mut(&node(1)).unwrap().guest = Guest::Hangs;
    rig.power(&node(1), PowerRequest::Soft).await.unwrap();
    rig.world("stopping", |world| world.vms[&node(1)].phase == Phase::PoweringOff).await;
    // With the shutdown pending it is combined: power off and on again.
    assert_eq!(rig.power(&node(1), PowerRequest::Cycle).await, Ok(Admission::Recorded));
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.boots(&node(1)), [(Cause::Start, Network)]);
    // With nothing pending it is off, and on its way.
    set_phase(&rig, Phase::PoweringOff);
    rig.until_node(&node(1), "stopping", |node| node.phase == Some(Phase::PoweringOff)).await;
    let denied = rig.power(&node(1), PowerRequest::Cycle).await;
    assert!(matches!(denied, Err(Denied::NotInPresentState { .. })), "{denied:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stopped_vm_that_is_updating_is_started_after_it_and_is_off_without_an_off() {
    let mut rig = one(Phase::Off).await;
    rig.until_node(&node(1), "seen", |node| node.phase == Some(Phase::Off)).await;
    set_phase(&rig, Phase::Updating);
    rig.until_node(&node(1), "updating", |node| node.phase == Some(Phase::Updating)).await;
    assert_eq!(rig.power(&node(1), PowerRequest::Off).await, Ok(Admission::AlreadySatisfied));
    let denied = rig.power(&node(1), PowerRequest::Cycle).await;
    assert!(matches!(denied, Err(Denied::NotInPresentState { .. })), "{denied:?}");
    assert_eq!(rig.power(&node(1), PowerRequest::On).await, Ok(Admission::Recorded));
    let transient = Wait::Transient { phase: Phase::Updating };
    rig.until_node(&node(1), "waits", |node| node.waiting.as_ref() == Some(&transient)).await;
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert!(rig.cloud.world().attempts.is_empty());
    set_phase(&rig, Phase::Off);
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.accepted(), [Step::Start(vec![node(1)])]);
}

#[tokio::test(start_paused = true)]
async fn a_fault_refuses_what_needs_a_working_vm_and_names_the_state() {
    for phase in [Phase::Fault, Phase::Unknown] {
        let rig = one(phase).await;
        let state = format!("{phase:?}").to_uppercase();
        for request in [PowerRequest::On, PowerRequest::Soft, PowerRequest::Cycle, PowerRequest::Reset] {
            let Err(Denied::NotInPresentState { reason }) = rig.power(&node(1), request).await else {
                panic!("{request} of a VM in {state}")
            };
            assert!(reason.contains(&state), "{reason}");
        }
        assert!(rig.cloud.world().attempts.is_empty());
        // What it boots from can be set all the same.
        rig.set_boot(&node(1), persistent(Disk)).await.unwrap();
        assert_eq!(rig.boot(&node(1)).await, Ok(BootSetting::Override(PERSISTENT_DISK)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_fault_during_a_power_cycle_ends_it_visibly() {
    let mut rig = one(Phase::On).await;
    rig.power(&node(1), PowerRequest::Cycle).await.unwrap();
    rig.world("stopping", |world| world.vms[&node(1)].phase == Phase::PoweringOff).await;
    rig.cloud.fail(&node(1));
    rig.settled(&node(1)).await;
    assert_eq!(failure(&rig), Some(FailureKind::Fault));
    assert!(matches!(last_event(&rig), EventKind::PowerRequestFailed { .. }));
    let status = rig.status(&node(1)).await.unwrap();
    assert!(status.control_fault.unwrap().contains("FAULT"));
}

#[tokio::test(start_paused = true)]
async fn a_state_nobody_knows_is_waited_out_by_a_request_under_way() {
    let mut rig = one(Phase::Off).await;
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    set_phase(&rig, Phase::Unknown);
    let transient = Wait::Transient { phase: Phase::Unknown };
    rig.until_node(&node(1), "waits", |node| node.waiting.as_ref() == Some(&transient)).await;
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert!(rig.cloud.accepted().is_empty());
    set_phase(&rig, Phase::Off);
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.boots(&node(1)), [(Cause::Start, Network)]);
}

#[tokio::test(start_paused = true)]
async fn an_off_in_a_state_nobody_knows_is_tried_calmly_until_it_is_off() {
    let mut rig = one(Phase::Unknown).await;
    rig.power(&node(1), PowerRequest::Off).await.unwrap();
    rig.until_node(&node(1), "refused", |node| matches!(node.waiting, Some(Wait::Refused { .. }))).await;
    tokio::time::sleep(Duration::from_secs(600)).await;
    let attempts = rig.cloud.world().attempts.len();
    assert!((10..=40).contains(&attempts), "{attempts} attempts in ten minutes");
    set_phase(&rig, Phase::On);
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.phase(&node(1)), Phase::Off);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_vm_refuses_every_request_and_its_event_is_kept() {
    let mut rig = one(Phase::On).await;
    rig.power(&node(1), PowerRequest::Cycle).await.unwrap();
    rig.cloud.world().vms.clear();
    rig.settled(&node(1)).await;
    assert_eq!(failure(&rig), Some(FailureKind::Gone));
    assert_eq!(rig.handle.nodes()[&node(1)].phase, None);
    for request in [PowerRequest::On, PowerRequest::Off, PowerRequest::Soft, PowerRequest::Reset] {
        assert_eq!(rig.power(&node(1), request).await, Err(Denied::NoSuchNode));
    }
    assert_eq!(rig.set_boot(&node(1), persistent(Disk)).await, Err(Denied::NoSuchNode));
    rig.restart().await;
    let EventKind::PowerRequestFailed { reason, .. } = last_event(&rig) else { panic!("no such event") };
    assert!(reason.contains("does not exist"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_renamed_vm_is_the_same_node_with_the_same_intent() {
    let mut rig = one(Phase::On).await;
    rig.set_boot(&node(1), persistent(Disk)).await.unwrap();
    rig.cloud.world().vms.get_mut(&node(1)).unwrap().name = "another name".to_owned();
    rig.power(&node(1), PowerRequest::Cycle).await.unwrap();
    rig.settled(&node(1)).await;
    assert_eq!(rig.handle.nodes()[&node(1)].name, "another name");
    assert_eq!(rig.cloud.boots(&node(1)), [(Cause::Start, Disk)]);
}

#[tokio::test(start_paused = true)]
async fn a_vm_recreated_under_the_same_name_inherits_nothing() {
    let mut rig = one(Phase::On).await;
    rig.set_boot(&node(1), persistent(Disk)).await.unwrap();
    rig.power(&node(1), PowerRequest::Cycle).await.unwrap();
    {
        let mut world = rig.cloud.world();
        let mut vm = world.vms.remove(&node(1)).unwrap();
        vm.design.tag = None;
        world.vms.insert(node(2), vm);
    }
    rig.settled(&node(1)).await;
    assert_eq!(failure(&rig), Some(FailureKind::Gone));
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert_eq!(rig.boot(&node(2)).await, Ok(BootSetting::Platform(Network)));
    assert!(rig.cloud.world().attempts.is_empty(), "{:?}", rig.cloud.world().attempts);
    let names = |number| rig.handle.nodes()[&node(number)].name.clone();
    assert_eq!(names(1), names(2));
}

#[tokio::test(start_paused = true)]
async fn an_application_that_is_unpublished_ends_requests_visibly_and_is_off() {
    let mut rig = one(Phase::On).await;
    rig.power(&node(1), PowerRequest::Cycle).await.unwrap();
    {
        let mut world = rig.cloud.world();
        let vm = world.vms.get_mut(&node(1)).unwrap();
        (vm.phase, vm.deployed) = (Phase::Absent, None);
    }
    rig.settled(&node(1)).await;
    assert_eq!(failure(&rig), Some(FailureKind::Gone));
    assert!(!rig.status(&node(1)).await.unwrap().power_on);
    let denied = rig.power(&node(1), PowerRequest::On).await;
    assert!(matches!(denied, Err(Denied::NotInPresentState { .. })), "{denied:?}");
    assert_eq!(rig.power(&node(1), PowerRequest::Off).await, Ok(Admission::AlreadySatisfied));
    assert!(rig.cloud.accepted().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_application_that_has_expired_is_extended_before_its_vm_is_started() {
    let rig = one(Phase::On).await;
    rig.cloud.world().expires_at = Some(epoch());
    rig.cloud.stop_by_itself(&node(1));
    rig.until_node(&node(1), "off", |node| node.phase == Some(Phase::Off)).await;
    let mut rig = rig;
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.settled(&node(1)).await;
    let runtime = rig.policy.min_runtime;
    assert_eq!(rig.cloud.accepted(), [Step::ExtendExpiration(runtime), Step::Start(vec![node(1)])]);
    assert!(rig.cloud.world().expires_at.unwrap() > epoch() + runtime);
}

#[tokio::test(start_paused = true)]
async fn an_application_that_is_deleted_ends_requests_visibly_and_refuses_new_ones() {
    let mut rig = one(Phase::Off).await;
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.cloud.world().away = Some(BackendErrorKind::NotFound);
    rig.settled(&node(1)).await;
    assert_eq!(failure(&rig), Some(FailureKind::Gone));
    rig.until("says so", |status| status.trouble.is_some()).await;
    assert_eq!(rig.power(&node(1), PowerRequest::On).await, Err(Denied::NoSuchNode));
    assert_eq!(rig.set_boot(&node(1), persistent(Disk)).await, Err(Denied::NoSuchNode));
    assert_eq!(rig.status(&node(1)).await, Err(Denied::NoSuchNode));
    assert!(rig.cloud.accepted().is_empty());
    let looks = looks_within(&rig, Duration::from_secs(600)).await;
    assert!((10..=40).contains(&looks), "{looks} looks in ten minutes");
    // It was the cloud that erred: the node is there as before, and its failure is told once.
    rig.cloud.world().away = None;
    rig.until("over", |status| status.trouble.is_none()).await;
    rig.power(&node(1), PowerRequest::On).await.unwrap_err();
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.boots(&node(1)), [(Cause::Start, Network)]);
}

#[tokio::test(start_paused = true)]
async fn one_look_that_finds_no_application_gives_nothing_up() {
    let mut rig = one(Phase::Off).await;
    rig.cloud.world().away = Some(BackendErrorKind::NotFound);
    let looks = rig.cloud.world().looks;
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.cloud.until("not found", |world| world.looks > looks).await;
    rig.cloud.world().away = None;
    rig.settled(&node(1)).await;
    assert_eq!(failure(&rig), None);
    assert_eq!(rig.cloud.boots(&node(1)), [(Cause::Start, Network)]);
}

#[tokio::test(start_paused = true)]
async fn one_look_that_finds_no_application_denies_nothing_and_makes_a_client_try_again() {
    for before in [0, 6] {
        let mut rig = one(Phase::Off).await;
        rig.until_node(&node(1), "seen", |node| node.phase.is_some()).await;
        // Looks that fail otherwise do not count towards "there is no such application".
        rig.cloud.world().away = Some(BackendErrorKind::Unavailable);
        let looks = rig.cloud.world().looks;
        while rig.cloud.world().looks < looks + before {
            tokio::time::advance(Duration::from_secs(60)).await;
            drop(rig.status(&node(1)).await);
        }
        rig.cloud.world().away = Some(BackendErrorKind::NotFound);
        let looks = rig.cloud.world().looks;
        while rig.cloud.world().looks == looks {
            tokio::time::advance(Duration::from_secs(60)).await;
            drop(rig.status(&node(1)).await);
        }
        assert!(matches!(rig.status(&node(1)).await, Err(Denied::CloudUnreachable { .. })));
        assert_eq!(rig.power(&node(1), PowerRequest::On).await, Ok(Admission::Recorded));
        rig.cloud.world().away = None;
        rig.settled(&node(1)).await;
        assert_eq!(failure(&rig), None);
        assert_eq!(rig.cloud.boots(&node(1)), [(Cause::Start, Network)]);
    }
}

#[tokio::test(start_paused = true)]
async fn two_applications_of_one_name_hold_everything_until_one_is_left() {
    let mut rig = one(Phase::Off).await;
    rig.until_node(&node(1), "seen", |node| node.phase.is_some()).await;
    // The backend never guesses; it says which two there are.
    rig.cloud.world().away = Some(BackendErrorKind::Protocol);
    tokio::time::advance(Duration::from_secs(20)).await;
    assert_eq!(rig.power(&node(1), PowerRequest::On).await, Ok(Admission::Recorded));
    rig.until("says so", |status| status.trouble.as_ref().is_some_and(|words| words.contains("protocol")))
        .await;
    assert!(matches!(rig.status(&node(1)).await, Err(Denied::CloudUnreachable { .. })));
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert!(rig.cloud.world().attempts.is_empty());
    assert!(!rig.handle.nodes()[&node(1)].is_settled(), "nothing is given up");
    rig.cloud.world().away = None;
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.boots(&node(1)), [(Cause::Start, Network)]);
}

#[tokio::test(start_paused = true)]
async fn while_the_cloud_is_away_every_request_is_recorded_and_done_when_it_is_back() {
    for (phase, request, end) in [
        (Phase::Off, PowerRequest::On, Phase::On),
        (Phase::On, PowerRequest::Off, Phase::Off),
        (Phase::On, PowerRequest::Soft, Phase::Off),
        (Phase::On, PowerRequest::Cycle, Phase::On),
    ] {
        let mut rig = one(phase).await;
        rig.until_node(&node(1), "seen", |node| node.phase == Some(phase)).await;
        rig.cloud.world().away = Some(BackendErrorKind::Unavailable);
        tokio::time::advance(Duration::from_secs(20)).await;
        assert_eq!(rig.power(&node(1), request).await, Ok(Admission::Recorded));
        rig.set_boot(&node(1), persistent(Disk)).await.unwrap();
        assert_eq!(rig.boot(&node(1)).await, Ok(BootSetting::Override(PERSISTENT_DISK)), "read back");
        rig.restart().await;
        assert_eq!(
            rig.boot(&node(1)).await,
            Ok(BootSetting::Override(PERSISTENT_DISK)),
            "and after a restart"
        );
        tokio::time::sleep(Duration::from_secs(1800)).await;
        rig.cloud.world().away = None;
        rig.settled(&node(1)).await;
        rig.world("end", |world| world.vms[&node(1)].phase == end).await;
        let from_disk = (Cause::Start, Disk);
        let expected: &[_] = if end == Phase::On { &[from_disk] } else { &[] };
        assert_eq!(rig.cloud.boots(&node(1)), expected, "{request}");
    }
}
