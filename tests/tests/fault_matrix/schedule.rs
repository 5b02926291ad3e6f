//! Random runs: three nodes, each with a client that does one thing after another; a cloud with drawn switches on
//! which requests of all kinds fail in all ways, VMs get stuck, a second writer writes; and a reconciler that is
//! dropped and started again from its journal. After each thing that a client has asked for, the boot log must be
//! what a dozen lines of model say.
//!
//! A seed decides over everything but the timing. `RAVBMC_FAULT_SEEDS` says how many seeds,
//! `RAVBMC_FAULT_FIRST_SEED` where they begin.

use std::time::Duration;

use machine::{Admission, BootDevice, BootSetting, Denied, Lifetime, PowerRequest};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use ravello_sim::{BootCause, BootEnd, BootedFrom, FaultEffect, FaultRule, Occurrence, VmState};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::fault::Kind;
use crate::lab::{Boot, Lab, Node, Wrong, boot_from, is_rest};
use crate::{run, steps};

/// How many seeds if nobody says.
const SEEDS: u64 = 60;
/// How many things each client does.
const DEEDS: usize = 10;

#[test]
fn random_schedules_end_as_the_model_says() {
    let number = |name: &str, default| {
        std::env::var(name).map_or(default, |text| text.parse().expect("a number of seeds"))
    };
    let first = number("RAVBMC_FAULT_FIRST_SEED", 1);
    let seeds = number("RAVBMC_FAULT_SEEDS", SEEDS);
    run("random schedules", (first..first + seeds).collect(), |seed| async move {
        Schedule::drawn(seed).run().await
    });
}

/// Everything that a seed decides.
#[derive(Debug)]
struct Schedule {
    seed: u64,
    switches: serde_json::Value,
    cookie: bool,
    faults: Vec<FaultRule>,
    /// Pauses between crashes of the reconciler; empty for none.
    crashes: Vec<Duration>,
    /// For each node, whether it runs at the beginning, and what its client does.
    clients: Vec<(bool, Vec<Deed>)>,
}

/// What a client does, and waits for the end of.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Power(PowerRequest),
    /// Off and on without waiting in between.
    OffAndOn,
    /// A power cycle that is asked for twice, because the first acknowledgement was lost.
    Twice(PowerRequest),
    GuestReboot,
    Boot(BootDevice, Lifetime),
    DropBoot,
}

impl Schedule {
    fn drawn(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let mut draw = |choices: usize| usize::try_from(random.next_u32()).unwrap() % choices;
        let switches = steps::drawn(&mut draw);
        let faults = (0..draw(5)).map(|_| fault(&mut draw)).collect();
        let crashes = if draw(2) == 0 { draw(6) } else { 0 };
        let millis = |millis: usize| Duration::from_millis(u64::try_from(millis).unwrap());
        let crashes = (0..crashes).map(|_| millis(20 + draw(400))).collect();
        let clients = (0..3).map(|_| (draw(2) == 0, (0..DEEDS).map(|_| deed(&mut draw)).collect())).collect();
        Self { seed, switches, cookie: draw(3) == 0, faults, crashes, clients }
    }

    async fn run(self) -> Result<(), String> {
        let running: Vec<bool> = self.clients.iter().map(|(running, _)| *running).collect();
        let mut setting = steps::with_switches(&self.switches, &running);
        (setting.cookie, setting.seed) = (self.cookie, self.seed);
        let lab = Lab::new(setting).await;
        match self.play(&lab).await {
            Ok(()) => Ok(()),
            Err(wrong) => Err(format!("seed {}: {wrong}\n  {self:?}\n{}", self.seed, lab.explain().await)),
        }
    }

