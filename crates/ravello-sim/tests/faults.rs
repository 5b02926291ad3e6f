//! Injected faults, as a client sees them.
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

use ravello_sim::{BootCause, EditMoment, FaultEffect, FaultRule, Occurrence, RequestPattern, VmState};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use support::{Served, demo};

const START: &str = "/applications/{id}/vms/{id}/start";

fn next(path: &str, effect: FaultEffect) -> FaultRule {
    FaultRule {
        matches: RequestPattern { path: Some(path.to_owned()), ..RequestPattern::default() },
        occurrence: Occurrence::Next { times: 1 },
        effect,
    }
}

fn start_of(served: &Served, node: &str) -> String {
    format!("{}/vms/{}/start", served.demo_path(), served.node(node))
}

#[tokio::test]
async fn throttled_request_says_when_to_come_back_and_has_no_effect() {
    let served = demo(1).await;
    served.simulator.add_fault(next(START, FaultEffect::Throttle { retry_after_seconds: Some(7) }));
    let refused = served.api(Method::POST, &start_of(&served, "node1")).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.headers()["retry-after"], "7");
    assert_eq!(served.simulator.vm_state(served.node("node1")), Some(VmState::Stopped));
    assert_eq!(served.act(&start_of(&served, "node1")).await, StatusCode::ACCEPTED, "only the next one");
    assert_eq!(served.simulator.faults()[0].hit, 1);
}

#[tokio::test]
async fn refused_request_has_the_status_that_was_asked_for() {
    let served = demo(1).await;
    for status in [400, 403, 409, 500, 503] {
        served
            .simulator
            .add_fault(next(START, FaultEffect::Refuse { status, message: Some("no".to_owned()) }));
        let refused = served.api(Method::POST, &start_of(&served, "node1")).send().await.unwrap();
        assert_eq!(refused.status().as_u16(), status);
        assert_eq!(refused.headers()["error-message"], "no");
    }
    assert_eq!(served.simulator.boot_log(served.node("node1")), []);
}

#[tokio::test]
async fn dropped_connection_has_no_effect_and_a_lost_reply_has() {
    let served = demo(2).await;
    served.simulator.add_fault(next(START, FaultEffect::DropConnection));
    let dropped = served.api(Method::POST, &start_of(&served, "node1")).send().await;
    assert!(dropped.is_err(), "{dropped:?}");
    assert_eq!(served.simulator.vm_state(served.node("node1")), Some(VmState::Stopped));

    served.simulator.add_fault(next(START, FaultEffect::LoseReply));
    let lost = served.api(Method::POST, &start_of(&served, "node2")).send().await;
    assert!(lost.is_err(), "{lost:?}");
    let node = served.node("node2");
    served.simulator.wait_until(|sim| sim.vm_state(node) == Some(VmState::Started)).await;
}

#[tokio::test]
async fn slow_request_is_carried_out_later() {
    let served = demo(1).await;
    let pause = Duration::from_millis(100);
    served.simulator.add_fault(next(START, FaultEffect::Slow { millis: pause }));
    let asked = tokio::time::Instant::now();
    assert_eq!(served.act(&start_of(&served, "node1")).await, StatusCode::ACCEPTED);
    assert!(asked.elapsed() >= pause);
}

#[tokio::test]
async fn slow_request_does_not_slow_others() {
    let served = demo(1).await;
    served.simulator.add_fault(next(START, FaultEffect::Slow { millis: Duration::from_secs(3600) }));
    let (slow, quick) = (start_of(&served, "node1"), served.demo_path());
    let others = async {
        served.simulator.wait_until(|sim| sim.faults()[0].hit == 1).await;
        served.get(&quick).await
    };
    tokio::select! {
        status = served.act(&slow) => panic!("answered at once: {status}"),
        _ = others => {}
    }
    assert_eq!(served.simulator.vm_state(served.node("node1")), Some(VmState::Stopped));
}

