//! The programs that are needed, and what to install if they are missing.

use std::io;
use std::process::{Command, Stdio};

use super::QemuError;

pub(super) const QEMU: &str = "qemu-system-x86_64";
pub(super) const QEMU_IMG: &str = "qemu-img";

/// What is installed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tools {
    /// Whether `setpriv` can bind a process to the life of its parent.
    pub(super) binds_to_parent: bool,
}

impl Tools {
    pub(super) fn find() -> Result<Self, QemuError> {
        let version = said(QEMU, "--version").map_err(|source| QemuError::Missing {
            program: QEMU,
            install: "install QEMU for x86 (Debian and Ubuntu: qemu-system-x86, Fedora: qemu-system-x86-core)",
            source,
        })?;
        said(QEMU_IMG, "--version").map_err(|source| QemuError::Missing {
            program: QEMU_IMG,
            install: "install QEMU's disk image tool (Debian and Ubuntu: qemu-utils, Fedora: qemu-img)",
            source,
        })?;
        let binds_to_parent = said("setpriv", "--help").is_ok_and(|help| help.contains("--pdeathsig"));
        if !binds_to_parent {
            tracing::warn!(
                "no setpriv with --pdeathsig (util-linux): should this process be killed, its VMs run on until the next start"
            );
        }
        tracing::debug!(version = version.lines().next(), binds_to_parent, "guests are QEMU processes");
        Ok(Self { binds_to_parent })
    }

    /// The command that starts QEMU, in a process group of its own: a Ctrl-C is for the simulator, which then ends its
    /// guests, and not for them.
    pub(super) fn qemu(self) -> tokio::process::Command {
        let mut command = if self.binds_to_parent {
            let mut command = tokio::process::Command::new("setpriv");
            command.args(["--pdeathsig", "KILL", "--", QEMU]);
            command
        } else {
            tokio::process::Command::new(QEMU)
        };
        command.process_group(0);
        command
    }
}

fn said(program: &str, argument: &str) -> io::Result<String> {
    let output = Command::new(program).arg(argument).stdin(Stdio::null()).output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!("{program} {argument} ended with {}", output.status)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
