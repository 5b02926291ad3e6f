//! The loop of one BMC.
//!
//! It owns the endpoint and everything else that changes; nobody shares them. Requests that need the chassis port run
//! in tasks, a bounded number of them; the loop takes their answers back and hands them to the endpoint. So a port
//! that takes its time delays nobody but those who asked it.

mod in_flight;
mod login_log;
mod serial;

use std::sync::Arc;
use std::time::{Duration, Instant};

use ipmi_proto::command::CommandInfo;
use ipmi_proto::endpoint::{Endpoint, EndpointConfig, Request, RequestToken, Response};
use ipmi_proto::entropy::Entropy;
use ipmi_proto::number::{CompletionCode, SessionId};
use machine::{Chassis, Console, DiagnosticInterrupt, EventLog, NodeId, Requester};
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use self::in_flight::{Answered, InFlight, Waiting};
use self::login_log::LoginLog;
use self::serial::Serial;
use crate::accounts::Accounts;
use crate::config::BmcConfig;
use crate::entropy::OsEntropy;
use crate::execution::{Begun, Effect, Executor, Ports, Question};
use crate::field;
use crate::settings::{BmcSettings, KeptSettings};
use crate::transport::{Datagram, DatagramTransport, ReceiveError};

/// How many requests of one BMC may wait for the chassis port. One more is answered with C0, "busy".
pub const MOST_IN_FLIGHT: usize = 16;

/// How long after Cold or Warm Reset the sessions end: long enough for a console that lost the answer to ask again, and
/// for one that got it to close its session.
pub const RESET_DELAY: Duration = Duration::from_secs(2);

/// How long a BMC that is told to stop waits for changes that are being recorded.
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);

/// How long to wait after the network failed, so that a network that stays broken does not burn a processor.
const RECEIVE_PAUSE: Duration = Duration::from_millis(100);

/// Runs a BMC until `shutdown` is cancelled or its transport closes. See [`Bmc`].
pub async fn run<T: DatagramTransport, C: Chassis>(
    transport: T,
    config: BmcConfig,
    chassis: Arc<C>,
    shutdown: CancellationToken,
) {
    Bmc::new(transport, config, chassis).run(shutdown).await;
}

/// The management controller of one node.
#[derive(Debug)]
pub struct Bmc<T, C> {
    transport: T,
    chassis: Arc<C>,
    events: Option<Arc<dyn EventLog>>,
    interrupt: Option<Arc<dyn DiagnosticInterrupt>>,
    settings: Option<Arc<KeptSettings>>,
    node: NodeId,
    name: Arc<str>,
    endpoint: Endpoint,
    executor: Executor,
    in_flight: InFlight,
    login_log: LoginLog,
    /// The node's console, if it has one. The connection is made when the BMC starts.
    console: Option<Arc<dyn Console>>,
    scrollback: usize,
    serial: Option<Serial>,
    /// When the sessions end because of a reset.
    reset_at: Option<Instant>,
}

impl<T: DatagramTransport, C: Chassis> Bmc<T, C> {
    /// A BMC that has not been started, with the randomness of the operating system.
    #[must_use]
    pub fn new(transport: T, config: BmcConfig, chassis: Arc<C>) -> Self {
        Self::with_entropy(transport, config, chassis, Box::new(OsEntropy))
    }

    /// The same with another source of randomness.
    #[must_use]
    pub fn with_entropy(transport: T, config: BmcConfig, chassis: Arc<C>, entropy: Box<dyn Entropy>) -> Self {
        let executor = Executor::new(&config);
        let (users, channel_limit) = executor.access();
        let endpoint = EndpointConfig {
            users,
            channel_limit,
            port: config.address.map_or(config.endpoint.port, |address| address.port()),
            sol_capacity: Serial::capacity(config.scrollback),
            ..config.endpoint
        };
        Self {
            transport,
            chassis,
            events: config.events,
            interrupt: config.interrupt,
            settings: config.settings,
            node: config.node,
            name: config.name,
            endpoint: Endpoint::new(endpoint, entropy),
            executor,
            in_flight: InFlight::default(),
            login_log: LoginLog::default(),
            console: config.console,
            scrollback: config.scrollback,
            serial: None,
            reset_at: None,
        }
    }

    /// Answers datagrams until `shutdown` is cancelled or the transport closes. Changes that are being recorded then are
    /// waited for, [`SHUTDOWN_GRACE`] at most, and answered.
    pub async fn run(self, shutdown: CancellationToken) {
        let span = tracing::info_span!(
            "bmc",
            { field::BMC_NAME } = %self.name,
            { field::NODE_ID } = %self.node
        );
        self.serve(shutdown).instrument(span).await;
    }

