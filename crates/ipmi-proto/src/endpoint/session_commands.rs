//! The commands about sessions, inside of one (`IPMI 2.0 §22.18` to `§22.20`).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::sessionless_commands::{LAN_CHANNEL, body, of_body};
use super::{Endpoint, code};
use crate::command::app::{
    ActiveSession, CloseSession, GetSessionInfo, LanConsole, SessionInfo, SessionPrivilegeLevel,
    SessionProtocol, SessionReference, SetSessionPrivilegeLevel,
};
use crate::command::{Body, Command};
use crate::number::{CompletionCode, PrivilegeLevel, SessionId};
use crate::session::{Active, Answer, SessionHandle, SessionLimits};
use crate::wire::LanRequest;

/// What has to happen after the answer to a command was queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Nothing,
    /// This session ends.
    End(SessionId),
}

impl Endpoint {
    /// The answer to a request about sessions; `None` for any other.
    pub(super) fn answer_about_sessions(
        &mut self,
        id: SessionId,
        request: &LanRequest,
    ) -> Option<(Answer, Effect)> {
        let data = &request.data;
        let mut effect = Effect::Nothing;
        let answered = match (request.net_fn, request.command) {
            (SetSessionPrivilegeLevel::NET_FN, SetSessionPrivilegeLevel::COMMAND) => {
                SetSessionPrivilegeLevel::decode(data)
                    .map_err(of_body)
                    .and_then(|asked| self.set_privilege(id, asked))
                    .map(|answer| body(&answer))
            }
            (CloseSession::NET_FN, CloseSession::COMMAND) => CloseSession::decode(data)
                .map_err(of_body)
                .and_then(|asked| self.session_to_close(id, asked))
                .map(|closed| {
                    effect = Effect::End(closed);
                    body(&crate::command::Nothing)
                }),
            (GetSessionInfo::NET_FN, GetSessionInfo::COMMAND) => GetSessionInfo::decode(data)
                .map_err(of_body)
                .and_then(|asked| self.session_info(id, asked))
                .map(|answer| body(&answer)),
            _ => return None,
        };
        let answer =
            answered.map_or_else(code, |data| Answer { completion_code: CompletionCode::NORMAL, data });
        Some((answer, effect))
    }

    fn set_privilege(
        &mut self,
        id: SessionId,
        asked: SetSessionPrivilegeLevel,
    ) -> Result<SessionPrivilegeLevel, CompletionCode> {
        let Some(active) = self.sessions.active_mut(id) else { return Err(CompletionCode::UNSPECIFIED) };
        if let Some(level) = asked.level {
            let user_limit = self.config.users.get(active.user()).map(|user| user.limit);
            if user_limit.is_none_or(|limit| level > limit) {
                return Err(SetSessionPrivilegeLevel::NOT_AVAILABLE_FOR_USER);
            }
            if level > active.maximum() {
                return Err(SetSessionPrivilegeLevel::EXCEEDS_LIMIT);
            }
            active.set_privilege(level);
        }
        Ok(SessionPrivilegeLevel { level: active.privilege() })
    }

    /// Which session a request wants to end, if it may.
    fn session_to_close(&self, id: SessionId, asked: CloseSession) -> Result<SessionId, CompletionCode> {
        let found = match asked.session {
            SessionReference::Id(named) => {
                self.sessions.active(named).map(|_| named).ok_or(CloseSession::INVALID_SESSION_ID)
            }
            SessionReference::Handle(handle) => self
                .sessions
                .by_handle(SessionHandle(handle))
                .map(|(found, _)| found)
                .ok_or(CloseSession::INVALID_SESSION_HANDLE),
        };
        if found == Ok(id) {
            return found;
        }
        // Others are an administrator's business.
        let privilege = self.sessions.active(id).map(Active::privilege);
        if privilege.is_none_or(|level| level < PrivilegeLevel::ADMINISTRATOR) && found.is_ok() {
            return Err(CompletionCode::INSUFFICIENT_PRIVILEGE);
        }
        found
    }

    fn session_info(&self, id: SessionId, asked: GetSessionInfo) -> Result<SessionInfo, CompletionCode> {
        let found = match asked {
            GetSessionInfo::Current => self.sessions.active(id),
            GetSessionInfo::Nth(nth) => self.sessions.nth(nth).map(|(_, active)| active),
            GetSessionInfo::ByHandle(handle) => {
                let found = self.sessions.by_handle(SessionHandle(handle));
                Some(found.ok_or(CompletionCode::NOT_PRESENT)?.1)
            }
            GetSessionInfo::ById(named) => {
                Some(self.sessions.active(named).ok_or(CompletionCode::NOT_PRESENT)?)
            }
        };
        Ok(SessionInfo {
            handle: found.map_or(0, |active| active.handle().0),
            possible: self.sessions.limits().max_active.clamp(1, SessionLimits::MOST_ACTIVE),
            active: self.sessions.active_count(),
            session: found.map(describe),
        })
    }
}

fn describe(active: &Active) -> ActiveSession {
    ActiveSession {
        user_id: active.user().get(),
        privilege: active.privilege(),
        protocol: if active.is_v15() { SessionProtocol::IPMI_1_5 } else { SessionProtocol::RMCP_PLUS },
        channel: LAN_CHANNEL.0,
        console: active.peer().map(|peer| LanConsole { address: ipv4(peer), mac: [0; 6], port: peer.port() }),
    }
}

/// The answer has room for an IPv4 address only.
fn ipv4(peer: SocketAddr) -> Ipv4Addr {
    match peer.ip() {
        IpAddr::V4(address) => address,
        IpAddr::V6(address) => address.to_ipv4_mapped().unwrap_or(Ipv4Addr::UNSPECIFIED),
    }
}
