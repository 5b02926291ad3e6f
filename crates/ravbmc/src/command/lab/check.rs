//! `ravbmc lab check`: looks for what is known to make deployments fail (`lab.md §2`, `§8`).

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use ravello::VmInventory;
use ravello::document::Vm;
use ravello::identity::parse_node_id;
use serde::Serialize;

use crate::arguments::lab::LabCheckArguments;
use crate::configuration::BootSelection;
use crate::fleet::{Application, Fleet};
use crate::output;

/// With 64 MiB iPXE loses its script; with this it does not.
const ENOUGH_MEMORY_BYTES: u64 = 128 << 20;

/// Something that will go wrong.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Problem {
    /// The application, or `Ironic`.
    place: String,
    /// The node, if it is about one.
    node: Option<String>,
    /// What is wrong, and what to do.
    problem: String,
}

/// Prints what was found; an error if there was anything.
pub(super) async fn run(arguments: LabCheckArguments) -> Result<()> {
    let fleet = Fleet::look(&arguments.configured).await?;
    let mut problems: Vec<Problem> = fleet.applications.iter().flat_map(application).collect();
    if let Err(error) = fleet.hosts() {
        problems.push(Problem { place: "all".to_owned(), node: None, problem: error.to_string() });
    }
    if let Some(file) = &arguments.ironic_conf {
        problems.extend(ironic(file)?);
    }
    if arguments.json {
        output::print_json(&problems)?;
    } else if problems.is_empty() {
        output::print(&format!("{} nodes looked at, nothing wrong found.", fleet.nodes().count()))?;
    } else {
        let row = |problem: &Problem| {
            let node = problem.node.clone().unwrap_or_else(|| "-".to_owned());
            vec![problem.place.clone(), node, problem.problem.clone()]
        };
        output::print(&output::table(&["where", "node", "problem"], problems.iter().map(row)).to_string())?;
    }
    match problems.len() {
        0 => Ok(()),
        1 => bail!("1 problem found"),
        count => bail!("{count} problems found"),
    }
}

fn application(application: &Application) -> Vec<Problem> {
    let place = application.configuration.name.clone();
    let mut problems = Vec::new();
    let mut add = |node: Option<&str>, problem: String| {
        problems.push(Problem { place: place.clone(), node: node.map(str::to_owned), problem });
    };
    if !application.document.published() {
        add(None, "it was never published; publish it".to_owned());
    }
    if let Some(expires_at) = application.document.expires_at() {
        let left = expires_at.duration_since(SystemTime::now()).unwrap_or_default();
        let minutes = left.as_secs() / 60;
        // Each power on extends it; a deployment in which nothing is powered on for so long is what suffers.
        if minutes < 30 {
            add(None, format!("it stops by itself in {minutes} minutes; extend its expiration"));
        }
    }
    if application.nodes.is_empty() {
        add(None, "no VM of it is a node; see `nodes` of [[application]]".to_owned());
    }
    for node in &application.nodes {
        let Some(vm) = parse_node_id(&node.node).and_then(|(_, vm)| application.document.design_vm(vm))
        else {
            continue;
        };
        for problem in machine(node, vm, application.configuration.boot_selection) {
            add(Some(&node.name), problem);
        }
    }
    problems
}

/// What is wrong with one node.
fn machine(node: &VmInventory, vm: Vm<'_>, selection: BootSelection) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(bytes) = node.memory_bytes.filter(|bytes| *bytes < ENOUGH_MEMORY_BYTES) {
        problems.push(format!(
            "{} MiB of memory: iPXE may lose its script, and then the disk boots; give it 128 MiB or more",
            bytes >> 20
        ));
    }
    if vm.boot_disk().is_none() {
        problems.push("no disk to deploy to".to_owned());
    }
    match vm.hard_drives().find(|drive| drive.is_cdrom()) {
        None => problems.push(
            "no CD-ROM drive, so it cannot boot from the network; add one with the iPXE image".to_owned(),
        ),
        Some(drive) if !drive.has_image() => {
            problems.push("its CD-ROM drive is empty; put the iPXE image in".to_owned());
        }
        Some(drive) if selection != BootSelection::Order && !drive.is_bootable() => {
            problems.push("its CD-ROM is not marked as bootable".to_owned());
        }
        Some(_) => {}
    }
    if selection != BootSelection::Flag && !vm.boot_order().iter().any(|kind| kind == "CDROM") {
        problems.push("its boot order has no CDROM".to_owned());
    }
    for (index, connection) in vm.network_connections().into_iter().enumerate() {
        let name = match connection.name() {
            name if name.is_empty() => format!("interface {index}"),
            name => name.into_owned(),
        };
        if connection.static_address().is_none() {
            problems.push(format!(
                "{name} has no static address, so Ravello's DHCP answers there, perhaps before Ironic's"
            ));
        }
    }
    problems
}

/// What is wrong with Ironic's configuration.
fn ironic(file: &Path) -> Result<Vec<Problem>> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let value = setting(&text, "pxe", "enable_netboot_fallback");
    let is_on =
        value.is_some_and(|value| ["1", "on", "true", "yes"].contains(&value.to_ascii_lowercase().as_str()));
    let problem = "[pxe] enable_netboot_fallback is on: it sends nodes to their disk before the power cycle; turn it off";
    Ok(is_on
        .then(|| Problem { place: "Ironic".to_owned(), node: None, problem: problem.to_owned() })
        .into_iter()
        .collect())
}

/// The last value of a key in a section of an INI file, as oslo.config reads it.
fn setting<'t>(text: &'t str, section: &str, key: &str) -> Option<&'t str> {
    let mut here = false;
    let mut found = None;
    for line in text.lines() {
        if let Some(name) = line.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            here = name.trim() == section;
        } else if here && let Some((name, value)) = line.split_once('=') {
            found = if name.trim() == key { Some(value.trim()) } else { found };
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_counts_in_its_section_and_the_last_one_wins() {
        let text = "enable = 1\n[other]\nenable=2\n[pxe]\n# enable = 3\nenable = 4\n enable =5 \n[other]\nenable=6\n";
        assert_eq!(setting(text, "pxe", "enable"), Some("5"));
        assert_eq!(setting(text, "pxe", "disable"), None);
    }
}
