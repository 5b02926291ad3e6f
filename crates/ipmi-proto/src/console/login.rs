//! The way into a session (`IPMI 2.0 §13.14` to `§13.23`, `§22.13`, `§22.15`, `§22.18`), step by step.

use std::time::Instant;

use bytes::BytesMut;

use super::established::EstablishedSession;
use super::{
    Console, ConsoleError, ConsoleEvent, Message, State, Step, SuiteChoice, answers, encode, sessionless,
};
use crate::command::Body;
use crate::command::app::{
    ChannelAuthenticationCapabilities, ChannelCipherSuites, GetChannelAuthenticationCapabilities,
    GetChannelCipherSuites, Listing, SessionSupport, SetSessionPrivilegeLevel,
};
use crate::crypto::{CipherSuite, KeyExchange, SessionKeys};
use crate::entropy;
use crate::number::{
    ChannelNumber, CompletionCode, MessageTag, PayloadType, PrivilegeLevel, RandomNumber, RmcpStatus, Role,
    SessionId,
};
use crate::wire::{
    CipherSuiteRecord, Datagram, LanRequest, LanResponse, OpenSessionRequest, OpenSessionResponse, Rakp1,
    Rakp2, Rakp3, Rakp4, SessionV15, Sessionless,
};

/// How many pages a list of cipher suites can have: the page number has six bits.
const PAGES: u8 = 64;

/// How far a login has come.
#[derive(Debug)]
pub(super) struct Login {
    /// How often it was begun.
    rounds: u32,
    stage: Stage,
}

/// What the console waits for.
#[derive(Debug)]
enum Stage {
    Capabilities { request: LanRequest },
    CipherSuites { request: LanRequest, page: u8, list: BytesMut },
    OpenSessionResponse { tag: MessageTag, suite: CipherSuite },
    Rakp2 { tag: MessageTag, suite: CipherSuite, rakp1: Rakp1 },
    Rakp4 { tag: MessageTag, suite: CipherSuite, exchange: KeyExchange },
    Privilege(Box<EstablishedSession>),
}

impl Login {
    /// The session, once there is one.
    pub(super) fn session_mut(&mut self) -> Option<&mut EstablishedSession> {
        match &mut self.stage {
            Stage::Privilege(session) => Some(session),
            _ => None,
        }
    }
}

impl Console {
    pub(super) fn begin_login(&mut self, now: Instant) {
        let asked = GetChannelAuthenticationCapabilities {
            extended: true,
            channel: ChannelNumber::THIS,
            privilege: self.config.privilege,
        };
        let request = self.command_request(&asked);
        let message = request.to_bytes();
        let datagram = encode(&Datagram::V15(SessionV15::sessionless(&message)));
        self.state = State::LoggingIn(Login { rounds: 0, stage: Stage::Capabilities { request } });
        self.send_setup(now, Step::Capabilities, datagram);
    }

    /// Takes the answer to a command outside of the session, in either framing.
    pub(super) fn on_sessionless_response(&mut self, now: Instant, response: &LanResponse) {
        let State::LoggingIn(login) = &mut self.state else { return };
        match &mut login.stage {
            Stage::Capabilities { request } if answers(response, request) => {
                self.outstanding = None;
                self.on_capabilities(now, response);
            }
            Stage::CipherSuites { request, page, list } if answers(response, request) => {
                let (page, list) = (*page, std::mem::take(list));
                self.outstanding = None;
                self.on_cipher_suites(now, response, page, list);
            }
            _ => {}
        }
    }

    fn on_capabilities(&mut self, now: Instant, response: &LanResponse) {
        let capabilities = ChannelAuthenticationCapabilities::decode(&response.data);
        let has_ipmi_20 = response.completion_code.is_normal()
            && capabilities.is_ok_and(|it| it.extended && it.sessions.contains(SessionSupport::IPMI_2_0));
        if !has_ipmi_20 {
            return self.fail(ConsoleError::NoIpmi20);
        }
        match self.config.cipher_suite {
            SuiteChoice::Discover => self.ask_for_suites(now, 0, BytesMut::new()),
            SuiteChoice::Fixed(id) => match CipherSuite::by_id(id) {
                Some(suite) => self.open_session(now, suite),
                None => self.fail(ConsoleError::UnsupportedCipherSuite { suite: id }),
            },
        }
    }

