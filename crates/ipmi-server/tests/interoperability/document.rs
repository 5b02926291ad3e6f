//! `docs/interoperability.md` says what the rows say.

use std::fmt::Write as _;
use std::path::Path;

use crate::row::{Client, Row};
use crate::{
    discovery, fence_ipmilan, freeipmi, interrupt, ipmitool, ipmitool_lan, ipv6, openipmi, pyghmi,
    python_ipmi, sol, user_changes,
};

/// All clients, in the order of the document.
const CLIENTS: &[Client] = &[
    ipmitool::CLIENT,
    sol::IPMITOOL,
    user_changes::IPMITOOL,
    interrupt::IPMITOOL,
    ipv6::IPMITOOL,
    ipmitool_lan::CLIENT,
    freeipmi::CLIENT,
    sol::IPMICONSOLE,
    user_changes::FREEIPMI,
    freeipmi::HOST_RANGE,
    interrupt::FREEIPMI,
    ipv6::FREEIPMI,
    freeipmi::LAN,
    discovery::PORT_623,
    discovery::IPMIDETECT,
    openipmi::CLIENT,
    discovery::RMCP_PING,
    pyghmi::CLIENT,
    user_changes::PYGHMI,
    python_ipmi::RMCP_PLUS,
    python_ipmi::RMCP,
    python_ipmi::IPMITOOL,
    fence_ipmilan::LANPLUS,
    interrupt::FENCE,
    fence_ipmilan::LAN,
];

/// The rows as the document's tables have them.
fn tables() -> String {
    let mut tables = String::new();
    for Client { name, version, rows } in CLIENTS {
        for Row { command, result } in *rows {
            writeln!(tables, "| {name} | {version} | `{command}` | {result} |").unwrap();
        }
    }
    tables
}

#[test]
fn the_document_lists_exactly_the_rows_that_are_run() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/interoperability.md");
    let document = std::fs::read_to_string(path).unwrap();
    let documented: String = document
        .split_inclusive('\n')
        .filter(|line| CLIENTS.iter().any(|client| line.starts_with(&format!("| {} |", client.name))))
        .collect();
    let tables = tables();
    assert!(documented == tables, "the rows of docs/interoperability.md should be:\n{tables}");
}
