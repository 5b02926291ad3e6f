//! The address service with the real dnsmasq and real DHCP exchanges, in network namespaces that the test makes for itself
//! (`lab.md §1`).
//!
//! Each trial has a namespace for the server, one for a client, a cable between them, and an `/etc` of its own: dnsmasq reads
//! `/etc/ethers` under no other name. Nothing outside is touched, and all of it is gone with the trial's process. The rules are
//! then tried on configurations that are broken on purpose: each of them must be noticed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    reason = "tests"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use provisioning::export::ethers::ethers;
use provisioning::{AccessNetwork, Host, Hosts, Interface};

/// The node's interface in the access network, as in `/etc/ethers`.
const NODE: &str = "2c:c2:60:00:00:0a";
/// An interface that nobody has heard of.
const STRANGER: &str = "2c:c2:60:00:00:ff";

/// Runs in namespaces of its own: serves, asks as four clients, prints what the client got.
///
/// `$1` is the folder of the trial, with `dnsmasq.conf`, `ethers` and `lease`, the script that udhcpc calls.
const TRIAL: &str = r#"
set -eu
folder=$1
mkdir -p "$folder/etc"
cp /etc/passwd /etc/group "$folder/etc/"
: > "$folder/etc/resolv.conf"
cp "$folder/ethers" "$folder/etc/ethers"
mount --bind "$folder/etc" /etc
mount -t tmpfs tmpfs /run
ip link set lo up
ip netns add client
ip link add eth0 type veth peer name eth0 netns client
ip address add 192.168.2.1/24 dev eth0
ip link set eth0 up
ip -n client link set lo up
dnsmasq --keep-in-foreground --user=root --conf-file="$folder/dnsmasq.conf" --dhcp-leasefile="$folder/leases" \
    --pid-file= --log-facility="$folder/log" &
server=$!
trap 'kill $server 2>/dev/null || true' EXIT
tries=0
until grep -qs 'DHCP, static leases only\|DHCP, IP range' "$folder/log"; do
    kill -0 $server || { echo "died=$(cat "$folder/log" 2>/dev/null)"; exit 0; }
    tries=$((tries + 1))
    [ $tries -lt 600 ] || { echo "died=not ready"; exit 0; }
    sleep 0.05
done
ask() { # ask NAME MAC OPTIONS…
    name=$1
    ip -n client link set eth0 down
    ip -n client link set eth0 address "$2"
    ip -n client link set eth0 up
    shift 2
    : > "$folder/answer"
    ip netns exec client udhcpc -f -n -q -i eth0 -t 7 -T 1 -A 0 -s "$folder/lease" "$@" >/dev/null 2>&1 || true
    echo "$name=$(cat "$folder/answer")"
}
ask node 2c:c2:60:00:00:0a
ask ipxe 2c:c2:60:00:00:0a -x 0xaf:b105011af410
ask pxe 2c:c2:60:00:00:0a -V PXEClient
ask stranger 2c:c2:60:00:00:ff
echo "log=$(grep -c 'ignored' "$folder/log" || true)"
"#;

/// What udhcpc calls: notes what it was given.
const LEASE: &str = r#"#!/bin/sh
[ "$1" = bound ] && printf '%s mask %s router %s dns %s' "$ip" "$subnet" "${router:-none}" "${dns:-none}" > "$(dirname "$0")/answer"
exit 0
"#;

/// What each client got; empty for silence.
type Answers = BTreeMap<String, String>;

fn hosts(mac: &str) -> Hosts {
    let interface = |name: &str, mac: &str, address: &str| Interface {
        name: name.to_owned(),
        mac: mac.parse().unwrap(),
        address: Some(address.parse().unwrap()),
    };
    let interfaces =
        vec![interface("eth0", mac, "192.168.2.10"), interface("eth1", "2c:c2:60:00:01:0a", "192.168.4.10")];
    Hosts::new(vec![Host { name: "node1".to_owned(), interfaces }]).unwrap()
}

