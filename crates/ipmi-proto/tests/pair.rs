//! Console and endpoint against each other, over a link that does what networks do.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    unreachable_pub,
    reason = "tests"
)]

#[path = "pair/harness.rs"]
mod harness;

use std::time::Duration;

use bytes::Bytes;
use harness::{Pair, Weather};
use ipmi_proto::command::app::{CloseSession, SessionReference};
use ipmi_proto::console::{
    ConsoleConfig, ConsoleError, ConsoleEvent, ConsoleRequest, RequestId, RetryPolicy, Step, SuiteChoice,
};
use ipmi_proto::crypto::{CipherSuite, Kg, Password};
use ipmi_proto::endpoint::{DropReason, EndpointConfig, User};
use ipmi_proto::number::{
    CipherSuiteId, CommandNumber, CompletionCode, Guid, NameLookup, NetFn, PrivilegeLevel, SessionId,
    UserName,
};
use proptest::prelude::*;

const MINUTE: Duration = Duration::from_secs(60);

/// What ipmitool uses in every process.
const IPMITOOL: SessionId = SessionId(0xa0a2_a3a4);

fn user(name: &str, password: &str, limit: PrivilegeLevel) -> User {
    User {
        name: UserName::new(name.as_bytes()).unwrap(),
        password: Password::new(password.as_bytes()).unwrap(),
        limit,
    }
}

fn bmc() -> EndpointConfig {
    EndpointConfig::new(
        Guid([7; 16]),
        vec![
            user("admin", "secret", PrivilegeLevel::ADMINISTRATOR),
            user("watcher", "look", PrivilegeLevel::OPERATOR),
        ],
    )
}

fn login(name: &str, password: &str) -> ConsoleConfig {
    ConsoleConfig {
        session_id: Some(IPMITOOL),
        ..ConsoleConfig::new(
            UserName::new(name.as_bytes()).unwrap(),
            Password::new(password.as_bytes()).unwrap(),
        )
    }
}

/// A console that does not give up.
fn stubborn(name: &str, password: &str) -> ConsoleConfig {
    let retry =
        RetryPolicy { wait: Duration::from_millis(700), longer: Duration::ZERO, tries: 60, logins: 60 };
    ConsoleConfig { retry, ..login(name, password) }
}

/// Chassis Control: power cycle.
fn power_cycle() -> ConsoleRequest {
    ConsoleRequest::new(NetFn::CHASSIS, CommandNumber(0x02), Bytes::from_static(&[0x02]))
}

/// A request that is told apart by its data.
fn marked(mark: &[u8]) -> ConsoleRequest {
    ConsoleRequest::new(NetFn::OEM, CommandNumber(0x01), Bytes::copy_from_slice(mark))
}

fn failure(pair: &Pair, node: usize) -> Option<ConsoleError> {
    pair.nodes[node].events.iter().find_map(|event| match event {
        ConsoleEvent::Failed(error) => Some(*error),
        _ => None,
    })
}

/// The error that a login ends in on a fine day.
fn failed_login(config: EndpointConfig, console: ConsoleConfig) -> (ConsoleError, Pair) {
    let mut pair = Pair::new(1, config, Weather::FINE);
    let node = pair.console(console);
    assert!(pair.run_until(MINUTE, |pair| pair.nodes[node].is_over()), "{:?}", pair.nodes[node].events);
    assert!(!pair.nodes[node].is_established());
    (failure(&pair, node).unwrap(), pair)
}

/// Links up to a loss at which neither a random run of lost tries (60) nor one of lost packets as long as the replay window
/// (16) is to be expected in a lifetime of test runs.
fn weather() -> impl Strategy<Value = Weather> {
    weather_up_to(0.35)
}

