//! Time as the cloud sees it: milliseconds since 1970, UTC (`ravello-api.md §2`).
//!
//! The state of the cloud never asks what time it is: every operation takes `now`. [`Clock`] is where a
//! running simulator gets it from, and where a test can step it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

/// A point in time, in milliseconds since 1970, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The point that many milliseconds after the beginning of 1970.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// How long after `earlier` this is; zero if it is not.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// The point that much later.
    #[must_use]
    pub fn after(self, pause: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(pause.as_millis()).unwrap_or(u64::MAX)))
    }
}

/// The clock of a running simulator: the wall clock at its start, carried on by the monotonic one, plus the
/// steps that somebody asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    started: Instant,
    wall_at_start: Timestamp,
    stepped: Duration,
}

impl Clock {
    pub(crate) fn start() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            started: Instant::now(),
            wall_at_start: Timestamp::default().after(wall),
            stepped: Duration::ZERO,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.wall_at_start.after(self.started.elapsed()).after(self.stepped)
    }

    pub(crate) const fn step(&mut self, by: Duration) {
        self.stepped = self.stepped.saturating_add(by);
    }
}
