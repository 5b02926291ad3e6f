//! A BMC made with pyghmi, the library that VirtualBMC is made with.

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Stdio;

use ipmi_client::{Client, ClientOptions};
use ipmi_proto::command::app::GetDeviceId;
use ipmi_proto::command::boot_options::BootDeviceSelector;
use ipmi_proto::command::chassis::PowerAction;
use ipmi_proto::console::{ConsoleError, Step};
use ipmi_proto::number::CipherSuiteId;

use crate::server::{
    PASSWORD, Rows, Server, USER, boot_device, impatient, is_on, login, login_error, options, power,
};
use crate::virtual_environment::VirtualEnvironment;

const VERSION: &str = "1.6.19";

fn start() -> Option<Server> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign_servers");
    // The same environment as that of the clients.
    let requirements = here.join("../../../ipmi-server/tests/interoperability/python/requirements.txt");
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let python = match VirtualEnvironment::make(tools, "python-ipmi-clients", &requirements) {
        Ok(python) => python,
        Err(why) => {
            println!("SKIPPED: pyghmi: {why}");
            return None;
        }
    };
    let mut command = python.script(&here.join("pyghmi_bmc.py"));
    let mut process = command.args([USER, PASSWORD]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let port: u16 = line.trim().parse().expect("it prints its port");
    Some(Server { process, address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)) })
}

#[tokio::test]
async fn a_bmc_of_pyghmi_does_what_our_client_asks_for() {
    let Some(server) = start() else { return };
    let mut rows = Rows::of("pyghmi's server", VERSION);

    // Without a suite that is named: it offers 3.
    let mut client = Client::connect(server.address, options()).await.unwrap();
    assert_eq!(client.session().cipher_suite.id(), CipherSuiteId::SHA1_AES);
    assert!(!is_on(&mut client).await);
    rows.add("login, power status, logout", "works, with suite 3");
    power(&mut client, PowerAction::POWER_UP).await;
    assert!(is_on(&mut client).await);
    power(&mut client, PowerAction::POWER_CYCLE).await;
    power(&mut client, PowerAction::HARD_RESET).await;
    power(&mut client, PowerAction::SOFT_SHUTDOWN).await;
    assert!(!is_on(&mut client).await);
    rows.add("power on, cycle, reset, soft", "works");
    for device in [BootDeviceSelector::PXE, BootDeviceSelector::DISK, BootDeviceSelector::CD] {
        assert_eq!(boot_device(&mut client, device).await, device);
    }
    rows.add("boot device pxe, disk, cdrom, and what it is", "works");
    // Three bytes follow the eleven that are needed: neither without nor with the four of the auxiliary revision.
    let device = client.call(&GetDeviceId).await.unwrap();
    assert_eq!((device.firmware_major, device.auxiliary_firmware), (1, None));
    rows.add("Get Device ID", "works");
    client.close().await;

    let client = login(&server).await;
    client.close().await;
    let wrong = ClientOptions { password: ClientOptions::new("", "wrong").unwrap().password, ..impatient() };
    assert_eq!(login_error(&server, wrong).await, ConsoleError::WrongPassword);
    rows.add("wrong password", "refused: wrong password");
    let nobody =
        ClientOptions { user_name: ClientOptions::new("nobody", "").unwrap().user_name, ..impatient() };
    assert_eq!(login_error(&server, nobody).await, ConsoleError::NoAnswer { step: Step::Rakp1 });
    rows.add("wrong user", "no answer");
    rows.are_documented();
}
