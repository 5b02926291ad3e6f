//! The file: durable, shared syncs, clear errors, recovery from a full disk.

use std::future::Future;
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use machine::{BootDevice, BootFlags, PowerRequest};
use redb::StorageBackend;
use redb::backends::InMemoryBackend;

use super::*;
use crate::events::{Entry, Happened, Head};
use crate::journal::FORMAT_VERSION;
use crate::record::{NodeRecord, PowerIntent, Stage, Then, Timestamp, Wish};

fn record(generation: u64) -> NodeRecord {
    let mut record = NodeRecord { generation, ..NodeRecord::default() };
    record.power = Some(PowerIntent {
        request: PowerRequest::Cycle,
        stage: Stage::PowerDown { then: Then::PowerUp },
        boot_generation: 3,
        since: Timestamp(1_600_000_000_123),
        requester: "operator@127.0.0.1:50000".to_owned(),
    });
    record.boot.once = Some(Wish { device: BootDevice::Disk, flags: Some(BootFlags([0xa0, 0x08, 0, 0, 0])) });
    record
}

fn change(node: &str, replaces: u64, generation: u64) -> Change {
    Change { node: NodeId::new(node), replaces: Revision(replaces), record: record(generation), events: None }
}

fn reopened(path: &Path) -> RedbJournal {
    RedbJournal::open(path).unwrap()
}

#[tokio::test]
async fn what_was_committed_is_there_when_the_file_is_opened_again() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("state.redb");
    let journal = reopened(&file);
    journal.commit("lab", vec![change("1", 0, 7), change("2", 0, 8)]).await.unwrap();
    journal.commit("other", vec![change("1", 0, 9)]).await.unwrap();
    journal.commit("lab", vec![change("1", 1, 10)]).await.unwrap();
    drop(journal);
    let loaded = reopened(&file).load("lab").await.unwrap();
    assert_eq!(loaded.len(), 2);
    assert_eq!(
        loaded[&NodeId::new("1")],
        Stored { revision: Revision(2), record: record(10), events: Arc::default() }
    );
    assert_eq!(
        loaded[&NodeId::new("2")],
        Stored { revision: Revision(1), record: record(8), events: Arc::default() }
    );
}

#[tokio::test]
async fn what_was_committed_survives_without_the_file_being_closed() {
    // A copy of the file while it is open is what a killed process leaves behind.
    let directory = tempfile::tempdir().unwrap();
    let (file, copy) = (directory.path().join("state.redb"), directory.path().join("copy.redb"));
    let journal = reopened(&file);
    for generation in 0..20 {
        journal.commit("lab", vec![change("1", generation, generation)]).await.unwrap();
        std::fs::copy(&file, &copy).unwrap();
        let loaded = reopened(&copy).load("lab").await.unwrap();
        assert_eq!(loaded[&NodeId::new("1")].record, record(generation));
    }
}

#[tokio::test]
async fn an_empty_file_has_no_records() {
    let directory = tempfile::tempdir().unwrap();
    let journal = reopened(&directory.path().join("state.redb"));
    assert!(journal.load("lab").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_record_replaced_by_somebody_else_is_a_conflict_and_nothing_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let journal = reopened(&directory.path().join("state.redb"));
    journal.commit("lab", vec![change("2", 0, 1)]).await.unwrap();
    let conflict = journal.commit("lab", vec![change("1", 0, 2), change("2", 0, 2)]).await;
    assert!(
        matches!(&conflict, Err(JournalError::Conflict { node }) if node.as_str() == "2"),
        "{conflict:?}"
    );
    let loaded = journal.load("lab").await.unwrap();
    assert_eq!(loaded.len(), 1, "all or none");
}

#[tokio::test]
async fn a_second_process_is_told_that_the_file_is_open() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("state.redb");
    let _first = reopened(&file);
    let error = RedbJournal::open(&file).unwrap_err();
    assert!(error.to_string().contains("state.redb"), "{error}");
}

