//! Packets of an established session: what is let in, and what goes out.

use std::time::Duration;

use super::bench::{Bench, address, config, request};
use crate::crypto::CipherSuite;
use crate::endpoint::{DropReason, EndpointConfig, Response};
use crate::number::{
    Address, CipherSuiteId, CompletionCode, Lun, NetFn, PayloadType, PrivilegeLevel, RqSeq, SessionSequence,
};
use crate::wire::LanRequest;

#[test]
fn request_is_handed_over_with_who_asks_and_what() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    let request = bench.hand_over(&mut peer, NetFn::CHASSIS, 2, &[1]);
    assert_eq!((request.net_fn, request.lun), (NetFn::CHASSIS, Lun::BMC));
    assert_eq!(request.command.0, 2);
    assert_eq!(request.data, [1][..]);
    assert_eq!(&*request.user, "admin");
    assert_eq!(request.privilege, PrivilegeLevel::USER, "every session starts there");
    assert_eq!(request.peer, bench.from);
    assert_eq!(request.session, peer.id());
    assert_eq!(bench.endpoint.counters().requests, 1);
}

#[test]
fn callback_session_starts_at_callback_level() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in_as(CipherSuite::SHA1_AES, "admin", "secret", PrivilegeLevel::CALLBACK);
    let request = bench.hand_over(&mut peer, NetFn::CHASSIS, 1, &[]);
    assert_eq!(request.privilege, PrivilegeLevel::CALLBACK);
}

#[test]
fn unknown_commands_are_the_caller_s_business() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    let request = bench.hand_over(&mut peer, NetFn::GROUP_EXTENSION, 0x3e, &[0, 2]);
    let sent = bench.respond(request, CompletionCode::INVALID_COMMAND.into());
    assert_eq!(peer.answer(&sent[0]), (CompletionCode::INVALID_COMMAND, vec![].into()));
}

#[test]
fn outbound_numbers_are_1_2_3() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    peer.sequence = SessionSequence(77);
    for expected in 1..=5 {
        let request = bench.hand_over(&mut peer, NetFn::CHASSIS, 1, &[]);
        let sent = bench.respond(request, Response::normal(vec![expected]));
        let (number, response) = peer.response(&sent[0]);
        assert_eq!(number, u32::from(expected));
        assert_eq!(response.data, vec![expected]);
    }
}

#[test]
fn answers_go_out_in_the_order_of_the_caller() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    let first = bench.hand_over(&mut peer, NetFn::CHASSIS, 1, &[]);
    let second = bench.hand_over(&mut peer, NetFn::CHASSIS, 2, &[]);
    let (number, response) = peer.response(&bench.respond(second, Response::normal(vec![]))[0]);
    assert_eq!((number, response.command.0), (1, 2));
    let (number, response) = peer.response(&bench.respond(first, Response::normal(vec![]))[0]);
    assert_eq!((number, response.command.0), (2, 1));
}

#[test]
fn answers_go_to_where_the_request_came_from() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    bench.from = address(2000);
    let request = bench.hand_over(&mut peer, NetFn::CHASSIS, 1, &[]);
    bench.from = address(3000);
    let (code, _) = bench.ask(&mut peer, NetFn::APP, 0x37, &[]);
    assert_eq!(code, CompletionCode::NORMAL, "answered to the new address");
    assert_eq!(bench.respond(request, Response::normal(vec![]))[0].to, address(2000));
}

#[test]
fn packet_is_taken_once() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    let datagram = peer.request(NetFn::CHASSIS, 2, &[2]);
    assert!(bench.feed(&datagram).request.is_some());
    assert!(bench.feed(&datagram).is_nothing());
    assert_eq!(bench.endpoint.counters().dropped(DropReason::Replayed), 1);
}

#[test]
fn window_starts_at_the_first_authentic_packet_and_reaches_16_both_ways() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    let mut rq_seq = RqSeq::new(0);
    let mut taken = |bench: &mut Bench, number| {
        rq_seq = rq_seq.next();
        let message = LanRequest { requester_seq: rq_seq, ..request(NetFn::CHASSIS, 1, &[]) }.to_bytes();
        let datagram = peer.packet_numbered(SessionSequence(number), PayloadType::IPMI, &message);
        !bench.feed(&datagram).is_nothing()
    };
    assert!(taken(&mut bench, 1000));
    assert!(!taken(&mut bench, 1017));
    assert!(taken(&mut bench, 984));
    assert!(!taken(&mut bench, 983));
    assert!(taken(&mut bench, 1016));
    assert!(!taken(&mut bench, 984));
    peer.sequence = SessionSequence(0);
}

