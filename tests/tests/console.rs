//! The serial console of a node, from the simulator's boot log or a socket to the clients: ours, ipmitool, FreeIPMI.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    reason = "tests"
)]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use ipmi_client::{Client, ClientOptions};
use ipmi_proto::sol::RemoteEvent;
use ravbmc_tests::client::{Ipmitool, installed};
use ravbmc_tests::cloud::Cloud;
use ravbmc_tests::ravbmc::{Bmc, PASSWORD, Process, configuration, program};
use ravbmc_tests::terminal::{Ended, Line, converse};
use ravbmc_tests::wait_for;

const BOUND: Duration = Duration::from_secs(30);

/// A person who looks at the console of a node with our own client.
struct Viewer {
    client: Client,
    seen: String,
}

impl Viewer {
    async fn of(bmc: &Bmc) -> Self {
        let mut client =
            Client::connect(bmc.address, ClientOptions::new("admin", PASSWORD).unwrap()).await.unwrap();
        client.activate_sol().await.unwrap();
        Self { client, seen: String::new() }
    }

    /// Reads until a text has come.
    async fn read_until(&mut self, text: &str) {
        while !self.seen.contains(text) {
            let heard = tokio::time::timeout(BOUND, self.client.listen()).await;
            match heard.unwrap_or_else(|_| panic!("no {text:?} after {:?}", self.seen)).unwrap() {
                RemoteEvent::Characters(characters) => {
                    self.seen.push_str(str::from_utf8(&characters).unwrap());
                }
                RemoteEvent::Available(_) => {}
                other => panic!("{other:?} after {:?}", self.seen),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boot_log_of_the_demonstration_is_on_the_console_and_typing_is_echoed() {
    let demo = Process::demo(1, &["--speed", "20"]);
    let bmc = demo.bmcs()[0].clone();
    let cloud = Cloud::of(&demo);
    let mut options = ClientOptions::new("admin", PASSWORD).unwrap();
    options.tries = 10;
    let mut control = Client::connect(bmc.address, options).await.unwrap();
    let power = |action| ipmi_proto::command::chassis::ChassisControl { action };
    control.call(&power(ipmi_proto::command::chassis::PowerAction::POWER_UP)).await.unwrap();
    wait_for("STARTED", BOUND, || cloud.state("node1"), |seen| seen == "STARTED");

    // What was printed before anybody looked is seen.
    let mut viewer = Viewer::of(&bmc).await;
    viewer.read_until("] power on: network boot (iPXE)\r\n").await;
    viewer.client.type_characters(b"uname -a\r");
    viewer.read_until("uname -a\r\n").await;
    control.call(&power(ipmi_proto::command::chassis::PowerAction::POWER_DOWN)).await.unwrap();
    viewer.read_until("] power off\r\n").await;
    viewer.client.deactivate_sol().await.unwrap();
    viewer.client.close().await;
    control.close().await;
    assert!(demo.terminate());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn socket_of_the_configuration_is_the_console_and_is_connected_again() {
    let folder = tempfile::tempdir().unwrap();
    let simulator = Process::simulator(&["--nodes", "2", "--speed", "20"]);
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let more =
        format!("consoles = {{ node1 = \"tcp://127.0.0.1:{}\" }}\n", server.local_addr().unwrap().port());
    let daemon = Process::serve(&configuration(folder.path(), &simulator.cloud_url(), &more));
    let bmcs = daemon.bmcs();
    let bmc = |name: &str| bmcs.iter().find(|bmc| bmc.name == name).unwrap().clone();

    // The daemon connects by itself, and keeps what it reads.
    let (mut port, _) = tokio::task::block_in_place(|| server.accept()).unwrap();
    port.set_read_timeout(Some(BOUND)).unwrap();
    port.write_all(b"early\r\n").unwrap();
    let mut viewer = Viewer::of(&bmc("node1")).await;
    viewer.read_until("early\r\n").await;
    viewer.client.type_characters(b"root\r");
    // Sent with the next look at what is heard.
    port.write_all(b"Password: ").unwrap();
    viewer.read_until("Password: ").await;
    let mut typed = [0; 5];
    tokio::task::block_in_place(|| port.read_exact(&mut typed)).unwrap();
    assert_eq!(&typed, b"root\r");

    drop(port);
    let (mut port, _) = tokio::task::block_in_place(|| server.accept()).unwrap();
    port.write_all(b"after the break\r\n").unwrap();
    viewer.read_until("after the break\r\n").await;

    // The other node has none.
    let options = ClientOptions::new("admin", PASSWORD).unwrap();
    let mut other = Client::connect(bmc("node2").address, options).await.unwrap();
    let refused = other.activate_sol().await.unwrap_err();
    assert!(refused.to_string().contains("0x81"), "{refused}");
}

fn shell(program: &str, bmc: &Bmc, words: &str) -> String {
    let (host, port) = (bmc.address.ip(), bmc.address.port());
    let interface = if program == "ipmitool" { "-I lanplus " } else { "" };
    format!("{program} {interface}-H {host} -p {port} -U admin -E {words}")
}

fn at_terminal(command: String, lines: &'static [Line]) -> Option<Ended> {
    converse(&command, &[("IPMI_PASSWORD", PASSWORD)], lines)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ipmitool_is_refused_while_somebody_looks_and_takes_the_console_as_ironic_does() {
    if !installed("ipmitool") || !installed("script") {
        return;
    }
    let demo = Process::demo(1, &["--speed", "20"]);
    let bmc = demo.bmcs()[0].clone();
    let ipmitool = Ipmitool::new(&bmc);
    tokio::task::block_in_place(|| ipmitool.ok("power on"));
    let mut viewer = Viewer::of(&bmc).await;
    viewer.read_until("network boot (iPXE)\r\n").await;
    let refused = tokio::task::block_in_place(|| ipmitool.run("sol activate"));
    assert!(!refused.success, "{refused:?}");
    let said = [refused.out, refused.err].concat();
    assert!(said.contains("SOL payload already active on another session"), "{said}");

    tokio::task::block_in_place(|| ipmitool.ok("sol deactivate"));
    let heard = tokio::time::timeout(BOUND, viewer.client.listen()).await.unwrap().unwrap();
    assert_eq!(heard, RemoteEvent::Deactivated);
    const LINES: &[Line] =
        &[Line { after: "network boot (iPXE)", types: "hello\r" }, Line { after: "hello", types: "~." }];
    let activate = shell("ipmitool", &bmc, "sol activate");
    let ended = tokio::task::block_in_place(|| at_terminal(activate, LINES)).unwrap();
    assert!(ended.success && ended.printed.contains("terminated ipmitool"), "{ended:?}");
}

#[test]
fn our_own_console_shows_types_and_leaves() {
    if !installed("script") {
        return;
    }
    let demo = Process::demo(1, &["--speed", "20"]);
    let bmc = demo.bmcs()[0].clone();
    let ravbmc = format!("{} ipmi", program("ravbmc").display());
    let run = |words: &str, lines: &'static [Line]| at_terminal(shell(&ravbmc, &bmc, words), lines).unwrap();
    assert!(run("power on", &[]).success);
    const LINES: &[Line] = &[
        Line { after: "~. to leave", types: "" },
        Line { after: "network boot (iPXE)", types: "hello\r" },
        Line { after: "hello", types: "~." },
    ];
    let ended = run("sol activate", LINES);
    assert!(ended.success && ended.printed.contains("[left]"), "{ended:?}");
    let info = run("sol info", &[]);
    assert!(info.success && info.printed.contains("Privilege Level          : operator"), "{info:?}");
    assert!(info.printed.contains("Active                   : no"), "{info:?}");
    let ended = run("sol deactivate", &[]);
    assert!(!ended.success && ended.printed.contains("no session has the console"), "{ended:?}");
}
