//! `ravbmc node create`: new VMs in an application that others write to as well.
//!
//! ```text
//!  look ── foreign changes on running VMs? ── refuse, before anything is written
//!    │
//!  write the design with its version ── 409, or no answer: look again, count names and addresses anew
//!    │
//!  publish, drafts not started ── foreign changes by now? wait, and say why ── 409: look again
//!    │
//!  wait until the cloud has made all of them, off
//! ```
//!
//! A publish restarts every running VM whose hardware somebody has changed in the design (`ravello-api.md §8`). So it is held
//! back while there is one, unless the application's `publish` is `always`.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, anyhow, bail};
use machine::{BackendErrorKind, Observation, Phase};
use ravello::client::Aspect;
use ravello::document::Application;
use ravello::error::ClientError;
use ravello::identity::ApplicationId;
use ravello::node_design::{self, NewNode, NodeRequest};
use ravello::{BootSelection, Client, Writes, inventory, observation};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::arguments::node::NodeCreateArguments;
use crate::configuration::{self, Publish};
use crate::{cloud, daemon, fleet, output};

/// How often somebody else may be faster before we give up.
const MOST_CONFLICTS: u32 = 20;

/// Creates the nodes, and says where they are.
pub(super) async fn run(arguments: NodeCreateArguments) -> Result<()> {
    let (configuration, mut applications) = fleet::configured(&arguments.configured)?;
    let (Some(application), true) = (applications.pop(), applications.is_empty()) else {
        bail!("the configuration has several applications; choose one with --application");
    };
    let client = cloud::client(&configuration.cloud, Writes::Sent)?;
    let id = client.find_application(&application.name).await?;
    let image = image(&client, &arguments.image).await?;
    let work = Work {
        id,
        request: NodeRequest {
            count: arguments.count,
            prefix: arguments.prefix.clone(),
            cpus: arguments.cpus,
            memory_mib: arguments.memory,
            disk_gib: arguments.disk,
            like: arguments.like.clone(),
            image,
        },
        selection: daemon::boot_selection(application.boot_selection),
        pause: configuration.timing.poll_interval,
        deadline: Instant::now().checked_add(arguments.timeout).context("--timeout is too long")?,
        timeout: arguments.timeout,
        client,
        application,
    };
    if arguments.dry_run {
        return work.rehearse(arguments.json).await;
    }
    let nodes = work.write().await?;
    if let Some(unpublished) = work.publish(&nodes).await? {
        let what = "designed; the application was never published, and once it is they are there";
        return report(&unpublished, &nodes, arguments.json, what);
    }
    let made = work.wait(&nodes).await?;
    report(&made, &nodes, arguments.json, "created")
}

/// One creation.
struct Work {
    client: Client,
    id: ApplicationId,
    application: configuration::Application,
    request: NodeRequest,
    selection: BootSelection,
    pause: Duration,
    deadline: Instant,
    timeout: Duration,
}

impl Work {
    /// Says what would be created.
    async fn rehearse(&self, json: bool) -> Result<()> {
        let mut document = self.look().await?;
        let foreign = self.foreign_changes(&document);
        let nodes = node_design::add_nodes(&mut document, &self.request, self.selection)?;
        report(&document, &nodes, json, "would be created; nothing was sent")?;
        for change in foreign {
            output::tell(format_args!("The publish would be held back: {change}"));
        }
        Ok(())
    }

