//! The address service of the access network: dnsmasq with fixed addresses for the nodes, and nothing else (`lab.md §1`).
//!
//! * No router and no DNS: the nodes' way out is the other network.
//! * **No answer to iPXE** (DHCP option 175): discovery and deployment are served by Ironic's own DHCP, and two servers that
//!   answer one boot program would race.
//! * No address for anybody who is not in `/etc/ethers`, which [`crate::export::ethers`] writes.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

/// The access network, as the machine that serves it sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessNetwork {
    /// The interface. It must hold an address in the network.
    pub interface: String,
    /// The network.
    pub network: Ipv4Net,
}

/// An access network that cannot be served.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnusableNetwork {
    /// dnsmasq would read it as something else.
    #[error("{0:?} is no name of a network interface")]
    Interface(String),
    /// There is no room for hosts.
    #[error("the network {0} has no room for hosts")]
    TooSmall(Ipv4Net),
}

/// The longest name of an interface that Linux allows.
const LONGEST_INTERFACE: usize = 15;

impl Default for AccessNetwork {
    /// 192.168.2.0/24 on `eth0`, as the predecessor had it.
    fn default() -> Self {
        Self { interface: "eth0".to_owned(), network: Ipv4Net::new_assert(Ipv4Addr::new(192, 168, 2, 0), 24) }
    }
}

impl AccessNetwork {
    /// Writes the configuration.
    ///
    /// # Errors
    /// [`UnusableNetwork`].
    pub fn dnsmasq(&self) -> Result<String, UnusableNetwork> {
        let is_name = |name: &str| {
            (1..=LONGEST_INTERFACE).contains(&name.len())
                && name.chars().all(|each| each.is_ascii_alphanumeric() || "-_.:".contains(each))
        };
        if !is_name(&self.interface) {
            return Err(UnusableNetwork::Interface(self.interface.clone()));
        }
        if self.network.prefix_len() > 30 {
            return Err(UnusableNetwork::TooSmall(self.network));
        }
        let (interface, network, mask) = (&self.interface, self.network.network(), self.network.netmask());
        Ok(format!(
            "\
# dnsmasq for the access network {subnet} on {interface}: fixed addresses for the nodes, and nothing else.

# No DNS, and only this interface.
port=0
interface={interface}
bind-interfaces

# Only who stands in /etc/ethers gets an address. After a change of that file: kill -HUP.
dhcp-range={network},static,{mask}
read-ethers

# No router and no DNS server. Without the first line dnsmasq offers itself as router.
dhcp-option=option:router
dhcp-option=option:dns-server

# No answer to iPXE: discovery and deployment are served by Ironic's own DHCP.
dhcp-match=set:ipxe,175
dhcp-ignore=tag:ipxe

log-dhcp
",
            subnet = self.network.trunc(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_dnsmasq_would_misread_is_refused() {
        let of =
            |interface: &str| AccessNetwork { interface: interface.to_owned(), ..AccessNetwork::default() };
        for interface in ["", "eth0,eth1", "eth0\nport=53", "a name too long0"] {
            assert_eq!(of(interface).dnsmasq(), Err(UnusableNetwork::Interface(interface.to_owned())));
        }
        assert!(of("br-access.2").dnsmasq().is_ok());
        let network = "192.0.2.0/31".parse().unwrap();
        let tiny = AccessNetwork { network, ..AccessNetwork::default() };
        assert_eq!(tiny.dnsmasq(), Err(UnusableNetwork::TooSmall(network)));
    }
}
