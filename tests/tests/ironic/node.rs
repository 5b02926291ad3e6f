//! A node of Ironic: what its REST API can do with it, and what the cloud says about its VM.

use std::time::{Duration, Instant};

use ravbmc_tests::cloud::{Boot, Cloud};
use ravbmc_tests::wait_for;
use serde_json::{Value, json};

use crate::agent::Agent;
use crate::conductor::{Ironic, Reply};

/// Longer than Ironic gives itself for anything that is expected to work.
pub(crate) const BOUND: Duration = Duration::from_secs(100);

/// One node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node<'lab> {
    pub(crate) ironic: &'lab Ironic,
    pub(crate) cloud: &'lab Cloud,
    pub(crate) name: &'lab str,
}

impl Node<'_> {
    fn path(&self, rest: &str) -> String {
        format!("/v1/nodes/{}{rest}", self.name)
    }

    /// Everything that Ironic knows about it.
    pub(crate) fn show(&self) -> Value {
        self.ironic.get(&self.path(""))
    }

    pub(crate) fn text(&self, field: &str) -> String {
        self.show()[field].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn get(&self, rest: &str) -> Value {
        self.ironic.get(&self.path(rest))
    }

    pub(crate) fn put(&self, rest: &str, body: &Value) -> Reply {
        self.ironic.request("PUT", &self.path(rest), Some(body))
    }

    /// Changes fields of the node: JSON pointers and values.
    pub(crate) fn set(&self, fields: &[(&str, Value)]) {
        let patch = |(path, value): &(&str, Value)| json!({ "op": "add", "path": path, "value": value });
        let patches = Value::Array(fields.iter().map(patch).collect());
        self.ironic.request("PATCH", &self.path(""), Some(&patches)).ok();
    }

    /// Asks for a change of the power and waits for its end. `Err` is what Ironic says about a failure.
    pub(crate) fn try_power(&self, target: &str, timeout: Option<u32>) -> Result<Duration, String> {
        let mut body = json!({ "target": target });
        if let Some(timeout) = timeout {
            body["timeout"] = timeout.into();
        }
        let started = Instant::now();
        let reply = self.put("/states/power", &body);
        if reply.status >= 400 {
            return Err(reply.refusal());
        }
        let settled = |node: &Value| node["reservation"].is_null() && node["target_power_state"].is_null();
        let node = wait_for("the end of a power action", BOUND, || self.show(), settled);
        match node["last_error"].as_str() {
            None => Ok(started.elapsed()),
            Some(error) => Err(error.to_owned()),
        }
    }

    /// Changes the power; it must work.
    #[track_caller]
    pub(crate) fn power(&self, target: &str) -> Duration {
        self.try_power(target, None).unwrap_or_else(|error| panic!("{} {target}: {error}", self.name))
    }

    pub(crate) fn wait_for_power(&self, state: &str) {
        wait_for(state, BOUND, || self.text("power_state"), |seen| seen == state);
    }

    pub(crate) fn set_boot_device(&self, device: &str, persistent: bool) -> Reply {
        self.put("/management/boot_device", &json!({ "boot_device": device, "persistent": persistent }))
    }

    /// Sets the boot device and compares with what is read.
    #[track_caller]
    pub(crate) fn boot_from(&self, device: &str, persistent: bool) {
        self.set_boot_device(device, persistent).ok();
        assert_eq!(
            self.get("/management/boot_device"),
            json!({ "boot_device": device, "persistent": persistent })
        );
    }

    /// Asks for a change of the provision state.
    #[track_caller]
    pub(crate) fn ask(&self, target: &str) {
        self.put("/states/provision", &json!({ "target": target })).ok();
    }

    /// Waits for a provision state; an error state that is not expected ends the waiting.
    #[track_caller]
    pub(crate) fn wait_for(&self, state: &str) -> Value {
        let ended = |node: &Value| {
            let seen = node["provision_state"].as_str().unwrap_or_default();
            node["reservation"].is_null() && (seen == state || seen.ends_with("failed") || seen == "error")
        };
        let node = wait_for(state, BOUND, || self.show(), ended);
        assert_eq!(node["provision_state"], state, "{}: {}", self.name, node["last_error"]);
        node
    }

    /// Changes the provision state and waits for the new one.
    #[track_caller]
    pub(crate) fn provision(&self, target: &str, state: &str) -> Value {
        self.ask(target);
        self.wait_for(state)
    }

    /// Brings a node that was just enrolled to the state `available`.
    #[track_caller]
    pub(crate) fn make_available(&self) {
        self.provision("manage", "manageable");
        self.provision("provide", "available");
    }

    /// Lets a ramdisk's agent run on it.
    pub(crate) fn agent(&self) -> Agent {
        Agent::boot(self.ironic, &self.text("uuid"))
    }

    /// The boots of its VM.
    pub(crate) fn boots(&self) -> Vec<Boot> {
        self.cloud.boots(self.name)
    }

    /// Checks the boot log of its VM. What Ironic has seen already may be entered a moment later.
    #[track_caller]
    pub(crate) fn booted(&self, expected: &[&str]) {
        let what = format!("the boot log {expected:?} of {}", self.name);
        wait_for(&what, Duration::from_secs(10), || self.boot_log(), |log| log == expected);
    }

    /// Cause and device of each boot of its VM, and what ended it.
    pub(crate) fn boot_log(&self) -> Vec<String> {
        let end = |boot: &Boot| {
            let how = boot.ended.as_ref().and_then(|ended| ended["how"].as_str());
            how.unwrap_or("runs").to_owned()
        };
        self.boots().iter().map(|boot| format!("{} {} {}", boot.cause, boot.device, end(boot))).collect()
    }
}
