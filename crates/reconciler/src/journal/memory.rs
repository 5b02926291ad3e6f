//! A journal in memory: for `demo`-like runs without a state directory, and for tests. It survives the
//! reconciler, not the process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use machine::NodeId;

use super::{Change, Journal, JournalError, Stored};

/// Records by application and node. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct MemoryJournal {
    records: Arc<Mutex<BTreeMap<(String, NodeId), Stored>>>,
}

impl MemoryJournal {
    /// An empty journal.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn records(&self) -> MutexGuard<'_, BTreeMap<(String, NodeId), Stored>> {
        // Each commit is one insertion after another of complete records: a panic leaves nothing half done.
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journal for MemoryJournal {
    async fn load(&self, application: &str) -> Result<BTreeMap<NodeId, Stored>, JournalError> {
        let records = self.records();
        let of_application = records.iter().filter(|((owner, _), _)| owner == application);
        Ok(of_application.map(|((_, node), stored)| (node.clone(), stored.clone())).collect())
    }

    async fn commit(&self, application: &str, changes: Vec<Change>) -> Result<(), JournalError> {
        let mut records = self.records();
        for change in &changes {
            let key = (application.to_owned(), change.node.clone());
            let present = records.get(&key).map(|stored| stored.revision).unwrap_or_default();
            if present != change.replaces {
                return Err(JournalError::Conflict { node: change.node.clone() });
            }
        }
        for change in changes {
            records.entry((application.to_owned(), change.node.clone())).or_default().apply(change);
        }
        Ok(())
    }
}
