//! `ravbmc pending`: what waits for its turn.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};
use reconciler::{Journal, RedbJournal};
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;

use crate::arguments::PendingArguments;
use crate::assignment::Assignments;
use crate::configuration::Configuration;
use crate::daemon::{JOURNAL_FILE, socket_path};
use crate::output;
use crate::pending::Pending;

/// Asks the running daemon, or reads the journal of one that does not run.
pub(crate) async fn run(arguments: PendingArguments) -> Result<()> {
    let state_dir = state_dir(&arguments)?;
    let pending = look(&state_dir).await?.with_context(|| {
        format!("{} is no state directory of ravbmc: it has no {JOURNAL_FILE}", state_dir.display())
    })?;
    if arguments.json {
        output::print_json(&pending)
    } else {
        output::print(&pending.text(SystemTime::now()))
    }
}

/// What a daemon says, or the journal of one that does not run; `None` if there never was one.
pub(super) async fn look(state_dir: &Path) -> Result<Option<Pending>> {
    match ask_daemon(state_dir).await? {
        Some(pending) => Ok(Some(pending)),
        None if state_dir.join(JOURNAL_FILE).exists() => read_journal(state_dir).await.map(Some),
        None => Ok(None),
    }
}

fn state_dir(arguments: &PendingArguments) -> Result<PathBuf> {
    if let Some(state_dir) = &arguments.state_dir {
        return Ok(state_dir.clone());
    }
    let configured = match &arguments.config {
        Some(file) => Configuration::read(file)?.state_dir,
        None => None,
    };
    configured.context("there is no state directory: use --state-dir, or --config with state-dir in it")
}

async fn ask_daemon(state_dir: &Path) -> Result<Option<Pending>> {
    let path = socket_path(state_dir);
    let mut stream = match UnixStream::connect(&path).await {
        Ok(stream) => stream,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
            return Ok(None);
        }
        Err(error) => return Err(error).with_context(|| format!("cannot connect to {}", path.display())),
    };
    let mut text = Vec::new();
    stream.read_to_end(&mut text).await.with_context(|| format!("cannot read from {}", path.display()))?;
    let pending = serde_json::from_slice(&text)
        .with_context(|| format!("the daemon at {} is of another version", path.display()))?;
    Ok(Some(pending))
}

async fn read_journal(state_dir: &Path) -> Result<Pending> {
    let file = state_dir.join(JOURNAL_FILE);
    let assignments = Assignments::load(state_dir)?;
    let journal = RedbJournal::open(&file)?;
    let mut pending = Pending::default();
    for application in assignments.applications() {
        let records = journal.load(&application).await?;
        let names = assignments.of_application(&application);
        for (node, stored) in records {
            let name = names.iter().find(|(id, _)| *id == node).map_or("", |(_, known)| known.name.as_str());
            pending.add_record(&application, node, name, &stored.record);
        }
    }
    Ok(pending)
}
