//! A simulated cloud, the reconciler of one application on it, and what is needed to judge and to explain a run.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use machine::{
    Admission, BootDevice, BootFlags, BootOverride, BootSetting, Chassis as _, Denied, Lifetime, NodeId,
    PowerRequest, Requester,
};
use ravello::identity::{ApplicationId, VmId, node_id};
use ravello::{Authentication, Client, ClientSettings, Credentials, RavelloBackend};
use ravello_sim::{
    ApplicationFile, BootCause, BootEnd, BootedFrom, Durations, FaultRule, Simulator, SimulatorConfig,
    Switches, VmState,
};
use reconciler::{Handle, Journal as _, MemoryJournal, NodeStatus, Policy, Reconciler, SystemClock};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

const USER: &str = "operator@example.com";
const PASSWORD: &str = "s3cret-word";
const APPLICATION: &str = "lab";
/// A VM that runs, is no node, and must never notice anything.
pub(crate) const BYSTANDER: &str = "bystander";
/// How long each transient state lasts.
const TRANSIENT: Duration = Duration::from_millis(40);
/// How long anything may take on a busy machine.
pub(crate) const BOUND: Duration = Duration::from_secs(90);
/// How often a condition is looked at.
const GLANCE: Duration = Duration::from_millis(10);

/// How a lab differs from the usual one.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    /// For each node, whether it runs at the beginning.
    pub(crate) running: Vec<bool>,
    pub(crate) switches: Switches,
    /// Log in with a cookie instead of sending the password each time.
    pub(crate) cookie: bool,
    /// The application stops soon unless its time is extended.
    pub(crate) expires: bool,
    /// How the backend chooses the boot device.
    pub(crate) selection: ravello::BootSelection,
    pub(crate) seed: u64,
}

impl Setting {
    pub(crate) fn nodes(running: &[bool]) -> Self {
        Self {
            running: running.to_vec(),
            switches: Switches::default(),
            cookie: false,
            expires: false,
            selection: ravello::BootSelection::Flag,
            seed: 1,
        }
    }
}

/// One boot: why, from what, and how it ended.
pub(crate) type Boot = (BootCause, BootedFrom, Option<BootEnd>);

/// A node of the lab.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) vm: ravello_sim::VmId,
    pub(crate) id: NodeId,
}

/// What went wrong, in words.
pub(crate) type Wrong = String;

pub(crate) struct Lab {
    pub(crate) simulator: Simulator,
    pub(crate) nodes: Vec<Node>,
    pub(crate) bystander: ravello_sim::VmId,
    client: Client,
    selection: ravello::BootSelection,
    journal: MemoryJournal,
    /// The reconciler that runs. Whoever asks it holds the lock for reading, whoever crashes it for writing.
    running: tokio::sync::RwLock<Option<Running>>,
    _shutdown: DropGuard,
}

struct Running {
    handle: Handle<MemoryJournal>,
    task: JoinHandle<()>,
    begin: Arc<Notify>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // Left alone it would look for its cloud for ever, and might find that of another lab on the same port.
        self.task.abort();
    }
}

impl Lab {
    /// Fills a cloud. The reconciler is not started yet.
    pub(crate) async fn new(setting: Setting) -> Self {
        let mut config = SimulatorConfig::new(USER, PASSWORD.into());
        config.durations = Durations::all(TRANSIENT);
        config.seed = Some(setting.seed);
        config.switches = setting.switches;
        config.applications.push(application(&setting));
        let simulator = Simulator::new(config).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/api/v1", listener.local_addr().unwrap());
        let shutdown = CancellationToken::new();
        let (serving, stop) = (simulator.clone(), shutdown.clone());
        tokio::spawn(async move { serving.serve(listener, stop).await.unwrap() });
        let credentials = Credentials::new(USER, PASSWORD.into()).unwrap();
        let authentication = match setting.cookie {
            true => Authentication::Session(credentials),
            false => Authentication::Basic(credentials),
        };
        let client = Client::new(ClientSettings::new(base, authentication)).unwrap();
        let application = ApplicationId(simulator.application_named(APPLICATION).unwrap().0);
        let vm = |name: &str| simulator.vm_named(APPLICATION, name).unwrap();
        let node = |index: usize| {
            let vm = vm(&name(index));
            Node { vm, id: node_id(application, VmId(vm.0)) }
        };
        let nodes = (0..setting.running.len()).map(node).collect();
        let bystander = vm(BYSTANDER);
        Self {
            simulator,
            nodes,
            bystander,
            client,
            selection: setting.selection,
            journal: MemoryJournal::new(),
            running: tokio::sync::RwLock::new(None),
            _shutdown: shutdown.drop_guard(),
        }
    }