#[test]
fn forged_packet_does_not_move_the_window() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    peer.sequence = SessionSequence(10);
    let mut forged = peer.request(NetFn::CHASSIS, 1, &[]).to_vec();
    // Far ahead, with a code that does not fit any more.
    forged[10] = 0xff;
    assert!(bench.feed(&forged).is_nothing());
    assert_eq!(bench.endpoint.counters().dropped(DropReason::Unauthentic), 1);
    peer.sequence = SessionSequence(3);
    bench.hand_over(&mut peer, NetFn::CHASSIS, 1, &[]);
}

#[test]
fn every_flipped_bit_of_a_packet_drops_it() {
    for suite in [CipherSuite::SHA1_AES, CipherSuite::SHA256_AES] {
        let mut bench = Bench::new(config());
        let mut peer = bench.logged_in_as(suite, "admin", "secret", PrivilegeLevel::ADMINISTRATOR);
        let datagram = peer.request(NetFn::CHASSIS, 2, &[2]);
        for bit in 0..datagram.len() * 8 {
            // The reserved byte of the RMCP header and the reserved bits of its class are covered by nothing.
            if (8..16).contains(&bit) || (29..31).contains(&bit) {
                continue;
            }
            let mut flipped = datagram.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(bench.feed(&flipped).is_nothing(), "bit {bit}");
        }
        assert!(bench.feed(&datagram).request.is_some(), "the packet itself is still good");
    }
}

#[test]
fn every_truncation_of_a_packet_drops_it() {
    for suite in CipherSuite::ALL.into_iter().filter(|it| it.algorithms().is_some()) {
        let mut bench = Bench::new(EndpointConfig { cipher_suites: vec![suite.id()], ..config() });
        let mut peer = bench.logged_in_as(suite, "admin", "secret", PrivilegeLevel::ADMINISTRATOR);
        let datagram = peer.request(NetFn::CHASSIS, 2, &[2]);
        for len in 0..datagram.len() {
            assert!(bench.feed(&datagram[..len]).is_nothing(), "{suite}, {len} bytes");
            // The same with a length field that fits.
            if let Some(payload) = datagram.get(16..len) {
                let len = u16::try_from(payload.len()).unwrap();
                let shorter = [&datagram[..14], &len.to_le_bytes()[..], payload].concat();
                assert!(bench.feed(&shorter).request.is_none(), "{suite}, {len} bytes of payload");
            }
        }
        assert!(bench.feed(&datagram).request.is_some(), "{suite}: the packet itself is still good");
    }
}

#[test]
fn bytes_after_the_packet_drop_it() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    let datagram = [&peer.request(NetFn::CHASSIS, 1, &[])[..], &[0]].concat();
    assert!(bench.feed(&datagram).is_nothing());
}

#[test]
fn protection_other_than_negotiated_is_dropped() {
    let suites = [0, 1, 2, 3].map(CipherSuiteId);
    for used in suites {
        for pretended in suites.into_iter().filter(|it| *it != used) {
            let mut bench = Bench::new(EndpointConfig { cipher_suites: suites.to_vec(), ..config() });
            let suite = CipherSuite::by_id(used).unwrap();
            let mut peer = bench.logged_in_as(suite, "admin", "secret", PrivilegeLevel::ADMINISTRATOR);
            let right = peer.keys.take();
            peer.suite = CipherSuite::by_id(pretended).unwrap();
            let exchange = crate::crypto::KeyExchange {
                authentication: suite.algorithms().unwrap().authentication(),
                ..peer.exchange
            };
            let sik = exchange.session_key(&peer.password, None);
            let algorithms = peer.suite.algorithms().unwrap();
            peer.keys = Some(crate::crypto::SessionKeys::derive(algorithms, &sik, &peer.password));
            let datagram = peer.request(NetFn::CHASSIS, 1, &[]);
            let same = (suite.integrity(), suite.confidentiality())
                == (peer.suite.integrity(), peer.suite.confidentiality());
            assert_eq!(bench.feed(&datagram).is_nothing(), !same, "{used} as {pretended}");
            if !same {
                assert_eq!(bench.endpoint.counters().dropped(DropReason::WrongProtection), 1);
            }
            peer.keys = right;
        }
    }
}

