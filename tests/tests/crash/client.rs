//! One node's client, and what must hold of the node.

use std::ops::AddAssign;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ipmi_client::ClientOptions;
use ipmi_proto::number::{CipherSuiteId, CommandNumber, CompletionCode, NetFn};
use rand::Rng as _;
use rand::rngs::StdRng;
use ravbmc_tests::ravbmc::{Bmc, PASSWORD};
use ravbmc_tests::simulated::{Boot, Simulated};
use ravello_sim::{BootCause, BootEnd, BootedFrom, VmState};
use serde_json::Value;
use tokio::io::AsyncReadExt as _;
use tokio::net::UnixStream;
use tokio::sync::RwLock;
use tokio_util::sync::CancellationToken;

use crate::BOUND;

const CHASSIS: NetFn = NetFn(0x00);
pub(crate) const STATUS: CommandNumber = CommandNumber(0x01);
pub(crate) const CONTROL: CommandNumber = CommandNumber(0x02);
pub(crate) const SET_BOOT_OPTIONS: CommandNumber = CommandNumber(0x08);
pub(crate) const GET_BOOT_OPTIONS: CommandNumber = CommandNumber(0x09);
const GLANCE: Duration = Duration::from_millis(20);

/// Chassis Control's numbers (`IPMI 2.0 §28.3`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Power {
    Off = 0,
    On = 1,
    Cycle = 2,
    Reset = 3,
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) acknowledged: u64,
    pub(crate) unacknowledged: u64,
    /// Power cycles that were asked for again because no acknowledgement came.
    pub(crate) doubtful: u64,
    /// Those that were carried out in addition.
    pub(crate) extra: u64,
    pub(crate) boots: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        self.unacknowledged += other.unacknowledged;
        self.doubtful += other.doubtful;
        self.extra += other.extra;
        self.boots += other.boots;
    }
}

pub(crate) struct Client {
    cloud: Arc<Simulated>,
    bmc: Bmc,
    random: StdRng,
    tally: Tally,
    /// Whether the node shall run.
    on: bool,
    /// What it runs from, or ran from last.
    deployed: BootedFrom,
    /// What the next power up boots from.
    wanted: BootedFrom,
    /// The boots that must be in the log, oldest first; how they ended follows from the next one.
    boots: Vec<(BootCause, BootedFrom)>,
    /// How many power cycles more may come, because one was asked for again that may have been recorded.
    slack: u64,
    /// Where the daemon tells what is pending.
    socket: PathBuf,
}

impl Client {
    pub(crate) fn new(cloud: Arc<Simulated>, bmc: Bmc, random: StdRng, socket: PathBuf) -> Self {
        Self {
            cloud,
            bmc,
            random,
            tally: Tally::default(),
            on: false,
            deployed: BootedFrom::Network,
            wanted: BootedFrom::Network,
            boots: Vec::new(),
            slack: 0,
            socket,
        }
    }

    /// Does one thing after another until it is over.
    pub(crate) async fn live(mut self, busy: Arc<RwLock<()>>, over: CancellationToken) -> Tally {
        while !over.is_cancelled() {
            let _busy = busy.read().await;
            self.compare("before the next thing");
            if over.is_cancelled() {
                break;
            }
            match self.random.next_u32() % 8 {
                0..=2 => self.deploy().await,
                3 => self.power(Power::Cycle).await,
                4 => self.power(Power::Reset).await,
                5 => self.power(if self.on { Power::Off } else { Power::On }).await,
                6 => {
                    // Both at once are a power cycle, or a power up.
                    self.ask_power(Power::Off).await;
                    self.turned_off();
                    self.power(Power::On).await;
                }
                _ => self.read_status().await,
            }
        }
        self.tally.boots = self.boots.len().try_into().unwrap();
        self.tally
    }

    /// Ironic's way: the boot device, while the node may be running; its guest reboots; the power cycle.
    async fn deploy(&mut self) {
        let device =
            if self.random.next_u32().is_multiple_of(2) { BootedFrom::Disk } else { BootedFrom::Network };
        self.set_boot(device).await;
        if self.on && self.slack == 0 && self.random.next_u32().is_multiple_of(2) {
            self.guest_reboots();
        }
        self.compare("after the boot device was set");
        let request = if self.on { Power::Cycle } else { Power::On };
        self.power(request).await;
    }

    async fn set_boot(&mut self, device: BootedFrom) {
        let selector = if device == BootedFrom::Disk { 0x08 } else { 0x04 };
        self.wanted = device;
        let _tries = self.insist(SET_BOOT_OPTIONS, &[0x05, 0xe0, selector, 0, 0, 0]).await;
    }

    fn guest_reboots(&mut self) {
        self.cloud.simulator.reboot_guest(self.cloud.vm(&self.bmc.name)).unwrap();
        self.boots.push((BootCause::GuestReboot, self.deployed));
    }

    /// Asks for power and waits until it is so.
    async fn power(&mut self, request: Power) {
        match request {
            // Refused when off.
            Power::Cycle | Power::Reset if !self.on => return,
            Power::On if self.on => return,
            Power::Off | Power::On | Power::Cycle | Power::Reset => {}
        }
        self.ask_power(request).await;
        match request {
            Power::Off => self.turned_off(),
            Power::On => self.turned_on(),
            Power::Cycle | Power::Reset => {
                self.turned_off();
                self.turned_on();
            }
        }
        self.wait_until_carried_out(request).await;
    }

    fn turned_off(&mut self) {
        self.on = false;
    }

    fn turned_on(&mut self) {
        if !self.on {
            self.boots.push((BootCause::Start, self.wanted));
            self.deployed = self.wanted;
        }
        self.on = true;
    }

