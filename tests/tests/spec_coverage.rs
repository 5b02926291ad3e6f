//! `docs/spec-coverage.md` says what the code says: every command of the registry, its section, its privilege, the file
//! of its bytes, the file of what it does, and a test that exists.

use std::fs;
use std::path::{Path, PathBuf};

use ipmi_proto::command::{COMMANDS, RequiredPrivilege};

struct Row {
    net_fn_command: String,
    name: String,
    section: String,
    privilege: String,
    bytes: String,
    execution: String,
    test: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn rows() -> Vec<Row> {
    let text = fs::read_to_string(root().join("docs/spec-coverage.md")).unwrap();
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect()
    };
    text.lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let [net_fn_command, name, section, privilege, bytes, execution, test] =
                <[String; 7]>::try_from(cells(line)).unwrap_or_else(|cells| panic!("not 7 cells: {cells:?}"));
            Row { net_fn_command, name, section, privilege, bytes, execution, test }
        })
        .collect()
}

#[test]
fn the_document_lists_exactly_the_commands_of_the_registry() {
    let documented: Vec<String> = rows()
        .iter()
        .map(|row| format!("{} {} {} {}", row.net_fn_command, row.name, row.section, row.privilege))
        .collect();
    let mut implemented: Vec<String> = COMMANDS
        .iter()
        .map(|info| {
            let privilege = match info.privilege {
                RequiredPrivilege::NoSession => "none".to_owned(),
                RequiredPrivilege::AtLeast(level) => level.name().unwrap().to_owned(),
            };
            let (net_fn, command) = (info.net_fn.0, info.command.0);
            format!("{net_fn:02x}/{command:02x} {} {} {privilege}", info.name, info.section)
        })
        .collect();
    implemented.sort();
    let mut sorted = documented.clone();
    sorted.sort();
    assert_eq!(sorted, implemented);
    assert_eq!(documented, sorted, "the document is sorted by number");
}

#[test]
fn every_file_and_every_test_that_the_document_names_exists() {
    for row in rows() {
        for file in [&row.bytes, &row.execution] {
            assert!(root().join("crates").join(file).is_file(), "{}: no file crates/{file}", row.name);
        }
        let (file, test) =
            row.test.split_once("::").unwrap_or_else(|| panic!("{}: {:?}", row.name, row.test));
        let text = fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(text.contains(&format!("fn {test}(")), "{}: no test {test} in {file}", row.name);
    }
}
