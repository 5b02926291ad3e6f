//! Programs that look for BMCs. Most know port 623 only, so they are run in a network namespace that has nothing but its
//! loopback interface.

use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::freeipmi;
use crate::row::Expected::Works;
use crate::row::{Client, Row};
use crate::target::{Target, empty_directory, has, is_here};

/// FreeIPMI's, which have no option for the port.
pub(crate) const PORT_623: Client = Client {
    name: "FreeIPMI at port 623",
    version: freeipmi::CLIENT.version,
    rows: &[
        Row { command: "rmcpping -c 1 127.0.0.1", result: Works(&["1 pongs received in time"]) },
        Row { command: "ipmiping -c 1 127.0.0.1", result: Works(&["1 responses received in time"]) },
        Row { command: "ipmiping -r 2.0 -c 1 127.0.0.1", result: Works(&["1 responses received in time"]) },
        Row {
            command: "ipmipower -D LAN_2_0 -h 127.0.0.1 -u admin -p correct-horse --stat",
            result: Works(&["on"]),
        },
    ],
};

/// FreeIPMI's daemon that looks again and again, and the program that asks it.
pub(crate) const IPMIDETECT: Client = Client {
    name: "FreeIPMI ipmidetect",
    version: freeipmi::CLIENT.version,
    rows: &[Row {
        command: "ipmidetect -h 127.0.0.1",
        result: Works(&["detected:   2: 127.0.0.[2-3]", "undetected: 1: 127.0.0.4"]),
    }],
};

/// OpenIPMI's.
pub(crate) const RMCP_PING: Client = Client {
    name: "rmcp_ping",
    version: "2.0.33",
    rows: &[Row { command: "-t 1 127.0.0.1", result: Works(&["localhost IPMI"]) }],
};

/// Says to this program that it is the copy of itself in the namespace.
const INSIDE: &str = "RAVBMC_TEST_IN_NAMESPACE";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_without_an_option_for_the_port_find_a_bmc_at_port_623() {
    if std::env::var_os(INSIDE).is_some() {
        let up = Command::new("ip").args(["link", "set", "lo", "up"]).status().unwrap();
        assert!(up.success(), "the loopback interface of the namespace comes up");
        let target = Target::with((Ipv4Addr::LOCALHOST, 623).into(), |_| ()).await;
        let mut wrong = Vec::new();
        for row in PORT_623.rows {
            let mut words = row.command.split(' ');
            let mut command = Command::new(words.next().unwrap());
            command.args(words);
            wrong.extend(target.check(row, command).await.err());
        }
        target.stop().await;
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        return;
    }
    if !has("rmcpping", PORT_623.version) || !is_here("ip") {
        return;
    }
    let Some(namespace) = namespace() else {
        println!("SKIPPED: rmcpping and ipmiping: no network namespace can be made here");
        return;
    };
    let name = "discovery::programs_without_an_option_for_the_port_find_a_bmc_at_port_623";
    let mut command = Command::new("unshare");
    command.args(namespace).arg(std::env::current_exe().unwrap()).args(["--exact", name, "--nocapture"]);
    let output = command.env(INSIDE, "yes").output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{printed}{}", String::from_utf8_lossy(&output.stderr));
    assert!(printed.contains("1 passed"), "{printed}");
}

/// The options with which `unshare` makes a network namespace here, if it can.
fn namespace() -> Option<&'static [&'static str]> {
    let ways: [&[&str]; 2] = [&["--net"], &["--net", "--user", "--map-root-user"]];
    ways.into_iter().find(|options| {
        let status = Command::new("unshare").args(*options).arg("true").stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    })
}

/// A process that ends with its test.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ipmidetect_finds_the_bmcs_that_are_there() {
    if !has("ipmidetect", IPMIDETECT.version) || !has("ipmidetectd", IPMIDETECT.version) {
        return;
    }
    let (target, other) = Target::two_at_one_port().await;
    let port = target.address.port();
    let folder = empty_directory("ipmidetect");
    // The daemon takes no port 0, so one that is free now has to be free in a moment too.
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let settings =
        format!("ipmidetectd_server_port {free}\nipmiping_period 100\nhost 127.0.0.[2-4]:{port}\n");
    std::fs::write(folder.join("ipmidetectd.conf"), settings).unwrap();
    let mut daemon = Command::new("ipmidetectd");
    daemon
        .args(["-d", "-c", "ipmidetectd.conf"])
        .current_dir(&folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let daemon = Daemon(daemon.spawn().unwrap());
    let until = Instant::now() + Duration::from_secs(20);
    let row = &IPMIDETECT.rows[0];
    let ask = || {
        let mut command = Command::new("ipmidetect");
        command.args(row.command.split(' ').skip(1)).args(["-p", &free.to_string()]);
        command
    };
    // It says what has been seen so far, and the daemon has to start first.
    while let Err(wrong) = target.check(row, ask()).await {
        assert!(Instant::now() < until, "{wrong}");
        sleep(Duration::from_millis(50)).await;
    }
    drop(daemon);
    std::fs::remove_dir_all(&folder).unwrap();
    target.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rmcp_ping_gets_its_pong() {
    if !is_here("rmcp_ping") {
        return;
    }
    let target = Target::start().await;
    let row = &RMCP_PING.rows[0];
    let mut command = Command::new("rmcp_ping");
    command.args(["-p", &target.address.port().to_string()]).args(row.command.split(' '));
    target.check(row, command).await.unwrap();
    target.stop().await;
}
