//! How many sessions there may be, and for how long they may be silent (`IPMI 2.0 §6.12.15`).

use std::time::Duration;

/// Bounds of the session table.
///
/// Half-open sessions are counted apart from established ones, so that a flood of Open Session Requests locks nobody out: the
/// oldest half-open one makes room. Established sessions never make room for a stranger. When all are taken, an Open Session
/// Request is refused with status 01, unless one of them has been silent for [`SessionLimits::displace_after`]: that is longer
/// than the keep-alive of any known client, so its console was killed (monitoring that kills `ipmitool` leaves such sessions
/// behind). It gives way, and only to a login whose RAKP 3 was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// Established sessions at one time, 1–63 (Get Session Info has six bits for the number). Default 36.
    pub max_active: u8,
    /// Half-open sessions at one time, at least 1. Default 32.
    pub max_half_open: u8,
    /// How long a login may take from the Open Session Request on. Default 15 s.
    pub half_open_timeout: Duration,
    /// How long an established session may be silent. Default 60 s.
    pub idle_timeout: Duration,
    /// From which silence on an established session gives way to a new login when the table is full. Default 30 s.
    pub displace_after: Duration,
    /// How long an answer is kept for retransmissions of its request. Default 30 s, which covers four waits of a client that
    /// starts with 5 s and waits longer each time.
    pub retry_window: Duration,
}

impl SessionLimits {
    /// The largest sensible [`SessionLimits::max_active`].
    pub const MOST_ACTIVE: u8 = 63;

    /// The defaults named at each field.
    pub const DEFAULT: Self = Self {
        max_active: 36,
        max_half_open: 32,
        half_open_timeout: Duration::from_secs(15),
        idle_timeout: Duration::from_secs(60),
        displace_after: Duration::from_secs(30),
        retry_window: Duration::from_secs(30),
    };
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
