//! One deployed VM: its state, the states it will pass through, and its guest (`ravello-api.md §7.3`, `§7.4`).
//!
//! An action puts the VM on a course of legs. Each leg is one state and how long it lasts; the last one is a
//! rest. Nothing here asks for the time: [`Machine::handle_timeout`] is told how far time has come, and
//! [`Machine::poll_timeout`] says when it has to be called again; the answer may change after every call
//! that takes the machine mutably.
//!
//! ```text
//!            publish                      start                poweroff, stop, shutdown
//!   (none) ─────────▶ PUBLISHING ─▶ STARTING ─▶ STARTED ─▶ STOPPING ─▶ STOPPED ─▶ STARTING …
//!                          └──────────────────────┼───────────────────────▲
//!                                                 └▶ UPDATING, RESTARTING, RESETTING_DISKS ─▶ STARTED
//! ```
//!
//! Where guests are real processes, a leg also waits for its guest: `presence` says how.

mod action;
mod presence;

pub(crate) use action::{Action, Refusal};
use presence::Presence;

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::document::number::integer;
use crate::durations::{Durations, Speed};
use crate::engine::Outbox;
use crate::guest::{BootCause, BootEnd, BootLog, BootedFrom, GuestBehaviour, SelfReboot};
use crate::id::{ApplicationId, VmId};
use crate::state::VmState;
use crate::switches::{FreshVms, Switches, UpdatingOfStopped, WaitingStates};

/// `stopTimeOut` where a VM has none.
const DEFAULT_STOP_TIMEOUT: Duration = Duration::from_secs(1200);

/// How often a guest can reboot by itself within one step of the clock; the rest of a long step is skipped.
const REBOOTS_AT_ONCE: u32 = 1000;

/// What surrounds a machine while it changes.
pub(crate) struct Surroundings<'a> {
    pub(crate) switches: &'a Switches,
    pub(crate) durations: &'a Durations,
    pub(crate) speed: Speed,
    pub(crate) boots: &'a mut BootLog,
    /// Where orders for real guests go; `None` if a guest is a line in the boot log and nothing else.
    pub(crate) outbox: Option<&'a mut Outbox>,
}

/// A deployed VM.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Machine {
    /// Which VM of which application.
    address: (ApplicationId, VmId),
    /// The design of the VM as it was last published.
    pub(crate) published: Map<String, Value>,
    /// When it was published first.
    pub(crate) first_published: Timestamp,
    pub(crate) guest: GuestBehaviour,
    state: VmState,
    /// Where it rested last: STARTED or STOPPED.
    last_rest: VmState,
    /// When the present leg ends; `None` at rest.
    due: Option<Timestamp>,
    /// What comes after the present leg.
    course: VecDeque<Leg>,
    /// Stuck: the present leg does not end.
    held: bool,
    /// The boot that runs, by its number in the log.
    running: Option<u64>,
    next_self_reboot: Option<Timestamp>,
    /// What is known of the real guest. It does not outlive the simulator, so it is not kept.
    #[serde(skip)]
    presence: Presence,
    /// The real guest was asked to turn itself off, and how its boot ends if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asked: Option<BootEnd>,
    /// Why the real guest failed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
}

/// One state of a course.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Leg {
    state: VmState,
    /// How long; `None` for a rest, and for a leg that never ends.
    lasts: Option<Duration>,
    /// How the running boot ends when this leg begins.
    ends: Option<BootEnd>,
    /// Why the guest boots when this leg begins.
    boots: Option<BootCause>,
    /// A real guest is asked to turn itself off when this leg begins, and its boot ends so if it does.
    #[serde(default)]
    asks: Option<BootEnd>,
    /// What is on the disks is lost when this leg begins.
    #[serde(default)]
    loses_disks: bool,
}

impl Leg {
    const fn passing(state: VmState, lasts: Duration) -> Self {
        Self { state, lasts: Some(lasts), ends: None, boots: None, asks: None, loses_disks: false }
    }

