//! Others write to the same application while Ironic-like traffic runs: the vendor's own SDK and the predecessor
//! `ravstack`, both unmodified. Everybody's changes are there in the end, and nobody's VM is restarted by anybody.
//!
//! | who | what |
//! |---|---|
//! | ravbmc | boot device and power cycle of node1, node2 and node3, again and again |
//! | ravstack | boot device of node4, which runs, and of node5, which is off |
//! | the SDK | lines in the descriptions of the undercloud and node1 (whole applications) and of node6 (one VM) |

use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use ravbmc_tests::client::{Ipmitool, installed};
use ravbmc_tests::ravbmc::{API_PASSWORD, API_USER, Bmc, Process, configuration};
use ravbmc_tests::simulated::Simulated;
use ravbmc_tests::wait_for;
use ravello_sim::{BootCause, BootEnd, BootedFrom, VmState};

#[path = "../python/environment.rs"]
#[expect(dead_code, reason = "the cloud of that module has other users")]
mod environment;

use environment::{Python, said};

const NODES: u32 = 6;
const TRANSIENT: Duration = Duration::from_millis(100);
const BOUND: Duration = Duration::from_secs(120);
/// Boot devices that ravstack sets for each of its nodes.
const RAVSTACK_ROUNDS: usize = 4;
/// Lines that the SDK writes at each place.
const LINES: usize = 60;

#[test]
fn nobody_loses_an_update_and_nobody_is_restarted() {
    let Some(python) = Python::ready() else { return };
    if !installed("ipmitool") {
        return;
    }
    let cloud = Simulated::serve(NODES, TRANSIENT);
    let folder = tempfile::tempdir().unwrap();
    let ours = "nodes = { only = [\"node1\", \"node2\", \"node3\"] }\n";
    let daemon = Process::serve(&configuration(folder.path(), &cloud.url, ours));
    let bmcs = daemon.bmcs();
    assert_eq!(bmcs.len(), 3);
    let ravstack =
        Ravstack { python, url: format!("{}/api/v1", cloud.url), home: folder.path().join("home") };
    std::fs::create_dir(&ravstack.home).unwrap();
    assert_eq!(ravstack.run(&["node-start", "node4"]), "");
    wait_for("node4 runs", BOUND, || cloud.state("node4"), |state| *state == VmState::Started);

    let others = AtomicUsize::new(0);
    let others_wrote = AtomicBool::new(false);
    let (conflicts, cycles, failures) = std::thread::scope(|scope| {
        let sdk = scope.spawn(|| {
            let mut writer = python.script("second_writer.py");
            let lines = LINES.to_string();
            let conflicts = said(writer.args([&ravstack.url, API_USER, API_PASSWORD, &lines]));
            others.fetch_add(1, Ordering::SeqCst);
            conflicts.trim().to_owned()
        });
        let predecessor = scope.spawn(|| {
            let failures: Vec<_> =
                ["node4", "node5"].map(|node| scope.spawn(|| ravstack.set_boot_devices(node))).into();
            let failures = failures.into_iter().map(|node| node.join().unwrap()).sum::<usize>();
            others.fetch_add(1, Ordering::SeqCst);
            failures
        });
        let watch = scope.spawn(|| {
            wait_for("the others", BOUND * 4, || others.load(Ordering::SeqCst), |done| *done == 2);
            others_wrote.store(true, Ordering::SeqCst);
        });
        let traffic: Vec<_> =
            bmcs.iter().map(|bmc| scope.spawn(|| deploy_until(&cloud, bmc, &others_wrote))).collect();
        let cycles: Vec<usize> = traffic.into_iter().map(|node| node.join().unwrap()).collect();
        watch.join().unwrap();
        (sdk.join().unwrap(), cycles, predecessor.join().unwrap())
    });
    println!(
        "second writers: {cycles:?} deployments through ravbmc beside {} boot devices of ravstack ({failures} commands \
         failed by themselves and were repeated) and {LINES} rounds of the SDK ({conflicts} conflicts)",
        2 * RAVSTACK_ROUNDS
    );

    // The SDK's lines are all there, in their order, beside whatever the others have put into the same texts.
    for name in ["undercloud", "node1", "node6"] {
        let description = cloud.description(name);
        let lines: Vec<String> = description.lines().skip(1).map(without_tag).collect();
        let expected: Vec<String> = (1..=LINES).map(|number| format!("line {number}")).collect();
        assert_eq!(lines, expected, "{name}: {description:?}");
    }
    // What ravstack has set last holds.
    for node in ["node4", "node5"] {
        assert_eq!(ravstack.run(&["node-get-boot-device", node]), format!("{}\n", device(RAVSTACK_ROUNDS)));
    }
    // Nobody was restarted.
    assert_eq!(cloud.boots("undercloud"), [(BootCause::Loaded, BootedFrom::Disk, None)]);
    assert_eq!(cloud.boots("node4"), [(BootCause::Start, BootedFrom::Network, None)]);
    assert_eq!((cloud.boots("node5"), cloud.boots("node6")), (vec![], vec![]));
    for bmc in &bmcs {
        let gone = |description: &String| !description.contains("[boot:");
        wait_for("no tag is left", BOUND, || cloud.description(&bmc.name), gone);
    }
}

