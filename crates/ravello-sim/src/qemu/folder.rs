//! The files of one VM, and what an earlier run left.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::UnixStream;

use super::qmp::Qmp;
use super::{QemuError, QemuOptions};
use crate::id::VmId;
use crate::serial::serial_socket;

/// The process id of a running QEMU.
pub(super) const PID: &str = "pid";

/// The longest path of a Unix socket, in bytes.
const LONGEST_SOCKET_PATH: usize = 107;

/// How long a QEMU of an earlier run may take to end.
const LEFTOVER_ENDS: Duration = Duration::from_secs(10);

/// Where one VM has its files.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    path: PathBuf,
    console: PathBuf,
}

impl Folder {
    pub(super) fn of(vm: VmId, options: &QemuOptions) -> Self {
        Self { path: options.folder.join(vm.to_string()), console: serial_socket(&options.console_dir, vm) }
    }

    /// Makes the folder if it is not there.
    pub(super) fn make(&self) -> Result<(), QemuError> {
        make_private(&self.path)?;
        for socket in [self.control(), self.observer(), self.console.clone()] {
            if socket.as_os_str().len() > LONGEST_SOCKET_PATH {
                return Err(QemuError::PathTooLong { path: socket });
            }
        }
        Ok(())
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where we listen and QEMU connects to be controlled.
    pub(super) fn control(&self) -> PathBuf {
        self.path.join("control.sock")
    }

    /// Where QEMU listens for anybody who wants to look, and for us after a crash.
    pub(super) fn observer(&self) -> PathBuf {
        self.path.join("qmp.sock")
    }

    /// The serial port.
    pub(super) fn console(&self) -> &Path {
        &self.console
    }

    /// Everything that the serial port ever said.
    pub(super) fn console_log(&self) -> PathBuf {
        self.path.join("console.log")
    }

    /// What QEMU itself said.
    pub(super) fn process_log(&self) -> PathBuf {
        self.path.join("qemu.log")
    }

    pub(super) fn pid(&self) -> PathBuf {
        self.path.join(PID)
    }

    /// The file of a disk.
    pub(super) fn disk(&self, drive: &str) -> PathBuf {
        self.path.join(format!("disk-{drive}.qcow2"))
    }
}

/// Makes the folders and locks them for this process; the lock lasts as long as the file is open.
pub(super) fn take(options: &QemuOptions) -> Result<File, QemuError> {
    make_private(&options.folder)?;
    make_private(&options.console_dir)?;
    let path = options.folder.join("lock");
    let refused = |source| QemuError::Folder { path: path.clone(), source };
    let lock = File::options().create(true).truncate(false).write(true).open(&path).map_err(refused)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(QemuError::InUse { path: options.folder.clone() }),
        Err(TryLockError::Error(source)) => Err(refused(source)),
    }
}

fn make_private(path: &Path) -> Result<(), QemuError> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| QemuError::Folder { path: path.to_owned(), source })
}

/// A QEMU that an earlier run may have left.
#[derive(Debug)]
pub(super) struct Leftover {
    folder: PathBuf,
    socket: PathBuf,
}

/// The VMs that may still run. Expects the lock to be held.
pub(super) fn leftovers(options: &QemuOptions) -> Result<Vec<Leftover>, QemuError> {
    let refused = |source| QemuError::Folder { path: options.folder.clone(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(&options.folder).map_err(refused)? {
        let folder = entry.map_err(refused)?.path();
        let socket = folder.join("qmp.sock");
        if fs::symlink_metadata(&socket).is_ok() {
            found.push(Leftover { folder, socket });
        }
    }
    Ok(found)
}

impl Leftover {
    /// Ends it, if it runs.
    pub(super) async fn end(self) -> Result<(), QemuError> {
        let outcome = tokio::time::timeout(LEFTOVER_ENDS, self.quit()).await;
        match outcome {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, folder = %self.folder.display(), "nobody is there"),
            Err(_) => return Err(QemuError::Leftover { folder: self.folder }),
        }
        for file in [self.socket, self.folder.join(PID)] {
            match fs::remove_file(&file) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => {
                    return Err(QemuError::Folder { path: file, source });
                }
                _ => {}
            }
        }
        Ok(())
    }

    async fn quit(&self) -> io::Result<()> {
        let mut qmp = Qmp::greet(UnixStream::connect(&self.socket).await?).await?;
        tracing::warn!(folder = %self.folder.display(), "a QEMU process of an earlier run is ended");
        // It may be gone before it has answered.
        let _ = qmp.call("quit").await;
        qmp.closed().await;
        Ok(())
    }
}
