//! The remote console's side (`IPMI 2.0 §13.14`): logs in, asks, closes.
//!
//! It is made for a client, a load generator and the tests of [`crate::endpoint`], and works the same way: no I/O, no clock, no
//! randomness of its own. The caller connects a socket to one managed system, gives in what comes from there, and does after
//! every call of a method that takes `&mut self`:
//!
//! * [`Console::poll_transmit`] until it is empty;
//! * [`Console::poll_event`] until it is empty;
//! * [`Console::poll_timeout`], and [`Console::handle_timeout`] when that moment has come.
//!
//! ```text
//! open ─► capabilities ─► cipher suites ─► Open Session ─► RAKP 1 ─► RAKP 3 ─► privilege ─► established ─► closing ─► over
//!                         (if not fixed)                                       (above User)  requests, one at a time
//! ```
//!
//! One message is outstanding at a time. It is repeated by [`RetryPolicy`]: setup messages as they are, so that any of the answers
//! fits; requests with the same `rqSeq` and a new session sequence number, so that the managed system knows them again. RAKP 2 and
//! RAKP 4 are verified in constant time.
//!
//! Serial over LAN begins when the managed system grants [`ActivatePayload`]; from then on [`Console::type_characters`] types and
//! [`ConsoleEvent::Sol`] tells what the system prints, beside the requests.

mod config;
mod error;
mod established;
mod event;
mod login;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fmt;
use std::time::Instant;

use bytes::{Bytes, BytesMut};

pub use self::config::{ConsoleConfig, RetryPolicy, SuiteChoice};
pub use self::error::{ConsoleError, Step};
pub use self::event::{ConsoleEvent, ConsoleRequest, RequestId};

use self::established::EstablishedSession;
use self::login::Login;
use crate::command::app::{
    ActivatePayload, ActivatedPayload, CloseSession, DeactivatePayload, SessionReference,
};
use crate::command::{Body, Command};
use crate::entropy::{self, Entropy};
use crate::number::{CommandNumber, MessageTag, NetFn, PayloadType, RqSeq, SessionId};
use crate::sol::{RemoteEvent, RemoteSide, SolTiming};
use crate::wire::{Datagram, LanRequest, LanResponse, Sealed, SessionV20, Sessionless};

/// A remote console with one session. See the [module](self) for how to drive it.
pub struct Console {
    config: ConsoleConfig,
    entropy: Box<dyn Entropy>,
    session_id: SessionId,
    state: State,
    outstanding: Option<Outstanding>,
    /// Serial over LAN, while it is active.
    sol: Option<RemoteSide>,
    /// Requests that wait for their turn.
    queue: VecDeque<(RequestId, ConsoleRequest)>,
    /// The session is to end when nothing is left to do.
    closing: bool,
    next_request: u64,
    next_rq_seq: RqSeq,
    next_tag: MessageTag,
    transmits: VecDeque<Bytes>,
    events: VecDeque<ConsoleEvent>,
}

#[derive(Debug)]
enum State {
    /// Before [`Console::open`].
    Idle,
    LoggingIn(Login),
    Established(Box<EstablishedSession>),
    Over,
}

/// The message that waits for its answer.
#[derive(Debug)]
struct Outstanding {
    step: Step,
    message: Message,
    /// How often it was sent.
    sent: u32,
    /// When to send it again, or to give up.
    deadline: Instant,
}

#[derive(Debug)]
enum Message {
    /// Outside of the session: sent again as it is.
    Datagram(Bytes),
    /// In the session: sent again with a new session sequence number. With an id if the caller asked for it.
    Request(Option<RequestId>, LanRequest),
}

