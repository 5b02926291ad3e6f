//! Power, as Ironic does it: it asks, polls, and waits with growing pauses.

use ravbmc_tests::wait_for;
use serde_json::json;

use crate::conductor::Timing;
use crate::lab::{Lab, at_once};
use crate::node::BOUND;

#[test]
fn every_power_action_does_what_it_says_once() {
    let Some(lab) = Lab::start(3, "20", Timing::Quick, "") else { return };
    at_once(&lab.nodes(), |_, node| node.make_available());
    at_once(&lab.nodes(), |index, node| match index {
        0 => {
            assert_eq!(node.text("power_state"), "power off");
            node.power("power on");
            node.booted(&["start network runs"]);
            node.power("rebooting");
            assert_eq!(node.text("power_state"), "power on");
            node.booted(&["start network power-off", "start network runs"]);
            node.power("power off");
            assert_eq!(node.text("power_state"), "power off");
            node.power("power off");
            node.booted(&["start network power-off", "start network power-off"]);
            node.power("rebooting");
            // A reboot of a node that is off is a power on.
            node.booted(&["start network power-off", "start network power-off", "start network runs"]);
        }
        1 => {
            node.power("power on");
            node.power("soft rebooting");
            node.booted(&["start network shutdown", "start network runs"]);
            node.power("soft power off");
            assert_eq!(node.text("power_state"), "power off");
            node.booted(&["start network shutdown", "start network shutdown"]);

            // A VM that stops counts as off. One whose guest does not listen is on again when the platform gives up, and
            // Ironic's power sync then pulls the plug.
            node.cloud.ignore_shutdown(node.name);
            node.power("power on");
            node.power("soft power off");
            assert_eq!(node.text("power_state"), "power off");
            let pulled = ["start network shutdown", "start network shutdown", "start network power-off"];
            wait_for("Ironic's power sync", BOUND, || node.boot_log(), |log| *log == pulled);
            assert_eq!(node.text("power_state"), "power off");
        }
        _ => {
            node.power("power on");
            node.set(&[("/disable_power_off", json!(true))]);
            for target in ["power off", "soft power off", "soft rebooting"] {
                let refusal = node.try_power(target, None).expect_err("the node may not be powered off");
                assert!(refusal.contains("power off"), "{refusal}");
            }
            // Ironic sends `power reset` and then waits for 15 seconds.
            node.power("rebooting");
            assert_eq!(node.text("power_state"), "power on");
            node.booted(&["start network power-off", "start network runs"]);
        }
    });
}

#[test]
fn a_vm_that_somebody_stops_in_the_cloud_is_started_again_unless_its_power_is_not_ironics() {
    let Some(lab) = Lab::start(2, "20", Timing::Quick, "") else { return };
    at_once(&lab.nodes(), |index, node| {
        node.make_available();
        node.power("power on");
        node.booted(&["start network runs"]);
        if index == 0 {
            node.cloud.act(node.name, "poweroff");
            let again = ["start network power-off", "start network runs"];
            wait_for("Ironic's power sync", BOUND, || node.boot_log(), |log| *log == again);
            node.wait_for_power("power on");
        } else {
            // Ironic does not correct a node that it may not power off; it takes over what it sees.
            node.set(&[("/disable_power_off", json!(true))]);
            node.cloud.act(node.name, "poweroff");
            node.wait_for_power("power off");
            node.booted(&["start network power-off"]);
        }
        assert_eq!(node.show()["maintenance"], false);
    });
}
