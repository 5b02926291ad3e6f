//! What strangers can cost: bytes, time, memory, tries.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};

use super::bench::{Bench, Peer, address, config, request, secret, v15, v20};
use crate::crypto::CipherSuite;
use crate::endpoint::{DropReason, EndpointConfig, GuardLimits, SessionLimits};
use crate::number::{
    CipherSuiteId, MessageTag, NetFn, PayloadType, PrivilegeLevel, RmcpStatus, Role, SessionV15Algorithm,
};
use crate::wire::{Rakp2Grant, Rakp3};

const SECOND: Duration = Duration::from_secs(1);

/// As it comes out of the box.
fn guarded() -> EndpointConfig {
    EndpointConfig { guard: GuardLimits::DEFAULT, ..config() }
}

fn ping() -> Bytes {
    Bytes::from_static(&[6, 0, 0xff, 6, 0, 0, 0x11, 0xbe, 0x80, 0, 0, 0])
}

fn half_way(bench: &mut Bench) -> Peer {
    bench.half_way(CipherSuite::SHA256_AES, "admin", "secret", PrivilegeLevel::ADMINISTRATOR)
}

/// RAKP 1 of the administrator in a session of its own.
fn rakp1(bench: &mut Bench) -> Result<Rakp2Grant, RmcpStatus> {
    let peer = bench.opened(CipherSuite::SHA256_AES, "admin", "secret");
    bench.rakp1(&peer.rakp1())
}

/// A login with a wrong password that goes on to RAKP 3.
fn guess(bench: &mut Bench) -> RmcpStatus {
    let mut peer = half_way(bench);
    peer.password = secret("guess");
    bench.rakp3(&peer.rakp3()).expect("RAKP 4").outcome.unwrap_err()
}

/// Every datagram outside of a session that gets an answer, in its shortest form, and the name of it.
fn answered_without_proof(bench: &mut Bench) -> Vec<(String, Bytes)> {
    let mut all = vec![("presence ping".to_owned(), ping())];
    let mut ask = |name: &str, net_fn, command, data: &[u8]| {
        let message = request(net_fn, command, data).to_bytes();
        all.push((format!("{name}, 1.5 framing"), v15(&message)));
        all.push((format!("{name}, RMCP+ framing"), v20(PayloadType::IPMI, &message)));
    };
    ask("capabilities", NetFn::APP, 0x38, &[0x8e, 4]);
    ask("capabilities without 2.0 data", NetFn::APP, 0x38, &[0x0e, 4]);
    for page in 0..6 {
        ask("cipher suites", NetFn::APP, 0x54, &[0x0e, 0, 0x80 | page]);
        ask("algorithms", NetFn::APP, 0x54, &[0x0e, 0, page]);
    }
    ask("system GUID", NetFn::APP, 0x37, &[]);
    ask("session challenge", NetFn::APP, 0x39, &[2; 17]);
    ask("session challenge of a user", NetFn::APP, 0x39, b"\x02admin\0\0\0\0\0\0\0\0\0\0\0");
    ask("activation without a challenge", NetFn::APP, 0x3a, &[2; 22]);
    for net_fn in [NetFn::CHASSIS, NetFn::APP, NetFn(0x2c)] {
        (0..=255).for_each(|command| ask("command without data", net_fn, command, &[]));
    }
    let open = Bench::open_request(CipherSuite::SHA256_AES);
    let mut payload = BytesMut::new();
    open.encode(&mut payload);
    all.push(("Open Session Request".to_owned(), v20(PayloadType::OPEN_SESSION_REQUEST, &payload)));
    all.push(("Open Session Request, cut".to_owned(), v20(PayloadType::OPEN_SESSION_REQUEST, &payload[..8])));
    for id in bench.endpoint.suites.iter().map(|offered| offered.suite.id()).collect::<Vec<_>>() {
        let suite = CipherSuite::by_id(id).unwrap();
        let null = bench.opened(suite, "", "secret");
        let mut payload = BytesMut::new();
        null.rakp1().encode(&mut payload);
        all.push((format!("RAKP 1, suite {}", id.0), v20(PayloadType::RAKP_1, &payload)));
        all.push((format!("RAKP 1, suite {}, cut", id.0), v20(PayloadType::RAKP_1, &payload[..8])));
        let half = bench.half_way(suite, "", "secret", PrivilegeLevel::ADMINISTRATOR);
        payload.clear();
        half.rakp3().encode(&mut payload);
        all.push((format!("RAKP 3, suite {}", id.0), v20(PayloadType::RAKP_3, &payload)));
        all.push((format!("RAKP 3, suite {}, cut", id.0), v20(PayloadType::RAKP_3, &payload[..8])));
    }
    all
}

