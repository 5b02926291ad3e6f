//! Recorded conversations of other people's clients and servers (`tests/vectors`), held against ours: each packet through the
//! codecs, and each side of ours in the place of a recorded one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    reason = "tests"
)]

mod capture;

mod codec;
mod commands;
mod replay;
mod replay_v15;
mod serial_over_lan;
