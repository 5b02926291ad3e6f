//! Everything together: the daemon's loop around the production functions, the cloud, the clients, the second
//! writer, and what can go wrong.

use std::collections::BTreeSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use dashmap::DashSet;
use machine::{BackendError, BackendErrorKind, BootDevice, Phase, Step};
use reconciler::Policy;
use reconciler::admission::{Outcome, PowerAsk, Seen};
use reconciler::progress::Progress;
use reconciler::record::{NodeRecord, Rest};
use stateright::{Model, Property};

use crate::client::{Ask, Client, Deploy, Point, boot_override};
use crate::clock::{self, NOW};
use crate::cloud::{Cloud, Effect, Shown, Vm, id, index, observation};
use crate::mutant::{Mutant, Records};
use crate::rule::{Due, Monitor, Rule};

/// What is explored: how many nodes, who asks, and how much may go wrong.
#[derive(Clone, Debug)]
pub struct Setup {
    pub name: &'static str,
    pub nodes: Vec<Start>,
    pub budget: Budget,
    /// Guests reboot by themselves, whenever they run.
    pub reboots: bool,
    /// A tag, or a write that others might join, waits for a tick.
    pub tag_delay: bool,
    pub coalesce: bool,
}

/// How a node begins.
#[derive(Clone, Debug)]
pub struct Start {
    pub phase: Phase,
    pub boot: BootDevice,
    /// One initial state for each.
    pub clients: Vec<Client>,
}

/// How often something may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Budget {
    /// The daemon dies, between any two things that it does.
    pub crashes: u8,
    /// A request or its reply is lost.
    pub lost: u8,
    /// Looks still show what was before a step.
    pub late: u8,
    /// The cloud forbids a step.
    pub refused: u8,
    /// The second writer edits, publishes, starts or stops.
    pub meddling: u8,
    /// A guest does not follow a request to shut down.
    pub deaf: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub cloud: Cloud,
    pub daemon: Daemon,
    pub clients: Vec<Client>,
    pub monitors: Vec<Monitor>,
    pub left: Budget,
    pub broken: Option<Rule>,
}

/// The daemon: its records, which are the journal, and what a crash makes it forget.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Daemon {
    pub records: Records,
    pub progress: Progress,
    /// The last look, unless something has made it stale.
    pub look: Option<Look>,
    /// What the last pass decided and has not been sent.
    pub steps: Vec<Step>,
    /// The journal, where a mutant lets it lag behind the records.
    pub journal: Option<Records>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Look {
    shown: Vec<Shown>,
    /// Nodes with a power request that is newer: it says nothing about them.
    newer: BTreeSet<usize>,
    /// Somebody else did something since.
    raced: bool,
    /// Too old to act on.
    old: bool,
    /// A pass has been made over it, and found nothing to send.
    passed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    Look,
    /// Plan, and make the records durable.
    Pass,
    /// Send the next step and learn from the answer.
    Send(Fate),
    Crash,
    Tick,
    /// A transient phase of a VM ends.
    Finish(usize),
    StayOn(usize),
    GuestReboot(usize),
    /// The client goes on.
    Client(usize),
    /// The client repeats its last power request in a new session.
    Repeat(usize),
    Request(usize, Ask),
    Other(Meddling),
}

/// What becomes of a step on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fate {
    pub arrives: bool,
    pub answer: Answer,
    /// Looks do not show it yet.
    pub late: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    Heard,
    Lost,
    Forbidden,
    /// The daemon dies before it comes.
    Crash,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Meddling {
    Edit,
    Revert,
    Publish,
    Start(usize),
    Stop(usize),
}

pub struct World {
    pub setup: Setup,
    pub mutant: Mutant,
    policy: Policy,
    /// States from which it is known to end.
    ends: DashSet<u64>,
}

/// No way to the end is longer than this.
const LONGEST_WAY: usize = 400;

impl World {
    pub fn new(setup: Setup, mutant: Mutant) -> Self {
        let policy = mutant.policy(clock::policy(setup.tag_delay, setup.coalesce));
        Self { setup, mutant, policy, ends: DashSet::new() }
    }

    fn other(&self) -> usize {
        self.setup.nodes.len()
    }