    /// Writes the design. Whoever writes in between makes us look and count again.
    async fn write(&self) -> Result<Vec<NewNode>> {
        let mut attempted: Option<Vec<NewNode>> = None;
        for _ in 0..MOST_CONFLICTS {
            let read = self.look().await?;
            // A write whose answer was lost may have happened.
            if let Some(nodes) = attempted.take().filter(|nodes| holds(&read, nodes)) {
                return Ok(nodes);
            }
            let foreign = self.foreign_changes(&read);
            if !foreign.is_empty() {
                bail!(
                    "nothing was changed: a publish would restart running VMs with changes of somebody else: {}; publish or undo \
                     them first",
                    foreign.join("; ")
                );
            }
            let mut edited = read.clone();
            let nodes = node_design::add_nodes(&mut edited, &self.request, self.selection)?;
            match self.client.put_application(&edited).await {
                Ok(()) => {
                    let names: Vec<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
                    output::tell(format_args!("Designed {}.", names.join(", ")));
                    return Ok(nodes);
                }
                Err(error) => {
                    self.again(&error, "somebody else wrote first").await?;
                    attempted = (error.kind() == BackendErrorKind::Unavailable).then_some(nodes);
                }
            }
        }
        bail!("somebody else wrote to {} first, {MOST_CONFLICTS} times in a row", self.application.name)
    }

    /// Publishes, as soon as that harms nobody. The first publish of an application is its owner's: it decides where
    /// everything runs and starts it. So one that was never published is returned as it is.
    async fn publish(&self, nodes: &[NewNode]) -> Result<Option<Application>> {
        let mut told = String::new();
        loop {
            let read = self.look().await?;
            if !read.published() {
                return Ok(Some(read));
            }
            if self.all_deployed(&read, nodes) {
                return Ok(None);
            }
            let foreign = self.foreign_changes(&read);
            let why = if foreign.is_empty() {
                self.extend_expiration(&read).await?;
                match self.client.publish_updates(self.id).await {
                    Ok(()) => {
                        output::tell("Published.");
                        return Ok(None);
                    }
                    Err(error) => {
                        let words = error.to_string();
                        self.again(&error, "the cloud is busy").await?;
                        words
                    }
                }
            } else {
                format!("the publish is held back, it would restart running VMs: {}", foreign.join("; "))
            };
            if told != why {
                output::tell(format_args!("Waiting: {why}."));
                told.clone_from(&why);
            }
            self.pause(&format!("the nodes are in the design and not published: {why}")).await?;
        }
    }

    /// Waits until all of them are deployed and at rest.
    async fn wait(&self, nodes: &[NewNode]) -> Result<Application> {
        let mut told = 0;
        loop {
            let read = self.look().await?;
            let seen = self.observation(&read);
            let phases: BTreeMap<&str, (Phase, &str)> = seen
                .nodes
                .values()
                .map(|node| (node.name.as_str(), (node.phase, node.state.as_str())))
                .collect();
            let mut ready = 0;
            for node in nodes {
                match phases.get(node.name.as_str()) {
                    Some((Phase::Off | Phase::On, _)) => ready += 1,
                    Some((Phase::Fault, state)) => {
                        bail!("the cloud could not make {}: it is in {state}", node.name)
                    }
                    None => bail!("{} is gone from the design: somebody has deleted it", node.name),
                    Some(_) => {}
                }
            }
            if ready != told {
                output::tell(format_args!("{ready} of {} ready.", nodes.len()));
                told = ready;
            }
            if ready == nodes.len() {
                return Ok(read);
            }
            self.pause(&format!("{ready} of {} nodes are ready", nodes.len())).await?;
        }
    }

    async fn look(&self) -> Result<Application> {
        loop {
            match self.client.application(self.id, Aspect::Whole).await {
                Ok(read) => return Ok(read),
                Err(error) => self.again(&error, "the cloud does not answer").await?,
            }
        }
    }

    fn observation(&self, read: &Application) -> Observation {
        observation::observation(read, self.selection)
    }

    fn all_deployed(&self, read: &Application, nodes: &[NewNode]) -> bool {
        let deployed = |node: &NewNode| read.deployment_vms().any(|vm| vm.name() == node.name);
        nodes.iter().all(deployed)
    }

