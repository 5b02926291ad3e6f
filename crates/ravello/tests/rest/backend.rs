//! The backend of one application: looks, steps, and how many requests they cost (`design.md §2`).

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use machine::{
    Backend, BackendErrorKind, BootDevice, DesignChange, Effect, IntentTag, Lifetime, NodeId, Phase, Step,
};
use wiremock::{MockServer, ResponseTemplate};

use crate::support::{
    APPLICATION, DRAFT, FILTER_ONE, FILTER_TWO, ID, NODE1, NODE2, UNDERCLOUD, answer, answer_once, asked,
    backend, body, compact, demo, json, node, received,
};

const TAG: IntentTag = IntentTag { device: BootDevice::Disk, lifetime: Lifetime::Persistent };

/// The description of node 1, as the document spells it.
const DESCRIPTION: &str = r##""first node\nrack 7 é \"quoted\"""##;

fn update(changes: impl IntoIterator<Item = (u64, DesignChange)>) -> Step {
    Step::UpdateDesign(changes.into_iter().map(|(vm, change)| (node(vm), change)).collect())
}

fn boot(device: BootDevice) -> DesignChange {
    DesignChange { boot: Some(device), tag: None }
}

fn tag(tag: Option<IntentTag>) -> DesignChange {
    DesignChange { boot: None, tag: Some(tag) }
}

fn look() -> String {
    format!("GET /applications/{ID}")
}

#[tokio::test]
async fn a_look_is_one_request_once_the_id_is_known() {
    let server = demo().await;
    let backend = backend(&server);
    for _ in 0..3 {
        backend.observe().await.unwrap();
    }
    assert_eq!(asked(&server).await, ["POST /applications/filter".to_owned(), look(), look(), look()]);
}

#[tokio::test]
async fn a_look_shows_every_vm_in_the_products_words() {
    let server = demo().await;
    let seen = backend(&server).observe().await.unwrap();
    assert!(seen.published);
    assert_eq!(seen.expires_at, Some(SystemTime::UNIX_EPOCH + Duration::from_millis(1_560_007_200_000)));
    let phases: BTreeMap<_, _> = seen.nodes.iter().map(|(node, seen)| (node.clone(), seen.phase)).collect();
    let expected = [(UNDERCLOUD, Phase::On), (NODE1, Phase::On), (NODE2, Phase::Off), (DRAFT, Phase::Absent)];
    assert_eq!(phases, expected.into_iter().map(|(vm, phase)| (node(vm), phase)).collect());
    let node1 = &seen.nodes[&node(NODE1)];
    assert_eq!((node1.name.as_str(), node1.state.as_str()), ("node1", "STARTED"));
    assert_eq!((node1.design_boot, node1.deployed_boot), (BootDevice::Network, Some(BootDevice::Network)));
    assert_eq!((node1.tag, node1.stop_timeout), (None, Duration::from_secs(180)));
    assert_eq!(seen.nodes[&node(UNDERCLOUD)].design_boot, BootDevice::Disk);
    for vm in [UNDERCLOUD, NODE1, NODE2] {
        assert_eq!(seen.nodes[&node(vm)].unpublished, [""; 0], "only run-time fields differ");
    }
}

