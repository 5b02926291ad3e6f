//! The fuzz targets' oracles over their corpus, as an ordinary test: recorded conversations, scripts, and what fuzzing has found.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    reason = "tests"
)]

mod oracle;
mod seeds;

use proptest::prelude::*;

#[test]
fn every_seed_satisfies_its_oracle() {
    for (name, check) in oracle::ORACLES {
        let seeds = seeds::of(name);
        assert!(seeds.len() >= 100, "{name}: {} seeds", seeds.len());
        seeds.iter().for_each(|seed| check(seed));
    }
}

/// `fuzz/regressions/TARGET/…`: inputs that have broken something once.
#[test]
fn every_regression_satisfies_its_oracle() {
    for (name, check) in oracle::ORACLES {
        let folder = format!("{}/fuzz/regressions/{name}", env!("CARGO_MANIFEST_DIR"));
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        entries.for_each(|entry| check(&std::fs::read(entry.unwrap().path()).unwrap()));
    }
}

/// The scripts of real consoles do what they are meant to: otherwise the oracle would see no session.
#[test]
fn scripts_reach_answers() {
    assert!(oracle::answers_of(&seeds::of("sessions")) >= 8);
}

proptest! {
    #[test]
    fn short_random_inputs_satisfy_every_oracle(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        oracle::ORACLES.iter().for_each(|(_, check)| check(&bytes));
    }
}
