//! What a simulator starts with: files of applications, and the state of the run before.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    unreachable_pub,
    missing_docs,
    dead_code,
    reason = "tests"
)]

mod support;

use std::error::Error as _;
use std::time::Duration;

use ravello_sim::{ApplicationFile, BootCause, Simulator, SimulatorError, VmId, VmState};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use support::{PASSWORD, USERNAME, config};

fn load(text: &str) -> Result<ApplicationFile, ravello_sim::LoadError> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("lab.json");
    std::fs::write(&file, text).unwrap();
    ApplicationFile::load(&file)
}

#[test]
fn application_file_brings_its_design_and_the_states_of_its_vms() {
    let document = json!({
        "name": "lab",
        "foreign": "kept",
        "nextStopTime": "9999999999999",
        "design": { "vms": [{ "id": "11", "name": "a" }, { "name": "b" }, { "name": "c" }] },
        "deployment": { "vms": [{ "id": 11, "state": "STARTED" }, { "name": "b", "state": "ERROR" }] },
    });
    let mut config = config();
    config.applications.push(load(&document.to_string()).unwrap());
    let simulator = Simulator::new(config).unwrap();
    let state = |name| simulator.vm_state(simulator.vm_named("lab", name).unwrap());
    assert_eq!(simulator.vm_named("lab", "a"), Some(VmId(11)));
    assert_eq!(state("a"), Some(VmState::Started));
    assert_eq!(state("b"), Some(VmState::Error));
    assert_eq!(state("c"), Some(VmState::Stopped));
    assert_eq!(simulator.boot_log(VmId(11))[0].cause, BootCause::Loaded);
    let shown = simulator.application(simulator.application_named("lab").unwrap()).unwrap();
    assert_eq!(shown["foreign"], "kept");
    assert_eq!(shown["deployment"]["expirationTime"], json!(9_999_999_999_999_u64));
    assert_eq!(shown["designDiffersFromDeployment"], false);
}

