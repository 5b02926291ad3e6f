//! Reading and editing VMs.

use std::borrow::Cow;
use std::time::Duration;

use super::{Description, VmDocument};
use crate::json::Json;

fn vm(text: &str) -> VmDocument {
    VmDocument::new(Json::parse(text.as_bytes()).unwrap())
}

#[test]
fn the_boot_disk_is_found_by_type_and_lowest_index_never_by_position() {
    let vm = vm(concat!(
        r#"{"hardDrives":[{"id":1,"index":0,"type":"CDROM"},{"id":2,"index":"3","type":"DISK"},"#,
        r#"{"id":3,"index":1,"type":"DISK","size":{"value":"50","unit":"GB"}},{"id":4,"type":"DISK"}]}"#
    ));
    let disk = vm.view().boot_disk().unwrap();
    assert_eq!(disk.index(), Some(1));
    assert_eq!(disk.size_bytes(), Some(50 << 30));
}

#[test]
fn editing_the_boot_disk_touches_nothing_else() {
    let text = concat!(
        r#"{"x":1.10,"hardDrives":[{"index":1,"type":"CDROM","boot":true},{"index":"0","boot":"true","type":"DISK","#,
        r#""id":9223372036854775807}],"description":null}"#
    );
    let mut vm = vm(text);
    vm.edit().mark_boot_disk();
    assert_eq!(vm.json().to_string(), text);
    vm.edit().unmark_disks();
    assert_eq!(vm.json().to_string(), text.replace(r#""boot":"true""#, r#""boot":false"#));
}

#[test]
fn a_vm_without_a_disk_stays_as_it_is() {
    for text in
        ["{}", r#"{"hardDrives":[]}"#, r#"{"hardDrives":[{"type":"CDROM"}]}"#, r#"{"hardDrives":null}"#]
    {
        let mut vm = vm(text);
        vm.edit().mark_boot_disk();
        vm.edit().unmark_disks();
        assert_eq!(vm.json().to_string(), text);
        assert!(vm.view().boot_disk().is_none());
    }
}

#[test]
fn an_absent_description_and_null_are_the_empty_text_and_are_not_rewritten_to_it() {
    for text in ["{}", r#"{"description":null}"#] {
        let mut vm = vm(text);
        assert_eq!(vm.view().description(), Description::Text(Cow::Borrowed("")));
        vm.edit().set_description("");
        assert_eq!(vm.json().to_string(), text);
    }
}

#[test]
fn a_description_that_is_no_text_is_not_guessed() {
    for text in [r#"{"description":5}"#, r#"{"description":"\ud800"}"#, r#"{"description":[]}"#] {
        assert_eq!(vm(text).view().description(), Description::Unreadable, "{text}");
    }
}

#[test]
fn interfaces_are_ordered_by_device_index() {
    let vm = vm(concat!(
        r#"{"networkConnections":[{"device":{"index":1,"mac":"","generatedMac":"2c:c2:60:00:00:02"}},"#,
        r#"{"device":{"index":0,"mac":"52:54:00:00:00:01","generatedMac":"2c:c2:60:00:00:01"},"#,
        r#""ipConfig":{"staticIpConfig":{"ip":"192.168.2.4"},"autoIpConfig":null},"#,
        r#""additionalIpConfig":[{"autoIpConfig":{"allocatedIp":"10.0.0.3","reservedIp":"10.0.0.3"}}]}]}"#
    ));
    let connections = vm.view().network_connections();
    let macs: Vec<_> = connections.iter().filter_map(|each| each.mac()).collect();
    assert_eq!(macs, ["52:54:00:00:00:01", "2c:c2:60:00:00:02"]);
    assert_eq!(connections[0].static_address().unwrap().to_string(), "192.168.2.4");
    let addresses: Vec<_> = connections[0].addresses().iter().map(ToString::to_string).collect();
    assert_eq!(addresses, ["192.168.2.4", "10.0.0.3"]);
    assert!(connections[1].addresses().is_empty());
}

#[test]
fn sizes_are_read_in_every_unit() {
    for (unit, bytes) in [("BYTE", 3), ("KB", 3 << 10), ("MB", 3 << 20), ("GB", 3 << 30), ("TB", 3 << 40)] {
        let vm = vm(&format!(r#"{{"memorySize":{{"value":3,"unit":"{unit}"}}}}"#));
        assert_eq!(vm.view().memory_bytes(), Some(bytes), "{unit}");
    }
    assert_eq!(vm(r#"{"memorySize":{"value":3,"unit":"PB"}}"#).view().memory_bytes(), None);
    assert_eq!(
        vm(r#"{"memorySize":{"value":18446744073709551615,"unit":"KB"}}"#).view().memory_bytes(),
        None
    );
}

#[test]
fn the_stop_timeout_defaults_to_twenty_minutes() {
    assert_eq!(vm("{}").view().stop_timeout(), Duration::from_secs(1200));
    assert_eq!(vm(r#"{"stopTimeOut":"180"}"#).view().stop_timeout(), Duration::from_secs(180));
}
