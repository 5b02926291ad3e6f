//! How many requests to the cloud's API it takes: ravbmc beside its predecessor, on one simulated cloud, in one run.
//!
//! * Idle: 100 nodes whose power is polled through real IPMI, as Ironic does all the time. Goal: at most
//!   [`IDLE_GOAL`] requests a minute, whatever the number of nodes.
//! * Deployment: "set the boot device and power-cycle" for 50 running nodes at once. Goal: at most
//!   [`WRITES_GOAL`] updates and as many publishes, and [`RATIO_GOAL`] times fewer requests than `ravstack` 1.1.
//!
//! The nodes' watchers are the real `ipmitool`, so without it nothing is measured; without ravstack only ravbmc is.
//!
//! The cloud works at speed 1 with transient states of one second; ravbmc has its default timing. Not met goals end
//! the run with a failure. `RAVBMC_BENCH_SECONDS` sets how long the idle application is watched.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ravbmc_tests::client::{Ipmitool, installed};
use ravbmc_tests::ravbmc::{Bmc, Process};
use ravbmc_tests::wait_for;
use ravello_sim::{BootCause, BootEnd, BootedFrom, VmState};

#[path = "../python/environment.rs"]
mod environment;

use environment::{Cloud, PASSWORD, Python, USERNAME, said};

const NODES: u32 = 100;
/// Polled once each in this time.
const POLL_INTERVAL: Duration = Duration::from_secs(60);
const DEPLOYED: usize = 50;
const TRANSIENT: Duration = Duration::from_secs(1);
/// How long a deployment may take: ravstack gives up after 20 minutes.
const BOUND: Duration = Duration::from_secs(1200);

const IDLE_GOAL: f64 = 10.0;
const WRITES_GOAL: u64 = 3;
const RATIO_GOAL: u64 = 10;

fn main() {
    if !installed("ipmitool") {
        return;
    }
    let cloud = Cloud::serve(NODES, TRANSIENT);
    let folder = tempfile::tempdir().unwrap();
    let daemon = Process::serve(&configuration(folder.path(), &cloud.url));
    let bmcs = daemon.bmcs();
    assert_eq!(bmcs.len(), usize::try_from(NODES).unwrap());

    let idle = idle(&cloud, &bmcs);
    println!(
        "\nidle: {NODES} nodes, each polled every {} s, watched for {:.0} s",
        POLL_INTERVAL.as_secs(),
        idle.seconds
    );
    println!("{:<44} {:>10} {:>14}", "", "requests", "per minute");
    println!(
        "{:<44} {:>10} {:>14.1}",
        "  power polls answered by the BMCs",
        idle.polls,
        idle.per_minute(idle.polls)
    );
    println!(
        "{:<44} {:>10} {:>14.1}",
        "  requests to the cloud",
        idle.requests,
        idle.per_minute(idle.requests)
    );

    let nodes: Vec<&Bmc> = bmcs.iter().take(DEPLOYED).collect();
    let ours = deploy_with_ravbmc(&cloud, &nodes);
    // One at a time on the application: the predecessor is measured alone.
    assert!(daemon.terminate(), "the daemon ends when asked to");
    let theirs = Python::ready().map(|python| deploy_with_ravstack(&cloud, python, &nodes));
    println!("\nset the boot device and power-cycle {DEPLOYED} running nodes at once");
    print_side_by_side(&ours, theirs.as_ref());

    let mut missed = Vec::new();
    if idle.per_minute(idle.requests) > IDLE_GOAL {
        missed.push(format!("more than {IDLE_GOAL} requests a minute while idle"));
    }
    for kind in ["PUT", "publishUpdates"] {
        if ours.count(kind) > WRITES_GOAL {
            missed.push(format!("{} requests with {kind}, more than {WRITES_GOAL}", ours.count(kind)));
        }
    }
    if let Some(theirs) = &theirs
        && theirs.total() < ours.total() * RATIO_GOAL
    {
        missed.push(format!("not {RATIO_GOAL} times fewer requests than ravstack"));
    }
    assert!(missed.is_empty(), "goals not met: {}", missed.join("; "));
    println!("\nAll goals met.");
}

