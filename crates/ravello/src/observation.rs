//! One look at an application, in the product's words.

use machine::{BootDevice, IntentTag, NodeId, NodeObservation, Observation, Phase};

use crate::boot_selection::BootSelection;
use crate::difference;
use crate::document::{Application, Description, Vm};
use crate::identity::{VmId, node_id};
use crate::intent_tag;

/// The state of a VM that is in the design only, in words.
const NOT_PUBLISHED: &str = "not published";

/// The state of a deployed VM whose document shows none, in words.
const NO_STATE: &str = "no state";

/// Translates a whole application.
///
/// A VM that was deleted from the design and still runs is listed too: a publish would remove it. VMs without
/// an id, which only a half-written design has, are not.
pub fn observation(application: &Application, selection: BootSelection) -> Observation {
    let deployed = application.deployment_by_id();
    let design = application.design_by_id();
    let of_design =
        design.iter().map(|(id, vm)| (*id, of_designed(*vm, deployed.get(id).copied(), selection)));
    let orphans = deployed.iter().filter(|(id, _)| !design.contains_key(id));
    let of_orphans = orphans.map(|(id, vm)| (*id, of_orphan(*vm, selection)));
    let named = |(id, node): (VmId, NodeObservation)| -> (NodeId, NodeObservation) {
        (node_id(application.id(), id), node)
    };
    Observation {
        published: application.published(),
        expires_at: application.expires_at(),
        nodes: of_design.chain(of_orphans).map(named).collect(),
    }
}

fn of_designed(design: Vm<'_>, deployed: Option<Vm<'_>>, selection: BootSelection) -> NodeObservation {
    let (phase, state) = deployed.map_or_else(|| (Phase::Absent, NOT_PUBLISHED.to_owned()), phase_and_state);
    NodeObservation {
        name: design.name().into_owned(),
        phase,
        state,
        design_boot: selection.read(design),
        deployed_boot: deployed.map(|deployed| selection.read(deployed)),
        tag: tag(design).or_else(|| tag(deployed?)),
        unpublished: match deployed {
            Some(deployed) => difference::unpublished(design, deployed, selection),
            None => vec!["the VM is new".to_owned()],
        },
        stop_timeout: deployed.unwrap_or(design).stop_timeout(),
    }
}

fn of_orphan(deployed: Vm<'_>, selection: BootSelection) -> NodeObservation {
    let (phase, state) = phase_and_state(deployed);
    let boot: BootDevice = selection.read(deployed);
    NodeObservation {
        name: deployed.name().into_owned(),
        phase,
        state,
        design_boot: boot,
        deployed_boot: Some(boot),
        tag: tag(deployed),
        unpublished: vec!["the VM is deleted from the design".to_owned()],
        stop_timeout: deployed.stop_timeout(),
    }
}

fn phase_and_state(deployed: Vm<'_>) -> (Phase, String) {
    match deployed.state() {
        Some(state) => (state.phase(), state.name().to_owned()),
        None => (Phase::Unknown, NO_STATE.to_owned()),
    }
}

fn tag(vm: Vm<'_>) -> Option<IntentTag> {
    match vm.description() {
        Description::Text(text) => intent_tag::find(&text),
        Description::Unreadable => None,
    }
}

#[cfg(test)]
mod tests {
    use machine::{BootDevice, IntentTag, Lifetime, NodeId, NodeObservation, Phase};

    use super::observation;
    use crate::boot_selection::BootSelection::Flag;
    use crate::document::Application;
    use crate::json::Json;

    fn node(design: &str, deployed: &str) -> NodeObservation {
        let text = format!(r#"{{"id":5,"design":{{"vms":[{design}]}},"deployment":{{"vms":[{deployed}]}}}}"#);
        let application = Application::new(Json::parse(text.as_bytes()).unwrap()).unwrap();
        let mut seen = observation(&application, Flag);
        assert_eq!(seen.nodes.len(), 1);
        seen.nodes.remove(&NodeId::new("5/1")).unwrap()
    }

    #[test]
    fn a_vm_that_was_never_published_is_absent() {
        let seen = node(r#"{"id":1,"name":"n","stopTimeOut":180}"#, "");
        assert_eq!((seen.phase, seen.deployed_boot), (Phase::Absent, None));
        assert_eq!(seen.stop_timeout.as_secs(), 180);
        assert!(!seen.unpublished.is_empty());
    }

    #[test]
    fn a_vm_deleted_from_the_design_is_still_seen() {
        let seen = node("", r#"{"id":1,"name":"n","state":"STARTED"}"#);
        assert_eq!(seen.phase, Phase::On);
        assert_eq!(seen.unpublished, ["the VM is deleted from the design"]);
    }

    #[test]
    fn a_deployed_vm_without_state_is_unknown() {
        assert_eq!(node(r#"{"id":1}"#, r#"{"id":1}"#).phase, Phase::Unknown);
        assert_eq!(node(r#"{"id":1}"#, r#"{"id":1,"state":"DREAMING"}"#).state, "DREAMING");
    }

    #[test]
    fn the_tag_of_the_design_goes_before_that_of_the_deployment() {
        let persistent = |device| Some(IntentTag { device, lifetime: Lifetime::Persistent });
        let both =
            node(r#"{"id":1,"description":"[boot: hd]"}"#, r#"{"id":1,"description":"[boot: network]"}"#);
        assert_eq!(both.tag, persistent(BootDevice::Disk));
        let deployed = node(r#"{"id":1,"description":null}"#, r#"{"id":1,"description":"[boot: network]"}"#);
        assert_eq!(deployed.tag, persistent(BootDevice::Network));
        assert_eq!(node(r#"{"id":1}"#, r#"{"id":1,"description":7}"#).tag, None);
    }

    #[test]
    fn the_boot_device_is_reported_apart_from_other_differences() {
        let drive = |boot, size| {
            format!(
                r#"{{"id":1,"hardDrives":[{{"id":2,"type":"DISK","boot":{boot},"size":{{"value":{size},"unit":"GB"}}}}]}}"#
            )
        };
        let seen = node(&drive(true, 50), &drive(false, 50));
        assert_eq!((seen.design_boot, seen.deployed_boot), (BootDevice::Disk, Some(BootDevice::Network)));
        assert!(seen.unpublished.is_empty());
        assert_eq!(node(&drive(true, 60), &drive(false, 50)).unpublished, ["drive 0 (DISK): size"]);
    }
}
