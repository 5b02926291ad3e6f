//! Cipher suites and secrets: what the recorded conversations do not reach.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    reason = "tests"
)]

use bytes::BytesMut;
use ipmi_proto::crypto::{Algorithms, CipherSuite, KeyExchange, Kg, Password, SessionKeys, Unauthentic};
use ipmi_proto::number::{
    CipherSuiteId, Guid, Iv, PayloadType, RandomNumber, Role, SessionId, SessionSequence, UserName,
};
use ipmi_proto::wire::{AuthCode, EncodeError, Sealed, SessionV20};
use proptest::prelude::*;

fn exchange(algorithms: Algorithms) -> KeyExchange {
    KeyExchange {
        authentication: algorithms.authentication(),
        console_session_id: SessionId(0xa0a2_a3a4),
        managed_session_id: SessionId(0x1b82),
        console_random: RandomNumber([0x11; 16]),
        managed_random: RandomNumber([0x22; 16]),
        guid: Guid([0x33; 16]),
        role: Role(0x14),
        user_name: UserName::new(b"admin").unwrap(),
    }
}

fn keys(suite: CipherSuite) -> SessionKeys {
    let algorithms = suite.algorithms().unwrap();
    let password = Password::new(b"secret12").unwrap();
    SessionKeys::derive(algorithms, &exchange(algorithms).session_key(&password, None), &password)
}

fn sealed(packet: &[u8]) -> Sealed<'_> {
    match SessionV20::decode(packet).unwrap() {
        SessionV20::Sealed(sealed) => sealed,
        SessionV20::Sessionless(_) => panic!("not a packet of a session"),
    }
}

fn implemented() -> impl Iterator<Item = CipherSuite> {
    CipherSuite::ALL.into_iter().filter(|suite| suite.algorithms().is_some())
}

#[test]
fn all_suites_but_those_with_rc4_are_implemented() {
    let ids: Vec<u8> = implemented().map(|suite| suite.id().0).collect();
    assert_eq!(ids, [0, 1, 2, 3, 6, 7, 8, 11, 12, 15, 16, 17]);
}

#[test]
fn suites_are_found_by_number_and_by_algorithms() {
    for (number, suite) in (0..).zip(CipherSuite::ALL) {
        assert_eq!(suite.id(), CipherSuiteId(number));
        assert_eq!(CipherSuite::by_id(suite.id()), Some(suite));
        let found =
            CipherSuite::by_algorithms(suite.authentication(), suite.integrity(), suite.confidentiality());
        assert_eq!(found, Some(suite));
    }
    assert_eq!(CipherSuite::by_id(CipherSuiteId(20)), None);
    let (a, b) = (CipherSuite::SHA1_AES, CipherSuite::SHA256_AES);
    assert_eq!(CipherSuite::by_algorithms(a.authentication(), b.integrity(), a.confidentiality()), None);
}

#[test]
fn only_suites_that_sign_and_encrypt_protect_packets() {
    let ids: Vec<u8> = implemented().filter(|it| it.protects_packets()).map(|suite| suite.id().0).collect();
    assert_eq!(ids, [3, 8, 12, 17]);
    assert_eq!(CipherSuite::SHA256_AES.to_string(), "17 (RAKP-HMAC-SHA256, HMAC-SHA256-128, AES-CBC-128)");
}

#[test]
fn secrets_do_not_print() {
    let algorithms = CipherSuite::SHA1_AES.algorithms().unwrap();
    let password = Password::new(b"secret12").unwrap();
    let kg = Kg::new(b"key-of-the-bmc").unwrap();
    let sik = exchange(algorithms).session_key(&password, Some(&kg));
    let keys = SessionKeys::derive(algorithms, &sik, &password);
    assert_eq!(format!("{password:?} {kg:?} {sik:?}"), "Password(…) Kg(…) Sik(…)");
    let printed = format!("{keys:?}");
    assert!(!printed.contains('['), "{printed}");
}