/// The daemon as an operator sets it up, with every default.
fn configuration(folder: &Path, url: &str) -> std::path::PathBuf {
    let password = folder.join("api-password");
    std::fs::write(&password, PASSWORD).unwrap();
    std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o600)).unwrap();
    let file = folder.join("ravbmc.toml");
    let text = format!(
        r#"state-dir = "{state}"

[cloud]
base-url = "{url}"
username = "{USERNAME}"
password = {{ file = "{password}" }}

[bmc]
port-base = 0

[[bmc.user]]
name = "admin"
password = {{ env = "RAVBMC_PASSWORD" }}

[[application]]
name = "demo"
"#,
        state = folder.join("state").display(),
        password = password.display(),
    );
    std::fs::write(&file, text).unwrap();
    file
}

struct Idle {
    seconds: f64,
    polls: u64,
    requests: u64,
}

impl Idle {
    fn per_minute(&self, count: u64) -> f64 {
        f64::from(u32::try_from(count).unwrap()) * 60.0 / self.seconds
    }
}

/// Polls all nodes, evenly spread over the interval: harder than all in one burst, which one look could answer.
fn idle(cloud: &Cloud, bmcs: &[Bmc]) -> Idle {
    let seconds = std::env::var("RAVBMC_BENCH_SECONDS");
    let window = Duration::from_secs(seconds.map_or(120, |seconds| seconds.parse().expect("seconds")));
    cloud.simulator.clear_requests();
    let polls = AtomicU64::new(0);
    let begun = Instant::now();
    let pause = POLL_INTERVAL / NODES;
    std::thread::scope(|scope| {
        for (number, bmc) in (1..).zip(bmcs.iter().cycle()) {
            let due = begun + pause * number;
            if due > begun + window {
                break;
            }
            while let Some(left) = due.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
                std::thread::park_timeout(left);
            }
            let polls = &polls;
            scope.spawn(move || {
                let said = Ipmitool::new(bmc).run("power status");
                assert_eq!(said.out.trim(), "Chassis Power is off", "{said:?}");
                polls.fetch_add(1, Ordering::Relaxed);
            });
        }
    });
    let requests = cloud.simulator.request_counts().values().sum();
    Idle { seconds: begun.elapsed().as_secs_f64(), polls: polls.into_inner(), requests }
}

/// What a deployment cost.
struct Cost {
    time: Duration,
    requests: BTreeMap<String, u64>,
    /// Boots that were not the one that was wanted.
    stray_boots: usize,
    /// Commands that failed and were given again.
    failed_commands: usize,
}

impl Cost {
    fn count(&self, text: &str) -> u64 {
        self.requests.iter().filter(|(kind, _)| kind.contains(text)).map(|(_, count)| count).sum()
    }

    fn total(&self) -> u64 {
        self.requests.values().sum()
    }
}

/// Runs a deployment and waits until every node runs what it shall.
fn measure(cloud: &Cloud, nodes: &[&Bmc], device: BootedFrom, deploy: impl FnOnce() -> usize) -> Cost {
    let boots = |name: &str| cloud.simulator.boot_log(cloud.vm(name));
    let before: Vec<usize> = nodes.iter().map(|node| boots(&node.name).len()).collect();
    cloud.simulator.clear_requests();
    let begun = Instant::now();
    let failed_commands = deploy();
    let runs = |node: &&Bmc| {
        let last = boots(&node.name).pop().unwrap();
        let state = cloud.simulator.vm_state(cloud.vm(&node.name));
        last.cause == BootCause::Start && last.device == device && state == Some(VmState::Started)
    };
    wait_for(
        "all nodes run",
        BOUND,
        || nodes.iter().filter(|node| runs(node)).count(),
        |up| *up == nodes.len(),
    );
    let time = begun.elapsed();
    let stray = |(node, before): (&&Bmc, &usize)| {
        let boots = boots(&node.name);
        let cycles = boots[before - 1].ended.is_some_and(|ended| ended.how == BootEnd::PowerOff);
        boots.len() - before - 1 + usize::from(!cycles)
    };
    let stray_boots = nodes.iter().zip(&before).map(stray).sum();
    let counts = cloud.simulator.request_counts().into_iter();
    let requests = counts.map(|(kind, count)| (kind.to_string(), count)).collect();
    Cost { time, requests, stray_boots, failed_commands }
}

