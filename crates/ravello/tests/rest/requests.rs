//! Requests as they go over the wire (`ravello-api.md §2`, `§6.2`, `§7.2`, `§10`).

use std::time::{Duration, SystemTime};

use machine::BackendErrorKind;
use ravello::client::{ApplicationAction, Aspect, PublishOptimization, PublishRequest, VmAction};
use ravello::document::{Application, VmDocument, VmState};
use ravello::identity::{ApplicationId, VmId};
use ravello::json::Json;
use wiremock::{MockServer, Request, ResponseTemplate};

use crate::support::{APPLICATION, FILTER_TWO, answer, body, client, compact, json, line, received};

const APP: ApplicationId = ApplicationId(7);
const VM: VmId = VmId(9_223_372_036_854_775_807);

/// The one request that a server got.
async fn only(server: &MockServer) -> Request {
    let mut requests = received(server).await;
    assert_eq!(requests.len(), 1);
    requests.remove(0)
}

async fn any_reply(reply: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    wiremock::Mock::given(wiremock::matchers::any()).respond_with(reply).mount(&server).await;
    server
}

fn has_no_body(request: &Request) {
    assert!(request.body.is_empty());
    assert!(!request.headers.contains_key("content-type"));
    assert_eq!(request.headers["accept"], "application/json");
}

fn has_json(request: &Request, expected: &str) {
    assert_eq!(body(request), expected);
    assert_eq!(request.headers["content-type"], "application/json");
    assert_eq!(request.headers["accept"], "application/json");
    assert_eq!(request.headers["content-length"], expected.len().to_string());
}

