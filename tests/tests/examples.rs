//! The examples print what their first lines say, and the sample configuration is correct.

use std::fs;
use std::path::Path;
use std::process::Command;

use ravbmc_tests::ravbmc;

fn printed_by(name: &str) -> String {
    let run = Command::new(ravbmc::program(name)).output().unwrap();
    assert!(run.status.success(), "{name}: {}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8(run.stdout).unwrap()
}

/// The lines of the `console` block in a program's documentation, without the command.
fn promised_by(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("examples").join(file);
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().skip_while(|line| !line.contains("//! $ cargo run")).skip(1);
    lines
        .take_while(|line| !line.contains("```"))
        .map(|line| format!("{}\n", &line["//! ".len()..]))
        .collect()
}

#[test]
fn the_toy_bmc_powers_on() {
    assert_eq!(printed_by("toy-bmc"), promised_by("toy_bmc.rs"));
}

#[test]
fn the_toy_cloud_lists_its_vms() {
    assert_eq!(printed_by("toy-cloud"), promised_by("toy_cloud.rs"));
}

#[test]
fn the_sample_configuration_is_correct() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("examples/ravbmc.toml");
    let checked = ravbmc::run(&["check-config", "--config", sample.to_str().unwrap()]);
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}