/// Whether namespaces can be made and the programs are there; says what is missing as `tests/run` collects it.
fn possible() -> bool {
    let works = |program: &str, words: &[&str]| {
        let mut command = Command::new(program);
        command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let namespaces = ["--net", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/run"];
    let missing = if !works("unshare", &namespaces) {
        Some("network namespaces, or mounts in a namespace, are not allowed here")
    } else if !works("dnsmasq", &["--version"]) {
        Some("dnsmasq is not installed (package dnsmasq-base)")
    } else if !works("sh", &["-c", "command -v udhcpc"]) {
        Some("udhcpc is not installed (package udhcpc)")
    } else if !works("ip", &["-V"]) {
        Some("ip is not installed (package iproute2)")
    } else {
        None
    };
    if let Some(missing) = missing {
        println!("SKIPPED: the address service with the real dnsmasq: {missing}");
    }
    missing.is_none()
}

/// Several trials at once: they mostly wait.
fn trials(of: Vec<(String, String)>) -> Vec<Answers> {
    let start = |(configuration, ethers): (String, String)| {
        std::thread::spawn(move || trial(&configuration, &ethers))
    };
    let running: Vec<_> = of.into_iter().map(start).collect();
    running.into_iter().map(|trial| trial.join().unwrap()).collect()
}

fn trial(configuration: &str, ethers: &str) -> Answers {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    fs::write(file("dnsmasq.conf"), configuration).unwrap();
    fs::write(file("ethers"), ethers).unwrap();
    fs::write(file("lease"), LEASE).unwrap();
    Command::new("chmod").arg("+x").arg(file("lease")).status().unwrap();
    let output = run(folder.path());
    let said = String::from_utf8(output.stdout).unwrap();
    let log = fs::read_to_string(file("log")).unwrap_or_default();
    assert!(
        output.status.success(),
        "{}\n{}\n{said}\n{log}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    said.lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn run(folder: &Path) -> std::process::Output {
    Command::new("unshare")
        .args(["--net", "--mount", "--propagation", "private", "sh", "-c", TRIAL, "trial"])
        .arg(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// The rules of the access network; the first one that is broken.
fn check(answers: &Answers) -> Result<(), String> {
    if let Some(why) = answers.get("died") {
        return Err(format!("dnsmasq does not run: {why}"));
    }
    let expected = "192.168.2.10 mask 255.255.255.0 router none dns none";
    for (client, expected, rule) in [
        ("node", expected, "a node gets its own address, no router and no DNS"),
        ("pxe", expected, "a firmware's own PXE is a client like others"),
        ("ipxe", "", "iPXE gets no answer"),
        ("stranger", "", "a stranger gets no answer"),
    ] {
        let got = answers.get(client).map_or("nothing", String::as_str);
        if got != expected {
            return Err(format!("{rule}, but {client} got {got:?}"));
        }
    }
    Ok(())
}

#[test]
fn nodes_get_their_addresses_and_ipxe_and_strangers_get_silence() {
    if !possible() {
        return;
    }
    let network = AccessNetwork::default();
    let configuration = network.dnsmasq().unwrap();
    // The management interface may stand in the file too.
    let files = [ethers(&hosts(NODE), Some(network.network)), ethers(&hosts(NODE), None)];
    for answers in trials(files.map(|ethers| (configuration.clone(), ethers)).into()) {
        assert_eq!(check(&answers), Ok(()));
        // The silence is dnsmasq's own doing, not a broken cable.
        assert!(answers["log"].parse::<u32>().unwrap() > 0, "{answers:?}");
    }
}

/// Shows that the test above would notice.
#[test]
fn each_broken_configuration_is_noticed() {
    if !possible() {
        return;
    }
    let good = AccessNetwork::default().dnsmasq().unwrap();
    let addresses = ethers(&hosts(NODE), None);
    let without = |line: &str| {
        assert!(good.contains(line), "{line} is in the configuration");
        good.replace(line, "")
    };
    let broken = [
        ("iPXE is not ignored", without("dhcp-ignore=tag:ipxe\n"), "iPXE gets no answer"),
        ("another option number", good.replace("set:ipxe,175", "set:ipxe,176"), "iPXE gets no answer"),
        ("no empty router", without("dhcp-option=option:router\n"), "router 192.168.2.1"),
        ("ethers is not read", without("read-ethers\n"), "a node gets its own address"),
        (
            "a dynamic range",
            good.replace("192.168.2.0,static,255.255.255.0", "192.168.2.50,192.168.2.60"),
            "a stranger gets no answer",
        ),
        ("a syntax error", good.replace("read-ethers", "read-ethers-"), "dnsmasq does not run"),
    ];
    // A MAC twice: the last line wins, without a word. That is why the export refuses it.
    let twice = format!("{addresses}{NODE} 192.168.2.99\n");
    let somebody_else = ethers(&hosts(STRANGER), None);
    let configurations =
        broken.iter().map(|(_, configuration, _)| (configuration.clone(), addresses.clone()));
    let files = [(good.clone(), twice), (good.clone(), somebody_else)];
    let rules = broken.iter().map(|(what, _, rule)| (*what, *rule));
    let rules =
        rules.chain([("a MAC twice", "192.168.2.99"), ("another node", "a node gets its own address")]);
    for ((what, rule), answers) in rules.zip(trials(configurations.chain(files).collect())) {
        let noticed = check(&answers).expect_err(what);
        assert!(noticed.contains(rule), "{what}: {noticed}");
    }
}
