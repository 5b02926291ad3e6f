//! A node that does at once what it is asked to do, for clients that look at the power until it is what they want.

use std::sync::Mutex;
use std::time::Duration;

use machine::{
    Admission, BootDevice, BootOverride, BootSetting, Chassis, ChassisStatus, Denied, NodeId, PowerRequest,
    Requester,
};

/// The port of one node, which is on at first.
#[derive(Debug)]
pub(crate) struct ObedientNode {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    power_on: bool,
    boot_override: Option<BootOverride>,
    cycles: usize,
}

impl ObedientNode {
    pub(crate) const fn new() -> Self {
        Self { state: Mutex::new(State { power_on: true, boot_override: None, cycles: 0 }) }
    }
}

impl ObedientNode {
    /// How often it was power-cycled or reset.
    pub(crate) fn cycles(&self) -> usize {
        self.state.lock().unwrap().cycles
    }
}

impl Chassis for ObedientNode {
    async fn status(&self, _node: &NodeId) -> Result<ChassisStatus, Denied> {
        let power_on = self.state.lock().unwrap().power_on;
        Ok(ChassisStatus {
            power_on,
            control_fault: None,
            last_power_on_by_command: false,
            state: if power_on { "STARTED" } else { "STOPPED" }.to_owned(),
            age: Duration::ZERO,
        })
    }

    async fn request_power(
        &self,
        _node: &NodeId,
        request: PowerRequest,
        _requester: &Requester,
    ) -> Result<Admission, Denied> {
        let mut state = self.state.lock().unwrap();
        let wanted = match request {
            PowerRequest::On => true,
            PowerRequest::Off | PowerRequest::Soft => false,
            PowerRequest::Cycle | PowerRequest::Reset if state.power_on => {
                state.cycles += 1;
                return Ok(Admission::Recorded);
            }
            PowerRequest::Cycle | PowerRequest::Reset => {
                return Err(Denied::NotInPresentState { reason: "the node is off".to_owned() });
            }
        };
        let admission =
            if state.power_on == wanted { Admission::AlreadySatisfied } else { Admission::Recorded };
        state.power_on = wanted;
        Ok(admission)
    }

    async fn boot_setting(&self, _node: &NodeId) -> Result<BootSetting, Denied> {
        let boot_override = self.state.lock().unwrap().boot_override;
        Ok(boot_override
            .map_or(BootSetting::Platform(BootDevice::Disk), |it| BootSetting::Override(it.flags)))
    }

    async fn set_boot_override(
        &self,
        _node: &NodeId,
        wanted: Option<BootOverride>,
        _requester: &Requester,
    ) -> Result<Admission, Denied> {
        self.state.lock().unwrap().boot_override = wanted;
        Ok(Admission::Recorded)
    }
}
