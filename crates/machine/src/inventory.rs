//! What a node is, in words: the port behind a BMC's inventory.

use std::fmt;

use crate::NodeId;

/// What the platform knows about a node and does not change by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeDescription {
    /// The VM's name, as people gave it.
    pub name: String,
    /// Who makes the platform, for example `Ravello`; empty if that makes no sense.
    pub manufacturer: String,
    /// What the platform calls such a thing, for example `Virtual Machine`.
    pub product: String,
    /// The platform's own id of the VM; takes the place of a serial number.
    pub serial: String,
    /// Virtual processors, if the platform tells.
    pub cpus: Option<u64>,
    /// Memory in bytes, if the platform tells.
    pub memory_bytes: Option<u64>,
}

/// Describes nodes: what a BMC answers inventory questions from (`IPMI 2.0 §34`).
///
/// Used through `dyn`, because a BMC may have none. Answered from memory, so it neither waits nor fails.
pub trait Inventory: fmt::Debug + Send + Sync + 'static {
    /// The description of a node; `None` if nothing is known of it (yet).
    fn describe(&self, node: &NodeId) -> Option<NodeDescription>;
}
