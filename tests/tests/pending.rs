//! `ravbmc pending`: what waits, since when, why, and what comes next; with a daemon and without.

use std::path::Path;
use std::time::Duration;

use ravbmc_tests::cloud::Cloud;
use ravbmc_tests::ravbmc::{Process, configuration, run};
use ravbmc_tests::wait_for;
use serde_json::Value;

const BOUND: Duration = Duration::from_secs(30);

fn pending(configuration: &Path) -> Value {
    let output = run(&["pending", "--config", configuration.to_str().unwrap(), "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn ipmi(daemon: &Process, words: &str) {
    let address = daemon.bmcs()[0].address;
    let (ip, port) = (address.ip().to_string(), address.port().to_string());
    let mut arguments = vec!["ipmi", "-H", &ip, "-p", &port, "-U", "admin", "-E"];
    arguments.extend(words.split(' '));
    let output = run(&arguments);
    assert!(output.status.success(), "{words}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_boot_device_that_waits_is_told_by_the_daemon_and_by_its_journal() {
    let simulator = Process::simulator(&["--nodes", "1", "--speed", "20"]);
    let cloud = Cloud::of(&simulator);
    let folder = tempfile::tempdir().unwrap();
    let file = configuration(folder.path(), &simulator.cloud_url(), "");
    let daemon = Process::serve(&file);
    ipmi(&daemon, "power on");
    wait_for("on", BOUND, || cloud.state("node1"), |state| state == "STARTED");
    wait_for("nothing", BOUND, || pending(&file), |told| told["nodes"].as_array().is_some_and(Vec::is_empty));

    ipmi(&daemon, "bootdev disk --persistent");
    let told = pending(&file);
    assert_eq!(told["daemonRunning"], true);
    assert!(
        told["applications"][0]["looks"].as_u64().unwrap() > 0 && told["applications"][0]["name"] == "demo"
    );
    let node = &told["nodes"][0];
    assert_eq!(
        (&node["name"], &node["bootDevice"], &node["power"]),
        (&"node1".into(), &"disk".into(), &Value::Null)
    );
    assert_eq!(node["waitingFor"], "a power cycle asked for through the BMC");
    assert!(node["sinceMillis"].as_u64().unwrap() > 1_700_000_000_000, "{node}");
    let text = run(&["pending", "--config", file.to_str().unwrap()]);
    assert!(String::from_utf8_lossy(&text.stdout).contains("node1"), "{text:?}");

    daemon.kill();
    let told = pending(&file);
    assert_eq!(told["daemonRunning"], false);
    assert_eq!(told["nodes"][0]["bootDevice"], "disk");
    assert_eq!(told["nodes"][0]["waitingFor"], "the daemon does not run");

    let daemon = Process::serve(&file);
    assert_eq!(pending(&file)["daemonRunning"], true);
    ipmi(&daemon, "power cycle");
    wait_for("nothing", BOUND, || pending(&file), |told| told["nodes"].as_array().is_some_and(Vec::is_empty));
    assert_eq!(cloud.boots("node1").last().unwrap().device, "disk");
}

#[test]
fn a_power_request_that_the_cloud_holds_up_says_why() {
    let simulator = Process::simulator(&["--nodes", "1", "--speed", "20"]);
    let cloud = Cloud::of(&simulator);
    let folder = tempfile::tempdir().unwrap();
    let file = configuration(folder.path(), &simulator.cloud_url(), "");
    let daemon = Process::serve(&file);
    ipmi(&daemon, "power on");
    wait_for("on", BOUND, || cloud.state("node1"), |state| state == "STARTED");

    cloud.hold("node1");
    ipmi(&daemon, "power off");
    wait_for("STOPPING", BOUND, || cloud.state("node1"), |state| state == "STOPPING");
    let waits = |told: &Value| {
        let node = &told["nodes"][0];
        node["power"] == "off" && node["waitingFor"].as_str().is_some_and(|why| !why.is_empty())
    };
    wait_for("the reason", BOUND, || pending(&file), waits);
    cloud.release("node1");
    wait_for("nothing", BOUND, || pending(&file), |told| told["nodes"].as_array().is_some_and(Vec::is_empty));
    assert_eq!(cloud.state("node1"), "STOPPED");
}

#[test]
fn a_folder_that_is_no_state_directory_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(&["pending", "--state-dir", folder.path().to_str().unwrap()]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("is no state directory"), "{output:?}");
}

#[test]
fn a_dry_run_says_what_it_would_send_and_changes_nothing() {
    let simulator = Process::simulator(&["--nodes", "1", "--speed", "20"]);
    let cloud = Cloud::of(&simulator);
    let folder = tempfile::tempdir().unwrap();
    let file = configuration(folder.path(), &simulator.cloud_url(), "");
    let log = folder.path().join("log");
    let rehearsal = Process::start_logging(&["serve", "--config", file.to_str().unwrap(), "--dry-run"], &log);
    ipmi(&rehearsal, "bootdev disk --persistent");
    ipmi(&rehearsal, "power on");
    let logged = || std::fs::read_to_string(&log).unwrap();
    let difference = r#"/boot: false -> true"#;
    wait_for("the difference", BOUND, logged, |text| {
        text.contains("dry run: PUT") && text.contains(difference)
    });
    rehearsal.kill();
    assert_eq!(cloud.requests("PUT") + cloud.requests("POST /applications/{id}/"), 0);
    assert_eq!((cloud.state("node1"), cloud.boots("node1").len()), ("STOPPED".to_owned(), 0));

    let daemon = Process::serve(&file);
    ipmi(&daemon, "power on");
    wait_for("on", BOUND, || cloud.state("node1"), |state| state == "STARTED");
    assert_eq!(cloud.boots("node1")[0].device, "network", "what was asked for in the dry run is forgotten");
}
