//! Deployments from `available` to `active`, with each interface as Ironic has it. The ramdisk of a `direct` deployment
//! is played by `agent.py`; its machine by the simulator.

use ravbmc_tests::wait_for;
use serde_json::json;

use crate::conductor::Timing;
use crate::lab::{Lab, at_once};
use crate::node::{BOUND, Node};

#[test]
fn a_deployment_ends_with_one_uninterrupted_boot_from_the_right_device() {
    let Some(lab) = Lab::start(5, "20", Timing::Quick, "") else { return };
    at_once(&lab.nodes(), |index, node| {
        node.make_available();
        match index {
            0 => ramdisk(node),
            1 => direct(node, "uefi", EndOfRamdisk::Reboots),
            2 => direct(node, "bios", EndOfRamdisk::ShutsDown),
            3 => direct_without_power_off(node),
            _ => cleaning(node),
        }
        assert_eq!(node.show()["maintenance"], false);
    });
}

/// The instance is a ramdisk that boots from the network at every boot.
fn ramdisk(node: Node<'_>) {
    let file = |name: &str| format!("file://{}", node.ironic.folder().join(name).display());
    let image = json!({
        "kernel": file("kernel"), "ramdisk": file("ramdisk"),
        // Without these two, Ironic 39 cannot rebuild the node.
        "image_source": file("image"), "image_type": "partition",
    });
    node.set(&[("/deploy_interface", json!("ramdisk")), ("/instance_info", image)]);
    assert_eq!(node.get("/validate")["deploy"]["result"], true);

    node.provision("active", "active");
    assert_eq!(node.text("power_state"), "power on");
    node.booted(&["start network runs"]);
    assert_eq!(
        node.get("/management/boot_device"),
        json!({ "boot_device": "pxe", "persistent": true }),
        "for every boot of the instance"
    );

    node.provision("rebuild", "active");
    node.booted(&["start network power-off", "start network runs"]);

    node.provision("deleted", "available");
    assert_eq!(node.text("power_state"), "power off");
    node.booted(&["start network power-off", "start network power-off"]);
}

/// What the guest does when Ironic tells the agent that it is no longer needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EndOfRamdisk {
    /// It reboots by itself, and Ironic has to power the machine off.
    Reboots,
    /// It shuts the machine down, as it was told.
    ShutsDown,
}

fn prepare_direct(node: Node<'_>, mode: &str) {
    let image = format!("file://{}", node.ironic.folder().join("image").display());
    node.set(&[
        ("/deploy_interface", json!("direct")),
        ("/instance_info", json!({ "image_source": image, "image_type": "whole-disk" })),
        ("/properties/capabilities", json!(format!("boot_mode:{mode}"))),
    ]);
    assert_eq!(node.get("/validate")["deploy"]["result"], true);
}

/// Ironic sets `disk` while the ramdisk runs. The VM goes on; its own reboot is from the network; the power cycle that
/// Ironic asks for is the first boot from disk.
fn direct(node: Node<'_>, mode: &str, end: EndOfRamdisk) {
    prepare_direct(node, mode);
    node.ask("active");
    node.wait_for("wait call-back");
    node.booted(&["start network runs"]);

    let agent = node.agent();
    agent.wait_for("deploy.execute_deploy_step write_image");
    agent.wait_for("standby.power_off");
    let tag = |description: &String| description.contains("[boot: hd]");
    wait_for("the tag of the intent", BOUND, || node.cloud.design_description(node.name), tag);
    assert_eq!(node.boot_log(), ["start network runs"], "`disk` is set, and the ramdisk still runs");

    drop(agent);
    let ramdisk = match end {
        EndOfRamdisk::Reboots => {
            node.cloud.reboot_guest(node.name);
            wait_for("the guest's reboot", BOUND, || node.boots().len(), |boots| *boots >= 2);
            vec!["start network guest-reboot", "guest-reboot network power-off"]
        }
        EndOfRamdisk::ShutsDown => {
            node.cloud.act(node.name, "shutdown");
            vec!["start network shutdown"]
        }
    };
    node.wait_for("active");
    assert_eq!(node.text("power_state"), "power on");
    node.booted(&[ramdisk.clone(), vec!["start disk runs"]].concat());

    // The instance may reboot as it likes: it boots its disk.
    node.cloud.reboot_guest(node.name);
    wait_for("the instance's reboot", BOUND, || node.boots().len(), |boots| *boots == ramdisk.len() + 2);
    assert!(node.boot_log().ends_with(&["start disk guest-reboot".into(), "guest-reboot disk runs".into()]));

    node.provision("deleted", "available");
    assert_eq!(node.text("power_state"), "power off");
    assert_eq!(node.boots().len(), ramdisk.len() + 2);
}

/// A node that Ironic may not power off: it gets `power reset`, also for the first boot from disk.
fn direct_without_power_off(node: Node<'_>) {
    prepare_direct(node, "uefi");
    node.power("power on");
    node.set(&[("/disable_power_off", json!(true))]);
    node.ask("active");
    node.wait_for("wait call-back");
    node.booted(&["start network power-off", "start network runs"]);

    let agent = node.agent();
    agent.wait_for("system.lockdown");
    drop(agent);
    node.wait_for("active");
    node.booted(&["start network power-off", "start network power-off", "start disk runs"]);
}

/// Automated cleaning between `manageable` and `available`: a ramdisk again, and its end is a power off.
fn cleaning(node: Node<'_>) {
    node.set(&[("/deploy_interface", json!("direct")), ("/automated_clean", json!(true))]);
    node.provision("manage", "manageable");
    node.ask("provide");
    node.wait_for("clean wait");
    node.booted(&["start network runs"]);
    let agent = node.agent();
    agent.wait_for("clean.execute_clean_step erase_devices_metadata");
    node.wait_for("available");
    drop(agent);
    assert_eq!(node.text("power_state"), "power off");
    node.booted(&["start network power-off"]);
}
