//! OpenIPMI's library, through its `openipmicmd`.

use std::process::Command;

use crate::row::Expected::{Refused, Works};
use crate::row::{Client, Row};
use crate::target::{PASSWORD, Target, USER, is_here};

/// It does not tell its version, so that of the package is given. A row is the message that it sends: channel, LUN, network function, command, data.
pub(crate) const CLIENT: Client = Client {
    name: "openipmicmd -k",
    version: "2.0.33",
    rows: &[
        Row { command: "0f 00 06 01", result: Works(&["0f 07 00 01 00 20 01"]) },
        Row { command: "0f 00 00 01", result: Works(&["0f 01 00 01 00 61"]) },
        Row { command: "0f 00 00 02 02", result: Works(&["0f 01 00 02 00"]) },
        Row { command: "0f 00 00 02 00", result: Works(&["0f 01 00 02 00"]) },
        Row { command: "0f 00 00 02 03", result: Works(&["0f 01 00 02 d5"]) },
        Row { command: "0f 00 00 02 01", result: Works(&["0f 01 00 02 00"]) },
        Row { command: "0f 00 00 08 05 c0 04 00 00 00", result: Works(&["0f 01 00 08 00"]) },
        Row { command: "0f 00 00 09 05 00 00", result: Works(&["0f 01 00 09 00 01 05 c0 04 00 00 00"]) },
        Row { command: "0f 00 06 99", result: Works(&["0f 07 00 99 c1"]) },
    ],
};

async fn check(rows: &[Row], options: &[&str], password: &str, target: Target) {
    let mut wrong = Vec::new();
    for row in rows {
        let mut command = Command::new("openipmicmd");
        command.args(["-k", row.command, "lan", "-p", &target.address.port().to_string()]).args(options);
        command.args(["-U", USER, "-P", password, "127.0.0.1"]);
        wrong.extend(target.check(row, command).await.err());
    }
    target.stop().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_of_openipmi_comes_to_what_the_document_says() {
    if is_here("openipmicmd") {
        check(CLIENT.rows, &[], PASSWORD, Target::start().await).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openipmi_is_told_that_its_password_is_wrong() {
    const ROW: Row = Row { command: "0f 00 06 01", result: Refused(&["Unable to setup connection"]) };
    if is_here("openipmicmd") {
        check(&[ROW], &[], "wrong", Target::start().await).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openipmi_uses_every_authentication_type_of_ipmi_1_5() {
    if is_here("openipmicmd") {
        for authentication in ["md5", "md2", "straight"] {
            check(CLIENT.rows, &["-A", authentication], PASSWORD, Target::with_ipmi_1_5().await).await;
        }
    }
}
