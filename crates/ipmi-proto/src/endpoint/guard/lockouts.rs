//! Failed logins in a row, for each user and source.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::GuardLimits;
use crate::number::UserName;

/// Pairs of user and source that are remembered at most.
pub(crate) const MOST_PAIRS: usize = 64;

/// Who has failed to log in lately. Whether there is a user of that name makes no difference.
#[derive(Debug, Default)]
pub(crate) struct Lockouts {
    failing: Vec<Failing>,
}

#[derive(Debug)]
struct Failing {
    source: IpAddr,
    user_name: UserName,
    failures: u32,
    last: Instant,
}

impl Lockouts {
    /// Whether logins of this user from this source have to wait.
    pub(crate) fn is_locked(
        &self,
        now: Instant,
        source: IpAddr,
        user_name: &UserName,
        limits: &GuardLimits,
    ) -> bool {
        self.failing
            .iter()
            .find(|it| it.source == source && it.user_name == *user_name)
            .is_some_and(|it| now.saturating_duration_since(it.last) < pause_after(it.failures, limits))
    }

    /// A login has failed.
    pub(crate) fn failed(&mut self, now: Instant, source: IpAddr, user_name: UserName, limits: &GuardLimits) {
        if limits.free_failures == 0 {
            return;
        }
        self.failing.retain(|it| now.saturating_duration_since(it.last) < limits.forget_after);
        if let Some(known) =
            self.failing.iter_mut().find(|it| it.source == source && it.user_name == user_name)
        {
            known.failures = known.failures.saturating_add(1);
            known.last = now;
            return;
        }
        if self.failing.len() >= MOST_PAIRS {
            let least = self.failing.iter().enumerate().min_by_key(|(_, it)| (it.failures, it.last));
            if let Some((index, _)) = least {
                self.failing.swap_remove(index);
            }
        }
        self.failing.push(Failing { source, user_name, failures: 1, last: now });
    }

    /// A login has succeeded.
    pub(crate) fn succeeded(&mut self, source: IpAddr, user_name: &UserName) {
        self.failing.retain(|it| it.source != source || it.user_name != *user_name);
    }

    /// How many pairs are remembered.
    pub(crate) const fn len(&self) -> usize {
        self.failing.len()
    }
}

/// How long to wait after this many failures in a row.
fn pause_after(failures: u32, limits: &GuardLimits) -> Duration {
    match failures.checked_sub(limits.free_failures) {
        None | Some(0) => Duration::ZERO,
        Some(_) if limits.free_failures == 0 => Duration::ZERO,
        Some(beyond) => {
            let doubled = 2_u32.checked_pow(beyond.saturating_sub(1)).unwrap_or(u32::MAX);
            limits.first_pause.saturating_mul(doubled).min(limits.longest_pause)
        }
    }
}
