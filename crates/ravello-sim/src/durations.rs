//! How long the states last that end by themselves.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How long each transient state lasts at speed 1, in milliseconds where it is written as JSON.
///
/// A client that polls needs at least 0.3 s to see a state at all (`ravello-api.md §13`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Durations {
    /// PUBLISHING.
    #[serde(with = "millis")]
    pub publishing: Duration,
    /// WAITING_TO_START and WAITING_TO_STOP, if they are switched on.
    #[serde(with = "millis")]
    pub waiting: Duration,
    /// STARTING.
    #[serde(with = "millis")]
    pub starting: Duration,
    /// STOPPING after `stop` or `shutdown`, if the guest listens.
    #[serde(with = "millis")]
    pub stopping: Duration,
    /// STOPPING after `poweroff`.
    #[serde(with = "millis")]
    pub powering_off: Duration,
    /// RESTARTING.
    #[serde(with = "millis")]
    pub restarting: Duration,
    /// UPDATING.
    #[serde(with = "millis")]
    pub updating: Duration,
    /// RESETTING_DISKS.
    #[serde(with = "millis")]
    pub resetting_disks: Duration,
    /// REPAIRING.
    #[serde(with = "millis")]
    pub repairing: Duration,
    /// TERMINATING.
    #[serde(with = "millis")]
    pub terminating: Duration,
}

impl Default for Durations {
    fn default() -> Self {
        Self::all(Duration::from_secs(1))
    }
}

impl Durations {
    /// The same duration for every state.
    pub const fn all(each: Duration) -> Self {
        Self {
            publishing: each,
            waiting: each,
            starting: each,
            stopping: each,
            powering_off: each,
            restarting: each,
            updating: each,
            resetting_disks: each,
            repairing: each,
            terminating: each,
        }
    }
}

/// How many times faster than real the cloud works. It divides every duration of [`Durations`] and the
/// `stopTimeOut` of a VM; times of the calendar, such as an expiration, it leaves alone.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Speed(f64);

impl Speed {
    /// As fast as configured.
    pub const REAL: Self = Self(1.0);

    /// # Errors
    /// [`SpeedOutOfRange`] unless the factor is more than zero and finite.
    pub fn new(factor: f64) -> Result<Self, SpeedOutOfRange> {
        if factor > 0.0 && factor.is_finite() { Ok(Self(factor)) } else { Err(SpeedOutOfRange { factor }) }
    }

    /// The factor.
    pub const fn factor(self) -> f64 {
        self.0
    }

    /// How long something lasts that lasts `real` at speed 1.
    pub fn applied_to(self, real: Duration) -> Duration {
        Duration::try_from_secs_f64(real.as_secs_f64() / self.0).unwrap_or(Duration::MAX)
    }
}

impl Default for Speed {
    fn default() -> Self {
        Self::REAL
    }
}

impl TryFrom<f64> for Speed {
    type Error = SpeedOutOfRange;

    fn try_from(factor: f64) -> Result<Self, Self::Error> {
        Self::new(factor)
    }
}

impl From<Speed> for f64 {
    fn from(speed: Speed) -> Self {
        speed.0
    }
}

/// A speed that is no speed.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("the speed must be a finite number above 0, not {factor}")]
pub struct SpeedOutOfRange {
    /// The number that was given.
    pub factor: f64,
}

/// Durations as whole milliseconds.
pub(crate) mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}
