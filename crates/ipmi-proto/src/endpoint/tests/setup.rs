//! Open Session and RAKP: the right status code for every refusal, at once, and what repetitions do.

use bytes::BytesMut;

use super::bench::{Bench, CONSOLE, Peer, TAG, config, named, secret, user};
use crate::crypto::CipherSuite;
use crate::endpoint::{DropReason, EndpointConfig};
use crate::number::{
    CipherSuiteId, MessageTag, NameLookup, NetFn, PrivilegeLevel, RandomNumber, RmcpStatus, Role, SessionId,
};
use crate::wire::{AlgorithmKind, AuthCode, OpenSessionRequest, Rakp1, Rakp3};

const ADMIN: PrivilegeLevel = PrivilegeLevel::ADMINISTRATOR;

fn suite_17() -> OpenSessionRequest {
    Bench::open_request(CipherSuite::SHA256_AES)
}

/// Open Session with these three algorithms.
fn open(bench: &mut Bench, algorithms: [u8; 3]) -> Result<(), RmcpStatus> {
    let mut request = suite_17();
    for (payload, algorithm) in request.algorithms.iter_mut().zip(algorithms) {
        payload.algorithm = Some(algorithm);
    }
    bench.open(&request).map(|grant| assert_eq!(grant.algorithms, request.algorithms))
}

#[test]
fn offered_suites_are_granted_as_proposed() {
    let mut bench = Bench::new(config());
    assert_eq!(open(&mut bench, [3, 4, 1]), Ok(()));
    assert_eq!(open(&mut bench, [1, 1, 1]), Ok(()));
}

#[test]
fn known_algorithms_in_another_combination_are_11() {
    let mut bench = Bench::new(config());
    for algorithms in [[0, 0, 0], [1, 0, 0], [1, 1, 0], [2, 2, 1], [3, 1, 1], [3, 4, 0], [3, 4, 3], [1, 4, 1]]
    {
        assert_eq!(open(&mut bench, algorithms), Err(RmcpStatus::NO_CIPHER_SUITE_MATCH), "{algorithms:?}");
    }
    let only_17 = EndpointConfig { cipher_suites: vec![CipherSuiteId::SHA256_AES], ..config() };
    assert_eq!(open(&mut Bench::new(only_17), [1, 1, 1]), Err(RmcpStatus::NO_CIPHER_SUITE_MATCH));
}

#[test]
fn unknown_algorithms_are_04_05_and_10() {
    let mut bench = Bench::new(config());
    for unknown in [5, 0x30, 0x3f] {
        let by_place = [
            ([unknown, 4, 1], RmcpStatus::INVALID_AUTHENTICATION_ALGORITHM),
            ([3, unknown, 1], RmcpStatus::INVALID_INTEGRITY_ALGORITHM),
            ([3, 4, unknown], RmcpStatus::INVALID_CONFIDENTIALITY_ALGORITHM),
        ];
        for (algorithms, status) in by_place {
            assert_eq!(open(&mut bench, algorithms), Err(status));
        }
    }
    assert_eq!(open(&mut bench, [4, 4, 1]), Err(RmcpStatus::INVALID_AUTHENTICATION_ALGORITHM));
    assert_eq!(open(&mut bench, [3, 4, 4]), Err(RmcpStatus::INVALID_CONFIDENTIALITY_ALGORITHM));
}

#[test]
fn choice_left_to_the_managed_system_is_the_most_preferred_that_fits() {
    let mut bench = Bench::new(config());
    let mut request = suite_17();
    request.algorithms.iter_mut().for_each(|it| it.algorithm = None);
    let grant = bench.open(&request).unwrap();
    assert_eq!(grant.algorithms, CipherSuite::SHA256_AES.proposal().payloads());
    request.algorithms[0].algorithm = Some(1);
    let grant = bench.open(&request).unwrap();
    assert_eq!(grant.algorithms, CipherSuite::SHA1_AES.proposal().payloads());
}

#[test]
fn payloads_of_wrong_kind_are_03() {
    let mut bench = Bench::new(config());
    let mut request = suite_17();
    request.algorithms[1].kind = AlgorithmKind(7);
    assert_eq!(bench.open(&request).unwrap_err(), RmcpStatus::INVALID_PAYLOAD_TYPE);
}

