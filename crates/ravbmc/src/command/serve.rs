//! `ravbmc serve`: the BMCs of the nodes of a cloud.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use ravello::Writes;
use reconciler::{Policy, RedbJournal};

use crate::access;
use crate::arguments::ServeArguments;
use crate::configuration::Configuration;
use crate::daemon::{BmcSettings, Consoles, Daemon, JOURNAL_FILE};
use crate::settings_folder::SettingsFolder;
use crate::{assignment, cloud, output, shutdown};

/// Reads the configuration and serves until a signal.
pub(crate) async fn run(arguments: ServeArguments) -> Result<()> {
    let configuration = Configuration::read(&arguments.config)?;
    let state_dir = arguments
        .state_dir
        .or_else(|| configuration.state_dir.clone())
        .or_else(|| std::env::var_os("STATE_DIRECTORY").map(PathBuf::from))
        .context("there is no state directory: set state-dir in the configuration, or --state-dir")?;
    let (endpoint, generated) = access::endpoint(&configuration.bmc, &state_dir)?;
    let rehearsal = arguments.dry_run.then(|| rehearsal_of(&state_dir)).transpose()?;
    let writes = if arguments.dry_run { Writes::OnlyLogged } else { Writes::Sent };
    let user = configuration.bmc.users.first().map_or("admin", |user| user.name.as_str()).to_owned();
    let daemon = Daemon {
        client: cloud::client(&configuration.cloud, writes)?,
        bmc: BmcSettings {
            listen: configuration.bmc.listen,
            port_base: configuration.bmc.port_base,
            endpoint,
            boot_flag_timeout: configuration.bmc.boot_flag_timeout,
            user_changes: configuration.bmc.user_changes,
            consoles: Consoles::of(&configuration.bmc, &configuration.applications),
        },
        policy: Policy {
            age_in_flight: configuration.timing.busy_age,
            age_idle: configuration.timing.idle_age,
            look_in_flight: configuration.timing.poll_interval,
            ..Policy::default()
        },
        applications: configuration.applications,
        state_dir: rehearsal.as_ref().map_or(state_dir, |copy| copy.path().to_owned()),
    };
    let shutdown = shutdown::on_signal()?;
    daemon
        .run(shutdown, |nodes| {
            if arguments.json {
                return output::print_json(&serde_json::json!({ "nodes": output::nodes_json(nodes, &user) }));
            }
            let mut text = output::nodes_table(nodes, &user).to_string();
            if let Some(file) = &generated {
                text.push_str(&format!("\n\nThe password of {user} is in {}", file.display()));
            }
            output::print(&text)
        })
        .await
}

/// A copy of what is kept, gone at the end: what is asked for in a dry run must not be carried out by the next one.
fn rehearsal_of(state_dir: &Path) -> Result<tempfile::TempDir> {
    let copy = tempfile::Builder::new().prefix("ravbmc-dry-run-").tempdir().context("no temporary folder")?;
    let journal = state_dir.join(JOURNAL_FILE);
    if journal.exists() {
        // Opening it makes sure that no daemon is writing to it.
        let _open = RedbJournal::open(&journal)?;
        SettingsFolder::of(state_dir).copy_to(&SettingsFolder::of(copy.path()))?;
        for name in [JOURNAL_FILE, assignment::FILE_NAME] {
            let file = state_dir.join(name);
            if file.exists() {
                std::fs::copy(&file, copy.path().join(name))
                    .with_context(|| format!("cannot copy {}", file.display()))?;
            }
        }
    }
    Ok(copy)
}
