//! The wiring: one reconciler for each application, one BMC for each node, and the search for new nodes.
//!
//! The nodes that were known before answer at once, whether or not the cloud does. New VMs of an application get
//! a BMC within [`DISCOVERY_INTERVAL`]. A BMC whose VM is gone stays and says so: its port may be written down
//! somewhere, and must not come to mean another machine.

mod bmcs;
mod catalogue;
mod changes_socket;
mod selection;
mod status_socket;

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use machine::{BackendError, BackendErrorKind};
use ravello::{Client, CloudInterrupt, RavelloBackend};
use reconciler::{Handle, Policy, PublishRule, Reconciler, RedbJournal, SystemClock};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::bmcs::Bmcs;
pub(crate) use self::bmcs::{BmcSettings, Consoles, Node};
pub(crate) use self::changes_socket::{DropChanges, Dropped, path as changes_socket_path};
pub(crate) use self::selection::nodes;
pub(crate) use self::status_socket::path as socket_path;
use crate::configuration::{Application, BootSelection, Publish};

/// The name of the journal in a state directory.
pub(crate) const JOURNAL_FILE: &str = "journal.redb";

/// How often each application is searched for new VMs.
const DISCOVERY_INTERVAL: Duration = Duration::from_secs(60);

/// The pause between two attempts to reach a cloud that has never answered.
const FIRST_CONTACT_PAUSE: Duration = Duration::from_secs(2);

/// How long the end of everything may take.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(10);

/// What a daemon needs to know.
#[derive(Debug)]
pub(crate) struct Daemon {
    pub(crate) state_dir: PathBuf,
    pub(crate) client: Client,
    pub(crate) applications: Vec<Application>,
    pub(crate) bmc: BmcSettings,
    pub(crate) policy: Policy,
}

/// One application at work.
struct Served {
    application: Application,
    backend: RavelloBackend,
    handle: Handle<RedbJournal>,
}

impl Daemon {
    /// Serves until `shutdown`. `ready` is called once, when the BMCs answer.
    ///
    /// # Errors
    /// When the state directory or a port cannot be used, or the cloud refuses who we are.
    pub(crate) async fn run(
        self,
        shutdown: CancellationToken,
        ready: impl FnOnce(&[Node]) -> Result<()>,
    ) -> Result<()> {
        let tasks = TaskTracker::new();
        // Whatever goes wrong here, the tasks that were started are ended.
        let outcome = self.serve(&tasks, &shutdown, ready).await;
        shutdown.cancel();
        tasks.close();
        if tokio::time::timeout(SHUTDOWN_GRACE, tasks.wait()).await.is_err() {
            tracing::warn!("some tasks did not end within {} s", SHUTDOWN_GRACE.as_secs());
        }
        outcome
    }

