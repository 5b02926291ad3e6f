//! Power: requests become steps, refusals become looks, and what cannot be done is said.

use std::time::Duration;

use machine::{Admission, BackendErrorKind, Denied, Phase, PowerRequest, Step};
use reconciler::record::FailureKind;
use reconciler::{MemoryJournal, Policy};

use crate::support::fake_cloud::{Guest, epoch};
use crate::support::{Cause, FakeCloud, Fault, Rig, VmSpec, node};
use machine::BootDevice::Network;

fn is_start(step: &Step) -> bool {
    matches!(step, Step::Start(_))
}

fn is_power_off(step: &Step) -> bool {
    matches!(step, Step::PowerOff(_))
}

fn is_extend(step: &Step) -> bool {
    matches!(step, Step::ExtendExpiration(_))
}

async fn one(phase: Phase) -> Rig {
    Rig::new(FakeCloud::new([(node(1), VmSpec { phase, ..VmSpec::default() })])).await
}

#[tokio::test(start_paused = true)]
async fn on_starts_a_node_that_is_off() {
    let mut rig = one(Phase::Off).await;
    assert_eq!(rig.power(&node(1), PowerRequest::On).await, Ok(Admission::Recorded));
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.accepted(), [Step::Start(vec![node(1)])]);
    assert!(rig.status(&node(1)).await.unwrap().last_power_on_by_command);
}

#[tokio::test(start_paused = true)]
async fn hard_off_is_a_power_off() {
    let mut rig = one(Phase::On).await;
    rig.power(&node(1), PowerRequest::Off).await.unwrap();
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.accepted(), [Step::PowerOff(vec![node(1)])]);
    assert_eq!(rig.cloud.phase(&node(1)), Phase::Off);
}

#[tokio::test(start_paused = true)]
async fn soft_off_asks_the_guest_once() {
    let mut rig = one(Phase::On).await;
    rig.power(&node(1), PowerRequest::Soft).await.unwrap();
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.accepted(), [Step::Shutdown(vec![node(1)])]);
}

