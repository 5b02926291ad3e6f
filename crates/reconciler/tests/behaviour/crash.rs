//! Crashes at every point: the daemon dies at its k-th call of the cloud, for every k, with and without the
//! effect of that call, and comes back from its journal.

use machine::BootDevice::{Disk, Network};
use machine::{PowerRequest, Step};

use crate::deploy::{STEPS, check, cloud, step};
use crate::support::{Cause, FakeCloud, Rig, VmSpec, node, once};

/// More than any of the runs below makes; a run that the crash did not reach ends the enumeration.
const MOST_CALLS: usize = 400;

#[tokio::test(start_paused = true)]
async fn a_deploy_survives_a_crash_at_every_call() {
    for with_effect in [true, false] {
        let mut points = 0;
        for at in 1..MOST_CALLS {
            let cloud = cloud();
            cloud.world().crash = Some((at, with_effect));
            let mut rig = Rig::new(cloud).await;
            for number in 0..STEPS {
                step(&mut rig, number).await;
            }
            if rig.cloud.world().crash.is_some() {
                break;
            }
            points += 1;
            check(&rig);
        }
        assert!((20..MOST_CALLS - 1).contains(&points), "{points} crash points");
    }
}

/// One-shot to disk, a cycle, another cycle: disk once, then the network again.
async fn one_shot_and_back(rig: &mut Rig) {
    rig.set_boot(&node(1), once(Disk)).await.unwrap();
    for _ in 0..2 {
        rig.power(&node(1), PowerRequest::Cycle).await.unwrap();
        rig.settled(&node(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_one_shot_is_used_once_whatever_call_the_daemon_dies_at() {
    for with_effect in [true, false] {
        let mut points = 0;
        for at in 1..MOST_CALLS {
            let cloud = FakeCloud::new([(node(1), VmSpec::default())]);
            cloud.world().crash = Some((at, with_effect));
            let mut rig = Rig::new(cloud).await;
            one_shot_and_back(&mut rig).await;
            if rig.cloud.world().crash.is_some() {
                break;
            }
            points += 1;
            let expected = [(Cause::Start, Disk), (Cause::Start, Network)];
            assert_eq!(rig.cloud.boots(&node(1)), expected, "died at call {at}: {:?}", rig.cloud.accepted());
        }
        assert!((15..MOST_CALLS - 1).contains(&points), "{points} crash points");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_carried_out_twice_whatever_call_the_daemon_dies_at() {
    for at in 1..MOST_CALLS {
        let cloud = FakeCloud::new([(node(1), VmSpec::default())]);
        cloud.world().crash = Some((at, true));
        let mut rig = Rig::new(cloud).await;
        rig.power(&node(1), PowerRequest::Reset).await.unwrap();
        rig.settled(&node(1)).await;
        if rig.cloud.world().crash.is_some() {
            return;
        }
        let accepted = rig.cloud.accepted();
        assert_eq!(accepted, [Step::PowerOff(vec![node(1)]), Step::Start(vec![node(1)])], "at call {at}");
    }
    panic!("the enumeration did not end");
}
