//! A lab with one real machine: a QEMU process whose netboot goes through the product's own iPXE CD-ROM to a deploy
//! program, a simulated cloud that owns it, and a daemon with its BMC.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use crate::client::{self, Ipmitool};
use crate::cloud::Cloud;
use crate::guest::{self, Serial};
use crate::ravbmc::{self, Process, configuration};
use crate::wait_for;

/// How long anything may take. A netboot takes some seconds; a busy machine may need much longer.
pub const BOUND: Duration = Duration::from_secs(100);

/// The name of the machine.
pub const NODE: &str = "node1";

/// The options of `demo` and `sim` for guests that are the same on every host: QEMU in software.
pub const QEMU: [&str; 4] = ["--engine", "qemu", "--accel", "tcg"];

/// How a power cycle is asked for.
#[derive(Clone, Copy, Debug)]
pub enum PowerCycle {
    /// Power off, wait until it is, power on.
    OffThenOn,
    /// The one command.
    Cycle,
    /// A hard reset.
    Reset,
}

/// The lab.
#[derive(Debug)]
pub struct Lab {
    /// What really happened.
    pub cloud: Cloud,
    /// The serial port of the machine.
    pub serial: Serial,
    _simulator: Process,
    folder: TempDir,
    configuration: PathBuf,
    daemon: Option<Process>,
    /// What the serial port must have said so far.
    said: Vec<&'static str>,
}

impl Lab {
    /// A lab in a folder, with more options for `lab iso` and for `sim`. `None`, and a line SKIPPED, if something is
    /// missing.
    ///
    /// # Panics
    /// When a part does not start.
    pub fn start(folder: TempDir, iso_options: &[&str], options: &[&str]) -> Option<Self> {
        if !(client::installed("ipmitool") && guest::can_run()) {
            return None;
        }
        let iso = boot_cdrom(folder.path(), iso_options)?;
        let sources = sources();
        guest::assemble(&sources, "disk", folder.path());
        guest::assemble(&sources, "deploy", folder.path());

        let state = folder.path().join("cloud");
        let image = format!("ipxe.iso={}", iso.display());
        let deploy = format!("eth1=user,restrict=on,tftp={},bootfile=deploy.bin", folder.path().display());
        let size = ["--image", &image, "--max-memory", "256M", "--max-cpus", "1"];
        let networks = ["--network", "eth0=user,restrict=on", "--network", &deploy];
        let cloud = ["--speed", "20", "--state-dir", text(&state)];
        let simulator = Process::simulator(&[&cloud[..], &QEMU, &size, &networks, options].concat());
        let cloud = Cloud::of(&simulator);
        let vm = cloud.id(NODE);
        let serial = Serial::new(
            state.join(format!("consoles/{vm}.sock")),
            state.join(format!("vms/{vm}/console.log")),
        );
        let configuration = configuration(folder.path(), &simulator.cloud_url(), "nodes = \"all\"\n");
        let daemon = Some(Process::serve(&configuration));
        Some(Self { _simulator: simulator, cloud, folder, configuration, daemon, serial, said: Vec::new() })
    }

    /// The real client, for the machine's BMC.
    ///
    /// # Panics
    /// When the BMC was not announced.
    pub fn ipmitool(&self) -> Ipmitool {
        let bmcs = self.daemon.as_ref().expect("a daemon").bmcs();
        Ipmitool::new(bmcs.iter().find(|bmc| bmc.name == NODE).expect("the BMC of the node"))
    }

    /// The daemon dies, and another one takes over.
    pub fn kill_daemon(&mut self) {
        if let Some(daemon) = self.daemon.take() {
            daemon.kill();
        }
        self.daemon = Some(Process::serve(&self.configuration));
    }

