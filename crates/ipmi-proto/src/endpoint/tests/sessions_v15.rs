//! IPMI 1.5 sessions, step by step, and what breaks them.

use std::time::Duration;

use bytes::Bytes;

use super::bench::{Bench, address, config, encode, named, request, secret, user, v15, v20};
use crate::command::Body;
use crate::command::app::{ActivateSession, ActivatedSession, GetSessionChallenge, SessionChallenge};
use crate::crypto::{CipherSuite, PacketKey};
use crate::endpoint::{DropReason, EndpointConfig, GuardLimits, Response};
use crate::number::{
    CompletionCode, NetFn, PayloadType, PrivilegeLevel, RqSeq, SessionId, SessionSequence,
    SessionV15Algorithm,
};
use crate::wire::{Datagram, LanRequest, LanResponse};

const ALL: [SessionV15Algorithm; 4] = [
    SessionV15Algorithm::NONE,
    SessionV15Algorithm::MD2,
    SessionV15Algorithm::MD5,
    SessionV15Algorithm::PASSWORD,
];

fn allowed() -> EndpointConfig {
    EndpointConfig { ipmi_1_5: ALL.to_vec(), ..config() }
}

/// A console of IPMI 1.5.
#[derive(Debug, Clone)]
struct Old {
    key: PacketKey,
    id: SessionId,
    sequence: SessionSequence,
    /// The number of the next answer.
    expected: SessionSequence,
    rq_seq: RqSeq,
}

impl Old {
    fn packet(&self, message: &[u8]) -> Bytes {
        encode(&Datagram::V15(self.key.seal(self.id, self.sequence, message)))
    }

    fn request(&mut self, net_fn: NetFn, command: u8, data: &[u8]) -> Bytes {
        self.rq_seq = self.rq_seq.next();
        let request = LanRequest { requester_seq: self.rq_seq, ..request(net_fn, command, data) };
        let datagram = self.packet(&request.to_bytes());
        self.sequence = self.sequence.next();
        datagram
    }

    fn answer(&mut self, datagram: &[u8]) -> LanResponse {
        let Ok(Datagram::V15(packet)) = Datagram::decode(datagram) else { panic!("{datagram:?}") };
        assert!(self.key.verifies(&packet));
        assert_eq!((packet.session_id, packet.sequence), (self.id, self.expected));
        self.expected = self.expected.next();
        LanResponse::decode(packet.message).unwrap()
    }
}

fn challenge(
    bench: &mut Bench,
    algorithm: SessionV15Algorithm,
    name: &str,
) -> Result<SessionChallenge, CompletionCode> {
    let asked = GetSessionChallenge { algorithm, user_name: named(name) };
    let answer = bench.ask_v15(&request(NetFn::APP, 0x39, &asked.to_bytes()));
    if answer.completion_code.is_normal() {
        Ok(SessionChallenge::decode(&answer.data).unwrap())
    } else {
        Err(answer.completion_code)
    }
}

const FIRST: SessionSequence = SessionSequence(0xffff_fffe);

fn activation(
    challenge: SessionChallenge,
    algorithm: SessionV15Algorithm,
    level: PrivilegeLevel,
) -> ActivateSession {
    ActivateSession {
        algorithm,
        maximum_privilege: level,
        challenge: challenge.challenge,
        initial_outbound: FIRST,
    }
}

fn half_way(
    bench: &mut Bench,
    algorithm: SessionV15Algorithm,
    name: &str,
    password: &str,
) -> (Old, SessionChallenge) {
    let challenge = challenge(bench, algorithm, name).expect("a challenge");
    let old = Old {
        key: PacketKey::new(algorithm, secret(password)).unwrap(),
        id: challenge.temporary_id,
        sequence: SessionSequence::NONE,
        expected: FIRST,
        rq_seq: RqSeq::new(0),
    };
    (old, challenge)
}

/// `None` is silence.
fn activate(
    bench: &mut Bench,
    old: &mut Old,
    asked: &ActivateSession,
) -> Option<Result<ActivatedSession, CompletionCode>> {
    let message = request(NetFn::APP, 0x3a, &asked.to_bytes()).to_bytes();
    let sent = bench.feed(&old.packet(&message)).only()?;
    let answer = old.answer(&sent.datagram);
    Some(if answer.completion_code.is_normal() {
        let activated = ActivatedSession::decode(&answer.data).unwrap();
        (old.id, old.sequence) = (activated.session_id, activated.initial_inbound);
        Ok(activated)
    } else {
        Err(answer.completion_code)
    })
}

