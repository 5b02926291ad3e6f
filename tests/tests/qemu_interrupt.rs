//! A diagnostic interrupt from a real client to a real machine, in a demonstration and through a daemon of its own.

use std::path::Path;

use ravbmc_tests::client::{self, Ipmitool};
use ravbmc_tests::cloud::Cloud;
use ravbmc_tests::guest::{self, Serial};
use ravbmc_tests::lab::{BOUND, Lab, NODE, QEMU, boot_cdrom, sources};
use ravbmc_tests::ravbmc::Process;
use ravbmc_tests::wait_for;

/// No time for keys.
const ISO: [&str; 6] = ["--interfaces", "1", "--shell-prompt", "0s", "--reboot-prompt", "0s"];

#[test]
fn diagnostic_interrupt_reaches_a_machine_that_runs_and_is_refused_for_one_that_is_off() {
    if !(client::installed("ipmitool") && guest::can_run()) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    guest::assemble(&sources(), "disk", folder.path());
    guest::assemble(&sources(), "deploy", folder.path());
    let Some(iso) = boot_cdrom(folder.path(), &ISO) else { return };
    let state = folder.path().join("state");
    let image = format!("ipxe.iso={}", iso.display());
    let network = format!("user,restrict=on,tftp={},bootfile=deploy.bin", folder.path().display());
    let options = ["--image", &image, "--network", &network, "--max-memory", "128M"];
    let state_dir = ["--state-dir", &path(&state), "--speed", "20"];
    let demo = Process::demo(1, &[&state_dir[..], &QEMU, &options].concat());
    let ipmitool = Ipmitool::new(&demo.bmcs()[0]);
    let off = ipmitool.run("power diag");
    assert!(!off.success && off.err.contains("not supported in present state"), "{off:?}");

    ipmitool.ok("power on");
    let vm = Cloud::of(&demo).id(NODE);
    let log = state.join(format!("vms/{vm}/console.log"));
    let serial = Serial::new(state.join(format!("consoles/{vm}.sock")), log);
    wait_for("the deploy program", BOUND, || serial.lines(), |lines| *lines == ["iPXE", "DEPLOY: READY"]);
    ipmitool.ok("power diag");
    let said = ["iPXE", "DEPLOY: READY", "DEPLOY: NMI"];
    wait_for("the interrupt", BOUND, || serial.lines(), |lines| *lines == said);
}

#[test]
fn daemon_beside_a_simulator_sends_diagnostic_interrupts() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut lab) = Lab::start(folder, &ISO, &[]) else { return };
    let off = lab.ipmitool().run("power diag");
    assert!(!off.success && off.err.contains("not supported in present state"), "{off:?}");
    lab.boot_deploy_program();
    lab.ipmitool().ok("power diag");
    lab.expect(&["DEPLOY: NMI"]);
    lab.expect_boots(&[("start", "network")]);
}
