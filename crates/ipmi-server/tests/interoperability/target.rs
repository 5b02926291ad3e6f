//! The BMC that the clients are run against, and how they are run.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use ipmi_proto::crypto::Password;
use ipmi_proto::endpoint::{EndpointConfig, User};
use ipmi_proto::number::{Guid, PrivilegeLevel, SessionV15Algorithm, UserName};
use ipmi_server::{BmcConfig, UdpTransport};
use machine::{BootDevice, EventKind, NodeId, PowerRequest};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::event_log::FakeEventLog;
use crate::node::ObedientNode;
use crate::row::{Outcome, Row};
use crate::serial::EchoConsole;
use crate::settings_store::FakeSettingsStore;

pub(crate) const USER: &str = "admin";
pub(crate) const PASSWORD: &str = "correct-horse";

/// How long a client may take before it is ended.
const BOUND: Duration = Duration::from_secs(30);

/// A BMC with two users, an event log of every kind of event, and a console.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) node: Arc<ObedientNode>,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl Target {
    /// With the defaults, on a loopback port that was free.
    pub(crate) async fn start() -> Self {
        Self::with((Ipv4Addr::LOCALHOST, 0).into(), |_| ()).await
    }

    /// One that also speaks IPMI 1.5, with MD5, MD2 and passwords.
    pub(crate) async fn with_ipmi_1_5() -> Self {
        let types = vec![SessionV15Algorithm::MD5, SessionV15Algorithm::MD2, SessionV15Algorithm::PASSWORD];
        Self::with((Ipv4Addr::LOCALHOST, 0).into(), |config| config.endpoint.ipmi_1_5 = types).await
    }

    /// One that keeps what consoles change of users and channel.
    pub(crate) async fn with_kept_settings() -> Self {
        let settings = Arc::new(FakeSettingsStore::default()).open();
        Self::with((Ipv4Addr::LOCALHOST, 0).into(), |config| config.settings = Some(settings)).await
    }

    /// Two, at 127.0.0.2 and 127.0.0.3, with the same port.
    pub(crate) async fn two_at_one_port() -> (Self, Self) {
        for _ in 0..20 {
            let one = Self::with((Ipv4Addr::new(127, 0, 0, 2), 0).into(), |_| ()).await;
            let port = one.address.port();
            // Somebody else may have that port at the other address.
            if let Ok(transport) = UdpTransport::bind((Ipv4Addr::new(127, 0, 0, 3), port).into()).await {
                return (one, Self::behind(transport, |_| ()));
            }
            one.stop().await;
        }
        panic!("no port is free at both addresses");
    }

    /// With an address and changes to the defaults.
    pub(crate) async fn with(address: SocketAddr, change: impl FnOnce(&mut BmcConfig)) -> Self {
        Self::behind(UdpTransport::bind(address).await.unwrap(), change)
    }

    fn behind(transport: UdpTransport, change: impl FnOnce(&mut BmcConfig)) -> Self {
        let user = |name: &str, password: &str, limit| User {
            name: UserName::new(name.as_bytes()).unwrap(),
            password: Password::new(password.as_bytes()).unwrap(),
            limit,
        };
        let users = vec![
            user(USER, PASSWORD, PrivilegeLevel::ADMINISTRATOR),
            user("guest", "a-guest", PrivilegeLevel::USER),
        ];
        let address = transport.local_addr().unwrap();
        let events = Arc::new(FakeEventLog::new());
        for kind in [
            EventKind::PoweredOff { requester: None },
            EventKind::BootDeviceApplied { device: BootDevice::Network },
            EventKind::PoweredOn { requester: None },
            EventKind::PowerRequestFailed { request: PowerRequest::On, reason: "quota".to_owned() },
        ] {
            events.push(kind);
        }
        events.on_for(Duration::from_secs(90 * 60));
        let endpoint = EndpointConfig::new(Guid([9; 16]), users);
        let mut config = BmcConfig::new(NodeId::new("31/44"), "node-1", endpoint);
        config.address = Some(address);
        config.events = Some(events);
        config.console = Some(Arc::new(EchoConsole));
        change(&mut config);
        let shutdown = CancellationToken::new();
        let node = Arc::new(ObedientNode::new());
        let chassis = Arc::clone(&node);
        let task = tokio::spawn(ipmi_server::run(transport, config, chassis, shutdown.clone()));
        Self { address, node, shutdown, task }
    }

    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap();
    }

    /// Runs a row; says what is wrong with what came of it.
    pub(crate) async fn check(&self, row: &Row, command: Command) -> Result<(), String> {
        let begin = Instant::now();
        let mut command = tokio::process::Command::from(command);
        let Ok(output) = timeout(BOUND, command.kill_on_drop(true).output()).await else {
            return Err(format!("{}: it did not end within {BOUND:?}", row.command));
        };
        let output = output.unwrap();
        let printed = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text)).concat();
        row.check(&Outcome { success: output.status.success(), printed, elapsed: begin.elapsed() })
    }
}

/// Whether a client can be run here, and whether it is the version that the document speaks of.
pub(crate) fn has(program: &str, version: &str) -> bool {
    let Ok(output) = Command::new(program).arg("-V").output() else {
        println!("SKIPPED: {program} is not installed");
        return false;
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !text.contains(version) {
        println!("{program}: the document speaks of version {version}, this is {}", text.trim());
    }
    true
}

/// Whether a program is here that cannot be asked for its version: some send packets when they are asked for anything.
pub(crate) fn is_here(program: &str) -> bool {
    let find = ["-c", "command -v \"$0\" >/dev/null", program];
    let found = Command::new("sh").args(find).status().is_ok_and(|status| status.success());
    if !found {
        println!("SKIPPED: {program} is not installed");
    }
    found
}

/// An empty directory that only this test uses.
pub(crate) fn empty_directory(name: &str) -> std::path::PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory).unwrap();
    directory
}
