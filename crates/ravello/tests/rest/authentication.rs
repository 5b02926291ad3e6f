//! Who we are, in every way of saying it (`ravello-api.md §3`).

use machine::BackendErrorKind;
use ravello::{Authentication, Client, ClientSettings, EphemeralToken};
use wiremock::matchers::{basic_auth, header, header_regex, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{PASSWORD, answer, asked, client, json, received, session_client, settings};

const LIST: &str = "GET /applications";

#[tokio::test]
async fn basic_goes_with_every_request_and_needs_no_login() {
    let server = MockServer::start().await;
    Mock::given(basic_auth("lab/operator", PASSWORD)).respond_with(json(200, "[]")).mount(&server).await;
    let client = client(&server);
    client.applications().await.unwrap();
    client.applications().await.unwrap();
    assert_eq!(asked(&server).await, [LIST, LIST]);
}

#[tokio::test]
async fn a_basic_request_that_is_refused_is_not_repeated() {
    let server = MockServer::start().await;
    answer(&server, "GET", "/applications", ResponseTemplate::new(401)).await;
    let error = client(&server).applications().await.unwrap_err();
    assert_eq!(error.kind(), BackendErrorKind::Unauthenticated);
    assert_eq!(asked(&server).await, [LIST]);
}

#[tokio::test]
async fn a_token_goes_in_its_own_header_and_needs_no_login() {
    let server = MockServer::start().await;
    let token = header("x-ephemeral-token-authorization", "tok-en");
    Mock::given(token).respond_with(json(200, "[]")).mount(&server).await;
    let authentication = Authentication::EphemeralToken(EphemeralToken::new("tok-en".into()).unwrap());
    let client = Client::new(ClientSettings { authentication, ..settings(&server) }).unwrap();
    client.applications().await.unwrap();
    let requests = received(&server).await;
    assert_eq!(requests.len(), 1);
    assert!(!requests[0].headers.contains_key("authorization"));
}

/// Answers one login with one cookie, as the service does.
async fn login_gives(server: &MockServer, cookie: &str) {
    let reply = json(200, r#"{"id":1,"username":"operator"}"#)
        .append_header("set-cookie", format!("JSESSIONID={cookie}; Path=/; HttpOnly"))
        .append_header("set-cookie", "rememberMe=deleteMe; Path=/; Max-Age=0");
    Mock::given(method("POST"))
        .and(path("/api/v1/login"))
        .and(basic_auth("lab/operator", PASSWORD))
        .respond_with(reply)
        .up_to_n_times(1)
        .mount(server)
        .await;
}

async fn list_needs(server: &MockServer, cookie: &str) {
    let cookie = header_regex("cookie", &format!("(^|; )JSESSIONID={cookie}(;|$)"));
    Mock::given(method("GET")).and(cookie).respond_with(json(200, "[]")).mount(server).await;
    answer(server, "GET", "/applications", ResponseTemplate::new(401)).await;
}

#[tokio::test]
async fn a_session_logs_in_once_and_goes_on_with_the_cookie() {
    let server = MockServer::start().await;
    login_gives(&server, "one").await;
    list_needs(&server, "one").await;
    let client = session_client(&server);
    client.applications().await.unwrap();
    client.applications().await.unwrap();
    assert_eq!(asked(&server).await, ["POST /login", LIST, LIST]);
    let requests = received(&server).await;
    assert_eq!(requests[0].headers["content-length"], "0");
    assert!(!requests[1].headers.contains_key("authorization"));
}

#[tokio::test]
async fn a_forgotten_session_is_renewed_once_and_the_request_repeated() {
    let server = MockServer::start().await;
    login_gives(&server, "one").await;
    login_gives(&server, "two").await;
    list_needs(&server, "two").await;
    session_client(&server).applications().await.unwrap();
    assert_eq!(asked(&server).await, ["POST /login", LIST, "POST /login", LIST]);
}

#[tokio::test]
async fn requests_that_are_refused_together_log_in_once() {
    let server = MockServer::start().await;
    login_gives(&server, "one").await;
    login_gives(&server, "two").await;
    list_needs(&server, "two").await;
    let client = session_client(&server);
    let (a, b, c) = tokio::join!(client.applications(), client.applications(), client.applications());
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    let logins = asked(&server).await.into_iter().filter(|line| line == "POST /login").count();
    assert_eq!(logins, 2);
}

#[tokio::test]
async fn a_service_that_never_accepts_the_session_is_not_asked_for_ever() {
    let server = MockServer::start().await;
    login_gives(&server, "one").await;
    login_gives(&server, "two").await;
    list_needs(&server, "other").await;
    let error = session_client(&server).applications().await.unwrap_err();
    assert_eq!(error.kind(), BackendErrorKind::Unauthenticated);
    assert_eq!(asked(&server).await, ["POST /login", LIST, "POST /login", LIST]);
}

#[tokio::test]
async fn a_wrong_password_ends_at_the_login() {
    let server = MockServer::start().await;
    answer(&server, "POST", "/login", ResponseTemplate::new(401)).await;
    let error = session_client(&server).applications().await.unwrap_err();
    assert_eq!(error.kind(), BackendErrorKind::Unauthenticated);
    assert_eq!(asked(&server).await, ["POST /login"]);
}

#[tokio::test]
async fn after_a_logout_the_next_request_logs_in() {
    let server = MockServer::start().await;
    login_gives(&server, "one").await;
    login_gives(&server, "two").await;
    answer(&server, "POST", "/logout", ResponseTemplate::new(204)).await;
    answer(&server, "GET", "/applications", json(200, "[]")).await;
    let client = session_client(&server);
    client.log_out().await.unwrap();
    client.applications().await.unwrap();
    client.log_out().await.unwrap();
    client.log_out().await.unwrap();
    client.applications().await.unwrap();
    assert_eq!(asked(&server).await, ["POST /login", LIST, "POST /logout", "POST /login", LIST]);
}

#[tokio::test]
async fn a_redirect_does_not_carry_the_credentials_away() {
    let (server, elsewhere) = (MockServer::start().await, MockServer::start().await);
    let reply = ResponseTemplate::new(307).insert_header("location", elsewhere.uri());
    answer(&server, "GET", "/applications", reply).await;
    let error = client(&server).applications().await.unwrap_err();
    assert_eq!(error.kind(), BackendErrorKind::Protocol);
    assert!(received(&elsewhere).await.is_empty());
}
