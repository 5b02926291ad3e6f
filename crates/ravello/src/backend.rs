//! One application of a cloud as the product's [`Backend`].
//!
//! A look is one GET of the whole application; its id is asked for by name once, and again after a 404. A step
//! is one request for however many nodes it names; only a change of the design needs two, a read and a write.
//!
//! ```text
//!  UpdateDesign       GET /applications/{id}, edit, PUT /applications/{id}    (no PUT if nothing changes)
//!  Publish            POST …/publishUpdates?startAllDraftVms=false
//!  Start, PowerOff…   POST …/vms/{vm}/{action}, or POST …/vms/{action} with all ids
//!  ExtendExpiration   POST …/setExpiration
//! ```
//!
//! The design is always written as a whole document with its `version`, never as a single VM: the service checks
//! a version only there, so only there a stale write is refused instead of undoing somebody else's change
//! (`ravello-api.md §12`, `§19`). A refusal is reported as [`BackendErrorKind::Conflict`]; the next attempt is
//! the reconciler's and starts from a fresh look.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use machine::{Backend, BackendError, BackendErrorKind, DesignChange, NodeId, Observation, Step};

use crate::boot_selection::BootSelection;
use crate::client::{Aspect, Client, VmAction};
use crate::document::{Application, Description, VmEditor};
use crate::error::ClientError;
use crate::identity::{ApplicationId, VmId, parse_node_id};
use crate::intent_tag;
use crate::inventory::{VmInventory, inventory};
use crate::observation::observation;

/// What an update of the design is called in errors.
const UPDATE: &str = "update the design";

/// One application of a cloud.
#[derive(Debug)]
pub struct RavelloBackend {
    client: Client,
    application_name: String,
    selection: BootSelection,
    /// The application's id once it has been found.
    known_id: Mutex<Option<ApplicationId>>,
}

impl RavelloBackend {
    /// Makes a backend for the application of that name. Nothing is sent yet.
    pub fn new(client: Client, application_name: impl Into<String>, selection: BootSelection) -> Self {
        Self { client, application_name: application_name.into(), selection, known_id: Mutex::new(None) }
    }

    /// The application's name.
    pub fn application_name(&self) -> &str {
        &self.application_name
    }

    /// Lists the VMs of the application, by the first interface's static address.
    ///
    /// # Errors
    /// [`BackendError`] when the cloud gave no usable answer.
    pub async fn inventory(&self) -> Result<Vec<VmInventory>, BackendError> {
        Ok(inventory(&self.read().await?))
    }

    /// Reads the application. If the id that we know is gone, an application of the same name may have taken
    /// its place.
    async fn read(&self) -> Result<Application, ClientError> {
        if let Some(id) = self.known() {
            match self.client.application(id, Aspect::Whole).await {
                Err(error) if error.is_not_found() => self.remember(None),
                outcome => return outcome,
            }
        }
        let id = self.id().await?;
        self.client.application(id, Aspect::Whole).await
    }

    async fn id(&self) -> Result<ApplicationId, ClientError> {
        if let Some(id) = self.known() {
            return Ok(id);
        }
        let id = self.client.find_application(&self.application_name).await?;
        self.remember(Some(id));
        Ok(id)
    }

    fn known(&self) -> Option<ApplicationId> {
        *self.known_id.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, id: Option<ApplicationId>) {
        *self.known_id.lock().unwrap_or_else(PoisonError::into_inner) = id;
    }

    /// Writes what can be written. A node that cannot be changed does not hold the others back: they are
    /// written first, then the error names it.
    async fn update_design(&self, changes: &BTreeMap<NodeId, DesignChange>) -> Result<(), BackendError> {
        let Some((id, vms)) = vm_ids(UPDATE, changes.keys())? else { return Ok(()) };
        let read = self.client.application(id, Aspect::Whole).await?;
        let mut edited = read.clone();
        let mut unchangeable = None;
        for (vm, change) in vms.iter().zip(changes.values()) {
            let outcome = match edited.edit_design_vm(*vm) {
                Some(mut editor) => edit(&mut editor, *change, self.selection),
                None => Err(refused(
                    UPDATE,
                    format!("VM {vm} is not in the design of application {id}"),
                    BackendErrorKind::NotFound,
                )),
            };
            unchangeable = unchangeable.or_else(|| outcome.err());
        }
        self.client.put_edited(&read, &edited).await?;
        unchangeable.map_or(Ok(()), Err)
    }

