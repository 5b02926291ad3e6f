//! The diagnostic interrupt of a node: the port behind Chassis Control's action 4 (`IPMI 2.0 §28.3`).

use std::fmt;

use crate::{BoxFuture, Denied, NodeId};

/// Sends diagnostic interrupts (NMI), with which a system that hangs is made to write a dump.
///
/// Used through `dyn`, because most platforms cannot do it. It happens now or not at all: nothing is recorded, and nothing
/// is repeated.
pub trait DiagnosticInterrupt: fmt::Debug + Send + Sync + 'static {
    /// Sends one to a node.
    ///
    /// # Errors
    /// [`Denied::NotInPresentState`] when the node does not run, [`Denied::NotSupported`] when the platform turns out to have
    /// no such thing, [`Denied::NoSuchNode`], [`Denied::CloudUnreachable`].
    fn pulse<'a>(&'a self, node: &'a NodeId) -> BoxFuture<'a, Result<(), Denied>>;
}
