//! The backend against the simulator, which was written from the same reference and shares no code with it: where
//! the two disagree, one has misread it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    reason = "tests"
)]

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use machine::{
    Backend, BackendErrorKind, BootDevice, DesignChange, Effect, IntentTag, Lifetime, NodeId,
    NodeObservation, Observation, Phase, Step,
};
use ravello::client::{Aspect, VmAction};
use ravello::document::VmState as ClientVmState;
use ravello::identity::{ApplicationId, VmId, node_id};
use ravello::json::Json;
use ravello::{Authentication, BootSelection, Client, ClientSettings, Credentials, RavelloBackend, Writes};
use ravello_sim::{
    BootCause, BootEnd, BootedFrom, Durations, FaultEffect, FaultRule, Occurrence, RequestPattern, Simulator,
    SimulatorConfig, VmState,
};
use tokio_util::sync::{CancellationToken, DropGuard};

const USER: &str = "operator@example.com";
const PASSWORD: &str = "s3cret-word";
/// How long every transient state lasts: until a test carries the time on.
const TRANSIENT: Duration = Duration::from_secs(60);
const TAG: IntentTag = IntentTag { device: BootDevice::Disk, lifetime: Lifetime::Persistent };

/// A simulator with the application `demo`, and a backend for it.
struct Lab {
    simulator: Simulator,
    client: Client,
    backend: RavelloBackend,
    _shutdown: DropGuard,
}

impl Lab {
    async fn new() -> Self {
        Self::with(Authentication::Basic, BootSelection::Flag).await
    }

    async fn with(authentication: fn(Credentials) -> Authentication, selection: BootSelection) -> Self {
        let mut config = SimulatorConfig::new(USER, PASSWORD.into());
        config.durations = Durations::all(TRANSIENT);
        config.seed = Some(1);
        config.applications.push(ravello_sim::demo::application(3).unwrap());
        if selection == BootSelection::Order {
            config.switches.boot_selection = ravello_sim::BootSelection::Order;
        }
        let simulator = Simulator::new(config).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/api/v1", listener.local_addr().unwrap());
        let shutdown = CancellationToken::new();
        let (serving, stop) = (simulator.clone(), shutdown.clone());
        tokio::spawn(async move { serving.serve(listener, stop).await.unwrap() });
        let credentials = Credentials::in_domain("domain", USER, PASSWORD.into()).unwrap();
        let client = Client::new(ClientSettings::new(base, authentication(credentials))).unwrap();
        let backend = RavelloBackend::new(client.clone(), "demo", selection);
        Self { simulator, client, backend, _shutdown: shutdown.drop_guard() }
    }

    fn application(&self) -> ApplicationId {
        ApplicationId(self.simulator.application_named("demo").unwrap().0)
    }

    fn vm(&self, name: &str) -> ravello_sim::VmId {
        self.simulator.vm_named("demo", name).unwrap()
    }

    fn node(&self, name: &str) -> NodeId {
        node_id(self.application(), VmId(self.vm(name).0))
    }

    fn nodes(&self) -> Vec<NodeId> {
        ["node1", "node2", "node3"].map(|name| self.node(name)).to_vec()
    }

    async fn look(&self) -> Observation {
        self.backend.observe().await.unwrap()
    }

    async fn look_at(&self, name: &str) -> NodeObservation {
        self.look().await.nodes.remove(&self.node(name)).unwrap()
    }

    async fn apply(&self, step: Step) {
        self.backend.apply(&step).await.unwrap_or_else(|error| panic!("{error}"));
    }

    async fn change(&self, name: &str, change: DesignChange) {
        self.apply(Step::UpdateDesign(BTreeMap::from([(self.node(name), change)]))).await;
    }

    /// Carries the cloud's time on until all these VMs are in a state. No other time passes.
    fn reach(&self, names: &[&str], state: VmState) {
        let states = || names.iter().map(|name| self.simulator.vm_state(self.vm(name))).collect::<Vec<_>>();
        let mut steps = 0..5;
        while states().iter().any(|each| *each != Some(state)) {
            assert!(steps.next().is_some(), "{names:?} do not become {state:?}: {:?}", states());
            self.simulator.step_clock(TRANSIENT);
        }
    }

