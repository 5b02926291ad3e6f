//! The search, and what it reports.

use std::time::SystemTime;

use stateright::{Checker, HasDiscoveries, Model};

use crate::mutant::Mutant;
use crate::world::{Action, Setup, State, World};

/// A way to a broken rule.
pub struct Counterexample {
    pub rule: &'static str,
    pub actions: Vec<Action>,
    pub last: State,
}

pub fn is_full() -> bool {
    std::env::var("RAVBMC_MODEL").is_ok_and(|value| value == "full")
}

/// Explores everything, unless a rule is broken.
pub fn search(setup: Setup, mutant: Mutant) -> (World, Option<Counterexample>, String) {
    let began = SystemTime::now();
    let threads = if mutant == Mutant::Production { 2 } else { 1 };
    let checker = World::new(setup.clone(), mutant)
        .checker()
        .threads(threads)
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_bfs()
        .join();
    let extent = format!(
        "{} states, depth {}, {:.1} s",
        checker.unique_state_count(),
        checker.max_depth(),
        began.elapsed().unwrap_or_default().as_secs_f32(),
    );
    let found = checker.discoveries().into_iter().min_by_key(|(_, path)| path.clone().into_actions().len());
    let counterexample = found.map(|(rule, path)| Counterexample {
        rule,
        actions: path.clone().into_actions(),
        last: path.last_state().clone(),
    });
    (World::new(setup, mutant), counterexample, extent)
}

/// Fails with the way to a broken rule, and how it would go on from there.
pub fn assert_holds(setup: Setup) {
    let name = setup.name;
    let (world, counterexample, extent) = search(setup, Mutant::Production);
    println!("{name}: {extent}");
    let Some(Counterexample { rule, actions, last }) = counterexample else { return };
    println!("broken: {rule}");
    for action in actions {
        println!("  {action:?}");
    }
    println!("and from there, without faults:");
    let mut state = last;
    for _ in 0..60 {
        let Some(action) = world.fair(&state) else { break };
        state = world.after(&state, action);
        println!("  {action:?} {:?}", state.daemon.steps);
    }
    panic!("{name}: broken: {rule}: {state:#?}");
}
