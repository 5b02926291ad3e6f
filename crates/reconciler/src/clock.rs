//! The wall clock, handed in at construction.

use std::time::SystemTime;

/// Tells the time of day: for expirations and records, never for measuring.
pub trait WallClock: Send + Sync + 'static {
    /// The time of day.
    fn now(&self) -> SystemTime;
}

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl WallClock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}
