//! A token bucket for each source, kept as one moment: when the bucket will be full again.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::GuardLimits;

/// Sources that are remembered at most. A full bucket need not be remembered.
pub(crate) const MOST_SOURCES: usize = 128;

/// The rates of the sources of one endpoint.
#[derive(Debug, Default)]
pub(crate) struct SourceRates {
    /// Sources whose bucket is not full, with the moment from which it is.
    filling: Vec<(IpAddr, Instant)>,
}

impl SourceRates {
    /// Takes a token out of the bucket of `source`; `false` if there is none.
    pub(crate) fn take(&mut self, now: Instant, source: IpAddr, limits: &GuardLimits) -> bool {
        let Some(one) = Duration::from_secs(1).checked_div(limits.rate) else { return true };
        let whole = one.saturating_mul(limits.burst.max(1));
        let entry = self.filling.iter_mut().find(|(known, _)| *known == source);
        let full_at = entry.as_ref().map_or(now, |(_, full_at)| (*full_at).max(now));
        let Some(next) = full_at.checked_add(one) else { return true };
        if next.saturating_duration_since(now) > whole {
            return false;
        }
        match entry {
            Some((_, full_at)) => *full_at = next,
            None => self.remember(now, source, next),
        }
        true
    }

    /// Makes room by forgetting who has used least.
    fn remember(&mut self, now: Instant, source: IpAddr, full_at: Instant) {
        if self.filling.len() >= MOST_SOURCES {
            self.filling.retain(|(_, full_at)| *full_at > now);
        }
        if self.filling.len() >= MOST_SOURCES {
            let least = self.filling.iter().enumerate().min_by_key(|(_, (_, full_at))| *full_at);
            if let Some((index, _)) = least {
                self.filling.swap_remove(index);
            }
        }
        self.filling.push((source, full_at));
    }

    /// How many sources are remembered.
    pub(crate) const fn len(&self) -> usize {
        self.filling.len()
    }
}
