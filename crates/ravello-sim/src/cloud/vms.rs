//! VMs of an application: read, add, replace, remove, act (`ravello-api.md §7.2`, `§7.3`).

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{Cloud, CloudError, version_of};
use crate::application::Aspect;
use crate::clock::Timestamp;
use crate::document::check::{self, Malformed};
use crate::document::number::{integer, numbers_from_strings};
use crate::document::{id_of, parts};
use crate::id::{ApplicationId, VmId};
use crate::machine::{Action, Machine};
use crate::switches::{BatchRefusal, DefaultAspect, VersionOnVmWrite, VmPutVersion};

impl Cloud {
    /// The VMs of one aspect.
    pub(crate) fn vms(&self, id: ApplicationId, aspect: Option<Aspect>) -> Result<Vec<Value>, CloudError> {
        let application = self.application(id)?;
        Ok(match self.or_default(aspect) {
            Aspect::Deployment => application.render_deployed_vms(&self.switches),
            Aspect::Design | Aspect::Properties => {
                crate::document::vms(&application.design).cloned().map(Value::Object).collect()
            }
        })
    }

    /// One VM of one aspect.
    pub(crate) fn vm(
        &self,
        id: ApplicationId,
        vm: VmId,
        aspect: Option<Aspect>,
    ) -> Result<Map<String, Value>, CloudError> {
        let application = self.application(id)?;
        let shown = match self.or_default(aspect) {
            Aspect::Deployment => {
                self.machine(id, vm)?;
                application.render_deployed_vm(vm)
            }
            Aspect::Design | Aspect::Properties => application.designed(vm).cloned(),
        };
        shown.ok_or_else(|| CloudError::no_vm(vm))
    }

    /// A deployed VM; one that was never published is not there.
    pub(crate) fn machine(&self, id: ApplicationId, vm: VmId) -> Result<&Machine, CloudError> {
        self.application(id)?
            .machine(vm)
            .filter(|machine| machine.is_visible(&self.switches))
            .ok_or_else(|| CloudError::NotFound { what: format!("VM {vm} in the deployment") })
    }

    /// Adds a VM to the design: a whole one, or a copy of a library VM if there is only its `baseVmId`.
    pub(crate) fn add_vm(
        &mut self,
        id: ApplicationId,
        mut document: Map<String, Value>,
        now: Timestamp,
    ) -> Result<VmId, CloudError> {
        self.application(id)?;
        numbers_from_strings(&mut document);
        if !document.contains_key("name")
            && let Some(image) = document.get("baseVmId").and_then(integer)
        {
            document = self.library.vm_of_image(image)?;
        }
        check::lone_vm(&Value::Object(document.clone()), "")?;
        self.check_ids(id, None, &document)?;
        let vm = self.completion(id, now).complete(&mut document, None);
        if let Some(vms) = self.application_mut(id)?.design_vms_mut() {
            vms.push(document.into());
        }
        self.raise_version_after_vm_write(id);
        Ok(vm)
    }

    /// Replaces one VM of the design. Other VMs and everything that runs are not touched.
    pub(crate) fn replace_vm(
        &mut self,
        id: ApplicationId,
        vm: VmId,
        mut document: Map<String, Value>,
        now: Timestamp,
    ) -> Result<(), CloudError> {
        numbers_from_strings(&mut document);
        let application = self.application(id)?;
        let before = application.designed(vm).cloned().ok_or_else(|| CloudError::no_vm(vm))?;
        let current = application.version;
        if self.switches.vm_put_version == VmPutVersion::Checked
            && let Some(sent) = version_of(&document).filter(|sent| *sent != current)
        {
            return Err(CloudError::VersionConflict { sent, current });
        }
        match document.get("id") {
            None | Some(Value::Null) => {
                document.insert("id".to_owned(), vm.0.into());
            }
            named if id_of(&document) != Some(vm.0) => {
                return Err(Malformed::new("/id", "the identifier in the path", named).into());
            }
            Some(_) => {}
        }
        check::lone_vm(&Value::Object(document.clone()), "")?;
        self.check_ids(id, Some(vm), &document)?;
        self.completion(id, now).complete(&mut document, Some(&before));
        if let Some(designed) = self.application_mut(id)?.designed_mut(vm) {
            *designed = document;
        }
        self.raise_version_after_vm_write(id);
        Ok(())
    }

    /// Removes a VM from the design; a deployed one runs on until the next publish.
    pub(crate) fn remove_vm(&mut self, id: ApplicationId, vm: VmId) -> Result<(), CloudError> {
        if !self.application_mut(id)?.remove_from_design(vm) {
            return Err(CloudError::no_vm(vm));
        }
        self.raise_version_after_vm_write(id);
        Ok(())
    }

    /// Changes single values of a VM's design, as a second writer in the web interface would.
    pub(crate) fn edit_vm(
        &mut self,
        vm: VmId,
        edits: &[(String, Value)],
        now: Timestamp,
    ) -> Result<(), CloudError> {
        let id = self.application_of(vm).ok_or_else(|| CloudError::no_vm(vm))?;
        let designed = self.application(id)?.designed(vm).cloned().ok_or_else(|| CloudError::no_vm(vm))?;
        let mut edited = Value::Object(designed);
        for (pointer, value) in edits {
            set_at(&mut edited, pointer, value.clone())?;
        }
        self.replace_vm(id, vm, check::object(edited, "")?, now)
    }