    fn ask_for_suites(&mut self, now: Instant, page: u8, list: BytesMut) {
        let asked = GetChannelCipherSuites {
            channel: ChannelNumber::THIS,
            payload_type: PayloadType::IPMI,
            listing: Listing::CipherSuites,
            page,
        };
        let request = self.command_request(&asked);
        let datagram = sessionless(PayloadType::IPMI, &request.to_bytes());
        self.set_stage(Stage::CipherSuites { request, page, list });
        self.send_setup(now, Step::CipherSuites, datagram);
    }

    fn on_cipher_suites(&mut self, now: Instant, response: &LanResponse, page: u8, mut list: BytesMut) {
        let answer = match ChannelCipherSuites::decode(&response.data) {
            Ok(answer) if response.completion_code.is_normal() => answer,
            _ => return self.without_suite_list(now),
        };
        list.extend_from_slice(&answer.records);
        let next = page.saturating_add(1);
        if answer.has_more() && next < PAGES {
            return self.ask_for_suites(now, next, list);
        }
        let Ok(records) = CipherSuiteRecord::decode_all(&list) else { return self.without_suite_list(now) };
        let best = [CipherSuite::SHA256_AES, CipherSuite::SHA1_AES]
            .into_iter()
            .find(|suite| records.iter().any(|record| *record == suite.record()));
        match best {
            Some(suite) => self.open_session(now, suite),
            None => self.fail(ConsoleError::NoCipherSuite { suite: None }),
        }
    }

    /// Nobody says which suites there are: the one that everybody must have.
    pub(super) fn without_suite_list(&mut self, now: Instant) {
        self.open_session(now, CipherSuite::SHA1_AES);
    }

    fn open_session(&mut self, now: Instant, suite: CipherSuite) {
        if suite.algorithms().is_none() {
            return self.fail(ConsoleError::UnsupportedCipherSuite { suite: suite.id() });
        }
        let State::LoggingIn(login) = &mut self.state else { return };
        login.rounds = login.rounds.saturating_add(1);
        let tag = self.fresh_tag();
        // Administrators ask for the highest level, as most consoles do: some managed systems know no other question.
        let maximum_privilege = match self.config.privilege {
            PrivilegeLevel::ADMINISTRATOR => PrivilegeLevel::HIGHEST,
            level => level,
        };
        let request = OpenSessionRequest {
            tag,
            maximum_privilege,
            console_session_id: self.session_id,
            algorithms: suite.proposal().payloads(),
        };
        let mut payload = BytesMut::new();
        request.encode(&mut payload);
        self.set_stage(Stage::OpenSessionResponse { tag, suite });
        self.send_setup(now, Step::OpenSession, sessionless(PayloadType::OPEN_SESSION_REQUEST, &payload));
    }

    /// Takes a payload outside of the session.
    pub(super) fn on_sessionless_payload(&mut self, now: Instant, packet: Sessionless<'_>) {
        let payload = packet.payload;
        match packet.payload_type {
            PayloadType::IPMI => {
                if let Ok(response) = LanResponse::decode(payload) {
                    self.on_sessionless_response(now, &response);
                }
            }
            PayloadType::OPEN_SESSION_RESPONSE => {
                if let Ok(response) = OpenSessionResponse::decode(payload) {
                    self.on_open_session_response(now, &response);
                }
            }
            PayloadType::RAKP_2 => {
                if let Ok(rakp2) = Rakp2::decode(payload) {
                    self.on_rakp2(now, &rakp2);
                }
            }
            PayloadType::RAKP_4 => {
                if let Ok(rakp4) = Rakp4::decode(payload) {
                    self.on_rakp4(now, &rakp4);
                }
            }
            _ => {}
        }
    }