#[test]
fn application_file_without_deployment_is_not_published() {
    let mut config = config();
    config.applications.push(load(r#"{ "name": "lab", "design": { "vms": [{ "name": "a" }] } }"#).unwrap());
    let simulator = Simulator::new(config).unwrap();
    let shown = simulator.application(simulator.application_named("lab").unwrap()).unwrap();
    assert_eq!(shown["published"], false);
}

#[test]
fn broken_application_file_is_refused_with_file_place_and_expectation() {
    for (text, place, expected) in [
        ("{}", "/name", "a name that is not empty"),
        ("[]", "/", "an object"),
        (r#"{ "name": "x", "design": { "vms": 5 } }"#, "/design/vms", "a list"),
        (r#"{ "name": "x", "design": { "vms": [{ "name": "" }] } }"#, "/design/vms/0/name", "not empty"),
        (
            r#"{ "name": "x", "deployment": { "vms": [{ "state": "STARTING" }] } }"#,
            "/deployment/vms/0/state",
            "STARTED, STOPPED, or an error state",
        ),
        (r#"{ "name": "x", "nextStopTime": "soon" }"#, "/nextStopTime", "milliseconds"),
    ] {
        let error = load(text).unwrap_err();
        assert!(error.to_string().contains("lab.json"), "{error}");
        let source = error.source().unwrap().to_string();
        assert!(source.starts_with(&format!("{place}: ")) && source.contains(expected), "{source}");
    }
    let error = load("{ nonsense").unwrap_err();
    assert!(error.source().unwrap().to_string().contains("line 1"), "{error:?}");
    assert!(ApplicationFile::load("/nonexistent/lab.json").unwrap_err().to_string().contains("cannot read"));
}

/// Serves, does something, stops.
async fn run(directory: &std::path::Path, work: impl AsyncFnOnce(&Simulator, &str)) {
    let mut config = config();
    config.state_dir = Some(directory.to_path_buf());
    config.applications.push(ravello_sim::demo::application(2).unwrap());
    let simulator = Simulator::new(config).unwrap();
    let shutdown = CancellationToken::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn({
        let (simulator, shutdown) = (simulator.clone(), shutdown.clone());
        async move { simulator.serve(listener, shutdown).await }
    });
    work(&simulator, &url).await;
    shutdown.cancel();
    serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn cloud_survives_a_restart_of_the_simulator() {
    let directory = tempfile::tempdir().unwrap();
    let mut before = None;
    run(directory.path(), async |simulator, _| {
        let node = simulator.vm_named("demo", "node1").unwrap();
        simulator.edit_design(node, [("/description".to_owned(), json!("kept"))]).unwrap();
        simulator.reboot_guest(simulator.vm_named("demo", "undercloud").unwrap()).unwrap();
        before = simulator.application(simulator.application_named("demo").unwrap());
    })
    .await;
    run(directory.path(), async |simulator, _| {
        let after = simulator.application(simulator.application_named("demo").unwrap());
        assert_eq!(after, before, "not made anew");
        let undercloud = simulator.vm_named("demo", "undercloud").unwrap();
        let causes: Vec<_> = simulator.boot_log(undercloud).iter().map(|boot| boot.cause).collect();
        assert_eq!(causes, [BootCause::Loaded, BootCause::GuestReboot]);
    })
    .await;
}

#[tokio::test]
async fn transition_that_was_under_way_ends_after_the_restart() {
    let directory = tempfile::tempdir().unwrap();
    run(directory.path(), async |simulator, url| {
        let node = simulator.vm_named("demo", "node1").unwrap();
        let durations = json!({ "durations": { "starting": 60_000 } });
        let post = |path: String, body: String| {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            client.post(format!("{url}{path}")).basic_auth(USERNAME, Some(PASSWORD)).body(body).send()
        };
        post("/sim/clock".to_owned(), durations.to_string()).await.unwrap().error_for_status().unwrap();
        let application = simulator.application_named("demo").unwrap();
        let start = format!("/api/v1/applications/{application}/vms/{node}/start");
        post(start, String::new()).await.unwrap().error_for_status().unwrap();
        assert_eq!(simulator.vm_state(node), Some(VmState::Starting));
    })
    .await;
    run(directory.path(), async |simulator, _| {
        let node = simulator.vm_named("demo", "node1").unwrap();
        assert_eq!(simulator.vm_state(node), Some(VmState::Starting));
        simulator.step_clock(Duration::from_secs(60));
        assert_eq!(simulator.vm_state(node), Some(VmState::Started));
        assert_eq!(simulator.boot_log(node).len(), 1);
    })
    .await;
}

#[cfg(unix)]
#[tokio::test]
async fn state_file_is_private_because_it_has_tokens() {
    use std::os::unix::fs::PermissionsExt as _;

    let directory = tempfile::tempdir().unwrap();
    run(directory.path(), async |_, _| {}).await;
    let mode = std::fs::metadata(directory.path().join("ravello-sim.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn state_is_kept_soon_after_a_change_and_not_only_at_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config();
    config.state_dir = Some(directory.path().to_path_buf());
    let served = support::serve(config.clone()).await;
    served.post("/applications", &json!({ "name": "lab" })).await;
    tokio::time::timeout(Duration::from_secs(20), async {
        while !Simulator::new(config.clone()).is_ok_and(|sim| sim.application_named("lab").is_some()) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .unwrap();
}

#[test]
fn broken_state_file_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ravello-sim.json");
    for text in ["nonsense", r#"{ "format": 99, "applications": [], "library": null, "boots": null }"#] {
        std::fs::write(&file, text).unwrap();
        let mut config = config();
        config.state_dir = Some(directory.path().to_path_buf());
        let error = Simulator::new(config).unwrap_err();
        assert!(matches!(error, SimulatorError::StateFile(_)), "{error}");
        assert!(error.to_string().contains("ravello-sim.json"), "{error}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    }
}

#[test]
fn same_seed_makes_the_same_cloud() {
    let shown = |seed| {
        let mut config = config();
        config.seed = seed;
        config.applications.push(ravello_sim::demo::application(2).unwrap());
        let simulator = Simulator::new(config).unwrap();
        let shown = simulator.application(simulator.application_named("demo").unwrap()).unwrap();
        shown["design"]["vms"].as_array().unwrap().iter().map(|vm| vm["id"].clone()).collect::<Vec<Value>>()
    };
    assert_eq!(shown(Some(5)), shown(Some(5)));
    assert_ne!(shown(Some(5)), shown(Some(6)));
    assert_ne!(shown(None), shown(None));
}
