//! The rules that hold whatever happens, and what has to be remembered of the past to see one broken.

use machine::{BootDevice, Phase, PowerRequest, Step};
use reconciler::record::{NodeRecord, Rest, Stage, Start};

use crate::cloud::{Effect, Vm, id};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    NoRestart,
    NoEarlyDisk,
    RightDevice,
    NothingTwice,
    NothingLost,
    TagKept,
    Ends,
}

impl Rule {
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoRestart => "no running VM is restarted by a publish of ours or a boot device of ours",
            Self::NoEarlyDisk => "the disk does not boot before the power cycle that follows set disk",
            Self::RightDevice => "a start boots the device that was asked for",
            Self::NothingTwice => "nothing is carried out twice",
            Self::NothingLost => "an acknowledged request is carried out or reported",
            Self::TagKept => "a tag stays until its device is applied",
            Self::Ends => "it ends, with everything done and nothing left behind",
        }
    }
}

/// What is remembered of one node: what its clients may expect, and what others did to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Monitor {
    /// The power request that was acknowledged and has not ended.
    pub asked: Option<Asked>,
    /// Whether it was off since then.
    pub was_off: bool,
    /// Whether it was started since then, and whether a pass has seen that.
    pub was_started: bool,
    pub is_start_seen: bool,
    /// How many starts and power offs of ours may still have an effect.
    pub may_start: u8,
    pub may_power_off: u8,
    pub may_ask_guest: bool,
    /// What it shall be in the end.
    pub goal: Option<Rest>,
    /// The override for the next power cycle.
    once: Option<BootDevice>,
    /// The device of all others; `None` when that cannot be said.
    lasting: Option<BootDevice>,
    /// What the next start may boot.
    allowed: Allowed,
    /// A one-shot was set at some time.
    fickle: bool,
    /// A boot device was set after the steps that are under way were decided.
    pub fresh_wish: bool,
    /// Ironic has set the network and not yet asked for the power cycle to the disk.
    pub no_disk: bool,
    /// Our publish brought what is deployed.
    deployed_by_us: bool,
    /// Somebody else started it after we wrote its design.
    started_elsewhere: bool,
    /// Somebody else started it while our own start was still due: its client may take that one for ours.
    fooled: bool,
}

/// What a power request comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Asked {
    On,
    Off,
    Cycle,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Allowed {
    network: bool,
    disk: bool,
}

impl Allowed {
    const ANY: Self = Self { network: true, disk: true };

    fn only(device: Option<BootDevice>) -> Self {
        let is = |other| device.is_none_or(|device| device == other);
        Self { network: is(BootDevice::Network), disk: is(BootDevice::Disk) }
    }

    const fn or(self, other: Self) -> Self {
        Self { network: self.network || other.network, disk: self.disk || other.disk }
    }

    const fn has(self, device: BootDevice) -> bool {
        match device {
            BootDevice::Network => self.network,
            BootDevice::Disk => self.disk,
        }
    }
}

impl Monitor {
    pub fn new(vm: &Vm) -> Self {
        Self {
            asked: None,
            was_off: false,
            was_started: false,
            is_start_seen: false,
            may_start: 0,
            may_power_off: 0,
            may_ask_guest: false,
            goal: None,
            once: None,
            lasting: Some(vm.deployed.boot),
            allowed: Allowed::ANY,
            fickle: false,
            fresh_wish: false,
            no_disk: false,
            deployed_by_us: false,
            started_elsewhere: false,
            fooled: false,
        }
    }

    fn next(&self) -> Option<BootDevice> {
        self.once.or(self.lasting)
    }

    /// A boot device was acknowledged: `None` drops the override, for what then is not modelled.
    pub fn boot_set(&mut self, wanted: Option<(BootDevice, bool)>) {
        match wanted {
            Some((device, false)) => {
                self.once = None;
                self.lasting = Some(device);
            }
            Some((device, true)) => {
                self.once = Some(device);
                self.fickle = true;
            }
            None => {
                self.once = None;
                self.lasting = None;
            }
        }
        self.allowed = self.allowed.or(Allowed::only(self.next()));
        self.fresh_wish = true;
    }