#[test]
fn answer_to_a_stranger_is_less_than_two_and_a_half_times_the_question() {
    let mut users = config().users;
    users.push(super::bench::user("", "secret", PrivilegeLevel::ADMINISTRATOR));
    let suites = CipherSuite::ALL.iter().map(|suite| suite.id()).collect();
    let ipmi_1_5 = vec![SessionV15Algorithm::MD5, SessionV15Algorithm::NONE];
    let mut bench = Bench::new(EndpointConfig { users, cipher_suites: suites, ipmi_1_5, ..config() });
    let mut factors = Vec::new();
    for (name, datagram) in answered_without_proof(&mut bench) {
        let outcome = bench.feed(&datagram);
        let sent: usize = outcome.sent.iter().map(|transmit| transmit.datagram.len()).sum();
        assert!(outcome.request.is_none() && outcome.sent.len() <= 1, "{name}");
        factors.push((sent * 100 / datagram.len(), datagram.len(), sent, name));
    }
    factors.sort();
    factors.reverse();
    for (factor, asked, sent, name) in factors.iter().take(8) {
        println!("{name}: {asked} bytes in, {sent} out, factor {}.{:02}", factor / 100, factor % 100);
    }
    assert!(factors[0].0 < 250, "{:?}", factors[0]);
}

#[test]
fn source_that_asks_too_much_gets_silence_and_others_and_sessions_do_not() {
    let mut bench = Bench::new(guarded());
    let mut peer = bench.logged_in();
    let answered = (0..10_000).map(|_| u64::from(!bench.feed(&ping()).is_nothing())).sum::<u64>();
    assert!((780..=800).contains(&answered), "{answered}");
    assert_eq!(bench.endpoint.counters().dropped(DropReason::RateLimited), 10_000 - answered);
    bench.hand_over(&mut peer, NetFn::CHASSIS, 1, &[]);
    bench.from = std::net::SocketAddr::from(([192, 0, 2, 2], 1));
    assert!(!bench.feed(&ping()).is_nothing());
    bench.from = address(2);
    assert!(bench.feed(&ping()).is_nothing(), "another port is the same source");
    bench.wait(SECOND);
    bench.logged_in();
}

#[test]
fn mistyped_password_is_no_outage() {
    let mut bench = Bench::new(guarded());
    for _ in 0..5 {
        assert_eq!(guess(&mut bench), RmcpStatus::INVALID_INTEGRITY_CHECK_VALUE);
    }
    bench.logged_in();
}

#[test]
fn sixth_failure_in_a_row_makes_the_next_login_wait_and_success_makes_it_forgotten() {
    let mut bench = Bench::new(guarded());
    for _ in 0..6 {
        assert_eq!(guess(&mut bench), RmcpStatus::INVALID_INTEGRITY_CHECK_VALUE);
    }
    assert_eq!(rakp1(&mut bench), Err(RmcpStatus::INSUFFICIENT_RESOURCES), "even with the right password");
    assert_eq!(bench.endpoint.counters().locked_out_logins, 1);
    bench.wait(SECOND);
    bench.logged_in();
    for _ in 0..5 {
        guess(&mut bench);
    }
    bench.logged_in();
}

#[test]
fn half_open_sessions_prepared_before_the_lockout_do_not_get_around_it() {
    let mut bench = Bench::new(guarded());
    let mut prepared: Vec<Peer> = (0..12).map(|_| half_way(&mut bench)).collect();
    let statuses: Vec<RmcpStatus> = prepared
        .iter_mut()
        .map(|peer| {
            peer.password = secret("guess");
            bench.rakp3(&peer.rakp3()).unwrap().outcome.unwrap_err()
        })
        .collect();
    assert_eq!(statuses[..6], [RmcpStatus::INVALID_INTEGRITY_CHECK_VALUE; 6]);
    assert_eq!(statuses[6..], [RmcpStatus::INSUFFICIENT_RESOURCES; 6]);
}

