//! Serial over LAN: who gets it, what goes through it, and what ends it.

use std::time::Duration;

use bytes::Bytes;

use super::bench::{Bench, CONSOLE, Peer, address, config};
use crate::command::transport::SolAuthentication;
use crate::crypto::{CipherSuite, SessionKeys};
use crate::endpoint::{DropReason, EndpointConfig, SolEnd, SolEvent, SolLine, Transmit};
use crate::number::{CipherSuiteId, NetFn, PayloadType, PrivilegeLevel, SolSequence};
use crate::sol::SolParameters;
use crate::wire::{Datagram, SessionV20, SolOperation, SolPacket, SolStatus};

const ACTIVATE: [u8; 6] = [1, 1, 0xc6, 0, 0, 0];
const DEACTIVATE: [u8; 6] = [1, 1, 0, 0, 0, 0];

fn bench() -> Bench {
    bench_of(EndpointConfig { port: 6230, ..config() })
}

fn bench_of(config: EndpointConfig) -> Bench {
    let mut bench = Bench::new(config);
    bench.endpoint.set_sol_line(bench.now, SolLine::Working { room: 1000 });
    bench
}

/// An administrator's session at its full level.
fn admin(bench: &mut Bench) -> Peer {
    let mut peer = bench.logged_in();
    assert_eq!(ask(bench, &mut peer, 0x3b, &[4]).0, 0);
    peer
}

fn ask(bench: &mut Bench, peer: &mut Peer, command: u8, data: &[u8]) -> (u8, Vec<u8>) {
    let (code, data) = bench.ask(peer, NetFn::APP, command, data);
    (code.0, data.to_vec())
}

fn activated(bench: &mut Bench) -> Peer {
    let mut peer = admin(bench);
    assert_eq!(ask(bench, &mut peer, 0x48, &ACTIVATE).0, 0);
    assert!(matches!(events(bench)[..], [SolEvent::Activated { .. }]));
    peer
}

fn parameters(bench: &mut Bench, change: impl FnOnce(&mut SolParameters)) {
    let mut parameters = *bench.endpoint.sol_parameters();
    change(&mut parameters);
    bench.endpoint.set_sol_parameters(bench.now, parameters);
}

fn without_force(authentication: &mut SolAuthentication) {
    authentication.force_encryption = false;
    authentication.force_authentication = false;
}

fn events(bench: &mut Bench) -> Vec<SolEvent> {
    std::iter::from_fn(|| bench.endpoint.poll_sol_event()).collect()
}

fn typed(sequence: u8, text: &str) -> SolPacket<SolOperation> {
    SolPacket {
        sequence: SolSequence::new(sequence),
        acknowledged: SolSequence::NONE,
        accepted: 0,
        control: SolOperation::empty(),
        characters: Bytes::copy_from_slice(text.as_bytes()),
    }
}

fn type_to(bench: &mut Bench, peer: &mut Peer, sequence: u8, text: &str) -> Vec<Transmit> {
    bench.feed(&peer.packet(PayloadType::SOL, &typed(sequence, text).to_bytes())).sent
}

/// A packet of Serial over LAN for this console, and its session sequence number.
fn sol(keys: &SessionKeys, transmit: &Transmit) -> (u32, SolPacket<SolStatus>) {
    let Ok(Datagram::V20(SessionV20::Sealed(packet))) = Datagram::decode(&transmit.datagram) else {
        panic!("{transmit:?}")
    };
    assert_eq!(packet.session_id(), CONSOLE);
    let opened = keys.open(&packet).unwrap();
    assert_eq!(opened.payload_type(), PayloadType::SOL);
    (packet.sequence().0, SolPacket::decode(opened.payload()).unwrap())
}

fn keys(peer: &Peer) -> SessionKeys {
    peer.keys.clone().unwrap()
}

