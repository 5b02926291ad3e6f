//! Boot devices, with the bytes that Ironic sends in UEFI mode and with those that ipmitool makes of `chassis bootdev`.

use serde_json::json;

use crate::conductor::Timing;
use crate::lab::{Lab, at_once};
use crate::node::Node;

#[test]
fn every_boot_device_is_read_back_and_booted() {
    let Some(lab) = Lab::start(2, "20", Timing::Quick, "") else { return };
    at_once(&lab.nodes(), |index, node| {
        node.provision("manage", "manageable");
        let mode = if index == 0 { "uefi" } else { "bios" };
        node.set(&[("/properties/capabilities", json!(format!("boot_mode:{mode}")))]);
        boots_what_is_set(node);
        if index == 0 {
            boots_it_again_and_again(node);
        }
        refuses_what_the_platform_has_not(node, mode);
    });
}

fn boots_what_is_set(node: Node<'_>) {
    let supported = node.get("/management/boot_device/supported");
    assert_eq!(supported["supported_boot_devices"], json!(["pxe", "disk", "cdrom", "bios", "safe"]));

    node.boot_from("cdrom", false);
    node.boot_from("cdrom", true);
    node.boot_from("pxe", true);
    node.power("power on");

    // Once: the next power cycle only.
    node.boot_from("disk", false);
    let devices = || node.boots().into_iter().map(|boot| boot.device).collect::<Vec<_>>();
    assert_eq!(devices(), ["network"], "the running VM is left alone");
    node.power("rebooting");
    assert_eq!(devices(), ["network", "disk"]);
    node.power("rebooting");
    assert_eq!(devices(), ["network", "disk", "network"]);
}

fn boots_it_again_and_again(node: Node<'_>) {
    node.boot_from("disk", true);
    node.power("rebooting");
    node.power("rebooting");
    let devices: Vec<String> = node.boots().into_iter().map(|boot| boot.device).collect();
    assert_eq!(devices, ["network", "disk", "network", "disk", "disk"]);
    assert!(node.boots().iter().all(|boot| boot.cause == "start"), "{:?}", node.boots());
}

/// In BIOS mode ipmitool prints the refusal and ends with success, so Ironic does not learn of it; but reading tells.
fn refuses_what_the_platform_has_not(node: Node<'_>, mode: &str) {
    let reply = node.set_boot_device("bios", false);
    if mode == "uefi" {
        let refusal = reply.refusal();
        assert!(refusal.contains("IPMI call failed: raw 0x00 0x08 0x05 0xa0 0x18"), "{refusal}");
    } else {
        reply.ok();
    }
    let kept = if mode == "uefi" { "disk" } else { "pxe" };
    let device = node.get("/management/boot_device");
    assert_eq!(device, json!({ "boot_device": kept, "persistent": true }));

    let refusal = node.set_boot_device("wanboot", false).refusal();
    assert!(refusal.contains("Invalid boot device wanboot"), "{refusal}");
}