fn logged_in(bench: &mut Bench, algorithm: SessionV15Algorithm) -> Old {
    let (mut old, challenge) = half_way(bench, algorithm, "admin", "secret");
    let asked = activation(challenge, algorithm, PrivilegeLevel::ADMINISTRATOR);
    let activated = activate(bench, &mut old, &asked).unwrap().unwrap();
    assert_ne!(activated.session_id, challenge.temporary_id);
    assert_eq!(
        (activated.algorithm, activated.maximum_privilege),
        (algorithm, PrivilegeLevel::ADMINISTRATOR)
    );
    old
}

fn ask(bench: &mut Bench, old: &mut Old, command: u8, data: &[u8]) -> LanResponse {
    let sent = bench.feed(&old.request(NetFn::APP, command, data)).only().expect("an answer");
    old.answer(&sent.datagram)
}

#[test]
fn session_of_each_type_stands_raises_its_level_asks_and_closes() {
    for algorithm in ALL {
        let mut bench = Bench::new(allowed());
        let mut old = logged_in(&mut bench, algorithm);
        assert_eq!(&ask(&mut bench, &mut old, 0x3b, &[0]).data[..], [2], "user level at first");
        assert_eq!(&ask(&mut bench, &mut old, 0x3b, &[4]).data[..], [4]);
        let info = ask(&mut bench, &mut old, 0x3d, &[0]);
        assert_eq!(info.data[5] >> 4, 0, "protocol 1.5");
        let asked = bench.feed(&old.request(NetFn::CHASSIS, 1, &[])).request.expect("a request");
        assert_eq!(asked.privilege, PrivilegeLevel::ADMINISTRATOR);
        let sent = bench.respond(asked, Response::normal(&[1, 2, 3][..]));
        assert_eq!(&old.answer(&sent[0].datagram).data[..], [1, 2, 3]);
        let id = old.id.0.to_le_bytes();
        assert!(ask(&mut bench, &mut old, 0x3c, &id).completion_code.is_normal());
        assert_eq!(bench.endpoint.active_sessions(), 0);
    }
}

#[test]
fn types_that_are_not_named_are_neither_told_nor_given() {
    for algorithm in ALL {
        let mut bench = Bench::new(EndpointConfig { ipmi_1_5: vec![algorithm], ..config() });
        for other in ALL.into_iter().filter(|other| *other != algorithm) {
            assert_eq!(challenge(&mut bench, other, "admin"), Err(CompletionCode::INVALID_DATA_FIELD));
        }
        let data = bench.ask_v15(&request(NetFn::APP, 0x38, &[0x8e, 4])).data;
        assert_eq!((data[1], data[3]), (0x80 | 1 << algorithm.0, 3));
        let data = bench.ask_v15(&request(NetFn::APP, 0x38, &[0x0e, 4])).data;
        assert_eq!((data[1], data[3]), (1 << algorithm.0, 0));
        let (_, challenge) = half_way(&mut bench, algorithm, "admin", "secret");
        let mut old = half_way(&mut bench, algorithm, "admin", "secret").0;
        old.id = challenge.temporary_id;
        let asked = activation(challenge, SessionV15Algorithm::OEM, PrivilegeLevel::USER);
        assert_eq!(activate(&mut bench, &mut old, &asked), Some(Err(CompletionCode::INVALID_DATA_FIELD)));
    }
}

#[test]
fn challenge_is_given_in_1_5_framing_only() {
    let mut bench = Bench::new(allowed());
    let asked = GetSessionChallenge { algorithm: SessionV15Algorithm::MD5, user_name: named("admin") };
    let message = request(NetFn::APP, 0x39, &asked.to_bytes()).to_bytes();
    let (_, payload) = bench.setup(PayloadType::IPMI, &message).unwrap();
    let answer = LanResponse::decode(&payload).unwrap();
    assert_eq!(answer.completion_code, CompletionCode::INVALID_DATA_FIELD);
    assert!(!bench.feed(&v15(&message)).is_nothing());
    assert!(!bench.feed(&v20(PayloadType::IPMI, &message)).is_nothing());
}

