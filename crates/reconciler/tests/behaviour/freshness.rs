//! Freshness of a decision: an old look neither settles nor refuses a power request, and a new one is cheap.

use std::time::Duration;

use machine::{Admission, BackendErrorKind, Denied, Phase, PowerRequest, Step};

use crate::support::{FakeCloud, Rig, VmSpec, node};

async fn one(phase: Phase) -> Rig {
    Rig::new(FakeCloud::new([(node(1), VmSpec { phase, ..VmSpec::default() })])).await
}

/// A VM that was seen in the first phase ten seconds ago and that somebody else has brought into the second.
async fn changed_since(seen: Phase, now: Phase) -> Rig {
    let rig = one(seen).await;
    rig.until_node(&node(1), "seen", |node| node.phase == Some(seen)).await;
    tokio::time::advance(Duration::from_secs(10)).await;
    rig.cloud.world().vms.get_mut(&node(1)).unwrap().phase = now;
    rig
}

#[tokio::test(start_paused = true)]
async fn on_starts_a_vm_that_somebody_stopped_seconds_ago() {
    let mut rig = changed_since(Phase::On, Phase::Off).await;
    assert_eq!(rig.power(&node(1), PowerRequest::On).await, Ok(Admission::Recorded));
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.accepted(), [Step::Start(vec![node(1)])]);
}

#[tokio::test(start_paused = true)]
async fn off_and_soft_stop_a_vm_that_somebody_started_seconds_ago() {
    for request in [PowerRequest::Off, PowerRequest::Soft] {
        let mut rig = changed_since(Phase::Off, Phase::On).await;
        assert_eq!(rig.power(&node(1), request).await, Ok(Admission::Recorded));
        rig.settled(&node(1)).await;
        assert_eq!(rig.cloud.phase(&node(1)), Phase::Off, "{request}");
        assert_eq!(rig.cloud.accepted().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cycle_is_not_refused_because_the_vm_was_off_seconds_ago() {
    for request in [PowerRequest::Cycle, PowerRequest::Reset] {
        let mut rig = changed_since(Phase::Off, Phase::On).await;
        assert_eq!(rig.power(&node(1), request).await, Ok(Admission::Recorded));
        rig.settled(&node(1)).await;
        assert_eq!(rig.cloud.accepted(), [Step::PowerOff(vec![node(1)]), Step::Start(vec![node(1)])]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_fault_that_is_over_refuses_nothing() {
    let mut rig = changed_since(Phase::Fault, Phase::Off).await;
    assert_eq!(rig.power(&node(1), PowerRequest::On).await, Ok(Admission::Recorded));
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.phase(&node(1)), Phase::On);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_names_the_state_of_a_new_look() {
    for (phase, request) in [
        (Phase::Off, PowerRequest::Cycle),
        (Phase::Fault, PowerRequest::On),
        (Phase::Absent, PowerRequest::On),
    ] {
        let rig = one(phase).await;
        rig.until_node(&node(1), "seen", |node| node.phase.is_some()).await;
        tokio::time::advance(Duration::from_secs(10)).await;
        let looks = rig.cloud.world().looks;
        let denied = rig.power(&node(1), request).await;
        assert!(matches!(denied, Err(Denied::NotInPresentState { .. })), "{denied:?}");
        assert_eq!(rig.cloud.world().looks, looks + 1, "{phase:?}");
        assert_eq!(rig.handle.nodes()[&node(1)].power, None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cycle_of_a_node_that_was_off_is_refused_also_while_the_cloud_is_away() {
    let rig = one(Phase::Off).await;
    rig.until_node(&node(1), "seen", |node| node.phase.is_some()).await;
    tokio::time::advance(Duration::from_secs(10)).await;
    rig.cloud.world().away = Some(BackendErrorKind::Unavailable);
    for request in [PowerRequest::Cycle, PowerRequest::Reset] {
        let denied = rig.power(&node(1), request).await;
        assert!(matches!(denied, Err(Denied::NotInPresentState { .. })), "{denied:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_acknowledgement_does_not_wait_for_a_look() {
    for (seen, request) in [(Phase::On, PowerRequest::On), (Phase::On, PowerRequest::Cycle)] {
        let rig = changed_since(seen, seen).await;
        rig.cloud.world().latency = Duration::from_secs(50);
        let asked = tokio::time::Instant::now();
        assert_eq!(rig.power(&node(1), request).await, Ok(Admission::Recorded));
        assert!(asked.elapsed() < Duration::from_millis(10), "{:?}", asked.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn on_while_on_costs_one_look_and_no_write_to_the_cloud() {
    let mut rig = changed_since(Phase::On, Phase::On).await;
    let looks = rig.cloud.world().looks;
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.settled(&node(1)).await;
    assert_eq!(rig.power(&node(1), PowerRequest::On).await, Ok(Admission::AlreadySatisfied), "seen just now");
    assert_eq!(rig.cloud.world().looks, looks + 1);
    assert!(rig.cloud.world().attempts.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_loop_of_requests_costs_at_most_one_look_a_second() {
    for (phase, request) in
        [(Phase::On, PowerRequest::On), (Phase::Off, PowerRequest::Off), (Phase::Off, PowerRequest::Cycle)]
    {
        let rig = one(phase).await;
        rig.until_node(&node(1), "seen", |node| node.phase.is_some()).await;
        let (began, looks) = (tokio::time::Instant::now(), rig.cloud.world().looks);
        for _ in 0..600 {
            let _answer = rig.power(&node(1), request).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let looks = u64::try_from(rig.cloud.world().looks - looks).unwrap();
        assert!(looks <= began.elapsed().as_secs() + 1, "{looks} looks for {request}");
        assert!(rig.cloud.world().attempts.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn requests_for_others_that_never_end_do_not_hold_up_a_node() {
    let cloud = FakeCloud::new((1..=3).map(|number| (node(number), VmSpec::default())));
    cloud.world().latency = Duration::from_secs(2);
    let mut rig = Rig::new(cloud).await;
    let handle = rig.handle.clone();
    let busy = tokio::spawn(async move {
        for request in [PowerRequest::Off, PowerRequest::On].iter().cycle() {
            for number in 2..=3 {
                let requester = crate::support::requester();
                let _answer =
                    machine::Chassis::request_power(&handle, &node(number), *request, &requester).await;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    });
    rig.power(&node(1), PowerRequest::Cycle).await.unwrap();
    let asked = tokio::time::Instant::now();
    rig.settled(&node(1)).await;
    busy.abort();
    assert!(asked.elapsed() < Duration::from_secs(60), "{:?}", asked.elapsed());
    assert_eq!(rig.cloud.boots(&node(1)).len(), 1);
}
