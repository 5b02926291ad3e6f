//! The predecessor, `ravstack` 1.1, unmodified, against the simulator (`ravello-api.md §15–18`).

use std::process::Command;
use std::time::Duration;

use ravello_sim::{BootCause, BootEnd, BootedFrom, Simulator, VmState};
use serde_json::{Value, json};
use tempfile::TempDir;

#[path = "../python/environment.rs"]
mod environment;

use environment::{Cloud, PASSWORD, Python, USERNAME, said};

/// As short as possible: ravstack waits ten seconds before it looks again.
const TRANSIENT: Duration = Duration::from_millis(1);

/// The predecessor at work: a cloud, and a home directory of its own.
struct Ravstack {
    python: &'static Python,
    cloud: Cloud,
    home: TempDir,
}

impl Ravstack {
    /// With that many nodes; `None` if there is no Python here.
    fn with_nodes(nodes: u32) -> Option<Self> {
        let python = Python::ready()?;
        let home = tempfile::tempdir().expect("a directory");
        // It writes to /etc if it is allowed to; here nobody is.
        let sudo = home.path().join("sudo");
        std::fs::write(&sudo, "#!/bin/sh\nexit 1\n").expect("a script");
        Command::new("chmod").arg("755").arg(&sudo).status().expect("chmod");
        Some(Self { python, cloud: Cloud::serve(nodes, TRANSIENT), home })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        self.command_with(PASSWORD, arguments)
    }

    fn command_with(&self, password: &str, arguments: &[&str]) -> Command {
        let mut command = self.python.script("ravstack_at.py");
        command.arg(&self.cloud.url).args(["-u", USERNAME, "-p", password, "-a", "demo"]).args(arguments);
        let home = self.home.path();
        command.env("HOME", home).env("VIRTUAL_ENV", home).env("LOGNAME", "stack");
        command.env("PATH", format!("{}:/usr/bin:/bin", home.display()));
        command
    }

    /// What it says. Its exit status is 0 even if it fails, so the text is looked at.
    fn run(&self, arguments: &[&str]) -> String {
        let text = said(&mut self.command(arguments));
        assert!(!text.contains("Error: "), "{arguments:?}: {text}");
        text
    }

    /// The requests that a command makes, by kind.
    fn requests(&self, arguments: &[&str]) -> Vec<(String, u64)> {
        self.cloud.simulator.clear_requests();
        self.run(arguments);
        let counts = self.cloud.simulator.request_counts();
        counts.into_iter().map(|(kind, count)| (kind.to_string(), count)).collect()
    }

    /// Runs a command and waits until the node has reached a state.
    fn bring(&self, arguments: &[&str], node: &str, state: VmState) {
        self.run(arguments);
        let vm = self.cloud.vm(node);
        self.wait_until(|simulator| simulator.vm_state(vm) == Some(state));
    }

    /// Waits until something holds in the cloud.
    fn wait_until(&self, mut holds: impl FnMut(&Simulator) -> bool) {
        const BOUND: Duration = Duration::from_secs(20);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let wait = self.cloud.simulator.wait_until(&mut holds);
        let waited = runtime.block_on(async { tokio::time::timeout(BOUND, wait).await });
        waited.expect("the cloud gets there in time");
    }

    fn start(&self, node: &str) {
        self.bring(&["node-start", node], node, VmState::Started);
    }

    fn stop(&self, node: &str) {
        self.bring(&["node-stop", node], node, VmState::Stopped);
    }

    /// The application as the API shows it.
    fn application(&self) -> Value {
        let id = self.cloud.simulator.application_named("demo").expect("the application");
        self.cloud.simulator.application(id).expect("the application")
    }

    /// A field of a node: in the design and in the deployment.
    fn field(&self, node: &str, pointer: &str) -> [Value; 2] {
        let application = self.application();
        ["design", "deployment"].map(|aspect| {
            let vms = application[aspect]["vms"].as_array().expect("VMs");
            let vm = vms.iter().find(|vm| vm["name"] == node).expect("the node");
            vm.pointer(pointer).cloned().unwrap_or_default()
        })
    }

    /// Cause, device and end of every boot of a node.
    fn boots(&self, node: &str) -> Vec<(BootCause, BootedFrom, Option<BootEnd>)> {
        let log = self.cloud.simulator.boot_log(self.cloud.vm(node)).into_iter();
        log.map(|boot| (boot.cause, boot.device, boot.ended.map(|ended| ended.how))).collect()
    }
}

/// The three requests before anything else (`§15`).
const BEFORE: [(&str, u64); 3] =
    [("GET /applications/{id}", 1), ("POST /applications/filter", 1), ("POST /login", 1)];

fn sorted(requests: &[(&str, u64)]) -> Vec<(String, u64)> {
    let mut all: Vec<_> =
        BEFORE.iter().chain(requests).map(|(kind, count)| ((*kind).to_owned(), *count)).collect();
    all.sort();
    all
}