    /// The serial port says this next, and has said nothing else before.
    ///
    /// # Panics
    /// When it says something else, or nothing.
    pub fn expect(&mut self, lines: &[&'static str]) {
        self.said.extend(lines);
        let said = || self.serial.lines();
        wait_for("the serial port", BOUND, said, |seen| seen.len() >= self.said.len());
        assert_eq!(self.serial.lines(), self.said);
    }

    /// Waits until `power status` says `on` or `off`.
    pub fn wait_for_power(&self, power: &str) {
        let status = || self.ipmitool().ok("power status");
        wait_for(power, BOUND, status, |said| said.trim() == format!("Chassis Power is {power}"));
    }

    /// The process id of the machine.
    ///
    /// # Panics
    /// When it is off.
    pub fn pid(&self) -> String {
        let file = format!("cloud/vms/{}/pid", self.cloud.id(NODE));
        std::fs::read_to_string(self.folder.path().join(file)).expect("it runs")
    }

    /// The boot log: why, from what.
    pub fn boots(&self) -> Vec<(String, String)> {
        self.cloud.boots(NODE).into_iter().map(|boot| (boot.cause, boot.device)).collect()
    }

    /// Waits until the boot log is at least as long, and compares.
    ///
    /// # Panics
    /// When it says something else.
    pub fn expect_boots(&self, boots: &[(&str, &str)]) {
        let count = |seen: &Vec<(String, String)>| seen.len() >= boots.len();
        let seen = wait_for("the boot log", BOUND, || self.boots(), count);
        let seen: Vec<_> = seen.iter().map(|(cause, device)| (cause.as_str(), device.as_str())).collect();
        assert_eq!(seen, boots);
    }

    /// Powers the machine on from the network; the deploy program runs then.
    pub fn boot_deploy_program(&mut self) {
        self.ipmitool().ok("raw 0x00 0x08 0x03 0x08");
        self.ipmitool().ok("raw 0x00 0x08 0x05 0xe0 0x04 0x00 0x00 0x00");
        self.ipmitool().ok("power on");
        self.expect(&["iPXE", "DEPLOY: READY"]);
        self.wait_for_power("on");
    }

    /// Sets the boot device to disk as Ironic does, and waits until it is noted in the cloud.
    pub fn set_disk(&self) {
        self.ipmitool().ok("raw 0x00 0x08 0x03 0x08");
        self.ipmitool().ok("raw 0x00 0x08 0x05 0xe0 0x08 0x00 0x00 0x00");
        let tagged = |description: &String| description.contains("[boot: hd]");
        wait_for("the tag", BOUND, || self.cloud.design_description(NODE), tagged);
    }

    /// Asks the BMC for a power cycle.
    pub fn power_cycle(&self, how: PowerCycle) {
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

    /// What somebody does who sets the boot device in the cloud and publishes it at once.
    ///
    /// # Panics
    /// When the cloud refuses it.
    pub fn publish_disk_at_once(&self) {
        self.cloud.edit_design(NODE, |vm| {
            let drives = vm["hardDrives"].as_array_mut().expect("drives");
            drives.iter_mut().find(|drive| drive["type"] == "DISK").expect("a disk")["boot"] = true.into();
        });
        self.cloud.publish_updates(NODE);
    }

    /// A power cycle without a BMC.
    pub fn power_cycle_in_the_cloud(&self) {
        self.cloud.act(NODE, "poweroff");
        wait_for("STOPPED", BOUND, || self.cloud.state(NODE), |state| state == "STOPPED");
        self.cloud.act(NODE, "start");
    }
}

/// Has the product make its boot CD-ROM in a folder. `None`, and a line SKIPPED, if the distribution's files for it are
/// missing.
///
/// # Panics
/// When it cannot be made although they are there.
pub fn boot_cdrom(folder: &Path, options: &[&str]) -> Option<PathBuf> {
    const FILES: [&str; 3] = [
        "/usr/lib/ipxe/ipxe.lkrn",
        "/usr/lib/ISOLINUX/isolinux.bin",
        "/usr/lib/syslinux/modules/bios/ldlinux.c32",
    ];
    if let Some(missing) = FILES.into_iter().find(|file| !Path::new(file).exists()) {
        println!("SKIPPED: tests with real virtual machines that netboot need {missing}");
        return None;
    }
    if !guest::installed("xorriso") {
        return None;
    }
    let iso = folder.join("lab.iso");
    let made = ravbmc::run(&[&["lab", "iso", "--output", text(&iso)], options].concat());
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Some(iso)
}

/// Where the sources of the guests are.
pub fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("guests")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the path is text")
}
