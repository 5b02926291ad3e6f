//! `/etc/ethers` (ethers(5)): which MAC address has which address.
//!
//! dnsmasq reads it with `read-ethers` (`lab.md §1`). Of two lines with one MAC it would take the last without a word;
//! [`Hosts`] has none.

use std::fmt::Write;
use std::net::IpAddr;

use ipnet::Ipv4Net;

use crate::Hosts;

/// Writes a line for each interface that has an IPv4 address, in `network` only if there is one. A comment before it names
/// the machine: dnsmasq takes none behind.
pub fn ethers(hosts: &Hosts, network: Option<Ipv4Net>) -> String {
    let mut text = "# Static addresses by MAC address, for dnsmasq (read-ethers).\n".to_owned();
    for (name, interface) in hosts.interfaces() {
        let Some(IpAddr::V4(address)) = interface.address else { continue };
        if network.is_none_or(|network| network.contains(&address)) {
            let comment = one_line(&format!("{name} {}", interface.name));
            let _ = writeln!(text, "# {comment}\n{} {address}", interface.mac);
        }
    }
    text
}

/// Somebody else's text, fit for a comment.
fn one_line(text: &str) -> String {
    text.chars().map(|each| if each.is_control() { ' ' } else { each }).collect()
}
