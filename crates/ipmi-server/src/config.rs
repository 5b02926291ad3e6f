//! What makes one BMC.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ipmi_proto::endpoint::EndpointConfig;
use machine::{Console, DiagnosticInterrupt, EventLog, Inventory, NodeId};

use crate::identity::DeviceIdentity;
use crate::settings::KeptSettings;

/// The configuration of one BMC. Fixed for its life.
#[derive(Clone, Debug)]
pub struct BmcConfig {
    /// The node behind it.
    pub node: NodeId,
    /// The name that the operator knows it by, for logs.
    pub name: Arc<str>,
    /// Users, cipher suites, GUID and session limits.
    pub endpoint: EndpointConfig,
    /// What the controller says it is.
    pub device: DeviceIdentity,
    /// After how long without a Chassis Control command one-shot boot flags lapse. The specification says 60 s
    /// (`IPMI 2.0 §28.13`); `None`, the default, keeps them until they are used.
    pub boot_flag_timeout: Option<Duration>,
    /// Where the BMC listens, as consoles are told it. `None` if that makes no sense: behind a queue, for example.
    pub address: Option<SocketAddr>,
    /// What happened to the node: the system event log. Without it the BMC has none.
    pub events: Option<Arc<dyn EventLog>>,
    /// Where consoles' changes of users and channel are kept. Without it the configuration alone rules, and changes are refused.
    pub settings: Option<Arc<KeptSettings>>,
    /// What the node is. Without it the inventory says the name of the BMC and the id of the node.
    pub inventory: Option<Arc<dyn Inventory>>,
    /// What sends diagnostic interrupts. Without it they are refused.
    pub interrupt: Option<Arc<dyn DiagnosticInterrupt>>,
    /// The node's serial console, for Serial over LAN. Without it there is no such payload. The BMC connects to it while it runs.
    pub console: Option<Arc<dyn Console>>,
    /// How many characters of the console are kept, for whoever activates Serial over LAN later.
    pub scrollback: usize,
}

impl BmcConfig {
    /// How many characters of a console are kept unless the configuration says otherwise: several hundred lines.
    pub const SCROLLBACK: usize = 64 * 1024;

    /// A BMC with the defaults of everything else.
    #[must_use]
    pub fn new(node: NodeId, name: impl Into<Arc<str>>, endpoint: EndpointConfig) -> Self {
        Self {
            node,
            name: name.into(),
            endpoint,
            device: DeviceIdentity::RAVBMC,
            boot_flag_timeout: None,
            address: None,
            events: None,
            settings: None,
            inventory: None,
            interrupt: None,
            console: None,
            scrollback: Self::SCROLLBACK,
        }
    }
}