#[test]
fn secrets_have_at_most_twenty_bytes() {
    assert!(Password::new(&[b'x'; 20]).is_ok());
    let error = Password::new(&[b'x'; 21]).unwrap_err();
    assert_eq!(error.to_string(), "password has 21 bytes, the limit is 20");
    assert_eq!(Kg::new(&[b'x'; 21]).unwrap_err().to_string(), "BMC key has 21 bytes, the limit is 20");
}

#[test]
fn a_null_bmc_key_counts_as_none() {
    let exchange = exchange(CipherSuite::SHA256_AES.algorithms().unwrap());
    let password = Password::new(b"secret12").unwrap();
    let sik = |kg: Option<&Kg>| exchange.session_key(&password, kg).expose().to_vec();
    let (null, set) = (Kg::new(&[0; 20]).unwrap(), Kg::new(b"k").unwrap());
    assert_eq!(sik(Some(&null)), sik(None));
    assert_ne!(sik(Some(&set)), sik(None));
    assert_eq!(sik(Some(&set)), exchange.session_key(&Password::new(b"k").unwrap(), None).expose());
}

#[test]
fn every_part_of_the_exchange_changes_its_codes() {
    let algorithms = CipherSuite::SHA1_AES.algorithms().unwrap();
    let password = Password::new(b"secret12").unwrap();
    let codes = |it: &KeyExchange| {
        let sik = it.session_key(&password, None);
        (it.managed_proof(&password), it.console_proof(&password), it.integrity_check(&sik))
    };
    let base = exchange(algorithms);
    let changed = [
        KeyExchange { console_random: RandomNumber([0; 16]), ..base },
        KeyExchange { managed_random: RandomNumber([0; 16]), ..base },
        KeyExchange { role: Role(0x04), ..base },
        KeyExchange { user_name: UserName::new(b"admiN").unwrap(), ..base },
    ];
    for other in changed {
        assert_ne!(codes(&other).0, codes(&base).0, "{other:?}");
        assert_ne!(codes(&other).2, codes(&base).2, "{other:?}");
    }
    // The console's proof covers the managed system's random number, not its own.
    assert_eq!(codes(&changed[0]).1, codes(&base).1);
    assert_ne!(codes(&changed[1]).1, codes(&base).1);
    // The managed system's identity is in its own proofs only.
    let other = KeyExchange { guid: Guid([0; 16]), managed_session_id: SessionId(1), ..base };
    assert_ne!(codes(&other).0, codes(&base).0);
    assert_eq!(codes(&other).1, codes(&base).1);
    assert_ne!(codes(&other).2, codes(&base).2);
}

#[test]
fn codes_compare_by_all_their_bytes() {
    let code = |bytes: &[u8]| AuthCode::new(bytes).unwrap();
    assert_eq!(code(&[1, 2, 3]), code(&[1, 2, 3]));
    assert_ne!(code(&[1, 2, 3]), code(&[1, 2]));
    assert_ne!(code(&[1, 2, 3]), code(&[1, 2, 4]));
    assert_ne!(code(&[1, 2, 0]), code(&[1, 2]));
    assert_eq!(AuthCode::EMPTY, code(&[]));
    assert_eq!(AuthCode::new(&[0; 33]).unwrap_err().len, 33);
}

#[test]
fn protection_other_than_the_suites_is_refused() {
    let all: Vec<_> = implemented().map(|suite| (suite, keys(suite))).collect();
    for (sealing, sealing_keys) in &all {
        let mut packet = BytesMut::new();
        sealing_keys
            .seal(PayloadType::IPMI, SessionId(1), SessionSequence(1), Iv([9; 16]), b"payload", &mut packet)
            .unwrap();
        let sealed = sealed(&packet);
        for (opening, opening_keys) in &all {
            let sealing = sealing.algorithms().unwrap();
            let opening = opening.algorithms().unwrap();
            let signs = |it: Algorithms| it.integrity() != ipmi_proto::crypto::Integrity::None;
            let encrypts = |it: Algorithms| it.confidentiality() != ipmi_proto::crypto::Confidentiality::None;
            let result = opening_keys.open(&sealed);
            if signs(sealing) != signs(opening) || encrypts(sealing) != encrypts(opening) {
                assert_eq!(result, Err(Unauthentic::Protection), "{sealing:?} {opening:?}");
            } else if sealing.integrity() != opening.integrity() {
                assert_eq!(result, Err(Unauthentic::AuthCode), "{sealing:?} {opening:?}");
            }
        }
    }
}