impl Console {
    /// A console that has sent nothing yet.
    #[must_use]
    pub fn new(config: ConsoleConfig, mut entropy: Box<dyn Entropy>) -> Self {
        let drawn = || SessionId(u32::from_le_bytes(entropy::draw(&mut *entropy)).max(1));
        let session_id = config.session_id.unwrap_or_else(drawn);
        Self {
            config,
            entropy,
            session_id,
            state: State::Idle,
            outstanding: None,
            sol: None,
            queue: VecDeque::new(),
            closing: false,
            next_request: 0,
            next_rq_seq: RqSeq::new(0),
            next_tag: MessageTag(0),
            transmits: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// Begins to log in. Once; later calls do nothing.
    pub fn open(&mut self, now: Instant) {
        if matches!(self.state, State::Idle) {
            self.begin_login(now);
        }
    }

    /// Asks something. Requests are sent one after another in the order of the calls, once the session stands.
    pub fn request(&mut self, now: Instant, request: ConsoleRequest) -> RequestId {
        let id = RequestId(self.next_request);
        self.next_request = self.next_request.wrapping_add(1);
        if self.closing || matches!(self.state, State::Over) {
            self.events.push_back(ConsoleEvent::Unanswered { id, error: ConsoleError::Closed });
        } else {
            self.queue.push_back((id, request));
            self.go_on(now);
        }
        id
    }

    /// Ends the session when all requests so far are done. A login that is under way is given up at once.
    pub fn close(&mut self, now: Instant) {
        match self.state {
            State::Idle | State::LoggingIn(_) => self.finish(ConsoleEvent::Closed, ConsoleError::Closed),
            State::Established(_) => {
                self.closing = true;
                self.go_on(now);
            }
            State::Over => {}
        }
    }

    /// Types over Serial over LAN. Without it, nothing happens.
    pub fn type_characters(&mut self, now: Instant, characters: &[u8]) {
        if let Some(sol) = &mut self.sol {
            sol.type_characters(now, characters);
        }
        self.go_on_with_sol(now);
    }

    /// Sends a break over Serial over LAN, after what was typed before. Without it, nothing happens.
    pub fn send_break(&mut self, now: Instant) {
        if let Some(sol) = &mut self.sol {
            sol.send_break(now);
        }
        self.go_on_with_sol(now);
    }

    /// Whether Serial over LAN is active.
    #[must_use]
    pub const fn has_sol(&self) -> bool {
        self.sol.is_some()
    }

    /// Takes a datagram that came from the managed system. What does not fit is dropped.
    pub fn handle_datagram(&mut self, now: Instant, datagram: &[u8]) {
        match Datagram::decode(datagram) {
            Ok(Datagram::V15(packet)) if packet.is_sessionless() => {
                if let Ok(response) = LanResponse::decode(packet.message) {
                    self.on_sessionless_response(now, &response);
                }
            }
            Ok(Datagram::V20(SessionV20::Sessionless(packet))) => self.on_sessionless_payload(now, packet),
            Ok(Datagram::V20(SessionV20::Sealed(packet))) => self.on_packet(now, packet),
            Ok(Datagram::V15(_) | Datagram::Asf { .. } | Datagram::Acknowledgement(_)) => {}
            Err(error) => tracing::trace!(%error, "datagram does not decode"),
        }
    }

    /// Repeats what is due, or gives it up.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.go_on_with_sol(now);
        let Some(mut outstanding) = self.outstanding.take_if(|it| it.deadline <= now) else { return };
        if outstanding.sent < self.config.retry.tries {
            self.transmit(&outstanding.message);
            outstanding.sent = outstanding.sent.saturating_add(1);
            outstanding.deadline = after(now, self.config.retry.wait_after(outstanding.sent));
            self.outstanding = Some(outstanding);
            return;
        }
        let Outstanding { step, message, .. } = outstanding;
        let error = ConsoleError::NoAnswer { step };
        match (step, message) {
            (Step::CipherSuites, _) => self.without_suite_list(now),
            (Step::Request, Message::Request(Some(id), _)) => {
                self.events.push_back(ConsoleEvent::Unanswered { id, error });
                self.go_on(now);
            }
            // The managed system ended the session and its answer was lost, or it is gone.
            (Step::Close, _) => self.finish(ConsoleEvent::Closed, ConsoleError::Closed),
            _ => self.fail(error),
        }
    }

    /// When to call [`Console::handle_timeout`]. May change with every other call.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let request = self.outstanding.as_ref().map(|outstanding| outstanding.deadline);
        let sol = self.sol.as_ref().and_then(RemoteSide::poll_timeout);
        request.into_iter().chain(sol).min()
    }

