//! The state of the cloud and its rules; nothing here knows HTTP, a socket, or what time it is.
//!
//! Every operation takes `now`. [`Cloud::handle_timeout`] carries out everything that is due up to a time,
//! each thing at its own time; [`Cloud::poll_timeout`] says when it has to be called again. An operation
//! expects that time has been carried on to its `now` first.

mod applications;
mod expiration;
mod library;
mod publishing;
mod vms;

pub(crate) use applications::Filter;
pub(crate) use library::{IPXE_IMAGE, Kind, Library};
pub(crate) use publishing::DraftVms;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::application::Application;
use crate::clock::Timestamp;
use crate::document::check::Malformed;
use crate::document::completion::Completion;
use crate::document::number::integer;
use crate::durations::{Durations, Speed};
use crate::engine::{Order, Outbox, Report};
use crate::guest::{BootLog, GuestBehaviour};
use crate::id::{ApplicationId, IdSource, VmId};
use crate::machine::{Machine, Refusal, Surroundings};
use crate::state::VmState;
use crate::switches::Switches;

/// Everything the cloud knows.
#[derive(Debug)]
pub(crate) struct Cloud {
    pub(crate) switches: Switches,
    pub(crate) durations: Durations,
    pub(crate) speed: Speed,
    pub(crate) ids: IdSource,
    pub(crate) applications: BTreeMap<ApplicationId, Application>,
    pub(crate) library: Library,
    pub(crate) boots: BootLog,
    /// Orders for real guests; `None` if guests are lines in the boot log.
    outbox: Option<Outbox>,
}

/// Why the cloud does not do what it is asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CloudError {
    #[error("there is no {what}")]
    NotFound { what: String },
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error("{why}")]
    Invalid { why: String },
    #[error("{why}")]
    WrongState { why: String },
    #[error("the application has version {current}, not {sent}: somebody else changed it")]
    VersionConflict { sent: u64, current: u64 },
}

impl CloudError {
    pub(crate) fn no_vm(vm: VmId) -> Self {
        Self::NotFound { what: format!("VM {vm}") }
    }
}

impl From<Refusal> for CloudError {
    fn from(refusal: Refusal) -> Self {
        Self::WrongState { why: refusal.to_string() }
    }
}

impl Cloud {
    pub(crate) fn new(
        switches: Switches,
        durations: Durations,
        speed: Speed,
        seed: u64,
        now: Timestamp,
    ) -> Self {
        let mut ids = IdSource::new(seed);
        let library = Library::new(&mut ids, switches.id_size, now);
        Self {
            switches,
            durations,
            speed,
            ids,
            applications: BTreeMap::new(),
            library,
            boots: BootLog::default(),
            outbox: None,
        }
    }

    /// From now on guests are real: what they are to do is found in [`Cloud::take_orders`], and what they do
    /// comes back through [`Cloud::observe`].
    pub(crate) fn make_guests_real(&mut self) {
        self.outbox.get_or_insert_default();
    }

    /// What real guests are to do, in this order.
    pub(crate) fn take_orders(&mut self) -> Vec<Order> {
        self.outbox.as_mut().map(Outbox::take).unwrap_or_default()
    }

    /// A real guest was seen to do something.
    pub(crate) fn observe(&mut self, report: Report, now: Timestamp) {
        let seen = self.with_machine(report.vm, |machine, around| {
            machine.observe(report.run, report.sighting, now, around);
            machine.handle_timeout(now, around);
        });
        if seen.is_err() {
            tracing::debug!(vm = %report.vm, "news of a VM that is not there any more");
        }
    }

    /// Takes up again what a simulator left that is gone: its real guests are gone too.
    pub(crate) fn resume(&mut self, now: Timestamp) {
        let (applications, mut around) = self.split();
        let deployments = applications.values_mut().filter_map(|application| application.deployment.as_mut());
        for machine in deployments.flat_map(|deployment| deployment.machines.values_mut()) {
            machine.resume(now, &mut around);
        }
    }

    /// Sends an NMI to the guest of a VM.
    pub(crate) fn inject_nmi(&mut self, vm: VmId) -> Result<(), CloudError> {
        self.with_machine(vm, |machine, around| {
            if around.outbox.is_none() {
                let what =
                    "diagnostic interrupt: the guests are not real, which takes --engine qemu".to_owned();
                return Err(CloudError::NotFound { what });
            }
            if !machine.order_nmi(around) {
                return Err(CloudError::WrongState {
                    why: format!("the guest of a VM in state {} does not run", machine.state()),
                });
            }
            Ok(())
        })?
    }

    /// When [`Cloud::handle_timeout`] has something to do. May change after every call that takes the cloud
    /// mutably.
    pub(crate) fn poll_timeout(&self) -> Option<Timestamp> {
        self.applications.values().filter_map(Application::poll_timeout).min()
    }

