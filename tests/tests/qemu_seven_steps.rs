//! The deployment of a node in seven steps with a real machine: QEMU netboots through the product's own iPXE CD-ROM, a
//! deploy program writes a disk, and the disk knows whether its first boot was interrupted. Driven over IPMI with
//! the real `ipmitool`; what happened is read from the machine's serial port.
//!
//! 1. The node is powered on and boots from the network: the deploy ramdisk.
//! 2. The ramdisk writes the image.
//! 3. The boot device is set to disk while the ramdisk still runs. Nothing may happen to the machine.
//! 4. The ramdisk ends.
//! 5. The guest reboots by itself. It must come to iPXE again, not to the new disk.
//! 6. The power cycle that Ironic asks for.
//! 7. The first boot from disk: one, after the power cycle, and not interrupted.
//!
//! Guest time runs ahead of real time (`-icount`), so that waiting for DHCP and for keys costs nothing.

use ravbmc_tests::lab::{BOUND, Lab, NODE, PowerCycle};
use ravbmc_tests::wait_for;

fn lab() -> Option<Lab> {
    let fast = ["--qemu-arg", "-icount", "--qemu-arg", "shift=6,sleep=off"];
    Lab::start(tempfile::tempdir().unwrap(), &[], &[&["--nodes", "1"][..], &fast].concat())
}

/// Steps 1 and 2.
fn write_image(lab: &mut Lab) {
    lab.boot_deploy_program();
    lab.serial.press(b"w");
    lab.expect(&["DEPLOY: IMAGE WRITTEN"]);
}

/// All seven steps.
fn deploy(lab: &mut Lab, power_cycle: PowerCycle) {
    write_image(lab);

    // 3
    let pid = lab.pid();
    lab.set_disk();
    lab.kill_daemon();

    // 4 and 5, twice: nobody knows how often a ramdisk reboots.
    for _ in 0..2 {
        lab.serial.press(b"g");
        lab.expect(&["iPXE", "DEPLOY: READY"]);
    }
    lab.expect_boots(&[("start", "network"), ("guest-reboot", "network"), ("guest-reboot", "network")]);
    assert_eq!(lab.pid(), pid, "the machine was never without power");

    // 6
    lab.power_cycle(power_cycle);

    // 7
    lab.expect(&["DISK: FIRST BOOT"]);
    lab.serial.press(b"c");
    lab.expect(&["DISK: CONFIGURED"]);
    lab.expect_boots(&[
        ("start", "network"),
        ("guest-reboot", "network"),
        ("guest-reboot", "network"),
        ("start", "disk"),
    ]);
    lab.wait_for_power("on");
    let gone = |description: &String| !description.contains("[boot:");
    wait_for("the tag is gone", BOUND, || lab.cloud.design_description(NODE), gone);
}

#[test]
fn real_machine_is_deployed_with_power_off_and_on_and_stays_on_its_disk() {
    let Some(mut lab) = lab() else { return };
    deploy(&mut lab, PowerCycle::OffThenOn);

    // Its own reboot stays on the disk, also when the boot device is to be the network from the next power cycle on.
    lab.serial.press(b"r");
    lab.expect(&["DISK: BOOT"]);
    lab.ipmitool().ok("chassis bootdev pxe options=persistent");
    lab.serial.press(b"r");
    lab.expect(&["DISK: BOOT"]);
    lab.ipmitool().ok("power soft");
    lab.wait_for_power("off");
    lab.ipmitool().ok("power on");
    lab.expect(&["iPXE", "DEPLOY: READY"]);
    assert_eq!(lab.boots().last().unwrap(), &("start".to_owned(), "network".to_owned()));
}

#[test]
fn real_machine_is_deployed_with_power_cycle() {
    let Some(mut lab) = lab() else { return };
    deploy(&mut lab, PowerCycle::Cycle);
}

#[test]
fn real_machine_is_deployed_with_power_reset() {
    let Some(mut lab) = lab() else { return };
    deploy(&mut lab, PowerCycle::Reset);
}

/// What happens without a virtual BMC that waits: the machine is restarted in step 3, and the first boot from disk is
/// cut off in step 6. So the other tests can fail.
#[test]
fn boot_device_that_is_published_at_once_breaks_the_first_boot() {
    let Some(mut lab) = lab() else { return };
    write_image(&mut lab);
    lab.publish_disk_at_once();
    lab.expect(&["DISK: FIRST BOOT"]);
    lab.power_cycle_in_the_cloud();
    lab.expect(&["DISK: BROKEN"]);
    lab.expect_boots(&[("start", "network"), ("publish-restart", "disk"), ("start", "disk")]);
}
