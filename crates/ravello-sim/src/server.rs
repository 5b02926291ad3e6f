//! Sockets: HTTP/1.1 on a listener, one task per connection.
//!
//! It is hyper without a framework on top, because a fault must be able to break a connection instead of
//! answering: a service that fails makes hyper close the connection without a reply.

use std::convert::Infallible;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::fault::FaultEffect;
use crate::http::reply::{ApiError, Reply};
use crate::http::{Outcome, Request, arrive, carry_out};
use crate::simulator::{Simulator, SimulatorError, State};

/// The largest body that is read: an application of some thousand VMs.
const BODY_LIMIT_BYTES: usize = 64 * 1024 * 1024;

/// How long accepting pauses when the system has no sockets left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

pub(crate) async fn run(
    simulator: &Simulator,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> Result<(), SimulatorError> {
    let connections = TaskTracker::new();
    let serial_ports = simulator.serial_ports()?;
    let serial_lines = async {
        match serial_ports {
            Some(ports) => ports.follow(simulator).await,
            None => std::future::pending().await,
        }
    };
    // Every branch only waits or runs for ever; nothing is lost when the others are dropped.
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = simulator.keep_time() => {}
        () = simulator.keep_state() => {}
        () = simulator.follow_guests() => {}
        () = serial_lines => {}
        never = accept(simulator, &listener, &connections, &shutdown) => match never {},
    }
    drop(listener);
    connections.close();
    connections.wait().await;
    simulator.end_guests().await;
    Ok(simulator.save().await?)
}

async fn accept(
    simulator: &Simulator,
    listener: &TcpListener,
    connections: &TaskTracker,
    shutdown: &CancellationToken,
) -> Infallible {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(connection(simulator.clone(), stream, shutdown.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection(simulator: Simulator, stream: TcpStream, shutdown: CancellationToken) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let stopping = shutdown.clone();
    let service = service_fn(move |request| exchange(simulator.clone(), request, stopping.clone()));
    let connection =
        http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    // The connection is polled in both branches, so nothing of it is lost.
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended");
    }
}

/// The connection is to break without a reply.
#[derive(Debug)]
struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connection broken on purpose")
    }
}

impl std::error::Error for Broken {}

async fn exchange(
    simulator: Simulator,
    request: http::Request<Incoming>,
    shutdown: CancellationToken,
) -> Result<Response<Full<Bytes>>, Broken> {
    let (head, body) = request.into_parts();
    if body.size_hint().lower() > BODY_LIMIT_BYTES.try_into().unwrap_or(u64::MAX) {
        return Ok(too_large());
    }
    let body = match Limited::new(body, BODY_LIMIT_BYTES).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Ok(too_large()),
        Err(_) => return Err(Broken),
    };
    let request = Request {
        method: head.method,
        path: head.uri.path().to_owned(),
        query: head.uri.query().map(str::to_owned),
        headers: head.headers,
        body,
    };
    let effects = simulator.note(|state, _| arrive(state, &request));
    for effect in &effects {
        if let FaultEffect::Slow { millis } = effect {
            // A shutdown does not wait for a reply that is slow on purpose.
            tokio::select! {
                () = tokio::time::sleep(*millis) => {}
                () = shutdown.cancelled() => return Err(Broken),
            }
        }
    }
    let is_read = request.method == http::Method::GET && effects.is_empty();
    let work = |state: &mut State, now| carry_out(state, &request, &effects, now);
    match if is_read { simulator.note(work) } else { simulator.change(work) } {
        Outcome::Broken => Err(Broken),
        Outcome::Reply(response) => {
            let operation = response.headers().get("operation-id").and_then(|id| id.to_str().ok());
            tracing::debug!(
                method = %request.method,
                path = request.path,
                status = response.status().as_u16(),
                operation,
                "answered"
            );
            Ok(response.map(Full::new))
        }
    }
}

fn too_large() -> Response<Full<Bytes>> {
    Reply::from(ApiError::too_large(BODY_LIMIT_BYTES)).into_response("none", None, false, None).map(Full::new)
}