    /// Asks for an action on one VM.
    pub(crate) fn act(
        &mut self,
        id: ApplicationId,
        vm: VmId,
        action: Action,
        now: Timestamp,
    ) -> Result<(), CloudError> {
        let (application, mut around) = self.split_at(id)?;
        if !application.knows(vm) {
            return Err(CloudError::no_vm(vm));
        }
        let machine = application.machine_mut(vm).ok_or_else(|| never_published(vm))?;
        machine.act(action, now, &mut around)?;
        self.raise_version_after_action(id);
        Ok(())
    }

    /// Asks for the same action on several VMs.
    pub(crate) fn act_on_all(
        &mut self,
        id: ApplicationId,
        vms: &[VmId],
        action: Action,
        now: Timestamp,
    ) -> Result<(), CloudError> {
        let refusal = self.switches.batch_refusal;
        let (application, mut around) = self.split_at(id)?;
        if let Some(vm) = vms.iter().find(|vm| !application.knows(**vm)) {
            return Err(CloudError::no_vm(*vm));
        }
        if refusal == BatchRefusal::WholeBatch {
            for vm in vms {
                let machine = application.machine(*vm).ok_or_else(|| never_published(*vm))?;
                machine.admit(action, &around)?;
            }
        }
        for vm in vms {
            if let Some(machine) = application.machine_mut(*vm) {
                skip_if_unfit(machine.act(action, now, &mut around));
            }
        }
        self.raise_version_after_action(id);
        Ok(())
    }

    /// Asks for an action on the whole application: the VMs for which it makes no sense are skipped.
    pub(crate) fn act_on_application(
        &mut self,
        id: ApplicationId,
        action: Action,
        now: Timestamp,
    ) -> Result<(), CloudError> {
        let (application, mut around) = self.split_at(id)?;
        let Some(deployment) = &mut application.deployment else {
            return Err(CloudError::WrongState { why: "the application was never published".to_owned() });
        };
        for machine in deployment.machines.values_mut() {
            skip_if_unfit(machine.act(action, now, &mut around));
        }
        self.raise_version_after_action(id);
        Ok(())
    }

    fn or_default(&self, aspect: Option<Aspect>) -> Aspect {
        aspect.unwrap_or(match self.switches.default_aspect {
            DefaultAspect::Design => Aspect::Design,
            DefaultAspect::Deployment => Aspect::Deployment,
        })
    }

    fn raise_version_after_vm_write(&mut self, id: ApplicationId) {
        if self.switches.version_on_vm_write == VersionOnVmWrite::Raised
            && let Some(application) = self.applications.get_mut(&id)
        {
            application.version = application.version.saturating_add(1);
        }
    }

    /// A part must not have the identifier of a part of another VM.
    fn check_ids(
        &self,
        id: ApplicationId,
        replaced: Option<VmId>,
        document: &Map<String, Value>,
    ) -> Result<(), CloudError> {
        let others = crate::document::vms(&self.application(id)?.design)
            .filter(|vm| replaced.is_none_or(|replaced| id_of(vm) != Some(replaced.0)));
        let taken: HashSet<u64> = others.flat_map(part_ids).collect();
        let collision = part_ids(document).find(|part| taken.contains(part));
        match collision {
            None => Ok(()),
            Some(part) => Err(CloudError::Invalid {
                why: format!("the identifier {part} is taken by another part of the application"),
            }),
        }
    }
}

fn never_published(vm: VmId) -> CloudError {
    CloudError::WrongState { why: format!("VM {vm} was never published") }
}

/// In a batch, a VM in an unfit state is skipped without a word.
fn skip_if_unfit(outcome: Result<(), crate::machine::Refusal>) {
    if let Err(refusal) = outcome {
        tracing::debug!(%refusal, "VM skipped");
    }
}

/// The identifiers of a VM and of its parts.
fn part_ids(vm: &Map<String, Value>) -> impl Iterator<Item = u64> {
    let lists = ["hardDrives", "networkConnections", "suppliedServices"].into_iter();
    id_of(vm).into_iter().chain(lists.flat_map(|list| parts(vm, list)).filter_map(id_of))
}

/// Sets the value at a JSON pointer; the last step may name a new field, or `-` for a new item of a list.
fn set_at(document: &mut Value, pointer: &str, value: Value) -> Result<(), CloudError> {
    let nothing_there = || CloudError::Invalid { why: format!("there is nothing at {pointer}") };
    let (parent, key) = pointer.rsplit_once('/').ok_or_else(nothing_there)?;
    let key = key.replace("~1", "/").replace("~0", "~");
    match document.pointer_mut(parent).ok_or_else(nothing_there)? {
        Value::Object(fields) => {
            fields.insert(key, value);
        }
        Value::Array(items) if key == "-" => items.push(value),
        Value::Array(items) => {
            let item = key.parse().ok().and_then(|index: usize| items.get_mut(index));
            *item.ok_or_else(nothing_there)? = value;
        }
        _ => return Err(nothing_there()),
    }
    Ok(())
}