#[test]
fn activation_tells_the_sizes_the_port_and_no_vlan() {
    let mut bench = bench();
    let mut peer = admin(&mut bench);
    let (code, answer) = ask(&mut bench, &mut peer, 0x48, &ACTIVATE);
    assert_eq!((code, answer), (0, vec![0, 0, 0, 0, 0xff, 0, 0xff, 0, 0x56, 0x18, 0xff, 0xff]));
    let events = events(&mut bench);
    let [SolEvent::Activated { session, user, peer: Some(from) }] = &events[..] else { panic!("{events:?}") };
    assert_eq!((*session, &**user, *from), (peer.id(), "admin", bench.from));
    assert_eq!(bench.endpoint.sol_session(), Some(peer.id()));
}

#[test]
fn second_activation_is_80_in_any_session() {
    let mut bench = bench();
    let mut peer = activated(&mut bench);
    assert_eq!(ask(&mut bench, &mut peer, 0x48, &ACTIVATE), (0x80, vec![]));
    let mut other = admin(&mut bench);
    assert_eq!(ask(&mut bench, &mut other, 0x48, &ACTIVATE), (0x80, vec![]));
}

#[test]
fn node_without_console_or_with_the_payload_off_is_81() {
    let mut bench = Bench::new(config());
    let mut peer = admin(&mut bench);
    assert_eq!(ask(&mut bench, &mut peer, 0x48, &ACTIVATE), (0x81, vec![]));
    assert_eq!(ask(&mut bench, &mut peer, 0x49, &DEACTIVATE), (0x81, vec![]));
    bench.endpoint.set_sol_line(bench.now, SolLine::Broken);
    parameters(&mut bench, |it| it.enabled = false);
    assert_eq!(ask(&mut bench, &mut peer, 0x48, &ACTIVATE), (0x81, vec![]));
    parameters(&mut bench, |it| it.enabled = true);
    assert_eq!(ask(&mut bench, &mut peer, 0x48, &ACTIVATE).0, 0);
}

#[test]
fn lower_level_than_configured_is_d4_for_both_commands() {
    let mut bench = bench();
    let mut peer = bench.logged_in();
    assert_eq!(ask(&mut bench, &mut peer, 0x48, &ACTIVATE), (0xd4, vec![]), "still at user level");
    assert_eq!(ask(&mut bench, &mut peer, 0x49, &DEACTIVATE), (0xd4, vec![]));
    ask(&mut bench, &mut peer, 0x3b, &[3]);
    assert_eq!(ask(&mut bench, &mut peer, 0x48, &ACTIVATE).0, 0);
    parameters(&mut bench, |it| it.authentication.privilege = PrivilegeLevel::ADMINISTRATOR);
    assert_eq!(ask(&mut bench, &mut peer, 0x49, &DEACTIVATE), (0xd4, vec![]));
}

#[test]
fn other_payloads_and_instances_are_cc_and_wrong_lengths_c7() {
    let mut bench = bench();
    let mut peer = admin(&mut bench);
    for command in [0x48, 0x49] {
        for (payload, instance) in [(0, 1), (2, 1), (0x20, 1), (1, 0), (1, 2)] {
            let data = [payload, instance, 0xc0, 0, 0, 0];
            assert_eq!(ask(&mut bench, &mut peer, command, &data), (0xcc, vec![]));
        }
        assert_eq!(ask(&mut bench, &mut peer, command, &[1, 1]), (0xc7, vec![]));
    }
    assert_eq!(ask(&mut bench, &mut peer, 0x48, &[1, 1, 0x80, 0, 0, 0]), (0xcc, vec![]), "without signature");
}

