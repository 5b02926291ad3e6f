//! One node, as it is shown.

use std::net::{IpAddr, SocketAddr};

use machine::{BootDevice, NodeId, NodeObservation, Phase};
use ravello::VmInventory;
use serde::Serialize;

use crate::output;
use crate::pending::PendingNode;

/// One node, as it is shown. Names are a contract: programs read them.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NodeView {
    pub(super) name: String,
    pub(super) node: NodeId,
    application: String,
    /// Where its BMC listens.
    bmc: Option<SocketAddr>,
    power: Power,
    /// The cloud's own word for it.
    state: String,
    /// What the VM boots from at its next start or reboot, as long as nothing is pending.
    boot_device: Option<String>,
    /// What waits for its turn.
    pending: Option<PendingView>,
    interfaces: Vec<InterfaceView>,
    cpus: Option<u64>,
    memory_mib: Option<u64>,
    disk_gib: Option<u64>,
    /// What somebody has changed in its design and not published.
    unpublished: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Power {
    On,
    Off,
    /// In the middle of a publish: as before it, which one look does not tell.
    Updating,
    /// The platform says that it failed, or something that is not understood.
    Fault,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PendingView {
    /// The power request that is under way.
    power: Option<String>,
    /// The boot device of the next power cycle.
    boot_device: Option<String>,
    waiting_for: Option<String>,
    failure: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct InterfaceView {
    name: String,
    mac: Option<String>,
    address: Option<IpAddr>,
}

impl NodeView {
    pub(super) fn new(
        application: &str,
        vm: &VmInventory,
        seen: Option<&NodeObservation>,
        bmc: Option<SocketAddr>,
        waits: Option<&PendingNode>,
    ) -> Self {
        let interfaces = vm.interfaces.iter().map(|interface| InterfaceView {
            name: interface.name.clone(),
            mac: interface.mac.clone(),
            address: interface.address,
        });
        // Without a daemon and its journal, the tag in the description tells what waits.
        let tagged = || {
            let device = seen?.tag?.device;
            Some(PendingView {
                power: None,
                boot_device: Some(device.to_string()),
                waiting_for: None,
                failure: None,
            })
        };
        let told = waits.map(|waits| PendingView {
            power: waits.power.clone(),
            boot_device: waits.boot_device.clone(),
            waiting_for: waits.waiting_for.clone(),
            failure: waits.failure.clone(),
        });
        Self {
            name: vm.name.clone(),
            node: vm.node.clone(),
            application: application.to_owned(),
            bmc,
            power: seen.map_or(Power::Fault, |seen| power(seen.phase)),
            state: seen.map_or_else(|| "not seen".to_owned(), |seen| seen.state.clone()),
            boot_device: seen.map(|seen| seen.deployed_boot.unwrap_or(seen.design_boot)).map(boot_name),
            pending: told.or_else(tagged),
            interfaces: interfaces.collect(),
            cpus: vm.cpus,
            memory_mib: vm.memory_bytes.map(|bytes| bytes >> 20),
            disk_gib: vm.disk_bytes.map(|bytes| bytes >> 30),
            unpublished: seen
                .filter(|seen| seen.phase != Phase::Absent)
                .map(|seen| seen.unpublished.clone())
                .unwrap_or_default(),
        }
    }

    /// Everything, a line each.
    pub(super) fn text(&self) -> String {
        let mut lines = vec![
            ("node", format!("{} ({})", self.name, self.node)),
            ("application", self.application.clone()),
            ("bmc", dashed(self.bmc)),
            ("power", format!("{}, the cloud says {}", self.power.word(), self.state)),
            ("boot device", dashed(self.boot_device.as_ref())),
            ("pending", dashed(self.pending.as_ref().map(PendingView::words))),
        ];
        if let Some(why) = self.pending.as_ref().and_then(|pending| pending.waiting_for.as_ref()) {
            lines.push(("waits for", why.clone()));
        }
        lines.push(("cpus", dashed(self.cpus)));
        lines.push(("memory", dashed(self.memory_mib.map(size_mib))));
        lines.push(("disk", dashed(self.disk_gib.map(|gib| format!("{gib} GiB")))));
        for interface in &self.interfaces {
            let mac = dashed(interface.mac.as_ref());
            lines.push(("interface", format!("{} {mac} {}", interface.name, dashed(interface.address))));
        }
        for change in &self.unpublished {
            lines.push(("unpublished", change.clone()));
        }
        let line = |(name, value): (&str, String)| format!("{name:<12} {value}");
        lines.into_iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

/// All nodes, a line each.
pub(super) fn table(views: &[NodeView]) -> String {
    let header = ["node", "bmc", "power", "boot", "pending", "cpus", "memory", "disk", "mac", "application"];
    let rows = views.iter().map(|view| {
        let macs: Vec<&str> =
            view.interfaces.iter().filter_map(|interface| interface.mac.as_deref()).collect();
        vec![
            view.name.clone(),
            dashed(view.bmc),
            view.power.word().to_owned(),
            dashed(view.boot_device.as_ref()),
            dashed(view.pending.as_ref().map(PendingView::words)),
            dashed(view.cpus),
            dashed(view.memory_mib.map(size_mib)),
            dashed(view.disk_gib.map(|gib| format!("{gib} GiB"))),
            if macs.is_empty() { "-".to_owned() } else { macs.join(" ") },
            view.application.clone(),
        ]
    });
    output::table(&header, rows).to_string()
}

impl Power {
    const fn word(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Updating => "updating",
            Self::Fault => "fault",
        }
    }
}

impl PendingView {
    fn words(&self) -> String {
        let power = self.power.as_ref().map(|power| format!("power {power}"));
        let boot = self.boot_device.as_ref().map(|device| format!("boot {device}"));
        let failure = self.failure.as_ref().map(|failure| format!("failed: {failure}"));
        let words: Vec<String> = [power, boot, failure].into_iter().flatten().collect();
        words.join(", ")
    }
}

/// On or off, as far as one look tells it.
const fn power(phase: Phase) -> Power {
    match phase {
        Phase::Off | Phase::PoweringOff | Phase::Absent => Power::Off,
        Phase::On | Phase::PoweringOn | Phase::Busy => Power::On,
        Phase::Updating => Power::Updating,
        Phase::Fault | Phase::Unknown => Power::Fault,
    }
}

fn boot_name(device: BootDevice) -> String {
    device.to_string()
}

fn size_mib(mib: u64) -> String {
    if mib.is_multiple_of(1024) { format!("{} GiB", mib / 1024) } else { format!("{mib} MiB") }
}

fn dashed(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}