#[tokio::test(start_paused = true)]
async fn cycle_and_reset_are_power_off_and_start() {
    for request in [PowerRequest::Cycle, PowerRequest::Reset] {
        let mut rig = one(Phase::On).await;
        rig.power(&node(1), request).await.unwrap();
        rig.settled(&node(1)).await;
        assert_eq!(rig.cloud.accepted(), [Step::PowerOff(vec![node(1)]), Step::Start(vec![node(1)])]);
        assert_eq!(rig.cloud.boots(&node(1)), [(Cause::Start, Network)]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_holds_already_is_acknowledged_and_nothing_is_sent() {
    let rig = one(Phase::On).await;
    assert_eq!(rig.power(&node(1), PowerRequest::On).await, Ok(Admission::AlreadySatisfied));
    let off = one(Phase::Off).await;
    assert_eq!(off.power(&node(1), PowerRequest::Off).await, Ok(Admission::AlreadySatisfied));
    assert_eq!(off.power(&node(1), PowerRequest::Soft).await, Ok(Admission::AlreadySatisfied));
    assert!(rig.cloud.accepted().is_empty() && off.cloud.accepted().is_empty());
}

#[tokio::test(start_paused = true)]
async fn cycle_and_reset_of_a_node_that_is_off_are_denied() {
    let rig = one(Phase::Off).await;
    for request in [PowerRequest::Cycle, PowerRequest::Reset] {
        let denied = rig.power(&node(1), request).await;
        assert!(matches!(denied, Err(Denied::NotInPresentState { .. })), "{denied:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_never_published_cannot_be_powered_on() {
    let rig = one(Phase::Absent).await;
    let denied = rig.power(&node(1), PowerRequest::On).await;
    assert!(matches!(denied, Err(Denied::NotInPresentState { .. })), "{denied:?}");
}

#[tokio::test(start_paused = true)]
async fn a_vm_that_does_not_exist_is_no_node() {
    let rig = one(Phase::On).await;
    assert_eq!(rig.power(&node(9), PowerRequest::On).await, Err(Denied::NoSuchNode));
    assert_eq!(rig.status(&node(9)).await, Err(Denied::NoSuchNode));
    assert_eq!(rig.boot(&node(9)).await, Err(Denied::NoSuchNode));
}

#[tokio::test(start_paused = true)]
async fn off_then_on_before_off_is_done_is_one_power_cycle() {
    let mut rig = one(Phase::On).await;
    rig.power(&node(1), PowerRequest::Off).await.unwrap();
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.accepted(), [Step::PowerOff(vec![node(1)]), Step::Start(vec![node(1)])]);
}

#[tokio::test(start_paused = true)]
async fn a_repeated_reset_in_a_new_session_is_the_same_reset() {
    let mut rig = one(Phase::On).await;
    assert_eq!(rig.power(&node(1), PowerRequest::Reset).await, Ok(Admission::Recorded));
    // Ironic repeats up to six times; here one at each stage of the first.
    let stages = [Phase::On, Phase::PoweringOff, Phase::Off, Phase::PoweringOn];
    for phase in stages {
        rig.world("phase", |world| world.vms[&node(1)].phase == phase).await;
        assert_eq!(
            rig.power(&node(1), PowerRequest::Reset).await,
            Ok(Admission::AlreadySatisfied),
            "{phase:?}"
        );
    }
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.count(is_power_off), 1);
    assert_eq!(rig.cloud.count(is_start), 1);
}

#[tokio::test(start_paused = true)]
async fn on_after_a_pending_cycle_changes_nothing() {
    let mut rig = one(Phase::On).await;
    rig.power(&node(1), PowerRequest::Cycle).await.unwrap();
    assert_eq!(rig.power(&node(1), PowerRequest::On).await, Ok(Admission::AlreadySatisfied));
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.count(is_start), 1);
}

#[tokio::test(start_paused = true)]
async fn off_after_a_pending_cycle_leaves_the_node_off() {
    let mut rig = one(Phase::On).await;
    rig.power(&node(1), PowerRequest::Cycle).await.unwrap();
    rig.power(&node(1), PowerRequest::Off).await.unwrap();
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.phase(&node(1)), Phase::Off);
    assert_eq!(rig.cloud.count(is_start), 0);
}

#[tokio::test(start_paused = true)]
async fn off_while_the_node_is_being_started_powers_it_off_when_it_runs() {
    let mut rig = one(Phase::Off).await;
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.world("starting", |world| world.vms[&node(1)].phase == Phase::PoweringOn).await;
    rig.power(&node(1), PowerRequest::Off).await.unwrap();
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.phase(&node(1)), Phase::Off);
    assert_eq!(rig.cloud.count(is_power_off), 1);
}

#[tokio::test(start_paused = true)]
async fn hard_off_waits_until_a_hanging_guest_shutdown_ends_and_says_so() {
    let mut rig = one(Phase::On).await;
    rig.cloud.world().vms.get_mut(&node(1)).unwrap().guest = Guest::Hangs;
    rig.power(&node(1), PowerRequest::Soft).await.unwrap();
    rig.world("stopping", |world| world.vms[&node(1)].phase == Phase::PoweringOff).await;
    rig.power(&node(1), PowerRequest::Off).await.unwrap();
    rig.until_node(&node(1), "waiting for the guest", |node| {
        node.waiting.as_ref().is_some_and(|wait| wait.to_string().contains("180 s"))
    })
    .await;
    assert_eq!(rig.cloud.count(is_power_off), 0);
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.phase(&node(1)), Phase::Off);
    assert_eq!(rig.cloud.count(is_power_off), 1);
}

#[tokio::test(start_paused = true)]
async fn a_guest_that_does_not_follow_ends_the_soft_off_visibly() {
    let mut rig = one(Phase::On).await;
    rig.cloud.world().vms.get_mut(&node(1)).unwrap().guest = Guest::Hangs;
    rig.power(&node(1), PowerRequest::Soft).await.unwrap();
    rig.settled(&node(1)).await;
    let failure = rig.handle.nodes()[&node(1)].failure.clone().unwrap();
    assert_eq!(failure.kind, FailureKind::NoShutdown);
    assert_eq!(rig.cloud.accepted().len(), 1, "asked once");
    let status = rig.status(&node(1)).await.unwrap();
    assert!(status.power_on && status.control_fault.is_some(), "{status:?}");
}