    /// Starts the reconciler; the one that runs is dropped in the middle of whatever it does, and nothing but
    /// its journal is left of it.
    pub(crate) async fn start(&self) {
        self.prepare().await;
        self.go().await;
    }

    /// As [`Lab::start`], but it only takes requests until [`Lab::go`]: what is asked for before is known at once then.
    pub(crate) async fn prepare(&self) {
        let mut running = self.running.write().await;
        if let Some(mut before) = running.take() {
            before.task.abort();
            let _cancelled = (&mut before.task).await;
        }
        let backend = RavelloBackend::new(self.client.clone(), APPLICATION, self.selection);
        let journal = self.journal.clone();
        let (reconciler, handle) =
            Reconciler::new(APPLICATION, backend, journal, quick(), SystemClock, 7).await.unwrap();
        let begin = Arc::new(Notify::new());
        let begun = Arc::clone(&begin);
        let task = tokio::spawn(async move {
            begun.notified().await;
            reconciler.run(CancellationToken::new()).await;
        });
        *running = Some(Running { handle, task, begin });
    }

    pub(crate) async fn go(&self) {
        self.running.read().await.as_ref().unwrap().begin.notify_one();
    }

    /// The nodes that were seen or recorded.
    pub(crate) async fn statuses(&self) -> BTreeMap<NodeId, NodeStatus> {
        self.running.read().await.as_ref().unwrap().handle.nodes()
    }

    pub(crate) async fn status_of(&self, node: &Node) -> NodeStatus {
        self.statuses().await.remove(&node.id).unwrap_or_default()
    }

    /// What is wrong with the cloud, as the status says.
    pub(crate) async fn trouble(&self) -> Option<String> {
        self.running.read().await.as_ref().unwrap().handle.status_watch().borrow().trouble.clone()
    }

    pub(crate) async fn request(&self, node: &Node, request: PowerRequest) -> Result<Admission, Denied> {
        let running = self.running.read().await;
        running.as_ref().unwrap().handle.request_power(&node.id, request, &requester()).await
    }

    pub(crate) async fn chassis(&self, node: &Node) -> Result<machine::ChassisStatus, Denied> {
        self.running.read().await.as_ref().unwrap().handle.status(&node.id).await
    }

    pub(crate) async fn boot_setting(&self, node: &Node) -> Result<BootSetting, Denied> {
        self.running.read().await.as_ref().unwrap().handle.boot_setting(&node.id).await
    }

    pub(crate) async fn set_boot(
        &self,
        node: &Node,
        wanted: Option<BootOverride>,
    ) -> Result<Admission, Denied> {
        let running = self.running.read().await;
        running.as_ref().unwrap().handle.set_boot_override(&node.id, wanted, &requester()).await
    }

    /// Somebody else publishes the design as it is.
    pub(crate) async fn publish(&self) -> Result<(), ravello::ClientError> {
        let application = self.simulator.application_named(APPLICATION).unwrap();
        self.client.publish_updates(ApplicationId(application.0)).await
    }

    /// A look at the cloud that begins now, whatever it takes.
    pub(crate) async fn look(&self) {
        let running = self.running.read().await;
        while running.as_ref().unwrap().handle.observe(Duration::ZERO).await.is_err() {
            tokio::time::sleep(GLANCE).await;
        }
    }

    pub(crate) fn fault(&self, rule: FaultRule) {
        self.simulator.add_fault(rule);
    }

    /// How often any fault struck.
    pub(crate) fn hits(&self) -> u32 {
        self.simulator.faults().iter().map(|fault| fault.hit).sum()
    }

    pub(crate) fn state(&self, node: &Node) -> VmState {
        self.simulator.vm_state(node.vm).unwrap()
    }

    pub(crate) fn boots(&self, vm: ravello_sim::VmId) -> Vec<Boot> {
        let records = self.simulator.boot_log(vm).into_iter();
        records.map(|boot| (boot.cause, boot.device, boot.ended.map(|end| end.how))).collect()
    }

    /// How many requests there were that change something.
    pub(crate) fn changes(&self) -> u64 {
        let counts = self.simulator.request_counts();
        let changing = counts.iter().filter(|(kind, _)| {
            kind.method() != "GET" && !kind.path().ends_with("/filter") && kind.path() != "/login"
        });
        changing.map(|(_, count)| count).sum()
    }