    fn fates(&self, state: &State) -> Vec<Fate> {
        let left = &state.left;
        let mut fates = vec![Fate { arrives: true, answer: Answer::Heard, late: false }];
        if left.lost > 0 {
            fates.push(Fate { arrives: true, answer: Answer::Lost, late: false });
            fates.push(Fate { arrives: false, answer: Answer::Lost, late: false });
        }
        if left.crashes > 0 {
            fates.push(Fate { arrives: true, answer: Answer::Crash, late: false });
        }
        if left.late > 0 {
            let late = fates.iter().filter(|fate| fate.arrives).map(|fate| Fate { late: true, ..*fate });
            fates.extend(late.collect::<Vec<_>>());
        }
        if left.refused > 0 {
            fates.push(Fate { arrives: false, answer: Answer::Forbidden, late: false });
        }
        fates
    }

    fn send(&self, state: &mut State, fate: Fate) -> Result<(), Rule> {
        let step = state.daemon.steps.remove(0);
        let raced = state.daemon.look.as_ref().is_some_and(|look| look.raced);
        let mut effects = None;
        if fate.arrives {
            let before = state.cloud.clone();
            effects = state.cloud.take(&step);
            for (vm, before) in state.cloud.vms.iter_mut().zip(before.vms) {
                if fate.late && Vm::is(vm) != before.is() {
                    vm.shows = Some(before.is());
                }
            }
            state.left.late -= u8::from(fate.late);
        }
        let is_refused = fate.arrives && effects.is_none();
        for effect in effects.into_iter().flatten() {
            let (Effect::PoweredOff(vm)
            | Effect::AskedToShutDown(vm)
            | Effect::Started(vm)
            | Effect::Restarted(vm)
            | Effect::Deployed(vm)
            | Effect::Written(vm)) = effect;
            if matches!(effect, Effect::Restarted(_)) && !raced {
                return Err(Rule::NoRestart);
            }
            if let Some(monitor) = state.monitors.get_mut(vm) {
                monitor.effect(effect, &state.cloud.vms[vm])?;
            }
        }
        if let (Step::UpdateDesign(changes), true) = (&step, fate.arrives) {
            for (node, _) in changes.iter().filter(|(_, change)| change.tag == Some(None)) {
                let vm = index(node);
                if let Some(monitor) = state.monitors.get(vm) {
                    monitor.tag_removed(&state.cloud.vms[vm])?;
                }
            }
        }
        let error = match fate.answer {
            Answer::Crash => {
                state.left.crashes -= 1;
                self.crash(&mut state.daemon);
                return Ok(());
            }
            Answer::Heard if is_refused => Some(BackendErrorKind::Conflict),
            Answer::Heard => None,
            Answer::Lost => {
                state.left.lost -= 1;
                Some(BackendErrorKind::Unavailable)
            }
            Answer::Forbidden => {
                state.left.refused -= 1;
                Some(BackendErrorKind::Forbidden)
            }
        };
        let error = error.map(|kind| BackendError {
            operation: String::new(),
            reason: String::new(),
            kind,
            source: None,
        });
        let daemon = &mut state.daemon;
        let outcome = error.as_ref().map_or(Ok(()), Err);
        let changes =
            self.mutant.learn(&step, outcome, &daemon.records, &mut daemon.progress, &self.policy, NOW);
        self.commit(state, changes, raced)?;
        let daemon = &mut state.daemon;
        if daemon.progress.not_before > NOW.up {
            daemon.steps.clear();
        }
        daemon.progress = clock::canonical_progress(std::mem::take(&mut daemon.progress));
        if daemon.steps.is_empty() {
            daemon.look = None;
        }
        Ok(())
    }

    fn pass(&self, state: &mut State) -> Result<(), Rule> {
        let daemon = &mut state.daemon;
        let Some(look) = &mut daemon.look else { return Ok(()) };
        let seen = observation(&look.shown);
        let newer = look.newer.clone();
        let mut records = daemon.records.clone();
        records.retain(|node, _| !newer.contains(&index(node)));
        let mut plan = self.mutant.plan(&records, &seen, &daemon.progress, &self.policy, NOW);
        plan.leave_out(&newer.iter().map(|node| id(*node)).collect());
        let changes = !plan.steps.is_empty() || !plan.records.is_empty();
        if changes && look.old && !self.mutant.uses_old_looks() {
            daemon.look = None;
            return Ok(());
        }
        look.passed = plan.steps.is_empty();
        let raced = look.raced;
        if plan.steps.is_empty() && !newer.is_empty() {
            daemon.look = None;
        }
        daemon.steps = plan.steps;
        for (node, monitor) in state.monitors.iter_mut().enumerate() {
            monitor.fresh_wish = false;
            let runs = matches!(seen.nodes[&id(node)].phase, Phase::PoweringOn | Phase::On);
            monitor.is_start_seen |= monitor.was_started && runs && !newer.contains(&node);
        }
        self.commit(state, plan.records, raced)
    }

