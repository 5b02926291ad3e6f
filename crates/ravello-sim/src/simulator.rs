//! A running simulator: the state behind one lock, its clock, and the handle that tests and programs hold.

mod config;

pub use config::{Engine, SimulatorConfig};

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::access::Access;
use crate::clock::{Clock, Timestamp};
use crate::cloud::{Cloud, CloudError};
use crate::engine::Report;
use crate::fault::{ActiveFault, FaultId, FaultRule, Faults};
use crate::guest::{BootRecord, GuestBehaviour};
use crate::id::{ApplicationId, VmId};
use crate::persistence::{Snapshot, StateFile, StateFileError};
use crate::qemu::{QemuEngine, QemuError};
use crate::requests::{RequestKind, RequestLog};
use crate::serial::{SerialError, SerialPorts};
use crate::state::VmState;
use crate::switches::Switches;

/// A handle on a running simulator; clones are the same simulator.
#[derive(Clone)]
pub struct Simulator {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// Counts the changes, so that whoever waits for something looks again.
    changes: watch::Sender<Changes>,
    state_file: Option<StateFile>,
    /// Runs the guests, if they are real.
    engine: Option<QemuEngine>,
    /// Where guests that are not real have their serial ports.
    serial_dir: Option<PathBuf>,
}

/// How often something changed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Changes {
    /// In the cloud: what is worth keeping.
    cloud: u64,
    /// Elsewhere, for example in the count of requests.
    elsewhere: u64,
}

/// What a piece of work touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Touched {
    Nothing,
    Elsewhere,
    Cloud,
}

/// Everything behind the lock.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) clock: Clock,
    pub(crate) cloud: Cloud,
    pub(crate) access: Access,
    pub(crate) faults: Faults,
    pub(crate) requests: RequestLog,
}