#[test]
fn malformed_open_session_request_is_12_and_one_without_id_is_dropped() {
    let mut bench = Bench::new(config());
    let mut payload = BytesMut::new();
    suite_17().encode(&mut payload);
    let long = [&payload[..], &[0]].concat();
    for wrong in [&payload[..31], &payload[..8], &long] {
        assert_eq!(bench.open_raw(wrong), Some(Err(RmcpStatus::ILLEGAL_PARAMETER)));
    }
    assert_eq!(bench.open_raw(&payload[..7]), None);
    assert_eq!(bench.endpoint.counters().dropped(DropReason::ShortSetupMessage), 1);
}

#[test]
fn console_session_id_0_is_02() {
    let mut bench = Bench::new(config());
    let request = OpenSessionRequest { console_session_id: SessionId::NONE, ..suite_17() };
    assert_eq!(bench.open(&request).unwrap_err(), RmcpStatus::INVALID_SESSION_ID);
}

#[test]
fn open_session_names_a_real_level_within_the_channel_s_limit() {
    let mut bench = Bench::new(config());
    let mut level = |asked| {
        let request = OpenSessionRequest { maximum_privilege: asked, ..suite_17() };
        bench.open(&request).map(|grant| grant.maximum_privilege)
    };
    assert_eq!(level(PrivilegeLevel::HIGHEST), Ok(ADMIN), "0 is never echoed");
    assert_eq!(level(PrivilegeLevel::USER), Ok(PrivilegeLevel::USER));
    assert_eq!(level(PrivilegeLevel::OEM), Ok(ADMIN));
    for invalid in 6..=15 {
        assert_eq!(level(PrivilegeLevel(invalid)), Err(RmcpStatus::INVALID_ROLE));
    }
    let limited = EndpointConfig { channel_limit: PrivilegeLevel::OPERATOR, ..config() };
    let granted = Bench::new(limited).open(&suite_17()).unwrap().maximum_privilege;
    assert_eq!(granted, PrivilegeLevel::OPERATOR);
}

#[test]
fn session_ids_are_unique_and_not_0_even_from_bad_entropy() {
    struct Stuck(u32);
    impl crate::entropy::Entropy for Stuck {
        fn fill(&mut self, bytes: &mut [u8]) {
            for (to, from) in bytes.iter_mut().zip(self.0.to_le_bytes().into_iter().cycle()) {
                *to = from;
            }
        }
    }
    for value in [0, 1, u32::MAX] {
        let mut bench = Bench::new(config());
        bench.endpoint = crate::endpoint::Endpoint::new(config(), Box::new(Stuck(value)));
        let ids: std::collections::BTreeSet<SessionId> =
            (0..20).map(|_| bench.open(&suite_17()).unwrap().managed_session_id).collect();
        assert_eq!(ids.len(), 20);
        assert!(!ids.contains(&SessionId::NONE));
    }
}

#[test]
fn open_session_disturbs_no_other_session() {
    let mut bench = Bench::new(config());
    let mut established = bench.logged_in();
    let half_way = bench.half_way(CipherSuite::SHA1_AES, "admin", "secret", ADMIN);
    for _ in 0..5 {
        bench.open(&suite_17()).unwrap();
    }
    assert!(bench.rakp3(&half_way.rakp3()).unwrap().outcome.is_ok());
    bench.hand_over(&mut established, NetFn::CHASSIS, 1, &[]);
}

/// RAKP 1 of a new half-open session, changed by `change`.
fn rakp1(config: EndpointConfig, name: &str, change: impl Fn(&mut Rakp1)) -> Result<(), RmcpStatus> {
    let mut bench = Bench::new(config);
    let peer = bench.opened(CipherSuite::SHA256_AES, name, "secret");
    let mut rakp1 = peer.rakp1();
    change(&mut rakp1);
    bench.rakp1(&rakp1).map(|_| ())
}

fn role(level: PrivilegeLevel, lookup: NameLookup) -> impl Fn(&mut Rakp1) {
    move |rakp1| rakp1.role = Role::new(level, lookup)
}

#[test]
fn rakp1_for_an_unknown_session_is_02() {
    let mut bench = Bench::new(config());
    let peer = bench.opened(CipherSuite::SHA256_AES, "admin", "secret");
    for wrong in [SessionId::NONE, SessionId(peer.id().0 ^ 1)] {
        let rakp1 = Rakp1 { managed_session_id: wrong, ..peer.rakp1() };
        assert_eq!(bench.rakp1(&rakp1).unwrap_err(), RmcpStatus::INVALID_SESSION_ID);
    }
}

