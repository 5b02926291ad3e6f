//! The deployment of a node in seven steps, as Ironic does it, with the real `ipmitool`, a daemon of its own and
//! the simulated cloud; and the same when the daemon is killed between any two of them.
//!
//! 1. The node is powered on and boots from the network: the deploy ramdisk.
//! 2. The ramdisk writes the image.
//! 3. The boot device is set to disk while the ramdisk still runs. Nothing may happen to the VM.
//! 4. The ramdisk ends.
//! 5. The guest reboots by itself. It must boot from the network again, not from the new disk.
//! 6. The power cycle that Ironic asks for.
//! 7. The first boot from disk: one, after the power cycle, and not interrupted.

use std::path::PathBuf;
use std::time::Duration;

use ravbmc_tests::client::{Ipmitool, installed};
use ravbmc_tests::cloud::Cloud;
use ravbmc_tests::ravbmc::{Process, configuration};
use ravbmc_tests::wait_for;

const BOUND: Duration = Duration::from_secs(30);
const NODE: &str = "node1";

/// How Ironic asks for the power cycle of step 6.
#[derive(Clone, Copy, Debug)]
enum PowerCycle {
    OffThenOn,
    /// Without waiting for the power to be off in between.
    OffThenOnAtOnce,
    Cycle,
    Reset,
}

/// The moments between which the daemon can be killed.
const MOMENTS: usize = 6;

struct Lab {
    _simulator: Process,
    cloud: Cloud,
    _folder: tempfile::TempDir,
    configuration: PathBuf,
    daemon: Option<Process>,
    kills: Vec<usize>,
}

impl Lab {
    fn start(kills: &[usize]) -> Self {
        let simulator = Process::simulator(&["--nodes", "1", "--speed", "20"]);
        let cloud = Cloud::of(&simulator);
        let folder = tempfile::tempdir().unwrap();
        let configuration = configuration(folder.path(), &simulator.cloud_url(), "");
        let daemon = Some(Process::serve(&configuration));
        let kills = kills.to_vec();
        Self { _simulator: simulator, cloud, _folder: folder, configuration, daemon, kills }
    }

    fn ipmitool(&self) -> Ipmitool {
        Ipmitool::new(&self.daemon.as_ref().unwrap().bmcs()[0])
    }

    /// Kills the daemon here, if this run does, and starts it again.
    fn moment(&mut self, moment: usize) {
        assert!(moment < MOMENTS);
        if self.kills.contains(&moment) {
            self.daemon.take().unwrap().kill();
            self.daemon = Some(Process::serve(&self.configuration));
        }
    }

    fn wait_for_power(&self, power: &str) {
        let status = || self.ipmitool().ok("power status");
        wait_for(power, BOUND, status, |said| said.trim() == format!("Chassis Power is {power}"));
    }

    fn wait_for_state(&self, state: &str) {
        wait_for(state, BOUND, || self.cloud.state(NODE), |seen| seen == state);
    }

    fn devices_booted(&self) -> Vec<String> {
        self.cloud.boots(NODE).into_iter().map(|boot| boot.device).collect()
    }

