//! The reconciler against a fake cloud in virtual time: every rule of the product that is its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    unnameable_types,
    unreachable_pub,
    missing_docs,
    reason = "tests"
)]

mod support;

mod batching;
mod boot_device;
mod crash;
mod deploy;
mod events;
mod fate;
mod freshness;
mod guard;
mod journal;
mod power;
mod status;