#[test]
fn rakp1_with_a_role_that_is_no_level_is_09() {
    for level in [0, 6, 7, 0x0e, 0x0f] {
        for lookup in [NameLookup::NameOnly, NameLookup::NameAndPrivilege] {
            let refused = rakp1(config(), "admin", role(PrivilegeLevel(level), lookup));
            assert_eq!(refused, Err(RmcpStatus::INVALID_ROLE));
        }
    }
}

#[test]
fn rakp1_of_an_unknown_or_disabled_user_is_0d() {
    for name in ["nobody", "", "gone", "Admin", "admin\0"] {
        assert_eq!(rakp1(config(), name, |_| {}), Err(RmcpStatus::UNAUTHORIZED_NAME), "{name:?}");
    }
}

#[test]
fn rakp1_above_the_user_s_limit_is_0a() {
    for (name, most) in [("admin", 4), ("watcher", 3), ("guest", 2)] {
        for level in 1..=5 {
            let expected = if level <= most { Ok(()) } else { Err(RmcpStatus::UNAUTHORIZED_ROLE) };
            let got = rakp1(config(), name, role(PrivilegeLevel(level), NameLookup::NameOnly));
            assert_eq!(got, expected, "{name} at {level}");
        }
    }
}

#[test]
fn rakp1_above_the_channel_s_limit_is_0a() {
    let limited = || EndpointConfig { channel_limit: PrivilegeLevel::OPERATOR, ..config() };
    assert_eq!(rakp1(limited(), "admin", |_| {}), Err(RmcpStatus::UNAUTHORIZED_ROLE));
    let operator = role(PrivilegeLevel::OPERATOR, NameLookup::NameOnly);
    assert_eq!(rakp1(limited(), "admin", operator), Ok(()));
}

#[test]
fn rakp1_by_name_and_privilege_wants_exactly_that_limit() {
    let by_both = |level| role(level, NameLookup::NameAndPrivilege);
    assert_eq!(rakp1(config(), "admin", by_both(ADMIN)), Ok(()));
    let lower = rakp1(config(), "admin", by_both(PrivilegeLevel::OPERATOR));
    assert_eq!(lower, Err(RmcpStatus::UNAUTHORIZED_NAME));
    assert_eq!(rakp1(config(), "watcher", by_both(PrivilegeLevel::OPERATOR)), Ok(()));
}

#[test]
fn users_of_one_name_are_told_apart_by_privilege() {
    let users = vec![user("same", "low", PrivilegeLevel::USER), user("same", "high", ADMIN)];
    let mut bench = Bench::new(EndpointConfig { users: users.into(), ..config() });
    let mut peer = bench.opened(CipherSuite::SHA256_AES, "same", "high");
    peer.exchange.role = Role::new(ADMIN, NameLookup::NameAndPrivilege);
    let grant = bench.rakp1(&peer.rakp1()).unwrap();
    peer.exchange.managed_random = grant.managed_random;
    assert_eq!(grant.auth_code, peer.exchange.managed_proof(&secret("high")));

    // By name alone it is the first one, who may not be an administrator.
    let peer = bench.opened(CipherSuite::SHA256_AES, "same", "low");
    assert_eq!(bench.rakp1(&peer.rakp1()).unwrap_err(), RmcpStatus::UNAUTHORIZED_ROLE);
}

#[test]
fn rakp1_with_a_wrong_name_length_is_0c() {
    let mut bench = Bench::new(config());
    let peer = bench.opened(CipherSuite::SHA256_AES, "admin", "secret");
    let mut payload = BytesMut::new();
    peer.rakp1().encode(&mut payload);
    for length in [6, 16, 17, 255] {
        let mut wrong = payload.clone();
        wrong[27] = length;
        let rakp2 = bench.rakp1_raw(&wrong).unwrap();
        assert_eq!(rakp2.outcome, Err(RmcpStatus::INVALID_NAME_LENGTH));
        assert_eq!(rakp2.console_session_id, CONSOLE);
    }
    let mut long = [&payload[..], &[b'x'; 20]].concat();
    long[27] = 17;
    assert_eq!(bench.rakp1_raw(&long).unwrap().outcome, Err(RmcpStatus::INVALID_NAME_LENGTH));
}

#[test]
fn rakp1_may_pad_the_name() {
    let mut bench = Bench::new(config());
    let peer = bench.opened(CipherSuite::SHA256_AES, "admin", "secret");
    let mut payload = BytesMut::new();
    peer.rakp1().encode(&mut payload);
    payload.resize(44, 0);
    assert!(bench.rakp1_raw(&payload).unwrap().outcome.is_ok());
}

