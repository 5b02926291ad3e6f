//! `fence_ipmilan`, the fence agent of Pacemaker, which runs ipmitool.

use std::process::Command;

use crate::row::Expected::{Refused, Works};
use crate::row::{Client, Row};
use crate::target::{PASSWORD, Target, USER, has};

const VERSION: &str = "4.12.1";

const ROWS: &[Row] = &[
    Row { command: "--action=monitor", result: Works(&[]) },
    Row { command: "--action=status", result: Works(&["Status: ON"]) },
    Row { command: "--action=off", result: Works(&["Success: Powered OFF"]) },
    Row { command: "--action=off", result: Works(&["Success: Already OFF"]) },
    Row { command: "--action=on", result: Works(&["Success: Powered ON"]) },
    Row { command: "--action=reboot", result: Works(&["Success: Rebooted"]) },
    Row { command: "--action=reboot --method=cycle", result: Works(&["Success: Rebooted"]) },
    Row { command: "--action=diag", result: Refused(&["Connection timed out"]) },
];

/// Over IPMI 2.0.
pub(crate) const LANPLUS: Client = Client { name: "fence_ipmilan lanplus=1", version: VERSION, rows: ROWS };

/// Over IPMI 1.5, its default.
pub(crate) const LAN: Client = Client { name: "fence_ipmilan", version: VERSION, rows: ROWS };

async fn check(client: Client, option: &[&str], target: Target) {
    let mut wrong = Vec::new();
    for row in client.rows {
        let mut command = Command::new("fence_ipmilan");
        command.args(["--ip=127.0.0.1", &format!("--ipport={}", target.address.port())]).args(option);
        command.args([&format!("--username={USER}"), &format!("--password={PASSWORD}")]);
        // It would wait for seconds before it looks whether the power has changed.
        command.args(["--power-wait=0", "--stonith-status-sleep=0"]).args(row.command.split(' '));
        wrong.extend(target.check(row, command).await.err());
    }
    target.stop().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_of_fence_ipmilan_with_lanplus_comes_to_what_the_document_says() {
    if has("fence_ipmilan", VERSION) {
        check(LANPLUS, &["--lanplus"], Target::start().await).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_of_fence_ipmilan_over_ipmi_1_5_comes_to_what_the_document_says() {
    if has("fence_ipmilan", VERSION) {
        check(LAN, &[], Target::with_ipmi_1_5().await).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_ipmi_1_5_a_fence_agent_without_lanplus_fails_at_once() {
    const ROW: Row = Row {
        command: "--action=status",
        result: Refused(&["Unable to obtain correct plug status or plug is not available"]),
    };
    if has("fence_ipmilan", VERSION) {
        check(Client { rows: &[ROW], ..LAN }, &[], Target::start().await).await;
    }
}