    /// A VM of an aspect, as a client reads it.
    pub(crate) fn document(&self, aspect: &str, vm: ravello_sim::VmId) -> Value {
        let application = self.simulator.application_named(APPLICATION).unwrap();
        let application = self.simulator.application(application).unwrap();
        let vms = application[aspect]["vms"].as_array().unwrap();
        vms.iter().find(|each| each["id"] == json!(vm.0)).unwrap().clone()
    }

    pub(crate) fn description(&self, aspect: &str, vm: ravello_sim::VmId) -> String {
        self.document(aspect, vm)["description"].as_str().unwrap_or_default().to_owned()
    }

    /// Waits until something holds.
    pub(crate) async fn until(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) -> Result<(), Wrong> {
        let end = Instant::now() + BOUND;
        while !holds().await {
            if Instant::now() > end {
                return Err(format!("waited {BOUND:?} in vain: {what}"));
            }
            tokio::time::sleep(GLANCE).await;
        }
        Ok(())
    }

    /// Waits until nothing is pending for a node, in the reconciler and in the cloud, or its request has
    /// failed. Returns the failure.
    pub(crate) async fn settled(&self, node: &Node) -> Result<Option<String>, Wrong> {
        self.until("the request is carried out or reported", async || {
            let status = self.status_of(node).await;
            let state = self.state(node);
            status.power.is_none() && (status.failure.is_some() || is_rest(state))
        })
        .await?;
        Ok(self.status_of(node).await.failure.map(|failure| failure.words))
    }

    /// Waits until all that is left to do is done (tags, changes to take back) and nothing more is sent, and compares.
    /// `tagged` says of which nodes a boot device is still pending.
    pub(crate) async fn at_peace(&self, tagged: &[bool]) -> Result<(), Wrong> {
        let mut rounds = 0..5;
        loop {
            self.until("nothing is left to be done", async || {
                self.nodes.iter().zip(tagged).all(|(node, tagged)| self.is_as_it_should_be(node, *tagged))
            })
            .await?;
            // A request may still have been on its way.
            let changes = self.changes();
            for _ in 0..3 {
                self.look().await;
            }
            if self.changes() == changes {
                break;
            }
            if rounds.next().is_none() {
                return Err("requests are sent again and again although everything is done".to_owned());
            }
        }
        for node in &self.nodes {
            let mut told = None;
            self.until("the status can be read", async || {
                told = self.chassis(node).await.ok();
                told.is_some()
            })
            .await?;
            let running = self.state(node) == VmState::Started;
            if told.as_ref().is_some_and(|status| status.power_on != running) {
                return Err(format!("the status of a VM that is {} is {told:?}", self.state(node)));
            }
        }
        self.undisturbed()
    }

    /// Whether design and deployment have the same boot device, and the tag is there or not.
    fn is_as_it_should_be(&self, node: &Node, tagged: bool) -> bool {
        let designed = self.document("design", node.vm);
        let deployed = self.document("deployment", node.vm);
        let has_tag = designed["description"].as_str().unwrap_or_default().contains("[boot:");
        boot_fields(&designed) == boot_fields(&deployed) && has_tag == tagged
    }

    /// Nobody's VM was restarted by a publish, and the bystander saw nothing at all.
    pub(crate) fn undisturbed(&self) -> Result<(), Wrong> {
        let alone = [(BootCause::Loaded, BootedFrom::Disk, None)];
        if self.boots(self.bystander) != alone {
            return Err(format!("the bystander was disturbed: {:?}", self.boots(self.bystander)));
        }
        for node in &self.nodes {
            if self.boots(node.vm).iter().any(|(cause, ..)| *cause == BootCause::PublishRestart) {
                return Err(format!("a publish restarted a node: {:?}", self.boots(node.vm)));
            }
        }
        Ok(())
    }

    pub(crate) fn expect_boots(&self, node: &Node, expected: &[Boot]) -> Result<(), Wrong> {
        let boots = self.boots(node.vm);
        if boots == expected {
            return Ok(());
        }
        Err(format!("the boot log of {} is\n    {boots:?}\n  instead of\n    {expected:?}", node.id))
    }

