//! Status: fresh within a bound, one request for all who wait, never a stale lie.

use std::time::Duration;

use machine::{BackendErrorKind, Denied, Phase, PowerRequest, Step};
use reconciler::{NextStep, next_steps};

use crate::support::{FakeCloud, Rig, VmSpec, node, once, persistent};
use machine::BootDevice::Disk;

async fn one(phase: Phase) -> Rig {
    Rig::new(FakeCloud::new([(node(1), VmSpec { phase, ..VmSpec::default() })])).await
}

#[tokio::test(start_paused = true)]
async fn phases_map_to_power_as_documented() {
    for (phase, on, fault) in [
        (Phase::Off, false, false),
        (Phase::Absent, false, false),
        (Phase::PoweringOff, false, false),
        (Phase::PoweringOn, true, false),
        (Phase::On, true, false),
        (Phase::Busy, true, false),
        (Phase::Fault, false, true),
        (Phase::Unknown, false, true),
    ] {
        let rig = one(phase).await;
        let status = rig.status(&node(1)).await.unwrap();
        assert_eq!((status.power_on, status.control_fault.is_some()), (on, fault), "{phase:?}");
        if fault {
            assert!(status.control_fault.unwrap().contains(&status.state), "the warning names the state");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_updating_vm_is_what_it_was_at_rest_also_after_a_restart() {
    for (rest, on) in [(Phase::Off, false), (Phase::On, true)] {
        let mut rig = one(rest).await;
        rig.until_node(&node(1), "seen at rest", |node| node.phase == Some(rest)).await;
        rig.cloud.world().vms.get_mut(&node(1)).unwrap().phase = Phase::Updating;
        tokio::time::advance(Duration::from_secs(20)).await;
        let status = rig.status(&node(1)).await.unwrap();
        assert_eq!((status.power_on, status.state.as_str()), (on, "UPDATING"));
        rig.restart().await;
        assert_eq!(rig.status(&node(1)).await.unwrap().power_on, on, "after a restart");
    }
}

#[tokio::test(start_paused = true)]
async fn all_who_wait_share_one_request_to_the_cloud() {
    let cloud = FakeCloud::new((0..50).map(|number| (node(number), VmSpec::default())));
    let rig = Rig::new(cloud).await;
    tokio::time::advance(Duration::from_secs(16)).await;
    let before = rig.cloud.world().looks;
    let asking: Vec<_> = (0..50)
        .map(|number| {
            let handle = rig.handle.clone();
            tokio::spawn(async move { machine::Chassis::status(&handle, &node(number)).await })
        })
        .collect();
    for status in asking {
        assert!(status.await.unwrap().unwrap().power_on);
    }
    assert_eq!(rig.cloud.world().looks, before + 1);
}

#[tokio::test(start_paused = true)]
async fn a_fresh_observation_is_answered_from_memory_and_an_old_one_refreshed() {
    let rig = one(Phase::On).await;
    let before = rig.cloud.world().looks;
    tokio::time::advance(Duration::from_secs(10)).await;
    assert!(rig.status(&node(1)).await.unwrap().age >= Duration::from_secs(10));
    assert_eq!(rig.cloud.world().looks, before);
    tokio::time::advance(Duration::from_secs(6)).await;
    assert!(rig.status(&node(1)).await.unwrap().age < Duration::from_secs(1));
    assert_eq!(rig.cloud.world().looks, before + 1);
}

#[tokio::test(start_paused = true)]
async fn a_write_makes_the_observation_stale() {
    let mut rig = one(Phase::Off).await;
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.world("start sent", |world| !world.accepted.is_empty()).await;
    assert!(rig.status(&node(1)).await.unwrap().power_on, "the start shows at once");
}

#[tokio::test(start_paused = true)]
async fn without_the_cloud_a_status_is_refused_at_once_and_comes_back_by_itself() {
    let rig = one(Phase::On).await;
    rig.cloud.world().away = Some(BackendErrorKind::Unavailable);
    tokio::time::advance(Duration::from_secs(16)).await;
    let denied = rig.status(&node(1)).await;
    assert!(matches!(denied, Err(Denied::CloudUnreachable { .. })), "{denied:?}");
    let looks = rig.cloud.world().looks;
    let again = rig.status(&node(1)).await;
    assert!(matches!(again, Err(Denied::CloudUnreachable { .. })), "{again:?}");
    assert_eq!(rig.cloud.world().looks, looks, "a cloud in trouble is not asked by everybody");
    rig.until("trouble shown", |status| status.trouble.is_some()).await;
    rig.cloud.world().away = None;
    rig.until("trouble over", |status| status.trouble.is_none()).await;
    assert!(rig.status(&node(1)).await.unwrap().power_on);
}

#[tokio::test(start_paused = true)]
async fn a_cloud_that_does_not_answer_in_time_is_refused_in_time() {
    let rig = one(Phase::On).await;
    rig.cloud.world().latency = Duration::from_secs(50);
    tokio::time::advance(Duration::from_secs(16)).await;
    let asked = tokio::time::Instant::now();
    let denied = rig.status(&node(1)).await;
    assert!(matches!(denied, Err(Denied::CloudUnreachable { .. })), "{denied:?}");
    assert!(asked.elapsed() <= Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn a_slow_cloud_still_gets_its_work_done() {
    let mut rig = one(Phase::On).await;
    rig.cloud.world().latency = Duration::from_secs(8);
    rig.power(&node(1), PowerRequest::Cycle).await.unwrap();
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.accepted().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn throttling_pauses_at_least_as_long_as_the_cloud_says() {
    let mut rig = one(Phase::Off).await;
    let pause = Duration::from_secs(60);
    rig.cloud.fault(|_| true, crate::support::Fault::Refuse(BackendErrorKind::Throttled(Some(pause))));
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.cloud.until("throttled", |world| world.attempts.len() == 1).await;
    let (throttled, looks) = (tokio::time::Instant::now(), rig.cloud.world().looks);
    rig.cloud.until("looked again", |world| world.looks > looks).await;
    assert!(throttled.elapsed() >= pause);
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.world().attempts.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_idle_application_is_looked_at_seldom() {
    let rig = one(Phase::On).await;
    let before = rig.cloud.world().looks;
    tokio::time::advance(Duration::from_secs(1)).await;
    tokio::time::sleep(Duration::from_secs(600)).await;
    let looks = rig.cloud.world().looks - before;
    assert!((15..=25).contains(&looks), "{looks} looks in ten minutes");
}

#[tokio::test(start_paused = true)]
async fn the_status_shows_what_is_pending() {
    let rig = one(Phase::On).await;
    rig.set_boot(&node(1), persistent(Disk)).await.unwrap();
    rig.power(&node(1), PowerRequest::Cycle).await.unwrap();
    let shown = rig.handle.nodes()[&node(1)].clone();
    assert_eq!(shown.boot.map(|boot| boot.device), Some(Disk));
    let power = shown.power.unwrap();
    assert_eq!((power.request, power.requester.as_str()), (PowerRequest::Cycle, "operator"));
    assert_eq!(shown.generation, 1);
}

fn sent(steps: &[Step]) -> Vec<NextStep> {
    let kinds = steps.iter().map(|step| match step {
        Step::UpdateDesign(_) => NextStep::Update,
        Step::Publish => NextStep::Publish,
        Step::Start(_) => NextStep::Start,
        Step::PowerOff(_) => NextStep::PowerOff,
        Step::Shutdown(_) => NextStep::Shutdown,
        Step::ExtendExpiration(_) => panic!("nothing expires here"),
    });
    kinds.collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_announced_is_what_is_sent() {
    let (on, off) = (Phase::On, Phase::Off);
    for (phase, boot, request, announced) in [
        (on, None, PowerRequest::Off, "poweroff"),
        (on, None, PowerRequest::Soft, "shutdown"),
        (on, None, PowerRequest::Cycle, "poweroff, start"),
        (on, persistent(Disk), PowerRequest::Reset, "poweroff, update, publish, start"),
        (on, once(Disk), PowerRequest::Cycle, "poweroff, update, publish, start"),
        (on, persistent(Disk), PowerRequest::Off, "poweroff, update"),
        (off, None, PowerRequest::On, "start"),
        (off, persistent(Disk), PowerRequest::On, "update, publish, start"),
    ] {
        let mut rig = one(phase).await;
        if boot.is_some() {
            rig.set_boot(&node(1), boot).await.unwrap();
        }
        rig.power(&node(1), request).await.unwrap();
        let next = rig.handle.nodes()[&node(1)].next.clone();
        let words: Vec<_> = next.iter().map(ToString::to_string).collect();
        assert_eq!(words.join(", "), announced, "{phase:?} {request}");
        rig.settled(&node(1)).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        let mut expected = next;
        let mut accepted = sent(&rig.cloud.accepted());
        // A tag goes out when its time has come, beside the rest.
        if request == PowerRequest::Off {
            expected.sort_by_key(|step| *step == NextStep::Update);
            accepted.sort_by_key(|step| *step == NextStep::Update);
        }
        assert_eq!(accepted, expected, "{phase:?} {request}");
        assert_eq!(rig.handle.nodes()[&node(1)].next, [], "{phase:?} {request}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_announced_goes_on_from_where_the_request_is() {
    let mut rig = one(Phase::On).await;
    rig.set_boot(&node(1), persistent(Disk)).await.unwrap();
    assert_eq!(rig.handle.nodes()[&node(1)].next, [NextStep::Update], "the tag alone");
    rig.power(&node(1), PowerRequest::Cycle).await.unwrap();
    for (phase, next) in [
        (Phase::PoweringOff, &[NextStep::Update, NextStep::Publish, NextStep::Start][..]),
        (Phase::PoweringOn, &[]),
    ] {
        rig.until_node(&node(1), "announced", |node| node.phase == Some(phase) && node.next == next).await;
    }
    rig.settled(&node(1)).await;
    // What the journal alone tells: a daemon that does not run has no look.
    let record = reconciler::record::NodeRecord::default();
    assert_eq!(next_steps(&record, None), []);
}
