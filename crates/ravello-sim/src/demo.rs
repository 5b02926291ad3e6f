//! The application `demo`: what an operator of OpenStack on Ravello had (`ravello-api.md §15`).
//!
//! One VM that nobody manages, the undercloud, with the lowest address; and nodes that boot from the network,
//! as Ironic leaves them. The CD-ROM comes first in each node's list of drives on purpose: real applications
//! look like that (`§7.1`, trap 1).

use serde_json::{Value, json};

use crate::document::check::Malformed;
use crate::loading::ApplicationFile;

/// The name of the application.
pub const NAME: &str = "demo";

/// The name of the VM that is not a node.
pub const UNDERCLOUD: &str = "undercloud";

/// The image of the nodes' CD-ROM, which boots from the network.
pub const CDROM_IMAGE: &str = crate::cloud::IPXE_IMAGE;

/// The address of the first node in both networks; the undercloud has the ninth before it.
const FIRST_HOST: u32 = 10;

/// How many nodes there can be.
const MOST_NODES: u32 = 65_000;

/// The application with that many nodes, named `node1` and so on: published, the undercloud running, the
/// nodes off.
///
/// Its networks are 192.168.2.0/24 and 192.168.4.0/24 as long as the nodes fit into them, and wider ones for
/// more.
///
/// # Errors
/// [`Malformed`] if there are more than 65,000 nodes.
pub fn application(nodes: u32) -> Result<ApplicationFile, Malformed> {
    with_undercloud("STARTED", nodes)
}

/// The same with the undercloud off: for guests that are real, where whoever plays the undercloud is there
/// already.
///
/// # Errors
/// [`Malformed`] if there are more than 65,000 nodes.
pub fn application_at_rest(nodes: u32) -> Result<ApplicationFile, Malformed> {
    with_undercloud("STOPPED", nodes)
}

fn with_undercloud(state: &str, nodes: u32) -> Result<ApplicationFile, Malformed> {
    if nodes > MOST_NODES {
        return Err(Malformed::new("/design/vms", "at most 65,000 nodes", Some(&nodes.into())));
    }
    let undercloud = json!({
        "name": UNDERCLOUD,
        "description": "Runs Ironic. Not a node.",
        "hostnames": [UNDERCLOUD],
        "numCpus": 4,
        "memorySize": { "value": 16, "unit": "GB" },
        "os": "linux_manuel",
        "stopTimeOut": 180,
        "powerOffOnStopTimeOut": true,
        "hardDrives": [
            { "index": 0, "name": "sda", "type": "DISK", "boot": true, "controller": "virtio",
              "size": { "value": 100, "unit": "GB" } },
        ],
        "networkConnections": [interface(0, 1, nodes), interface(1, 1, nodes)],
        "suppliedServices": [ssh(1, nodes)],
    });
    let mut vms = vec![undercloud];
    vms.extend((0..nodes).map(|index| node(index, nodes)));
    ApplicationFile::from_value(json!({
        "name": NAME,
        "description": "Made by the simulator.",
        "design": { "stopVmsByOrder": false, "vms": vms },
        "deployment": { "vms": [{ "name": UNDERCLOUD, "state": state }] },
    }))
}

fn node(index: u32, nodes: u32) -> Value {
    let name = format!("node{}", index + 1);
    let host = FIRST_HOST + index;
    json!({
        "name": name,
        "description": "Plays a bare-metal server.",
        "hostnames": [name],
        "numCpus": 2,
        "memorySize": { "value": 8, "unit": "GB" },
        "os": "linux_manuel",
        "bootOrder": ["CDROM", "DISK"],
        "stopTimeOut": 180,
        "powerOffOnStopTimeOut": true,
        "hardDrives": [
            { "index": 1, "name": "cdrom", "type": "CDROM", "boot": true, "controller": "ide",
              "baseDiskImageName": CDROM_IMAGE, "size": { "value": 672, "unit": "KB" } },
            { "index": 0, "name": "sda", "type": "DISK", "boot": false, "controller": "virtio",
              "size": { "value": 60, "unit": "GB" } },
        ],
        "networkConnections": [interface(0, host, nodes), interface(1, host, nodes)],
        "suppliedServices": [ssh(host, nodes)],
    })
}

fn interface(index: u32, host: u32, nodes: u32) -> Value {
    json!({
        "name": format!("eth{index}"),
        "device": { "index": index, "deviceType": "virtio", "useAutomaticMac": true },
        "ipConfig": {
            "hasPublicIp": false,
            "externalAccessState": "ALWAYS_PORT_FORWARDING",
            "staticIpConfig": { "ip": address(index, host, nodes), "mask": mask(nodes) },
        },
    })
}

fn ssh(host: u32, nodes: u32) -> Value {
    json!({ "name": "ssh", "protocol": "TCP", "portRange": "22", "external": true,
            "ip": address(1, host, nodes) })
}

/// Whether the nodes fit into networks of 256 addresses.
const fn is_small(nodes: u32) -> bool {
    nodes <= 254 - FIRST_HOST
}

const fn mask(nodes: u32) -> &'static str {
    if is_small(nodes) { "255.255.255.0" } else { "255.240.0.0" }
}

/// The address of a host: 192.168.2.x and 192.168.4.x, or in wider networks if there are many nodes.
fn address(network: u32, host: u32, nodes: u32) -> String {
    if is_small(nodes) {
        return format!("192.168.{}.{host}", 2 + 2 * network);
    }
    let [_, high, middle, low] = host.to_be_bytes();
    format!("10.{}.{middle}.{low}", network * 16 + u32::from(high) % 16)
}