#[test]
fn unknown_user_is_81_and_the_null_user_82_unless_hidden() {
    let mut bench = Bench::new(allowed());
    let md5 = SessionV15Algorithm::MD5;
    for name in ["nobody", "gone"] {
        assert_eq!(challenge(&mut bench, md5, name), Err(GetSessionChallenge::INVALID_USER_NAME));
    }
    assert_eq!(challenge(&mut bench, md5, ""), Err(GetSessionChallenge::NULL_USER_NOT_ENABLED));
    assert_eq!(bench.endpoint.occupancy().sessions, 0);

    let mut bench = Bench::new(EndpointConfig { hide_users: true, ..allowed() });
    for algorithm in ALL {
        for name in ["nobody", ""] {
            let (mut old, challenge) = half_way(&mut bench, algorithm, name, "guess");
            let asked = activation(challenge, algorithm, PrivilegeLevel::USER);
            assert_eq!(activate(&mut bench, &mut old, &asked), None, "{name} {algorithm}");
        }
    }
}

#[test]
fn password_of_more_than_16_bytes_cannot_be_used() {
    let long = user("long", "seventeen bytes !", PrivilegeLevel::ADMINISTRATOR);
    let mut bench = Bench::new(EndpointConfig { users: vec![long].into(), ..allowed() });
    let refused = challenge(&mut bench, SessionV15Algorithm::MD5, "long");
    assert_eq!(refused, Err(GetSessionChallenge::INVALID_USER_NAME));
}

#[test]
fn wrong_password_is_answered_with_silence_and_the_third_ends_the_login() {
    let mut bench = Bench::new(allowed());
    for algorithm in [SessionV15Algorithm::MD2, SessionV15Algorithm::MD5, SessionV15Algorithm::PASSWORD] {
        let (right, challenge) = half_way(&mut bench, algorithm, "admin", "secret");
        let mut wrong = Old { key: PacketKey::new(algorithm, secret("guess")).unwrap(), ..right.clone() };
        let asked = activation(challenge, algorithm, PrivilegeLevel::ADMINISTRATOR);
        for _ in 0..2 {
            assert_eq!(activate(&mut bench, &mut wrong, &asked), None);
        }
        assert!(
            activate(&mut bench, &mut right.clone(), &asked).unwrap().is_ok(),
            "a stray copy must not hurt"
        );

        let (right, challenge) = half_way(&mut bench, algorithm, "admin", "secret");
        wrong.id = right.id;
        let asked = activation(challenge, algorithm, PrivilegeLevel::ADMINISTRATOR);
        (0..3).for_each(|_| assert_eq!(activate(&mut bench, &mut wrong, &asked), None));
        assert_eq!(activate(&mut bench, &mut right.clone(), &asked), None, "gone");
    }
}

#[test]
fn wrong_challenge_number_level_and_first_number_are_refused() {
    let mut bench = Bench::new(allowed());
    let md5 = SessionV15Algorithm::MD5;
    let (old, challenge) = half_way(&mut bench, md5, "watcher", "look");
    let good = activation(challenge, md5, PrivilegeLevel::OPERATOR);
    let mut other = good;
    other.challenge.0[3] ^= 1;
    assert_eq!(activate(&mut bench, &mut old.clone(), &other), None);
    let mut numbered = old.clone();
    numbered.sequence = SessionSequence(7);
    assert_eq!(activate(&mut bench, &mut numbered, &good), None);
    let above = ActivateSession { maximum_privilege: PrivilegeLevel::ADMINISTRATOR, ..good };
    assert_eq!(activate(&mut bench, &mut old.clone(), &above), Some(Err(ActivateSession::EXCEEDS_LIMIT)));
    let mut zero = Old { expected: SessionSequence::NONE, ..old.clone() };
    let asked = ActivateSession { initial_outbound: SessionSequence::NONE, ..good };
    assert_eq!(activate(&mut bench, &mut zero, &asked), Some(Err(ActivateSession::SEQUENCE_OUT_OF_RANGE)));
    assert!(activate(&mut bench, &mut old.clone(), &good).unwrap().is_ok());
}

#[test]
fn repeated_activation_gets_the_same_answer_and_changes_nothing() {
    let mut bench = Bench::new(allowed());
    let md5 = SessionV15Algorithm::MD5;
    let (old, challenge) = half_way(&mut bench, md5, "admin", "secret");
    let asked = activation(challenge, md5, PrivilegeLevel::ADMINISTRATOR);
    let mut first = old.clone();
    let activated = activate(&mut bench, &mut first, &asked).unwrap();
    ask(&mut bench, &mut first, 0x3b, &[0]);
    assert_eq!(activate(&mut bench, &mut old.clone(), &asked), Some(activated));
    assert_eq!(bench.endpoint.active_sessions(), 1);
    ask(&mut bench, &mut first, 0x3b, &[0]);
}

