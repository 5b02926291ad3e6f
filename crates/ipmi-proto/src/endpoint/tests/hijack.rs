//! Somebody on the way, or beside it, who wants another's session.

use bytes::{Bytes, BytesMut};

use super::bench::{Bench, Peer, config, v20};
use crate::crypto::{CipherSuite, SessionKeys};
use crate::endpoint::{DropReason, EndpointConfig};
use crate::number::{
    CipherSuiteId, NameLookup, NetFn, PayloadType, PrivilegeLevel, RmcpStatus, Role, SessionSequence,
};
use crate::wire::Rakp3;

fn elsewhere() -> std::net::SocketAddr {
    std::net::SocketAddr::from(([203, 0, 113, 9], 99))
}

fn rakp1_datagram(peer: &Peer) -> Bytes {
    let mut payload = BytesMut::new();
    peer.rakp1().encode(&mut payload);
    v20(PayloadType::RAKP_1, &payload)
}

fn rakp3_datagram(peer: &Peer) -> Bytes {
    let mut payload = BytesMut::new();
    peer.rakp3().encode(&mut payload);
    v20(PayloadType::RAKP_3, &payload)
}

#[test]
fn packet_signed_with_other_keys_does_nothing_in_any_signed_suite() {
    for suite in CipherSuite::ALL.into_iter().filter(|it| it.algorithms().is_some() && it.protects_packets())
    {
        let mut bench = Bench::new(EndpointConfig { cipher_suites: vec![suite.id()], ..config() });
        let mut peer = bench.logged_in_as(suite, "admin", "secret", PrivilegeLevel::ADMINISTRATOR);
        let mut thief = bench.logged_in_as(suite, "guest", "see", PrivilegeLevel::USER);
        // The thief knows the other's id and number, and signs with keys of its own.
        thief.exchange.managed_session_id = peer.id();
        bench.from = elsewhere();
        assert!(bench.feed(&thief.request(NetFn::CHASSIS, 2, &[2])).is_nothing(), "{suite}");
        assert_eq!(bench.endpoint.counters().dropped(DropReason::Unauthentic), 1, "{suite}");
        bench.from = super::bench::address(1000);
        bench.hand_over(&mut peer, NetFn::CHASSIS, 1, &[]);
    }
}

#[test]
fn forged_packet_from_another_address_does_not_move_the_session_there() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    let request = bench.hand_over(&mut peer, NetFn::CHASSIS, 1, &[]);
    let mut forged = peer.packet_numbered(SessionSequence(2), PayloadType::IPMI, &[1, 2, 3]).to_vec();
    *forged.last_mut().unwrap() ^= 1;
    bench.from = elsewhere();
    assert!(bench.feed(&forged).is_nothing());
    let sent = bench.respond(request, crate::endpoint::Response::normal(&[][..]));
    assert_eq!(sent[0].to, super::bench::address(1000));
    let active = bench.endpoint.sessions.active(peer.id()).unwrap();
    assert_eq!(active.peer(), Some(super::bench::address(1000)));
}

#[test]
fn recorded_packet_from_another_address_is_not_taken_again() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    let datagram = peer.request(NetFn::CHASSIS, 2, &[2]);
    let first = bench.feed(&datagram).request.expect("a request");
    bench.from = elsewhere();
    assert!(bench.feed(&datagram).is_nothing());
    assert_eq!(bench.endpoint.counters().dropped(DropReason::Replayed), 1);
    let sent = bench.respond(first, crate::endpoint::Response::normal(&[][..]));
    assert_eq!(sent[0].to, super::bench::address(1000), "the answer goes to who asked");
}

#[test]
fn recorded_login_opens_no_second_session() {
    let mut bench = Bench::new(config());
    let peer = bench.half_way(CipherSuite::SHA256_AES, "admin", "secret", PrivilegeLevel::ADMINISTRATOR);
    let (rakp1, rakp3) = (rakp1_datagram(&peer), rakp3_datagram(&peer));
    bench.feed(&rakp3);
    assert_eq!(bench.endpoint.active_sessions(), 1);
    bench.endpoint.end_all_sessions();
    let again = bench.opened(CipherSuite::SHA256_AES, "admin", "secret");
    let renamed = |datagram: &Bytes| {
        let mut datagram = datagram.to_vec();
        datagram[20..24].copy_from_slice(&again.id().0.to_le_bytes());
        datagram
    };
    bench.feed(&renamed(&rakp1));
    bench.feed(&renamed(&rakp3));
    assert_eq!(bench.endpoint.active_sessions(), 0, "the random number is new");
    assert_eq!(bench.endpoint.counters().failed_logins, 1);
}