#[test]
fn numbers_count_for_nothing_without_integrity() {
    let cipher_suites = vec![CipherSuiteId(1)];
    let mut bench = Bench::new(EndpointConfig { cipher_suites, ..config() });
    let suite = CipherSuite::by_id(CipherSuiteId(1)).unwrap();
    let mut peer = bench.logged_in_as(suite, "admin", "secret", PrivilegeLevel::USER);
    for number in [5, 1_000_000, 5] {
        peer.sequence = SessionSequence(number);
        bench.hand_over(&mut peer, NetFn::CHASSIS, 1, &[]);
    }
}

#[test]
fn packet_for_no_session_or_a_half_open_one_is_dropped() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    let half_way = bench.half_way(CipherSuite::SHA256_AES, "admin", "secret", PrivilegeLevel::ADMINISTRATOR);
    let keys = peer.keys.clone();
    peer.exchange.managed_session_id = half_way.id();
    assert!(bench.feed(&peer.request(NetFn::CHASSIS, 1, &[])).is_nothing());
    assert_eq!(bench.endpoint.counters().dropped(DropReason::NotEstablished), 1);
    peer.exchange.managed_session_id.0 ^= 0x0101;
    peer.keys = keys;
    assert!(bench.feed(&peer.request(NetFn::CHASSIS, 1, &[])).is_nothing());
    assert_eq!(bench.endpoint.counters().dropped(DropReason::NoSuchSession), 1);
}

#[test]
fn payloads_other_than_messages_are_dropped_but_keep_the_session_alive() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    bench.wait(Duration::from_secs(50));
    assert!(bench.feed(&peer.packet(PayloadType(0x20), &[1, 0, 0, 0, b'x'])).is_nothing());
    assert_eq!(bench.endpoint.counters().dropped(DropReason::OtherPayload), 1);
    bench.wait(Duration::from_secs(50));
    bench.hand_over(&mut peer, NetFn::CHASSIS, 1, &[]);
}

#[test]
fn other_lun_is_c2_and_other_responder_is_dropped() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    let asked = LanRequest { responder_lun: Lun::new(3), ..request(NetFn::CHASSIS, 1, &[]) };
    let datagram = peer.packet(PayloadType::IPMI, &asked.to_bytes());
    let answer = bench.feed(&datagram).only().unwrap();
    let (_, response) = peer.response(&answer);
    assert_eq!(response, asked.respond(CompletionCode::INVALID_FOR_LUN, vec![]));

    let asked = LanRequest { responder: Address(0x2c), ..request(NetFn::CHASSIS, 1, &[]) };
    let datagram = peer.packet(PayloadType::IPMI, &asked.to_bytes());
    assert!(bench.feed(&datagram).is_nothing());
    assert_eq!(bench.endpoint.counters().dropped(DropReason::OtherResponder), 1);
}

#[test]
fn what_is_told_to_everybody_is_told_in_a_session_too() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    let (_, data) = bench.ask(&mut peer, NetFn::APP, 0x38, &[0x8e, 4]);
    assert_eq!(hex::encode(data), "0180040200000000");
    let (_, data) = bench.ask(&mut peer, NetFn::APP, 0x54, &[0x0e, 0, 0x80]);
    assert_eq!(hex::encode(data), "01c003014181c011034481");
    let (_, data) = bench.ask(&mut peer, NetFn::APP, 0x37, &[]);
    assert_eq!(data, [0x11; 16][..]);
}

#[test]
fn answer_that_fits_no_packet_is_counted_and_uses_no_number() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    let request = bench.hand_over(&mut peer, NetFn::CHASSIS, 1, &[]);
    assert!(bench.respond(request, Response::normal(vec![0; 0x1_0000])).is_empty());
    assert_eq!(bench.endpoint.counters().unsendable_responses, 1);
    let request = bench.hand_over(&mut peer, NetFn::CHASSIS, 1, &[]);
    let sent = bench.respond(request, Response::normal(vec![0; 0xff00]));
    assert_eq!(peer.response(&sent[0]).0, 1);
}
