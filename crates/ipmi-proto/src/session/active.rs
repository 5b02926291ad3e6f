//! An established session (`IPMI 2.0 §6.12`): opens and seals packets, knows its level, remembers its requests.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};

use crate::crypto::{Confidentiality, Integrity, KeyExchange, SessionKeys, Unauthentic};
use crate::entropy::{self, Entropy};
use crate::number::{
    Iv, PayloadType, PrivilegeLevel, RmcpStatus, SessionId, SessionSequence, UserId, UserName,
};
use crate::session::handshake::{Rakp3Answer, rakp4, refuse_rakp1};
use crate::session::request_log::RequestLog;
use crate::session::{
    DropReason, Outcome, ProtectionV15, ReplayWindow, Session, SessionContext, SessionHandle, Transition,
};
use crate::wire::{EncodeError, Rakp1, Rakp3, RmcpHeader, Sealed, SessionV15};

/// An established session.
#[derive(Debug)]
pub(crate) struct Active {
    protection: Protection,
    handle: SessionHandle,
    user: UserId,
    /// The user's name when the session began; bytes that are not UTF-8 are replaced.
    user_name: Arc<str>,
    /// The highest level that the session can have.
    maximum: PrivilegeLevel,
    /// The level that it has now.
    privilege: PrivilegeLevel,
    inbound: ReplayWindow,
    outbound: SessionSequence,
    last_heard: Instant,
    /// Where the latest authentic packet came from.
    peer: Option<SocketAddr>,
    requests: RequestLog,
    /// Serial over LAN, if it is active without encryption although the session encrypts.
    sol_in_clear: Option<SessionKeys>,
}

/// How packets are protected.
#[derive(Debug)]
enum Protection {
    /// IPMI 2.0.
    V20 { console_session_id: SessionId, keys: SessionKeys, rakp3: Rakp3Answer },
    /// IPMI 1.5.
    V15(ProtectionV15),
}

impl Active {
    /// The session that an exchange ends in. It starts at user level, whatever was asked for, or below if it can have no more.
    pub(super) fn new(
        exchange: KeyExchange,
        user: UserId,
        keys: SessionKeys,
        rakp3: Rakp3Answer,
        handle: SessionHandle,
        now: Instant,
    ) -> Self {
        let maximum = exchange.role.privilege();
        Self {
            protection: Protection::V20 { console_session_id: exchange.console_session_id, keys, rakp3 },
            handle,
            user,
            user_name: text(&exchange.user_name),
            maximum,
            privilege: maximum.min(PrivilegeLevel::USER),
            inbound: ReplayWindow::new(),
            outbound: SessionSequence::FIRST,
            last_heard: now,
            peer: None,
            requests: RequestLog::default(),
            sol_in_clear: None,
        }
    }

    /// An IPMI 1.5 session with its first inbound and outbound numbers.
    pub(crate) fn new_v15(
        protection: ProtectionV15,
        (user, user_name): (UserId, UserName),
        maximum: PrivilegeLevel,
        (first_inbound, first_outbound): (SessionSequence, SessionSequence),
        handle: SessionHandle,
        now: Instant,
    ) -> Self {
        Self {
            protection: Protection::V15(protection),
            handle,
            user,
            user_name: text(&user_name),
            maximum,
            privilege: maximum.min(PrivilegeLevel::USER),
            inbound: ReplayWindow::from(first_inbound.0),
            outbound: first_outbound,
            last_heard: now,
            peer: None,
            requests: RequestLog::default(),
            sol_in_clear: None,
        }
    }

    pub(crate) const fn is_v15(&self) -> bool {
        matches!(self.protection, Protection::V15(_))
    }

    /// The console's id for it; `None` in IPMI 1.5, where there is one id for both sides.
    pub(crate) const fn console_session_id(&self) -> Option<SessionId> {
        match self.protection {
            Protection::V20 { console_session_id, .. } => Some(console_session_id),
            Protection::V15(_) => None,
        }
    }

    pub(crate) const fn handle(&self) -> SessionHandle {
        self.handle
    }

    pub(crate) const fn user(&self) -> UserId {
        self.user
    }

