//! The texts of the lab, letter by letter.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use provisioning::{AccessNetwork, Attempt, IpxeScript};

#[test]
fn the_access_network_is_served_by_dnsmasq() {
    insta::assert_snapshot!("dnsmasq.conf", AccessNetwork::default().dnsmasq().unwrap());
}

#[test]
fn the_boot_script_tries_each_interface() {
    insta::assert_snapshot!("script.ipxe", IpxeScript::default().text().unwrap());
}

#[test]
fn the_boot_script_can_leave_it_to_ipxe_and_ask_nobody() {
    let script = IpxeScript {
        attempt: Attempt::Autoboot,
        shell_prompt: Duration::ZERO,
        reboot_prompt: Duration::ZERO,
    };
    insta::assert_snapshot!("script-autoboot.ipxe", script.text().unwrap());
}
