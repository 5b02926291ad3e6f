//! The guard before a publish: no running VM is restarted, ours or somebody else's.

use std::time::Duration;

use machine::BootDevice::{Disk, Network};
use machine::{IntentTag, Lifetime, Phase, PowerRequest, Step};
use reconciler::status::Wait;
use reconciler::{MemoryJournal, Policy, PublishRule};

use crate::support::log::Warnings;
use crate::support::{Cause, FakeCloud, Rig, VmSpec, node, persistent};

fn is_publish(step: &Step) -> bool {
    *step == Step::Publish
}

fn is_update(step: &Step) -> bool {
    matches!(step, Step::UpdateDesign(_))
}

/// Node 1 is ours and off, node 2 somebody else's.
fn cloud(other: Phase) -> FakeCloud {
    FakeCloud::new([
        (node(1), VmSpec { phase: Phase::Off, ..VmSpec::default() }),
        (node(2), VmSpec { phase: other, ..VmSpec::default() }),
    ])
}

fn edit(cloud: &FakeCloud, cpus: u32) {
    cloud.world().vms.get_mut(&node(2)).unwrap().design.cpus = cpus;
}

async fn power_up_from_disk(rig: &Rig) {
    rig.set_boot(&node(1), persistent(Disk)).await.unwrap();
    rig.cloud.until("tag", |world| world.vms[&node(1)].design.tag.is_some()).await;
    rig.power(&node(1), PowerRequest::On).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_foreign_difference_on_a_running_vm_holds_the_publish_back_until_it_is_gone() {
    let cloud = cloud(Phase::On);
    edit(&cloud, 8);
    let mut rig = Rig::new(cloud).await;
    power_up_from_disk(&rig).await;
    rig.until_node(&node(1), "held back", |node| {
        let Some(Wait::PublishHeldBack { others }) = &node.waiting else { return false };
        others.len() == 1 && others[0].name == "vm-002" && others[0].differences == ["cpus 2 -> 8"]
    })
    .await;
    tokio::time::sleep(Duration::from_secs(1800)).await;
    assert_eq!(rig.cloud.count(is_publish), 0);
    assert_eq!(rig.cloud.count(is_update), 1, "the tag only: nothing of ours lies about unpublished");
    edit(&rig.cloud, 2);
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.boots(&node(1)), [(Cause::Start, Disk)]);
    assert!(rig.cloud.boots(&node(2)).is_empty(), "never restarted");
}

#[tokio::test(start_paused = true)]
async fn a_foreign_boot_device_on_a_running_vm_holds_the_publish_back_too() {
    let cloud = cloud(Phase::On);
    cloud.world().vms.get_mut(&node(2)).unwrap().design.boot = Disk;
    let rig = Rig::new(cloud).await;
    power_up_from_disk(&rig).await;
    rig.until_node(&node(1), "held back", |node| matches!(node.waiting, Some(Wait::PublishHeldBack { .. })))
        .await;
    assert_eq!(rig.cloud.count(is_publish), 0);
}

