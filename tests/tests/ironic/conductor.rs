//! Ironic as a process, and its REST API.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use ravbmc_tests::wait_for;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::installation::{Installation, scripts};

/// The newest version of the API that Ironic 39 speaks, and the tests are written for.
const VERSION: &str = "1.95";

/// How long Ironic may need to start while the machine has other work.
const START: Duration = Duration::from_secs(120);

/// How patient it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timing {
    /// As it comes.
    Stock,
    /// With `quick.conf`.
    Quick,
}

/// A running Ironic, API and conductor in one. It ends when dropped, and when the test ends otherwise.
#[derive(Debug)]
pub(crate) struct Ironic {
    pub(crate) installation: &'static Installation,
    folder: TempDir,
    url: String,
    http_port: u16,
    agent: ureq::Agent,
    process: Child,
    alive: Option<ChildStdin>,
}

/// What the API answered.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The status of HTTP.
    pub(crate) status: u16,
    /// The document; `Null` if there is none.
    pub(crate) body: Value,
}

impl Reply {
    /// The document of a request that must have succeeded.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert!(self.status < 300, "Ironic refused it: {self:?}");
        self.body
    }

    /// What Ironic says about a request that it must have refused.
    #[track_caller]
    pub(crate) fn refusal(self) -> String {
        assert!(self.status >= 400, "Ironic did not refuse it: {self:?}");
        self.body.to_string()
    }
}

impl Ironic {
    /// Starts Ironic. `more` are sections of its configuration.
    pub(crate) fn start(installation: &'static Installation, timing: Timing, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path();
        for name in ["http", "tftp", "tftp-master", "images", "instance-master"] {
            fs::create_dir(state.join(name)).unwrap();
        }
        for name in ["kernel", "ramdisk", "image"] {
            fs::write(state.join(name), format!("The {name} of a test.\n")).unwrap();
        }
        fs::copy(installation.empty_database(), state.join("ironic.sqlite")).unwrap();
        let [api, http] = free_ports();
        let here = format!(
            "[DEFAULT]\nstate_path = {state}\n[api]\nport = {api}\n\
             [deploy]\nhttp_url = http://127.0.0.1:{http}\n\
             [service_catalog]\nendpoint_override = http://127.0.0.1:{api}\n{more}",
            state = state.display(),
        );
        fs::write(state.join("here.conf"), here).unwrap();
        let output = fs::File::create(state.join("output")).unwrap();
        let mut command = installation.script("conductor.py");
        command.arg(state.join("http")).arg(http.to_string()).arg(scripts().join("ironic.conf"));
        if timing == Timing::Quick {
            command.arg(scripts().join("quick.conf"));
        }
        command.arg(state.join("here.conf"));
        let mut process = command
            .current_dir(state)
            .stdin(Stdio::piped())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        let alive = process.stdin.take();
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(120)))
            .http_status_as_error(false)
            .build()
            .into();
        let url = format!("http://127.0.0.1:{api}");
        let ironic = Self { installation, folder, url, http_port: http, agent, process, alive };
        // The API answers before the conductor has registered itself.
        let drivers = || ironic.attempt("GET", "/v1/drivers", None).map(|reply| reply.body);
        wait_for("Ironic's driver `ipmi`", START, drivers, |drivers| {
            drivers.as_ref().is_ok_and(|drivers| drivers["drivers"][0]["name"] == "ipmi")
        })
        .unwrap();
        ironic
    }

    /// The address of the API.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The port of the server from which nodes boot.
    pub(crate) const fn http_port(&self) -> u16 {
        self.http_port
    }

    /// Its folder, with the files `kernel`, `ramdisk` and `image`.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The log so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder().join("ironic.log")).unwrap_or_default()
    }

    /// `baremetal`, the client of operators.
    pub(crate) fn baremetal(&self, words: &[&str]) -> Command {
        let mut command = self.installation.program("baremetal");
        command.args(["--os-auth-type", "none", "--os-endpoint", &self.url]).args(words);
        command.env("HOME", self.folder()).stdin(Stdio::null());
        command
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        self.request("GET", path, None).ok()
    }

    /// Sends a request. One that meets a lock is sent again, as Ironic's own client does.
    pub(crate) fn request(&self, method: &str, path: &str, body: Option<&Value>) -> Reply {
        let send = || self.attempt(method, path, body).expect("Ironic answers");
        let locked = |reply: &Reply| reply.status == 409 && reply.body.to_string().contains("is locked");
        wait_for("a node without a lock", Duration::from_secs(60), send, |reply| !locked(reply))
    }

    fn attempt(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Reply, ureq::Error> {
        let url = format!("{}{path}", self.url);
        let body = body.cloned().unwrap_or_else(|| json!({}));
        let key = "X-OpenStack-Ironic-API-Version";
        let mut response = match method {
            "GET" => self.agent.get(url).header(key, VERSION).call()?,
            "PATCH" => self.agent.patch(url).header(key, VERSION).send_json(body)?,
            "PUT" => self.agent.put(url).header(key, VERSION).send_json(body)?,
            "POST" => self.agent.post(url).header(key, VERSION).send_json(body)?,
            _ => unreachable!("{method} is not used"),
        };
        let text = response.body_mut().read_to_string()?;
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Ok(Reply { status: response.status().as_u16(), body })
    }
}

impl Drop for Ironic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let telling = log.lines().filter(|line| !line.contains(" DEBUG ")).collect::<Vec<_>>();
            let last = &telling[telling.len().saturating_sub(120)..];
            eprintln!("The end of Ironic's log:\n{}", last.join("\n"));
            let output = fs::read_to_string(self.folder().join("output")).unwrap_or_default();
            eprintln!("Its output:\n{output}");
        }
        drop(self.alive.take());
        let _ = self.process.wait();
    }
}

/// Ports of TCP that are free now.
pub(crate) fn free_ports<const COUNT: usize>() -> [u16; COUNT] {
    let listeners = [(); COUNT].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}
