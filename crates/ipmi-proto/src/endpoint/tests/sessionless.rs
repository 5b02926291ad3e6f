//! Before a session: pings, capabilities, cipher suites, GUID, and everything that must not work.

use super::bench::{Bench, GUID, config, request, user, v15, v20};
use crate::crypto::Kg;
use crate::endpoint::{DropReason, EndpointConfig, User};
use crate::number::{
    Address, CipherSuiteId, CompletionCode, Lun, MessageTag, NetFn, PayloadType, PrivilegeLevel, SessionId,
    SessionV15Algorithm,
};
use crate::wire::{Asf, Authenticator, Datagram, LanRequest, PresencePing, RmcpHeader, SessionV15};

fn capabilities(bench: &mut Bench, data: &[u8]) -> (CompletionCode, Vec<u8>) {
    let response = bench.ask_v15(&request(NetFn::APP, 0x38, data));
    (response.completion_code, response.data.to_vec())
}

fn suites(bench: &mut Bench, data: &[u8]) -> (CompletionCode, Vec<u8>) {
    let response = bench.ask_v20(&request(NetFn::APP, 0x54, data));
    (response.completion_code, response.data.to_vec())
}

const OK: CompletionCode = CompletionCode::NORMAL;

#[test]
fn presence_ping_gets_a_pong_that_says_ipmi() {
    let mut bench = Bench::new(config());
    let ping = Datagram::Asf {
        sequence: RmcpHeader::NO_ACK,
        message: Asf::Ping(PresencePing { tag: MessageTag(9) }),
    };
    let pong = bench.feed(&super::bench::encode(&ping)).only().unwrap();
    assert_eq!(pong.to, bench.from);
    assert_eq!(hex::encode(pong.datagram), "0600ff06000011be40090010000011be000000008100000000000000");
    assert_eq!(bench.endpoint.counters().pings, 1);
}

#[test]
fn capabilities_are_exact_with_and_without_the_2_0_bit() {
    let mut bench = Bench::new(config());
    for channel in [0x0e, 0x01] {
        let extended = capabilities(&mut bench, &[0x80 | channel, 4]);
        assert_eq!(extended, (OK, vec![0x01, 0x80, 0x04, 0x02, 0, 0, 0, 0]));
        let plain = capabilities(&mut bench, &[channel, 4]);
        assert_eq!(plain, (OK, vec![0x01, 0x00, 0x04, 0x00, 0, 0, 0, 0]));
    }
}

#[test]
fn capabilities_say_that_kg_is_set_only_if_it_is() {
    let with = |kg: &[u8]| EndpointConfig { kg: Some(Kg::new(kg).unwrap()), ..config() };
    let set = capabilities(&mut Bench::new(with(b"key")), &[0x8e, 4]);
    assert_eq!(set, (OK, vec![0x01, 0x80, 0x24, 0x02, 0, 0, 0, 0]));
    let null = capabilities(&mut Bench::new(with(&[0; 20])), &[0x8e, 4]);
    assert_eq!(null, (OK, vec![0x01, 0x80, 0x04, 0x02, 0, 0, 0, 0]));
}

#[test]
fn capabilities_say_which_names_can_log_in() {
    let admin = PrivilegeLevel::ADMINISTRATOR;
    let status = |users: Vec<User>| {
        capabilities(&mut Bench::new(EndpointConfig { users: users.into(), ..config() }), &[0x8e, 4]).1[2]
    };
    assert_eq!(status(vec![user("", "secret", admin)]), 0x02);
    assert_eq!(status(vec![user("", "secret", admin), user("a", "b", admin)]), 0x06);
    assert_eq!(status(vec![user("", "x", PrivilegeLevel::NO_ACCESS), user("a", "b", admin)]), 0x04);
    assert_eq!(status(vec![user("", "", admin), user("a", "b", admin)]), 0x05);
}

#[test]
fn capabilities_of_wrong_channel_or_level_are_cc_and_of_wrong_length_c7() {
    let mut bench = Bench::new(config());
    for data in [[0x82, 4], [0x8f, 4], [0x80, 4], [0x8e, 0], [0x8e, 6], [0x8e, 0x14]] {
        assert_eq!(capabilities(&mut bench, &data), (CompletionCode::INVALID_DATA_FIELD, vec![]));
    }
    for data in [&[][..], &[0x8e], &[0x8e, 4, 0]] {
        assert_eq!(capabilities(&mut bench, data), (CompletionCode::DATA_LENGTH_INVALID, vec![]));
    }
}

