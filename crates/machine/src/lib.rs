//! The words of the domain, and the ports between which the product lives.
//!
//! * A *node* is one virtual machine that plays a bare-metal server ([`NodeId`]).
//! * The [`Chassis`] port is what a BMC asks for on behalf of an IPMI client: the state of the chassis, a
//!   power request, a boot override. The reconciler implements it, the IPMI server uses it.
//! * [`EventLog`] and [`Inventory`] are what a BMC reads besides: what happened to the node, and what it is. Both are
//!   optional, and so are the node's serial [`Console`] and its [`DiagnosticInterrupt`].
//! * The [`Backend`] port is what a cloud must offer: one look at an application, one step applied to it.
//!   The cloud's client implements it, the reconciler uses it.
//!
//! This crate does no I/O and knows neither IPMI packets nor a cloud's documents: the crates on both sides
//! translate. Modules in layer order, lowest first.

pub mod node;

pub mod boot;
pub mod power;

pub mod backend;
pub mod chassis;

pub mod event;
pub mod interrupt;
pub mod inventory;

pub mod console;

pub use backend::{
    Backend, BackendError, BackendErrorKind, DesignChange, Effect, NodeObservation, Observation, Retry, Step,
};
pub use boot::{BootDevice, BootFlags, BootOverride, IntentTag, Lifetime};
pub use chassis::{Admission, BootSetting, Chassis, ChassisStatus, Denied, Requester};
pub use console::{Attachment, Console, ConsoleError, ConsoleInput, ConsoleOutput};
pub use event::{BoxFuture, Event, EventKind, EventLog, EventRecord, ToldEvent};
pub use interrupt::DiagnosticInterrupt;
pub use inventory::{Inventory, NodeDescription};
pub use node::NodeId;
pub use power::{Phase, PowerRequest};