    /// The next datagram to send. There may be some after every call that takes `now`.
    pub fn poll_transmit(&mut self) -> Option<Bytes> {
        self.transmits.pop_front()
    }

    /// The next thing that happened. There may be some after every call that takes `now`.
    pub fn poll_event(&mut self) -> Option<ConsoleEvent> {
        self.events.pop_front()
    }

    /// Whether the session stands.
    #[must_use]
    pub const fn is_established(&self) -> bool {
        matches!(self.state, State::Established(_))
    }

    /// The console's own id for its session.
    #[must_use]
    pub const fn session_id(&self) -> SessionId {
        self.session_id
    }

    /// Takes a packet of the session.
    fn on_packet(&mut self, now: Instant, packet: Sealed<'_>) {
        if packet.session_id() != self.session_id {
            return;
        }
        let opened = match &mut self.state {
            State::Established(session) => session.open(&packet),
            State::LoggingIn(login) => login.session_mut().and_then(|session| session.open(&packet)),
            State::Idle | State::Over => None,
        };
        let Some((payload_type, payload)) = opened else { return };
        if payload_type == PayloadType::SOL {
            self.on_sol_payload(now, &payload);
            return;
        }
        let Ok(response) = LanResponse::decode(&payload) else { return };
        if payload_type != PayloadType::IPMI {
            return;
        }
        let answered = self.outstanding.take_if(|outstanding| match &outstanding.message {
            Message::Request(_, request) => answers(&response, request),
            Message::Datagram(_) => false,
        });
        let Some(Outstanding { step, message, .. }) = answered else { return };
        match (step, message) {
            (Step::Privilege, _) => self.on_privilege(now, &response),
            (Step::Close, _) => self.finish(ConsoleEvent::Closed, ConsoleError::Closed),
            (_, Message::Request(Some(id), request)) => {
                let LanResponse { completion_code, data, .. } = response;
                if completion_code.is_normal() {
                    self.on_payload_command(&request, &data);
                }
                self.events.push_back(ConsoleEvent::Answered { id, completion_code, data });
                self.go_on(now);
            }
            _ => {}
        }
    }

    /// Begins and ends Serial over LAN with the commands that do so.
    fn on_payload_command(&mut self, request: &LanRequest, data: &[u8]) {
        match (request.net_fn, request.command) {
            (ActivatePayload::NET_FN, ActivatePayload::COMMAND) => {
                let asked = ActivatePayload::decode(&request.data);
                let is_sol = asked.is_ok_and(|asked| asked.payload == PayloadType::SOL);
                if let (true, Ok(activated)) = (is_sol, ActivatedPayload::decode(data)) {
                    self.sol = Some(RemoteSide::new(SolTiming::CONSOLE, activated.inbound_size));
                }
            }
            (DeactivatePayload::NET_FN, DeactivatePayload::COMMAND) => self.sol = None,
            _ => {}
        }
    }

    fn on_sol_payload(&mut self, now: Instant, payload: &[u8]) {
        let Some(sol) = &mut self.sol else { return };
        if let Err(error) = sol.handle_payload(now, payload) {
            tracing::trace!(%error, "payload does not decode");
        }
        self.go_on_with_sol(now);
    }

    /// Sends what is due over Serial over LAN and tells what was heard.
    fn go_on_with_sol(&mut self, now: Instant) {
        let Some(sol) = &mut self.sol else { return };
        sol.handle_timeout(now);
        if let State::Established(session) = &mut self.state {
            while let Some(payload) = sol.poll_transmit() {
                self.transmits.extend(session.seal(PayloadType::SOL, &payload, &mut *self.entropy));
            }
        }
        let mut ended = false;
        while let Some(event) = sol.poll_event() {
            ended |= event == RemoteEvent::Deactivated;
            self.events.push_back(ConsoleEvent::Sol(event));
        }
        if ended {
            self.sol = None;
        }
    }

