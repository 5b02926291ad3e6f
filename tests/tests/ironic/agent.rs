//! The agent of a deploy ramdisk, played by `agent.py`: Ironic talks to it as to a real one.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::conductor::Ironic;

/// How long Ironic may need from one command to the next.
const BOUND: Duration = Duration::from_secs(60);

/// An agent that runs on a node. Dropping it ends it, as the reboot of its machine does.
#[derive(Debug)]
pub(crate) struct Agent {
    process: Child,
    commands: Receiver<String>,
}

impl Agent {
    /// Starts it on the node with this UUID, and waits until it has found Ironic.
    pub(crate) fn boot(ironic: &Ironic, node: &str) -> Self {
        let mut process = ironic
            .installation
            .script("agent.py")
            .args([ironic.url(), node])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let (sender, commands) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let line: Value = serde_json::from_str(&line).unwrap();
                let step = line["step"].as_str().map(|step| format!(" {step}")).unwrap_or_default();
                let _ = sender.send(format!("{}{step}", line["command"].as_str().unwrap()));
            }
        });
        let agent = Self { process, commands };
        agent.wait_for("ready");
        agent
    }

    /// Waits until Ironic has sent this command; the commands up to it.
    pub(crate) fn wait_for(&self, wanted: &str) -> Vec<String> {
        let end = Instant::now() + BOUND;
        let mut seen = Vec::new();
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let Ok(command) = self.commands.recv_timeout(left) else {
                panic!("Ironic did not send {wanted} within {BOUND:?}; it sent {seen:?}");
            };
            seen.push(command);
            if seen.last().is_some_and(|command| command == wanted) {
                return seen;
            }
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