    /// A power request was acknowledged; `again` means that it is one that is under way.
    pub fn power_asked(&mut self, request: PowerRequest, recorded: bool, again: bool, vm: &Vm, due: Due) {
        let goal = match request {
            PowerRequest::On | PowerRequest::Cycle | PowerRequest::Reset => Rest::On,
            PowerRequest::Off | PowerRequest::Soft => Rest::Off,
        };
        // What others undid while it was under way is not done again because it is asked for again.
        let undone = !recorded && self.asked.is_some() && self.goal.is_none();
        self.goal = (!undone).then_some(goal);
        // A client that took somebody else's boot for ours has set another boot device since, so it is another reset.
        if !recorded || (again && !self.fooled) {
            return;
        }
        // A power up that goes on.
        if request == PowerRequest::On && matches!(self.asked, Some(Asked::On | Asked::Cycle)) {
            self.allowed = self.allowed.or(Allowed::only(self.next()));
            return;
        }
        let off = vm.phase == Phase::Off;
        let (is_combined, before) = (self.asked.is_some(), self.asked);
        self.asked = Some(match (request, before) {
            (PowerRequest::On, Some(Asked::Off)) => Asked::Cycle,
            (PowerRequest::On, _) => Asked::On,
            (PowerRequest::Off | PowerRequest::Soft, _) => Asked::Off,
            (PowerRequest::Cycle | PowerRequest::Reset, _) => Asked::Cycle,
        });
        let joins = is_combined && request == PowerRequest::On;
        self.was_off = off || (joins && self.was_off);
        self.was_started = false;
        self.is_start_seen = false;
        // A step that is under way may still have its effect, besides what is asked for now.
        self.may_start = u8::from(goal == Rest::On) + due.starts;
        if !joins {
            let powers_off = !matches!(request, PowerRequest::On | PowerRequest::Soft);
            self.may_power_off = u8::from(powers_off) + due.power_offs;
        }
        let asks_guest = request == PowerRequest::Soft || due.shutdowns > 0;
        self.may_ask_guest = asks_guest || (joins && self.may_ask_guest);
        if goal == Rest::On {
            let next = Allowed::only(self.next());
            self.allowed = if due.starts > 0 { self.allowed.or(next) } else { next };
        }
    }

    /// An effect of a step of ours.
    pub fn effect(&mut self, effect: Effect, vm: &Vm) -> Result<(), Rule> {
        match effect {
            Effect::PoweredOff(_) => {
                self.may_power_off = self.may_power_off.checked_sub(1).ok_or(Rule::NothingTwice)?;
            }
            Effect::AskedToShutDown(_) => {
                if !self.may_ask_guest {
                    return Err(Rule::NothingTwice);
                }
            }
            Effect::Started(_) => {
                self.may_start = self.may_start.checked_sub(1).ok_or(Rule::NothingTwice)?;
                self.was_started = self.asked.is_some();
                self.is_start_seen = false;
                self.boots(vm, true)?;
                if !vm.booted.is_some_and(|device| self.allowed.has(device)) {
                    return Err(Rule::RightDevice);
                }
                self.once = self.once.filter(|once| Some(*once) != vm.booted);
                if self.may_start > 0 {
                    self.allowed = self.allowed.or(Allowed::only(self.next()));
                }
            }
            Effect::Deployed(_) => self.deployed_by_us = true,
            Effect::Written(_) => {
                if !vm.runs() {
                    self.started_elsewhere = false;
                }
            }
            Effect::Restarted(_) => {}
        }
        Ok(())
    }

