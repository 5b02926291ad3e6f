//! Operations on applications (`ravello-api.md §6.2`, `§10`).

use std::fmt;
use std::time::{Duration, SystemTime};

use super::exchange::{Call, Reply};
use super::{Aspect, Client};
use crate::document::{Application, ApplicationSummary, Malformed};
use crate::error::{ClientError, Failure};
use crate::identity::ApplicationId;
use crate::json::Json;

/// Something that is done to all VMs of an application for which it makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ApplicationAction {
    /// Starts what is off.
    Start,
    /// Asks the guests to shut down.
    Stop,
    /// Asks the guests to restart.
    Restart,
    /// Puts the disks back to their saved state.
    ResetDisks,
}

/// How the first publish chooses where to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublishOptimization {
    /// Wherever it is cheap.
    Cost,
    /// In a region of one's choice.
    Performance {
        /// The region's name.
        region: String,
    },
}

/// The first publish of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishRequest {
    /// Where to run.
    pub optimization: PublishOptimization,
    /// Whether the VMs are started too.
    pub start_all_vms: bool,
}

impl Client {
    /// Lists all applications. The service limits this more than anything else: prefer
    /// [`Client::find_application`].
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn applications(&self) -> Result<Vec<ApplicationSummary>, ClientError> {
        let call = Call::get("list the applications", "/applications".to_owned());
        summaries(&self.call(call).await?)
    }

    /// Finds the application of that name.
    ///
    /// # Errors
    /// [`Failure::NoSuchApplication`], and [`Failure::AmbiguousName`] when there are two.
    pub async fn find_application(&self, name: &str) -> Result<ApplicationId, ClientError> {
        let operation = format!("find application {name}");
        let call = Call::query(operation.as_str(), "/applications/filter".to_owned());
        let found = summaries(&self.call(call.with_body(&name_filter(name))).await?)?;
        // The service's idea of equality is not ours to trust: it may ignore case.
        let mut found = found.into_iter().filter(|application| application.name == name);
        let name = name.to_owned();
        match (found.next(), found.next()) {
            (Some(only), None) => Ok(only.id),
            (None, _) => Err(ClientError::new(operation, Failure::NoSuchApplication { name })),
            (Some(first), Some(second)) => {
                let (first, second) = (first.id, second.id);
                Err(ClientError::new(operation, Failure::AmbiguousName { name, first, second }))
            }
        }
    }

