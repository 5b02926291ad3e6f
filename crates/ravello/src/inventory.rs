//! What the wiring needs to know about the VMs of an application, to give each one a BMC.

use std::net::IpAddr;

use machine::NodeId;
use uuid::Uuid;

use crate::document::{Application, NetworkConnection, Vm};
use crate::identity::node_id;

/// Space of the names that GUIDs are derived from where the platform has given none. Never change it: clients
/// recognise a machine by its GUID.
const GUID_SPACE: Uuid = Uuid::from_u128(0x1f6d_9c52_0b7e_4c1b_9d36_52a1_7e0c_44d8);

/// One VM, as inventory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VmInventory {
    /// Its identity in the product.
    pub node: NodeId,
    /// Its name in the design.
    pub name: String,
    /// A GUID that never changes, in the order of its text (RFC 9562): the firmware's if the platform tells
    /// it, else derived from the ids.
    pub guid: [u8; 16],
    /// MAC addresses, lower case, by device index.
    pub macs: Vec<String>,
    /// Its interfaces, by device index.
    pub interfaces: Vec<VmInterface>,
    /// Private addresses of all interfaces: static, reserved, allocated.
    pub addresses: Vec<IpAddr>,
    /// The static address of the first interface. A VM without one is no node by the predecessor's rule
    /// (`ravello-api.md §15`).
    pub address: Option<IpAddr>,
    /// Virtual processors.
    pub cpus: Option<u64>,
    /// Memory.
    pub memory_bytes: Option<u64>,
    /// The boot disk's size.
    pub disk_bytes: Option<u64>,
    /// Whether it is in the deployment.
    pub published: bool,
}

/// One interface of a VM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VmInterface {
    /// Its name in the document; may be empty.
    pub name: String,
    /// Its MAC address in lower case, if it has one yet.
    pub mac: Option<String>,
    /// Its private address: the static one, or else one that was reserved or allocated.
    pub address: Option<IpAddr>,
}

/// Lists the VMs of an application's design, by the first interface's static address; those without one come
/// last, by id.
///
/// The design is what is listed; what only the deployment knows (a MAC, an allocated address) is added.
pub fn inventory(application: &Application) -> Vec<VmInventory> {
    let deployed = application.deployment_by_id();
    let design = application.design_by_id().into_iter();
    let entry = |id, vm| entry(node_id(application.id(), id), vm, deployed.get(&id).copied());
    let mut listed: Vec<_> = design.map(|(id, vm)| (id, entry(id, vm))).collect();
    listed.sort_by_key(|(id, entry)| (entry.address.is_none(), entry.address, *id));
    listed.into_iter().map(|(_, entry)| entry).collect()
}

fn entry(node: NodeId, vm: Vm<'_>, deployed: Option<Vm<'_>>) -> VmInventory {
    let stated =
        vm.bios_uuid().or_else(|| deployed?.bios_uuid()).and_then(|text| Uuid::parse_str(&text).ok());
    let guid = stated
        .filter(|guid| !guid.is_nil())
        .unwrap_or_else(|| Uuid::new_v5(&GUID_SPACE, node.as_str().as_bytes()));
    let design_connections = vm.network_connections();
    let mut addresses: Vec<IpAddr> = Vec::new();
    let deployed_connections = deployed.map(Vm::network_connections).unwrap_or_default();
    for address in design_connections.iter().chain(&deployed_connections).flat_map(|each| each.addresses()) {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    let macs = |of: Vm<'_>| -> Vec<String> {
        of.network_connections().iter().filter_map(|each| Some(each.mac()?.to_ascii_lowercase())).collect()
    };
    // The running VM's addresses are the real ones; a design may still show what was generated for it at first.
    let deployed_macs = deployed.map(macs).unwrap_or_default();
    VmInventory {
        name: vm.name().into_owned(),
        guid: guid.into_bytes(),
        interfaces: interfaces(&design_connections, &deployed_connections),
        macs: if deployed_macs.is_empty() { macs(vm) } else { deployed_macs },
        addresses,
        address: design_connections.first().and_then(|first| first.static_address()),
        cpus: vm.cpus(),
        memory_bytes: vm.memory_bytes(),
        disk_bytes: vm.boot_disk().and_then(|disk| disk.size_bytes()),
        published: deployed.is_some(),
        node,
    }
}