#[test]
fn retransmitted_packet_is_dropped_and_a_repeated_request_answered_from_memory() {
    let mut bench = Bench::new(allowed());
    let mut old = logged_in(&mut bench, SessionV15Algorithm::MD5);
    let datagram = old.request(NetFn::CHASSIS, 2, &[2]);
    let asked = bench.feed(&datagram).request.expect("a request");
    let sent = bench.respond(asked, Response::normal(&[][..]));
    old.answer(&sent[0].datagram);
    assert!(bench.feed(&datagram).is_nothing());
    assert_eq!(bench.endpoint.counters().dropped(DropReason::Replayed), 1);
    old.rq_seq = RqSeq::new(old.rq_seq.get() - 1);
    let again = bench.feed(&old.request(NetFn::CHASSIS, 2, &[2]));
    assert!(again.request.is_none());
    old.answer(&again.sent[0].datagram);
}

#[test]
fn every_flipped_bit_of_a_packet_drops_it() {
    let mut bench = Bench::new(allowed());
    for algorithm in [SessionV15Algorithm::MD2, SessionV15Algorithm::MD5] {
        let mut old = logged_in(&mut bench, algorithm);
        let datagram = old.request(NetFn::CHASSIS, 2, &[2]);
        for bit in 4 * 8..datagram.len() * 8 {
            let mut changed = datagram.to_vec();
            changed[bit / 8] ^= 1 << (bit % 8);
            // The four high bits of the first byte are reserved and covered by nothing.
            if changed[4] & 0x0f != datagram[4] & 0x0f || bit >= 5 * 8 {
                assert!(bench.feed(&changed).request.is_none(), "{algorithm} bit {bit}");
            }
        }
        assert!(bench.feed(&datagram).request.is_some());
    }
}

#[test]
fn packet_without_code_or_of_another_type_is_dropped() {
    let mut bench = Bench::new(allowed());
    let mut old = logged_in(&mut bench, SessionV15Algorithm::MD5);
    for algorithm in [SessionV15Algorithm::NONE, SessionV15Algorithm::MD2, SessionV15Algorithm::PASSWORD] {
        let mut other = Old { key: PacketKey::new(algorithm, secret("secret")).unwrap(), ..old.clone() };
        assert!(bench.feed(&other.request(NetFn::CHASSIS, 2, &[0])).is_nothing(), "{algorithm}");
    }
    assert_eq!(bench.endpoint.counters().dropped(DropReason::Unauthentic), 3);
    assert!(bench.feed(&old.request(NetFn::CHASSIS, 1, &[])).request.is_some());
}

#[test]
fn packets_of_one_kind_of_session_do_not_reach_the_other() {
    let mut bench = Bench::new(allowed());
    let mut old = logged_in(&mut bench, SessionV15Algorithm::NONE);
    let mut new = bench.logged_in();
    let new_id = new.id();
    let mut crossed = Old { id: new_id, ..old.clone() };
    assert!(bench.feed(&crossed.request(NetFn::CHASSIS, 2, &[0])).is_nothing());
    let mut stolen = bench.logged_in();
    stolen.exchange.managed_session_id = old.id;
    assert!(bench.feed(&stolen.request(NetFn::CHASSIS, 2, &[0])).is_nothing());
    assert_eq!(bench.endpoint.counters().dropped(DropReason::WrongProtection), 2);
    let rakp1 = bench.opened(CipherSuite::SHA256_AES, "admin", "secret");
    let mut to_old = rakp1.rakp1();
    to_old.managed_session_id = old.id;
    assert!(bench.rakp1(&to_old).is_err());
    assert!(bench.feed(&old.request(NetFn::CHASSIS, 1, &[])).request.is_some());
    bench.hand_over(&mut new, NetFn::CHASSIS, 1, &[]);
}

#[test]
fn session_ends_after_silence_and_its_login_after_a_while() {
    let mut bench = Bench::new(allowed());
    let mut old = logged_in(&mut bench, SessionV15Algorithm::MD5);
    assert_eq!(bench.endpoint.occupancy().sessions, 2);
    bench.wait(Duration::from_secs(15));
    assert_eq!(bench.endpoint.occupancy().sessions, 1);
    bench.wait(Duration::from_secs(45));
    assert!(bench.feed(&old.request(NetFn::CHASSIS, 1, &[])).is_nothing());
    assert_eq!(bench.endpoint.counters().dropped(DropReason::SessionV15), 1);
}

