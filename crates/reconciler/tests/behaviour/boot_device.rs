//! Boot devices: intents until the next power cycle asked for through the BMC.

use std::time::Duration;

use machine::BootDevice::{Disk, Network};
use machine::{
    Admission, BackendErrorKind, BootFlags, BootOverride, BootSetting, IntentTag, Lifetime, Phase,
    PowerRequest, Step,
};
use reconciler::MemoryJournal;
use reconciler::record::FailureKind;

use crate::support::rig::PERSISTENT_DISK;
use crate::support::{Cause, FakeCloud, Fault, Rig, VmSpec, node, once, persistent};

const TAG_DISK: IntentTag = IntentTag { device: Disk, lifetime: Lifetime::Persistent };
const TAG_NETWORK: IntentTag = IntentTag { device: Network, lifetime: Lifetime::Persistent };

fn is_publish(step: &Step) -> bool {
    *step == Step::Publish
}

fn is_start(step: &Step) -> bool {
    matches!(step, Step::Start(_))
}

fn is_update(step: &Step) -> bool {
    matches!(step, Step::UpdateDesign(_))
}

async fn one(phase: Phase) -> Rig {
    Rig::new(FakeCloud::new([(node(1), VmSpec { phase, ..VmSpec::default() })])).await
}

async fn cycle(rig: &mut Rig) {
    rig.power(&node(1), PowerRequest::Cycle).await.unwrap();
    rig.settled(&node(1)).await;
}

#[tokio::test(start_paused = true)]
async fn set_on_a_running_vm_writes_the_tag_and_publishes_nothing() {
    let rig = one(Phase::On).await;
    rig.set_boot(&node(1), persistent(Disk)).await.unwrap();
    rig.cloud.until("tag", |world| world.vms[&node(1)].design.tag == Some(TAG_DISK)).await;
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert_eq!(rig.cloud.count(is_publish), 0);
    assert_eq!(rig.cloud.accepted().len(), 1);
    assert_eq!(rig.cloud.phase(&node(1)), Phase::On);
    assert!(rig.cloud.boots(&node(1)).is_empty(), "not restarted");
}

#[tokio::test(start_paused = true)]
async fn set_on_a_stopped_vm_is_an_intent_too() {
    let mut rig = one(Phase::Off).await;
    rig.set_boot(&node(1), persistent(Disk)).await.unwrap();
    rig.cloud.until("tag", |world| world.vms[&node(1)].design.tag == Some(TAG_DISK)).await;
    assert_eq!(rig.cloud.world().vms[&node(1)].design.boot, Network);
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.boots(&node(1)), [(Cause::Start, Disk)]);
    assert_eq!(rig.cloud.tag(&node(1)), None);
}

#[tokio::test(start_paused = true)]
async fn it_is_applied_at_the_cycle_and_the_tag_goes_in_the_same_write() {
    let mut rig = one(Phase::On).await;
    rig.set_boot(&node(1), persistent(Disk)).await.unwrap();
    rig.cloud.until("tag", |world| world.vms[&node(1)].design.tag.is_some()).await;
    cycle(&mut rig).await;
    assert_eq!(rig.cloud.boots(&node(1)), [(Cause::Start, Disk)]);
    assert_eq!((rig.cloud.count(is_update), rig.cloud.count(is_publish)), (2, 1));
    let world = rig.cloud.world();
    let vm = &world.vms[&node(1)];
    assert_eq!((vm.design.boot, vm.design.tag), (Disk, None));
    assert_eq!(vm.deployed, Some(vm.design.clone()));
}

#[tokio::test(start_paused = true)]
async fn a_guest_reboot_applies_nothing() {
    let rig = one(Phase::On).await;
    rig.set_boot(&node(1), persistent(Disk)).await.unwrap();
    rig.cloud.reboot_guest(&node(1));
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert_eq!(rig.cloud.boots(&node(1)), [(Cause::GuestReboot, Network)]);
    assert_eq!(rig.cloud.count(is_publish), 0);
}