/// The interfaces of the design, each with what the deployment knows of it.
fn interfaces(design: &[NetworkConnection<'_>], deployed: &[NetworkConnection<'_>]) -> Vec<VmInterface> {
    let interface = |(position, wanted): (usize, &NetworkConnection<'_>)| {
        let real = match wanted.index() {
            Some(index) => deployed.iter().find(|real| real.index() == Some(index)),
            None => deployed.get(position),
        };
        let addresses =
            |of: &NetworkConnection<'_>| of.static_address().or_else(|| of.addresses().first().copied());
        VmInterface {
            name: wanted.name().into_owned(),
            mac: real
                .and_then(|real| real.mac())
                .or_else(|| wanted.mac())
                .map(|mac| mac.to_ascii_lowercase()),
            address: addresses(wanted).or_else(|| addresses(real?)),
        }
    };
    design.iter().enumerate().map(interface).collect()
}

#[cfg(test)]
mod tests {
    use super::{VmInterface, inventory};
    use crate::document::Application;
    use crate::json::Json;

    fn application(vms: &str, deployed: &str) -> Application {
        let text = format!(r#"{{"id":5,"design":{{"vms":[{vms}]}},"deployment":{{"vms":[{deployed}]}}}}"#);
        Application::new(Json::parse(text.as_bytes()).unwrap()).unwrap()
    }

    fn vm(id: u64, address: &str) -> String {
        format!(
            concat!(
                r#"{{"id":{},"networkConnections":[{{"device":{{"index":0}},"#,
                r#""ipConfig":{{"staticIpConfig":{{"ip":"{}"}}}}}}]}}"#
            ),
            id, address
        )
    }

    #[test]
    fn vms_are_listed_by_address_as_number_and_those_without_come_last() {
        let vms =
            [vm(1, "192.168.2.10"), vm(2, "192.168.2.9"), r#"{"id":4}"#.to_owned(), r#"{"id":3}"#.to_owned()];
        let listed = inventory(&application(&vms.join(","), ""));
        let nodes: Vec<_> = listed.iter().map(|each| each.node.as_str()).collect();
        assert_eq!(nodes, ["5/2", "5/1", "5/3", "5/4"]);
    }

    #[test]
    fn the_guid_is_the_firmwares_or_else_derived_and_stable() {
        let listed = inventory(&application(
            r#"{"id":1,"biosUuid":"0f7aa6b5-5d5c-4e8a-9c53-1b2f3a4d5e6f"},{"id":2},{"id":3,"biosUuid":"none"}"#,
            "",
        ));
        let guids: Vec<_> = listed.iter().map(|each| uuid::Uuid::from_bytes(each.guid).to_string()).collect();
        assert_eq!(guids[0], "0f7aa6b5-5d5c-4e8a-9c53-1b2f3a4d5e6f");
        // Written down on purpose: a change here makes every client see new machines.
        assert_eq!(guids[1], "613509cd-075e-51ba-bea6-f7f5e301ffac");
        assert_ne!(guids[1], guids[2]);
    }

    #[test]
    fn what_only_the_deployment_knows_is_added() {
        let listed = inventory(&application(
            r#"{"id":1,"networkConnections":[{"device":{"index":0,"generatedMac":"2C:C2:60:00:00:01"}}]},{"id":2}"#,
            concat!(
                r#"{"id":"1","networkConnections":[{"device":{"index":0,"mac":"2C:C2:60:00:00:0A"},"#,
                r#""ipConfig":{"autoIpConfig":{"allocatedIp":"10.0.0.7"}}}]}"#
            ),
        ));
        assert_eq!(listed[0].macs, ["2c:c2:60:00:00:0a"]);
        assert_eq!(listed[0].addresses, ["10.0.0.7".parse::<std::net::IpAddr>().unwrap()]);
        assert!(listed[0].published && !listed[1].published);
        let interface = VmInterface {
            name: String::new(),
            mac: Some("2c:c2:60:00:00:0a".to_owned()),
            address: Some("10.0.0.7".parse().unwrap()),
        };
        assert_eq!(listed[0].interfaces, [interface]);
        assert_eq!(listed[1].interfaces, []);
    }

    #[test]
    fn drafts_without_id_are_left_out() {
        assert!(inventory(&application(r#"{"name":"draft"}"#, "")).is_empty());
    }
}