    const fn rest(state: VmState) -> Self {
        Self { state, lasts: None, ends: None, boots: None, asks: None, loses_disks: false }
    }

    const fn ending(self, how: BootEnd) -> Self {
        Self { ends: Some(how), ..self }
    }

    const fn booting(self, cause: BootCause) -> Self {
        Self { boots: Some(cause), ..self }
    }

    const fn asking(self, how: Option<BootEnd>) -> Self {
        Self { asks: how, ..self }
    }

    const fn losing_disks(self) -> Self {
        Self { loses_disks: true, ..self }
    }
}

/// Whether a VM that is created is started as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AfterCreation {
    Start,
    Stay,
}

impl Machine {
    /// A VM that is being created by a publish.
    pub(crate) fn publish(
        address: (ApplicationId, VmId),
        design: Map<String, Value>,
        after: AfterCreation,
        now: Timestamp,
        around: &mut Surroundings<'_>,
    ) -> Self {
        let mut machine = Self::resting(address, design, VmState::Stopped, now);
        let mut legs = vec![Leg::passing(VmState::Publishing, around.durations.publishing)];
        match after {
            AfterCreation::Start => legs.extend(around.starting(BootCause::Publish)),
            AfterCreation::Stay => legs.push(Leg::rest(VmState::Stopped)),
        }
        machine.set_out(legs, now, around);
        machine
    }

    /// A VM that was there before the simulator was.
    pub(crate) fn loaded(
        address: (ApplicationId, VmId),
        published: Map<String, Value>,
        state: VmState,
        now: Timestamp,
        around: &mut Surroundings<'_>,
    ) -> Self {
        let mut machine = Self::resting(address, published, state, now);
        if state == VmState::Started {
            machine.set_out([Leg::rest(state).booting(BootCause::Loaded)], now, around);
        }
        machine
    }

    fn resting(
        address: (ApplicationId, VmId),
        published: Map<String, Value>,
        state: VmState,
        now: Timestamp,
    ) -> Self {
        Self {
            address,
            published,
            first_published: now,
            guest: GuestBehaviour::default(),
            state,
            last_rest: VmState::Stopped,
            due: None,
            course: VecDeque::new(),
            held: false,
            running: None,
            next_self_reboot: None,
            presence: Presence::default(),
            asked: None,
            trouble: None,
        }
    }

    /// Whether it can be seen: one that is being created cannot, if so switched.
    pub(crate) fn is_visible(&self, switches: &Switches) -> bool {
        switches.fresh_vms == FreshVms::Visible || self.state != VmState::Publishing
    }

    pub(crate) const fn state(&self) -> VmState {
        self.state
    }

    /// Whether the guest runs at this moment.
    pub(crate) const fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// When [`Machine::handle_timeout`] has something to do.
    pub(crate) fn poll_timeout(&self) -> Option<Timestamp> {
        let due = self.due.filter(|_| !self.held);
        let reboot = self.next_self_reboot.filter(|_| self.state == VmState::Started);
        due.into_iter().chain(reboot).min()
    }

    /// Does everything that is due up to `limit`, each at its own time.
    pub(crate) fn handle_timeout(&mut self, limit: Timestamp, around: &mut Surroundings<'_>) {
        let mut reboots = 0_u32;
        while let Some(at) = self.poll_timeout().filter(|at| *at <= limit) {
            if self.due.filter(|_| !self.held) == Some(at) {
                self.next_leg(at, around);
            } else if reboots < REBOOTS_AT_ONCE {
                reboots += 1;
                self.reboot_by_itself(at, around);
            } else {
                self.schedule_self_reboot(limit);
            }
        }
    }

    /// The guest reboots by itself; nothing happens if it does not run.
    pub(crate) fn reboot_by_itself(&mut self, now: Timestamp, around: &mut Surroundings<'_>) {
        if self.state != VmState::Started {
            self.next_self_reboot = None;
            return;
        }
        if let Some(SelfReboot { times: Some(left), .. }) = &mut self.guest.reboots {
            *left = left.saturating_sub(1);
        }
        if around.outbox.is_some() {
            // It is entered in the log once it is seen.
            self.next_self_reboot = None;
            self.order_reset(around);
            return;
        }
        self.end_boot(now, BootEnd::GuestReboot, around.boots);
        self.boot(now, BootCause::GuestReboot, around);
    }

