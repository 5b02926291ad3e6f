//! The contract of the API over HTTP (`ravello-api.md §2`, `§3`, `§4`, `§6.2`, `§7.2`, `§10`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    unreachable_pub,
    missing_docs,
    dead_code,
    reason = "tests"
)]

mod support;

use std::time::Duration;

use ravello_sim::{
    ContentLocation, Durations, ErrorBody, IdSize, StateReply, Switches, VmPutReply, VmState,
    WrongStateStatus,
};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use support::{PASSWORD, USERNAME, config, demo, json, serve};

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

/// An error must say in two headers what is wrong.
fn assert_error(response: &Response, status: StatusCode) {
    assert_eq!(response.status(), status, "{response:?}");
    assert!(header(response, "Error-Code").unwrap().parse::<u32>().is_ok());
    assert!(!header(response, "Error-Message").unwrap().is_empty());
}

#[tokio::test]
async fn json_has_no_charset_and_the_console_address_is_plain_text() {
    let served = demo(0).await;
    let undercloud = served.node("undercloud");
    let path = served.demo_path();
    let list = served.api(Method::GET, "/applications").send().await.unwrap();
    assert_eq!(header(&list, "content-type"), Some("application/json"));
    assert!(header(&list, "operation-id").is_some());
    let console = served.api(Method::GET, &format!("{path}/vms/{undercloud}/vncUrl")).send().await.unwrap();
    assert_eq!(header(&console, "content-type"), Some("text/plain"));
    assert!(console.text().await.unwrap().starts_with("https://"));
}

