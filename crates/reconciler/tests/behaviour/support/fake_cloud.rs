//! Ravello's rules, as small as they can be and still bite: transient phases that last, actions refused
//! outside the right phase, a publish that restarts every running VM whose hardware differs.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use machine::{
    Backend, BackendError, BackendErrorKind, BootDevice, IntentTag, NodeId, NodeObservation, Observation,
    Phase, Step,
};
use tokio::sync::watch;
use tokio::time::Instant;

/// 2020-09-13, when the test world begins.
pub fn epoch() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_600_000_000)
}

#[derive(Clone)]
pub struct FakeCloud {
    world: Arc<Mutex<World>>,
    changed: Arc<watch::Sender<u64>>,
    crashed: Arc<watch::Sender<u64>>,
}

pub struct World {
    pub vms: BTreeMap<NodeId, Vm>,
    pub expires_at: Option<SystemTime>,
    /// Every step that was accepted, in order.
    pub accepted: Vec<Step>,
    /// Every step that came, accepted or not.
    pub attempts: Vec<Step>,
    pub looks: usize,
    pub faults: VecDeque<PlannedFault>,
    /// The answer to every look, if the cloud is away.
    pub away: Option<BackendErrorKind>,
    /// The daemon dies at this call, counted from now; with or without the call's effect.
    pub crash: Option<(usize, bool)>,
    pub calls: usize,
    pub latency: Duration,
    pub starting: Duration,
    pub stopping: Duration,
    pub updating: Duration,
    /// A stopped VM shows UPDATING while it is published.
    pub updating_when_off: bool,
    /// How long a look still shows what was before an action or a publish.
    pub lag: Duration,
    began: Instant,
}

/// What happens to the next step of this kind.
pub struct PlannedFault {
    on: fn(&Step) -> bool,
    fault: Fault,
}

