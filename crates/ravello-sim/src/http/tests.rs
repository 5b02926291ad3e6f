//! Whatever is sent, nobody gets a 5xx, and nothing panics (`ravello-api.md §13`).

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{Outcome, Request, arrive, carry_out};
use crate::id::VmId;
use crate::simulator::{Simulator, SimulatorConfig};

/// Any JSON; the names of fields are those that mean something, so that it gets past the first check.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<u64>().prop_map(|number| json!(number)),
        any::<i64>().prop_map(|number| json!(number)),
        (-1e30..1e30).prop_map(|number: f64| json!(number)),
        (0_u64..20).prop_map(|number| json!(number)),
        "[a-zA-Z0-9 \\[\\]:\u{e4}\u{0}]{0,12}".prop_map(Value::String),
        any::<u64>().prop_map(|number| json!(number.to_string())),
        prop_oneof![
            Just("DISK"),
            Just("CDROM"),
            Just("GB"),
            Just("COMPLEX"),
            Just("SIMPLE"),
            Just("And"),
            Just("Or"),
            Just("Equals"),
            Just("Contains"),
            Just("name"),
            Just("ERROR"),
            Just("STARTED"),
            Just("refuse"),
            Just("conflict"),
            Just("always"),
            Just("[boot: hd]"),
            Just("/description"),
        ]
        .prop_map(|text| json!(text)),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::vec((any_key(), inner), 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn any_key() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "id",
        "ids",
        "name",
        "description",
        "design",
        "deployment",
        "vms",
        "version",
        "hardDrives",
        "boot",
        "type",
        "index",
        "size",
        "value",
        "unit",
        "networkConnections",
        "device",
        "generatedMac",
        "mac",
        "ipConfig",
        "staticIpConfig",
        "autoIpConfig",
        "hasPublicIp",
        "suppliedServices",
        "external",
        "memorySize",
        "numCpus",
        "cpuIds",
        "bootOrder",
        "stopTimeOut",
        "baseVmId",
        "baseBlueprintId",
        "baseDiskImageId",
        "operator",
        "criteria",
        "propertyName",
        "operand",
        "expirationFromNowSeconds",
        "optimizationLevel",
        "preferredRegion",
        "startAllVms",
        "expirationTime",
        "applicationId",
        "blueprintName",
        "loadingStatus",
        "state",
        "kind",
        "effect",
        "matches",
        "occurrence",
        "stepMillis",
        "speed",
        "softShutdown",
        "reboots",
        "wrongState",
        "/description",
        "/hardDrives/0/boot",
        "/hardDrives/-",
        "publicKey",
    ]);
    prop_oneof![8 => known.prop_map(str::to_owned), 1 => "[ -~]{0,8}"]
}

/// Any path: a real one, mostly.
fn any_path() -> impl Strategy<Value = String> {
    let segment = prop_oneof![
        6 => prop::sample::select(vec![
            "applications", "APP", "VM", "vms", "NODE", "start", "stop", "poweroff", "restart", "redeploy",
            "repair", "resetDisks", "shutdown", "publish", "publishUpdates", "setExpiration", "filter", "state",
            "fqdn", "publicIps", "vncUrl", "isPublished", "pendingUpdates", "images", "diskImages", "keypairs",
            "generate", "blueprints", "ephemeralAccessTokens", "login", "logout", "boots", "requests", "switches",
            "faults", "clock", "guest", "reboot", "hold", "release", "edit",
        ])
        .prop_map(str::to_owned),
        1 => "[a-z0-9;%.]{0,10}",
        1 => any::<u64>().prop_map(|number| number.to_string()),
    ];
    let aspect = prop::sample::select(vec!["", "", "", ";design", ";deployment", ";properties", ";x"]);
    let real = prop::sample::select(vec![
        "/api/v1/applications",
        "/api/v1/applications/filter",
        "/api/v1/applications/APP",
        "/api/v1/applications/APP/publish",
        "/api/v1/applications/APP/publishUpdates",
        "/api/v1/applications/APP/setExpiration",
        "/api/v1/applications/APP/vms",
        "/api/v1/applications/APP/vms/start",
        "/api/v1/applications/APP/vms/NODE",
        "/api/v1/applications/APP/vms/NODE/start",
        "/api/v1/applications/APP/vms/VM/poweroff",
        "/api/v1/blueprints",
        "/api/v1/keypairs",
        "/api/v1/images",
        "/api/v1/ephemeralAccessTokens",
        "/sim/vms/VM/guest",
        "/sim/vms/VM/edit",
        "/sim/vms/VM/state",
        "/sim/switches",
        "/sim/clock",
    ])
    .prop_map(str::to_owned);
    let invented =
        (prop::sample::select(vec!["/api/v1", "/sim", ""]), prop::collection::vec((segment, aspect), 0..6))
            .prop_map(|(prefix, segments)| {
                segments
                    .into_iter()
                    .fold(prefix.to_owned(), |path, (segment, aspect)| format!("{path}/{segment}{aspect}"))
            });
    prop_oneof![2 => real, 1 => invented]
}

