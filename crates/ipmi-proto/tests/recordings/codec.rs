//! Every recorded packet decoded, opened with keys of our own, sealed and encoded again: our bytes are the world's bytes.

use bytes::BytesMut;
use ipmi_proto::crypto::{Authentication, CipherSuite, KeyExchange, Password, SessionKeys, Unauthentic};
use ipmi_proto::number::{
    AuthenticationAlgorithm, CipherSuiteId, Guid, Iv, PayloadType, RandomNumber, Role, SessionId, UserName,
};
use ipmi_proto::wire::{
    Datagram, LanRequest, LanResponse, OpenSessionRequest, OpenSessionResponse, Rakp1, Rakp2, Rakp3, Rakp4,
    RmcpHeader, Sealed, SessionV20, Sessionless,
};
use std::collections::{BTreeMap, BTreeSet};

use crate::capture::{Capture, Direction};

impl Capture {
    /// Whose IPMI answers have other addresses than the request says.
    fn server_mixes_up_addresses(&self) -> bool {
        self.server.contains("go-ipmi") || self.server.contains("zipmi")
    }

    /// Whose refusals have another length than 8 bytes.
    fn server_has_odd_refusals(&self) -> bool {
        self.server.contains("ipmi_sim")
    }
}

/// What one capture has established so far, from its packets alone.
#[derive(Default)]
struct Replay {
    sessions: Vec<Session>,
    open_requests: Vec<OpenSessionRequest>,
}

struct Session {
    suite: CipherSuite,
    exchange: KeyExchange,
    keys: Option<SessionKeys>,
}

impl Replay {
    /// Learns from a packet outside of a session.
    fn learn(&mut self, capture: &Capture, packet: &Sessionless<'_>) {
        match packet.payload_type {
            PayloadType::OPEN_SESSION_REQUEST => {
                self.open_requests.push(OpenSessionRequest::decode(packet.payload).unwrap());
            }
            PayloadType::OPEN_SESSION_RESPONSE => {
                let response = OpenSessionResponse::decode(packet.payload).unwrap();
                let Ok(grant) = response.outcome else { return };
                let proposal = grant.proposal().unwrap();
                let suite = CipherSuite::by_algorithms(
                    proposal.authentication.unwrap(),
                    proposal.integrity.unwrap(),
                    proposal.confidentiality.unwrap(),
                )
                .unwrap();
                let exchange = KeyExchange {
                    authentication: suite.algorithms().unwrap().authentication(),
                    console_session_id: response.console_session_id,
                    managed_session_id: grant.managed_session_id,
                    console_random: RandomNumber([0; 16]),
                    managed_random: RandomNumber([0; 16]),
                    guid: Guid([0; 16]),
                    role: Role(0),
                    user_name: UserName::new(b"").unwrap(),
                };
                self.sessions.push(Session { suite, exchange, keys: None });
            }
            PayloadType::RAKP_1 => {
                let message = Rakp1::decode(packet.payload).unwrap();
                let session = self.by_managed_id(message.managed_session_id);
                session.exchange.console_random = message.console_random;
                session.exchange.role = message.role;
                session.exchange.user_name = message.user_name;
            }
            PayloadType::RAKP_2 => {
                let message = Rakp2::decode(packet.payload).unwrap();
                let Ok(grant) = message.outcome else { return };
                let session = self.by_console_id(message.console_session_id);
                session.exchange.managed_random = grant.managed_random;
                session.exchange.guid = grant.guid;
                if !capture.server_password_unknown {
                    assert_eq!(
                        session.exchange.managed_proof(&capture.server_password()),
                        grant.auth_code,
                        "{}",
                        capture.name
                    );
                }
                if capture.server_password_unknown || capture.server_password.is_some() {
                    assert_ne!(
                        session.exchange.managed_proof(&capture.client_password()),
                        grant.auth_code,
                        "{}",
                        capture.name
                    );
                }
            }
            PayloadType::RAKP_3 => {
                let message = Rakp3::decode(packet.payload).unwrap();
                let Ok(code) = message.outcome else { return };
                let session = self.by_managed_id(message.managed_session_id);
                let right = session.exchange.console_proof(&capture.client_password()) == code;
                assert_eq!(right, !capture.rakp3_wrong, "{}", capture.name);
            }
            PayloadType::RAKP_4 => {
                let message = Rakp4::decode(packet.payload).unwrap();
                let Ok(code) = message.outcome else { return };
                let session = self.by_console_id(message.console_session_id);
                let sik =
                    session.exchange.session_key(&capture.server_password(), capture.server_kg().as_ref());
                assert_eq!(session.exchange.integrity_check(&sik), code, "{}", capture.name);
                let algorithms = session.suite.algorithms().unwrap();
                session.keys = Some(SessionKeys::derive(algorithms, &sik, &capture.server_password()));
            }
            _ => {}
        }
    }

