//! Other people's clients against a BMC on a loopback socket: the matrix of `docs/interoperability.md`, row by row.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    reason = "tests"
)]

#[path = "../bmc/event_log.rs"]
#[allow(dead_code, reason = "shared with the tests in memory, which use all of it")]
mod event_log;

#[path = "../bmc/settings_store.rs"]
#[allow(dead_code, reason = "shared with the tests in memory, which use all of it")]
mod settings_store;
#[path = "../../../../tests/python/virtual_environment.rs"]
mod virtual_environment;

#[path = "../../../../tests/src/terminal.rs"]
#[allow(unreachable_pub, reason = "shared with the tests across crates, where it is public")]
mod terminal;

mod discovery;
mod document;
mod fence_ipmilan;
mod freeipmi;
mod interrupt;
mod ipmitool;
mod ipmitool_lan;
mod ipv6;
mod loss;
mod node;
mod openipmi;
mod pyghmi;
mod python;
mod python_ipmi;
mod row;
mod serial;
mod sol;
mod target;
mod user_changes;