    fn on_open_session_response(&mut self, now: Instant, response: &OpenSessionResponse) {
        let State::LoggingIn(Login { stage: Stage::OpenSessionResponse { tag, suite }, .. }) = &self.state
        else {
            return;
        };
        let (tag, suite) = (*tag, *suite);
        if response.tag != tag || !self.is_mine(response.console_session_id, response.outcome.is_err()) {
            return;
        }
        self.outstanding = None;
        let grant = match response.outcome {
            Ok(grant) => grant,
            Err(status) => return self.refused(now, Step::OpenSession, suite, status),
        };
        if grant.algorithms != suite.proposal().payloads() {
            return self.fail(ConsoleError::Protocol { step: Step::OpenSession });
        }
        let tag = self.fresh_tag();
        let rakp1 = Rakp1 {
            tag,
            managed_session_id: grant.managed_session_id,
            console_random: RandomNumber(entropy::draw(&mut *self.entropy)),
            role: Role::new(self.config.privilege, self.config.lookup),
            user_name: self.config.user_name,
        };
        let mut payload = BytesMut::new();
        rakp1.encode(&mut payload);
        self.set_stage(Stage::Rakp2 { tag, suite, rakp1 });
        self.send_setup(now, Step::Rakp1, sessionless(PayloadType::RAKP_1, &payload));
    }

    fn on_rakp2(&mut self, now: Instant, rakp2: &Rakp2) {
        let State::LoggingIn(Login { stage: Stage::Rakp2 { tag, suite, rakp1 }, .. }) = &self.state else {
            return;
        };
        let (tag, suite, rakp1) = (*tag, *suite, *rakp1);
        if rakp2.tag != tag || !self.is_mine(rakp2.console_session_id, rakp2.outcome.is_err()) {
            return;
        }
        self.outstanding = None;
        let grant = match rakp2.outcome {
            Ok(grant) => grant,
            Err(status) => return self.refused(now, Step::Rakp1, suite, status),
        };
        let Some(algorithms) = suite.algorithms() else {
            return self.fail(ConsoleError::UnsupportedCipherSuite { suite: suite.id() });
        };
        let exchange = KeyExchange {
            authentication: algorithms.authentication(),
            console_session_id: self.session_id,
            managed_session_id: rakp1.managed_session_id,
            console_random: rakp1.console_random,
            managed_random: grant.managed_random,
            guid: grant.guid,
            role: rakp1.role,
            user_name: rakp1.user_name,
        };
        let tag = self.fresh_tag();
        let proven = grant.auth_code == exchange.managed_proof(&self.config.password);
        let outcome = if proven {
            Ok(exchange.console_proof(&self.config.password))
        } else {
            Err(RmcpStatus::INVALID_INTEGRITY_CHECK_VALUE)
        };
        let mut payload = BytesMut::new();
        Rakp3 { tag, managed_session_id: exchange.managed_session_id, outcome }.encode(&mut payload);
        let datagram = sessionless(PayloadType::RAKP_3, &payload);
        if proven {
            self.set_stage(Stage::Rakp4 { tag, suite, exchange });
            self.send_setup(now, Step::Rakp3, datagram);
        } else {
            // Sent once, so that the managed system can forget the session and note the failure.
            self.transmits.extend(datagram);
            self.fail(ConsoleError::WrongPassword);
        }
    }

    fn on_rakp4(&mut self, now: Instant, rakp4: &Rakp4) {
        let State::LoggingIn(Login { stage: Stage::Rakp4 { tag, suite, exchange }, .. }) = &self.state else {
            return;
        };
        let (tag, suite, exchange) = (*tag, *suite, *exchange);
        if rakp4.tag != tag || !self.is_mine(rakp4.console_session_id, rakp4.outcome.is_err()) {
            return;
        }
        self.outstanding = None;
        let integrity_check = match rakp4.outcome {
            Ok(code) => code,
            Err(status) => return self.refused(now, Step::Rakp3, suite, status),
        };
        let Some(algorithms) = suite.algorithms() else {
            return self.fail(ConsoleError::UnsupportedCipherSuite { suite: suite.id() });
        };
        let sik = exchange.session_key(&self.config.password, self.config.kg.as_ref());
        if integrity_check != exchange.integrity_check(&sik) {
            // The password was proven by RAKP 2, so the key is the difference.
            return self.fail(ConsoleError::WrongBmcKey);
        }
        let keys = SessionKeys::derive(algorithms, &sik, &self.config.password);
        let session =
            Box::new(EstablishedSession::new(suite, exchange.guid, exchange.managed_session_id, keys));
        if self.config.privilege <= PrivilegeLevel::USER {
            return self.established(now, session, self.config.privilege);
        }
        self.set_stage(Stage::Privilege(session));
        let request = self.command_request(&SetSessionPrivilegeLevel { level: Some(self.config.privilege) });
        self.send(now, Step::Privilege, Message::Request(None, request));
    }