    pub(crate) const fn user_name(&self) -> &Arc<str> {
        &self.user_name
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

    /// Whether the session encrypts.
    pub(crate) fn encrypts(&self) -> bool {
        match &self.protection {
            Protection::V20 { keys, .. } => keys.algorithms().confidentiality() != Confidentiality::None,
            Protection::V15(_) => false,
        }
    }

    /// Whether the session signs.
    pub(crate) fn signs(&self) -> bool {
        match &self.protection {
            Protection::V20 { keys, .. } => keys.algorithms().integrity() != Integrity::None,
            Protection::V15(_) => false,
        }
    }

    /// Switches the encryption of Serial over LAN, both directions. Without effect in a session that does not encrypt.
    pub(crate) fn encrypt_sol(&mut self, encrypted: bool) {
        self.sol_in_clear = match &self.protection {
            Protection::V20 { keys, .. } if !encrypted => Some(keys.in_clear()),
            Protection::V20 { .. } | Protection::V15(_) => None,
        };
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
        match &self.protection {
            Protection::V20 { console_session_id, keys, .. } => {
                let iv = Iv(entropy::draw(entropy));
                let keys = keys_for(payload_type, keys, self.sol_in_clear.as_ref());
                keys.seal(payload_type, *console_session_id, self.outbound, iv, payload, &mut datagram)?;
            }
            Protection::V15(ProtectionV15 { id, key }) => {
                key.seal(*id, self.outbound, payload).encode(&mut datagram)?;
            }
        }
        self.outbound = self.outbound.next();
        Ok(datagram.freeze())
    }

    /// RAKP 1 for a session that is past it: a copy that the network delayed.
    pub(super) fn on_rakp1(self: Box<Self>, rakp1: &Rakp1) -> Transition {
        let outcome = match self.console_session_id() {
            Some(id) => refuse_rakp1(rakp1.tag, id, RmcpStatus::INACTIVE_SESSION_ID),
            None => Outcome::Dropped(DropReason::OtherPayload),
        };
        Transition { next: Some(Session::Active(self)), outcome }
    }

    /// RAKP 3 again: its answer was lost. The same answer, with the new tag; keys and counters stay. Whoever does not prove the
    /// password again is told so and changes nothing either.
    pub(super) fn on_rakp3(self: Box<Self>, rakp3: &Rakp3) -> Transition {
        let outcome = match (&self.protection, rakp3.outcome) {
            (Protection::V20 { console_session_id, rakp3: known, .. }, Ok(code)) => {
                let proven = code == known.expected;
                let outcome = proven.then_some(known.integrity_check);
                let outcome = outcome.ok_or(RmcpStatus::INVALID_INTEGRITY_CHECK_VALUE);
                rakp4(rakp3.tag, *console_session_id, outcome)
            }
            (Protection::V15(_), _) | (_, Err(_)) => Outcome::Dropped(DropReason::OtherPayload),
        };
        Transition { next: Some(Session::Active(self)), outcome }
    }

    pub(super) fn on_packet(mut self: Box<Self>, packet: Sealed<'_>, cx: &SessionContext<'_>) -> Transition {
        let outcome = self.open(packet, cx.now);
        Transition { next: Some(Session::Active(self)), outcome }
    }

    pub(super) fn on_v15(mut self: Box<Self>, packet: SessionV15<'_>, cx: &SessionContext<'_>) -> Transition {
        let outcome = self.open_v15(packet, cx.now);
        Transition { next: Some(Session::Active(self)), outcome }
    }

    fn open_v15(&mut self, packet: SessionV15<'_>, now: Instant) -> Outcome {
        let Protection::V15(ProtectionV15 { key, .. }) = &self.protection else {
            return Outcome::Dropped(DropReason::WrongProtection);
        };
        if !key.verifies(&packet) {
            return Outcome::Dropped(DropReason::Unauthentic);
        }
        if !self.inbound.accept(packet.sequence.0) {
            return Outcome::Dropped(DropReason::Replayed);
        }
        self.last_heard = now;
        Outcome::Payload(PayloadType::IPMI, Bytes::copy_from_slice(packet.message))
    }

    fn open(&mut self, packet: Sealed<'_>, now: Instant) -> Outcome {
        let Protection::V20 { keys, .. } = &self.protection else {
            return Outcome::Dropped(DropReason::WrongProtection);
        };
        let keys_of_payload = keys_for(packet.payload_type(), keys, self.sol_in_clear.as_ref());
        let opened = match keys_of_payload.open(&packet) {
            Ok(opened) => opened,
            Err(Unauthentic::Protection) => return Outcome::Dropped(DropReason::WrongProtection),
            Err(Unauthentic::AuthCode | Unauthentic::Trailer) => {
                return Outcome::Dropped(DropReason::Unauthentic);
            }
            Err(Unauthentic::Confidentiality) => return Outcome::Dropped(DropReason::Undecipherable),
        };
        // Without integrity algorithm numbers prove nothing, and anybody could move the window away.
        let numbered = keys.algorithms().integrity() != Integrity::None;
        if numbered && !self.inbound.accept(opened.sequence().0) {
            return Outcome::Dropped(DropReason::Replayed);
        }
        self.last_heard = now;
        Outcome::Payload(opened.payload_type(), opened.payload().clone())
    }
}

fn text(name: &UserName) -> Arc<str> {
    String::from_utf8_lossy(name.as_bytes()).as_ref().into()
}

/// The keys for a payload: its own, if it has any.
const fn keys_for<'a>(
    payload_type: PayloadType,
    keys: &'a SessionKeys,
    sol_in_clear: Option<&'a SessionKeys>,
) -> &'a SessionKeys {
    match (payload_type, sol_in_clear) {
        (PayloadType::SOL, Some(in_clear)) => in_clear,
        _ => keys,
    }
}