#[test]
fn node_list_names_the_nodes_that_run_and_not_the_undercloud() {
    let Some(ravstack) = Ravstack::with_nodes(3) else { return };
    assert_eq!(ravstack.run(&["node-list"]), "");
    assert_eq!(ravstack.run(&["node-list", "--all"]), "node1\nnode2\nnode3\n");
    ravstack.start("node2");
    assert_eq!(ravstack.run(&["node-list"]), "node2\n");
}

#[test]
fn start_stop_and_reboot_are_hard() {
    let Some(ravstack) = Ravstack::with_nodes(1) else { return };
    ravstack.start("node1");
    ravstack.stop("node1");
    ravstack.start("node1");
    ravstack.bring(&["node-reboot", "node1"], "node1", VmState::Started);
    let hard = (BootCause::Start, BootedFrom::Network, Some(BootEnd::PowerOff));
    assert_eq!(ravstack.boots("node1"), [hard, hard, (BootCause::Start, BootedFrom::Network, None)]);
}

#[test]
fn commands_make_the_requests_that_are_known_of_them() {
    let Some(ravstack) = Ravstack::with_nodes(1) else { return };
    let start = ("POST /applications/{id}/vms/{id}/start", 1);
    let publish = ("POST /applications/{id}/publishUpdates", 1);
    let put = ("PUT /applications/{id}", 1);
    assert_eq!(ravstack.requests(&["node-list"]), sorted(&[]));
    assert_eq!(ravstack.requests(&["node-start", "node1"]), sorted(&[start]));
    let vm = ravstack.cloud.vm("node1");
    ravstack.wait_until(|simulator| simulator.vm_state(vm) == Some(VmState::Started));
    assert_eq!(ravstack.requests(&["node-set-boot-device", "node1", "network"]), sorted(&[]));
    assert_eq!(ravstack.requests(&["node-set-boot-device", "node1", "hd"]), sorted(&[put, publish]));
    assert_eq!(ravstack.requests(&["node-start", "node1"]), sorted(&[]), "it runs already");
    let poweroff = ("POST /applications/{id}/vms/{id}/poweroff", 1);
    assert_eq!(ravstack.requests(&["node-stop", "node1"]), sorted(&[poweroff]));
    ravstack.wait_until(|simulator| simulator.vm_state(vm) == Some(VmState::Stopped));
    assert_eq!(ravstack.requests(&["node-start", "node1"]), sorted(&[put, publish, start]));
}

#[test]
fn boot_device_of_a_running_node_is_queued_as_a_tag_and_applied_by_the_next_start() {
    let Some(ravstack) = Ravstack::with_nodes(2) else { return };
    ravstack.start("node1");
    let description = "Plays a bare-metal server.";
    assert_eq!(ravstack.run(&["node-get-boot-device", "node1"]), "network\n");

    ravstack.run(&["node-set-boot-device", "node1", "hd"]);
    let tagged = json!(format!("{description}[boot: hd]"));
    assert_eq!(ravstack.field("node1", "/description"), [tagged.clone(), tagged]);
    assert_eq!(ravstack.field("node1", "/hardDrives/1/boot"), [json!(false), json!(false)]);
    assert_eq!(ravstack.run(&["node-get-boot-device", "node1"]), "hd\n");
    assert_eq!(ravstack.boots("node1"), [(BootCause::Start, BootedFrom::Network, None)], "not restarted");

    ravstack.cloud.simulator.reboot_guest(ravstack.cloud.vm("node1")).expect("the guest runs");
    ravstack.stop("node1");
    ravstack.start("node1");
    assert_eq!(
        ravstack.boots("node1"),
        [
            (BootCause::Start, BootedFrom::Network, Some(BootEnd::GuestReboot)),
            (BootCause::GuestReboot, BootedFrom::Network, Some(BootEnd::PowerOff)),
            (BootCause::Start, BootedFrom::Disk, None),
        ]
    );
    assert_eq!(ravstack.field("node1", "/description"), [json!(description), json!(description)]);
    assert_eq!(ravstack.run(&["node-get-boot-device", "node1"]), "hd\n");
    assert_eq!(ravstack.boots("node2"), []);
}

#[test]
fn boot_device_of_a_stopped_node_is_set_at_once() {
    let Some(ravstack) = Ravstack::with_nodes(1) else { return };
    ravstack.run(&["node-set-boot-device", "node1", "hd"]);
    assert_eq!(ravstack.field("node1", "/hardDrives/1/boot"), [json!(true), json!(true)]);
    assert_eq!(ravstack.field("node1", "/description")[0], "Plays a bare-metal server.");
    assert_eq!(ravstack.cloud.simulator.vm_state(ravstack.cloud.vm("node1")), Some(VmState::Stopped));
    ravstack.start("node1");
    assert_eq!(ravstack.boots("node1"), [(BootCause::Start, BootedFrom::Disk, None)]);
}

#[test]
fn boot_device_that_is_taken_back_leaves_no_tag() {
    let Some(ravstack) = Ravstack::with_nodes(1) else { return };
    ravstack.start("node1");
    ravstack.run(&["node-set-boot-device", "node1", "hd"]);
    ravstack.run(&["node-set-boot-device", "node1", "network"]);
    assert_eq!(ravstack.field("node1", "/description")[0], "Plays a bare-metal server.");
    assert_eq!(ravstack.boots("node1").len(), 1, "not restarted");
}

