//! One request and its reply.

use reqwest::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use tokio::time::Instant;
use tracing::debug;

use super::{Client, Session};
use crate::authentication::{Authentication, Credentials};
use crate::error::{ClientError, Failure, Purpose, Refusal, error_code, operation_id};
use crate::json::Json;

/// Error replies are read up to here; what follows is not worth a connection's time.
const ERROR_LIMIT_BYTES: usize = 64 << 10;

/// A request, before it is signed and sent.
#[derive(Debug)]
pub(super) struct Call {
    /// What it is about, for people.
    operation: String,
    purpose: Purpose,
    method: Method,
    /// Behind the base address, with a leading slash.
    path: String,
    /// Instead of the base address.
    root: Option<String>,
    accept: &'static str,
    body: Option<String>,
}

/// A reply that is not an error.
#[derive(Debug)]
pub(super) struct Reply {
    operation: String,
    body: Vec<u8>,
}

impl Call {
    pub(super) fn get(operation: impl Into<String>, path: String) -> Self {
        Self::new(operation, Purpose::Read, Method::GET, path)
    }

    /// A POST that asks a question.
    pub(super) fn query(operation: impl Into<String>, path: String) -> Self {
        Self::new(operation, Purpose::Read, Method::POST, path)
    }

    pub(super) fn put(operation: impl Into<String>, path: String) -> Self {
        Self::new(operation, Purpose::Write, Method::PUT, path)
    }

    /// A POST that makes something happen.
    pub(super) fn action(operation: impl Into<String>, path: String) -> Self {
        Self::new(operation, Purpose::Action, Method::POST, path)
    }

    fn new(operation: impl Into<String>, purpose: Purpose, method: Method, path: String) -> Self {
        let (operation, accept) = (operation.into(), "application/json");
        Self { operation, purpose, method, path, root: None, accept, body: None }
    }

    pub(super) fn with_body(mut self, body: &Json) -> Self {
        self.body = Some(body.to_string());
        self
    }

    pub(super) const fn accepting(mut self, accept: &'static str) -> Self {
        self.accept = accept;
        self
    }

    /// The path is behind this, and not behind the base address.
    pub(super) fn behind(mut self, root: &str) -> Self {
        self.root = Some(root.to_owned());
        self
    }

    /// The request in one line, with the body of an action; a whole document says less than its differences.
    fn line(&self) -> String {
        let Self { method, path, .. } = self;
        match (&self.body, self.purpose) {
            (Some(body), Purpose::Action) => format!("{method} {path} {body}"),
            (Some(_) | None, Purpose::Read | Purpose::Write | Purpose::Action) => format!("{method} {path}"),
        }
    }

    fn fails(&self, failure: impl Into<Failure>) -> ClientError {
        ClientError::new(self.operation.as_str(), failure)
    }
}

impl Reply {
    /// The reply as JSON.
    pub(super) fn json(&self) -> Result<Json, ClientError> {
        Json::parse(&self.body).map_err(|source| self.fails(Failure::NotJson { source }))
    }

    /// The reply as one scalar, sent as JSON or bare: a state, a time, an address. Empty if it is neither.
    pub(super) fn plain(&self) -> String {
        match Json::parse(&self.body) {
            Ok(json) => json.get("value").unwrap_or(&json).plain().unwrap_or_default().into_owned(),
            Err(_) => String::from_utf8_lossy(&self.body).trim().to_owned(),
        }
    }

    pub(super) fn fails(&self, failure: impl Into<Failure>) -> ClientError {
        ClientError::new(self.operation.as_str(), failure)
    }
}

impl Client {
    /// Sends a request as whom we are, and reads the reply.
    pub(super) async fn call(&self, call: Call) -> Result<Reply, ClientError> {
        if let (Some(rehearsal), Purpose::Write | Purpose::Action) = (&self.shared.rehearsal, call.purpose) {
            rehearsal.say(&call.line());
            return Ok(Reply { operation: call.operation, body: Vec::new() });
        }
        match &self.shared.authentication {
            Authentication::Basic(credentials) => self.send(&call, |request| credentials.sign(request)).await,
            Authentication::EphemeralToken(token) => self.send(&call, |request| token.sign(request)).await,
            Authentication::Session(credentials) => {
                let session = self.log_in(credentials, Session::default()).await?;
                match self.send(&call, |request| request).await {
                    Err(refused) if is_unauthenticated(&refused) => {
                        self.log_in(credentials, session).await?;
                        self.send(&call, |request| request).await
                    }
                    outcome => outcome,
                }
            }
        }
    }

