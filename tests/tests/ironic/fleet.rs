//! Ten nodes at once, with Ironic's power sync looking at them all the time.

use std::time::{Duration, Instant};

use ravbmc_tests::cloud::Cloud;
use ravbmc_tests::ravbmc::{Process, configuration};
use ravbmc_tests::wait_for;
use serde_json::{Value, json};

use crate::conductor::{Ironic, Timing};
use crate::installation::Installation;
use crate::lab::{at_once, enrol};
use crate::node::{BOUND, Node};

const NODES: usize = 10;

#[test]
fn ten_nodes_keep_their_states_while_all_of_them_work_and_while_the_bmcs_are_away() {
    let Some(installation) = Installation::ready() else { return };
    let simulator = Process::simulator(&["--nodes", &NODES.to_string(), "--speed", "20"]);
    let folder = tempfile::tempdir().unwrap();
    let configuration = configuration(folder.path(), &simulator.cloud_url(), "");
    let daemon = Process::serve(&configuration);
    let ironic = Ironic::start(installation, Timing::Quick, "");
    enrol(&ironic, &configuration, NODES);
    let cloud = Cloud::of(&simulator);
    let names: Vec<String> = (1..=NODES).map(|number| format!("node{number}")).collect();
    let nodes: Vec<Node<'_>> =
        names.iter().map(|name| Node { ironic: &ironic, cloud: &cloud, name }).collect();

    at_once(&nodes, |_, node| node.make_available());
    let started = Instant::now();
    let mut took = at_once(&nodes, |_, node| node.power("power on"));
    took.sort();
    println!("ten nodes on one address: power on took {took:?}, all {:?}", started.elapsed());

    // Half of them boot their disk next; nobody else notices.
    let publishes = cloud.requests("publishUpdates");
    at_once(&nodes, |index, node| {
        if index % 2 == 0 {
            node.boot_from("disk", true);
        }
    });
    assert!(nodes.iter().all(|node| node.boot_log() == ["start network runs"]), "nothing restarted");
    assert_eq!(cloud.requests("publishUpdates"), publishes, "nothing was published");
    at_once(&nodes, |_, node| node.power("rebooting"));
    for (index, node) in nodes.iter().enumerate() {
        let second = if index % 2 == 0 { "start disk runs" } else { "start network runs" };
        node.booted(&["start network power-off", second]);
        let shown = node.show();
        assert_eq!((&shown["maintenance"], &shown["power_state"]), (&json!(false), &json!("power on")));
    }

    // The BMCs go away. Ironic gives up on each node, and comes back by itself.
    daemon.kill();
    let in_maintenance = |node: &Value| node["maintenance"] == true && node["fault"] == "power failure";
    for node in &nodes {
        wait_for("Ironic's notice", BOUND, || node.show(), in_maintenance);
    }
    let refusal = nodes[0].set_boot_device("pxe", true).refusal();
    assert!(refusal.contains("IPMI call failed: raw 0x00 0x08 0x03 0x08"), "{refusal}");
    let started = Instant::now();
    let daemon = Process::serve(&configuration);
    let back = |node: &Value| node["maintenance"] == false && node["power_state"] == "power on";
    for node in &nodes {
        wait_for("Ironic's recovery", BOUND, || node.show(), back);
    }
    println!("ten nodes were back {:?} after the start of the daemon", started.elapsed());
    assert!(started.elapsed() < Duration::from_secs(60));
    assert!(nodes.iter().all(|node| node.boots().len() == 2), "no VM was touched");
    at_once(&nodes, |_, node| node.power("power off"));
    assert!(nodes.iter().all(|node| node.boots().len() == 2 && !node.boots()[1].runs()));
    drop(daemon);
}
