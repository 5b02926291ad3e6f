//! Every fault of the cloud on every kind of request of every operation, over HTTP: simulator, REST client and
//! reconciler as they are in production, asked through the port that a BMC asks.
//!
//! A case ends well when the boot log is exactly that of a run without any fault. Where a fault makes that
//! impossible, the request must be reported: as a failure in the node's status, by the refusal of the next power
//! request, or as a reason for which it waits; and when the fault is over, it must end well all the same.
//!
//! * `matrix`: the deterministic list, and every switch of the simulator through Ironic's seven steps.
//! * `schedule`: random runs from seeds, with many faults at once and crashes of the reconciler.
//!   `RAVBMC_FAULT_SEEDS` says how many (docs/testing.md).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    reason = "tests"
)]

mod fault;
mod lab;
mod matrix;
mod operation;
mod schedule;
mod steps;

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// How many cases run at once: they wait most of the time.
const AT_ONCE: usize = 24;

/// Runs cases, each in a task of its own, and reports those that failed.
async fn run<C, F>(what: &str, cases: Vec<C>, run: impl Fn(C) -> F)
where
    F: Future<Output = Result<(), String>> + Send + 'static,
{
    let count = cases.len();
    assert!(count > 0, "{what}: there are cases");
    let begun = std::time::Instant::now();
    let gate = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = JoinSet::new();
    for case in cases {
        let (gate, case) = (Arc::clone(&gate), run(case));
        tasks.spawn(async move {
            let _permit = gate.acquire().await.unwrap();
            case.await
        });
    }
    let mut failures = Vec::new();
    while let Some(outcome) = tasks.join_next().await {
        if let Err(failure) = outcome.unwrap() {
            failures.push(failure);
        }
    }
    println!("{what}: {count} cases in {:.1} s", begun.elapsed().as_secs_f32());
    let shown = failures.iter().take(8).map(String::as_str).collect::<Vec<_>>().join("\n");
    let heads: Vec<&str> = failures.iter().filter_map(|failure| failure.lines().next()).collect();
    assert!(
        failures.is_empty(),
        "{} of {count} cases failed; the first ones:\n{shown}\nall:\n{}",
        failures.len(),
        heads.join("\n")
    );
}