    fn commit(&self, state: &mut State, changes: Records, raced: bool) -> Result<(), Rule> {
        for (node, after) in changes {
            let vm = index(&node);
            let before = state.daemon.records.get(&node).cloned().unwrap_or_default();
            state.daemon.journal = None;
            let after = clock::canonical_record(after, &self.policy);
            if let Some(monitor) = state.monitors.get_mut(vm) {
                monitor.replaced(&before, &after, &state.cloud.vms[vm], raced)?;
            }
            state.daemon.records.insert(node, after);
        }
        Ok(())
    }

    fn crash(&self, daemon: &mut Daemon) {
        let old = std::mem::take(daemon);
        daemon.records = self.mutant.restart(old.journal.unwrap_or(old.records));
        daemon.progress = self.mutant.resume(&daemon.records);
    }

    /// Returns whether it was acknowledged.
    fn ask(&self, state: &mut State, node: usize, ask: Ask, is_repeat: bool) -> bool {
        let key = id(node);
        let daemon = &mut state.daemon;
        let record = daemon.records.get(&key).cloned().unwrap_or_default();
        let is_pending = record.power.is_some();
        let outcome = match ask {
            Ask::Power(request) => {
                let ask = PowerAsk { request, requester: String::new(), at: NOW.wall };
                let admit = |seen: Option<&Seen>| self.mutant.admit_power(&record, &ask, seen);
                let is_fresh = daemon.look.as_ref().is_some_and(|look| !look.old);
                // A refusal is final: it waits for a fresh look.
                let refuses = [seen(daemon, node), None]
                    .iter()
                    .any(|seen| matches!(admit(seen.as_ref()), Outcome::Denied(_) | Outcome::Reported(..)));
                if !is_fresh && refuses {
                    daemon.look = Some(Look::at(&state.cloud));
                }
                if is_fresh || refuses { admit(seen(daemon, node).as_ref()) } else { admit(None) }
            }
            Ask::Boot(wanted) => self.mutant.admit_boot(&record, wanted.map(boot_override), NOW.wall),
        };
        let (next, acknowledged, recorded) = match outcome {
            Outcome::Record(next) => (Some(next), true, true),
            Outcome::AlreadySatisfied => (None, true, false),
            Outcome::Denied(_) => (None, false, false),
            Outcome::Reported(next, _) => (Some(next), false, false),
        };
        if let Some(next) = next {
            if self.mutant.acknowledges_first() && daemon.journal.is_none() {
                daemon.journal = Some(daemon.records.clone());
            }
            daemon.records.insert(key, clock::canonical_record(next, &self.policy));
            match (ask, &mut daemon.look) {
                (Ask::Power(_), Some(look)) => {
                    look.newer.insert(node);
                    look.passed = false;
                }
                (Ask::Boot(_), Some(look)) => look.passed = false,
                (_, None) => {}
            }
        }
        let raced = state.daemon.look.as_ref().is_some_and(|look| look.raced);
        if acknowledged {
            let (monitor, vm) = (&mut state.monitors[node], &state.cloud.vms[node]);
            match ask {
                Ask::Power(request) => {
                    let due = Due::of(&state.daemon.steps, node);
                    monitor.power_asked(request, recorded, is_repeat && is_pending, vm, due);
                    if !recorded && raced {
                        monitor.goal = None;
                    }
                }
                Ask::Boot(wanted) => {
                    // Which of two one-shots a start uses up that is on its way, nobody can say.
                    let is_open = wanted.is_some_and(|(_, is_once)| is_once);
                    let is_open = is_open && Due::of(&state.daemon.steps, node).starts > 0;
                    monitor.boot_set(wanted.filter(|_| !is_open));
                }
            }
        }
        acknowledged
    }

