//! `ravbmc lab` as a user meets it. What the texts do to a real dnsmasq and a real VM is tested where they are made, in the
//! crate `provisioning`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    reason = "tests"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;

use ravbmc_tests::cloud::Cloud;
use ravbmc_tests::ravbmc::{Process, configuration, run};
use serde_json::{Value, json};

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn complaint(output: &Output) -> String {
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn the_address_service_is_made_for_the_nodes_of_a_running_demonstration() {
    let demo = Process::demo(2, &["--speed", "20"]);
    let folder = tempfile::tempdir().unwrap();
    let (service, ethers) = (folder.path().join("access.conf"), folder.path().join("ethers"));
    let (service, ethers) = (service.to_str().unwrap(), ethers.to_str().unwrap());
    let configuration = demo.announced["configuration"].as_str().unwrap();
    let words = |network| {
        vec![
            "lab",
            "dnsmasq",
            "--interface",
            "br0",
            "--network",
            network,
            "--config",
            configuration,
            "--ethers",
            ethers,
            "-o",
            service,
        ]
    };
    let refused = complaint(&run(&words("198.51.100.0/24")));
    assert!(refused.contains("no node has an address in 198.51.100.0/24"), "{refused}");
    assert!(!fs::exists(service).unwrap() && !fs::exists(ethers).unwrap(), "nothing is written by halves");

    assert_eq!(said(&run(&words("192.168.2.0/24"))), "");
    let text = fs::read_to_string(service).unwrap();
    assert!(
        text.contains("\ninterface=br0\n")
            && text.contains("\ndhcp-range=192.168.2.0,static,255.255.255.0\n")
    );
    let lines = fs::read_to_string(ethers).unwrap();
    let lines: Vec<&str> = lines.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].starts_with("2c:c2:60:") && lines[0].ends_with(" 192.168.2.10"), "{lines:?}");
    for file in [service, ethers] {
        assert_eq!(
            fs::metadata(file).unwrap().permissions().mode() & 0o777,
            0o644,
            "dnsmasq has to read {file}"
        );
    }
}

#[test]
fn the_script_has_the_interfaces_and_prompts_that_were_asked_for() {
    let usual = said(&run(&["lab", "ipxe-script"]));
    assert!(usual.starts_with("#!ipxe\n") && usual.ends_with("\nreboot\n"), "{usual}");
    let options =
        ["lab", "ipxe-script", "--interfaces", "1,0", "--shell-prompt", "0s", "--reboot-prompt", "500ms"];
    let script = said(&run(&options));
    assert!(script.find("net1").unwrap() < script.find("net0").unwrap(), "{script}");
    assert!(!script.contains("Ctrl-B") && script.contains("--timeout 500 "), "{script}");
    assert!(said(&run(&["lab", "ipxe-script", "--autoboot"])).contains("\nautoboot ||\n"));
    let refused = complaint(&run(&["lab", "ipxe-script", "--interfaces", "0,0"]));
    assert!(refused.contains("net0 stands in the order twice"), "{refused}");
}

#[test]
fn an_image_without_its_ingredients_names_the_package() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("ipxe.iso");
    let options = ["lab", "iso", "-o", image.to_str().unwrap(), "--ipxe-lkrn", "/no/such/ipxe.lkrn"];
    let refused = complaint(&run(&options));
    assert!(refused.contains("/no/such/ipxe.lkrn; install the package ipxe"), "{refused}");
    assert!(!image.exists());
}

#[test]
fn what_is_known_to_make_deployments_fail_is_found() {
    let simulator = Process::simulator(&["--nodes", "2", "--speed", "20"]);
    let cloud = Cloud::of(&simulator);
    let folder = tempfile::tempdir().unwrap();
    let file = configuration(folder.path(), &simulator.cloud_url(), "");
    let ironic = folder.path().join("ironic.conf");
    fs::write(&ironic, "[pxe]\nenable_netboot_fallback = false\n").unwrap();
    let check = |more: &[&str]| {
        let words =
            ["lab", "check", "--config", file.to_str().unwrap(), "--ironic-conf", ironic.to_str().unwrap()];
        run(&[&words[..], more].concat())
    };
    assert_eq!(said(&check(&[])), "2 nodes looked at, nothing wrong found.\n");

    fs::write(&ironic, "[pxe]\nenable_netboot_fallback = True\n").unwrap();
    cloud.edit_design("node1", |vm| {
        vm["memorySize"] = json!({ "value": 64, "unit": "MB" });
        vm["hardDrives"].as_array_mut().unwrap().retain(|drive| drive["type"] == "DISK");
    });
    cloud.edit_design("node2", |vm| {
        vm["networkConnections"][1]["ipConfig"] = json!({ "autoIpConfig": {} });
        vm["networkConnections"][0]["ipConfig"]["staticIpConfig"]["ip"] = json!("192.168.2.10");
    });
    let output = check(&["--json"]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("5 problems found"), "{output:?}");
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let found: Vec<String> =
        found.as_array().unwrap().iter().map(|one| format!("{} {}", one["node"], one["problem"])).collect();
    for (node, words) in [
        ("node1", "64 MiB of memory"),
        ("node1", "no CD-ROM drive"),
        ("node2", "eth1 has no static address"),
        ("null", "IP address 192.168.2.10 occurs twice"),
        ("null", "enable_netboot_fallback is on"),
    ] {
        assert!(found.iter().any(|one| one.contains(node) && one.contains(words)), "{words} in {found:?}");
    }
    assert!(String::from_utf8_lossy(&check(&[]).stdout).contains("no CD-ROM drive"));
}
