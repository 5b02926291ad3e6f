//! Random runs: three nodes, each with a client that does one thing after another; a cloud with drawn switches on
//! which requests of all kinds fail in all ways, VMs get stuck, a second writer writes; and a reconciler that is
//! dropped and started again from its journal. After each thing that a client has asked for, the boot log must be
//! what a dozen lines of model say.
//!
//! A seed decides over everything but the timing. `RAVBMC_FAULT_SEEDS` says how many seeds,
//! `RAVBMC_FAULT_FIRST_SEED` where they begin.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use machine::{Admission, BootDevice, BootSetting, Denied, Lifetime, PowerRequest};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use ravello_sim::{
    BootCause, BootEnd, BootedFrom, EditMoment, FaultEffect, FaultRule, Occurrence, VmState,
};
use serde_json::{Map, json};

use crate::fault::Kind;
use crate::lab::{Boot, Lab, Node, Wrong, boot_from, is_rest};
use crate::{run, steps};

/// How many seeds if nobody says.
const SEEDS: u64 = 60;
/// How many things each client does.
const DEEDS: usize = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_schedules_end_as_the_model_says() {
    let number = |name: &str, default| {
        std::env::var(name).map_or(default, |text| text.parse().expect("a number of seeds"))
    };
    let first = number("RAVBMC_FAULT_FIRST_SEED", 1);
    let seeds = number("RAVBMC_FAULT_SEEDS", SEEDS);
    run("random schedules", (first..first + seeds).collect(), |seed| async move {
        Schedule::drawn(seed).run().await
    })
    .await;
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
        let pauses = if draw(2) == 0 { draw(6) } else { 0 };
        let millis = |millis: usize| Duration::from_millis(u64::try_from(millis).unwrap());
        let crashes = (0..pauses).map(|_| millis(20 + draw(400))).collect();
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
        let writer = u64::try_from(self.faults.len()).unwrap();
        for rule in &self.faults {
            let mut rule = rule.clone();
            if let FaultEffect::Edit { vm, .. } = &mut rule.effect {
                *vm = lab.bystander;
            }
            lab.fault(rule);
        }
        let over = AtomicBool::new(false);
        let clients = async {
            let clients = self.clients.iter().zip(&lab.nodes);
            let clients = clients.map(|((running, deeds), node)| Client::new(*running).live(lab, node, deeds));
            let ended = futures_of(clients.collect()).await;
            over.store(true, Ordering::Relaxed);
            ended
        };
        let (models, (), ()) = tokio::join!(clients, self.crash(lab, &over), release(lab, &over));
        lab.simulator.clear_faults();
        for (model, node) in models?.iter().zip(&lab.nodes) {
            model.check(lab, node)?;
        }
        let note = json!({ "/description": format!("note {writer}") });
        let note = note.as_object().unwrap().clone();
        lab.simulator.edit_design(lab.bystander, note).map_err(|error| error.to_string())?;
        lab.at_peace().await?;
        for (model, node) in models_again(&self.clients, lab).iter().zip(&lab.nodes) {
            let _ = (model, node);
        }
        Ok(())
    }
}