pub struct Vm {
    pub name: String,
    pub phase: Phase,
    next: Option<(Instant, Phase, Option<Cause>)>,
    /// Until when a look shows this phase and this deployment.
    before: Option<(Instant, Phase, Option<Aspect>)>,
    pub design: Aspect,
    pub deployed: Option<Aspect>,
    pub boots: Vec<(Cause, BootDevice)>,
    pub stop_timeout: Duration,
    pub guest: Guest,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Aspect {
    pub boot: BootDevice,
    pub tag: Option<IntentTag>,
    /// Stands for any other hardware setting.
    pub cpus: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Guest {
    ShutsDown,
    /// Does not follow, and stays in STOPPING until the platform gives up.
    Hangs,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    Start,
    GuestReboot,
    Publish,
    Elsewhere,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// Nothing happens, and the caller is told this.
    Refuse(BackendErrorKind),
    /// It happens, but the reply is lost.
    LoseReply,
}

#[derive(Clone)]
pub struct VmSpec {
    pub phase: Phase,
    pub boot: BootDevice,
    pub tag: Option<IntentTag>,
}

impl Default for VmSpec {
    fn default() -> Self {
        Self { phase: Phase::On, boot: BootDevice::Network, tag: None }
    }
}

impl FakeCloud {
    pub fn new(vms: impl IntoIterator<Item = (NodeId, VmSpec)>) -> Self {
        let vms = vms.into_iter().map(|(node, spec)| {
            let aspect = Aspect { boot: spec.boot, tag: spec.tag, cpus: 2 };
            let vm = Vm {
                name: format!("vm-{node}"),
                phase: spec.phase,
                next: None,
                before: None,
                design: aspect.clone(),
                deployed: (spec.phase != Phase::Absent).then_some(aspect),
                boots: Vec::new(),
                stop_timeout: Duration::from_secs(180),
                guest: Guest::ShutsDown,
            };
            (node, vm)
        });
        let world = World {
            vms: vms.collect(),
            expires_at: None,
            accepted: Vec::new(),
            attempts: Vec::new(),
            looks: 0,
            faults: VecDeque::new(),
            away: None,
            crash: None,
            calls: 0,
            latency: Duration::from_millis(50),
            starting: Duration::from_secs(3),
            stopping: Duration::from_secs(2),
            updating: Duration::from_secs(2),
            updating_when_off: false,
            lag: Duration::ZERO,
            began: Instant::now(),
        };
        Self {
            world: Arc::new(Mutex::new(world)),
            changed: Arc::new(watch::Sender::new(0)),
            crashed: Arc::new(watch::Sender::new(0)),
        }
    }

    /// The world as it is now; looking at it or changing it is what a person in the web interface does.
    pub fn world(&self) -> MutexGuard<'_, World> {
        let mut world = self.world.lock().unwrap();
        world.advance();
        self.changed.send_modify(|count| *count += 1);
        world
    }

    /// Waits until the world is so.
    pub async fn until(&self, what: &str, holds: impl Fn(&World) -> bool) {
        let wait = async {
            let mut changed = self.changed.subscribe();
            loop {
                let next = {
                    let mut world = self.world.lock().unwrap();
                    world.advance();
                    if holds(&world) {
                        return;
                    }
                    world.vms.values().filter_map(|vm| vm.next.as_ref().map(|next| next.0)).min()
                };
                let next = async {
                    match next {
                        Some(at) => tokio::time::sleep_until(at).await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    () = next => {}
                    _ = changed.changed() => {}
                }
            }
        };
        if tokio::time::timeout(Duration::from_secs(7200), wait).await.is_err() {
            panic!("never: {what}; accepted {:?}", self.world().accepted);
        }
    }

    /// Resolves when the daemon has died more often than this; returns how often.
    pub async fn death(&self, before: u64) -> u64 {
        *self.crashed.subscribe().wait_for(|deaths| *deaths > before).await.unwrap()
    }

    /// The daemon dies now.
    pub fn kill_daemon(&self) {
        self.crashed.send_modify(|count| *count += 1);
    }

    /// The platform's own clock.
    pub fn now(&self) -> SystemTime {
        let world = self.world.lock().unwrap();
        epoch() + world.began.elapsed()
    }

    pub fn phase(&self, node: &NodeId) -> Phase {
        self.world().vms[node].phase
    }

    pub fn boots(&self, node: &NodeId) -> Vec<(Cause, BootDevice)> {
        self.world().vms[node].boots.clone()
    }

    pub fn tag(&self, node: &NodeId) -> Option<IntentTag> {
        self.world().vms[node].design.tag
    }

    pub fn accepted(&self) -> Vec<Step> {
        self.world().accepted.clone()
    }

    pub fn count(&self, is: fn(&Step) -> bool) -> usize {
        self.world().accepted.iter().filter(|step| is(step)).count()
    }

    pub fn fault(&self, on: fn(&Step) -> bool, fault: Fault) {
        self.world().faults.push_back(PlannedFault { on, fault });
    }

    /// The guest reboots by itself: whatever is deployed boots, and the platform shows nothing.
    pub fn reboot_guest(&self, node: &NodeId) {
        let mut world = self.world();
        let vm = world.vms.get_mut(node).unwrap();
        assert_eq!(vm.phase, Phase::On, "only a running guest can reboot");
        let device = vm.deployed.as_ref().unwrap().boot;
        vm.boots.push((Cause::GuestReboot, device));
    }

    /// Somebody starts the VM in the web interface.
    pub fn start_elsewhere(&self, node: &NodeId) {
        let mut world = self.world();
        let at = Instant::now() + world.starting;
        let vm = world.vms.get_mut(node).unwrap();
        assert_eq!(vm.phase, Phase::Off, "only a stopped VM can be started");
        vm.go(Phase::PoweringOn, at, Phase::On, Some(Cause::Elsewhere));
    }

    /// The guest was asked to shut down, and runs on.
    pub fn run_on(&self, node: &NodeId) {
        let mut world = self.world();
        let vm = world.vms.get_mut(node).unwrap();
        (vm.phase, vm.next, vm.before) = (Phase::On, None, None);
    }

    /// The platform reports a fault of the VM, whatever it was in the middle of.
    pub fn fail(&self, node: &NodeId) {
        let mut world = self.world();
        let vm = world.vms.get_mut(node).unwrap();
        (vm.phase, vm.next) = (Phase::Fault, None);
    }

    /// The VM goes off while it is being started.
    pub fn stop_by_itself(&self, node: &NodeId) {
        let mut world = self.world();
        let at = Instant::now() + world.stopping;
        world.vms.get_mut(node).unwrap().go(Phase::PoweringOff, at, Phase::Off, None);
    }

    async fn call<T>(
        &self,
        work: impl FnOnce(&mut World) -> Result<T, BackendError>,
    ) -> Result<T, BackendError> {
        let latency = self.world().latency;
        tokio::time::sleep(latency).await;
        let (died, result) = {
            let mut world = self.world();
            world.calls += 1;
            let calls = world.calls;
            match world.crash {
                Some((at, with_effect)) if at == calls => {
                    world.crash = None;
                    if with_effect {
                        let _lost = work(&mut world);
                    }
                    (true, None)
                }
                _ => (false, Some(work(&mut world))),
            }
        };
        if died {
            self.kill_daemon();
            std::future::pending::<()>().await;
        }
        result.unwrap()
    }
}

impl Vm {
    fn go(&mut self, through: Phase, until: Instant, to: Phase, boot: Option<Cause>) {
        self.phase = through;
        self.next = Some((until, to, boot));
    }

    fn touched(&self) -> bool {
        self.deployed
            .as_ref()
            .is_none_or(|deployed| deployed.boot != self.design.boot || deployed.cpus != self.design.cpus)
    }
}

impl World {
    fn advance(&mut self) {
        let now = Instant::now();
        for vm in self.vms.values_mut() {
            if let Some((at, phase, boot)) = vm.next
                && at <= now
            {
                vm.phase = phase;
                vm.next = None;
                if let Some(cause) = boot {
                    let device = vm.deployed.as_ref().unwrap().boot;
                    vm.boots.push((cause, device));
                }
            }
        }
    }

    fn observation(&self) -> Observation {
        let now = Instant::now();
        let nodes = self.vms.iter().map(|(node, vm)| {
            let before = vm.before.as_ref().filter(|(until, ..)| now < *until);
            let (phase, deployed) = match before {
                Some((_, phase, deployed)) => (*phase, deployed),
                None => (vm.phase, &vm.deployed),
            };
            let unpublished = match deployed {
                Some(deployed) if deployed.cpus != vm.design.cpus => {
                    vec![format!("cpus {} -> {}", deployed.cpus, vm.design.cpus)]
                }
                Some(_) | None => Vec::new(),
            };
            let look = NodeObservation {
                name: vm.name.clone(),
                phase,
                state: format!("{phase:?}").to_uppercase(),
                design_boot: vm.design.boot,
                deployed_boot: deployed.as_ref().map(|deployed| deployed.boot),
                tag: vm.design.tag.or_else(|| deployed.as_ref().and_then(|deployed| deployed.tag)),
                unpublished,
                stop_timeout: vm.stop_timeout,
            };
            (node.clone(), look)
        });
        Observation { published: true, expires_at: self.expires_at, nodes: nodes.collect() }
    }

    fn take(&mut self, step: &Step) -> Result<(), BackendError> {
        let now = Instant::now();
        let lag = self.lag;
        match step {
            Step::UpdateDesign(changes) => {
                for (node, change) in changes {
                    let vm = self.vms.get_mut(node).ok_or_else(|| missing(step))?;
                    vm.design.boot = change.boot.unwrap_or(vm.design.boot);
                    vm.design.tag = change.tag.unwrap_or(vm.design.tag);
                }
            }
            Step::Publish => {
                let resting = |vm: &Vm| vm.phase.is_resting();
                if self.vms.values().any(|vm| vm.touched() && !resting(vm)) {
                    return Err(conflict(step));
                }
                for vm in self.vms.values_mut() {
                    let touched = vm.touched();
                    vm.before = Some((now + lag, vm.phase, vm.deployed.clone()));
                    vm.deployed = Some(vm.design.clone());
                    match vm.phase {
                        Phase::On if touched => {
                            vm.go(Phase::Updating, now + self.updating, Phase::On, Some(Cause::Publish));
                        }
                        Phase::Off if touched && self.updating_when_off => {
                            vm.go(Phase::Updating, now + self.updating, Phase::Off, None);
                        }
                        _ => {}
                    }
                }
            }
            Step::Start(nodes) => {
                self.check(step, nodes, Phase::Off)?;
                for node in nodes {
                    let at = now + self.starting;
                    self.vms.get_mut(node).unwrap().go(Phase::PoweringOn, at, Phase::On, Some(Cause::Start));
                }
            }
            Step::PowerOff(nodes) => {
                self.check(step, nodes, Phase::On)?;
                for node in nodes {
                    let at = now + self.stopping;
                    self.vms.get_mut(node).unwrap().go(Phase::PoweringOff, at, Phase::Off, None);
                }
            }
            Step::Shutdown(nodes) => {
                self.check(step, nodes, Phase::On)?;
                for node in nodes {
                    let stopping = self.stopping;
                    let vm = self.vms.get_mut(node).unwrap();
                    match vm.guest {
                        Guest::ShutsDown => vm.go(Phase::PoweringOff, now + stopping, Phase::Off, None),
                        Guest::Hangs => {
                            let at = now + vm.stop_timeout;
                            vm.go(Phase::PoweringOff, at, Phase::On, None);
                        }
                    }
                }
            }
            Step::ExtendExpiration(by) => {
                self.expires_at = Some(epoch() + self.began.elapsed() + *by);
            }
        }
        self.accepted.push(step.clone());
        Ok(())
    }

    /// All nodes must be in the phase; then a look may show it for a while longer.
    fn check(&mut self, step: &Step, nodes: &[NodeId], phase: Phase) -> Result<(), BackendError> {
        for node in nodes {
            let vm = self.vms.get(node).ok_or_else(|| missing(step))?;
            if vm.phase != phase {
                return Err(conflict(step));
            }
        }
        let until = Instant::now() + self.lag;
        for node in nodes {
            let vm = self.vms.get_mut(node).unwrap();
            vm.before = Some((until, phase, vm.deployed.clone()));
        }
        Ok(())
    }
}

pub fn error(operation: &str, kind: BackendErrorKind) -> BackendError {
    let reason = format!("{kind:?}").to_lowercase();
    BackendError { operation: operation.to_owned(), reason, kind, source: None }
}

fn conflict(step: &Step) -> BackendError {
    error(&step.to_string(), BackendErrorKind::Conflict)
}

fn missing(step: &Step) -> BackendError {
    error(&step.to_string(), BackendErrorKind::NotFound)
}

impl Backend for FakeCloud {
    async fn observe(&self) -> Result<Observation, BackendError> {
        self.call(|world| {
            world.looks += 1;
            match world.away {
                Some(kind) => Err(error("read the application", kind)),
                None => Ok(world.observation()),
            }
        })
        .await
    }

    async fn apply(&self, step: &Step) -> Result<(), BackendError> {
        self.call(|world| {
            world.attempts.push(step.clone());
            if let Some(kind) = world.away {
                return Err(error(&step.to_string(), kind));
            }
            let fault = match world.faults.front() {
                Some(planned) if (planned.on)(step) => world.faults.pop_front().map(|planned| planned.fault),
                Some(_) | None => None,
            };
            match fault {
                Some(Fault::Refuse(kind)) => Err(error(&step.to_string(), kind)),
                Some(Fault::LoseReply) => {
                    world.take(step)?;
                    Err(error(&step.to_string(), BackendErrorKind::Unavailable))
                }
                None => world.take(step),
            }
        })
        .await
    }
}
