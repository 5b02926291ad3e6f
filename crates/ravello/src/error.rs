//! What can go wrong with a request, and what that means (`ravello-api.md §4`).
//!
//! The client does not sleep and does not repeat; it classifies. The one map from status codes to
//! [`BackendErrorKind`] is [`ClientError::kind`]. The service's own error codes are not preserved anywhere, so
//! nothing branches on them; they are only shown.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use machine::{BackendError, BackendErrorKind};
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

use crate::document::Malformed;
use crate::identity::ApplicationId;
use crate::json::Json;

/// Longest part of an error message that is kept, in characters.
const MESSAGE_LIMIT: usize = 500;

/// A request that did not do what it should.
#[derive(Debug, thiserror::Error)]
#[error("{operation}: {failure}")]
pub struct ClientError {
    /// What was being done, for people: `start 2 VMs`.
    pub operation: String,
    /// What went wrong.
    #[source]
    pub failure: Failure,
}

/// What went wrong with a request.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The service answered with an error.
    #[error("{0}")]
    Refused(Refusal),
    /// There was no answer, or only part of one.
    #[error("{}", if source.is_timeout() { "no answer in time" } else if source.is_connect() { "cannot connect" } else { "the connection failed" })]
    Network {
        /// The error behind it.
        source: reqwest::Error,
    },
    /// The request could not even be built.
    #[error("the request cannot be sent")]
    Unsendable {
        /// The error behind it.
        source: reqwest::Error,
    },
    /// An answer is larger than the client is willing to read.
    #[error("the answer is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The limit.
        limit_bytes: usize,
    },
    /// An answer is not JSON.
    #[error("the answer is not JSON")]
    NotJson {
        /// The error behind it.
        source: serde_json::Error,
    },
    /// An answer is JSON, but not what was asked for.
    #[error("the answer is not understood: {0}")]
    Malformed(#[from] Malformed),
    /// There is no application of that name.
    #[error("there is no application named {name:?}")]
    NoSuchApplication {
        /// The name.
        name: String,
    },
    /// Two applications have the same name, so it says nothing.
    #[error("two applications are named {name:?}: {first} and {second}; rename one of them")]
    AmbiguousName {
        /// The name.
        name: String,
        /// One of them.
        first: ApplicationId,
        /// The other one.
        second: ApplicationId,
    },
    /// Only a simulated cloud can do it.
    #[error("only a simulated cloud can do it")]
    NoSimulator,
    /// An application without `version` must not be written: the write would overwrite anybody else's.
    #[error("the application carries no version, so writing it could undo somebody else's change")]
    NoVersion,
}

/// An error as the service put it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What was asked for; decides what a 400 means.
    pub purpose: Purpose,
    /// The HTTP status; also a 2xx that comes with an error code.
    pub status: StatusCode,
    /// Header `Error-Code`.
    pub code: Option<String>,
    /// Header `Error-Message`, or else the first operation message, or else the text of the body.
    pub message: Option<String>,
    /// Header `Operation-ID`, by which the service could find the request in its log.
    pub operation_id: Option<String>,
    /// Header `Retry-After`, if it gives a number of seconds.
    pub retry_after: Option<Duration>,
}

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Reads.
    Read,
    /// Replaces a document.
    Write,
    /// Makes something happen. Here a 400 says "not now", as a 409 does.
    Action,
}

impl ClientError {
    pub(crate) fn new(operation: impl Into<String>, failure: impl Into<Failure>) -> Self {
        Self { operation: operation.into(), failure: failure.into() }
    }

    /// What kind of failure it is to the rest of the product.
    pub fn kind(&self) -> BackendErrorKind {
        match &self.failure {
            Failure::Refused(refusal) => refusal.kind(),
            Failure::Network { .. } => BackendErrorKind::Unavailable,
            Failure::Unsendable { .. }
            | Failure::TooLarge { .. }
            | Failure::NotJson { .. }
            | Failure::Malformed(_)
            | Failure::AmbiguousName { .. }
            | Failure::NoVersion => BackendErrorKind::Protocol,
            Failure::NoSuchApplication { .. } | Failure::NoSimulator => BackendErrorKind::NotFound,
        }
    }

