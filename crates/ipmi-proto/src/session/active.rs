//! An established session (`IPMI 2.0 §6.12`): opens and seals packets, knows its level, remembers its requests.

use std::net::SocketAddr;
use std::time::Instant;

use bytes::{Bytes, BytesMut};

use crate::crypto::{Integrity, KeyExchange, SessionKeys, Unauthentic};
use crate::entropy::{self, Entropy};
use crate::number::{Iv, PayloadType, PrivilegeLevel, RmcpStatus, SessionId, SessionSequence};
use crate::session::handshake::{Rakp3Answer, rakp4, refuse_rakp1};
use crate::session::request_log::RequestLog;
use crate::session::{DropReason, Outcome, ReplayWindow, Session, SessionContext, SessionHandle, Transition};
use crate::wire::{EncodeError, Rakp1, Rakp3, RmcpHeader, Sealed};

/// An established session.
#[derive(Debug)]
pub(crate) struct Active {
    console_session_id: SessionId,
    handle: SessionHandle,
    /// The user's place in the list.
    user: usize,
    /// The highest level that the session can have.
    maximum: PrivilegeLevel,
    /// The level that it has now.
    privilege: PrivilegeLevel,
    keys: SessionKeys,
    rakp3: Rakp3Answer,
    inbound: ReplayWindow,
    outbound: SessionSequence,
    last_heard: Instant,
    /// Where the latest authentic packet came from.
    peer: Option<SocketAddr>,
    requests: RequestLog,
}

impl Active {
    /// The session that an exchange ends in. It starts at user level, whatever was asked for, or below if it can have no more.
    pub(super) fn new(
        exchange: KeyExchange,
        user: usize,
        keys: SessionKeys,
        rakp3: Rakp3Answer,
        handle: SessionHandle,
        now: Instant,
    ) -> Self {
        let maximum = exchange.role.privilege();
        Self {
            console_session_id: exchange.console_session_id,
            handle,
            user,
            maximum,
            privilege: maximum.min(PrivilegeLevel::USER),
            keys,
            rakp3,
            inbound: ReplayWindow::new(),
            outbound: SessionSequence::FIRST,
            last_heard: now,
            peer: None,
            requests: RequestLog::default(),
        }
    }

    pub(crate) const fn console_session_id(&self) -> SessionId {
        self.console_session_id
    }

    pub(crate) const fn handle(&self) -> SessionHandle {
        self.handle
    }

    pub(crate) const fn user(&self) -> usize {
        self.user
    }

    pub(crate) const fn maximum(&self) -> PrivilegeLevel {
        self.maximum
    }

    pub(crate) const fn privilege(&self) -> PrivilegeLevel {
        self.privilege
    }

    pub(crate) const fn set_privilege(&mut self, level: PrivilegeLevel) {
        self.privilege = level;
    }

    pub(crate) const fn last_heard(&self) -> Instant {
        self.last_heard
    }

    pub(crate) const fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// Notes where the console is now.
    pub(crate) const fn set_peer(&mut self, peer: SocketAddr) {
        self.peer = Some(peer);
    }

    pub(crate) const fn requests(&mut self) -> &mut RequestLog {
        &mut self.requests
    }

    /// Packs a payload for the console into a datagram.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if it is too long; no sequence number is used up then.
    pub(crate) fn seal(
        &mut self,
        payload_type: PayloadType,
        payload: &[u8],
        entropy: &mut dyn Entropy,
    ) -> Result<Bytes, EncodeError> {
        let mut datagram = BytesMut::new();
        RmcpHeader::IPMI.encode(&mut datagram);
        let iv = Iv(entropy::draw(entropy));
        self.keys.seal(payload_type, self.console_session_id, self.outbound, iv, payload, &mut datagram)?;
        self.outbound = self.outbound.next();
        Ok(datagram.freeze())
    }

    /// RAKP 1 for a session that is past it: a copy that the network delayed.
    pub(super) fn on_rakp1(self: Box<Self>, rakp1: &Rakp1) -> Transition {
        let outcome = refuse_rakp1(rakp1.tag, self.console_session_id, RmcpStatus::INACTIVE_SESSION_ID);
        Transition { next: Some(Session::Active(self)), outcome }
    }

    /// RAKP 3 again: its answer was lost. The same answer, with the new tag; keys and counters stay. Whoever does not prove the
    /// password again is told so and changes nothing either.
    pub(super) fn on_rakp3(self: Box<Self>, rakp3: &Rakp3) -> Transition {
        let outcome = match rakp3.outcome {
            Ok(code) if code == self.rakp3.expected => {
                rakp4(rakp3.tag, self.console_session_id, Ok(self.rakp3.integrity_check))
            }
            Ok(_) => {
                rakp4(rakp3.tag, self.console_session_id, Err(RmcpStatus::INVALID_INTEGRITY_CHECK_VALUE))
            }
            Err(_) => Outcome::Dropped(DropReason::OtherPayload),
        };
        Transition { next: Some(Session::Active(self)), outcome }
    }

    pub(super) fn on_packet(mut self: Box<Self>, packet: Sealed<'_>, cx: &SessionContext<'_>) -> Transition {
        let outcome = self.open(packet, cx.now);
        Transition { next: Some(Session::Active(self)), outcome }
    }

    fn open(&mut self, packet: Sealed<'_>, now: Instant) -> Outcome {
        let opened = match self.keys.open(&packet) {
            Ok(opened) => opened,
            Err(Unauthentic::Protection) => return Outcome::Dropped(DropReason::WrongProtection),
            Err(Unauthentic::AuthCode | Unauthentic::Trailer) => {
                return Outcome::Dropped(DropReason::Unauthentic);
            }
            Err(Unauthentic::Confidentiality) => return Outcome::Dropped(DropReason::Undecipherable),
        };
        // Without integrity algorithm numbers prove nothing, and anybody could move the window away.
        let numbered = self.keys.algorithms().integrity() != Integrity::None;
        if numbered && !self.inbound.accept(opened.sequence().0) {
            return Outcome::Dropped(DropReason::Replayed);
        }
        self.last_heard = now;
        Outcome::Payload(opened.payload_type(), opened.payload().clone())
    }
}