    /// The boots of a VM: why, from what, and how they ended.
    fn boots(&self, name: &str) -> Vec<(BootCause, BootedFrom, Option<BootEnd>)> {
        let records = self.simulator.boot_log(self.vm(name)).into_iter();
        records.map(|boot| (boot.cause, boot.device, boot.ended.map(|end| end.how))).collect()
    }

    fn count(&self, method: &str, path: &str) -> u64 {
        self.simulator.requests(method, path)
    }
}

fn boot(device: BootDevice) -> DesignChange {
    DesignChange { boot: Some(device), tag: None }
}

#[tokio::test]
async fn a_fresh_application_is_seen_as_it_is() {
    let lab = Lab::new().await;
    let seen = lab.look().await;
    assert!(seen.published);
    assert_eq!(seen.nodes.len(), 4);
    for (node, look) in &seen.nodes {
        let undercloud = *node == lab.node("undercloud");
        let (phase, device) =
            if undercloud { (Phase::On, BootDevice::Disk) } else { (Phase::Off, BootDevice::Network) };
        assert_eq!(
            (look.phase, look.design_boot, look.deployed_boot),
            (phase, device, Some(device)),
            "{look:?}"
        );
        assert_eq!(look.unpublished, [""; 0], "{}", look.name);
        assert_eq!((look.tag, look.stop_timeout), (None, Duration::from_secs(180)));
    }
}

#[tokio::test]
async fn the_inventory_begins_with_the_lowest_address() {
    let lab = Lab::new().await;
    let listed = lab.backend.inventory().await.unwrap();
    let names: Vec<_> = listed.iter().map(|vm| vm.name.as_str()).collect();
    assert_eq!(names, ["undercloud", "node1", "node2", "node3"]);
    let node1 = &listed[1];
    assert_eq!(node1.node, lab.node("node1"));
    assert_eq!(node1.address, Some("192.168.2.10".parse().unwrap()));
    assert_eq!((node1.macs.len(), node1.addresses.len()), (2, 2));
    assert_eq!((node1.memory_bytes, node1.disk_bytes), (Some(8 << 30), Some(60 << 30)));
    assert!(listed.iter().all(|vm| vm.published));
}

#[tokio::test]
async fn a_stopped_node_boots_the_disk_after_design_publish_and_start() {
    let lab = Lab::new().await;
    lab.change("node1", boot(BootDevice::Disk)).await;
    let look = lab.look_at("node1").await;
    assert_eq!((look.design_boot, look.deployed_boot), (BootDevice::Disk, Some(BootDevice::Network)));
    assert_eq!(look.unpublished, [""; 0]);
    lab.apply(Step::Publish).await;
    lab.reach(&["node1"], VmState::Stopped);
    assert_eq!(lab.look_at("node1").await.deployed_boot, Some(BootDevice::Disk));
    lab.apply(Step::Start(vec![lab.node("node1")])).await;
    assert_eq!(lab.look_at("node1").await.phase, Phase::PoweringOn);
    lab.reach(&["node1"], VmState::Started);
    assert_eq!(lab.boots("node1"), [(BootCause::Start, BootedFrom::Disk, None)]);
    assert_eq!(lab.boots("undercloud").len(), 1, "the undercloud was not restarted");
}

#[tokio::test]
async fn boot_order_chooses_where_the_platform_looks_at_it() {
    let lab = Lab::with(Authentication::Basic, BootSelection::Order).await;
    lab.change("node1", boot(BootDevice::Disk)).await;
    let look = lab.look_at("node1").await;
    assert_eq!((look.design_boot, look.deployed_boot), (BootDevice::Disk, Some(BootDevice::Network)));
    assert_eq!(look.unpublished, [""; 0]);
    lab.apply(Step::Publish).await;
    lab.apply(Step::Start(vec![lab.node("node1")])).await;
    lab.reach(&["node1"], VmState::Started);
    assert_eq!(lab.boots("node1"), [(BootCause::Start, BootedFrom::Disk, None)]);
}

