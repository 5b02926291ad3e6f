//! The console against datagrams that no proper managed system sends, and against those that come late, twice or not at all.

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};

use super::{
    Console, ConsoleConfig, ConsoleError, ConsoleEvent, ConsoleRequest, RequestId, RetryPolicy, Step,
    SuiteChoice,
};
use crate::crypto::{CipherSuite, Password};
use crate::endpoint::{Endpoint, EndpointConfig, Response, User};
use crate::entropy::Entropy;
use crate::number::{
    CipherSuiteId, CommandNumber, CompletionCode, Guid, MessageTag, NetFn, PayloadType, PrivilegeLevel,
    RmcpStatus, RqSeq, SessionId, UserName,
};
use crate::wire::{
    Datagram, LanRequest, OpenSessionRequest, OpenSessionResponse, Rakp1, Rakp2, SessionV15, SessionV20,
    Sessionless,
};

const SECOND: Duration = Duration::from_secs(1);
const CONSOLE: SessionId = SessionId(0x1234_5678);

/// Bytes that count up.
struct Counting(u8);

impl Entropy for Counting {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 = self.0.wrapping_add(1);
            *byte = self.0;
        }
    }
}

fn config() -> ConsoleConfig {
    ConsoleConfig {
        session_id: Some(CONSOLE),
        cipher_suite: SuiteChoice::Fixed(CipherSuiteId::SHA256_AES),
        ..ConsoleConfig::new(UserName::new(b"admin").unwrap(), Password::new(b"secret").unwrap())
    }
}

/// A console, a managed system, and a hand that carries datagrams between them.
struct Desk {
    console: Console,
    endpoint: Endpoint,
    now: Instant,
}

impl Desk {
    fn new(config: ConsoleConfig) -> Self {
        let user = User {
            name: UserName::new(b"admin").unwrap(),
            password: Password::new(b"secret").unwrap(),
            limit: PrivilegeLevel::ADMINISTRATOR,
        };
        let endpoint = Endpoint::new(EndpointConfig::new(Guid([5; 16]), vec![user]), Box::new(Counting(100)));
        #[expect(
            clippy::disallowed_methods,
            reason = "virtual time starts somewhere; only differences matter"
        )]
        let now = Instant::now();
        let mut console = Console::new(config, Box::new(Counting(0)));
        console.open(now);
        Self { console, endpoint, now }
    }

    /// The one datagram that the console sends.
    fn sent(&mut self) -> Bytes {
        let datagram = self.console.poll_transmit().expect("a datagram");
        assert_eq!(self.console.poll_transmit(), None);
        datagram
    }

    /// What the managed system answers. Requests are answered with their data.
    fn answer(&mut self, datagram: &[u8]) -> Bytes {
        let from = "192.0.2.1:1000".parse().unwrap();
        if let Some(request) = self.endpoint.handle_datagram(self.now, from, datagram) {
            self.endpoint.respond(self.now, request.token, Response::normal(request.data));
        }
        self.endpoint.poll_transmit().expect("an answer").datagram
    }

    fn give(&mut self, datagram: &[u8]) {
        self.console.handle_datagram(self.now, datagram);
    }

    /// Carries the console's datagram over and the answer back, `count` times.
    fn exchange(&mut self, count: usize) {
        for _ in 0..count {
            let datagram = self.sent();
            let answer = self.answer(&datagram);
            self.give(&answer);
        }
    }

    /// Lets time pass up to the console's next deadline.
    fn time_out(&mut self) -> Duration {
        let deadline = self.console.poll_timeout().expect("a deadline");
        let waited = deadline - self.now;
        self.now = deadline;
        self.console.handle_timeout(self.now);
        waited
    }

    fn events(&mut self) -> Vec<ConsoleEvent> {
        std::iter::from_fn(|| self.console.poll_event()).collect()
    }

    fn failure(&mut self) -> Option<ConsoleError> {
        self.events().into_iter().find_map(|event| match event {
            ConsoleEvent::Failed(error) => Some(error),
            _ => None,
        })
    }

    /// Capabilities, Open Session, RAKP 1, RAKP 3, privilege.
    fn log_in(&mut self) {
        self.exchange(5);
        assert!(self.console.is_established());
        self.events();
    }

    fn ask(&mut self, mark: &'static [u8]) -> RequestId {
        self.console.request(self.now, ConsoleRequest::new(NetFn::OEM, CommandNumber(1), mark))
    }
}

