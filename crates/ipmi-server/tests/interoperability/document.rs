//! `docs/interoperability.md` says what the rows say.

use std::fmt::Write as _;
use std::path::Path;

use crate::row::Row;
use crate::{freeipmi, ipmitool};

/// The rows as the document's table has them.
fn table() -> String {
    let mut table = String::new();
    let clients: [(&str, &str, &[Row]); 2] =
        [("ipmitool", ipmitool::VERSION, ipmitool::ROWS), ("FreeIPMI", freeipmi::VERSION, freeipmi::ROWS)];
    for (client, version, rows) in clients {
        for row in rows {
            writeln!(table, "| {client} | {version} | `{}` | {} |", row.command, row.result).unwrap();
        }
    }
    table
}

#[test]
fn the_document_lists_exactly_the_rows_that_are_run() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/interoperability.md");
    let document = std::fs::read_to_string(path).unwrap();
    let documented: String = document
        .split_inclusive('\n')
        .filter(|line| line.starts_with("| ipmitool |") || line.starts_with("| FreeIPMI |"))
        .collect();
    let table = table();
    assert!(documented == table, "the rows of docs/interoperability.md should be:\n{table}");
}
