//! Ironic's seven steps on a cloud that behaves in every way that nobody can rule out any more.

use std::collections::BTreeSet;

use machine::{BootDevice, Lifetime, PowerRequest};
use ravello_sim::{BootCause, BootEnd, BootedFrom, Switches, VmState};
use serde_json::{Value, json};

use crate::lab::{Lab, Setting, Wrong, boot_from};
use crate::run;

/// Every value of every switch that is not its default one; a test sees to it that none is missing.
const VALUES: [(&str, &[&str]); 26] = [
    ("wrongState", &["bad-request", "forbidden"]),
    ("vmPutVersion", &["checked"]),
    ("versionOnVmWrite", &["kept"]),
    ("versionOnAction", &["raised"]),
    ("publishWhileTransient", &["refused-always", "accepted"]),
    ("rename", &["restarts"]),
    ("poweroffInStarting", &["accepted"]),
    ("poweroffInStopping", &["ignored"]),
    ("poweroffInError", &["accepted"]),
    ("vmPutReply", &["application", "nothing"]),
    ("stateReply", &["text"]),
    ("pendingUpdatesReply", &["bare"]),
    ("drafts", &["listed"]),
    ("updatingOfStopped", &["shown"]),
    ("bootSelection", &["order"]),
    ("unknownFields", &["dropped"]),
    ("defaultAspect", &["deployment"]),
    ("idSize", &["huge", "small"]),
    ("waitingStates", &["shown"]),
    ("hungShutdown", &["stays-stopping"]),
    ("repairEnds", &["started", "stopped"]),
    ("batchRefusal", &["unfit-only"]),
    ("actionStatus", &["ok"]),
    ("contentLocation", &["present"]),
    ("errorBody", &["operation-messages"]),
    ("freshVms", &["missing-at-first"]),
];

/// How Ironic asks for the power cycle.
#[derive(Clone, Copy, Debug)]
enum PowerCycle {
    OffThenOn,
    OffThenOnAtOnce,
    SoftThenOn,
    Cycle,
    Reset,
}

const POWER_CYCLES: [PowerCycle; 5] = [
    PowerCycle::OffThenOn,
    PowerCycle::OffThenOnAtOnce,
    PowerCycle::SoftThenOn,
    PowerCycle::Cycle,
    PowerCycle::Reset,
];

#[test]
fn the_list_of_switches_is_complete() {
    let switches = serde_json::to_value(Switches::default()).unwrap();
    let known: BTreeSet<&str> = switches.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(known, VALUES.iter().map(|(name, _)| *name).collect());
}

#[test]
fn the_seven_steps_work_with_every_switch_of_the_cloud() {
    let mut cases = Vec::new();
    for (name, values) in VALUES {
        for value in values {
            for power_cycle in POWER_CYCLES {
                cases.push((json!({ name: value }), power_cycle));
            }
        }
    }
    run("seven steps with every switch", cases, |(switches, power_cycle)| async move {
        let setting = with_switches(&switches, &[false, false]);
        let lab = Lab::new(setting).await;
        match seven_steps(&lab, power_cycle).await {
            Ok(()) => Ok(()),
            Err(wrong) => Err(format!("{switches} {power_cycle:?}: {wrong}\n{}", lab.explain().await)),
        }
    });
}

/// A lab whose cloud has these switches.
pub(crate) fn with_switches(switches: &Value, running: &[bool]) -> Setting {
    let by_order = switches["bootSelection"] == "order";
    Setting {
        switches: serde_json::from_value(switches.clone()).unwrap(),
        selection: if by_order { ravello::BootSelection::Order } else { ravello::BootSelection::Flag },
        ..Setting::nodes(running)
    }
}

/// Values for all switches, each chosen by a number that `draw` gives for so many choices.
pub(crate) fn drawn(mut draw: impl FnMut(usize) -> usize) -> Value {
    let mut switches = serde_json::Map::new();
    for (name, values) in VALUES {
        // The default three times out of four.
        if let Some(value) = values.get(draw(values.len() * 4)) {
            switches.insert(name.to_owned(), json!(value));
        }
    }
    Value::Object(switches)
}

/// Two nodes at once, so that batches are among the requests.
async fn seven_steps(lab: &Lab, power_cycle: PowerCycle) -> Result<(), Wrong> {
    use BootCause::{GuestReboot, Start};
    use BootedFrom::{Disk, Network};
    lab.start().await;
    lab.look().await;
    // 1: the ramdisk.
    ask(lab, PowerRequest::On).await?;
    done(lab).await?;
    // 3: the boot device, while the ramdisk runs.
    for node in &lab.nodes {
        let wanted = boot_from(BootDevice::Disk, Lifetime::Persistent);
        lab.set_boot(node, Some(wanted)).await.map_err(|denied| denied.to_string())?;
    }
    lab.until("the tags are written", async || {
        lab.nodes.iter().all(|node| lab.description("design", node.vm).ends_with("[boot: hd]"))
    })
    .await?;
    // 5: the guests reboot by themselves.
    for node in &lab.nodes {
        lab.simulator.reboot_guest(node.vm).map_err(|error| error.to_string())?;
    }
    // 6: the power cycle.
    let (ending, requests): (BootEnd, &[PowerRequest]) = match power_cycle {
        PowerCycle::OffThenOn | PowerCycle::OffThenOnAtOnce => {
            (BootEnd::PowerOff, &[PowerRequest::Off, PowerRequest::On])
        }
        PowerCycle::SoftThenOn => (BootEnd::Shutdown, &[PowerRequest::Soft, PowerRequest::On]),
        PowerCycle::Cycle => (BootEnd::PowerOff, &[PowerRequest::Cycle]),
        PowerCycle::Reset => (BootEnd::PowerOff, &[PowerRequest::Reset]),
    };
    for request in requests {
        ask(lab, *request).await?;
        if matches!(power_cycle, PowerCycle::OffThenOn | PowerCycle::SoftThenOn) {
            done(lab).await?;
        }
    }
    done(lab).await?;
    lab.at_peace(&[false, false]).await?;
    // 7: one boot from disk, and it goes on.
    for node in &lab.nodes {
        let boots = [
            (Start, Network, Some(BootEnd::GuestReboot)),
            (GuestReboot, Network, Some(ending)),
            (Start, Disk, None),
        ];
        lab.expect_boots(node, &boots)?;
        if lab.state(node) != VmState::Started {
            return Err(format!("{} is {}", node.id, lab.state(node)));
        }
    }
    Ok(())
}

async fn ask(lab: &Lab, request: PowerRequest) -> Result<(), Wrong> {
    for node in &lab.nodes {
        lab.request(node, request).await.map_err(|denied| format!("power {request}: {denied}"))?;
    }
    Ok(())
}

async fn done(lab: &Lab) -> Result<(), Wrong> {
    for node in &lab.nodes {
        if let Some(failure) = lab.settled(node).await? {
            return Err(failure);
        }
    }
    Ok(())
}