#[test]
fn cipher_suites_are_listed_in_both_framings() {
    let mut bench = Bench::new(config());
    let expected = hex::decode("01c003014181c011034481").unwrap();
    for data in [[0x0e, 0, 0x80], [0x01, 0, 0x80], [0x0e, 1, 0x80]] {
        assert_eq!(suites(&mut bench, &data), (OK, expected.clone()));
        let response = bench.ask_v15(&request(NetFn::APP, 0x54, &data));
        assert_eq!(response.data, expected);
    }
    assert_eq!(suites(&mut bench, &[0x0e, 0, 0x81]), (OK, vec![1]), "beyond the end");
}

#[test]
fn cipher_suite_list_comes_in_pages_and_writes_none_out() {
    let cipher_suites = vec![CipherSuiteId(3), CipherSuiteId(0), CipherSuiteId(1), CipherSuiteId(2)];
    let mut bench = Bench::new(EndpointConfig { cipher_suites, ..config() });
    let mut list = Vec::new();
    let mut lengths = Vec::new();
    for page in 0..3 {
        let (code, data) = suites(&mut bench, &[0x0e, 0, 0x80 | page]);
        assert_eq!((code, data[0]), (OK, 1));
        lengths.push(data.len() - 1);
        list.extend_from_slice(&data[1..]);
    }
    assert_eq!(lengths, [16, 4, 0]);
    assert_eq!(hex::encode(list), "c000004080c001014080c002014180c003014181");
}

#[test]
fn list_that_fills_its_last_page_is_ended_by_an_empty_one() {
    // 16 suites of 5 bytes would be 5 full pages, but there are 12: the longest list has 60 bytes.
    let cipher_suites = (0..=19).map(CipherSuiteId).collect();
    let mut bench = Bench::new(EndpointConfig { cipher_suites, ..config() });
    let lengths: Vec<usize> =
        (0..5).map(|page| suites(&mut bench, &[0x0e, 0, 0x80 | page]).1.len() - 1).collect();
    assert_eq!(lengths, [16, 16, 16, 12, 0]);
}

#[test]
fn algorithms_are_listed_once_each() {
    let mut bench = Bench::new(config());
    assert_eq!(suites(&mut bench, &[0x0e, 0, 0x00]), (OK, vec![1, 0x01, 0x03, 0x41, 0x44, 0x81]));
}

#[test]
fn cipher_suites_of_wrong_channel_or_payload_are_cc_and_of_wrong_length_c7() {
    let mut bench = Bench::new(config());
    for data in [[0x02, 0, 0x80], [0x0e, 2, 0x80], [0x1e, 0, 0x80], [0x0e, 0, 0xc0]] {
        assert_eq!(suites(&mut bench, &data), (CompletionCode::INVALID_DATA_FIELD, vec![]));
    }
    for data in [&[0x0e, 0][..], &[0x0e, 0, 0x80, 0]] {
        assert_eq!(suites(&mut bench, data), (CompletionCode::DATA_LENGTH_INVALID, vec![]));
    }
}

#[test]
fn system_guid_is_told_to_everybody_as_configured() {
    let mut bench = Bench::new(config());
    assert_eq!(bench.ask_v15(&request(NetFn::APP, 0x37, &[])).data, GUID.0[..]);
    assert_eq!(bench.ask_v20(&request(NetFn::APP, 0x37, &[])).data, GUID.0[..]);
    let code = bench.ask_v15(&request(NetFn::APP, 0x37, &[0])).completion_code;
    assert_eq!(code, CompletionCode::DATA_LENGTH_INVALID);
}

#[test]
fn session_challenge_is_cc_because_no_1_5_authentication_is_on_offer() {
    let mut bench = Bench::new(config());
    for algorithm in [0, 1, 2, 4] {
        let mut data = [0; 17];
        data[0] = algorithm;
        let code = bench.ask_v15(&request(NetFn::APP, 0x39, &data)).completion_code;
        assert_eq!(code, CompletionCode::INVALID_DATA_FIELD);
    }
}