#[test]
fn payload_that_must_be_encrypted_is_84_in_clear_and_83_in_a_session_that_cannot() {
    let mut bench = bench();
    let mut peer = admin(&mut bench);
    assert_eq!(ask(&mut bench, &mut peer, 0x48, &[1, 1, 0x40, 0, 0, 0]), (0x84, vec![]));

    let plain = CipherSuiteId(1);
    let mut bench = bench_of(EndpointConfig { cipher_suites: vec![plain], ..config() });
    let suite = CipherSuite::by_id(plain).unwrap();
    let mut peer = bench.logged_in_as(suite, "admin", "secret", PrivilegeLevel::ADMINISTRATOR);
    ask(&mut bench, &mut peer, 0x3b, &[4]);
    assert_eq!(ask(&mut bench, &mut peer, 0x48, &ACTIVATE), (0x83, vec![]));
    parameters(&mut bench, |it| without_force(&mut it.authentication));
    assert_eq!(ask(&mut bench, &mut peer, 0x48, &ACTIVATE).0, 0, "as the session is");
}

#[test]
fn characters_go_both_ways_on_the_sequence_numbers_of_the_session() {
    let mut bench = bench();
    let mut peer = activated(&mut bench);
    bench.endpoint.sol_print(bench.now, b"login: ");
    assert!(bench.sent().is_empty(), "gathered");
    bench.wait(Duration::from_millis(20));
    let sent = bench.sent();
    let (number, packet) = sol(&keys(&peer), &sent[0]);
    // Privilege and activation were answered before.
    assert_eq!((number, packet.sequence.get(), &packet.characters[..]), (3, 1, &b"login: "[..]));

    let sent = type_to(&mut bench, &mut peer, 1, "root\r");
    let (number, packet) = sol(&keys(&peer), &sent[0]);
    assert_eq!((number, packet.acknowledged.get(), packet.accepted), (4, 1, 5));
    assert_eq!(events(&mut bench), [SolEvent::Characters(Bytes::from_static(b"root\r"))]);
    assert_eq!(ask(&mut bench, &mut peer, 0x3b, &[0]).0, 0, "commands go on beside it");
}

#[test]
fn packets_go_to_where_the_console_is_now() {
    let mut bench = bench();
    let mut peer = activated(&mut bench);
    bench.from = address(4000);
    type_to(&mut bench, &mut peer, 1, "x");
    bench.endpoint.sol_print(bench.now, &[b'y'; 96]);
    assert_eq!(bench.sent()[0].to, address(4000));
}

#[test]
fn what_is_typed_never_exceeds_the_room_of_the_line() {
    let mut bench = bench();
    let mut peer = activated(&mut bench);
    bench.endpoint.set_sol_line(bench.now, SolLine::Working { room: 6 });
    let accepted = |bench: &mut Bench, peer: &mut Peer, sequence, text| {
        let sent = type_to(bench, peer, sequence, text);
        let (_, packet) = sol(&keys(peer), &sent[0]);
        (packet.accepted, packet.control)
    };
    assert_eq!(accepted(&mut bench, &mut peer, 1, "abcd"), (4, SolStatus::empty()));
    assert_eq!(accepted(&mut bench, &mut peer, 2, "efgh"), (2, SolStatus::empty()));
    assert_eq!(accepted(&mut bench, &mut peer, 3, "gh"), (0, SolStatus::NACK));
    bench.endpoint.set_sol_line(bench.now, SolLine::Working { room: 6 });
    assert_eq!(accepted(&mut bench, &mut peer, 3, "gh"), (2, SolStatus::empty()));
}

#[test]
fn line_that_breaks_is_told_and_everything_typed_refused() {
    let mut bench = bench();
    let mut peer = activated(&mut bench);
    bench.endpoint.set_sol_line(bench.now, SolLine::Broken);
    let sent = bench.sent();
    assert_eq!(sol(&keys(&peer), &sent[0]).1.control, SolStatus::UNAVAILABLE);
    let sent = type_to(&mut bench, &mut peer, 1, "x");
    assert_eq!(sol(&keys(&peer), &sent[0]).1.control, SolStatus::NACK.with(SolStatus::UNAVAILABLE));
    assert_eq!(events(&mut bench), []);
}

