//! What keeps strangers from costing much: a rate for each source, and a back-off after failed logins.
//!
//! Both are on by default and sized so that nobody who knows the password notices them. Both forget: their tables are bounded, and
//! what is dropped from them is the entry that matters least. Neither is asked about packets of established sessions.

mod lockouts;
mod source_rates;

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::Duration;

pub(super) use self::lockouts::Lockouts;
pub(super) use self::source_rates::SourceRates;

/// Bounds on what somebody may do who has not proven anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GuardLimits {
    /// Datagrams outside of sessions that are answered for one source in a second, in the long run; 0 for any number. A login
    /// takes four to ten. Default 200.
    pub rate: u32,
    /// How many may come at once before the rate counts. Default 800.
    pub burst: u32,
    /// How many logins in a row may fail for one user from one source before there is a pause; 0 for any number. Default 5.
    pub free_failures: u32,
    /// The pause after one failure more. It doubles with each further one. Default 1 s.
    pub first_pause: Duration,
    /// The longest pause. Default 60 s.
    pub longest_pause: Duration,
    /// After how long without a failure they are forgotten. A login that succeeds makes them forgotten at once. Default 15 min.
    pub forget_after: Duration,
}

impl GuardLimits {
    /// The defaults named at each field.
    pub const DEFAULT: Self = Self {
        rate: 200,
        burst: 800,
        free_failures: 5,
        first_pause: Duration::from_secs(1),
        longest_pause: Duration::from_secs(60),
        forget_after: Duration::from_secs(15 * 60),
    };
}

impl Default for GuardLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Who is behind an address, as far as one can tell: the IPv4 address, or the IPv6 network of 64 bits, in which one host can have
/// any number of addresses.
pub(super) fn source_of(peer: SocketAddr) -> IpAddr {
    match peer.ip() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => address.into(),
            None => {
                let [a, b, c, d, ..] = address.segments();
                Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
            }
        },
    }
}

#[cfg(test)]
mod tests;