#[tokio::test]
async fn a_tag_on_a_running_node_restarts_nothing_even_when_published() {
    let lab = Lab::new().await;
    lab.apply(Step::Start(vec![lab.node("node1")])).await;
    lab.reach(&["node1"], VmState::Started);
    lab.change("node1", DesignChange { boot: None, tag: Some(Some(TAG)) }).await;
    let look = lab.look_at("node1").await;
    assert_eq!((look.phase, look.tag), (Phase::On, Some(TAG)));
    assert_eq!(look.unpublished, [""; 0], "a description is harmless");
    lab.apply(Step::Publish).await;
    let look = lab.look_at("node1").await;
    assert_eq!((look.phase, look.tag), (Phase::On, Some(TAG)));
    assert_eq!(lab.boots("node1"), [(BootCause::Start, BootedFrom::Network, None)]);
    lab.change("node1", DesignChange { boot: None, tag: Some(None) }).await;
    let application = lab.client.application(lab.application(), Aspect::Whole).await.unwrap();
    let design = application.design_vm(VmId(lab.vm("node1").0)).unwrap();
    let text = design.json().get("description").and_then(Json::text).unwrap();
    assert_eq!(text, "Plays a bare-metal server.");
}

#[tokio::test]
async fn a_boot_device_on_a_running_node_restarts_it_only_when_published() {
    let lab = Lab::new().await;
    lab.apply(Step::Start(vec![lab.node("node1")])).await;
    lab.reach(&["node1"], VmState::Started);
    lab.change("node1", boot(BootDevice::Disk)).await;
    let look = lab.look_at("node1").await;
    assert_eq!((look.phase, look.deployed_boot), (Phase::On, Some(BootDevice::Network)));
    assert_eq!(lab.boots("node1").len(), 1);
    lab.apply(Step::Publish).await;
    assert_eq!(lab.look_at("node1").await.phase, Phase::Updating);
    lab.reach(&["node1"], VmState::Started);
    let expected = [
        (BootCause::Start, BootedFrom::Network, Some(BootEnd::Publish)),
        (BootCause::PublishRestart, BootedFrom::Disk, None),
    ];
    assert_eq!(lab.boots("node1"), expected);
}

#[tokio::test]
async fn many_nodes_cost_one_request_per_step() {
    let lab = Lab::new().await;
    lab.look().await;
    lab.simulator.clear_requests();
    let changes = lab.nodes().into_iter().map(|node| (node, boot(BootDevice::Disk))).collect();
    lab.apply(Step::UpdateDesign(changes)).await;
    lab.apply(Step::Publish).await;
    lab.apply(Step::Start(lab.nodes())).await;
    let names = ["node1", "node2", "node3"];
    lab.reach(&names, VmState::Started);
    lab.apply(Step::PowerOff(lab.nodes())).await;
    assert_eq!(lab.look_at("node2").await.phase, Phase::PoweringOff);
    lab.reach(&names, VmState::Stopped);
    for name in names {
        assert_eq!(lab.boots(name), [(BootCause::Start, BootedFrom::Disk, Some(BootEnd::PowerOff))]);
    }
    let counts: BTreeMap<_, _> = lab
        .simulator
        .request_counts()
        .into_iter()
        .map(|(kind, count)| (format!("{} {}", kind.method(), kind.path()), count))
        .collect();
    let expected = [
        ("GET /applications/{id}", 2),
        ("POST /applications/{id}/publishUpdates", 1),
        ("POST /applications/{id}/vms/poweroff", 1),
        ("POST /applications/{id}/vms/start", 1),
        ("PUT /applications/{id}", 1),
    ];
    assert_eq!(counts, expected.into_iter().map(|(kind, count)| (kind.to_owned(), count)).collect());
}

