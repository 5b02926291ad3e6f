//! `ravbmc node`: what is listed, and new nodes in an application that others write to as well.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    reason = "tests"
)]

use std::path::PathBuf;
use std::process::{Child, Output, Stdio};
use std::time::Duration;

use ravbmc_tests::cloud::Cloud;
use ravbmc_tests::ravbmc::{Process, command, configuration, run};
use ravbmc_tests::wait_for;
use serde_json::{Value, json};

const BOUND: Duration = Duration::from_secs(60);

/// A simulated cloud with the undercloud and one node, and a configuration for it.
struct Lab {
    cloud: Cloud,
    configuration: PathBuf,
    _folder: tempfile::TempDir,
    simulator: Process,
}

impl Lab {
    fn new(more: &str) -> Self {
        let simulator = Process::simulator(&["--nodes", "1", "--speed", "20"]);
        let cloud = Cloud::of(&simulator);
        let folder = tempfile::tempdir().unwrap();
        let configuration = configuration(folder.path(), &simulator.cloud_url(), more);
        Self { cloud, configuration, _folder: folder, simulator }
    }

    fn node(&self, words: &[&str]) -> Output {
        let mut arguments = vec!["node"];
        arguments.extend_from_slice(words);
        arguments.extend(["--config", self.configuration.to_str().unwrap()]);
        run(&arguments)
    }

    fn said(&self, words: &[&str]) -> String {
        let output = self.node(words);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, words: &[&str]) -> Value {
        serde_json::from_str(&self.said(&[words, &["--json"]].concat())).unwrap()
    }

    fn refused(&self, words: &[&str]) -> String {
        let output = self.node(words);
        assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr).unwrap()
    }

    /// A creation that goes on while the test does something else.
    fn creating(&self, words: &[&str]) -> Child {
        let mut command = command();
        command
            .args(["node", "create", "--json", "--config", self.configuration.to_str().unwrap()])
            .args(words);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// A second writer, just before or after a request.
    fn edit(&self, moment: &str, vm: &str, set: &Value) -> Value {
        json!({ "kind": "edit", "moment": moment, "vm": self.cloud.vm_id(vm), "set": set })
    }

    /// How often the undercloud, which runs all the time, has booted.
    fn undercloud_boots(&self) -> usize {
        self.cloud.boots("undercloud").len()
    }
}

fn names(created: &Value) -> Vec<&str> {
    created["nodes"].as_array().unwrap().iter().map(|node| node["name"].as_str().unwrap()).collect()
}

/// A rule for the next PUT of the application.
fn at_the_next_write(effect: &Value) -> Value {
    json!({
        "matches": { "method": "PUT", "path": "/applications/{id}" },
        "occurrence": { "kind": "next", "times": 1 },
        "effect": effect,
    })
}