#[test]
fn sixth_wrong_password_makes_the_next_challenge_wait() {
    let mut bench = Bench::new(EndpointConfig { guard: GuardLimits::DEFAULT, ..allowed() });
    let md5 = SessionV15Algorithm::MD5;
    for _ in 0..6 {
        let (mut old, challenge) = half_way(&mut bench, md5, "admin", "guess");
        let asked = activation(challenge, md5, PrivilegeLevel::ADMINISTRATOR);
        assert_eq!(activate(&mut bench, &mut old, &asked), None);
    }
    assert_eq!(challenge(&mut bench, md5, "admin"), Err(CompletionCode::NODE_BUSY));
    bench.from = std::net::SocketAddr::from(([192, 0, 2, 77], 1));
    logged_in(&mut bench, md5);
    bench.from = address(1000);
    bench.wait(Duration::from_secs(1));
    logged_in(&mut bench, md5);
}

fn elsewhere() -> std::net::SocketAddr {
    std::net::SocketAddr::from(([203, 0, 113, 9], 99))
}

#[test]
fn recorded_packet_from_another_address_is_not_taken_again() {
    for algorithm in ALL {
        let mut bench = Bench::new(allowed());
        let mut old = logged_in(&mut bench, algorithm);
        let datagram = old.request(NetFn::CHASSIS, 2, &[2]);
        let asked = bench.feed(&datagram).request.expect("a request");
        bench.from = elsewhere();
        assert!(bench.feed(&datagram).is_nothing(), "{algorithm}");
        let sent = bench.respond(asked, Response::normal(&[][..]));
        assert_eq!(sent[0].to, address(1000), "the answer goes to who asked");
    }
}

#[test]
fn packet_signed_with_another_password_does_nothing() {
    let mut bench = Bench::new(allowed());
    for algorithm in [SessionV15Algorithm::MD2, SessionV15Algorithm::MD5, SessionV15Algorithm::PASSWORD] {
        let mut old = logged_in(&mut bench, algorithm);
        let mut thief = Old { key: PacketKey::new(algorithm, secret("guess")).unwrap(), ..old.clone() };
        bench.from = elsewhere();
        assert!(bench.feed(&thief.request(NetFn::CHASSIS, 2, &[0])).is_nothing(), "{algorithm}");
        bench.from = address(1000);
        assert!(bench.feed(&old.request(NetFn::CHASSIS, 1, &[])).request.is_some(), "{algorithm}");
    }
}

#[test]
fn numbers_outside_of_the_window_are_dropped_even_if_authentic() {
    let mut bench = Bench::new(allowed());
    let mut old = logged_in(&mut bench, SessionV15Algorithm::MD5);
    let first = old.sequence.0;
    for ahead in [8, 9, 1000, u32::MAX / 2] {
        old.sequence = SessionSequence(first.wrapping_add(ahead));
        assert!(bench.feed(&old.request(NetFn::CHASSIS, 2, &[0])).is_nothing(), "{ahead} ahead");
    }
    old.sequence = SessionSequence(first.wrapping_add(7));
    assert!(bench.feed(&old.request(NetFn::CHASSIS, 1, &[])).request.is_some());
    old.sequence = SessionSequence(first.wrapping_sub(1));
    assert!(bench.feed(&old.request(NetFn::CHASSIS, 2, &[0])).is_nothing(), "before the first");
    old.sequence = SessionSequence(first);
    assert!(bench.feed(&old.request(NetFn::CHASSIS, 1, &[])).request.is_some(), "late, and not yet seen");
}

#[test]
fn recorded_login_opens_no_second_session() {
    let mut bench = Bench::new(allowed());
    for algorithm in ALL {
        let (old, challenge) = half_way(&mut bench, algorithm, "admin", "secret");
        let asked = activation(challenge, algorithm, PrivilegeLevel::ADMINISTRATOR);
        let datagram = old.packet(&request(NetFn::APP, 0x3a, &asked.to_bytes()).to_bytes());
        bench.feed(&datagram).only().expect("an answer");
        bench.endpoint.end_all_sessions();
        bench.from = elsewhere();
        bench.feed(&datagram);
        // Nor with the id of a login that waits for its activation.
        let (mut other, _) = half_way(&mut bench, algorithm, "admin", "guess");
        let mut renamed = datagram.to_vec();
        renamed[9..13].copy_from_slice(&other.id.0.to_le_bytes());
        bench.feed(&renamed);
        assert_eq!(activate(&mut bench, &mut other, &asked), None, "{algorithm}: the challenge is another");
        assert_eq!(bench.endpoint.active_sessions(), 0, "{algorithm}");
        bench.from = address(1000);
    }
}