#[tokio::test]
async fn everything_needs_credentials() {
    let served = demo(1).await;
    for path in ["/api/v1/applications", "/api/v1/nonsense", "/sim/vms", "/sim/switches", "/api/v1/login"] {
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE] {
            let refused = served.anonymous(method, path).send().await.unwrap();
            assert_error(&refused, StatusCode::UNAUTHORIZED);
        }
    }
    let wrong = served.anonymous(Method::POST, "/api/v1/login").basic_auth(USERNAME, Some("wrong"));
    assert_error(&wrong.send().await.unwrap(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn login_opens_a_session_that_plain_http_can_keep_and_logout_ends_it() {
    let served = demo(0).await;
    let login = served.api(Method::POST, "/login").send().await.unwrap();
    assert_eq!(login.status(), StatusCode::OK);
    let cookies: Vec<String> = login
        .headers()
        .get_all("set-cookie")
        .iter()
        .map(|cookie| cookie.to_str().unwrap().to_owned())
        .collect();
    assert!(cookies[0].starts_with("JSESSIONID="));
    assert!(cookies[0].contains("HttpOnly"));
    assert!(cookies[1].starts_with("rememberMe=deleteMe"));
    assert!(!cookies.concat().contains("Secure"));
    let user: Value = serde_json::from_slice(&login.bytes().await.unwrap()).unwrap();
    assert_eq!(user["username"], USERNAME);
    assert!(user["organizationProfile"]["organizationName"].is_string());

    let session = cookies[0].split(';').next().unwrap().to_owned();
    let with_cookie = |method, path: &str| {
        served
            .anonymous(method, &format!("/api/v1{path}"))
            .header("Cookie", format!("other=1; {session}"))
            .send()
    };
    let list = with_cookie(Method::GET, "/applications").await.unwrap();
    assert_eq!(list.status(), StatusCode::OK);
    assert_eq!(header(&list, "X-Is-Ephemeral"), Some("false"));
    assert_error(&with_cookie(Method::POST, "/login").await.unwrap(), StatusCode::UNAUTHORIZED);
    assert_eq!(with_cookie(Method::POST, "/logout").await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_error(&with_cookie(Method::GET, "/applications").await.unwrap(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn ephemeral_token_opens_the_api_and_is_shown_once() {
    let served = demo(0).await;
    let created = served.post("/ephemeralAccessTokens", &json!({ "name": "lab", "permissions": [] })).await;
    let created = json(created, StatusCode::CREATED).await;
    let token = created["token"].as_str().unwrap();
    let with_token = |token: &str| {
        served
            .anonymous(Method::GET, "/api/v1/applications")
            .header("X-Ephemeral-Token-Authorization", token)
            .send()
    };
    let list = with_token(token).await.unwrap();
    assert_eq!(list.status(), StatusCode::OK);
    assert_eq!(header(&list, "X-Is-Ephemeral"), Some("true"));
    assert_error(&with_token("wrong").await.unwrap(), StatusCode::UNAUTHORIZED);
    let shown = served.get(&format!("/ephemeralAccessTokens/{}", created["id"])).await;
    assert_eq!(shown.get("token"), None);
}

#[tokio::test]
async fn identifiers_beyond_2_to_the_53_pass_unharmed() {
    let mut config = config();
    config.switches.id_size = IdSize::Huge;
    let served = serve(config).await;
    let vm = json!({ "id": 9_223_372_036_854_775_807_u64, "name": "large",
                     "hardDrives": [{ "id": 9_007_199_254_740_993_u64, "type": "DISK" }] });
    let body = json!({ "name": "lab", "design": { "vms": [vm] } });
    let created = served.post("/applications", &body).await;
    let location = header(&created, "Location").unwrap().to_owned();
    let created = json(created, StatusCode::CREATED).await;
    let id = created["id"].as_u64().unwrap();
    assert!(id > 1 << 53);
    assert_eq!(location, format!("{}/api/v1/applications/{id}", served.url));
    let text =
        served.api(Method::GET, &format!("/applications/{id}")).send().await.unwrap().text().await.unwrap();
    assert!(text.contains("\"id\":9223372036854775807"));
    assert!(text.contains("\"id\":9007199254740993"));
    let vm = served.get(&format!("/applications/{id}/vms/9223372036854775807")).await;
    assert_eq!(vm["hardDrives"][0]["id"], 9_007_199_254_740_993_u64);
}

#[tokio::test]
async fn long_to_string_turns_every_long_into_a_string() {
    let served = demo(1).await;
    let path = served.demo_path();
    let expiration = json!({ "expirationFromNowSeconds": 60 });
    served.post(&format!("{path}/setExpiration"), &expiration).await;
    let asked = served.api(Method::GET, &path).header("X-LongToString", "true").send().await.unwrap();
    let shown = json(asked, StatusCode::OK).await;
    assert!(shown["id"].is_string());
    assert!(shown["creationTime"].is_string());
    assert!(shown["nextStopTime"].is_string());
    let vm = &shown["design"]["vms"][0];
    assert!(vm["id"].is_string() && vm["applicationId"].is_string());
    assert!(vm["hardDrives"][0]["id"].is_string());
    assert!(vm["numCpus"].is_number() && vm["hardDrives"][0]["index"].is_number());

    let put = served.put(&path, &shown).await;
    assert_eq!(put.status(), StatusCode::OK, "strings are accepted for numbers");
    let shown = served.get(&path).await;
    assert!(shown["design"]["vms"][0]["id"].is_u64(), "and come back as numbers");
    assert_eq!(shown["designDiffersFromDeployment"], false);
}

#[tokio::test]
async fn aspect_may_be_on_the_application_or_on_the_vm() {
    let served = demo(1).await;
    let (path, node) = (served.demo_path(), served.node("node1"));
    for (spelling, has_state) in [
        (format!("{path};deployment/vms/{node}"), true),
        (format!("{path}/vms/{node};deployment"), true),
        (format!("{path};design/vms/{node}"), false),
        (format!("{path}/vms/{node};design"), false),
        (format!("{path}/vms/{node}"), false),
        (format!("{path}/vms/{node}/"), false),
    ] {
        let vm = served.get(&spelling).await;
        assert_eq!(vm.get("state").is_some(), has_state, "{spelling}");
        assert_eq!(vm["id"], json!(node), "{spelling}");
    }
    for spelling in [format!("{path};deployment/vms"), format!("{path}/vms;deployment")] {
        assert!(served.get(&spelling).await[0]["name"].is_string(), "{spelling}");
    }
    let keys = |shown: &Value| ["design", "deployment"].map(|aspect| shown.get(aspect).is_some());
    assert_eq!(keys(&served.get(&path).await), [true, true]);
    assert_eq!(keys(&served.get(&format!("{path};design")).await), [true, false]);
    assert_eq!(keys(&served.get(&format!("{path};deployment")).await), [false, true]);
    assert_eq!(keys(&served.get(&format!("{path};properties")).await), [false, false]);
}

#[tokio::test]
async fn body_may_be_sent_with_a_charset_and_must_be_json() {
    let served = demo(1).await;
    let filter = json!({ "type": "COMPLEX", "operator": "And", "criteria": [
        { "type": "SIMPLE", "propertyName": "name", "operator": "Equals", "operand": "demo" }] });
    let found = served
        .api(Method::POST, "/applications/filter")
        .header("Content-Type", "application/json;charset=utf-8")
        .body(filter.to_string())
        .send()
        .await
        .unwrap();
    let found = json(found, StatusCode::OK).await;
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!(found[0]["deployment"].get("vms"), None, "a summary");

    let path = served.demo_path();
    for (method, path) in [
        (Method::POST, "/applications".to_owned()),
        (Method::POST, "/applications/filter".to_owned()),
        (Method::PUT, path.clone()),
        (Method::POST, format!("{path}/setExpiration")),
        (Method::POST, format!("{path}/vms/start")),
        (Method::POST, "/keypairs".to_owned()),
    ] {
        for broken in ["", "{", "nonsense", "[1,2", "\"\\ud800\"", "\u{0}"] {
            let refused = served.api(method.clone(), &path).body(broken).send().await.unwrap();
            assert_error(&refused, StatusCode::BAD_REQUEST);
        }
    }
}

#[tokio::test]
async fn what_does_not_exist_is_not_found_by_name() {
    let served = demo(1).await;
    let path = served.demo_path();
    for (path, named) in [
        ("/applications/5".to_owned(), "application 5"),
        (format!("{path}/vms/5"), "VM 5"),
        (format!("{path}/vms/5/state;deployment"), "VM 5"),
        (format!("{path}/vms/99999999999999999999999"), "99999999999999999999999"),
        ("/billing".to_owned(), "GET /billing"),
        ("/keypairs/5".to_owned(), "key pair 5"),
        ("/diskImages/x".to_owned(), "\"x\""),
        (format!("{path}/documentation"), "/applications/{id}/documentation"),
    ] {
        let missing = served.api(Method::GET, &path).send().await.unwrap();
        assert_error(&missing, StatusCode::NOT_FOUND);
        assert!(header(&missing, "Error-Message").unwrap().contains(named), "{missing:?}");
    }
    assert_error(&served.anonymous(Method::GET, "/").send().await.unwrap(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn vm_questions_have_their_own_shapes() {
    let served = demo(1).await;
    let (path, vm) = (served.demo_path(), served.node("undercloud"));
    assert_eq!(served.get(&format!("{path}/vms/{vm}/state;deployment")).await, "STARTED");
    assert!(served.get(&format!("{path}/vms/{vm}/fqdn;deployment")).await["value"].is_string());
    assert_eq!(served.get(&format!("{path}/vms/{vm}/publicIps;deployment")).await, json!({ "ips": [] }));
    assert_eq!(served.get(&format!("{path}/isPublished")).await, json!({ "value": true }));
    assert_eq!(served.get(&format!("{path}/pendingUpdates")).await, json!({ "value": false }));
    assert!(served.get(&format!("{path}/publishLocations")).await[0]["regionName"].is_string());

    served.simulator.set_switches(Switches { state_reply: StateReply::Text, ..Switches::default() });
    let state = served.api(Method::GET, &format!("{path}/vms/{vm}/state;deployment")).send().await.unwrap();
    assert_eq!(header(&state, "content-type"), Some("text/plain"));
    assert_eq!(state.text().await.unwrap(), "STARTED");
}

#[tokio::test]
async fn actions_answer_as_the_service_did() {
    let mut config = config();
    config.durations = Durations::all(Duration::from_secs(3600));
    config.applications.push(ravello_sim::demo::application(2).unwrap());
    let served = serve(config).await;
    let path = served.demo_path();
    let nodes = [served.node("node1"), served.node("node2")];
    let batch = served.post(&format!("{path}/vms/start"), &json!({ "ids": nodes })).await;
    assert_eq!(batch.status(), StatusCode::ACCEPTED);
    for node in nodes {
        assert_eq!(served.simulator.vm_state(node), Some(VmState::Starting));
    }
    let refused =
        served.api(Method::POST, &format!("{path}/vms/{}/poweroff", nodes[0])).send().await.unwrap();
    assert_error(&refused, StatusCode::CONFLICT);
    for (switch, status) in [
        (WrongStateStatus::BadRequest, StatusCode::BAD_REQUEST),
        (WrongStateStatus::Forbidden, StatusCode::FORBIDDEN),
    ] {
        served.simulator.set_switches(Switches { wrong_state: switch, ..Switches::default() });
        assert_eq!(served.act(&format!("{path}/vms/{}/start", nodes[0])).await, status);
    }
    let stop = served.api(Method::POST, &format!("{path}/stop")).send().await.unwrap();
    assert_eq!(json(stop, StatusCode::ACCEPTED).await, json!({ "completedSuccessfuly": "true" }));
    assert_eq!(served.act(&format!("{path}/explode")).await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn set_expiration_answers_a_bare_number() {
    let served = demo(0).await;
    let path = served.demo_path();
    let body = json!({ "expirationFromNowSeconds": "7200" });
    let until = json(served.post(&format!("{path}/setExpiration"), &body).await, StatusCode::OK).await;
    assert_eq!(served.get(&path).await["nextStopTime"], until);
    let never =
        served.post(&format!("{path}/setExpiration"), &json!({ "expirationFromNowSeconds": -1 })).await;
    assert_eq!(json(never, StatusCode::OK).await, -1);
    assert_eq!(served.get(&path).await.get("nextStopTime"), None);
}

#[tokio::test]
async fn application_lives_from_creation_to_deletion() {
    let served = demo(0).await;
    let created = served.post("/applications", &json!({ "name": "new" })).await;
    let created = json(created, StatusCode::CREATED).await;
    assert_eq!(created["version"], 1);
    assert_eq!(created["published"], false);
    assert_eq!(created.get("deployment"), None);
    let path = format!("/applications/{}", created["id"]);
    let vm = served.post(&format!("{path}/vms"), &json!({ "name": "vm" })).await;
    assert!(header(&vm, "Location").unwrap().contains("/vms/"));
    let vm = json(vm, StatusCode::CREATED).await;
    assert_eq!(served.get(&path).await["version"], 2);
    assert_eq!(served.act(&format!("{path}/publishUpdates")).await, StatusCode::CONFLICT, "never published");
    let publish = json!({ "optimizationLevel": "COST_OPTIMIZED" });
    assert_eq!(served.post(&format!("{path}/publish"), &publish).await.status(), StatusCode::ACCEPTED);
    let id = vm["id"].as_u64().map(ravello_sim::VmId).unwrap();
    served.simulator.wait_until(|sim| sim.vm_state(id) == Some(VmState::Started)).await;
    let deletion = served.api(Method::DELETE, &format!("{path}/vms/{id}")).send().await.unwrap();
    assert_eq!(deletion.status(), StatusCode::NO_CONTENT);
    let deletion = served.api(Method::DELETE, &path).send().await.unwrap();
    assert_eq!(deletion.status(), StatusCode::NO_CONTENT);
    let gone = served.api(Method::GET, &path).send().await.unwrap();
    assert_error(&gone, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn stale_put_is_refused_and_a_vm_put_answers_as_switched() {
    let served = demo(1).await;
    let (path, node) = (served.demo_path(), served.node("node1"));
    let stale = served.get(&path).await;
    assert_eq!(served.put(&path, &stale).await.status(), StatusCode::OK);
    assert_error(&served.put(&path, &stale).await, StatusCode::CONFLICT);
    let vm_path = format!("{path}/vms/{node}");
    let vm = served.get(&vm_path).await;
    assert_eq!(json(served.put(&vm_path, &vm).await, StatusCode::OK).await["id"], json!(node));
    let mut switches = Switches { vm_put_reply: VmPutReply::Application, ..Switches::default() };
    served.simulator.set_switches(switches);
    assert_eq!(json(served.put(&vm_path, &vm).await, StatusCode::OK).await["name"], "demo");
    switches.vm_put_reply = VmPutReply::Nothing;
    served.simulator.set_switches(switches);
    assert!(served.put(&vm_path, &vm).await.bytes().await.unwrap().is_empty());
}

#[tokio::test]
async fn start_all_draft_vms_can_be_declined() {
    let served = demo(0).await;
    let path = served.demo_path();
    for (parameter, expected) in [("?startAllDraftVms=false", VmState::Stopped), ("", VmState::Started)] {
        let vm = served.post(&format!("{path}/vms"), &json!({ "name": format!("draft{parameter}") })).await;
        let vm = ravello_sim::VmId(json(vm, StatusCode::CREATED).await["id"].as_u64().unwrap());
        assert_eq!(served.act(&format!("{path}/publishUpdates{parameter}")).await, StatusCode::ACCEPTED);
        served.simulator.wait_until(|sim| sim.vm_state(vm) == Some(expected)).await;
    }
}

#[tokio::test]
async fn library_has_the_ipxe_image_and_keeps_key_pairs() {
    let served = demo(0).await;
    let images = served.get("/diskImages").await;
    assert!(images.as_array().unwrap().iter().any(|image| image["name"] == "ipxe.iso"));
    let pair =
        json(served.api(Method::POST, "/keypairs/generate").send().await.unwrap(), StatusCode::CREATED).await;
    assert!(pair["publicKey"].as_str().unwrap().len() > 100);
    assert!(pair["privateKey"].as_str().unwrap().len() > 100);
    assert!(pair["creationTime"].is_string());
    let path = format!("/keypairs/{}", pair["id"]);
    let shown = served.get(&path).await;
    assert_eq!((shown.get("publicKey"), shown.get("privateKey")), (None, None));
    let deletion = served.api(Method::DELETE, &path).send().await.unwrap();
    assert_eq!(deletion.status(), StatusCode::NO_CONTENT);
    assert_eq!(served.get(&path).await["deleted"], true, "still there to be read");
    assert_eq!(served.get("/keypairs").await, json!([]));
}

#[tokio::test]
async fn content_location_is_sent_only_if_switched_on() {
    let served = demo(0).await;
    let path = served.demo_path();
    let get = || async { served.api(Method::GET, &path).send().await.unwrap() };
    assert_eq!(header(&get().await, "Content-Location"), None);
    served
        .simulator
        .set_switches(Switches { content_location: ContentLocation::Present, ..Switches::default() });
    assert_eq!(header(&get().await, "Content-Location").unwrap(), format!("{}/api/v1{path}", served.url));
}

#[tokio::test]
async fn basic_credentials_without_login_and_with_a_domain_are_enough() {
    let served = demo(0).await;
    let user = format!("domain/{USERNAME}");
    let list = served.anonymous(Method::GET, "/api/v1/applications").basic_auth(user, Some(PASSWORD));
    assert_eq!(list.send().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn refusal_has_operation_messages_only_if_switched_on() {
    let served = demo(0).await;
    let get = || async { served.api(Method::GET, "/applications/5").send().await.unwrap() };
    assert!(get().await.bytes().await.unwrap().is_empty());
    served
        .simulator
        .set_switches(Switches { error_body: ErrorBody::OperationMessages, ..Switches::default() });
    let body = json(get().await, StatusCode::NOT_FOUND).await;
    assert_eq!(body["operationMessages"][0]["message"], "there is no application 5");
}

#[tokio::test]
async fn body_beyond_all_bounds_is_refused_before_it_is_read() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let served = demo(0).await;
    let mut stream = tokio::net::TcpStream::connect(served.url.trim_start_matches("http://")).await.unwrap();
    let head = "POST /api/v1/applications HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    assert!(reply.starts_with("HTTP/1.1 413 "), "{reply}");
    assert!(reply.contains("error-message: "), "{reply}");
}
