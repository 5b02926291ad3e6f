//! What can be asked of a VM, in which state, and what course it then takes (`ravello-api.md §7.3`, `§7.4`).

use std::fmt;
use std::str::FromStr;

use super::{Leg, Machine, Surroundings};
use crate::clock::Timestamp;
use crate::guest::{BootCause, BootEnd, SoftShutdown};
use crate::state::VmState;
use crate::switches::{HungShutdown, PoweroffInError, PoweroffInStarting, PoweroffInStopping, RepairEnds};

/// An action on a VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Start,
    Stop,
    Shutdown,
    PowerOff,
    Restart,
    Redeploy,
    Repair,
    ResetDisks,
}

impl Action {
    pub(crate) const ALL: [Self; 8] = [
        Self::Start,
        Self::Stop,
        Self::Shutdown,
        Self::PowerOff,
        Self::Restart,
        Self::Redeploy,
        Self::Repair,
        Self::ResetDisks,
    ];

    /// Its name in a path.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Shutdown => "shutdown",
            Self::PowerOff => "poweroff",
            Self::Restart => "restart",
            Self::Redeploy => "redeploy",
            Self::Repair => "repair",
            Self::ResetDisks => "resetDisks",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Action {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|action| action.name() == name).ok_or(())
    }
}

/// An action is not possible in the present state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot {action} a VM in state {state}")]
pub(crate) struct Refusal {
    pub(crate) action: Action,
    pub(crate) state: VmState,
}

/// What an action comes to in the present state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Do,
    /// A success without any effect.
    Ignore,
    Refuse,
}

impl Machine {
    /// Whether an action is possible now.
    ///
    /// # Errors
    /// [`Refusal`] if it is not.
    pub(crate) fn admit(&self, action: Action, around: &Surroundings<'_>) -> Result<(), Refusal> {
        match self.verdict(action, around) {
            Verdict::Do | Verdict::Ignore => Ok(()),
            Verdict::Refuse => Err(Refusal { action, state: self.state }),
        }
    }

    /// Sets out on the course of an action.
    ///
    /// # Errors
    /// [`Refusal`] if it is not possible now.
    pub(crate) fn act(
        &mut self,
        action: Action,
        now: Timestamp,
        around: &mut Surroundings<'_>,
    ) -> Result<(), Refusal> {
        match self.verdict(action, around) {
            Verdict::Refuse => return Err(Refusal { action, state: self.state }),
            Verdict::Ignore => return Ok(()),
            Verdict::Do => {}
        }
        let legs = self.course_of(action, around);
        self.set_out(legs, now, around);
        Ok(())
    }

    fn verdict(&self, action: Action, around: &Surroundings<'_>) -> Verdict {
        let possible = match action {
            Action::Start => self.state == VmState::Stopped,
            Action::Stop | Action::Shutdown | Action::Restart | Action::ResetDisks => {
                self.state == VmState::Started
            }
            Action::PowerOff => return self.verdict_on_poweroff(around),
            Action::Redeploy => self.state.is_rest() && self.state != VmState::Terminated,
            Action::Repair => self.state.is_error(),
        };
        if possible { Verdict::Do } else { Verdict::Refuse }
    }

    fn verdict_on_poweroff(&self, around: &Surroundings<'_>) -> Verdict {
        let switches = around.switches;
        match self.state {
            VmState::Started => Verdict::Do,
            VmState::WaitingToStart
            | VmState::Starting
            | VmState::Restarting
            | VmState::Updating
            | VmState::Publishing
            | VmState::ResettingDisks
            | VmState::Repairing => match switches.poweroff_in_starting {
                PoweroffInStarting::Refused => Verdict::Refuse,
                PoweroffInStarting::Accepted => Verdict::Do,
            },
            VmState::Stopping | VmState::WaitingToStop => match switches.poweroff_in_stopping {
                PoweroffInStopping::Refused => Verdict::Refuse,
                PoweroffInStopping::Ignored => Verdict::Ignore,
            },
            VmState::Error | VmState::ErrorDeploy | VmState::ErrorTerminate | VmState::ErrorUnknown => {
                match switches.poweroff_in_error {
                    PoweroffInError::Refused => Verdict::Refuse,
                    PoweroffInError::Accepted => Verdict::Do,
                }
            }
            VmState::Stopped | VmState::Terminating | VmState::Terminated | VmState::Unknown => {
                Verdict::Refuse
            }
        }
    }

