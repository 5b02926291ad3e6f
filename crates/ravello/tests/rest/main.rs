//! The client against a server that says exactly what a test tells it to: the contract of `ravello-api.md`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    reason = "tests"
)]

mod authentication;
mod backend;
mod errors;
mod interrupt;
mod requests;
mod support;
mod tls;
