//! A Python with the real clients of the cloud's API in it, and a simulated cloud for them to talk to.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::time::Duration;

use ravello_sim::{Durations, Simulator, SimulatorConfig, VmId};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_util::sync::{CancellationToken, DropGuard};

pub(crate) mod virtual_environment;

use virtual_environment::VirtualEnvironment;

/// The user of the simulated cloud.
pub(crate) const USERNAME: &str = "somebody@example.com";

/// The password of that user.
pub(crate) const PASSWORD: &str = "correct-horse";

/// Starts the scripts of this directory, with what `requirements.txt` asks for.
pub(crate) struct Python(pub(crate) VirtualEnvironment);

impl Python {
    /// Made by the first test that asks for it. `None` if it cannot be made here; a line says so.
    pub(crate) fn ready() -> Option<&'static Self> {
        static READY: OnceLock<Option<Python>> = OnceLock::new();
        let make = || {
            let tools = Path::new(env!("CARGO_TARGET_TMPDIR"));
            match VirtualEnvironment::make(tools, "python", &scripts().join("requirements.txt")) {
                Ok(environment) => Some(Self(environment)),
                Err(why) => {
                    println!("SKIPPED: ravello-sdk and ravstack: {why}");
                    None
                }
            }
        };
        READY.get_or_init(make).as_ref()
    }

    /// Runs a script of this directory in a bare environment: nothing that is set outside leaks in.
    pub(crate) fn script(&self, name: &str) -> Command {
        self.0.script(&scripts().join(name))
    }
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("python")
}

/// What a script said. A failed one fails the test, with everything it said.
pub(crate) fn said(command: &mut Command) -> String {
    let output = command.output().expect("the interpreter starts");
    assert!(output.status.success(), "{command:?} failed:\n{}", everything(&output));
    everything(&output)
}

fn everything(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text)).concat()
}

/// A simulated cloud that serves the demo application on a loopback port.
pub(crate) struct Cloud {
    pub(crate) simulator: Simulator,
    pub(crate) url: String,
    _shutdown: DropGuard,
    _runtime: Runtime,
}

impl Cloud {
    /// With that many nodes and transient states that last that long.
    pub(crate) fn serve(nodes: u32, transient: Duration) -> Self {
        let mut config = SimulatorConfig::new(USERNAME, PASSWORD.into());
        config.durations = Durations::all(transient);
        config.applications.push(ravello_sim::demo::application(nodes).expect("a demo application"));
        let runtime = Runtime::new().expect("a runtime");
        let inside = runtime.enter();
        let simulator = Simulator::new(config).expect("a simulator");
        drop(inside);
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = runtime.block_on(TcpListener::bind(any_port)).expect("a port");
        let url = format!("http://{}/api/v1", listener.local_addr().expect("an address"));
        let shutdown = CancellationToken::new();
        let (serving, stop) = (simulator.clone(), shutdown.clone());
        runtime.spawn(async move { serving.serve(listener, stop).await });
        Self { simulator, url, _shutdown: shutdown.drop_guard(), _runtime: runtime }
    }

    /// A VM of the demo application.
    pub(crate) fn vm(&self, name: &str) -> VmId {
        self.simulator.vm_named("demo", name).expect("a VM of the demo application")
    }
}
