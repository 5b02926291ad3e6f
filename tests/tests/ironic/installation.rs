//! A real Ironic in a virtual environment of its own, under the target directory, made by the first run that
//! needs it. An empty database is kept with it: making one takes Ironic as long as everything else of its start.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Instant;

use ravbmc_tests::client::installed;

use crate::virtual_environment::{VirtualEnvironment, attempt};

/// Programs and an empty database.
#[derive(Debug)]
pub(crate) struct Installation {
    environment: VirtualEnvironment,
}

impl Installation {
    /// The installation; `None` if there can be none here. A line says so.
    pub(crate) fn ready() -> Option<&'static Self> {
        static READY: OnceLock<Option<Installation>> = OnceLock::new();
        let make = || match Self::make() {
            Ok(installation) => Some(installation),
            Err(why) => {
                println!("SKIPPED: Ironic: {why}");
                None
            }
        };
        if !installed("ipmitool") {
            return None;
        }
        READY.get_or_init(make).as_ref()
    }

    /// A program of Ironic or of its client.
    pub(crate) fn program(&self, name: &str) -> Command {
        self.environment.program(name)
    }

    /// A script of ours, with Ironic's Python.
    pub(crate) fn script(&self, name: &str) -> Command {
        self.environment.script(&scripts().join(name))
    }

    /// A database without any node.
    pub(crate) fn empty_database(&self) -> PathBuf {
        self.environment.directory().join("empty.sqlite")
    }

    fn make() -> Result<Self, String> {
        let started = Instant::now();
        let environment = environment("ironic", &scripts())?;
        let installation = Self { environment };
        if !installation.empty_database().exists() {
            installation.make_database()?;
            println!("Ironic was installed in {:.0} s", started.elapsed().as_secs_f64());
        }
        Ok(installation)
    }

    /// Another process may be making it too: it is there when it is complete.
    fn make_database(&self) -> Result<(), String> {
        let folder = tempfile::tempdir_in(self.environment.directory()).map_err(|error| error.to_string())?;
        let [database, configuration] = ["empty.sqlite", "empty.conf"].map(|name| folder.path().join(name));
        let text = format!("[database]\nconnection = sqlite:///{}\n", database.display());
        fs::write(&configuration, text).map_err(|error| error.to_string())?;
        let mut make = self.program("ironic-dbsync");
        attempt(make.arg("--config-file").arg(&configuration).arg("create_schema"), "ironic-dbsync")?;
        fs::rename(database, self.empty_database()).map_err(|error| error.to_string())
    }
}

/// A virtual environment with what a folder's `requirements.txt` asks for.
pub(crate) fn environment(name: &str, scripts: &Path) -> Result<VirtualEnvironment, String> {
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR"));
    VirtualEnvironment::make(tools, name, &scripts.join("requirements.txt"))
}

/// The folder of the scripts and of Ironic's configuration.
pub(crate) fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("python/ironic")
}
