//! A chassis port without a cloud: answers from memory, writes down what it was asked, and waits, refuses or breaks
//! when told to.

use std::sync::Mutex;
use std::time::Duration;

use machine::{
    Admission, BootDevice, BootOverride, BootSetting, Chassis, ChassisStatus, Denied, NodeId, PowerRequest,
    Requester,
};
use tokio::sync::watch;

/// The port of one node.
#[derive(Debug)]
pub(crate) struct FakeChassis {
    state: Mutex<State>,
    held: watch::Sender<bool>,
}

#[derive(Debug)]
struct State {
    status: ChassisStatus,
    platform: BootDevice,
    boot_override: Option<BootOverride>,
    denial: Option<Denied>,
    broken: bool,
    changes: Vec<Change>,
    waiting: usize,
}

/// A change that the port was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Power(PowerRequest, Requester),
    Boot(Option<BootOverride>, Requester),
}

impl FakeChassis {
    pub(crate) fn new() -> Self {
        let status = ChassisStatus {
            power_on: true,
            control_fault: None,
            last_power_on_by_command: false,
            state: "STARTED".to_owned(),
            age: Duration::ZERO,
        };
        Self {
            state: Mutex::new(State {
                status,
                platform: BootDevice::Disk,
                boot_override: None,
                denial: None,
                broken: false,
                changes: Vec::new(),
                waiting: 0,
            }),
            held: watch::Sender::new(false),
        }
    }

    /// From now on nothing is answered.
    pub(crate) fn hold(&self) {
        self.held.send_replace(true);
    }

    /// Answers what waits, and all that comes.
    pub(crate) fn release(&self) {
        self.held.send_replace(false);
    }

    /// From now on everything is refused.
    pub(crate) fn deny(&self, denied: Denied) {
        self.state.lock().unwrap().denial = Some(denied);
    }

    /// From now on every call panics, as a port with a defect would.
    pub(crate) fn break_down(&self) {
        self.state.lock().unwrap().broken = true;
    }

    pub(crate) fn set_status(&self, change: impl FnOnce(&mut ChassisStatus)) {
        change(&mut self.state.lock().unwrap().status);
    }

    pub(crate) fn set_platform(&self, device: BootDevice) {
        self.state.lock().unwrap().platform = device;
    }

    /// The changes asked for so far.
    pub(crate) fn changes(&self) -> Vec<Change> {
        self.state.lock().unwrap().changes.clone()
    }

    /// The changes of power asked for so far.
    pub(crate) fn power_requests(&self) -> Vec<PowerRequest> {
        self.changes()
            .into_iter()
            .filter_map(|change| match change {
                Change::Power(request, _) => Some(request),
                Change::Boot(..) => None,
            })
            .collect()
    }

    pub(crate) fn boot_override(&self) -> Option<BootOverride> {
        self.state.lock().unwrap().boot_override
    }

    /// How many calls wait for [`FakeChassis::release`].
    pub(crate) fn waiting(&self) -> usize {
        self.state.lock().unwrap().waiting
    }

    async fn enter(&self) -> Result<(), Denied> {
        self.state.lock().unwrap().waiting += 1;
        let guard = Leave(self);
        self.held.subscribe().wait_for(|held| !held).await.unwrap();
        drop(guard);
        let (broken, denial) = {
            let state = self.state.lock().unwrap();
            (state.broken, state.denial.clone())
        };
        assert!(!broken, "the port has a defect, as the test wants it");
        denial.map_or(Ok(()), Err)
    }
}

/// Counts a call out, also when it is given up.
struct Leave<'a>(&'a FakeChassis);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.state.lock().unwrap().waiting -= 1;
    }
}

impl Chassis for FakeChassis {
    async fn status(&self, _node: &NodeId) -> Result<ChassisStatus, Denied> {
        self.enter().await?;
        Ok(self.state.lock().unwrap().status.clone())
    }

    async fn request_power(
        &self,
        _node: &NodeId,
        request: PowerRequest,
        requester: &Requester,
    ) -> Result<Admission, Denied> {
        self.enter().await?;
        self.state.lock().unwrap().changes.push(Change::Power(request, requester.clone()));
        Ok(Admission::Recorded)
    }

    async fn boot_setting(&self, _node: &NodeId) -> Result<BootSetting, Denied> {
        self.enter().await?;
        let state = self.state.lock().unwrap();
        Ok(state
            .boot_override
            .map_or(BootSetting::Platform(state.platform), |it| BootSetting::Override(it.flags)))
    }

    async fn set_boot_override(
        &self,
        _node: &NodeId,
        wanted: Option<BootOverride>,
        requester: &Requester,
    ) -> Result<Admission, Denied> {
        self.enter().await?;
        let mut state = self.state.lock().unwrap();
        state.boot_override = wanted;
        state.changes.push(Change::Boot(wanted, requester.clone()));
        Ok(Admission::Recorded)
    }
}
