//! The real `ipmitool` against the demonstration: over UDP, encrypted, with every cipher suite on offer.

use std::time::Duration;

use ravbmc_tests::client::{Ipmitool, installed};
use ravbmc_tests::cloud::Cloud;
use ravbmc_tests::ravbmc::Process;
use ravbmc_tests::wait_for;

/// Far more than an answer takes, far less than ipmitool needs to give up on silence.
const AT_ONCE: Duration = Duration::from_secs(4);

const BOUND: Duration = Duration::from_secs(30);

struct Lab {
    demo: Process,
    cloud: Cloud,
}

impl Lab {
    fn start() -> Self {
        let demo = Process::demo(1, &["--speed", "20"]);
        let cloud = Cloud::of(&demo);
        Self { demo, cloud }
    }

    fn ipmitool(&self) -> Ipmitool {
        Ipmitool::new(&self.demo.bmcs()[0])
    }

    fn wait_for_power(&self, power: &str) {
        let status = || self.ipmitool().ok("power status");
        wait_for(power, BOUND, status, |said| said.trim() == format!("Chassis Power is {power}"));
    }

    fn wait_for_state(&self, state: &str) {
        wait_for(state, BOUND, || self.cloud.state("node1"), |seen| seen == state);
    }
}

#[test]
fn power_is_driven_with_every_choice_of_cipher_suite() {
    if !installed("ipmitool") {
        return;
    }
    let lab = Lab::start();
    for ipmitool in [lab.ipmitool().suite(3), lab.ipmitool().suite(17), lab.ipmitool()] {
        let status = ipmitool.run("power status");
        assert!(status.took < AT_ONCE, "{status:?}");
        assert_eq!(status.ok(), "Chassis Power is off\n");

        assert_eq!(ipmitool.ok("power on"), "Chassis Power Control: Up/On\n");
        lab.wait_for_power("on");
        lab.wait_for_state("STARTED");

        let boots = lab.cloud.boots("node1").len();
        assert_eq!(ipmitool.ok("power cycle"), "Chassis Power Control: Cycle\n");
        wait_for("a boot by cycle", BOUND, || lab.cloud.boots("node1").len(), |seen| *seen == boots + 1);
        lab.wait_for_state("STARTED");

        assert_eq!(ipmitool.ok("power reset"), "Chassis Power Control: Reset\n");
        wait_for("a boot by reset", BOUND, || lab.cloud.boots("node1").len(), |seen| *seen == boots + 2);
        lab.wait_for_state("STARTED");

        assert_eq!(ipmitool.ok("power soft"), "Chassis Power Control: Soft\n");
        lab.wait_for_power("off");
        lab.wait_for_state("STOPPED");

        assert_eq!(ipmitool.ok("power on"), "Chassis Power Control: Up/On\n");
        lab.wait_for_state("STARTED");
        assert_eq!(ipmitool.ok("power off"), "Chassis Power Control: Down/Off\n");
        lab.wait_for_power("off");
        lab.wait_for_state("STOPPED");
    }
}

#[test]
fn cycle_and_reset_of_a_node_that_is_off_are_refused() {
    if !installed("ipmitool") {
        return;
    }
    let lab = Lab::start();
    for words in ["power cycle", "power reset"] {
        let said = lab.ipmitool().run(words);
        assert!(!said.success, "{said:?}");
        assert!(said.err.contains("Command not supported in present state"), "{said:?}");
    }
    let said = lab.ipmitool().run("power diag");
    assert!(!said.success && said.err.contains("Invalid data field in request"), "{said:?}");
    assert_eq!(lab.cloud.boots("node1").len(), 0);
}

#[test]
fn boot_devices_are_set_and_read_back_with_all_their_options() {
    if !installed("ipmitool") {
        return;
    }
    let lab = Lab::start();
    for (device, selector) in [
        ("pxe", "Force PXE"),
        ("disk", "Force Boot from default Hard-Drive"),
        ("cdrom", "Force Boot from CD/DVD"),
    ] {
        for (option, persistent, efi) in [
            ("", false, false),
            (" options=persistent", true, false),
            (" options=efiboot", false, true),
            (" options=persistent,efiboot", true, true),
        ] {
            let said = lab.ipmitool().ok(&format!("chassis bootdev {device}{option}"));
            assert_eq!(said, format!("Set Boot Device to {device}\n"));
            let said = lab.ipmitool().ok("chassis bootparam get 5");
            for expected in [
                "Boot parameter version: 1",
                "Boot Flag Valid",
                if persistent {
                    "Options apply to all future boots"
                } else {
                    "Options apply to only next boot"
                },
                if efi { "BIOS EFI boot" } else { "BIOS PC Compatible (legacy) boot" },
                selector,
            ] {
                assert!(said.contains(expected), "{device}{option}: no {expected:?} in:\n{said}");
            }
        }
    }
}

