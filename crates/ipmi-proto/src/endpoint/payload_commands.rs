//! The commands about payloads (`IPMI 2.0 §24`). They are about sessions, so the endpoint answers them.
//!
//! Serial over LAN is the only payload that can be activated, and there is one instance of it.

use super::session_commands::Effect;
use super::sessionless_commands::{body, of_body, resolve};
use super::sol::SolEnd;
use super::{Endpoint, SolLine, code};
use crate::command::app::{
    ActivatePayload, ActivatedPayload, ChannelPayloadSupport, ChannelPayloadVersion, DeactivatePayload,
    EncryptionOperation, GetChannelPayloadSupport, GetChannelPayloadVersion, GetPayloadActivationStatus,
    GetPayloadInstanceInfo, GetUserPayloadAccess, PayloadAccessChange, PayloadActivationStatus,
    PayloadInstanceInfo, SetUserPayloadAccess, SolActivation, SuspendResumePayloadEncryption, UserPayloads,
};
use crate::command::{Command, Nothing};
use crate::number::{CompletionCode, PayloadType, PrivilegeLevel, SessionId, UserId};
use crate::session::{Active, Answer};
use crate::sol::PAYLOAD_SIZE;
use crate::wire::LanRequest;

/// The only instance.
const INSTANCE: u8 = 1;

impl Endpoint {
    /// The answer to a request about payloads; `None` for any other.
    pub(super) fn answer_about_payloads(
        &mut self,
        id: SessionId,
        request: &LanRequest,
    ) -> Option<(Answer, Effect)> {
        macro_rules! answers {
            ($($command:ident => $method:ident,)+) => {
                match (request.net_fn, request.command) {
                    $((<$command as Command>::NET_FN, <$command as Command>::COMMAND) => {
                        let asked = self.checked::<$command>(id, request);
                        asked.and_then(|asked| self.$method(id, &asked)).map(|answer| body(&answer))
                    })+
                    _ => return None,
                }
            };
        }
        let answered = answers! {
            ActivatePayload => activate_payload,
            DeactivatePayload => deactivate_payload,
            GetPayloadActivationStatus => payload_activation_status,
            GetPayloadInstanceInfo => payload_instance_info,
            SetUserPayloadAccess => set_user_payload_access,
            GetUserPayloadAccess => user_payload_access,
            GetChannelPayloadSupport => channel_payload_support,
            GetChannelPayloadVersion => channel_payload_version,
            SuspendResumePayloadEncryption => switch_payload_encryption,
        };
        let answer =
            answered.map_or_else(code, |data| Answer { completion_code: CompletionCode::NORMAL, data });
        Some((answer, Effect::Nothing))
    }

    /// A request whose session may make it.
    fn checked<C: Command>(&self, id: SessionId, request: &LanRequest) -> Result<C, CompletionCode> {
        let level = self.sessions.active(id).map_or(PrivilegeLevel::HIGHEST, Active::privilege);
        if !C::PRIVILEGE.is_satisfied_by(level) {
            return Err(CompletionCode::INSUFFICIENT_PRIVILEGE);
        }
        C::decode(&request.data).map_err(of_body)
    }

