//! How an application and its VMs are shown (`ravello-api.md §6.1`, `§7.1`).

use std::str::FromStr;

use serde_json::{Map, Value, json};

use super::{Application, Deployment};
use crate::document::{parts_mut, set_if_missing};
use crate::id::VmId;
use crate::machine::Machine;
use crate::state::VmState;
use crate::switches::{Drafts, Switches};

/// The part of an application that a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aspect {
    Design,
    Deployment,
    Properties,
}

impl FromStr for Aspect {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        match name {
            "design" => Ok(Self::Design),
            "deployment" => Ok(Self::Deployment),
            "properties" => Ok(Self::Properties),
            _ => Err(()),
        }
    }
}

impl Application {
    /// The application, or the part of it that is asked for.
    pub(crate) fn render(&self, aspect: Option<Aspect>, switches: &Switches) -> Map<String, Value> {
        let mut shown = self.render_properties(switches);
        if matches!(aspect, None | Some(Aspect::Design)) {
            let mut design = self.design.clone();
            set_if_missing(&mut design, "vms", || json!([]));
            shown.insert("design".to_owned(), design.into());
        }
        if matches!(aspect, None | Some(Aspect::Deployment))
            && let Some(deployment) = &self.deployment
        {
            let mut document = deployment.published.clone();
            document.extend(self.render_deployment(deployment));
            document.insert("vms".to_owned(), self.render_deployed_vms(switches).into());
            shown.insert("deployment".to_owned(), document.into());
        }
        shown
    }

    /// The application as it is listed: no VMs, a design that says next to nothing, a deployment of totals.
    pub(crate) fn render_summary(&self, switches: &Switches) -> Map<String, Value> {
        let mut shown = self.render_properties(switches);
        let ordered = self.design.get("stopVmsByOrder").cloned().unwrap_or_else(|| false.into());
        shown.insert("design".to_owned(), json!({ "stopVmsByOrder": ordered }));
        if let Some(deployment) = &self.deployment {
            shown.insert("deployment".to_owned(), self.render_deployment(deployment).into());
        }
        shown
    }

    /// A VM of the deployment: as it was published, and what only the deployment knows.
    pub(crate) fn render_deployed_vm(&self, vm: VmId) -> Option<Map<String, Value>> {
        let machine = self.machine(vm)?;
        let mut shown = machine.published.clone();
        shown.insert("state".to_owned(), machine.state().name().into());
        shown.insert("externalFqdn".to_owned(), self.fqdn(machine, vm).into());
        shown.insert("firstTimePublished".to_owned(), machine.first_published.as_millis().to_string().into());
        let reachable = machine.state() == VmState::Started;
        for connection in parts_mut(&mut shown, "networkConnections") {
            render_connection(connection, vm);
        }
        for (index, service) in (0_u64..).zip(parts_mut(&mut shown, "suppliedServices")) {
            render_service(service, vm, index, reachable);
        }
        Some(shown)
    }

    /// All VMs of the deployment.
    pub(crate) fn render_deployed_vms(&self, switches: &Switches) -> Vec<Value> {
        let Some(deployment) = &self.deployment else { return Vec::new() };
        let visible = deployment.machines.iter().filter(|(_, machine)| machine.is_visible(switches));
        let deployed = visible.filter_map(|(vm, _)| self.render_deployed_vm(*vm));
        let drafts = crate::document::vms(&self.design)
            .filter(|_| switches.drafts == Drafts::Listed)
            .filter(|vm| crate::document::id_of(vm).is_some_and(|id| self.machine(VmId(id)).is_none()))
            .cloned();
        deployed.chain(drafts).map(Value::Object).collect()
    }

    /// The public name of a deployed VM.
    pub(crate) fn fqdn(&self, machine: &Machine, vm: VmId) -> String {
        let label = |text: Option<&Value>| -> String {
            let kept = text.and_then(Value::as_str).unwrap_or_default().chars();
            kept.filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
        };
        let name = label(machine.published.get("name"));
        let application = label(self.properties.get("name"));
        format!("{name}-{application}-{:08x}.srv.ravcloud.example", vm.0 & 0xFFFF_FFFF)
    }