fn answered(id: RequestId, mark: &'static [u8]) -> ConsoleEvent {
    ConsoleEvent::Answered { id, completion_code: CompletionCode::NORMAL, data: Bytes::from_static(mark) }
}

fn payload(datagram: &[u8]) -> Sessionless<'_> {
    match Datagram::decode(datagram).unwrap() {
        Datagram::V20(SessionV20::Sessionless(packet)) => packet,
        other => panic!("{other:?}"),
    }
}

fn sessionless(payload_type: PayloadType, encode: impl FnOnce(&mut BytesMut)) -> Bytes {
    let mut payload = BytesMut::new();
    encode(&mut payload);
    super::sessionless(payload_type, &payload).unwrap()
}

#[test]
fn first_datagram_is_that_of_every_other_console() {
    let mut desk = Desk::new(config());
    assert_eq!(hex::encode(desk.sent()), "0600ff07000000000000000000092018c88100388e04b5");
}

#[test]
fn open_does_nothing_the_second_time() {
    let mut desk = Desk::new(config());
    desk.console.open(desk.now);
    desk.sent();
}

#[test]
fn managed_system_without_2_0_sessions_is_told() {
    for data in [&[1, 0x14, 4, 0, 0, 0, 0, 0][..], &[1, 0x94, 4, 1, 0, 0, 0, 0], &[1, 0x80]] {
        let mut desk = Desk::new(config());
        let asked = desk.sent();
        let Ok(Datagram::V15(packet)) = Datagram::decode(&asked) else { panic!("{asked:?}") };
        let request = LanRequest::decode(packet.message).unwrap();
        let response = request.respond(CompletionCode::NORMAL, data.to_vec()).to_bytes();
        desk.give(&super::encode(&Datagram::V15(SessionV15::sessionless(&response))).unwrap());
        assert_eq!(desk.failure(), Some(ConsoleError::NoIpmi20));
    }
}

#[test]
fn wait_grows_with_every_try() {
    let mut desk = Desk::new(config());
    let first = desk.sent();
    for expected in [1, 2, 3] {
        assert_eq!(desk.time_out(), expected * SECOND);
        assert_eq!(desk.sent(), first, "setup messages are repeated as they are");
    }
    assert_eq!(desk.time_out(), 4 * SECOND);
    assert_eq!(desk.failure(), Some(ConsoleError::NoAnswer { step: Step::Capabilities }));
    assert_eq!(desk.console.poll_timeout(), None);
    assert_eq!(desk.console.poll_transmit(), None);
}

#[test]
fn early_call_of_handle_timeout_does_nothing() {
    let mut desk = Desk::new(config());
    desk.sent();
    desk.console.handle_timeout(desk.now + SECOND - Duration::from_nanos(1));
    assert_eq!(desk.console.poll_transmit(), None);
}

#[test]
fn silence_about_cipher_suites_means_suite_3() {
    let mut desk = Desk::new(ConsoleConfig { cipher_suite: SuiteChoice::Discover, ..config() });
    desk.exchange(1);
    for _ in 0..4 {
        desk.sent();
        desk.time_out();
    }
    let datagram = desk.sent();
    let request = OpenSessionRequest::decode(payload(&datagram).payload).unwrap();
    assert_eq!(request.algorithms, CipherSuite::SHA1_AES.proposal().payloads());
}

/// What becomes of a console that gets this list of cipher suites.
fn with_suite_list(list: &[u8]) -> Desk {
    let mut desk = Desk::new(ConsoleConfig { cipher_suite: SuiteChoice::Discover, ..config() });
    desk.exchange(1);
    for page in 0.. {
        let asked = desk.sent();
        let request = LanRequest::decode(payload(&asked).payload).unwrap();
        assert_eq!(request.data[2], 0x80 | page);
        let records = list.chunks(16).nth(usize::from(page)).unwrap_or_default();
        let data = [&[1], records].concat();
        let response = request.respond(CompletionCode::NORMAL, data);
        desk.give(&sessionless(PayloadType::IPMI, |out| response.encode(out)));
        if records.len() < 16 {
            break;
        }
    }
    desk
}