#[test]
fn packets_of_a_session_that_has_not_activated_it_are_dropped() {
    let mut bench = bench();
    let mut stranger = admin(&mut bench);
    assert!(type_to(&mut bench, &mut stranger, 1, "x").is_empty());
    let _peer = activated(&mut bench);
    assert!(type_to(&mut bench, &mut stranger, 1, "x").is_empty());
    assert_eq!(bench.endpoint.counters().dropped(DropReason::PayloadNotActive), 2);
    assert_eq!(events(&mut bench), []);
}

#[test]
fn replayed_packet_is_dropped_before_anybody_looks_at_it() {
    let mut bench = bench();
    let mut peer = activated(&mut bench);
    let datagram = peer.packet(PayloadType::SOL, &typed(1, "x").to_bytes());
    assert_eq!(bench.feed(&datagram).sent.len(), 1);
    assert!(bench.feed(&datagram).is_nothing());
    assert_eq!(bench.endpoint.counters().dropped(DropReason::Replayed), 1);
}

#[test]
fn own_deactivation_ends_it_without_a_farewell() {
    let mut bench = bench();
    let mut peer = activated(&mut bench);
    assert_eq!(ask(&mut bench, &mut peer, 0x49, &DEACTIVATE), (0, vec![]));
    let ended = SolEvent::Deactivated { session: peer.id(), reason: SolEnd::Deactivated };
    assert_eq!(events(&mut bench), [ended]);
    assert_eq!(ask(&mut bench, &mut peer, 0x49, &DEACTIVATE), (0x80, vec![]));
    assert_eq!(ask(&mut bench, &mut peer, 0x48, &ACTIVATE).0, 0, "it can be activated again");
}

#[test]
fn another_session_may_deactivate_and_the_console_is_told() {
    let mut bench = bench();
    let peer = activated(&mut bench);
    let mut other = admin(&mut bench);
    let outcome = bench.feed(&other.request(NetFn::APP, 0x49, &DEACTIVATE));
    assert_eq!(outcome.sent.len(), 2);
    let (_, farewell) = sol(&keys(&peer), &outcome.sent[0]);
    assert_eq!((farewell.sequence.get(), farewell.control), (0, SolStatus::DEACTIVATING));
    assert_eq!(other.answer(&outcome.sent[1]).0.0, 0);
    let ended = SolEvent::Deactivated { session: peer.id(), reason: SolEnd::DeactivatedByOther };
    assert_eq!(events(&mut bench), [ended]);
}

#[test]
fn end_of_the_session_is_the_end_of_the_payload() {
    let mut bench = bench();
    let mut peer = activated(&mut bench);
    let id = peer.id();
    assert_eq!(ask(&mut bench, &mut peer, 0x3c, &id.0.to_le_bytes()).0, 0);
    let ended = SolEvent::Deactivated { session: id, reason: SolEnd::SessionEnded };
    assert_eq!(events(&mut bench), [ended]);

    let silent = activated(&mut bench);
    let idle = config().limits.idle_timeout;
    bench.wait(idle);
    let ended = SolEvent::Deactivated { session: silent.id(), reason: SolEnd::SessionEnded };
    assert_eq!(events(&mut bench), [ended]);
    assert_eq!(bench.endpoint.sol_session(), None);
}

#[test]
fn packets_of_the_payload_keep_the_session_alive() {
    let mut bench = bench();
    let mut peer = activated(&mut bench);
    let idle = config().limits.idle_timeout;
    for sequence in 1..=5 {
        bench.wait(idle - Duration::from_secs(1));
        assert_eq!(type_to(&mut bench, &mut peer, sequence, "x").len(), 1);
    }
}

