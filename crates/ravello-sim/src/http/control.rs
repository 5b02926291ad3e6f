//! Everything below `/sim`: what only a simulator has. JSON in and out, the same credentials as the API.
//!
//! | Request | What it does |
//! |---|---|
//! | `GET /sim/vms` | every deployed VM: application, name, state, whether its guest runs, how it behaves |
//! | `GET /sim/boots[?vm=ID]`, `DELETE /sim/boots` | the boot log; forget it |
//! | `GET /sim/requests`, `DELETE /sim/requests` | requests to the API, counted by kind; start again from zero |
//! | `POST /sim/vms/{vm}/reboot` | the guest reboots by itself |
//! | `POST /sim/vms/{vm}/nmi` | a diagnostic interrupt for the guest, if it is real |
//! | `PUT /sim/vms/{vm}/guest` | how the guest behaves: `{"softShutdown": "honoured"\|"ignored", "reboots": {"afterMillis": n, "times": n}\|null}` |
//! | `PUT /sim/vms/{vm}/state` | put the VM into a state: `{"state": "ERROR"}` |
//! | `POST /sim/vms/{vm}/hold`, `…/release` | the VM is stuck in its transient state; go on |
//! | `POST /sim/vms/{vm}/edit` | a second writer edits the design: `{"/description": "text"}`, keys are JSON pointers |
//! | `GET /sim/switches`, `PUT /sim/switches` | the switches; a PUT may name only some |
//! | `GET /sim/faults`, `POST /sim/faults`, `DELETE /sim/faults[/{id}]` | fault rules |
//! | `GET /sim/clock`, `POST /sim/clock` | `{"stepMillis": n, "speed": x, "durations": {…}}`, each optional |
//! | `GET /sim/applications/{id}` | the application as the simulator keeps it |

use std::time::Duration;

use http::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Request;
use super::path::Path;
use super::reply::{ApiError, Reply};
use crate::clock::Timestamp;
use crate::cloud::CloudError;
use crate::durations::Speed;
use crate::fault::{FaultId, FaultRule};
use crate::guest::GuestBehaviour;
use crate::id::{ApplicationId, VmId};
use crate::simulator::State;
use crate::state::VmState;

/// The clock is stepped by no more than this at once.
const LONGEST_STEP: Duration = Duration::from_secs(366 * 24 * 3600);

