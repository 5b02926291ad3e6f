//! One VM: orders in, reports out.

use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::error_chain::chain;
use super::execution::Execution;
use super::firmware::Firmware;
use super::folder::Folder;
use super::hardware::Hardware;
use super::process::{Process, Sign, StartError};
use super::qmp::Event;
use super::{QemuError, Shared, arguments, disks};
use crate::engine::{Report, Run, Sighting, Wish};
use crate::guest::BootedFrom;
use crate::id::VmId;

/// What may help where the processor is asked to run guests.
const TRY_SOFTWARE: &str = "; software emulation needs nothing of this machine: --accel tcg";

/// The task of one VM.
#[derive(Debug)]
pub(super) struct Vm {
    id: VmId,
    shared: Arc<Shared>,
    wishes: mpsc::UnboundedReceiver<Wish>,
    folder: Folder,
}

/// Why a VM was not powered on.
#[derive(Debug, thiserror::Error)]
enum PowerOnError {
    #[error(transparent)]
    Folder(#[from] QemuError),
    #[error("no disk")]
    Disk(#[source] std::io::Error),
    #[error(transparent)]
    Start(#[from] StartError),
}

impl Vm {
    pub(super) fn new(id: VmId, shared: Arc<Shared>, wishes: mpsc::UnboundedReceiver<Wish>) -> Self {
        let folder = Folder::of(id, &shared.options);
        Self { id, shared, wishes, folder }
    }

    /// Carries out wishes until nobody can wish any more; then the guest is ended.
    pub(super) async fn live(mut self) {
        while let Some(wish) = self.wishes.recv().await {
            match wish {
                Wish::PowerOn { run, document, device } => match self.power_on(&document, device).await {
                    Ok(process) => {
                        self.report(run, Sighting::Running);
                        self.attend(run, process).await;
                    }
                    Err(error) => {
                        let mut why = chain(&error);
                        if self.shared.execution != Execution::SOFTWARE {
                            why.push_str(TRY_SOFTWARE);
                        }
                        tracing::error!(vm = %self.id, error = why, "VM cannot be powered on");
                        self.report(run, Sighting::Failed { why });
                    }
                },
                Wish::PowerOff { run } => self.report(run, Sighting::Gone),
                Wish::FreshDisks => {
                    if let Err(error) = disks::forget(&self.folder) {
                        tracing::error!(vm = %self.id, %error, "the disks of this VM cannot be deleted");
                    }
                }
                Wish::PressPowerButton | Wish::Reset | Wish::InjectNmi => {}
            }
        }
    }

    async fn power_on(
        &self,
        document: &Map<String, Value>,
        device: BootedFrom,
    ) -> Result<Process, PowerOnError> {
        // The semaphore is never closed.
        let _permit = self.shared.starts.acquire().await;
        let options = &self.shared.options;
        self.folder.make()?;
        let hardware = Hardware::of(document, device, options);
        let mut files = Vec::new();
        for drive in &hardware.drives {
            let file = disks::provide(drive, &self.folder, options).await.map_err(PowerOnError::Disk)?;
            files.push(file);
        }
        let arguments =
            arguments::of(self.id, &hardware, &files, &self.folder, self.shared.execution, options);
        tracing::debug!(vm = %self.id, arguments = arguments.join(" "), "QEMU starts");
        Ok(Process::start(self.shared.tools, &self.folder, &arguments).await?)
    }

    /// Stays with a guest until it is gone.
    async fn attend(&mut self, run: Run, mut process: Process) {
        let mut firmware = Firmware::powered_on(Instant::now());
        loop {
            // Both branches only wait; whichever is dropped has lost nothing.
            let sign = tokio::select! {
                sign = process.sign() => sign,
                wish = self.wishes.recv() => {
                    match wish {
                        None => return process.quit().await,
                        Some(Wish::PowerOff { .. }) => {
                            process.quit().await;
                            return self.report(run, Sighting::Gone);
                        }
                        Some(Wish::PressPowerButton) => self.call(&mut process, "system_powerdown").await,
                        Some(Wish::Reset) => self.call(&mut process, "system_reset").await,
                        Some(Wish::InjectNmi) => self.call(&mut process, "inject-nmi").await,
                        // Not while it runs.
                        Some(Wish::PowerOn { .. } | Wish::FreshDisks) => {
                            tracing::error!(vm = %self.id, "an order that a running guest cannot get");
                        }
                    }
                    continue;
                }
            };
            match sign {
                Sign::Firmware(line) => {
                    tracing::trace!(vm = %self.id, line, "firmware");
                    firmware.said(&line);
                }
                Sign::Ended => {
                    let why = process.post_mortem().await;
                    return self.broke(run, why);
                }
                Sign::Event(event) => {
                    tracing::debug!(vm = %self.id, event = event.name, data = %event.data, "QEMU");
                    match self.fate(run, &event, &mut firmware, &mut process).await {
                        Fate::RunsOn => {}
                        Fate::PoweredOff => {
                            process.quit().await;
                            return self.report(run, Sighting::PoweredOff);
                        }
                        Fate::Broke(why) => {
                            process.quit().await;
                            return self.broke(run, why);
                        }
                    }
                }
            }
        }
    }

    /// What an event means for the guest.
    async fn fate(&self, run: Run, event: &Event, firmware: &mut Firmware, process: &mut Process) -> Fate {
        let by_guest = event.data.get("guest").and_then(Value::as_bool) == Some(true);
        match event.name.as_str() {
            "RESET" => {
                if firmware.was_reset(Instant::now(), by_guest) {
                    self.report(run, Sighting::Rebooted);
                }
                Fate::RunsOn
            }
            "SHUTDOWN" if by_guest => Fate::PoweredOff,
            "STOP" => match process.call("query-status").await.as_ref().map(status) {
                Ok(Some("internal-error")) => {
                    Fate::Broke(format!("the processor cannot run this guest, see qemu.log{TRY_SOFTWARE}"))
                }
                Ok(Some("shutdown")) => Fate::PoweredOff,
                Ok(Some("running")) | Err(_) => Fate::RunsOn,
                Ok(stopped) => {
                    tracing::warn!(vm = %self.id, status = stopped, "the guest is stopped; is the disk full?");
                    Fate::RunsOn
                }
            },
            "GUEST_PANICKED" => {
                tracing::warn!(vm = %self.id, "the guest's system has crashed");
                Fate::RunsOn
            }
            _ => Fate::RunsOn,
        }
    }

    async fn call(&self, process: &mut Process, command: &str) {
        if let Err(error) = process.call(command).await {
            tracing::warn!(vm = %self.id, command, %error, "QEMU did not do it");
        }
    }

    fn broke(&self, run: Run, why: String) {
        tracing::error!(vm = %self.id, error = why, "the guest broke");
        self.report(run, Sighting::Failed { why });
    }

    fn report(&self, run: Run, sighting: Sighting) {
        tracing::debug!(vm = %self.id, ?run, ?sighting, "guest");
        // Nobody listens once the simulator has ended.
        let _ = self.shared.reports.send(Report { vm: self.id, run, sighting });
    }
}

/// What becomes of a guest.
enum Fate {
    RunsOn,
    PoweredOff,
    Broke(String),
}

fn status(answer: &Value) -> Option<&str> {
    answer.get("status").and_then(Value::as_str)
}
