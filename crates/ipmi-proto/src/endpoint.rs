//! The managed system's front door: one per BMC (`IPMI 2.0 §13`).
//!
//! Datagrams go in, datagrams and requests come out. The endpoint answers by itself what belongs to the protocol: presence pings,
//! the questions that come before a session, the session setup, the commands about sessions, retransmissions. Everything else
//! that an authenticated console asks becomes a [`Request`]; its answer comes back through [`Endpoint::respond`], whenever it is
//! ready. Serial over LAN is inside too: what goes over the line to the node is given to [`Endpoint::sol_print`] and taken from
//! [`Endpoint::poll_sol_event`].
//!
//! No I/O, no clock, no randomness: `now` is an argument, [`Entropy`] a trait object. The caller owns the socket and does, after
//! every call of a method that takes `&mut self`:
//!
//! * [`Endpoint::poll_transmit`] until it is empty;
//! * [`Endpoint::poll_sol_event`] until it is empty, if the node has a console;
//! * [`Endpoint::poll_timeout`], and [`Endpoint::handle_timeout`] when that moment has come.
//!
//! # Rules
//!
//! * A datagram that proves nothing is counted ([`Counters`]) and dropped; it is never an error.
//! * No answer to an unauthenticated datagram is much longer than the datagram.
//! * A request reaches the caller once, however often the network or its console repeats it.
//! * The timer of a session is restarted by new authentic packets only.
//!
//! IPMI 1.5 sessions are off unless the configuration names authentication types for them: capabilities say so, Get Session
//! Challenge is answered with CC, packets of such sessions are dropped.

mod config;
mod counters;
mod guard;
mod payload_commands;
mod request;
mod session_commands;
mod sessionless_commands;
mod sessions_v15;
mod setup;
mod sol;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};

pub use self::config::EndpointConfig;
pub use self::counters::{Counters, Occupancy};
pub use self::guard::GuardLimits;
pub use self::request::{Request, RequestToken, Response, Transmit};
pub use self::sol::{SolEnd, SolEvent, SolLine};
pub use crate::session::{DropReason, SessionLimits, User, UserTable};

use self::guard::{Lockouts, SourceRates, source_of};
use self::session_commands::Effect;
use self::sol::SolPayload;
use crate::crypto::{CipherSuite, Password};
use crate::entropy::{self, Entropy};
use crate::number::{Address, CompletionCode, Lun, PayloadType, PrivilegeLevel, SessionId};
use crate::session::{
    Answer, Arrival, Incoming, ManagedSystem, OfferedSuite, Outcome, SessionContext, SessionTable,
};
use crate::wire::{
    Asf, Datagram, EncodeError, LanRequest, RmcpHeader, Sealed, SessionV15, SessionV20, Sessionless,
};

/// The front door of one managed system. See the [module](self) for how to drive it.
pub struct Endpoint {
    config: EndpointConfig,
    /// The suites of the configuration that this crate implements, in its order.
    suites: Vec<OfferedSuite>,
    entropy: Box<dyn Entropy>,
    sessions: SessionTable,
    transmits: VecDeque<Transmit>,
    counters: Counters,
    rates: SourceRates,
    lockouts: Lockouts,
    sol: SolPayload,
    /// Stands for the password of users that there are not.
    decoy: Password,
}

impl Endpoint {
    /// A front door without sessions.
    #[must_use]
    pub fn new(config: EndpointConfig, mut entropy: Box<dyn Entropy>) -> Self {
        let suites = config
            .cipher_suites
            .iter()
            .filter_map(|id| OfferedSuite::new(CipherSuite::by_id(*id)?))
            .collect();
        let sessions = SessionTable::new(config.limits);
        let decoy = if config.hide_users { entropy::draw(&mut *entropy) } else { [0; Password::MAX_LEN] };
        Self {
            config,
            suites,
            entropy,
            sessions,
            transmits: VecDeque::new(),
            counters: Counters::default(),
            rates: SourceRates::default(),
            lockouts: Lockouts::default(),
            sol: SolPayload::new(),
            decoy: Password::from(decoy),
        }
    }