    fn activate_payload(
        &mut self,
        id: SessionId,
        asked: &ActivatePayload,
    ) -> Result<ActivatedPayload, CompletionCode> {
        let authentication = self.sol.parameters.authentication;
        let Some(active) = self.sessions.active(id) else { return Err(CompletionCode::UNSPECIFIED) };
        if active.privilege() < authentication.privilege {
            return Err(CompletionCode::INSUFFICIENT_PRIVILEGE);
        }
        if active.is_v15() {
            return Err(CompletionCode::NOT_SUPPORTED_IN_STATE);
        }
        if (asked.payload, asked.instance) != (PayloadType::SOL, INSTANCE) {
            return Err(CompletionCode::INVALID_DATA_FIELD);
        }
        if !self.sol.is_available() || self.sol.forbidden.contains(&active.user()) {
            return Err(ActivatePayload::DISABLED);
        }
        if self.sol.active.is_some() {
            return Err(ActivatePayload::ALREADY_ACTIVE);
        }
        let wants = asked.activation();
        let encrypted = wants.contains(SolActivation::ENCRYPTION);
        if authentication.force_encryption && !encrypted {
            return Err(ActivatePayload::NOT_WITHOUT_ENCRYPTION);
        }
        if authentication.force_encryption && !active.encrypts() {
            return Err(ActivatePayload::NOT_WITH_ENCRYPTION);
        }
        if authentication.force_authentication && !active.signs() {
            return Err(CompletionCode::NOT_SUPPORTED_IN_STATE);
        }
        // A session signs all of its packets or none.
        if active.signs() && !wants.contains(SolActivation::AUTHENTICATION) {
            return Err(CompletionCode::INVALID_DATA_FIELD);
        }
        self.begin_sol(id, encrypted);
        Ok(ActivatedPayload {
            // No test mode.
            auxiliary: [0; 4],
            inbound_size: PAYLOAD_SIZE,
            outbound_size: PAYLOAD_SIZE,
            port: self.config.port,
            vlan: ActivatedPayload::NO_VLAN,
        })
    }

    fn deactivate_payload(
        &mut self,
        id: SessionId,
        asked: &DeactivatePayload,
    ) -> Result<Nothing, CompletionCode> {
        let level = self.sessions.active(id).map_or(PrivilegeLevel::HIGHEST, Active::privilege);
        if level < self.sol.parameters.authentication.privilege {
            return Err(CompletionCode::INSUFFICIENT_PRIVILEGE);
        }
        if (asked.payload, asked.instance) != (PayloadType::SOL, INSTANCE) {
            return Err(CompletionCode::INVALID_DATA_FIELD);
        }
        if !self.sol.is_available() {
            return Err(DeactivatePayload::DISABLED);
        }
        match self.sol_session() {
            None => return Err(DeactivatePayload::NOT_ACTIVE),
            Some(session) if session == id => self.end_sol(SolEnd::Deactivated),
            Some(_) => self.end_sol(SolEnd::DeactivatedByOther),
        }
        Ok(Nothing)
    }

    fn payload_activation_status(
        &mut self,
        _id: SessionId,
        asked: &GetPayloadActivationStatus,
    ) -> Result<PayloadActivationStatus, CompletionCode> {
        if asked.payload != PayloadType::SOL {
            return Err(CompletionCode::INVALID_DATA_FIELD);
        }
        Ok(PayloadActivationStatus {
            capacity: u8::from(self.sol.line != SolLine::Absent),
            active: u16::from(self.sol.active.is_some()),
        })
    }

    fn payload_instance_info(
        &mut self,
        _id: SessionId,
        asked: &GetPayloadInstanceInfo,
    ) -> Result<PayloadInstanceInfo, CompletionCode> {
        if (asked.payload, asked.instance) != (PayloadType::SOL, INSTANCE) {
            return Err(CompletionCode::INVALID_DATA_FIELD);
        }
        // Nobody knows the number of the node's serial port.
        Ok(PayloadInstanceInfo {
            session: self.sol_session().unwrap_or(SessionId::NONE),
            information: [0; 8],
        })
    }

    fn set_user_payload_access(
        &mut self,
        _id: SessionId,
        asked: &SetUserPayloadAccess,
    ) -> Result<Nothing, CompletionCode> {
        resolve(asked.channel)?;
        let user = self.known_user(asked.user)?;
        let others = asked.payloads.standard & !UserPayloads::SOL.standard | asked.payloads.oem;
        match asked.change {
            PayloadAccessChange::Allow if others != 0 => return Err(CompletionCode::INVALID_DATA_FIELD),
            PayloadAccessChange::Allow if asked.payloads.has_sol() => {
                self.sol.forbidden.remove(&user);
            }
            PayloadAccessChange::Forbid if asked.payloads.has_sol() => {
                self.sol.forbidden.insert(user);
            }
            PayloadAccessChange::Allow | PayloadAccessChange::Forbid => {}
        }
        Ok(Nothing)
    }

