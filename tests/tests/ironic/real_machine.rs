//! Ironic and a real machine: a QEMU process netboots, through the product's own iPXE CD-ROM, what Ironic offers over HTTP, a
//! Linux that writes its disk. What happened is read from its serial port.
//!
//! The machine has no way out but to Ironic's HTTP server, which it knows as [`OFFERS`].

use std::fs;
use std::path::Path;
use std::time::Duration;

use ravbmc_tests::cloud::Cloud;
use ravbmc_tests::guest::{self, Serial};
use ravbmc_tests::lab::{QEMU, boot_cdrom, sources};
use ravbmc_tests::linux::Linux;
use ravbmc_tests::ravbmc::{Process, configuration};
use ravbmc_tests::wait_for;
use serde_json::json;

use crate::conductor::{Ironic, Timing};
use crate::installation::Installation;
use crate::lab::enrol;
use crate::node::Node;

/// Where Ironic's HTTP server is for the machine.
const OFFERS: &str = "10.0.3.100:80";

/// How long a netboot of a Linux may take that software executes on a busy host.
const BOUND: Duration = Duration::from_secs(180);

/// What the serial port says, in order.
struct Story {
    serial: Serial,
    said: Vec<&'static str>,
}

impl Story {
    /// It goes on like this, and with nothing else.
    fn goes_on(&mut self, lines: &[&'static str]) {
        self.said.extend(lines);
        let said = || self.serial.lines();
        wait_for("the serial port", BOUND, said, |seen| seen.len() >= self.said.len());
        assert_eq!(self.serial.lines(), self.said);
    }
}

#[test]
fn machine_boots_what_ironic_deploys_and_its_disk_once_and_when_ironic_says() {
    let Some(installation) = Installation::ready() else { return };
    if !(guest::can_run() && guest::installed("socat")) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let quick = ["--interfaces", "1", "--shell-prompt", "0s", "--reboot-prompt", "0s"];
    let Some(iso) = boot_cdrom(folder.path(), &quick) else { return };
    let Some(linux) = Linux::fetch(Path::new(env!("CARGO_TARGET_TMPDIR"))) else { return };
    let image = guest::assemble(&sources(), "disk", folder.path());
    let ramdisk = linux.ramdisk(&sources().join("ramdisk-init.sh"), &[&image], folder.path());

    let more = format!(
        "[deploy]\nhttp_url = http://{OFFERS}\n[pxe]\nkernel_append_params = console=ttyS0 quiet panic=-1\n"
    );
    let ironic = Ironic::start(installation, Timing::Quick, &more);
    let state = folder.path().join("state");
    let image = format!("ipxe.iso={}", iso.display());
    let network = format!(
        "eth1=user,restrict=on,bootfile=http://{OFFERS}/boot.ipxe,guestfwd=tcp:{OFFERS}-cmd:socat STDIO TCP:127.0.0.1:{}",
        ironic.http_port()
    );
    let machine = ["--image", &image, "--max-memory", "256M", "--max-cpus", "1", "--network", &network];
    let rest = ["--network", "none", "--speed", "20", "--state-dir", state.to_str().unwrap()];
    let simulator = Process::simulator(&[&["--nodes", "1"][..], &QEMU, &machine, &rest].concat());
    let cloud = Cloud::of(&simulator);
    let configuration = configuration(folder.path(), &simulator.cloud_url(), "");
    let _daemon = Process::serve(&configuration);
    enrol(&ironic, &configuration, 1);
    let node = Node { ironic: &ironic, cloud: &cloud, name: "node1" };
    let vm = cloud.id(node.name);
    let serial =
        Serial::new(state.join(format!("consoles/{vm}.sock")), state.join(format!("vms/{vm}/console.log")));
    let mut story = Story { serial, said: Vec::new() };

    // 1 and 2: Ironic boots its ramdisk, which writes the disk.
    let offered = |file: &Path, name: &str| {
        let beside = ironic.folder().join(name);
        fs::copy(file, &beside).unwrap();
        format!("file://{}", beside.display())
    };
    let instance =
        json!({ "kernel": offered(&linux.kernel(), "kernel"), "ramdisk": offered(&ramdisk, "ramdisk") });
    node.set(&[("/deploy_interface", json!("ramdisk")), ("/instance_info", instance)]);
    node.make_available();
    node.provision("active", "active");
    story.goes_on(&["iPXE", "LINUX: RAMDISK"]);
    story.serial.press(b"write\n");
    story.goes_on(&["LINUX: IMAGE WRITTEN"]);

    // 3: while it runs.
    node.boot_from("disk", true);

    // 4 and 5: its own reboot.
    story.serial.press(b"reboot\n");
    story.goes_on(&["iPXE", "LINUX: RAMDISK"]);

    // 6 and 7.
    node.power("rebooting");
    story.goes_on(&["DISK: FIRST BOOT"]);
    node.booted(&["start network guest-reboot", "guest-reboot network power-off", "start disk runs"]);
}
