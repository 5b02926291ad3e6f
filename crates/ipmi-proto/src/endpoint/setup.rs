//! Open Session, RAKP 1 and RAKP 3 (`IPMI 2.0 §13.17` to `§13.24`): every one that has a tag and an id is answered, refusals with
//! their status code.

use std::net::SocketAddr;
use std::time::Instant;

use bytes::BytesMut;

use super::Endpoint;
use super::guard::source_of;
use crate::number::{PayloadType, PrivilegeLevel, RmcpStatus, SessionId, UserName};
use crate::session::{
    AwaitingRakp1, Claimant, DropReason, Evicted, Incoming, OfferedSuite, Outcome, Session, choose_suite,
};
use crate::wire::{
    Malformed, OpenSessionGrant, OpenSessionRequest, OpenSessionResponse, Rakp1, Rakp2, Rakp3, Rakp4,
    SetupPrefix,
};

/// What a login gets that has to wait: consoles take it for a lack that passes, and so it is.
const LOCKED_OUT: RmcpStatus = RmcpStatus::INSUFFICIENT_RESOURCES;

impl Endpoint {
    pub(super) fn on_open_session_request(
        &mut self,
        now: Instant,
        from: SocketAddr,
        payload: &[u8],
    ) -> Result<(), DropReason> {
        let prefix = setup_prefix(payload)?;
        let outcome = self.open_session(now, payload);
        self.note_refusal(from, outcome.err());
        let mut answer = BytesMut::new();
        OpenSessionResponse { tag: prefix.tag, console_session_id: prefix.session_id, outcome }
            .encode(&mut answer);
        self.transmit_sessionless(from, PayloadType::OPEN_SESSION_RESPONSE, &answer);
        Ok(())
    }

    pub(super) fn on_rakp1(
        &mut self,
        now: Instant,
        from: SocketAddr,
        payload: &[u8],
    ) -> Result<(), DropReason> {
        let rakp2 = self.rakp2(now, from, payload)?;
        self.note_refusal(from, rakp2.outcome.err());
        let mut answer = BytesMut::new();
        rakp2.encode(&mut answer);
        self.transmit_sessionless(from, PayloadType::RAKP_2, &answer);
        Ok(())
    }

    pub(super) fn on_rakp3(
        &mut self,
        now: Instant,
        from: SocketAddr,
        payload: &[u8],
    ) -> Result<(), DropReason> {
        let rakp4 = self.rakp4(now, from, payload)?;
        self.note_refusal(from, rakp4.outcome.err());
        let mut answer = BytesMut::new();
        rakp4.encode(&mut answer);
        self.transmit_sessionless(from, PayloadType::RAKP_4, &answer);
        Ok(())
    }

    /// Opens a half-open session, or says why not.
    fn open_session(&mut self, now: Instant, payload: &[u8]) -> Result<OpenSessionGrant, RmcpStatus> {
        let request = OpenSessionRequest::decode(payload).map_err(|_| RmcpStatus::ILLEGAL_PARAMETER)?;
        if request.console_session_id == SessionId::NONE {
            return Err(RmcpStatus::INVALID_SESSION_ID);
        }
        let maximum_privilege = match request.maximum_privilege {
            PrivilegeLevel::HIGHEST => self.config.channel_limit,
            level if level.is_level() => level.min(self.config.channel_limit),
            _ => return Err(RmcpStatus::INVALID_ROLE),
        };
        let OfferedSuite { suite, algorithms } = choose_suite(&request.proposal()?, &self.suites)?;
        if self.sessions.slot(now).is_none() {
            return Err(RmcpStatus::INSUFFICIENT_RESOURCES);
        }
        let (managed_session_id, evicted) = self.sessions.open(now, &mut *self.entropy, |id, opening| {
            Session::AwaitingRakp1(AwaitingRakp1::new(request.console_session_id, id, algorithms, opening))
        });
        self.counters.sessions_opened += 1;
        match evicted {
            Evicted::Nobody => {}
            Evicted::Oldest => self.counters.half_open_evictions += 1,
        }
        Ok(OpenSessionGrant {
            maximum_privilege,
            managed_session_id,
            algorithms: suite.proposal().payloads(),
        })
    }

