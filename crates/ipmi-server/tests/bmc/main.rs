//! A whole BMC behind a network of queues, asked by real consoles under virtual time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    reason = "tests"
)]

mod chassis;
mod console;
mod event_log;
mod network;

mod boot;
mod checks;
mod controller;
mod dcmi;
mod inventory;
mod lan;
mod life;
mod power;
mod sensors;
mod settings_store;
mod sol;
mod system_event_log;
mod user_changes;
mod users;
mod watchdog;
