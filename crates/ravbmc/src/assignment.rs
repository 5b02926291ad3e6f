//! Which node has which UDP port: assigned once, kept in the state directory, never moved.
//!
//! A node that is new takes the lowest free port from the base on. What is needed to answer for a node while
//! the cloud is away is kept with its port, so that a restarted daemon needs nobody to bring its BMCs back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use machine::NodeId;
use serde::{Deserialize, Serialize};

/// The name of the file in the state directory.
pub(crate) const FILE_NAME: &str = "assignments.json";

/// What is kept about one node.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Assignment {
    pub(crate) application: String,
    /// The VM's name when it was last seen.
    pub(crate) name: String,
    /// The System GUID, as it is sent.
    pub(crate) guid: [u8; 16],
    /// The UDP port; 0 until one has been taken.
    pub(crate) port: u16,
}

/// All nodes that ever had a port.
#[derive(Debug)]
pub(crate) struct Assignments {
    file: PathBuf,
    nodes: BTreeMap<NodeId, Assignment>,
}

impl Assignments {
    /// Reads what is kept in `state_dir`; nothing kept is an empty set.
    pub(crate) fn load(state_dir: &Path) -> Result<Self> {
        let file = state_dir.join(FILE_NAME);
        let nodes = match fs::read(&file) {
            Ok(text) => serde_json::from_slice(&text).with_context(|| {
                format!("{} is damaged; restore it, or delete it to assign all ports anew", file.display())
            })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
        };
        Ok(Self { file, nodes })
    }

    /// The names of all applications.
    pub(crate) fn applications(&self) -> BTreeSet<String> {
        self.nodes.values().map(|assignment| assignment.application.clone()).collect()
    }

    /// The nodes of one application.
    pub(crate) fn of_application(&self, application: &str) -> Vec<(NodeId, Assignment)> {
        let of_it = |(_, assignment): &(&NodeId, &Assignment)| assignment.application == application;
        self.nodes.iter().filter(of_it).map(|(node, assignment)| (node.clone(), assignment.clone())).collect()
    }

    /// The port of a node; `None` until one has been taken.
    pub(crate) fn port(&self, node: &NodeId) -> Option<u16> {
        self.nodes.get(node).map(|assignment| assignment.port).filter(|port| *port != 0)
    }

    /// The port of a node, taken from `base` on if it is new; 0 stays 0 until [`Assignments::record_port`].
    pub(crate) fn assign(
        &mut self,
        node: &NodeId,
        application: &str,
        name: &str,
        guid: [u8; 16],
        base: u16,
    ) -> Result<u16> {
        let port = match self.nodes.get(node) {
            Some(known) => known.port,
            None if base == 0 => 0,
            None => {
                let taken: BTreeSet<u16> = self.nodes.values().map(|assignment| assignment.port).collect();
                match (base..=u16::MAX).find(|port| !taken.contains(port)) {
                    Some(port) => port,
                    None => bail!("no UDP port is left above {base} for the node {name}"),
                }
            }
        };
        let assignment =
            Assignment { application: application.to_owned(), name: name.to_owned(), guid, port };
        self.nodes.insert(node.clone(), assignment);
        Ok(port)
    }

    /// Notes the port that a node really got, after port 0.
    pub(crate) fn record_port(&mut self, node: &NodeId, port: u16) {
        if let Some(assignment) = self.nodes.get_mut(node) {
            assignment.port = port;
        }
    }

    /// Writes everything beside the file and renames it over: a crash leaves the old or the new one.
    pub(crate) fn save(&self) -> Result<()> {
        let write = || -> Result<()> {
            let folder = self.file.parent().context("it has no folder")?;
            let mut beside = tempfile::NamedTempFile::new_in(folder)?;
            serde_json::to_writer_pretty(&mut beside, &self.nodes)?;
            beside.write_all(b"\n")?;
            beside.as_file().sync_all()?;
            beside.persist(&self.file)?;
            fs::File::open(folder)?.sync_all()?;
            Ok(())
        };
        write().with_context(|| format!("cannot write {}", self.file.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_keeps_its_port_and_a_new_one_takes_the_lowest_free() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two, three) = (NodeId::new("1/1"), NodeId::new("1/2"), NodeId::new("1/3"));
        let mut assignments = Assignments::load(folder.path()).unwrap();
        assert_eq!(assignments.assign(&two, "lab", "node2", [2; 16], 6230).unwrap(), 6230);
        assert_eq!(assignments.assign(&one, "lab", "node1", [1; 16], 6230).unwrap(), 6231);
        assignments.save().unwrap();

        let mut assignments = Assignments::load(folder.path()).unwrap();
        assert_eq!(assignments.assign(&one, "lab", "renamed", [1; 16], 6230).unwrap(), 6231);
        assert_eq!(assignments.assign(&three, "lab", "node3", [3; 16], 6230).unwrap(), 6232);
        assert_eq!(assignments.of_application("lab").len(), 3);
        assert_eq!(assignments.of_application("other").len(), 0);
    }

    #[test]
    fn a_port_chosen_by_the_system_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let node = NodeId::new("1/1");
        let mut assignments = Assignments::load(folder.path()).unwrap();
        assert_eq!(assignments.assign(&node, "lab", "node1", [0; 16], 0).unwrap(), 0);
        assignments.record_port(&node, 40_000);
        assert_eq!(assignments.assign(&node, "lab", "node1", [0; 16], 0).unwrap(), 40_000);
    }

    #[test]
    fn a_damaged_file_is_named_and_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE_NAME);
        fs::write(&file, "{").unwrap();
        let error = Assignments::load(folder.path()).unwrap_err();
        assert!(error.to_string().contains("assignments.json is damaged"), "{error}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "{");
    }
}
