//! The production admission and planner, model checked: every history that a small world allows is explored.
//!
//! What is checked is the code itself: `admit_power`, `admit_boot`, `plan` and `learn` run unchanged, in the
//! order in which the loop calls them ([`world`]). Around them are models: Ravello ([`cloud`]), Ironic with its
//! seven steps and a client that asks anything ([`client`]), a guest that reboots by itself, a second writer,
//! crashes between any two things that the daemon does, lost requests and replies, looks that show an effect
//! late. The journal is all that survives a crash. Time is abstract ([`clock`]). The rules are in [`rule`].
//!
//! The search is breadth first, by `stateright`. Its "eventually" is of no use here, because it does not see
//! cycles. Instead, from each state that is found, the one history in which nothing more goes wrong is played to its
//! end, which must come and must be good. That is "it can always end"; the search over all histories before
//! it is what makes it "it ends, whenever the faults stop".
//!
//! Each configuration prints how many different states it has. `RAVBMC_MODEL=full` checks larger ones, in
//! some minutes: `RAVBMC_MODEL=full cargo test --release -p reconciler --test model -- --nocapture`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    unnameable_types,
    unreachable_pub,
    missing_docs,
    reason = "tests"
)]

mod bites;
mod client;
mod clock;
mod cloud;
mod mutant;
mod rule;
mod search;
mod world;

use machine::{BootDevice, Phase, PowerRequest};

use crate::client::{Client, Deploy};
use crate::search::{assert_holds, is_full};
use crate::world::{Budget, Setup, Start};

const CYCLES: [PowerRequest; 3] = [PowerRequest::Off, PowerRequest::Cycle, PowerRequest::Reset];

/// Ironic deploys to a node that is off and last ran from its disk.
fn ironic(cycles: &[PowerRequest], repeats: u8) -> Start {
    let clients = cycles.iter().map(|cycle| Client::Ironic(Deploy::new(*cycle, repeats)));
    Start { phase: Phase::Off, boot: BootDevice::Disk, clients: clients.collect() }
}

/// Somebody makes so many requests of any kind.
fn anybody(phase: Phase, requests: u8) -> Start {
    Start { phase, boot: BootDevice::Network, clients: vec![Client::Anybody(requests)] }
}

fn setup(name: &'static str, nodes: Vec<Start>, budget: Budget) -> Setup {
    Setup { name, nodes, budget, reboots: true, tag_delay: false, coalesce: false }
}

const NONE: Budget = Budget { crashes: 0, lost: 0, late: 0, refused: 0, meddling: 0, deaf: 0 };

#[test]
fn a_deploy_without_faults() {
    assert_holds(setup("deploy, no faults, 2 repeats", vec![ironic(&CYCLES, 2)], NONE));
}

#[test]
fn a_deploy_with_a_crash_a_lost_message_and_a_late_look() {
    let budget = Budget { crashes: 1, lost: 1, late: 1, ..NONE };
    assert_holds(setup("deploy, crash, lost, late, repeat", vec![ironic(&CYCLES, 1)], budget));
}

#[test]
fn a_deploy_beside_a_second_writer() {
    let budget = Budget { crashes: 1, meddling: 1, ..NONE };
    let cycles = if is_full() { &CYCLES[..] } else { &CYCLES[..2] };
    let setup = setup("deploy, crash, second writer", vec![ironic(cycles, 0)], budget);
    assert_holds(Setup { tag_delay: true, ..setup });
}

#[test]
fn a_deploy_that_the_cloud_forbids() {
    let budget = Budget { refused: 2, ..NONE };
    assert_holds(setup("deploy, two refusals", vec![ironic(&CYCLES, 1)], budget));
}

#[test]
fn any_requests() {
    let requests = if is_full() { 4 } else { 3 };
    for (name, phase) in [("anybody, from on", Phase::On), ("anybody, from off", Phase::Off)] {
        assert_holds(setup(name, vec![anybody(phase, requests)], NONE));
    }
}

#[test]
fn any_requests_with_a_fault() {
    let requests = if is_full() { 3 } else { 2 };
    for (name, budget) in [
        ("anybody, crash, late", Budget { crashes: 1, late: 1, ..NONE }),
        ("anybody, lost, late, deaf guest", Budget { lost: 1, late: 1, deaf: 1, ..NONE }),
        ("anybody, second writer", Budget { meddling: 1, ..NONE }),
        ("anybody, two refusals", Budget { refused: 2, ..NONE }),
    ] {
        assert_holds(setup(name, vec![anybody(Phase::On, requests)], budget));
    }
}

#[test]
fn two_nodes() {
    let both = || vec![ironic(&[PowerRequest::Cycle], 0), ironic(&[PowerRequest::Reset], 0)];
    let setup = |name, nodes| Setup { coalesce: true, reboots: false, ..setup(name, nodes, NONE) };
    assert_holds(setup("two deploys", both()));
    let cycles = if is_full() { &CYCLES[..] } else { &CYCLES[..1] };
    assert_holds(setup("a deploy and anybody", vec![ironic(cycles, 0), anybody(Phase::On, 1)]));
}

#[test]
fn larger_worlds() {
    let twice = Budget { crashes: 2, lost: 1, ..NONE };
    assert_holds(setup("deploy, two crashes, lost", vec![ironic(&CYCLES[2..], 1)], twice));
    if !is_full() {
        return;
    }
    let deploy = |name, repeats, budget| setup(name, vec![ironic(&CYCLES, repeats)], budget);
    let one_each = Budget { crashes: 1, lost: 1, late: 1, meddling: 1, ..NONE };
    assert_holds(deploy("deploy, second writer twice", 1, Budget { meddling: 2, ..NONE }));
    let refused = Budget { refused: 3, meddling: 1, ..NONE };
    assert_holds(deploy("deploy, refusals, second writer", 0, refused));
    assert_holds(deploy("deploy, two crashes, late", 1, Budget { crashes: 2, late: 1, ..NONE }));
    let one = vec![ironic(&CYCLES[1..2], 0)];
    assert_holds(setup("deploy, each fault once, second writer", one, one_each));
    let both = vec![ironic(&CYCLES[..1], 0), ironic(&CYCLES[1..2], 0)];
    assert_holds(Setup {
        coalesce: true,
        ..setup("two deploys, crash", both, Budget { crashes: 1, ..NONE })
    });
}