fn deploy_with_ravbmc(cloud: &Cloud, nodes: &[&Bmc]) -> Cost {
    at_once(nodes, |node| drop(Ipmitool::new(node).ok("power on")));
    let up = || {
        let states = nodes.iter().map(|node| cloud.simulator.vm_state(cloud.vm(&node.name)));
        states.filter(|state| *state == Some(VmState::Started)).count()
    };
    wait_for("all nodes run", BOUND, up, |up| *up == nodes.len());
    measure(cloud, nodes, BootedFrom::Disk, || {
        at_once(nodes, |node| {
            Ipmitool::new(node).ok("raw 0x00 0x08 0x03 0x08");
            Ipmitool::new(node).ok("raw 0x00 0x08 0x05 0xe0 0x08 0x00 0x00 0x00");
            Ipmitool::new(node).ok("power cycle");
        });
        0
    })
}

/// The same with ravstack's own commands, in parallel, as Ironic's driver gave them. A command that fails (it says
/// `Error:` and ends with success) is given again.
fn deploy_with_ravstack(cloud: &Cloud, python: &Python, nodes: &[&Bmc]) -> Cost {
    let home = tempfile::tempdir().unwrap();
    let command = |arguments: &[&str]| -> String {
        let mut command: Command = python.script("ravstack_at.py");
        command.arg(&cloud.url).args(["-u", USERNAME, "-p", PASSWORD, "-a", "demo"]).args(arguments);
        let home = home.path();
        command.env("HOME", home).env("VIRTUAL_ENV", home).env("LOGNAME", "stack");
        said(&mut command)
    };
    // Once alone: it makes its directories.
    command(&["node-list"]);
    measure(cloud, nodes, BootedFrom::Network, || {
        let failed = AtomicUsize::new(0);
        at_once(nodes, |node| {
            for arguments in
                [vec!["node-set-boot-device", &node.name, "network"], vec!["node-reboot", &node.name]]
            {
                let mut tries = 0;
                while let Some(error) = command(&arguments).lines().find(|line| line.contains("Error: ")) {
                    failed.fetch_add(1, Ordering::Relaxed);
                    tries += 1;
                    assert!(tries < 50, "{arguments:?} fails again and again: {error}");
                }
            }
        });
        failed.into_inner()
    })
}

fn at_once(nodes: &[&Bmc], work: impl Fn(&Bmc) + Sync) {
    std::thread::scope(|scope| {
        for node in nodes {
            scope.spawn(|| work(node));
        }
    });
}

fn print_side_by_side(ours: &Cost, theirs: Option<&Cost>) {
    let line = |what: &str, value: &dyn Fn(&Cost) -> String| {
        println!("{what:<44} {:>10} {:>14}", value(ours), theirs.map_or_else(|| "SKIPPED".to_owned(), value));
    };
    println!("{:<44} {:>10} {:>14}", "", "ravbmc", "ravstack 1.1");
    let mut kinds: Vec<&String> =
        ours.requests.keys().chain(theirs.iter().flat_map(|cost| cost.requests.keys())).collect();
    kinds.sort();
    kinds.dedup();
    for kind in kinds {
        line(&format!("  {kind}"), &|cost| cost.requests.get(kind).copied().unwrap_or_default().to_string());
    }
    line("all requests", &|cost| cost.total().to_string());
    line("time, s", &|cost| format!("{:.1}", cost.time.as_secs_f64()));
    line("boots that nobody wanted", &|cost| cost.stray_boots.to_string());
    line("commands that failed and were repeated", &|cost| cost.failed_commands.to_string());
    if let Some(theirs) = theirs {
        println!("ravbmc makes {} times fewer requests.", theirs.total() / ours.total().max(1));
    }
}
