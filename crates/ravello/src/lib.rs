//! A client of the Ravello REST API, and the backend that the rest of the product sees of it.
//!
//! ```text
//!   RavelloBackend        one application: a look, a step                    backend
//!   CloudInterrupt        an NMI, where the cloud is a simulator             interrupt
//!     │  observation, inventory, difference: documents in the product's words
//!     │  boot_selection, intent_tag: the two edits; node_design: new VMs       pure
//!   Client                one cloud: requests, replies, session, errors      client
//!     │
//!   documents             views that keep every field                        document, json
//! ```
//!
//! What it refuses to do: sleep, retry, cache, or decide. It classifies failures as data
//! ([`machine::BackendErrorKind`]) and leaves the rest to the reconciler. It never sends a document that it did
//! not read before, and never turns a number of the API into a float.
//!
//! Where the reference leaves a question open (`ravello-api.md §14`), this crate accepts every answer. Modules in
//! layer order, lowest first.

pub mod json;

pub mod identity;

pub mod document;

pub mod boot_selection;
pub mod difference;
pub mod intent_tag;
pub mod node_design;

pub mod inventory;
pub mod observation;

pub mod authentication;
pub mod error;

pub mod client;

pub mod backend;
pub mod interrupt;

pub use authentication::{Authentication, Credentials, EphemeralToken};
pub use backend::RavelloBackend;
pub use boot_selection::BootSelection;
pub use client::{BadSettings, Client, ClientSettings, Writes};
pub use error::ClientError;
pub use interrupt::CloudInterrupt;
pub use inventory::{VmInterface, VmInventory};
