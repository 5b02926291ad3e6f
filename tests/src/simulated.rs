//! A simulated cloud in the process of the test: real HTTP for whoever talks to it, and its boot log at hand.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use ravello_sim::{BootCause, BootEnd, BootedFrom, Durations, Simulator, SimulatorConfig, VmId, VmState};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::ravbmc::{API_PASSWORD, API_USER};

/// A cloud with the application `demo`, on a port of its own.
pub struct Simulated {
    /// The simulator.
    pub simulator: Simulator,
    /// Its address, without `/api/v1`.
    pub url: String,
    _shutdown: DropGuard,
    runtime: Option<Runtime>,
}

/// One boot: why, from what, and how it ended.
pub type Boot = (BootCause, BootedFrom, Option<BootEnd>);

impl Simulated {
    /// With that many nodes, and transient states that last that long.
    ///
    /// # Panics
    /// When there is no port to be had.
    #[must_use]
    pub fn serve(nodes: u32, transient: Duration) -> Self {
        let mut config = SimulatorConfig::new(API_USER, API_PASSWORD.into());
        config.durations = Durations::all(transient);
        config.applications.push(ravello_sim::demo::application(nodes).expect("a demo application"));
        let runtime = Runtime::new().expect("a runtime");
        let inside = runtime.enter();
        let simulator = Simulator::new(config).expect("a simulator");
        drop(inside);
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = runtime.block_on(TcpListener::bind(any_port)).expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let shutdown = CancellationToken::new();
        let (serving, stop) = (simulator.clone(), shutdown.clone());
        runtime.spawn(async move { serving.serve(listener, stop).await });
        Self { simulator, url, _shutdown: shutdown.drop_guard(), runtime: Some(runtime) }
    }

    /// A VM of the application.
    ///
    /// # Panics
    /// When there is none of that name.
    #[must_use]
    pub fn vm(&self, name: &str) -> VmId {
        self.simulator.vm_named("demo", name).expect("a VM of the demo application")
    }

    /// The state of a VM.
    ///
    /// # Panics
    /// When it is not deployed.
    #[must_use]
    pub fn state(&self, name: &str) -> VmState {
        self.simulator.vm_state(self.vm(name)).expect("it is deployed")
    }

    /// All boots of a VM, oldest first.
    #[must_use]
    pub fn boots(&self, name: &str) -> Vec<Boot> {
        let records = self.simulator.boot_log(self.vm(name)).into_iter();
        records.map(|boot| (boot.cause, boot.device, boot.ended.map(|end| end.how))).collect()
    }

    /// The description of a VM in the design; empty if it has none.
    ///
    /// # Panics
    /// When there is no such VM.
    #[must_use]
    pub fn description(&self, name: &str) -> String {
        let application = self.simulator.application_named("demo").expect("the application");
        let application = self.simulator.application(application).expect("the application");
        let vms = application["design"]["vms"].as_array().expect("VMs");
        let vm = vms.iter().find(|vm| vm["name"] == name).expect("the VM");
        vm["description"].as_str().unwrap_or_default().to_owned()
    }
}

impl Drop for Simulated {
    fn drop(&mut self) {
        // It may be dropped inside another runtime, where waiting for this one would panic.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