    async fn serve(mut self, shutdown: CancellationToken) {
        tracing::debug!("started");
        self.drop_lapsed().await;
        if let Some(console) = self.console.take() {
            let serial = Serial::start(console, self.scrollback);
            serial.tell(now(), &mut self.endpoint);
            self.serial = Some(serial);
        }
        loop {
            self.serve_console();
            self.transmit().await;
            let wake_at = self.poll_timeout();
            // All branches are cancel-safe: `receive` and `replaced` by contract, `next` because it wraps
            // `JoinSet::join_next`, `next_report` because it wraps a queue, the others because they only wait.
            tokio::select! {
                () = shutdown.cancelled() => break,
                received = self.transport.receive() => match received {
                    Ok(datagram) => self.take(&datagram, &shutdown),
                    Err(ReceiveError::Closed) => break,
                    Err(ReceiveError::Io(error)) => {
                        tracing::warn!({ field::ERROR } = %error, "cannot receive");
                        tokio::time::sleep(RECEIVE_PAUSE).await;
                    }
                },
                Some(answered) = self.in_flight.next() => self.finish(answered),
                () = replaced(self.settings.as_deref()) => self.take_over_settings(),
                Some(report) = next_report(&mut self.serial) => {
                    if let Some(serial) = &mut self.serial {
                        serial.take(now(), report, &mut self.endpoint);
                    }
                }
                () = sleep_until_some(wake_at) => self.handle_timeout(&shutdown),
            }
        }
        self.drain().await;
        tracing::debug!("stopped");
    }

    /// Takes a datagram, and begins the request that it carries.
    fn take(&mut self, datagram: &Datagram, shutdown: &CancellationToken) {
        let now = now();
        // What is due comes first: a session that ends now does not answer the datagram that came in the same moment.
        self.handle_own_timeout(now, shutdown);
        let request = self.endpoint.handle_datagram(now, datagram.peer, &datagram.payload);
        self.login_log.note(datagram.peer, self.endpoint.counters());
        if let Some(request) = request {
            self.begin(now, request, shutdown);
        }
    }

    fn begin(&mut self, now: Instant, request: Request, shutdown: &CancellationToken) {
        let waiting = Waiting {
            command: CommandInfo::find(request.net_fn, request.command, &request.data).map(|info| info.name),
            net_fn: request.net_fn,
            number: request.command,
            session: request.session,
            peer: request.peer,
        };
        match self.executor.begin(now, self.endpoint.active_sessions(), &request) {
            Begun::Answered(response) => self.respond(now, &waiting, request.token, response),
            Begun::SolConfigured(parameters) => {
                self.endpoint.set_sol_parameters(now, parameters);
                self.respond(now, &waiting, request.token, Response::code(CompletionCode::NORMAL));
            }
            Begun::Reset => {
                self.respond(now, &waiting, request.token, Response::code(CompletionCode::NORMAL));
                tracing::info!(
                    { field::USER_NAME } = %request.user,
                    { field::PEER_ADDR } = %request.peer,
                    "the controller starts again; the node is not touched"
                );
                self.executor.reset();
                self.endpoint.set_channel_limit(self.executor.access().1);
                self.reset_at = now.checked_add(RESET_DELAY);
            }
            Begun::Asked(_) if self.in_flight.len() >= MOST_IN_FLIGHT => {
                self.respond(now, &waiting, request.token, Response::code(CompletionCode::NODE_BUSY));
            }
            Begun::Asked(question) => {
                let requester = Requester { user: request.user.as_ref().into(), peer: Some(request.peer) };
                self.ask(question, requester, Some((waiting, request.token)), shutdown);
            }
        }
    }

    /// Starts a task that asks the port.
    fn ask(
        &mut self,
        question: Question,
        requester: Requester,
        asker: Option<(Waiting, RequestToken)>,
        shutdown: &CancellationToken,
    ) {
        let chassis = Arc::clone(&self.chassis);
        let events = self.events.clone();
        let interrupt = self.interrupt.clone();
        let settings = self.settings.clone();
        let node = self.node.clone();
        let stop = shutdown.clone();
        let broken = question.effect_if_broken();
        let configured = Arc::clone(self.executor.users().configured());
        let task = async move {
            let ports = Ports {
                events: events.as_deref(),
                interrupt: interrupt.as_deref(),
                settings: settings.as_deref(),
                configured: &configured,
            };
            question.ask(&*chassis, ports, &node, &requester, &stop).await
        };
        self.in_flight.start(task.in_current_span(), broken, asker);
    }

    /// Takes the answer of a task.
    fn finish(&mut self, answered: Answered) {
        let now = now();
        self.executor.finish(now, answered.effect);
        if let (Effect::PowerRequested(_) | Effect::WatchdogActed(_), Some(serial)) =
            (answered.effect, &self.serial)
        {
            serial.expect_node();
        }
        if matches!(answered.effect, Effect::AccessChanged { .. }) {
            self.change_access(answered.asker.as_ref().map(|(waiting, _)| waiting.session));
        }
        if let Some((waiting, token)) = answered.asker {
            self.respond(now, &waiting, token, answered.response);
        }
    }

