//! The socket on which a running daemon drops what was changed over IPMI.
//!
//! A Unix socket in the state directory, which only its owner can enter. Whoever connects sends one line of JSON
//! ([`DropChanges`]) and gets one ([`Dropped`]).

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use ipmi_server::{BmcSettings, KeptSettings};
use machine::NodeId;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;

use super::status_socket;

/// The name of the socket in a state directory.
const FILE_NAME: &str = "ravbmc-changes.sock";

/// The longest request.
const LONGEST_REQUEST: u64 = 4096;

/// How long a client may take to send it.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is to be dropped.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct DropChanges {
    pub(crate) node: NodeId,
    /// Name or number; everything of the node without it.
    pub(crate) user: Option<String>,
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Dropped {
    /// Whether there was something to drop.
    pub(crate) dropped: bool,
    /// Why nothing was dropped although there was.
    pub(crate) error: Option<String>,
}

impl DropChanges {
    /// The settings without what is to be dropped; `None` if there is no such thing.
    pub(crate) fn from(&self, held: &BmcSettings) -> Option<BmcSettings> {
        let Some(user) = &self.user else { return (!held.is_empty()).then(BmcSettings::default) };
        let mut settings = held.clone();
        settings.users.retain(|change| {
            let now = change.account.as_ref().map(|account| account.name);
            let names = now.into_iter().chain(change.entry.map(|entry| entry.name));
            change.id.to_string() != *user && !names.into_iter().any(|name| name.to_string() == *user)
        });
        (settings.users.len() < held.users.len()).then_some(settings)
    }
}

/// What consoles have changed in the BMCs of a daemon.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes(Arc<Mutex<BTreeMap<NodeId, Arc<KeptSettings>>>>);

impl Changes {
    pub(super) fn add(&self, node: &NodeId, kept: Arc<KeptSettings>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(node.clone(), kept);
    }

    fn of(&self, node: &NodeId) -> Option<Arc<KeptSettings>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(node).cloned()
    }

    async fn drop(&self, drop: &DropChanges) -> Dropped {
        let Some(kept) = self.of(&drop.node) else { return Dropped { dropped: false, error: None } };
        match kept.replace(|held| drop.from(held)).await {
            Ok(dropped) => {
                if dropped {
                    let user = drop.user.as_deref();
                    tracing::info!(node.id = %drop.node, user.name = user, "changes made over IPMI dropped");
                }
                Dropped { dropped, error: None }
            }
            Err(error) => Dropped { dropped: false, error: Some(error.to_string()) },
        }
    }
}

/// The socket of the daemon that uses this state directory.
pub(crate) fn path(state_dir: &Path) -> PathBuf {
    state_dir.join(FILE_NAME)
}

/// Takes the socket, whatever an earlier daemon left there.
pub(super) fn bind(state_dir: &Path) -> Result<UnixListener> {
    status_socket::take(&path(state_dir))
}

/// Answers until `shutdown`, one client after another.
pub(super) async fn serve(
    listener: UnixListener,
    path: PathBuf,
    changes: Changes,
    shutdown: CancellationToken,
) {
    loop {
        // Cancel-safe: a connection that is not accepted is refused by the system.
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let answered = match accepted {
            Ok((stream, _)) => answer(stream, &changes).await,
            Err(error) => Err(error),
        };
        if let Err(error) = answered {
            tracing::debug!(%error, "somebody who wanted to drop changes went away");
        }
    }
    // What is left over would be taken for a daemon that hangs.
    let _ = fs::remove_file(path);
}

async fn answer(mut stream: UnixStream, changes: &Changes) -> io::Result<()> {
    let (reader, mut writer) = stream.split();
    let mut line = String::new();
    let mut reader = BufReader::new(reader.take(LONGEST_REQUEST));
    tokio::time::timeout(PATIENCE, reader.read_line(&mut line)).await??;
    let dropped = match serde_json::from_str(&line) {
        Ok(drop) => changes.drop(&drop).await,
        Err(error) => Dropped { dropped: false, error: Some(format!("not understood: {error}")) },
    };
    writer.write_all(&serde_json::to_vec(&dropped)?).await?;
    writer.shutdown().await
}