    /// Sends the next request, or Close Session, if the session stands and nothing is outstanding.
    fn go_on(&mut self, now: Instant) {
        let State::Established(session) = &self.state else { return };
        if self.outstanding.is_some() {
            return;
        }
        let managed_session_id = session.managed_session_id;
        if let Some((id, request)) = self.queue.pop_front() {
            let ConsoleRequest { net_fn, lun, command, data } = request;
            let mut request = self.lan_request(net_fn, command, data);
            request.responder_lun = lun;
            self.send(now, Step::Request, Message::Request(Some(id), request));
        } else if self.closing {
            let request = self.close_request(managed_session_id);
            self.send(now, Step::Close, Message::Request(None, request));
        }
    }

    fn close_request(&mut self, managed_session_id: SessionId) -> LanRequest {
        let close = CloseSession { session: SessionReference::Id(managed_session_id) };
        self.command_request(&close)
    }

    fn command_request<C: Command>(&mut self, command: &C) -> LanRequest {
        self.lan_request(C::NET_FN, C::COMMAND, command.to_bytes().into())
    }

    /// A request with a number of its own.
    fn lan_request(&mut self, net_fn: NetFn, command: CommandNumber, data: Bytes) -> LanRequest {
        let seq = self.next_rq_seq;
        self.next_rq_seq = seq.next();
        LanRequest::to_bmc(net_fn, command, seq, data)
    }

    fn fresh_tag(&mut self) -> MessageTag {
        let tag = self.next_tag;
        self.next_tag = tag.next();
        tag
    }

    /// Sends a message for the first time and waits for its answer.
    fn send(&mut self, now: Instant, step: Step, message: Message) {
        self.transmit(&message);
        let deadline = after(now, self.config.retry.wait_after(1));
        self.outstanding = Some(Outstanding { step, message, sent: 1, deadline });
    }

    fn transmit(&mut self, message: &Message) {
        let datagram = match message {
            Message::Datagram(datagram) => Some(datagram.clone()),
            Message::Request(_, request) => {
                let session = match &mut self.state {
                    State::Established(session) => Some(&mut **session),
                    State::LoggingIn(login) => login.session_mut(),
                    State::Idle | State::Over => None,
                };
                let payload = request.to_bytes();
                session.and_then(|session| session.seal(PayloadType::IPMI, &payload, &mut *self.entropy))
            }
        };
        self.transmits.extend(datagram);
    }

    fn fail(&mut self, error: ConsoleError) {
        self.finish(ConsoleEvent::Failed(error), error);
    }

    /// Ends everything: requests that wait fail with `error`, then comes `event`.
    fn finish(&mut self, event: ConsoleEvent, error: ConsoleError) {
        self.state = State::Over;
        self.sol = None;
        let outstanding = match self.outstanding.take() {
            Some(Outstanding { message: Message::Request(id, _), .. }) => id,
            _ => None,
        };
        for id in outstanding.into_iter().chain(self.queue.drain(..).map(|(id, _)| id)) {
            self.events.push_back(ConsoleEvent::Unanswered { id, error });
        }
        self.events.push_back(event);
    }
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console")
            .field("config", &self.config)
            .field("session_id", &self.session_id)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// Whether a response is the one to a request.
fn answers(response: &LanResponse, request: &LanRequest) -> bool {
    response.requester_seq == request.requester_seq
        && response.net_fn == request.net_fn.response()
        && response.command == request.command
}

/// A datagram outside of the session.
fn sessionless(payload_type: PayloadType, payload: &[u8]) -> Option<Bytes> {
    encode(&Datagram::V20(SessionV20::Sessionless(Sessionless::new(payload_type, payload))))
}

/// `None` if it is too long, which no message of a login is.
fn encode(datagram: &Datagram<'_>) -> Option<Bytes> {
    let mut bytes = BytesMut::new();
    datagram.encode(&mut bytes).ok()?;
    Some(bytes.freeze())
}

/// A moment later than `now`; `now` itself if there is none that late.
fn after(now: Instant, wait: std::time::Duration) -> Instant {
    now.checked_add(wait).unwrap_or(now)
}
