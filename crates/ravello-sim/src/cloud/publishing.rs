//! `publish` and `publishUpdates` (`ravello-api.md §8`).

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};

use super::{Cloud, CloudError};
use crate::application::{Application, Change, Deployment, design_without_vms};
use crate::clock::Timestamp;
use crate::document::{id_of, vms};
use crate::id::{ApplicationId, VmId};
use crate::machine::{AfterCreation, Machine, Surroundings};
use crate::state::VmState;
use crate::switches::{PublishWhileTransient, VersionOnAction};

/// Where an application is published if nobody says.
const DEFAULT_REGION: &str = "us-east-5";

/// Whether `publishUpdates` starts the VMs that it creates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DraftVms {
    Start,
    LeaveStopped,
}

impl Cloud {
    /// Publishes an application for the first time, as its body asks.
    pub(crate) fn publish(
        &mut self,
        id: ApplicationId,
        request: &Map<String, Value>,
        now: Timestamp,
    ) -> Result<(), CloudError> {
        let invalid = |why: &str| CloudError::Invalid { why: why.to_owned() };
        let optimization = match request.get("optimizationLevel") {
            None | Some(Value::Null) => "COST_OPTIMIZED",
            Some(Value::String(level)) if level == "COST_OPTIMIZED" => level,
            Some(Value::String(level)) if level == "PERFORMANCE_OPTIMIZED" => level,
            Some(_) => {
                return Err(invalid("optimizationLevel must be COST_OPTIMIZED or PERFORMANCE_OPTIMIZED"));
            }
        };
        let region = match request.get("preferredRegion") {
            None | Some(Value::Null) if optimization == "PERFORMANCE_OPTIMIZED" => {
                return Err(invalid("PERFORMANCE_OPTIMIZED needs a preferredRegion"));
            }
            None | Some(Value::Null) => DEFAULT_REGION,
            Some(Value::String(region)) => region,
            Some(_) => return Err(invalid("preferredRegion must be a text")),
        };
        let after = match request.get("startAllVms") {
            None | Some(Value::Null | Value::Bool(true)) => AfterCreation::Start,
            Some(Value::Bool(false)) => AfterCreation::Stay,
            Some(_) => return Err(invalid("startAllVms must be true or false")),
        };
        let (application, mut around) = self.split_at(id)?;
        if application.deployment.is_some() {
            return Err(CloudError::WrongState { why: "the application is published already".to_owned() });
        }
        let machines = vms(&application.design)
            .filter_map(|vm| id_of(vm).map(|id| (VmId(id), vm.clone())))
            .map(|(vm, document)| (vm, Machine::publish((id, vm), document, after, now, &mut around)))
            .collect();
        application.deployment = Some(Deployment {
            published_at: now,
            optimization: optimization.to_owned(),
            region: region.to_owned(),
            published: design_without_vms(&application.design),
            machines,
        });
        self.raise_version_after_action(id);
        Ok(())
    }

    /// Makes the deployment equal to the design: the whole design, whoever changed it (`§8.4`).
    pub(crate) fn publish_updates(
        &mut self,
        id: ApplicationId,
        drafts: DraftVms,
        now: Timestamp,
    ) -> Result<(), CloudError> {
        let rename = self.switches.rename;
        let (application, mut around) = self.split_at(id)?;
        let changes = application.changes(rename);
        application.admit_publish(&changes, around.switches.publish_while_transient)?;
        let after = match drafts {
            DraftVms::Start => AfterCreation::Start,
            DraftVms::LeaveStopped => AfterCreation::Stay,
        };
        let mut designs: HashMap<VmId, Map<String, Value>> = vms(&application.design)
            .filter_map(|vm| Some((id_of(vm).map(VmId)?, vm)))
            .filter(|(vm, _)| changes.contains_key(vm))
            .map(|(vm, design)| (vm, design.clone()))
            .collect();
        for (vm, change) in changes {
            tracing::debug!(application = %id, %vm, ?change, "publishing");
            application.carry_out((vm, designs.remove(&vm)), &change, after, now, &mut around);
        }
        if let Some(deployment) = &mut application.deployment {
            deployment.published = design_without_vms(&application.design);
        }
        self.raise_version_after_action(id);
        Ok(())
    }

    pub(super) fn raise_version_after_action(&mut self, id: ApplicationId) {
        if self.switches.version_on_action == VersionOnAction::Raised
            && let Some(application) = self.applications.get_mut(&id)
        {
            application.version = application.version.saturating_add(1);
        }
    }
}

impl Application {
    fn admit_publish(
        &self,
        changes: &BTreeMap<VmId, Change>,
        rule: PublishWhileTransient,
    ) -> Result<(), CloudError> {
        let Some(deployment) = &self.deployment else {
            return Err(CloudError::WrongState { why: "the application was never published".to_owned() });
        };
        let touched = |vm: &VmId| match changes.get(vm) {
            Some(Change::Alter(difference)) => difference.restarts,
            Some(Change::Remove) => true,
            Some(Change::Create) | None => false,
        };
        let transient = deployment.machines.iter().filter(|(_, machine)| !machine.state().is_rest()).find(
            |(vm, machine)| match rule {
                // A VM that is being removed already loses nothing.
                PublishWhileTransient::RefusedIfTouched => {
                    touched(vm) && machine.state() != VmState::Terminating
                }
                PublishWhileTransient::RefusedAlways => true,
                PublishWhileTransient::Accepted => false,
            },
        );
        match transient {
            None => Ok(()),
            Some((vm, machine)) => Err(CloudError::WrongState {
                why: format!("cannot publish while VM {vm} is in state {}", machine.state()),
            }),
        }
    }

    fn carry_out(
        &mut self,
        (vm, designed): (VmId, Option<Map<String, Value>>),
        change: &Change,
        after: AfterCreation,
        now: Timestamp,
        around: &mut Surroundings<'_>,
    ) {
        let address = (self.id, vm);
        let Some(deployment) = &mut self.deployment else { return };
        match (change, designed) {
            (Change::Create, Some(design)) => {
                deployment.machines.insert(vm, Machine::publish(address, design, after, now, around));
            }
            (Change::Alter(difference), Some(design)) => {
                if let Some(machine) = deployment.machines.get_mut(&vm) {
                    machine.update(design, difference.restarts, now, around);
                }
            }
            (Change::Remove, _) => {
                if let Some(machine) = deployment.machines.get_mut(&vm)
                    && machine.state() != VmState::Terminating
                {
                    machine.terminate(now, around);
                }
            }
            (Change::Create | Change::Alter(_), None) => {}
        }
    }
}