#[test]
fn rakp3_of_one_session_does_not_fit_another() {
    let mut bench = Bench::new(config());
    let login = |bench: &mut Bench| {
        bench.half_way(CipherSuite::SHA256_AES, "admin", "secret", PrivilegeLevel::ADMINISTRATOR)
    };
    let (one, other) = (login(&mut bench), login(&mut bench));
    let stolen = Rakp3 { managed_session_id: other.id(), ..one.rakp3() };
    let outcome = bench.rakp3(&stolen).unwrap().outcome;
    assert_eq!(outcome, Err(RmcpStatus::INVALID_INTEGRITY_CHECK_VALUE));
    assert!(bench.rakp3(&other.rakp3()).unwrap().outcome.is_ok(), "its owner still can");
}

#[test]
fn rakp3_repeated_from_another_address_takes_nothing_away() {
    let mut bench = Bench::new(config());
    let mut peer = bench.half_way(CipherSuite::SHA256_AES, "admin", "secret", PrivilegeLevel::ADMINISTRATOR);
    let rakp4 = bench.rakp3(&peer.rakp3()).unwrap();
    peer.establish(&rakp4);
    bench.from = elsewhere();
    assert_eq!(bench.rakp3(&peer.rakp3()).unwrap().outcome, rakp4.outcome);
    assert_eq!(bench.endpoint.active_sessions(), 1);
    assert_eq!(bench.endpoint.sessions.active(peer.id()).unwrap().peer(), Some(super::bench::address(1000)));
}

#[test]
fn role_and_name_that_were_changed_on_the_way_are_noticed_by_both_sides() {
    let changes: [fn(&mut Peer); 3] = [
        |peer| peer.exchange.role = Role::new(PrivilegeLevel::USER, NameLookup::NameOnly),
        |peer| peer.exchange.user_name = super::bench::named("watcher"),
        |peer| peer.exchange.console_random.0[0] ^= 1,
    ];
    for change in changes {
        let mut bench = Bench::new(config());
        let mut peer = bench.opened(CipherSuite::SHA256_AES, "admin", "secret");
        peer.exchange.role = Role::new(PrivilegeLevel::OPERATOR, NameLookup::NameOnly);
        let honest = peer.exchange;
        change(&mut peer);
        let grant = bench.rakp1(&peer.rakp1()).unwrap();
        peer.exchange = honest;
        peer.exchange.managed_random = grant.managed_random;
        assert_ne!(grant.auth_code, peer.exchange.managed_proof(&peer.password), "the console notices");
        let proof = peer.exchange.console_proof(&peer.password);
        let rakp4 = bench.rakp3(&Rakp3 { outcome: Ok(proof), ..peer.rakp3() }).unwrap();
        // RAKP 3 does not cover the console's random number, but RAKP 4 and all keys do.
        let sik = peer.exchange.session_key(&peer.password, None);
        assert_ne!(rakp4.outcome, Ok(peer.exchange.integrity_check(&sik)));
    }
}

#[test]
fn suite_that_is_not_enabled_cannot_be_had_by_any_proposal() {
    let mut bench = Bench::new(EndpointConfig { cipher_suites: vec![CipherSuiteId::SHA256_AES], ..config() });
    for suite in CipherSuite::ALL.into_iter().filter(|suite| suite.id() != CipherSuiteId::SHA256_AES) {
        let refused = bench.open(&Bench::open_request(suite));
        assert_eq!(refused.unwrap_err(), RmcpStatus::NO_CIPHER_SUITE_MATCH, "{suite}");
    }
    assert_eq!(bench.endpoint.sessions.len(), 0);
}