    /// Carries out everything that is due up to `now`.
    pub(crate) fn handle_timeout(&mut self, now: Timestamp) {
        let (applications, mut around) = self.split();
        for application in applications.values_mut() {
            if application.poll_timeout().is_none_or(|at| at > now) {
                continue;
            }
            if let Some(expiration) = application.expiration.filter(|at| *at <= now) {
                application.run_machines(expiration, &mut around);
                application.expire(expiration, &mut around);
            }
            application.run_machines(now, &mut around);
        }
    }

    /// An application.
    pub(crate) fn application(&self, id: ApplicationId) -> Result<&Application, CloudError> {
        self.applications.get(&id).ok_or_else(|| no_application(id))
    }

    /// The application that has a VM, in its design or in its deployment.
    pub(crate) fn application_of(&self, vm: VmId) -> Option<ApplicationId> {
        self.applications.values().find(|application| application.knows(vm)).map(|application| application.id)
    }

    /// Does something to a deployed VM, whichever application it belongs to.
    pub(crate) fn with_machine<T>(
        &mut self,
        vm: VmId,
        change: impl FnOnce(&mut Machine, &mut Surroundings<'_>) -> T,
    ) -> Result<T, CloudError> {
        let (applications, mut around) = self.split();
        let machine = applications.values_mut().find_map(|application| application.machine_mut(vm));
        machine
            .map(|machine| change(machine, &mut around))
            .ok_or_else(|| CloudError::NotFound { what: format!("deployed VM {vm}") })
    }

    /// The guest of a VM reboots by itself.
    pub(crate) fn reboot_guest(&mut self, vm: VmId, now: Timestamp) -> Result<(), CloudError> {
        self.with_machine(vm, |machine, around| {
            if machine.state() != VmState::Started {
                return Err(CloudError::WrongState {
                    why: format!("the guest of a VM in state {} does not run", machine.state()),
                });
            }
            machine.reboot_by_itself(now, around);
            Ok(())
        })?
    }

    /// Changes how the guest of a VM behaves.
    pub(crate) fn set_guest(
        &mut self,
        vm: VmId,
        guest: GuestBehaviour,
        now: Timestamp,
    ) -> Result<(), CloudError> {
        self.with_machine(vm, |machine, _| machine.set_guest(guest, now))
    }

    /// Puts a VM into a state, as if something in the cloud had gone wrong.
    pub(crate) fn force(&mut self, vm: VmId, state: VmState, now: Timestamp) -> Result<(), CloudError> {
        self.with_machine(vm, |machine, around| machine.force(state, now, around))
    }

    fn application_mut(&mut self, id: ApplicationId) -> Result<&mut Application, CloudError> {
        self.applications.get_mut(&id).ok_or_else(|| no_application(id))
    }

    /// The applications, and what surrounds their machines.
    fn split(&mut self) -> (&mut BTreeMap<ApplicationId, Application>, Surroundings<'_>) {
        let around = Surroundings {
            switches: &self.switches,
            durations: &self.durations,
            speed: self.speed,
            boots: &mut self.boots,
            outbox: self.outbox.as_mut(),
        };
        (&mut self.applications, around)
    }

    /// One application, and what surrounds its machines.
    fn split_at(&mut self, id: ApplicationId) -> Result<(&mut Application, Surroundings<'_>), CloudError> {
        let (applications, around) = self.split();
        let application = applications.get_mut(&id).ok_or_else(|| no_application(id))?;
        Ok((application, around))
    }

    /// An application that is being loaded, and what surrounds its machines.
    pub(crate) fn loading(&mut self, id: ApplicationId) -> Option<(&mut Application, Surroundings<'_>)> {
        self.split_at(id).ok()
    }

    fn completion(&mut self, application: ApplicationId, now: Timestamp) -> Completion<'_> {
        Completion {
            ids: &mut self.ids,
            id_size: self.switches.id_size,
            unknown_fields: self.switches.unknown_fields,
            disk_images: self.library.disk_images.all(),
            application,
            now,
        }
    }
}

impl Application {
    fn run_machines(&mut self, limit: Timestamp, around: &mut Surroundings<'_>) {
        let Some(deployment) = &mut self.deployment else { return };
        for machine in deployment.machines.values_mut() {
            machine.handle_timeout(limit, around);
        }
        deployment.machines.retain(|_, machine| machine.state() != VmState::Terminated);
    }
}

fn no_application(id: ApplicationId) -> CloudError {
    CloudError::NotFound { what: format!("application {id}") }
}

/// The version that a document carries, if it does.
fn version_of(document: &Map<String, Value>) -> Option<u64> {
    document.get("version").and_then(integer)
}

#[cfg(test)]
mod tests;
