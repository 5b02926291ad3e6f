//! The BMC on a real UDP socket on loopback, asked by our own console and by ipmitool.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    reason = "tests"
)]

use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ipmi_client::{Client, ClientOptions};
use ipmi_proto::command::chassis::{CurrentPower, GetChassisStatus};
use ipmi_proto::crypto::Password;
use ipmi_proto::endpoint::{EndpointConfig, User};
use ipmi_proto::number::{Guid, PrivilegeLevel, UserName};
use ipmi_server::{BmcConfig, UdpTransport};
use machine::{
    Admission, BootDevice, BootOverride, BootSetting, Chassis, ChassisStatus, Denied, Lifetime, NodeId,
    PowerRequest, Requester,
};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

const USER: &str = "admin";
const PASSWORD: &str = "correct horse";

/// A node whose power changes as soon as it is asked.
#[derive(Debug, Default)]
struct Node(Mutex<(bool, Option<BootOverride>)>);

impl Chassis for Node {
    async fn status(&self, _node: &NodeId) -> Result<ChassisStatus, Denied> {
        Ok(ChassisStatus {
            power_on: self.0.lock().unwrap().0,
            control_fault: None,
            last_power_on_by_command: true,
            state: String::new(),
            age: Duration::ZERO,
        })
    }

    async fn request_power(
        &self,
        _node: &NodeId,
        request: PowerRequest,
        _requester: &Requester,
    ) -> Result<Admission, Denied> {
        let on = &mut self.0.lock().unwrap().0;
        match request {
            PowerRequest::On => *on = true,
            PowerRequest::Off | PowerRequest::Soft => *on = false,
            PowerRequest::Cycle | PowerRequest::Reset if *on => {}
            PowerRequest::Cycle | PowerRequest::Reset => {
                return Err(Denied::NotInPresentState { reason: "off".to_owned() });
            }
        }
        Ok(Admission::Recorded)
    }

    async fn boot_setting(&self, _node: &NodeId) -> Result<BootSetting, Denied> {
        Ok(self
            .0
            .lock()
            .unwrap()
            .1
            .map_or(BootSetting::Platform(BootDevice::Disk), |wanted| BootSetting::Override(wanted.flags)))
    }

    async fn set_boot_override(
        &self,
        _node: &NodeId,
        wanted: Option<BootOverride>,
        _requester: &Requester,
    ) -> Result<Admission, Denied> {
        self.0.lock().unwrap().1 = wanted;
        Ok(Admission::Recorded)
    }
}

