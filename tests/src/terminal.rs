//! A person at a terminal: reads what a program prints and types when it has printed what was waited for.
//!
//! The terminal is made by `script`, because the programs want one.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use tokio::time::Instant;

/// What to wait for, and what to type then.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// What is waited for, behind what was waited for before.
    pub after: &'static str,
    /// What is typed then.
    pub types: &'static str,
}

/// How it ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Whether everything that was waited for came, and the program called it a success.
    pub success: bool,
    /// All that the screen showed.
    pub printed: String,
    /// How long it took.
    pub elapsed: Duration,
}

/// How long a text may take to appear.
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs a command of the shell in a terminal. `None` if there is no `script`.
///
/// # Panics
/// When the terminal cannot be used.
pub fn converse(command: &str, environment: &[(&str, &str)], lines: &[Line]) -> Option<Ended> {
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
    // The screen goes dark when the program ends.
    while missing.is_none() {
        match pieces.recv_timeout(PATIENCE) {
            Ok(piece) => printed.extend(piece),
            Err(mpsc::RecvTimeoutError::Timeout) => missing = Some("the end of the program"),
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
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
    Some(Ended { success, printed, elapsed: begin.elapsed() })
}
