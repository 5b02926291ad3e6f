//! A reconciler that runs, can be killed, and comes back from its journal.

use std::time::{Duration, SystemTime};

use machine::{
    Admission, BootDevice, BootFlags, BootOverride, BootSetting, Chassis, ChassisStatus, Denied, Lifetime,
    NodeId, PowerRequest, Requester,
};
use reconciler::{
    ApplicationStatus, Handle, Journal, MemoryJournal, NodeStatus, Policy, Reconciler, WallClock,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::fake_cloud::FakeCloud;

pub struct Rig<J = MemoryJournal> {
    pub cloud: FakeCloud,
    pub journal: J,
    pub policy: Policy,
    pub handle: Handle<J>,
    task: JoinHandle<()>,
    deaths: u64,
}

struct CloudClock(FakeCloud);

impl WallClock for CloudClock {
    fn now(&self) -> SystemTime {
        self.0.now()
    }
}

impl Rig {
    pub async fn new(cloud: FakeCloud) -> Self {
        Self::with(cloud, MemoryJournal::new(), Policy::default()).await
    }
}

impl<J: Journal + Clone> Rig<J> {
    pub async fn with(cloud: FakeCloud, journal: J, policy: Policy) -> Self {
        let (handle, task) = begin(&cloud, &journal, &policy).await;
        Self { cloud, journal, policy, handle, task, deaths: 0 }
    }

    /// kill -9: the reconciler is dropped wherever it is.
    pub async fn kill(&mut self) {
        self.task.abort();
        let _aborted = (&mut self.task).await;
    }

    /// Kills the reconciler, and begins a new one from the journal.
    pub async fn restart(&mut self) {
        self.kill().await;
        (self.handle, self.task) = begin(&self.cloud, &self.journal, &self.policy).await;
    }

    pub async fn power(&self, node: &NodeId, request: PowerRequest) -> Result<Admission, Denied> {
        self.handle.request_power(node, request, &requester()).await
    }

    pub async fn set_boot(&self, node: &NodeId, wanted: Option<BootOverride>) -> Result<Admission, Denied> {
        self.handle.set_boot_override(node, wanted, &requester()).await
    }

    pub async fn boot(&self, node: &NodeId) -> Result<BootSetting, Denied> {
        self.handle.boot_setting(node).await
    }

    pub async fn status(&self, node: &NodeId) -> Result<ChassisStatus, Denied> {
        self.handle.status(node).await
    }

    /// Waits until the reconciler's own status is so.
    pub async fn until(&self, what: &str, holds: impl Fn(&ApplicationStatus) -> bool) {
        let mut watch = self.handle.status_watch();
        let wait = async { watch.wait_for(|status| holds(status)).await.map(drop) };
        match tokio::time::timeout(Duration::from_secs(7200), wait).await {
            Ok(seen) => seen.unwrap(),
            Err(_) => panic!("never: {what}; {:#?}", *self.handle.status_watch().borrow()),
        }
    }

    pub async fn until_node(&self, node: &NodeId, what: &str, holds: impl Fn(&NodeStatus) -> bool) {
        self.until(what, |status| status.nodes.get(node).is_some_and(&holds)).await;
    }

    /// Waits until no power request of the node is under way; comes back from a death in between.
    pub async fn settled(&mut self, node: &NodeId) {
        loop {
            let cloud = self.cloud.clone();
            tokio::select! {
                biased;
                deaths = cloud.death(self.deaths) => self.deaths = deaths,
                () = self.until_node(node, "settled", NodeStatus::is_settled) => return,
            }
            self.restart().await;
        }
    }

    /// Waits for the answer to a question; `None` if the daemon died over it, and then it has come back.
    pub async fn attempt<T>(&mut self, question: impl Future<Output = T>) -> Option<T> {
        let cloud = self.cloud.clone();
        tokio::select! {
            biased;
            deaths = cloud.death(self.deaths) => self.deaths = deaths,
            answer = question => return Some(answer),
        }
        self.restart().await;
        None
    }

    /// Waits until the world is so; comes back from a death in between.
    pub async fn world(&mut self, what: &str, holds: impl Fn(&super::fake_cloud::World) -> bool) {
        loop {
            let cloud = self.cloud.clone();
            tokio::select! {
                biased;
                deaths = cloud.death(self.deaths) => self.deaths = deaths,
                () = cloud.until(what, &holds) => return,
            }
            self.restart().await;
        }
    }
}

async fn begin<J: Journal + Clone>(
    cloud: &FakeCloud,
    journal: &J,
    policy: &Policy,
) -> (Handle<J>, JoinHandle<()>) {
    let clock = CloudClock(cloud.clone());
    let (reconciler, handle) =
        Reconciler::new("lab", cloud.clone(), journal.clone(), policy.clone(), clock, 7).await.unwrap();
    let task = tokio::spawn(reconciler.run(CancellationToken::new()));
    // Most tests begin when the cloud has been seen once.
    let _away = handle.observe(Duration::from_secs(60)).await;
    (handle, task)
}

pub fn node(number: usize) -> NodeId {
    NodeId::new(format!("{number:03}"))
}

pub fn requester() -> Requester {
    Requester { user: "operator".to_owned(), peer: None }
}

pub const PERSISTENT_DISK: BootFlags = BootFlags([0xe0, 0x08, 0, 0, 0]);

pub fn persistent(device: BootDevice) -> Option<BootOverride> {
    let selector = if device == BootDevice::Disk { 0x08 } else { 0x04 };
    let flags = BootFlags([0xe0, selector, 0, 0, 0]);
    Some(BootOverride { device, lifetime: Lifetime::Persistent, flags })
}

pub fn once(device: BootDevice) -> Option<BootOverride> {
    let selector = if device == BootDevice::Disk { 0x08 } else { 0x04 };
    let flags = BootFlags([0xa0, selector, 0, 0, 0]);
    Some(BootOverride { device, lifetime: Lifetime::Once, flags })
}