    async fn play(&self, lab: &Lab) -> Result<(), Wrong> {
        lab.start().await;
        lab.look().await;
        for rule in &self.faults {
            lab.fault(rule.clone());
        }
        let over = CancellationToken::new();
        let clients = async {
            let mut clients = self.clients.iter().zip(&lab.nodes);
            let mut live = || {
                let ((running, deeds), node) = clients.next().unwrap();
                Client { lab, node, model: Model::new(*running), denies: self.denies() }.live(deeds)
            };
            let ended = tokio::try_join!(live(), live(), live());
            over.cancel();
            ended
        };
        let (ended, (), (), notes) =
            tokio::join!(clients, self.crash(lab, &over), release(lab, &over), write_notes(lab, &over));
        let ended = ended?;
        let models = [ended.0, ended.1, ended.2];
        lab.simulator.clear_faults();
        lab.at_peace(&models.each_ref().map(Model::is_pending)).await?;
        for (model, node) in models.iter().zip(&lab.nodes) {
            lab.expect_boots(node, &model.boots)?;
        }
        let last = lab.description("design", lab.bystander);
        // Where a write of a single VM does not raise the version, nobody can notice it between a read and a write.
        if last != notes && self.switches["versionOnVmWrite"] != "kept" {
            return Err(format!("the second writer wrote {notes:?}, and it is {last:?}"));
        }
        Ok(())
    }

    /// Whether the cloud sometimes denies that there is such an application.
    fn denies(&self) -> bool {
        self.faults.iter().any(|fault| matches!(fault.effect, FaultEffect::Refuse { status: 404, .. }))
    }

    async fn crash(&self, lab: &Lab, over: &CancellationToken) {
        for pause in &self.crashes {
            if over.run_until_cancelled(tokio::time::sleep(*pause)).await.is_none() {
                return;
            }
            lab.start().await;
        }
    }
}

/// Lets VMs that are stuck go on, some time after.
async fn release(lab: &Lab, over: &CancellationToken) {
    while over.run_until_cancelled(tokio::time::sleep(Duration::from_millis(150))).await.is_some() {
        for node in &lab.nodes {
            lab.simulator.release(node.vm).unwrap();
        }
    }
}

/// A second writer changes a text again and again, and publishes whatever the design holds at that moment, as the
/// predecessor did. More and more slowly: one who is always faster than a read and a write would keep everybody else
/// from ever writing. Returns the last text.
async fn write_notes(lab: &Lab, over: &CancellationToken) -> String {
    let mut note = String::new();
    for number in 1_u32.. {
        note = format!("note {number}");
        let edit = [("/description".to_owned(), json!(note))];
        lab.simulator.edit_design(lab.bystander, edit).unwrap();
        // Refused while a VM is in the middle of something; that is this writer's affair.
        let _refused = lab.publish().await;
        if over.run_until_cancelled(tokio::time::sleep(Duration::from_millis(30) * number)).await.is_none() {
            break;
        }
    }
    note
}

fn fault(draw: &mut impl FnMut(usize) -> usize) -> FaultRule {
    let kind = Kind::ALL[draw(Kind::ALL.len())];
    let refuse = |status| FaultEffect::Refuse { status, message: None };
    let effect = match draw(12) {
        0 => FaultEffect::Throttle { retry_after_seconds: None },
        1 => refuse(500),
        2 => refuse(503),
        3 => refuse(400),
        4 => refuse(403),
        5 => refuse(409),
        6 => refuse(404),
        7 => FaultEffect::Slow { millis: Duration::from_millis(60) },
        8 => FaultEffect::DropConnection,
        9 => FaultEffect::LoseReply,
        10 => FaultEffect::ExpireSessions,
        _ => FaultEffect::Stick,
    };
    let p = [0.05, 0.1, 0.2, 0.4][draw(4)];
    FaultRule { matches: kind.pattern(), occurrence: Occurrence::Probability { p }, effect }
}

fn deed(draw: &mut impl FnMut(usize) -> usize) -> Deed {
    let device = if draw(2) == 0 { BootDevice::Disk } else { BootDevice::Network };
    let request = if draw(2) == 0 { PowerRequest::Cycle } else { PowerRequest::Reset };
    match draw(14) {
        0 | 1 => Deed::Power(PowerRequest::On),
        2 => Deed::Power(PowerRequest::Off),
        3 => Deed::Power(PowerRequest::Soft),
        4 | 5 => Deed::Power(request),
        6 => Deed::OffAndOn,
        7 => Deed::Twice(request),
        8 => Deed::GuestReboot,
        9..=11 => Deed::Boot(device, Lifetime::Persistent),
        12 => Deed::Boot(device, Lifetime::Once),
        _ => Deed::DropBoot,
    }
}

