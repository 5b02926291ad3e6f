//! The watchdog timer (`IPMI 2.0 §27`): a dead man's switch for whoever can reach the BMC.
//!
//! It lives in the BMC and not in the node, so it is gone when the BMC starts again, as the specification has it. What it
//! does to the node's power it asks of the chassis port like any console, and so it applies a boot override too. There is
//! nobody to interrupt before it expires: a pre-timeout interrupt is refused.

use std::time::{Duration, Instant};

use ipmi_proto::command::app::{
    PreTimeoutInterrupt, ResetWatchdogTimer, SetWatchdogTimer, WatchdogAction, WatchdogExpirations,
    WatchdogTimer, WatchdogUse,
};
use ipmi_proto::number::CompletionCode;
use machine::PowerRequest;

/// A unit of the countdown.
const TICK: Duration = Duration::from_millis(100);

/// The timer of one BMC.
#[derive(Debug, Default)]
pub(super) struct Watchdog {
    /// As it was set last, if it was.
    settings: Option<SetWatchdogTimer>,
    expired: u8,
    /// When it expires; `None` while it is stopped.
    expires_at: Option<Instant>,
}

impl Watchdog {
    pub(super) fn set(&mut self, now: Instant, settings: SetWatchdogTimer) -> CompletionCode {
        if settings.pre_timeout_interrupt != PreTimeoutInterrupt::NONE {
            return CompletionCode::INVALID_DATA_FIELD;
        }
        self.expired &= !settings.clear.bits();
        let keeps_running = settings.keep_running && self.expires_at.is_some();
        self.settings = Some(settings);
        self.expires_at = if keeps_running { expiry(now, settings.countdown) } else { None };
        CompletionCode::NORMAL
    }

    pub(super) fn restart(&mut self, now: Instant) -> CompletionCode {
        match self.settings {
            Some(settings) => {
                self.expires_at = expiry(now, settings.countdown);
                CompletionCode::NORMAL
            }
            None => ResetWatchdogTimer::NOT_INITIALIZED,
        }
    }

    pub(super) fn read(&self, now: Instant) -> WatchdogTimer {
        let left = self.expires_at.map(|at| at.saturating_duration_since(now).as_millis() / TICK.as_millis());
        let settings = self.settings;
        let initial = settings.map_or(0, |settings| settings.countdown);
        WatchdogTimer {
            dont_log: settings.is_some_and(|settings| settings.dont_log),
            running: self.expires_at.is_some(),
            timer_use: settings.map_or(WatchdogUse(0), |settings| settings.timer_use),
            pre_timeout_interrupt: PreTimeoutInterrupt::NONE,
            action: settings.map_or(WatchdogAction::NONE, |settings| settings.action),
            pre_timeout_interval: settings.map_or(0, |settings| settings.pre_timeout_interval),
            expired: WatchdogExpirations::from_bits(self.expired),
            initial,
            present: left.map_or(initial, |left| u16::try_from(left).unwrap_or(u16::MAX)),
        }
    }

    pub(super) const fn expires_at(&self) -> Option<Instant> {
        self.expires_at
    }

    /// Stops the timer if it has expired; what is to be done then.
    pub(super) fn expire(&mut self, now: Instant) -> Option<PowerRequest> {
        if self.expires_at.is_none_or(|at| at > now) {
            return None;
        }
        self.expires_at = None;
        let settings = self.settings?;
        self.expired |= 1_u8.checked_shl(settings.timer_use.0.into()).unwrap_or_default();
        let request = power_request(settings.action);
        if request.is_none() {
            tracing::info!("the watchdog timer expired; it was set to do nothing");
        }
        request
    }

    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }
}

fn expiry(now: Instant, countdown: u16) -> Option<Instant> {
    now.checked_add(TICK * u32::from(countdown))
}

const fn power_request(action: WatchdogAction) -> Option<PowerRequest> {
    match action {
        WatchdogAction::HARD_RESET => Some(PowerRequest::Reset),
        WatchdogAction::POWER_DOWN => Some(PowerRequest::Off),
        WatchdogAction::POWER_CYCLE => Some(PowerRequest::Cycle),
        _ => None,
    }
}