#[test]
fn every_other_command_outside_of_a_session_is_d4() {
    let mut bench = Bench::new(config());
    let free = [(6, 0x37), (6, 0x38), (6, 0x39), (6, 0x54)];
    for net_fn in (0..0x40).step_by(2) {
        for command in 0..=0xff {
            if free.contains(&(net_fn, command)) {
                continue;
            }
            let asked = request(NetFn(net_fn), command, &[1, 2, 3]);
            for answer in [bench.ask_v15(&asked), bench.ask_v20(&asked)] {
                assert_eq!(answer.completion_code, CompletionCode::INSUFFICIENT_PRIVILEGE);
                assert!(answer.data.is_empty());
            }
        }
    }
    assert_eq!(bench.endpoint.counters().requests, 0);
}

#[test]
fn answer_goes_back_with_the_numbers_of_the_request() {
    let mut bench = Bench::new(config());
    let asked = LanRequest {
        requester: Address(0x83),
        requester_seq: crate::number::RqSeq::new(0x2a),
        requester_lun: Lun::new(2),
        ..request(NetFn::APP, 0x37, &[])
    };
    assert_eq!(bench.ask_v15(&asked), asked.respond(OK, GUID.0.to_vec()));
}

#[test]
fn other_lun_is_c2() {
    let mut bench = Bench::new(config());
    for lun in 1..=3 {
        let asked = LanRequest { responder_lun: Lun::new(lun), ..request(NetFn::APP, 0x37, &[]) };
        assert_eq!(bench.ask_v15(&asked).completion_code, CompletionCode::INVALID_FOR_LUN);
    }
}

#[test]
fn messages_that_are_no_requests_to_the_bmc_are_dropped() {
    let mut bench = Bench::new(config());
    let other = LanRequest { responder: Address(0x82), ..request(NetFn::APP, 0x37, &[]) };
    assert!(bench.feed(&v15(&other.to_bytes())).is_nothing());
    assert_eq!(bench.endpoint.counters().dropped(DropReason::OtherResponder), 1);

    let response = request(NetFn::APP, 0x37, &[]).respond(OK, vec![]);
    let mut broken = request(NetFn::APP, 0x37, &[]).to_bytes().to_vec();
    *broken.last_mut().unwrap() ^= 1;
    for message in [&response.to_bytes()[..], &broken, &[0x20, 0x18], &[]] {
        assert!(bench.feed(&v15(message)).is_nothing());
        assert!(bench.feed(&v20(PayloadType::IPMI, message)).is_nothing());
    }
    assert_eq!(bench.endpoint.counters().dropped(DropReason::BadMessage), 8);
    assert_eq!(bench.endpoint.counters().dropped_in_all(), 9);
}

#[test]
fn packets_of_1_5_sessions_are_dropped() {
    let mut bench = Bench::new(config());
    let message = request(NetFn::APP, 0x3b, &[4]).to_bytes();
    let authenticator = Authenticator::new(SessionV15Algorithm::MD5, [0; 16]);
    let with_id = SessionV15 { session_id: SessionId(1), ..SessionV15::sessionless(&message) };
    let with_code = SessionV15 { authenticator, ..SessionV15::sessionless(&message) };
    for packet in [with_id, with_code] {
        assert!(bench.feed(&super::bench::encode(&Datagram::V15(packet))).is_nothing());
    }
    assert_eq!(bench.endpoint.counters().dropped(DropReason::SessionV15), 2);
}

#[test]
fn payloads_without_business_outside_of_a_session_are_dropped() {
    let mut bench = Bench::new(config());
    for payload_type in (0..0x40).filter(|it| ![0, 2, 0x10, 0x12, 0x14].contains(it)).map(PayloadType) {
        assert!(bench.feed(&v20(payload_type, &[0; 40])).is_nothing());
        assert_eq!(
            bench.endpoint.counters().dropped(DropReason::OtherPayload),
            bench.endpoint.counters().datagrams
        );
    }
}

#[test]
fn what_is_not_rmcp_is_dropped() {
    let mut bench = Bench::new(config());
    let thump = b"thump\0\0\0\0\0";
    let ack = [6, 0, 3, 0x86];
    for datagram in [&[][..], &[6], thump, &[0; 16], &[6, 0, 0xff, 8, 0], &[6, 0, 0xff, 7], &ack] {
        assert!(bench.feed(datagram).is_nothing());
    }
    assert_eq!(bench.endpoint.counters().dropped(DropReason::Malformed), 6);
    assert_eq!(bench.endpoint.counters().dropped(DropReason::Acknowledgement), 1);
}