#[test]
fn what_takes_the_payload_away_tells_the_console() {
    let withdrawals: [fn(&mut Bench); 4] = [
        |bench| parameters(bench, |it| it.enabled = false),
        |bench| bench.endpoint.set_sol_line(bench.now, SolLine::Absent),
        |bench| bench.endpoint.deactivate_sol(),
        |bench| bench.endpoint.end_all_sessions(),
    ];
    for withdraw in withdrawals {
        let mut bench = bench();
        let peer = activated(&mut bench);
        withdraw(&mut bench);
        let sent = bench.sent();
        assert_eq!(sol(&keys(&peer), &sent[0]).1.control.bits() & 0x10, 0x10);
        let ended = SolEvent::Deactivated { session: peer.id(), reason: SolEnd::Withdrawn };
        assert_eq!(events(&mut bench), [ended]);
    }
}

#[test]
fn status_counts_the_instance_and_info_names_its_session() {
    let mut bench = bench();
    let mut peer = admin(&mut bench);
    assert_eq!(ask(&mut bench, &mut peer, 0x4a, &[1]), (0, vec![1, 0, 0]));
    assert_eq!(ask(&mut bench, &mut peer, 0x4b, &[1, 1]), (0, vec![0; 12]));
    ask(&mut bench, &mut peer, 0x48, &ACTIVATE);
    assert_eq!(ask(&mut bench, &mut peer, 0x4a, &[1]), (0, vec![1, 1, 0]));
    let mut info = peer.id().0.to_le_bytes().to_vec();
    info.extend([0; 8]);
    assert_eq!(ask(&mut bench, &mut peer, 0x4b, &[1, 1]), (0, info));
    assert_eq!(ask(&mut bench, &mut peer, 0x4a, &[0]), (0xcc, vec![]));
    assert_eq!(ask(&mut bench, &mut peer, 0x4b, &[1, 2]), (0xcc, vec![]));
}

#[test]
fn channel_has_the_payload_only_where_the_node_has_a_console() {
    let mut bench = Bench::new(config());
    let mut peer = admin(&mut bench);
    let none = vec![1, 0, 0x3f, 0, 0, 0, 0, 0];
    assert_eq!(ask(&mut bench, &mut peer, 0x4e, &[0x0e]), (0, none));
    assert_eq!(ask(&mut bench, &mut peer, 0x4f, &[1, 1]), (0x80, vec![]));
    assert_eq!(ask(&mut bench, &mut peer, 0x4a, &[1]), (0, vec![0, 0, 0]));
    bench.endpoint.set_sol_line(bench.now, SolLine::Broken);
    for channel in [1, 0x0e] {
        let all = vec![3, 0, 0x3f, 0, 0, 0, 0, 0];
        assert_eq!(ask(&mut bench, &mut peer, 0x4e, &[channel]), (0, all));
        for payload in [0, 1, 0x10, 0x15] {
            assert_eq!(ask(&mut bench, &mut peer, 0x4f, &[channel, payload]), (0, vec![0x10]));
        }
        assert_eq!(ask(&mut bench, &mut peer, 0x4f, &[channel, 2]), (0x80, vec![]));
    }
    assert_eq!(ask(&mut bench, &mut peer, 0x4e, &[2]), (0xcc, vec![]));
}

#[test]
fn user_without_access_to_the_payload_is_81() {
    let mut bench = bench();
    let mut peer = admin(&mut bench);
    // User 2 is the first with a name.
    assert_eq!(ask(&mut bench, &mut peer, 0x4d, &[1, 2]), (0, vec![2, 0, 0, 0]));
    assert_eq!(ask(&mut bench, &mut peer, 0x4c, &[0x0e, 0x42, 2, 0, 0, 0]), (0, vec![]));
    assert_eq!(ask(&mut bench, &mut peer, 0x4d, &[1, 2]), (0, vec![0; 4]));
    assert_eq!(ask(&mut bench, &mut peer, 0x48, &ACTIVATE), (0x81, vec![]));
    assert_eq!(ask(&mut bench, &mut peer, 0x4c, &[1, 0x02, 2, 0, 0, 0]), (0, vec![]));
    assert_eq!(ask(&mut bench, &mut peer, 0x48, &ACTIVATE).0, 0);
    assert_eq!(ask(&mut bench, &mut peer, 0x4c, &[1, 0x02, 4, 0, 0, 0]), (0xcc, vec![]), "no such payload");
    assert_eq!(ask(&mut bench, &mut peer, 0x4c, &[1, 0x3f, 2, 0, 0, 0]), (0xcc, vec![]), "no such user");
    assert_eq!(ask(&mut bench, &mut peer, 0x4d, &[1, 0]), (0xcc, vec![]));
    ask(&mut bench, &mut peer, 0x3b, &[3]);
    assert_eq!(ask(&mut bench, &mut peer, 0x4c, &[1, 0x02, 2, 0, 0, 0]), (0xd4, vec![]));
}