#[tokio::test]
async fn a_file_that_is_no_journal_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("state.redb");
    std::fs::write(&file, vec![0x5a; 8192]).unwrap();
    let error = RedbJournal::open(&file).unwrap_err();
    assert!(matches!(error, JournalError::Unreadable { .. }), "{error:?}");
    assert!(error.to_string().contains("state.redb"), "{error}");
}

#[tokio::test]
async fn a_directory_that_does_not_exist_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let error = RedbJournal::open(directory.path().join("nowhere/state.redb")).unwrap_err();
    assert!(error.to_string().contains("nowhere"), "{error}");
}

async fn with_bytes(bytes: &[u8]) -> JournalError {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("state.redb");
    {
        let database = Database::create(&file).unwrap();
        let transaction = database.begin_write().unwrap();
        transaction.open_table(RECORDS).unwrap().insert(("lab", "4711"), bytes).unwrap();
        transaction.commit().unwrap();
    }
    reopened(&file).load("lab").await.unwrap_err()
}

#[tokio::test]
async fn a_record_that_cannot_be_read_names_file_and_node() {
    for bytes in [&b"nonsense"[..], br#"{"version":1,"revision":1,"record":{"generation":"x"}}"#, b""] {
        let error = with_bytes(bytes).await;
        assert!(matches!(error, JournalError::Corrupt { .. }), "{error:?}");
        let words = error.to_string();
        assert!(words.contains("state.redb") && words.contains("4711"), "{words}");
    }
}

