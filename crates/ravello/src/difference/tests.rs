//! What counts, what does not, and how it is worded.

use proptest::prelude::*;

use super::unpublished;
use crate::boot_selection::BootSelection::{self, Both, Flag, Order};
use crate::document::VmDocument;
use crate::json::Json;

/// A VM as it is designed: the CD-ROM first, members in an order of their own.
const DESIGN: &str = r#"{
    "id": 4400000000000021, "applicationId": 3100000000017, "name": "node1", "description": "first node",
    "hostnames": ["node1"], "numCpus": 2, "memorySize": {"value": 8, "unit": "GB"}, "os": "linux_manuel",
    "cpuIds": [{"index": "1", "value": "0x2"}], "bootOrder": ["CDROM", "DISK"], "stopTimeOut": 180,
    "hardDrives": [
      {"id": 3200000000000033, "index": 1, "type": "CDROM", "boot": true, "controller": "ide",
       "baseDiskImageId": 62000051, "size": {"value": 672, "unit": "KB"}},
      {"id": 5700000000000047, "index": 0, "type": "DISK", "boot": true, "controller": "virtio",
       "size": {"value": 50, "unit": "GB"}}],
    "networkConnections": [
      {"id": 2300000000000063, "name": "eth0",
       "device": {"index": 0, "deviceType": "virtio", "useAutomaticMac": true, "generatedMac": "2c:c2:60:11:22:33"},
       "ipConfig": {"id": 71, "hasPublicIp": false,
                    "staticIpConfig": {"ip": "192.168.4.11", "mask": "255.255.255.0"}}},
      {"id": 2300000000000065, "name": "eth1", "device": {"index": 1, "deviceType": "virtio"},
       "ipConfig": {"id": 72, "autoIpConfig": {}}}],
    "suppliedServices": [{"id": 2300000000000064, "name": "ssh", "protocol": "TCP", "portRange": "22",
                          "external": true}],
    "fieldOfTheFuture": {"a": 1}}"#;

/// The same VM as it runs: other order, numbers as strings, run-time fields, the platform's own additions.
const DEPLOYED: &str = r#"{
    "state": "STARTED", "externalFqdn": "node1-lab-x.srv.example", "firstTimePublished": "1560000060000",
    "loadingStatus": "DONE", "loadingPercentage": 100, "monitorState": {"x": 1}, "rcu": 2, "bootType": "BIOS",
    "suppliedServices": [{"portRange": 22, "external": "true", "protocol": "TCP", "name": "ssh", "ip": "192.168.4.11",
                          "externalPort": "10022", "id": "2300000000000064", "useLuidForIpConfig": true}],
    "networkConnections": [
      {"id": 2300000000000065, "name": "eth1",
       "device": {"index": 1, "deviceType": "virtio", "mac": "2c:c2:60:11:22:34", "pciSlot": 4},
       "ipConfig": {"id": 72, "autoIpConfig": {"allocatedIp": "10.0.0.3"}, "publicIp": "203.0.113.7"}},
      {"id": 2300000000000063, "name": "eth0",
       "device": {"index": 0, "deviceType": "virtio", "useAutomaticMac": true, "mac": "2C:C2:60:11:22:33"},
       "ipConfig": {"id": 71, "hasPublicIp": false, "fqdn": "x.example", "needElasticIp": false,
                    "staticIpConfig": {"mask": "255.255.255.0", "ip": "192.168.4.11", "gateway": null}}}],
    "hardDrives": [
      {"id": 5700000000000047, "index": "0", "type": "DISK", "boot": "true", "controller": "virtio",
       "size": {"value": "51200", "unit": "MB"}, "loadingStatus": "SNAPSHOTTING", "controllerPciSlot": 5},
      {"id": "3200000000000033", "index": 1, "type": "CDROM", "boot": true, "controller": "ide",
       "baseDiskImageId": 62000051, "baseDiskImageName": "ipxe.iso", "size": {"unit": "KB", "value": 672}}],
    "stopTimeOut": "180", "bootOrder": ["CDROM", "DISK"], "cpuIds": [{"value": "0x2", "index": "1"}],
    "os": "linux_manuel", "memorySize": {"unit": "MB", "value": 8192}, "numCpus": "2", "hostnames": ["old"],
    "description": null, "name": "renamed", "applicationId": "3100000000017", "id": "4400000000000021",
    "fieldOfTheFuture": {"a": 1}}"#;

fn vm(text: &str) -> VmDocument {
    VmDocument::new(Json::parse(text.as_bytes()).unwrap())
}

