//! What goes wrong, end to end (`ravello-api.md §4`).

use std::time::Duration;

use machine::{Backend, BackendError, BackendErrorKind, Effect, Retry, Step};
use ravello::client::VmAction;
use ravello::identity::{ApplicationId, VmId};
use ravello::{BootSelection, Client, ClientSettings, RavelloBackend};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wiremock::{MockServer, ResponseTemplate};

use crate::support::{ID, NODE1, answer, asked, backend, client, demo, json, node, settings};

async fn start_answered_with(reply: ResponseTemplate) -> BackendError {
    let server = MockServer::start().await;
    answer(&server, "POST", &format!("/applications/{ID}/vms/{NODE1}/start"), reply).await;
    let error = backend(&server).apply(&Step::Start(vec![node(NODE1)])).await.unwrap_err();
    assert_eq!(asked(&server).await.len(), 1, "refused requests are not repeated");
    error
}

async fn list_answered_with(reply: ResponseTemplate) -> BackendError {
    let server = MockServer::start().await;
    answer(&server, "GET", "/applications", reply).await;
    client(&server).applications().await.unwrap_err().into()
}

#[tokio::test]
async fn statuses_of_an_action_become_kinds() {
    use BackendErrorKind::{
        Conflict, Forbidden, NotFound, Protocol, Throttled, Unauthenticated, Unavailable,
    };
    let table = [
        (400, Conflict, Effect::None, Retry::Backoff),
        (401, Unauthenticated, Effect::None, Retry::Never),
        (403, Forbidden, Effect::None, Retry::Backoff),
        (404, NotFound, Effect::None, Retry::Backoff),
        (409, Conflict, Effect::None, Retry::Backoff),
        (418, Protocol, Effect::Unknown, Retry::Backoff),
        (429, Throttled(None), Effect::None, Retry::Backoff),
        (500, Unavailable, Effect::Unknown, Retry::Backoff),
        (503, Unavailable, Effect::Unknown, Retry::Backoff),
    ];
    for (status, kind, effect, retry) in table {
        let error = start_answered_with(ResponseTemplate::new(status)).await;
        assert_eq!((error.kind, error.effect(), error.retry()), (kind, effect, retry), "{status}");
    }
}