#[tokio::test]
async fn a_soft_shutdown_ends_in_off() {
    let lab = Lab::new().await;
    lab.apply(Step::Start(vec![lab.node("node1")])).await;
    lab.reach(&["node1"], VmState::Started);
    lab.apply(Step::Shutdown(vec![lab.node("node1")])).await;
    lab.reach(&["node1"], VmState::Stopped);
    assert_eq!(lab.boots("node1"), [(BootCause::Start, BootedFrom::Network, Some(BootEnd::Shutdown))]);
}

#[tokio::test]
async fn actions_in_the_wrong_state_are_conflicts_without_effect() {
    let lab = Lab::new().await;
    let (off, on) = (vec![lab.node("node1")], vec![lab.node("undercloud")]);
    for status in [ravello_sim::WrongStateStatus::default(), ravello_sim::WrongStateStatus::BadRequest] {
        lab.simulator.set_switches(ravello_sim::Switches { wrong_state: status, ..lab.simulator.switches() });
        for step in [Step::PowerOff(off.clone()), Step::Shutdown(off.clone()), Step::Start(on.clone())] {
            let error = lab.backend.apply(&step).await.unwrap_err();
            assert_eq!((error.kind, error.effect()), (BackendErrorKind::Conflict, Effect::None), "{error}");
        }
    }
}

#[tokio::test]
async fn a_write_that_somebody_got_ahead_of_is_a_conflict_and_loses_nothing() {
    let lab = Lab::new().await;
    let stale = lab.client.application(lab.application(), Aspect::Whole).await.unwrap();
    lab.simulator.edit_design(lab.vm("node2"), [("/description".to_owned(), "theirs".into())]).unwrap();
    let error = lab.client.put_application(&stale).await.unwrap_err();
    assert_eq!(error.kind(), BackendErrorKind::Conflict, "{error}");
    lab.change("node1", boot(BootDevice::Disk)).await;
    let document = lab.client.application(lab.application(), Aspect::Design).await.unwrap();
    let theirs = document.design_vm(VmId(lab.vm("node2").0)).unwrap();
    assert_eq!(theirs.json().get("description").and_then(Json::text).as_deref(), Some("theirs"));
}

#[tokio::test]
async fn somebody_elses_hardware_change_is_seen_and_a_rename_is_not() {
    let lab = Lab::new().await;
    let undercloud = lab.vm("undercloud");
    let edit = |at: &str, value: serde_json::Value| {
        lab.simulator.edit_design(undercloud, [(at.to_owned(), value)]).unwrap();
    };
    edit("/description", "notes".into());
    edit("/name", "director".into());
    assert_eq!(lab.look().await.nodes.values().flat_map(|look| look.unpublished.clone()).count(), 0);
    edit("/numCpus", 8.into());
    edit("/memorySize/value", 32.into());
    edit("/networkConnections/0/ipConfig/staticIpConfig/ip", "192.168.2.99".into());
    let seen = lab.look().await;
    let node = seen.nodes.values().find(|look| look.name == "director").unwrap();
    let mut words = node.unpublished.clone();
    words.sort();
    assert_eq!(words, ["interface eth0: ipConfig.staticIpConfig.ip", "memorySize", "numCpus"]);
    assert_eq!(seen.nodes.values().filter(|look| !look.unpublished.is_empty()).count(), 1);
}

#[tokio::test]
async fn a_read_and_write_changes_nothing_but_what_it_names() {
    let lab = Lab::new().await;
    lab.simulator
        .edit_design(lab.vm("node1"), [("/foreign".to_owned(), serde_json::json!({"kept": [1, null]}))])
        .unwrap();
    let id = ravello_sim::ApplicationId(lab.application().0);
    let mut expected = lab.simulator.application(id).unwrap();
    lab.change("node1", boot(BootDevice::Disk)).await;
    let after = lab.simulator.application(id).unwrap();
    let vms = expected["design"]["vms"].as_array_mut().unwrap();
    let node1 = vms.iter_mut().find(|vm| vm["name"] == "node1").unwrap();
    assert_eq!(node1["foreign"]["kept"][0], 1);
    node1["hardDrives"][1]["boot"] = true.into();
    expected["version"] = (expected["version"].as_u64().unwrap() + 1).into();
    expected["designDiffersFromDeployment"] = true.into();
    assert_eq!(after, expected);
}