fn compared(design: &str, deployed: &str, selection: BootSelection) -> Vec<String> {
    unpublished(vm(design).view(), vm(deployed).view(), selection)
}

/// What is found after one edit of the design.
fn after(from: &str, to: &str) -> Vec<String> {
    assert!(DESIGN.contains(from), "{from}");
    compared(&DESIGN.replacen(from, to, 1), DEPLOYED, Flag)
}

#[test]
fn run_time_fields_order_and_spelling_are_no_difference() {
    for selection in [Flag, Order, Both] {
        assert_eq!(compared(DESIGN, DEPLOYED, selection), [""; 0], "{selection:?}");
        assert_eq!(compared(DESIGN, DESIGN, selection), [""; 0], "{selection:?}");
    }
}

#[test]
fn hardware_counts_and_is_named() {
    let table = [
        (r#""numCpus": 2"#, r#""numCpus": 4"#, "numCpus"),
        (r#""value": 8,"#, r#""value": 16,"#, "memorySize"),
        (r#""value": 50"#, r#""value": 60"#, "drive 0 (DISK): size"),
        (r#""controller": "virtio""#, r#""controller": "lsi""#, "drive 0 (DISK): controller"),
        (r#""type": "CDROM", "boot": true"#, r#""type": "CDROM", "boot": false"#, "drive 1 (CDROM): boot"),
        (
            r#""baseDiskImageId": 62000051"#,
            r#""baseDiskImageId": 62000052"#,
            "drive 1 (CDROM): baseDiskImageId",
        ),
        (r#""baseDiskImageId": 62000051,"#, "", "drive 1 (CDROM): baseDiskImageId"),
        (r#""ip": "192.168.4.11""#, r#""ip": "192.168.4.12""#, "interface eth0: ipConfig.staticIpConfig.ip"),
        (r#""hasPublicIp": false"#, r#""hasPublicIp": true"#, "interface eth0: ipConfig.hasPublicIp"),
        (r#""useAutomaticMac": true"#, r#""mac": "52:54:00:00:00:01""#, "interface eth0: device.mac"),
        (
            r#""autoIpConfig": {}"#,
            r#""autoIpConfig": {"reservedIp": "10.0.0.9"}"#,
            "interface eth1: ipConfig.autoIpConfig.reservedIp",
        ),
        (r#""portRange": "22""#, r#""portRange": "22,80""#, "service ssh: portRange"),
        (r#""value": "0x2""#, r#""value": "0x3""#, "cpuIds 1.value"),
        (r#"["CDROM", "DISK"]"#, r#"["DISK", "CDROM"]"#, "bootOrder"),
        (r#""a": 1"#, r#""a": 2"#, "fieldOfTheFuture.a"),
        (r#""os": "linux_manuel""#, r#""os": "linux_manuel", "userData": "x""#, "userData"),
    ];
    for (from, to, word) in table {
        assert_eq!(after(from, to), [word], "{from} → {to}");
    }
}

#[test]
fn parts_that_come_and_go_count() {
    let second =
        r#""suppliedServices": [{"id": 5, "name": "http", "portRange": "80"}, {"id": 2300000000000064,"#;
    assert_eq!(after(r#""suppliedServices": [{"id": 2300000000000064,"#, second), ["service http added"]);
    let none = &DESIGN
        .replace(r#""suppliedServices": [{"id": 2300000000000064, "name": "ssh""#, r#""other": [{"x": 0"#);
    assert_eq!(compared(none, DEPLOYED, Flag), ["other", "suppliedServices"]);
    let removed = DESIGN.find(r#"{"id": 3200000000000033"#).unwrap()
        ..DESIGN.find(r#"{"id": 5700000000000047"#).unwrap();
    let design = [&DESIGN[..removed.start], &DESIGN[removed.end..]].concat();
    assert_eq!(compared(&design, DEPLOYED, Flag), ["drive 1 (CDROM) removed"]);
}

#[test]
fn a_static_address_that_becomes_automatic_counts() {
    let from = r#""staticIpConfig": {"ip": "192.168.4.11", "mask": "255.255.255.0"}"#;
    assert_eq!(after(from, r#""autoIpConfig": {}"#), ["interface eth0: ipConfig.staticIpConfig"]);
}

#[test]
fn descriptions_names_and_tags_are_harmless() {
    for (from, to) in [
        (r#""first node""#, r#""first node[boot: hd]""#),
        (r#""name": "node1""#, r#""name": "node7""#),
        (r#"["node1"]"#, r#"["a", "b"]"#),
        (r#""applicationId""#, r#""_href": "/applications/1/vms/2", "applicationId""#),
    ] {
        assert_eq!(after(from, to), [""; 0], "{to}");
    }
}

#[test]
fn the_boot_device_is_not_in_the_list_but_the_other_way_of_choosing_is() {
    let flag = DESIGN.replace(r#""type": "DISK", "boot": true"#, r#""type": "DISK", "boot": false"#);
    let order = DESIGN.replace(r#"["CDROM", "DISK"]"#, r#"["DISK", "CDROM"]"#);
    assert_eq!(compared(&flag, DEPLOYED, Flag), [""; 0]);
    assert_eq!(compared(&flag, DEPLOYED, Both), [""; 0]);
    assert_eq!(compared(&flag, DEPLOYED, Order), ["drive 0 (DISK): boot"]);
    assert_eq!(compared(&order, DEPLOYED, Order), [""; 0]);
    assert_eq!(compared(&order, DEPLOYED, Flag), ["bootOrder"]);
    // The flag is the same, so the device is too; the order would restart the VM all the same.
    assert_eq!(compared(&order, DEPLOYED, Both), ["bootOrder"]);
}

#[test]
fn a_boot_device_that_differs_does_not_hide_anything_else() {
    let flag = DESIGN.replace(r#""type": "DISK", "boot": true"#, r#""type": "DISK", "boot": false"#);
    let cdrom = flag.replace(r#""type": "CDROM", "boot": true"#, r#""type": "CDROM", "boot": false"#);
    assert_eq!(compared(&cdrom, DEPLOYED, Flag), ["drive 1 (CDROM): boot"]);
    let grown = flag.replace(r#""value": 50"#, r#""value": 60"#);
    assert_eq!(compared(&grown, DEPLOYED, Flag), ["drive 0 (DISK): size"]);
}

#[test]
fn a_missing_boot_flag_is_a_cleared_one() {
    let design = DESIGN.replace(r#""type": "CDROM", "boot": true"#, r#""type": "CDROM""#);
    let deployed = DEPLOYED.replace(r#""type": "CDROM", "boot": true"#, r#""type": "CDROM", "boot": false"#);
    assert_eq!(compared(&design, &deployed, Flag), [""; 0]);
    assert_eq!(compared(&design, DEPLOYED, Flag), ["drive 1 (CDROM): boot"]);
}

#[test]
fn parts_without_ids_are_matched_by_index_then_by_place() {
    let strip = |text: &str| {
        let mut text = text.to_owned();
        for id in [
            "3200000000000033",
            "5700000000000047",
            "2300000000000063",
            "2300000000000065",
            "2300000000000064",
        ] {
            text = text.replace(&format!(r#""id": {id}, "#), "");
        }
        text
    };
    assert_ne!(strip(DESIGN), DESIGN);
    assert_eq!(compared(&strip(DESIGN), DEPLOYED, Flag), [""; 0]);
}

#[test]
fn a_name_that_occurs_twice_counts_once() {
    let twice = DESIGN.replacen('{', r#"{"os": {"a": 1}, "name": [1],"#, 1);
    assert_eq!(compared(&twice, &twice, Flag), [""; 0]);
    assert_eq!(compared(&twice, DEPLOYED, Flag), ["os"]);
}

/// Any value, as a field nobody has thought of.
fn any_field() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("1".to_owned()),
        Just("\"x\"".to_owned()),
        Just("true".to_owned()),
        Just("{\"a\":[1,{\"b\":2}]}".to_owned()),
        Just("[1,2]".to_owned()),
    ]
}

proptest! {
    #[test]
    fn a_vm_never_differs_from_itself(name in "[a-z]{1,12}", value in any_field()) {
        let text = DESIGN.replacen('{', &format!("{{\"{name}\": {value},"), 1);
        prop_assert!(compared(&text, &text, Flag).is_empty());
    }

    #[test]
    fn what_only_the_deployment_has_is_the_platforms(name in "x[a-z]{1,12}", value in any_field()) {
        let deployed = DEPLOYED.replacen('{', &format!("{{\"{name}\": {value},"), 1);
        prop_assert!(compared(DESIGN, &deployed, Flag).is_empty());
    }

    #[test]
    fn what_only_the_design_has_counts(name in "x[a-z]{1,12}", value in any_field()) {
        let design = DESIGN.replacen('{', &format!("{{\"{name}\": {value},"), 1);
        prop_assert_eq!(compared(&design, DEPLOYED, Flag), vec![name]);
    }
}
