//! Virtual environments with packages from the Python package index, for tests that run other people's Python.
#![allow(dead_code, reason = "no test program uses all of it")]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A virtual environment with what a file of requirements asks for.
#[derive(Debug)]
pub(crate) struct VirtualEnvironment {
    directory: PathBuf,
}

impl VirtualEnvironment {
    /// The environment of that name in the folder `tools`, made by the first that asks for it and kept until its
    /// requirements change. What went wrong, in one line, if it cannot be made here.
    pub(crate) fn make(tools: &Path, name: &str, requirements: &Path) -> Result<Self, String> {
        let directory = tools.join(name);
        // Two test programs may want to make it at the same time.
        let lock = File::create(tools.join(format!("{name}.lock"))).map_err(|error| error.to_string())?;
        lock.lock().map_err(|error| error.to_string())?;
        let wanted = std::fs::read_to_string(requirements).map_err(|error| error.to_string())?;
        let installed = directory.join("installed.txt");
        if std::fs::read_to_string(&installed).is_ok_and(|present| present == wanted) {
            return Ok(Self { directory });
        }
        let mut venv = Command::new("python3");
        attempt(venv.args(["-m", "venv", "--clear"]).arg(&directory), "python3 -m venv")?;
        let environment = Self { directory };
        let mut pip = environment.pip("install");
        attempt(pip.arg("--requirement").arg(requirements), "pip install")?;
        std::fs::write(&installed, wanted).map_err(|error| error.to_string())?;
        Ok(environment)
    }

    /// Where it is.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Runs a program of it in a bare environment: nothing that is set outside leaks in.
    pub(crate) fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.directory.join("bin").join(name));
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONWARNINGS", "ignore");
        command
    }

    /// Runs a script with its Python.
    pub(crate) fn script(&self, script: &Path) -> Command {
        let mut command = self.program("python");
        command.arg(script);
        command
    }

    /// Pip in this environment.
    pub(crate) fn pip(&self, verb: &str) -> Command {
        let mut pip = Command::new(self.directory.join("bin/python"));
        pip.args(["-m", "pip", verb, "--quiet", "--disable-pip-version-check", "--retries", "1"]);
        pip
    }
}

/// Runs a command; what went wrong, in one line.
pub(crate) fn attempt(command: &mut Command, what: &str) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{what}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(format!("{what}: {}", text.lines().last().unwrap_or("failed without a word")))
}