    pub(super) fn on_privilege(&mut self, now: Instant, response: &LanResponse) {
        let step = Step::Privilege;
        let State::LoggingIn(Login { stage: Stage::Privilege(_), .. }) = &self.state else { return };
        let level = self.config.privilege;
        let error = match response.completion_code {
            CompletionCode::NORMAL => {
                let State::LoggingIn(login) = std::mem::replace(&mut self.state, State::Over) else { return };
                let Stage::Privilege(session) = login.stage else { return };
                return self.established(now, session, level);
            }
            SetSessionPrivilegeLevel::NOT_AVAILABLE_FOR_USER | SetSessionPrivilegeLevel::EXCEEDS_LIMIT => {
                ConsoleError::PrivilegeRefused { level }
            }
            completion_code => ConsoleError::Failed { step, completion_code },
        };
        self.leave();
        self.fail(error);
    }

    /// Tells the managed system, once, that the session is of no use.
    fn leave(&mut self) {
        let State::LoggingIn(login) = &mut self.state else { return };
        let Some(id) = login.session_mut().map(|session| session.managed_session_id) else { return };
        let request = self.close_request(id);
        self.transmit(&Message::Request(None, request));
    }

    fn established(&mut self, now: Instant, session: Box<EstablishedSession>, privilege: PrivilegeLevel) {
        self.events.push_back(ConsoleEvent::Established {
            suite: session.suite,
            privilege,
            guid: session.guid,
            session: session.managed_session_id,
        });
        self.state = State::Established(session);
        self.go_on(now);
    }

    /// What to do about an error status. Sessions that the managed system has forgotten are begun anew.
    fn refused(&mut self, now: Instant, step: Step, suite: CipherSuite, status: RmcpStatus) {
        let rounds = match &self.state {
            State::LoggingIn(login) => login.rounds,
            _ => return,
        };
        let error = match status {
            RmcpStatus::INVALID_SESSION_ID | RmcpStatus::INACTIVE_SESSION_ID
                if step != Step::OpenSession && rounds < self.config.retry.logins =>
            {
                return self.open_session(now, suite);
            }
            RmcpStatus::INSUFFICIENT_RESOURCES | RmcpStatus::INSUFFICIENT_RESOURCES_FOR_ROLE => {
                ConsoleError::NoFreeSession
            }
            RmcpStatus::INVALID_AUTHENTICATION_ALGORITHM
            | RmcpStatus::INVALID_INTEGRITY_ALGORITHM
            | RmcpStatus::INVALID_CONFIDENTIALITY_ALGORITHM
            | RmcpStatus::NO_MATCHING_AUTHENTICATION_PAYLOAD
            | RmcpStatus::NO_MATCHING_INTEGRITY_PAYLOAD
            | RmcpStatus::NO_CIPHER_SUITE_MATCH => ConsoleError::NoCipherSuite { suite: Some(suite.id()) },
            RmcpStatus::UNAUTHORIZED_NAME => ConsoleError::UnknownUser,
            RmcpStatus::INVALID_ROLE | RmcpStatus::UNAUTHORIZED_ROLE => {
                ConsoleError::PrivilegeRefused { level: self.config.privilege }
            }
            RmcpStatus::INVALID_INTEGRITY_CHECK_VALUE => ConsoleError::WrongPassword,
            status => ConsoleError::Refused { step, status },
        };
        self.fail(error);
    }

    /// Whether a setup message names this console's session. Some managed systems leave the id out of refusals.
    fn is_mine(&self, id: SessionId, refusal: bool) -> bool {
        id == self.session_id || (refusal && id == SessionId::NONE)
    }

    fn set_stage(&mut self, stage: Stage) {
        if let State::LoggingIn(login) = &mut self.state {
            login.stage = stage;
        }
    }

    fn send_setup(&mut self, now: Instant, step: Step, datagram: Option<bytes::Bytes>) {
        match datagram {
            Some(datagram) => self.send(now, step, Message::Datagram(datagram)),
            None => self.fail(ConsoleError::Protocol { step }),
        }
    }
}