#[test]
fn start_extends_an_expiration_that_is_near() {
    let Some(ravstack) = Ravstack::with_nodes(1) else { return };
    let simulator = &ravstack.cloud.simulator;
    let application = simulator.application_named("demo").expect("the application");
    simulator.set_expiration(application, 600).expect("a published application");
    let before = ravstack.application()["nextStopTime"].as_u64().expect("a time");
    ravstack.start("node1");
    let after = ravstack.application()["nextStopTime"].as_u64().expect("a time");
    let minutes = (after - before) / 60_000;
    assert!((109..=111).contains(&minutes), "from ten minutes to two hours: {minutes}");
    assert_eq!(simulator.requests("POST", "/applications/{id}/setExpiration"), 1);
}

#[test]
fn node_dump_writes_the_nodes_file() {
    let Some(ravstack) = Ravstack::with_nodes(2) else { return };
    let home = ravstack.home.path();
    std::fs::create_dir(home.join(".ssh")).expect("a directory");
    std::fs::write(home.join(".ssh/id_ravstack"), "a key").expect("a file");
    assert!(ravstack.run(&["node-dump"]).contains("Wrote 2 nodes"));
    let text = std::fs::read_to_string(home.join("instackenv.json")).expect("the nodes file");
    let dumped: Value = serde_json::from_str(&text).expect("JSON");
    let nodes = dumped["nodes"].as_array().expect("nodes");
    let names: Vec<&str> = nodes.iter().filter_map(|node| node["name"].as_str()).collect();
    assert_eq!(names, ["node1", "node2"]);
    assert_eq!(nodes[0]["memory"], "8192");
    assert_eq!(nodes[0]["cpu"], "2");
    // It takes the first drive, whatever that is: here the CD-ROM.
    assert_eq!(nodes[0]["disk"], "0");
    let macs: Vec<&str> =
        nodes[0]["mac"].as_array().expect("MACs").iter().filter_map(Value::as_str).collect();
    assert_eq!(macs.len(), 2);
    assert!(macs.iter().all(|mac| mac.starts_with("2c:c2:60:")), "{macs:?}");
    assert_eq!(ravstack.run(&["node-get-macs", "node1"]), format!("{}\n{}\n", macs[0], macs[1]));
}

#[test]
fn node_create_adds_a_node_that_is_published_and_off() {
    let Some(ravstack) = Ravstack::with_nodes(2) else { return };
    assert_eq!(ravstack.run(&["node-create", "-m", "4096", "-n", "2"]), "Created 2 nodes: node3, node4.\n");
    let [third, fourth] = ["node3", "node4"].map(|node| ravstack.cloud.vm(node));
    ravstack.wait_until(|simulator| {
        [third, fourth].iter().all(|vm| simulator.vm_state(*vm) == Some(VmState::Stopped))
    });
    assert_eq!(ravstack.run(&["node-list", "--all"]), "node1\nnode2\nnode3\nnode4\n");
    let deployed = |pointer| ravstack.field("node3", pointer)[1].clone();
    assert_eq!(deployed("/memorySize"), json!({ "value": 4096, "unit": "MB" }), "it sent a string");
    assert_eq!(deployed("/numCpus"), 2);
    assert_eq!(deployed("/hardDrives/0/size/value"), 60);
    assert_eq!(deployed("/hardDrives/1/baseDiskImageName"), "ipxe.iso");
    assert_eq!(deployed("/networkConnections/0/ipConfig/staticIpConfig/ip"), "192.168.2.12");
    assert_eq!(deployed("/cpuIds/2/index"), "8000000a", "hexadecimal stays a string");
    ravstack.start("node3");
    assert_eq!(ravstack.boots("node3"), [(BootCause::Start, BootedFrom::Disk, None)], "its disk is bootable");
    assert_eq!(ravstack.boots("node4"), []);
}

#[test]
fn two_writers_at_once_lose_nothing() {
    let Some(ravstack) = Ravstack::with_nodes(2) else { return };
    for node in ["node1", "node2"] {
        ravstack.start(node);
    }
    let writers = ["node1", "node2"].map(|node| {
        let mut command = ravstack.command(&["node-set-boot-device", node, "hd"]);
        std::thread::spawn(move || said(&mut command))
    });
    for writer in writers {
        let text = writer.join().expect("a writer");
        assert!(!text.contains("Error: "), "{text}");
    }
    for node in ["node1", "node2"] {
        let tagged = json!("Plays a bare-metal server.[boot: hd]");
        assert_eq!(ravstack.field(node, "/description"), [tagged.clone(), tagged], "{node}");
        assert_eq!(ravstack.boots(node).len(), 1, "{node} is not restarted");
    }
}

#[test]
fn refused_login_is_reported() {
    let Some(ravstack) = Ravstack::with_nodes(1) else { return };
    let text = said(&mut ravstack.command_with("wrong", &["node-list"]));
    assert!(text.contains("Error: login failed with provided credentials"), "{text}");
}
