//! Real IPMI clients.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::ravbmc::{Bmc, PASSWORD};

/// Whether a program is installed. If not, says so in the way that `tests/run` collects.
pub fn installed(program: &str) -> bool {
    let found = Command::new("sh")
        .args(["-c", "command -v \"$0\" >/dev/null", program])
        .stdin(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !found {
        println!("SKIPPED: {program} is not installed");
    }
    found
}

/// What a client said.
#[derive(Debug)]
pub struct Said {
    /// Whether its exit status was 0.
    pub success: bool,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub err: String,
    /// How long it took.
    pub took: Duration,
}

impl Said {
    /// The standard output of a run that must have succeeded.
    ///
    /// # Panics
    /// When it failed.
    pub fn ok(self) -> String {
        assert!(self.success, "the client failed: {self:?}");
        self.out
    }
}

/// The real `ipmitool`.
#[derive(Clone, Debug)]
pub struct Ipmitool {
    options: Vec<String>,
    password: String,
}

impl Ipmitool {
    /// As Ironic calls it, for one BMC, as `admin`, with ipmitool's own choice of the cipher suite.
    pub fn new(bmc: &Bmc) -> Self {
        let options = [
            "-I",
            "lanplus",
            "-H",
            &bmc.address.ip().to_string(),
            "-p",
            &bmc.address.port().to_string(),
            "-L",
            "ADMINISTRATOR",
        ];
        Self { options: options.map(str::to_owned).to_vec(), password: PASSWORD.to_owned() }.user("admin")
    }

    /// With another user.
    #[must_use]
    pub fn user(mut self, user: &str) -> Self {
        self.options.extend(["-U".to_owned(), user.to_owned()]);
        self
    }

    /// With another password.
    #[must_use]
    pub fn password(mut self, password: &str) -> Self {
        password.clone_into(&mut self.password);
        self
    }

    /// With a cipher suite.
    #[must_use]
    pub fn suite(mut self, suite: u8) -> Self {
        self.options.extend(["-C".to_owned(), suite.to_string()]);
        self
    }

    /// Runs it with words such as `power status`.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn run(&self, words: &str) -> Said {
        let started = Instant::now();
        let output = Command::new("ipmitool")
            .args(&self.options)
            .arg("-E")
            .args(words.split_whitespace())
            .env("IPMI_PASSWORD", &self.password)
            .stdin(Stdio::null())
            .output()
            .expect("ipmitool starts");
        Said {
            success: output.status.success(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
            took: started.elapsed(),
        }
    }

    /// Runs it and expects success.
    ///
    /// # Panics
    /// When it fails.
    pub fn ok(&self, words: &str) -> String {
        self.run(words).ok()
    }
}