#[tokio::test(start_paused = true)]
async fn a_conflict_means_look_again_and_decide_again() {
    let mut rig = one(Phase::Off).await;
    rig.cloud.fault(is_start, Fault::Refuse(BackendErrorKind::Conflict));
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.cloud.until("refused", |world| world.attempts.len() == 1).await;
    // Somebody else starts it in the meantime: there is nothing left to do.
    rig.cloud.start_elsewhere(&node(1));
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.boots(&node(1)).len().max(1), 1);
    assert_eq!(rig.cloud.count(is_start), 0);
}

#[tokio::test(start_paused = true)]
async fn a_quota_ends_the_request_soon_and_the_next_one_is_told() {
    let mut rig = one(Phase::Off).await;
    for _ in 0..3 {
        rig.cloud.fault(is_start, Fault::Refuse(BackendErrorKind::Forbidden));
    }
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.world().attempts.len(), 3);
    let status = rig.status(&node(1)).await.unwrap();
    assert!(status.control_fault.unwrap().contains("forbidden"));
    let told = rig.power(&node(1), PowerRequest::On).await;
    assert!(matches!(told, Err(Denied::NotInPresentState { .. })), "{told:?}");
    assert_eq!(rig.power(&node(1), PowerRequest::On).await, Ok(Admission::Recorded));
    rig.settled(&node(1)).await;
    assert_eq!(rig.status(&node(1)).await.unwrap().control_fault, None);
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_is_settled_by_looking() {
    let mut rig = one(Phase::On).await;
    rig.cloud.fault(is_power_off, Fault::LoseReply);
    rig.cloud.fault(is_start, Fault::LoseReply);
    rig.power(&node(1), PowerRequest::Cycle).await.unwrap();
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.world().attempts.len(), 2, "nothing is sent twice");
    assert_eq!(rig.cloud.boots(&node(1)).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_vm_that_is_deleted_ends_the_request_visibly() {
    let mut rig = one(Phase::On).await;
    rig.power(&node(1), PowerRequest::Cycle).await.unwrap();
    rig.cloud.world().vms.clear();
    rig.settled(&node(1)).await;
    assert_eq!(rig.handle.nodes()[&node(1)].failure.as_ref().unwrap().kind, FailureKind::Gone);
    assert_eq!(rig.power(&node(1), PowerRequest::On).await, Err(Denied::NoSuchNode));
}

#[tokio::test(start_paused = true)]
async fn a_fault_of_the_vm_ends_a_power_up_visibly() {
    let mut rig = one(Phase::Off).await;
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.cloud.world().vms.get_mut(&node(1)).unwrap().phase = Phase::Fault;
    rig.settled(&node(1)).await;
    assert_eq!(rig.handle.nodes()[&node(1)].failure.as_ref().unwrap().kind, FailureKind::Fault);
}

#[tokio::test(start_paused = true)]
async fn powering_on_extends_the_expiration_once_and_never_shortens_it() {
    let cloud = FakeCloud::new(
        (1..=2).map(|number| (node(number), VmSpec { phase: Phase::Off, ..VmSpec::default() })),
    );
    cloud.world().expires_at = Some(epoch() + Duration::from_secs(600));
    let mut rig = Rig::new(cloud).await;
    for number in 1..=2 {
        rig.power(&node(number), PowerRequest::On).await.unwrap();
        rig.settled(&node(number)).await;
    }
    assert_eq!(rig.cloud.count(is_extend), 1);

    let cloud = FakeCloud::new([(node(1), VmSpec { phase: Phase::Off, ..VmSpec::default() })]);
    cloud.world().expires_at = Some(epoch() + Duration::from_secs(86_400));
    let mut rig = Rig::new(cloud).await;
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.count(is_extend), 0);
}

#[tokio::test(start_paused = true)]
async fn a_refused_extension_does_not_hold_up_the_start() {
    let cloud = FakeCloud::new([(node(1), VmSpec { phase: Phase::Off, ..VmSpec::default() })]);
    cloud.world().expires_at = Some(epoch() + Duration::from_secs(600));
    let mut rig = Rig::new(cloud).await;
    rig.cloud.fault(is_extend, Fault::Refuse(BackendErrorKind::Forbidden));
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.phase(&node(1)), Phase::On);
}

#[tokio::test(start_paused = true)]
async fn an_acknowledged_request_survives_a_kill_right_after_the_reply() {
    let mut rig = one(Phase::On).await;
    rig.power(&node(1), PowerRequest::Cycle).await.unwrap();
    rig.restart().await;
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.accepted(), [Step::PowerOff(vec![node(1)]), Step::Start(vec![node(1)])]);
}

