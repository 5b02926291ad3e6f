//! A real Ironic in a virtual environment of its own, under the target directory, made by the first run that
//! needs it. An empty database is kept with it: making one takes Ironic as long as everything else of its start.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Instant;

use ravbmc_tests::client::installed;

/// Programs and an empty database.
#[derive(Debug)]
pub(crate) struct Installation {
    directory: PathBuf,
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
        let mut command = Command::new(self.directory.join("bin").join(name));
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONWARNINGS", "ignore");
        command
    }

    /// A script of ours, with Ironic's Python.
    pub(crate) fn script(&self, name: &str) -> Command {
        let mut command = self.program("python");
        command.arg(scripts().join(name));
        command
    }

    /// A database without any node.
    pub(crate) fn empty_database(&self) -> PathBuf {
        self.directory.join("empty.sqlite")
    }

    fn make() -> Result<Self, String> {
        let tools = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let installation = Self { directory: tools.join("ironic") };
        let lock = File::create(tools.join("ironic.lock")).map_err(|error| error.to_string())?;
        lock.lock().map_err(|error| error.to_string())?;
        let requirements = scripts().join("requirements.txt");
        let wanted = fs::read_to_string(&requirements).map_err(|error| error.to_string())?;
        let installed = installation.directory.join("installed.txt");
        if fs::read_to_string(&installed).is_ok_and(|present| present == wanted) {
            return Ok(installation);
        }
        let started = Instant::now();
        let mut venv = Command::new("python3");
        attempt(venv.args(["-m", "venv", "--clear"]).arg(&installation.directory), "python3 -m venv")?;
        let mut pip = Command::new(installation.directory.join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1"]);
        attempt(pip.arg("--requirement").arg(&requirements), "pip install")?;
        installation.make_database()?;
        fs::write(&installed, wanted).map_err(|error| error.to_string())?;
        println!("Ironic was installed in {:.0} s", started.elapsed().as_secs_f64());
        Ok(installation)
    }

    fn make_database(&self) -> Result<(), String> {
        let database = self.empty_database();
        let configuration = self.directory.join("empty.conf");
        let text = format!("[database]\nconnection = sqlite:///{}\n", database.display());
        fs::write(&configuration, text).map_err(|error| error.to_string())?;
        let mut make = self.program("ironic-dbsync");
        attempt(make.arg("--config-file").arg(&configuration).arg("create_schema"), "ironic-dbsync")
    }
}

/// The folder of the scripts and of Ironic's configuration.
pub(crate) fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("python/ironic")
}

/// Runs a command; what went wrong, in one line.
fn attempt(command: &mut Command, what: &str) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{what}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(format!("{what}: {}", text.lines().last().unwrap_or("failed without a word")))
}