    fn course_of(&self, action: Action, around: &Surroundings<'_>) -> Vec<Leg> {
        let durations = around.durations;
        let started = Leg::rest(VmState::Started);
        let stopped = Leg::rest(VmState::Stopped);
        let hung = self.guest.soft_shutdown == SoftShutdown::Ignored;
        match action {
            Action::Start => around.starting(BootCause::Start),
            Action::PowerOff => vec![
                Leg::passing(VmState::Stopping, durations.powering_off).ending(BootEnd::PowerOff),
                stopped,
            ],
            Action::Stop | Action::Shutdown if around.outbox.is_some() => {
                let mut legs = around.waiting(VmState::WaitingToStop);
                legs.extend(self.hung_stop(action, around).into_iter().map(|leg| match leg.state {
                    VmState::Stopping => leg.asking((!hung).then_some(BootEnd::Shutdown)),
                    _ => leg,
                }));
                legs
            }
            Action::Stop | Action::Shutdown if !hung => {
                let mut legs = around.waiting(VmState::WaitingToStop);
                legs.push(Leg::passing(VmState::Stopping, durations.stopping));
                legs.push(stopped.ending(BootEnd::Shutdown));
                legs
            }
            Action::Stop | Action::Shutdown => {
                let mut legs = around.waiting(VmState::WaitingToStop);
                legs.extend(self.hung_stop(action, around));
                legs
            }
            Action::Restart if hung => vec![Leg::passing(VmState::Restarting, durations.restarting), started],
            Action::Restart if around.outbox.is_some() => {
                let restarting = Leg::passing(VmState::Restarting, self.stop_timeout());
                vec![restarting.asking(Some(BootEnd::Restart)), started]
            }
            Action::Restart => vec![
                Leg::passing(VmState::Restarting, durations.restarting).ending(BootEnd::Restart),
                started.booting(BootCause::Restart),
            ],
            Action::Redeploy => {
                let publishing = Leg::passing(VmState::Publishing, durations.publishing);
                let mut legs = vec![publishing.ending(BootEnd::Redeploy).losing_disks()];
                legs.extend(around.starting(BootCause::Redeploy));
                legs
            }
            Action::Repair => {
                let repairing = Leg::passing(VmState::Repairing, durations.repairing);
                let ends_started = match around.switches.repair_ends {
                    RepairEnds::LastRest => self.last_rest == VmState::Started,
                    RepairEnds::Started => true,
                    RepairEnds::Stopped => false,
                };
                vec![repairing, if ends_started { started.booting(BootCause::Repair) } else { stopped }]
            }
            Action::ResetDisks => vec![
                Leg::passing(VmState::ResettingDisks, durations.resetting_disks)
                    .ending(BootEnd::ResetDisks)
                    .losing_disks(),
                started.booting(BootCause::ResetDisks),
            ],
        }
    }

    /// The guest does not listen, or not yet: `stop` ends with the plug pulled, if the VM allows it; `shutdown` knows no
    /// such end.
    fn hung_stop(&self, action: Action, around: &Surroundings<'_>) -> Vec<Leg> {
        let waiting = Leg::passing(VmState::Stopping, self.stop_timeout());
        if action == Action::Stop && self.is_cut_off_after_timeout() {
            return vec![waiting, Leg::rest(VmState::Stopped).ending(BootEnd::StopTimeOut)];
        }
        match around.switches.hung_shutdown {
            HungShutdown::ReturnsToStarted => vec![waiting, Leg::rest(VmState::Started)],
            HungShutdown::StaysStopping => vec![Leg::rest(VmState::Stopping)],
        }
    }
}
