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

use std::path::{Path, PathBuf};
use std::time::Duration;

use ravbmc_tests::client::{Ipmitool, installed};
use ravbmc_tests::cloud::Cloud;
use ravbmc_tests::guest::{self, Serial};
use ravbmc_tests::ravbmc::{self, Process, configuration};
use ravbmc_tests::wait_for;
use tempfile::TempDir;

/// A netboot takes a second or two; a busy machine may need much longer.
const BOUND: Duration = Duration::from_secs(100);
const NODE: &str = "node1";

/// How Ironic asks for the power cycle of step 6.
#[derive(Clone, Copy, Debug)]
enum PowerCycle {
    OffThenOn,
    Cycle,
    Reset,
}

struct Lab {
    _simulator: Process,
    cloud: Cloud,
    folder: TempDir,
    configuration: PathBuf,
    daemon: Option<Process>,
    serial: Serial,
    /// What the serial port must have said so far.
    said: Vec<&'static str>,
}

impl Lab {
    /// `None`, and a line SKIPPED, if something is missing.
    fn start() -> Option<Self> {
        if !(installed("ipmitool") && guest::can_run() && guest::installed("xorriso")) {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("guests");
        guest::assemble(&sources, "disk", folder.path());
        guest::assemble(&sources, "deploy", folder.path());
        let iso = folder.path().join("lab.iso");
        let made = ravbmc::run(&["lab", "iso", "--output", iso.to_str().unwrap()]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));

        let state = folder.path().join("cloud");
        let image = format!("ipxe.iso={}", iso.display());
        let deploy = format!("eth1=user,restrict=on,tftp={},bootfile=deploy.bin", folder.path().display());
        let simulator = Process::simulator(&[
            "--nodes",
            "1",
            "--speed",
            "20",
            "--state-dir",
            state.to_str().unwrap(),
            "--engine",
            "qemu",
            "--image",
            &image,
            "--max-memory",
            "128M",
            "--max-cpus",
            "1",
            "--network",
            "eth0=user,restrict=on",
            "--network",
            &deploy,
            "--qemu-arg",
            "-icount",
            "--qemu-arg",
            "shift=6,sleep=off",
        ]);
        let cloud = Cloud::of(&simulator);
        let vm = cloud.id(NODE);
        let serial = Serial::new(
            state.join(format!("consoles/{vm}.sock")),
            state.join(format!("vms/{vm}/console.log")),
        );
        let configuration = configuration(folder.path(), &simulator.cloud_url(), "");
        let daemon = Some(Process::serve(&configuration));
        Some(Self { _simulator: simulator, cloud, folder, configuration, daemon, serial, said: Vec::new() })
    }

    fn ipmitool(&self) -> Ipmitool {
        Ipmitool::new(&self.daemon.as_ref().unwrap().bmcs()[0])
    }

    /// The daemon dies, and another one takes over.
    fn kill_daemon(&mut self) {
        self.daemon.take().unwrap().kill();
        self.daemon = Some(Process::serve(&self.configuration));
    }

    fn press(&mut self, key: u8) {
        self.serial.press(key);
    }