#[test]
fn lockout_is_of_one_user_from_one_source() {
    let mut bench = Bench::new(guarded());
    (0..9).for_each(|_| drop(half_way(&mut bench)));
    for _ in 0..6 {
        guess(&mut bench);
    }
    assert_eq!(rakp1(&mut bench), Err(RmcpStatus::INSUFFICIENT_RESOURCES));
    bench.logged_in_as(CipherSuite::SHA256_AES, "watcher", "look", PrivilegeLevel::OPERATOR);
    bench.from = std::net::SocketAddr::from(([192, 0, 2, 2], 1));
    bench.logged_in();
}

#[test]
fn console_that_gives_up_or_stays_away_after_rakp2_has_failed() {
    let mut bench = Bench::new(guarded());
    for _ in 0..3 {
        let peer = half_way(&mut bench);
        let gives_up = Rakp3 { outcome: Err(RmcpStatus::INVALID_INTEGRITY_CHECK_VALUE), ..peer.rakp3() };
        assert_eq!(bench.rakp3(&gives_up), None);
    }
    (0..3).for_each(|_| drop(half_way(&mut bench)));
    bench.wait(SessionLimits::DEFAULT.half_open_timeout);
    assert_eq!(rakp1(&mut bench), Err(RmcpStatus::INSUFFICIENT_RESOURCES));
}

#[test]
fn frequent_logins_over_a_bad_network_are_never_locked_out() {
    // One login every five seconds for an hour, and before each one four that lost RAKP 2 on the way.
    let mut bench = Bench::new(guarded());
    for _ in 0..720 {
        (0..4).for_each(|_| drop(half_way(&mut bench)));
        let mut peer = bench.logged_in();
        let id = peer.id().0.to_le_bytes();
        bench.ask(&mut peer, NetFn::APP, 0x3c, &id);
        bench.wait(5 * SECOND);
    }
    assert_eq!(bench.endpoint.counters().logins, 720);
    assert_eq!(bench.endpoint.counters().locked_out_logins, 0);
}

#[test]
fn datagrams_that_prove_nothing_and_get_no_answer_leave_nothing_behind() {
    let mut bench = Bench::new(guarded());
    for number in 0..20_000_u16 {
        bench.from =
            std::net::SocketAddr::from(([10, 0, number.to_be_bytes()[0], number.to_be_bytes()[1]], 1));
        for bytes in
            [&[6, 0, 0xff][..], &[6, 0, 0xff, 7, 6, 0x12, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 1, 2, 3], &[0; 64]]
        {
            assert!(bench.feed(bytes).is_nothing() || bytes.len() == 19);
        }
        let sealed = [&[6, 0, 0xff, 7, 6, 0xc0][..], &[7; 60]].concat();
        assert!(bench.feed(&sealed).is_nothing());
    }
    let occupancy = bench.endpoint.occupancy();
    assert_eq!((occupancy.sessions, occupancy.failing_logins), (0, 0));
    assert!(occupancy.sources <= 128);
}

#[test]
fn flood_of_half_open_sessions_evicts_the_oldest_and_keeps_the_newest() {
    let mut bench = Bench::new(config());
    let most = usize::from(SessionLimits::DEFAULT.max_half_open);
    let ids: Vec<_> = (0..5 * most)
        .map(|_| bench.open(&Bench::open_request(CipherSuite::SHA256_AES)).unwrap().managed_session_id)
        .collect();
    assert_eq!(bench.endpoint.sessions.len(), most);
    let alive: Vec<_> = ids.iter().filter(|id| bench.endpoint.sessions.console_id(**id).is_some()).collect();
    assert_eq!(alive, ids[4 * most..].iter().collect::<Vec<_>>());
}

/// What a console sees of RAKP 2 and 4 that does not differ by chance.
fn seen(
    bench: &mut Bench,
    suite: CipherSuite,
    name: &str,
    role: Role,
) -> (Result<usize, RmcpStatus>, Vec<RmcpStatus>) {
    let mut peer = bench.opened(suite, name, "guess");
    peer.exchange.role = role;
    let rakp2 = bench.rakp1(&peer.rakp1());
    let codes = (0..4).map(|_| bench.rakp3(&peer.rakp3()).unwrap().outcome.unwrap_err()).collect();
    (rakp2.map(|grant| grant.auth_code.as_bytes().len()), codes)
}