#[tokio::test]
async fn each_aspect_has_its_path() {
    for (aspect, path) in [
        (Aspect::Whole, "GET /applications/7"),
        (Aspect::Design, "GET /applications/7;design"),
        (Aspect::Deployment, "GET /applications/7;deployment"),
        (Aspect::Properties, "GET /applications/7;properties"),
    ] {
        let server = any_reply(json(200, r#"{"id":7}"#)).await;
        client(&server).application(APP, aspect).await.unwrap();
        let request = only(&server).await;
        assert_eq!(line(&request), path);
        has_no_body(&request);
        assert!(!request.headers.contains_key("content-length"));
    }
}

#[tokio::test]
async fn vms_are_read_by_aspect() {
    let server = any_reply(json(200, r#"[{"id":9223372036854775807}]"#)).await;
    let vms = client(&server).vms(APP, Aspect::Deployment).await.unwrap();
    assert_eq!(vms[0].view().id(), Some(VM));
    assert_eq!(line(&only(&server).await), "GET /applications/7;deployment/vms");
    let server = any_reply(json(200, r#"{"id":"9223372036854775807"}"#)).await;
    let vm = client(&server).vm(APP, VM, Aspect::Design).await.unwrap();
    assert_eq!(vm.view().id(), Some(VM));
    assert_eq!(line(&only(&server).await), "GET /applications/7;design/vms/9223372036854775807");
}

#[tokio::test]
async fn a_single_vm_is_put_whole_and_unharmed() {
    let text =
        r#"{"id":9223372036854775807,"name":"n","exact":0.10000000000000000001,"foreign":[null,{"a":"é"}]}"#;
    let server = any_reply(json(200, "{}")).await;
    let document = VmDocument::new(Json::parse(text.as_bytes()).unwrap());
    client(&server).put_vm(APP, VM, &document).await.unwrap();
    let request = only(&server).await;
    assert_eq!(line(&request), "PUT /applications/7/vms/9223372036854775807");
    has_json(&request, text);
}

#[tokio::test]
async fn a_whole_application_is_put_unharmed_and_with_its_version() {
    let server = any_reply(json(200, "{}")).await;
    let application = Application::new(Json::parse(APPLICATION.as_bytes()).unwrap()).unwrap();
    client(&server).put_application(&application).await.unwrap();
    let request = only(&server).await;
    assert_eq!(line(&request), "PUT /applications/3100000000017");
    has_json(&request, &compact(APPLICATION));
    assert!(body(&request).contains(r#""version":"4""#));
}

#[tokio::test]
async fn an_application_without_version_is_never_put() {
    let server = any_reply(json(200, "{}")).await;
    for text in [r#"{"id":7}"#, r#"{"id":7,"version":null}"#] {
        let application = Application::new(Json::parse(text.as_bytes()).unwrap()).unwrap();
        let error = client(&server).put_application(&application).await.unwrap_err();
        assert_eq!(error.kind(), BackendErrorKind::Protocol);
    }
    assert!(received(&server).await.is_empty());
}

#[tokio::test]
async fn actions_on_one_vm_have_no_body_and_say_so() {
    for (action, name) in [
        (VmAction::Start, "start"),
        (VmAction::Stop, "stop"),
        (VmAction::Shutdown, "shutdown"),
        (VmAction::PowerOff, "poweroff"),
        (VmAction::Restart, "restart"),
    ] {
        let server = any_reply(ResponseTemplate::new(202)).await;
        client(&server).act_on_vm(APP, VM, action).await.unwrap();
        let request = only(&server).await;
        assert_eq!(line(&request), format!("POST /applications/7/vms/9223372036854775807/{name}"));
        has_no_body(&request);
        assert_eq!(request.headers.get_all("content-length").iter().collect::<Vec<_>>(), ["0"]);
        assert!(!request.headers.contains_key("transfer-encoding"));
    }
}

#[tokio::test]
async fn actions_on_several_vms_name_them_as_numbers() {
    let server = any_reply(ResponseTemplate::new(202)).await;
    client(&server).act_on_vms(APP, &[VM, VmId(5)], VmAction::PowerOff).await.unwrap();
    let request = only(&server).await;
    assert_eq!(line(&request), "POST /applications/7/vms/poweroff");
    has_json(&request, r#"{"ids":[9223372036854775807,5]}"#);
}

#[tokio::test]
async fn actions_on_an_application_have_no_body() {
    for (action, name) in [
        (ApplicationAction::Start, "start"),
        (ApplicationAction::Stop, "stop"),
        (ApplicationAction::Restart, "restart"),
        (ApplicationAction::ResetDisks, "resetDisks"),
    ] {
        let server = any_reply(json(200, r#"{"completedSuccessfuly": "true"}"#)).await;
        client(&server).act_on_application(APP, action).await.unwrap();
        let request = only(&server).await;
        assert_eq!(line(&request), format!("POST /applications/7/{name}"));
        has_no_body(&request);
        assert_eq!(request.headers["content-length"], "0");
    }
}

#[tokio::test]
async fn updates_are_published_without_starting_drafts() {
    let server = any_reply(ResponseTemplate::new(202)).await;
    client(&server).publish_updates(APP).await.unwrap();
    let request = only(&server).await;
    assert_eq!(line(&request), "POST /applications/7/publishUpdates?startAllDraftVms=false");
    has_no_body(&request);
    assert_eq!(request.headers["content-length"], "0");
}

#[tokio::test]
async fn the_first_publish_says_where_to_run() {
    let region = "us-east-5".to_owned();
    let table = [
        (
            PublishRequest { optimization: PublishOptimization::Cost, start_all_vms: true },
            r#"{"optimizationLevel":"COST_OPTIMIZED","startAllVms":true}"#,
        ),
        (
            PublishRequest {
                optimization: PublishOptimization::Performance { region },
                start_all_vms: false,
            },
            r#"{"optimizationLevel":"PERFORMANCE_OPTIMIZED","preferredRegion":"us-east-5","startAllVms":false}"#,
        ),
    ];
    for (publish, expected) in table {
        let server = any_reply(ResponseTemplate::new(202)).await;
        client(&server).publish(APP, &publish).await.unwrap();
        let request = only(&server).await;
        assert_eq!(line(&request), "POST /applications/7/publish");
        has_json(&request, expected);
    }
}

#[tokio::test]
async fn the_expiration_is_set_in_seconds_and_read_in_whatever_way_it_comes() {
    let at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_560_007_200_123);
    for (reply, time) in [
        (json(200, "1560007200123"), Some(at)),
        (json(200, "\"1560007200123\""), Some(at)),
        (json(200, r#"{"value":1560007200123}"#), Some(at)),
        (json(200, "-1"), None),
        (json(200, "{}"), None),
        (ResponseTemplate::new(204), None),
        (ResponseTemplate::new(200).set_body_string("done"), None),
    ] {
        let server = any_reply(reply).await;
        let set = client(&server).set_expiration(APP, Duration::from_secs(7200)).await.unwrap();
        assert_eq!(set, time);
        let request = only(&server).await;
        assert_eq!(line(&request), "POST /applications/7/setExpiration");
        has_json(&request, r#"{"expirationFromNowSeconds":7200}"#);
    }
}

#[tokio::test]
async fn whether_it_is_published_comes_bare_or_wrapped() {
    for (reply, published) in
        [(r#"{"value": true}"#, true), (r#"{"value":"false"}"#, false), ("true", true), ("\"false\"", false)]
    {
        let server = any_reply(json(200, reply)).await;
        assert_eq!(client(&server).is_published(APP).await.unwrap(), published, "{reply}");
        assert_eq!(line(&only(&server).await), "GET /applications/7/isPublished");
    }
    let server = any_reply(json(200, "[]")).await;
    assert_eq!(client(&server).is_published(APP).await.unwrap_err().kind(), BackendErrorKind::Protocol);
}

#[tokio::test]
async fn a_state_comes_as_json_or_as_text() {
    for (reply, state) in [
        (json(200, "\"STARTED\""), VmState::Started),
        (ResponseTemplate::new(200).set_body_string("STOPPED\n"), VmState::Stopped),
        (json(200, r#"{"value":"ERROR_DEPLOY"}"#), VmState::Error("ERROR_DEPLOY".into())),
    ] {
        let server = any_reply(reply).await;
        assert_eq!(client(&server).vm_state(APP, VM).await.unwrap(), state);
        let request = only(&server).await;
        assert_eq!(line(&request), "GET /applications/7/vms/9223372036854775807/state;deployment");
    }
    let server = any_reply(ResponseTemplate::new(200)).await;
    assert_eq!(client(&server).vm_state(APP, VM).await.unwrap_err().kind(), BackendErrorKind::Protocol);
}

#[tokio::test]
async fn the_console_is_asked_for_as_text() {
    let server = any_reply(ResponseTemplate::new(200).set_body_string("https://console.example/x?y=1")).await;
    assert_eq!(client(&server).vnc_address(APP, VM).await.unwrap(), "https://console.example/x?y=1");
    let request = only(&server).await;
    assert_eq!(line(&request), "GET /applications/7/vms/9223372036854775807/vncUrl");
    assert_eq!(request.headers["accept"], "text/plain");
}

#[tokio::test]
async fn images_and_key_pairs_are_listed() {
    let server = MockServer::start().await;
    answer(&server, "GET", "/diskImages", json(200, r#"[{"id":62000051,"name":"ipxe.iso"}]"#)).await;
    answer(&server, "GET", "/keypairs", json(200, r#"[{"id":5,"name":"k"}]"#)).await;
    let images = client(&server).disk_images().await.unwrap();
    assert_eq!(images[0].get("name").and_then(Json::text).as_deref(), Some("ipxe.iso"));
    assert_eq!(client(&server).key_pairs().await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_application_is_found_by_its_exact_name() {
    let server = any_reply(json(200, crate::support::FILTER_ONE)).await;
    assert_eq!(client(&server).find_application("demo").await.unwrap(), ApplicationId(3_100_000_000_017));
    let request = only(&server).await;
    assert_eq!(line(&request), "POST /applications/filter");
    has_json(
        &request,
        concat!(
            r#"{"type":"COMPLEX","operator":"And","criteria":[{"type":"SIMPLE","propertyName":"name","#,
            r#""operator":"Equals","operand":"demo"}]}"#
        ),
    );
}

#[tokio::test]
async fn no_application_of_that_name_is_not_found() {
    let server = any_reply(json(200, crate::support::FILTER_ONE)).await;
    let error = client(&server).find_application("Demo").await.unwrap_err();
    assert_eq!(error.kind(), BackendErrorKind::NotFound);
    assert!(error.to_string().contains("\"Demo\""), "{error}");
}

#[tokio::test]
async fn two_applications_of_one_name_are_an_error_that_names_both() {
    let server = any_reply(json(200, FILTER_TWO)).await;
    let error = client(&server).find_application("demo").await.unwrap_err();
    assert_eq!(error.kind(), BackendErrorKind::Protocol);
    let shown = error.to_string();
    assert!(shown.contains("3100000000017") && shown.contains("3100000000018"), "{shown}");
}

#[tokio::test]
async fn names_are_quoted_in_the_filter() {
    let server = any_reply(json(200, "[]")).await;
    client(&server).find_application("a\"b\\é").await.unwrap_err();
    assert!(body(&only(&server).await).contains(r#""operand":"a\"b\\é""#));
}