    /// Changes how the guest behaves from now on.
    pub(crate) fn set_guest(&mut self, guest: GuestBehaviour, now: Timestamp) {
        self.guest = guest;
        self.schedule_self_reboot(now);
    }

    /// Keeps the VM in its present state, or in the next transient one, until [`Machine::release`].
    pub(crate) const fn hold(&mut self) {
        self.held = true;
    }

    pub(crate) fn release(&mut self, now: Timestamp) {
        self.held = false;
        self.due = self.due.map(|due| due.max(now));
    }

    /// Puts the VM into a state, as if something in the cloud had gone wrong, or right. A transient state
    /// stays until the VM is put into another one.
    pub(crate) fn force(&mut self, state: VmState, now: Timestamp, around: &mut Surroundings<'_>) {
        let leg = Leg::rest(state);
        let leg = match state {
            VmState::Started if self.running.is_none() => leg.booting(BootCause::Start),
            VmState::Started => leg,
            VmState::Stopped => leg.ending(BootEnd::PowerOff),
            _ if state.is_error() => leg.ending(BootEnd::Failed),
            _ => leg,
        };
        self.held = false;
        self.set_out([leg], now, around);
    }

    /// Takes over the design that a publish brings. `restarts` says whether the hardware changes.
    pub(crate) fn update(
        &mut self,
        design: Map<String, Value>,
        restarts: bool,
        now: Timestamp,
        around: &mut Surroundings<'_>,
    ) {
        self.published = design;
        if !restarts {
            return;
        }
        let updating = Leg::passing(VmState::Updating, around.durations.updating);
        let ends_in = self.course.back().map_or(self.state, |leg| leg.state);
        let shown = around.switches.updating_of_stopped == UpdatingOfStopped::Shown;
        let legs = match ends_in {
            VmState::Started => vec![
                updating.ending(BootEnd::Publish),
                Leg::rest(VmState::Started).booting(BootCause::PublishRestart),
            ],
            VmState::Stopped if shown => vec![updating, Leg::rest(VmState::Stopped)],
            _ => return,
        };
        if self.state.is_rest() {
            self.set_out(legs, now, around);
        } else {
            // Only if publishing is allowed while the VM is in a transient state: it rests for an instant.
            self.go_on_with(legs, around);
        }
    }

    /// The VM is removed from the cloud; it is gone once it is TERMINATED.
    pub(crate) fn terminate(&mut self, now: Timestamp, around: &mut Surroundings<'_>) {
        let legs = [
            Leg::passing(VmState::Terminating, around.durations.terminating)
                .ending(BootEnd::Removed)
                .losing_disks(),
            Leg::rest(VmState::Terminated),
        ];
        self.set_out(legs, now, around);
    }

    /// Ends its boot in the log, because the application is gone at once.
    pub(crate) fn remove(&mut self, now: Timestamp, around: &mut Surroundings<'_>) {
        self.end_boot(now, BootEnd::Removed, around.boots);
        self.pull_plug(around);
        self.order_fresh_disks(around);
    }

    /// The application expires: what runs is stopped, what will run is stopped as soon as it does.
    pub(crate) fn expire(&mut self, now: Timestamp, around: &mut Surroundings<'_>) {
        let stopping = if around.outbox.is_some() { self.stop_timeout() } else { around.durations.stopping };
        let legs = [
            Leg::passing(VmState::Stopping, stopping).asking(Some(BootEnd::Expired)),
            Leg::rest(VmState::Stopped).ending(BootEnd::Expired),
        ];
        if self.state == VmState::Started {
            self.set_out(legs, now, around);
        } else if self.course.back().is_some_and(|rest| rest.state == VmState::Started) {
            self.go_on_with(legs, around);
        }
    }

