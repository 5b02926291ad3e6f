//! The socket on which a running daemon tells what is pending.
//!
//! A Unix socket in the state directory, which only its owner can enter. Whoever connects gets one JSON document
//! ([`Pending`]); nothing is read.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use reconciler::{Handle, RedbJournal};
use tokio::io::AsyncWriteExt;
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;

use crate::pending::Pending;

/// The name of the socket in a state directory.
const FILE_NAME: &str = "ravbmc.sock";

/// The socket of the daemon that uses this state directory.
pub(crate) fn path(state_dir: &Path) -> PathBuf {
    state_dir.join(FILE_NAME)
}

/// Takes the socket. The journal is open already, so no other daemon uses this directory and what lies there is left
/// over from one that was killed.
pub(super) fn bind(state_dir: &Path) -> Result<UnixListener> {
    take(&path(state_dir))
}

/// Listens at a path, whatever an earlier daemon left there.
pub(super) fn take(path: &Path) -> Result<UnixListener> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot replace {}", path.display()));
        }
        _ => {}
    }
    UnixListener::bind(path).with_context(|| format!("cannot listen on {}", path.display()))
}

/// Answers until `shutdown`.
pub(super) async fn serve(
    listener: UnixListener,
    path: PathBuf,
    handles: Vec<Handle<RedbJournal>>,
    shutdown: CancellationToken,
) {
    loop {
        // Cancel-safe: a connection that is not accepted is refused by the system.
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let told = match accepted {
            Ok((stream, _)) => tell(stream, &handles).await,
            Err(error) => Err(error),
        };
        if let Err(error) = told {
            tracing::debug!(%error, "somebody who asked what is pending went away");
        }
    }
    // What is left over would be taken for a daemon that hangs.
    let _ = fs::remove_file(path);
}

async fn tell(mut stream: UnixStream, handles: &[Handle<RedbJournal>]) -> io::Result<()> {
    let mut pending = Pending { daemon_running: true, ..Pending::default() };
    for handle in handles {
        pending.add_application(handle.application(), &handle.status_watch().borrow());
    }
    stream.write_all(&serde_json::to_vec(&pending)?).await?;
    stream.shutdown().await
}