    /// Everything that helps to understand a failure.
    pub(crate) async fn explain(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(text, "  faults:");
        for fault in self.simulator.faults() {
            let _ = writeln!(text, "    {:?} matched {} hit {}", fault.rule, fault.matched, fault.hit);
        }
        let _ = writeln!(text, "  requests:");
        for (kind, count) in self.simulator.request_counts() {
            let _ = writeln!(text, "    {count:>4} {kind}");
        }
        let _ = writeln!(text, "  trouble: {:?}", self.trouble().await);
        let statuses = self.statuses().await;
        let records = self.journal.load(APPLICATION).await.unwrap_or_default();
        for node in &self.nodes {
            let _ = writeln!(text, "  node {} is {}", node.id, self.state(node));
            let _ = writeln!(text, "    boots: {:?}", self.boots(node.vm));
            let _ = writeln!(text, "    status: {:?}", statuses.get(&node.id));
            let _ = writeln!(text, "    record: {:?}", records.get(&node.id));
            let _ = writeln!(text, "    description: {:?}", self.description("design", node.vm));
        }
        text
    }
}

/// The fields by which the platform chooses what to boot from.
fn boot_fields(vm: &Value) -> Value {
    let drives = vm["hardDrives"].as_array().unwrap().iter();
    json!([vm["bootOrder"], drives.map(|drive| drive["boot"].clone()).collect::<Vec<_>>()])
}

pub(crate) const fn is_rest(state: VmState) -> bool {
    matches!(state, VmState::Started | VmState::Stopped)
}

/// A boot override as Ironic sets it.
pub(crate) const fn boot_from(device: BootDevice, lifetime: Lifetime) -> BootOverride {
    let device_bits = match device {
        BootDevice::Disk => 0x08,
        BootDevice::Network => 0x04,
    };
    let valid = match lifetime {
        Lifetime::Persistent => 0xe0,
        Lifetime::Once => 0xa0,
    };
    BootOverride { device, lifetime, flags: BootFlags([valid, device_bits, 0, 0, 0]) }
}

fn requester() -> Requester {
    Requester { user: "ironic".to_owned(), peer: None }
}

/// A policy for a cloud whose transient states last [`TRANSIENT`].
fn quick() -> Policy {
    Policy {
        age_in_flight: Duration::from_millis(50),
        age_idle: Duration::from_millis(200),
        patience: Duration::from_secs(2),
        look_in_flight: Duration::from_millis(10),
        look_idle: Duration::from_millis(400),
        backoff_first: Duration::from_millis(10),
        backoff_most: Duration::from_millis(200),
        settle: Duration::from_millis(300),
        gather: Duration::from_millis(20),
        coalesce: Duration::from_millis(300),
        ..Policy::default()
    }
}

fn name(index: usize) -> String {
    format!("node{}", index + 1)
}

fn application(setting: &Setting) -> ApplicationFile {
    let mut vms = vec![json!({
        "name": BYSTANDER,
        "description": "Nobody may touch it.",
        "numCpus": 4,
        "memorySize": { "value": 16, "unit": "GB" },
        "stopTimeOut": 1,
        "hardDrives": [
            { "index": 0, "name": "sda", "type": "DISK", "boot": true, "controller": "virtio",
              "size": { "value": 100, "unit": "GB" } },
        ],
    })];
    let mut deployed = vec![json!({ "name": BYSTANDER, "state": "STARTED" })];
    for (index, running) in setting.running.iter().enumerate() {
        vms.push(json!({
            "name": name(index),
            "description": "Plays a bare-metal server.",
            "numCpus": 2,
            "memorySize": { "value": 8, "unit": "GB" },
            "bootOrder": ["CDROM", "DISK"],
            "stopTimeOut": 2,
            "hardDrives": [
                { "index": 1, "name": "cdrom", "type": "CDROM", "boot": true, "controller": "ide",
                  "size": { "value": 672, "unit": "KB" } },
                { "index": 0, "name": "sda", "type": "DISK", "boot": false, "controller": "virtio",
                  "size": { "value": 60, "unit": "GB" } },
            ],
        }));
        let state = if *running { "STARTED" } else { "STOPPED" };
        deployed.push(json!({ "name": name(index), "state": state }));
    }
    let mut application = json!({
        "name": APPLICATION,
        "design": { "vms": vms },
        "deployment": { "vms": deployed },
    });
    if setting.expires {
        let soon = std::time::SystemTime::now() + Duration::from_secs(3600);
        let soon = soon.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
        application["nextStopTime"] = json!(u64::try_from(soon).unwrap());
    }
    ApplicationFile::from_value(application).unwrap()
}