/// Why a simulator cannot start.
#[derive(Debug, thiserror::Error)]
pub enum SimulatorError {
    /// No randomness to be had.
    #[error("cannot draw a seed from the operating system")]
    Seed(#[source] getrandom::Error),
    /// The kept state cannot be read.
    #[error(transparent)]
    StateFile(#[from] StateFileError),
    /// Guests cannot be run.
    #[error(transparent)]
    Qemu(#[from] QemuError),
    /// Guests cannot have serial ports.
    #[error(transparent)]
    Serial(#[from] SerialError),
}

/// Why a simulator does not do what it is asked through its handle.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct ControlError {
    /// What is in the way.
    reason: String,
}

impl From<CloudError> for ControlError {
    fn from(error: CloudError) -> Self {
        Self { reason: error.to_string() }
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator").finish_non_exhaustive()
    }
}

impl Simulator {
    /// Fills a cloud: from the state directory if there is something, then with the given applications.
    ///
    /// # Errors
    /// [`SimulatorError::Seed`] without randomness, [`SimulatorError::StateFile`] if there is a kept state
    /// that cannot be read, [`SimulatorError::Qemu`] if guests are to be QEMU processes and cannot be.
    pub fn new(config: SimulatorConfig) -> Result<Self, SimulatorError> {
        let clock = Clock::start();
        let now = clock.now();
        let seed = match config.seed {
            Some(seed) => seed,
            None => getrandom::u64().map_err(SimulatorError::Seed)?,
        };
        let mut cloud = Cloud::new(config.switches, config.durations, config.speed, seed, now);
        let (engine, serial_dir) = match config.engine {
            Engine::Memory => (None, config.serial_dir),
            Engine::Qemu(options) => {
                cloud.make_guests_real();
                (Some(QemuEngine::start(options)?), None)
            }
        };
        let state_file = config.state_dir.map(StateFile::in_directory);
        if let Some(snapshot) = state_file.as_ref().map(StateFile::load).transpose()?.flatten() {
            snapshot.restore(&mut cloud);
            cloud.resume(now);
            cloud.handle_timeout(now);
        }
        for application in &config.applications {
            if cloud.application_named(application.name()).is_none() {
                application.load_into(&mut cloud, now);
            }
        }
        let state = State {
            clock,
            cloud,
            access: Access::new(config.username, config.password),
            faults: Faults::default(),
            requests: RequestLog::default(),
        };
        let (changes, _) = watch::channel(Changes::default());
        let shared = Shared { state: Mutex::new(state), changes, state_file, engine, serial_dir };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The VM of an application, by their names.
    pub fn vm_named(&self, application: &str, vm: &str) -> Option<VmId> {
        self.look(|state, _| state.cloud.vm_named(application, vm))
    }

    /// An application by its name.
    pub fn application_named(&self, name: &str) -> Option<ApplicationId> {
        self.look(|state, _| state.cloud.application_named(name))
    }

    /// The state of a deployed VM; `None` if it is not deployed.
    pub fn vm_state(&self, vm: VmId) -> Option<VmState> {
        self.look(|state, _| {
            let application = state.cloud.application_of(vm)?;
            state.cloud.machine(application, vm).ok().map(crate::machine::Machine::state)
        })
    }

    /// All boots of a VM, oldest first.
    pub fn boot_log(&self, vm: VmId) -> Vec<BootRecord> {
        self.look(|state, _| {
            let records = state.cloud.boots.records().into_iter();
            records.filter(|record| record.vm == vm).collect()
        })
    }

    /// The requests to the API so far, counted by kind.
    pub fn request_counts(&self) -> BTreeMap<RequestKind, u64> {
        self.look(|state, _| state.requests.counts().clone())
    }

    /// The requests of one kind so far: `requests("POST", "/applications/{id}/publishUpdates")`.
    pub fn requests(&self, method: &str, path: &str) -> u64 {
        let kind = RequestKind::new(method, path);
        self.look(|state, _| state.requests.counts().get(&kind).copied().unwrap_or_default())
    }

    /// Counts requests from zero again.
    pub fn clear_requests(&self) {
        self.note(|state, _| state.requests.clear());
    }

    /// An application as a client would read it.
    pub fn application(&self, id: ApplicationId) -> Option<serde_json::Value> {
        self.look(|state, _| state.cloud.read(id, None).ok().map(serde_json::Value::Object))
    }

    /// The guest of a VM reboots by itself.
    ///
    /// # Errors
    /// [`ControlError`] if the VM is not STARTED.
    pub fn reboot_guest(&self, vm: VmId) -> Result<(), ControlError> {
        Ok(self.change(|state, now| state.cloud.reboot_guest(vm, now))?)
    }

    /// Changes how the guest of a VM behaves.
    ///
    /// # Errors
    /// [`ControlError`] if the VM is not deployed.
    pub fn set_guest(&self, vm: VmId, guest: GuestBehaviour) -> Result<(), ControlError> {
        Ok(self.change(|state, now| state.cloud.set_guest(vm, guest, now))?)
    }

    /// Puts a VM into a state, as if something in the cloud had gone wrong.
    ///
    /// # Errors
    /// [`ControlError`] if the VM is not deployed.
    pub fn force_state(&self, vm: VmId, wanted: VmState) -> Result<(), ControlError> {
        Ok(self.change(|state, now| state.cloud.force(vm, wanted, now))?)
    }

    /// Lets a VM that is stuck go on.
    ///
    /// # Errors
    /// [`ControlError`] if the VM is not deployed.
    pub fn release(&self, vm: VmId) -> Result<(), ControlError> {
        Ok(self.change(|state, now| state.cloud.with_machine(vm, |machine, _| machine.release(now)))?)
    }

    /// Moves the expiration of an application to that many seconds from now; -1 means never. Returns the new
    /// time.
    ///
    /// # Errors
    /// [`ControlError`] if there is no such application, or the number is less than -1.
    pub fn set_expiration(&self, id: ApplicationId, seconds: i64) -> Result<Option<Timestamp>, ControlError> {
        Ok(self.change(|state, now| state.cloud.set_expiration(id, seconds, now))?)
    }

    /// A second writer edits the design of a VM: new values, each at its JSON pointer.
    ///
    /// # Errors
    /// [`ControlError`] if the VM is in no design, or the edit makes no VM.
    pub fn edit_design(
        &self,
        vm: VmId,
        edits: impl IntoIterator<Item = (String, serde_json::Value)>,
    ) -> Result<(), ControlError> {
        let edits: Vec<_> = edits.into_iter().collect();
        Ok(self.change(|state, now| state.cloud.edit_vm(vm, &edits, now))?)
    }

    /// Adds a fault.
    pub fn add_fault(&self, rule: FaultRule) -> FaultId {
        self.note(|state, _| state.faults.add(rule))
    }

    /// All faults, and how often they struck.
    pub fn faults(&self) -> Vec<ActiveFault> {
        self.look(|state, _| state.faults.all().to_vec())
    }

    /// Takes all faults back.
    pub fn clear_faults(&self) {
        self.note(|state, _| state.faults.clear());
    }

    /// The switches.
    pub fn switches(&self) -> Switches {
        self.look(|state, _| state.cloud.switches)
    }

    /// Changes switches.
    pub fn set_switches(&self, switches: Switches) {
        self.change(|state, _| state.cloud.switches = switches);
    }

    /// Steps the clock of the cloud forward.
    pub fn step_clock(&self, by: std::time::Duration) {
        self.change(|state, _| {
            state.clock.step(by);
            let now = state.clock.now();
            state.cloud.handle_timeout(now);
        });
    }

    /// Waits until something holds. It is asked after every change in the cloud, and may look at the
    /// simulator through this handle.
    pub async fn wait_until(&self, mut holds: impl FnMut(&Self) -> bool) {
        let mut changes = self.shared.changes.subscribe();
        loop {
            changes.borrow_and_update();
            if holds(self) || changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// Serves the API below `/api/v1` and the simulator's own interface below `/sim`, until `shutdown`.
    /// Open requests are answered first, then the state is kept if there is a state directory.
    ///
    /// # Errors
    /// [`SimulatorError::Serial`] if guests cannot have serial ports, [`SimulatorError::StateFile`] if the state cannot be kept at the
    /// end.
    pub async fn serve(
        &self,
        listener: tokio::net::TcpListener,
        shutdown: CancellationToken,
    ) -> Result<(), SimulatorError> {
        crate::server::run(self, listener, shutdown).await
    }

    /// Tells of every change from now on.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Changes> {
        self.shared.changes.subscribe()
    }

    /// The serial ports of guests that are not real, if they are to have any.
    ///
    /// # Errors
    /// [`SimulatorError::Serial`] when they cannot be made.
    pub(crate) fn serial_ports(&self) -> Result<Option<SerialPorts>, SimulatorError> {
        let folder = self.shared.serial_dir.clone();
        Ok(folder.map(|folder| SerialPorts::open(folder, self)).transpose()?)
    }

    /// Looks at the state as it is now.
    pub(crate) fn look<T>(&self, see: impl FnOnce(&State, Timestamp) -> T) -> T {
        self.with(Touched::Nothing, |state, now| see(state, now))
    }

    /// Changes something beside the cloud, and tells everybody who waits.
    pub(crate) fn note<T>(&self, note: impl FnOnce(&mut State, Timestamp) -> T) -> T {
        self.with(Touched::Elsewhere, note)
    }

    /// Changes the cloud, and tells everybody who waits.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut State, Timestamp) -> T) -> T {
        self.with(Touched::Cloud, change)
    }

    fn with<T>(&self, touched: Touched, work: impl FnOnce(&mut State, Timestamp) -> T) -> T {
        // A panic in a test that held the lock must not take the others along.
        let mut state = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = state.clock.now();
        let due = state.cloud.poll_timeout().is_some_and(|at| at <= now);
        state.cloud.handle_timeout(now);
        let result = work(&mut state, now);
        if let Some(engine) = &self.shared.engine {
            // Still behind the lock, so that the engine sees orders in the order in which they were given.
            engine.carry_out(state.cloud.take_orders());
        }
        drop(state);
        if due || touched == Touched::Cloud {
            self.shared.changes.send_modify(|changes| changes.cloud = changes.cloud.wrapping_add(1));
        } else if touched == Touched::Elsewhere {
            self.shared.changes.send_modify(|changes| changes.elsewhere = changes.elsewhere.wrapping_add(1));
        }
        result
    }

    /// Carries time on, so that what is due happens although nobody asks.
    pub(crate) async fn keep_time(&self) {
        let mut changes = self.shared.changes.subscribe();
        loop {
            changes.borrow_and_update();
            let pause = self.look(|state, now| state.cloud.poll_timeout().map(|at| at.since(now)));
            let due = async {
                match pause {
                    // A millisecond more: the clock of the cloud counts whole ones.
                    Some(pause) => {
                        tokio::time::sleep(pause.saturating_add(std::time::Duration::from_millis(1))).await;
                    }
                    None => std::future::pending().await,
                }
            };
            // Both branches only wait; whichever is dropped has done nothing.
            tokio::select! {
                () = due => {}
                changed = changes.changed() => if changed.is_err() { return },
            }
        }
    }

    /// Takes in what real guests do; for ever without any.
    pub(crate) async fn follow_guests(&self) {
        let Some(engine) = &self.shared.engine else { return std::future::pending().await };
        while let Some(report) = engine.next_report().await {
            self.observe(report);
        }
        tracing::error!("the engine that runs the guests broke");
        std::future::pending().await
    }

    fn observe(&self, report: Report) {
        self.change(|state, now| state.cloud.observe(report, now));
    }

    /// Ends all real guests; the cloud remembers which of them ran.
    pub(crate) async fn end_guests(&self) {
        if let Some(engine) = &self.shared.engine {
            engine.stop().await;
        }
    }

    /// Keeps the state whenever it changed, soon after; for ever without a state directory.
    pub(crate) async fn keep_state(&self) {
        const SOON: std::time::Duration = std::time::Duration::from_millis(200);
        if self.shared.state_file.is_none() {
            return std::future::pending().await;
        }
        let mut changes = self.shared.changes.subscribe();
        let mut kept = None;
        while changes.changed().await.is_ok() {
            tokio::time::sleep(SOON).await;
            let present = changes.borrow_and_update().cloud;
            if kept.replace(present) == Some(present) {
                continue;
            }
            if let Err(error) = self.save().await {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, "cannot keep the state");
            }
        }
    }

    /// Writes the state to its file, if there is one.
    pub(crate) async fn save(&self) -> Result<(), StateFileError> {
        let simulator = self.clone();
        let write = move || match &simulator.shared.state_file {
            Some(file) => file.save(|| simulator.look(|state, _| Snapshot::of(&state.cloud))),
            None => Ok(()),
        };
        // Goes on to its end also when nobody waits for it any more.
        let written = tokio::task::spawn_blocking(write).await;
        written.unwrap_or_else(|stopped| Err(StateFileError::interrupted(stopped)))
    }
}
