//! Real machines on networks of the host: a bridge and a tap device, in a network namespace that the test makes.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ravbmc_tests::guest;
use ravbmc_tests::lab::QEMU;
use ravbmc_tests::ravbmc::{API_PASSWORD, program};
use ravbmc_tests::wait_for;
use serde_json::json;

const BOUND: Duration = Duration::from_secs(60);

/// Prepares the namespaces and becomes the simulator. QEMU's bridge helper asks /etc/qemu whether it may.
const PREPARE: &str = r#"
    set -e
    mount --make-rprivate /
    mkdir "$0/etc" && cp -a /etc/. "$0/etc" && mkdir -p "$0/etc/qemu"
    echo 'allow br-access' > "$0/etc/qemu/bridge.conf"
    mount --bind "$0/etc" /etc
    ip link set lo up
    ip link add br-access type bridge
    ip link set br-access up
    ip tuntap add t-node1 mode tap
    ip link set t-node1 up
    exec "$@"
"#;

/// Ended with its namespaces when dropped.
struct Simulator(Child);

impl Drop for Simulator {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn interfaces_are_on_the_bridge_and_on_the_tap_device_that_were_named() {
    if !(guest::can_run() && guest::installed("ip") && guest::installed("nsenter")) {
        return;
    }
    let trial = "mount --make-rprivate / && mount --bind /etc /etc && ip tuntap add probe mode tap";
    let probe = Command::new("unshare").args(["-nm", "sh", "-c", trial]).output();
    let helper = Path::new("/usr/lib/qemu/qemu-bridge-helper");
    if !(helper.exists() && probe.is_ok_and(|probe| probe.status.success())) {
        println!(
            "SKIPPED: virtual machines on bridges: network namespaces, mounts in them, /dev/net/tun or the bridge helper are missing"
        );
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let interface = |index: u32| json!({ "name": format!("eth{index}"), "device": { "index": index } });
    let document = json!({
        "name": "lab",
        "design": { "vms": [{ "name": "node1", "numCpus": 1, "memorySize": { "value": 64, "unit": "MB" },
                              "networkConnections": [interface(0), interface(1)] }] },
        "deployment": { "vms": [{ "name": "node1", "state": "STARTED" }] },
    });
    let application = folder.path().join("lab.json");
    std::fs::write(&application, document.to_string()).unwrap();
    let child = Command::new("unshare")
        .args(["-nm", "sh", "-c", PREPARE])
        .arg(folder.path())
        .arg(program("ravbmc"))
        .args(["sim", "--listen", "127.0.0.1:0"])
        .args(QEMU)
        .args(["--json", "--application"])
        .arg(&application)
        .arg("--state-dir")
        .arg(folder.path().join("cloud"))
        .args(["--network", "eth0=bridge:br-access", "--network", "eth1=tap:t-{name}"])
        .env("RAVBMC_API_PASSWORD", API_PASSWORD)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let simulator = Simulator(child);
    let inside = |words: &[&str]| {
        let pid = simulator.0.id().to_string();
        let output = Command::new("nsenter").args(["-t", &pid, "-n"]).args(words).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    // A tap device has a carrier as long as somebody has it open.
    let tap = || inside(&["ip", "-oneline", "link", "show", "dev", "t-node1"]);
    wait_for("the tap device to be used", BOUND, tap, |said| said.contains("LOWER_UP"));
    let bridge = || inside(&["ip", "-oneline", "link", "show", "master", "br-access"]);
    wait_for("a port of the bridge", BOUND, bridge, |said| {
        said.lines().count() == 1 && said.contains("LOWER_UP")
    });
}
