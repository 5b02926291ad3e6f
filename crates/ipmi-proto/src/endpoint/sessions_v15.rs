//! IPMI 1.5 sessions, where a configuration allows them (`IPMI 2.0 §6.12`, `§22.16`, `§22.17`).
//!
//! Every packet is authenticated: neither per-message nor user-level authentication can be switched off. Whoever sends a wrong
//! code gets no answer, because none could be signed.

use std::net::SocketAddr;
use std::time::Instant;

use super::guard::source_of;
use super::sessionless_commands::{body, of_body};
use super::{Endpoint, Request, code, decode_request};
use crate::command::app::{ActivateSession, ActivatedSession, GetSessionChallenge, SessionChallenge};
use crate::command::{Body, Command};
use crate::crypto::PacketKey;
use crate::entropy;
use crate::number::{CompletionCode, NameLookup, PrivilegeLevel, RandomNumber, Role, SessionSequence};
use crate::session::{
    Active, Answer, AwaitingActivation, DropReason, Evicted, Incoming, ProtectionV15, Session,
};
use crate::wire::{Datagram, LanRequest, SessionV15};

impl Endpoint {
    /// The answer to Get Session Challenge; `None` for any other request.
    pub(super) fn answer_challenge(
        &mut self,
        now: Instant,
        from: SocketAddr,
        request: &LanRequest,
    ) -> Option<Answer> {
        if (request.net_fn, request.command) != (GetSessionChallenge::NET_FN, GetSessionChallenge::COMMAND) {
            return None;
        }
        let challenged = GetSessionChallenge::decode(&request.data)
            .map_err(of_body)
            .and_then(|asked| self.challenge(now, from, asked));
        Some(challenged.map_or_else(code, |challenge| Answer {
            completion_code: CompletionCode::NORMAL,
            data: body(&challenge),
        }))
    }

    fn challenge(
        &mut self,
        now: Instant,
        from: SocketAddr,
        asked: GetSessionChallenge,
    ) -> Result<SessionChallenge, CompletionCode> {
        if !self.config.ipmi_1_5.contains(&asked.algorithm) {
            return Err(CompletionCode::INVALID_DATA_FIELD);
        }
        if self.is_locked_out(now, from, &asked.user_name) || self.sessions.slot(now).is_none() {
            return Err(CompletionCode::NODE_BUSY);
        }
        let by_name = Role::new(PrivilegeLevel::USER, NameLookup::NameOnly);
        let found = self
            .config
            .users
            .find(&asked.user_name, by_name)
            .and_then(|(id, user)| Some((id, PacketKey::new(asked.algorithm, user.password.clone())?)));
        let (user, key) = match found {
            Some((id, key)) => (Some(id), key),
            None if self.config.hide_users => {
                let key = PacketKey::new(asked.algorithm, self.decoy.shortened());
                (None, key.ok_or(CompletionCode::INVALID_DATA_FIELD)?)
            }
            None if asked.user_name.is_empty() => return Err(GetSessionChallenge::NULL_USER_NOT_ENABLED),
            None => return Err(GetSessionChallenge::INVALID_USER_NAME),
        };
        let challenge = RandomNumber(entropy::draw(&mut *self.entropy));
        let (temporary_id, evicted) = self.sessions.open(now, &mut *self.entropy, |_, opening| {
            Session::AwaitingActivation(Box::new(AwaitingActivation {
                key,
                user,
                user_name: asked.user_name,
                from,
                challenge,
                opening,
                wrong_codes: 0,
                activated: None,
            }))
        });
        self.counters.sessions_opened += 1;
        match evicted {
            Evicted::Nobody => {}
            Evicted::Oldest => self.counters.half_open_evictions += 1,
        }
        Ok(SessionChallenge { temporary_id, challenge })
    }

    /// Takes a packet that names a session.
    pub(super) fn on_v15_packet(
        &mut self,
        now: Instant,
        from: SocketAddr,
        packet: SessionV15<'_>,
    ) -> Result<Option<Request>, DropReason> {
        let id = packet.session_id;
        match self.sessions.take(id) {
            Some(Session::AwaitingActivation(login)) => {
                if !self.admits(now, from) {
                    self.sessions.put(id, Session::AwaitingActivation(login));
                    return Err(DropReason::RateLimited);
                }
                self.on_activation(now, from, packet, login).map(|()| None)
            }
            Some(session) => {
                self.sessions.put(id, session);
                self.on_message(now, from, id, Incoming::V15(packet))
            }
            None => Err(DropReason::SessionV15),
        }
    }

