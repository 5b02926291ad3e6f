//! Serial over LAN of one managed system (`IPMI 2.0 §15`): which session has it, and its packets.
//!
//! The line behind it belongs to the caller, who tells how it is ([`SolLine`]), gives what the node prints, and takes what the
//! console wants ([`SolEvent`]). There is one instance: a node has one console.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use super::{Endpoint, Transmit};
use crate::number::{PayloadType, SessionId, UserId};
use crate::session::DropReason;
use crate::sol::{SolParameters, SystemEvent, SystemSide};

/// How the line to the node's serial port is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SolLine {
    /// There is none: the payload does not exist.
    #[default]
    Absent,
    /// There is one, and it is broken at the moment: the payload can be active, but nothing that is typed is taken.
    Broken,
    /// It works.
    Working {
        /// How many characters it takes at the moment.
        room: usize,
    },
}

/// What happens to Serial over LAN.
#[derive(Clone, PartialEq, Eq)]
pub enum SolEvent {
    /// A console has activated it. What is printed from now on is sent.
    Activated {
        /// The session that has it.
        session: SessionId,
        /// The name of the user who logged in.
        user: Arc<str>,
        /// Where the console is.
        peer: Option<SocketAddr>,
    },
    /// The console has typed. Never more characters than there was room for.
    Characters(Bytes),
    /// The console sends a break.
    Break,
    /// What was typed and has not reached the node is to be forgotten.
    FlushInput,
    /// It is not active any more.
    Deactivated {
        /// The session that had it.
        session: SessionId,
        /// Why.
        reason: SolEnd,
    },
}

/// Why Serial over LAN ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SolEnd {
    /// Its own console wished so.
    Deactivated,
    /// Another session wished so.
    DeactivatedByOther,
    /// Its session has ended.
    SessionEnded,
    /// The managed system wished so.
    Withdrawn,
}

/// What the endpoint knows about the payload.
#[derive(Debug)]
pub(super) struct SolPayload {
    pub(super) parameters: SolParameters,
    pub(super) line: SolLine,
    /// Users who may not activate it.
    pub(super) forbidden: BTreeSet<UserId>,
    pub(super) active: Option<Box<ActiveSol>>,
    events: VecDeque<SolEvent>,
}

/// One activation.
#[derive(Debug)]
pub(super) struct ActiveSol {
    pub(super) session: SessionId,
    side: SystemSide,
}

impl SolPayload {
    pub(super) const fn new() -> Self {
        Self {
            parameters: SolParameters::DEFAULT,
            line: SolLine::Absent,
            forbidden: BTreeSet::new(),
            active: None,
            events: VecDeque::new(),
        }
    }

    /// Whether the payload can be activated at all.
    pub(super) fn is_available(&self) -> bool {
        self.parameters.enabled && self.line != SolLine::Absent
    }
}

impl SolLine {
    const fn is_working(self) -> bool {
        matches!(self, Self::Working { .. })
    }

    const fn room(self) -> usize {
        match self {
            Self::Working { room } => room,
            Self::Absent | Self::Broken => 0,
        }
    }
}

impl Endpoint {
    /// The configuration of Serial over LAN.
    #[must_use]
    pub const fn sol_parameters(&self) -> &SolParameters {
        &self.sol.parameters
    }

    /// Changes the configuration of Serial over LAN. An activation that it forbids ends; who has it stays otherwise.
    pub fn set_sol_parameters(&mut self, now: Instant, parameters: SolParameters) {
        self.sol.parameters = parameters;
        if let Some(active) = &mut self.sol.active {
            active.side.set_timing(parameters.timing());
        }
        if !parameters.enabled {
            self.end_sol(SolEnd::Withdrawn);
        }
        self.go_on_with_sol(now);
    }

    /// Tells how the line to the node is. There is none unless the caller says so.
    pub fn set_sol_line(&mut self, now: Instant, line: SolLine) {
        self.sol.line = line;
        match (&mut self.sol.active, line) {
            (Some(_), SolLine::Absent) => self.end_sol(SolEnd::Withdrawn),
            (Some(active), _) => active.side.set_available(line.is_working()),
            (None, _) => {}
        }
        self.go_on_with_sol(now);
    }

    /// Sends what the node has printed to the console that has activated Serial over LAN. Without one it is dropped.
    pub fn sol_print(&mut self, now: Instant, characters: &[u8]) {
        if let Some(active) = &mut self.sol.active {
            active.side.print(now, characters);
        }
        self.go_on_with_sol(now);
    }

    /// Ends Serial over LAN and tells its console.
    pub fn deactivate_sol(&mut self) {
        self.end_sol(SolEnd::Withdrawn);
    }

    /// The session that has activated Serial over LAN.
    #[must_use]
    pub fn sol_session(&self) -> Option<SessionId> {
        self.sol.active.as_ref().map(|active| active.session)
    }

    /// The next thing that happened to Serial over LAN. There may be some after every call that takes `now`.
    pub fn poll_sol_event(&mut self) -> Option<SolEvent> {
        self.sol.events.pop_front()
    }