    /// Leaves the present course for a new one.
    fn set_out(
        &mut self,
        legs: impl IntoIterator<Item = Leg>,
        now: Timestamp,
        around: &mut Surroundings<'_>,
    ) {
        self.course = around.at_speed(legs).collect();
        self.next_leg(now, around);
    }

    /// Goes on after the present course, which ends in a rest that now lasts for an instant only.
    fn go_on_with(&mut self, legs: impl IntoIterator<Item = Leg>, around: &Surroundings<'_>) {
        if let Some(rest) = self.course.back_mut() {
            rest.lasts = Some(Duration::ZERO);
        }
        self.course.extend(around.at_speed(legs));
    }

    fn next_leg(&mut self, now: Timestamp, around: &mut Surroundings<'_>) {
        self.due = None;
        let Some(leg) = self.course.front().copied() else { return };
        if !self.guest_is_ready_for(leg, around) {
            return;
        }
        self.course.pop_front();
        tracing::debug!(application = %self.address.0, vm = %self.address.1, from = %self.state, to = %leg.state, "VM changes state");
        self.state = leg.state;
        self.due = leg.lasts.map(|lasts| now.after(lasts));
        if matches!(leg.state, VmState::Started | VmState::Stopped) {
            self.last_rest = leg.state;
        }
        if let Some(how) = leg.ends {
            self.end_boot(now, how, around.boots);
            self.pull_plug(around);
        }
        if leg.loses_disks {
            self.order_fresh_disks(around);
        }
        self.ask(leg, around);
        if let Some(cause) = leg.boots {
            self.boot(now, cause, around);
        }
    }

    fn boot(&mut self, now: Timestamp, cause: BootCause, around: &mut Surroundings<'_>) {
        let device = BootedFrom::chosen_by(&self.published, around.switches.boot_selection);
        self.running = Some(around.boots.begin(now, self.address, cause, device));
        self.trouble = None;
        self.schedule_self_reboot(now);
    }

    fn end_boot(&mut self, now: Timestamp, how: BootEnd, boots: &mut BootLog) {
        self.next_self_reboot = None;
        if let Some(sequence) = self.running.take() {
            boots.end(now, sequence, how);
        }
    }

    fn schedule_self_reboot(&mut self, now: Timestamp) {
        self.next_self_reboot = match self.guest.reboots {
            Some(SelfReboot { after_millis, times }) if times != Some(0) && self.running.is_some() => {
                Some(now.after(Duration::from_millis(after_millis.max(1))))
            }
            _ => None,
        };
    }

    fn stop_timeout(&self) -> Duration {
        let seconds = self.published.get("stopTimeOut").and_then(integer);
        seconds.map_or(DEFAULT_STOP_TIMEOUT, Duration::from_secs)
    }

    /// Whether the service pulls the plug after `stopTimeOut`; it does if nobody said otherwise.
    fn is_cut_off_after_timeout(&self) -> bool {
        self.published.get("powerOffOnStopTimeOut").and_then(Value::as_bool).unwrap_or(true)
    }
}

impl Surroundings<'_> {
    fn at_speed(&self, legs: impl IntoIterator<Item = Leg>) -> impl Iterator<Item = Leg> {
        legs.into_iter().map(|leg| Leg { lasts: leg.lasts.map(|lasts| self.speed.applied_to(lasts)), ..leg })
    }

    fn starting(&self, cause: BootCause) -> Vec<Leg> {
        let mut legs = self.waiting(VmState::WaitingToStart);
        legs.push(Leg::passing(VmState::Starting, self.durations.starting));
        legs.push(Leg::rest(VmState::Started).booting(cause));
        legs
    }

    fn waiting(&self, state: VmState) -> Vec<Leg> {
        match self.switches.waiting_states {
            WaitingStates::Hidden => Vec::new(),
            WaitingStates::Shown => vec![Leg::passing(state, self.durations.waiting)],
        }
    }
}