#[test]
fn list_of_cipher_suites_is_read_to_its_end() {
    // 19 records before the one that counts, 16 of them in full pages; the last page is empty.
    let mut list: Vec<u8> = [0xc0, 0x03, 0x01, 0x41, 0x81].repeat(31);
    list.extend([0xc0, 0x11, 0x03, 0x44, 0x81]);
    assert_eq!(list.len() % 16, 0);
    let mut desk = with_suite_list(&list);
    let datagram = desk.sent();
    let request = OpenSessionRequest::decode(payload(&datagram).payload).unwrap();
    assert_eq!(request.algorithms, CipherSuite::SHA256_AES.proposal().payloads());
}

#[test]
fn list_without_a_suite_for_us_is_told() {
    let mut desk = with_suite_list(&[0xc0, 0x00, 0x00, 0x40, 0x80]);
    assert_eq!(desk.failure(), Some(ConsoleError::NoCipherSuite { suite: None }));
}

#[test]
fn list_that_makes_no_sense_means_suite_3() {
    let mut desk = with_suite_list(&[0xff, 0x00]);
    let datagram = desk.sent();
    let request = OpenSessionRequest::decode(payload(&datagram).payload).unwrap();
    assert_eq!(request.algorithms, CipherSuite::SHA1_AES.proposal().payloads());
}

#[test]
fn endless_list_of_cipher_suites_ends_after_64_pages() {
    let mut desk = with_suite_list(&[0xc0, 0x03, 0x01, 0x41, 0x81].repeat(1000)[..64 * 16 - 1]);
    desk.sent();

    let mut desk = Desk::new(ConsoleConfig { cipher_suite: SuiteChoice::Discover, ..config() });
    desk.exchange(1);
    for _ in 0..64 {
        let asked = desk.sent();
        let request = LanRequest::decode(payload(&asked).payload).unwrap();
        let response = request.respond(CompletionCode::NORMAL, vec![0xff; 17]);
        desk.give(&sessionless(PayloadType::IPMI, |out| response.encode(out)));
    }
    let datagram = desk.sent();
    assert_eq!(payload(&datagram).payload_type, PayloadType::OPEN_SESSION_REQUEST);
}

#[test]
fn administrators_ask_for_the_highest_level_others_for_theirs() {
    for (level, asked) in [(PrivilegeLevel::ADMINISTRATOR, 0), (PrivilegeLevel::OPERATOR, 3)] {
        let mut desk = Desk::new(ConsoleConfig { privilege: level, ..config() });
        desk.exchange(1);
        let datagram = desk.sent();
        let request = OpenSessionRequest::decode(payload(&datagram).payload).unwrap();
        assert_eq!(request.maximum_privilege.0, asked);
    }
}

#[test]
fn answers_with_another_tag_or_console_id_are_ignored() {
    let mut desk = Desk::new(config());
    desk.exchange(1);
    let asked = desk.sent();
    let right = desk.answer(&asked);
    let response = OpenSessionResponse::decode(payload(&right).payload).unwrap();
    let other_tag = OpenSessionResponse { tag: MessageTag(response.tag.0 ^ 1), ..response };
    let other_id = OpenSessionResponse { console_session_id: SessionId(1), ..response };
    let refusal = OpenSessionResponse { outcome: Err(RmcpStatus::INSUFFICIENT_RESOURCES), ..other_id };
    for wrong in [other_tag, other_id, refusal] {
        desk.give(&sessionless(PayloadType::OPEN_SESSION_RESPONSE, |out| wrong.encode(out)));
        assert_eq!(desk.console.poll_transmit(), None);
        assert_eq!(desk.events(), []);
    }
    desk.give(&right);
    desk.sent();
}

#[test]
fn refusal_without_console_id_counts() {
    let mut desk = Desk::new(config());
    desk.exchange(1);
    let asked = desk.sent();
    let tag = OpenSessionRequest::decode(payload(&asked).payload).unwrap().tag;
    let short = sessionless(PayloadType::OPEN_SESSION_RESPONSE, |out| out.extend([tag.0, 0x11]));
    desk.give(&short);
    let suite = Some(CipherSuiteId::SHA256_AES);
    assert_eq!(desk.failure(), Some(ConsoleError::NoCipherSuite { suite }));
}

