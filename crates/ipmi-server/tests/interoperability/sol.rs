//! Serial over LAN with a person at a terminal: what the rows of [`crate::ipmitool`] and [`crate::freeipmi`] cannot do.

use std::net::SocketAddr;

use crate::row::Expected::Works;
use crate::row::{Client, Outcome, Row};
use crate::serial::GREETING;
use crate::target::{PASSWORD, Target, USER, has};
use crate::terminal::{Ended, Line, converse};

pub(crate) const IPMITOOL: Client = Client {
    name: "ipmitool at a terminal",
    version: "1.8.19",
    rows: &[
        Row {
            command: "sol activate",
            result: Works(&["SOL Session operational", GREETING, "[h]", "terminated ipmitool"]),
        },
        Row { command: "sol activate, then ~B", result: Works(&["send break", "<break>"]) },
    ],
};

pub(crate) const IPMICONSOLE: Client = Client {
    name: "FreeIPMI at a terminal",
    version: "1.6.10",
    rows: &[Row {
        command: "ipmiconsole",
        result: Works(&["SOL established", GREETING, "[h]", "closing the connection"]),
    }],
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ipmitool_shows_the_console_types_and_leaves() {
    if !has("ipmitool", IPMITOOL.version) {
        return;
    }
    let target = Target::start().await;
    let port = target.address.port();
    let command = format!("ipmitool -I lanplus -H 127.0.0.1 -p {port} -U {USER} -E sol activate");
    let scripts: [&'static [Line]; 2] = [
        &[Line { after: "ttyS0", types: "h" }, Line { after: "[h]", types: "\r~." }],
        &[Line { after: "ttyS0", types: "\r~B" }, Line { after: "<break>", types: "\r~." }],
    ];
    for (row, lines) in IPMITOOL.rows.iter().zip(scripts) {
        let command = command.clone();
        let run = move || converse(&command, &[("IPMI_PASSWORD", PASSWORD)], lines);
        let Some(ended) = tokio::task::spawn_blocking(run).await.unwrap() else { return };
        let Ended { success, printed, elapsed } = ended;
        row.check(&Outcome { success, printed, elapsed }).unwrap();
    }
    target.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ipmiconsole_shows_the_console_types_and_leaves() {
    if !has("ipmiconsole", IPMICONSOLE.version) {
        return;
    }
    // It takes no port above 32767, so not any free one; the address is this process's own.
    let [.., high, low] = std::process::id().to_be_bytes();
    let address = SocketAddr::from(([127, 77, high, low], 6623));
    let target = Target::with(address, |_| ()).await;
    let command = format!("ipmiconsole -h {address} -u {USER} -p {PASSWORD} -I 17");
    for row in IPMICONSOLE.rows {
        let command = command.clone();
        let lines: &'static [Line] =
            &[Line { after: "ttyS0", types: "h" }, Line { after: "[h]", types: "&." }];
        let run = move || converse(&command, &[], lines);
        let Some(ended) = tokio::task::spawn_blocking(run).await.unwrap() else { return };
        let Ended { success, printed, elapsed } = ended;
        row.check(&Outcome { success, printed, elapsed }).unwrap();
    }
    target.stop().await;
}
