//! What the cloud says the nodes are: the answers to a BMC's inventory questions.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use machine::{Inventory, NodeDescription, NodeId};
use ravello::VmInventory;

/// The descriptions of all nodes, as of the last search.
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    nodes: RwLock<BTreeMap<NodeId, NodeDescription>>,
}

impl Catalogue {
    /// Takes over what the cloud says about a VM.
    pub(super) fn update(&self, vm: &VmInventory) {
        let description = NodeDescription {
            name: vm.name.clone(),
            manufacturer: "Ravello".to_owned(),
            product: "Virtual Machine".to_owned(),
            serial: vm.node.as_str().rsplit('/').next().unwrap_or_default().to_owned(),
            cpus: vm.cpus,
            memory_bytes: vm.memory_bytes,
        };
        self.nodes.write().unwrap_or_else(PoisonError::into_inner).insert(vm.node.clone(), description);
    }
}

impl Inventory for Catalogue {
    fn describe(&self, node: &NodeId) -> Option<NodeDescription> {
        self.nodes.read().unwrap_or_else(PoisonError::into_inner).get(node).cloned()
    }
}
