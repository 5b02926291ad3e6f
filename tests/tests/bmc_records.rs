//! What the daemon's BMCs say of their nodes: event log, inventory, power-on hours, DCMI and the watchdog timer, with real clients.

use std::time::Duration;

use ravbmc_tests::client::{Ipmitool, installed};
use ravbmc_tests::cloud::Cloud;
use ravbmc_tests::ravbmc::{Process, configuration};
use ravbmc_tests::wait_for;

const BOUND: Duration = Duration::from_secs(30);

struct Lab {
    cloud: Cloud,
    _simulator: Process,
    folder: tempfile::TempDir,
    daemon: Option<Process>,
}

impl Lab {
    fn start() -> Self {
        let simulator = Process::simulator(&["--nodes", "1", "--speed", "20"]);
        let folder = tempfile::tempdir().unwrap();
        let file = configuration(folder.path(), &simulator.cloud_url(), "");
        let daemon = Some(Process::serve(&file));
        Self { cloud: Cloud::of(&simulator), _simulator: simulator, folder, daemon }
    }

    fn ipmitool(&self) -> Ipmitool {
        Ipmitool::new(&self.daemon.as_ref().unwrap().bmcs()[0])
    }

    fn kill_and_restart(&mut self) {
        self.daemon.take().unwrap().kill();
        self.daemon = Some(Process::serve(&self.folder.path().join("ravbmc.toml")));
    }

    fn wait_for_state(&self, state: &str) {
        wait_for(state, BOUND, || self.cloud.state("node1"), |seen| seen == state);
    }

    /// Waits until the event log says this.
    fn wait_for_event(&self, text: &str) -> String {
        wait_for(text, BOUND, || self.ipmitool().ok("sel elist"), |log| log.contains(text));
        self.ipmitool().ok("sel elist")
    }
}

#[test]
fn event_log_has_what_the_node_did_and_what_consoles_told_also_after_sigkill() {
    if !installed("ipmitool") {
        return;
    }
    let mut lab = Lab::start();
    lab.ipmitool().ok("power on");
    lab.wait_for_event("S0/G0: working");
    lab.ipmitool().ok("event 1");
    lab.kill_and_restart();
    let log = lab.wait_for_event("Upper Critical going high");
    assert!(log.contains("S0/G0: working"), "{log}");

    lab.ipmitool().ok("sel delete 1");
    lab.kill_and_restart();
    let log = lab.ipmitool().ok("sel elist");
    assert!(!log.contains("S0/G0: working") && log.contains("Upper Critical going high"), "{log}");

    lab.ipmitool().ok("power off");
    let log = lab.wait_for_event("S4/S5: soft-off");
    assert_eq!(log.lines().count(), 2, "{log}");
    let info = lab.ipmitool().ok("sel info");
    assert!(info.contains("Entries          : 2") && info.contains("'Delete'"), "{info}");
}

#[test]
fn inventory_is_the_vm_s_and_its_asset_tag_can_be_changed_for_good() {
    if !installed("ipmitool") {
        return;
    }
    let mut lab = Lab::start();
    let node = lab.daemon.as_ref().unwrap().bmcs()[0].node.clone();
    let fru = lab.ipmitool().ok("fru print");
    let serial = node.rsplit('/').next().unwrap();
    assert!(fru.contains("Product Asset Tag     : node1") && fru.contains(serial), "{fru}");
    assert!(fru.contains("CPUs") && fru.contains("MiB memory"), "{fru}");
    assert!(lab.ipmitool().ok("dcmi asset_tag").contains("Asset tag: node1"));
    lab.ipmitool().ok("dcmi set_asset_tag rack-7");
    lab.kill_and_restart();
    assert!(lab.ipmitool().ok("dcmi asset_tag").contains("Asset tag: rack-7"));
    let fru = lab.ipmitool().ok("fru print");
    assert!(fru.contains("Product Asset Tag     : rack-7"), "{fru}");
    let power = lab.ipmitool().run("dcmi power reading");
    assert!(!power.success && power.err.contains("not found"), "{power:?}");
    let sensors = lab.ipmitool().ok("sdr elist all");
    assert!(sensors.contains("S4/S5: soft-off") && sensors.contains("Cloud"), "{sensors}");
}

#[test]
fn power_on_hours_of_a_new_node_are_none() {
    if !installed("ipmitool") {
        return;
    }
    let lab = Lab::start();
    assert!(lab.ipmitool().ok("chassis poh").contains("0 hours"));
}

#[test]
fn watchdog_that_nobody_resets_power_cycles_the_vm_and_says_so() {
    if !installed("ipmitool") {
        return;
    }
    let lab = Lab::start();
    lab.ipmitool().ok("power on");
    lab.wait_for_state("STARTED");
    lab.wait_for_event("S0/G0: working");
    let boots = lab.cloud.boots("node1").len();
    // SMS/OS, power cycle, in a second; then started.
    lab.ipmitool().ok("raw 0x06 0x24 0x04 0x03 0x00 0x10 0x0a 0x00");
    assert_eq!(lab.cloud.boots("node1").len(), boots, "not before it runs");
    lab.ipmitool().ok("mc watchdog reset");
    wait_for("a boot by the timer", BOUND, || lab.cloud.boots("node1").len(), |seen| *seen == boots + 1);
    wait_for(
        "the cause",
        BOUND,
        || lab.ipmitool().ok("chassis restart_cause"),
        |cause| cause.contains("watchdog"),
    );
    let timer = lab.ipmitool().ok("mc watchdog get");
    assert!(timer.contains("Stopped") || timer.contains("Not running"), "{timer}");
    lab.wait_for_state("STARTED");
    assert_eq!(lab.cloud.boots("node1").len(), boots + 1, "once");
}