#[tokio::test(start_paused = true)]
async fn a_request_without_a_fresh_look_is_recorded_and_settled_later() {
    let cloud = FakeCloud::new([(node(1), VmSpec::default())]);
    cloud.world().away = Some(BackendErrorKind::Unavailable);
    let mut rig = Rig::with(cloud, reconciler::MemoryJournal::new(), Policy::default()).await;
    assert_eq!(rig.power(&node(1), PowerRequest::On).await, Ok(Admission::Recorded));
    rig.cloud.world().away = None;
    rig.settled(&node(1)).await;
    assert!(rig.cloud.accepted().is_empty(), "it was on all the time");
}

#[tokio::test(start_paused = true)]
async fn an_effect_that_shows_late_is_waited_for_and_not_repeated() {
    let mut rig = one(Phase::On).await;
    rig.cloud.world().lag = Duration::from_secs(2);
    rig.set_boot(&node(1), crate::support::persistent(machine::BootDevice::Disk)).await.unwrap();
    rig.power(&node(1), PowerRequest::Cycle).await.unwrap();
    rig.settled(&node(1)).await;
    let attempts = rig.cloud.world().attempts.clone();
    assert_eq!(attempts.len(), 4, "power off, write, publish, start: {attempts:#?}");
    assert_eq!(rig.cloud.boots(&node(1)), [(Cause::Start, machine::BootDevice::Disk)]);
}

#[tokio::test(start_paused = true)]
async fn off_right_after_a_start_that_does_not_show_yet_is_not_taken_for_done() {
    let mut rig = one(Phase::Off).await;
    rig.cloud.world().lag = Duration::from_secs(2);
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.cloud.until("started", |world| !world.accepted.is_empty()).await;
    rig.power(&node(1), PowerRequest::Off).await.unwrap();
    rig.settled(&node(1)).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(rig.cloud.phase(&node(1)), Phase::Off);
    assert_eq!(rig.cloud.count(is_power_off), 1);
}

/// The pause for effects to show ends before there is a new look.
#[tokio::test(start_paused = true)]
async fn a_look_that_did_not_show_a_start_settles_nothing_when_the_pause_is_over() {
    let cloud = FakeCloud::new([(node(1), VmSpec { phase: Phase::Off, ..VmSpec::default() })]);
    let seldom = Duration::from_secs(20);
    let policy = Policy { look_in_flight: seldom, age_in_flight: seldom, ..Policy::default() };
    let mut rig = Rig::with(cloud, MemoryJournal::new(), policy).await;
    rig.cloud.world().lag = Duration::from_secs(2);
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.cloud.until("started", |world| !world.accepted.is_empty()).await;
    rig.power(&node(1), PowerRequest::Off).await.unwrap();
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.count(is_power_off), 1);
    rig.cloud.until("off", |world| world.vms[&node(1)].phase == Phase::Off).await;
}

#[tokio::test(start_paused = true)]
async fn a_device_set_right_after_a_start_that_does_not_show_yet_touches_nothing() {
    let mut rig = one(Phase::Off).await;
    rig.cloud.world().lag = Duration::from_secs(2);
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.cloud.until("started", |world| !world.accepted.is_empty()).await;
    rig.set_boot(&node(1), crate::support::persistent(machine::BootDevice::Disk)).await.unwrap();
    rig.settled(&node(1)).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(rig.cloud.boots(&node(1)), [(Cause::Start, Network)], "not restarted");
    let wrote_boot = |step: &Step| match step {
        Step::UpdateDesign(changes) => changes[&node(1)].boot.is_some(),
        step => *step == Step::Publish,
    };
    assert_eq!(rig.cloud.count(wrote_boot), 0);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_stops_by_itself_after_its_start_is_not_started_again() {
    let mut rig = one(Phase::Off).await;
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.until_node(&node(1), "start seen", |node| node.phase == Some(Phase::PoweringOn)).await;
    rig.cloud.stop_by_itself(&node(1));
    rig.settled(&node(1)).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(rig.cloud.count(is_start), 1);
    assert_eq!(rig.cloud.phase(&node(1)), Phase::Off);
}

#[tokio::test(start_paused = true)]
async fn an_extension_that_fails_for_good_does_not_hold_up_the_start() {
    let cloud = FakeCloud::new([(node(1), VmSpec { phase: Phase::Off, ..VmSpec::default() })]);
    cloud.world().expires_at = Some(epoch() + Duration::from_secs(600));
    let mut rig = Rig::new(cloud).await;
    for _ in 0..5 {
        rig.cloud.fault(is_extend, Fault::Refuse(BackendErrorKind::Unavailable));
    }
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.phase(&node(1)), Phase::On);
}

