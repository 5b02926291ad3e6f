//! The serial ports of guests that are lines in the boot log.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    unreachable_pub,
    missing_docs,
    dead_code,
    reason = "tests"
)]

mod support;

use std::path::PathBuf;
use std::time::Duration;

use ravello_sim::{Simulator, SimulatorError, VmId, VmState, demo, serial_socket};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UnixStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use support::config;

/// How long anything may take.
const BOUND: Duration = Duration::from_secs(30);

struct Cloud {
    simulator: Simulator,
    vm: VmId,
    folder: tempfile::TempDir,
    shutdown: CancellationToken,
    serving: JoinHandle<Result<(), SimulatorError>>,
}

impl Cloud {
    async fn start() -> Self {
        Self::start_after(|_socket| ()).await
    }

    /// Does something with the place of the socket before anybody listens there.
    async fn start_after(prepare: impl FnOnce(&std::path::Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config();
        config.applications = vec![demo::application(1).unwrap()];
        config.serial_dir = Some(folder.path().join("consoles"));
        let simulator = Simulator::new(config).unwrap();
        let vm = simulator.vm_named(demo::NAME, "undercloud").unwrap();
        prepare(&serial_socket(&folder.path().join("consoles"), vm));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let shutdown = CancellationToken::new();
        let serving = tokio::spawn({
            let (simulator, shutdown) = (simulator.clone(), shutdown.clone());
            async move { simulator.serve(listener, shutdown).await }
        });
        Self { simulator, vm, folder, shutdown, serving }
    }

    fn socket(&self) -> PathBuf {
        serial_socket(&self.folder.path().join("consoles"), self.vm)
    }

    async fn connect(&self) -> Terminal {
        let begin = tokio::time::Instant::now();
        loop {
            match UnixStream::connect(self.socket()).await {
                Ok(stream) => return Terminal { stream, seen: String::new() },
                Err(error) => assert!(begin.elapsed() < BOUND, "{error}"),
            }
            tokio::task::yield_now().await;
        }
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.serving.await.unwrap().unwrap();
    }
}

struct Terminal {
    stream: UnixStream,
    seen: String,
}

impl Terminal {
    /// Reads until the text ends with this.
    async fn read_until(&mut self, end: &str) -> &str {
        let mut buffer = [0; 1024];
        while !self.seen.ends_with(end) {
            let read = tokio::time::timeout(BOUND, self.stream.read(&mut buffer)).await;
            let len = read.unwrap_or_else(|_| panic!("no {end:?} after {:?}", self.seen)).unwrap();
            assert!(len > 0, "closed after {:?}", self.seen);
            self.seen.push_str(str::from_utf8(&buffer[..len]).unwrap());
        }
        &self.seen
    }
}

/// Lines without their times.
fn untimed(text: &str) -> Vec<&str> {
    text.lines().map(|line| line.split_once("] ").map_or(line, |(_, rest)| rest)).collect()
}

#[tokio::test]
async fn boot_log_is_seen_from_the_beginning_and_as_it_grows() {
    let cloud = Cloud::start().await;
    let mut early = cloud.connect().await;
    early.read_until("it runs: disk boot\r\n").await;
    cloud.simulator.reboot_guest(cloud.vm).unwrap();
    cloud.simulator.force_state(cloud.vm, VmState::Stopped).unwrap();
    let expected = ["it runs: disk boot", "the guest reboots", "reboot: disk boot", "power off"];
    early.read_until("power off\r\n").await;
    assert_eq!(untimed(&early.seen), expected);
    let mut late = cloud.connect().await;
    late.read_until("power off\r\n").await;
    assert_eq!(late.seen, early.seen);
    cloud.stop().await;
}

#[tokio::test]
async fn guest_that_runs_echoes_and_one_that_is_off_does_not() {
    let cloud = Cloud::start().await;
    let mut terminal = cloud.connect().await;
    terminal.read_until("disk boot\r\n").await;
    terminal.stream.write_all(b"ls\r").await.unwrap();
    terminal.read_until("ls\r\n").await;
    cloud.simulator.force_state(cloud.vm, VmState::Stopped).unwrap();
    terminal.read_until("power off\r\n").await;
    terminal.stream.write_all(b"anybody?\r").await.unwrap();
    terminal.stream.shutdown().await.unwrap();
    let mut rest = String::new();
    tokio::time::timeout(BOUND, terminal.stream.read_to_string(&mut rest)).await.unwrap().unwrap();
    assert_eq!(rest, "");
    cloud.stop().await;
}

#[tokio::test]
async fn sockets_are_gone_at_the_end_and_stale_ones_are_replaced() {
    // What a simulator leaves that was killed.
    let cloud = Cloud::start_after(|socket| {
        std::fs::create_dir_all(socket.parent().unwrap()).unwrap();
        drop(std::os::unix::net::UnixListener::bind(socket).unwrap());
        assert!(socket.exists());
    })
    .await;
    cloud.connect().await.read_until("disk boot\r\n").await;
    let socket = cloud.socket();
    cloud.stop().await;
    assert!(!socket.exists());
}

#[tokio::test]
async fn folder_of_another_simulator_is_refused() {
    let cloud = Cloud::start().await;
    drop(cloud.connect().await);
    let mut config = config();
    config.applications = vec![demo::application(1).unwrap()];
    config.serial_dir = Some(cloud.folder.path().join("consoles"));
    let second = Simulator::new(config).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let same_vm = second.vm_named(demo::NAME, "undercloud") == Some(cloud.vm);
    assert!(same_vm, "the same seed gives the same identifiers");
    let error = second.serve(listener, CancellationToken::new()).await.unwrap_err();
    assert!(error.to_string().contains("is in use"), "{error}");
    cloud.stop().await;
}