    /// Reads an application, or one aspect of it.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn application(&self, id: ApplicationId, aspect: Aspect) -> Result<Application, ClientError> {
        let call = Call::get(format!("read application {id}"), format!("{}{}", path(id), aspect.suffix()));
        let reply = self.call(call).await?;
        Application::new(reply.json()?).map_err(|malformed| reply.fails(malformed))
    }

    /// Replaces an application by a whole one that was read and edited. Nothing that runs is touched; VMs that
    /// are missing from its design are removed.
    ///
    /// The document carries the `version` that it was read with, so that the service refuses it with 409 if
    /// anybody wrote in between (`ravello-api.md §6.3`).
    ///
    /// # Errors
    /// [`Failure::NoVersion`] without sending anything; [`ClientError`].
    pub async fn put_application(&self, application: &Application) -> Result<(), ClientError> {
        let id = application.id();
        let operation = format!("write application {id}");
        if application.version().is_none() {
            return Err(ClientError::new(operation, Failure::NoVersion));
        }
        self.call(Call::put(operation, path(id)).with_body(application.json())).await?;
        Ok(())
    }

    /// Writes an application that was read and edited, if the two differ.
    ///
    /// # Errors
    /// As [`Client::put_application`].
    pub async fn put_edited(&self, read: &Application, edited: &Application) -> Result<(), ClientError> {
        if read == edited {
            return Ok(());
        }
        self.put_application(edited).await?;
        if let Some(rehearsal) = &self.shared.rehearsal {
            for difference in read.json().differences(edited.json()) {
                rehearsal.say(&format!("PUT {}: {difference}", path(edited.id())));
            }
        }
        Ok(())
    }

    /// Publishes an application for the first time.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn publish(&self, id: ApplicationId, request: &PublishRequest) -> Result<(), ClientError> {
        let call = Call::action(format!("publish application {id}"), format!("{}/publish", path(id)));
        self.call(call.with_body(&request.to_json())).await?;
        Ok(())
    }

    /// Makes the deployment equal to the design, for all VMs, and **restarts every running VM whose hardware
    /// differs**. Drafts are created and not started: starting somebody else's is nobody's wish here.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn publish_updates(&self, id: ApplicationId) -> Result<(), ClientError> {
        let operation = format!("publish the updates of application {id}");
        let path = format!("{}/publishUpdates?startAllDraftVms=false", path(id));
        self.call(Call::action(operation, path)).await?;
        Ok(())
    }

    /// Does something to all VMs of an application.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn act_on_application(
        &self,
        id: ApplicationId,
        action: ApplicationAction,
    ) -> Result<(), ClientError> {
        let call =
            Call::action(format!("{action} application {id}"), format!("{}/{}", path(id), action.segment()));
        self.call(call).await?;
        Ok(())
    }

    /// Makes an application stop that long from now; whole seconds count. Returns the new time if the service
    /// says it, which it need not.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn set_expiration(
        &self,
        id: ApplicationId,
        from_now: Duration,
    ) -> Result<Option<SystemTime>, ClientError> {
        let seconds = Json::number(from_now.as_secs());
        let body = Json::Object(vec![("expirationFromNowSeconds".to_owned(), seconds)]);
        let operation = format!("set the expiration of application {id}");
        let call = Call::action(operation, format!("{}/setExpiration", path(id))).with_body(&body);
        let time_ms = self.call(call).await?.plain().parse().ok();
        Ok(time_ms.and_then(|ms| SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(ms))))
    }

    /// Whether an application has been published.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn is_published(&self, id: ApplicationId) -> Result<bool, ClientError> {
        let call = Call::get(
            format!("ask whether application {id} is published"),
            format!("{}/isPublished", path(id)),
        );
        let reply = self.call(call).await?;
        reply.plain().parse().map_err(|_| reply.fails(Malformed { field: "value" }))
    }

    /// The disk and CD-ROM images that drives can be made of.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn disk_images(&self) -> Result<Vec<Json>, ClientError> {
        self.list(Call::get("list the disk images", "/diskImages".to_owned())).await
    }

    /// The key pairs of the account, without their private halves.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn key_pairs(&self) -> Result<Vec<Json>, ClientError> {
        self.list(Call::get("list the key pairs", "/keypairs".to_owned())).await
    }

    pub(super) async fn list(&self, call: Call) -> Result<Vec<Json>, ClientError> {
        let reply = self.call(call).await?;
        match reply.json()? {
            Json::Array(elements) => Ok(elements),
            Json::Object(_) | Json::Scalar(_) => Err(reply.fails(Malformed { field: "list" })),
        }
    }
}

impl PublishRequest {
    fn to_json(&self) -> Json {
        let (level, region) = match &self.optimization {
            PublishOptimization::Cost => ("COST_OPTIMIZED", None),
            PublishOptimization::Performance { region } => {
                ("PERFORMANCE_OPTIMIZED", Some(Json::string(region)))
            }
        };
        let mut members = vec![("optimizationLevel".to_owned(), Json::string(level))];
        members.extend(region.map(|region| ("preferredRegion".to_owned(), region)));
        members.push(("startAllVms".to_owned(), Json::flag_value(self.start_all_vms)));
        Json::Object(members)
    }
}

impl ApplicationAction {
    const fn segment(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::ResetDisks => "resetDisks",
        }
    }
}

impl fmt::Display for ApplicationAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::ResetDisks => "reset the disks of",
        })
    }
}

pub(super) fn path(id: ApplicationId) -> String {
    format!("/applications/{id}")
}

fn summaries(reply: &Reply) -> Result<Vec<ApplicationSummary>, ClientError> {
    let Json::Array(elements) = reply.json()? else { return Err(reply.fails(Malformed { field: "list" })) };
    elements
        .iter()
        .map(ApplicationSummary::new)
        .collect::<Result<_, _>>()
        .map_err(|malformed| reply.fails(malformed))
}

fn name_filter(name: &str) -> Json {
    let member = |name: &str, value| (name.to_owned(), value);
    let criterion = Json::Object(vec![
        member("type", Json::string("SIMPLE")),
        member("propertyName", Json::string("name")),
        member("operator", Json::string("Equals")),
        member("operand", Json::string(name)),
    ]);
    Json::Object(vec![
        member("type", Json::string("COMPLEX")),
        member("operator", Json::string("And")),
        member("criteria", Json::Array(vec![criterion])),
    ])
}
