//! The clients that can, over IPv6.

use std::net::Ipv6Addr;
use std::process::Command;

use crate::row::Expected::Works;
use crate::row::{Client, Row};
use crate::target::{PASSWORD, Target, USER, has};

pub(crate) const IPMITOOL: Client = Client {
    name: "ipmitool -H ::1",
    version: crate::ipmitool::CLIENT.version,
    rows: &[
        Row { command: "power status", result: Works(&["Chassis Power is on"]) },
        Row { command: "session info active", result: Works(&["IPMIv2/RMCP+"]) },
        Row { command: "lan print", result: Works(&["MAC Address             : 02:09:09:09:09:09"]) },
    ],
};

pub(crate) const FREEIPMI: Client = Client {
    name: "FreeIPMI -h [::1]",
    version: crate::freeipmi::CLIENT.version,
    rows: &[
        Row { command: "ipmipower --stat", result: Works(&["on"]) },
        Row { command: "bmc-info --guid", result: Works(&["09090909-0909-0909-0909-090909090909"]) },
    ],
};

/// A BMC there, if this host has IPv6.
async fn target() -> Option<Target> {
    let any_port = (Ipv6Addr::LOCALHOST, 0).into();
    if tokio::net::UdpSocket::bind(any_port).await.is_err() {
        println!("SKIPPED: clients over IPv6: this host has no address ::1");
        return None;
    }
    Some(Target::with(any_port, |_| ()).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ipmitool_works_over_ipv6() {
    if !has("ipmitool", IPMITOOL.version) {
        return;
    }
    let Some(target) = target().await else { return };
    for row in IPMITOOL.rows {
        let mut command = Command::new("ipmitool");
        let port = target.address.port().to_string();
        command.args(["-I", "lanplus", "-H", "::1", "-p", &port, "-U", USER, "-E"]);
        command.env("IPMI_PASSWORD", PASSWORD).args(row.command.split(' '));
        target.check(row, command).await.unwrap();
    }
    target.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn freeipmi_works_over_ipv6() {
    if !has("bmc-info", FREEIPMI.version) {
        return;
    }
    let Some(target) = target().await else { return };
    for row in FREEIPMI.rows {
        let mut words = row.command.split(' ');
        let mut command = Command::new(words.next().unwrap());
        let host = target.address.to_string();
        command.args(["-D", "LAN_2_0", "-I", "17", "-h", &host, "-u", USER, "-p", PASSWORD]).args(words);
        target.check(row, command).await.unwrap();
    }
    target.stop().await;
}
