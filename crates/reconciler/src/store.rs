//! The records in memory, always as they are in the journal: what is read here has been made durable.
//!
//! Two write to it: requests, one node at a time, and the reconciler's passes, many nodes at a time. A gate
//! per node keeps them apart; a pass that finds a record changed since it looked writes nothing and is
//! planned anew.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dashmap::DashMap;
use machine::NodeId;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio_util::task::TaskTracker;

use crate::cache::Ticket;
use crate::events::{Entry, Events, EventsChange};
use crate::journal::{Change, Journal, JournalError, Stored};
use crate::record::{NodeRecord, Timestamp};

pub(crate) struct Store<J> {
    application: String,
    journal: J,
    /// How many events are kept of a node.
    events_kept: usize,
    slots: DashMap<NodeId, Slot>,
    /// Writes under way; they are finished even if whoever asked is gone.
    writes: TaskTracker,
}

#[derive(Clone, Default)]
struct Slot {
    gate: Arc<Mutex<()>>,
    stored: Stored,
    /// The last power request in it.
    ticket: Ticket,
}

/// All records, as far as a look can say anything about them.
pub(crate) struct Split {
    /// Those with no request since it began.
    pub(crate) older: BTreeMap<NodeId, NodeRecord>,
    /// Nodes with one.
    pub(crate) newer: BTreeSet<NodeId>,
}

/// A record to be replaced.
#[derive(Clone, Debug)]
pub(crate) struct Replacement {
    pub(crate) node: NodeId,
    pub(crate) before: NodeRecord,
    pub(crate) after: NodeRecord,
    /// What happened, as the new record shows.
    pub(crate) events: Vec<Entry>,
    /// When it was noticed.
    pub(crate) at: Timestamp,
}

/// What became of a pass's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replaced {
    /// They are durable.
    Done,
    /// One of them had changed in the meantime: nothing was written.
    Stale,
}

impl<J: Journal> Store<J> {
    pub(crate) async fn open(
        application: String,
        journal: J,
        events_kept: usize,
    ) -> Result<Arc<Self>, JournalError> {
        let slots = DashMap::new();
        for (node, stored) in journal.load(&application).await? {
            slots.insert(node, Slot { stored, ..Slot::default() });
        }
        Ok(Arc::new(Self { application, journal, events_kept, slots, writes: TaskTracker::new() }))
    }

    pub(crate) fn application(&self) -> &str {
        &self.application
    }

    pub(crate) fn record(&self, node: &NodeId) -> Option<NodeRecord> {
        self.slots.get(node).map(|slot| slot.stored.record.clone())
    }

    /// The events of a node, and how many are kept at most.
    pub(crate) fn events(&self, node: &NodeId) -> (Arc<Events>, usize) {
        let events = self.slots.get(node).map(|slot| Arc::clone(&slot.stored.events)).unwrap_or_default();
        (events, self.events_kept)
    }

    pub(crate) fn snapshot(&self) -> BTreeMap<NodeId, NodeRecord> {
        self.slots.iter().map(|slot| (slot.key().clone(), slot.stored.record.clone())).collect()
    }

    /// All records, seen from a look that began after this request.
    pub(crate) fn split(&self, ticket: Ticket) -> Split {
        let mut split = Split { older: BTreeMap::new(), newer: BTreeSet::new() };
        for slot in &self.slots {
            if slot.ticket <= ticket {
                split.older.insert(slot.key().clone(), slot.stored.record.clone());
            } else {
                split.newer.insert(slot.key().clone());
            }
        }
        split
    }