#[test]
fn every_truncation_of_a_packet_drops_it() {
    let mut bench = Bench::new(allowed());
    for algorithm in ALL {
        let mut old = logged_in(&mut bench, algorithm);
        let datagram = old.request(NetFn::CHASSIS, 2, &[2]);
        for len in 0..datagram.len() {
            assert!(bench.feed(&datagram[..len]).is_nothing(), "{algorithm}, {len} bytes");
        }
        assert!(bench.feed(&datagram).request.is_some(), "{algorithm}: the packet itself is still good");
    }
}

/// Everything that somebody sees who logs in with a wrong password: the answers, byte by byte, and what is counted.
fn seen_with_wrong_password(algorithm: SessionV15Algorithm, name: &str) -> (Vec<Bytes>, String) {
    let mut bench = Bench::new(EndpointConfig { hide_users: true, ..allowed() });
    let mut answers = Vec::new();
    // The random numbers are the same in every bench, so a login that drew more or fewer of them would show in the next one.
    for _ in 0..2 {
        let asked = GetSessionChallenge { algorithm, user_name: named(name) };
        let sent = bench.feed(&v15(&request(NetFn::APP, 0x39, &asked.to_bytes()).to_bytes()));
        answers.extend(sent.only().map(|transmit| transmit.datagram));
        let (mut wrong, challenge) = half_way(&mut bench, algorithm, name, "guess");
        let asked = activation(challenge, algorithm, PrivilegeLevel::ADMINISTRATOR);
        for _ in 0..4 {
            assert_eq!(activate(&mut bench, &mut wrong, &asked), None, "{name}");
        }
        answers.push(Bytes::copy_from_slice(&challenge.to_bytes()));
    }
    let counted = format!("{:?} {:?}", bench.endpoint.counters(), bench.endpoint.occupancy());
    (answers, counted)
}

#[test]
fn hidden_unknown_user_makes_the_same_work_and_the_same_bytes_as_a_wrong_password() {
    for algorithm in [SessionV15Algorithm::MD2, SessionV15Algorithm::MD5, SessionV15Algorithm::PASSWORD] {
        let known = seen_with_wrong_password(algorithm, "admin");
        assert_eq!(known.0.len(), 4);
        for name in ["nobody", "gone", ""] {
            assert_eq!(seen_with_wrong_password(algorithm, name), known, "{algorithm:?} {name:?}");
        }
    }
}

/// The shortest time of many that an endpoint takes for a wrong code of a user, by turns with another.
fn shortest(algorithm: SessionV15Algorithm, names: [&str; 2]) -> [Duration; 2] {
    let config = EndpointConfig { hide_users: true, ..allowed() };
    let mut best = [Duration::MAX; 2];
    for _ in 0..1500 {
        for (best, name) in best.iter_mut().zip(names) {
            let mut bench = Bench::new(config.clone());
            let (wrong, challenge) = half_way(&mut bench, algorithm, name, "guess");
            let asked = activation(challenge, algorithm, PrivilegeLevel::ADMINISTRATOR);
            let datagram = wrong.packet(&request(NetFn::APP, 0x3a, &asked.to_bytes()).to_bytes());
            #[expect(clippy::disallowed_methods, reason = "this is about real time")]
            let begin = std::time::Instant::now();
            std::hint::black_box(bench.endpoint.handle_datagram(bench.now, bench.from, &datagram));
            *best = begin.elapsed().min(*best);
        }
    }
    best
}

#[test]
fn code_of_a_hidden_unknown_user_takes_as_long_as_that_of_a_known_one() {
    for algorithm in [SessionV15Algorithm::MD2, SessionV15Algorithm::MD5, SessionV15Algorithm::PASSWORD] {
        let [known, unknown] = shortest(algorithm, ["admin", "nobody"]);
        println!("{algorithm:?}: known {known:?}, unknown {unknown:?}");
        assert!(unknown * 3 > known * 2 && known * 3 > unknown * 2, "{algorithm:?} {known:?} {unknown:?}");
    }
}
