//! `ipmi_sim` of OpenIPMI, with a configuration of our own: a chassis that is a shell script.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use ipmi_client::ClientOptions;
use ipmi_proto::command::app::GetDeviceId;
use ipmi_proto::command::boot_options::BootDeviceSelector;
use ipmi_proto::command::chassis::PowerAction;
use ipmi_proto::console::{ConsoleError, Step};
use ipmi_proto::number::CipherSuiteId;

use crate::server::{
    PASSWORD, Rows, Server, USER, boot_device, impatient, is_on, login, login_error, power, suites_that_work,
};

/// The simulator's own; OpenIPMI 2.0.33 has it.
const VERSION: &str = "1.0.13";

/// Reads and writes what it is asked for in files beside it.
const CHASSIS: &str = r#"#!/bin/sh
cd "$(dirname "$0")" || exit 1
action=$1
shift
case $action in
get) for name in "$@"; do echo "$name:$(cat "$name.state")"; done ;;
set) while [ $# -gt 1 ]; do echo "$2" >"$1.state" && shift 2; done ;;
*) exit 1 ;;
esac
"#;

const COMMANDS: &str = "mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02
sel_enable 0x20 100 0x0a
mc_enable 0x20
";

fn configuration(folder: &Path, port: u16) -> String {
    let chassis = folder.join("chassis");
    format!(
        r#"name "tested"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 {port}
    priv_limit admin
    allowed_auths_callback none md2 md5 straight
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    guid a123456789abcdefa123456789abcdef
  endlan
  chassis_control "{}"
  user 2 true "{USER}" "{PASSWORD}" admin 10 none md2 md5 straight
  user 3 true "watcher" "look-but-do-not" user 10 none md2 md5 straight
"#,
        chassis.display()
    )
}

fn start(folder: &Path) -> Option<Server> {
    let Ok(output) = Command::new("ipmi_sim").arg("--version").output() else {
        println!("SKIPPED: ipmi_sim is not installed");
        return None;
    };
    let version = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    if !version.contains(VERSION) {
        println!("ipmi_sim: the document speaks of version {VERSION}, this is {}", version.trim());
    }
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder.join("state")).unwrap();
    // It takes no port 0, so one that is free now has to be free in a moment too.
    let free = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    fs::write(folder.join("lan.conf"), configuration(folder, free.port())).unwrap();
    fs::write(folder.join("commands"), COMMANDS).unwrap();
    fs::write(folder.join("chassis"), CHASSIS).unwrap();
    fs::set_permissions(folder.join("chassis"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(folder.join("power.state"), "0\n").unwrap();
    fs::write(folder.join("boot.state"), "none\n").unwrap();
    let mut command = Command::new("ipmi_sim");
    command.args(["--nostdio", "--nopersist", "--config-file", "lan.conf", "--command-file", "commands"]);
    command.args(["--state-dir", "state"]).current_dir(folder);
    let process = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    Some(Server { process, address: SocketAddr::from((Ipv4Addr::LOCALHOST, free.port())) })
}

#[tokio::test]
async fn ipmi_sim_does_what_our_client_asks_for() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ipmi_sim");
    let Some(server) = start(&folder) else { return };
    let mut rows = Rows::of("ipmi_sim", VERSION);

    let mut client = login(&server).await;
    let device = client.call(&GetDeviceId).await.unwrap();
    assert_eq!((device.firmware_major, device.product), (9, 0x0f02));
    rows.add("login, Get Device ID, logout", "works");
    assert!(!is_on(&mut client).await);
    power(&mut client, PowerAction::POWER_UP).await;
    assert!(is_on(&mut client).await);
    power(&mut client, PowerAction::POWER_CYCLE).await;
    power(&mut client, PowerAction::HARD_RESET).await;
    power(&mut client, PowerAction::POWER_DOWN).await;
    assert!(!is_on(&mut client).await);
    rows.add("power status, on, cycle, reset, off", "works");
    for device in [BootDeviceSelector::PXE, BootDeviceSelector::DISK, BootDeviceSelector::CD] {
        assert_eq!(boot_device(&mut client, device).await, device);
    }
    rows.add("boot device pxe, disk, cdrom, and what it is", "works");
    client.close().await;

    assert_eq!(suites_that_work(&server).await, [0, 1, 2, 3, 6, 11]);
    rows.add("login with suites 0, 1, 2, 3, 6, 11", "works");

    for suite in [7, 8, 12].map(CipherSuiteId) {
        let agreed = ClientOptions { cipher_suite: Some(suite), ..impatient() };
        let deaf = ConsoleError::NoAnswer { step: Step::Privilege };
        assert_eq!(login_error(&server, agreed).await, deaf, "{suite}");
    }
    rows.add("login with suites 7, 8, 12", "fails: it makes keys from 16 bytes where IPMI takes 20");

    let suite = CipherSuiteId(17);
    let refused = ClientOptions { cipher_suite: Some(suite), ..impatient() };
    assert_eq!(login_error(&server, refused).await, ConsoleError::NoCipherSuite { suite: Some(suite) });
    rows.add("login with suite 17, which it has not", "refused: no cipher suite match");
    let wrong = ClientOptions::new(USER, "wrong").unwrap();
    let wrong = ClientOptions { cipher_suite: Some(CipherSuiteId::SHA1_AES), ..wrong };
    assert_eq!(login_error(&server, wrong).await, ConsoleError::WrongPassword);
    rows.add("wrong password", "refused: wrong password");
    let nobody = ClientOptions::new("nobody", PASSWORD).unwrap();
    let nobody = ClientOptions { cipher_suite: Some(CipherSuiteId::SHA1_AES), ..nobody };
    assert_eq!(login_error(&server, nobody).await, ConsoleError::UnknownUser);
    rows.add("wrong user", "refused: unknown user name");
    rows.are_documented();
    fs::remove_dir_all(&folder).unwrap();
}
