//! The vendor's own SDK, `ravello-sdk` 2.17, unmodified, against the simulator. The SDK checks what it is told;
//! the simulator's boot log and request counts tell what really happened.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use ravello_sim::{BootCause, BootEnd, BootedFrom, ContentLocation, Switches, VmId};

#[path = "../python/environment.rs"]
mod environment;

use environment::virtual_environment::attempt;
use environment::{Cloud, PASSWORD, Python, USERNAME, said};

/// Short, but long enough to be seen.
const TRANSIENT: Duration = Duration::from_millis(30);

/// Runs a flow against a cloud with two nodes; `None` if there is no Python here.
fn flow(name: &str) -> Option<Cloud> {
    let python = Python::ready()?;
    let cloud = Cloud::serve(2, TRANSIENT);
    said(python.script("sdk_flows.py").args([&cloud.url, USERNAME, PASSWORD, name]));
    Some(cloud)
}

/// The source distribution of the SDK, unpacked: it has the vendor's own integration tests.
fn sdk_sources(python: &Python, into: &Path) -> Result<PathBuf, String> {
    let mut download = python.0.pip("download");
    download.args(["--no-deps", "--no-binary", ":all:", "--dest"]).arg(into).arg("ravello-sdk==2.17");
    attempt(&mut download, "pip download")?;
    let mut unpack = Command::new("tar");
    unpack.arg("-xzf").arg(into.join("ravello-sdk-2.17.tar.gz")).arg("-C").arg(into);
    attempt(&mut unpack, "tar")?;
    Ok(into.join("ravello-sdk-2.17"))
}

/// Cause and end of every boot.
fn boots(cloud: &Cloud, vm: VmId) -> Vec<(BootCause, Option<BootEnd>)> {
    let log = cloud.simulator.boot_log(vm).into_iter();
    log.map(|boot| (boot.cause, boot.ended.map(|ended| ended.how))).collect()
}

#[test]
fn sdk_logs_in_with_and_without_domain_and_renews_a_dead_session() {
    let Some(cloud) = flow("session") else { return };
    assert_eq!(cloud.simulator.requests("POST", "/logout"), 1);
    assert_eq!(cloud.simulator.requests("POST", "/login"), 5, "one of them after a 401, one refused");
}

#[test]
fn sdk_works_with_an_ephemeral_token_and_no_login() {
    let Some(cloud) = flow("token") else { return };
    assert_eq!(cloud.simulator.requests("POST", "/login"), 1, "to create the token");
    assert_eq!(boots(&cloud, cloud.vm("node1")), [(BootCause::Start, None)]);
}

#[test]
fn sdk_creates_publishes_stops_and_deletes_an_application() {
    let Some(cloud) = flow("application") else { return };
    assert_eq!(
        boots(&cloud, cloud.vm("undercloud")),
        [(BootCause::Loaded, None)],
        "not touched by any of it"
    );
}

#[test]
fn sdk_drives_the_power_of_a_vm() {
    let Some(cloud) = flow("power") else { return };
    assert_eq!(
        boots(&cloud, cloud.vm("node1")),
        [
            (BootCause::Start, Some(BootEnd::Restart)),
            (BootCause::Restart, Some(BootEnd::Shutdown)),
            (BootCause::Start, Some(BootEnd::PowerOff)),
            (BootCause::Redeploy, Some(BootEnd::ResetDisks)),
            (BootCause::ResetDisks, None),
        ]
    );
}

#[test]
fn sdk_acts_on_several_vms_with_one_request() {
    let Some(cloud) = flow("batch") else { return };
    assert_eq!(cloud.simulator.requests("POST", "/applications/{id}/vms/start"), 1);
    for node in ["node1", "node2"] {
        assert_eq!(boots(&cloud, cloud.vm(node)), [(BootCause::Start, Some(BootEnd::PowerOff))]);
    }
}

#[test]
fn boot_flag_published_by_the_sdk_restarts_the_running_vm_and_no_other() {
    let Some(cloud) = flow("boot_device") else { return };
    let node1 = cloud.vm("node1");
    assert_eq!(
        boots(&cloud, node1),
        [(BootCause::Start, Some(BootEnd::Publish)), (BootCause::PublishRestart, None)]
    );
    assert_eq!(cloud.simulator.boot_log(node1)[1].device, BootedFrom::Disk);
    assert_eq!(boots(&cloud, cloud.vm("node2")), [(BootCause::Start, None)]);
}

#[test]
fn sdk_is_told_that_its_version_is_stale() {
    flow("stale_version");
}

#[test]
fn sdk_moves_the_expiration() {
    flow("expiration");
}

#[test]
fn sdk_reads_the_library_and_copies_an_application_by_a_blueprint() {
    flow("library");
}

#[test]
fn own_integration_tests_of_the_sdk_pass() {
    let Some(python) = Python::ready() else { return };
    let directory = tempfile::tempdir().expect("a directory");
    let sources = match sdk_sources(python, directory.path()) {
        Ok(sources) => sources,
        Err(why) => {
            println!("SKIPPED: the integration tests of ravello-sdk: {why}");
            return;
        }
    };
    // As short as possible: the SDK looks at once, and then only every five seconds.
    let cloud = Cloud::serve(1, Duration::from_millis(1));
    // Its wait_for finds its way back to an application only by this header, which the service did not send.
    cloud
        .simulator
        .set_switches(Switches { content_location: ContentLocation::Present, ..Switches::default() });
    let configuration = directory.path().join("test.conf");
    let tests = sources.join("tests");
    let report = said(
        python
            .script("sdk_own_tests.py")
            .args([&cloud.url, USERNAME, PASSWORD])
            .args([&tests, &configuration]),
    );
    let ran = report.lines().filter(|line| line.ends_with("... ok")).count();
    assert_eq!(ran, 20, "{report}");
}
