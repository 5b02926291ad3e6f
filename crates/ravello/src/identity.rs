//! Ids of applications and VMs, and their spelling as a node's name.
//!
//! Ids have up to 19 digits and exceed 2^53 (`ravello-api.md §2`): they are 64-bit integers here, never floats.

use std::fmt;

use machine::NodeId;

/// The id of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApplicationId(pub u64);

/// The id of a VM: the same in design and deployment, unique inside its application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VmId(pub u64);

/// The name that the rest of the product knows a VM by: `application id/VM id`, both decimal.
pub fn node_id(application: ApplicationId, vm: VmId) -> NodeId {
    NodeId::new(format!("{application}/{vm}"))
}

/// Takes a name that [`node_id`] made apart again; `None` for any other text.
pub fn parse_node_id(node: &NodeId) -> Option<(ApplicationId, VmId)> {
    let (application, vm) = node.as_str().split_once('/')?;
    let ids = (ApplicationId(application.parse().ok()?), VmId(vm.parse().ok()?));
    (node_id(ids.0, ids.1) == *node).then_some(ids)
}

impl fmt::Display for ApplicationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for VmId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::{ApplicationId, NodeId, VmId, node_id, parse_node_id};

    #[test]
    fn node_ids_are_read_back_whole() {
        let (application, vm) = (ApplicationId(3_100_000_000_017), VmId(9_223_372_036_854_775_807));
        let node = node_id(application, vm);
        assert_eq!(node.as_str(), "3100000000017/9223372036854775807");
        assert_eq!(parse_node_id(&node), Some((application, vm)));
    }

    #[test]
    fn foreign_node_ids_are_refused() {
        for text in ["", "1", "1/", "/1", "a/b", "1/2/3", "+1/2", "01/2", "1/-2", "1/18446744073709551616"] {
            assert_eq!(parse_node_id(&NodeId::new(text)), None, "{text}");
        }
    }
}
