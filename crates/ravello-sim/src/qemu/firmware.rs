//! Which resets are reboots.
//!
//! QEMU tells of every reset, and one reboot has up to three: SeaBIOS that is entered a second time restores
//! itself and resets the machine again, by more than one way to be sure. What it does is told on its debug
//! port. A reset counts only if the firmware had handed over to something bootable since the last one that
//! counted. A firmware that is silent is taken to need no more than [`SILENT`].

use std::time::Duration;

use tokio::time::Instant;

/// How long a firmware is taken to work that says nothing.
const SILENT: Duration = Duration::from_secs(2);

/// Whether a line of the debug port says that the firmware is through: INT 19h is the call that boots.
pub(super) fn hands_over(line: &str) -> bool {
    line.starts_with("enter handle_19")
}

/// What is known of the firmware of a running guest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Firmware {
    /// Since when it has the machine; `None` once it has handed over.
    at_work_since: Option<Instant>,
    speaks: bool,
}

impl Firmware {
    /// The machine was powered on.
    pub(super) const fn powered_on(now: Instant) -> Self {
        Self { at_work_since: Some(now), speaks: false }
    }

    /// A line came out of the debug port.
    pub(super) fn said(&mut self, line: &str) {
        self.speaks |= line.starts_with("SeaBIOS");
        if hands_over(line) {
            self.at_work_since = None;
        }
    }

    /// The machine was reset, from inside or by somebody who ordered it. Whether it was a reboot, and not the
    /// firmware on its way.
    pub(super) fn was_reset(&mut self, now: Instant, by_guest: bool) -> bool {
        let over = |since| !self.speaks && now.duration_since(since) > SILENT;
        let reboot = !by_guest || self.at_work_since.is_none_or(over);
        if reboot {
            self.at_work_since = Some(now);
        }
        reboot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn reboot_with_three_resets_counts_once() {
        let mut firmware = Firmware::powered_on(Instant::now());
        firmware.said("SeaBIOS (version 1.16.2)");
        firmware.said("enter handle_19:");
        let counted = [(); 3].map(|()| firmware.was_reset(Instant::now(), true));
        assert_eq!(counted, [true, false, false]);
        assert!(firmware.was_reset(Instant::now(), false), "one that was ordered counts always");
        // However slow the host is.
        tokio::time::advance(Duration::from_secs(60)).await;
        assert!(!firmware.was_reset(Instant::now(), true));
        firmware.said("SeaBIOS (version 1.16.2)");
        firmware.said("enter handle_19:");
        assert!(firmware.was_reset(Instant::now(), true));
    }

    #[tokio::test(start_paused = true)]
    async fn resets_of_a_silent_firmware_count_after_a_while() {
        let mut firmware = Firmware::powered_on(Instant::now());
        tokio::time::advance(SILENT * 2).await;
        assert!(firmware.was_reset(Instant::now(), true));
        assert!(!firmware.was_reset(Instant::now(), true));
        tokio::time::advance(SILENT * 2).await;
        assert!(firmware.was_reset(Instant::now(), true));
    }
}