fn any_request() -> impl Strategy<Value = (Method, String, Vec<u8>)> {
    let method = prop::sample::select(vec![Method::GET, Method::POST, Method::PUT, Method::DELETE]);
    let body = prop_oneof![
        8 => any_json().prop_map(|body| body.to_string().into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..64),
        1 => Just(Vec::new()),
    ];
    (method, any_path(), body)
}

fn simulator() -> Simulator {
    let mut config = SimulatorConfig::new("user", "password".into());
    config.seed = Some(1);
    config.applications.push(crate::demo::application(1).unwrap());
    Simulator::new(config).unwrap()
}

fn send(simulator: &Simulator, method: Method, path: String, body: Vec<u8>) -> Outcome {
    let mut headers = HeaderMap::new();
    headers.insert("authorization", HeaderValue::from_static("Basic dXNlcjpwYXNzd29yZA=="));
    headers.insert("x-longtostring", HeaderValue::from_static("true"));
    let request = Request {
        method,
        path,
        query: Some("vm=x&startAllDraftVms=".to_owned()),
        headers,
        body: Bytes::from(body),
    };
    let effects = simulator.change(|state, _| arrive(state, &request));
    // Faults that the requests themselves injected may do what they like.
    assert!(effects.len() <= simulator.faults().len());
    simulator.change(|state, now| carry_out(state, &request, &[], now))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_request_ends_in_a_5xx_or_a_panic(requests in prop::collection::vec(any_request(), 1..12)) {
        let simulator = simulator();
        let application = simulator.application_named("demo").unwrap();
        let [vm, node] = ["undercloud", "node1"].map(|name| simulator.vm_named("demo", name).unwrap_or(VmId(0)));
        for (method, path, body) in requests {
            let path = path
                .replace("APP", &application.to_string())
                .replace("NODE", &node.to_string())
                .replace("VM", &vm.to_string());
            let Outcome::Reply(reply) = send(&simulator, method.clone(), path.clone(), body) else {
                panic!("{method} {path}: no reply")
            };
            prop_assert!(reply.status().as_u16() < 500, "{} {}: {:?}", method, path, reply);
            if reply.status().is_client_error() {
                prop_assert!(reply.headers().contains_key("error-code"), "{} {}: {:?}", method, path, reply);
                prop_assert!(reply.headers().contains_key("error-message"), "{} {}: {:?}", method, path, reply);
            }
        }
    }

    #[test]
    fn accepted_design_comes_back_with_every_field_it_had(vm in any_json()) {
        let simulator = simulator();
        let application = simulator.application_named("demo").unwrap();
        let mut vm = vm.as_object().cloned().unwrap_or_default();
        vm.insert("name".to_owned(), json!("fuzzed"));
        let path = format!("/api/v1/applications/{application}/vms");
        let Outcome::Reply(reply) = send(&simulator, Method::POST, path, json!(vm).to_string().into_bytes()) else {
            panic!("no reply")
        };
        if reply.status().is_success() {
            let shown: Map<String, Value> = serde_json::from_slice(reply.body()).unwrap();
            for key in vm.keys().filter(|key| *key != "state") {
                prop_assert!(shown.contains_key(key), "{} is lost", key);
            }
        }
    }
}