    /// Takes a datagram that came from `from`. Returns the request that it carried, if the caller has to answer it.
    pub fn handle_datagram(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) -> Option<Request> {
        self.counters.datagrams += 1;
        self.handle_timeout(now);
        let handled = match Datagram::decode(datagram) {
            Ok(datagram) if is_strangers(&datagram) && !self.admits(now, from) => {
                Err(DropReason::RateLimited)
            }
            Ok(Datagram::Asf { message: Asf::Ping(ping), .. }) => {
                self.counters.pings += 1;
                let pong = Datagram::Asf { sequence: RmcpHeader::NO_ACK, message: Asf::Pong(ping.pong()) };
                self.transmit(from, &pong);
                Ok(None)
            }
            Ok(Datagram::Asf { message: Asf::Pong(_), .. }) => Err(DropReason::OtherAsfMessage),
            Ok(Datagram::Acknowledgement(_)) => Err(DropReason::Acknowledgement),
            Ok(Datagram::V15(packet)) if packet.is_sessionless() => {
                self.on_sessionless_v15(now, from, packet.message).map(|answer| {
                    self.transmit(from, &Datagram::V15(SessionV15::sessionless(&answer)));
                    None
                })
            }
            Ok(Datagram::V15(packet)) => self.on_v15_packet(now, from, packet),
            Ok(Datagram::V20(SessionV20::Sessionless(packet))) => {
                self.on_sessionless_payload(now, from, packet).map(|()| None)
            }
            Ok(Datagram::V20(SessionV20::Sealed(packet))) => self.on_packet(now, from, packet),
            Err(error) => {
                tracing::trace!(peer.addr = %from, %error, "datagram does not decode");
                Err(DropReason::Malformed)
            }
        };
        let request = handled.unwrap_or_else(|reason| {
            tracing::debug!(peer.addr = %from, %reason, "dropped a datagram");
            self.counters.count_drop(reason);
            None
        });
        self.go_on_with_sol(now);
        request
    }

    /// Answers a request. The answer goes to where the latest copy of the request came from, once; a copy that comes later gets
    /// it from memory. If the session has ended, or its console has long gone on to other requests, the answer is dropped.
    pub fn respond(&mut self, now: Instant, token: RequestToken, response: Response) {
        let RequestToken { session, key } = token;
        let answer = Answer { completion_code: response.completion_code, data: response.data };
        let Some(active) = self.sessions.active_mut(session) else {
            self.counters.late_responses += 1;
            return;
        };
        let (completion_code, data) = (answer.completion_code, answer.data.clone());
        let Some((request, peer)) = active.requests().answer(now, &key, answer) else {
            self.counters.late_responses += 1;
            return;
        };
        let message = request.respond(completion_code, data).to_bytes();
        self.transmit_in_session(session, peer, &message);
    }

    /// Ends what has been half-open or silent for too long, and sends the characters of a console that are due.
    pub fn handle_timeout(&mut self, now: Instant) {
        let expired = self.sessions.expire(now);
        for claimant in expired.abandoned_logins {
            self.counters.abandoned_logins += 1;
            self.lockouts.failed(now, source_of(claimant.from), claimant.user_name, &self.config.guard);
        }
        self.counters.idle_sessions_ended += expired.idle;
        self.go_on_with_sol(now);
    }