    fn deploy(&mut self, power_cycle: PowerCycle) {
        // 1
        self.ipmitool().ok("raw 0x00 0x08 0x03 0x08");
        self.ipmitool().ok("raw 0x00 0x08 0x05 0xe0 0x04 0x00 0x00 0x00");
        self.ipmitool().ok("power on");
        self.moment(0);
        self.wait_for_power("on");
        self.wait_for_state("STARTED");
        assert_eq!(self.devices_booted(), ["network"]);
        self.moment(1);

        // 3
        let publishes = self.cloud.requests("publishUpdates");
        self.ipmitool().ok("raw 0x00 0x08 0x03 0x08");
        self.ipmitool().ok("raw 0x00 0x08 0x05 0xe0 0x08 0x00 0x00 0x00");
        self.moment(2);
        let tagged = |description: &String| description.contains("[boot: hd]");
        wait_for("the tag", BOUND, || self.cloud.design_description(NODE), tagged);
        assert_eq!(self.cloud.state(NODE), "STARTED");
        assert_eq!(self.devices_booted(), ["network"], "setting the boot device did not restart the VM");
        let said = self.ipmitool().ok("chassis bootparam get 5");
        assert!(said.contains("Force Boot from default Hard-Drive"), "{said}");

        // 5
        self.cloud.reboot_guest(NODE);
        wait_for("the guest's reboot", BOUND, || self.devices_booted().len(), |count| *count == 2);
        self.moment(3);
        self.wait_for_state("STARTED");
        assert_eq!(
            self.devices_booted(),
            ["network", "network"],
            "the guest's own reboot stays on the network"
        );
        assert_eq!(self.cloud.requests("publishUpdates"), publishes, "nothing was published while it ran");

        // 6
        match power_cycle {
            PowerCycle::OffThenOn => {
                self.ipmitool().ok("power off");
                self.moment(4);
                self.wait_for_power("off");
                self.ipmitool().ok("power on");
            }
            PowerCycle::OffThenOnAtOnce => {
                self.ipmitool().ok("power off");
                self.moment(4);
                self.ipmitool().ok("power on");
            }
            PowerCycle::Cycle => {
                self.moment(4);
                self.ipmitool().ok("power cycle");
            }
            PowerCycle::Reset => {
                self.moment(4);
                self.ipmitool().ok("power reset");
            }
        }
        self.moment(5);

        // 7
        wait_for("the boot from disk", BOUND, || self.devices_booted().len(), |count| *count >= 3);
        self.wait_for_power("on");
        self.wait_for_state("STARTED");
        let gone = |description: &String| !description.contains("[boot:");
        wait_for("the tag is gone", BOUND, || self.cloud.design_description(NODE), gone);
        assert!(!self.cloud.deployment_description(NODE).contains("[boot:"));
        let boots = self.cloud.boots(NODE);
        assert_eq!(self.devices_booted(), ["network", "network", "disk"]);
        assert_eq!(boots[2].cause, "start");
        assert!(boots[2].runs(), "the first boot from disk was not interrupted: {boots:?}");
        let said = self.ipmitool().ok("chassis bootparam get 5");
        assert!(said.contains("Force Boot from default Hard-Drive"), "{said}");
    }
}

fn seven_steps(power_cycle: PowerCycle, kills: &[usize]) {
    if installed("ipmitool") {
        Lab::start(kills).deploy(power_cycle);
    }
}

#[test]
fn seven_steps_with_power_off_and_on() {
    seven_steps(PowerCycle::OffThenOn, &[]);
}

#[test]
fn seven_steps_with_power_off_and_on_without_waiting() {
    seven_steps(PowerCycle::OffThenOnAtOnce, &[]);
}

#[test]
fn seven_steps_with_power_cycle() {
    seven_steps(PowerCycle::Cycle, &[]);
}

#[test]
fn seven_steps_with_power_reset() {
    seven_steps(PowerCycle::Reset, &[]);
}

#[test]
fn seven_steps_when_the_daemon_is_killed_between_any_two() {
    for moment in 0..MOMENTS {
        seven_steps(PowerCycle::OffThenOn, &[moment]);
    }
    let always: Vec<usize> = (0..MOMENTS).collect();
    for power_cycle in
        [PowerCycle::OffThenOn, PowerCycle::OffThenOnAtOnce, PowerCycle::Cycle, PowerCycle::Reset]
    {
        seven_steps(power_cycle, &always);
    }
}

#[test]
fn seven_steps_when_the_daemon_loses_its_disk() {
    if !installed("ipmitool") {
        return;
    }
    let mut lab = Lab::start(&[]);
    lab.ipmitool().ok("power on");
    lab.wait_for_state("STARTED");
    lab.ipmitool().ok("raw 0x00 0x08 0x05 0xe0 0x08 0x00 0x00 0x00");
    let tagged = |description: &String| description.contains("[boot: hd]");
    wait_for("the tag", BOUND, || lab.cloud.design_description(NODE), tagged);

    lab.daemon.take().unwrap().kill();
    std::fs::remove_dir_all(lab._folder.path().join("state")).unwrap();
    lab.daemon = Some(Process::serve(&lab.configuration));

    lab.ipmitool().ok("power cycle");
    wait_for("the boot from disk", BOUND, || lab.devices_booted(), |seen| *seen == ["network", "disk"]);
}
