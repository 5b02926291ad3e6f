//! Applications and their VMs (`ravello-api.md §6.2`, `§7.2`).

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::Request;
use super::path::Path;
use super::reply::{ApiError, Reply};
use crate::application::{Aspect, public_ip, region};
use crate::clock::Timestamp;
use crate::cloud::{CloudError, DraftVms, Filter};
use crate::document::check::Malformed;
use crate::document::number::{integer, signed};
use crate::id::{ApplicationId, VmId};
use crate::machine::Action;
use crate::simulator::State;
use crate::switches::{ActionStatus, ContentLocation, PendingUpdatesReply, StateReply, VmPutReply};

/// One request about applications, with all that is needed to answer it.
struct Front<'a> {
    state: &'a mut State,
    request: &'a Request,
    aspect: Option<Aspect>,
    now: Timestamp,
}

pub(super) fn answer(
    state: &mut State,
    request: &Request,
    path: &Path<'_>,
    below: &[&str],
    now: Timestamp,
) -> Result<Reply, ApiError> {
    let mut front = Front { state, request, aspect: path.aspect(), now };
    let wrong_state = front.state.cloud.switches.wrong_state;
    let unknown = || ApiError::no_such_request(request.method.as_str(), path.template());
    let reply = match (below.split_first(), request.method.clone()) {
        (None, Method::GET) => Ok(Reply::json(objects(front.state.cloud.list()))),
        (None, Method::POST) => front.create(),
        (Some((&"filter", [])), Method::POST) => front.filter(),
        (Some((id, rest)), method) => {
            let id = identifier(id, "application").map(ApplicationId)?;
            match rest {
                ["vms", rest @ ..] => front.vms(id, rest),
                rest => front.application(id, &method, rest),
            }
        }
        _ => Err(Failure::Unknown),
    };
    reply.map_err(|failure| match failure {
        Failure::Unknown => unknown(),
        Failure::Cloud(error) => ApiError::from_cloud(&error, wrong_state),
        Failure::Request(error) => error,
    })
}

/// Why there is no reply.
enum Failure {
    /// No such request.
    Unknown,
    Cloud(CloudError),
    Request(ApiError),
}

impl From<CloudError> for Failure {
    fn from(error: CloudError) -> Self {
        Self::Cloud(error)
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self::Request(error)
    }
}