#[tokio::test]
async fn what_already_holds_is_not_written() {
    let lab = Lab::new().await;
    let nothing = DesignChange { boot: Some(BootDevice::Network), tag: Some(None) };
    lab.change("node1", nothing).await;
    assert_eq!(lab.count("PUT", "/applications/{id}"), 0);
}

#[tokio::test]
async fn the_expiration_moves_and_is_seen() {
    let lab = Lab::new().await;
    let before = SystemTime::now();
    lab.apply(Step::ExtendExpiration(Duration::from_secs(7200))).await;
    let at = lab.look().await.expires_at.unwrap();
    let from_now = at.duration_since(before).unwrap();
    assert!((7199..7230).contains(&from_now.as_secs()), "{from_now:?}");
}

#[tokio::test]
async fn a_session_goes_on_after_the_cloud_forgot_it() {
    let lab = Lab::with(Authentication::Session, BootSelection::Flag).await;
    lab.look().await;
    lab.look().await;
    assert_eq!(lab.count("POST", "/login"), 1);
    lab.simulator.add_fault(FaultRule {
        matches: RequestPattern { method: Some("GET".to_owned()), ..RequestPattern::default() },
        occurrence: Occurrence::Next { times: 1 },
        effect: FaultEffect::ExpireSessions,
    });
    lab.look().await;
    assert_eq!(lab.count("POST", "/login"), 2);
    lab.client.log_out().await.unwrap();
    lab.look().await;
    assert_eq!(lab.count("POST", "/login"), 3);
}

#[tokio::test]
async fn a_wrong_password_is_unauthenticated() {
    let lab = Lab::new().await;
    let wrong = Credentials::new(USER, "guess".into()).unwrap();
    for authentication in [Authentication::Basic(wrong.clone()), Authentication::Session(wrong)] {
        let settings = ClientSettings::new(lab.client.base_address(), authentication);
        let backend = RavelloBackend::new(Client::new(settings).unwrap(), "demo", BootSelection::Flag);
        assert_eq!(backend.observe().await.unwrap_err().kind, BackendErrorKind::Unauthenticated);
    }
}

#[tokio::test]
async fn an_action_whose_reply_is_lost_has_an_unknown_effect_and_a_look_settles_it() {
    let lab = Lab::new().await;
    lab.simulator.add_fault(FaultRule {
        matches: RequestPattern {
            method: Some("POST".to_owned()),
            path: Some("*/start".to_owned()),
            vm: None,
        },
        occurrence: Occurrence::Next { times: 1 },
        effect: FaultEffect::LoseReply,
    });
    let error = lab.backend.apply(&Step::Start(vec![lab.node("node1")])).await.unwrap_err();
    assert_eq!((error.kind, error.effect()), (BackendErrorKind::Unavailable, Effect::Unknown), "{error}");
    lab.reach(&["node1"], VmState::Started);
    assert_eq!(lab.look_at("node1").await.phase, Phase::On);
    assert_eq!(lab.boots("node1").len(), 1);
}

#[tokio::test]
async fn throttling_and_failures_are_told_apart() {
    let lab = Lab::new().await;
    let pause = Duration::from_secs(7);
    for (effect, kind) in [
        (FaultEffect::Throttle { retry_after_seconds: Some(7) }, BackendErrorKind::Throttled(Some(pause))),
        (FaultEffect::Throttle { retry_after_seconds: None }, BackendErrorKind::Throttled(None)),
        (
            FaultEffect::Refuse { status: 503, message: Some("maintenance".to_owned()) },
            BackendErrorKind::Unavailable,
        ),
        (FaultEffect::Refuse { status: 403, message: None }, BackendErrorKind::Forbidden),
        (FaultEffect::DropConnection, BackendErrorKind::Unavailable),
    ] {
        let occurrence = Occurrence::Next { times: 1 };
        lab.simulator.add_fault(FaultRule {
            matches: RequestPattern::default(),
            occurrence,
            effect: effect.clone(),
        });
        let error = lab.backend.observe().await.unwrap_err();
        assert_eq!(error.kind, kind, "{effect:?}: {error}");
    }
    lab.look().await;
}

