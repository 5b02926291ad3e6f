//! Applications that are there from the start: checked documents, from a file or made by a program.
//!
//! A document is an application as the API shows it (`ravello-api.md §6.1`, `§11`); most of it may be
//! missing. What matters:
//!
//! * `name`: required.
//! * `design.vms`: the VMs; identifiers, MACs and the like are filled in where they are missing.
//! * `deployment`: if present, the application is published. Each VM of the design is in the state that
//!   `deployment.vms` says of the VM with the same `id`, or else the same `name`; STOPPED if it says nothing.
//! * `nextStopTime`: when it expires, in milliseconds since 1970; never if absent.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::application::{Deployment, design_without_vms};
use crate::clock::Timestamp;
use crate::cloud::Cloud;
use crate::document::check::{self, Malformed, object};
use crate::document::number::{integer, numbers_from_strings};
use crate::document::{id_of, vms};
use crate::id::VmId;
use crate::machine::Machine;
use crate::state::VmState;

/// A checked application that a simulator can start with.
#[derive(Clone, Debug, PartialEq)]
pub struct ApplicationFile {
    name: String,
    document: Map<String, Value>,
}

/// Why a file is no application.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It cannot be read.
    #[error("cannot read {}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not JSON.
    #[error("{} is not JSON", file.display())]
    Json {
        /// The file.
        file: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// It is not an application.
    #[error("{} is not an application", file.display())]
    Malformed {
        /// The file.
        file: PathBuf,
        /// Where in the document, and what was expected there.
        source: Malformed,
    },
}

impl ApplicationFile {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// [`LoadError`], which names the file, the place in the document, and what was expected there.
    pub fn load(file: impl AsRef<Path>) -> Result<Self, LoadError> {
        let file = file.as_ref().to_path_buf();
        let bytes = match std::fs::read(&file) {
            Ok(bytes) => bytes,
            Err(source) => return Err(LoadError::Read { file, source }),
        };
        match serde_json::from_slice(&bytes) {
            Err(source) => Err(LoadError::Json { file, source }),
            Ok(value) => Self::from_value(value).map_err(|source| LoadError::Malformed { file, source }),
        }
    }

    /// Checks a document.
    ///
    /// # Errors
    /// [`Malformed`], which names the place in the document and what was expected there.
    pub fn from_value(value: Value) -> Result<Self, Malformed> {
        let mut document = object(value, "")?;
        numbers_from_strings(&mut document);
        let name = match document.get("name") {
            Some(Value::String(name)) if !name.is_empty() => name.clone(),
            other => return Err(Malformed::new("/name", "a name that is not empty", other)),
        };
        if let Some(time) = document.get("nextStopTime").filter(|time| integer(time).is_none()) {
            return Err(Malformed::new("/nextStopTime", "a time in milliseconds", Some(time)));
        }
        if let Some(design) = document.get("design") {
            check::design(&object(design.clone(), "/design")?, "/design")?;
        }
        if let Some(deployment) = document.get("deployment") {
            check_deployment(&object(deployment.clone(), "/deployment")?)?;
        }
        Ok(Self { name, document })
    }

    /// The name of the application.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Puts the application into a cloud.
    pub(crate) fn load_into(&self, cloud: &mut Cloud, now: Timestamp) {
        let id = match cloud.create(self.document.clone(), now) {
            Ok(id) => id,
            Err(error) => {
                // It was checked before, so only a blueprint that is not there can be in the way.
                tracing::error!(application = self.name, %error, "cannot load the application");
                return;
            }
        };
        let states = self.document.get("deployment").and_then(Value::as_object).map(|deployment| {
            vms(deployment).map(|vm| (id_of(vm), vm.get("name").cloned(), state_of(vm))).collect::<Vec<_>>()
        });
        let expiration = self.document.get("nextStopTime").and_then(integer).map(Timestamp::from_millis);
        let Some((application, mut around)) = cloud.loading(id) else { return };
        application.expiration = expiration;
        let Some(states) = states else { return };
        let machines = vms(&application.design)
            .filter_map(|vm| id_of(vm).map(|id| (VmId(id), vm.clone())))
            .map(|(vm, design)| {
                let state = states
                    .iter()
                    .find(|(id, name, _)| {
                        *id == Some(vm.0) || (id.is_none() && name.as_ref() == design.get("name"))
                    })
                    .map_or(VmState::Stopped, |(_, _, state)| *state);
                (vm, Machine::loaded((id, vm), design, state, now, &mut around))
            })
            .collect();
        application.deployment = Some(Deployment {
            published_at: now,
            optimization: "COST_OPTIMIZED".to_owned(),
            region: "us-east-5".to_owned(),
            published: design_without_vms(&application.design),
            machines,
        });
    }
}

fn check_deployment(deployment: &Map<String, Value>) -> Result<(), Malformed> {
    const EXPECTED: &str = "STARTED, STOPPED, or an error state";
    for (index, vm) in deployment.get("vms").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let pointer = format!("/deployment/vms/{index}");
        let vm = object(vm.clone(), &pointer)?;
        let Some(state) = vm.get("state").filter(|state| !state.is_null()) else { continue };
        let known = serde_json::from_value::<VmState>(state.clone()).ok();
        if !known.is_some_and(|state| state.is_rest() && state != VmState::Terminated) {
            return Err(Malformed::new(format!("{pointer}/state"), EXPECTED, Some(state)));
        }
    }
    Ok(())
}

fn state_of(vm: &Map<String, Value>) -> VmState {
    let state = vm.get("state").and_then(|state| serde_json::from_value(state.clone()).ok());
    state.unwrap_or(VmState::Stopped)
}
