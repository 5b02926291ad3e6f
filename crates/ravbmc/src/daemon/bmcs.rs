//! The BMCs that run, each on a socket of its own.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use ipmi_proto::endpoint::EndpointConfig;
use ipmi_proto::number::Guid;
use ipmi_server::{BmcConfig, KeptSettings, UdpTransport};
use machine::{Console, DiagnosticInterrupt, NodeId};
use ravello::VmInventory;
use reconciler::{Handle, RedbJournal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::catalogue::Catalogue;
use super::changes_socket::Changes;
use crate::assignment::Assignments;
use crate::configuration::{self, UserChanges};
use crate::serial::{ConsoleAddress, SocketConsole};
use crate::settings_folder::SettingsFolder;

/// What all BMCs have in common.
#[derive(Clone, Debug)]
pub(crate) struct BmcSettings {
    pub(crate) listen: IpAddr,
    pub(crate) port_base: u16,
    /// Who may log in and how; each BMC has a GUID of its own.
    pub(crate) endpoint: EndpointConfig,
    pub(crate) boot_flag_timeout: Option<Duration>,
    /// Whether consoles may change users and channel.
    pub(crate) user_changes: UserChanges,
    pub(crate) consoles: Consoles,
}

/// Where the serial consoles are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Consoles {
    /// Of every node that the next says nothing about.
    pub(crate) default: Option<ConsoleAddress>,
    /// Of single nodes, by application and name.
    pub(crate) of_nodes: BTreeMap<(String, String), ConsoleAddress>,
    /// How many bytes of each are kept.
    pub(crate) scrollback: usize,
}

impl Consoles {
    /// What a configuration says.
    pub(crate) fn of(bmc: &configuration::Bmc, applications: &[configuration::Application]) -> Self {
        let of_nodes = applications.iter().flat_map(|application| {
            application
                .consoles
                .iter()
                .map(|(node, address)| ((application.name.clone(), node.clone()), address.clone()))
        });
        Self {
            default: bmc.console.clone(),
            of_nodes: of_nodes.collect(),
            scrollback: bmc.console_scrollback,
        }
    }

    /// The console of one node, if it has one.
    fn find(&self, node: &NodeId, application: &str, name: &str) -> Option<Arc<dyn Console>> {
        let own = self.of_nodes.get(&(application.to_owned(), name.to_owned()));
        match own.or(self.default.as_ref())?.of(node, name) {
            Ok(socket) => Some(Arc::new(SocketConsole::new(socket?))),
            Err(reason) => {
                tracing::warn!(bmc.name = name, node.id = %node, reason, "the node has no console");
                None
            }
        }
    }
}

/// A node and where its BMC listens.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) id: NodeId,
    pub(crate) application: String,
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
}

/// All BMCs of the daemon.
pub(super) struct Bmcs {
    settings: BmcSettings,
    interrupt: Arc<dyn DiagnosticInterrupt>,
    assignments: Assignments,
    running: BTreeMap<NodeId, Node>,
    catalogue: Arc<Catalogue>,
    folder: Arc<SettingsFolder>,
    changes: Changes,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

impl Bmcs {
    pub(super) fn new(
        settings: BmcSettings,
        interrupt: Arc<dyn DiagnosticInterrupt>,
        state_dir: &Path,
        tasks: TaskTracker,
        shutdown: CancellationToken,
    ) -> Result<Self> {
        let assignments = Assignments::load(state_dir)?;
        Ok(Self {
            settings,
            interrupt,
            assignments,
            running: BTreeMap::new(),
            catalogue: Arc::default(),
            folder: Arc::new(SettingsFolder::of(state_dir)),
            changes: Changes::default(),
            tasks,
            shutdown,
        })
    }

    /// Starts the BMCs of all nodes of an application that are known from before.
    pub(super) async fn start_known(
        &mut self,
        application: &str,
        handle: &Handle<RedbJournal>,
    ) -> Result<()> {
        for (node, assignment) in self.assignments.of_application(application) {
            self.start(node, application, &assignment.name, assignment.guid, handle).await?;
        }
        self.assignments.save()
    }

    /// Starts a BMC for each of these VMs that has none yet.
    pub(super) async fn start_new(
        &mut self,
        application: &str,
        handle: &Handle<RedbJournal>,
        vms: Vec<VmInventory>,
    ) -> Result<()> {
        let mut started = false;
        for vm in vms {
            self.catalogue.update(&vm);
            if self.running.contains_key(&vm.node) {
                continue;
            }
            // A GUID is sent last byte first (IPMI 2.0 §20.8).
            let mut guid = vm.guid;
            guid.reverse();
            self.start(vm.node, application, &vm.name, guid, handle).await?;
            started = true;
        }
        if started { self.assignments.save() } else { Ok(()) }
    }

    /// What consoles have changed in each of them.
    pub(super) fn changes(&self) -> Changes {
        self.changes.clone()
    }

    /// Whether any BMC of this application runs.
    pub(super) fn serves(&self, application: &str) -> bool {
        self.running.values().any(|node| node.application == application)
    }

    /// All nodes that have a BMC, by port.
    pub(super) fn nodes(&self) -> Vec<Node> {
        let mut nodes: Vec<Node> = self.running.values().cloned().collect();
        nodes.sort_by_key(|node| node.address.port());
        nodes
    }

    async fn start(
        &mut self,
        node: NodeId,
        application: &str,
        name: &str,
        guid: [u8; 16],
        handle: &Handle<RedbJournal>,
    ) -> Result<()> {
        let port = self.assignments.assign(&node, application, name, guid, self.settings.port_base)?;
        let wanted = SocketAddr::new(self.settings.listen, port);
        let transport = UdpTransport::bind(wanted).await.with_context(|| {
            format!("the BMC of {name} cannot listen on UDP {wanted}; choose another address or port base")
        })?;
        let address = transport.local_addr().with_context(|| format!("the BMC of {name} has no address"))?;
        self.assignments.record_port(&node, address.port());
        let endpoint = EndpointConfig { guid: Guid(guid), ..self.settings.endpoint.clone() };
        let mut config = BmcConfig::new(node.clone(), name, endpoint);
        config.boot_flag_timeout = self.settings.boot_flag_timeout;
        config.address = Some(address);
        config.events = Some(Arc::new(handle.clone()));
        let present = self.folder.load(&node)?;
        let store = Arc::<SettingsFolder>::clone(&self.folder);
        let kept = Arc::new(KeptSettings::new(node.clone(), present, store));
        self.changes.add(&node, Arc::clone(&kept));
        config.settings = match self.settings.user_changes {
            UserChanges::Allowed => Some(kept),
            UserChanges::Refused => None,
        };
        config.interrupt = Some(Arc::clone(&self.interrupt));
        config.inventory = Some(Arc::<Catalogue>::clone(&self.catalogue));
        config.console = self.settings.consoles.find(&node, application, name);
        config.scrollback = self.settings.consoles.scrollback;
        self.tasks.spawn(ipmi_server::run(
            transport,
            config,
            Arc::new(handle.clone()),
            self.shutdown.clone(),
        ));
        tracing::info!(bmc.name = name, node.id = %node, %address, "BMC started");
        let running =
            Node { id: node.clone(), application: application.to_owned(), name: name.to_owned(), address };
        self.running.insert(node, running);
        Ok(())
    }
}
