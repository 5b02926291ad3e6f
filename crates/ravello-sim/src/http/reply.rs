//! Replies: statuses, exact content types, and the two headers in which an error says what is wrong
//! (`ravello-api.md §2`, `§4`).

use bytes::Bytes;
use http::header::{
    CONTENT_LENGTH, CONTENT_LOCATION, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
    SET_COOKIE,
};
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::API;
use crate::access::{Admitted, SESSION_COOKIE};
use crate::cloud::CloudError;
use crate::document::check::Malformed;
use crate::document::number::strings_from_longs;
use crate::switches::{ErrorBody, WrongStateStatus};

/// A reply before it is HTTP.
#[derive(Debug)]
pub(crate) struct Reply {
    status: StatusCode,
    body: Body,
    headers: Vec<(HeaderName, Text)>,
}

#[derive(Debug)]
enum Body {
    Empty,
    Json(Value),
    Text(String),
}

/// The value of a header.
#[derive(Debug)]
enum Text {
    Plain(String),
    /// A path of the API, to be sent as a whole address.
    Address(String),
}

impl Reply {
    pub(crate) const fn empty(status: StatusCode) -> Self {
        Self { status, body: Body::Empty, headers: Vec::new() }
    }

    pub(crate) fn json(value: impl Into<Value>) -> Self {
        Self { body: Body::Json(value.into()), ..Self::empty(StatusCode::OK) }
    }

    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self { body: Body::Text(text.into()), ..Self::empty(StatusCode::OK) }
    }

    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// Says where the thing is that was created.
    pub(crate) fn created_at(self, path: String) -> Self {
        self.with_status(StatusCode::CREATED).with(LOCATION, Text::Address(path))
    }

    pub(crate) fn with_content_location(self, path: &str) -> Self {
        self.with(CONTENT_LOCATION, Text::Address(path.to_owned()))
    }

    /// The cookies of a login. `Secure` is left out: over plain HTTP no client would send them back.
    pub(crate) fn with_session(self, session: &str) -> Self {
        self.with(SET_COOKIE, Text::Plain(format!("{SESSION_COOKIE}={session}; Path=/; HttpOnly")))
            .with(SET_COOKIE, Text::Plain("rememberMe=deleteMe; Path=/; Max-Age=0".to_owned()))
    }

    fn with(mut self, name: HeaderName, value: Text) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The reply as HTTP.
    pub(crate) fn into_response(
        self,
        operation: &str,
        admitted: Option<Admitted>,
        longs_as_strings: bool,
        host: Option<&str>,
    ) -> Response<Bytes> {
        let (content_type, body) = match self.body {
            Body::Empty => (None, Bytes::new()),
            Body::Text(text) => (Some("text/plain"), Bytes::from(text)),
            Body::Json(mut value) => {
                if longs_as_strings {
                    strings_from_longs(&mut value);
                }
                (Some("application/json"), Bytes::from(value.to_string()))
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        let length = response.body().len();
        let headers = response.headers_mut();
        if let Some(content_type) = content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        if self.status != StatusCode::NO_CONTENT {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        for (name, value) in self.headers {
            let text = match (value, host) {
                (Text::Address(path), Some(host)) => format!("http://{host}{API}{path}"),
                (Text::Address(path), None) => format!("{API}{path}"),
                (Text::Plain(text), _) => text,
            };
            headers.append(name, printable(&text));
        }
        headers.insert(HeaderName::from_static("operation-id"), printable(operation));
        headers.insert(HeaderName::from_static("x-nginx-operation-id"), printable(operation));
        if let Some(admitted) = admitted {
            let ephemeral = if admitted == Admitted::ByToken { "true" } else { "false" };
            headers.insert(HeaderName::from_static("x-is-ephemeral"), HeaderValue::from_static(ephemeral));
        }
        response
    }
}

/// A text as the value of a header: what cannot stand there becomes a question mark.
fn printable(text: &str) -> HeaderValue {
    let fitting = |letter: char| if letter.is_ascii_graphic() || letter == ' ' { letter } else { '?' };
    let text: String = text.chars().take(500).map(fitting).collect();
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("?"))
}

/// An error reply: a status, a number of our own, and a text.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: u16,
    message: String,
    retry_after_seconds: Option<u64>,
}

impl ApiError {
    const fn new(status: StatusCode, code: u16, message: String) -> Self {
        Self { status, code, message, retry_after_seconds: None }
    }

    pub(crate) const fn invalid(message: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, 1001, message)
    }

    pub(crate) fn not_found(what: String) -> Self {
        Self::new(StatusCode::NOT_FOUND, 1002, format!("there is no {what}"))
    }

    /// A part of the interface that the simulator does not have.
    pub(crate) fn no_such_request(method: &str, path: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, 1009, format!("the simulator does not know {method} {path}"))
    }

    /// The error as a reply.
    pub(crate) fn into_reply(self, body: ErrorBody) -> Reply {
        let message = json!({ "errorLevel": "ERROR", "message": self.message });
        let reply = Reply::from(self);
        match body {
            ErrorBody::Absent => reply,
            ErrorBody::OperationMessages => {
                Reply { body: Body::Json(json!({ "operationMessages": [message] })), ..reply }
            }
        }
    }

    pub(crate) fn unauthenticated() -> Self {
        let message = "log in, or send Basic credentials or an ephemeral token".to_owned();
        Self::new(StatusCode::UNAUTHORIZED, 1006, message)
    }

    pub(crate) fn throttled(retry_after_seconds: Option<u64>) -> Self {
        let error = Self::new(StatusCode::TOO_MANY_REQUESTS, 1007, "too many requests".to_owned());
        Self { retry_after_seconds, ..error }
    }

    pub(crate) const fn injected(status: StatusCode, message: String) -> Self {
        Self::new(status, 1099, message)
    }

    pub(crate) fn too_large(limit_bytes: usize) -> Self {
        let message = format!("the body has more than {limit_bytes} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, 1008, message)
    }

    /// What the cloud refused, as a status: the only place where this is decided.
    pub(crate) fn from_cloud(error: &CloudError, wrong_state: WrongStateStatus) -> Self {
        let (status, code) = match error {
            CloudError::Malformed(_) | CloudError::Invalid { .. } => (StatusCode::BAD_REQUEST, 1001),
            CloudError::NotFound { .. } => (StatusCode::NOT_FOUND, 1002),
            CloudError::WrongState { .. } => {
                let status = match wrong_state {
                    WrongStateStatus::Conflict => StatusCode::CONFLICT,
                    WrongStateStatus::BadRequest => StatusCode::BAD_REQUEST,
                    WrongStateStatus::Forbidden => StatusCode::FORBIDDEN,
                };
                (status, 1003)
            }
            CloudError::VersionConflict { .. } => (StatusCode::CONFLICT, 1004),
        };
        Self::new(status, code, error.to_string())
    }
}

impl From<Malformed> for ApiError {
    fn from(malformed: Malformed) -> Self {
        Self::invalid(malformed.to_string())
    }
}

impl From<ApiError> for Reply {
    fn from(error: ApiError) -> Self {
        let mut reply = Self::empty(error.status)
            .with(HeaderName::from_static("error-code"), Text::Plain(error.code.to_string()))
            .with(HeaderName::from_static("error-message"), Text::Plain(error.message));
        if let Some(seconds) = error.retry_after_seconds {
            reply = reply.with(RETRY_AFTER, Text::Plain(seconds.to_string()));
        }
        reply
    }
}