#[tokio::test]
async fn a_record_of_a_later_version_is_refused_by_its_number() {
    let later = FORMAT_VERSION + 1;
    let error = with_bytes(format!(r#"{{"version":{later},"future":true}}"#).as_bytes()).await;
    let words = error.to_string();
    assert!(words.contains("4711") && words.contains(&format!("format {later}")), "{words}");
}

#[test]
fn the_stored_form_is_pinned() {
    // What is on people's disks: a change here needs a new FORMAT_VERSION and a way to read this one.
    let bytes = change("1", 4, 2).encode().unwrap();
    let expected = concat!(
        r#"{"version":1,"revision":5,"record":{"generation":2,"power":{"request":"cycle","#,
        r#""stage":{"power-down":{"then":"power-up"}},"boot_generation":3,"since":1600000000123,"#,
        r#""requester":"operator@127.0.0.1:50000"},"boot":{"known":false,"generation":0,"since":0,"#,
        r#""once":{"device":"disk","flags":[160,8,0,0,0]},"lasting":null,"restore":null,"in_design":null,"#,
        r#""tag":"unknown"},"powered_on_by_command":false,"failure":null,"rest":null}}"#,
    );
    assert_eq!(String::from_utf8(bytes).unwrap(), expected);
}

fn event(at: u64, what: Happened) -> Entry {
    Entry { at: Timestamp(at), what }
}

fn off(at: u64) -> Entry {
    event(at, Happened::PoweredOff { by: Some("operator@127.0.0.1:50000".into()) })
}

/// A change of the record that brings new events with it.
fn with_events(replaces: u64, events: &Events, new: Vec<Entry>, kept_at_most: usize) -> Change {
    Change { events: events.append(new, kept_at_most), ..change("1", replaces, 1) }
}

#[tokio::test]
async fn events_are_there_when_the_file_is_opened_again_and_the_oldest_are_gone() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("state.redb");
    let mut expected = Events::default();
    for revision in 0..6 {
        let journal = reopened(&file);
        let new = vec![off(revision), off(revision + 100)];
        let change = with_events(revision, &expected, new, 5);
        expected.apply(change.events.as_ref().unwrap());
        journal.commit("lab", vec![change]).await.unwrap();
        journal.commit("other", vec![change_of_other(revision)]).await.unwrap();
        drop(journal);
        let loaded = reopened(&file).load("lab").await.unwrap();
        assert_eq!(*loaded[&NodeId::new("1")].events, expected);
    }
    assert_eq!(expected.entries.keys().copied().collect::<Vec<_>>(), [8, 9, 10, 11, 12]);
    assert!(expected.head.overflowed);

    let journal = reopened(&file);
    let cleared = expected.clear(10, Timestamp(7));
    expected.apply(&cleared);
    journal.commit("lab", vec![Change { events: Some(cleared), ..change("1", 6, 1) }]).await.unwrap();
    drop(journal);
    let loaded = reopened(&file).load("lab").await.unwrap();
    assert_eq!(*loaded[&NodeId::new("1")].events, expected);
    assert_eq!(expected.entries.keys().copied().collect::<Vec<_>>(), [11, 12]);

    let removed = expected.remove(11, Timestamp(8)).unwrap();
    expected.apply(&removed);
    let journal = reopened(&file);
    journal.commit("lab", vec![Change { events: Some(removed), ..change("1", 7, 1) }]).await.unwrap();
    drop(journal);
    let loaded = reopened(&file).load("lab").await.unwrap();
    assert_eq!(*loaded[&NodeId::new("1")].events, expected);
}

/// A node of the same name in another application, with events of its own.
fn change_of_other(revision: u64) -> Change {
    let events = Events { head: Head { next: 1 + revision, ..Head::default() }, ..Events::default() };
    with_events(revision, &events, vec![off(1)], 1_000)
}

#[tokio::test]
async fn a_conflict_writes_no_event_either() {
    let directory = tempfile::tempdir().unwrap();
    let journal = reopened(&directory.path().join("state.redb"));
    let change = |replaces| with_events(replaces, &Events::default(), vec![off(1)], 5);
    journal.commit("lab", vec![change(0)]).await.unwrap();
    journal.commit("lab", vec![change(0)]).await.unwrap_err();
    let loaded = journal.load("lab").await.unwrap();
    assert_eq!(loaded[&NodeId::new("1")].events.entries.len(), 1);
}

#[tokio::test]
async fn a_file_from_before_there_were_events_is_read_and_takes_them() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("state.redb");
    {
        let database = Database::create(&file).unwrap();
        let transaction = database.begin_write().unwrap();
        let bytes = change("1", 0, 1).encode().unwrap();
        transaction.open_table(RECORDS).unwrap().insert(("lab", "1"), bytes.as_slice()).unwrap();
        transaction.commit().unwrap();
    }
    let journal = reopened(&file);
    let loaded = journal.load("lab").await.unwrap();
    assert_eq!(*loaded[&NodeId::new("1")].events, Events::default());
    journal.commit("lab", vec![with_events(1, &Events::default(), vec![off(1)], 5)]).await.unwrap();
    let loaded = journal.load("lab").await.unwrap();
    assert_eq!(loaded[&NodeId::new("1")].events.entries[&1], off(1));
}