    fn go_on(&self, state: &mut State, node: usize) {
        let Client::Ironic(deploy) = &state.clients[node] else { return };
        let mut deploy = deploy.clone();
        let Some((ask, then)) = deploy.next(&state.cloud.vms[node], is_idle(state, node)) else { return };
        let acknowledged = ask.is_none_or(|ask| self.ask(state, node, ask, false));
        if !acknowledged {
            return;
        }
        state.monitors[node].no_disk =
            !matches!(then, Point::AwaitOff | Point::AwaitDisk | Point::Done | Point::SetNetwork);
        deploy.at = then;
        deploy.last = match ask {
            Some(Ask::Power(request)) => Some(request),
            Some(Ask::Boot(_)) | None => None,
        };
        state.clients[node] = Client::Ironic(deploy);
    }

    fn repeat(&self, state: &mut State, node: usize) {
        let Client::Ironic(Deploy { repeats, last: Some(request), .. }) = &mut state.clients[node] else {
            return;
        };
        *repeats -= 1;
        let request = *request;
        self.ask(state, node, Ask::Power(request), true);
    }

    fn meddle(&self, state: &mut State, meddling: Meddling) -> Result<(), Rule> {
        if meddling != Meddling::Revert {
            state.left.meddling -= 1;
        }
        if let Some(look) = &mut state.daemon.look {
            look.raced = true;
        }
        let other = self.other();
        match meddling {
            Meddling::Edit => state.cloud.vms[other].design.edited = true,
            Meddling::Revert => state.cloud.vms[other].design.edited = false,
            Meddling::Publish => {
                for effect in state.cloud.publish().into_iter().flatten() {
                    let (Effect::Restarted(vm) | Effect::Deployed(vm)) = effect else { continue };
                    if let Some(monitor) = state.monitors.get_mut(vm) {
                        monitor.published_elsewhere(effect)?;
                    }
                }
            }
            Meddling::Start(vm) | Meddling::Stop(vm) => {
                let goes_on = meddling == Meddling::Start(vm);
                let nodes = vec![id(vm)];
                // It would hide behind what we did before.
                state.cloud.vms[vm].shows = None;
                state.cloud.take(&if goes_on { Step::Start(nodes) } else { Step::PowerOff(nodes) });
                let record = state.daemon.records.get(&id(vm)).cloned();
                state.monitors[vm].meddled_with(goes_on, record.as_ref());
            }
        }
        Ok(())
    }

    fn act(&self, state: &mut State, action: Action) -> Result<(), Rule> {
        match action {
            Action::Look => {
                state.daemon.look = Some(Look::at(&state.cloud));
            }
            Action::Pass => self.pass(state)?,
            Action::Send(fate) => self.send(state, fate)?,
            Action::Crash => {
                state.left.crashes -= 1;
                self.crash(&mut state.daemon);
            }
            Action::Tick => tick(state),
            Action::Finish(vm) => {
                state.cloud.finish(vm);
                if let Some(monitor) = state.monitors.get_mut(vm) {
                    monitor.was_off |= monitor.asked.is_some() && state.cloud.vms[vm].phase == Phase::Off;
                }
            }
            Action::StayOn(vm) => {
                state.left.deaf -= 1;
                state.cloud.stay_on(vm);
                state.monitors[vm].goal = None;
            }
            Action::GuestReboot(node) => {
                let vm = &mut state.cloud.vms[node];
                if self.mutant.applies_on_guest_reboot() {
                    let record = state.daemon.records.get(&id(node)).cloned().unwrap_or_default();
                    let device = record.boot.wanted().unwrap_or(vm.deployed.boot);
                    vm.design.boot = device;
                    vm.deployed.boot = device;
                    state.monitors[node].effect(Effect::Deployed(node), vm)?;
                }
                vm.booted = Some(vm.deployed.boot);
                state.monitors[node].boots(vm, false)?;
            }
            Action::Client(node) => self.go_on(state, node),
            Action::Repeat(node) => self.repeat(state, node),
            Action::Request(node, ask) => {
                if let Client::Anybody(left) = &mut state.clients[node] {
                    *left -= 1;
                }
                self.ask(state, node, ask, false);
            }
            Action::Other(meddling) => self.meddle(state, meddling)?,
        }
        let records = &state.daemon.records;
        let mut nodes = state.monitors.iter().enumerate();
        if nodes.all(|(node, monitor)| monitor.is_kept(records.get(&id(node)))) {
            Ok(())
        } else {
            Err(Rule::NothingLost)
        }
    }

