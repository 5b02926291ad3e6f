//! What waits for its turn: the form in which a daemon tells it, and the form for people.

use std::time::{Duration, SystemTime};

use machine::NodeId;
use reconciler::record::NodeRecord;
use reconciler::{ApplicationStatus, NextStep, NodeStatus, next_steps};
use serde::{Deserialize, Serialize};

use crate::output;

/// Everything that waits, in all applications of a daemon.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pending {
    /// Whether a daemon is at work on it.
    pub(crate) daemon_running: bool,
    /// What is wrong with a cloud or the journal at the moment.
    pub(crate) trouble: Vec<String>,
    /// What the daemon has counted since its start.
    pub(crate) applications: Vec<ApplicationCounts>,
    pub(crate) nodes: Vec<PendingNode>,
}

/// What a daemon has counted for one application since its start.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApplicationCounts {
    pub(crate) name: String,
    /// Looks at the cloud that were answered.
    pub(crate) looks: u64,
    /// Steps that the cloud accepted.
    pub(crate) steps: u64,
    /// How often a node's publish began to be held back, because it would restart a running VM.
    pub(crate) held_publishes: u64,
}

/// What waits for one node.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PendingNode {
    pub(crate) application: String,
    pub(crate) node: NodeId,
    pub(crate) name: String,
    /// The power request that is under way, for example `cycle`.
    pub(crate) power: Option<String>,
    /// Who asked for it.
    pub(crate) requester: Option<String>,
    /// The boot device of the next power cycle, if it is not deployed yet.
    pub(crate) boot_device: Option<String>,
    /// Since when the oldest of it waits, in milliseconds since 1970.
    pub(crate) since_millis: Option<u64>,
    /// Why nothing happens at the moment.
    pub(crate) waiting_for: Option<String>,
    /// What will be sent next.
    pub(crate) next: String,
    /// The request that could not be carried out.
    pub(crate) failure: Option<String>,
}

impl Pending {
    /// Adds what waits in one application that is being worked on.
    pub(crate) fn add_application(&mut self, application: &str, status: &ApplicationStatus) {
        self.trouble.extend(status.trouble.iter().map(|trouble| format!("{application}: {trouble}")));
        self.applications.push(ApplicationCounts {
            name: application.to_owned(),
            looks: status.looks,
            steps: status.steps,
            held_publishes: status.held_publishes,
        });
        let nodes = status.nodes.iter().filter_map(|(node, status)| of_status(application, node, status));
        self.nodes.extend(nodes);
    }

    /// Adds what the journal of a daemon that does not run says about one node.
    pub(crate) fn add_record(&mut self, application: &str, node: NodeId, name: &str, record: &NodeRecord) {
        let boot = record.boot.wanted().filter(|_| record.boot.known).map(|device| device.to_string());
        let power = record.power.as_ref();
        if power.is_none() && boot.is_none() && record.failure.is_none() {
            return;
        }
        let times =
            power.map(|power| power.since).into_iter().chain(boot.as_ref().map(|_| record.boot.since));
        self.nodes.push(PendingNode {
            application: application.to_owned(),
            node,
            name: name.to_owned(),
            power: power.map(|power| power.request.to_string()),
            requester: power.map(|power| power.requester.clone()),
            since_millis: times.map(|time| time.0).min(),
            waiting_for: Some("the daemon does not run".to_owned()),
            next: words(&next_steps(record, None)),
            boot_device: boot,
            failure: record.failure.as_ref().map(|failure| failure.words.clone()),
        });
    }

    /// For people.
    pub(crate) fn text(&self, now: SystemTime) -> String {
        let mut lines: Vec<String> =
            self.trouble.iter().map(|trouble| format!("Trouble: {trouble}")).collect();
        if !self.daemon_running {
            lines.push("The daemon does not run; this is what its journal holds.".to_owned());
        }
        if self.nodes.is_empty() {
            lines.push("Nothing is pending.".to_owned());
            return lines.join("\n");
        }
        let dash = || "-".to_owned();
        let rows = self.nodes.iter().map(|node| {
            vec![
                node.name.clone(),
                node.power.clone().unwrap_or_else(dash),
                node.boot_device.clone().unwrap_or_else(dash),
                node.since_millis.map_or_else(dash, |since| age(since, now)),
                node.next.clone(),
                node.failure
                    .as_ref()
                    .map(|failure| format!("failed: {failure}"))
                    .or_else(|| node.waiting_for.clone())
                    .unwrap_or_else(dash),
            ]
        });
        let table = output::table(&["node", "power", "boot", "since", "next", "why it waits"], rows);
        lines.push(table.to_string());
        lines.join("\n")
    }
}

fn of_status(application: &str, node: &NodeId, status: &NodeStatus) -> Option<PendingNode> {
    let power = status.power.as_ref();
    if power.is_none() && status.boot.is_none() && status.failure.is_none() {
        return None;
    }
    let times = power.map(|power| power.since).into_iter().chain(status.boot.map(|boot| boot.since));
    let idle = || status.boot.map(|_| "a power cycle asked for through the BMC".to_owned());
    Some(PendingNode {
        application: application.to_owned(),
        node: node.clone(),
        name: status.name.clone(),
        power: power.map(|power| power.request.to_string()),
        requester: power.map(|power| power.requester.clone()),
        boot_device: status.boot.map(|boot| boot.device.to_string()),
        since_millis: times.map(|time| time.0).min(),
        waiting_for: status.waiting.as_ref().map(ToString::to_string).or_else(idle),
        next: words(&status.next),
        failure: status.failure.as_ref().map(|failure| failure.words.clone()),
    })
}

/// What will be sent, in order.
fn words(steps: &[NextStep]) -> String {
    if steps.is_empty() {
        return "nothing".to_owned();
    }
    steps.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn age(since_millis: u64, now: SystemTime) -> String {
    let since = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(since_millis)).unwrap_or(now);
    let age = now.duration_since(since).unwrap_or_default();
    format!("{} ago", humantime::format_duration(Duration::from_secs(age.as_secs())))
}

#[cfg(test)]
mod tests {
    use machine::PowerRequest;
    use reconciler::record::{PowerIntent, Stage, Then, Timestamp};

    use super::*;

    fn record(stage: Stage) -> NodeRecord {
        let power = PowerIntent {
            request: PowerRequest::Cycle,
            stage,
            boot_generation: 0,
            since: Timestamp(1_000),
            requester: "admin@192.0.2.1:40000".to_owned(),
        };
        NodeRecord { power: Some(power), ..NodeRecord::default() }
    }

    #[test]
    fn a_power_cycle_says_who_asked_when_and_what_comes_next() {
        let mut pending = Pending::default();
        let record = record(Stage::PowerDown { then: Then::PowerUp });
        pending.add_record("lab", NodeId::new("1/2"), "node1", &record);
        let text = pending.text(SystemTime::UNIX_EPOCH + Duration::from_secs(91));
        assert!(
            text.contains("cycle") && text.contains("1m 30s ago") && text.contains("poweroff, start"),
            "{text}"
        );
        assert_eq!(pending.nodes[0].requester.as_deref(), Some("admin@192.0.2.1:40000"));
    }

    #[test]
    fn nodes_with_nothing_pending_are_not_listed() {
        let mut pending = Pending { daemon_running: true, ..Pending::default() };
        pending.add_record("lab", NodeId::new("1/2"), "node1", &NodeRecord::default());
        assert_eq!(pending.text(SystemTime::UNIX_EPOCH), "Nothing is pending.");
    }
}
