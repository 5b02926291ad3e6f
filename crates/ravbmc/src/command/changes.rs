//! `ravbmc changes`: what was changed in BMCs over IPMI, and back to the configuration.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use ipmi_proto::number::PrivilegeLevel;
use ipmi_server::BmcSettings;
use machine::NodeId;
use reconciler::RedbJournal;
use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::arguments::ChangesArguments;
use crate::assignment::Assignments;
use crate::configuration::Configuration;
use crate::daemon::{DropChanges, Dropped, JOURNAL_FILE, changes_socket_path};
use crate::output;
use crate::settings_folder::SettingsFolder;

/// One thing that was changed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    node: NodeId,
    name: String,
    /// The number of the user; none for a change that is about no user.
    user_id: Option<u8>,
    /// The user's name, or what else was changed.
    what: String,
    /// What became of it: `added`, `changed`, `removed` or `set`.
    change: &'static str,
    /// The privilege that holds now.
    privilege: Option<String>,
    /// Whether the user is enabled.
    enabled: Option<bool>,
}

/// Lists what was changed, or drops it.
pub(crate) async fn run(arguments: ChangesArguments) -> Result<()> {
    let state_dir = state_dir(&arguments)?;
    let names = names(&state_dir)?;
    if let Some(node) = &arguments.drop {
        let drop = DropChanges { node: node_of(node, &names)?, user: arguments.user.clone() };
        drop_changes(&state_dir, &drop).await?;
    }
    let kept = SettingsFolder::of(&state_dir).load_all()?;
    let changes: Vec<Change> = kept
        .iter()
        .flat_map(|(node, settings)| {
            let name = names.get(node).map_or_else(String::new, Clone::clone);
            changes_of(node, &name, settings)
        })
        .collect();
    if arguments.json { output::print_json(&changes) } else { output::print(&text(&changes)) }
}

fn state_dir(arguments: &ChangesArguments) -> Result<PathBuf> {
    if let Some(state_dir) = &arguments.state_dir {
        return Ok(state_dir.clone());
    }
    let configured = match &arguments.config {
        Some(file) => Configuration::read(file)?.state_dir,
        None => None,
    };
    configured.context("there is no state directory: use --state-dir, or --config with state-dir in it")
}

/// The names of all nodes that ever had a BMC.
fn names(state_dir: &Path) -> Result<BTreeMap<NodeId, String>> {
    if !state_dir.join(JOURNAL_FILE).exists() {
        bail!("{} is no state directory of ravbmc: it has no {JOURNAL_FILE}", state_dir.display());
    }
    let assignments = Assignments::load(state_dir)?;
    let applications = assignments.applications();
    let nodes = applications.iter().flat_map(|application| assignments.of_application(application));
    Ok(nodes.map(|(node, assignment)| (node, assignment.name)).collect())
}

fn node_of(wanted: &str, names: &BTreeMap<NodeId, String>) -> Result<NodeId> {
    let found: Vec<&NodeId> = names
        .iter()
        .filter(|(node, name)| node.as_str() == wanted || *name == wanted)
        .map(|(node, _)| node)
        .collect();
    match found.as_slice() {
        [node] => Ok((*node).clone()),
        [] => bail!("there is no node {wanted}; `ravbmc changes` lists those with changes"),
        several => {
            let ids: Vec<&str> = several.iter().map(|node| node.as_str()).collect();
            bail!("several nodes are called {wanted}; give one of their ids: {}", ids.join(", "))
        }
    }
}

async fn drop_changes(state_dir: &Path, drop: &DropChanges) -> Result<()> {
    let dropped = match ask_daemon(state_dir, drop).await? {
        Some(Dropped { error: Some(error), .. }) => bail!("nothing was dropped: {error}"),
        Some(Dropped { dropped, error: None }) => dropped,
        None => {
            // Opening it makes sure that no daemon works with these files.
            let _open = RedbJournal::open(state_dir.join(JOURNAL_FILE))?;
            let folder = SettingsFolder::of(state_dir);
            let settings = drop.from(&folder.load(&drop.node)?);
            settings.as_ref().map(|settings| folder.write(&drop.node, settings)).transpose()?.is_some()
        }
    };
    if !dropped {
        let of_user = drop.user.as_ref().map(|user| format!(" of the user {user}")).unwrap_or_default();
        bail!("nothing{of_user} was changed in the BMC of {}", drop.node);
    }
    Ok(())
}

async fn ask_daemon(state_dir: &Path, drop: &DropChanges) -> Result<Option<Dropped>> {
    let path = changes_socket_path(state_dir);
    let mut stream = match UnixStream::connect(&path).await {
        Ok(stream) => stream,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
            return Ok(None);
        }
        Err(error) => return Err(error).with_context(|| format!("cannot connect to {}", path.display())),
    };
    let mut exchange = async || -> Result<Dropped> {
        let mut line = serde_json::to_vec(drop)?;
        line.push(b'\n');
        stream.write_all(&line).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok(serde_json::from_slice(&answer)?)
    };
    let dropped = exchange().await;
    dropped.map(Some).with_context(|| format!("the daemon at {} gave no answer", path.display()))
}

fn changes_of(node: &NodeId, name: &str, settings: &BmcSettings) -> Vec<Change> {
    let blank = || Change {
        node: node.clone(),
        name: name.to_owned(),
        user_id: None,
        what: String::new(),
        change: "set",
        privilege: None,
        enabled: None,
    };
    let users = settings.users.iter().map(|change| {
        let account = change.account.as_ref();
        let name = account.map(|account| account.name).or_else(|| change.entry.map(|entry| entry.name));
        Change {
            user_id: Some(change.id.get()),
            what: name.map(|name| name.to_string()).unwrap_or_default(),
            change: match (&change.entry, account) {
                (Some(_), Some(_)) => "changed",
                (None, _) => "added",
                (Some(_), None) => "removed",
            },
            privilege: account.map(|account| words(account.limit)),
            enabled: account.map(|account| account.enabled),
            ..blank()
        }
    });
    let limit = settings.channel_limit.map(|limit| Change {
        what: "highest level of the channel".to_owned(),
        privilege: Some(words(limit)),
        ..blank()
    });
    let text = |what: &str, text: &Option<Vec<u8>>| {
        let what = format!("{what}: {}", text.as_ref()?.escape_ascii());
        Some(Change { what, ..blank() })
    };
    let asset_tag = text("asset tag", &settings.asset_tag);
    let controller_id = text("name of the controller", &settings.controller_id);
    users.chain(limit).chain(asset_tag).chain(controller_id).collect()
}

fn words(level: PrivilegeLevel) -> String {
    match level {
        PrivilegeLevel::CALLBACK => "callback",
        PrivilegeLevel::USER => "user",
        PrivilegeLevel::OPERATOR => "operator",
        PrivilegeLevel::ADMINISTRATOR => "administrator",
        _ => "none",
    }
    .to_owned()
}

fn text(changes: &[Change]) -> String {
    if changes.is_empty() {
        return "Nothing was changed over IPMI.".to_owned();
    }
    let dash = || "-".to_owned();
    let rows = changes.iter().map(|change| {
        vec![
            change.name.clone(),
            change.user_id.map_or_else(dash, |id| id.to_string()),
            change.what.clone(),
            change.change.to_owned(),
            change.privilege.clone().unwrap_or_else(dash),
            change.enabled.map_or_else(dash, |enabled| if enabled { "yes" } else { "no" }.to_owned()),
        ]
    });
    output::table(&["node", "id", "what", "change", "privilege", "enabled"], rows).to_string()
}
