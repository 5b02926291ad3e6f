//! The program under test, as processes.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// The password of the BMC user `admin` in all tests.
pub const PASSWORD: &str = "test-only-secret";
/// The user of the simulated cloud in all tests.
pub const API_USER: &str = "tester@example.com";
/// The password of that user.
pub const API_PASSWORD: &str = "test-only-api-secret";

/// The path of a program of the workspace, built now if it is not up to date.
///
/// # Panics
/// When it cannot be built.
pub fn program(name: &str) -> &'static Path {
    static PROGRAMS: OnceLock<BTreeMap<String, PathBuf>> = OnceLock::new();
    let programs = PROGRAMS.get_or_init(|| {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        // All at once: building one package alone would choose other features and build its dependencies again.
        let built = Command::new(cargo)
            .args(["build", "--quiet", "--locked", "--workspace", "--bins", "--message-format", "json"])
            .stdin(Stdio::null())
            .output()
            .expect("cargo runs");
        assert!(built.status.success(), "the build failed:\n{}", String::from_utf8_lossy(&built.stderr));
        String::from_utf8_lossy(&built.stdout)
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter_map(|message| {
                let executable = PathBuf::from(message["executable"].as_str()?);
                Some((message["target"]["name"].as_str()?.to_owned(), executable))
            })
            .collect()
    });
    programs.get(name).unwrap_or_else(|| panic!("the workspace has no program {name}"))
}

/// A `ravbmc` command with the secrets of the tests in its environment.
pub fn command() -> Command {
    let mut command = Command::new(program("ravbmc"));
    command
        .env("RAVBMC_PASSWORD", PASSWORD)
        .env("RAVBMC_API_PASSWORD", API_PASSWORD)
        .env("IPMI_PASSWORD", PASSWORD)
        .stdin(Stdio::null());
    command
}

/// Runs `ravbmc` to its end.
///
/// # Panics
/// When it cannot be started.
pub fn run(arguments: &[&str]) -> Output {
    command().args(arguments).output().expect("ravbmc starts")
}

/// One BMC, as the program announced it.
#[derive(Clone, Debug)]
pub struct Bmc {
    /// The VM's name.
    pub name: String,
    /// The node's id, `application/VM`.
    pub node: String,
    /// Where the BMC listens.
    pub address: SocketAddr,
}

/// A long-running `ravbmc` process that announced itself in JSON. It is killed when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// Kept open: a program that cannot write to its output would end.
    output: Option<BufReader<ChildStdout>>,
    /// What it announced.
    pub announced: Value,
}

impl Process {
    /// Starts a command and waits for its announcement.
    ///
    /// # Panics
    /// When it ends before that; its log is on the test's standard error.
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_with(arguments, Stdio::inherit())
    }

    /// Starts a command that writes its log to a file.
    ///
    /// # Panics
    /// As [`Process::start`], and when the file cannot be made.
    pub fn start_logging(arguments: &[&str], log: &Path) -> Self {
        Self::start_with(arguments, std::fs::File::create(log).expect("the log can be written").into())
    }

    /// Starts a command whose log goes into a pipe that nobody reads any more.
    ///
    /// # Panics
    /// As [`Process::start`], and when there is no pipe.
    pub fn start_unheard(arguments: &[&str]) -> Self {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        Self::start_with(arguments, writer.into())
    }

    fn start_with(arguments: &[&str], log: Stdio) -> Self {
        let mut command = command();
        let mut child = command
            .args(arguments)
            .arg("--json")
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("ravbmc starts");
        let mut output = BufReader::new(child.stdout.take().expect("its output is piped"));
        let mut text = String::new();
        let announced = loop {
            let mut line = String::new();
            let length = output.read_line(&mut line).expect("its output can be read");
            if length == 0 {
                let status = child.wait().expect("it ended");
                panic!("ravbmc {arguments:?} ended before it was ready: {status}, after {text:?}");
            }
            text.push_str(&line);
            if let Ok(announced) = serde_json::from_str(&text) {
                break announced;
            }
        };
        Self { child, output: Some(output), announced }
    }

    /// The demonstration with `nodes` nodes on ports of its own.
    pub fn demo(nodes: usize, more: &[&str]) -> Self {
        let nodes = nodes.to_string();
        let mut arguments = vec!["demo", "--nodes", &nodes, "--port-base", "0", "--api-username", API_USER];
        arguments.extend_from_slice(more);
        Self::start(&arguments)
    }

    /// The simulator alone, on a port of its own.
    pub fn simulator(more: &[&str]) -> Self {
        let mut arguments = vec!["sim", "--listen", "127.0.0.1:0", "--username", API_USER];
        arguments.extend_from_slice(more);
        Self::start(&arguments)
    }

    /// The daemon.
    pub fn serve(configuration: &Path) -> Self {
        Self::start(&["serve", "--config", configuration.to_str().expect("the path is text")])
    }

    /// The BMCs it announced, in the order of their names, `node2` before `node10`. They are announced by port, and the system
    /// chooses ports in any order.
    pub fn bmcs(&self) -> Vec<Bmc> {
        let nodes = self.announced["nodes"].as_array().expect("it announces nodes");
        let bmc = |node: &Value| Bmc {
            name: node["name"].as_str().expect("a name").to_owned(),
            node: node["node"].as_str().expect("an id").to_owned(),
            address: node["address"].as_str().expect("an address").parse().expect("an address"),
        };
        let mut bmcs: Vec<Bmc> = nodes.iter().map(bmc).collect();
        bmcs.sort_by_key(|bmc| (bmc.name.len(), bmc.name.clone()));
        bmcs
    }

    /// The address of the simulated cloud, without `/api/v1`.
    pub fn cloud_url(&self) -> String {
        let url = self.announced["api"]["url"].as_str().expect("it announces the API");
        url.strip_suffix("/api/v1").expect("the API's path").to_owned()
    }

    /// Kills it with SIGKILL and waits for its end.
    ///
    /// # Panics
    /// When it cannot be killed.
    pub fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ended");
    }

    /// Sends SIGTERM and returns whether it ended with success.
    ///
    /// # Panics
    /// When the signal cannot be sent.
    pub fn terminate(mut self) -> bool {
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success(), "the signal is sent");
        if let Some(mut output) = self.output.take() {
            let mut rest = String::new();
            let _ = output.read_to_string(&mut rest);
        }
        self.child.wait().expect("it ended").success()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Writes a configuration file for the daemon against a simulator, with quick timing.
///
/// # Panics
/// When it cannot be written.
pub fn configuration(folder: &Path, cloud_url: &str, more: &str) -> PathBuf {
    let file = folder.join("ravbmc.toml");
    let text = format!(
        r#"state-dir = "{state}"

[cloud]
base-url = "{cloud_url}/api/v1"
username = "{API_USER}"
password = {{ env = "RAVBMC_API_PASSWORD" }}

[bmc]
listen = "127.0.0.1"
port-base = 0

[[bmc.user]]
name = "admin"
password = {{ env = "RAVBMC_PASSWORD" }}

[timing]
busy-age = "100ms"
idle-age = "500ms"
poll-interval = "50ms"

[[application]]
name = "demo"
{more}"#,
        state = folder.join("state").display(),
    );
    std::fs::write(&file, text).expect("the file can be written");
    file
}
