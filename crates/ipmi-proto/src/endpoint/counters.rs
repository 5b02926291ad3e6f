//! What an endpoint has seen, in numbers. A front door that drops in silence must at least count.

use super::DropReason;

/// How much an endpoint remembers at the moment. All of it is bounded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Occupancy {
    /// Sessions, half-open ones included.
    pub sessions: usize,
    /// Sources whose rate is counted.
    pub sources: usize,
    /// Pairs of user and source whose logins have failed lately.
    pub failing_logins: usize,
}

/// Totals since the endpoint was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counters {
    /// Datagrams taken in, of any kind.
    pub datagrams: u64,
    /// ASF presence pings answered.
    pub pings: u64,
    /// Open Session Requests accepted.
    pub sessions_opened: u64,
    /// Session setup messages answered with an error status.
    pub setup_refusals: u64,
    /// Sessions established.
    pub logins: u64,
    /// Logins that failed for the user's name, the level asked for or the password, as far as the endpoint was told.
    pub failed_logins: u64,
    /// Setup messages refused unseen, because logins of that user from that source have failed too often.
    pub locked_out_logins: u64,
    /// Half-open sessions that were given RAKP 2 and never came back: a wrong password looks like this, because most
    /// clients check RAKP 2 and then leave without a word.
    pub abandoned_logins: u64,
    /// Half-open sessions dropped, oldest first, to make room for newer ones.
    pub half_open_evictions: u64,
    /// Established sessions that were silent for the whole idle timeout.
    pub idle_sessions_ended: u64,
    /// Established sessions that had been silent for long and had to make room for a new login.
    pub idle_sessions_displaced: u64,
    /// Requests handed to the caller.
    pub requests: u64,
    /// Retransmissions answered from memory.
    pub retransmissions_answered: u64,
    /// Answers that came after their session had ended.
    pub late_responses: u64,
    /// Answers that could not be put into a packet.
    pub unsendable_responses: u64,
    dropped: [u64; DropReason::ALL.len()],
}

impl Counters {
    /// Datagrams dropped for `reason`.
    #[must_use]
    pub fn dropped(&self, reason: DropReason) -> u64 {
        DropReason::ALL.iter().zip(self.dropped).find(|(r, _)| **r == reason).map_or(0, |(_, count)| count)
    }

    /// Datagrams dropped, for any reason.
    #[must_use]
    pub fn dropped_in_all(&self) -> u64 {
        self.dropped.iter().sum()
    }

    pub(super) fn count_drop(&mut self, reason: DropReason) {
        if let Some((_, count)) = DropReason::ALL.iter().zip(&mut self.dropped).find(|(r, _)| **r == reason) {
            *count += 1;
        }
    }
}
