//! TripleO's own library takes the file of `ravbmc export instackenv`, and registers the nodes with Ironic.

use std::path::Path;

use ravbmc_tests::ravbmc::{self, Process};

use crate::conductor::{Ironic, Timing};
use crate::installation::{Installation, environment};

#[test]
fn nodes_that_tripleo_imports_answer_to_ironic() {
    let Some(installation) = Installation::ready() else { return };
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/tripleo");
    let tripleo = match environment("tripleo", &scripts) {
        Ok(tripleo) => tripleo,
        Err(why) => return println!("SKIPPED: TripleO: {why}"),
    };
    let demo = Process::demo(2, &["--speed", "20"]);
    let configuration = demo.announced["configuration"].as_str().unwrap();
    let ironic = Ironic::start(installation, Timing::Quick, "");
    let file = ironic.folder().join("instackenv.json");
    let exported =
        ravbmc::run(&["export", "instackenv", "--config", configuration, "-o", file.to_str().unwrap()]);
    assert!(exported.status.success(), "{exported:?}");

    let imported =
        tripleo.script(&scripts.join("node_import.py")).arg(&file).arg(ironic.url()).output().unwrap();
    let said = String::from_utf8_lossy(&imported.stderr);
    assert!(imported.status.success(), "{said}");
    assert_eq!(String::from_utf8_lossy(&imported.stdout), "node1\nnode2\n", "{said}");

    for bmc in demo.bmcs() {
        let node = ironic.get(&format!("/v1/nodes/{}", bmc.name));
        assert_eq!(node["driver"], "ipmi");
        assert_eq!(node["driver_info"]["ipmi_port"], bmc.address.port().to_string());
        assert_eq!(node["properties"]["capabilities"], "boot_mode:bios");
        let ports = ironic.get(&format!("/v1/ports?node={}", bmc.name));
        assert_eq!(ports["ports"].as_array().unwrap().len(), 2, "{ports}");
        // Which Ironic reaches only by logging in.
        let body = serde_json::json!({ "target": "manage" });
        let path = format!("/v1/nodes/{}/states/provision", bmc.name);
        ironic.request("PUT", &path, Some(&body)).ok();
        let state = || ironic.get(&format!("/v1/nodes/{}", bmc.name))["provision_state"].clone();
        ravbmc_tests::wait_for("manageable", crate::node::BOUND, state, |state| *state == "manageable");
    }
}
