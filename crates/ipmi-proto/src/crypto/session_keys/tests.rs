//! Packets that carry a right code around a wrong inside: only someone with the keys can make them.

use super::*;
use crate::crypto::{CipherSuite, KeyExchange};
use crate::number::{Guid, RandomNumber, Role, UserName};
use crate::wire::SessionV20;

fn keys(suite: CipherSuite) -> SessionKeys {
    let algorithms = suite.algorithms().unwrap();
    let exchange = KeyExchange {
        authentication: algorithms.authentication(),
        console_session_id: SessionId(1),
        managed_session_id: SessionId(2),
        console_random: RandomNumber([0x11; 16]),
        managed_random: RandomNumber([0x22; 16]),
        guid: Guid([0x33; 16]),
        role: Role(0x14),
        user_name: UserName::new(b"admin").unwrap(),
    };
    let password = Password::new(b"secret12").unwrap();
    SessionKeys::derive(algorithms, &exchange.session_key(&password, None), &password)
}

/// A packet with this payload as it stands and a trailer of these bytes before a right code.
fn signed(keys: &SessionKeys, payload: &[u8], trailer: &[u8]) -> BytesMut {
    let mut out = BytesMut::new();
    let header = SessionHeader {
        encrypted: keys.encrypts(),
        authenticated: true,
        payload_type: PayloadType::IPMI,
        oem: None,
        session_id: SessionId(2),
        sequence: SessionSequence(1),
    };
    header.encode(u16::try_from(payload.len()).unwrap(), &mut out);
    out.extend_from_slice(payload);
    out.extend_from_slice(trailer);
    let code = keys.integrity.sign(&out);
    out.extend_from_slice(code.as_bytes());
    out
}

fn open(keys: &SessionKeys, packet: &[u8]) -> Result<Opened, Unauthentic> {
    match SessionV20::decode(packet).unwrap() {
        SessionV20::Sealed(sealed) => keys.open(&sealed),
        SessionV20::Sessionless(_) => panic!("not a packet of a session"),
    }
}

/// An encrypted payload that comes out as exactly `clear`.
fn encrypted(keys: &SessionKeys, clear: &[u8]) -> BytesMut {
    let mut out = BytesMut::new();
    keys.aes.as_ref().unwrap().encrypt_blocks(Iv([9; 16]), clear, &mut out);
    out
}

const GOOD_TRAILER: [u8; 4] = [0xff, 0xff, 2, 7];

#[test]
fn a_trailer_that_is_no_trailer_is_refused() {
    let keys = keys(CipherSuite::ALL[2]);
    let payload = [0; 2];
    assert!(open(&keys, &signed(&keys, &payload, &[0, 7])).is_ok());
    assert!(open(&keys, &signed(&keys, &payload, &GOOD_TRAILER)).is_ok());
    for trailer in [&[0, 8][..], &[1, 7], &[0xff, 0, 7], &[0xff, 2, 7], &[7], &[]] {
        let packet = signed(&keys, &payload, trailer);
        assert_eq!(open(&keys, &packet), Err(Unauthentic::Trailer), "{trailer:?}");
    }
}

#[test]
fn an_encrypted_payload_of_a_wrong_length_is_refused() {
    let keys = keys(CipherSuite::SHA1_AES);
    for len in [0, 15, 16, 31, 33, 47] {
        let packet = signed(&keys, &vec![0; len], &GOOD_TRAILER);
        assert_eq!(open(&keys, &packet), Err(Unauthentic::Confidentiality), "{len}");
    }
}

#[test]
fn confidentiality_padding_counts_up_to_at_most_fifteen() {
    let keys = keys(CipherSuite::SHA1_AES);
    let open_clear = |clear: &[u8]| open(&keys, &signed(&keys, &encrypted(&keys, clear), &GOOD_TRAILER));
    let good = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 15];
    assert_eq!(open_clear(&good).unwrap().payload().len(), 0);
    assert_eq!(open_clear(&[0; 16]).unwrap().payload().len(), 15);
    let mut wrong = good;
    wrong[3] = 0;
    assert_eq!(open_clear(&wrong), Err(Unauthentic::Confidentiality));
    for pad_len in [16, 17, 255] {
        let mut wrong = good;
        wrong[15] = pad_len;
        assert_eq!(open_clear(&wrong), Err(Unauthentic::Confidentiality), "{pad_len}");
    }
    // A whole block more than needed, counted as it should be.
    let too_long: Vec<u8> = [7; 15].into_iter().chain(1..=16).chain([16]).collect();
    assert_eq!(open_clear(&too_long), Err(Unauthentic::Confidentiality));
}