#[test]
fn payload_in_clear_is_signed_and_leaves_everything_else_encrypted() {
    let mut bench = bench();
    let mut peer = admin(&mut bench);
    parameters(&mut bench, |it| without_force(&mut it.authentication));
    assert_eq!(ask(&mut bench, &mut peer, 0x48, &[1, 1, 0x40, 0, 0, 0]).0, 0);
    let (encrypted, in_clear) = (keys(&peer), keys(&peer).in_clear());

    peer.keys = Some(in_clear.clone());
    let sent = type_to(&mut bench, &mut peer, 1, "x");
    assert_eq!(sol(&in_clear, &sent[0]).1.accepted, 1);
    let command = peer.request(NetFn::APP, 0x3b, &[0]);
    assert!(bench.feed(&command).is_nothing(), "no command in clear");
    peer.keys = Some(encrypted.clone());
    assert!(type_to(&mut bench, &mut peer, 2, "y").is_empty(), "not what was agreed on");
    assert_eq!(bench.endpoint.counters().dropped(DropReason::WrongProtection), 2);
    assert_eq!(ask(&mut bench, &mut peer, 0x3b, &[0]).0, 0);

    assert_eq!(ask(&mut bench, &mut peer, 0x55, &[1, 1, 1]), (0, vec![]));
    assert_eq!(sol(&encrypted, &type_to(&mut bench, &mut peer, 2, "y")[0]).1.accepted, 1);
    assert_eq!(ask(&mut bench, &mut peer, 0x55, &[1, 1, 0]), (0, vec![]));
    peer.keys = Some(in_clear.clone());
    assert_eq!(sol(&in_clear, &type_to(&mut bench, &mut peer, 3, "z")[0]).1.accepted, 1);
}

#[test]
fn encryption_is_switched_only_where_it_can_be() {
    let mut bench = bench();
    let mut peer = admin(&mut bench);
    assert_eq!(ask(&mut bench, &mut peer, 0x55, &[0, 1, 0]), (0x80, vec![]));
    assert_eq!(ask(&mut bench, &mut peer, 0x55, &[1, 1, 0]), (0x83, vec![]));
    ask(&mut bench, &mut peer, 0x48, &ACTIVATE);
    assert_eq!(ask(&mut bench, &mut peer, 0x55, &[1, 1, 0]), (0x81, vec![]), "forced");
    assert_eq!(ask(&mut bench, &mut peer, 0x55, &[1, 1, 1]), (0, vec![]));
    assert_eq!(ask(&mut bench, &mut peer, 0x55, &[1, 1, 2]), (0x80, vec![]), "nothing to renew");
    assert_eq!(ask(&mut bench, &mut peer, 0x55, &[1, 1, 3]), (0xcc, vec![]));
    let mut other = admin(&mut bench);
    assert_eq!(ask(&mut bench, &mut other, 0x55, &[1, 1, 1]), (0x83, vec![]), "not its own");
}

#[test]
fn lost_answer_to_the_activation_is_repeated_and_nothing_begins_anew() {
    let mut bench = bench();
    let mut peer = activated(&mut bench);
    let answer = bench.feed(&peer.again(NetFn::APP, 0x48, &ACTIVATE)).only().unwrap();
    assert_eq!(peer.answer(&answer).0.0, 0);
    assert_eq!(events(&mut bench), []);
}