#[tokio::test(start_paused = true)]
async fn differences_on_stopped_and_draft_vms_do_not() {
    for other in [Phase::Off, Phase::Absent] {
        let cloud = cloud(other);
        edit(&cloud, 8);
        let mut rig = Rig::new(cloud).await;
        power_up_from_disk(&rig).await;
        rig.settled(&node(1)).await;
        assert_eq!(rig.cloud.boots(&node(1)), [(Cause::Start, Disk)]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_operator_can_allow_it() {
    let cloud = cloud(Phase::On);
    edit(&cloud, 8);
    let policy = Policy { publish: PublishRule::Always, ..Policy::default() };
    let mut rig = Rig::with(cloud, MemoryJournal::new(), policy).await;
    power_up_from_disk(&rig).await;
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.boots(&node(1)), [(Cause::Start, Disk)]);
    rig.world("restarted", |world| world.vms[&node(2)].boots == [(Cause::Publish, Network)]).await;
}

#[tokio::test(start_paused = true)]
async fn a_start_that_needs_no_publish_is_not_held_back() {
    let cloud = cloud(Phase::On);
    edit(&cloud, 8);
    let mut rig = Rig::new(cloud).await;
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.boots(&node(1)), [(Cause::Start, Network)]);
}

#[tokio::test(start_paused = true)]
async fn a_difference_that_appears_before_the_publish_is_seen() {
    let rig = Rig::new(cloud(Phase::On)).await;
    rig.set_boot(&node(1), persistent(Disk)).await.unwrap();
    rig.cloud.until("tag", |world| world.vms[&node(1)].design.tag.is_some()).await;
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.cloud.until("design written", |world| world.vms[&node(1)].design.boot == Disk).await;
    edit(&rig.cloud, 8);
    rig.until_node(&node(1), "held back", |node| matches!(node.waiting, Some(Wait::PublishHeldBack { .. })))
        .await;
    assert_eq!(rig.cloud.count(is_publish), 0);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_written_because_of_an_old_look() {
    let cloud = FakeCloud::new([
        (node(1), VmSpec { phase: Phase::Off, ..VmSpec::default() }),
        (node(2), VmSpec::default()),
        (node(3), VmSpec::default()),
    ]);
    cloud.world().stopping = Duration::from_secs(600);
    let seldom = Duration::from_secs(60);
    let policy = Policy { look_in_flight: seldom, age_in_flight: seldom, ..Policy::default() };
    let rig = Rig::with(cloud, MemoryJournal::new(), policy).await;
    for number in 1..=2 {
        rig.set_boot(&node(number), persistent(Disk)).await.unwrap();
    }
    rig.power(&node(2), PowerRequest::Cycle).await.unwrap();
    rig.cloud.until("going down", |world| world.vms[&node(2)].phase == Phase::PoweringOff).await;
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.until_node(&node(1), "gathering", |node| node.waiting == Some(Wait::Gathering)).await;
    // In the meantime somebody edits a VM that runs.
    rig.cloud.world().vms.get_mut(&node(3)).unwrap().design.cpus = 8;
    rig.until_node(&node(1), "held back", |node| matches!(node.waiting, Some(Wait::PublishHeldBack { .. })))
        .await;
    assert_eq!(rig.cloud.world().vms[&node(1)].design.boot, Network);
}

#[tokio::test(start_paused = true)]
async fn a_publish_that_is_held_back_is_looked_after_less_and_less_often() {
    let cloud = cloud(Phase::On);
    edit(&cloud, 8);
    let mut rig = Rig::new(cloud).await;
    power_up_from_disk(&rig).await;
    rig.until_node(&node(1), "held back", |node| matches!(node.waiting, Some(Wait::PublishHeldBack { .. })))
        .await;
    let before = rig.cloud.world().looks;
    tokio::time::sleep(Duration::from_secs(1800)).await;
    let looks = rig.cloud.world().looks - before;
    assert!((60..=75).contains(&looks), "{looks} looks in half an hour");

    // A request is looked into at once, and what it needs is done.
    let (asked, looks) = (tokio::time::Instant::now(), rig.cloud.world().looks);
    rig.power(&node(2), PowerRequest::Cycle).await.unwrap();
    rig.cloud.until("a look", |world| world.looks > looks).await;
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    rig.settled(&node(2)).await;
    assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());

    // The difference goes; it is noticed at the next look, which is not far.
    let gone = tokio::time::Instant::now();
    edit(&rig.cloud, 2);
    rig.settled(&node(1)).await;
    assert!(gone.elapsed() < Duration::from_secs(45), "{:?}", gone.elapsed());
    assert_eq!(rig.cloud.boots(&node(1)), [(Cause::Start, Disk)]);
}

#[tokio::test(start_paused = true)]
async fn a_tag_or_a_name_on_a_running_vm_holds_nothing_back() {
    let cloud = cloud(Phase::On);
    {
        let mut world = cloud.world();
        let other = world.vms.get_mut(&node(2)).unwrap();
        other.name = "another name".to_owned();
        other.design.tag = Some(IntentTag { device: Disk, lifetime: Lifetime::Persistent });
    }
    let mut rig = Rig::new(cloud).await;
    power_up_from_disk(&rig).await;
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.boots(&node(1)), [(Cause::Start, Disk)]);
    assert!(rig.cloud.boots(&node(2)).is_empty(), "never restarted");
}

#[tokio::test(start_paused = true)]
async fn a_foreign_difference_on_a_vm_that_goes_up_or_down_holds_the_publish_back() {
    for phase in [Phase::PoweringOn, Phase::PoweringOff, Phase::Busy, Phase::Updating, Phase::Unknown] {
        let cloud = cloud(phase);
        edit(&cloud, 8);
        let rig = Rig::new(cloud).await;
        power_up_from_disk(&rig).await;
        rig.until_node(&node(1), "held back", |node| {
            matches!(node.waiting, Some(Wait::PublishHeldBack { .. }))
        })
        .await;
        assert_eq!(rig.cloud.count(is_publish), 0, "{phase:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_held_back_can_still_be_called_off() {
    let cloud = cloud(Phase::On);
    edit(&cloud, 8);
    let mut rig = Rig::new(cloud).await;
    power_up_from_disk(&rig).await;
    rig.until_node(&node(1), "held back", |node| matches!(node.waiting, Some(Wait::PublishHeldBack { .. })))
        .await;
    tokio::time::sleep(Duration::from_secs(600)).await;
    let asked = tokio::time::Instant::now();
    rig.power(&node(1), PowerRequest::Off).await.unwrap();
    rig.settled(&node(1)).await;
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    assert_eq!(rig.cloud.count(is_publish), 0);

    // Or started as it is, once the device is not wanted any more.
    power_up_from_disk(&rig).await;
    rig.set_boot(&node(1), None).await.unwrap();
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.boots(&node(1)), [(Cause::Start, Network)]);
}

#[tokio::test(start_paused = true)]
async fn a_publish_that_is_held_back_is_logged_once_for_each_reason() {
    let (warnings, _listening) = Warnings::listen();
    let cloud = cloud(Phase::On);
    edit(&cloud, 8);
    let rig = Rig::new(cloud).await;
    power_up_from_disk(&rig).await;
    for (cpus, lines) in [(8, 1), (16, 2)] {
        edit(&rig.cloud, cpus);
        rig.until_node(&node(1), "held back", |node| {
            node.waiting.as_ref().is_some_and(|wait| wait.to_string().contains(&format!("cpus 2 -> {cpus}")))
        })
        .await;
        tokio::time::sleep(Duration::from_secs(1800)).await;
        assert_eq!(warnings.count("a publish would restart"), lines);
        assert_eq!(rig.handle.status_watch().borrow().held_publishes, u64::try_from(lines).unwrap());
    }
}