    /// A boot; `ours` means that we started it.
    pub fn boots(&self, vm: &Vm, ours: bool) -> Result<(), Rule> {
        let early = self.no_disk && !self.fooled && vm.booted == Some(BootDevice::Disk);
        if early && (ours || self.deployed_by_us) { Err(Rule::NoEarlyDisk) } else { Ok(()) }
    }

    /// A write of ours took the tag away.
    pub fn tag_removed(&self, vm: &Vm) -> Result<(), Rule> {
        let kept = self.fresh_wish || self.fickle;
        let applied = |device| device == vm.design.boot || device == vm.deployed.boot;
        if kept || self.next().is_none_or(applied) { Ok(()) } else { Err(Rule::TagKept) }
    }

    /// Somebody else published.
    pub fn published_elsewhere(&mut self, effect: Effect) -> Result<(), Rule> {
        match effect {
            Effect::Deployed(_) => self.deployed_by_us = false,
            Effect::Restarted(_) if !self.started_elsewhere => return Err(Rule::NoRestart),
            Effect::Restarted(_) => self.fooled |= self.asked.is_some(),
            _ => {}
        }
        Ok(())
    }

    /// Somebody else started or stopped it: what we cannot know of may be repeated.
    pub fn meddled_with(&mut self, goes_on: bool, record: Option<&NodeRecord>) {
        self.goal = None;
        if self.fickle {
            self.once = None;
            self.lasting = None;
            self.allowed = Allowed::ANY;
        }
        match record.and_then(|record| record.power.as_ref()).map(|power| power.stage) {
            Some(Stage::PowerDown { .. }) if goes_on => self.may_power_off = 1,
            Some(Stage::PowerUp { start: Start::NotSent, .. }) if goes_on => self.fooled = true,
            Some(Stage::PowerUp { .. }) if !goes_on && self.was_started && !self.is_start_seen => {
                self.may_start = 1;
            }
            _ => {}
        }
        self.started_elsewhere |= goes_on;
        if self.asked.is_some() {
            self.was_started |= goes_on;
            self.was_off |= !goes_on;
        }
    }

    /// A record is replaced by a pass. `raced` means that somebody else did something after the look.
    pub fn replaced(
        &mut self,
        before: &NodeRecord,
        after: &NodeRecord,
        vm: &Vm,
        raced: bool,
    ) -> Result<(), Rule> {
        if before.power.is_none() || after.power.is_some() {
            return Ok(());
        }
        let asked = self.asked.take();
        self.fooled = false;
        self.is_start_seen = false;
        let (was_off, was_started) =
            (std::mem::take(&mut self.was_off), std::mem::take(&mut self.was_started));
        self.may_start = 0;
        self.may_power_off = 0;
        self.may_ask_guest = false;
        if after.failure.is_some() || raced {
            self.goal = None;
            return Ok(());
        }
        let up = vm.runs() || was_started;
        let is_done = match asked {
            None => true,
            Some(Asked::Off) => vm.is_off(),
            Some(Asked::On) => up,
            Some(Asked::Cycle) => was_off && up,
        };
        if is_done { Ok(()) } else { Err(Rule::NothingLost) }
    }

    /// Nothing that was acknowledged is forgotten.
    pub fn is_kept(&self, record: Option<&NodeRecord>) -> bool {
        self.asked.is_none() || record.is_some_and(|record| record.power.is_some())
    }
}

/// Steps that were decided and not yet sent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Due {
    pub starts: u8,
    power_offs: u8,
    shutdowns: u8,
}

impl Due {
    pub fn of(steps: &[Step], node: usize) -> Self {
        let mut due = Self::default();
        for step in steps {
            match step {
                Step::Start(nodes) if nodes.contains(&id(node)) => due.starts += 1,
                Step::PowerOff(nodes) if nodes.contains(&id(node)) => due.power_offs += 1,
                Step::Shutdown(nodes) if nodes.contains(&id(node)) => due.shutdowns += 1,
                _ => {}
            }
        }
        due
    }
}