struct Bmc {
    address: SocketAddr,
    node: Arc<Node>,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl Bmc {
    async fn start() -> Self {
        let user = User {
            name: UserName::new(USER.as_bytes()).unwrap(),
            password: Password::new(PASSWORD.as_bytes()).unwrap(),
            limit: PrivilegeLevel::ADMINISTRATOR,
        };
        let endpoint = EndpointConfig::new(Guid([9; 16]), vec![user]);
        let config = BmcConfig::new(NodeId::new("app/vm"), "node-1", endpoint);
        let transport = UdpTransport::bind((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
        let address = transport.local_addr().unwrap();
        let node = Arc::new(Node::default());
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(ipmi_server::run(transport, config, Arc::clone(&node), shutdown.clone()));
        Self { address, node, shutdown, task }
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap();
    }

    /// Runs ipmitool. Each message that stays unanswered costs it five seconds.
    async fn ipmitool(&self, options: &[&str], words: &str) -> (Output, Duration) {
        let port = self.address.port().to_string();
        let mut arguments =
            vec!["-I", "lanplus", "-H", "127.0.0.1", "-p", &port, "-U", USER, "-R", "1", "-N", "5"];
        arguments.extend_from_slice(options);
        arguments.extend(words.split(' '));
        let mut command = Command::new("ipmitool");
        command.args(arguments).env("IPMI_PASSWORD", PASSWORD);
        let begin = Instant::now();
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        (output, begin.elapsed())
    }

    /// Runs a program of FreeIPMI, which drops answers of another length than it expects; gives what it prints.
    async fn freeipmi(&self, program: &str, words: &str) -> String {
        let host = self.address.to_string();
        let mut command = Command::new(program);
        command.args(["-D", "LAN_2_0", "-h", &host, "-u", USER, "-p", PASSWORD, "-I", "17"]);
        command.args(words.split(' ').filter(|word| !word.is_empty()));
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        assert!(output.status.success(), "{program} {words}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs ipmitool as it should be run; gives what it prints.
    async fn says(&self, words: &str) -> String {
        let (output, elapsed) = self.ipmitool(&["-E"], words).await;
        assert!(output.status.success(), "{words}: {output:?}");
        assert!(elapsed < Duration::from_secs(4), "{words} waited for an answer: {elapsed:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

/// Whether a client can be run here.
fn has(program: &str) -> bool {
    let found = Command::new(program).arg("-V").output().is_ok_and(|output| output.status.success());
    if !found {
        println!("SKIPPED: {program} is not installed");
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_console_reads_the_power() {
    let bmc = Bmc::start().await;
    let options = ClientOptions::new(USER, PASSWORD).unwrap();
    let mut client = Client::connect(bmc.address, options).await.unwrap();
    let status = client.call(&GetChassisStatus).await.unwrap();
    assert!(!status.current_power.contains(CurrentPower::ON));
    bmc.node.0.lock().unwrap().0 = true;
    let status = client.call(&GetChassisStatus).await.unwrap();
    assert!(status.current_power.contains(CurrentPower::ON));
    client.close().await;
    bmc.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ipmitool_controls_power_with_each_cipher_suite() {
    if !has("ipmitool") {
        return;
    }
    let bmc = Bmc::start().await;
    for suite in [&["-E", "-C", "3"][..], &["-E", "-C", "17"], &["-E"]] {
        for (words, says) in [
            ("power status", "Chassis Power is off\n"),
            ("power on", "Chassis Power Control: Up/On\n"),
            ("power status", "Chassis Power is on\n"),
            ("power reset", "Chassis Power Control: Reset\n"),
            ("power off", "Chassis Power Control: Down/Off\n"),
        ] {
            let (output, elapsed) = bmc.ipmitool(suite, words).await;
            assert_eq!(String::from_utf8_lossy(&output.stdout), says, "{words} {suite:?}: {output:?}");
            assert!(output.status.success());
            assert!(elapsed < Duration::from_secs(4), "{words} {suite:?} waited for an answer: {elapsed:?}");
        }
    }
    let (output, _) = bmc.ipmitool(&["-E"], "power cycle").await;
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("not supported in present state"), "{output:?}");
    bmc.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ipmitool_sets_and_reads_boot_devices() {
    if !has("ipmitool") {
        return;
    }
    let bmc = Bmc::start().await;
    for (words, shows) in [
        ("chassis bootdev pxe", &["Options apply to only next boot", "Force PXE"][..]),
        (
            "chassis bootdev disk options=persistent",
            &["all future boots", "Force Boot from default Hard-Drive"],
        ),
        ("chassis bootdev cdrom options=efiboot", &["BIOS EFI boot", "Force Boot from CD/DVD"]),
        ("raw 0x00 0x08 0x05 0xe0 0x04 0x00 0x00 0x00", &["all future boots", "BIOS EFI boot", "Force PXE"]),
        ("chassis bootdev none", &["all future boots", "Hard-Drive"]),
    ] {
        bmc.says(words).await;
        let answer = bmc.says("chassis bootparam get 5").await;
        for shown in shows {
            assert!(answer.contains(shown), "{words}: {answer}");
        }
        assert!(answer.contains("Boot Flag Valid"), "{words}: {answer}");
    }
    bmc.says("raw 0x00 0x08 0x03 0x08").await;
    let (output, _) = bmc.ipmitool(&["-E"], "raw 0x00 0x08 0x05 0xa0 0x18 0x00 0x00 0x00").await;
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("Invalid data field"), "{output:?}");
    bmc.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ipmitool_reads_and_restarts_the_controller() {
    if !has("ipmitool") {
        return;
    }
    let bmc = Bmc::start().await;
    let info = bmc.says("mc info").await;
    assert!(info.contains("IPMI Version              : 2.0"), "{info}");
    assert!(info.contains("Chassis Device"), "{info}");
    assert!(bmc.says("mc selftest").await.contains("Selftest: passed"));
    assert!(bmc.says("mc guid").await.contains("09090909"));
    assert!(bmc.says("chassis status").await.contains("Power Restore Policy : unknown"));
    bmc.says("mc reset warm").await;
    bmc.says("mc reset cold").await;
    bmc.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ipmitool_is_told_at_once_that_a_login_is_wrong() {
    if !has("ipmitool") {
        return;
    }
    let bmc = Bmc::start().await;
    for (options, words) in [(&["-P", "wrong"][..], "power status"), (&["-E"], "-U nobody power status")] {
        let (output, elapsed) = bmc.ipmitool(options, words).await;
        assert!(!output.status.success());
        assert!(
            String::from_utf8_lossy(&output.stderr).contains("Unable to establish IPMI v2 / RMCP+ session"),
            "{output:?}"
        );
        assert!(elapsed < Duration::from_secs(4), "{options:?} waited for an answer: {elapsed:?}");
    }
    bmc.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn freeipmi_controls_power_and_accepts_the_length_of_every_answer() {
    if !has("ipmipower") || !has("ipmi-chassis") || !has("bmc-info") || !has("bmc-device") {
        return;
    }
    let bmc = Bmc::start().await;
    assert!(bmc.freeipmi("ipmipower", "--stat").await.contains("127.0.0.1: off"));
    assert!(bmc.freeipmi("ipmipower", "--on --wait-until-on").await.contains(": ok"));
    assert!(bmc.freeipmi("ipmipower", "--stat").await.contains(": on"));
    let status = bmc.freeipmi("ipmi-chassis", "--get-status").await;
    assert!(status.contains("System Power                        : on"), "{status}");
    let capabilities = bmc.freeipmi("ipmi-chassis", "--get-chassis-capabilities").await;
    assert!(capabilities.contains("FRU Info Device Address : 20h"), "{capabilities}");
    let info = bmc.freeipmi("bmc-info", "").await;
    assert!(info.contains("Chassis Device"), "{info}");
    assert!(info.contains("09090909-0909-0909-0909-090909090909"), "{info}");
    let self_test = bmc.freeipmi("bmc-device", "--get-self-test-results").await;
    assert!(self_test.contains("No Error"), "{self_test}");
    bmc.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn freeipmi_configures_the_boot_device() {
    if !has("ipmi-config") {
        return;
    }
    let bmc = Bmc::start().await;
    let commit = "--category=chassis --commit -e Chassis_Boot_Flags:Boot_Device=PXE \
                  -e Chassis_Boot_Flags:Boot_Flags_Persistent=Yes";
    bmc.freeipmi("ipmi-config", commit).await;
    let wanted = bmc.node.0.lock().unwrap().1.expect("an override");
    assert_eq!((wanted.device, wanted.lifetime), (BootDevice::Network, Lifetime::Persistent));
    let flags =
        bmc.freeipmi("ipmi-config", "--category=chassis --checkout --section=Chassis_Boot_Flags").await;
    let device = flags.lines().find(|line| line.trim_start().starts_with("Boot_Device "));
    assert!(device.is_some_and(|line| line.ends_with("PXE")), "{flags}");
    bmc.stop().await;
}
