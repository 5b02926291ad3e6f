//! The journal behind the handle: an acknowledgement means that it is on disk.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use machine::BootDevice::Disk;
use machine::{BootSetting, Denied, NodeId, Phase, PowerRequest, Step};
use reconciler::journal::{Change, Stored};
use reconciler::{Journal, JournalError, MemoryJournal, Policy, RedbJournal};

use crate::support::rig::PERSISTENT_DISK;
use crate::support::{FakeCloud, Rig, VmSpec, node, persistent};

/// A journal whose disk is full when told so.
#[derive(Clone, Default)]
struct FullDisk {
    inner: MemoryJournal,
    full: Arc<AtomicBool>,
}

impl Journal for FullDisk {
    async fn load(&self, application: &str) -> Result<BTreeMap<NodeId, Stored>, JournalError> {
        self.inner.load(application).await
    }

    async fn commit(&self, application: &str, changes: Vec<Change>) -> Result<(), JournalError> {
        if self.full.load(Ordering::SeqCst) {
            let source = Box::new(std::io::Error::from(std::io::ErrorKind::StorageFull));
            return Err(JournalError::NotWritten { place: "state.redb".to_owned(), source });
        }
        self.inner.commit(application, changes).await
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_recorded_is_refused_and_not_done() {
    let journal = FullDisk::default();
    let cloud = FakeCloud::new([(node(1), VmSpec::default())]);
    let mut rig = Rig::with(cloud, journal, Policy::default()).await;
    rig.until_node(&node(1), "seen", |node| node.phase.is_some()).await;
    rig.journal.full.store(true, Ordering::SeqCst);
    for refused in
        [rig.power(&node(1), PowerRequest::Cycle).await, rig.set_boot(&node(1), persistent(Disk)).await]
    {
        let Err(Denied::NotRecorded { reason }) = refused else { panic!("{refused:?}") };
        assert!(reason.contains("state.redb"), "{reason}");
    }
    tokio::time::sleep(std::time::Duration::from_secs(120)).await;
    assert!(rig.cloud.world().attempts.is_empty());
    // There is room again.
    rig.journal.full.store(false, Ordering::SeqCst);
    rig.power(&node(1), PowerRequest::Cycle).await.unwrap();
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.accepted().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_pass_that_cannot_be_recorded_sends_nothing_until_it_can() {
    let journal = FullDisk::default();
    let cloud = FakeCloud::new([(node(1), VmSpec { phase: Phase::Off, ..VmSpec::default() })]);
    let mut rig = Rig::with(cloud, journal, Policy::default()).await;
    rig.until_node(&node(1), "seen", |node| node.phase.is_some()).await;
    rig.power(&node(1), PowerRequest::On).await.unwrap();
    rig.journal.full.store(true, Ordering::SeqCst);
    rig.until("trouble", |status| status.trouble.as_ref().is_some_and(|words| words.contains("state.redb")))
        .await;
    assert!(rig.cloud.world().attempts.is_empty());
    rig.journal.full.store(false, Ordering::SeqCst);
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.accepted(), [Step::Start(vec![node(1)])]);
}

#[tokio::test(start_paused = true)]
async fn a_redb_file_carries_the_work_over_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("state.redb");
    let cloud = FakeCloud::new([(node(1), VmSpec::default())]);
    let mut rig = Rig::with(cloud.clone(), RedbJournal::open(&file).unwrap(), Policy::default()).await;
    rig.set_boot(&node(1), persistent(Disk)).await.unwrap();
    rig.power(&node(1), PowerRequest::Cycle).await.unwrap();
    rig.kill().await;
    drop(rig);
    // A write that was under way keeps the file open until it is done.
    let mut journal = RedbJournal::open(&file);
    for _ in 0..1_000_000 {
        if journal.is_ok() {
            break;
        }
        tokio::task::yield_now().await;
        journal = RedbJournal::open(&file);
    }
    let mut rig = Rig::with(cloud, journal.unwrap(), Policy::default()).await;
    assert_eq!(rig.boot(&node(1)).await, Ok(BootSetting::Override(PERSISTENT_DISK)));
    rig.settled(&node(1)).await;
    assert_eq!(rig.cloud.boots(&node(1)).last().map(|boot| boot.1), Some(Disk));
}

#[tokio::test(start_paused = true)]
async fn a_record_that_somebody_else_replaced_is_read_again_and_never_overwritten() {
    let journal = MemoryJournal::new();
    let cloud = FakeCloud::new([(node(1), VmSpec::default())]);
    let rig = Rig::with(cloud, journal.clone(), Policy::default()).await;
    rig.until_node(&node(1), "seen", |node| node.phase.is_some()).await;
    rig.set_boot(&node(1), persistent(Disk)).await.unwrap();
    let stored = journal.load("lab").await.unwrap()[&node(1)].clone();
    let mut foreign = stored.record.clone();
    foreign.boot.lasting = None;
    let change = Change { node: node(1), replaces: stored.revision, record: foreign.clone(), events: None };
    journal.commit("lab", vec![change]).await.unwrap();
    let refused = rig.set_boot(&node(1), None).await;
    assert!(matches!(refused, Err(Denied::NotRecorded { .. })), "{refused:?}");
    assert_eq!(journal.load("lab").await.unwrap()[&node(1)].record, foreign);
    assert_eq!(rig.boot(&node(1)).await, Ok(BootSetting::Platform(machine::BootDevice::Network)));
}
