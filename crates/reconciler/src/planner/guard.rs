//! The guard before a publish (`ravello-api.md §8`): a publish carries out every difference between design
//! and deployment, and restarts running VMs for it. So none goes out while anybody else's VM would be.

use std::collections::BTreeSet;

use machine::{NodeId, Observation, Phase};

use crate::status::ForeignDifference;

/// The VMs, apart from those about to be started, that a publish would restart.
///
/// A VM that is off or not yet published is changed without harm. Every other one counts, whatever it is in
/// the middle of.
#[must_use]
pub fn foreign_differences(seen: &Observation, starting: &BTreeSet<&NodeId>) -> Vec<ForeignDifference> {
    let mut found = Vec::new();
    for (node, look) in &seen.nodes {
        if starting.contains(node) || matches!(look.phase, Phase::Off | Phase::Absent) {
            continue;
        }
        let mut differences = look.unpublished.clone();
        if let Some(deployed) = look.deployed_boot
            && deployed != look.design_boot
        {
            differences.push(format!("boot device {deployed} -> {}", look.design_boot));
        }
        if !differences.is_empty() {
            found.push(ForeignDifference { node: node.clone(), name: look.name.clone(), differences });
        }
    }
    found
}