    /// Begins an activation. There is none yet.
    pub(super) fn begin_sol(&mut self, session: SessionId, encrypted: bool) {
        let Some(active) = self.sessions.active_mut(session) else { return };
        active.encrypt_sol(encrypted);
        let peer = active.peer();
        let user = Arc::clone(active.user_name());
        let timing = self.sol.parameters.timing();
        let side = SystemSide::new(timing, self.config.sol_capacity, self.sol.line.is_working());
        self.sol.active = Some(Box::new(ActiveSol { session, side }));
        self.sol.events.push_back(SolEvent::Activated { session, user, peer });
    }

    /// Ends the activation, if there is one, and tells its console unless it knows.
    pub(super) fn end_sol(&mut self, reason: SolEnd) {
        let Some(ended) = self.sol.active.take() else { return };
        let ActiveSol { session, side } = *ended;
        match reason {
            SolEnd::DeactivatedByOther | SolEnd::Withdrawn => {
                let farewell = side.farewell();
                self.transmit_sol(session, &farewell);
            }
            SolEnd::Deactivated | SolEnd::SessionEnded => {}
        }
        if let Some(active) = self.sessions.active_mut(session) {
            active.encrypt_sol(true);
        }
        self.sol.events.push_back(SolEvent::Deactivated { session, reason });
    }

    /// Ends the activation of a session that is no more.
    pub(super) fn end_sol_of_nobody(&mut self) {
        if self.sol_session().is_some_and(|session| self.sessions.active(session).is_none()) {
            self.end_sol(SolEnd::SessionEnded);
        }
    }

    /// Forgets who may not activate it, where there is no such user any more.
    pub(super) fn forget_sol_users(&mut self) {
        self.sol.forbidden.retain(|id| self.config.users.get(*id).is_some());
    }

    /// Takes a packet of Serial over LAN that a session has sent.
    pub(super) fn on_sol_payload(
        &mut self,
        now: Instant,
        from: SocketAddr,
        id: SessionId,
        payload: &[u8],
    ) -> Result<(), DropReason> {
        let room = self.sol.line.room();
        let Some(active) = self.sol.active.as_mut().filter(|active| active.session == id) else {
            return Err(DropReason::PayloadNotActive);
        };
        active.side.handle_payload(now, payload, room).map_err(|_| DropReason::BadMessage)?;
        if let Some(session) = self.sessions.active_mut(id) {
            session.set_peer(from);
        }
        self.go_on_with_sol(now);
        Ok(())
    }

    /// When [`Endpoint::go_on_with_sol`] has something to do.
    pub(super) fn sol_deadline(&self) -> Option<Instant> {
        self.sol.active.as_ref().and_then(|active| active.side.poll_timeout())
    }

    /// Sends what is due, and notices that the session has ended.
    pub(super) fn go_on_with_sol(&mut self, now: Instant) {
        self.end_sol_of_nobody();
        let Some(session) = self.sol_session() else { return };
        let mut payloads = Vec::new();
        if let Some(active) = &mut self.sol.active {
            let side = &mut active.side;
            side.handle_timeout(now);
            while let Some(event) = side.poll_event() {
                // What is promised to one packet is not there for the next one, until the caller says so.
                if let (SystemEvent::Characters(characters), SolLine::Working { room }) =
                    (&event, &mut self.sol.line)
                {
                    *room = room.saturating_sub(characters.len());
                }
                self.sol.events.push_back(event.into());
            }
            payloads.extend(std::iter::from_fn(|| side.poll_transmit()));
        }
        for payload in payloads {
            self.transmit_sol(session, &payload);
        }
    }

    /// Queues a packet of Serial over LAN.
    fn transmit_sol(&mut self, session: SessionId, payload: &Bytes) {
        let Some(active) = self.sessions.active_mut(session) else { return };
        let Some(to) = active.peer() else { return };
        match active.seal(PayloadType::SOL, payload, &mut *self.entropy) {
            Ok(datagram) => self.transmits.push_back(Transmit { to, datagram }),
            Err(error) => self.unsendable(&error),
        }
    }
}

impl From<SystemEvent> for SolEvent {
    fn from(event: SystemEvent) -> Self {
        match event {
            SystemEvent::Characters(characters) => Self::Characters(characters),
            SystemEvent::Break => Self::Break,
            SystemEvent::FlushInput => Self::FlushInput,
        }
    }
}

/// Without what was typed: it may be a password.
impl fmt::Debug for SolEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Activated { session, user, peer } => f
                .debug_struct("Activated")
                .field("session", session)
                .field("user", user)
                .field("peer", peer)
                .finish(),
            Self::Characters(characters) => write!(f, "Characters({})", characters.len()),
            Self::Break => f.write_str("Break"),
            Self::FlushInput => f.write_str("FlushInput"),
            Self::Deactivated { session, reason } => {
                f.debug_struct("Deactivated").field("session", session).field("reason", reason).finish()
            }
        }
    }
}

impl fmt::Display for SolEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deactivated => "deactivated",
            Self::DeactivatedByOther => "deactivated by another session",
            Self::SessionEnded => "its session has ended",
            Self::Withdrawn => "withdrawn by the BMC",
        })
    }
}
