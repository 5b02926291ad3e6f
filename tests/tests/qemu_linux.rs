//! A real Linux whose first boot from disk takes so long that it can be interrupted. Deployed through the BMC it never
//! is, whatever a client asks for in the meantime; with a boot device that is published at once it is.

use std::path::{Path, PathBuf};

use ravbmc_tests::lab::{self, BOUND, Lab, NODE, PowerCycle};
use ravbmc_tests::{guest, linux, wait_for};
use serde_json::json;

/// A lab whose machine has the Linux on its disk, as if a ramdisk had written it already. Time is real.
fn lab() -> Option<Lab> {
    if !(guest::can_run() && guest::installed("xorriso")) {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let image = linux::image(Path::new(env!("CARGO_TARGET_TMPDIR")), &lab::sources(), folder.path())?;
    let document = json!({
        "name": "demo",
        "design": { "vms": [{
            "name": NODE, "numCpus": 1, "memorySize": { "value": 256, "unit": "MB" }, "stopTimeOut": 60,
            "hardDrives": [
                { "index": 1, "name": "cdrom", "type": "CDROM", "boot": true, "controller": "ide", "baseDiskImageName": "ipxe.iso" },
                { "index": 0, "name": "sda", "type": "DISK", "boot": false, "controller": "virtio", "baseDiskImageName": "linux",
                  "size": { "value": 128, "unit": "MB" } },
            ],
            "networkConnections": [
                { "name": "eth0", "device": { "index": 0 }, "ipConfig": { "staticIpConfig": { "ip": "192.168.2.10", "mask": "255.255.255.0" } } },
                { "name": "eth1", "device": { "index": 1 }, "ipConfig": { "staticIpConfig": { "ip": "192.168.4.10", "mask": "255.255.255.0" } } },
            ],
        }] },
        "deployment": { "vms": [] },
    });
    let application: PathBuf = folder.path().join("lab.json");
    std::fs::write(&application, document.to_string()).unwrap();
    let image = format!("linux={}", image.display());
    let options = ["--application", application.to_str().unwrap(), "--image", &image];
    let quick = ["--interfaces", "1", "--shell-prompt", "0s", "--reboot-prompt", "0s"];
    Lab::start(folder, &quick, &options)
}

#[test]
fn first_boot_of_linux_is_never_interrupted_through_the_bmc() {
    let Some(mut lab) = lab() else { return };
    lab.boot_deploy_program();
    lab.set_disk();
    lab.serial.press(b"g");
    lab.expect(&["iPXE", "DEPLOY: READY"]);
    lab.power_cycle(PowerCycle::OffThenOn);
    lab.expect(&["LINUX: FIRST BOOT"]);

    // While it configures itself: other boot devices, the death of the daemon, and questions all the time.
    let pid = lab.pid();
    lab.ipmitool().ok("chassis bootdev pxe options=persistent");
    lab.kill_daemon();
    lab.wait_for_power("on");
    lab.ipmitool().ok("chassis bootdev disk options=persistent");
    lab.wait_for_power("on");
    lab.expect(&["LINUX: CONFIGURED"]);
    assert_eq!(lab.pid(), pid);

    // Its own reboot is one boot, and from the disk.
    lab.serial.press(b"reboot\n");
    lab.expect(&["LINUX: BOOT"]);
    let boots =
        [("start", "network"), ("guest-reboot", "network"), ("start", "disk"), ("guest-reboot", "disk")];
    lab.expect_boots(&boots);

    // A real system follows the power button.
    lab.ipmitool().ok("power soft");
    wait_for("STOPPED", BOUND, || lab.cloud.state(NODE), |state| state == "STOPPED");
    let end = lab.cloud.boots(NODE).pop().unwrap().ended.unwrap();
    assert_eq!(end["how"], "shutdown");
}

#[test]
fn first_boot_of_linux_is_interrupted_when_the_boot_device_is_published_at_once() {
    let Some(mut lab) = lab() else { return };
    lab.boot_deploy_program();
    lab.publish_disk_at_once();
    lab.expect(&["LINUX: FIRST BOOT"]);
    // Ironic knows nothing of that boot and goes on to its power cycle.
    lab.power_cycle_in_the_cloud();
    lab.expect(&["LINUX: BROKEN"]);
    let ended = lab.cloud.boots(NODE);
    let cut = ended.iter().find(|boot| boot.cause == "publish-restart").unwrap();
    assert_eq!(cut.ended.as_ref().unwrap()["how"], "power-off");
    wait_for("STARTED", BOUND, || lab.cloud.state(NODE), |state| state == "STARTED");
}
