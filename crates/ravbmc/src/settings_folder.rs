//! What was changed in BMCs over IPMI, one file for each node, kept over restarts.
//!
//! The files hold passwords in the clear, because a login cannot be checked with anything less, so only their owner may read
//! them. A file is written beside the old one and renamed over it: a crash leaves the old or the new one.

mod form;

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use ipmi_server::{BmcSettings, NotKept, SettingsStore};
use machine::{BoxFuture, NodeId};

use crate::output;

use self::form::SettingsForm;

/// The name of the folder in a state directory.
const FOLDER_NAME: &str = "bmc-settings";

/// The folder of one state directory.
#[derive(Clone, Debug)]
pub(crate) struct SettingsFolder {
    folder: PathBuf,
}

impl SettingsFolder {
    /// The one in this state directory. It need not exist.
    pub(crate) fn of(state_dir: &Path) -> Self {
        Self { folder: state_dir.join(FOLDER_NAME) }
    }

    /// What is kept of one node; nothing kept is the default.
    pub(crate) fn load(&self, node: &NodeId) -> Result<BmcSettings> {
        let file = self.file(node);
        match fs::read(&file) {
            Ok(text) => read(&file, &text).map(|(_, settings)| settings),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(BmcSettings::default()),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
        }
    }

    /// What is kept of all nodes.
    pub(crate) fn load_all(&self) -> Result<BTreeMap<NodeId, BmcSettings>> {
        let mut all = BTreeMap::new();
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(all),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", self.folder.display()));
            }
        };
        for entry in entries {
            let file = entry.with_context(|| format!("cannot read {}", self.folder.display()))?.path();
            if file.extension().is_none_or(|extension| extension != "json") {
                // Left behind by a crash.
                continue;
            }
            let text = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let (node, settings) = read(&file, &text)?;
            all.insert(node, settings);
        }
        Ok(all)
    }

    /// Keeps these settings of a node. Blocks until they are on disk.
    pub(crate) fn write(&self, node: &NodeId, settings: &BmcSettings) -> Result<()> {
        let file = self.file(node);
        let write = || -> Result<()> {
            if !self.folder.exists() {
                fs::DirBuilder::new().mode(0o700).create(&self.folder)?;
                self.folder.parent().map(sync_folder).transpose()?;
            }
            if settings.is_empty() {
                match fs::remove_file(&file) {
                    Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
                    _ => {}
                }
            } else {
                // Made for its owner only.
                let mut beside = tempfile::NamedTempFile::new_in(&self.folder)?;
                serde_json::to_writer_pretty(&mut beside, &SettingsForm::of(node, settings))?;
                beside.write_all(b"\n")?;
                beside.as_file().sync_all()?;
                beside.persist(&file)?;
            }
            sync_folder(&self.folder)?;
            Ok(())
        };
        write().with_context(|| format!("cannot write {}", file.display()))
    }

    /// Copies everything that is kept.
    pub(crate) fn copy_to(&self, other: &Self) -> Result<()> {
        self.load_all()?.iter().try_for_each(|(node, settings)| other.write(node, settings))
    }

    /// The file of a node. Characters of its id that have no place in a name are written as `%` and two digits.
    fn file(&self, node: &NodeId) -> PathBuf {
        let mut name = String::new();
        for byte in node.as_str().bytes() {
            if byte.is_ascii_alphanumeric() || byte == b'-' {
                name.push(char::from(byte));
            } else {
                name.push_str(&format!("%{byte:02x}"));
            }
        }
        self.folder.join(name + ".json")
    }
}

impl SettingsStore for SettingsFolder {
    fn save<'a>(&'a self, node: &'a NodeId, settings: &'a BmcSettings) -> BoxFuture<'a, Result<(), NotKept>> {
        let (folder, node, settings) = (self.clone(), node.clone(), settings.clone());
        Box::pin(async move {
            let written = tokio::task::spawn_blocking(move || folder.write(&node, &settings)).await;
            let written = written.unwrap_or_else(|stopped| Err(stopped.into()));
            written.map_err(|error| NotKept { reason: output::error_chain(&error) })
        })
    }
}

fn sync_folder(folder: &Path) -> std::io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

fn read(file: &Path, text: &[u8]) -> Result<(NodeId, BmcSettings)> {
    let read = || -> Result<(NodeId, BmcSettings)> { serde_json::from_slice::<SettingsForm>(text)?.read() };
    read().with_context(|| {
        let file = file.display();
        format!("{file} is damaged; restore it, or delete it to have the configuration rule again")
    })
}

#[cfg(test)]
mod tests;