#[tokio::test]
async fn an_error_says_what_was_done_and_all_that_the_service_said() {
    let reply = ResponseTemplate::new(409)
        .insert_header("ERROR-CODE", "1042")
        .insert_header("ERROR-MESSAGE", "the VM is stopping")
        .insert_header("Operation-ID", "op-17");
    let error = start_answered_with(reply).await;
    let shown = error.to_string();
    let expected =
        format!("start VM {NODE1}: HTTP 409 Conflict, error code 1042: the VM is stopping (operation op-17)");
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn operation_messages_are_shown_when_the_headers_say_nothing() {
    let body =
        r#"{"operationMessages":[{"vmId":1,"errorLevel":"ERROR","message":"quota of cores exceeded"}]}"#;
    let error = start_answered_with(json(403, body)).await;
    assert_eq!(error.kind, BackendErrorKind::Forbidden);
    assert!(error.reason.ends_with("quota of cores exceeded"), "{error}");
}

#[tokio::test]
async fn throttling_carries_the_pause_that_the_service_asks_for() {
    let error = start_answered_with(ResponseTemplate::new(429).insert_header("Retry-After", "7")).await;
    assert_eq!(error.retry(), Retry::After(Duration::from_secs(7)));
}

#[tokio::test]
async fn a_success_with_an_error_code_is_an_error_of_unknown_effect() {
    let reply =
        ResponseTemplate::new(202).insert_header("error-code", "5").insert_header("error-message", "no");
    let error = start_answered_with(reply).await;
    assert_eq!((error.kind, error.effect()), (BackendErrorKind::Protocol, Effect::Unknown));
    assert!(error.reason.contains("error code 5: no"), "{error}");
}

#[tokio::test]
async fn an_action_that_says_it_did_not_complete_is_an_error() {
    let error = start_answered_with(json(200, r#"{"completedSuccessfuly": "false"}"#)).await;
    assert_eq!(error.effect(), Effect::Unknown);
}

#[tokio::test]
async fn an_actions_reply_may_say_anything_else() {
    let replies = [
        ResponseTemplate::new(202),
        ResponseTemplate::new(204),
        json(200, r#"{"completedSuccessfuly": "true"}"#),
        json(200, "<html>not JSON"),
        ResponseTemplate::new(202).insert_header("error-code", "0"),
    ];
    for reply in replies {
        let server = MockServer::start().await;
        answer(&server, "POST", &format!("/applications/{ID}/vms/{NODE1}/start"), reply).await;
        client(&server).act_on_vm(ApplicationId(ID), VmId(NODE1), VmAction::Start).await.unwrap();
    }
}

#[tokio::test]
async fn answers_of_the_wrong_shape_are_protocol_errors() {
    for body in [
        "",
        "<html>",
        "{",
        r#"{"id":1}"#,
        r#"[{"name":"no id"}]"#,
        r#"[{"id":"x","name":"n"}]"#,
        "[1]",
        "null",
    ] {
        let error = list_answered_with(json(200, body)).await;
        assert_eq!(error.kind, BackendErrorKind::Protocol, "{body}");
    }
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_not_read_to_its_end() {
    let server = MockServer::start().await;
    answer(&server, "GET", "/applications", json(200, &format!("[{}]", " ".repeat(5000)))).await;
    let list = async |reply_limit_bytes| {
        let client = Client::new(ClientSettings { reply_limit_bytes, ..settings(&server) }).unwrap();
        client.applications().await
    };
    assert!(list(5002).await.unwrap().is_empty());
    let error = list(5001).await.unwrap_err();
    assert_eq!(error.kind(), BackendErrorKind::Protocol);
    assert!(error.to_string().contains("5001 bytes"), "{error}");
}

#[tokio::test]
async fn a_large_error_text_does_not_hide_the_status() {
    let error = list_answered_with(ResponseTemplate::new(503).set_body_string("x".repeat(1 << 20))).await;
    assert_eq!(error.kind, BackendErrorKind::Unavailable);
}

#[tokio::test]
async fn no_answer_in_time_means_unavailable_with_unknown_effect() {
    let server = MockServer::start().await;
    let reply = ResponseTemplate::new(202).set_delay(Duration::from_secs(3600));
    answer(&server, "POST", &format!("/applications/{ID}/vms/{NODE1}/start"), reply).await;
    let hasty = ClientSettings { request_timeout: Duration::from_millis(50), ..settings(&server) };
    let backend = RavelloBackend::new(Client::new(hasty).unwrap(), "demo", BootSelection::Flag);
    let error = backend.apply(&Step::Start(vec![node(NODE1)])).await.unwrap_err();
    assert_eq!((error.kind, error.effect()), (BackendErrorKind::Unavailable, Effect::Unknown));
    assert_eq!(error.reason, "no answer in time");
    assert!(error.source.is_some());
}

/// A server that answers the first request with these bytes and hangs up.
async fn hangs_up_after(bytes: &'static [u8]) -> BackendError {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/api/v1", listener.local_addr().unwrap());
    let serve = async {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        assert!(connection.read(&mut request).await.unwrap() > 0);
        connection.write_all(bytes).await.unwrap();
    };
    let unreachable = MockServer::start().await;
    let client = Client::new(ClientSettings { base_address: base, ..settings(&unreachable) }).unwrap();
    let ((), outcome) = tokio::join!(serve, client.applications());
    outcome.unwrap_err().into()
}

#[tokio::test]
async fn a_dropped_connection_means_unavailable_with_unknown_effect() {
    let cut_short = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n[";
    for bytes in [&b""[..], b"HTTP/1.1 200", cut_short, b"not HTTP at all\r\n\r\n"] {
        let error = hangs_up_after(bytes).await;
        assert_eq!((error.kind, error.effect()), (BackendErrorKind::Unavailable, Effect::Unknown), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_means_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_address = format!("http://{}/api/v1", listener.local_addr().unwrap());
    drop(listener);
    let server = MockServer::start().await;
    let client = Client::new(ClientSettings { base_address, ..settings(&server) }).unwrap();
    let error = client.applications().await.unwrap_err();
    assert_eq!(error.kind(), BackendErrorKind::Unavailable);
    assert!(error.to_string().contains("cannot connect"), "{error}");
}

#[tokio::test]
async fn a_look_that_fails_keeps_the_id_unless_the_application_is_gone() {
    let server = demo().await;
    let backend = backend(&server);
    backend.observe().await.unwrap();
    server.reset().await;
    answer(&server, "GET", &format!("/applications/{ID}"), ResponseTemplate::new(503)).await;
    for _ in 0..2 {
        assert_eq!(backend.observe().await.unwrap_err().kind, BackendErrorKind::Unavailable);
    }
    assert_eq!(asked(&server).await, [format!("GET /applications/{ID}"), format!("GET /applications/{ID}")]);
}