#[test]
fn the_longest_payload_is_sealed_and_one_byte_more_is_not() {
    for (suite, limit) in [(CipherSuite::SHA1_AES, 65_519 - 16), (CipherSuite::ALL[2], 65_535)] {
        let keys = keys(suite);
        let mut packet = BytesMut::new();
        let seal = |clear: &[u8], out: &mut BytesMut| {
            keys.seal(PayloadType::IPMI, SessionId(1), SessionSequence(1), Iv([9; 16]), clear, out)
        };
        let error = seal(&vec![0; limit + 1], &mut packet).unwrap_err();
        assert!(matches!(error, EncodeError { message: "RMCP+ payload", limit: 65_535, .. }), "{error}");
        assert!(packet.is_empty());
        seal(&vec![0; limit], &mut packet).unwrap();
        assert_eq!(keys.open(&sealed(&packet)).unwrap().payload().len(), limit);
    }
}

#[test]
fn the_two_directions_and_the_header_are_covered() {
    let keys = keys(CipherSuite::SHA256_AES);
    let seal = |session_id, sequence| {
        let mut packet = BytesMut::new();
        keys.seal(PayloadType::IPMI, session_id, sequence, Iv([9; 16]), b"payload", &mut packet).unwrap();
        packet
    };
    let base = seal(SessionId(1), SessionSequence(1));
    for other in [seal(SessionId(2), SessionSequence(1)), seal(SessionId(1), SessionSequence(2))] {
        // The header of one with the rest of the other.
        let mixed = [&other[..12], &base[12..]].concat();
        assert_eq!(keys.open(&sealed(&mixed)), Err(Unauthentic::AuthCode));
    }
}

proptest! {
    #[test]
    fn what_is_sealed_opens_to_the_same(
        index in 0..12_usize,
        payload_type in prop::sample::select(vec![0_u8, 1, 0x20]),
        session_id in 1..=u32::MAX,
        sequence in 1..=u32::MAX,
        iv: [u8; 16],
        clear in prop::collection::vec(any::<u8>(), 0..200),
        before in prop::collection::vec(any::<u8>(), 0..5),
    ) {
        let keys = keys(implemented().nth(index).unwrap());
        let mut packet = BytesMut::from(&before[..]);
        let (payload_type, sequence) = (PayloadType(payload_type), SessionSequence(sequence));
        keys.seal(payload_type, SessionId(session_id), sequence, Iv(iv), &clear, &mut packet).unwrap();
        let sealed = sealed(&packet[before.len()..]);
        prop_assert_eq!(sealed.session_id(), SessionId(session_id));
        let opened = keys.open(&sealed).unwrap();
        prop_assert_eq!(opened.payload_type(), payload_type);
        prop_assert_eq!(opened.sequence(), sequence);
        prop_assert_eq!(&opened.payload()[..], &clear[..]);
    }

    #[test]
    fn no_packet_makes_open_panic(
        index in 0..12_usize,
        flags in prop::sample::select(vec![0x00_u8, 0x40, 0x80, 0xc0]),
        length in 0..80_u8,
        rest in prop::collection::vec(any::<u8>(), 0..120),
    ) {
        let mut packet = vec![0x06, flags, 1, 0, 0, 0, 1, 0, 0, 0, length, 0];
        packet.extend_from_slice(&rest);
        if let Ok(SessionV20::Sealed(sealed)) = SessionV20::decode(&packet) {
            let keys = keys(implemented().nth(index).unwrap());
            let opened = keys.open(&sealed);
            if flags & 0x40 != 0 {
                prop_assert!(opened.is_err());
            }
        }
    }
}