#[test]
fn nodes_are_listed_with_bmc_power_boot_device_and_hardware() {
    let lab = Lab::new("");
    let daemon = Process::serve(&lab.configuration);
    let bmc = daemon.bmcs()[0].clone();
    let ipmi = |words: &str| {
        let (ip, port) = (bmc.address.ip().to_string(), bmc.address.port().to_string());
        let mut arguments = vec!["ipmi", "-H", &ip, "-p", &port, "-U", "admin", "-E"];
        arguments.extend(words.split(' '));
        assert!(run(&arguments).status.success(), "{words}");
    };
    ipmi("power on");
    let power = || lab.json(&["show", "node1"])["state"].clone();
    wait_for("started", BOUND, power, |state| state == "STARTED");
    ipmi("bootdev disk --persistent");

    let listed = lab.json(&["list"]);
    assert_eq!(listed.as_array().unwrap().len(), 1, "the undercloud is no node");
    let node = &listed[0];
    assert_eq!((&node["name"], &node["node"]), (&json!(bmc.name), &json!(bmc.node)));
    assert_eq!((&node["bmc"], &node["power"]), (&json!(bmc.address), &json!("on")));
    assert_eq!((&node["bootDevice"], &node["pending"]["bootDevice"]), (&json!("network"), &json!("disk")));
    assert_eq!((&node["cpus"], &node["memoryMib"], &node["diskGib"]), (&json!(2), &json!(8192), &json!(60)));
    assert_eq!(node["interfaces"][0]["address"], "192.168.2.10");

    let text = lab.said(&["list"]);
    for word in
        ["node1", &bmc.address.to_string(), "on", "network", "boot disk", "8 GiB", "60 GiB", "2c:c2:60:"]
    {
        assert!(text.contains(word), "{word} in {text}");
    }
    let text = lab.said(&["show", "node1"]);
    assert!(text.contains("STARTED") && text.contains("a power cycle asked for through the BMC"), "{text}");
    assert!(lab.refused(&["show", "node7"]).contains("no node \"node7\""));

    // Without a daemon its journal tells what waits; without a journal the tag in the description.
    daemon.kill();
    assert_eq!(lab.json(&["show", "node1"])["pending"]["bootDevice"], "disk");
    let tagged = || lab.cloud.design_description("node1");
    if tagged().contains("[boot: hd]") {
        let empty = tempfile::tempdir().unwrap();
        let shown = lab.json(&["show", "node1", "--state-dir", empty.path().to_str().unwrap()]);
        assert_eq!((&shown["pending"]["bootDevice"], &shown["bmc"]), (&json!("disk"), &Value::Null));
    }
}

#[test]
fn created_nodes_are_there_and_off_and_nobody_was_restarted() {
    let lab = Lab::new("");
    let before = lab.undercloud_boots();
    let rehearsed = lab.json(&["create", "-n", "2", "--dry-run"]);
    assert_eq!(names(&rehearsed), ["node2", "node3"]);
    assert_eq!((lab.cloud.requests("PUT"), lab.cloud.requests("publishUpdates")), (0, 0), "nothing was sent");

    let created = lab.json(&["create", "-n", "2", "--cpus", "4", "--memory", "1536M", "--disk", "20G"]);
    assert_eq!(names(&created), ["node2", "node3"]);
    assert_eq!(created["nodes"][0]["addresses"], json!(["192.168.2.11", "192.168.4.11"]));
    assert!(created["nodes"][1]["macs"][1].as_str().unwrap().starts_with("2c:c2:60:"), "{created}");
    for name in ["node2", "node3"] {
        assert_eq!((lab.cloud.state(name), lab.cloud.boots(name).len()), ("STOPPED".to_owned(), 0));
    }
    assert_eq!(lab.undercloud_boots(), before);
    assert_eq!((lab.cloud.requests("PUT"), lab.cloud.requests("publishUpdates")), (1, 1));

    let shown = lab.json(&["show", "node3"]);
    assert_eq!(
        (&shown["cpus"], &shown["memoryMib"], &shown["diskGib"]),
        (&json!(4), &json!(1536), &json!(20))
    );
    assert_eq!((&shown["power"], &shown["bootDevice"]), (&json!("off"), &json!("network")));
    assert_eq!(shown["unpublished"], json!([]));
    let text = lab.said(&["create", "--prefix", "spare"]);
    assert!(
        text.contains("spare1") && text.contains("192.168.2.13") && text.contains("1 created."),
        "{text}"
    );

    // They are nodes like the others: a daemon gives them BMCs, and they boot from the network.
    let daemon = Process::serve(&lab.configuration);
    assert_eq!(daemon.bmcs().len(), 4);
    let bmc = daemon.bmcs().into_iter().find(|bmc| bmc.name == "node3").unwrap();
    let (ip, port) = (bmc.address.ip().to_string(), bmc.address.port().to_string());
    let output = run(&["ipmi", "-H", &ip, "-p", &port, "-U", "admin", "-E", "power", "on"]);
    assert!(output.status.success(), "{output:?}");
    wait_for("booted", BOUND, || lab.cloud.boots("node3"), |boots| boots.len() == 1);
    assert_eq!(lab.cloud.boots("node3")[0].device, "network");
}