fn weather_up_to(loss: f64) -> impl Strategy<Value = Weather> {
    (0.0..loss, 0.0..0.5f64, 0u64..30, 0u64..4000).prop_map(|(loss, repeat, least, spread)| Weather {
        loss,
        repeat,
        delay: (Duration::from_millis(least), Duration::from_millis(least + spread)),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn login_with_right_password_is_established_whatever_the_link_does(
        seed: u64,
        weather in weather_up_to(0.6),
    ) {
        let mut pair = Pair::new(seed, bmc(), weather);
        let mut console = stubborn("admin", "secret");
        console.privilege = PrivilegeLevel::USER;
        console.retry.tries = 300;
        console.retry.logins = 300;
        let node = pair.console(console);
        let done = pair.run_until(60 * MINUTE, |pair| pair.nodes[node].is_established());
        prop_assert!(done, "{:?}", pair.nodes[node].events);
    }

    #[test]
    fn login_with_wrong_password_is_never_established(seed: u64, weather in weather()) {
        let mut pair = Pair::new(seed, bmc(), weather);
        let node = pair.console(stubborn("admin", "guess"));
        prop_assert!(pair.run_until(60 * MINUTE, |pair| pair.nodes[node].is_over()));
        prop_assert_eq!(failure(&pair, node), Some(ConsoleError::WrongPassword));
        prop_assert_eq!(pair.endpoint.counters().logins, 0);
    }

    #[test]
    fn power_command_is_executed_once_per_request_whatever_the_link_does(
        seed: u64,
        weather in weather(),
        work in 0u64..3000,
        count in 1usize..12,
    ) {
        let mut pair = Pair::new(seed, bmc(), weather);
        pair.work = Duration::from_millis(work);
        let node = pair.console(stubborn("admin", "secret"));
        // All the same: nothing but the protocol tells the requests apart.
        let ids: Vec<RequestId> = (0..count).map(|_| pair.request(node, power_cycle())).collect();
        pair.run_until(60 * MINUTE, |pair| {
            pair.nodes[node].is_over() || pair.nodes[node].answer_to(*ids.last().unwrap()).is_some()
        });
        // Copies that are still under way.
        pair.run_for(Duration::from_secs(10));
        let answered = ids.iter().filter(|id| {
            matches!(pair.nodes[node].answer_to(**id), Some(ConsoleEvent::Answered { .. }))
        });
        prop_assert_eq!(answered.count(), count, "{:?}", pair.nodes[node].events);
        prop_assert_eq!(pair.executed.len(), count);
    }

    #[test]
    fn consoles_with_the_same_session_id_are_never_confused(seed: u64, weather in weather()) {
        let mut pair = Pair::new(seed, bmc(), weather);
        pair.work = Duration::from_millis(500);
        let users = [("admin", "secret"), ("watcher", "look"), ("admin", "secret")];
        let nodes: Vec<usize> = users
            .iter()
            .map(|(name, password)| {
                let privilege = PrivilegeLevel::OPERATOR;
                pair.console(ConsoleConfig { privilege, ..stubborn(name, password) })
            })
            .collect();
        let mut asked = Vec::new();
        for round in 0..5u8 {
            for (index, node) in nodes.iter().enumerate() {
                let mark = Bytes::copy_from_slice(&[u8::try_from(index).unwrap(), round]);
                asked.push((*node, users[index].0, pair.request(*node, marked(&mark)), mark));
            }
        }
        pair.run_until(60 * MINUTE, |pair| {
            asked.iter().all(|(node, _, id, _)| pair.nodes[*node].answer_to(*id).is_some())
        });
        for (node, name, id, mark) in &asked {
            let expected =
                ConsoleEvent::Answered { id: *id, completion_code: CompletionCode::NORMAL, data: mark.clone() };
            prop_assert_eq!(pair.nodes[*node].answer_to(*id), Some(&expected));
            let executed: Vec<_> = pair.executed.iter().filter(|it| it.data == *mark).collect();
            prop_assert_eq!(executed.len(), 1);
            prop_assert_eq!(&executed[0].user, name);
            prop_assert_eq!(executed[0].peer, pair.nodes[*node].address);
        }
    }
}

#[test]
fn many_requests_in_one_session_survive_the_wrap_of_rq_seq() {
    let weather =
        Weather { loss: 0.2, repeat: 0.3, delay: (Duration::from_millis(1), Duration::from_millis(900)) };
    let mut pair = Pair::new(11, bmc(), weather);
    let node = pair.console(stubborn("admin", "secret"));
    let ids: Vec<RequestId> = (0..300).map(|_| pair.request(node, power_cycle())).collect();
    assert!(pair.run_until(600 * MINUTE, |pair| pair.nodes[node].answer_to(ids[299]).is_some()));
    assert_eq!(pair.executed.len(), 300);
}

#[test]
fn many_requests_in_one_retry_window_are_all_executed() {
    let mut pair = Pair::new(12, bmc(), Weather::FINE);
    let node = pair.console(login("admin", "secret"));
    let ids: Vec<RequestId> = (0..300).map(|_| pair.request(node, power_cycle())).collect();
    assert!(pair.run_until(Duration::from_secs(5), |pair| pair.nodes[node].answer_to(ids[299]).is_some()));
    assert_eq!(pair.executed.len(), 300);
    assert_eq!(pair.endpoint.counters().retransmissions_answered, 0);
}

#[test]
fn request_that_is_worked_on_for_long_is_executed_and_answered_once() {
    let mut pair = Pair::new(2, bmc(), Weather::FINE);
    pair.work = Duration::from_secs(8);
    let node = pair.console(login("admin", "secret"));
    let id = pair.request(node, power_cycle());
    assert!(pair.run_until(MINUTE, |pair| pair.nodes[node].answer_to(id).is_some()));
    let before = pair.sent_by_endpoint.len();
    pair.run_for(Duration::from_secs(10));
    assert_eq!(pair.executed.len(), 1);
    assert_eq!(pair.sent_by_endpoint.len(), before, "one answer and nothing after it");
    assert!(matches!(pair.nodes[node].answer_to(id), Some(ConsoleEvent::Answered { .. })));
    assert_eq!(pair.endpoint.counters().dropped(DropReason::StillWorking), 3, "after 1, 3 and 6 s");
}

#[test]
fn best_common_suite_is_discovered() {
    for (offered, expected) in [
        (vec![CipherSuiteId::SHA256_AES, CipherSuiteId::SHA1_AES], CipherSuite::SHA256_AES),
        (vec![CipherSuiteId::SHA1_AES], CipherSuite::SHA1_AES),
        ((0..=19).map(CipherSuiteId).collect(), CipherSuite::SHA256_AES),
    ] {
        let mut pair = Pair::new(3, EndpointConfig { cipher_suites: offered, ..bmc() }, Weather::FINE);
        let node = pair.console(login("admin", "secret"));
        assert!(pair.run_until(MINUTE, |pair| pair.nodes[node].is_established()));
        assert!(
            pair.nodes[node]
                .events
                .iter()
                .any(|event| matches!(event, ConsoleEvent::Established { suite, .. } if *suite == expected))
        );
    }
}

#[test]
fn every_implemented_suite_works_end_to_end() {
    let implemented = [0, 1, 2, 3, 6, 7, 8, 11, 12, 15, 16, 17];
    for suite in CipherSuite::ALL {
        assert_eq!(suite.algorithms().is_some(), implemented.contains(&suite.id().0), "{suite}");
    }
    for id in implemented.map(CipherSuiteId) {
        let mut pair = Pair::new(4, EndpointConfig { cipher_suites: vec![id], ..bmc() }, Weather::FINE);
        let node =
            pair.console(ConsoleConfig { cipher_suite: SuiteChoice::Fixed(id), ..login("admin", "secret") });
        let request = pair.request(node, marked(b"hello"));
        pair.run_until(MINUTE, |pair| pair.nodes[node].answer_to(request).is_some());
        let expected = ConsoleEvent::Answered {
            id: request,
            completion_code: CompletionCode::NORMAL,
            data: Bytes::from_static(b"hello"),
        };
        assert_eq!(pair.nodes[node].answer_to(request), Some(&expected), "suite {}", id.0);
    }
}

#[test]
fn wrong_password_is_told_and_counted() {
    let (error, mut pair) = failed_login(bmc(), login("admin", "guess"));
    assert_eq!(error, ConsoleError::WrongPassword);
    // The console says why it leaves.
    pair.run_for(Duration::from_secs(1));
    assert_eq!(pair.endpoint.counters().failed_logins, 1);
    assert_eq!(pair.endpoint.poll_timeout(), None, "no half-open session is left");
}

#[test]
fn unknown_user_is_told_at_once() {
    let (error, pair) = failed_login(bmc(), login("nobody", "secret"));
    assert_eq!(error, ConsoleError::UnknownUser);
    assert_eq!(pair.endpoint.counters().failed_logins, 1);
}

#[test]
fn privilege_above_the_user_s_limit_is_told_at_once() {
    let (error, _) = failed_login(bmc(), login("watcher", "look"));
    assert_eq!(error, ConsoleError::PrivilegeRefused { level: PrivilegeLevel::ADMINISTRATOR });
}

#[test]
fn suite_that_is_not_offered_is_told_at_once() {
    let config = EndpointConfig { cipher_suites: vec![CipherSuiteId::SHA256_AES], ..bmc() };
    let fixed = SuiteChoice::Fixed(CipherSuiteId::SHA1_AES);
    let (error, _) = failed_login(config, ConsoleConfig { cipher_suite: fixed, ..login("admin", "secret") });
    assert_eq!(error, ConsoleError::NoCipherSuite { suite: Some(CipherSuiteId::SHA1_AES) });
}

#[test]
fn suite_that_the_console_does_not_speak_is_not_asked_for() {
    let fixed = SuiteChoice::Fixed(CipherSuiteId(4));
    let (error, pair) =
        failed_login(bmc(), ConsoleConfig { cipher_suite: fixed, ..login("admin", "secret") });
    assert_eq!(error, ConsoleError::UnsupportedCipherSuite { suite: CipherSuiteId(4) });
    assert_eq!(pair.endpoint.counters().sessions_opened, 0);
}

#[test]
fn bmc_key_must_be_known_to_both() {
    let key = || Some(Kg::new(b"the other key").unwrap());
    let config = || EndpointConfig { kg: key(), ..bmc() };

    let mut pair = Pair::new(5, config(), Weather::FINE);
    let node = pair.console(ConsoleConfig { kg: key(), ..login("admin", "secret") });
    assert!(pair.run_until(MINUTE, |pair| pair.nodes[node].is_established()));

    let (error, _) = failed_login(config(), login("admin", "secret"));
    assert_eq!(error, ConsoleError::WrongBmcKey);
}

#[test]
fn full_table_is_told_at_once() {
    let mut config = bmc();
    config.limits.max_active = 1;
    let mut pair = Pair::new(6, config, Weather::FINE);
    let first = pair.console(login("admin", "secret"));
    assert!(pair.run_until(MINUTE, |pair| pair.nodes[first].is_established()));
    let second = pair.console(login("admin", "secret"));
    assert!(pair.run_until(MINUTE, |pair| pair.nodes[second].is_over()));
    assert_eq!(failure(&pair, second), Some(ConsoleError::NoFreeSession));
}

#[test]
fn nobody_there_is_told_after_all_tries() {
    let mut pair = Pair::new(7, bmc(), Weather { loss: 1.0, ..Weather::FINE });
    let start = pair.now;
    let node = pair.console(login("admin", "secret"));
    assert!(pair.run_until(MINUTE, |pair| pair.nodes[node].is_over()));
    assert_eq!(failure(&pair, node), Some(ConsoleError::NoAnswer { step: Step::Capabilities }));
    assert_eq!(pair.now - start, Duration::from_secs(1 + 2 + 3 + 4));
}

#[test]
fn user_level_needs_no_privilege_command() {
    let mut pair = Pair::new(8, bmc(), Weather::FINE);
    let privilege = PrivilegeLevel::USER;
    let node = pair.console(ConsoleConfig { privilege, ..login("watcher", "look") });
    assert!(pair.run_until(MINUTE, |pair| pair.nodes[node].is_established()));
    let established = &pair.nodes[node].events[0];
    assert!(matches!(established, ConsoleEvent::Established { privilege: PrivilegeLevel::USER, .. }));
}

#[test]
fn role_by_name_and_privilege_finds_the_user_with_that_limit() {
    let lookup = NameLookup::NameAndPrivilege;
    let privilege = PrivilegeLevel::OPERATOR;
    let mut pair = Pair::new(9, bmc(), Weather::FINE);
    let node = pair.console(ConsoleConfig { lookup, privilege, ..login("watcher", "look") });
    assert!(pair.run_until(MINUTE, |pair| pair.nodes[node].is_established()));

    let (error, _) = failed_login(bmc(), ConsoleConfig { lookup, privilege, ..login("admin", "secret") });
    assert_eq!(error, ConsoleError::UnknownUser);
}

#[test]
fn close_ends_the_session_on_both_sides_after_the_requests() {
    let mut pair = Pair::new(10, bmc(), Weather::FINE);
    let node = pair.console(login("admin", "secret"));
    let id = pair.request(node, power_cycle());
    assert!(pair.run_until(MINUTE, |pair| pair.nodes[node].is_established()));
    pair.close(node);
    let late = pair.request(node, power_cycle());
    assert!(pair.run_until(MINUTE, |pair| pair.nodes[node].is_over()));
    assert!(matches!(pair.nodes[node].answer_to(id), Some(ConsoleEvent::Answered { .. })));
    let refused = ConsoleEvent::Unanswered { id: late, error: ConsoleError::Closed };
    assert_eq!(pair.nodes[node].answer_to(late), Some(&refused));
    assert_eq!(pair.nodes[node].events.back(), Some(&ConsoleEvent::Closed));
    assert_eq!(pair.endpoint.active_sessions(), 0);
}

#[test]
fn close_during_the_login_gives_it_up() {
    let mut pair = Pair::new(13, bmc(), Weather::FINE);
    let node = pair.console(login("admin", "secret"));
    let id = pair.request(node, power_cycle());
    pair.close(node);
    let events: Vec<_> = pair.nodes[node].events.iter().cloned().collect();
    let refused = ConsoleEvent::Unanswered { id, error: ConsoleError::Closed };
    assert_eq!(events, [refused, ConsoleEvent::Closed]);
    assert_eq!(pair.nodes[node].console.poll_timeout(), None);
}

#[test]
fn session_that_the_bmc_forgot_leaves_requests_unanswered() {
    let mut pair = Pair::new(14, bmc(), Weather::FINE);
    let node = pair.console(login("admin", "secret"));
    assert!(pair.run_until(MINUTE, |pair| pair.nodes[node].is_established()));
    pair.endpoint.end_all_sessions();
    let id = pair.request(node, power_cycle());
    assert!(pair.run_until(MINUTE, |pair| pair.nodes[node].answer_to(id).is_some()));
    let error = ConsoleError::NoAnswer { step: Step::Request };
    assert_eq!(pair.nodes[node].answer_to(id), Some(&ConsoleEvent::Unanswered { id, error }));
    assert!(pair.executed.is_empty());
}

#[test]
fn administrator_may_close_the_session_of_another() {
    let mut pair = Pair::new(15, bmc(), Weather::FINE);
    let admin = pair.console(login("admin", "secret"));
    let privilege = PrivilegeLevel::OPERATOR;
    let other = pair.console(ConsoleConfig { privilege, ..login("watcher", "look") });
    assert!(pair.run_until(MINUTE, |pair| pair.nodes.iter().all(harness::Node::is_established)));
    let session_of = |pair: &Pair, node: usize| {
        pair.nodes[node].events.iter().find_map(|event| match event {
            ConsoleEvent::Established { session, .. } => Some(*session),
            _ => None,
        })
    };
    let close = |session| ConsoleRequest::of(&CloseSession { session: SessionReference::Id(session) });
    let (admin_session, other_session) =
        (session_of(&pair, admin).unwrap(), session_of(&pair, other).unwrap());

    let refused = pair.request(other, close(admin_session));
    let accepted = pair.request(admin, close(other_session));
    assert!(pair.run_until(MINUTE, |pair| {
        pair.nodes[other].answer_to(refused).is_some() && pair.nodes[admin].answer_to(accepted).is_some()
    }));
    let code = |pair: &Pair, node: usize, id| match pair.nodes[node].answer_to(id) {
        Some(ConsoleEvent::Answered { completion_code, .. }) => *completion_code,
        event => panic!("{event:?}"),
    };
    assert_eq!(code(&pair, other, refused), CompletionCode::INSUFFICIENT_PRIVILEGE);
    assert_eq!(code(&pair, admin, accepted), CompletionCode::NORMAL);
    assert_eq!(pair.endpoint.active_sessions(), 1);
}
