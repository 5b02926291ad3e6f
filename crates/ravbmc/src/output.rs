//! What is printed: tables for people, JSON for programs, errors in one line.

use std::fmt::Display;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;
use serde_json::{Value, json};

use crate::daemon::Node;

/// An error and its causes in one line, each cause once.
pub(crate) fn error_chain(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if line.is_empty() {
            line = cause;
        } else if !line.contains(&cause) {
            line = format!("{line}: {cause}");
        }
    }
    line
}

/// A table without lines, in the manner of other command-line tools.
pub(crate) fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header.iter().map(|word| word.to_uppercase()));
    table.add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table
}

/// Where the BMCs are.
pub(crate) fn nodes_table(nodes: &[Node], user: &str) -> Table {
    let row = |node: &Node| {
        vec![node.name.clone(), node.address.to_string(), user.to_owned(), node.application.clone()]
    };
    table(&["node", "bmc", "user", "application"], nodes.iter().map(row))
}

/// The same for programs: a list of objects with `name`, `node`, `address`, `user` and `application`.
pub(crate) fn nodes_json(nodes: &[Node], user: &str) -> Value {
    let object = |node: &Node| {
        json!({
            "name": node.name,
            "node": node.id,
            "address": node.address,
            "user": user,
            "application": node.application,
        })
    };
    nodes.iter().map(object).collect()
}

/// Prints text, without blanks at the ends of lines, and makes sure that it is out: a program may be waiting for it.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    let mut lines = text.trim_end().lines();
    lines
        .try_for_each(|line| writeln!(out, "{}", line.trim_end()))
        .and_then(|()| out.flush())
        .context("cannot write to standard output")
}

/// Tells the person in front of it something, in a line on standard error. Where nobody reads that any more, the work goes
/// on all the same.
pub(crate) fn tell(line: impl Display) {
    tell_unfinished(format_args!("{line}\n"));
}

/// The same, without an end of line.
pub(crate) fn tell_unfinished(text: impl Display) {
    let _ = write!(io::stderr().lock(), "{text}");
}

/// Prints one JSON document.
pub(crate) fn print_json(value: &impl Serialize) -> Result<()> {
    print(&serde_json::to_string_pretty(value).context("cannot write JSON")?)
}

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Only its owner.
    Owner,
    /// Everybody.
    Everybody,
}

/// Writes a file beside its place and renames it over: readers see the old or the new one, and never with other
/// permissions than these.
pub(crate) fn write_file(file: &Path, bytes: &[u8], readers: Readers) -> Result<()> {
    let write = || -> Result<()> {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        // Such a file is its owner's alone from its first moment on.
        let mut beside = tempfile::NamedTempFile::new_in(folder.unwrap_or_else(|| Path::new(".")))?;
        beside.write_all(bytes)?;
        if readers == Readers::Everybody {
            beside.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
        }
        beside.as_file().sync_all()?;
        beside.persist(file)?;
        Ok(())
    };
    write().with_context(|| format!("cannot write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn each_cause_is_named_once() {
        let error = anyhow!("connection refused").context("cannot reach the cloud").context("demo");
        assert_eq!(error_chain(&error), "demo: cannot reach the cloud: connection refused");
        let repeated = anyhow!("no such file").context("cannot read a.toml: no such file");
        assert_eq!(error_chain(&repeated), "cannot read a.toml: no such file");
    }

    #[test]
    fn a_file_with_secrets_is_its_owners_alone_even_if_it_was_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("nodes.yaml");
        let mode = || fs::metadata(&file).unwrap().permissions().mode() & 0o777;
        write_file(&file, b"old", Readers::Everybody).unwrap();
        assert_eq!(mode(), 0o644);
        write_file(&file, b"new", Readers::Owner).unwrap();
        assert_eq!((mode(), fs::read(&file).unwrap()), (0o600, b"new".to_vec()));
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "nothing is left beside it");
    }
}
