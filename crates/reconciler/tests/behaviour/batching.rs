//! Changes of many nodes that are due together go out as one update, one publish, one start.

use machine::BootDevice::{Disk, Network};
use machine::{BackendErrorKind, NodeId, Phase, PowerRequest, Step};

use crate::support::{Cause, FakeCloud, Fault, Rig, VmSpec, node, persistent};

fn is_publish(step: &Step) -> bool {
    *step == Step::Publish
}

fn is_start(step: &Step) -> bool {
    matches!(step, Step::Start(_))
}

fn writes_boot(step: &Step) -> bool {
    match step {
        Step::UpdateDesign(changes) => changes.values().any(|change| change.boot.is_some()),
        _ => false,
    }
}

fn is_power_off(step: &Step) -> bool {
    matches!(step, Step::PowerOff(_))
}

async fn many(count: usize, phase: Phase) -> (Rig, Vec<NodeId>) {
    let nodes: Vec<_> = (1..=count).map(node).collect();
    let cloud =
        FakeCloud::new(nodes.iter().map(|node| (node.clone(), VmSpec { phase, ..VmSpec::default() })));
    (Rig::new(cloud).await, nodes)
}

#[tokio::test(start_paused = true)]
async fn twenty_nodes_go_out_as_one_update_one_publish_and_one_start() {
    let (mut rig, nodes) = many(20, Phase::On).await;
    for node in &nodes {
        rig.set_boot(node, persistent(Disk)).await.unwrap();
    }
    rig.cloud.until("tags", |world| world.vms.values().all(|vm| vm.design.tag.is_some())).await;
    for node in &nodes {
        rig.power(node, PowerRequest::Cycle).await.unwrap();
    }
    for node in &nodes {
        rig.settled(node).await;
        assert_eq!(rig.cloud.boots(node), [(Cause::Start, Disk)]);
    }
    for (what, is) in [
        ("power off", is_power_off as fn(&Step) -> bool),
        ("boot update", writes_boot),
        ("publish", is_publish),
        ("start", is_start),
    ] {
        assert_eq!(rig.cloud.count(is), 1, "{what}: {:?}", rig.cloud.accepted());
    }
}

#[tokio::test(start_paused = true)]
async fn two_nodes_changed_at_the_same_time_lose_nothing() {
    let (mut rig, nodes) = many(2, Phase::On).await;
    let handle = rig.handle.clone();
    let requester = crate::support::requester();
    let (first, second) = tokio::join!(
        machine::Chassis::set_boot_override(&handle, &nodes[0], persistent(Disk), &requester),
        rig.set_boot(&nodes[1], persistent(Disk)),
    );
    first.unwrap();
    second.unwrap();
    rig.cloud.until("both tags", |world| world.vms.values().all(|vm| vm.design.tag.is_some())).await;
    rig.power(&nodes[0], PowerRequest::Cycle).await.unwrap();
    rig.settled(&nodes[0]).await;
    assert_eq!(rig.cloud.boots(&nodes[0]), [(Cause::Start, Disk)]);
    assert!(rig.cloud.boots(&nodes[1]).is_empty());
    assert!(rig.cloud.tag(&nodes[1]).is_some());
    rig.power(&nodes[1], PowerRequest::Cycle).await.unwrap();
    rig.settled(&nodes[1]).await;
    assert_eq!(rig.cloud.boots(&nodes[0]), [(Cause::Start, Disk)]);
    assert_eq!(rig.cloud.boots(&nodes[1]), [(Cause::Start, Disk)]);
}

#[tokio::test(start_paused = true)]
async fn a_change_of_one_node_joins_those_on_their_way_down() {
    let (mut rig, nodes) = many(2, Phase::On).await;
    for node in &nodes {
        rig.set_boot(node, persistent(Disk)).await.unwrap();
    }
    rig.cloud.world().vms.get_mut(&nodes[0]).unwrap().phase = Phase::Off;
    rig.power(&nodes[1], PowerRequest::Cycle).await.unwrap();
    rig.cloud.until("on its way down", |world| world.vms[&node(2)].phase == Phase::PoweringOff).await;
    rig.power(&nodes[0], PowerRequest::On).await.unwrap();
    for node in &nodes {
        rig.settled(node).await;
    }
    assert_eq!(
        (rig.cloud.count(writes_boot), rig.cloud.count(is_publish)),
        (1, 1),
        "{:#?}",
        rig.cloud.accepted()
    );
}