    /// The serial port says this next, and has said nothing else before.
    fn expect(&mut self, lines: &[&'static str]) {
        self.said.extend(lines);
        let said = || self.serial.lines();
        wait_for("the serial port", BOUND, said, |seen| seen.len() >= self.said.len());
        assert_eq!(self.serial.lines(), self.said);
    }

    fn wait_for_power(&self, power: &str) {
        let status = || self.ipmitool().ok("power status");
        wait_for(power, BOUND, status, |said| said.trim() == format!("Chassis Power is {power}"));
    }

    fn pid(&self) -> String {
        let file = format!("cloud/vms/{}/pid", self.cloud.id(NODE));
        std::fs::read_to_string(self.folder.path().join(file)).unwrap()
    }

    /// The boot log: why, from what.
    fn boots(&self) -> Vec<(String, String)> {
        self.cloud.boots(NODE).into_iter().map(|boot| (boot.cause, boot.device)).collect()
    }

    fn expect_boots(&self, boots: &[(&str, &str)]) {
        let count = |seen: &Vec<(String, String)>| seen.len() >= boots.len();
        let seen = wait_for("the boot log", BOUND, || self.boots(), count);
        let seen: Vec<_> = seen.iter().map(|(cause, device)| (cause.as_str(), device.as_str())).collect();
        assert_eq!(seen, boots);
    }

    /// Steps 1 and 2.
    fn write_image(&mut self) {
        self.ipmitool().ok("raw 0x00 0x08 0x03 0x08");
        self.ipmitool().ok("raw 0x00 0x08 0x05 0xe0 0x04 0x00 0x00 0x00");
        self.ipmitool().ok("power on");
        self.expect(&["iPXE", "DEPLOY: READY"]);
        self.press(b'w');
        self.expect(&["DEPLOY: IMAGE WRITTEN"]);
        self.wait_for_power("on");
    }

    fn set_disk(&self) {
        self.ipmitool().ok("raw 0x00 0x08 0x03 0x08");
        self.ipmitool().ok("raw 0x00 0x08 0x05 0xe0 0x08 0x00 0x00 0x00");
    }

    /// Step 6.
    fn power_cycle(&self, how: PowerCycle) {
        match how {
            PowerCycle::OffThenOn => {
                self.ipmitool().ok("power off");
                self.wait_for_power("off");
                self.ipmitool().ok("power on");
            }
            PowerCycle::Cycle => drop(self.ipmitool().ok("power cycle")),
            PowerCycle::Reset => drop(self.ipmitool().ok("power reset")),
        }
    }

    /// All seven steps.
    fn deploy(&mut self, power_cycle: PowerCycle) {
        self.write_image();

        // 3
        let pid = self.pid();
        self.set_disk();
        let tagged = |description: &String| description.contains("[boot: hd]");
        wait_for("the tag", BOUND, || self.cloud.design_description(NODE), tagged);
        self.kill_daemon();

        // 4 and 5, twice: nobody knows how often a ramdisk reboots.
        for _ in 0..2 {
            self.press(b'g');
            self.expect(&["iPXE", "DEPLOY: READY"]);
        }
        self.expect_boots(&[("start", "network"), ("guest-reboot", "network"), ("guest-reboot", "network")]);
        assert_eq!(self.pid(), pid, "the machine was never without power");

        // 6
        self.power_cycle(power_cycle);

        // 7
        self.expect(&["DISK: FIRST BOOT"]);
        self.press(b'c');
        self.expect(&["DISK: CONFIGURED"]);
        self.expect_boots(&[
            ("start", "network"),
            ("guest-reboot", "network"),
            ("guest-reboot", "network"),
            ("start", "disk"),
        ]);
        self.wait_for_power("on");
        let gone = |description: &String| !description.contains("[boot:");
        wait_for("the tag is gone", BOUND, || self.cloud.design_description(NODE), gone);
    }
}

#[test]
fn real_machine_is_deployed_with_power_off_and_on_and_stays_on_its_disk() {
    let Some(mut lab) = Lab::start() else { return };
    lab.deploy(PowerCycle::OffThenOn);

    // Its own reboot stays on the disk, also when the boot device is to be the network from the next power cycle on.
    lab.press(b'r');
    lab.expect(&["DISK: BOOT"]);
    lab.ipmitool().ok("chassis bootdev pxe options=persistent");
    lab.press(b'r');
    lab.expect(&["DISK: BOOT"]);
    lab.ipmitool().ok("power soft");
    lab.wait_for_power("off");
    lab.ipmitool().ok("power on");
    lab.expect(&["iPXE", "DEPLOY: READY"]);
    assert_eq!(lab.boots().last().unwrap(), &("start".to_owned(), "network".to_owned()));
}

#[test]
fn real_machine_is_deployed_with_power_cycle() {
    let Some(mut lab) = Lab::start() else { return };
    lab.deploy(PowerCycle::Cycle);
}

#[test]
fn real_machine_is_deployed_with_power_reset() {
    let Some(mut lab) = Lab::start() else { return };
    lab.deploy(PowerCycle::Reset);
}

/// What happens without a virtual BMC that waits: the machine is restarted in step 3, and the first boot from disk is
/// cut off in step 6. So the other tests can fail.
#[test]
fn boot_device_that_is_published_at_once_breaks_the_first_boot() {
    let Some(mut lab) = Lab::start() else { return };
    lab.write_image();
    lab.cloud.edit_design(NODE, |vm| {
        let drives = vm["hardDrives"].as_array_mut().unwrap();
        drives.iter_mut().find(|drive| drive["type"] == "DISK").unwrap()["boot"] = true.into();
    });
    lab.cloud.publish_updates(NODE);
    lab.expect(&["DISK: FIRST BOOT"]);
    // Nothing waits in the BMC, but it still keeps the network boot that it was asked for: whoever publishes at once has
    // to power-cycle by himself.
    lab.cloud.act(NODE, "poweroff");
    wait_for("STOPPED", BOUND, || lab.cloud.state(NODE), |state| state == "STOPPED");
    lab.cloud.act(NODE, "start");
    lab.expect(&["DISK: BROKEN"]);
    lab.expect_boots(&[("start", "network"), ("publish-restart", "disk"), ("start", "disk")]);
}