#[test]
fn grant_of_other_algorithms_than_proposed_is_nonsense() {
    let mut desk = Desk::new(config());
    desk.exchange(1);
    let asked = desk.sent();
    let right = desk.answer(&asked);
    let mut response = OpenSessionResponse::decode(payload(&right).payload).unwrap();
    response.outcome.as_mut().unwrap().algorithms = CipherSuite::SHA1_AES.proposal().payloads();
    desk.give(&sessionless(PayloadType::OPEN_SESSION_RESPONSE, |out| response.encode(out)));
    assert_eq!(desk.failure(), Some(ConsoleError::Protocol { step: Step::OpenSession }));
}

#[test]
fn login_that_the_managed_system_forgot_is_begun_anew() {
    let mut desk = Desk::new(config());
    desk.exchange(1);
    for _ in 0..3 {
        // Open Session comes through, then everything is forgotten.
        desk.exchange(1);
        desk.endpoint.end_all_sessions();
        desk.exchange(1);
    }
    desk.exchange(4);
    assert!(desk.console.is_established());
}

#[test]
fn login_that_is_always_forgotten_fails_in_the_end() {
    let retry = RetryPolicy { logins: 2, ..RetryPolicy::DEFAULT };
    let mut desk = Desk::new(ConsoleConfig { retry, ..config() });
    desk.exchange(1);
    for _ in 0..2 {
        desk.exchange(1);
        desk.endpoint.end_all_sessions();
        desk.exchange(1);
    }
    let (step, status) = (Step::Rakp1, RmcpStatus::INVALID_SESSION_ID);
    assert_eq!(desk.failure(), Some(ConsoleError::Refused { step, status }));
}

#[test]
fn forged_rakp2_is_a_wrong_password_and_told_to_the_managed_system() {
    let mut desk = Desk::new(config());
    desk.exchange(2);
    let asked = desk.sent();
    let right = desk.answer(&asked);
    let mut rakp2 = Rakp2::decode(payload(&right).payload).unwrap();
    rakp2.outcome.as_mut().unwrap().managed_random.0[0] ^= 1;
    desk.give(&sessionless(PayloadType::RAKP_2, |out| rakp2.encode(out)));
    assert_eq!(desk.failure(), Some(ConsoleError::WrongPassword));
    let rakp3 = desk.sent();
    assert_eq!(payload(&rakp3).payload_type, PayloadType::RAKP_3);
    assert_eq!(payload(&rakp3).payload[1], RmcpStatus::INVALID_INTEGRITY_CHECK_VALUE.0);
}

#[test]
fn every_rakp_refusal_has_its_error() {
    let level = PrivilegeLevel::ADMINISTRATOR;
    for (status, error) in [
        (RmcpStatus::INSUFFICIENT_RESOURCES, ConsoleError::NoFreeSession),
        (RmcpStatus::INSUFFICIENT_RESOURCES_FOR_ROLE, ConsoleError::NoFreeSession),
        (RmcpStatus::INVALID_ROLE, ConsoleError::PrivilegeRefused { level }),
        (RmcpStatus::UNAUTHORIZED_ROLE, ConsoleError::PrivilegeRefused { level }),
        (RmcpStatus::UNAUTHORIZED_NAME, ConsoleError::UnknownUser),
        (RmcpStatus::INVALID_INTEGRITY_CHECK_VALUE, ConsoleError::WrongPassword),
        (
            RmcpStatus::ILLEGAL_PARAMETER,
            ConsoleError::Refused { step: Step::Rakp1, status: RmcpStatus::ILLEGAL_PARAMETER },
        ),
    ] {
        let mut desk = Desk::new(config());
        desk.exchange(2);
        let asked = desk.sent();
        let tag = Rakp1::decode(payload(&asked).payload).unwrap().tag;
        let rakp2 = Rakp2 { tag, console_session_id: CONSOLE, outcome: Err(status) };
        desk.give(&sessionless(PayloadType::RAKP_2, |out| rakp2.encode(out)));
        assert_eq!(desk.failure(), Some(error));
    }
}

#[test]
fn late_answers_of_earlier_steps_are_ignored() {
    let mut desk = Desk::new(config());
    let mut earlier = Vec::new();
    for _ in 0..5 {
        let datagram = desk.sent();
        let answer = desk.answer(&datagram);
        desk.give(&answer);
        earlier.push(answer);
        for old in &earlier {
            desk.give(old);
        }
    }
    assert!(desk.console.is_established());
    assert_eq!(desk.events().len(), 1);
    let id = desk.ask(b"a");
    for old in &earlier {
        desk.give(old);
    }
    assert_eq!(desk.events(), []);
    desk.exchange(1);
    assert_eq!(desk.events(), [answered(id, b"a")]);
}

