//! The HTTP front without HTTP: a request goes in, a reply comes out; no socket, no waiting.
//!
//! A request passes through here twice. [`arrive`] counts it and says what goes wrong with it; then the
//! caller waits if it has to be slow, without holding the state; then [`carry_out`] does it. Both are plain
//! functions of the state, so that tests can throw anything at them.
//!
//! * [`path`]: segments, aspects, templates
//! * [`reply`]: statuses, content types, error headers
//! * [`api`], [`applications`], [`library`]: everything below `/api/v1`
//! * [`control`]: everything below `/sim`

mod api;
mod applications;
mod control;
mod library;
pub(crate) mod path;
pub(crate) mod reply;

use bytes::Bytes;
use http::{HeaderMap, Method, Response, StatusCode};
use serde_json::{Map, Value};

use crate::access::{Admitted, Evidence, SESSION_COOKIE, TOKEN_HEADER};
use crate::clock::Timestamp;
use crate::document::check::{Malformed, object};
use crate::document::number::integer;
use crate::fault::{EditMoment, FaultEffect};
use crate::id::VmId;
use crate::requests::RequestKind;
use crate::simulator::State;
use path::Path;
use reply::{ApiError, Reply};

/// Below this is the API of the service.
pub(crate) const API: &str = "/api/v1";

/// Below this is what only a simulator has.
pub(crate) const CONTROL: &str = "/sim";

/// A request, read to its end.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// What becomes of a request.
#[derive(Debug)]
pub(crate) enum Outcome {
    Reply(Response<Bytes>),
    /// The connection breaks.
    Broken,
}

/// Where a path leads.
enum Destination<'a> {
    Api(Path<'a>),
    Control(Path<'a>),
    Nowhere,
}

impl Request {
    fn destination(&self) -> Result<Destination<'_>, ApiError> {
        Ok(if let Some(rest) = below(&self.path, API) {
            Destination::Api(Path::parse(rest)?)
        } else if let Some(rest) = below(&self.path, CONTROL) {
            Destination::Control(Path::parse(rest)?)
        } else {
            Destination::Nowhere
        })
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn evidence(&self) -> Evidence<'_> {
        let cookies = self.headers.get_all("cookie").iter().filter_map(|value| value.to_str().ok());
        let cookie = cookies
            .flat_map(|cookies| cookies.split(';'))
            .filter_map(|cookie| cookie.trim().split_once('='))
            .find_map(|(name, value)| (name == SESSION_COOKIE).then_some(value));
        Evidence { authorization: self.header("authorization"), cookie, token: self.header(TOKEN_HEADER) }
    }

    /// The value of a parameter in the query.
    fn parameter(&self, name: &str) -> Option<&str> {
        let pairs = self.query.as_deref().unwrap_or_default().split('&');
        pairs.filter_map(|pair| pair.split_once('=')).find_map(|(key, value)| (key == name).then_some(value))
    }

    /// The body as JSON.
    fn json(&self) -> Result<Value, ApiError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            ApiError::invalid(format!("the body is not the JSON that belongs here: {error}"))
        })
    }

    /// The body as a JSON object.
    fn document(&self) -> Result<Map<String, Value>, ApiError> {
        Ok(object(self.json()?, "")?)
    }

    /// The body as a JSON object; an empty body counts as an empty object.
    fn optional_document(&self) -> Result<Map<String, Value>, ApiError> {
        if self.body.iter().all(u8::is_ascii_whitespace) { Ok(Map::new()) } else { self.document() }
    }

    /// The VMs in a list of identifiers in the body.
    fn vms_in_body(&self) -> Result<Vec<VmId>, ApiError> {
        let document = self.document()?;
        let Some(ids) = document.get("ids").and_then(Value::as_array) else {
            return Err(Malformed::new("/ids", "a list of identifiers", document.get("ids")).into());
        };
        let vm = |id: &Value| integer(id).map(VmId);
        let wrong = |id: &Value| ApiError::from(Malformed::new("/ids", "identifiers only", Some(id)));
        ids.iter().map(|id| vm(id).ok_or_else(|| wrong(id))).collect()
    }
}

/// The part of a path below a prefix.
fn below<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(prefix)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

/// Counts a request to the API and says what goes wrong with it.
pub(crate) fn arrive(state: &mut State, request: &Request) -> Vec<FaultEffect> {
    let Ok(Destination::Api(path)) = request.destination() else { return Vec::new() };
    let kind = RequestKind::new(request.method.as_str(), path.template());
    let vms = vms_concerned(&path, request);
    let effects = state.faults.strike(kind.method(), kind.path(), &vms, &mut state.cloud.ids);
    state.requests.count(kind);
    effects
}