#[tokio::test(start_paused = true)]
async fn the_start_waits_while_the_stopped_vm_is_updating() {
    let cloud = FakeCloud::new([(node(1), VmSpec { phase: Phase::Off, ..VmSpec::default() })]);
    cloud.world().updating_when_off = true;
    let mut rig = Rig::new(cloud).await;
    rig.set_boot(&node(1), persistent(Disk)).await.unwrap();
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.world("updating", |world| world.vms[&node(1)].phase == Phase::Updating).await;
    assert!(!rig.status(&node(1)).await.unwrap().power_on, "a stopped VM that is updated is off");
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.boots(&node(1)), [(Cause::Start, Disk)]);
    assert_eq!(rig.cloud.world().attempts.iter().filter(|step| is_start(step)).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn get_returns_exactly_the_flags_that_were_set_also_after_a_restart() {
    let mut rig = one(Phase::On).await;
    assert_eq!(rig.boot(&node(1)).await, Ok(BootSetting::Platform(Network)));
    for flags in [[0xe0, 0x08, 0, 0, 0], [0xa0, 0x04, 0x20, 0x01, 0x1f], [0x80, 0x14, 0, 0, 0]] {
        let wanted = BootOverride { flags: BootFlags(flags), ..persistent(Disk).unwrap() };
        rig.set_boot(&node(1), Some(wanted)).await.unwrap();
        assert_eq!(rig.boot(&node(1)).await, Ok(BootSetting::Override(BootFlags(flags))));
        rig.restart().await;
        assert_eq!(rig.boot(&node(1)).await, Ok(BootSetting::Override(BootFlags(flags))));
    }
}

#[tokio::test(start_paused = true)]
async fn a_persistent_override_still_holds_after_it_was_applied() {
    let mut rig = one(Phase::On).await;
    rig.set_boot(&node(1), persistent(Disk)).await.unwrap();
    cycle(&mut rig).await;
    assert_eq!(rig.boot(&node(1)).await, Ok(BootSetting::Override(PERSISTENT_DISK)));
    cycle(&mut rig).await;
    assert_eq!(rig.cloud.boots(&node(1)), [(Cause::Start, Disk), (Cause::Start, Disk)]);
    assert_eq!(rig.cloud.count(is_publish), 1, "nothing to publish the second time");
}

#[tokio::test(start_paused = true)]
async fn setting_what_already_holds_writes_nothing() {
    let rig = one(Phase::On).await;
    assert_eq!(rig.set_boot(&node(1), persistent(Disk)).await, Ok(Admission::Recorded));
    rig.cloud.until("tag", |world| world.vms[&node(1)].design.tag.is_some()).await;
    assert_eq!(rig.set_boot(&node(1), persistent(Disk)).await, Ok(Admission::AlreadySatisfied));

    let deployed = one(Phase::On).await;
    deployed.set_boot(&node(1), persistent(Network)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert!(deployed.cloud.world().attempts.is_empty(), "the deployed device needs no write");
}

#[tokio::test(start_paused = true)]
async fn setting_the_deployed_device_drops_the_pending_one_and_its_tag() {
    let mut rig = one(Phase::On).await;
    rig.set_boot(&node(1), persistent(Disk)).await.unwrap();
    rig.cloud.until("tag", |world| world.vms[&node(1)].design.tag.is_some()).await;
    rig.set_boot(&node(1), persistent(Network)).await.unwrap();
    rig.cloud.until("no tag", |world| world.vms[&node(1)].design.tag.is_none()).await;
    cycle(&mut rig).await;
    assert_eq!(rig.cloud.boots(&node(1)), [(Cause::Start, Network)]);
    assert_eq!(rig.cloud.count(is_publish), 0);
}

#[tokio::test(start_paused = true)]
async fn none_drops_the_override_and_its_tag() {
    let mut rig = one(Phase::On).await;
    rig.set_boot(&node(1), persistent(Disk)).await.unwrap();
    rig.cloud.until("tag", |world| world.vms[&node(1)].design.tag.is_some()).await;
    rig.set_boot(&node(1), None).await.unwrap();
    assert_eq!(rig.boot(&node(1)).await, Ok(BootSetting::Platform(Network)));
    rig.cloud.until("no tag", |world| world.vms[&node(1)].design.tag.is_none()).await;
    cycle(&mut rig).await;
    assert_eq!(rig.cloud.boots(&node(1)), [(Cause::Start, Network)]);
}

#[tokio::test(start_paused = true)]
async fn a_one_shot_holds_for_one_cycle_and_the_earlier_device_comes_back() {
    let mut rig = one(Phase::On).await;
    rig.set_boot(&node(1), once(Disk)).await.unwrap();
    rig.cloud
        .until("tag", |world| {
            world.vms[&node(1)].design.tag == Some(IntentTag { device: Disk, lifetime: Lifetime::Once })
        })
        .await;
    cycle(&mut rig).await;
    assert_eq!(rig.boot(&node(1)).await, Ok(BootSetting::Platform(Network)), "what comes next");
    assert_eq!(rig.cloud.tag(&node(1)), Some(TAG_NETWORK), "noted in the write that applied the one-shot");
    assert_eq!(rig.cloud.count(is_update), 2);
    cycle(&mut rig).await;
    cycle(&mut rig).await;
    let devices: Vec<_> = rig.cloud.boots(&node(1)).iter().map(|boot| boot.1).collect();
    assert_eq!(devices, [Disk, Network, Network]);
    assert_eq!(rig.cloud.tag(&node(1)), None);
    assert_eq!(rig.cloud.count(is_publish), 2);
}

#[tokio::test(start_paused = true)]
async fn a_one_shot_of_the_deployed_device_changes_nothing_but_what_is_read() {
    let mut rig = one(Phase::On).await;
    rig.set_boot(&node(1), once(Network)).await.unwrap();
    assert_eq!(rig.boot(&node(1)).await, Ok(BootSetting::Override(BootFlags([0xa0, 0x04, 0, 0, 0]))));
    cycle(&mut rig).await;
    assert_eq!(rig.boot(&node(1)).await, Ok(BootSetting::Platform(Network)));
    assert_eq!((rig.cloud.count(is_update), rig.cloud.count(is_publish)), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_tag_is_taken_over_where_the_journal_knows_nothing() {
    let spec = VmSpec { tag: Some(TAG_DISK), ..VmSpec::default() };
    let mut rig = Rig::new(FakeCloud::new([(node(1), spec)])).await;
    assert_eq!(rig.boot(&node(1)).await, Ok(BootSetting::Platform(Disk)));
    cycle(&mut rig).await;
    assert_eq!(rig.cloud.boots(&node(1)), [(Cause::Start, Disk)]);
    assert_eq!(rig.cloud.tag(&node(1)), None);
}

#[tokio::test(start_paused = true)]
async fn the_intent_survives_the_loss_of_the_journal() {
    let mut rig = one(Phase::On).await;
    rig.set_boot(&node(1), once(Disk)).await.unwrap();
    rig.cloud.until("tag", |world| world.vms[&node(1)].design.tag.is_some()).await;
    rig.journal = MemoryJournal::new();
    rig.restart().await;
    cycle(&mut rig).await;
    cycle(&mut rig).await;
    assert_eq!(rig.cloud.boots(&node(1)), [(Cause::Start, Disk), (Cause::Start, Network)]);
}

#[tokio::test(start_paused = true)]
async fn a_stale_tag_is_not_taken_over_a_second_time() {
    let spec = VmSpec { tag: Some(TAG_DISK), ..VmSpec::default() };
    let mut rig = Rig::new(FakeCloud::new([(node(1), spec)])).await;
    rig.until_node(&node(1), "taken over", |node| node.boot.is_some()).await;
    // Dropped: the design loses the tag, the deployment keeps showing it.
    rig.set_boot(&node(1), None).await.unwrap();
    rig.cloud.until("no tag", |world| world.vms[&node(1)].design.tag.is_none()).await;
    rig.restart().await;
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert_eq!(rig.boot(&node(1)).await, Ok(BootSetting::Platform(Network)));
    assert_eq!(rig.cloud.count(is_update), 1, "one write, not one per look");
}

#[tokio::test(start_paused = true)]
async fn the_journal_is_the_authority_over_a_tag() {
    let rig = one(Phase::On).await;
    rig.set_boot(&node(1), persistent(Network)).await.unwrap();
    rig.cloud.world().vms.get_mut(&node(1)).unwrap().design.tag = Some(TAG_DISK);
    tokio::time::advance(Duration::from_secs(60)).await;
    assert!(rig.status(&node(1)).await.is_ok());
    assert_eq!(rig.boot(&node(1)).await, Ok(BootSetting::Override(BootFlags([0xe0, 0x04, 0, 0, 0]))));
}

#[tokio::test(start_paused = true)]
async fn a_change_in_the_design_is_taken_back_when_somebody_else_starts_the_vm() {
    let mut rig = one(Phase::Off).await;
    rig.set_boot(&node(1), persistent(Disk)).await.unwrap();
    rig.cloud.until("tag", |world| world.vms[&node(1)].design.tag.is_some()).await;
    rig.cloud.fault(is_publish, Fault::Refuse(BackendErrorKind::Conflict));
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.cloud.until("publish refused", |world| world.attempts.contains(&Step::Publish)).await;
    rig.cloud.start_elsewhere(&node(1));
    rig.settled(&node(1)).await;
    rig.world("taken back", |world| world.vms[&node(1)].design.boot == Network).await;
    assert_eq!(rig.handle.nodes()[&node(1)].failure.as_ref().unwrap().kind, FailureKind::Overtaken);
    assert_eq!(rig.cloud.tag(&node(1)), Some(TAG_DISK), "still pending");
    assert_eq!(rig.cloud.count(is_publish), 0, "nothing that runs is restarted");
    rig.world("runs", |world| world.vms[&node(1)].phase == Phase::On).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    // The failure is told once, then the cycle does what the start could not.
    rig.power(&node(1), PowerRequest::Cycle).await.unwrap_err();
    cycle(&mut rig).await;
    assert_eq!(rig.cloud.boots(&node(1)), [(Cause::Elsewhere, Network), (Cause::Start, Disk)]);
}

#[tokio::test(start_paused = true)]
async fn off_in_the_middle_of_a_power_up_takes_the_change_back_into_the_tag() {
    let mut rig = one(Phase::Off).await;
    rig.set_boot(&node(1), persistent(Disk)).await.unwrap();
    rig.cloud.fault(is_publish, Fault::Refuse(BackendErrorKind::Conflict));
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.cloud.until("publish refused", |world| world.attempts.contains(&Step::Publish)).await;
    rig.power(&node(1), PowerRequest::Off).await.unwrap();
    rig.settled(&node(1)).await;
    rig.world("taken back", |world| {
        let design = &world.vms[&node(1)].design;
        design.boot == Network && design.tag == Some(TAG_DISK)
    })
    .await;
    assert_eq!((rig.cloud.count(is_publish), rig.cloud.count(is_start)), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn the_newest_device_counts_even_if_another_is_in_the_design_already() {
    let mut rig = one(Phase::Off).await;
    rig.set_boot(&node(1), persistent(Disk)).await.unwrap();
    rig.cloud.fault(is_publish, Fault::Refuse(BackendErrorKind::Conflict));
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.cloud.until("publish refused", |world| world.attempts.contains(&Step::Publish)).await;
    rig.set_boot(&node(1), persistent(Network)).await.unwrap();
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.boots(&node(1)), [(Cause::Start, Network)]);
    assert_eq!(rig.cloud.world().vms[&node(1)].design.boot, Network);
}

#[tokio::test(start_paused = true)]
async fn a_device_set_while_the_node_is_starting_waits_for_the_next_cycle() {
    let mut rig = one(Phase::Off).await;
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.world("starting", |world| world.vms[&node(1)].phase == Phase::PoweringOn).await;
    rig.set_boot(&node(1), once(Disk)).await.unwrap();
    rig.settled(&node(1)).await;
    assert_eq!(rig.boot(&node(1)).await, Ok(BootSetting::Override(BootFlags([0xa0, 0x08, 0, 0, 0]))));
    cycle(&mut rig).await;
    assert_eq!(rig.cloud.boots(&node(1)), [(Cause::Start, Network), (Cause::Start, Disk)]);
}

#[tokio::test(start_paused = true)]
async fn a_cycle_for_a_device_set_while_starting_is_a_second_cycle() {
    let mut rig = one(Phase::Off).await;
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.world("starting", |world| world.vms[&node(1)].phase == Phase::PoweringOn).await;
    rig.set_boot(&node(1), persistent(Disk)).await.unwrap();
    cycle(&mut rig).await;
    assert_eq!(rig.cloud.boots(&node(1)), [(Cause::Start, Network), (Cause::Start, Disk)]);
}

#[tokio::test(start_paused = true)]
async fn a_device_set_right_before_power_on_costs_no_waiting() {
    let mut rig = one(Phase::Off).await;
    rig.set_boot(&node(1), persistent(Disk)).await.unwrap();
    rig.cloud.until("tag", |world| world.vms[&node(1)].design.tag.is_some()).await;
    let began = tokio::time::Instant::now();
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.world("starting", |world| world.vms[&node(1)].phase == Phase::PoweringOn).await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    rig.settled(&node(1)).await;
}