#[test]
fn refused_privilege_is_told_and_the_session_closed() {
    let mut desk = Desk::new(config());
    desk.exchange(4);
    // The answer comes from a managed system that has changed its mind.
    let asked = desk.sent();
    let from = "192.0.2.1:1000".parse().unwrap();
    assert!(desk.endpoint.handle_datagram(desk.now, from, &asked).is_none());
    desk.endpoint.poll_transmit().unwrap();
    let Some(super::Outstanding { message: super::Message::Request(_, request), .. }) =
        &desk.console.outstanding
    else {
        panic!("nothing outstanding")
    };
    let response = request.respond(CompletionCode(0x81), Bytes::new());
    desk.console.outstanding = None;
    desk.console.on_privilege(desk.now, &response);
    let level = PrivilegeLevel::ADMINISTRATOR;
    assert_eq!(desk.failure(), Some(ConsoleError::PrivilegeRefused { level }));
    let close = desk.sent();
    desk.answer(&close);
    assert_eq!(desk.endpoint.active_sessions(), 0);
}

#[test]
fn requests_go_one_after_another() {
    let mut desk = Desk::new(config());
    desk.log_in();
    let (first, second) = (desk.ask(b"a"), desk.ask(b"b"));
    desk.exchange(1);
    assert_eq!(desk.events(), [answered(first, b"a")]);
    desk.exchange(1);
    assert_eq!(desk.events(), [answered(second, b"b")]);
}

#[test]
fn requests_before_the_session_wait_for_it() {
    let mut desk = Desk::new(config());
    let id = desk.ask(b"a");
    desk.exchange(6);
    assert!(desk.events().contains(&answered(id, b"a")));
}

#[test]
fn repeated_request_keeps_its_rq_seq_and_takes_a_new_session_number() {
    let mut desk = Desk::new(config());
    desk.log_in();
    let id = desk.ask(b"a");
    let first = desk.sent();
    let lost = desk.answer(&first);
    desk.time_out();
    let second = desk.sent();
    assert_ne!(first, second);
    let again = desk.answer(&second);
    assert_eq!(desk.endpoint.counters().retransmissions_answered, 1, "the same request to the other side");
    desk.give(&again);
    desk.give(&lost);
    assert_eq!(desk.events(), [answered(id, b"a")], "reported once");
}

#[test]
fn answer_is_not_taken_twice_even_for_the_same_number() {
    let mut desk = Desk::new(config());
    desk.log_in();
    let id = desk.ask(b"a");
    let datagram = desk.sent();
    let answer = desk.answer(&datagram);
    desk.give(&answer);
    assert_eq!(desk.events(), [answered(id, b"a")]);
    // The next request under the same number, 64 requests later.
    desk.console.next_rq_seq = RqSeq::new(desk.console.next_rq_seq.get().wrapping_sub(1));
    desk.ask(b"b");
    desk.give(&answer);
    assert_eq!(desk.events(), [], "a replayed packet");
}

#[test]
fn unanswered_request_is_told_and_the_next_one_sent() {
    let mut desk = Desk::new(config());
    desk.log_in();
    let (first, second) = (desk.ask(b"a"), desk.ask(b"b"));
    for _ in 0..4 {
        desk.sent();
        desk.time_out();
    }
    let error = ConsoleError::NoAnswer { step: Step::Request };
    assert_eq!(desk.events(), [ConsoleEvent::Unanswered { id: first, error }]);
    desk.exchange(1);
    assert_eq!(desk.events(), [answered(second, b"b")]);
}

#[test]
fn close_without_answer_is_closed_too() {
    let mut desk = Desk::new(config());
    desk.log_in();
    desk.console.close(desk.now);
    for _ in 0..4 {
        desk.sent();
        desk.time_out();
    }
    assert_eq!(desk.events(), [ConsoleEvent::Closed]);
    assert_eq!(desk.console.poll_timeout(), None);
}

#[test]
fn secrets_are_not_printed() {
    let mut desk = Desk::new(config());
    desk.log_in();
    let printed = format!("{:?} {:?}", desk.console, desk.endpoint);
    assert!(!printed.contains("secret"), "{printed}");
    assert!(!printed.contains("115, 101, 99"), "{printed}");
}