    fn by_managed_id(&mut self, id: SessionId) -> &mut Session {
        self.sessions.iter_mut().rev().find(|it| it.exchange.managed_session_id == id).unwrap()
    }

    fn by_console_id(&mut self, id: SessionId) -> &mut Session {
        self.sessions.iter_mut().rev().find(|it| it.exchange.console_session_id == id).unwrap()
    }

    fn of(&mut self, direction: Direction, id: SessionId) -> &mut Session {
        match direction {
            Direction::C2s => self.by_managed_id(id),
            Direction::S2c => self.by_console_id(id),
        }
    }
}

/// Calls `check` with every packet of a session and that session's suite and keys, and counts them by suite.
fn for_every_sealed_packet(
    mut check: impl FnMut(&Capture, usize, Direction, Sealed<'_>, &SessionKeys),
) -> BTreeMap<u8, usize> {
    let mut count = BTreeMap::new();
    for capture in Capture::all() {
        let mut replay = Replay::default();
        for (index, packet) in capture.packets.iter().enumerate() {
            match Datagram::decode(&packet.bytes).unwrap() {
                Datagram::V20(SessionV20::Sessionless(message)) => replay.learn(&capture, &message),
                Datagram::V20(SessionV20::Sealed(sealed)) => {
                    let session = replay.of(packet.dir, sealed.session_id());
                    let keys = session.keys.as_ref().expect("a packet before the session is set up");
                    check(&capture, index, packet.dir, sealed, keys);
                    *count.entry(session.suite.id().0).or_default() += 1;
                }
                _ => {}
            }
        }
    }
    count
}

fn encoded(encode: impl FnOnce(&mut BytesMut)) -> BytesMut {
    let mut out = BytesMut::new();
    encode(&mut out);
    out
}

fn bytes(hex: Option<&String>) -> Option<Vec<u8>> {
    hex.map(|it| hex::decode(it).unwrap())
}

fn array(hex: &str) -> [u8; 16] {
    hex::decode(hex).unwrap().try_into().unwrap()
}

#[test]
fn every_captured_datagram_encodes_to_itself() {
    let mut count = 0;
    for capture in Capture::all() {
        for (index, packet) in capture.packets.iter().enumerate() {
            let datagram = Datagram::decode(&packet.bytes)
                .unwrap_or_else(|error| panic!("{} packet {index}: {error}", capture.name));
            let again = encoded(|out| datagram.encode(out).unwrap());
            assert_eq!(again, packet.bytes, "{} packet {index}", capture.name);
            count += 1;
        }
    }
    assert_eq!(count, 7129);
}

#[test]
fn every_captured_setup_payload_encodes_to_itself() {
    let mut count = BTreeMap::<PayloadType, usize>::new();
    let mut odd_refusals = 0;
    for capture in Capture::all() {
        for (index, packet) in capture.packets.iter().enumerate() {
            let Datagram::V20(SessionV20::Sessionless(Sessionless { payload_type, payload, .. })) =
                Datagram::decode(&packet.bytes).unwrap()
            else {
                continue;
            };
            let again = match payload_type {
                PayloadType::OPEN_SESSION_REQUEST => {
                    encoded(|out| OpenSessionRequest::decode(payload).unwrap().encode(out))
                }
                PayloadType::OPEN_SESSION_RESPONSE => {
                    encoded(|out| OpenSessionResponse::decode(payload).unwrap().encode(out))
                }
                PayloadType::RAKP_1 => encoded(|out| Rakp1::decode(payload).unwrap().encode(out)),
                PayloadType::RAKP_2 => encoded(|out| Rakp2::decode(payload).unwrap().encode(out)),
                PayloadType::RAKP_3 => encoded(|out| Rakp3::decode(payload).unwrap().encode(out)),
                PayloadType::RAKP_4 => encoded(|out| Rakp4::decode(payload).unwrap().encode(out)),
                PayloadType::IPMI => match packet.dir {
                    Direction::C2s => encoded(|out| LanRequest::decode(payload).unwrap().encode(out)),
                    Direction::S2c => encoded(|out| LanResponse::decode(payload).unwrap().encode(out)),
                },
                other => panic!("{} packet {index}: {other}", capture.name),
            };
            *count.entry(payload_type).or_default() += 1;
            let refused = packet.dir == Direction::S2c && payload_type.is_session_setup() && payload[1] != 0;
            if refused && capture.server_has_odd_refusals() && payload.len() != 8 {
                odd_refusals += 1;
                assert_eq!(again[..2], payload[..2], "{} packet {index}", capture.name);
                assert_eq!(again.len(), 8);
            } else {
                assert_eq!(again, payload, "{} packet {index}", capture.name);
            }
        }
    }
    assert_eq!(count[&PayloadType::OPEN_SESSION_REQUEST], 316);
    assert!(odd_refusals > 0);
    assert_eq!(count.len(), 7, "{count:?}");
}

#[test]
fn every_captured_message_in_1_5_framing_encodes_to_itself() {
    let mut count = 0;
    for capture in Capture::all() {
        for (index, packet) in capture.packets.iter().enumerate() {
            let Datagram::V15(v15) = Datagram::decode(&packet.bytes).unwrap() else { continue };
            let again = match packet.dir {
                Direction::C2s => LanRequest::decode(v15.message).unwrap().to_bytes(),
                Direction::S2c => LanResponse::decode(v15.message).unwrap().to_bytes(),
            };
            assert_eq!(again, v15.message, "{} packet {index}", capture.name);
            count += 1;
        }
    }
    assert_eq!(count, 830);
}

#[test]
fn every_captured_packet_of_a_session_opens_and_seals_to_itself() {
    let count = for_every_sealed_packet(|capture, index, direction, sealed, keys| {
        let context = format!("{} packet {index}", capture.name);
        let opened = keys.open(&sealed).unwrap_or_else(|error| panic!("{context}: {error}"));
        let derived = &capture.derived.packets[index];
        if let Some(plain) = bytes(derived.plain.as_ref()) {
            let pad_len = usize::from(*plain.last().unwrap());
            assert_eq!(opened.payload()[..], plain[..plain.len() - pad_len - 1], "{context}");
        }

        let iv = Iv(derived.iv.as_deref().map_or([0; 16], array));
        let again = encoded(|out| {
            RmcpHeader::IPMI.encode(out);
            let (payload_type, sequence) = (opened.payload_type(), opened.sequence());
            keys.seal(payload_type, sealed.session_id(), sequence, iv, opened.payload(), out).unwrap();
        });
        assert_eq!(again, capture.packets[index].bytes, "{context}");

        match (opened.payload_type(), direction) {
            (PayloadType::IPMI, Direction::C2s) => {
                let message = LanRequest::decode(opened.payload()).unwrap();
                let expected = derived.ipmi.as_ref().unwrap();
                assert_eq!(message.net_fn.0, expected.netfn, "{context}");
                assert_eq!(message.command.0, expected.cmd, "{context}");
                assert_eq!(message.requester_seq.get(), expected.rqseq, "{context}");
                assert_eq!(hex::encode(&message.data), expected.data, "{context}");
                assert_eq!(message.to_bytes(), opened.payload(), "{context}");
            }
            (PayloadType::IPMI, Direction::S2c) => {
                let message = LanResponse::decode(opened.payload()).unwrap();
                let expected = derived.ipmi.as_ref().unwrap();
                assert_eq!(message.net_fn.0, expected.netfn, "{context}");
                assert_eq!(message.command.0, expected.cmd, "{context}");
                assert_eq!(message.requester_seq.get(), expected.rqseq, "{context}");
                assert_eq!(Some(message.completion_code.0), expected.cc, "{context}");
                assert_eq!(hex::encode(&message.data), expected.data, "{context}");
                assert_eq!(message.to_bytes(), opened.payload(), "{context}");
            }
            (PayloadType::SOL, _) => assert_eq!(derived.kind, "sol", "{context}"),
            (other, _) => panic!("{context}: {other}"),
        }
    });
    let suites: Vec<u8> = count.keys().copied().collect();
    assert_eq!(suites, [0, 1, 2, 3, 6, 7, 8, 11, 12, 15, 16, 17]);
    assert_eq!(count.values().sum::<usize>(), 4459);
}

#[test]
fn answers_of_conformant_servers_are_what_respond_makes() {
    let mut requests = BTreeMap::<(String, u8, u8), LanRequest>::new();
    let mut count = 0;
    for_every_sealed_packet(|capture, index, direction, sealed, keys| {
        let opened = keys.open(&sealed).unwrap();
        if opened.payload_type() != PayloadType::IPMI {
            return;
        }
        match direction {
            Direction::C2s => {
                let request = LanRequest::decode(opened.payload()).unwrap();
                let key = (capture.name.clone(), request.requester_seq.get(), request.command.0);
                requests.insert(key, request);
            }
            Direction::S2c if !capture.server_mixes_up_addresses() => {
                let response = LanResponse::decode(opened.payload()).unwrap();
                let key = (capture.name.clone(), response.requester_seq.get(), response.command.0);
                let again = requests[&key].respond(response.completion_code, response.data);
                assert_eq!(again.to_bytes(), opened.payload(), "{} packet {index}", capture.name);
                count += 1;
            }
            Direction::S2c => {}
        }
    });
    assert_eq!(count, 1441);
}

#[test]
fn codes_and_keys_are_those_derived_from_the_capture() {
    let mut count = BTreeMap::<u8, usize>::new();
    for capture in Capture::all() {
        for session in &capture.derived.sessions {
            let (Some(rm), Some(rc), Some(guid)) = (&session.rm, &session.rc, &session.guid) else {
                continue;
            };
            let exchange = KeyExchange {
                authentication: Authentication::of(AuthenticationAlgorithm(session.auth_alg)).unwrap(),
                console_session_id: SessionId(session.console_sid),
                managed_session_id: SessionId(session.bmc_sid.unwrap()),
                console_random: RandomNumber(array(rm)),
                managed_random: RandomNumber(array(rc)),
                guid: Guid(array(guid)),
                role: Role(session.role.unwrap()),
                user_name: UserName::new(session.username.as_deref().unwrap().as_bytes()).unwrap(),
            };
            let name = &capture.name;
            if !capture.server_password_unknown
                && let Some(expected) = bytes(session.rakp2_hmac.as_ref())
            {
                assert_eq!(exchange.managed_proof(&capture.server_password()).as_bytes(), expected, "{name}");
            }
            if !capture.rakp3_wrong
                && let Some(expected) = bytes(session.rakp3_hmac.as_ref())
            {
                assert_eq!(exchange.console_proof(&capture.client_password()).as_bytes(), expected, "{name}");
            }
            let sik = exchange.session_key(&capture.server_password(), capture.server_kg().as_ref());
            if let Some(expected) = bytes(session.sik.as_ref()) {
                assert_eq!(sik.expose(), expected, "{name}");
                let k1 = exchange.authentication.k1(&sik);
                let k2 = exchange.authentication.k2(&sik);
                assert_eq!(k1.expose(), bytes(session.k1.as_ref()).unwrap(), "{name}");
                assert_eq!(k2.expose(), bytes(session.k2.as_ref()).unwrap(), "{name}");
                *count.entry(session.auth_alg).or_default() += 1;
            }
            if let Some(expected) = bytes(session.rakp4_icv.as_ref()) {
                assert_eq!(exchange.integrity_check(&sik).as_bytes(), expected, "{name}");
            }
        }
    }
    assert_eq!(count.keys().copied().collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert_eq!(count.values().sum::<usize>(), 285);
}

#[test]
fn no_packet_opens_after_any_single_bit_is_flipped() {
    // All bits of the first packets of each suite and direction, one bit of every other packet.
    let mut seen = BTreeMap::<(u8, bool), usize>::new();
    for_every_sealed_packet(|capture, index, direction, sealed, keys| {
        if !sealed.is_authenticated() {
            return;
        }
        let datagram = &capture.packets[index].bytes;
        let bits = (datagram.len() - RMCP_HEADER) * 8;
        let seen = seen.entry((suite_of(capture), direction == Direction::C2s)).or_default();
        *seen += 1;
        let flips: Vec<usize> = if *seen <= 8 { (0..bits).collect() } else { vec![(*seen * 7919) % bits] };
        for bit in flips {
            let mut damaged = datagram.clone();
            damaged[RMCP_HEADER + bit / 8] ^= 1 << (bit % 8);
            let context = || format!("{} packet {index} bit {bit}", capture.name);
            assert!(!opens(&damaged, keys), "{}", context());
        }
    });
    assert!(seen.len() >= 16, "{seen:?}");
}

#[test]
fn no_packet_opens_with_bytes_cut_off_or_added() {
    for_every_sealed_packet(|capture, index, _, sealed, keys| {
        let datagram = &capture.packets[index].bytes;
        let mut longer = datagram.clone();
        longer.push(0);
        assert!(!opens(&longer, keys), "{} packet {index}", capture.name);
        assert!(!opens(&datagram[..datagram.len() - 1], keys), "{} packet {index}", capture.name);
        if sealed.is_authenticated() {
            longer.extend_from_slice(&datagram[datagram.len() - 16..]);
            assert!(!opens(&longer, keys), "{} packet {index}", capture.name);
        }
    });
}

#[test]
fn no_packet_opens_with_the_keys_of_another_session() {
    let mut strangers = BTreeMap::<CipherSuiteId, SessionKeys>::new();
    let mut checked = BTreeSet::new();
    for_every_sealed_packet(|capture, index, _, sealed, keys| {
        let algorithms = keys.algorithms();
        let suite = CipherSuite::ALL.into_iter().find(|it| it.algorithms() == Some(algorithms)).unwrap();
        if !sealed.is_authenticated() {
            return;
        }
        let stranger = strangers.entry(suite.id()).or_insert_with(|| {
            let exchange = KeyExchange {
                authentication: algorithms.authentication(),
                console_session_id: SessionId(1),
                managed_session_id: SessionId(2),
                console_random: RandomNumber([3; 16]),
                managed_random: RandomNumber([4; 16]),
                guid: Guid([5; 16]),
                role: Role(0x14),
                user_name: UserName::new(b"stranger").unwrap(),
            };
            let password = Password::new(b"another password").unwrap();
            SessionKeys::derive(algorithms, &exchange.session_key(&password, None), &password)
        });
        assert_eq!(stranger.open(&sealed), Err(Unauthentic::AuthCode), "{} packet {index}", capture.name);
        checked.insert(suite.id());
    });
    assert_eq!(checked.len(), 8, "{checked:?}");
}

fn suite_of(capture: &Capture) -> u8 {
    capture.cipher_suite.unwrap_or(0xff)
}

/// Whether a datagram decodes and opens.
fn opens(datagram: &[u8], keys: &SessionKeys) -> bool {
    match Datagram::decode(datagram) {
        Ok(Datagram::V20(SessionV20::Sealed(sealed))) => keys.open(&sealed).is_ok(),
        // A flipped bit can turn a packet into one of another format; none of those reaches a session's keys.
        _ => false,
    }
}

const RMCP_HEADER: usize = 4;