#[tokio::test]
async fn an_application_that_was_made_anew_is_found_again() {
    let server = MockServer::start().await;
    answer_once(&server, "POST", "/applications/filter", json(200, FILTER_ONE)).await;
    answer_once(&server, "GET", &format!("/applications/{ID}"), json(200, APPLICATION)).await;
    answer(&server, "GET", &format!("/applications/{ID}"), ResponseTemplate::new(404)).await;
    answer(&server, "POST", "/applications/filter", json(200, r#"[{"id":9,"name":"demo"}]"#)).await;
    answer(&server, "GET", "/applications/9", json(200, r#"{"id":9,"design":{"vms":[{"id":1}]}}"#)).await;
    let backend = backend(&server);
    backend.observe().await.unwrap();
    let seen = backend.observe().await.unwrap();
    assert_eq!(seen.nodes.keys().map(NodeId::as_str).collect::<Vec<_>>(), ["9/1"]);
    assert!(!seen.published);
}

#[tokio::test]
async fn an_application_that_is_gone_is_not_found() {
    let server = MockServer::start().await;
    answer(&server, "POST", "/applications/filter", json(200, "[]")).await;
    assert_eq!(backend(&server).observe().await.unwrap_err().kind, BackendErrorKind::NotFound);
}

#[tokio::test]
async fn an_ambiguous_name_is_never_guessed() {
    let server = MockServer::start().await;
    answer(&server, "POST", "/applications/filter", json(200, FILTER_TWO)).await;
    let error = backend(&server).observe().await.unwrap_err();
    assert!(error.reason.contains("3100000000017 and 3100000000018"), "{error}");
    assert_eq!(asked(&server).await.len(), 1);
}

/// What was put, after this step.
async fn put_after(step: &Step) -> String {
    let server = demo().await;
    answer(&server, "PUT", &format!("/applications/{ID}"), json(200, "{}")).await;
    backend(&server).apply(step).await.unwrap();
    assert_eq!(asked(&server).await, [look(), format!("PUT /applications/{ID}")]);
    body(&received(&server).await[1]).to_owned()
}

#[tokio::test]
async fn a_boot_device_changes_one_flag_of_the_design_and_not_one_byte_more() {
    let whole = compact(APPLICATION);
    // The disk of node 1 in the design, which comes before the deployment.
    let disk = r#""id":5700000000000048,"index":0,"name":"root","type":"DISK","boot":"#;
    let expected = whole.replacen(&format!("{disk}false"), &format!("{disk}true"), 1);
    assert_ne!(expected, whole);
    assert_eq!(put_after(&update([(NODE1, boot(BootDevice::Disk))])).await, expected);
}

#[tokio::test]
async fn a_tag_is_appended_to_the_text_and_nothing_else_changes() {
    let whole = compact(APPLICATION);
    let expected = whole.replacen(DESCRIPTION, r##""first node\nrack 7 é \"quoted\"[boot: hd]""##, 1);
    assert_ne!(expected, whole);
    assert_eq!(put_after(&update([(NODE1, tag(Some(TAG)))])).await, expected);
}

#[tokio::test]
async fn many_nodes_are_changed_by_one_write() {
    let once = IntentTag { device: BootDevice::Network, lifetime: Lifetime::Once };
    let changes = [
        (NODE1, DesignChange { boot: Some(BootDevice::Disk), tag: Some(Some(TAG)) }),
        (NODE2, boot(BootDevice::Disk)),
        (DRAFT, tag(Some(once))),
    ];
    let put = put_after(&update(changes)).await;
    let design = &put[..put.find(r#""deployment""#).unwrap()];
    assert_eq!(design.matches(r#""type":"DISK","boot":true"#).count(), 3, "the undercloud's and two more");
    assert!(
        design.contains(r#""description":"[boot: network once]""#),
        "an absent description is the empty text"
    );
    let deployment = &put[put.find(r#""deployment""#).unwrap()..];
    assert!(compact(APPLICATION).ends_with(deployment), "the deployment goes back as it came");
    assert!(put.contains(r#""version":"4""#));
    assert!(put.contains(r#""exact":0.1000000000000000055511151231257827"#));
    assert!(put.contains(r#""b":12345678901234567890123"#));
}

#[tokio::test]
async fn what_already_holds_is_not_written() {
    let server = demo().await;
    let nothing = [
        update([(NODE1, boot(BootDevice::Network)), (UNDERCLOUD, boot(BootDevice::Disk))]),
        update([(NODE1, tag(None)), (NODE2, tag(None)), (DRAFT, tag(None))]),
        update([(NODE1, DesignChange::default())]),
    ];
    for step in &nothing {
        backend(&server).apply(step).await.unwrap();
    }
    assert_eq!(asked(&server).await, [look(), look(), look()]);
}

#[tokio::test]
async fn steps_for_nobody_cost_no_request() {
    let server = MockServer::start().await;
    for step in [update([]), Step::Start(vec![]), Step::PowerOff(vec![]), Step::Shutdown(vec![])] {
        backend(&server).apply(&step).await.unwrap();
    }
    assert!(received(&server).await.is_empty());
}

#[tokio::test]
async fn a_tag_is_removed_in_the_write_that_sets_the_flag() {
    let tagged = APPLICATION.replacen(DESCRIPTION, r#""a[boot: hd]\nb""#, 1);
    let server = MockServer::start().await;
    answer(&server, "GET", &format!("/applications/{ID}"), json(200, &tagged)).await;
    answer(&server, "PUT", &format!("/applications/{ID}"), json(200, "{}")).await;
    let change = DesignChange { boot: Some(BootDevice::Disk), tag: Some(None) };
    backend(&server).apply(&update([(NODE1, change)])).await.unwrap();
    let requests = received(&server).await;
    assert!(body(&requests[1]).contains(r#""description":"a\nb""#));
}

#[tokio::test]
async fn a_stale_write_is_a_conflict_and_is_not_repeated() {
    let server = demo().await;
    answer(&server, "PUT", &format!("/applications/{ID}"), ResponseTemplate::new(409)).await;
    let error = backend(&server).apply(&update([(NODE1, boot(BootDevice::Disk))])).await.unwrap_err();
    assert_eq!((error.kind, error.effect()), (BackendErrorKind::Conflict, Effect::None));
    assert_eq!(asked(&server).await, [look(), format!("PUT /applications/{ID}")]);
}

#[tokio::test]
async fn an_application_without_version_is_read_but_never_written() {
    let server = MockServer::start().await;
    let unversioned = APPLICATION.replacen(r#""version": "4","#, "", 1);
    answer(&server, "GET", &format!("/applications/{ID}"), json(200, &unversioned)).await;
    let error = backend(&server).apply(&update([(NODE1, boot(BootDevice::Disk))])).await.unwrap_err();
    assert_eq!(error.kind, BackendErrorKind::Protocol);
    assert_eq!(asked(&server).await, [look()]);
}

#[tokio::test]
async fn a_node_that_cannot_be_changed_is_an_error_and_does_not_hold_the_others_back() {
    let diskless =
        APPLICATION.replacen(r#""name": "undercloud","#, r#""name": "undercloud","hardDrives":[],"#, 1);
    let odd = APPLICATION.replacen(DESCRIPTION, r#""\ud800""#, 1);
    let undercloud = DesignChange { boot: Some(BootDevice::Disk), tag: Some(Some(TAG)) };
    let table = [
        (APPLICATION, 5, boot(BootDevice::Disk), BackendErrorKind::NotFound, "VM 5 is not in the design"),
        (
            &diskless,
            UNDERCLOUD,
            undercloud,
            BackendErrorKind::Forbidden,
            "VM undercloud has no drive of type DISK",
        ),
        (
            &odd,
            NODE1,
            DesignChange { boot: Some(BootDevice::Disk), ..tag(None) },
            BackendErrorKind::Forbidden,
            "VM node1 is no text",
        ),
    ];
    for (document, vm, change, kind, words) in table {
        let server = MockServer::start().await;
        answer(&server, "GET", &format!("/applications/{ID}"), json(200, document)).await;
        answer(&server, "PUT", &format!("/applications/{ID}"), json(200, "{}")).await;
        let error = backend(&server)
            .apply(&update([(vm, change), (NODE2, boot(BootDevice::Disk))]))
            .await
            .unwrap_err();
        assert_eq!(error.kind, kind);
        assert!(error.reason.contains(words), "{error}");
        let requests = received(&server).await;
        let disk = r#""id":5700000000000049,"index":0,"name":"root","type":"DISK","boot":"#;
        let whole = compact(document);
        let expected = whole.replacen(&format!("{disk}false"), &format!("{disk}true"), 1);
        assert_eq!(body(&requests[1]), expected, "node 2 is changed, and nothing else");
        let error = backend(&server).apply(&update([(vm, change)])).await.unwrap_err();
        assert_eq!(error.kind, kind);
        assert_eq!(asked(&server).await.len(), 3, "nothing is left to write");
    }
}

#[tokio::test]
async fn nodes_of_other_applications_are_refused_before_anything_is_sent() {
    let server = MockServer::start().await;
    for foreign in [vec![node(NODE1), NodeId::new("8/1")], vec![NodeId::new("nonsense")]] {
        for step in [Step::Start(foreign.clone()), Step::PowerOff(foreign.clone())] {
            assert_eq!(backend(&server).apply(&step).await.unwrap_err().kind, BackendErrorKind::NotFound);
        }
    }
    assert!(received(&server).await.is_empty());
}

#[tokio::test]
async fn a_description_that_is_no_text_is_not_overwritten() {
    let odd = APPLICATION.replacen(DESCRIPTION, r#""\ud800""#, 1);
    let server = MockServer::start().await;
    answer(&server, "GET", &format!("/applications/{ID}"), json(200, &odd)).await;
    answer(&server, "PUT", &format!("/applications/{ID}"), json(200, "{}")).await;
    let error = backend(&server).apply(&update([(NODE1, tag(Some(TAG)))])).await.unwrap_err();
    assert_eq!(error.kind, BackendErrorKind::Forbidden);
    backend(&server).apply(&update([(NODE1, boot(BootDevice::Disk))])).await.unwrap();
    let requests = received(&server).await;
    assert!(body(requests.last().unwrap()).contains(r#""description":"\ud800""#));
}

#[tokio::test]
async fn one_node_is_one_action_and_many_nodes_are_one_batch() {
    let steps: [fn(Vec<NodeId>) -> Step; 3] = [Step::Start, Step::PowerOff, Step::Shutdown];
    for (step, name) in steps.into_iter().zip(["start", "poweroff", "shutdown"]) {
        let server = MockServer::start().await;
        answer(
            &server,
            "POST",
            &format!("/applications/{ID}/vms/{NODE1}/{name}"),
            ResponseTemplate::new(202),
        )
        .await;
        answer(&server, "POST", &format!("/applications/{ID}/vms/{name}"), ResponseTemplate::new(202)).await;
        let backend = backend(&server);
        backend.apply(&step(vec![node(NODE1), node(NODE1)])).await.unwrap();
        backend.apply(&step(vec![node(NODE1), node(NODE2)])).await.unwrap();
        let requests = received(&server).await;
        let paths = [
            format!("POST /applications/{ID}/vms/{NODE1}/{name}"),
            format!("POST /applications/{ID}/vms/{name}"),
        ];
        assert_eq!(asked(&server).await, paths);
        assert_eq!(body(&requests[0]), "");
        assert_eq!(body(&requests[1]), format!(r#"{{"ids":[{NODE1},{NODE2}]}}"#));
    }
}

#[tokio::test]
async fn publishing_and_extending_are_one_request_each() {
    let server = demo().await;
    answer(&server, "POST", &format!("/applications/{ID}/publishUpdates"), ResponseTemplate::new(202)).await;
    answer(&server, "POST", &format!("/applications/{ID}/setExpiration"), json(200, "1560007200000")).await;
    let backend = backend(&server);
    backend.apply(&Step::Publish).await.unwrap();
    backend.apply(&Step::ExtendExpiration(Duration::from_secs(7200))).await.unwrap();
    let expected = [
        "POST /applications/filter".to_owned(),
        format!("POST /applications/{ID}/publishUpdates?startAllDraftVms=false"),
        format!("POST /applications/{ID}/setExpiration"),
    ];
    assert_eq!(asked(&server).await, expected);
}

#[tokio::test]
async fn the_inventory_is_sorted_by_address_and_costs_one_look() {
    let server = demo().await;
    let backend = backend(&server);
    let listed = backend.inventory().await.unwrap();
    backend.observe().await.unwrap();
    let names: Vec<_> = listed.iter().map(|vm| vm.name.as_str()).collect();
    assert_eq!(names, ["undercloud", "node1", "node2", "draft"]);
    assert_eq!(asked(&server).await.len(), 3);
    let node1 = &listed[1];
    assert_eq!(node1.node, node(NODE1));
    assert_eq!(node1.address, Some("192.168.2.11".parse().unwrap()));
    assert_eq!(node1.macs, ["2c:c2:60:11:22:31", "2c:c2:60:11:22:81"]);
    assert_eq!((node1.cpus, node1.memory_bytes, node1.disk_bytes), (Some(3), Some(8 << 30), Some(50 << 30)));
    assert_eq!(listed[2].guid[..4], [0x0f, 0x7a, 0xa6, 0xb5]);
    assert!(node1.published && !listed[3].published);
}
