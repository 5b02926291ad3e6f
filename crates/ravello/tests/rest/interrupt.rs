//! Diagnostic interrupts (`docs/simulator.md`): only a simulated cloud takes them, and everybody else says so.

use machine::{Denied, DiagnosticInterrupt, NodeId};
use ravello::client::SERVICE_ADDRESS;
use ravello::{Authentication, Client, ClientSettings, CloudInterrupt, Writes};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{NODE1, client, credentials, node, received, settings};

/// What the client is told when the cloud answers with this status.
async fn told(status: u16) -> Result<(), Denied> {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(status)).mount(&server).await;
    CloudInterrupt::new(client(&server)).pulse(&node(NODE1)).await
}

#[tokio::test]
async fn simulator_is_asked_beside_its_api() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(204)).mount(&server).await;
    CloudInterrupt::new(client(&server)).pulse(&node(NODE1)).await.unwrap();
    let requests = received(&server).await;
    let lines: Vec<_> =
        requests.iter().map(|request| format!("{} {}", request.method, request.url.path())).collect();
    assert_eq!(lines, [format!("POST /sim/vms/{NODE1}/nmi")]);
    assert!(requests[0].headers.contains_key("authorization"));
}

#[tokio::test]
async fn refusal_says_whether_it_is_for_ever_for_now_or_unknown() {
    assert!(matches!(told(404).await, Err(Denied::NotSupported { .. })), "no simulator, or no real guests");
    for status in [400, 403, 409] {
        assert!(matches!(told(status).await, Err(Denied::NotInPresentState { .. })), "{status}");
    }
    for status in [401, 429, 500, 503] {
        assert!(matches!(told(status).await, Err(Denied::CloudUnreachable { .. })), "{status}");
    }
    let stranger = CloudInterrupt::new(client(&MockServer::start().await)).pulse(&NodeId::new("x")).await;
    assert_eq!(stranger, Err(Denied::NoSuchNode));
}

#[tokio::test]
async fn service_itself_is_never_asked() {
    let settings = ClientSettings::new(SERVICE_ADDRESS, Authentication::Basic(credentials()));
    let denied = CloudInterrupt::new(Client::new(settings).unwrap()).pulse(&node(NODE1)).await.unwrap_err();
    assert!(matches!(&denied, Denied::NotSupported { reason } if reason.contains("only a simulated cloud")));
}

#[tokio::test]
async fn rehearsal_sends_none() {
    let server = MockServer::start().await;
    let settings = ClientSettings { writes: Writes::OnlyLogged, ..settings(&server) };
    CloudInterrupt::new(Client::new(settings).unwrap()).pulse(&node(NODE1)).await.unwrap();
    assert!(received(&server).await.is_empty());
}