    pub fn after(&self, state: &State, action: Action) -> State {
        let mut next = state.clone();
        if let Err(rule) = self.act(&mut next, action) {
            next.broken = Some(rule);
        }
        next
    }

    /// What happens next when nothing goes wrong any more and everybody does their part.
    pub fn fair(&self, state: &State) -> Option<Action> {
        if !state.daemon.steps.is_empty() {
            return Some(Action::Send(Fate { arrives: true, answer: Answer::Heard, late: false }));
        }
        match &state.daemon.look {
            None => return Some(Action::Look),
            Some(look) if !look.passed => return Some(Action::Pass),
            Some(look) if look.old || look.shown != state.cloud.look() => return Some(Action::Look),
            Some(_) => {}
        }
        if let Some(vm) = state.cloud.vms.iter().position(Vm::is_transient) {
            return Some(Action::Finish(vm));
        }
        let other = &state.cloud.vms[self.other()];
        if other.design.edited != other.deployed.edited {
            return Some(Action::Other(Meddling::Revert));
        }
        let wants = |node: &usize| self.next_state(state, Action::Client(*node)).is_some();
        if let Some(node) = (0..self.other()).find(wants) {
            return Some(Action::Client(node));
        }
        time_matters(state).then_some(Action::Tick)
    }

    /// Whether the way on from here, when nothing goes wrong any more, comes to a good end.
    fn ends_well(&self, state: &State) -> bool {
        let mut way = Vec::new();
        let mut at = state.clone();
        loop {
            let mut hasher = DefaultHasher::new();
            at.hash(&mut hasher);
            let here = hasher.finish();
            if at.broken.is_some() || self.ends.contains(&here) {
                break;
            }
            if way.len() > LONGEST_WAY {
                return false;
            }
            way.push(here);
            match self.fair(&at) {
                Some(action) => at = self.after(&at, action),
                None if self.is_good_end(&at) => break,
                None => return false,
            }
        }
        for state in way {
            self.ends.insert(state);
        }
        true
    }

    fn is_good_end(&self, state: &State) -> bool {
        (0..self.other()).all(|node| {
            let (vm, monitor) = (&state.cloud.vms[node], &state.monitors[node]);
            let record = state.daemon.records.get(&id(node)).cloned().unwrap_or_default();
            let is_done = match (&state.clients[node], monitor.goal) {
                (Client::Ironic(deploy), _) => {
                    let disk = vm.phase == Phase::On && vm.booted == Some(BootDevice::Disk);
                    deploy.at == Point::Done && (disk || monitor.goal.is_none()) && vm.design.tag.is_none()
                }
                (Client::Anybody(_), Some(Rest::On)) => vm.phase == Phase::On,
                (Client::Anybody(_), Some(Rest::Off)) => vm.phase == Phase::Off,
                (Client::Anybody(_), None) => true,
            };
            let tag = if record.boot.known { record.boot.tag_beside(vm.deployed.boot) } else { None };
            is_done && record.power.is_none() && vm.design.boot == vm.deployed.boot && vm.design.tag == tag
        })
    }
}

impl Look {
    fn at(cloud: &Cloud) -> Self {
        Self { shown: cloud.look(), newer: BTreeSet::new(), raced: false, old: false, passed: false }
    }
}

/// What the last look says about a node.
fn seen(daemon: &Daemon, node: usize) -> Option<Seen> {
    daemon.look.as_ref().map(|look| Seen { phase: look.shown[node].phase, state: String::new() })
}

fn is_idle(state: &State, node: usize) -> bool {
    state.daemon.records.get(&id(node)).is_none_or(|record: &NodeRecord| record.power.is_none())
}

fn tick(state: &mut State) {
    let daemon = &mut state.daemon;
    daemon.records = clock::aged_records(std::mem::take(&mut daemon.records));
    daemon.progress = clock::aged_progress(std::mem::take(&mut daemon.progress));
    if let Some(look) = &mut daemon.look {
        look.old = true;
        look.passed = false;
    }
    for vm in &mut state.cloud.vms {
        vm.shows = None;
    }
}