#[tokio::test]
async fn stuck_vm_goes_on_when_it_is_released() {
    let served = demo(1).await;
    let node = served.node("node1");
    served.simulator.add_fault(next(START, FaultEffect::Stick));
    assert_eq!(served.act(&start_of(&served, "node1")).await, StatusCode::ACCEPTED);
    served.simulator.step_clock(Duration::from_secs(3600));
    assert_eq!(served.simulator.vm_state(node), Some(VmState::Starting));
    let release = served.sim(Method::POST, &format!("/vms/{node}/release")).send().await.unwrap();
    assert_eq!(release.status(), StatusCode::NO_CONTENT);
    served.simulator.wait_until(|sim| sim.vm_state(node) == Some(VmState::Started)).await;
}

#[tokio::test]
async fn vms_of_a_batch_can_fail_afterwards() {
    let served = demo(2).await;
    let nodes = [served.node("node1"), served.node("node2")];
    served.simulator.add_fault(next("*/vms/start", FaultEffect::Fail { state: VmState::ErrorUnknown }));
    let batch = served.post(&format!("{}/vms/start", served.demo_path()), &json!({ "ids": nodes })).await;
    assert_eq!(batch.status(), StatusCode::ACCEPTED);
    for node in nodes {
        assert_eq!(served.simulator.vm_state(node), Some(VmState::ErrorUnknown));
    }
}

#[tokio::test]
async fn second_writer_comes_before_a_put_and_makes_it_stale() {
    let served = demo(2).await;
    let path = served.demo_path();
    let effect = |moment, text: &str| {
        let set = json!({ "/description": text }).as_object().unwrap().clone();
        FaultEffect::Edit { moment, vm: served.node("node2"), set }
    };
    let mut rule = next("/applications/{id}", effect(EditMoment::Before, "before"));
    rule.matches.method = Some("PUT".to_owned());
    served.simulator.add_fault(rule.clone());
    let read = served.get(&path).await;
    assert_eq!(served.put(&path, &read).await.status(), StatusCode::CONFLICT);
    let read = served.get(&path).await;
    rule.effect = effect(EditMoment::After, "after");
    served.simulator.add_fault(rule);
    assert_eq!(served.put(&path, &read).await.status(), StatusCode::OK);
    let node2 = served.get(&format!("{path}/vms/{}", served.node("node2"))).await;
    assert_eq!(node2["description"], "after");
}

