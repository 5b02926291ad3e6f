//! The seven steps of a deploy, as Ironic makes them, with a guest that reboots by itself in between.

use machine::BootDevice::{Disk, Network};
use machine::{BootSetting, Phase, PowerRequest, Step};

use crate::support::rig::PERSISTENT_DISK;
use crate::support::{Cause, FakeCloud, Rig, VmSpec, node, persistent};

fn is_publish(step: &Step) -> bool {
    *step == Step::Publish
}

pub(crate) fn cloud() -> FakeCloud {
    FakeCloud::new([
        (node(0), VmSpec::default()),
        (node(1), VmSpec { phase: Phase::Off, boot: Disk, tag: None }),
    ])
}

/// What Ironic and the guest do, one step each.
pub(crate) const STEPS: usize = 7;

pub(crate) async fn step(rig: &mut Rig, number: usize) {
    let node = &node(1);
    match number {
        // The deploy ramdisk is to be booted from the network.
        0 => drop(rig.set_boot(node, persistent(Network)).await.unwrap()),
        1 => {
            rig.power(node, PowerRequest::On).await.unwrap();
            rig.settled(node).await;
        }
        // The ramdisk runs; the image is written; the disk is to be booted next.
        2 => drop(rig.set_boot(node, persistent(Disk)).await.unwrap()),
        // The guest reboots by itself, before Ironic gets to it.
        3 => {
            rig.world("runs", |world| world.vms[node].phase == Phase::On).await;
            rig.cloud.reboot_guest(node);
        }
        4 => {
            rig.power(node, PowerRequest::Off).await.unwrap();
            rig.settled(node).await;
            rig.world("off", |world| world.vms[node].phase == Phase::Off).await;
        }
        5 => {
            rig.power(node, PowerRequest::On).await.unwrap();
            rig.settled(node).await;
        }
        6 => rig.world("runs", |world| world.vms[node].phase == Phase::On).await,
        _ => unreachable!("there are seven steps"),
    }
}

pub(crate) fn check(rig: &Rig) {
    let boots = rig.cloud.boots(&node(1));
    assert_eq!(
        boots,
        [(Cause::Start, Network), (Cause::GuestReboot, Network), (Cause::Start, Disk)],
        "exactly one boot from disk, by the power cycle; accepted {:?}",
        rig.cloud.accepted()
    );
    assert!(rig.cloud.boots(&node(0)).is_empty(), "the undercloud was never touched");
    let world = rig.cloud.world();
    let vm = &world.vms[&node(1)];
    assert_eq!((vm.design.boot, vm.design.tag), (Disk, None));
    assert_eq!(vm.deployed, Some(vm.design.clone()));
}

#[tokio::test(start_paused = true)]
async fn the_disk_boots_once_after_the_power_cycle_and_not_before() {
    let mut rig = Rig::new(cloud()).await;
    for number in 0..STEPS {
        if number == 3 {
            rig.world("tag", |world| world.vms[&node(1)].design.tag.is_some()).await;
            assert_eq!(rig.cloud.phase(&node(1)), Phase::On);
            assert_eq!(rig.cloud.boots(&node(1)), [(Cause::Start, Network)], "setting it restarted nothing");
            assert_eq!(rig.cloud.count(is_publish), 1);
        }
        step(&mut rig, number).await;
    }
    check(&rig);
    assert_eq!(rig.boot(&node(1)).await, Ok(BootSetting::Override(PERSISTENT_DISK)));
    assert_eq!(rig.cloud.count(is_publish), 2);
}

#[tokio::test(start_paused = true)]
async fn the_same_with_a_power_cycle_in_place_of_off_and_on() {
    let mut rig = Rig::new(cloud()).await;
    for number in 0..4 {
        step(&mut rig, number).await;
    }
    rig.power(&node(1), PowerRequest::Cycle).await.unwrap();
    rig.settled(&node(1)).await;
    check(&rig);
}

#[tokio::test(start_paused = true)]
async fn the_same_with_the_daemon_killed_between_any_two_steps() {
    for killed_before in 0..STEPS {
        let mut rig = Rig::new(cloud()).await;
        for number in 0..STEPS {
            if number == killed_before {
                rig.restart().await;
            }
            step(&mut rig, number).await;
        }
        check(&rig);
    }
    let mut rig = Rig::new(cloud()).await;
    for number in 0..STEPS {
        step(&mut rig, number).await;
        rig.restart().await;
    }
    check(&rig);
}
