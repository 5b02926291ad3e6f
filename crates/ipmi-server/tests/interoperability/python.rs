//! Clients that are Python libraries: a script evaluates the rows, which are expressions, one after the other.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use tokio::time::Instant;

use crate::row::{Outcome, Row};
use crate::target::{PASSWORD, USER};
use crate::virtual_environment::VirtualEnvironment;

/// How long an expression may take before it is given up.
const BOUND: Duration = Duration::from_secs(30);

/// The libraries. `None` if they cannot be had here; a line says so.
fn libraries() -> Option<&'static VirtualEnvironment> {
    static LIBRARIES: OnceLock<Option<VirtualEnvironment>> = OnceLock::new();
    let make = || {
        let tools = Path::new(env!("CARGO_TARGET_TMPDIR"));
        match VirtualEnvironment::make(tools, "python-ipmi-clients", &scripts().join("requirements.txt")) {
            Ok(environment) => Some(environment),
            Err(why) => {
                println!("SKIPPED: pyghmi and python-ipmi: {why}");
                None
            }
        }
    };
    LIBRARIES.get_or_init(make).as_ref()
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interoperability/python")
}

/// A script that waits for expressions.
#[derive(Debug)]
pub(crate) struct Calls {
    script: Child,
    expressions: ChildStdin,
    answers: Receiver<String>,
}

impl Calls {
    /// Starts a script for a BMC at these ports of 127.0.0.1. `None` if its library is not here.
    pub(crate) fn start(script: &str, ports: &[u16], options: &[&str]) -> Option<Self> {
        let mut command = libraries()?.script(&scripts().join(script));
        command.env("BMC_PASSWORD", PASSWORD).env("TZ", "UTC").args(["127.0.0.1", USER]);
        command.args(ports.iter().map(u16::to_string)).args(options);
        let mut script = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let expressions = script.stdin.take().unwrap();
        let output = BufReader::new(script.stdout.take().unwrap());
        let (sender, answers) = channel();
        thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Some(Self { script, expressions, answers })
    }

    /// Runs a row; says what is wrong with what came of it.
    fn check(&mut self, row: &Row, patience: Duration) -> Result<(), String> {
        let begin = Instant::now();
        let answer = writeln!(self.expressions, "{}", row.command)
            .map_err(|error| error.to_string())
            .and_then(|()| self.answers.recv_timeout(BOUND).map_err(|error| error.to_string()))
            .map_err(|error| format!("{}: no answer: {error}", row.command))?;
        let success = answer.starts_with("= ");
        let outcome = Outcome { success, printed: answer, elapsed: begin.elapsed() };
        row.check_within(&outcome, patience)
    }

    /// Runs rows in their order, each of which has that long, and ends the script.
    ///
    /// # Panics
    /// With everything that was wrong.
    pub(crate) fn check_all(mut self, rows: &[Row], patience: Duration) {
        let wrong: Vec<String> = rows.iter().filter_map(|row| self.check(row, patience).err()).collect();
        self.script.kill().unwrap();
        self.script.wait().unwrap();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