/// Does what a request asks for, unless something goes wrong.
pub(crate) fn carry_out(
    state: &mut State,
    request: &Request,
    effects: &[FaultEffect],
    now: Timestamp,
) -> Outcome {
    for effect in effects {
        match effect {
            FaultEffect::DropConnection => return Outcome::Broken,
            FaultEffect::ExpireSessions => state.access.close_all_sessions(),
            FaultEffect::Edit { moment: EditMoment::Before, vm, set } => edit(state, *vm, set, now),
            _ => {}
        }
    }
    let refusal = effects.iter().find_map(refusal);
    let (reply, admitted) = match refusal {
        Some(error) => (Err(error), None),
        None => answer(state, request, now),
    };
    let error_body = state.cloud.switches.error_body;
    let reply = reply.unwrap_or_else(|error| error.into_reply(error_body));
    let mut lost = false;
    for effect in effects {
        match effect {
            FaultEffect::LoseReply => lost = true,
            FaultEffect::Edit { moment: EditMoment::After, vm, set } => edit(state, *vm, set, now),
            FaultEffect::Stick => {
                each_vm(state, request, |state, vm| state.cloud.with_machine(vm, |machine, _| machine.hold()))
            }
            FaultEffect::Fail { state: failed } => {
                each_vm(state, request, |state, vm| state.cloud.force(vm, *failed, now))
            }
            _ => {}
        }
    }
    if lost {
        return Outcome::Broken;
    }
    let operation = state.cloud.ids.secret().to_lowercase();
    let longs_as_strings = request.header("x-longtostring").is_some_and(|on| on.eq_ignore_ascii_case("true"));
    Outcome::Reply(reply.into_response(&operation, admitted, longs_as_strings, request.header("host")))
}

fn answer(
    state: &mut State,
    request: &Request,
    now: Timestamp,
) -> (Result<Reply, ApiError>, Option<Admitted>) {
    let destination = match request.destination() {
        Ok(Destination::Nowhere) => {
            let what = format!("{}: the API is below {API}", request.path);
            return (Err(ApiError::not_found(what)), None);
        }
        Ok(destination) => destination,
        Err(error) => return (Err(error), None),
    };
    let evidence = request.evidence();
    let Some(admitted) = state.access.admit(evidence, &state.cloud.library, now) else {
        return (Err(ApiError::unauthenticated()), None);
    };
    let reply = match &destination {
        Destination::Api(path) => api::answer(state, request, path, now),
        Destination::Control(path) => control::answer(state, request, path, now),
        Destination::Nowhere => Err(ApiError::not_found("this path".to_owned())),
    };
    (reply, Some(admitted))
}

fn refusal(effect: &FaultEffect) -> Option<ApiError> {
    match effect {
        FaultEffect::Throttle { retry_after_seconds } => Some(ApiError::throttled(*retry_after_seconds)),
        FaultEffect::Refuse { status, message } => {
            let status = StatusCode::from_u16(*status).ok().filter(|status| status.as_u16() >= 400);
            let message = message.clone().unwrap_or_else(|| "refused by a fault of the simulator".to_owned());
            Some(ApiError::injected(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), message))
        }
        _ => None,
    }
}

/// A second writer whose VM is gone has nothing to write.
fn edit(state: &mut State, vm: VmId, set: &Map<String, Value>, now: Timestamp) {
    let edits: Vec<(String, Value)> = set.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    if let Err(error) = state.cloud.edit_vm(vm, &edits, now) {
        tracing::warn!(%vm, %error, "the second writer could not write");
    }
}

fn each_vm(
    state: &mut State,
    request: &Request,
    mut change: impl FnMut(&mut State, VmId) -> Result<(), crate::cloud::CloudError>,
) {
    let Ok(Destination::Api(path)) = request.destination() else { return };
    for vm in vms_concerned(&path, request) {
        if let Err(error) = change(state, vm) {
            tracing::warn!(%vm, %error, "the fault has no effect");
        }
    }
}

/// The VMs that a request is about.
fn vms_concerned(path: &Path<'_>, request: &Request) -> Vec<VmId> {
    match path.segments() {
        ["applications", _, "vms", vm, ..] => match vm.parse() {
            Ok(vm) => vec![vm],
            Err(_) => request.vms_in_body().unwrap_or_default(),
        },
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
