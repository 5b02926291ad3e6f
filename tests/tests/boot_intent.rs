//! What setting a boot device may touch in the cloud, and what it must leave alone.

use std::time::Duration;

use ravbmc_tests::client::{Ipmitool, installed};
use ravbmc_tests::cloud::Cloud;
use ravbmc_tests::ravbmc::Process;
use ravbmc_tests::wait_for;
use serde_json::json;

const BOUND: Duration = Duration::from_secs(30);

fn started(nodes: usize) -> (Process, Cloud, Vec<Ipmitool>) {
    let demo = Process::demo(nodes, &["--speed", "20"]);
    let cloud = Cloud::of(&demo);
    let clients: Vec<Ipmitool> = demo.bmcs().iter().map(Ipmitool::new).collect();
    for client in &clients {
        client.ok("power on");
    }
    for bmc in demo.bmcs() {
        wait_for("STARTED", BOUND, || cloud.state(&bmc.name), |state| state == "STARTED");
    }
    (demo, cloud, clients)
}

#[test]
fn setting_the_boot_device_of_a_running_vm_publishes_nothing() {
    if !installed("ipmitool") {
        return;
    }
    let (_demo, cloud, clients) = started(1);
    let boots = cloud.boots("node1");
    let publishes = cloud.requests("publish");
    clients[0].ok("chassis bootdev disk options=persistent");
    wait_for("the tag", BOUND, || cloud.design_description("node1"), |text| text.contains("[boot: hd]"));
    clients[0].ok("chassis bootdev pxe options=persistent");
    wait_for("no tag", BOUND, || cloud.design_description("node1"), |text| !text.contains("[boot:"));
    assert_eq!(cloud.requests("publish"), publishes);
    assert_eq!(cloud.boots("node1"), boots);
}

#[test]
fn setting_what_already_holds_writes_nothing() {
    if !installed("ipmitool") {
        return;
    }
    let (_demo, cloud, clients) = started(1);
    let writes = cloud.requests("PUT");
    clients[0].ok("chassis bootdev pxe options=persistent");
    clients[0].ok("power on");
    let said = clients[0].ok("chassis bootparam get 5");
    assert!(said.contains("Force PXE") && said.contains("all future boots"), "{said}");
    assert_eq!(cloud.requests("PUT"), writes);
}

#[test]
fn nodes_that_change_at_the_same_time_lose_nothing() {
    if !installed("ipmitool") {
        return;
    }
    let (demo, cloud, clients) = started(4);
    std::thread::scope(|scope| {
        for client in &clients {
            scope.spawn(|| {
                client.ok("raw 0x00 0x08 0x05 0xe0 0x08 0x00 0x00 0x00");
                client.ok("power cycle");
            });
        }
    });
    for bmc in demo.bmcs() {
        let devices =
            || -> Vec<String> { cloud.boots(&bmc.name).into_iter().map(|boot| boot.device).collect() };
        wait_for(&bmc.name, BOUND, devices, |seen| *seen == ["network", "disk"]);
        wait_for("no tag", BOUND, || cloud.design_description(&bmc.name), |text| !text.contains("[boot:"));
    }
}

#[test]
fn foreign_text_and_unknown_fields_survive() {
    if !installed("ipmitool") {
        return;
    }
    let (_demo, cloud, clients) = started(1);
    let text = "rack 7\tslot [3] — do not touch\n[boot: hdd] is no tag";
    cloud.edit_design("node1", |vm| {
        vm["description"] = json!(text);
        vm["futureField"] = json!({"id": 9_007_199_254_740_993_u64, "list": [1, "two", null]});
    });
    clients[0].ok("raw 0x00 0x08 0x05 0xe0 0x08 0x00 0x00 0x00");
    let tagged = |seen: &String| seen.contains("[boot: hd]");
    let with_tag = wait_for("the tag", BOUND, || cloud.design_description("node1"), tagged);
    assert_eq!(
        with_tag.replace("[boot: hd]", ""),
        text,
        "the tag stands in the text and changes nothing else"
    );

    clients[0].ok("power cycle");
    let devices = || -> Vec<String> { cloud.boots("node1").into_iter().map(|boot| boot.device).collect() };
    wait_for("the boot from disk", BOUND, devices, |seen| *seen == ["network", "disk"]);
    assert_eq!(cloud.design_description("node1"), text);
    let vm = cloud.design("node1");
    assert_eq!(vm["futureField"], json!({"id": 9_007_199_254_740_993_u64, "list": [1, "two", null]}));
}