#[tokio::test]
async fn sessions_can_expire_at_a_chosen_moment() {
    let served = demo(0).await;
    let login = served.api(Method::POST, "/login").send().await.unwrap();
    let cookie = login.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    served.simulator.add_fault(next("/applications", FaultEffect::ExpireSessions));
    let list =
        served.anonymous(Method::GET, "/api/v1/applications").header("Cookie", cookie).send().await.unwrap();
    assert_eq!(list.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn faults_switches_and_clock_can_be_set_over_http() {
    let served = demo(1).await;
    let rule = json!({
        "matches": { "method": "POST", "path": START, "vm": served.node("node1") },
        "occurrence": { "kind": "nth", "n": 1 },
        "effect": { "kind": "refuse", "status": 503 },
    });
    let added = served.sim(Method::POST, "/faults").body(rule.to_string()).send().await.unwrap();
    let added = support::json(added, StatusCode::CREATED).await;
    assert_eq!(served.act(&start_of(&served, "node1")).await, StatusCode::SERVICE_UNAVAILABLE);
    let faults = served.sim(Method::GET, "/faults").send().await.unwrap();
    let faults = support::json(faults, StatusCode::OK).await;
    assert_eq!(faults[0]["hit"], 1);
    assert_eq!(faults[0]["rule"]["matches"], rule["matches"]);
    let taken = served.sim(Method::DELETE, &format!("/faults/{}", added["id"])).send().await.unwrap();
    assert_eq!(taken.status(), StatusCode::NO_CONTENT);
    assert_eq!(served.simulator.faults(), []);
    for broken in [json!({}), json!({ "effect": { "kind": "explode" } }), json!([])] {
        let refused = served.sim(Method::POST, "/faults").body(broken.to_string()).send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{broken}");
    }

    let switch = json!({ "wrongState": "bad-request" });
    let set = served.sim(Method::PUT, "/switches").body(switch.to_string()).send().await.unwrap();
    let set = support::json(set, StatusCode::OK).await;
    assert_eq!(set["wrongState"], "bad-request");
    assert_eq!(set["rename"], "harmless", "the others stay");
    assert_eq!(
        served.act(&format!("{}/vms/{}/poweroff", served.demo_path(), served.node("node1"))).await,
        400
    );
    let unknown = json!({ "wrongStatus": "conflict" });
    let refused = served.sim(Method::PUT, "/switches").body(unknown.to_string()).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);

    served
        .post(&format!("{}/setExpiration", served.demo_path()), &json!({ "expirationFromNowSeconds": 3600 }))
        .await;
    let step = json!({ "stepMillis": 3_600_000, "speed": 2.0, "durations": { "starting": 7 } });
    let clock = served.sim(Method::POST, "/clock").body(step.to_string()).send().await.unwrap();
    let clock = support::json(clock, StatusCode::OK).await;
    assert_eq!(clock["speed"], 2.0);
    assert_eq!(clock["durations"]["starting"], 7);
    assert_eq!(clock["durations"]["stopping"], 50, "the others stay");
    let undercloud = served.node("undercloud");
    served.simulator.wait_until(|sim| sim.vm_state(undercloud) == Some(VmState::Stopped)).await;
}

#[tokio::test]
async fn guest_state_and_design_can_be_changed_over_http() {
    let served = demo(1).await;
    let (node, undercloud) = (served.node("node1"), served.node("undercloud"));
    let put = |path: String, body: Value| served.sim(Method::PUT, &path).body(body.to_string()).send();
    let guest = json!({ "softShutdown": "ignored", "reboots": { "afterMillis": 1, "times": 1 } });
    assert_eq!(put(format!("/vms/{undercloud}/guest"), guest).await.unwrap().status(), 204);
    served.simulator.wait_until(|sim| sim.boot_log(undercloud).len() == 2).await;
    assert_eq!(served.simulator.boot_log(undercloud)[1].cause, BootCause::GuestReboot);

    assert_eq!(put(format!("/vms/{node}/state"), json!({ "state": "ERROR" })).await.unwrap().status(), 204);
    assert_eq!(served.simulator.vm_state(node), Some(VmState::Error));
    assert_eq!(put(format!("/vms/{node}/state"), json!({ "state": "HAPPY" })).await.unwrap().status(), 400);

    let edit = json!({ "/hardDrives/1/boot": true }).to_string();
    let edited = served.sim(Method::POST, &format!("/vms/{node}/edit")).body(edit).send().await.unwrap();
    assert_eq!(edited.status(), StatusCode::NO_CONTENT);
    let raw = format!("/applications/{}", served.simulator.application_named("demo").unwrap());
    let raw = support::json(served.sim(Method::GET, &raw).send().await.unwrap(), StatusCode::OK).await;
    assert_eq!(raw["design"]["vms"][1]["hardDrives"][1]["boot"], true);
    assert_eq!(raw["version"], 2);

    let vms = support::json(served.sim(Method::GET, "/vms").send().await.unwrap(), StatusCode::OK).await;
    let shown = vms.as_array().unwrap().iter().find(|vm| vm["name"] == "undercloud").unwrap();
    assert_eq!((shown["state"].as_str(), shown["running"].as_bool()), (Some("STARTED"), Some(true)));
    assert_eq!(shown["guest"]["softShutdown"], "ignored");
    for what in ["boots", "requests"] {
        let cleared = served.sim(Method::DELETE, &format!("/{what}")).send().await.unwrap();
        assert_eq!(cleared.status(), StatusCode::NO_CONTENT);
    }
    assert_eq!(served.simulator.boot_log(undercloud), []);
    assert!(served.simulator.request_counts().is_empty());
}
