//! Applies what BMC clients asked for.
//!
//! A request is decided by [`admission`], made durable in the [`journal`], and acknowledged; a loop per
//! application ([`Reconciler`]) then carries it out: it looks at the cloud, asks the [`planner`] what to do,
//! does it, and looks again. Admission and planner are pure functions: no I/O, no clock, no randomness.
//!
//! ```text
//!  Chassis request ──▶ admission ──▶ journal ──▶ acknowledged          Chassis status ──▶ cache ──▶ look
//!                      (record, request)  │ wake                                            ▲
//!                                         ▼                                                 │
//!                     look ──▶ planner ──▶ journal ──▶ Backend::apply ──▶ (makes looks stale)
//! ```
//!
//! This crate knows neither IPMI nor a cloud's documents: it lives between the ports of the crate `machine`.
//! Modules in layer order, lowest first.

pub mod clock;
pub mod policy;
pub mod record;

pub mod events;

mod entropy;
mod error_chain;

pub mod progress;

pub mod admission;
pub mod journal;
pub mod planner;
pub mod status;

mod cache;
mod store;

pub mod handle;
pub mod reconciler;

pub use clock::{SystemClock, WallClock};
pub use handle::Handle;
pub use journal::{Journal, JournalError, MemoryJournal, RedbJournal};
pub use planner::foresee::{NextStep, next_steps};
pub use policy::{Policy, PublishRule};
pub use reconciler::Reconciler;
pub use status::{ApplicationStatus, NodeStatus};
