//! What a simulator is made of.

use std::path::PathBuf;

use secrecy::SecretString;

use crate::durations::{Durations, Speed};
use crate::loading::ApplicationFile;
use crate::qemu::QemuOptions;
use crate::switches::Switches;

/// What a simulator is made of.
#[derive(Clone, Debug)]
pub struct SimulatorConfig {
    /// The one user; a client may put an identity domain and a slash in front.
    pub username: String,
    /// The password of that user.
    pub password: SecretString,
    /// How many times faster than real the cloud works.
    pub speed: Speed,
    /// How long transient states last at speed 1.
    pub durations: Durations,
    /// What nobody knows for sure.
    pub switches: Switches,
    /// The applications that are there from the start. One that the state directory knows by name is left
    /// as it is there.
    pub applications: Vec<ApplicationFile>,
    /// Where the state is kept from one run to the next; nowhere if absent.
    pub state_dir: Option<PathBuf>,
    /// Makes identifiers, MACs and drawn faults the same each time; random if absent.
    pub seed: Option<u64>,
    /// What a guest is.
    pub engine: Engine,
    /// Where guests that are lines in the boot log have their serial ports ([`serial_socket`](crate::serial_socket)); nowhere if
    /// absent. Guests that are QEMU processes have them in [`QemuOptions::console_dir`].
    pub serial_dir: Option<PathBuf>,
}

/// What a guest is.
#[derive(Clone, Debug, Default)]
pub enum Engine {
    /// A line in the boot log.
    #[default]
    Memory,
    /// A QEMU process.
    Qemu(QemuOptions),
}

impl SimulatorConfig {
    /// An empty cloud with one user, at real speed.
    pub fn new(username: impl Into<String>, password: SecretString) -> Self {
        Self {
            username: username.into(),
            password,
            speed: Speed::REAL,
            durations: Durations::default(),
            switches: Switches::default(),
            applications: Vec::new(),
            state_dir: None,
            seed: None,
            engine: Engine::Memory,
            serial_dir: None,
        }
    }
}
