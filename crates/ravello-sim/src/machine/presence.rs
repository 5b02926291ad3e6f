//! What a machine knows of its real guest, and how its course waits for it.
//!
//! A course says what state comes next and how long the present one lasts at least. Where guests are real, a
//! leg that boots begins only when the guest was seen to run, and STOPPED or TERMINATED only when it was seen
//! to be gone. So STARTING lasts until the process runs, STOPPING until it has ended, and everything else is
//! as it is without processes. Without an outbox nothing here does anything.
//!
//! ```text
//!         power on                seen running
//!   Off ───────────▶ Rising ───────────────────▶ On
//!    ▲                  │ plug pulled             │ plug pulled
//!    │    seen gone     ▼                         ▼
//!    └────────────── Falling ◀────────────────────┤
//!    └────────────────────────────────────────────┘ turned itself off, failed
//! ```

use super::{Leg, Machine, Surroundings};
use crate::clock::Timestamp;
use crate::engine::{Run, Sighting, Wish};
use crate::guest::{BootCause, BootEnd, BootedFrom};
use crate::state::VmState;

/// What is known of a real guest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Presence {
    /// It has no power.
    #[default]
    Off,
    /// It is being powered on.
    Rising(Run),
    /// It runs.
    On(Run),
    /// Its plug is being pulled.
    Falling(Run),
}

impl Presence {
    const fn run(self) -> Option<Run> {
        match self {
            Self::Off => None,
            Self::Rising(run) | Self::On(run) | Self::Falling(run) => Some(run),
        }
    }
}

impl Machine {
    /// The run of the real guest, if it has power.
    #[cfg(test)]
    pub(crate) const fn run(&self) -> Option<Run> {
        self.presence.run()
    }

    /// Why the real guest failed last, if it did not boot since.
    pub(crate) fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// The real guest was seen to do something. What follows from it may be due at once.
    pub(crate) fn observe(
        &mut self,
        run: Run,
        sighting: Sighting,
        now: Timestamp,
        around: &mut Surroundings<'_>,
    ) {
        if self.presence.run() != Some(run) {
            return;
        }
        let falling = matches!(self.presence, Presence::Falling(_));
        match sighting {
            Sighting::Running => {
                if let Presence::Rising(run) = self.presence {
                    self.presence = Presence::On(run);
                    self.go_on(now);
                }
            }
            Sighting::Rebooted => self.guest_rebooted(now, around),
            Sighting::Gone => {
                self.presence = Presence::Off;
                self.go_on(now);
            }
            Sighting::PoweredOff | Sighting::Failed { .. } if falling => {
                self.presence = Presence::Off;
                self.go_on(now);
            }
            Sighting::PoweredOff => {
                self.presence = Presence::Off;
                self.guest_went_off(now, around);
            }
            Sighting::Failed { why } => {
                self.presence = Presence::Off;
                self.end_boot(now, BootEnd::Failed, around.boots);
                self.trouble = Some(why);
                self.set_out([Leg::rest(VmState::Error)], now, around);
            }
        }
    }

    /// Takes up the course that a simulator left which is gone, and with it every real guest.
    pub(crate) fn resume(&mut self, now: Timestamp, around: &mut Surroundings<'_>) {
        if around.outbox.is_some() && self.running.is_some() {
            self.end_boot(now, BootEnd::HostDown, around.boots);
            let ends_in = self.course.back().map_or(self.state, |leg| leg.state);
            let boots_anyway = self.course.iter().any(|leg| leg.boots.is_some());
            if self.asked.take().is_some() && self.state != VmState::Restarting {
                self.set_out([Leg::rest(VmState::Stopped)], now, around);
            } else if ends_in == VmState::Started && !boots_anyway {
                self.set_out([Leg::rest(VmState::Started).booting(BootCause::Loaded)], now, around);
            }
        }
        self.go_on(now);
    }