#[test]
fn truncated_rakp1_is_12() {
    let mut bench = Bench::new(config());
    let peer = bench.opened(CipherSuite::SHA256_AES, "admin", "secret");
    let mut payload = BytesMut::new();
    peer.rakp1().encode(&mut payload);
    for len in [8, 20, 27] {
        let rakp2 = bench.rakp1_raw(&payload[..len]).unwrap();
        assert_eq!(rakp2.outcome, Err(RmcpStatus::ILLEGAL_PARAMETER));
    }
    assert_eq!(bench.rakp1_raw(&payload[..7]), None);
}

#[test]
fn refused_rakp1_keeps_the_session() {
    let mut bench = Bench::new(config());
    let mut peer = bench.opened(CipherSuite::SHA256_AES, "admin", "secret");
    let refused = Rakp1 { user_name: named("nobody"), ..peer.rakp1() };
    assert!(bench.rakp1(&refused).is_err());
    peer.exchange.managed_random = bench.rakp1(&peer.rakp1()).unwrap().managed_random;
    assert!(bench.rakp1(&refused).is_err());
    peer.establish(&bench.rakp3(&peer.rakp3()).unwrap());
}

#[test]
fn repeated_rakp1_gets_the_same_random_number_and_the_new_tag() {
    let mut bench = Bench::new(config());
    let peer = bench.opened(CipherSuite::SHA256_AES, "admin", "secret");
    let first = bench.rakp1(&peer.rakp1()).unwrap();
    let again = bench.rakp1(&Rakp1 { tag: MessageTag(7), ..peer.rakp1() }).unwrap();
    assert_eq!(first, again);
}

#[test]
fn repeated_rakp1_counts_with_its_own_numbers() {
    let mut bench = Bench::new(config());
    let mut peer = bench.half_way(CipherSuite::SHA256_AES, "admin", "secret", ADMIN);
    peer.exchange.console_random = RandomNumber([0x77; 16]);
    peer.exchange.role = Role::new(PrivilegeLevel::OPERATOR, NameLookup::NameOnly);
    let grant = bench.rakp1(&peer.rakp1()).unwrap();
    assert_eq!(grant.managed_random, peer.exchange.managed_random);
    assert_eq!(grant.auth_code, peer.exchange.managed_proof(&peer.password));
    peer.establish(&bench.rakp3(&peer.rakp3()).unwrap());
    let (code, _) = bench.ask(&mut peer, NetFn::APP, 0x3b, &[4]);
    assert_eq!(code.0, 0x81, "the level of the second RAKP 1 holds");
}

#[test]
fn random_number_is_new_for_every_session() {
    let mut bench = Bench::new(config());
    let first = bench.half_way(CipherSuite::SHA256_AES, "admin", "secret", ADMIN);
    let second = bench.half_way(CipherSuite::SHA256_AES, "admin", "secret", ADMIN);
    assert_ne!(first.exchange.managed_random, second.exchange.managed_random);
}

#[test]
fn rakp3_for_an_unknown_session_is_02_and_before_rakp1_08() {
    let mut bench = Bench::new(config());
    let peer = bench.opened(CipherSuite::SHA256_AES, "admin", "secret");
    let unknown = Rakp3 { managed_session_id: SessionId(peer.id().0 ^ 1), ..peer.rakp3() };
    let status = |rakp4: Option<crate::wire::Rakp4>| rakp4.unwrap().outcome.unwrap_err();
    assert_eq!(status(bench.rakp3(&unknown)), RmcpStatus::INVALID_SESSION_ID);
    assert_eq!(status(bench.rakp3(&peer.rakp3())), RmcpStatus::INACTIVE_SESSION_ID);
    assert!(bench.rakp1(&peer.rakp1()).is_ok(), "the session is still there");
}

fn wrong(peer: &Peer) -> Rakp3 {
    Rakp3 { outcome: Ok(peer.exchange.console_proof(&secret("guess"))), ..peer.rakp3() }
}

#[test]
fn rakp3_with_wrong_auth_code_is_0f_and_keeps_the_session() {
    let mut bench = Bench::new(config());
    let mut peer = bench.half_way(CipherSuite::SHA256_AES, "admin", "secret", ADMIN);
    let rakp4 = bench.rakp3(&wrong(&peer)).unwrap();
    assert_eq!(rakp4.outcome, Err(RmcpStatus::INVALID_INTEGRITY_CHECK_VALUE));
    assert_eq!(rakp4.console_session_id, CONSOLE);
    assert_eq!(bench.endpoint.counters().failed_logins, 1);
    peer.establish(&bench.rakp3(&peer.rakp3()).unwrap());
}

