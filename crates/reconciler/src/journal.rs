//! The journal: what was acknowledged survives a crash.
//!
//! A [`Journal`] keeps one [`NodeRecord`] per node, typed; how it stores them is its own affair. Commits
//! compare and set: a record that somebody else has replaced in the meantime is a conflict, never overwritten.
//! That costs an embedded store nothing and is what a store shared by several daemons needs.
//!
//! The events of a node are kept beside its record, each as an entry of its own ([`crate::events`]), and change only
//! together with it: the revision of the record guards both.
//!
//! | key | value |
//! |---|---|
//! | application, node | the record, with its revision |
//! | application, node | the head of the events |
//! | application, node, number | one event |

pub mod memory;
pub mod redb;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use machine::NodeId;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::events::{Entry, Events, EventsChange, Head};
use crate::record::NodeRecord;

pub use memory::MemoryJournal;
pub use redb::RedbJournal;

/// The version of the stored forms: of a record, of the head of a node's events, of an event.
pub const FORMAT_VERSION: u32 = 1;

/// A store of node records, by application.
pub trait Journal: Send + Sync + 'static {
    /// Reads all records of an application, with the events of their nodes.
    ///
    /// # Errors
    /// [`JournalError::Corrupt`] and [`JournalError::UnknownVersion`] name the record that cannot be
    /// understood; [`JournalError::Unreadable`] when the store cannot be read at all.
    fn load(
        &self,
        application: &str,
    ) -> impl Future<Output = Result<BTreeMap<NodeId, Stored>, JournalError>> + Send;

    /// Replaces records and changes events, all or none of them. When the future resolves with `Ok`, they survive a crash of
    /// the process and of the machine.
    ///
    /// # Errors
    /// [`JournalError::Conflict`] when a record is not the one that was to be replaced;
    /// [`JournalError::NotWritten`] when the store did not take them.
    fn commit(
        &self,
        application: &str,
        changes: Vec<Change>,
    ) -> impl Future<Output = Result<(), JournalError>> + Send;
}

/// How often a record has been replaced; absent records have revision 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub u64);

impl Revision {
    /// The one after this.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// A record as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Stored {
    /// Its revision.
    pub revision: Revision,
    /// The record.
    pub record: NodeRecord,
    /// The events of the node.
    pub events: Arc<Events>,
}

/// The replacement of one record, and what changes in the events of its node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whose record.
    pub node: NodeId,
    /// The revision that it replaces; its own is the next one.
    pub replaces: Revision,
    /// The new record.
    pub record: NodeRecord,
    /// What changes in the events, if anything does.
    pub events: Option<EventsChange>,
}

/// Why a journal did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The store cannot be opened or read.
    #[error("the journal {place} cannot be read")]
    Unreadable {
        /// Which store: a file name.
        place: String,
        /// What went wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The store did not take a commit; nothing of it was written.
    #[error("the journal {place} cannot be written")]
    NotWritten {
        /// Which store: a file name.
        place: String,
        /// What went wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A record cannot be understood.
    #[error("the journal {place} holds an unreadable record of node {node}")]
    Corrupt {
        /// Which store: a file name.
        place: String,
        /// Whose record.
        node: NodeId,
        /// What is wrong with it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A record was written by a version of this program that this one does not know.
    #[error(
        "the journal {place} holds a record of node {node} in format {found}; this version reads {FORMAT_VERSION}"
    )]
    UnknownVersion {
        /// Which store: a file name.
        place: String,
        /// Whose record.
        node: NodeId,
        /// The format of the record.
        found: u32,
    },
    /// Somebody else has replaced the record in the meantime.
    #[error("the record of node {node} was changed by somebody else")]
    Conflict {
        /// Whose record.
        node: NodeId,
    },
}

/// A record in its stored form: JSON, with the version of the format in front.
#[derive(Serialize, Deserialize)]
struct RecordForm {
    version: u32,
    revision: Revision,
    record: NodeRecord,
}

/// The head of a node's events in its stored form.
#[derive(Serialize, Deserialize)]
struct HeadForm {
    version: u32,
    events: Head,
}

/// An event in its stored form.
#[derive(Serialize, Deserialize)]
struct EventForm {
    version: u32,
    event: Entry,
}

/// The part that every stored form of every version has.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

impl Change {
    /// The stored form of the new record.
    fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        let revision = self.replaces.next();
        serde_json::to_vec(&RecordForm { version: FORMAT_VERSION, revision, record: self.record.clone() })
    }
}

impl EventsChange {
    /// The stored form of the new head.
    fn encode_head(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(&HeadForm { version: FORMAT_VERSION, events: self.head })
    }

    /// The stored forms of the new events, by number.
    fn encode_events(&self) -> impl Iterator<Item = Result<(u64, Vec<u8>), serde_json::Error>> {
        self.append.iter().map(|(number, event)| {
            let form = EventForm { version: FORMAT_VERSION, event: event.clone() };
            Ok((*number, serde_json::to_vec(&form)?))
        })
    }
}

impl Stored {
    /// Makes a change that has been committed.
    pub(crate) fn apply(&mut self, change: Change) {
        self.revision = change.replaces.next();
        self.record = change.record;
        if let Some(change) = change.events {
            Arc::make_mut(&mut self.events).apply(&change);
        }
    }

    /// Reads the stored form of a record.
    fn decode(place: &str, node: &NodeId, bytes: &[u8]) -> Result<Self, JournalError> {
        let RecordForm { revision, record, .. } = decode(place, node, bytes)?;
        Ok(Self { revision, record, events: Arc::default() })
    }
}

/// Reads a stored form, if it is of the version that this program writes.
fn decode<T: DeserializeOwned>(place: &str, node: &NodeId, bytes: &[u8]) -> Result<T, JournalError> {
    let corrupt = |source: serde_json::Error| JournalError::Corrupt {
        place: place.to_owned(),
        node: node.clone(),
        source: source.into(),
    };
    let Version { version } = serde_json::from_slice(bytes).map_err(corrupt)?;
    if version != FORMAT_VERSION {
        let (place, node) = (place.to_owned(), node.clone());
        return Err(JournalError::UnknownVersion { place, node, found: version });
    }
    serde_json::from_slice(bytes).map_err(corrupt)
}