    async fn ask_power(&mut self, request: Power) {
        let repeated = self.insist(CONTROL, &[request as u8]).await;
        if matches!(request, Power::Cycle | Power::Reset) && repeated > 0 {
            self.tally.doubtful += 1;
            self.slack += repeated;
        }
    }

    /// Waits until the cloud shows it and the daemon says that it is done: a power cycle that is asked for before that
    /// is the one that is under way.
    async fn wait_until_carried_out(&mut self, request: Power) {
        let end = Instant::now() + BOUND;
        let state = if self.on { VmState::Started } else { VmState::Stopped };
        loop {
            let boots = self.cloud.boots(&self.bmc.name);
            let shown = boots.len() >= self.boots.len() && self.cloud.state(&self.bmc.name) == state;
            if shown && self.is_done().await {
                break;
            }
            assert!(
                Instant::now() < end,
                "{}: power {request:?} was acknowledged and is not carried out; the boot log is {boots:?}, it must be \
                 {:?} and the VM {state:?}, and it is {:?}",
                self.bmc.name,
                self.boots,
                self.cloud.state(&self.bmc.name),
            );
            tokio::time::sleep(GLANCE).await;
        }
        self.compare("after a power request");
        self.slack = 0;
    }

    async fn is_done(&self) -> bool {
        let Some(pending) = pending(&self.socket).await else { return false };
        pending.iter().all(|node| node["node"] != self.bmc.node.as_str() || node["power"].is_null())
    }

    /// Compares the boot log with what must be in it. A power cycle that was asked for twice may be in it twice.
    fn compare(&mut self, when: &str) {
        let log = self.cloud.boots(&self.bmc.name);
        if let Err(wrong) = self.difference(&log) {
            panic!(
                "{} {when}: {wrong}\n  the log is {log:?}\n  and must be {:?}, and up to {} more power cycles",
                self.bmc.name, self.boots, self.slack
            );
        }
    }

    fn difference(&mut self, log: &[Boot]) -> Result<(), String> {
        for (index, (cause, device, ended)) in log.iter().enumerate() {
            if self.boots.get(index) != Some(&(*cause, *device)) {
                let again = *cause == BootCause::Start && [self.wanted, self.deployed].contains(device);
                if !again || self.slack == 0 || index + 1 < self.boots.len() {
                    return Err(format!("boot {index} should not be there"));
                }
                self.slack -= 1;
                self.tally.extra += 1;
                self.boots.insert(index, (*cause, *device));
                self.deployed = *device;
            }
            let is_right = match log.get(index + 1) {
                Some((BootCause::GuestReboot, ..)) => *ended == Some(BootEnd::GuestReboot),
                Some(_) => *ended == Some(BootEnd::PowerOff),
                None => matches!(ended, None | Some(BootEnd::PowerOff)),
            };
            if !is_right {
                return Err(format!("boot {index} did not end as it should"));
            }
        }
        if log.len() < self.boots.len() { Err("a boot is missing".to_owned()) } else { Ok(()) }
    }

    /// Reads the power; only what is true may be told.
    async fn read_status(&mut self) {
        let Exchange::Answered(code, data) = exchange(&self.bmc, STATUS, &[]).await else { return };
        if self.slack == 0 && code.is_normal() {
            let said = data.first().is_some_and(|byte| byte & 1 == 1);
            assert_eq!(said, self.on, "{}: the power that is told", self.bmc.name);
        }
    }

    /// Asks until there is an acknowledgement; returns how often there was none before.
    async fn insist(&mut self, command: CommandNumber, data: &[u8]) -> u64 {
        let end = Instant::now() + BOUND * 2;
        let mut unacknowledged = 0;
        loop {
            match exchange(&self.bmc, command, data).await {
                Exchange::Answered(code, _) if code.is_normal() => {
                    self.tally.acknowledged += 1;
                    return unacknowledged;
                }
                Exchange::Answered(CompletionCode::NODE_BUSY, _) => {}
                Exchange::Answered(code, _) => {
                    panic!("{}: {command:?} {data:?} was refused: {code}", self.bmc.name)
                }
                Exchange::NoSession => tokio::time::sleep(GLANCE).await,
                Exchange::Unanswered => {
                    self.tally.unacknowledged += 1;
                    unacknowledged += 1;
                }
            }
            assert!(Instant::now() < end, "{}: no answer to {command:?} {data:?}", self.bmc.name);
        }
    }
}

/// One session with one request, or what came of it.
pub(crate) async fn exchange(bmc: &Bmc, command: CommandNumber, data: &[u8]) -> Exchange {
    let mut options = ClientOptions::new("admin", PASSWORD).unwrap();
    (options.timeout, options.tries) = (Duration::from_millis(250), 3);
    options.cipher_suite = Some(CipherSuiteId(3));
    let Ok(mut client) = ipmi_client::Client::connect(bmc.address, options).await else {
        return Exchange::NoSession;
    };
    let Ok(reply) = client.request(CHASSIS, command, data).await else { return Exchange::Unanswered };
    client.close().await;
    Exchange::Answered(reply.completion_code, reply.data.to_vec())
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Exchange {
    /// Nothing was asked for.
    NoSession,
    /// It may have been recorded.
    Unanswered,
    Answered(CompletionCode, Vec<u8>),
}

/// What is pending, as the daemon says; `None` while there is none.
pub(crate) async fn pending(socket: &Path) -> Option<Vec<Value>> {
    let mut stream = UnixStream::connect(socket).await.ok()?;
    let mut text = Vec::new();
    stream.read_to_end(&mut text).await.ok()?;
    let told: Value = serde_json::from_slice(&text).ok()?;
    told["nodes"].as_array().cloned()
}
