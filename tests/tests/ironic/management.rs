//! What Ironic does with a BMC besides power and boot devices.

use std::time::Duration;

use ravbmc_tests::wait_for;
use serde_json::{Value, json};

use crate::conductor::{Ironic, Timing};
use crate::lab::Lab;

/// The lines of the log that contain this text.
fn lines(ironic: &Ironic, text: &str) -> Vec<String> {
    ironic.log().lines().filter(|line| line.contains(text)).map(str::to_owned).collect()
}

/// What Ironic read from the sensors of a node, as it would send it on a message bus.
fn sensors(ironic: &Ironic, node: &str) -> Option<Value> {
    let line = lines(ironic, "oslo.messaging.notification.hardware").pop()?;
    let message: Value = serde_json::from_str(&line[line.find('{')?..]).ok()?;
    (message["payload"]["node_name"] == node).then(|| message["payload"]["payload"].clone())
}

#[test]
fn identity_sensors_and_vendor_commands_are_those_of_a_bmc() {
    let more = "[DEFAULT]\ndebug = true\n[sensor_data]\nsend_sensor_data = true\ninterval = 3\n";
    let Some(lab) = Lab::start(1, "20", Timing::Quick, more) else { return };
    let (ironic, node) = (&lab.ironic, lab.node(1));

    // Nothing is asked of the BMC before `manage`.
    let valid = node.get("/validate");
    for interface in ["power", "management", "boot", "deploy", "network", "storage"] {
        let result = &valid[interface];
        assert!(result["result"] == true || interface == "deploy", "{interface}: {result}");
    }

    let managed = node.provision("manage", "manageable");
    assert_eq!(managed["power_state"], "power off");
    // The BMC names no manufacturer, and so no quirk of a vendor is turned on.
    assert_eq!(managed["properties"]["vendor"], "unknown");

    node.power("power on");
    let read = wait_for(
        "a notification with sensors that show the power",
        Duration::from_secs(60),
        || sensors(ironic, node.name),
        |read| read.as_ref().is_some_and(|read| read.to_string().contains("S0/G0")),
    );
    let read = read.unwrap();
    for kind in ["Power", "System"] {
        assert!(read.get(kind).is_some(), "no sensors of the kind {kind}: {read}");
    }

    // An NMI cannot be injected, and the error says so.
    let refusal = node.put("/management/inject_nmi", &json!({})).refusal();
    assert!(refusal.contains("IPMI call failed: power diag"), "{refusal}");

    let passthru = |method: &str, body: Value| {
        let path = format!("/v1/nodes/{}/vendor_passthru?method={method}", node.name);
        ironic.request("POST", &path, Some(&body)).ok();
    };
    passthru("send_raw", json!({ "raw_bytes": "0x06 0x01" }));
    passthru("bmc_reset", json!({ "warm": true }));
    passthru("bmc_reset", json!({ "warm": false }));
    let ended = |words: &str| {
        let words = words.to_owned();
        move |line: &String| line.contains(&format!("{words}\" returned: 0"))
    };
    for words in ["raw 0x06 0x01", "bmc reset warm", "bmc reset cold"] {
        let log = || lines(ironic, words);
        wait_for(words, Duration::from_secs(60), log, |lines| lines.iter().any(ended(words)));
    }
    // Vendor commands of other manufacturers are answered, not dropped: the client ends soon, and with an error.
    passthru("send_raw", json!({ "raw_bytes": "0x2c 0x41 0x00" }));
    let log = || lines(ironic, "raw 0x2c 0x41 0x00");
    let refused = |lines: &Vec<String>| lines.iter().any(|line| line.contains("returned: 1"));
    wait_for("the refusal", Duration::from_secs(60), log, refused);

    assert_eq!(node.boot_log(), ["start network runs"], "none of it touched the VM");
    assert_eq!(node.show()["maintenance"], false);
}
