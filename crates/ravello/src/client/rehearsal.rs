//! A client that changes nothing: it says what it would send.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use tracing::info;

/// How many lines are remembered so that none is logged twice; then they are forgotten.
const REMEMBERED: usize = 10_000;

/// What has been said.
#[derive(Debug, Default)]
pub(super) struct Rehearsal {
    said: Mutex<BTreeSet<String>>,
}

impl Rehearsal {
    /// Says what would be sent, and what would thereby change; once, for whoever rehearses comes back to the same
    /// step again and again.
    pub(super) fn say(&self, line: &str) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.len() >= REMEMBERED {
            said.clear();
        }
        if said.insert(line.to_owned()) {
            info!("dry run: {line}");
        }
    }
}