pub(super) fn answer(
    state: &mut State,
    request: &Request,
    path: &Path<'_>,
    now: Timestamp,
) -> Result<Reply, ApiError> {
    let wrong_state = state.cloud.switches.wrong_state;
    let refused = |error: CloudError| ApiError::from_cloud(&error, wrong_state);
    match (request.method.clone(), path.segments()) {
        (Method::GET, ["vms"]) => Ok(Reply::json(vms(state))),
        (Method::GET, ["boots"]) => boots(state, request, now),
        (Method::DELETE, ["boots"]) => {
            state.cloud.boots.clear();
            Ok(done())
        }
        (Method::GET, ["requests"]) => {
            let counts = state.requests.counts();
            let kinds: Map<String, Value> =
                counts.iter().map(|(kind, count)| (kind.to_string(), (*count).into())).collect();
            Ok(Reply::json(json!({ "total": counts.values().sum::<u64>(), "kinds": kinds })))
        }
        (Method::DELETE, ["requests"]) => {
            state.requests.clear();
            Ok(done())
        }
        (method, ["vms", vm, what]) => {
            let vm: VmId = vm.parse().map_err(|_| ApiError::not_found(format!("VM {vm:?}")))?;
            match (method, *what) {
                (Method::POST, "reboot") => state.cloud.reboot_guest(vm, now).map_err(refused)?,
                (Method::POST, "nmi") => state.cloud.inject_nmi(vm).map_err(refused)?,
                (Method::PUT | Method::POST, "guest") => {
                    let guest: GuestBehaviour = parsed(request.json()?)?;
                    state.cloud.set_guest(vm, guest, now).map_err(refused)?;
                }
                (Method::PUT | Method::POST, "state") => {
                    let wanted: WantedState = parsed(request.json()?)?;
                    state.cloud.force(vm, wanted.state, now).map_err(refused)?;
                }
                (Method::POST, "hold") => {
                    state.cloud.with_machine(vm, |machine, _| machine.hold()).map_err(refused)?;
                }
                (Method::POST, "release") => {
                    state.cloud.with_machine(vm, |machine, _| machine.release(now)).map_err(refused)?;
                }
                (Method::POST, "edit") => {
                    let edits: Vec<(String, Value)> = request.document()?.into_iter().collect();
                    state.cloud.edit_vm(vm, &edits, now).map_err(refused)?;
                }
                _ => return Err(unknown(request, path)),
            }
            Ok(done())
        }
        (Method::GET, ["switches"]) => Ok(shown(&state.cloud.switches)),
        (Method::PUT, ["switches"]) => {
            state.cloud.switches = merged(&state.cloud.switches, request.document()?)?;
            Ok(shown(&state.cloud.switches))
        }
        (_, ["faults", ..]) => faults(state, request, path),
        (Method::GET, ["clock"]) => Ok(clock(state, now)),
        (Method::POST | Method::PUT, ["clock"]) => {
            set_clock(state, request)?;
            Ok(clock(state, state.clock.now()))
        }
        (Method::GET, ["applications", id]) => {
            let id: ApplicationId =
                id.parse().map_err(|_| ApiError::not_found(format!("application {id:?}")))?;
            Ok(shown(state.cloud.application(id).map_err(refused)?))
        }
        _ => Err(unknown(request, path)),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WantedState {
    state: VmState,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct WantedClock {
    step_millis: Option<u64>,
    speed: Option<Speed>,
    durations: Option<Map<String, Value>>,
}

fn vms(state: &State) -> Vec<Value> {
    let applications = state.cloud.applications.values();
    applications
        .flat_map(|application| {
            application.deployment.iter().map(move |deployment| (application, deployment))
        })
        .flat_map(|(application, deployment)| {
            deployment.machines.iter().map(move |(vm, machine)| {
                json!({
                    "application": application.id,
                    "applicationName": application.properties.get("name"),
                    "vm": vm,
                    "name": machine.published.get("name"),
                    "state": machine.state(),
                    "running": machine.is_running(),
                    "trouble": machine.trouble(),
                    "guest": machine.guest,
                })
            })
        })
        .collect()
}

fn boots(state: &State, request: &Request, now: Timestamp) -> Result<Reply, ApiError> {
    let wanted = match request.parameter("vm") {
        None => None,
        Some(vm) => Some(vm.parse::<VmId>().map_err(|_| ApiError::not_found(format!("VM {vm:?}")))?),
    };
    let records = state.cloud.boots.records().into_iter();
    let records = records.filter(|record| wanted.is_none_or(|vm| vm == record.vm)).map(|record| {
        let mut shown = json!(record);
        if let Some(fields) = shown.as_object_mut() {
            let ran = u64::try_from(record.ran(now).as_millis()).unwrap_or(u64::MAX);
            fields.insert("ranMillis".to_owned(), ran.into());
        }
        shown
    });
    Ok(Reply::json(records.collect::<Vec<_>>()))
}

fn faults(state: &mut State, request: &Request, path: &Path<'_>) -> Result<Reply, ApiError> {
    match (request.method.clone(), path.segments()) {
        (Method::GET, ["faults"]) => Ok(shown(&state.faults.all())),
        (Method::POST, ["faults"]) => {
            let rule: FaultRule = parsed(request.json()?)?;
            let id = state.faults.add(rule);
            Ok(Reply::json(json!({ "id": id })).with_status(StatusCode::CREATED))
        }
        (Method::DELETE, ["faults"]) => {
            state.faults.clear();
            Ok(done())
        }
        (Method::DELETE, ["faults", id]) => {
            if id.parse().is_ok_and(|id| state.faults.remove(FaultId(id))) {
                Ok(done())
            } else {
                Err(ApiError::not_found(format!("fault {id:?}")))
            }
        }
        _ => Err(unknown(request, path)),
    }
}

fn clock(state: &State, now: Timestamp) -> Reply {
    let cloud = &state.cloud;
    Reply::json(json!({ "now": now, "speed": cloud.speed, "durations": cloud.durations }))
}

fn set_clock(state: &mut State, request: &Request) -> Result<(), ApiError> {
    let wanted: WantedClock = parsed(request.json()?)?;
    let step = Duration::from_millis(wanted.step_millis.unwrap_or_default());
    if step > LONGEST_STEP {
        return Err(ApiError::invalid("stepMillis is more than a year".to_owned()));
    }
    if let Some(durations) = wanted.durations {
        state.cloud.durations = merged(&state.cloud.durations, durations)?;
    }
    if let Some(speed) = wanted.speed {
        state.cloud.speed = speed;
    }
    state.clock.step(step);
    let now = state.clock.now();
    state.cloud.handle_timeout(now);
    Ok(())
}

/// What is present, with those fields replaced that are named.
fn merged<T: Serialize + DeserializeOwned>(present: &T, named: Map<String, Value>) -> Result<T, ApiError> {
    let mut whole = serde_json::to_value(present).unwrap_or_default();
    if let Some(fields) = whole.as_object_mut() {
        fields.extend(named);
    }
    parsed(whole)
}

fn parsed<T: DeserializeOwned>(value: Value) -> Result<T, ApiError> {
    serde_json::from_value(value).map_err(|error| ApiError::invalid(error.to_string()))
}

fn shown(value: &impl Serialize) -> Reply {
    Reply::json(serde_json::to_value(value).unwrap_or_default())
}

const fn done() -> Reply {
    Reply::empty(StatusCode::NO_CONTENT)
}

fn unknown(request: &Request, path: &Path<'_>) -> ApiError {
    ApiError::no_such_request(request.method.as_str(), &format!("{}{}", super::CONTROL, path.template()))
}