    /// Whether the service said that there is no such thing.
    pub fn is_not_found(&self) -> bool {
        self.kind() == BackendErrorKind::NotFound
    }
}

impl From<ClientError> for BackendError {
    fn from(error: ClientError) -> Self {
        let kind = error.kind();
        let ClientError { operation, failure } = error;
        let reason = failure.to_string();
        let source: Option<Box<dyn StdError + Send + Sync>> = match failure {
            Failure::Network { source } | Failure::Unsendable { source } => Some(Box::new(source)),
            Failure::NotJson { source } => Some(Box::new(source)),
            Failure::Refused(_)
            | Failure::TooLarge { .. }
            | Failure::Malformed(_)
            | Failure::NoSuchApplication { .. }
            | Failure::AmbiguousName { .. }
            | Failure::NoSimulator
            | Failure::NoVersion => None,
        };
        Self { operation, reason, kind, source }
    }
}

impl Refusal {
    /// Reads an error reply.
    pub(crate) fn new(purpose: Purpose, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        Self {
            purpose,
            status,
            code: error_code(headers),
            message: text(headers, "error-message").or_else(|| message_in(body)),
            operation_id: operation_id(headers),
            retry_after: text(headers, RETRY_AFTER.as_str())
                .and_then(|s| s.parse().ok())
                .map(Duration::from_secs),
        }
    }

    /// What kind of failure it is to the rest of the product.
    ///
    /// A 2xx with an error code is [`BackendErrorKind::Protocol`], because its effect is unknown.
    pub fn kind(&self) -> BackendErrorKind {
        match self.status.as_u16() {
            400 if self.purpose == Purpose::Action => BackendErrorKind::Conflict,
            401 => BackendErrorKind::Unauthenticated,
            403 => BackendErrorKind::Forbidden,
            404 | 410 => BackendErrorKind::NotFound,
            409 | 412 | 423 => BackendErrorKind::Conflict,
            429 => BackendErrorKind::Throttled(self.retry_after),
            408 | 500..=599 => BackendErrorKind::Unavailable,
            _ => BackendErrorKind::Protocol,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}", self.status)?;
        if let Some(code) = &self.code {
            write!(f, ", error code {code}")?;
        }
        if let Some(message) = &self.message {
            write!(f, ": {message}")?;
        }
        if let Some(operation_id) = &self.operation_id {
            write!(f, " (operation {operation_id})")?;
        }
        Ok(())
    }
}

/// The error code in a reply's headers. A code of zero says that all is well.
pub(crate) fn error_code(headers: &HeaderMap) -> Option<String> {
    text(headers, "error-code").filter(|code| code != "0")
}

/// The service's name of a request, in either spelling.
pub(crate) fn operation_id(headers: &HeaderMap) -> Option<String> {
    text(headers, "operation-id").or_else(|| text(headers, "x-nginx-operation-id"))
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(headers.get(name)?.as_bytes()).trim().to_owned();
    (!text.is_empty()).then(|| printable(&text))
}

fn message_in(body: &[u8]) -> Option<String> {
    let in_json = || {
        let json = Json::parse(body).ok()?;
        let message = json.get("operationMessages")?.elements().first()?.get("message")?.plain()?;
        Some(message.into_owned())
    };
    let message = in_json().unwrap_or_else(|| String::from_utf8_lossy(body).into_owned());
    let message = printable(message.trim());
    (!message.is_empty()).then_some(message)
}

/// Somebody else's text, fit for one line of a log.
fn printable(text: &str) -> String {
    text.chars().take(MESSAGE_LIMIT).map(|each| if each.is_control() { ' ' } else { each }).collect()
}

#[cfg(test)]
mod tests;
