//! `docs/testing.md` names tests of attacks; all of them exist.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    reason = "tests"
)]

use std::fs;
use std::path::Path;

#[test]
fn every_test_of_an_attack_that_the_document_names_exists() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = fs::read_to_string(here.join("../../docs/testing.md")).unwrap();
    let table = document.split("| attack |").nth(1).unwrap().split("\n\n").next().unwrap();
    let names: Vec<&str> = table.split('`').filter(|text| text.contains("::")).collect();
    assert!(names.len() >= 30, "{} names", names.len());
    for name in names {
        let (module, test) = name.split_once("::").unwrap();
        let file = here.join(format!("src/endpoint/tests/{module}.rs"));
        let code = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert!(code.contains(&format!("#[test]\nfn {test}() {{")), "there is no test {name}");
    }
}
