//! Runs one oracle of `../../tests/fuzz/oracle.rs`.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, reason = "each target uses one oracle")]
#[path = "../../tests/fuzz/oracle.rs"]
mod oracle;

fuzz_target!(|data: &[u8]| oracle::console(data));
