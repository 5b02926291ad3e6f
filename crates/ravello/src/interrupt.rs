//! Diagnostic interrupts: a simulated cloud with real guests sends them, the service's API has none.

use std::error::Error;

use machine::{BackendErrorKind, BoxFuture, Denied, DiagnosticInterrupt, NodeId};

use crate::client::Client;
use crate::error::ClientError;
use crate::identity::parse_node_id;

/// A cloud as what sends diagnostic interrupts. Whether it can shows when it is asked: another simulator may stand behind
/// the same address tomorrow.
#[derive(Clone, Debug)]
pub struct CloudInterrupt {
    client: Client,
}

impl CloudInterrupt {
    /// Of the cloud that this is a client of.
    pub const fn new(client: Client) -> Self {
        Self { client }
    }

    async fn send(&self, node: &NodeId) -> Result<(), Denied> {
        let (_, vm) = parse_node_id(node).ok_or(Denied::NoSuchNode)?;
        self.client.inject_nmi(vm).await.map_err(|error| denied(&error))
    }
}

impl DiagnosticInterrupt for CloudInterrupt {
    fn pulse<'a>(&'a self, node: &'a NodeId) -> BoxFuture<'a, Result<(), Denied>> {
        Box::pin(self.send(node))
    }
}

fn denied(error: &ClientError) -> Denied {
    let reason = match error.failure.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    };
    match error.kind() {
        BackendErrorKind::NotFound => Denied::NotSupported { reason },
        BackendErrorKind::Conflict | BackendErrorKind::Forbidden => Denied::NotInPresentState { reason },
        BackendErrorKind::Unauthenticated
        | BackendErrorKind::Throttled(_)
        | BackendErrorKind::Unavailable
        | BackendErrorKind::Protocol => Denied::CloudUnreachable { reason },
    }
}
