//! The simulator gets SIGKILL while it runs real guests: no QEMU process is left, and the next simulator has them run
//! again.

use std::path::Path;
use std::time::Duration;

use ravbmc_tests::cloud::Cloud;
use ravbmc_tests::guest::{self, Serial};
use ravbmc_tests::lab::QEMU;
use ravbmc_tests::ravbmc::Process;
use ravbmc_tests::wait_for;
use serde_json::json;

const BOUND: Duration = Duration::from_secs(60);
const VMS: u64 = 3;

fn simulator(folder: &Path, application: &Path) -> Process {
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let image = format!("system={}", folder.join("disk.bin").display());
    let (application, state) = (path(application), path(&folder.join("cloud")));
    let files = ["--application", &application, "--state-dir", &state, "--image", &image];
    Process::simulator(&[&files[..], &QEMU, &["--network", "user,restrict=on"]].concat())
}

/// Whether a process runs; one that only waits for its parent to notice its end does not.
fn runs(pid: &str) -> bool {
    std::fs::read(Path::new("/proc").join(pid).join("cmdline")).is_ok_and(|line| !line.is_empty())
}

/// The process group of a process (`proc_pid_stat(5)`: the third field after the name).
fn group(pid: &str) -> String {
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid).join("stat")).unwrap();
    stat.rsplit(')').next().unwrap().split_whitespace().nth(2).unwrap().to_owned()
}

#[test]
fn guests_of_a_killed_simulator_are_gone_and_run_again_with_the_next() {
    if !guest::can_run() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    guest::assemble(&Path::new(env!("CARGO_MANIFEST_DIR")).join("guests"), "disk", folder.path());
    let vm = |number: u64| {
        json!({
            "id": number, "name": format!("vm{number}"), "numCpus": 1, "memorySize": { "value": 64, "unit": "MB" },
            "hardDrives": [{ "id": 100 * number, "index": 0, "type": "DISK", "controller": "virtio", "boot": true,
                             "baseDiskImageName": "system", "size": { "value": 8, "unit": "MB" } }],
        })
    };
    let vms: Vec<_> = (1..=VMS).map(vm).collect();
    let application = folder.path().join("lab.json");
    let document = json!({ "name": "lab", "design": { "vms": vms }, "deployment": { "vms": [] } });
    std::fs::write(&application, document.to_string()).unwrap();
    let home = |number: u64| folder.path().join(format!("cloud/vms/{number}"));
    let serial = |number: u64| {
        let socket = folder.path().join(format!("cloud/consoles/{number}.sock"));
        Serial::new(socket, home(number).join("console.log"))
    };
    let pid = |number: u64| std::fs::read_to_string(home(number).join("pid")).unwrap().trim().to_owned();

    let first = simulator(folder.path(), &application);
    let cloud = Cloud::of(&first);
    for number in 1..VMS {
        cloud.act(&format!("vm{number}"), "start");
        wait_for("the first boot", BOUND, || serial(number).lines(), |lines| *lines == ["DISK: FIRST BOOT"]);
        serial(number).press(b"c");
        wait_for("its end", BOUND, || serial(number).lines().len(), |lines| *lines == 2);
        wait_for("STARTED", BOUND, || cloud.state(&format!("vm{number}")), |state| state == "STARTED");
    }
    // What it keeps is written soon after it happens.
    let state = folder.path().join("cloud/ravello-sim.json");
    let kept = || std::fs::read_to_string(&state).unwrap_or_default();
    wait_for("the state on disk", BOUND, kept, |kept| kept.matches(r#""cause":"start""#).count() == 2);
    let pids: Vec<_> = (1..VMS).map(pid).collect();
    for pid in &pids {
        assert_eq!(group(pid), *pid, "a Ctrl-C for the simulator is none for its guests");
    }
    first.kill();
    let alive = || pids.iter().filter(|pid| runs(pid)).count();
    wait_for("the end of all QEMU processes", BOUND, alive, |alive| *alive == 0);

    let second = simulator(folder.path(), &application);
    let cloud = Cloud::of(&second);
    for number in 1..VMS {
        let lines = ["DISK: FIRST BOOT", "DISK: CONFIGURED", "DISK: BOOT"];
        wait_for("the next boot", BOUND, || serial(number).lines(), |seen| *seen == lines);
        let boots: Vec<_> = cloud.boots(&format!("vm{number}")).into_iter().map(|boot| boot.cause).collect();
        assert_eq!(boots, ["start", "loaded"]);
    }
    assert_eq!(cloud.state(&format!("vm{VMS}")), "STOPPED", "what was off stays off");
    let pids: Vec<_> = (1..VMS).map(pid).collect();
    assert!(second.terminate());
    assert!(
        pids.iter().all(|pid| !Path::new("/proc").join(pid).exists()),
        "none is left after an orderly end"
    );
}
