//! The embedded journal: one redb file, synced to disk at each commit.
//!
//! Commits that arrive while another is being synced share the next sync. The file is written on a blocking
//! thread. After a failed write (a full disk, say) the file is closed and opened anew at the next commit, so
//! that the daemon recovers by itself when there is room again.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use machine::NodeId;
use redb::{Database, DatabaseError, ReadableDatabase, ReadableTable, TableDefinition, TableError};
use tokio::sync::oneshot;

use super::{Change, EventForm, HeadForm, Journal, JournalError, Revision, Stored, decode};
use crate::events::Events;

/// (application, node) -> the record's stored form.
const RECORDS: TableDefinition<'_, (&str, &str), &[u8]> = TableDefinition::new("node-records");
/// (application, node) -> the stored form of the head of the node's events.
const HEADS: TableDefinition<'_, (&str, &str), &[u8]> = TableDefinition::new("node-event-heads");
/// (application, node, number) -> the stored form of the event.
const EVENTS: TableDefinition<'_, (&str, &str, u64), &[u8]> = TableDefinition::new("node-events");

type Cause = Box<dyn std::error::Error + Send + Sync>;
type Opener = Box<dyn Fn() -> Result<Database, DatabaseError> + Send + Sync>;

/// A journal in a redb file. Clones share the file; a second process cannot open it.
#[derive(Clone)]
pub struct RedbJournal {
    shared: Arc<Shared>,
}

struct Shared {
    place: String,
    open: Opener,
    /// Closed after a failed write.
    database: Mutex<Option<Database>>,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Commit>,
    /// Whether a thread is writing and will look at the queue again.
    writing: bool,
}

struct Commit {
    application: String,
    changes: Vec<Change>,
    done: Done,
}

type Done = oneshot::Sender<Result<(), JournalError>>;
type Reply = (Done, Result<(), JournalError>);

impl RedbJournal {
    /// Opens the file, or creates it. Blocks for a moment: meant for start-up.
    ///
    /// # Errors
    /// [`JournalError::Unreadable`] when the file cannot be opened, is damaged, or is open in another
    /// process.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, JournalError> {
        let path = path.as_ref().to_path_buf();
        let place = path.display().to_string();
        Self::with_opener(place, Box::new(move || Database::create(&path)))
    }

    fn with_opener(place: String, open: Opener) -> Result<Self, JournalError> {
        let database = open()
            .map_err(|source| JournalError::Unreadable { place: place.clone(), source: source.into() })?;
        let shared =
            Shared { place, open, database: Mutex::new(Some(database)), queue: Mutex::new(Queue::default()) };
        Ok(Self { shared: Arc::new(shared) })
    }
}

impl Journal for RedbJournal {
    async fn load(&self, application: &str) -> Result<BTreeMap<NodeId, Stored>, JournalError> {
        let shared = Arc::clone(&self.shared);
        let application = application.to_owned();
        let place = self.shared.place.clone();
        tokio::task::spawn_blocking(move || shared.load(&application))
            .await
            .unwrap_or_else(|stopped| Err(JournalError::Unreadable { place, source: stopped.into() }))
    }