    /// Decides on the record of one node while nobody else can change it, makes the decision durable, and
    /// calls `recorded` just before it becomes visible here, for a ticket if older looks say nothing about it; also
    /// when what becomes visible is somebody else's.
    pub(crate) async fn update<R: Send + 'static>(
        self: &Arc<Self>,
        node: &NodeId,
        decide: impl FnOnce(&NodeRecord) -> (Option<NodeRecord>, R) + Send + 'static,
        recorded: impl FnOnce() -> Option<Ticket> + Send + 'static,
    ) -> Result<R, JournalError> {
        let (store, node) = (Arc::clone(self), node.clone());
        let write = self.writes.spawn(async move {
            let _gate = store.pass_gate(&node).await;
            let before = store.stored(&node);
            let (after, answer) = decide(&before.record);
            if let Some(record) = after {
                let changes = vec![Change { node, replaces: before.revision, record, events: None }];
                store.write(changes, recorded).await?;
            }
            Ok(answer)
        });
        write.await.unwrap_or_else(|stopped| Err(self.lost(stopped)))
    }

    /// Changes the events of a node, and nothing else of it. `decide` gets them and how many are kept at most.
    pub(crate) async fn change_events<R: Send + 'static>(
        self: &Arc<Self>,
        node: &NodeId,
        decide: impl FnOnce(&Events, usize) -> (Option<EventsChange>, R) + Send + 'static,
    ) -> Result<R, JournalError> {
        let (store, node) = (Arc::clone(self), node.clone());
        let write = self.writes.spawn(async move {
            let _gate = store.pass_gate(&node).await;
            let Stored { revision, record, events } = store.stored(&node);
            let (change, answer) = decide(&events, store.events_kept);
            if change.is_some() {
                let change = Change { node, replaces: revision, record, events: change };
                store.write(vec![change], || None).await?;
            }
            Ok(answer)
        });
        write.await.unwrap_or_else(|stopped| Err(self.lost(stopped)))
    }

    /// Replaces records and appends events, all or none, if none of the records has changed.
    pub(crate) async fn replace(
        self: &Arc<Self>,
        replacements: Vec<Replacement>,
    ) -> Result<Replaced, JournalError> {
        if replacements.is_empty() {
            return Ok(Replaced::Done);
        }
        let store = Arc::clone(self);
        let write = self.writes.spawn(async move {
            let mut gates = Vec::with_capacity(replacements.len());
            let mut changes = Vec::with_capacity(replacements.len());
            for Replacement { node, before, after, events, at } in replacements {
                gates.push(store.pass_gate(&node).await);
                let stored = store.stored(&node);
                if stored.record != before {
                    return Ok(Replaced::Stale);
                }
                let events = stored.events.note(events, store.events_kept, after.rest, at);
                changes.push(Change { node, replaces: stored.revision, record: after, events });
            }
            store.write(changes, || None).await?;
            Ok(Replaced::Done)
        });
        write.await.unwrap_or_else(|stopped| Err(self.lost(stopped)))
    }

    /// Waits for the writes under way.
    pub(crate) async fn close(&self) {
        self.writes.close();
        self.writes.wait().await;
    }

    async fn pass_gate(&self, node: &NodeId) -> OwnedMutexGuard<()> {
        let gate = Arc::clone(&self.slots.entry(node.clone()).or_default().gate);
        gate.lock_owned().await
    }

    fn stored(&self, node: &NodeId) -> Stored {
        self.slots.get(node).map(|slot| slot.stored.clone()).unwrap_or_default()
    }

    /// The gates of all these nodes are held.
    async fn write(
        &self,
        changes: Vec<Change>,
        recorded: impl FnOnce() -> Option<Ticket>,
    ) -> Result<(), JournalError> {
        match self.journal.commit(&self.application, changes.clone()).await {
            Ok(()) => {
                let ticket = recorded();
                for change in changes {
                    let mut slot = self.slots.entry(change.node.clone()).or_default();
                    slot.ticket = ticket.unwrap_or(slot.ticket);
                    slot.stored.apply(change);
                }
                Ok(())
            }
            // The journal is the truth: a write whose failure was reported may have reached it.
            Err(conflict @ JournalError::Conflict { .. }) => {
                let truth = self.journal.load(&self.application).await?;
                let ticket = recorded();
                for Change { node, .. } in changes {
                    let stored = truth.get(&node).cloned().unwrap_or_default();
                    let mut slot = self.slots.entry(node).or_default();
                    slot.ticket = ticket.unwrap_or(slot.ticket);
                    slot.stored = stored;
                }
                Err(conflict)
            }
            Err(error) => Err(error),
        }
    }

    fn lost(&self, stopped: tokio::task::JoinError) -> JournalError {
        JournalError::NotWritten { place: self.application.clone(), source: stopped.into() }
    }
}
