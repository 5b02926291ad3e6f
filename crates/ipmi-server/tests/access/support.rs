//! A BMC on loopback in front of a node that is off, and programs that ask it.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use ipmi_proto::endpoint::EndpointConfig;
use ipmi_server::{BmcConfig, UdpTransport};
use machine::{
    Admission, BootDevice, BootOverride, BootSetting, Chassis, ChassisStatus, Denied, NodeId, PowerRequest,
    Requester,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A node that is off and does what it is told without showing it.
#[derive(Debug)]
struct Node;

impl Chassis for Node {
    async fn status(&self, _node: &NodeId) -> Result<ChassisStatus, Denied> {
        Ok(ChassisStatus {
            power_on: false,
            control_fault: None,
            last_power_on_by_command: false,
            state: String::new(),
            age: Duration::ZERO,
        })
    }

    async fn request_power(
        &self,
        _node: &NodeId,
        _request: PowerRequest,
        _requester: &Requester,
    ) -> Result<Admission, Denied> {
        Ok(Admission::Recorded)
    }

    async fn boot_setting(&self, _node: &NodeId) -> Result<BootSetting, Denied> {
        Ok(BootSetting::Platform(BootDevice::Disk))
    }

    async fn set_boot_override(
        &self,
        _node: &NodeId,
        _wanted: Option<BootOverride>,
        _requester: &Requester,
    ) -> Result<Admission, Denied> {
        Ok(Admission::Recorded)
    }
}

/// A BMC on a free port of loopback.
pub(crate) struct Bmc {
    address: SocketAddr,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl Bmc {
    pub(crate) async fn start(endpoint: EndpointConfig) -> Self {
        let config = BmcConfig::new(NodeId::new("app/vm"), "node-1", endpoint);
        let transport = UdpTransport::bind((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
        let address = transport.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(ipmi_server::run(transport, config, Arc::new(Node), shutdown.clone()));
        Self { address, shutdown, task }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap();
    }
}

/// Whether a client can be run here.
pub(crate) fn has(program: &str) -> bool {
    let found = Command::new(program).arg("-V").output().is_ok_and(|output| output.status.success());
    if !found {
        println!("SKIPPED: {program} is not installed");
    }
    found
}

/// Runs a program to its end.
pub(crate) async fn run(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}