    async fn commit(&self, application: &str, changes: Vec<Change>) -> Result<(), JournalError> {
        let (done, outcome) = oneshot::channel();
        let start_writing = {
            let mut queue = self.shared.queue();
            queue.waiting.push(Commit { application: application.to_owned(), changes, done });
            !std::mem::replace(&mut queue.writing, true)
        };
        if start_writing {
            let shared = Arc::clone(&self.shared);
            tokio::task::spawn_blocking(move || shared.write_queue());
        }
        outcome.await.unwrap_or_else(|stopped| {
            Err(JournalError::NotWritten { place: self.shared.place.clone(), source: stopped.into() })
        })
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` on the open database; closes it if it failed.
    fn with_database<T>(&self, work: impl FnOnce(&Database) -> Result<T, Cause>) -> Result<T, Cause> {
        let mut slot = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let database = match slot.take() {
            Some(database) => database,
            None => (self.open)()?,
        };
        let result = work(&database);
        if result.is_ok() {
            *slot = Some(database);
        }
        result
    }

    fn load(&self, application: &str) -> Result<BTreeMap<NodeId, Stored>, JournalError> {
        let Rows { records, heads, events } = self
            .with_database(|database| Ok(read_all(database, application)?))
            .map_err(|source| JournalError::Unreadable { place: self.place.clone(), source })?;
        let mut kept: BTreeMap<NodeId, Events> = BTreeMap::new();
        for (node, bytes) in heads {
            let HeadForm { events, .. } = decode(&self.place, &node, &bytes)?;
            kept.entry(node).or_default().head = events;
        }
        for (node, number, bytes) in events {
            let EventForm { event, .. } = decode(&self.place, &node, &bytes)?;
            kept.entry(node).or_default().entries.insert(number, event);
        }
        let mut found = BTreeMap::new();
        for (node, bytes) in records {
            let mut stored = Stored::decode(&self.place, &node, &bytes)?;
            stored.events = Arc::new(kept.remove(&node).unwrap_or_default());
            found.insert(node, stored);
        }
        Ok(found)
    }

    /// Writes what is queued, batch after batch, each with one sync, until nothing is left.
    fn write_queue(self: Arc<Self>) {
        let mut replies = Vec::new();
        loop {
            let batch = {
                let mut queue = self.queue();
                if queue.waiting.is_empty() {
                    queue.writing = false;
                    break;
                }
                std::mem::take(&mut queue.waiting)
            };
            reply(replies);
            replies = self.write_batch(batch);
        }
        // Whoever drops the journal after the last reply has closed the file.
        drop(self);
        reply(replies);
    }

    fn write_batch(&self, batch: Vec<Commit>) -> Vec<Reply> {
        let written = self.with_database(|database| {
            let transaction = database.begin_write()?;
            let mut verdicts = Vec::with_capacity(batch.len());
            {
                let mut records = transaction.open_table(RECORDS)?;
                let mut heads = transaction.open_table(HEADS)?;
                let mut events = transaction.open_table(EVENTS)?;
                for commit in &batch {
                    let conflict = conflict(&records, &self.place, commit)?;
                    if conflict.is_none() {
                        for change in &commit.changes {
                            let key @ (application, node) =
                                (commit.application.as_str(), change.node.as_str());
                            records.insert(key, change.encode()?.as_slice())?;
                            let Some(change) = &change.events else { continue };
                            heads.insert(key, change.encode_head()?.as_slice())?;
                            let gone = (application, node, 0)..(application, node, change.head.first);
                            events.retain_in(gone, |_, _| false)?;
                            for number in &change.remove {
                                events.remove((application, node, *number))?;
                            }
                            for event in change.encode_events() {
                                let (number, bytes) = event?;
                                events.insert((application, node, number), bytes.as_slice())?;
                            }
                        }
                    }
                    verdicts.push(conflict.map_or(Ok(()), Err));
                }
            }
            transaction.commit()?;
            Ok(verdicts)
        });
        match written {
            Ok(verdicts) => batch.into_iter().map(|commit| commit.done).zip(verdicts).collect(),
            Err(cause) => {
                let cause: Arc<dyn std::error::Error + Send + Sync> = cause.into();
                let told = |commit: Commit| {
                    let source = Box::new(SharedCause(Arc::clone(&cause)));
                    (commit.done, Err(JournalError::NotWritten { place: self.place.clone(), source }))
                };
                batch.into_iter().map(told).collect()
            }
        }
    }
}

fn reply(replies: Vec<Reply>) {
    for (done, verdict) in replies {
        // Whoever asked may be gone; the record stays.
        let _gone = done.send(verdict);
    }
}

/// The first record of a commit that is not the one to be replaced.
fn conflict(
    table: &impl ReadableTable<(&'static str, &'static str), &'static [u8]>,
    place: &str,
    commit: &Commit,
) -> Result<Option<JournalError>, Cause> {
    for change in &commit.changes {
        let stored = table.get((commit.application.as_str(), change.node.as_str()))?;
        let revision = match stored {
            Some(bytes) => match Stored::decode(place, &change.node, bytes.value()) {
                Ok(stored) => stored.revision,
                Err(error) => return Ok(Some(error)),
            },
            None => Revision::default(),
        };
        if revision != change.replaces {
            return Ok(Some(JournalError::Conflict { node: change.node.clone() }));
        }
    }
    Ok(None)
}

/// What the file holds about an application, as bytes.
#[derive(Default)]
struct Rows {
    records: Vec<(NodeId, Vec<u8>)>,
    heads: Vec<(NodeId, Vec<u8>)>,
    events: Vec<(NodeId, u64, Vec<u8>)>,
}

fn read_all(database: &Database, application: &str) -> Result<Rows, redb::Error> {
    let transaction = database.begin_read()?;
    let mut rows = Rows::default();
    for (definition, found) in [(RECORDS, &mut rows.records), (HEADS, &mut rows.heads)] {
        let Some(table) = existing(transaction.open_table(definition))? else { continue };
        for entry in table.range((application, "")..)? {
            let (key, bytes) = entry?;
            let (owner, node) = key.value();
            if owner != application {
                break;
            }
            found.push((NodeId::new(node), bytes.value().to_vec()));
        }
    }
    if let Some(table) = existing(transaction.open_table(EVENTS))? {
        for entry in table.range((application, "", 0)..)? {
            let (key, bytes) = entry?;
            let (owner, node, number) = key.value();
            if owner != application {
                break;
            }
            rows.events.push((NodeId::new(node), number, bytes.value().to_vec()));
        }
    }
    Ok(rows)
}

/// The table, if the file has it: a new file has none, and one from before there were events lacks theirs.
fn existing<T>(table: Result<T, TableError>) -> Result<Option<T>, TableError> {
    match table {
        Ok(table) => Ok(Some(table)),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// One failure, told to everybody whose commit it took down.
#[derive(Debug)]
struct SharedCause(Arc<dyn std::error::Error + Send + Sync>);

impl std::fmt::Display for SharedCause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for SharedCause {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

impl std::fmt::Debug for RedbJournal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedbJournal").field("place", &self.shared.place).finish_non_exhaustive()
    }
}