    fn user_payload_access(
        &mut self,
        _id: SessionId,
        asked: &GetUserPayloadAccess,
    ) -> Result<UserPayloads, CompletionCode> {
        resolve(asked.channel)?;
        let user = self.known_user(asked.user)?;
        let allowed = self.config.users.get(user).is_some() && !self.sol.forbidden.contains(&user);
        Ok(if allowed { UserPayloads::SOL } else { UserPayloads::default() })
    }

    fn channel_payload_support(
        &mut self,
        _id: SessionId,
        asked: &GetChannelPayloadSupport,
    ) -> Result<ChannelPayloadSupport, CompletionCode> {
        resolve(asked.channel)?;
        let has_sol = self.sol.line != SolLine::Absent;
        Ok(ChannelPayloadSupport {
            standard: 1 << PayloadType::IPMI.0 | u16::from(has_sol) << PayloadType::SOL.0,
            // Open Session Request to RAKP 4.
            session_setup: 0x3f,
            oem: 0,
        })
    }

    fn channel_payload_version(
        &mut self,
        _id: SessionId,
        asked: &GetChannelPayloadVersion,
    ) -> Result<ChannelPayloadVersion, CompletionCode> {
        resolve(asked.channel)?;
        let exists = match asked.payload {
            PayloadType::SOL => self.sol.line != SolLine::Absent,
            PayloadType::IPMI
            | PayloadType::OPEN_SESSION_REQUEST
            | PayloadType::OPEN_SESSION_RESPONSE
            | PayloadType::RAKP_1
            | PayloadType::RAKP_2
            | PayloadType::RAKP_3
            | PayloadType::RAKP_4 => true,
            _ => false,
        };
        if exists { Ok(ChannelPayloadVersion::ONE) } else { Err(GetChannelPayloadVersion::NOT_AVAILABLE) }
    }

    fn switch_payload_encryption(
        &mut self,
        id: SessionId,
        asked: &SuspendResumePayloadEncryption,
    ) -> Result<Nothing, CompletionCode> {
        // Every packet has an initialization of its own, so there is none to renew.
        if asked.payload != PayloadType::SOL || asked.operation == EncryptionOperation::NewInitialization {
            return Err(SuspendResumePayloadEncryption::NOT_SUPPORTED);
        }
        let has_it = asked.instance == INSTANCE && self.sol_session() == Some(id);
        let forced = self.sol.parameters.authentication.force_encryption;
        let Some(active) = self.sessions.active_mut(id) else { return Err(CompletionCode::UNSPECIFIED) };
        if !active.encrypts() {
            return Err(SuspendResumePayloadEncryption::NO_ENCRYPTION);
        }
        if !has_it {
            return Err(SuspendResumePayloadEncryption::NOT_ACTIVE);
        }
        match asked.operation {
            EncryptionOperation::Suspend if forced => {
                return Err(SuspendResumePayloadEncryption::NOT_ALLOWED);
            }
            EncryptionOperation::Suspend => active.encrypt_sol(false),
            EncryptionOperation::Resume | EncryptionOperation::NewInitialization => active.encrypt_sol(true),
        }
        Ok(Nothing)
    }

    /// A user whom there is. The null user always has its number.
    fn known_user(&self, user: u8) -> Result<UserId, CompletionCode> {
        let exists = |id: &UserId| *id == UserId::NULL || self.config.users.get(*id).is_some();
        UserId::new(user).filter(exists).ok_or(CompletionCode::INVALID_DATA_FIELD)
    }
}
