//! Servers, clients and documents for the tests.

use std::time::Duration;

use machine::NodeId;
use ravello::{Authentication, BootSelection, Client, ClientSettings, Credentials, RavelloBackend};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

pub(crate) const APPLICATION: &str = include_str!("../fixtures/application.json");
pub(crate) const FILTER_ONE: &str = include_str!("../fixtures/filter_one.json");
pub(crate) const FILTER_TWO: &str = include_str!("../fixtures/filter_two.json");

pub(crate) const ID: u64 = 3_100_000_000_017;
pub(crate) const UNDERCLOUD: u64 = 4_400_000_000_000_021;
pub(crate) const NODE1: u64 = 4_400_000_000_000_022;
pub(crate) const NODE2: u64 = 9_223_372_036_854_775_807;
pub(crate) const DRAFT: u64 = 4_400_000_000_000_024;

pub(crate) const PASSWORD: &str = "s3cret-word";

pub(crate) fn node(vm: u64) -> NodeId {
    NodeId::new(format!("{ID}/{vm}"))
}

pub(crate) fn credentials() -> Credentials {
    Credentials::in_domain("lab", "operator", PASSWORD.into()).unwrap()
}

pub(crate) fn settings(server: &MockServer) -> ClientSettings {
    let authentication = Authentication::Basic(credentials());
    ClientSettings {
        request_timeout: Duration::from_secs(30),
        ..ClientSettings::new(format!("{}/api/v1", server.uri()), authentication)
    }
}

pub(crate) fn client(server: &MockServer) -> Client {
    Client::new(settings(server)).unwrap()
}

pub(crate) fn session_client(server: &MockServer) -> Client {
    Client::new(ClientSettings { authentication: Authentication::Session(credentials()), ..settings(server) })
        .unwrap()
}

pub(crate) fn backend(server: &MockServer) -> RavelloBackend {
    RavelloBackend::new(client(server), "demo", BootSelection::Flag)
}

pub(crate) fn json(status: u16, body: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw(body, "application/json")
}

/// Makes the server answer a request, path without query, as often as it comes.
pub(crate) async fn answer(server: &MockServer, verb: &str, at: &str, reply: ResponseTemplate) {
    Mock::given(method(verb)).and(path(format!("/api/v1{at}"))).respond_with(reply).mount(server).await;
}

/// Makes the server answer a request once; what is mounted after it comes next.
pub(crate) async fn answer_once(server: &MockServer, verb: &str, at: &str, reply: ResponseTemplate) {
    let mock = Mock::given(method(verb)).and(path(format!("/api/v1{at}"))).respond_with(reply);
    mock.up_to_n_times(1).mount(server).await;
}

/// A server that knows the application `demo`.
pub(crate) async fn demo() -> MockServer {
    let server = MockServer::start().await;
    answer(&server, "POST", "/applications/filter", json(200, FILTER_ONE)).await;
    answer(&server, "GET", &format!("/applications/{ID}"), json(200, APPLICATION)).await;
    server
}

pub(crate) async fn received(server: &MockServer) -> Vec<Request> {
    server.received_requests().await.unwrap()
}

/// What the server was asked, such as `GET /applications/1`.
pub(crate) async fn asked(server: &MockServer) -> Vec<String> {
    received(server).await.iter().map(line).collect()
}

pub(crate) fn line(request: &Request) -> String {
    let query = request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{} {}{query}", request.method, request.url.path().strip_prefix("/api/v1").unwrap())
}

pub(crate) fn body(request: &Request) -> &str {
    std::str::from_utf8(&request.body).unwrap()
}

/// The text without white space outside of strings: what an exact read and write leaves of it.
pub(crate) fn compact(text: &str) -> String {
    let (mut in_string, mut escaped) = (false, false);
    let keep = |each: &char| {
        let kept = in_string || !each.is_ascii_whitespace();
        match each {
            '"' if !escaped => in_string = !in_string,
            _ => {}
        }
        escaped = in_string && *each == '\\' && !escaped;
        kept
    };
    text.chars().filter(keep).collect()
}
