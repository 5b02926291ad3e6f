//! The configuration of the payload.

use std::time::Duration;

use crate::command::transport::{SolAuthentication, SolBitRate};
use crate::number::PrivilegeLevel;
use crate::sol::SolTiming;

/// What the SOL configuration parameters can change (`IPMI 2.0 §26.3`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SolParameters {
    /// Whether the payload can be activated.
    pub enabled: bool,
    /// Who may activate it, and how.
    pub authentication: SolAuthentication,
    /// How long characters are gathered, in 5 ms.
    pub accumulate_interval: u8,
    /// How many characters are sent without waiting for more.
    pub send_threshold: u8,
    /// How often a packet is sent again that nobody acknowledges, at most 7.
    pub retry_count: u8,
    /// How long after the time before, in 10 ms.
    pub retry_interval: u8,
    /// The bit rate of the serial port after a restart. Kept for those who ask; there is no port that it would be for.
    pub non_volatile_bit_rate: SolBitRate,
    /// The bit rate of the serial port now. Kept as the other one.
    pub volatile_bit_rate: SolBitRate,
}

impl SolParameters {
    /// Enabled for operators, always encrypted and signed; gathers for 20 ms or 96 characters, repeats seven times after 500 ms each.
    pub const DEFAULT: Self = Self {
        enabled: true,
        authentication: SolAuthentication {
            force_encryption: true,
            force_authentication: true,
            privilege: PrivilegeLevel::OPERATOR,
        },
        accumulate_interval: 4,
        send_threshold: 96,
        retry_count: 7,
        retry_interval: 50,
        non_volatile_bit_rate: SolBitRate::RATE_115200,
        volatile_bit_rate: SolBitRate::RATE_115200,
    };

    /// The timing that follows.
    #[must_use]
    pub fn timing(&self) -> SolTiming {
        SolTiming {
            accumulation: Duration::from_millis(5).saturating_mul(u32::from(self.accumulate_interval.max(1))),
            threshold: usize::from(self.send_threshold.max(1)),
            retries: u32::from(self.retry_count),
            // At 0 a packet would be repeated all the time.
            retry_interval: Duration::from_millis(10).saturating_mul(u32::from(self.retry_interval.max(1))),
        }
    }
}

impl Default for SolParameters {
    fn default() -> Self {
        Self::DEFAULT
    }
}