impl Front<'_> {
    fn create(&mut self) -> Result<Reply, Failure> {
        let id = self.state.cloud.create(self.request.document()?, self.now)?;
        let shown = self.state.cloud.read(id, None)?;
        Ok(Reply::json(shown).created_at(format!("/applications/{id}")))
    }

    fn filter(&self) -> Result<Reply, Failure> {
        let filter = Filter::from_document(&self.request.json()?)?;
        Ok(Reply::json(objects(self.state.cloud.filter(&filter))))
    }

    fn application(&mut self, id: ApplicationId, method: &Method, rest: &[&str]) -> Result<Reply, Failure> {
        let cloud = &mut self.state.cloud;
        match (method, rest) {
            (&Method::GET, []) => {
                let shown = cloud.read(id, self.aspect)?;
                Ok(self.located(Reply::json(shown), format!("/applications/{id}")))
            }
            (&Method::PUT, []) => {
                cloud.replace(id, self.request.document()?, self.now)?;
                let shown = cloud.read(id, None)?;
                Ok(self.located(Reply::json(shown), format!("/applications/{id}")))
            }
            (&Method::DELETE, []) => {
                cloud.delete(id, self.now)?;
                Ok(Reply::empty(StatusCode::NO_CONTENT))
            }
            (&Method::POST, ["publish"]) => {
                cloud.application(id)?;
                cloud.publish(id, &self.request.optional_document()?, self.now)?;
                Ok(Reply::empty(StatusCode::ACCEPTED))
            }
            (&Method::POST, ["publishUpdates"]) => {
                let drafts = match self.request.parameter("startAllDraftVms") {
                    Some(no) if no.eq_ignore_ascii_case("false") => DraftVms::LeaveStopped,
                    _ => DraftVms::Start,
                };
                cloud.publish_updates(id, drafts, self.now)?;
                Ok(Reply::empty(StatusCode::ACCEPTED))
            }
            (&Method::POST, [name @ ("start" | "stop" | "restart" | "resetDisks")]) => {
                let action = name.parse().map_err(|()| Failure::Unknown)?;
                cloud.act_on_application(id, action, self.now)?;
                // The misspelling is the service's.
                let done = json!({ "completedSuccessfuly": "true" });
                Ok(Reply::json(done).with_status(self.action_status()))
            }
            (&Method::POST, ["setExpiration"]) => {
                cloud.application(id)?;
                let body = self.request.document()?;
                let given = body.get("expirationFromNowSeconds");
                let seconds = given.and_then(signed).ok_or_else(|| {
                    ApiError::from(Malformed::new("/expirationFromNowSeconds", "a number of seconds", given))
                })?;
                let until = cloud.set_expiration(id, seconds, self.now)?;
                Ok(Reply::json(until.map_or_else(|| json!(-1), |until| json!(until.as_millis()))))
            }
            (&Method::GET, ["isPublished"]) => {
                let published = cloud.application(id)?.deployment.is_some();
                Ok(Reply::json(json!({ "value": published })))
            }
            (&Method::GET, ["pendingUpdates"]) => {
                let pending = cloud.application(id)?.has_pending_updates(cloud.switches.rename);
                Ok(Reply::json(match cloud.switches.pending_updates_reply {
                    PendingUpdatesReply::Wrapped => json!({ "value": pending }),
                    PendingUpdatesReply::Bare => json!(pending),
                }))
            }
            (&Method::POST, ["findPublishLocations"]) | (&Method::GET, ["publishLocations"]) => {
                cloud.application(id)?;
                Ok(Reply::json(publish_locations()))
            }
            _ => Err(Failure::Unknown),
        }
    }

    fn vms(&mut self, id: ApplicationId, rest: &[&str]) -> Result<Reply, Failure> {
        let cloud = &mut self.state.cloud;
        cloud.application(id)?;
        match (self.request.method.clone(), rest) {
            (Method::GET, []) => Ok(Reply::json(cloud.vms(id, self.aspect)?)),
            (Method::POST, []) => {
                let vm = cloud.add_vm(id, self.request.document()?, self.now)?;
                let shown = cloud.vm(id, vm, Some(Aspect::Design))?;
                Ok(Reply::json(shown).created_at(format!("/applications/{id}/vms/{vm}")))
            }
            (Method::POST, [name]) if name.parse::<Action>().is_ok() => {
                let action = name.parse().map_err(|()| Failure::Unknown)?;
                cloud.act_on_all(id, &self.request.vms_in_body()?, action, self.now)?;
                Ok(Reply::empty(self.action_status()))
            }
            (method, [vm, rest @ ..]) => {
                let vm = VmId(identifier(vm, "VM")?);
                self.vm(id, vm, &method, rest)
            }
            _ => Err(Failure::Unknown),
        }
    }

    fn vm(&mut self, id: ApplicationId, vm: VmId, method: &Method, rest: &[&str]) -> Result<Reply, Failure> {
        let cloud = &mut self.state.cloud;
        match (method, rest) {
            (&Method::GET, []) => {
                let shown = cloud.vm(id, vm, self.aspect)?;
                Ok(self.located(Reply::json(shown), format!("/applications/{id}/vms/{vm}")))
            }
            (&Method::PUT, []) => {
                cloud.replace_vm(id, vm, self.request.document()?, self.now)?;
                let reply = match cloud.switches.vm_put_reply {
                    VmPutReply::Vm => Reply::json(cloud.vm(id, vm, Some(Aspect::Design))?),
                    VmPutReply::Application => Reply::json(cloud.read(id, None)?),
                    VmPutReply::Nothing => Reply::empty(StatusCode::OK),
                };
                Ok(self.located(reply, format!("/applications/{id}/vms/{vm}")))
            }
            (&Method::DELETE, []) => {
                cloud.remove_vm(id, vm)?;
                Ok(Reply::empty(StatusCode::NO_CONTENT))
            }
            (&Method::POST, [name]) => {
                let action = name.parse().map_err(|()| Failure::Unknown)?;
                cloud.act(id, vm, action, self.now)?;
                Ok(Reply::empty(self.action_status()))
            }
            (&Method::GET, ["state"]) => {
                let name = cloud.machine(id, vm)?.state().name();
                Ok(match cloud.switches.state_reply {
                    StateReply::Json => Reply::json(name),
                    StateReply::Text => Reply::text(name),
                })
            }
            (&Method::GET, ["fqdn"]) => {
                let fqdn = cloud.application(id)?.fqdn(cloud.machine(id, vm)?, vm);
                Ok(Reply::json(json!({ "value": fqdn })))
            }
            (&Method::GET, ["publicIps"]) => {
                let shown = cloud.vm(id, vm, Some(Aspect::Deployment))?;
                Ok(Reply::json(json!({ "ips": public_ips(&shown, vm) })))
            }
            (&Method::GET, ["vncUrl"]) => {
                if !cloud.machine(id, vm)?.is_running() {
                    let why = "a VM that does not run has no console".to_owned();
                    return Err(CloudError::WrongState { why }.into());
                }
                let ticket = self.state.cloud.ids.secret();
                Ok(Reply::text(format!("https://vnc.ravellosystems.com/vnc/{id}/{vm}?ticket={ticket}")))
            }
            _ => Err(Failure::Unknown),
        }
    }

    fn located(&self, reply: Reply, path: String) -> Reply {
        match self.state.cloud.switches.content_location {
            ContentLocation::Absent => reply,
            ContentLocation::Present => reply.with_content_location(&path),
        }
    }

    const fn action_status(&self) -> StatusCode {
        match self.state.cloud.switches.action_status {
            ActionStatus::Accepted => StatusCode::ACCEPTED,
            ActionStatus::Ok => StatusCode::OK,
        }
    }
}

fn identifier(segment: &str, what: &str) -> Result<u64, ApiError> {
    segment.parse().map_err(|_| ApiError::not_found(format!("{what} {segment:?}")))
}

fn objects(documents: Vec<Map<String, Value>>) -> Vec<Value> {
    documents.into_iter().map(Value::Object).collect()
}

fn public_ips(vm: &Map<String, Value>, id: VmId) -> Vec<String> {
    let connections = vm.get("networkConnections").and_then(Value::as_array).into_iter().flatten();
    connections
        .filter(|connection| connection.pointer("/ipConfig/hasPublicIp") == Some(&Value::Bool(true)))
        .map(|connection| connection.pointer("/device/index").and_then(integer).unwrap_or_default())
        .map(|index| public_ip(id, index))
        .collect()
}

/// The places where an application can be published.
pub(super) fn publish_locations() -> Vec<Value> {
    ["us-east-5", "us-central-1", "eu-west-1"]
        .into_iter()
        .map(|name| {
            let mut location = region(name);
            if let Some(fields) = location.as_object_mut() {
                fields.insert("cloudName".to_owned(), "RAVELLO".into());
                fields.insert("regionName".to_owned(), name.into());
            }
            location
        })
        .collect()
}
