//! What goes wrong between Ironic and a BMC is told by Ironic's own errors, and ends with its cause.

use ravbmc_tests::wait_for;
use serde_json::json;

use crate::conductor::Timing;
use crate::lab::Lab;
use crate::node::BOUND;

#[test]
fn a_wrong_password_is_an_error_until_it_is_corrected() {
    let Some(lab) = Lab::start(2, "20", Timing::Quick, "") else { return };
    let node = lab.node(1);
    let password = ravbmc_tests::ravbmc::PASSWORD;
    for (key, wrong, right) in [
        ("/driver_info/ipmi_password", "wrong", password),
        ("/driver_info/ipmi_username", "nobody", "admin"),
        ("/driver_info/ipmi_cipher_suite", "8", "17"),
    ] {
        node.set(&[(key, json!(wrong))]);
        node.ask("manage");
        let failed = wait_for(
            "the failure",
            BOUND,
            || node.show(),
            |node| node["provision_state"] == "enroll" && node["last_error"].is_string(),
        );
        let error = failed["last_error"].as_str().unwrap();
        assert!(error.contains("IPMI call failed: power status"), "{key}: {error}");
        node.set(&[(key, json!(right))]);
    }
    node.provision("manage", "manageable");
    lab.node(2).provision("manage", "manageable");
}