/// What must be true of a node.
#[derive(Clone, Debug)]
struct Model {
    on: bool,
    deployed: BootDevice,
    once: Option<BootDevice>,
    lasting: Option<BootDevice>,
    /// What a one-shot replaced.
    restore: Option<BootDevice>,
    boots: Vec<Boot>,
}

impl Model {
    fn new(running: bool) -> Self {
        let loaded = (BootCause::Loaded, BootedFrom::Network, None);
        Self {
            on: running,
            deployed: BootDevice::Network,
            once: None,
            lasting: None,
            restore: None,
            boots: if running { vec![loaded] } else { Vec::new() },
        }
    }

    /// What the next power up boots from.
    fn next(&self) -> BootDevice {
        self.once.or(self.lasting).or(self.restore).unwrap_or(self.deployed)
    }

    /// Whether a later power up boots from something else than what is deployed.
    fn is_pending(&self) -> bool {
        let after_once = self.once.and(self.lasting.or(self.restore));
        [Some(self.next()), after_once].into_iter().flatten().any(|device| device != self.deployed)
    }

    fn power_down(&mut self, how: BootEnd) {
        if let Some(last) = self.boots.last_mut().filter(|_| self.on) {
            last.2 = Some(how);
        }
        self.on = false;
    }

    fn power_up(&mut self) {
        if self.on {
            return;
        }
        let device = self.next();
        if self.once.take().is_none() {
            self.restore = None;
        } else if self.lasting.is_none() && self.restore.is_none() && device != self.deployed {
            self.restore = Some(self.deployed);
        }
        self.deployed = device;
        self.on = true;
        self.boots.push((BootCause::Start, booted_from(device), None));
    }

    fn power_cycle(&mut self) {
        self.power_down(BootEnd::PowerOff);
        self.power_up();
    }

    fn guest_reboot(&mut self) {
        if let Some(last) = self.boots.last_mut() {
            last.2 = Some(BootEnd::GuestReboot);
        }
        self.boots.push((BootCause::GuestReboot, booted_from(self.deployed), None));
    }
}

const fn booted_from(device: BootDevice) -> BootedFrom {
    match device {
        BootDevice::Disk => BootedFrom::Disk,
        BootDevice::Network => BootedFrom::Network,
    }
}

/// Does one thing after another with one node.
struct Client<'a> {
    lab: &'a Lab,
    node: &'a Node,
    model: Model,
    /// The cloud sometimes denies that there is such an application; so may the BMC then.
    denies: bool,
}