#[test]
fn hidden_users_answer_like_wrong_passwords() {
    let suites: Vec<CipherSuiteId> =
        CipherSuite::ALL.iter().filter(|it| it.algorithms().is_some()).map(|it| it.id()).collect();
    let mut bench =
        Bench::new(EndpointConfig { hide_users: true, cipher_suites: suites.clone(), ..config() });
    let by = |level| Role::new(level, crate::number::NameLookup::NameOnly);
    for id in suites.into_iter().filter(|id| id.0 != 0) {
        let suite = CipherSuite::by_id(id).unwrap();
        let wrong = seen(&mut bench, suite, "admin", by(PrivilegeLevel::ADMINISTRATOR));
        assert!(wrong.0.is_ok());
        for (name, role) in [
            ("nobody", by(PrivilegeLevel::ADMINISTRATOR)),
            ("", by(PrivilegeLevel::USER)),
            ("gone", by(PrivilegeLevel::USER)),
            ("guest", by(PrivilegeLevel::ADMINISTRATOR)),
            ("admin", Role::new(PrivilegeLevel::USER, crate::number::NameLookup::NameAndPrivilege)),
        ] {
            assert_eq!(seen(&mut bench, suite, name, role), wrong, "{name} {suite}");
        }
    }
    assert_eq!(bench.endpoint.active_sessions(), 0);
    bench.logged_in();
}

#[test]
fn decoy_is_never_let_in_not_even_without_proof() {
    let mut bench =
        Bench::new(EndpointConfig { hide_users: true, cipher_suites: vec![CipherSuiteId(0)], ..config() });
    let peer =
        bench.half_way(CipherSuite::by_id(CipherSuiteId(0)).unwrap(), "nobody", "", PrivilegeLevel::USER);
    assert!(bench.rakp3(&peer.rakp3()).unwrap().outcome.is_err());
    assert_eq!(bench.endpoint.active_sessions(), 0);
}

/// The shortest time of many that an endpoint takes for RAKP 1 of a user, by turns with another.
fn shortest(bench: &mut Bench, names: [&str; 2]) -> [Duration; 2] {
    let datagrams = names.map(|name| {
        let peer = bench.opened(CipherSuite::SHA256_AES, name, "secret");
        let mut payload = BytesMut::new();
        peer.rakp1().encode(&mut payload);
        v20(PayloadType::RAKP_1, &payload)
    });
    let mut best = [Duration::MAX; 2];
    for _ in 0..3000 {
        for (best, datagram) in best.iter_mut().zip(&datagrams) {
            #[expect(clippy::disallowed_methods, reason = "this is about real time")]
            let begin = Instant::now();
            black_box(bench.endpoint.handle_datagram(bench.now, bench.from, datagram));
            *best = begin.elapsed().min(*best);
            while bench.endpoint.poll_transmit().is_some() {}
        }
    }
    best
}

#[test]
fn unknown_user_takes_as_long_as_a_known_one() {
    for hide_users in [false, true] {
        let mut bench = Bench::new(EndpointConfig { hide_users, ..config() });
        let [known, unknown] = shortest(&mut bench, ["admin", "nobody"]);
        println!("hide-users {hide_users}: known {known:?}, unknown {unknown:?}");
        assert!(unknown * 3 > known * 2 && known * 3 > unknown * 2, "{known:?} {unknown:?}");
    }
}

#[test]
fn tag_is_the_only_thing_that_a_refused_console_chooses_in_its_answer() {
    let mut bench = Bench::new(guarded());
    for _ in 0..6 {
        guess(&mut bench);
    }
    let peer = bench.opened(CipherSuite::SHA256_AES, "admin", "secret");
    let mut rakp1 = peer.rakp1();
    rakp1.tag = MessageTag(9);
    let mut payload = BytesMut::new();
    rakp1.encode(&mut payload);
    let rakp2 = bench.rakp1_raw(&payload).unwrap();
    assert_eq!((rakp2.tag, rakp2.console_session_id), (MessageTag(9), super::bench::CONSOLE));
}
