//! Guests for real virtual machines: boot programs from `tests/guests`, assembled by the test that needs them.

use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Whether everything is installed that guests need: QEMU, and what makes boot programs. If not, says so in the
/// way that `tests/run` collects.
pub fn can_run() -> bool {
    ["qemu-system-x86_64", "qemu-img", "as", "ld"].into_iter().all(installed)
}

/// Whether a program is installed. If not, says so in the way that `tests/run` collects.
pub fn installed(program: &str) -> bool {
    let found = Command::new("sh")
        .args(["-c", "command -v \"$0\" >/dev/null", program])
        .stdin(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !found {
        println!("SKIPPED: tests with real virtual machines need {program}");
    }
    found
}

/// Assembles `tests/guests/NAME.S` to `NAME.bin` in a folder, where it also finds other programs that it includes.
///
/// # Panics
/// When that fails.
pub fn assemble(sources: &Path, name: &str, folder: &Path) -> PathBuf {
    let object = folder.join(format!("{name}.o"));
    let binary = folder.join(format!("{name}.bin"));
    run(Command::new("as")
        .args(["--32", "-I"])
        .arg(sources)
        .arg("-I")
        .arg(folder)
        .arg("-o")
        .arg(&object)
        .arg(sources.join(format!("{name}.S"))));
    run(Command::new("ld")
        .args(["-m", "elf_i386", "-Ttext", "0x7c00", "--oformat", "binary", "-o"])
        .arg(&binary)
        .arg(&object));
    binary
}

/// Runs a command that must succeed.
///
/// # Panics
/// When it does not, with what it said.
pub fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().expect("the program starts");
    assert!(output.status.success(), "{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The serial port of a guest: keys go in through its socket, and what it said is in its log.
#[derive(Debug)]
pub struct Serial {
    socket: PathBuf,
    log: PathBuf,
    connection: Option<UnixStream>,
}

impl Serial {
    /// The serial port behind a socket, with its log.
    pub fn new(socket: PathBuf, log: PathBuf) -> Self {
        Self { socket, log, connection: None }
    }

    /// Presses keys.
    ///
    /// # Panics
    /// When nobody listens.
    pub fn press(&mut self, keys: &[u8]) {
        // It stays connected: QEMU forgets what is still to be read when a connection closes. The one to a QEMU that has
        // ended breaks, and a new one is made.
        if self.connection.as_ref().is_some_and(|mut connection| connection.write_all(keys).is_ok()) {
            return;
        }
        let mut connection = UnixStream::connect(&self.socket).expect("the console listens");
        let mut reader = connection.try_clone().expect("a second handle");
        // A client that does not read makes the guest wait.
        std::thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
        connection.write_all(keys).expect("the console takes keys");
        self.connection = Some(connection);
    }

    /// The lines of our own guests so far, such as `DISK: BOOT`, and `iPXE` for each time that iPXE initialised.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        lines(&String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()))
    }
}

/// What a screen shows that is sent over a serial line, as far as it comes from our guests or from iPXE. A line that is
/// not at its end does not count yet.
fn lines(said: &str) -> Vec<String> {
    let (said, _) = said.rsplit_once('\n').unwrap_or_default();
    let mut found = Vec::new();
    for line in without_escape_sequences(said).split(['\r', '\n']) {
        if let Some(start) = ["DISK: ", "DEPLOY: ", "LINUX: "].iter().find_map(|mark| line.find(mark)) {
            found.push(line[start..].trim().to_owned());
        } else if line.contains("iPXE initialising devices") {
            found.push("iPXE".to_owned());
        }
    }
    found
}

/// SeaBIOS moves the cursor around.
fn without_escape_sequences(said: &str) -> String {
    let mut plain = String::new();
    let mut signs = said.chars();
    while let Some(sign) = signs.next() {
        if sign != '\u{1b}' {
            plain.push(sign);
        } else if signs.next() == Some('[') {
            let _ = signs.find(char::is_ascii_alphabetic);
            plain.push('\n');
        }
    }
    plain
}
