//! One QEMU from its start to its end.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader, Split};
use tokio::net::{UnixListener, UnixStream};
use tokio::process::{Child, ChildStdout};

use super::folder::Folder;
use super::qmp::{Event, Qmp};
use super::tools::{QEMU, Tools};

/// How long a QEMU may need until it connects. A busy host with many that start needs some.
const CONNECTS: Duration = Duration::from_secs(60);

/// How long a QEMU may need to end that was told to.
const ENDS: Duration = Duration::from_secs(10);

/// How much of its own words are repeated when it breaks, in bytes.
const LAST_WORDS: usize = 1000;

/// A running QEMU. Dropped, it is killed.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    qmp: Qmp,
    firmware: Option<Split<BufReader<ChildStdout>>>,
    log: PathBuf,
}

/// Something that came out of a QEMU.
#[derive(Debug)]
pub(super) enum Sign {
    /// The firmware said something on its debug port.
    Firmware(String),
    /// QEMU told of something.
    Event(Event),
    /// It has ended, and nobody had told it to.
    Ended,
}

/// Why a QEMU did not start.
#[derive(Debug, thiserror::Error)]
pub(super) enum StartError {
    #[error("cannot run {QEMU}")]
    Spawn(#[source] io::Error),
    #[error("{QEMU} ended at once with {status}: {said}")]
    Ended { status: ExitStatus, said: String },
    #[error("{QEMU} does not answer")]
    Silent(#[source] io::Error),
}

impl Process {
    /// Starts it; on success its guest runs.
    pub(super) async fn start(
        tools: Tools,
        folder: &Folder,
        arguments: &[String],
    ) -> Result<Self, StartError> {
        let control = folder.control();
        // What an earlier one left.
        let _ = fs::remove_file(&control);
        let listener = UnixListener::bind(&control).map_err(StartError::Spawn)?;
        let log = folder.process_log();
        let words = fs::File::create(&log).map_err(StartError::Spawn)?;
        let mut child = tools
            .qemu()
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(words)
            .kill_on_drop(true)
            .spawn()
            .map_err(StartError::Spawn)?;
        let firmware = child.stdout.take().map(|output| BufReader::new(output).split(b'\n'));
        let connected = tokio::select! {
            accepted = listener.accept() => accepted.map(|(stream, _)| stream),
            ended = child.wait() => {
                let status = ended.map_err(StartError::Spawn)?;
                return Err(StartError::Ended { status, said: last_words_in(&log) });
            }
            () = tokio::time::sleep(CONNECTS) => Err(io::ErrorKind::TimedOut.into()),
        };
        let _ = fs::remove_file(&control);
        match greet(connected).await {
            Ok(qmp) => Ok(Self { child, qmp, firmware, log }),
            Err(error) => {
                let ended = tokio::time::timeout(Duration::from_secs(1), child.wait()).await;
                match ended {
                    Ok(Ok(status)) => Err(StartError::Ended { status, said: last_words_in(&log) }),
                    _ => Err(StartError::Silent(error)),
                }
            }
        }
    }

    /// What comes next. Nothing is lost if this is dropped.
    pub(super) async fn sign(&mut self) -> Sign {
        loop {
            // What the firmware said comes first: it explains the resets that follow it.
            tokio::select! {
                biased;
                line = next_line(&mut self.firmware) => match line {
                    Some(line) => return Sign::Firmware(line),
                    None => self.firmware = None,
                },
                event = self.qmp.event() => return event.map_or(Sign::Ended, Sign::Event),
            }
        }
    }

    /// Calls a command of the control protocol without arguments.
    pub(super) async fn call(&mut self, command: &str) -> io::Result<serde_json::Value> {
        self.qmp.call(command).await
    }

    /// Ends it, by force if need be.
    pub(super) async fn quit(mut self) {
        // It may be gone before it has answered.
        let _ = self.qmp.call("quit").await;
        if tokio::time::timeout(ENDS, self.child.wait()).await.is_err() {
            tracing::warn!(process = self.child.id(), "QEMU does not end and is killed");
            let _ = self.child.kill().await;
        }
    }

    /// Why it has ended.
    pub(super) async fn post_mortem(mut self) -> String {
        let status = match tokio::time::timeout(ENDS, self.child.wait()).await {
            Ok(Ok(status)) => status.to_string(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer to its control connection".to_owned(),
        };
        format!("{QEMU} ended with {status}: {}", last_words_in(&self.log))
    }
}

async fn greet(connected: io::Result<UnixStream>) -> io::Result<Qmp> {
    let mut qmp = Qmp::greet(connected?).await?;
    qmp.call("cont").await?;
    Ok(qmp)
}

/// The next line of the firmware; `None` at the end, for ever pending after it.
async fn next_line(firmware: &mut Option<Split<BufReader<ChildStdout>>>) -> Option<String> {
    match firmware {
        Some(lines) => {
            let line = lines.next_segment().await.ok()??;
            Some(String::from_utf8_lossy(&line).trim_end().to_owned())
        }
        None => std::future::pending().await,
    }
}

/// The end of what QEMU said, in one line.
pub(super) fn last_words(said: &[u8]) -> String {
    let start = said.len().saturating_sub(LAST_WORDS);
    let end = String::from_utf8_lossy(said.get(start..).unwrap_or_default()).into_owned();
    let lines: Vec<&str> = end.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() { "it said nothing".to_owned() } else { lines.join("; ") }
}

fn last_words_in(log: &Path) -> String {
    last_words(&fs::read(log).unwrap_or_default())
}