    fn respond(&mut self, now: Instant, waiting: &Waiting, token: RequestToken, response: Response) {
        tracing::debug!(
            { field::IPMI_COMMAND } = %waiting,
            { field::SESSION_ID } = %waiting.session,
            { field::PEER_ADDR } = %waiting.peer,
            { field::COMPLETION_CODE } = %response.completion_code,
            "command"
        );
        self.endpoint.respond(now, token, response);
    }

    /// Forgets the changes of users whose entry in the configuration has changed since, so that they do not come back.
    async fn drop_lapsed(&mut self) {
        let Some(settings) = &self.settings else { return };
        let users = self.executor.users();
        for name in users.accounts().lapsed() {
            tracing::info!({ field::USER_NAME } = %name, "the configuration rules again; what was changed over IPMI is dropped");
        }
        if users.accounts().lapsed().is_empty() {
            return;
        }
        let configured = users.configured();
        let purge = |held: &BmcSettings| {
            let accounts = Accounts::resolve(configured, &held.users);
            Ok::<_, ()>((Some(BmcSettings { users: accounts.to_kept(&mut OsEntropy), ..held.clone() }), ()))
        };
        if let Err(not_kept) = settings.change(purge).await {
            tracing::warn!({ field::ERROR } = %not_kept, "what was dropped may come back");
        }
    }

    /// Takes over settings that somebody beside the BMC has changed.
    fn take_over_settings(&mut self) {
        self.executor.adopt_settings(true);
        self.change_access(None);
    }

    /// Lets in whom the settings let in now. Sessions of users who have lost something end, but for the one that asked for it.
    fn change_access(&mut self, but: Option<SessionId>) {
        let (users, channel_limit) = self.executor.access();
        let ended = self.endpoint.set_users(users, but);
        self.endpoint.set_channel_limit(channel_limit);
        if ended > 0 {
            tracing::info!("{ended} sessions of changed users ended");
        }
    }

    /// Does what the console that has activated Serial over LAN wants.
    fn serve_console(&mut self) {
        while let Some(event) = self.endpoint.poll_sol_event() {
            if let Some(serial) = &mut self.serial {
                serial.serve(now(), event, &mut self.endpoint);
            }
        }
    }

    /// Sends what the endpoint has to send.
    async fn transmit(&mut self) {
        while let Some(transmit) = self.endpoint.poll_transmit() {
            let datagram = Datagram { peer: transmit.to, payload: transmit.datagram };
            if let Err(error) = self.transport.send(datagram).await {
                tracing::debug!(
                    { field::PEER_ADDR } = %transmit.to,
                    { field::ERROR } = %error,
                    "cannot send an answer"
                );
            }
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        [self.endpoint.poll_timeout(), self.executor.poll_timeout(), self.reset_at]
            .into_iter()
            .flatten()
            .min()
    }

    fn handle_timeout(&mut self, shutdown: &CancellationToken) {
        let now = now();
        self.endpoint.handle_timeout(now);
        self.handle_own_timeout(now, shutdown);
    }

    /// What is due besides the endpoint's sessions.
    fn handle_own_timeout(&mut self, now: Instant, shutdown: &CancellationToken) {
        if self.reset_at.is_some_and(|at| at <= now) {
            self.reset_at = None;
            self.endpoint.end_all_sessions();
        }
        for (question, who) in self.executor.handle_timeout(now) {
            // Not a user, but the log and the event record shall say why.
            let requester = Requester { user: who.to_owned(), peer: None };
            self.ask(question, requester, None, shutdown);
        }
    }

    /// Tells the console that has activated Serial over LAN, and answers what is still being asked. Readings have given up by now.
    async fn drain(&mut self) {
        self.endpoint.deactivate_sol();
        self.serve_console();
        self.transmit().await;
        let deadline = tokio::time::Instant::now() + SHUTDOWN_GRACE;
        while let Ok(Some(answered)) = tokio::time::timeout_at(deadline, self.in_flight.next()).await {
            self.finish(answered);
            self.transmit().await;
        }
        if self.in_flight.len() > 0 {
            tracing::warn!("stopped before {} requests were answered", self.in_flight.len());
        }
    }
}

/// Time for the protocol core; virtual when the runtime's clock is paused.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Waits until the settings are changed from beside the BMC; for ever if there are none.
async fn replaced(settings: Option<&KeptSettings>) {
    match settings {
        Some(settings) => settings.replaced().await,
        None => std::future::pending().await,
    }
}

/// The next report about the console, if the node has one. Otherwise it waits for ever.
async fn next_report(serial: &mut Option<Serial>) -> Option<serial::Report> {
    match serial {
        Some(serial) => serial.next().await,
        None => std::future::pending().await,
    }
}

/// Waits until then, or for ever.
async fn sleep_until_some(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
