//! What the log says about logins.
//!
//! The endpoint counts; this turns the counts that changed into lines. Who polls a node logs in for every question, so
//! success is a debug line; failure is what an operator looks for.

use std::net::SocketAddr;

use ipmi_proto::endpoint::Counters;

use crate::field;

/// The counts that were last written about.
#[derive(Debug, Default)]
pub(super) struct LoginLog {
    logins: u64,
    failed_logins: u64,
    abandoned_logins: u64,
    locked_out_logins: u64,
}

impl LoginLog {
    /// Writes about what changed since the last time, after a datagram of `peer`.
    pub(super) fn note(&mut self, peer: SocketAddr, counters: &Counters) {
        if counters.logins != self.logins {
            self.logins = counters.logins;
            tracing::debug!({ field::PEER_ADDR } = %peer, "session established");
        }
        if counters.failed_logins != self.failed_logins {
            self.failed_logins = counters.failed_logins;
            tracing::info!({ field::PEER_ADDR } = %peer, "login refused: user name, privilege level or password");
        }
        if counters.locked_out_logins != self.locked_out_logins {
            self.locked_out_logins = counters.locked_out_logins;
            tracing::info!({ field::PEER_ADDR } = %peer, "a login has to wait: too many have failed before it");
        }
        if counters.abandoned_logins != self.abandoned_logins {
            self.abandoned_logins = counters.abandoned_logins;
            // Most consoles check the password themselves and leave without a word. By the time their half-open session
            // expires, somebody else's datagram may be the one at hand: no peer.
            tracing::info!("a login was not finished: most likely a wrong password on the console's side");
        }
    }
}
