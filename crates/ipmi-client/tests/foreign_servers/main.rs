//! Our client against servers that other people wrote, on loopback sockets: real processes, real time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    reason = "tests"
)]

#[path = "../../../../tests/python/virtual_environment.rs"]
mod virtual_environment;

mod ipmi_sim;
mod pyghmi;
mod server;
