//! An application: its properties, its design, its deployment (`ravello-api.md §6.1`).

mod rendering;

pub(crate) use rendering::{Aspect, public_ip, region};

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::document::difference::Difference;
use crate::document::{id_of, vm_id_of, vms};
use crate::id::{ApplicationId, VmId};
use crate::machine::Machine;
use crate::switches::Rename;

/// An application.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Application {
    pub(crate) id: ApplicationId,
    /// What clients may write, apart from the design: name, description, and what the service does not know.
    pub(crate) properties: Map<String, Value>,
    pub(crate) created: Timestamp,
    pub(crate) version: u64,
    /// What is wanted: VMs and network.
    pub(crate) design: Map<String, Value>,
    /// What runs; `None` until published.
    pub(crate) deployment: Option<Deployment>,
    /// When it stops by itself; `None` means never.
    pub(crate) expiration: Option<Timestamp>,
}

/// The published side of an application.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Deployment {
    pub(crate) published_at: Timestamp,
    pub(crate) optimization: String,
    pub(crate) region: String,
    /// The design as last published, without its VMs.
    pub(crate) published: Map<String, Value>,
    pub(crate) machines: BTreeMap<VmId, Machine>,
}

/// What a publish would do to one VM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It is in the design only: a draft.
    Create,
    /// It is in both, and differs.
    Alter(Difference),
    /// It is in the deployment only.
    Remove,
}

impl Application {
    /// The design of a VM.
    pub(crate) fn designed(&self, vm: VmId) -> Option<&Map<String, Value>> {
        vms(&self.design).find(|document| id_of(document) == Some(vm.0))
    }

    pub(crate) fn designed_mut(&mut self, vm: VmId) -> Option<&mut Map<String, Value>> {
        crate::document::parts_mut(&mut self.design, "vms").find(|document| id_of(document) == Some(vm.0))
    }

    /// The list of VMs in the design.
    pub(crate) fn design_vms_mut(&mut self) -> Option<&mut Vec<Value>> {
        self.design
            .entry("vms")
            .and_modify(|vms| {
                if vms.is_null() {
                    *vms = Value::Array(Vec::new());
                }
            })
            .or_insert_with(|| Value::Array(Vec::new()))
            .as_array_mut()
    }

    pub(crate) fn remove_from_design(&mut self, vm: VmId) -> bool {
        let Some(vms) = self.design_vms_mut() else { return false };
        let before = vms.len();
        vms.retain(|document| vm_id_of(document) != Some(vm));
        vms.len() < before
    }

    pub(crate) fn machine(&self, vm: VmId) -> Option<&Machine> {
        self.deployment.as_ref()?.machines.get(&vm)
    }

    pub(crate) fn machine_mut(&mut self, vm: VmId) -> Option<&mut Machine> {
        self.deployment.as_mut()?.machines.get_mut(&vm)
    }

    /// Whether a VM is in the design or in the deployment.
    pub(crate) fn knows(&self, vm: VmId) -> bool {
        self.machine(vm).is_some() || self.designed(vm).is_some()
    }

    /// What a publish would do, VM by VM. VMs that are the same on both sides are not listed.
    pub(crate) fn changes(&self, rename: Rename) -> BTreeMap<VmId, Change> {
        let Some(deployment) = &self.deployment else { return BTreeMap::new() };
        let mut changes = BTreeMap::new();
        let mut designed = BTreeSet::new();
        for document in vms(&self.design) {
            let Some(vm) = id_of(document).map(VmId) else { continue };
            designed.insert(vm);
            match deployment.machines.get(&vm) {
                None => {
                    changes.insert(vm, Change::Create);
                }
                Some(machine) => {
                    let difference = Difference::between(document, &machine.published, rename);
                    if !difference.is_empty() {
                        changes.insert(vm, Change::Alter(difference));
                    }
                }
            }
        }
        for vm in deployment.machines.keys().filter(|vm| !designed.contains(vm)) {
            changes.insert(*vm, Change::Remove);
        }
        changes
    }

    /// Whether a publish would do anything.
    pub(crate) fn has_pending_updates(&self, rename: Rename) -> bool {
        let Some(deployment) = &self.deployment else { return false };
        deployment.published != design_without_vms(&self.design) || !self.changes(rename).is_empty()
    }

    /// When something happens by itself.
    pub(crate) fn poll_timeout(&self) -> Option<Timestamp> {
        let machines = self.deployment.iter().flat_map(|deployment| deployment.machines.values());
        machines.filter_map(Machine::poll_timeout).chain(self.expiration).min()
    }
}

/// A design without its VMs: the network and whatever else there is.
pub(crate) fn design_without_vms(design: &Map<String, Value>) -> Map<String, Value> {
    design.iter().filter(|(key, _)| *key != "vms").map(|(key, value)| (key.clone(), value.clone())).collect()
}