#[tokio::test(start_paused = true)]
async fn one_bad_vm_does_not_hold_up_a_batch() {
    let (mut rig, nodes) = many(3, Phase::Off).await;
    fn starts_second(step: &Step) -> bool {
        matches!(step, Step::Start(nodes) if nodes.contains(&node(2)))
    }
    for _ in 0..4 {
        rig.cloud.fault(starts_second, Fault::Refuse(BackendErrorKind::Forbidden));
    }
    for node in &nodes {
        rig.power(node, PowerRequest::On).await.unwrap();
    }
    for node in &nodes {
        rig.settled(node).await;
    }
    assert_eq!(rig.cloud.boots(&nodes[0]), [(Cause::Start, Network)]);
    assert_eq!(rig.cloud.boots(&nodes[2]), [(Cause::Start, Network)]);
    assert!(rig.handle.nodes()[&nodes[1]].failure.is_some());
}

#[tokio::test(start_paused = true)]
async fn fifty_nodes_told_one_after_another_need_at_most_three_updates_and_publishes() {
    let (mut rig, nodes) = many(50, Phase::On).await;
    for node in &nodes {
        rig.set_boot(node, persistent(Disk)).await.unwrap();
        rig.power(node, PowerRequest::Cycle).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
    }
    for node in &nodes {
        rig.settled(node).await;
        assert_eq!(rig.cloud.boots(node), [(Cause::Start, Disk)]);
    }
    let updates = rig.cloud.count(|step| matches!(step, Step::UpdateDesign(_)));
    assert!(updates <= 3, "{updates} updates, {:?}", rig.cloud.accepted());
    assert!(rig.cloud.count(is_publish) <= 3);
}

#[tokio::test(start_paused = true)]
async fn a_node_alone_waits_for_nobody() {
    let (mut rig, nodes) = many(3, Phase::On).await;
    for node in &nodes {
        rig.set_boot(node, persistent(Disk)).await.unwrap();
    }
    // The others have a device pending too, but nobody cycles them.
    rig.power(&nodes[0], PowerRequest::Cycle).await.unwrap();
    rig.world("off", |world| world.vms[&node(1)].phase == Phase::Off).await;
    let off = tokio::time::Instant::now();
    rig.world("starting", |world| world.vms[&node(1)].phase == Phase::PoweringOn).await;
    let slowest_look = std::time::Duration::from_millis(1_800);
    assert!(off.elapsed() < slowest_look, "{:?} from off to start", off.elapsed());
    rig.settled(&nodes[0]).await;
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_longer_than_the_window_for_one_that_hangs() {
    let (mut rig, nodes) = many(2, Phase::On).await;
    for node in &nodes {
        rig.set_boot(node, persistent(Disk)).await.unwrap();
    }
    rig.cloud.world().vms.get_mut(&nodes[0]).unwrap().phase = Phase::Off;
    rig.cloud.world().stopping = std::time::Duration::from_secs(600);
    rig.power(&nodes[1], PowerRequest::Cycle).await.unwrap();
    rig.cloud.until("going down", |world| world.vms[&node(2)].phase == Phase::PoweringOff).await;
    let asked = tokio::time::Instant::now();
    rig.power(&nodes[0], PowerRequest::On).await.unwrap();
    rig.settled(&nodes[0]).await;
    let most = rig.policy.coalesce + rig.cloud.world().starting + std::time::Duration::from_secs(6);
    assert!(asked.elapsed() < most, "{:?}", asked.elapsed());
    assert_eq!(rig.cloud.boots(&nodes[0]), [(Cause::Start, Disk)]);
}