    /// What a publish would change on VMs that run, in words.
    fn foreign_changes(&self, read: &Application) -> Vec<String> {
        if self.application.publish == Publish::Always {
            return Vec::new();
        }
        let runs = |phase| !matches!(phase, Phase::Off | Phase::Absent);
        let mut changes = Vec::new();
        for node in self.observation(read).nodes.values().filter(|node| runs(node.phase)) {
            let boot = node.deployed_boot.is_some_and(|boot| boot != node.design_boot);
            let boot = boot.then(|| "boot device".to_owned());
            let changed: Vec<String> = node.unpublished.iter().cloned().chain(boot).collect();
            if !changed.is_empty() {
                changes.push(format!("{} ({})", node.name, changed.join(", ")));
            }
        }
        changes
    }

    /// Nodes had better not be stopped by the application's expiry soon after they were made.
    async fn extend_expiration(&self, read: &Application) -> Result<()> {
        let Some(expires_at) = read.expires_at() else { return Ok(()) };
        let left = expires_at.duration_since(SystemTime::now()).unwrap_or_default();
        if left < self.application.min_runtime {
            self.client.set_expiration(self.id, self.application.min_runtime).await?;
        }
        Ok(())
    }

    /// Pauses before another attempt, if one makes sense after this error.
    async fn again(&self, error: &ClientError, why: &str) -> Result<()> {
        let pause = match error.kind() {
            BackendErrorKind::Conflict
            | BackendErrorKind::Unavailable
            | BackendErrorKind::Throttled(None) => self.pause,
            BackendErrorKind::Throttled(Some(pause)) => pause.max(self.pause),
            BackendErrorKind::Forbidden
            | BackendErrorKind::NotFound
            | BackendErrorKind::Unauthenticated
            | BackendErrorKind::Protocol => return Err(anyhow!("{error}")),
        };
        tracing::debug!(%error, "{why}; looking again");
        self.pause_for(pause, &format!("{why}: {error}")).await
    }

    async fn pause(&self, state: &str) -> Result<()> {
        self.pause_for(self.pause, state).await
    }

    async fn pause_for(&self, pause: Duration, state: &str) -> Result<()> {
        if Instant::now().checked_add(pause).is_none_or(|end| end > self.deadline) {
            bail!("not done within {}: {state}", humantime::format_duration(self.timeout));
        }
        sleep(pause).await;
        Ok(())
    }
}

/// Whether a design has these nodes, with these addresses.
fn holds(read: &Application, nodes: &[NewNode]) -> bool {
    nodes.iter().all(|node| {
        read.design_vms().any(|vm| {
            vm.name() == node.name
                && node.addresses.iter().all(|address| {
                    vm.network_connections().iter().any(|each| each.addresses().contains(&(*address).into()))
                })
        })
    })
}

async fn image(client: &Client, name: &str) -> Result<node_design::DiskImage> {
    let images = client.disk_images().await?;
    let found = images
        .iter()
        .filter_map(|image| node_design::disk_image(image).ok())
        .find(|image| image.name == name);
    found.with_context(|| {
        format!("the cloud's library has no image {name:?}; upload what `ravbmc lab iso` makes, or name another with --image")
    })
}

fn report(document: &Application, nodes: &[NewNode], json: bool, what: &str) -> Result<()> {
    let listed = inventory::inventory(document);
    let found = |node: &NewNode| listed.iter().find(|vm| vm.name == node.name);
    if json {
        let nodes: Vec<_> = nodes
            .iter()
            .map(|node| {
                json!({
                    "name": node.name,
                    "node": found(node).map(|vm| &vm.node),
                    "addresses": node.addresses,
                    "macs": found(node).map(|vm| &vm.macs),
                })
            })
            .collect();
        return output::print_json(&json!({ "nodes": nodes }));
    }
    let rows = nodes.iter().map(|node| {
        let addresses: Vec<String> = node.addresses.iter().map(ToString::to_string).collect();
        let macs = found(node).map(|vm| vm.macs.join(" ")).filter(|macs| !macs.is_empty());
        vec![node.name.clone(), addresses.join(" "), macs.unwrap_or_else(|| "-".to_owned())]
    });
    let table = output::table(&["node", "addresses", "mac"], rows);
    output::print(&format!("{table}\n\n{} {what}.", nodes.len()))
}