    async fn act(&self, nodes: &[NodeId], action: VmAction) -> Result<(), BackendError> {
        let distinct: BTreeSet<&NodeId> = nodes.iter().collect();
        let Some((id, vms)) = vm_ids(&format!("{action} VMs"), distinct)? else { return Ok(()) };
        match vms.as_slice() {
            [only] => self.client.act_on_vm(id, *only, action).await?,
            several => self.client.act_on_vms(id, several, action).await?,
        }
        Ok(())
    }

    async fn extend_expiration(&self, from_now: Duration) -> Result<(), BackendError> {
        let id = self.id().await?;
        self.client.set_expiration(id, from_now).await?;
        Ok(())
    }
}

impl Backend for RavelloBackend {
    async fn observe(&self) -> Result<Observation, BackendError> {
        Ok(observation(&self.read().await?, self.selection))
    }

    async fn apply(&self, step: &Step) -> Result<(), BackendError> {
        match step {
            Step::UpdateDesign(changes) => self.update_design(changes).await,
            Step::Publish => Ok(self.client.publish_updates(self.id().await?).await?),
            Step::Start(nodes) => self.act(nodes, VmAction::Start).await,
            Step::PowerOff(nodes) => self.act(nodes, VmAction::PowerOff).await,
            Step::Shutdown(nodes) => self.act(nodes, VmAction::Shutdown).await,
            Step::ExtendExpiration(from_now) => self.extend_expiration(*from_now).await,
        }
    }
}

/// Carries one change out on a VM, whole or not at all; fields that it does not name stay as they are.
fn edit(vm: &mut VmEditor<'_>, change: DesignChange, selection: BootSelection) -> Result<(), BackendError> {
    let cannot = |reason| refused(UPDATE, reason, BackendErrorKind::Forbidden);
    let description = match (change.tag, vm.view().description()) {
        (None, _) => None,
        (Some(_), Description::Unreadable) => {
            let name = vm.view().name();
            return Err(cannot(format!("the description of VM {name} is no text, so it cannot be kept")));
        }
        (Some(Some(tag)), Description::Text(text)) => Some(intent_tag::put(&text, tag).into_owned()),
        (Some(None), Description::Text(text)) => Some(intent_tag::remove(&text).into_owned()),
    };
    if let Some(device) = change.boot {
        selection.write(vm, device).map_err(|no_disk| cannot(no_disk.to_string()))?;
    }
    if let Some(description) = description {
        vm.set_description(&description);
    }
    Ok(())
}

/// The application and VMs behind the names of nodes; `None` if there are no names.
fn vm_ids<'a>(
    operation: &str,
    nodes: impl IntoIterator<Item = &'a NodeId>,
) -> Result<Option<(ApplicationId, Vec<VmId>)>, BackendError> {
    let mut found: Option<(ApplicationId, Vec<VmId>)> = None;
    for node in nodes {
        let unknown =
            || refused(operation, format!("{node} is no VM of this application"), BackendErrorKind::NotFound);
        let (application, vm) = parse_node_id(node).ok_or_else(unknown)?;
        let (first, vms) = found.get_or_insert_with(|| (application, Vec::new()));
        if *first != application {
            return Err(unknown());
        }
        vms.push(vm);
    }
    Ok(found)
}

fn refused(operation: &str, reason: String, kind: BackendErrorKind) -> BackendError {
    BackendError { operation: operation.to_owned(), reason, kind, source: None }
}
