//! A real Ironic drives ravbmc: through its REST API, with its own `ipmi` hardware type and so with the real
//! `ipmitool`, against the simulated cloud. Ironic says what it believes; the simulator's boot log says what
//! happened.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    reason = "tests"
)]

mod agent;
mod as_shipped;
mod boot_device;
mod conductor;
mod console;
mod deployment;
mod failure;
mod fleet;
mod installation;
mod lab;
mod management;
mod node;
mod power;
mod real_machine;
mod tripleo;
#[path = "../../python/virtual_environment.rs"]
mod virtual_environment;
