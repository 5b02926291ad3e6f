//! Which VMs of an application are nodes.

use ravello::VmInventory;

use crate::configuration::NodeSelection;

/// The VMs that are nodes, in the order of their addresses.
pub(crate) fn nodes(selection: &NodeSelection, mut inventory: Vec<VmInventory>) -> Vec<VmInventory> {
    match selection {
        NodeSelection::All => {}
        NodeSelection::AllButLowestAddress => {
            inventory.retain(|vm| vm.address.is_some());
            let lowest = inventory.iter().filter_map(|vm| vm.address).min();
            inventory.retain(|vm| vm.address != lowest);
        }
        NodeSelection::Only(names) => inventory.retain(|vm| names.contains(&vm.name)),
        NodeSelection::Except(names) => inventory.retain(|vm| !names.contains(&vm.name)),
    }
    inventory
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::net::{IpAddr, Ipv4Addr};

    use machine::NodeId;

    use super::*;

    fn vm(name: &str, last_byte: Option<u8>) -> VmInventory {
        VmInventory {
            node: NodeId::new(format!("1/{name}")),
            name: name.to_owned(),
            guid: [0; 16],
            macs: Vec::new(),
            interfaces: Vec::new(),
            addresses: Vec::new(),
            address: last_byte.map(|byte| IpAddr::V4(Ipv4Addr::new(192, 0, 2, byte))),
            cpus: None,
            memory_bytes: None,
            disk_bytes: None,
            published: true,
        }
    }

    fn selected(selection: &NodeSelection) -> Vec<String> {
        let inventory =
            vec![vm("undercloud", Some(2)), vm("node1", Some(11)), vm("node2", Some(12)), vm("router", None)];
        nodes(selection, inventory).into_iter().map(|vm| vm.name).collect()
    }

    #[test]
    fn by_default_the_lowest_address_and_vms_without_one_are_left_out() {
        assert_eq!(selected(&NodeSelection::AllButLowestAddress), ["node1", "node2"]);
    }

    #[test]
    fn nodes_can_be_named() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<BTreeSet<_>>();
        assert_eq!(selected(&NodeSelection::Only(names(&["node2", "nobody"]))), ["node2"]);
        assert_eq!(selected(&NodeSelection::Except(names(&["router"]))), ["undercloud", "node1", "node2"]);
        assert_eq!(selected(&NodeSelection::All).len(), 4);
    }
}
