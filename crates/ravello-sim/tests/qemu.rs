//! Guests as QEMU processes: what the cloud decides happens to a real machine, and what the machine does is in
//! the cloud's log.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    clippy::disallowed_methods,
    unreachable_pub,
    missing_docs,
    dead_code,
    reason = "tests"
)]

#[path = "../../../tests/src/guest.rs"]
mod guest;
mod support;

use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use guest::Serial;
use ravello_sim::{
    Accelerator, ApplicationFile, BootCause, BootEnd, BootedFrom, Durations, Engine, QemuOptions, Simulator,
    SimulatorConfig, SimulatorError, SoftShutdown, VmId, VmState,
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use support::{PASSWORD, USERNAME};

/// Everything that a real machine does; generous, because the host may be busy.
const BOUND: Duration = Duration::from_secs(60);

/// One boot: why, from what, and how it ended.
type Boot = (BootCause, BootedFrom, Option<BootEnd>);

/// A cloud with the application `lab`, whose VMs have a disk with the test system, and real guests.
struct Lab {
    simulator: Simulator,
    url: String,
    folder: TempDir,
    shutdown: CancellationToken,
    serving: JoinHandle<Result<(), SimulatorError>>,
}

impl Lab {
    /// With that many VMs, all off; `None`, and a line SKIPPED, without QEMU.
    async fn start(vms: u64) -> Option<Self> {
        if !guest::can_run() {
            return None;
        }
        Some(Self::start_with(vms, Accelerator::Tcg).await.unwrap())
    }

    /// The same on any host, and with guests that something else may execute.
    async fn start_with(vms: u64, accelerator: Accelerator) -> Result<Self, SimulatorError> {
        let folder = TempDir::new().unwrap();
        let image = guest::assemble(&sources(), "disk", folder.path());
        let vms: Vec<Value> = (1..=vms)
            .map(|number| {
                json!({
                    "id": number, "name": format!("vm{number}"), "numCpus": 1, "memorySize": { "value": 64, "unit": "MB" },
                    "stopTimeOut": 2, "powerOffOnStopTimeOut": true,
                    "hardDrives": [
                        { "id": 100 * number + 1, "index": 1, "type": "CDROM", "controller": "ide", "boot": true,
                          "size": { "value": 1, "unit": "MB" } },
                        { "id": 100 * number, "index": 0, "type": "DISK", "controller": "virtio", "boot": true,
                          "baseDiskImageName": "system", "size": { "value": 8, "unit": "MB" } },
                    ],
                    "networkConnections": [{ "name": "eth0", "device": { "index": 0 } }],
                })
            })
            .collect();
        let document = json!({ "name": "lab", "design": { "vms": vms }, "deployment": { "vms": [] } });
        let application = ApplicationFile::from_value(document).unwrap();
        let config = config(folder.path(), &image, application, accelerator);
        Self::serve_with(folder, config).await
    }

    async fn serve(
        folder: TempDir,
        image: &Path,
        application: ApplicationFile,
    ) -> Result<Self, SimulatorError> {
        let config = config(folder.path(), image, application, Accelerator::Tcg);
        Self::serve_with(folder, config).await
    }

    async fn serve_with(folder: TempDir, config: SimulatorConfig) -> Result<Self, SimulatorError> {
        let simulator = Simulator::new(config)?;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shutdown = CancellationToken::new();
        let serving = tokio::spawn({
            let (simulator, shutdown) = (simulator.clone(), shutdown.clone());
            async move { simulator.serve(listener, shutdown).await }
        });
        Ok(Self { simulator, url, folder, shutdown, serving })
    }

    /// Ends it in order, and returns its folder.
    async fn end(self) -> TempDir {
        self.shutdown.cancel();
        self.serving.await.unwrap().unwrap();
        self.folder
    }

    fn vm(number: u64) -> VmId {
        VmId(number)
    }

    fn vm_folder(&self, number: u64) -> PathBuf {
        self.folder.path().join(format!("vms/{number}"))
    }

    fn serial(&self, number: u64) -> Serial {
        Serial::new(
            self.folder.path().join(format!("vms/consoles/{number}.sock")),
            self.vm_folder(number).join("console.log"),
        )
    }

    async fn request(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut request =
            client.request(method, format!("{}{path}", self.url)).basic_auth(USERNAME, Some(PASSWORD));
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
    }

    /// An action of the API on a VM, or one of the application.
    async fn act(&self, path: &str) {
        let application = self.simulator.application_named("lab").unwrap();
        let path = format!("/api/v1/applications/{application}/{path}");
        let (status, said) = self.request(Method::POST, &path, None).await;
        assert!(status.is_success(), "{path}: {status} {said}");
    }

    async fn control(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        self.request(method, &format!("/sim/vms/{path}"), body).await
    }

    async fn wait_for_state(&self, number: u64, state: VmState) {
        let seen = || self.simulator.vm_state(Self::vm(number)).unwrap();
        wait_for(&format!("{state} of {number}"), seen, |seen| *seen == state).await;
    }

    async fn wait_for_line(&self, number: u64, lines: &[&str]) {
        let serial = self.serial(number);
        wait_for(&format!("{lines:?} on the serial port"), || serial.lines(), |seen| seen == lines).await;
    }

    fn boots(&self, number: u64) -> Vec<Boot> {
        let records = self.simulator.boot_log(Self::vm(number)).into_iter();
        records.map(|boot| (boot.cause, boot.device, boot.ended.map(|end| end.how))).collect()
    }

    async fn wait_for_boots(&self, number: u64, boots: &[Boot]) {
        wait_for("the boot log", || self.boots(number), |seen| seen == boots).await;
    }

    /// What executes a running guest, from the arguments of its process.
    fn accelerator(&self, number: u64) -> String {
        let line = std::fs::read_to_string(format!("/proc/{}/cmdline", self.pid(number))).unwrap();
        let mut words = line.split('\0').skip_while(|word| *word != "-accel");
        words.nth(1).unwrap().to_owned()
    }

    fn pid(&self, number: u64) -> u32 {
        std::fs::read_to_string(self.vm_folder(number).join("pid")).unwrap().trim().parse().unwrap()
    }
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/guests")
}

fn config(
    folder: &Path,
    image: &Path,
    application: ApplicationFile,
    accelerator: Accelerator,
) -> SimulatorConfig {
    let mut options = QemuOptions::in_folder(folder.join("vms"));
    options.accelerator = accelerator;
    options.images.insert("system".to_owned(), image.to_owned());
    options.networks = vec!["user,restrict=on".parse().unwrap()];
    let mut config = SimulatorConfig::new(USERNAME, PASSWORD.into());
    config.durations = Durations::all(Duration::from_millis(10));
    config.state_dir = Some(folder.to_owned());
    config.applications.push(application);
    config.engine = Engine::Qemu(options);
    config
}

async fn wait_for<T: Debug>(what: &str, mut look: impl FnMut() -> T, good: impl Fn(&T) -> bool) -> T {
    let end = Instant::now() + BOUND;
    loop {
        let seen = look();
        if good(&seen) {
            return seen;
        }
        assert!(Instant::now() < end, "waited {BOUND:?} in vain for {what}; last seen: {seen:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn process_exists(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

const FROM_DISK: BootedFrom = BootedFrom::Disk;

#[tokio::test(flavor = "multi_thread")]
async fn started_vm_is_a_machine_that_runs_and_shutdown_presses_its_power_button() {
    let Some(lab) = Lab::start(1).await else { return };
    assert!(lab.boots(1).is_empty(), "nothing runs before it is started");
    lab.act("vms/1/start").await;
    lab.wait_for_state(1, VmState::Started).await;
    lab.wait_for_line(1, &["DISK: FIRST BOOT"]).await;
    assert_eq!(lab.boots(1), [(BootCause::Start, FROM_DISK, None)]);
    let pid = lab.pid(1);
    assert!(process_exists(pid));

    lab.serial(1).press(b"c");
    lab.wait_for_line(1, &["DISK: FIRST BOOT", "DISK: CONFIGURED"]).await;
    lab.act("vms/1/shutdown").await;
    lab.wait_for_state(1, VmState::Stopped).await;
    assert_eq!(lab.boots(1), [(BootCause::Start, FROM_DISK, Some(BootEnd::Shutdown))]);
    assert!(!process_exists(pid), "STOPPED means that the process has ended");

    // The disk keeps what was written, and the log of the serial port goes on.
    lab.act("vms/1/start").await;
    lab.wait_for_line(1, &["DISK: FIRST BOOT", "DISK: CONFIGURED", "DISK: BOOT"]).await;
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_own_reboot_is_one_boot_in_the_log_and_keeps_the_boot_order() {
    let Some(lab) = Lab::start(1).await else { return };
    lab.act("vms/1/start").await;
    let mut said = vec!["DISK: FIRST BOOT"];
    lab.wait_for_line(1, &said).await;
    let mut serial = lab.serial(1);
    serial.press(b"c");
    said.push("DISK: CONFIGURED");
    lab.wait_for_line(1, &said).await;

    // Somebody changes the boot device, and publishes nothing.
    lab.simulator.edit_design(Lab::vm(1), [("/hardDrives/1/boot".to_owned(), json!(false))]).unwrap();
    let pid = lab.pid(1);
    let mut boots = vec![(BootCause::Start, FROM_DISK, None)];
    for _ in 0..3 {
        serial.press(b"r");
        said.push("DISK: BOOT");
        lab.wait_for_line(1, &said).await;
        boots.last_mut().unwrap().2 = Some(BootEnd::GuestReboot);
        boots.push((BootCause::GuestReboot, FROM_DISK, None));
        lab.wait_for_boots(1, &boots).await;
    }
    // So does the one that somebody orders in the guest's place.
    let (status, _) = lab.control(Method::POST, "1/reboot", None).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    said.push("DISK: BOOT");
    lab.wait_for_line(1, &said).await;
    boots.last_mut().unwrap().2 = Some(BootEnd::GuestReboot);
    boots.push((BootCause::GuestReboot, FROM_DISK, None));
    lab.wait_for_boots(1, &boots).await;
    assert_eq!(lab.pid(1), pid, "it is the same process all the time");
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guest_that_turns_itself_off_leaves_the_vm_stopped() {
    let Some(lab) = Lab::start(1).await else { return };
    lab.act("vms/1/start").await;
    lab.wait_for_line(1, &["DISK: FIRST BOOT"]).await;
    lab.serial(1).press(b"p");
    lab.wait_for_state(1, VmState::Stopped).await;
    assert_eq!(lab.boots(1), [(BootCause::Start, FROM_DISK, Some(BootEnd::GuestPowerOff))]);
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn publishing_another_boot_device_restarts_a_running_vm_with_it() {
    let Some(lab) = Lab::start(1).await else { return };
    lab.act("vms/1/start").await;
    lab.wait_for_line(1, &["DISK: FIRST BOOT"]).await;
    let pid = lab.pid(1);
    lab.simulator.edit_design(Lab::vm(1), [("/hardDrives/1/boot".to_owned(), json!(false))]).unwrap();
    lab.act("publishUpdates").await;
    let cut = (BootCause::Start, FROM_DISK, Some(BootEnd::Publish));
    lab.wait_for_boots(1, &[cut, (BootCause::PublishRestart, BootedFrom::Network, None)]).await;
    assert!(!process_exists(pid), "another process runs");
    // Its CD-ROM drive is empty, so it comes to the disk in the end, which was cut off in its first boot.
    lab.wait_for_line(1, &["DISK: FIRST BOOT", "DISK: BROKEN"]).await;
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deaf_guest_is_cut_off_by_stop_and_survives_shutdown() {
    let Some(lab) = Lab::start(1).await else { return };
    lab.act("vms/1/start").await;
    lab.wait_for_line(1, &["DISK: FIRST BOOT"]).await;
    lab.serial(1).press(b"d");
    lab.wait_for_line(1, &["DISK: FIRST BOOT", "DISK: DEAF"]).await;
    lab.act("vms/1/shutdown").await;
    assert_eq!(lab.simulator.vm_state(Lab::vm(1)), Some(VmState::Stopping));
    lab.wait_for_state(1, VmState::Started).await;
    assert_eq!(lab.boots(1), [(BootCause::Start, FROM_DISK, None)]);
    lab.act("vms/1/stop").await;
    lab.wait_for_state(1, VmState::Stopped).await;
    assert_eq!(lab.boots(1), [(BootCause::Start, FROM_DISK, Some(BootEnd::StopTimeOut))]);
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guest_that_is_made_deaf_by_the_test_never_feels_its_power_button() {
    let Some(lab) = Lab::start(1).await else { return };
    lab.act("vms/1/start").await;
    lab.wait_for_line(1, &["DISK: FIRST BOOT"]).await;
    let deaf = ravello_sim::GuestBehaviour { soft_shutdown: SoftShutdown::Ignored, reboots: None };
    lab.simulator.set_guest(Lab::vm(1), deaf).unwrap();
    lab.act("vms/1/stop").await;
    lab.wait_for_state(1, VmState::Stopped).await;
    assert_eq!(lab.boots(1), [(BootCause::Start, FROM_DISK, Some(BootEnd::StopTimeOut))]);
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn restart_presses_the_power_button_and_powers_on_again() {
    let Some(lab) = Lab::start(1).await else { return };
    lab.act("vms/1/start").await;
    lab.wait_for_line(1, &["DISK: FIRST BOOT"]).await;
    lab.serial(1).press(b"c");
    lab.wait_for_line(1, &["DISK: FIRST BOOT", "DISK: CONFIGURED"]).await;
    lab.act("vms/1/restart").await;
    let before = (BootCause::Start, FROM_DISK, Some(BootEnd::Restart));
    lab.wait_for_boots(1, &[before, (BootCause::Restart, FROM_DISK, None)]).await;
    lab.wait_for_state(1, VmState::Started).await;
    lab.wait_for_line(1, &["DISK: FIRST BOOT", "DISK: CONFIGURED", "DISK: BOOT"]).await;
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn poweroff_pulls_the_plug() {
    let Some(lab) = Lab::start(1).await else { return };
    lab.act("vms/1/start").await;
    lab.wait_for_line(1, &["DISK: FIRST BOOT"]).await;
    lab.act("vms/1/poweroff").await;
    lab.wait_for_state(1, VmState::Stopped).await;
    assert_eq!(lab.boots(1), [(BootCause::Start, FROM_DISK, Some(BootEnd::PowerOff))]);
    lab.act("vms/1/start").await;
    lab.wait_for_line(1, &["DISK: FIRST BOOT", "DISK: BROKEN"]).await;
    // Fresh disks have no past.
    lab.wait_for_state(1, VmState::Started).await;
    lab.act("vms/1/resetDisks").await;
    lab.wait_for_line(1, &["DISK: FIRST BOOT", "DISK: BROKEN", "DISK: FIRST BOOT"]).await;
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn process_that_is_killed_is_a_failed_vm_until_it_is_repaired() {
    let Some(lab) = Lab::start(1).await else { return };
    lab.act("vms/1/start").await;
    lab.wait_for_line(1, &["DISK: FIRST BOOT"]).await;
    lab.serial(1).press(b"c");
    lab.wait_for_line(1, &["DISK: FIRST BOOT", "DISK: CONFIGURED"]).await;
    assert!(Command::new("kill").args(["-KILL", &lab.pid(1).to_string()]).status().unwrap().success());
    lab.wait_for_state(1, VmState::Error).await;
    assert_eq!(lab.boots(1), [(BootCause::Start, FROM_DISK, Some(BootEnd::Failed))]);
    let (_, vms) = lab.request(Method::GET, "/sim/vms", None).await;
    assert!(vms[0]["trouble"].as_str().unwrap().contains("signal: 9"), "{vms}");
    lab.act("vms/1/repair").await;
    lab.wait_for_state(1, VmState::Started).await;
    lab.wait_for_line(1, &["DISK: FIRST BOOT", "DISK: CONFIGURED", "DISK: BOOT"]).await;
    let (_, vms) = lab.request(Method::GET, "/sim/vms", None).await;
    assert_eq!(vms[0]["trouble"], Value::Null);
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vm_that_qemu_refuses_is_in_error_and_says_why() {
    let Some(lab) = Lab::start(1).await else { return };
    let mac = [("/networkConnections/0/device/mac".to_owned(), json!("no MAC"))];
    lab.simulator.edit_design(Lab::vm(1), mac).unwrap();
    lab.act("publishUpdates").await;
    lab.act("vms/1/start").await;
    lab.wait_for_state(1, VmState::Error).await;
    let (_, vms) = lab.request(Method::GET, "/sim/vms", None).await;
    assert!(vms[0]["trouble"].as_str().unwrap().contains("no MAC"), "{vms}");
    assert!(lab.boots(1).is_empty());
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nmi_reaches_the_guest_and_only_a_running_one() {
    let Some(lab) = Lab::start(1).await else { return };
    assert_eq!(lab.control(Method::POST, "1/nmi", None).await.0, StatusCode::CONFLICT);
    lab.act("vms/1/start").await;
    lab.wait_for_line(1, &["DISK: FIRST BOOT"]).await;
    lab.wait_for_state(1, VmState::Started).await;
    assert_eq!(lab.control(Method::POST, "1/nmi", None).await.0, StatusCode::NO_CONTENT);
    lab.wait_for_line(1, &["DISK: FIRST BOOT", "DISK: NMI"]).await;
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_end_with_the_simulator_and_run_again_with_the_next() {
    let Some(lab) = Lab::start(2).await else { return };
    lab.act("vms/1/start").await;
    lab.wait_for_line(1, &["DISK: FIRST BOOT"]).await;
    lab.serial(1).press(b"c");
    lab.wait_for_line(1, &["DISK: FIRST BOOT", "DISK: CONFIGURED"]).await;
    let pid = lab.pid(1);
    let application = ApplicationFile::from_value(json!({ "name": "lab" })).unwrap();
    let folder = lab.end().await;
    assert!(!process_exists(pid));

    let image = folder.path().join("disk.bin");
    let lab = Lab::serve(folder, &image, application).await.unwrap();
    lab.wait_for_line(1, &["DISK: FIRST BOOT", "DISK: CONFIGURED", "DISK: BOOT"]).await;
    lab.wait_for_state(1, VmState::Started).await;
    let before = (BootCause::Start, FROM_DISK, Some(BootEnd::HostDown));
    assert_eq!(lab.boots(1), [before, (BootCause::Loaded, FROM_DISK, None)]);
    assert_eq!(lab.simulator.vm_state(Lab::vm(2)), Some(VmState::Stopped));
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn process_that_an_earlier_run_left_is_ended_at_the_start() {
    if !guest::can_run() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let image = guest::assemble(&sources(), "disk", folder.path());
    let home = folder.path().join("vms/1");
    std::fs::create_dir_all(&home).unwrap();
    let socket = home.join("qmp.sock");
    let mut left = Command::new("qemu-system-x86_64")
        .args([
            "-nodefaults",
            "-machine",
            "pc",
            "-accel",
            "tcg",
            "-m",
            "32",
            "-display",
            "none",
            "-S",
            "-qmp",
        ])
        .arg(format!("unix:{},server=on,wait=off", socket.display()))
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    wait_for("its socket", || socket.exists(), |exists| *exists).await;
    let application = ApplicationFile::from_value(json!({ "name": "lab" })).unwrap();
    let lab = Lab::serve(folder, &image, application).await.unwrap();
    wait_for("its end", || left.try_wait().unwrap(), Option::is_some).await;
    assert!(!socket.exists());
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn folder_of_vms_belongs_to_one_simulator() {
    let Some(lab) = Lab::start(1).await else { return };
    lab.act("vms/1/start").await;
    lab.wait_for_line(1, &["DISK: FIRST BOOT"]).await;
    let application = ApplicationFile::from_value(json!({ "name": "lab" })).unwrap();
    let image = lab.folder.path().join("disk.bin");
    let error = Simulator::new(config(lab.folder.path(), &image, application, Accelerator::Tcg)).unwrap_err();
    assert!(error.to_string().contains("another simulator runs VMs in"), "{error}");
    assert!(process_exists(lab.pid(1)), "its guests are left alone");
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guest_is_executed_on_every_host_and_by_kvm_only_where_there_is_one() {
    if !guest::can_run() {
        return;
    }
    let lab = Lab::start_with(1, Accelerator::Auto).await.unwrap();
    lab.act("vms/1/start").await;
    lab.wait_for_line(1, &["DISK: FIRST BOOT"]).await;
    let accelerator = lab.accelerator(1);
    println!("by itself, the simulator chose {accelerator}");
    assert!(["tcg", "kvm"].contains(&accelerator.as_str()));
    assert!(accelerator == "tcg" || Path::new("/dev/kvm").exists());
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kvm_that_is_asked_for_executes_the_guest_or_is_refused_with_the_reason() {
    if !guest::can_run() {
        return;
    }
    match Lab::start_with(1, Accelerator::Kvm).await {
        Ok(lab) => {
            lab.act("vms/1/start").await;
            lab.wait_for_line(1, &["DISK: FIRST BOOT"]).await;
            assert_eq!(lab.accelerator(1), "kvm");
            lab.end().await;
        }
        Err(error) => {
            let said = format!("{error:?} {error}");
            assert!(said.contains("KVM does not work here"), "{said}");
            println!("SKIPPED: a guest under KVM, which does not work on this host: {error}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_vms_start_together() {
    let Some(lab) = Lab::start(12).await else { return };
    lab.act("start").await;
    for number in 1..=12 {
        lab.wait_for_line(number, &["DISK: FIRST BOOT"]).await;
        lab.wait_for_state(number, VmState::Started).await;
    }
    lab.act("stop").await;
    for number in 1..=12 {
        lab.wait_for_state(number, VmState::Stopped).await;
    }
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn image_that_is_not_there_is_refused_at_the_start() {
    if !guest::can_run() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let application = ApplicationFile::from_value(json!({ "name": "lab" })).unwrap();
    let missing = folder.path().join("missing.img");
    let error = Simulator::new(config(folder.path(), &missing, application, Accelerator::Tcg)).unwrap_err();
    assert!(error.to_string().starts_with("the image system cannot be read from "), "{error}");
}