impl Client<'_> {
    async fn live(mut self, deeds: &[Deed]) -> Result<Model, Wrong> {
        for (number, deed) in deeds.iter().enumerate() {
            let outcome = self.act(*deed).await;
            outcome.map_err(|wrong| format!("{}, deed {number}, {deed:?}: {wrong}", self.node.id))?;
        }
        Ok(self.model)
    }

    async fn act(&mut self, deed: Deed) -> Result<(), Wrong> {
        match deed {
            Deed::Power(request) => {
                let admitted = self.ask(request).await?;
                match request {
                    PowerRequest::On => self.model.power_up(),
                    PowerRequest::Off => self.model.power_down(BootEnd::PowerOff),
                    PowerRequest::Soft => self.model.power_down(BootEnd::Shutdown),
                    // Refused when off; unless nothing is known about the node yet.
                    PowerRequest::Cycle | PowerRequest::Reset if admitted.is_some() => {
                        self.model.power_cycle();
                    }
                    PowerRequest::Cycle | PowerRequest::Reset if self.model.on => {
                        return Err("refused although the node runs".to_owned());
                    }
                    PowerRequest::Cycle | PowerRequest::Reset => {}
                }
                self.see_through(request).await
            }
            Deed::OffAndOn => {
                self.ask(PowerRequest::Off).await?;
                self.ask(PowerRequest::On).await?;
                self.model.power_cycle();
                self.see_through(PowerRequest::Cycle).await
            }
            Deed::Twice(request) => {
                for repetition in [false, true] {
                    let admitted = self.ask(request).await?;
                    // Satisfied: it is the same power cycle.
                    if admitted == Some(Admission::Recorded) || (admitted.is_some() && !repetition) {
                        self.model.power_cycle();
                    }
                }
                self.see_through(request).await
            }
            Deed::GuestReboot => {
                if self.model.on {
                    self.lab.simulator.reboot_guest(self.node.vm).map_err(|error| error.to_string())?;
                    self.model.guest_reboot();
                }
                self.lab.expect_boots(self.node, &self.model.boots)
            }
            Deed::Boot(device, lifetime) => {
                let wanted = boot_from(device, lifetime);
                self.set_boot(Some(wanted)).await?;
                match lifetime {
                    Lifetime::Once => self.model.once = Some(device),
                    Lifetime::Persistent => {
                        (self.model.lasting, self.model.once, self.model.restore) =
                            (Some(device), None, None);
                    }
                }
                self.reads(BootSetting::Override(wanted.flags)).await
            }
            Deed::DropBoot => {
                self.set_boot(None).await?;
                (self.model.lasting, self.model.once) = (None, None);
                self.reads(BootSetting::Platform(self.model.next())).await
            }
        }
    }

    /// Asks for power; `None` if the node's state forbids it.
    async fn ask(&self, request: PowerRequest) -> Result<Option<Admission>, Wrong> {
        for _ in 0..2 {
            match self.believed(async || self.lab.request(self.node, request).await).await? {
                Ok(admission) => return Ok(Some(admission)),
                // The first answer may be the report of a failure.
                Err(Denied::NotInPresentState { .. }) => {}
                Err(denied) => return Err(format!("power {request} was denied: {denied}")),
            }
        }
        Ok(None)
    }

    async fn set_boot(&self, wanted: Option<machine::BootOverride>) -> Result<(), Wrong> {
        let answer = self.believed(async || self.lab.set_boot(self.node, wanted).await).await?;
        answer.map(drop).map_err(|denied| format!("the boot device was denied: {denied}"))
    }

    /// The first answer that does not repeat a denial of the cloud's.
    async fn believed<T>(
        &self,
        mut ask: impl AsyncFnMut() -> Result<T, Denied>,
    ) -> Result<Result<T, Denied>, Wrong> {
        let mut answer = None;
        self.lab
            .until("the node is there", async || {
                let told = ask().await;
                let denied = self.denies && matches!(told, Err(Denied::NoSuchNode));
                answer = Some(told);
                !denied
            })
            .await?;
        answer.ok_or_else(|| "no answer".to_owned())
    }

    /// Waits for the end of a power request. If it is given up (a drawn fault refused it too often), it is asked
    /// for again, as a client would who is told.
    async fn see_through(&self, request: PowerRequest) -> Result<(), Wrong> {
        for _ in 0..50 {
            let failure = self.lab.settled(self.node).await?;
            self.lab.until("the VM rests", async || is_rest(self.lab.state(self.node))).await?;
            if failure.is_none() || self.lab.boots(self.node.vm) == self.model.boots {
                return self.lab.expect_boots(self.node, &self.model.boots);
            }
            let off = self.lab.state(self.node) == VmState::Stopped;
            self.ask(if off && self.model.on { PowerRequest::On } else { request }).await?;
        }
        Err("given up again and again".to_owned())
    }

    /// A client reads what it wrote, now and always.
    async fn reads(&self, expected: BootSetting) -> Result<(), Wrong> {
        let mut last = None;
        self.lab
            .until("the boot setting can be read", async || {
                last = self.lab.boot_setting(self.node).await.ok();
                last.is_some()
            })
            .await?;
        if last == Some(expected) {
            return Ok(());
        }
        Err(format!("the boot setting is {last:?} instead of {expected:?}"))
    }
}
