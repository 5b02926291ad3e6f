//! Clients that send a diagnostic interrupt to a node that takes it.

use std::net::Ipv4Addr;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use machine::{BoxFuture, Denied, DiagnosticInterrupt, NodeId};

use crate::row::Expected::Works;
use crate::row::{Client, Row};
use crate::target::{PASSWORD, Target, USER, has};

pub(crate) const IPMITOOL: Client = Client {
    name: "ipmitool, with interrupts",
    version: crate::ipmitool::CLIENT.version,
    rows: &[Row { command: "ipmitool power diag", result: Works(&["Diag"]) }],
};

pub(crate) const FREEIPMI: Client = Client {
    name: "FreeIPMI, with interrupts",
    version: crate::freeipmi::CLIENT.version,
    rows: &[
        Row { command: "ipmipower --pulse", result: Works(&["ok"]) },
        Row { command: "ipmi-chassis --chassis-control=DIAGNOSTIC-INTERRUPT", result: Works(&[]) },
    ],
};

pub(crate) const FENCE: Client = Client {
    name: "fence_ipmilan lanplus=1, with interrupts",
    version: crate::fence_ipmilan::LANPLUS.version,
    rows: &[Row { command: "fence_ipmilan --action=diag", result: Works(&[]) }],
};

/// Counts the interrupts.
#[derive(Debug, Default)]
struct Counted(AtomicUsize);

impl DiagnosticInterrupt for Counted {
    fn pulse<'a>(&'a self, _node: &'a NodeId) -> BoxFuture<'a, Result<(), Denied>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Ok(()) })
    }
}

async fn check(client: Client, options: impl Fn(&mut Command, &Target)) {
    let program = client.rows[0].command.split(' ').next().unwrap();
    if !has(program, client.version) {
        return;
    }
    let interrupt = Arc::new(Counted::default());
    let port = Arc::<Counted>::clone(&interrupt);
    let target = Target::with((Ipv4Addr::LOCALHOST, 0).into(), |config| config.interrupt = Some(port)).await;
    for row in client.rows {
        let mut words = row.command.split(' ');
        let mut command = Command::new(words.next().unwrap());
        options(&mut command, &target);
        command.args(words);
        target.check(row, command).await.unwrap();
    }
    target.stop().await;
    assert_eq!(interrupt.0.load(Ordering::Relaxed), client.rows.len(), "the node got each one once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ipmitool_sends_an_interrupt() {
    check(IPMITOOL, |command, target| {
        let port = target.address.port().to_string();
        command.args(["-I", "lanplus", "-H", "127.0.0.1", "-p", &port, "-U", USER, "-E"]);
        command.env("IPMI_PASSWORD", PASSWORD);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn freeipmi_sends_an_interrupt() {
    check(FREEIPMI, |command, target| {
        let host = target.address.to_string();
        command.args(["-D", "LAN_2_0", "-I", "17", "-h", &host, "-u", USER, "-p", PASSWORD, "-l", "ADMIN"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fence_ipmilan_sends_an_interrupt() {
    check(FENCE, |command, target| {
        let port = format!("--ipport={}", target.address.port());
        command.args(["--lanplus", "--ip=127.0.0.1", &port, "--power-wait=0"]);
        command.args([&format!("--username={USER}"), &format!("--password={PASSWORD}")]);
    })
    .await;
}
