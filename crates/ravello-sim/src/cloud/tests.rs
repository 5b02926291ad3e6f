//! The rules of the cloud in virtual time, each named by the rule of `ravello-api.md` it states.

mod actions;
mod documents;
mod expiration;
mod guests;
mod invariants;
mod publishing;
mod versions;

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Cloud, CloudError, DraftVms};
use crate::application::Aspect;
use crate::clock::Timestamp;
use crate::durations::{Durations, Speed};
use crate::guest::{BootCause, BootEnd, BootedFrom};
use crate::id::{ApplicationId, VmId};
use crate::machine::Action;
use crate::state::VmState;
use crate::switches::Switches;

const FIRST: VmId = VmId(4_400_000_000_000_021);
const SECOND: VmId = VmId(4_400_000_000_000_022);

/// A cloud with one application of two VMs, and a time that only moves when it is told to.
struct World {
    cloud: Cloud,
    now: Timestamp,
    application: ApplicationId,
}

fn vm(id: VmId, name: &str) -> Value {
    json!({
        "id": id,
        "name": name,
        "description": "a VM",
        "numCpus": 2,
        "memorySize": { "value": 8, "unit": "GB" },
        "stopTimeOut": 180,
        "hardDrives": [
            { "id": id.0 + 1_000, "index": 1, "type": "CDROM", "boot": true },
            { "id": id.0 + 2_000, "index": 0, "type": "DISK", "boot": false },
        ],
    })
}

impl World {
    /// Two VMs in the design, nothing published.
    fn drafted() -> Self {
        let now = Timestamp::from_millis(1_500_000_000_000);
        let mut cloud = Cloud::new(Switches::default(), Durations::default(), Speed::REAL, 1, now);
        let design = json!({ "vms": [vm(FIRST, "first"), vm(SECOND, "second")] });
        let application = cloud.create(object(json!({ "name": "lab", "design": design })), now).unwrap();
        Self { cloud, now, application }
    }

    /// Both VMs published and at rest, the first STARTED, the second STOPPED.
    fn running() -> Self {
        let mut world = Self::drafted();
        world.cloud.publish(world.application, &object(json!({ "startAllVms": false })), world.now).unwrap();
        world.pass(1000);
        world.act(FIRST, Action::Start).unwrap();
        world.pass(1000);
        assert_eq!(world.states(), [VmState::Started, VmState::Stopped]);
        world
    }

    fn pass(&mut self, millis: u64) {
        self.now = self.now.after(Duration::from_millis(millis));
        self.cloud.handle_timeout(self.now);
    }

    fn state(&self, vm: VmId) -> VmState {
        self.cloud.machine(self.application, vm).unwrap().state()
    }

    fn states(&self) -> [VmState; 2] {
        [self.state(FIRST), self.state(SECOND)]
    }

    fn act(&mut self, vm: VmId, action: Action) -> Result<(), CloudError> {
        self.cloud.act(self.application, vm, action, self.now)
    }

    fn force(&mut self, vm: VmId, state: VmState) {
        self.cloud.force(vm, state, self.now).unwrap();
    }

    /// Sets a value in the design of a VM.
    fn edit(&mut self, vm: VmId, pointer: &str, value: Value) {
        self.cloud.edit_vm(vm, &[(pointer.to_owned(), value)], self.now).unwrap();
    }

    fn publish_updates(&mut self) -> Result<(), CloudError> {
        self.cloud.publish_updates(self.application, DraftVms::LeaveStopped, self.now)
    }

    fn version(&self) -> u64 {
        self.cloud.application(self.application).unwrap().version
    }

    fn shown(&self) -> Value {
        Value::Object(self.cloud.read(self.application, None).unwrap())
    }

    fn designed(&self, vm: VmId) -> Map<String, Value> {
        self.cloud.vm(self.application, vm, Some(Aspect::Design)).unwrap()
    }

    fn deployed(&self, vm: VmId) -> Map<String, Value> {
        self.cloud.vm(self.application, vm, Some(Aspect::Deployment)).unwrap()
    }

    /// All boots of a VM: cause, device, end.
    fn boots(&self, vm: VmId) -> Vec<(BootCause, BootedFrom, Option<BootEnd>)> {
        let records = self.cloud.boots.records().into_iter().filter(|record| record.vm == vm);
        records.map(|record| (record.cause, record.device, record.ended.map(|end| end.how))).collect()
    }

    /// The states that a VM passes through in steps of half a leg, without repetitions.
    fn states_over(&mut self, vm: VmId, millis: u64) -> Vec<VmState> {
        let mut seen = vec![self.state(vm)];
        for _ in 0..millis / 500 {
            self.pass(500);
            let state = self.state(vm);
            if seen.last() != Some(&state) {
                seen.push(state);
            }
        }
        seen
    }
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn is_wrong_state(outcome: &Result<(), CloudError>) -> bool {
    matches!(outcome, Err(CloudError::WrongState { .. }))
}
