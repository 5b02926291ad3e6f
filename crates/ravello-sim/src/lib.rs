//! A simulator of the Ravello cloud: its REST API, its state machine and its faults.
//!
//! The service it stands for can no longer be asked. What is known of it is in `ravello-api.md`; where that is
//! silent or contradicts itself there is a switch ([`Switches`]). It is good enough for the vendor's own
//! Python SDK and for `ravstack` to run against it unchanged.
//!
//! It is not a hypervisor: a guest is a line in the boot log ([`BootRecord`]), which says when it booted, why,
//! from which device, and what ended it. With [`Engine::Qemu`] each guest is a QEMU process as well, and the
//! log says what that process did. It shares no code with the client on purpose, so that a mistake in
//! one does not hide in the other.
//!
//! ```text
//!   server      sockets, connections                    the only part with I/O on the network
//!   http        requests to replies                     a plain function of the state
//!   simulator   the lock, the clock, the handle         what programs and tests hold
//!   qemu        one QEMU process for each VM that runs  optional
//!   cloud       applications, publishing, actions       pure: `now` and randomness are given
//!   machine     one VM: its states and its guest        pure
//!   document    JSON that keeps what it does not know   pure
//! ```
//!
//! ```
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use ravello_sim::{Simulator, SimulatorConfig, demo};
//! use tokio_util::sync::CancellationToken;
//!
//! let mut config = SimulatorConfig::new("user", "password".into());
//! config.applications.push(demo::application(3)?);
//! let simulator = Simulator::new(config)?;
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let shutdown = CancellationToken::new();
//! let serving = tokio::spawn({
//!     let (simulator, shutdown) = (simulator.clone(), shutdown.clone());
//!     async move { simulator.serve(listener, shutdown).await }
//! });
//! // … clients talk to it, and the handle says what really happened:
//! let node = simulator.vm_named("demo", "node1").ok_or("no node1")?;
//! assert!(simulator.boot_log(node).is_empty());
//! shutdown.cancel();
//! serving.await??;
//! # Ok(())
//! # }
//! # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
//! ```
//!
//! The interface below `/sim`, which the real service never had, is described in `http/control.rs`.

mod clock;
mod durations;
mod id;
mod state;
mod switches;

mod document;
mod guest;

mod engine;

mod machine;

mod application;
mod cloud;

mod access;
mod fault;
mod requests;

mod loading;
mod persistence;

pub mod demo;

mod qemu;

mod http;
mod serial;
mod server;
mod simulator;

pub use clock::Timestamp;
pub use document::check::Malformed;
pub use durations::{Durations, Speed, SpeedOutOfRange};
pub use fault::{ActiveFault, EditMoment, FaultEffect, FaultId, FaultRule, Occurrence, RequestPattern};
pub use guest::{
    BootCause, BootEnd, BootEnded, BootRecord, BootedFrom, GuestBehaviour, SelfReboot, SoftShutdown,
};
pub use id::{ApplicationId, VmId};
pub use loading::{ApplicationFile, LoadError};
pub use persistence::StateFileError;
pub use qemu::{Accelerator, InvalidOption, Network, NetworkOption, QemuError, QemuOptions};
pub use requests::RequestKind;
pub use secrecy::SecretString;
pub use serial::{SerialError, serial_socket};
pub use simulator::{ControlError, Engine, Simulator, SimulatorConfig, SimulatorError};
pub use state::VmState;
pub use switches::{
    ActionStatus, BatchRefusal, BootSelection, ContentLocation, DefaultAspect, Drafts, ErrorBody, FreshVms,
    HungShutdown, IdSize, PendingUpdatesReply, PoweroffInError, PoweroffInStarting, PoweroffInStopping,
    PublishWhileTransient, Rename, RepairEnds, StateReply, Switches, UnknownFields, UpdatingOfStopped,
    VersionOnAction, VersionOnVmWrite, VmPutReply, VmPutVersion, WaitingStates, WrongStateStatus,
};