#[tokio::test(start_paused = true)]
async fn wrong_credentials_are_shown_and_nothing_is_given_up() {
    let mut rig = one(Phase::Off).await;
    rig.cloud.world().away = Some(BackendErrorKind::Unauthenticated);
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.until("trouble", |status| status.trouble.is_some()).await;
    let looks = rig.cloud.world().looks;
    tokio::time::sleep(Duration::from_secs(600)).await;
    let looks = rig.cloud.world().looks - looks;
    assert!((10..=30).contains(&looks), "{looks} looks in ten minutes");
    rig.cloud.world().away = None;
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.phase(&node(1)), Phase::On);
}

#[tokio::test(start_paused = true)]
async fn a_hard_off_of_a_faulty_vm_is_tried_and_ends_visibly() {
    let mut rig = one(Phase::Fault).await;
    rig.power(&node(1), PowerRequest::Off).await.unwrap();
    rig.settled(&node(1)).await;
    assert_eq!(rig.handle.nodes()[&node(1)].failure.as_ref().unwrap().kind, FailureKind::Fault);
    assert_eq!(rig.cloud.world().attempts.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_request_is_not_settled_by_a_look_from_before_it() {
    let mut rig = one(Phase::Off).await;
    rig.until_node(&node(1), "seen", |node| node.phase == Some(Phase::Off)).await;
    // Somebody starts it; nobody has looked since.
    tokio::time::advance(Duration::from_secs(20)).await;
    rig.cloud.world().vms.get_mut(&node(1)).unwrap().phase = Phase::On;
    assert_eq!(rig.power(&node(1), PowerRequest::Off).await, Ok(Admission::Recorded));
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.phase(&node(1)), Phase::Off);
}

#[tokio::test(start_paused = true)]
async fn soft_is_overtaken_by_a_hard_off_while_the_guest_still_runs() {
    let mut rig = one(Phase::On).await;
    rig.power(&node(1), PowerRequest::Soft).await.unwrap();
    rig.cloud.until("asked", |world| !world.accepted.is_empty()).await;
    rig.cloud.run_on(&node(1));
    rig.power(&node(1), PowerRequest::Off).await.unwrap();
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.accepted(), [Step::Shutdown(vec![node(1)]), Step::PowerOff(vec![node(1)])]);
}

#[tokio::test(start_paused = true)]
async fn a_min_runtime_of_zero_never_extends_the_expiration() {
    let cloud = FakeCloud::new([(node(1), VmSpec { phase: Phase::Off, ..VmSpec::default() })]);
    cloud.world().expires_at = Some(epoch() + Duration::from_secs(60));
    let policy = Policy { min_runtime: Duration::ZERO, ..Policy::default() };
    let mut rig = Rig::with(cloud, reconciler::MemoryJournal::new(), policy).await;
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.count(is_extend), 0);
}

#[tokio::test(start_paused = true)]
async fn an_application_that_never_expires_is_not_extended() {
    let mut rig = one(Phase::Off).await;
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.count(is_extend), 0);
}

#[tokio::test(start_paused = true)]
async fn a_power_cycle_extends_the_expiration_again_when_some_minutes_have_passed() {
    let cloud = FakeCloud::new([(node(1), VmSpec::default())]);
    cloud.world().expires_at = Some(epoch() + Duration::from_secs(600));
    let mut rig = Rig::new(cloud).await;
    for extensions in [1, 1, 2] {
        rig.power(&node(1), PowerRequest::Cycle).await.unwrap();
        rig.settled(&node(1)).await;
        assert_eq!(rig.cloud.count(is_extend), extensions);
        // Somebody shortens it. Within some minutes that is left alone.
        rig.cloud.world().expires_at = Some(rig.cloud.now() + Duration::from_secs(600));
        if extensions == 1 && rig.cloud.count(is_start) == 2 {
            tokio::time::sleep(rig.policy.extend_pause).await;
        }
    }
}