#[tokio::test]
async fn an_event_that_cannot_be_read_names_file_and_node() {
    for (bytes, later) in [(&b"nonsense"[..], false), (br#"{"version":99,"future":true}"#, true)] {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("state.redb");
        let journal = reopened(&file);
        journal.commit("lab", vec![with_events(0, &Events::default(), vec![off(1)], 5)]).await.unwrap();
        drop(journal);
        {
            let database = Database::create(&file).unwrap();
            let transaction = database.begin_write().unwrap();
            transaction.open_table(EVENTS).unwrap().insert(("lab", "1", 1), bytes).unwrap();
            transaction.commit().unwrap();
        }
        let error = reopened(&file).load("lab").await.unwrap_err();
        assert_eq!(matches!(error, JournalError::UnknownVersion { found: 99, .. }), later, "{error:?}");
        assert!(error.to_string().contains("state.redb"), "{error}");
    }
}

#[test]
fn the_stored_form_of_events_is_pinned() {
    let new = vec![
        event(1_600_000_000_123, Happened::PoweredOn { by: None }),
        off(2),
        event(3, Happened::BootDeviceApplied { device: BootDevice::Disk }),
        event(4, Happened::RequestFailed { request: PowerRequest::Soft, reason: "no answer".into() }),
    ];
    let change = Events::default().append(new, 3).unwrap();
    let head = String::from_utf8(change.encode_head().unwrap()).unwrap();
    let expected = r#"{"version":1,"events":{"first":2,"next":5,"overflowed":true,"cleared_at":null}}"#;
    assert_eq!(head, expected);
    let events: Vec<String> =
        change.encode_events().map(|event| String::from_utf8(event.unwrap().1).unwrap()).collect();
    let expected = [
        r#"{"version":1,"event":{"at":2,"what":{"powered-off":{"by":"operator@127.0.0.1:50000"}}}}"#,
        r#"{"version":1,"event":{"at":3,"what":{"boot-device-applied":{"device":"disk"}}}}"#,
        r#"{"version":1,"event":{"at":4,"what":{"request-failed":{"request":"soft","reason":"no answer"}}}}"#,
    ];
    assert_eq!(events, expected);
}

/// A disk in memory that can be full, and counts syncs.
#[derive(Clone, Debug, Default)]
struct Disk {
    bytes: Arc<InMemoryBackend>,
    full: Arc<AtomicBool>,
    syncs: Arc<AtomicUsize>,
}

impl Disk {
    fn check(&self) -> io::Result<()> {
        if self.full.load(Ordering::SeqCst) { Err(ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn journal(&self) -> RedbJournal {
        let disk = self.clone();
        let open = move || Database::builder().create_with_backend(disk.clone());
        RedbJournal::with_opener("full.redb".to_owned(), Box::new(open)).unwrap()
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        self.bytes.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.bytes.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.check()?;
        self.bytes.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.check()?;
        self.syncs.fetch_add(1, Ordering::SeqCst);
        self.bytes.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.check()?;
        self.bytes.write(offset, data)
    }
}

#[tokio::test]
async fn a_full_disk_is_an_error_at_once_and_over_when_there_is_room() {
    let disk = Disk::default();
    let journal = disk.journal();
    journal.commit("lab", vec![change("1", 0, 1)]).await.unwrap();
    disk.full.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        let error = journal.commit("lab", vec![change("1", 1, 2)]).await.unwrap_err();
        assert!(matches!(error, JournalError::NotWritten { .. }), "{error:?}");
        assert!(error.to_string().contains("full.redb"), "{error}");
    }
    disk.full.store(false, Ordering::SeqCst);
    journal.commit("lab", vec![change("1", 1, 3)]).await.unwrap();
    assert_eq!(journal.load("lab").await.unwrap()[&NodeId::new("1")].record, record(3));
}

#[tokio::test]
async fn commits_that_come_together_share_a_sync() {
    let disk = Disk::default();
    let journal = disk.journal();
    journal.commit("lab", vec![change("first", 0, 1)]).await.unwrap();
    let alone = disk.syncs.load(Ordering::SeqCst);
    journal.commit("lab", vec![change("first", 1, 1)]).await.unwrap();
    let per_commit = disk.syncs.load(Ordering::SeqCst) - alone;

    // The thread that writes is held up until all are queued.
    let before = disk.syncs.load(Ordering::SeqCst);
    let mut commits: Vec<_> = (0..50)
        .map(|number| Box::pin(journal.commit("lab", vec![change(&number.to_string(), 0, 1)])))
        .collect();
    {
        let _held = journal.shared.database.lock().unwrap();
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        for commit in &mut commits {
            assert!(commit.as_mut().poll(&mut context).is_pending());
        }
    }
    for commit in commits {
        commit.await.unwrap();
    }
    let syncs = disk.syncs.load(Ordering::SeqCst) - before;
    assert!(per_commit > 0 && syncs < 50, "{syncs} syncs for 50 commits, {per_commit} for one");
    assert_eq!(journal.load("lab").await.unwrap().len(), 51);
}
