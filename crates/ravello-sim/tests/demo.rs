//! The demo application over HTTP.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    unreachable_pub,
    missing_docs,
    dead_code,
    reason = "tests"
)]

mod support;

use ravello_sim::{BootCause, BootEnd, BootedFrom, VmState};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use support::demo;

#[tokio::test]
async fn demo_application_has_an_undercloud_that_runs_and_nodes_that_are_off() {
    let served = demo(3).await;
    let application = served.get(&served.demo_path()).await;
    let states: Vec<(&str, &str)> = application["deployment"]["vms"]
        .as_array()
        .unwrap()
        .iter()
        .map(|vm| (vm["name"].as_str().unwrap(), vm["state"].as_str().unwrap()))
        .collect();
    assert_eq!(states.len(), 4);
    for (name, state) in states {
        assert_eq!(state, if name == "undercloud" { "STARTED" } else { "STOPPED" }, "{name}");
    }
    assert_eq!(application["designDiffersFromDeployment"], false);
    let node =
        application["design"]["vms"].as_array().unwrap().iter().find(|vm| vm["name"] == "node1").unwrap();
    assert_eq!(node["hardDrives"][0]["type"], "CDROM", "the disk is not the first drive");
    assert_eq!(node["hardDrives"][0]["baseDiskImageName"], "ipxe.iso");
    assert_eq!(node["hardDrives"][1]["boot"], false);
    assert_eq!(node["networkConnections"][0]["ipConfig"]["staticIpConfig"]["ip"], "192.168.2.10");
    assert_eq!(node["networkConnections"][1]["ipConfig"]["staticIpConfig"]["ip"], "192.168.4.10");
}

#[tokio::test]
async fn node_boots_from_the_device_that_was_published() {
    let served = demo(1).await;
    let (path, node) = (served.demo_path(), served.node("node1"));
    let vm_path = format!("{path}/vms/{node}");
    let started = |sim: &ravello_sim::Simulator| sim.vm_state(node) == Some(VmState::Started);
    let stopped = |sim: &ravello_sim::Simulator| sim.vm_state(node) == Some(VmState::Stopped);

    assert_eq!(served.act(&format!("{vm_path}/start")).await, StatusCode::ACCEPTED);
    served.simulator.wait_until(started).await;
    assert_eq!(served.act(&format!("{vm_path}/poweroff")).await, StatusCode::ACCEPTED);
    served.simulator.wait_until(stopped).await;

    let mut vm = served.get(&vm_path).await;
    vm["hardDrives"][1]["boot"] = Value::Bool(true);
    assert_eq!(served.put(&vm_path, &vm).await.status(), StatusCode::OK);
    assert_eq!(
        served.act(&format!("{path}/publishUpdates?startAllDraftVms=false")).await,
        StatusCode::ACCEPTED
    );
    assert_eq!(served.act(&format!("{vm_path}/start")).await, StatusCode::ACCEPTED);
    served.simulator.wait_until(started).await;

    let boots = served.simulator.boot_log(node);
    let seen: Vec<_> =
        boots.iter().map(|boot| (boot.cause, boot.device, boot.ended.map(|end| end.how))).collect();
    assert_eq!(
        seen,
        [
            (BootCause::Start, BootedFrom::Network, Some(BootEnd::PowerOff)),
            (BootCause::Start, BootedFrom::Disk, None),
        ]
    );
}

#[tokio::test]
async fn many_nodes_get_addresses_of_wider_networks() {
    let served = demo(600).await;
    let design = served.get(&format!("{};design", served.demo_path())).await;
    let addresses: std::collections::BTreeSet<String> = design["design"]["vms"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|vm| vm["networkConnections"].as_array().unwrap())
        .map(|connection| connection["ipConfig"]["staticIpConfig"]["ip"].to_string())
        .collect();
    assert_eq!(addresses.len(), 2 * 601, "no address twice");
}

#[tokio::test]
async fn interface_of_the_simulator_shows_boots_and_requests() {
    let served = demo(1).await;
    let node = served.node("node1");
    served.act(&format!("{}/vms/{node}/start", served.demo_path())).await;
    served.simulator.wait_until(|sim| sim.vm_state(node) == Some(VmState::Started)).await;
    let reboot = served.sim(Method::POST, &format!("/vms/{node}/reboot")).send().await.unwrap();
    assert_eq!(reboot.status(), StatusCode::NO_CONTENT);
    let boots = served.sim(Method::GET, &format!("/boots?vm={node}")).send().await.unwrap();
    let boots = support::json(boots, StatusCode::OK).await;
    assert_eq!(boots[0]["cause"], "start");
    assert_eq!(boots[0]["ended"]["how"], "guest-reboot");
    assert_eq!(boots[1]["cause"], "guest-reboot");
    assert_eq!(boots[1]["ended"], Value::Null);
    let requests = served.sim(Method::GET, "/requests").send().await.unwrap();
    let requests = support::json(requests, StatusCode::OK).await;
    assert_eq!(requests, json!({ "total": 1, "kinds": { "POST /applications/{id}/vms/{id}/start": 1 } }));
}