/// Whether a tick would change anything but the age of the look.
fn time_matters(state: &State) -> bool {
    let daemon = &state.daemon;
    state.cloud.vms.iter().any(|vm| vm.shows.is_some())
        || clock::aged_records(daemon.records.clone()) != daemon.records
        || clock::aged_progress(daemon.progress.clone()) != daemon.progress
}

impl Model for World {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let mut vms: Vec<Vm> = self.setup.nodes.iter().map(|node| Vm::new(node.phase, node.boot)).collect();
        let monitors = vms.iter().map(Monitor::new).collect();
        vms.push(Vm::new(Phase::On, BootDevice::Disk));
        let first = State {
            cloud: Cloud { vms },
            daemon: Daemon::default(),
            clients: Vec::new(),
            monitors,
            left: self.setup.budget,
            broken: None,
        };
        self.setup.nodes.iter().fold(vec![first], |states, node| {
            let with = |state: &State, client: &Client| {
                let mut state = state.clone();
                state.clients.push(client.clone());
                state
            };
            states
                .iter()
                .flat_map(|state| node.clients.iter().map(move |client| with(state, client)))
                .collect()
        })
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.broken.is_some() {
            return;
        }
        let left = &state.left;
        if state.daemon.steps.is_empty() {
            match &state.daemon.look {
                None => actions.push(Action::Look),
                Some(look) => {
                    if !look.passed {
                        actions.push(Action::Pass);
                    }
                    if look.old || look.shown != state.cloud.look() {
                        actions.push(Action::Look);
                    }
                }
            }
            if time_matters(state) {
                actions.push(Action::Tick);
            }
        } else {
            actions.extend(self.fates(state).into_iter().map(Action::Send));
        }
        if left.crashes > 0 {
            actions.push(Action::Crash);
        }
        for (index, vm) in state.cloud.vms.iter().enumerate() {
            if vm.is_transient() {
                actions.push(Action::Finish(index));
                if vm.asked && left.deaf > 0 {
                    actions.push(Action::StayOn(index));
                }
            }
        }
        for (node, client) in state.clients.iter().enumerate() {
            let vm = &state.cloud.vms[node];
            let shows = vm.booted != Some(vm.deployed.boot) || self.mutant.applies_on_guest_reboot();
            if self.setup.reboots && vm.phase == Phase::On && shows {
                actions.push(Action::GuestReboot(node));
            }
            match client {
                Client::Ironic(deploy) => {
                    if deploy.next(vm, is_idle(state, node)).is_some() {
                        actions.push(Action::Client(node));
                    }
                    if deploy.repeats > 0 && deploy.last.is_some() && !is_idle(state, node) {
                        actions.push(Action::Repeat(node));
                    }
                }
                Client::Anybody(0) => {}
                Client::Anybody(_) => {
                    actions.extend(Ask::ALL.into_iter().map(|ask| Action::Request(node, ask)));
                }
            }
            if left.meddling > 0 {
                match vm.phase {
                    Phase::Off => actions.push(Action::Other(Meddling::Start(node))),
                    Phase::On => actions.push(Action::Other(Meddling::Stop(node))),
                    _ => {}
                }
            }
        }
        let other = &state.cloud.vms[self.other()];
        if other.design.edited != other.deployed.edited {
            actions.push(Action::Other(Meddling::Revert));
        } else if left.meddling > 0 {
            actions.push(Action::Other(Meddling::Edit));
        }
        if left.meddling > 0 {
            actions.push(Action::Other(Meddling::Publish));
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        Some(self.after(state, action)).filter(|next| next != state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        fn holds<const RULE: usize>(_: &World, state: &State) -> bool {
            state.broken.is_none_or(|rule| rule as usize != RULE)
        }
        vec![
            Property::always(Rule::NoRestart.name(), holds::<{ Rule::NoRestart as usize }>),
            Property::always(Rule::NoEarlyDisk.name(), holds::<{ Rule::NoEarlyDisk as usize }>),
            Property::always(Rule::RightDevice.name(), holds::<{ Rule::RightDevice as usize }>),
            Property::always(Rule::NothingTwice.name(), holds::<{ Rule::NothingTwice as usize }>),
            Property::always(Rule::NothingLost.name(), holds::<{ Rule::NothingLost as usize }>),
            Property::always(Rule::TagKept.name(), holds::<{ Rule::TagKept as usize }>),
            Property::always(Rule::Ends.name(), |world: &Self, state| world.ends_well(state)),
        ]
    }
}
