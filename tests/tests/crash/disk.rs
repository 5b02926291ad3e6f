//! No room, or no place at all, for the journal: then nothing is acknowledged.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use ipmi_proto::number::CompletionCode;
use ravbmc_tests::client::installed;
use ravbmc_tests::ravbmc::{API_PASSWORD, Bmc, PASSWORD, configuration, program, run};
use ravbmc_tests::simulated::Simulated;
use ravbmc_tests::wait_for;
use ravello_sim::{BootCause, BootedFrom, VmState};
use serde_json::Value;

use crate::BOUND;
use crate::client::{CONTROL, Exchange, GET_BOOT_OPTIONS, SET_BOOT_OPTIONS, STATUS, exchange};

/// Of the file system.
const SIZE: &str = "8m";
/// So many that their records do not fit into what the journal has from the start.
const NODES: u32 = 100;

#[test]
fn a_state_directory_that_cannot_be_used_is_an_error_at_the_start() {
    let cloud = Simulated::serve(1, Duration::from_millis(50));
    let folder = tempfile::tempdir().unwrap();
    let file = configuration(folder.path(), &cloud.url, "");
    let state = folder.path().join("state");
    fs::write(&state, "a file, no folder").unwrap();
    let output = run(&["serve", "--config", file.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains(state.to_str().unwrap()), "the error names the folder: {said}");
    assert!(!said.contains("panicked"), "{said}");
    assert_eq!(cloud.simulator.request_counts().values().sum::<u64>(), 0, "nothing was begun");
}

#[test]
fn a_journal_that_is_damaged_is_an_error_at_the_start_and_stays_as_it_is() {
    let cloud = Simulated::serve(1, Duration::from_millis(50));
    let folder = tempfile::tempdir().unwrap();
    let file = configuration(folder.path(), &cloud.url, "");
    let journal = folder.path().join("state/journal.redb");
    fs::create_dir(folder.path().join("state")).unwrap();
    fs::write(&journal, "this is no journal").unwrap();
    let output = run(&["serve", "--config", file.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains(journal.to_str().unwrap()), "the error names the file: {said}");
    assert!(!said.contains("panicked"), "{said}");
    assert_eq!(fs::read_to_string(&journal).unwrap(), "this is no journal");
}

#[test]
fn a_full_disk_refuses_requests_and_reading_works_and_room_ends_it() {
    let cloud = Simulated::serve(NODES, Duration::from_millis(50));
    let folder = tempfile::tempdir().unwrap();
    let file = configuration(folder.path(), &cloud.url, "");
    let state = folder.path().join("state");
    fs::create_dir(&state).unwrap();
    let Some(disk) = SmallDisk::mount(&state) else { return };
    let daemon = disk.serve(&file);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let ask = |node: usize, command, data: &[u8]| match runtime.block_on(exchange(
        &daemon.bmcs[node],
        command,
        data,
    )) {
        Exchange::Answered(code, data) => (code, data),
        silence => panic!("no answer of {}: {silence:?}", daemon.bmcs[node].name),
    };
    let nodes = daemon.bmcs.len();
    let power_on = |node| ask(node, CONTROL, &[1]).0;
    let boot_from_disk = |node| ask(node, SET_BOOT_OPTIONS, &[0x05, 0xe0, 0x08, 0, 0, 0]).0;
    assert_eq!(power_on(0), CompletionCode::NORMAL);
    let first = &daemon.bmcs[0].name;
    wait_for("it runs", BOUND, || cloud.state(first), |state| *state == VmState::Started);

    // What the journal has already it can use again; the records of one node after the other need more.
    disk.fill();
    let codes: Vec<CompletionCode> = (0..nodes).map(boot_from_disk).collect();
    let refused = codes.iter().filter(|code| !code.is_normal()).count();
    assert!(refused > 0, "a full disk refuses something");
    assert!(codes.iter().all(|code| [CompletionCode::NORMAL, CompletionCode::UNSPECIFIED].contains(code)));
    // One that is off.
    let first_refused = (1..nodes).find(|node| !codes[*node].is_normal()).unwrap();
    println!("full disk: {refused} of {nodes} requests refused");

    // Reading works, and tells the truth about what was acknowledged and what was not.
    let (code, status) = ask(0, STATUS, &[]);
    assert_eq!((code, status[0] & 1), (CompletionCode::NORMAL, 1));
    let disk_is_set = |node| {
        let (code, data) = ask(node, GET_BOOT_OPTIONS, &[0x05, 0, 0]);
        code.is_normal() && data[2..] == [0xe0, 0x08, 0, 0, 0]
    };
    for (node, code) in codes.iter().enumerate() {
        assert_eq!(disk_is_set(node), code.is_normal(), "{}", daemon.bmcs[node].name);
    }

    // With room again, without a restart.
    disk.make_room();
    wait_for("requests are taken again", BOUND, || boot_from_disk(first_refused), |code| code.is_normal());
    let name = &daemon.bmcs[first_refused].name;
    assert_eq!(power_on(first_refused), CompletionCode::NORMAL);
    wait_for("it runs", BOUND, || cloud.state(name), |state| *state == VmState::Started);
    assert_eq!(cloud.boots(name), [(BootCause::Start, BootedFrom::Disk, None)]);
    assert_eq!(cloud.boots(first).len(), 1, "nothing that was refused is carried out");

    // What was acknowledged while the disk was full is still there after a crash.
    let before: Vec<String> = daemon.bmcs.iter().map(|bmc| bmc.node.clone()).collect();
    drop(daemon);
    let daemon = disk.serve(&file);
    for (node, code) in codes.iter().enumerate().filter(|(node, _)| *node != first_refused) {
        let said = runtime.block_on(exchange(&daemon.bmcs[node], GET_BOOT_OPTIONS, &[0x05, 0, 0]));
        let Exchange::Answered(CompletionCode::NORMAL, data) = said else { panic!("node {node}: {said:?}") };
        assert_eq!(data[2..] == [0xe0, 0x08, 0, 0, 0], code.is_normal(), "{}", daemon.bmcs[node].name);
        assert_eq!(daemon.bmcs[node].node, before[node], "the nodes are in the same order");
    }
}

#[test]
fn a_disk_that_is_full_from_the_start_is_an_error_at_the_start() {
    let cloud = Simulated::serve(1, Duration::from_millis(50));
    let folder = tempfile::tempdir().unwrap();
    let file = configuration(folder.path(), &cloud.url, "");
    let state = folder.path().join("state");
    fs::create_dir(&state).unwrap();
    let Some(disk) = SmallDisk::mount(&state) else { return };
    disk.fill();
    let output = disk.command(&file).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains(state.to_str().unwrap()), "the error names the place: {said}");
    assert!(!said.contains("panicked"), "{said}");
}

/// A small file system in memory, in place of the state directory; nobody sees it but who is let in.
struct SmallDisk {
    /// Ends when its input is closed, and the file system with it.
    keeper: Child,
    /// The state directory, as seen from outside.
    state: PathBuf,
}

/// A daemon whose state directory is a small disk.
struct OnSmallDisk {
    child: Child,
    bmcs: Vec<Bmc>,
    /// Kept open: a program that cannot write to its output would end.
    _output: BufReader<ChildStdout>,
}

impl SmallDisk {
    /// `None` if this system does not let us mount one; a line says so.
    fn mount(state: &Path) -> Option<Self> {
        let script = format!(r#"mount -t tmpfs -o size={SIZE} ravbmc-test "$0" && echo mounted && exec cat"#);
        let keeper = Command::new("unshare")
            .args(["--mount", "sh", "-c", &script])
            .arg(state)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut told = String::new();
        if let Ok(mut keeper) = keeper {
            let mut output = BufReader::new(keeper.stdout.take().unwrap());
            let _ = output.read_line(&mut told);
            let inside = PathBuf::from(format!("/proc/{}/root", keeper.id()));
            let disk = Self { keeper, state: inside.join(state.strip_prefix("/").unwrap()) };
            if told == "mounted\n" && installed("nsenter") {
                return Some(disk);
            }
        }
        println!("SKIPPED: a full disk (mounting a file system of one's own is not allowed here)");
        None
    }

    /// The daemon, let in.
    fn command(&self, configuration: &Path) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.keeper.id().to_string(), "--mount"])
            .arg(program("ravbmc"))
            .args(["serve", "--json", "--config"])
            .arg(configuration)
            .env("RAVBMC_PASSWORD", PASSWORD)
            .env("RAVBMC_API_PASSWORD", API_PASSWORD)
            .stdin(Stdio::null());
        command
    }

    fn serve(&self, configuration: &Path) -> OnSmallDisk {
        let mut child = self.command(configuration).stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut text = String::new();
        let announced: Value = loop {
            assert!(output.read_line(&mut text).unwrap() > 0, "the daemon ended: {text}");
            if let Ok(announced) = serde_json::from_str(&text) {
                break announced;
            }
        };
        let bmc = |node: &Value| Bmc {
            name: node["name"].as_str().unwrap().to_owned(),
            node: node["node"].as_str().unwrap().to_owned(),
            address: node["address"].as_str().unwrap().parse().unwrap(),
        };
        let bmcs = announced["nodes"].as_array().unwrap().iter().map(bmc).collect();
        OnSmallDisk { child, bmcs, _output: output }
    }

    /// Takes all the room there is.
    fn fill(&self) {
        let mut filler = File::options().create(true).append(true).open(self.state.join("filler")).unwrap();
        for size in [1 << 16, 1 << 12, 1] {
            while match filler.write(&vec![1; size]) {
                Ok(_) => true,
                Err(error) if error.kind() == ErrorKind::StorageFull => false,
                Err(error) => panic!("{error}"),
            } {}
        }
    }

    fn make_room(&self) {
        fs::remove_file(self.state.join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}

impl Drop for OnSmallDisk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