    fn render_properties(&self, switches: &Switches) -> Map<String, Value> {
        let mut shown = Map::new();
        shown.insert("id".to_owned(), self.id.0.into());
        shown.extend(self.properties.clone());
        shown.insert("creationTime".to_owned(), self.created.as_millis().into());
        shown.insert("version".to_owned(), self.version.into());
        shown.insert("published".to_owned(), self.deployment.is_some().into());
        let differs = self.has_pending_updates(switches.rename);
        shown.insert("designDiffersFromDeployment".to_owned(), differs.into());
        if let Some(expiration) = self.expiration {
            let millis = expiration.as_millis();
            shown.insert("nextStopTime".to_owned(), millis.into());
            // The task is as old as the application, so its number is derived from it.
            let task = json!({ "id": self.id.0.wrapping_add(1), "time": millis, "timezone": "UTC" });
            shown.insert("nextStopTask".to_owned(), task);
        }
        shown
    }

    fn render_deployment(&self, deployment: &Deployment) -> Map<String, Value> {
        let mut shown = Map::new();
        shown.insert("publishStartTime".to_owned(), deployment.published_at.as_millis().into());
        shown.insert("publishOptimization".to_owned(), deployment.optimization.clone().into());
        shown.insert("regionName".to_owned(), deployment.region.clone().into());
        shown.insert("cloudRegion".to_owned(), region(&deployment.region));
        if let Some(expiration) = self.expiration {
            shown.insert("expirationTime".to_owned(), expiration.as_millis().into());
        }
        let states = || deployment.machines.values().map(Machine::state);
        let stopped = states().filter(|state| *state == VmState::Stopped).count();
        let failed = states().filter(|state| state.is_error()).count();
        let active = states().count().saturating_sub(stopped).saturating_sub(failed);
        shown.insert("totalActiveVms".to_owned(), active.into());
        shown.insert("totalStoppedVms".to_owned(), stopped.into());
        shown.insert("totalErrorVms".to_owned(), failed.into());
        shown
    }
}

/// A cloud region, for people as well.
pub(crate) fn region(name: &str) -> Value {
    let words: Vec<String> = name
        .split('-')
        .map(|word| if word.len() <= 2 { word.to_uppercase() } else { capitalised(word) })
        .collect();
    json!({ "name": name, "displayName": words.join(" "), "deprecated": false })
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The deployment knows the MAC that was used and the addresses that were given out.
fn render_connection(connection: &mut Map<String, Value>, vm: VmId) {
    let index = connection
        .get("device")
        .and_then(|device| device.get("index"))
        .and_then(Value::as_u64)
        .unwrap_or_default();
    if let Some(device) = connection.get_mut("device").and_then(Value::as_object_mut)
        && let Some(generated) = device.get("generatedMac").cloned()
    {
        set_if_missing(device, "mac", || generated);
    }
    let Some(configuration) = connection.get_mut("ipConfig").and_then(Value::as_object_mut) else { return };
    if let Some(automatic) = configuration.get_mut("autoIpConfig").and_then(Value::as_object_mut) {
        let reserved = automatic.get("reservedIp").filter(|ip| !ip.is_null()).cloned();
        let host = 2 + (vm.0.wrapping_add(index)) % 250;
        set_if_missing(automatic, "allocatedIp", || {
            reserved.unwrap_or_else(|| format!("10.0.{}.{host}", index % 256).into())
        });
    }
    if configuration.get("hasPublicIp") == Some(&Value::Bool(true)) {
        set_if_missing(configuration, "publicIp", || public_ip(vm, index).into());
    }
}

/// While a VM is not STARTED, its external ports are not there (`ravello-api.md §8.5`).
fn render_service(service: &mut Map<String, Value>, vm: VmId, index: u64, reachable: bool) {
    if service.get("external") == Some(&Value::Bool(true)) && reachable {
        let port = 10_000 + vm.0.wrapping_add(index) % 50_000;
        set_if_missing(service, "externalPort", || port.to_string().into());
    }
}

/// An address of the range for documentation.
pub(crate) fn public_ip(vm: VmId, index: u64) -> String {
    format!("203.0.113.{}", 1 + vm.0.wrapping_add(index) % 250)
}