#[test]
fn the_bytes_that_ironic_sends_in_uefi_mode_come_back_bit_for_bit() {
    if !installed("ipmitool") {
        return;
    }
    let lab = Lab::start();
    assert_eq!(lab.ipmitool().ok("raw 0x00 0x08 0x03 0x08").trim(), "");
    for (flags, device) in [("0xe0", "0x04"), ("0xa0", "0x08"), ("0xe0", "0x14")] {
        lab.ipmitool().ok(&format!("raw 0x00 0x08 0x05 {flags} {device} 0x00 0x00 0x00"));
        let read = lab.ipmitool().ok("raw 0x00 0x09 0x05 0x00 0x00");
        let bytes = format!("01 05 {} {} 00 00 00", &flags[2..], &device[2..]);
        assert_eq!(read.split_whitespace().collect::<Vec<_>>().join(" "), bytes);
    }
}

#[test]
fn a_boot_device_that_the_platform_has_not_is_refused_and_changes_nothing() {
    if !installed("ipmitool") {
        return;
    }
    let lab = Lab::start();
    lab.ipmitool().ok("chassis bootdev disk options=persistent");
    for device in ["0x18", "0x10", "0x3c"] {
        let said = lab.ipmitool().run(&format!("raw 0x00 0x08 0x05 0xe0 {device} 0x00 0x00 0x00"));
        assert!(!said.success && said.err.contains("Invalid data field in request"), "{said:?}");
    }
    let said = lab.ipmitool().ok("chassis bootparam get 5");
    assert!(said.contains("Force Boot from default Hard-Drive"), "{said}");
}

#[test]
fn the_bmc_tells_who_it_is() {
    if !installed("ipmitool") {
        return;
    }
    let lab = Lab::start();
    let said = lab.ipmitool().ok("mc info");
    for expected in ["IPMI Version              : 2.0", "Device Available          : yes", "Chassis Device"] {
        assert!(said.contains(expected), "no {expected:?} in:\n{said}");
    }
    let selftest = lab.ipmitool().ok("mc selftest");
    assert!(selftest.contains("passed"), "{selftest}");
    let first = lab.ipmitool().ok("mc guid");
    assert_eq!(first, lab.ipmitool().ok("mc guid"), "the GUID is stable");
}

#[test]
fn a_reset_of_the_bmc_ends_sessions_and_leaves_the_vm_alone() {
    if !installed("ipmitool") {
        return;
    }
    let lab = Lab::start();
    lab.ipmitool().ok("power on");
    lab.wait_for_state("STARTED");
    let boots = lab.cloud.boots("node1");
    for kind in ["cold", "warm"] {
        lab.ipmitool().ok(&format!("mc reset {kind}"));
        assert_eq!(lab.ipmitool().ok("power status"), "Chassis Power is on\n");
    }
    assert_eq!(lab.cloud.boots("node1"), boots);
}

#[test]
fn wrong_password_user_and_suite_fail_at_once_with_ipmitools_own_message() {
    if !installed("ipmitool") {
        return;
    }
    let lab = Lab::start();
    let session = "Error: Unable to establish IPMI v2 / RMCP+ session";
    for (what, ipmitool, message) in [
        ("password, suite 3", lab.ipmitool().suite(3).password("wrong"), session),
        ("password, suite 17", lab.ipmitool().suite(17).password("wrong"), session),
        ("password", lab.ipmitool().password("wrong"), session),
        ("user", lab.ipmitool().user("nobody"), session),
        ("suite", lab.ipmitool().suite(8), "no matching cipher suite"),
    ] {
        let said = ipmitool.run("power status");
        assert!(!said.success, "{what}: {said:?}");
        assert!(said.err.contains(message), "{what}: {said:?}");
        assert!(said.took < AT_ONCE, "{what}: {said:?}");
    }
    assert_eq!(lab.ipmitool().ok("power status"), "Chassis Power is off\n");
}

#[test]
fn what_the_cloud_says_and_what_happened_reach_ipmitool() {
    if !installed("ipmitool") {
        return;
    }
    let lab = Lab::start();
    let fru = lab.ipmitool().ok("fru print");
    assert!(fru.contains("node1") && fru.contains("Ravello"), "{fru}");
    let lan = lab.ipmitool().ok("lan print 1");
    assert!(lan.contains("127.0.0.1"), "{lan}");
    assert!(!lab.ipmitool().ok("sdr list").trim().is_empty());

    lab.ipmitool().ok("chassis bootdev disk options=persistent");
    lab.ipmitool().ok("power on");
    lab.wait_for_state("STARTED");
    let entries = || lab.ipmitool().ok("sel list").lines().count();
    let applied_and_on = wait_for("two events", BOUND, entries, |count| *count >= 2);
    lab.ipmitool().ok("power off");
    wait_for("one more", BOUND, entries, |count| *count > applied_and_on);
    lab.ipmitool().ok("sel clear");
    wait_for("none", BOUND, || lab.ipmitool().run("sel list").out.lines().count(), |count| *count == 0);
}