#[test]
fn a_writer_who_was_faster_loses_nothing() {
    let lab = Lab::new("");
    let effect = lab.edit("before", "node1", &json!({ "/description": "somebody else" }));
    lab.cloud.fault(&at_the_next_write(&effect));
    let created = lab.json(&["create", "-n", "1"]);
    assert_eq!(names(&created), ["node2"]);
    assert_eq!(lab.cloud.requests("PUT"), 2, "the first was refused");
    assert_eq!(lab.cloud.design_description("node1"), "somebody else");
}

#[test]
fn a_write_whose_answer_was_lost_makes_no_second_set() {
    let lab = Lab::new("");
    lab.cloud.fault(&at_the_next_write(&json!({ "kind": "lose-reply" })));
    assert_eq!(names(&lab.json(&["create", "-n", "2"])), ["node2", "node3"]);
    assert_eq!(lab.cloud.design_names("node1"), ["undercloud", "node1", "node2", "node3"]);
}

#[test]
fn two_at_once_create_twice_as_many() {
    let lab = Lab::new("");
    let both = [lab.creating(&["-n", "2"]), lab.creating(&["-n", "2"])];
    let mut all: Vec<String> = both
        .into_iter()
        .flat_map(|child| {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let created: Value = serde_json::from_slice(&output.stdout).unwrap();
            names(&created).into_iter().map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    all.sort();
    assert_eq!(all, ["node2", "node3", "node4", "node5"]);
}

#[test]
fn a_daemon_at_work_and_a_creation_leave_each_other_alone() {
    let lab = Lab::new("");
    let before = lab.undercloud_boots();
    let daemon = Process::serve(&lab.configuration);
    let bmc = daemon.bmcs()[0].clone();
    let ipmi = |words: &str| {
        let (ip, port) = (bmc.address.ip().to_string(), bmc.address.port().to_string());
        let mut arguments = vec!["ipmi", "-H", &ip, "-p", &port, "-U", "admin", "-E"];
        arguments.extend(words.split(' '));
        assert!(run(&arguments).status.success(), "{words}");
    };
    ipmi("power on");
    wait_for("on", BOUND, || lab.cloud.state("node1"), |state| state == "STARTED");
    ipmi("bootdev disk --persistent");
    let creating = lab.creating(&["-n", "3"]);
    ipmi("power cycle");
    let output = creating.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for name in ["node2", "node3", "node4"] {
        assert_eq!((lab.cloud.state(name), lab.cloud.boots(name).len()), ("STOPPED".to_owned(), 0), "{name}");
    }
    let boots = || lab.cloud.boots("node1");
    let boots =
        wait_for("the power cycle", BOUND, boots, |boots| boots.len() >= 2 && boots.last().unwrap().runs());
    let devices: Vec<&str> = boots.iter().map(|boot| boot.device.as_str()).collect();
    assert_eq!(devices, ["network", "disk"], "one boot from each, the disk's uninterrupted");
    assert_eq!(lab.undercloud_boots(), before);
}

#[test]
fn changes_of_somebody_else_on_a_running_vm_stop_it_before_anything_is_written() {
    let lab = Lab::new("");
    let before = lab.undercloud_boots();
    lab.cloud.edit_design("undercloud", |vm| vm["numCpus"] = json!(8));
    let writes = lab.cloud.requests("PUT");
    let refused = lab.refused(&["create"]);
    assert!(refused.contains("nothing was changed") && refused.contains("undercloud (numCpus)"), "{refused}");
    assert_eq!((lab.cloud.requests("PUT"), lab.cloud.requests("publishUpdates")), (writes, 0));
    assert_eq!(lab.undercloud_boots(), before);
    let output = lab.node(&["create", "--dry-run"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("would be held back: undercloud"), "{output:?}");
}

#[test]
fn changes_that_come_between_write_and_publish_hold_the_publish_back() {
    let lab = Lab::new("");
    let before = lab.undercloud_boots();
    let effect = lab.edit("after", "undercloud", &json!({ "/numCpus": 8 }));
    lab.cloud.fault(&at_the_next_write(&effect));
    let refused = lab.refused(&["create", "--timeout", "2s"]);
    assert!(
        refused.contains("not done within 2s")
            && refused.contains("in the design and not published")
            && refused.contains("undercloud (numCpus)"),
        "{refused}"
    );
    assert_eq!(lab.cloud.requests("publishUpdates"), 0);

    // As soon as they are gone it goes on.
    lab.cloud.edit_design("undercloud", |vm| vm["numCpus"] = json!(4));
    lab.cloud.fault(&at_the_next_write(&effect));
    let child = lab.creating(&["--prefix", "late"]);
    let designed = || lab.cloud.design("undercloud")["numCpus"].clone();
    wait_for("the second writer's change", BOUND, designed, |cpus| *cpus == 8);
    lab.cloud.edit_design("undercloud", |vm| vm["numCpus"] = json!(4));
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(lab.cloud.state("late1"), "STOPPED");
    assert_eq!(lab.undercloud_boots(), before, "the undercloud was not restarted");
}

#[test]
fn nodes_of_an_application_that_was_never_published_wait_in_its_design() {
    let folder = tempfile::tempdir().unwrap();
    let document = folder.path().join("lab.json");
    let interface = json!({ "name": "eth0", "device": { "index": 0, "deviceType": "virtio", "useAutomaticMac": true },
        "ipConfig": { "staticIpConfig": { "ip": "192.168.2.1", "mask": "255.255.255.0" } } });
    let undercloud = json!({ "name": "undercloud", "networkConnections": [interface], "hardDrives": [] });
    let application = json!({ "name": "lab", "design": { "vms": [undercloud] } });
    std::fs::write(&document, application.to_string()).unwrap();
    let simulator = Process::simulator(&["--application", document.to_str().unwrap(), "--speed", "20"]);
    let cloud = Cloud::of(&simulator);
    let configuration = configuration(folder.path(), &simulator.cloud_url(), "");
    let text = std::fs::read_to_string(&configuration).unwrap().replace("\"demo\"", "\"lab\"");
    std::fs::write(&configuration, text).unwrap();
    let create = |words: &[&str]| {
        let words = [&["node", "create", "--config", configuration.to_str().unwrap()], words].concat();
        let output = run(&words);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let created: Value = serde_json::from_str(&create(&["-n", "2", "--json"])).unwrap();
    assert_eq!(names(&created), ["node1", "node2"]);
    let text = create(&[]);
    assert!(text.contains("node3") && text.contains("never published"), "{text}");
    assert_eq!((cloud.requests("PUT"), cloud.requests("publishUpdates")), (2, 0));
}

#[test]
fn an_operator_may_have_everything_published() {
    let lab = Lab::new("publish = \"always\"\n");
    let before = lab.undercloud_boots();
    lab.cloud.edit_design("undercloud", |vm| vm["numCpus"] = json!(8));
    assert_eq!(names(&lab.json(&["create"])), ["node2"]);
    wait_for("the restart", BOUND, || lab.undercloud_boots(), |boots| *boots == before + 1);
}

#[test]
fn what_cannot_be_made_is_refused_with_a_reason() {
    let lab = Lab::new("");
    for (words, reason) in [
        (vec!["create", "--image", "other.iso"], "no image \"other.iso\""),
        (vec!["create", "--like", "nobody"], "no VM named \"nobody\""),
        (vec!["create", "--memory", "64M"], "expected 128M to 4T"),
        (vec!["create", "-n", "0"], "0 is not in 1..=200"),
    ] {
        let refused = lab.refused(&words);
        assert!(refused.contains(reason), "{refused}");
    }
    assert_eq!(lab.cloud.requests("PUT"), 0);
    assert!(lab.simulator.terminate());
}
