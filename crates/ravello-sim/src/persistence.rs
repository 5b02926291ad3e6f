//! The state of the cloud in a file, so that a simulator can be restarted without losing its cloud.
//!
//! One JSON file, replaced as a whole: written beside, synced, renamed. Login sessions, faults and request
//! counts are not in it.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::application::Application;
use crate::cloud::{Cloud, Library};
use crate::document::number::integer;
use crate::guest::BootLog;
use crate::id::{ApplicationId, IdSource};

const FILE_NAME: &str = "ravello-sim.json";

/// Raised whenever a snapshot of before can no longer be read.
const FORMAT: u32 = 1;

/// Everything that outlives a restart.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    format: u32,
    applications: Vec<Application>,
    library: Library,
    boots: BootLog,
}

impl Snapshot {
    pub(crate) fn of(cloud: &Cloud) -> Self {
        Self {
            format: FORMAT,
            applications: cloud.applications.values().cloned().collect(),
            library: cloud.library.clone(),
            boots: cloud.boots.clone(),
        }
    }

    pub(crate) fn restore(self, cloud: &mut Cloud) {
        for application in &self.applications {
            cloud.ids.reserve(application.id.0);
            for (_, value) in &application.design {
                reserve(value, &mut cloud.ids);
            }
        }
        cloud.applications = self
            .applications
            .into_iter()
            .map(|known| (known.id, known))
            .collect::<BTreeMap<ApplicationId, _>>();
        cloud.library = self.library;
        cloud.boots = self.boots;
    }
}

fn reserve(value: &Value, ids: &mut IdSource) {
    match value {
        Value::Object(fields) => {
            if let Some(id) = fields.get("id").and_then(integer) {
                ids.reserve(id);
            }
            fields.values().for_each(|inner| reserve(inner, ids));
        }
        Value::Array(items) => items.iter().for_each(|item| reserve(item, ids)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The file.
#[derive(Debug)]
pub(crate) struct StateFile {
    path: PathBuf,
    /// One writes at a time.
    writing: Mutex<()>,
}

/// The kept state cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StateFileError {
    /// Reading failed.
    #[error("cannot read the kept state {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no kept state.
    #[error("{} is not a state kept by this version: {why}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Writing failed.
    #[error("cannot write the state to {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl StateFileError {
    pub(crate) fn interrupted(source: tokio::task::JoinError) -> Self {
        Self::Write { path: PathBuf::from(FILE_NAME), source: io::Error::other(source) }
    }
}

impl StateFile {
    pub(crate) fn in_directory(directory: impl AsRef<Path>) -> Self {
        Self { path: directory.as_ref().join(FILE_NAME), writing: Mutex::default() }
    }

    /// What was kept; `None` if nothing ever was.
    pub(crate) fn load(&self) -> Result<Option<Snapshot>, StateFileError> {
        let bytes = match std::fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(StateFileError::Read { path: self.path.clone(), source }),
        };
        let wrong = |why: String| StateFileError::Format { path: self.path.clone(), why };
        let snapshot: Snapshot = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
        if snapshot.format != FORMAT {
            return Err(wrong(format!("format {}, not {FORMAT}", snapshot.format)));
        }
        Ok(Some(snapshot))
    }

    /// Keeps what `snapshot` gives, which is asked when all writes before are done: the last to be asked is what stays.
    pub(crate) fn save(&self, snapshot: impl FnOnce() -> Snapshot) -> Result<(), StateFileError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.replace(&snapshot()).map_err(|source| StateFileError::Write { path: self.path.clone(), source })
    }

    fn replace(&self, snapshot: &Snapshot) -> io::Result<()> {
        if let Some(directory) = self.path.parent() {
            std::fs::create_dir_all(directory)?;
        }
        let beside = self.path.with_extension("json.new");
        // Tokens are in it.
        let mut file = private(OpenOptions::new().write(true).create(true).truncate(true)).open(&beside)?;
        file.write_all(&serde_json::to_vec(snapshot)?)?;
        file.sync_all()?;
        std::fs::rename(&beside, &self.path)
    }
}

/// Only the owner may read a new file.
#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600)
}

#[cfg(not(unix))]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saves_at_the_same_time_follow_each_other_and_the_last_one_asked_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = StateFile::in_directory(folder.path());
        let asked = Mutex::new(Vec::new());
        let snapshot = |mark: u64| {
            asked.lock().unwrap().push(mark);
            let library = Library { owner_id: mark, ..Library::default() };
            Snapshot { format: FORMAT, applications: Vec::new(), library, boots: BootLog::default() }
        };
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let (file, snapshot) = (&file, &snapshot);
                scope.spawn(move || {
                    for turn in 0..25 {
                        file.save(|| snapshot(100 * thread + turn)).unwrap();
                    }
                });
            }
        });
        let kept = file.load().unwrap().unwrap();
        assert_eq!(Some(&kept.library.owner_id), asked.lock().unwrap().last());
    }
}