    async fn serve(
        self,
        tasks: &TaskTracker,
        shutdown: &CancellationToken,
        ready: impl FnOnce(&[Node]) -> Result<()>,
    ) -> Result<()> {
        create_state_dir(&self.state_dir)?;
        let journal = RedbJournal::open(self.state_dir.join(JOURNAL_FILE))?;
        let interrupt = Arc::new(CloudInterrupt::new(self.client.clone()));
        let mut bmcs = Bmcs::new(self.bmc, interrupt, &self.state_dir, tasks.clone(), shutdown.clone())?;
        let mut served = Vec::new();
        for application in self.applications {
            let selection = boot_selection(application.boot_selection);
            let backend = || RavelloBackend::new(self.client.clone(), &application.name, selection);
            let policy = Policy {
                min_runtime: application.min_runtime,
                publish: publish_rule(application.publish),
                ..self.policy.clone()
            };
            let (reconciler, handle) =
                Reconciler::new(&application.name, backend(), journal.clone(), policy, SystemClock, seed()?)
                    .await?;
            tasks.spawn(reconciler.run(shutdown.clone()));
            bmcs.start_known(&application.name, &handle).await?;
            served.push(Served { backend: backend(), application, handle });
        }
        let handles = served.iter().map(|each| each.handle.clone()).collect();
        let listener = status_socket::bind(&self.state_dir)?;
        tasks.spawn(status_socket::serve(listener, socket_path(&self.state_dir), handles, shutdown.clone()));
        let listener = changes_socket::bind(&self.state_dir)?;
        let socket = changes_socket::path(&self.state_dir);
        tasks.spawn(changes_socket::serve(listener, socket, bmcs.changes(), shutdown.clone()));
        for each in &served {
            // Cancel-safe: nothing is lost by not asking the cloud to the end.
            tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                found = first_contact(each, &mut bmcs) => found?,
            }
        }
        ready(&bmcs.nodes())?;
        loop {
            // Cancel-safe: as above.
            tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                () = tokio::time::sleep(DISCOVERY_INTERVAL) => {}
            }
            for each in &served {
                tokio::select! {
                    () = shutdown.cancelled() => return Ok(()),
                    found = discover(each, &mut bmcs) => if let Err(error) = found {
                        tracing::debug!(application = each.application.name, error = %error, "no new nodes found");
                    }
                }
            }
        }
    }
}

/// Finds the nodes of an application for the first time. With nodes from before, the cloud may be away.
async fn first_contact(each: &Served, bmcs: &mut Bmcs) -> Result<()> {
    let mut told = String::new();
    loop {
        let error = match discover(each, bmcs).await {
            Ok(()) => return Ok(()),
            Err(Undiscovered::Bmc(error)) => return Err(error),
            Err(Undiscovered::Cloud(error)) => error,
        };
        let hopeless = match error.kind {
            BackendErrorKind::Unauthenticated | BackendErrorKind::NotFound => true,
            BackendErrorKind::Conflict
            | BackendErrorKind::Forbidden
            | BackendErrorKind::Throttled(_)
            | BackendErrorKind::Unavailable
            | BackendErrorKind::Protocol => false,
        };
        if bmcs.serves(&each.application.name) {
            tracing::warn!(%error, "the cloud gives no answer; the nodes from before are served");
            return Ok(());
        }
        if hopeless {
            return Err(error.into());
        }
        if told != error.to_string() {
            tracing::warn!(%error, "waiting for the cloud");
            told = error.to_string();
        }
        tokio::time::sleep(FIRST_CONTACT_PAUSE).await;
    }
}

/// Why no nodes were found.
#[derive(Debug, thiserror::Error)]
enum Undiscovered {
    #[error(transparent)]
    Cloud(#[from] BackendError),
    #[error(transparent)]
    Bmc(#[from] anyhow::Error),
}

/// Gives every node of the application a BMC that has none yet.
async fn discover(each: &Served, bmcs: &mut Bmcs) -> Result<(), Undiscovered> {
    let inventory = each.backend.inventory().await?;
    let nodes = selection::nodes(&each.application.nodes, inventory);
    bmcs.start_new(&each.application.name, &each.handle, nodes).await?;
    Ok(())
}

/// The same in the words of the cloud's client.
pub(crate) const fn boot_selection(selection: BootSelection) -> ravello::BootSelection {
    match selection {
        BootSelection::Flag => ravello::BootSelection::Flag,
        BootSelection::Order => ravello::BootSelection::Order,
        BootSelection::Both => ravello::BootSelection::Both,
    }
}

const fn publish_rule(publish: Publish) -> PublishRule {
    match publish {
        Publish::Guarded => PublishRule::Guarded,
        Publish::Always => PublishRule::Always,
    }
}

/// A number that differs between daemons, for the lengths of pauses.
fn seed() -> Result<u64> {
    getrandom::u64().context("the operating system gave no random numbers")
}

/// Makes the folder for its owner only, if it is not there.
pub(crate) fn create_state_dir(path: &Path) -> Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("cannot create the state directory {}", path.display()))
}