/// Boot device and power cycle, as Ironic does it, until it is over; every boot is the one that was asked for. Returns
/// how often.
fn deploy_until(cloud: &Simulated, bmc: &Bmc, over: &AtomicBool) -> usize {
    let ipmi = Ipmitool::new(bmc);
    let mut boots = Vec::new();
    while !over.load(Ordering::SeqCst) || boots.len() < 3 {
        let (device, flags) = match boots.len() % 2 {
            0 => (BootedFrom::Disk, "0x08"),
            _ => (BootedFrom::Network, "0x04"),
        };
        ipmi.ok(&format!("raw 0x00 0x08 0x05 0xe0 {flags} 0x00 0x00 0x00"));
        ipmi.ok(if boots.is_empty() { "power on" } else { "power cycle" });
        if let Some((_, _, ended)) = boots.last_mut() {
            *ended = Some(BootEnd::PowerOff);
        }
        boots.push((BootCause::Start, device, None));
        wait_for(&bmc.name, BOUND, || cloud.boots(&bmc.name), |seen| *seen == boots);
        let on = || ipmi.run("power status").out;
        wait_for("on", BOUND, on, |said| said.contains("Chassis Power is on"));
        wait_for("STARTED", BOUND, || cloud.state(&bmc.name), |state| *state == VmState::Started);
    }
    boots.len()
}

struct Ravstack {
    python: &'static Python,
    url: String,
    home: std::path::PathBuf,
}

impl Ravstack {
    fn run(&self, arguments: &[&str]) -> String {
        let mut command: Command = self.python.script("ravstack_at.py");
        command.arg(&self.url).args(["-u", API_USER, "-p", API_PASSWORD, "-a", "demo"]).args(arguments);
        command.env("HOME", &self.home).env("VIRTUAL_ENV", &self.home).env("LOGNAME", "stack");
        said(&mut command)
    }

    /// Sets one boot device after the other. It gives up after the third conflict, and its exit status is 0 even then,
    /// so a command that failed is repeated; returns how often.
    fn set_boot_devices(&self, node: &str) -> usize {
        let mut failures = 0;
        for round in 1..=RAVSTACK_ROUNDS {
            while self.run(&["node-set-boot-device", node, device(round)]).contains("Error: ") {
                failures += 1;
                assert!(failures < 100, "ravstack never gets through");
            }
        }
        failures
    }
}

fn device(round: usize) -> &'static str {
    if round % 2 == 1 { "hd" } else { "network" }
}

/// A line without the tag that stands at its end while a boot device is pending.
fn without_tag(line: &str) -> String {
    line.replace("[boot: hd]", "").replace("[boot: network]", "")
}