#[test]
fn rakp3_with_code_of_another_length_is_0f() {
    let mut bench = Bench::new(config());
    let peer = bench.half_way(CipherSuite::SHA256_AES, "admin", "secret", ADMIN);
    let right = peer.exchange.console_proof(&peer.password);
    for code in [AuthCode::EMPTY, AuthCode::new(&right.as_bytes()[..20]).unwrap()] {
        let rakp4 = bench.rakp3(&Rakp3 { outcome: Ok(code), ..peer.rakp3() }).unwrap();
        assert_eq!(rakp4.outcome, Err(RmcpStatus::INVALID_INTEGRITY_CHECK_VALUE));
    }
}

#[test]
fn third_wrong_auth_code_ends_the_half_open_session() {
    let mut bench = Bench::new(config());
    let peer = bench.half_way(CipherSuite::SHA256_AES, "admin", "secret", ADMIN);
    for _ in 0..3 {
        let rakp4 = bench.rakp3(&wrong(&peer)).unwrap();
        assert_eq!(rakp4.outcome, Err(RmcpStatus::INVALID_INTEGRITY_CHECK_VALUE));
    }
    let rakp4 = bench.rakp3(&peer.rakp3()).unwrap();
    assert_eq!(rakp4.outcome, Err(RmcpStatus::INVALID_SESSION_ID));
}

#[test]
fn rakp3_with_error_status_ends_the_half_open_session_in_silence() {
    let mut bench = Bench::new(config());
    let peer = bench.half_way(CipherSuite::SHA256_AES, "admin", "secret", ADMIN);
    let gave_up = Rakp3 { outcome: Err(RmcpStatus::INVALID_INTEGRITY_CHECK_VALUE), ..peer.rakp3() };
    assert_eq!(bench.rakp3(&gave_up), None);
    assert_eq!(bench.endpoint.counters().dropped(DropReason::ConsoleGaveUp), 1);
    assert_eq!(bench.endpoint.counters().failed_logins, 1);
    assert_eq!(bench.endpoint.poll_timeout(), None);
}

#[test]
fn repeated_rakp3_gets_the_same_rakp4_with_the_new_tag_and_changes_nothing() {
    let mut bench = Bench::new(config());
    let mut peer = bench.half_way(CipherSuite::SHA256_AES, "admin", "secret", ADMIN);
    let first = bench.rakp3(&peer.rakp3()).unwrap();
    peer.establish(&first);
    let request = bench.hand_over(&mut peer, NetFn::CHASSIS, 1, &[]);
    let again = bench.rakp3(&Rakp3 { tag: MessageTag(9), ..peer.rakp3() }).unwrap();
    assert_eq!(again.tag, MessageTag(9));
    assert_eq!(again.outcome, first.outcome);
    assert_eq!(bench.endpoint.counters().logins, 1);
    // Keys and counters are those from before.
    let sent = bench.respond(request, crate::endpoint::Response::normal(vec![]));
    assert_eq!(peer.response(&sent[0]).0, 1);
    bench.hand_over(&mut peer, NetFn::CHASSIS, 1, &[1]);
}

#[test]
fn repeated_rakp3_must_prove_the_password_again() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    for _ in 0..5 {
        let rakp4 = bench.rakp3(&wrong(&peer)).unwrap();
        assert_eq!(rakp4.outcome, Err(RmcpStatus::INVALID_INTEGRITY_CHECK_VALUE));
    }
    bench.hand_over(&mut peer, NetFn::CHASSIS, 1, &[]);
}

#[test]
fn rakp1_for_an_established_session_is_08_and_changes_nothing() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    let status = bench.rakp1(&peer.rakp1()).unwrap_err();
    assert_eq!(status, RmcpStatus::INACTIVE_SESSION_ID);
    bench.hand_over(&mut peer, NetFn::CHASSIS, 1, &[]);
}

#[test]
fn every_refusal_is_short_and_carries_tag_and_console_id() {
    let mut bench = Bench::new(config());
    let request = OpenSessionRequest { maximum_privilege: PrivilegeLevel(9), ..suite_17() };
    let mut payload = BytesMut::new();
    request.encode(&mut payload);
    let datagram = super::bench::v20(crate::number::PayloadType::OPEN_SESSION_REQUEST, &payload);
    let answer = bench.feed(&datagram).only().unwrap().datagram;
    assert_eq!(hex::encode(&answer[16..]), format!("{:02x}090000a4a3a2a0", TAG.0));
    assert_eq!(bench.endpoint.counters().setup_refusals, 1);
}
