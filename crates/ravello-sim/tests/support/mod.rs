//! A simulator on a loopback port, and a client that knows its credentials.

use std::time::Duration;

use ravello_sim::{Durations, Simulator, SimulatorConfig, VmId};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use tokio_util::sync::{CancellationToken, DropGuard};

pub const USERNAME: &str = "somebody@example.com";
pub const PASSWORD: &str = "correct horse";

/// A simulator that serves until it is dropped.
pub struct Served {
    pub simulator: Simulator,
    pub url: String,
    pub client: reqwest::Client,
    _shutdown: DropGuard,
}

/// A configuration in which transient states are short, but can be seen.
pub fn config() -> SimulatorConfig {
    let mut config = SimulatorConfig::new(USERNAME, PASSWORD.into());
    config.durations = Durations::all(Duration::from_millis(50));
    config.seed = Some(1);
    config
}

/// Serves the demo application with that many nodes.
pub async fn demo(nodes: u32) -> Served {
    let mut config = config();
    config.applications.push(ravello_sim::demo::application(nodes).unwrap());
    serve(config).await
}

pub async fn serve(config: SimulatorConfig) -> Served {
    let simulator = Simulator::new(config).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let shutdown = CancellationToken::new();
    let (serving, stop) = (simulator.clone(), shutdown.clone());
    tokio::spawn(async move { serving.serve(listener, stop).await.unwrap() });
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    Served { simulator, url, client, _shutdown: shutdown.drop_guard() }
}

impl Served {
    /// A request without credentials; the path starts at the root.
    pub fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    /// A request to the API.
    pub fn api(&self, method: Method, path: &str) -> RequestBuilder {
        self.anonymous(method, &format!("/api/v1{path}")).basic_auth(USERNAME, Some(PASSWORD))
    }

    /// A request to the simulator's own interface.
    pub fn sim(&self, method: Method, path: &str) -> RequestBuilder {
        self.anonymous(method, &format!("/sim{path}")).basic_auth(USERNAME, Some(PASSWORD))
    }

    pub async fn get(&self, path: &str) -> Value {
        json(self.api(Method::GET, path).send().await.unwrap(), StatusCode::OK).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Response {
        self.api(Method::POST, path).body(body.to_string()).send().await.unwrap()
    }

    pub async fn put(&self, path: &str, body: &Value) -> Response {
        self.api(Method::PUT, path).body(body.to_string()).send().await.unwrap()
    }

    /// An action without a body.
    pub async fn act(&self, path: &str) -> StatusCode {
        self.api(Method::POST, path).send().await.unwrap().status()
    }

    /// The path of the demo application.
    pub fn demo_path(&self) -> String {
        format!("/applications/{}", self.simulator.application_named("demo").unwrap())
    }

    pub fn node(&self, name: &str) -> VmId {
        self.simulator.vm_named("demo", name).unwrap()
    }
}

/// The JSON of a reply that has this status.
pub async fn json(response: Response, status: StatusCode) -> Value {
    assert_eq!(response.status(), status, "{response:?}");
    assert_eq!(response.headers()["content-type"], "application/json");
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}
