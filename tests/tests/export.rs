//! `ravbmc export` beside a running demonstration: the files are complete, private, and good for the BMCs they name.
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
use std::path::{Path, PathBuf};
use std::process::Output;

use ravbmc_tests::ravbmc::{API_PASSWORD, PASSWORD, Process, run};
use serde_json::Value;

struct Demo {
    process: Process,
    folder: tempfile::TempDir,
}

impl Demo {
    fn start(nodes: usize, more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let mut arguments = vec!["--speed", "20", "--state-dir", state.to_str().unwrap()];
        arguments.extend_from_slice(more);
        Self { process: Process::demo(nodes, &arguments), folder }
    }

    fn configuration(&self) -> &str {
        self.process.announced["configuration"].as_str().unwrap()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn export(&self, words: &[&str]) -> Output {
        let mut arguments = vec!["export"];
        arguments.extend_from_slice(words);
        arguments.extend(["--config", self.configuration()]);
        run(&arguments)
    }

    fn exported(&self, words: &[&str]) -> String {
        let output = self.export(words);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn refused(&self, words: &[&str]) -> String {
        let output = self.export(words);
        assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr).unwrap()
    }
}

fn mode(file: &Path) -> u32 {
    fs::metadata(file).unwrap().permissions().mode() & 0o777
}

#[test]
fn the_demonstration_leaves_nothing_secret_to_others() {
    let demo = Demo::start(1, &[]);
    let state = demo.folder.path().join("state");
    assert_eq!(mode(&state), 0o700);
    for name in ["ravbmc.toml", "bmc-password", "api-password"] {
        assert_eq!(mode(&state.join(name)), 0o600, "{name}");
    }
    let configuration = fs::read_to_string(demo.configuration()).unwrap();
    assert!(!configuration.contains(PASSWORD) && !configuration.contains(API_PASSWORD), "{configuration}");
    for command in [
        vec!["check-config", "--config", demo.configuration()],
        vec!["pending", "--config", demo.configuration()],
    ] {
        let output = run(&command);
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn ironic_gets_every_node_with_a_bmc_that_answers() {
    let demo = Demo::start(2, &[]);
    let file = demo.file("nodes.json");
    let printed = demo.exported(&["ironic", "--format", "json", "-o", file.to_str().unwrap()]);
    assert_eq!(printed, "", "nothing but the file");
    assert_eq!(mode(&file), 0o600);
    let document: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let nodes = document["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 2);
    for (node, bmc) in nodes.iter().zip(demo.process.bmcs()) {
        assert_eq!((&node["name"], &node["driver"]), (&bmc.name.into(), &"ipmi".into()));
        let properties = &node["properties"];
        // The disk, not the CD-ROM that the document lists first.
        assert_eq!(
            (&properties["cpus"], &properties["memory_mb"], &properties["local_gb"]),
            (&2.into(), &8192.into(), &60.into())
        );
        assert_eq!(properties["capabilities"], "boot_mode:bios");
        assert_eq!(node["ports"].as_array().unwrap().len(), 2);
        assert!(node["ports"][0]["address"].as_str().unwrap().starts_with("2c:c2:60:"), "{node}");

        let access = &node["driver_info"];
        let text = |name: &str| access[name].as_str().unwrap();
        let port = access["ipmi_port"].to_string();
        assert_eq!(port, bmc.address.port().to_string());
        fs::write(demo.file("password"), text("ipmi_password")).unwrap();
        let output = run(&[
            "ipmi",
            "-H",
            text("ipmi_address"),
            "-p",
            &port,
            "-U",
            text("ipmi_username"),
            "-f",
            demo.file("password").to_str().unwrap(),
            "power",
            "status",
        ]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn what_is_printed_holds_no_password_unless_asked_for() {
    let demo = Demo::start(1, &[]);
    for form in ["ironic", "instackenv", "metal3"] {
        let output = demo.export(&[form]);
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(!printed.contains(PASSWORD) && printed.contains("LEFT-OUT"), "{printed}");
        assert!(String::from_utf8(output.stderr).unwrap().contains("left out"));
        assert!(demo.exported(&[form, "--with-passwords"]).contains(PASSWORD), "{form}");
    }
    let maas = ["maas", "--forwarded-from", "192.0.2.10"];
    assert!(!demo.exported(&maas).contains(PASSWORD));
    assert!(demo.exported(&[&maas[..], &["--with-passwords"]].concat()).contains(PASSWORD));
}

#[test]
fn maas_is_refused_a_port_that_it_cannot_use() {
    let demo = Demo::start(1, &[]);
    let refused = demo.refused(&["maas"]);
    assert!(refused.contains("always uses 623") && refused.contains("--forwarded-from"), "{refused}");
}

#[test]
fn ethers_has_the_nodes_addresses_of_a_network() {
    let demo = Demo::start(2, &[]);
    let all = demo.exported(&["ethers"]);
    assert_eq!(all.lines().filter(|line| line.starts_with("2c:c2:60:")).count(), 4, "{all}");
    let file = demo.file("ethers");
    demo.exported(&["ethers", "--network", "192.168.2.0/24", "-o", file.to_str().unwrap()]);
    let access = fs::read_to_string(&file).unwrap();
    let addresses: Vec<_> = access
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(' ').nth(1))
        .collect();
    assert_eq!(addresses, ["192.168.2.10", "192.168.2.11"]);
    assert_eq!(mode(&file), 0o644, "dnsmasq has to read it");
}

#[test]
fn a_node_without_a_bmc_is_named_and_so_is_an_unknown_user() {
    let demo = Demo::start(1, &[]);
    let elsewhere = demo.file("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let refused = demo.refused(&["ironic", "--state-dir", elsewhere.to_str().unwrap()]);
    assert!(refused.contains("node1 has no BMC yet") && refused.contains("ravbmc serve"), "{refused}");
    let refused = demo.refused(&["ironic", "--user", "nobody"]);
    assert!(refused.contains("no [[bmc.user]] named \"nobody\""), "{refused}");
    let refused = demo.refused(&["ironic", "--application", "other"]);
    assert!(refused.contains("no [[application]] named \"other\""), "{refused}");
}
