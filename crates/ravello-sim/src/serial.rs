//! The serial ports of VMs, as Unix sockets in a folder.
//!
//! Real guests have theirs from QEMU. Where a guest is a line in the boot log, this module is the serial port: it prints the boot log of
//! its VM, from the beginning to whoever connects and then as it grows, and answers what is typed like a terminal that
//! nobody has logged in to: with an echo, while the guest runs.

mod line;
mod port;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use self::port::Port;
use crate::guest::BootRecord;
use crate::id::VmId;
use crate::simulator::Simulator;

/// Where the serial port of a VM is, whatever its guest is.
#[must_use]
pub fn serial_socket(folder: &Path, vm: VmId) -> PathBuf {
    folder.join(format!("{vm}.sock"))
}

/// Why there is no serial port.
#[derive(Debug, thiserror::Error)]
pub enum SerialError {
    /// The folder cannot be made.
    #[error("cannot make the folder {} for serial ports", path.display())]
    Folder {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A socket cannot be made.
    #[error("cannot listen on the serial port {}", path.display())]
    Socket {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another program listens there.
    #[error("the serial port {} is in use; choose another folder", path.display())]
    InUse {
        /// Which one.
        path: PathBuf,
    },
}

/// The serial ports of all deployed VMs. They are gone when it is dropped.
pub(crate) struct SerialPorts {
    folder: PathBuf,
    ports: BTreeMap<VmId, Port>,
    /// The last boot that has been printed.
    last: u64,
    /// Boots whose end has not been printed.
    running: BTreeMap<u64, VmId>,
}

/// What is new in the cloud.
struct News {
    vms: BTreeSet<VmId>,
    ended: Vec<Option<BootRecord>>,
    begun: Vec<BootRecord>,
}

impl SerialPorts {
    /// Makes the ports of the VMs that there are. Expects to run in a runtime.
    ///
    /// # Errors
    /// [`SerialError`] when the folder or a socket cannot be made.
    pub(crate) fn open(folder: PathBuf, simulator: &Simulator) -> Result<Self, SerialError> {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.map_err(|source| SerialError::Folder { path: folder.clone(), source })?;
        let mut ports = Self { folder, ports: BTreeMap::new(), last: 0, running: BTreeMap::new() };
        ports.catch_up(simulator, Err)?;
        Ok(ports)
    }

    /// Prints what happens, for ever.
    pub(crate) async fn follow(mut self, simulator: &Simulator) {
        let mut changes = simulator.subscribe();
        loop {
            changes.borrow_and_update();
            // A VM without serial port is no reason to stop the cloud.
            let caught_up = self.catch_up(simulator, |error| {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "a VM has no serial port");
                Ok(())
            });
            if caught_up.is_err() || changes.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    /// Makes ports for new VMs, drops those of VMs that are gone, and prints what has happened since.
    fn catch_up(
        &mut self,
        simulator: &Simulator,
        mut failed: impl FnMut(SerialError) -> Result<(), SerialError>,
    ) -> Result<(), SerialError> {
        let News { vms, ended, begun } = simulator.look(|state, _| {
            let boots = &state.cloud.boots;
            let deployments =
                state.cloud.applications.values().filter_map(|application| application.deployment.as_ref());
            News {
                vms: deployments.flat_map(|deployment| deployment.machines.keys().copied()).collect(),
                ended: self.running.keys().map(|sequence| boots.get(*sequence).copied()).collect(),
                begun: boots.after(self.last).to_vec(),
            }
        });
        self.ports.retain(|vm, _| vms.contains(vm));
        for vm in vms {
            if !self.ports.contains_key(&vm) {
                match Port::open(serial_socket(&self.folder, vm)) {
                    Ok(port) => drop(self.ports.insert(vm, port)),
                    Err(error) => failed(error)?,
                }
            }
        }
        let watched: Vec<u64> = self.running.keys().copied().collect();
        for (sequence, record) in watched.into_iter().zip(ended) {
            match record {
                Some(record) => self.print_end(&record),
                // Somebody has cleared the log.
                None => drop(self.running.remove(&sequence)),
            }
        }
        for record in begun {
            self.last = self.last.max(record.sequence);
            if let Some(port) = self.ports.get(&record.vm) {
                port.set_running(true);
                port.print(line::of_begin(&record).as_bytes());
            }
            self.running.insert(record.sequence, record.vm);
            self.print_end(&record);
        }
        Ok(())
    }

    fn print_end(&mut self, record: &BootRecord) {
        let Some(ended) = record.ended else { return };
        self.running.remove(&record.sequence);
        if let Some(port) = self.ports.get(&record.vm) {
            port.set_running(false);
            port.print(line::of_end(ended).as_bytes());
        }
    }
}
