//! The boot CD-ROM and the address service together: a real iPXE in QEMU asks the real dnsmasq, which must stay silent.
//!
//! That the boot goes on does not show it: this iPXE prefers an offer with a boot file and would pass over a useless one
//! (`lab.md §1`). So the offers are counted in dnsmasq's log. Everything happens in namespaces of the test's own, on a bridge
//! that leads nowhere.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    reason = "tests"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use provisioning::export::ethers::ethers;
use provisioning::{AccessNetwork, Host, Hosts, Interface, IpxeScript, IsoIngredients};

const MAC: &str = "2c:c2:60:00:00:0a";

/// Runs in namespaces of its own: serves, boots a VM from the CD-ROM, and ends when iPXE has given up, or after four minutes.
///
/// `$1` is the folder of the trial, with `dnsmasq.conf`, `ethers` and `ipxe.iso`.
const TRIAL: &str = r#"
set -eu
folder=$1
mkdir -p "$folder/etc"
cp /etc/passwd /etc/group "$folder/etc/"
cp "$folder/ethers" "$folder/etc/ethers"
mount --bind "$folder/etc" /etc
ip link set lo up
ip link add eth0 type bridge
ip address add 192.168.2.1/24 dev eth0
ip tuntap add tap0 mode tap
ip link set tap0 master eth0
ip link set tap0 up
ip link set eth0 up
dnsmasq --keep-in-foreground --user=root --conf-file="$folder/dnsmasq.conf" --dhcp-leasefile="$folder/leases" \
    --pid-file= --log-facility="$folder/log" &
server=$!
machine=
trap 'kill $server $machine 2>/dev/null || true' EXIT
qemu-system-x86_64 -nodefaults -no-user-config -machine pc,graphics=off -accel tcg -icount shift=6,sleep=off \
    -smp 1 -m 128 -display none -vga none -serial "file:$folder/serial" \
    -netdev tap,id=n0,ifname=tap0,script=no,downscript=no \
    -device virtio-net-pci,netdev=n0,romfile=,mac=2c:c2:60:00:00:0a \
    -drive "if=none,id=cd,media=cdrom,readonly=on,format=raw,file=$folder/ipxe.iso" -device ide-cd,drive=cd,bootindex=1 &
machine=$!
tries=0
until grep -qs 'Nothing was booted' "$folder/serial"; do
    kill -0 $server && kill -0 $machine
    tries=$((tries + 1))
    [ $tries -lt 2400 ]
    sleep 0.1
done
"#;

fn missing() -> Option<&'static str> {
    let works = |program: &str, words: &[&str]| {
        let mut command = Command::new(program);
        command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let there = |file: &str| Path::new(file).exists();
    let trial = "mount --bind /etc /etc && ip tuntap add tap0 mode tap";
    let tap = ["--net", "--mount", "--propagation", "private", "sh", "-c", trial];
    [
        (works("ip", &["-V"]), "ip is not installed (package iproute2)"),
        (works("unshare", &tap), "network namespaces, mounts in them or /dev/net/tun are not allowed here"),
        (works("dnsmasq", &["--version"]), "dnsmasq is not installed (package dnsmasq-base)"),
        (works("qemu-system-x86_64", &["--version"]), "QEMU is not installed (package qemu-system-x86)"),
        (works("xorriso", &["--version"]), "xorriso is not installed"),
        (there("/usr/lib/ipxe/ipxe.lkrn"), "iPXE is not installed (package ipxe)"),
        (there("/usr/lib/ISOLINUX/isolinux.bin"), "ISOLINUX is not installed (package isolinux)"),
        (
            there("/usr/lib/syslinux/modules/bios/ldlinux.c32"),
            "SYSLINUX is not installed (package syslinux-common)",
        ),
    ]
    .into_iter()
    .find_map(|(is_there, what)| (!is_there).then_some(what))
}

/// What dnsmasq logged while iPXE asked.
fn log_of_a_boot(configuration: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let interface = Interface {
        name: "eth0".to_owned(),
        mac: MAC.parse().unwrap(),
        address: Some("192.168.2.10".parse().unwrap()),
    };
    let hosts = Hosts::new(vec![Host { name: "node1".to_owned(), interfaces: vec![interface] }]).unwrap();
    fs::write(file("dnsmasq.conf"), configuration).unwrap();
    fs::write(file("ethers"), ethers(&hosts, None)).unwrap();
    IsoIngredients::new(IpxeScript::default().text().unwrap()).build(&file("ipxe.iso")).unwrap();
    let output = Command::new("unshare")
        .args(["--net", "--mount", "--propagation", "private", "sh", "-c", TRIAL, "trial"])
        .arg(folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let read = |name: &str| fs::read_to_string(file(name)).unwrap_or_default();
    assert!(
        output.status.success(),
        "{}\n{}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr),
        read("log"),
        read("serial")
    );
    read("log")
}

#[test]
fn a_real_ipxe_gets_no_offer_in_the_access_network() {
    if let Some(missing) = missing() {
        println!("SKIPPED: a real iPXE in the access network: {missing}");
        return;
    }
    let good = AccessNetwork::default().dnsmasq().unwrap();
    let log = log_of_a_boot(&good);
    let asked = format!("{MAC} ignored");
    assert!(log.contains(&asked) && !log.contains("DHCPOFFER"), "{log}");

    // It would be noticed.
    let log = log_of_a_boot(&good.replace("dhcp-ignore=tag:ipxe\n", ""));
    assert!(log.contains("DHCPOFFER") && !log.contains("ignored"), "{log}");
}