    /// Whether the real guest is as a leg needs it. If it is not, orders what is missing; the course goes on
    /// when it is seen.
    pub(super) fn guest_is_ready_for(&mut self, leg: Leg, around: &mut Surroundings<'_>) -> bool {
        if around.outbox.is_none() {
            return true;
        }
        let off = self.presence == Presence::Off;
        if leg.boots.is_some() {
            if matches!(self.presence, Presence::On(_)) {
                return true;
            }
            if off {
                self.order_power_on(around);
            }
            if self.state.is_rest() {
                self.state = VmState::Starting;
            }
            return false;
        }
        if off || !matches!(leg.state, VmState::Stopped | VmState::Terminated) {
            return true;
        }
        self.pull_plug(around);
        if self.state.is_rest() {
            self.state = VmState::Stopping;
        }
        false
    }

    /// A leg begins that asks the real guest to turn itself off, or one that does not.
    pub(super) fn ask(&mut self, leg: Leg, around: &mut Surroundings<'_>) {
        self.asked = None;
        if let (Some(outbox), Some(_), Presence::On(_)) = (&mut around.outbox, leg.asks, self.presence) {
            self.asked = leg.asks;
            outbox.put(self.address.1, Wish::PressPowerButton);
        }
    }

    /// Takes the power from the real guest, if it has any.
    pub(super) fn pull_plug(&mut self, around: &mut Surroundings<'_>) {
        if let (Some(outbox), Presence::Rising(run) | Presence::On(run)) = (&mut around.outbox, self.presence)
        {
            self.presence = Presence::Falling(run);
            outbox.put(self.address.1, Wish::PowerOff { run });
        }
    }

    pub(super) fn order_fresh_disks(&self, around: &mut Surroundings<'_>) {
        if let Some(outbox) = &mut around.outbox {
            outbox.put(self.address.1, Wish::FreshDisks);
        }
    }

    pub(super) fn order_reset(&self, around: &mut Surroundings<'_>) {
        self.order_if_on(Wish::Reset, around);
    }

    /// Sends an NMI to the real guest; `false` if it does not run.
    pub(crate) fn order_nmi(&self, around: &mut Surroundings<'_>) -> bool {
        self.order_if_on(Wish::InjectNmi, around)
    }

    fn order_if_on(&self, wish: Wish, around: &mut Surroundings<'_>) -> bool {
        match (&mut around.outbox, self.presence) {
            (Some(outbox), Presence::On(_)) => {
                outbox.put(self.address.1, wish);
                true
            }
            _ => false,
        }
    }

    fn order_power_on(&mut self, around: &mut Surroundings<'_>) {
        let device = BootedFrom::chosen_by(&self.published, around.switches.boot_selection);
        if let Some(outbox) = &mut around.outbox {
            let run = outbox.new_run();
            self.presence = Presence::Rising(run);
            outbox.put(self.address.1, Wish::PowerOn { run, document: self.published.clone(), device });
        }
    }

    /// A course that waited for its guest goes on.
    fn go_on(&mut self, now: Timestamp) {
        if self.due.is_none() && !self.course.is_empty() {
            self.due = Some(now);
        }
    }

    fn guest_rebooted(&mut self, now: Timestamp, around: &mut Surroundings<'_>) {
        let Some(device) = self.running.and_then(|sequence| around.boots.device_of(sequence)) else { return };
        self.end_boot(now, BootEnd::GuestReboot, around.boots);
        // Its drives are what they were when it was powered on, whatever the document says now.
        self.running = Some(around.boots.begin(now, self.address, BootCause::GuestReboot, device));
        self.schedule_self_reboot(now);
    }

    /// It turned itself off: because it was asked to, or because it wanted to.
    fn guest_went_off(&mut self, now: Timestamp, around: &mut Surroundings<'_>) {
        let asked = self.asked.take();
        self.end_boot(now, asked.unwrap_or(BootEnd::GuestPowerOff), around.boots);
        let next = match self.state {
            VmState::Restarting if asked.is_some() => Leg::rest(VmState::Started).booting(BootCause::Restart),
            VmState::Started | VmState::WaitingToStop | VmState::Stopping | VmState::Restarting => {
                Leg::rest(VmState::Stopped)
            }
            // It runs no longer when its course comes to where it would have been seen to boot.
            _ if self.course.iter().any(|leg| leg.boots.is_some()) => Leg::rest(VmState::Stopped),
            _ => return self.go_on(now),
        };
        self.course = [next].into();
        self.due = Some(now);
    }
}
