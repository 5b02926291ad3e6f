//! A person at a terminal: reads what a client prints and types when it has printed what was waited for.
//!
//! The terminal is made by `script`, because the clients want one.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use tokio::time::Instant;

use crate::row::Outcome;

/// What to wait for, and what to type then.
pub(crate) struct Line {
    pub(crate) after: &'static str,
    pub(crate) types: &'static str,
}

/// How long a text may take to appear.
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs a client in a terminal. `None` if there is no `script`.
pub(crate) fn converse(command: &str, environment: &[(&str, &str)], lines: &[Line]) -> Option<Outcome> {
    let begin = Instant::now();
    let spawned = Command::new("script")
        .args(["-q", "-e", "-f", "-c", command, "/dev/null"])
        .envs(environment.iter().copied())
        .env("SHELL", "/bin/sh")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut client) = spawned else {
        println!("SKIPPED: script is not installed");
        return None;
    };
    let mut keyboard = client.stdin.take().unwrap();
    let mut screen = client.stdout.take().unwrap();
    let (sender, pieces) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(len @ 1..) = screen.read(&mut buffer) {
            if sender.send(buffer[..len].to_vec()).is_err() {
                break;
            }
        }
    });
    let mut printed = Vec::new();
    let mut seen = 0;
    let mut missing = None;
    for Line { after, types } in lines {
        while missing.is_none() {
            let text = String::from_utf8_lossy(&printed[seen..]).into_owned();
            if let Some(position) = text.find(after) {
                seen += position + after.len();
                keyboard.write_all(types.as_bytes()).unwrap();
                keyboard.flush().unwrap();
                break;
            }
            match pieces.recv_timeout(PATIENCE) {
                Ok(piece) => printed.extend(piece),
                Err(_) => missing = Some(*after),
            }
        }
    }
    if missing.is_some() {
        let _ = client.kill();
    }
    let ended = client.wait().unwrap();
    drop(keyboard);
    reader.join().unwrap();
    printed.extend(pieces.try_iter().flatten());
    let mut printed = String::from_utf8_lossy(&printed).into_owned();
    if let Some(missing) = missing {
        printed.push_str(&format!("\n(nothing like {missing:?} appeared)"));
    }
    let success = ended.success() && missing.is_none();
    Some(Outcome { success, printed, elapsed: begin.elapsed() })
}