#[tokio::test]
async fn the_rest_of_the_client_is_understood() {
    let lab = Lab::new().await;
    let (client, id, vm) = (&lab.client, lab.application(), VmId(lab.vm("node1").0));
    assert!(client.applications().await.unwrap().iter().any(|each| each.id == id && each.name == "demo"));
    assert!(client.is_published(id).await.unwrap());
    for state_reply in [ravello_sim::StateReply::default(), ravello_sim::StateReply::Text] {
        lab.simulator.set_switches(ravello_sim::Switches { state_reply, ..lab.simulator.switches() });
        assert_eq!(client.vm_state(id, vm).await.unwrap(), ClientVmState::Stopped);
    }
    for (aspect, design, deployment) in [
        (Aspect::Whole, 4, 4),
        (Aspect::Design, 4, 0),
        (Aspect::Deployment, 0, 4),
        (Aspect::Properties, 0, 0),
    ] {
        let application = client.application(id, aspect).await.unwrap();
        let counts = (application.design_vms().count(), application.deployment_vms().count());
        assert_eq!(counts, (design, deployment), "{aspect:?}");
    }
    assert_eq!(client.vms(id, Aspect::Deployment).await.unwrap().len(), 4);
    let images = client.disk_images().await.unwrap();
    assert!(images.iter().any(|image| image.get("name").and_then(Json::text).as_deref() == Some("ipxe.iso")));
    client.key_pairs().await.unwrap();
    let mut document = client.vm(id, vm, Aspect::Design).await.unwrap();
    document.edit().set_description("by itself");
    client.put_vm(id, vm, &document).await.unwrap();
    let read_back = client.vm(id, vm, Aspect::Design).await.unwrap();
    assert_eq!(read_back.json().get("description").and_then(Json::text).as_deref(), Some("by itself"));
    client.act_on_vm(id, vm, VmAction::Start).await.unwrap();
    lab.reach(&["node1"], VmState::Started);
    assert!(client.vnc_address(id, vm).await.unwrap().starts_with("https://"));
    client.act_on_vm(id, vm, VmAction::Restart).await.unwrap();
    lab.reach(&["node1"], VmState::Started);
    client.act_on_vm(id, vm, VmAction::Stop).await.unwrap();
    lab.reach(&["node1"], VmState::Stopped);
}

#[tokio::test]
async fn a_dry_run_takes_every_step_for_done_and_sends_none() {
    let lab = Lab::new().await;
    let credentials = Credentials::in_domain("domain", USER, PASSWORD.into()).unwrap();
    let mut settings = ClientSettings::new(lab.client.base_address(), Authentication::Session(credentials));
    settings.writes = Writes::OnlyLogged;
    let backend = RavelloBackend::new(Client::new(settings).unwrap(), "demo", BootSelection::Flag);
    let before = backend.observe().await.unwrap();
    lab.simulator.clear_requests();

    let change = DesignChange { boot: Some(BootDevice::Disk), tag: Some(Some(TAG)) };
    for step in [
        Step::UpdateDesign(BTreeMap::from([(lab.node("node1"), change)])),
        Step::Publish,
        Step::Start(lab.nodes()),
        Step::PowerOff(vec![lab.node("node2")]),
        Step::Shutdown(vec![lab.node("node2")]),
        Step::ExtendExpiration(Duration::from_secs(7200)),
    ] {
        backend.apply(&step).await.unwrap();
    }

    assert_eq!(backend.observe().await.unwrap(), before);
    let kinds: Vec<String> = lab.simulator.request_counts().keys().map(ToString::to_string).collect();
    assert!(kinds.iter().all(|kind| kind.starts_with("GET ")), "{kinds:?}");
}
