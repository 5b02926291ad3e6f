//! The BMC that the clients are run against, and how they are run.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use ipmi_proto::crypto::Password;
use ipmi_proto::endpoint::{EndpointConfig, User};
use ipmi_proto::number::{Guid, PrivilegeLevel, UserName};
use ipmi_server::{BmcConfig, UdpTransport};
use machine::{BootDevice, EventKind, NodeId, PowerRequest};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::chassis::FakeChassis;
use crate::event_log::FakeEventLog;
use crate::row::Row;

pub(crate) const USER: &str = "admin";
pub(crate) const PASSWORD: &str = "correct-horse";

/// How long a client may take: less than it waits before it repeats a request, so that nothing stays unanswered.
const PATIENCE: Duration = Duration::from_secs(4);

/// A BMC with two users and an event log of every kind of event.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl Target {
    pub(crate) async fn start() -> Self {
        let user = |name: &str, password: &str, limit| User {
            name: UserName::new(name.as_bytes()).unwrap(),
            password: Password::new(password.as_bytes()).unwrap(),
            limit,
        };
        let users = vec![
            user(USER, PASSWORD, PrivilegeLevel::ADMINISTRATOR),
            user("guest", "a-guest", PrivilegeLevel::USER),
        ];
        let transport = UdpTransport::bind((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
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
        let mut config =
            BmcConfig::new(NodeId::new("31/44"), "node-1", EndpointConfig::new(Guid([9; 16]), users));
        config.address = Some(address);
        config.events = Some(events);
        let shutdown = CancellationToken::new();
        let chassis = Arc::new(FakeChassis::new());
        let task = tokio::spawn(ipmi_server::run(transport, config, chassis, shutdown.clone()));
        Self { address, shutdown, task }
    }

    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap();
    }

    /// Runs a row; says what is wrong with what came of it.
    pub(crate) async fn check(&self, row: &Row, mut command: Command) -> Result<(), String> {
        let begin = Instant::now();
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let elapsed = begin.elapsed();
        let printed =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let complain = |what: &str| Err(format!("{}: {what}\n{}: {printed}", row.command, output.status));
        if output.status.success() != row.result.succeeds() {
            return complain("it ended otherwise");
        }
        if let Some(missing) = row.result.texts().iter().find(|text| !printed.contains(**text)) {
            return complain(&format!("it did not print {missing:?}"));
        }
        if elapsed > PATIENCE {
            return complain(&format!("it took {elapsed:?}, so something stayed unanswered"));
        }
        Ok(())
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

/// An empty directory that only this test uses.
pub(crate) fn empty_directory(name: &str) -> std::path::PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory).unwrap();
    directory
}