    /// The answer to RAKP 1.
    fn rakp2(&mut self, now: Instant, from: SocketAddr, payload: &[u8]) -> Result<Rakp2, DropReason> {
        let prefix = setup_prefix(payload)?;
        let refuse =
            |console_session_id, status| Rakp2 { tag: prefix.tag, console_session_id, outcome: Err(status) };
        let Some(console_session_id) = self.sessions.console_id(prefix.session_id) else {
            return Ok(refuse(SessionId::NONE, RmcpStatus::INVALID_SESSION_ID));
        };
        match Rakp1::decode(payload) {
            Err(error) => Ok(refuse(console_session_id, refusal_of(error.why))),
            Ok(rakp1) if self.is_locked_out(now, from, &rakp1.user_name) => {
                Ok(refuse(console_session_id, LOCKED_OUT))
            }
            Ok(rakp1) => match self.advance(now, from, prefix.session_id, Incoming::Rakp1(&rakp1)) {
                Outcome::Rakp2(rakp2) => {
                    tracing::debug!(session.id = %prefix.session_id, user.name = %rakp1.user_name, "RAKP 1");
                    Ok(rakp2)
                }
                Outcome::Dropped(reason) => Err(reason),
                Outcome::Rakp4(_) | Outcome::Established(_) | Outcome::Payload(..) => {
                    Err(DropReason::OtherPayload)
                }
            },
        }
    }

    /// The answer to RAKP 3.
    fn rakp4(&mut self, now: Instant, from: SocketAddr, payload: &[u8]) -> Result<Rakp4, DropReason> {
        let prefix = setup_prefix(payload)?;
        let refuse =
            |console_session_id, status| Rakp4 { tag: prefix.tag, console_session_id, outcome: Err(status) };
        let Some(console_session_id) = self.sessions.console_id(prefix.session_id) else {
            return Ok(refuse(SessionId::NONE, RmcpStatus::INVALID_SESSION_ID));
        };
        let claimant = self.sessions.claimant(prefix.session_id);
        let is_locked = claimant.is_some_and(|it| self.is_locked_out(now, it.from, &it.user_name));
        match Rakp3::decode(payload) {
            Err(error) => Ok(refuse(console_session_id, refusal_of(error.why))),
            Ok(_) if is_locked => Ok(refuse(console_session_id, LOCKED_OUT)),
            Ok(rakp3) => match self.advance(now, from, prefix.session_id, Incoming::Rakp3(&rakp3)) {
                Outcome::Rakp4(rakp4) => {
                    if rakp4.outcome == Err(RmcpStatus::INVALID_INTEGRITY_CHECK_VALUE) {
                        self.note_failure(now, claimant);
                    }
                    Ok(rakp4)
                }
                Outcome::Established(rakp4) => {
                    if let Some(claimant) = claimant {
                        self.lockouts.succeeded(source_of(claimant.from), &claimant.user_name);
                    }
                    tracing::debug!(session.id = %prefix.session_id, peer.addr = %from, "session established");
                    self.counters.logins += 1;
                    if let Some(active) = self.sessions.active_mut(prefix.session_id) {
                        active.set_peer(from);
                    }
                    Ok(rakp4)
                }
                Outcome::Dropped(reason) => {
                    if reason == DropReason::ConsoleGaveUp {
                        self.counters.failed_logins += 1;
                        self.note_failure(now, claimant);
                    }
                    Err(reason)
                }
                Outcome::Rakp2(_) | Outcome::Payload(..) => Err(DropReason::OtherPayload),
            },
        }
    }

    /// Whether logins of this user from there have to wait.
    pub(super) fn is_locked_out(&mut self, now: Instant, from: SocketAddr, user_name: &UserName) -> bool {
        let locked = self.lockouts.is_locked(now, source_of(from), user_name, &self.config.guard);
        self.counters.locked_out_logins += u64::from(locked);
        locked
    }

    pub(super) fn note_failure(&mut self, now: Instant, claimant: Option<Claimant>) {
        if let Some(Claimant { from, user_name }) = claimant {
            self.lockouts.failed(now, source_of(from), user_name, &self.config.guard);
        }
    }

    fn note_refusal(&mut self, from: SocketAddr, status: Option<RmcpStatus>) {
        let Some(status) = status else { return };
        tracing::debug!(peer.addr = %from, %status, "refused a session setup message");
        self.counters.setup_refusals += 1;
        let is_login = matches!(
            status,
            RmcpStatus::INVALID_ROLE
                | RmcpStatus::UNAUTHORIZED_ROLE
                | RmcpStatus::INVALID_NAME_LENGTH
                | RmcpStatus::UNAUTHORIZED_NAME
                | RmcpStatus::INVALID_INTEGRITY_CHECK_VALUE
        );
        if is_login {
            self.counters.failed_logins += 1;
        }
    }
}

/// What every setup message begins with. One that is too short for it cannot be answered.
fn setup_prefix(payload: &[u8]) -> Result<SetupPrefix, DropReason> {
    SetupPrefix::decode(payload).map_err(|_| DropReason::ShortSetupMessage)
}

/// The status for a RAKP message that does not decode.
const fn refusal_of(why: Malformed) -> RmcpStatus {
    match why {
        Malformed::NameLength => RmcpStatus::INVALID_NAME_LENGTH,
        Malformed::Truncated
        | Malformed::TrailingBytes { .. }
        | Malformed::Checksum
        | Malformed::Value { .. } => RmcpStatus::ILLEGAL_PARAMETER,
    }
}