    fn on_activation(
        &mut self,
        now: Instant,
        from: SocketAddr,
        packet: SessionV15<'_>,
        mut login: Box<AwaitingActivation>,
    ) -> Result<(), DropReason> {
        let temporary_id = packet.session_id;
        let verified = if self.is_locked_out(now, login.from, &login.user_name) {
            Err(DropReason::RateLimited)
        } else {
            login.verify(&packet)
        };
        let activation = verified.and_then(|()| {
            let request = decode_request(packet.message)?;
            if (request.net_fn, request.command) != (ActivateSession::NET_FN, ActivateSession::COMMAND) {
                return Err(DropReason::NotEstablished);
            }
            let asked = ActivateSession::decode(&request.data);
            if asked.is_ok_and(|asked| !login.is_answered_by(&asked)) {
                return Err(DropReason::Unauthentic);
            }
            Ok((request, asked))
        });
        let (request, asked) = match activation {
            Ok(activation) => activation,
            Err(reason) => {
                let mut stays = true;
                if reason == DropReason::Unauthentic && login.activated.is_none() {
                    self.counters.failed_logins += 1;
                    self.note_failure(now, Some(login.claimant()));
                    stays = login.may_try_again();
                }
                if stays {
                    self.sessions.put(temporary_id, Session::AwaitingActivation(login));
                }
                return Err(reason);
            }
        };
        let activated = asked.map_err(of_body).and_then(|asked| self.activate(now, from, &mut login, asked));
        let first_number = asked.map_or(SessionSequence::NONE, |asked| asked.initial_outbound);
        let answer = activated.map_or_else(code, |activated| Answer {
            completion_code: CompletionCode::NORMAL,
            data: body(&activated),
        });
        let message = request.respond(answer.completion_code, answer.data).to_bytes();
        // Signed under the temporary id: consoles wait for that one.
        let packet = login.key.seal(temporary_id, first_number, &message);
        self.transmit(from, &Datagram::V15(packet));
        self.sessions.put(temporary_id, Session::AwaitingActivation(login));
        Ok(())
    }

    fn activate(
        &mut self,
        now: Instant,
        from: SocketAddr,
        login: &mut AwaitingActivation,
        asked: ActivateSession,
    ) -> Result<ActivatedSession, CompletionCode> {
        if let Some((first_number, activated)) = &login.activated {
            // Its answer was lost. The numbers of the session have begun already.
            let stands = self.sessions.active(activated.session_id).is_some();
            return if stands && *first_number == asked.initial_outbound {
                Ok(*activated)
            } else {
                Err(ActivateSession::SEQUENCE_OUT_OF_RANGE)
            };
        }
        let level = asked.maximum_privilege;
        if asked.algorithm != login.key.algorithm() || !level.is_level() {
            return Err(CompletionCode::INVALID_DATA_FIELD);
        }
        if asked.initial_outbound == SessionSequence::NONE {
            return Err(ActivateSession::SEQUENCE_OUT_OF_RANGE);
        }
        let user = login.user.and_then(|id| Some((id, self.config.users.get(id)?)));
        let Some((id, user)) = user else { return Err(CompletionCode::INSUFFICIENT_PRIVILEGE) };
        if level > user.limit || level > self.config.channel_limit {
            return Err(ActivateSession::EXCEEDS_LIMIT);
        }
        let Some(slot) = self.sessions.slot(now) else { return Err(ActivateSession::NO_SLOT) };
        let session_id = self.sessions.fresh_id(&mut *self.entropy);
        let initial_inbound = SessionSequence(u32::from_le_bytes(entropy::draw(&mut *self.entropy)).max(1));
        let protection = ProtectionV15 { id: session_id, key: login.key.clone() };
        let first_answer = asked.initial_outbound.next();
        let user = (id, login.user_name);
        let mut active =
            Active::new_v15(protection, user, level, (initial_inbound, first_answer), slot.handle, now);
        active.set_peer(from);
        self.sessions.put(session_id, Session::Active(Box::new(active)));
        if let Some(displaced) = slot.displaces {
            self.sessions.take(displaced);
            self.counters.idle_sessions_displaced += 1;
        }
        self.counters.logins += 1;
        self.lockouts.succeeded(source_of(login.from), &login.user_name);
        tracing::debug!(session.id = %session_id, peer.addr = %from, "IPMI 1.5 session established");
        let activated = ActivatedSession {
            algorithm: login.key.algorithm(),
            session_id,
            initial_inbound,
            maximum_privilege: level,
        };
        login.activated = Some((asked.initial_outbound, activated));
        Ok(activated)
    }
}