    /// Ends the session, if there is one.
    ///
    /// # Errors
    /// When the service does not confirm it.
    pub async fn log_out(&self) -> Result<(), ClientError> {
        let mut session = self.shared.session.lock().await;
        if std::mem::take(&mut session.open) {
            self.send(&Call::action("log out", "/logout".to_owned()), |request| request).await?;
        }
        Ok(())
    }

    /// Makes sure that there is a session newer than the one that was refused. Of several requests that are
    /// refused at the same time only the first logs in.
    async fn log_in(&self, credentials: &Credentials, refused: Session) -> Result<Session, ClientError> {
        let mut session = self.shared.session.lock().await;
        if !session.open || session.logins == refused.logins {
            session.open = false;
            let call = Call::action("log in", "/login".to_owned());
            self.send(&call, |request| credentials.sign(request)).await?;
            *session = Session { logins: session.logins + 1, open: true };
        }
        Ok(*session)
    }

    async fn send(
        &self,
        call: &Call,
        sign: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Result<Reply, ClientError> {
        let url = format!("{}{}", call.root.as_ref().unwrap_or(&self.shared.base), call.path);
        let request = self.shared.http.request(call.method.clone(), url).header(ACCEPT, call.accept);
        let request = match &call.body {
            Some(body) => request.header(CONTENT_TYPE, "application/json").body(body.clone()),
            None if call.method == Method::POST => request.header(CONTENT_LENGTH, 0),
            None => request,
        };
        let started = Instant::now();
        let outcome = self.exchange(call, sign(request)).await;
        let Call { operation, method, path, .. } = call;
        let elapsed_ms = started.elapsed().as_secs_f64() * 1e3;
        match &outcome {
            Ok((status, headers, _)) => {
                let operation_id = operation_id(headers);
                let status = status.as_u16();
                debug!(%method, path, status, elapsed_ms, operation_id, operation, "cloud request");
            }
            Err(error) => {
                debug!(%method, path, elapsed_ms, operation, error = %error.failure, "cloud request failed");
            }
        }
        let (status, headers, body) = outcome?;
        if status.is_success() && error_code(&headers).is_none() && !is_reported_incomplete(&body) {
            Ok(Reply { operation: call.operation.clone(), body })
        } else {
            Err(call.fails(Failure::Refused(Refusal::new(call.purpose, status, &headers, &body))))
        }
    }

    async fn exchange(
        &self,
        call: &Call,
        request: RequestBuilder,
    ) -> Result<(StatusCode, HeaderMap, Vec<u8>), ClientError> {
        let mut response = request.send().await.map_err(|source| call.fails(classify(source)))?;
        let status = response.status();
        let body = if status.is_success() {
            read(&mut response, self.shared.reply_limit_bytes).await.map_err(|failure| call.fails(failure))?
        } else {
            // The status has been seen; an error text that is cut short does not make it another error.
            read(&mut response, ERROR_LIMIT_BYTES).await.unwrap_or_default()
        };
        Ok((status, std::mem::take(response.headers_mut()), body))
    }
}

async fn read(response: &mut Response, limit_bytes: usize) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(classify)? {
        if body.len() + chunk.len() > limit_bytes {
            return Err(Failure::TooLarge { limit_bytes });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn classify(source: reqwest::Error) -> Failure {
    // The path is logged with the request; the address need not be repeated in every message.
    let source = source.without_url();
    if source.is_builder() { Failure::Unsendable { source } } else { Failure::Network { source } }
}

fn is_unauthenticated(error: &ClientError) -> bool {
    matches!(&error.failure, Failure::Refused(refusal) if refusal.status == StatusCode::UNAUTHORIZED)
}

/// Whether an action's reply says that it did not complete; the service's own spelling.
fn is_reported_incomplete(body: &[u8]) -> bool {
    const LONGEST: usize = 256;
    body.len() <= LONGEST
        && Json::parse(body)
            .is_ok_and(|json| json.get("completedSuccessfuly").and_then(Json::flag) == Some(false))
}
