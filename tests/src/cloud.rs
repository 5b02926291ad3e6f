//! What really happened in the simulated cloud, asked over HTTP.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::ravbmc::{API_PASSWORD, API_USER, Process};

/// A simulated cloud.
#[derive(Clone, Debug)]
pub struct Cloud {
    url: String,
    agent: ureq::Agent,
    authorization: String,
}

/// One boot of a VM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boot {
    /// Why it booted: `start`, `guest-reboot`, `publish-restart` …
    pub cause: String,
    /// What it booted from: `disk` or `network`.
    pub device: String,
    /// What ended it; `None` while it runs.
    pub ended: Option<Value>,
}

impl Boot {
    /// Whether it still runs, uninterrupted.
    #[must_use]
    pub fn runs(&self) -> bool {
        self.ended.is_none()
    }
}

impl Cloud {
    /// The cloud that a process announced.
    #[must_use]
    pub fn of(process: &Process) -> Self {
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(10)))
            .http_status_as_error(true)
            .build()
            .into();
        let authorization = format!("Basic {}", STANDARD.encode(format!("{API_USER}:{API_PASSWORD}")));
        Self { url: process.cloud_url(), agent, authorization }
    }

    /// The state of a VM, for example `STARTED`.
    ///
    /// # Panics
    /// When there is no such VM in a deployment.
    #[must_use]
    pub fn state(&self, name: &str) -> String {
        self.vm(name)["state"].as_str().expect("a state").to_owned()
    }

    /// The identifier of a VM.
    ///
    /// # Panics
    /// When there is no such VM in a deployment.
    #[must_use]
    pub fn id(&self, name: &str) -> u64 {
        self.vm(name)["vm"].as_u64().expect("an identifier")
    }

    /// Asks for an action on a VM, as another client of the API would.
    pub fn act(&self, name: &str, action: &str) {
        let vm = self.vm(name);
        self.send(
            "POST",
            &format!("/api/v1/applications/{}/vms/{}/{action}", vm["application"], vm["vm"]),
            &json!({}),
        );
    }

    /// Publishes the design of a VM's application, as another client of the API would.
    pub fn publish_updates(&self, name: &str) {
        let path = format!("/api/v1/applications/{}/publishUpdates", self.vm(name)["application"]);
        self.send("POST", &path, &json!({}));
    }

    /// All boots of a VM, oldest first.
    #[must_use]
    pub fn boots(&self, name: &str) -> Vec<Boot> {
        let boots = self.get(&format!("/sim/boots?vm={}", self.vm(name)["vm"]));
        let boots = boots.as_array().or_else(|| boots["boots"].as_array()).expect("a list of boots").clone();
        boots
            .iter()
            .map(|boot| Boot {
                cause: boot["cause"].as_str().expect("a cause").to_owned(),
                device: boot["device"].as_str().expect("a device").to_owned(),
                ended: boot.get("ended").filter(|ended| !ended.is_null()).cloned(),
            })
            .collect()
    }

    /// How many requests there were whose method and path contain this text.
    #[must_use]
    pub fn requests(&self, text: &str) -> u64 {
        let kinds = self.get("/sim/requests");
        let kinds = kinds["kinds"].as_object().expect("kinds of requests");
        kinds.iter().filter(|(kind, _)| kind.contains(text)).filter_map(|(_, count)| count.as_u64()).sum()
    }

    /// Lets the guest of a VM reboot by itself.
    pub fn reboot_guest(&self, name: &str) {
        self.send("POST", &format!("/sim/vms/{}/reboot", self.vm(name)["vm"]), &json!({}));
    }

    /// Lets the guest of a VM ignore every request to shut down.
    pub fn ignore_shutdown(&self, name: &str) {
        let guest = json!({ "softShutdown": "ignored" });
        self.send("PUT", &format!("/sim/vms/{}/guest", self.vm(name)["vm"]), &guest);
    }

    /// Keeps a VM in its next transient state.
    pub fn hold(&self, name: &str) {
        self.send("POST", &format!("/sim/vms/{}/hold", self.vm(name)["vm"]), &json!({}));
    }

    /// Lets a VM go on.
    pub fn release(&self, name: &str) {
        self.send("POST", &format!("/sim/vms/{}/release", self.vm(name)["vm"]), &json!({}));
    }

    /// Makes something go wrong: a rule as `POST /sim/faults` takes it.
    pub fn fault(&self, rule: &Value) {
        self.send("POST", "/sim/faults", rule);
    }

    /// The id of a VM.
    #[must_use]
    pub fn vm_id(&self, name: &str) -> Value {
        self.vm(name)["vm"].clone()
    }

    /// The names of the VMs in the design of the application that `name` is in.
    #[must_use]
    pub fn design_names(&self, name: &str) -> Vec<String> {
        let application = self.get(&format!("/api/v1/applications/{}", self.vm(name)["application"]));
        let vms = application["design"]["vms"].as_array().expect("VMs");
        vms.iter().map(|vm| vm["name"].as_str().expect("a name").to_owned()).collect()
    }

    /// A VM in the design.
    #[must_use]
    pub fn design(&self, name: &str) -> Value {
        self.aspect("design", name)
    }

    /// The description of a VM in the design; empty if it has none.
    #[must_use]
    pub fn design_description(&self, name: &str) -> String {
        self.design(name)["description"].as_str().unwrap_or_default().to_owned()
    }

    /// The description of a VM in the deployment; empty if it has none.
    #[must_use]
    pub fn deployment_description(&self, name: &str) -> String {
        self.aspect("deployment", name)["description"].as_str().unwrap_or_default().to_owned()
    }

    /// Edits a VM of the design as another client of the API would: read, change, put.
    ///
    /// # Panics
    /// When the cloud refuses it.
    pub fn edit_design(&self, name: &str, edit: impl FnOnce(&mut Value)) {
        let path = format!("/api/v1/applications/{}", self.vm(name)["application"]);
        let mut application = self.get(&path);
        let vms = application["design"]["vms"].as_array_mut().expect("VMs");
        edit(vms.iter_mut().find(|vm| vm["name"] == name).expect("the VM"));
        self.send("PUT", &path, &application);
    }

    fn aspect(&self, aspect: &str, name: &str) -> Value {
        let application = self.get(&format!("/api/v1/applications/{}", self.vm(name)["application"]));
        let vms = application[aspect]["vms"].as_array().expect("VMs");
        vms.iter().find(|vm| vm["name"] == name).expect("the VM").clone()
    }

    fn vm(&self, name: &str) -> Value {
        let vms = self.get("/sim/vms");
        let vms = vms.as_array().expect("a list of VMs");
        vms.iter().find(|vm| vm["name"] == name).unwrap_or_else(|| panic!("no VM {name}")).clone()
    }

    fn get(&self, path: &str) -> Value {
        let request =
            self.agent.get(format!("{}{path}", self.url)).header("Authorization", &self.authorization);
        let mut response = request.call().unwrap_or_else(|error| panic!("GET {path}: {error}"));
        let text = response.body_mut().read_to_string().expect("a body");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("GET {path}: {error}: {text}"))
    }

    fn send(&self, method: &str, path: &str, body: &Value) {
        let url = format!("{}{path}", self.url);
        let request = match method {
            "PUT" => self.agent.put(url),
            _ => self.agent.post(url),
        };
        let request = request.header("Authorization", &self.authorization);
        request.send_json(body).unwrap_or_else(|error| panic!("{method} {path}: {error}"));
    }
}
