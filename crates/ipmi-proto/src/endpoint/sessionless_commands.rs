//! The commands that anybody may ask, in a session or outside of one (`IPMI 2.0 §22.13` to `§22.16`).

use bytes::{Bytes, BytesMut};

use super::{Endpoint, code};
use crate::command::app::{
    AuthTypes, AuthenticationStatus, ChannelAuthenticationCapabilities, ChannelCipherSuites,
    GetChannelAuthenticationCapabilities, GetChannelCipherSuites, GetSessionChallenge, GetSystemGuid,
    Listing, SessionSupport, record_page,
};
use crate::command::{Body, BodyError, Command};
use crate::number::{ChannelNumber, CompletionCode, PayloadType, SessionV15Algorithm};
use crate::session::{Answer, OfferedSuite};
use crate::wire::LanRequest;

/// The channel that the endpoint is.
pub(super) const LAN_CHANNEL: ChannelNumber = ChannelNumber(1);

impl Endpoint {
    /// The answer to a request that needs no session; `None` for any other.
    pub(super) fn answer_sessionless(&self, request: &LanRequest) -> Option<Answer> {
        let data = &request.data;
        let answered = match (request.net_fn, request.command) {
            (GetChannelAuthenticationCapabilities::NET_FN, GetChannelAuthenticationCapabilities::COMMAND) => {
                GetChannelAuthenticationCapabilities::decode(data)
                    .map_err(of_body)
                    .and_then(|asked| self.authentication_capabilities(asked))
                    .map(|answer| body(&answer))
            }
            (GetChannelCipherSuites::NET_FN, GetChannelCipherSuites::COMMAND) => {
                GetChannelCipherSuites::decode(data)
                    .map_err(of_body)
                    .and_then(|asked| self.cipher_suites(asked))
                    .map(|answer| body(&answer))
            }
            (GetSystemGuid::NET_FN, GetSystemGuid::COMMAND) => {
                GetSystemGuid::decode(data).map_err(of_body).map(|GetSystemGuid| body(&self.config.guid))
            }
            // An IPMI 1.5 session begins outside of any session, and in its own framing.
            (GetSessionChallenge::NET_FN, GetSessionChallenge::COMMAND) => {
                Err(CompletionCode::INVALID_DATA_FIELD)
            }
            _ => return None,
        };
        Some(answered.map_or_else(code, |data| Answer { completion_code: CompletionCode::NORMAL, data }))
    }

    fn authentication_capabilities(
        &self,
        asked: GetChannelAuthenticationCapabilities,
    ) -> Result<ChannelAuthenticationCapabilities, CompletionCode> {
        let channel = resolve(asked.channel)?;
        let may_log_in = || self.config.users.iter().map(|(_, user)| user).filter(|user| user.may_log_in());
        let kg_set = self.config.kg.as_ref().is_some_and(|kg| !kg.is_null());
        let status = AuthenticationStatus::empty()
            .with_if(
                may_log_in().any(|user| !user.name.is_empty()),
                AuthenticationStatus::NON_NULL_USER_NAMES,
            )
            .with_if(
                may_log_in().any(|user| user.name.is_empty() && !user.password.is_null()),
                AuthenticationStatus::NULL_USER_NAMES,
            )
            .with_if(
                may_log_in().any(|user| user.name.is_empty() && user.password.is_null()),
                AuthenticationStatus::ANONYMOUS_LOGIN,
            )
            .with_if(asked.extended && kg_set, AuthenticationStatus::KG_SET);
        let types = &self.config.ipmi_1_5;
        let sessions = SessionSupport::empty()
            .with_if(asked.extended, SessionSupport::IPMI_2_0)
            .with_if(asked.extended && !types.is_empty(), SessionSupport::IPMI_1_5);
        let offers = |algorithm| types.contains(&algorithm);
        let auth_types = AuthTypes::empty()
            .with_if(offers(SessionV15Algorithm::NONE), AuthTypes::NONE)
            .with_if(offers(SessionV15Algorithm::MD2), AuthTypes::MD2)
            .with_if(offers(SessionV15Algorithm::MD5), AuthTypes::MD5)
            .with_if(offers(SessionV15Algorithm::PASSWORD), AuthTypes::PASSWORD);
        Ok(ChannelAuthenticationCapabilities {
            channel,
            extended: asked.extended,
            auth_types,
            status,
            sessions,
            oem: 0,
            oem_auxiliary: 0,
        })
    }

    fn cipher_suites(&self, asked: GetChannelCipherSuites) -> Result<ChannelCipherSuites, CompletionCode> {
        let channel = resolve(asked.channel)?;
        if !matches!(asked.payload_type, PayloadType::IPMI | PayloadType::SOL) {
            return Err(CompletionCode::INVALID_DATA_FIELD);
        }
        let list = match asked.listing {
            Listing::CipherSuites => suite_records(&self.suites),
            Listing::Algorithms => algorithm_tags(&self.suites),
        };
        Ok(ChannelCipherSuites { channel, records: record_page(&list, asked.page).to_vec() })
    }
}

/// The record of every suite, by number, as real controllers list them.
fn suite_records(suites: &[OfferedSuite]) -> BytesMut {
    let mut suites: Vec<_> = suites.iter().map(|offered| offered.suite).collect();
    suites.sort_unstable_by_key(|suite| suite.id());
    suites.dedup();
    let mut list = BytesMut::new();
    for suite in suites {
        suite.record().encode(&mut list);
    }
    list
}

/// The tag of every algorithm, once. The tags order themselves by kind and number.
fn algorithm_tags(suites: &[OfferedSuite]) -> BytesMut {
    let mut tags = BytesMut::new();
    for offered in suites {
        let mut record = BytesMut::new();
        offered.suite.record().encode(&mut record);
        // A record is its start, its number, and one tag of each kind.
        tags.extend(record.iter().skip(2));
    }
    tags.sort_unstable();
    let mut seen = None;
    tags.iter().copied().filter(|tag| seen.replace(*tag) != Some(*tag)).collect()
}

/// The real number of a channel that a request may name.
pub(super) fn resolve(channel: ChannelNumber) -> Result<ChannelNumber, CompletionCode> {
    match channel {
        ChannelNumber::THIS | LAN_CHANNEL => Ok(LAN_CHANNEL),
        _ => Err(CompletionCode::INVALID_DATA_FIELD),
    }
}

pub(super) const fn of_body(error: BodyError) -> CompletionCode {
    error.completion_code()
}

/// The data bytes of an answer.
pub(super) fn body(answer: &impl Body) -> Bytes {
    answer.to_bytes().into()
}