    /// When to call [`Endpoint::handle_timeout`]. May change with every other call. A late call does no harm: expired sessions are
    /// never used.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        [self.sessions.next_deadline(), self.sol_deadline()].into_iter().flatten().min()
    }

    /// The next datagram to send. There may be some after [`Endpoint::handle_datagram`] and [`Endpoint::respond`].
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// Forgets all sessions, half-open ones too, as a reset of the BMC does. Datagrams that wait for
    /// [`Endpoint::poll_transmit`] still go out: respond first, then end the sessions.
    pub fn end_all_sessions(&mut self) {
        self.end_sol(SolEnd::Withdrawn);
        self.sessions.clear();
    }

    /// Puts other users in the place of those that there are. Sessions of users whose name or password is another one now, or
    /// whose limit has become lower, end, half-open ones too, but for the session `but`: the one that asked for the change.
    /// Returns how many established ones ended.
    pub fn set_users(&mut self, users: UserTable, but: Option<SessionId>) -> u64 {
        let changed = self.config.users.weakened(&users);
        self.config.users = users;
        let ended = self.sessions.end_of_users(&changed, but);
        self.end_sol_of_nobody();
        self.forget_sol_users();
        ended
    }

    /// Sets the highest level that any session can have from now on. Sessions that are established keep theirs.
    pub const fn set_channel_limit(&mut self, limit: PrivilegeLevel) {
        self.config.channel_limit = limit;
    }

    /// How many sessions are established.
    #[must_use]
    pub fn active_sessions(&self) -> u8 {
        self.sessions.active_count()
    }

    /// How much the endpoint remembers at the moment.
    #[must_use]
    pub fn occupancy(&self) -> Occupancy {
        Occupancy {
            sessions: self.sessions.len(),
            sources: self.rates.len(),
            failing_logins: self.lockouts.len(),
        }
    }

    /// What the endpoint has seen.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Whether there is still time for one more datagram of somebody who has proven nothing.
    fn admits(&mut self, now: Instant, from: SocketAddr) -> bool {
        self.rates.take(now, source_of(from), &self.config.guard)
    }

    /// Answers a request outside of any session in 1.5 framing, where sessions of that kind begin.
    fn on_sessionless_v15(
        &mut self,
        now: Instant,
        from: SocketAddr,
        message: &[u8],
    ) -> Result<Bytes, DropReason> {
        let request = decode_request(message)?;
        let is_for_bmc = request.responder_lun == Lun::BMC;
        match is_for_bmc.then(|| self.answer_challenge(now, from, &request)).flatten() {
            Some(answer) => Ok(request.respond(answer.completion_code, answer.data).to_bytes()),
            None => self.on_sessionless_request(message),
        }
    }

    /// Answers a request outside of any session.
    fn on_sessionless_request(&self, message: &[u8]) -> Result<Bytes, DropReason> {
        let request = decode_request(message)?;
        let answer = if request.responder_lun == Lun::BMC {
            self.answer_sessionless(&request).unwrap_or_else(|| code(CompletionCode::INSUFFICIENT_PRIVILEGE))
        } else {
            code(CompletionCode::INVALID_FOR_LUN)
        };
        Ok(request.respond(answer.completion_code, answer.data).to_bytes())
    }

    fn on_sessionless_payload(
        &mut self,
        now: Instant,
        from: SocketAddr,
        packet: Sessionless<'_>,
    ) -> Result<(), DropReason> {
        match packet.payload_type {
            PayloadType::IPMI => {
                let answer = self.on_sessionless_request(packet.payload)?;
                self.transmit_sessionless(from, PayloadType::IPMI, &answer);
            }
            PayloadType::OPEN_SESSION_REQUEST => self.on_open_session_request(now, from, packet.payload)?,
            PayloadType::RAKP_1 => self.on_rakp1(now, from, packet.payload)?,
            PayloadType::RAKP_3 => self.on_rakp3(now, from, packet.payload)?,
            _ => return Err(DropReason::OtherPayload),
        }
        Ok(())
    }

    /// Gives a payload to the session that it names and puts the session in its next state.
    fn advance(&mut self, now: Instant, from: SocketAddr, id: SessionId, incoming: Incoming<'_>) -> Outcome {
        let slot = match incoming {
            Incoming::Rakp3(_) => self.sessions.slot(now),
            Incoming::Rakp1(_) | Incoming::Packet(_) | Incoming::V15(_) => None,
        };
        let Some(session) = self.sessions.take(id) else {
            return Outcome::Dropped(DropReason::NoSuchSession);
        };
        let mut context = SessionContext {
            now,
            from,
            managed_system: ManagedSystem {
                guid: self.config.guid,
                users: &self.config.users,
                kg: self.config.kg.as_ref(),
                channel_limit: self.config.channel_limit,
                decoy: &self.decoy,
                hide_users: self.config.hide_users,
            },
            entropy: &mut *self.entropy,
            slot,
        };
        let transition = session.on_payload(incoming, &mut context);
        if let Some(next) = transition.next {
            self.sessions.put(id, next);
        }
        if let (Outcome::Established(_), Some(displaced)) =
            (&transition.outcome, slot.and_then(|slot| slot.displaces))
        {
            self.sessions.take(displaced);
            self.counters.idle_sessions_displaced += 1;
        }
        transition.outcome
    }

    /// Takes a packet of a session.
    fn on_packet(
        &mut self,
        now: Instant,
        from: SocketAddr,
        packet: Sealed<'_>,
    ) -> Result<Option<Request>, DropReason> {
        self.on_message(now, from, packet.session_id(), Incoming::Packet(packet))
    }

    /// Takes a packet of a session, of either kind, and the request in it.
    fn on_message(
        &mut self,
        now: Instant,
        from: SocketAddr,
        id: SessionId,
        incoming: Incoming<'_>,
    ) -> Result<Option<Request>, DropReason> {
        let message = match self.advance(now, from, id, incoming) {
            Outcome::Payload(PayloadType::IPMI, message) => message,
            Outcome::Payload(PayloadType::SOL, payload) => {
                return self.on_sol_payload(now, from, id, &payload).map(|()| None);
            }
            Outcome::Dropped(reason) => return Err(reason),
            _ => return Err(DropReason::OtherPayload),
        };
        let request = decode_request(&message)?;
        let window = self.sessions.limits().retry_window;
        let Some(active) = self.sessions.active_mut(id) else { return Err(DropReason::NoSuchSession) };
        active.set_peer(from);
        match active.requests().arrive(now, window, from, &request) {
            Arrival::StillWorking => Err(DropReason::StillWorking),
            Arrival::Answered(answer) => {
                self.counters.retransmissions_answered += 1;
                let message = request.respond(answer.completion_code, answer.data).to_bytes();
                self.transmit_in_session(id, from, &message);
                Ok(None)
            }
            Arrival::New(key) => {
                let token = RequestToken { session: id, key };
                let Some((answer, effect)) = self.answer_in_session(id, &request) else {
                    return Ok(self.hand_over(token, from, request));
                };
                self.respond(
                    now,
                    token,
                    Response { completion_code: answer.completion_code, data: answer.data },
                );
                match effect {
                    Effect::Nothing => {}
                    Effect::End(session) => drop(self.sessions.take(session)),
                }
                Ok(None)
            }
        }
    }

    /// Makes a request for the caller.
    fn hand_over(&mut self, token: RequestToken, peer: SocketAddr, request: LanRequest) -> Option<Request> {
        let active = self.sessions.active(token.session)?;
        self.counters.requests += 1;
        Some(Request {
            net_fn: request.net_fn,
            lun: request.responder_lun,
            command: request.command,
            data: request.data,
            requester: request.requester,
            requester_lun: request.requester_lun,
            privilege: active.privilege(),
            user: Arc::clone(active.user_name()),
            peer,
            session: token.session,
            token,
        })
    }

    /// The answer to a request of a session, if the endpoint is the one to give it.
    fn answer_in_session(&mut self, id: SessionId, request: &LanRequest) -> Option<(Answer, Effect)> {
        if request.responder_lun != Lun::BMC {
            return Some((code(CompletionCode::INVALID_FOR_LUN), Effect::Nothing));
        }
        if let Some(answer) = self.answer_sessionless(request) {
            return Some((answer, Effect::Nothing));
        }
        self.answer_about_sessions(id, request).or_else(|| self.answer_about_payloads(id, request))
    }

    /// Queues a packet of a session.
    fn transmit_in_session(&mut self, id: SessionId, to: SocketAddr, message: &Bytes) {
        let Some(active) = self.sessions.active_mut(id) else { return };
        match active.seal(PayloadType::IPMI, message, &mut *self.entropy) {
            Ok(datagram) => self.transmits.push_back(Transmit { to, datagram }),
            Err(error) => self.unsendable(&error),
        }
    }

    fn transmit_sessionless(&mut self, to: SocketAddr, payload_type: PayloadType, payload: &[u8]) {
        let packet = Sessionless::new(payload_type, payload);
        self.transmit(to, &Datagram::V20(SessionV20::Sessionless(packet)));
    }

    fn transmit(&mut self, to: SocketAddr, datagram: &Datagram<'_>) {
        let mut bytes = BytesMut::new();
        match datagram.encode(&mut bytes) {
            Ok(()) => self.transmits.push_back(Transmit { to, datagram: bytes.freeze() }),
            Err(error) => self.unsendable(&error),
        }
    }

    fn unsendable(&mut self, error: &EncodeError) {
        tracing::debug!(%error, "answer does not fit into a packet");
        self.counters.unsendable_responses += 1;
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("config", &self.config)
            .field("active_sessions", &self.active_sessions())
            .field("counters", &self.counters)
            .finish_non_exhaustive()
    }
}

/// Whether a datagram would be answered without a proof of anything.
const fn is_strangers(datagram: &Datagram<'_>) -> bool {
    match datagram {
        Datagram::Asf { message: Asf::Ping(_), .. } | Datagram::V20(SessionV20::Sessionless(_)) => true,
        Datagram::V15(packet) => packet.is_sessionless(),
        Datagram::Asf { message: Asf::Pong(_), .. }
        | Datagram::Acknowledgement(_)
        | Datagram::V20(SessionV20::Sealed(_)) => false,
    }
}

/// A request to the BMC.
fn decode_request(message: &[u8]) -> Result<LanRequest, DropReason> {
    let request = LanRequest::decode(message).map_err(|_| DropReason::BadMessage)?;
    if request.responder == Address::BMC { Ok(request) } else { Err(DropReason::OtherResponder) }
}

/// An answer of nothing but a completion code.
const fn code(completion_code: CompletionCode) -> Answer {
    Answer { completion_code, data: Bytes::new() }
}
