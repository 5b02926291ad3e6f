//! Every fault of the cloud on every kind of request of every operation, over HTTP: simulator, REST client and
//! reconciler as they are in production, asked through the port that a BMC asks.
//!
//! A case ends well when the boot log is exactly that of a run without any fault. Where a fault makes that
//! impossible, the request must be reported: as a failure in the node's status, by the refusal of the next power
//! request, or as a reason for which it waits; and when the fault is over, it must end well all the same.
//!
//! * `matrix`: the deterministic list.
//! * `steps`: Ironic's seven steps with every switch of the simulator.
//! * `schedule`: random runs from seeds, with many faults at once and crashes of the reconciler.
//!   `RAVBMC_FAULT_SEEDS` says how many (docs/testing.md).

mod fault;
mod lab;
mod matrix;
mod operation;
mod schedule;
mod steps;

use std::sync::Mutex;
use std::time::Instant;

use tokio::task::{JoinSet, LocalSet};

/// Threads, each with a runtime of its own.
const THREADS: usize = 2;
/// How many cases each thread runs at once: they wait most of the time.
const AT_ONCE: usize = 16;

/// Runs cases and reports those that failed.
fn run<C, F>(what: &str, cases: Vec<C>, case: impl Fn(C) -> F + Sync)
where
    C: Send,
    F: Future<Output = Result<(), String>> + 'static,
{
    let count = cases.len();
    assert!(count > 0, "{what}: there are cases");
    let begun = Instant::now();
    let queue = Mutex::new(cases.into_iter());
    let next = || queue.lock().unwrap().next();
    let failures = Mutex::new(Vec::new());
    let work = async || {
        let mut running = JoinSet::new();
        loop {
            while running.len() < AT_ONCE
                && let Some(next) = next()
            {
                running.spawn_local(case(next));
            }
            match running.join_next().await {
                Some(outcome) => failures.lock().unwrap().extend(outcome.unwrap().err()),
                None => return,
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(LocalSet::new().run_until(work()));
            });
        }
    });
    let failures = failures.into_inner().unwrap();
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
