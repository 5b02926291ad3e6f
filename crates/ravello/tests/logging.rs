//! What the log says about requests, and what it must not.
//!
//! A test program of its own: a place that logs may ask only the thread that reaches it first whether anybody listens, and
//! remember a no for all threads. Here every thread that reaches one listens.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    reason = "tests"
)]

#[path = "rest/support.rs"]
#[allow(dead_code, reason = "shared with the tests of requests, which use all of it")]
mod support;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use ravello::client::VmAction;
use ravello::document::Application;
use ravello::identity::{ApplicationId, VmId};
use ravello::json::Json;
use ravello::{Authentication, Client, ClientSettings, EphemeralToken, Writes};
use tracing_subscriber::fmt::MakeWriter;
use wiremock::{MockServer, ResponseTemplate};

use crate::support::{PASSWORD, answer, answer_once, json, session_client, settings};

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Captured {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Captures everything that is logged on this thread until the guard is dropped.
fn capture() -> (Captured, tracing::subscriber::DefaultGuard) {
    let captured = Captured::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(captured.clone())
        .finish();
    (captured, tracing::subscriber::set_default(subscriber))
}

#[tokio::test]
async fn a_request_is_logged_with_method_path_status_duration_and_operation() {
    let server = MockServer::start().await;
    answer(&server, "GET", "/applications", json(200, "[]").insert_header("Operation-ID", "op-17")).await;
    let (log, _guard) = capture();
    Client::new(settings(&server)).unwrap().applications().await.unwrap();
    let text = log.text();
    let line = text.lines().find(|line| line.contains("cloud request")).unwrap();
    for part in ["DEBUG", "method=GET", "path=\"/applications\"", "status=200", "elapsed_ms=", "op-17"] {
        assert!(line.contains(part), "{part} is not in {line}");
    }
}

#[tokio::test]
async fn a_request_without_an_answer_is_logged_with_the_reason() {
    let server = MockServer::start().await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base_address = format!("http://{}/api/v1", listener.local_addr().unwrap());
    drop(listener);
    let (log, _guard) = capture();
    let client = Client::new(ClientSettings { base_address, ..settings(&server) }).unwrap();
    client.applications().await.unwrap_err();
    assert!(log.text().contains("cloud request failed"), "{}", log.text());
}

#[tokio::test]
async fn secrets_are_in_no_log_and_no_error() {
    let server = MockServer::start().await;
    let cookie = "JSESSIONID=c00kie-value; Path=/; HttpOnly";
    answer_once(&server, "POST", "/login", json(200, "{}").insert_header("set-cookie", cookie)).await;
    answer_once(&server, "GET", "/applications", json(200, "[]")).await;
    answer(&server, "POST", "/login", ResponseTemplate::new(401)).await;
    answer(&server, "GET", "/applications", ResponseTemplate::new(401)).await;
    let (log, _guard) = capture();
    let token = Authentication::EphemeralToken(EphemeralToken::new("t0ken-value".into()).unwrap());
    let by_token = Client::new(ClientSettings { authentication: token, ..settings(&server) }).unwrap();
    let by_session = session_client(&server);
    let by_basic = Client::new(settings(&server)).unwrap();
    by_session.applications().await.unwrap();
    let mut shown = format!("{by_token:?} {by_session:?} {by_basic:?}");
    for client in [by_session, by_token, by_basic] {
        let error = client.applications().await.unwrap_err();
        shown += &format!("{error} {error:?}");
    }
    shown += &log.text();
    // The password also as Basic authentication writes it: base64 of `lab/operator:s3cret-word`.
    for secret in [PASSWORD, "bGFiL29wZXJhdG9yOnMzY3JldC13b3Jk", "c00kie-value", "t0ken-value"] {
        assert!(!shown.contains(secret), "{secret} is in {shown}");
    }
    assert!(shown.contains("/login"));
}

#[tokio::test]
async fn a_dry_run_logs_each_request_and_each_difference_once() {
    let server = MockServer::start().await;
    let (log, _guard) = capture();
    let client = Client::new(ClientSettings { writes: Writes::OnlyLogged, ..settings(&server) }).unwrap();
    let read = Json::parse(br#"{"id":7,"version":3,"design":{"vms":[{"id":8,"description":"a"}]}}"#).unwrap();
    let edited =
        Json::parse(br#"{"id":7,"version":3,"design":{"vms":[{"id":8,"description":"b"}]}}"#).unwrap();
    let (read, edited) = (Application::new(read).unwrap(), Application::new(edited).unwrap());
    for _ in 0..2 {
        client.put_edited(&read, &edited).await.unwrap();
        client.act_on_vms(ApplicationId(7), &[VmId(8), VmId(9)], VmAction::Start).await.unwrap();
    }
    let text = log.text();
    for line in [
        "dry run: PUT /applications/7\n",
        "dry run: PUT /applications/7: /design/vms/0/description: \"a\" -> \"b\"\n",
        "dry run: POST /applications/7/vms/start {\"ids\":[8,9]}\n",
    ] {
        assert_eq!(text.matches(line).count(), 1, "{line:?} in {text}");
    }
    assert!(server.received_requests().await.unwrap().is_empty());
}
