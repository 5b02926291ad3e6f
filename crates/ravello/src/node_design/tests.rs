use super::*;
use crate::inventory::inventory;

fn application(vms: &str, deployed: &str) -> Application {
    let text = format!(
        r#"{{"id":5,"version":7,"design":{{"vms":[{vms}],"other":1}},"deployment":{{"vms":[{deployed}]}}}}"#
    );
    Application::new(Json::parse(text.as_bytes()).unwrap()).unwrap()
}

fn vm(id: u64, name: &str, hosts: &[(&str, &str)], more: &str) -> String {
    let interfaces: Vec<String> = hosts
        .iter()
        .enumerate()
        .map(|(index, (ip, mask))| {
            format!(
                concat!(
                    r#"{{"id":{id}{index}1,"name":"eth{index}","device":{{"index":{index},"deviceType":"e1000","mac":"2c:c2:60:00:00:{id:02x}"}},"#,
                    r#""ipConfig":{{"id":{id}{index}2,"hasPublicIp":true,"staticIpConfig":{{"ip":"{ip}","mask":"{mask}","dns":"192.0.2.53"}}}}}}"#
                ),
                id = id,
                index = index,
                ip = ip,
                mask = mask
            )
        })
        .collect();
    format!(r#"{{"id":{id},"name":"{name}"{more},"networkConnections":[{}]}}"#, interfaces.join(","))
}

const SMALL: &str = "255.255.255.0";

fn request(count: u16) -> NodeRequest {
    NodeRequest {
        count,
        prefix: "node".to_owned(),
        cpus: 2,
        memory_mib: 8192,
        disk_gib: 60,
        like: None,
        image: DiskImage { id: 62_000_051, name: "ipxe.iso".to_owned(), size: None },
    }
}

fn undercloud(more: &str) -> String {
    vm(1, "undercloud", &[("192.168.2.1", SMALL), ("192.168.4.1", SMALL)], more)
}

fn add(application: &mut Application, request: &NodeRequest) -> Vec<(String, Vec<String>)> {
    let nodes = add_nodes(application, request, BootSelection::Flag).unwrap();
    nodes
        .into_iter()
        .map(|node| (node.name, node.addresses.iter().map(ToString::to_string).collect()))
        .collect()
}

#[test]
fn the_first_node_leaves_room_and_the_next_follow() {
    let mut document = application(&undercloud(""), "");
    let added = add(&mut document, &request(2));
    assert_eq!(added[0], ("node1".to_owned(), vec!["192.168.2.11".to_owned(), "192.168.4.11".to_owned()]));
    assert_eq!(added[1], ("node2".to_owned(), vec!["192.168.2.12".to_owned(), "192.168.4.12".to_owned()]));
}

#[test]
fn names_and_addresses_count_on_also_past_what_only_the_deployment_knows() {
    let seventh = vm(3, "node7", &[("192.168.2.9", SMALL), ("192.168.4.200", SMALL)], "");
    let gone = vm(4, "node9", &[("192.168.2.40", SMALL)], "");
    let mut document = application(&[undercloud(""), seventh].join(","), &gone);
    let added = add(&mut document, &request(1));
    assert_eq!(added, [("node10".to_owned(), vec!["192.168.2.41".to_owned(), "192.168.4.201".to_owned()])]);
}

#[test]
fn a_node_is_what_was_asked_for_and_nothing_else_changes() {
    let service = r#","suppliedServices":[{"id":9,"name":"web","portRange":"80","ip":"192.168.2.1"},{"id":8,"name":"ssh","portRange":"22","external":true,"externalPort":"10022","ip":"192.168.4.1"}],"cpuIds":[{"index":"1","value":"ff"}]"#;
    let before = application(&undercloud(service), "");
    let mut after = before.clone();
    add(&mut after, &NodeRequest { memory_mib: 1536, ..request(1) });
    let old = before.json().get("design").unwrap();
    let new = after.json().get("design").unwrap();
    assert_eq!(old.get("other"), new.get("other"));
    assert_eq!(old.get("vms").unwrap().elements()[0], new.get("vms").unwrap().elements()[0]);
    assert_eq!(after.version(), Some(7));
    let node = &new.get("vms").unwrap().elements()[1];
    let expected = concat!(
        r#"{"name":"node1","description":"","hostnames":["node1"],"numCpus":2,"memorySize":{"value":1536,"unit":"MB"},"#,
        r#""stopTimeOut":180,"powerOffOnStopTimeOut":true,"bootOrder":["CDROM","DISK"],"#,
        r#""hardDrives":[{"index":1,"name":"sda","type":"DISK","boot":false,"controller":"virtio","size":{"value":60,"unit":"GB"}},"#,
        r#"{"index":0,"name":"cdrom","type":"CDROM","boot":true,"controller":"ide","baseDiskImageId":62000051,"baseDiskImageName":"ipxe.iso"}],"#,
        r#""cpuIds":[{"index":"1","value":"ff"}],"#,
        r#""networkConnections":[{"name":"eth0","device":{"index":0,"deviceType":"e1000","useAutomaticMac":true},"#,
        r#""ipConfig":{"staticIpConfig":{"ip":"192.168.2.11","mask":"255.255.255.0","dns":"192.0.2.53"},"hasPublicIp":false,"externalAccessState":"ALWAYS_PORT_FORWARDING"}},"#,
        r#"{"name":"eth1","device":{"index":1,"deviceType":"e1000","useAutomaticMac":true},"#,
        r#""ipConfig":{"staticIpConfig":{"ip":"192.168.4.11","mask":"255.255.255.0","dns":"192.0.2.53"},"hasPublicIp":false,"externalAccessState":"ALWAYS_PORT_FORWARDING"}}],"#,
        r#""suppliedServices":[{"name":"ssh","protocol":"TCP","portRange":"22","external":true,"ip":"192.168.4.11"}]}"#,
    );
    assert_eq!(node.to_string(), expected);
    for selection in [BootSelection::Flag, BootSelection::Order, BootSelection::Both] {
        let mut document = before.clone();
        add_nodes(&mut document, &request(1), selection).unwrap();
        let node = document.design_vms().find(|vm| vm.name() == "node1").unwrap();
        assert_eq!(selection.read(node), BootDevice::Network);
    }
}

#[test]
fn a_model_with_dhcp_and_without_ssh_is_no_reason_to_fail() {
    let dhcp = r#"{"id":2,"name":"router","networkConnections":[{"device":{"index":0},"ipConfig":{"autoIpConfig":{"allocatedIp":"10.0.0.3"}}}]}"#;
    let mut document = application(dhcp, "");
    let refused = add_nodes(&mut document, &request(1), BootSelection::Flag).unwrap_err();
    assert_eq!(refused, NoNode::NoModel);
    let like = NodeRequest { like: Some("router".to_owned()), ..request(1) };
    assert_eq!(add(&mut document, &like), [("node1".to_owned(), Vec::new())]);
    let node = document.design_vms().find(|vm| vm.name() == "node1").unwrap();
    assert!(node.json().to_string().contains(r#""autoIpConfig":{}"#));
    assert!(node.json().get("suppliedServices").is_none());
}

#[test]
fn a_full_network_is_named_and_the_document_stays_as_it_was() {
    let full = vm(1, "undercloud", &[("192.168.2.252", SMALL)], "");
    let before = application(&full, "");
    let mut document = before.clone();
    // Two addresses are left, for the room before the first node there is none.
    assert_eq!(add(&mut document, &request(2))[1].1, ["192.168.2.254"]);
    let mut document = before.clone();
    let refused = add_nodes(&mut document, &request(3), BootSelection::Flag).unwrap_err().to_string();
    assert!(refused.contains("192.168.2.254") && refused.contains("node3"), "{refused}");
    assert_eq!(document, before);
}

#[test]
fn networks_that_make_no_sense_are_named() {
    for (ip, mask) in [("192.168.2.1", "255.0.255.0"), ("192.168.2.1", "255.255.255.254"), ("fd00::1", SMALL)]
    {
        let mut document = application(&vm(1, "undercloud", &[(ip, mask)], ""), "");
        let refused = add_nodes(&mut document, &request(1), BootSelection::Flag).unwrap_err().to_string();
        assert!(refused.contains("interface eth0 of VM \"undercloud\""), "{refused}");
    }
    let mut document = application(&undercloud(""), "");
    let like = NodeRequest { like: Some("nobody".to_owned()), ..request(1) };
    let refused = add_nodes(&mut document, &like, BootSelection::Flag).unwrap_err();
    assert_eq!(refused, NoNode::NoSuchVm("nobody".to_owned()));
}

#[test]
fn what_was_added_is_found_again_as_inventory() {
    let mut document = application(&undercloud(""), "");
    add(&mut document, &request(1));
    // Drafts have no id before the cloud gave them one.
    assert_eq!(inventory(&document).len(), 1);
}