#[test]
fn proposal_weakened_on_the_way_ends_in_no_session() {
    // The console proposed 17, somebody made it 3: its codes and keys are SHA-256, the session's SHA-1.
    let mut bench = Bench::new(config());
    let mut peer = bench.opened(CipherSuite::SHA1_AES, "admin", "secret");
    let grant = bench.rakp1(&peer.rakp1()).unwrap();
    peer.exchange.authentication = CipherSuite::SHA256_AES.algorithms().unwrap().authentication();
    peer.exchange.managed_random = grant.managed_random;
    assert_ne!(grant.auth_code, peer.exchange.managed_proof(&peer.password));
    let outcome = bench.rakp3(&peer.rakp3()).unwrap().outcome;
    assert_eq!(outcome, Err(RmcpStatus::INVALID_INTEGRITY_CHECK_VALUE));
}

#[test]
fn session_cannot_be_talked_down_to_unsigned_or_readable_packets() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    let sik = peer.exchange.session_key(&peer.password, None);
    for id in [0, 1, 2, 15, 16] {
        let weaker = CipherSuite::by_id(CipherSuiteId(id)).unwrap().algorithms().unwrap();
        let keys = peer.keys.replace(SessionKeys::derive(weaker, &sik, &peer.password));
        assert!(bench.feed(&peer.request(NetFn::CHASSIS, 2, &[0])).is_nothing(), "suite {id}");
        peer.keys = keys;
    }
    assert_eq!(bench.endpoint.counters().dropped(DropReason::WrongProtection), 5);
    bench.hand_over(&mut peer, NetFn::CHASSIS, 1, &[]);
}

#[test]
fn numbers_outside_of_the_window_are_dropped_even_if_authentic() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    peer.sequence = SessionSequence(1000);
    bench.hand_over(&mut peer, NetFn::CHASSIS, 1, &[]);
    for number in [0, 1, 983, 1017, 5000, u32::MAX] {
        peer.sequence = SessionSequence(number);
        assert!(bench.feed(&peer.request(NetFn::CHASSIS, 2, &[0])).is_nothing(), "{number}");
    }
    // The number 0 does not even decode in a session.
    assert!(bench.endpoint.counters().dropped(DropReason::Replayed) >= 5);
    peer.sequence = SessionSequence(1001);
    bench.hand_over(&mut peer, NetFn::CHASSIS, 1, &[]);
}

#[test]
fn every_truncation_of_every_setup_message_opens_no_session() {
    let mut bench = Bench::new(config());
    let peer = bench.half_way(CipherSuite::SHA256_AES, "admin", "secret", PrivilegeLevel::ADMINISTRATOR);
    for datagram in [rakp1_datagram(&peer), rakp3_datagram(&peer)] {
        for len in 0..datagram.len() {
            assert!(bench.feed(&datagram[..len]).request.is_none());
            // The same with a length field that fits.
            if let Some(payload) = datagram.get(16..len) {
                bench.feed(&v20(PayloadType(datagram[5]), payload));
            }
        }
    }
    assert_eq!(bench.endpoint.active_sessions(), 0);
}

#[test]
fn fields_longer_than_they_may_be_open_no_session() {
    let mut bench = Bench::new(config());
    let peer = bench.half_way(CipherSuite::SHA256_AES, "admin", "secret", PrivilegeLevel::ADMINISTRATOR);
    let (rakp1, rakp3) = (rakp1_datagram(&peer), rakp3_datagram(&peer));
    for name_len in [6_u8, 16, 17, 64, 255] {
        let mut payload = rakp1[16..].to_vec();
        payload[27] = name_len;
        payload.resize(28 + usize::from(name_len), b'a');
        bench.feed(&v20(PayloadType::RAKP_1, &payload));
    }
    for extra in [1, 32, 1000, 60_000] {
        let longer = [&rakp3[16..], &vec![0; extra][..]].concat();
        bench.feed(&v20(PayloadType::RAKP_3, &longer));
        assert!(bench.feed(&[&rakp3[..], &vec![0; extra][..]].concat()).is_nothing());
    }
    for claimed in [0, 39, 41, u16::MAX] {
        let mut lying = rakp3.to_vec();
        lying[14..16].copy_from_slice(&claimed.to_le_bytes());
        assert!(bench.feed(&lying).is_nothing(), "{claimed}");
    }
    assert_eq!(bench.endpoint.active_sessions(), 0);
}
