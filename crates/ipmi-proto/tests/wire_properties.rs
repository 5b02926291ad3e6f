//! What holds for every message: decoding undoes encoding, canonical bytes encode to themselves, nothing panics.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    reason = "tests"
)]

use bytes::{Bytes, BytesMut};
use ipmi_proto::crypto::CipherSuite;
use ipmi_proto::number::{
    Address, AuthenticationAlgorithm, CipherSuiteId, CommandNumber, CompletionCode, ConfidentialityAlgorithm,
    Guid, IntegrityAlgorithm, Lun, MessageTag, NetFn, PayloadType, PrivilegeLevel, RandomNumber, RmcpStatus,
    Role, RqSeq, SessionId, SessionSequence, SessionV15Algorithm, UserName,
};
use ipmi_proto::wire::{
    AlgorithmKind, AlgorithmPayload, Asf, AuthCode, Authenticator, CipherSuiteRecord, Datagram, DecodeError,
    EncodeError, LanRequest, LanResponse, Malformed, OemPayload, OpenSessionGrant, OpenSessionRequest,
    OpenSessionResponse, PresencePing, PresencePong, Rakp1, Rakp2, Rakp2Grant, Rakp3, Rakp4, RmcpClass,
    RmcpHeader, SessionV15, SessionV20, Sessionless, SetupPrefix,
};
use proptest::prelude::*;
use std::fmt::Debug;

/// `decode(encode(message)) == message`, and the bytes encode to themselves.
fn assert_round_trip<T: PartialEq + Debug>(
    message: &T,
    encode: impl Fn(&T, &mut BytesMut),
    decode: impl Fn(&[u8]) -> Result<T, DecodeError>,
) -> Result<(), TestCaseError> {
    let mut bytes = BytesMut::new();
    encode(message, &mut bytes);
    let decoded = decode(&bytes).map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert_eq!(&decoded, message);
    let mut again = BytesMut::new();
    encode(&decoded, &mut again);
    prop_assert_eq!(bytes, again);
    Ok(())
}

fn tag() -> impl Strategy<Value = MessageTag> {
    any::<u8>().prop_map(MessageTag)
}

fn session_id() -> impl Strategy<Value = SessionId> {
    any::<u32>().prop_map(SessionId)
}

fn real_session_id() -> impl Strategy<Value = SessionId> {
    (1..=u32::MAX).prop_map(SessionId)
}

fn privilege() -> impl Strategy<Value = PrivilegeLevel> {
    any::<u8>().prop_map(PrivilegeLevel::new)
}

fn refusal() -> impl Strategy<Value = RmcpStatus> {
    (1..=u8::MAX).prop_map(RmcpStatus)
}

fn auth_code() -> impl Strategy<Value = AuthCode> {
    prop::collection::vec(any::<u8>(), 0..=AuthCode::MAX_LEN).prop_map(|it| AuthCode::new(&it).unwrap())
}

fn user_name() -> impl Strategy<Value = UserName> {
    prop::collection::vec(any::<u8>(), 0..=UserName::MAX_LEN).prop_map(|it| UserName::new(&it).unwrap())
}

fn algorithms() -> impl Strategy<Value = [AlgorithmPayload; 3]> {
    let payload = (any::<u8>(), prop::option::of(0..0x40_u8))
        .prop_map(|(kind, algorithm)| AlgorithmPayload { kind: AlgorithmKind(kind), algorithm });
    [payload.clone(), payload.clone(), payload]
}

fn data() -> impl Strategy<Value = Bytes> {
    prop::collection::vec(any::<u8>(), 0..300).prop_map(Bytes::from)
}

prop_compose! {
    fn lan_request()(
        (responder, requester, command) in any::<(u8, u8, u8)>(),
        net_fn in 0..0x20_u8,
        (responder_lun, requester_lun, sequence) in any::<(u8, u8, u8)>(),
        data in data(),
    ) -> LanRequest {
        LanRequest {
            responder: Address(responder),
            net_fn: NetFn::new(net_fn * 2),
            responder_lun: Lun::new(responder_lun),
            requester: Address(requester),
            requester_seq: RqSeq::new(sequence),
            requester_lun: Lun::new(requester_lun),
            command: CommandNumber(command),
            data,
        }
    }
}

proptest! {
    #[test]
    fn rmcp_header_round_trips(sequence: u8, acknowledgement: bool, class in 0..0x20_u8) {
        let header = RmcpHeader { sequence, acknowledgement, class: RmcpClass(class) };
        assert_round_trip(&header, |it, out| it.encode(out), |bytes| RmcpHeader::decode(bytes).map(|it| it.0))?;
    }

    #[test]
    fn ping_and_pong_round_trip(
        tag in tag(), oem_enterprise: u32, oem_data: [u8; 4], entities: u8, interactions: u8,
    ) {
        let pong = PresencePong { tag, oem_enterprise, oem_data, entities, interactions };
        for message in [Asf::Ping(PresencePing { tag }), Asf::Pong(pong)] {
            assert_round_trip(&message, |it, out| it.encode(out), Asf::decode)?;
        }
    }

    #[test]
    fn session_v15_round_trips(
        algorithm in prop::sample::select(vec![0_u8, 1, 2, 4, 5, 7, 15]),
        code: [u8; 16],
        sequence: u32,
        session_id in session_id(),
        message in prop::collection::vec(any::<u8>(), 0..=255),
    ) {
        let packet = SessionV15 {
            authenticator: Authenticator::new(SessionV15Algorithm(algorithm), code),
            sequence: SessionSequence(sequence),
            session_id,
            message: &message,
        };
        let mut bytes = BytesMut::new();
        packet.encode(&mut bytes).unwrap();
        prop_assert_eq!(SessionV15::decode(&bytes), Ok(packet));
        bytes.extend_from_slice(&[0]);
        prop_assert_eq!(SessionV15::decode(&bytes), Ok(packet), "padding is ignored");
    }

    #[test]
    fn sessionless_v20_round_trips(
        payload_type in 0..0x40_u8,
        enterprise in 0..0x0100_0000_u32,
        payload_id: u16,
        payload in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        let payload_type = PayloadType(payload_type);
        let oem = (payload_type == PayloadType::OEM_EXPLICIT).then_some(OemPayload { enterprise, payload_id });
        let packet = SessionV20::Sessionless(Sessionless { payload_type, oem, payload: &payload });
        let mut bytes = BytesMut::new();
        packet.encode(&mut bytes).unwrap();
        prop_assert_eq!(SessionV20::decode(&bytes), Ok(packet));
        bytes.extend_from_slice(&[0]);
        let why = Malformed::TrailingBytes { count: 1 };
        prop_assert_eq!(SessionV20::decode(&bytes).unwrap_err().why, why);
    }

    #[test]
    fn open_session_request_round_trips(
        tag in tag(), maximum_privilege in privilege(), console_session_id in session_id(),
        algorithms in algorithms(),
    ) {
        let message = OpenSessionRequest { tag, maximum_privilege, console_session_id, algorithms };
        assert_round_trip(&message, |it, out| it.encode(out), OpenSessionRequest::decode)?;
    }

    #[test]
    fn open_session_response_round_trips(
        tag in tag(), maximum_privilege in privilege(), console_session_id in session_id(),
        managed_session_id in real_session_id(), algorithms in algorithms(), status in refusal(),
    ) {
        let grant = OpenSessionGrant { maximum_privilege, managed_session_id, algorithms };
        for outcome in [Ok(grant), Err(status)] {
            let message = OpenSessionResponse { tag, console_session_id, outcome };
            assert_round_trip(&message, |it, out| it.encode(out), OpenSessionResponse::decode)?;
        }
    }

    #[test]
    fn rakp1_round_trips(
        tag in tag(), managed_session_id in session_id(), random: [u8; 16], role: u8, user_name in user_name(),
    ) {
        let console_random = RandomNumber(random);
        let message = Rakp1 { tag, managed_session_id, console_random, role: Role(role), user_name };
        assert_round_trip(&message, |it, out| it.encode(out), Rakp1::decode)?;
    }

    #[test]
    fn rakp2_round_trips(
        tag in tag(), console_session_id in session_id(), random: [u8; 16], guid: [u8; 16],
        auth_code in auth_code(), status in refusal(),
    ) {
        let grant = Rakp2Grant { managed_random: RandomNumber(random), guid: Guid(guid), auth_code };
        for outcome in [Ok(grant), Err(status)] {
            let message = Rakp2 { tag, console_session_id, outcome };
            assert_round_trip(&message, |it, out| it.encode(out), Rakp2::decode)?;
        }
    }

    #[test]
    fn rakp3_and_rakp4_round_trip(
        tag in tag(), session_id in session_id(), auth_code in auth_code(), status in refusal(),
    ) {
        for outcome in [Ok(auth_code), Err(status)] {
            let message = Rakp3 { tag, managed_session_id: session_id, outcome };
            assert_round_trip(&message, |it, out| it.encode(out), Rakp3::decode)?;
            let message = Rakp4 { tag, console_session_id: session_id, outcome };
            assert_round_trip(&message, |it, out| it.encode(out), Rakp4::decode)?;
        }
    }

    #[test]
    fn lan_request_and_its_response_round_trip(request in lan_request(), code: u8, data in data()) {
        assert_round_trip(&request, |it, out| it.encode(out), LanRequest::decode)?;
        let response = request.respond(CompletionCode(code), data);
        assert_round_trip(&response, |it, out| it.encode(out), LanResponse::decode)?;
        prop_assert!(LanResponse::decode(&request.to_bytes()).is_err());
        prop_assert!(LanRequest::decode(&response.to_bytes()).is_err());
    }

    #[test]
    fn lan_message_with_a_wrong_byte_is_refused(request in lan_request(), at: prop::sample::Index, by in 1..=255_u8) {
        let mut bytes = request.to_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= by;
        prop_assert!(LanRequest::decode(&bytes).is_err());
        prop_assert!(LanResponse::decode(&bytes).is_err());
    }

    #[test]
    fn cipher_suite_records_round_trip(
        records in prop::collection::vec((any::<u8>(), prop::option::of(0..0x0100_0000_u32), 0..0x40_u8, 0..0x40_u8, 0..0x40_u8), 0..20),
    ) {
        let records: Vec<_> = records
            .into_iter()
            .map(|(id, oem, authentication, integrity, confidentiality)| CipherSuiteRecord {
                id: CipherSuiteId(id),
                oem,
                authentication: AuthenticationAlgorithm(authentication),
                integrity: IntegrityAlgorithm(integrity),
                confidentiality: ConfidentialityAlgorithm(confidentiality),
            })
            .collect();
        let encode = |records: &Vec<CipherSuiteRecord>, out: &mut BytesMut| {
            records.iter().for_each(|it| it.encode(out));
        };
        assert_round_trip(&records, encode, CipherSuiteRecord::decode_all)?;
    }

    #[test]
    fn no_bytes_make_a_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
        decode_as_everything(&bytes);
    }

    #[test]
    fn no_bytes_behind_a_good_header_make_a_decoder_panic(
        class in prop::sample::select(vec![0x06_u8, 0x07]),
        format in prop::sample::select(vec![0x00_u8, 0x02, 0x06]),
        payload_type: u8,
        rest in prop::collection::vec(any::<u8>(), 0..120),
    ) {
        let mut bytes = vec![0x06, 0x00, 0xff, class, format, payload_type];
        bytes.extend_from_slice(&rest);
        decode_as_everything(&bytes);
    }

    #[test]
    fn a_datagram_that_decodes_encodes_to_bytes_that_decode_to_it(
        format in prop::sample::select(vec![0x00_u8, 0x02, 0x06]),
        rest in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let mut bytes = vec![0x06, 0x00, 0xff, 0x07, format];
        bytes.extend_from_slice(&rest);
        if let Ok(datagram) = Datagram::decode(&bytes) {
            let mut again = BytesMut::new();
            datagram.encode(&mut again).unwrap();
            prop_assert_eq!(Datagram::decode(&again), Ok(datagram));
        }
    }
}

fn decode_as_everything(bytes: &[u8]) {
    let errors = [
        Datagram::decode(bytes).err(),
        RmcpHeader::decode(bytes).err(),
        Asf::decode(bytes).err(),
        SessionV15::decode(bytes).err(),
        SessionV20::decode(bytes).err(),
        SetupPrefix::decode(bytes).err(),
        OpenSessionRequest::decode(bytes).err(),
        OpenSessionResponse::decode(bytes).err(),
        Rakp1::decode(bytes).err(),
        Rakp2::decode(bytes).err(),
        Rakp3::decode(bytes).err(),
        Rakp4::decode(bytes).err(),
        LanRequest::decode(bytes).err(),
        LanResponse::decode(bytes).err(),
        CipherSuiteRecord::decode_all(bytes).err(),
    ];
    for error in errors.into_iter().flatten() {
        assert!(error.offset <= bytes.len(), "{error}");
    }
}

#[test]
fn errors_name_the_message_the_byte_and_the_reason() {
    let error = RmcpHeader::decode(&[0x06, 0x00]).unwrap_err();
    assert_eq!(error.to_string(), "malformed RMCP header at byte 2: ends early");

    let error = LanRequest::decode(&[0x20, 0x18, 0xc9, 0x81, 0x00, 0x38, 0x47]).unwrap_err();
    assert_eq!(error.to_string(), "malformed IPMI request at byte 2: wrong checksum");

    let error = LanRequest::decode(&[0x20, 0x18, 0xc8, 0x81, 0x00, 0x38, 0x48]).unwrap_err();
    assert_eq!(error.to_string(), "malformed IPMI request at byte 6: wrong checksum");

    let ping = [0x00, 0x00, 0x11, 0xbe, 0x80, 0x05, 0x00, 0x00, 0x00];
    let error = Asf::decode(&ping).unwrap_err();
    assert_eq!(error.to_string(), "malformed ASF message at byte 8: 1 bytes too many");

    let error = Asf::decode(&[0x00, 0x00, 0x11, 0xbf]).unwrap_err();
    assert_eq!(error.to_string(), "malformed ASF message at byte 0: expected enterprise number 4542");
}

#[test]
fn thump_datagrams_are_refused() {
    let text = *b"thump\x00\x00\x00\x00\x00";
    let zeros = [0; 16];
    for datagram in [&text[..], &zeros[..], &[]] {
        assert!(Datagram::decode(datagram).is_err());
    }
}

#[test]
fn acknowledgements_and_foreign_classes_are_told_apart() {
    let acknowledgement = [0x06, 0x00, 0x05, 0x86];
    assert!(matches!(Datagram::decode(&acknowledgement), Ok(Datagram::Acknowledgement(_))));
    let oem = Datagram::decode(&[0x06, 0x00, 0xff, 0x08]).unwrap_err();
    assert_eq!(oem.to_string(), "malformed RMCP header at byte 3: expected class ASF or IPMI");
    let numbered = Datagram::decode(&[0x06, 0x00, 0x01, 0x07, 0x00]).unwrap_err();
    assert_eq!(numbered.to_string(), "malformed RMCP header at byte 2: expected sequence number ff for IPMI");
}

#[test]
fn a_ping_gets_the_pong_of_an_ipmi_system() {
    let Ok(Datagram::Asf { message: Asf::Ping(ping), .. }) =
        Datagram::decode(&[0x06, 0x00, 0xff, 0x06, 0x00, 0x00, 0x11, 0xbe, 0x80, 0x2a, 0x00, 0x00])
    else {
        panic!("not a ping")
    };
    let mut pong = BytesMut::new();
    let datagram = Datagram::Asf { sequence: RmcpHeader::NO_ACK, message: Asf::Pong(ping.pong()) };
    datagram.encode(&mut pong).unwrap();
    let expected = "0600ff06000011be402a0010000011be000000008100000000000000";
    assert_eq!(hex::encode(pong), expected);
    assert!(ping.pong().supports_ipmi());
}

#[test]
fn packets_outside_of_a_session_carry_no_protection_and_no_number() {
    // Format, type, session id (4), sequence number (4), length (2).
    for (flags, sequence) in [(0x80, 0), (0x40, 0), (0xc0, 0), (0x00, 1)] {
        let packet = [0x06, flags, 0, 0, 0, 0, sequence, 0, 0, 0, 0, 0];
        assert!(SessionV20::decode(&packet).is_err(), "{flags:#x} {sequence}");
    }
    assert!(SessionV20::decode(&[0x06, 0x00, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).is_ok());
}

#[test]
fn packets_of_a_session_carry_a_number() {
    assert!(SessionV20::decode(&[0x06, 0x00, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]).is_err());
    assert!(SessionV20::decode(&[0x06, 0x00, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0]).is_ok());
}

#[test]
fn messages_too_long_for_their_length_field_are_not_encoded() {
    let mut out = BytesMut::new();
    let long = vec![0; 65_536];
    let error = Sessionless::new(PayloadType::IPMI, &long).encode(&mut out).unwrap_err();
    assert_eq!(error, EncodeError { message: "RMCP+ payload", len: 65_536, limit: 65_535 });
    let error = SessionV15::sessionless(&long[..256]).encode(&mut out).unwrap_err();
    assert_eq!(error, EncodeError { message: "IPMI 1.5 message", len: 256, limit: 255 });
    assert!(out.is_empty());
}

#[test]
fn a_name_longer_than_sixteen_bytes_or_than_the_message_is_its_own_error() {
    for length in [17, 6] {
        let mut bytes = vec![0; 27];
        bytes.push(length);
        bytes.extend_from_slice(&vec![b'x'; if length == 17 { 17 } else { 5 }]);
        let error = Rakp1::decode(&bytes).unwrap_err();
        assert_eq!((error.offset, error.why), (27, Malformed::NameLength));
    }
}

#[test]
fn a_name_padded_with_zeros_is_read_without_them() {
    let mut bytes = vec![0; 27];
    bytes.push(5);
    bytes.extend_from_slice(b"admin\0\0\0\0\0\0\0\0\0\0\0");
    assert_eq!(Rakp1::decode(&bytes).unwrap().user_name.as_bytes(), b"admin");
}

#[test]
fn algorithm_payloads_out_of_order_are_an_invalid_payload_type() {
    let algorithms = CipherSuite::SHA1_AES.proposal().payloads();
    let request = |algorithms| OpenSessionRequest {
        tag: MessageTag(0),
        maximum_privilege: PrivilegeLevel::HIGHEST,
        console_session_id: SessionId(1),
        algorithms,
    };
    assert_eq!(request(algorithms).proposal(), Ok(CipherSuite::SHA1_AES.proposal()));
    let [a, i, c] = algorithms;
    for wrong in [[i, a, c], [a, c, i], [a, a, c], [a, i, i]] {
        assert_eq!(request(wrong).proposal(), Err(RmcpStatus::INVALID_PAYLOAD_TYPE));
    }
}

#[test]
fn a_refusal_of_two_bytes_is_understood() {
    let expected = Err(RmcpStatus::INVALID_AUTHENTICATION_ALGORITHM);
    let response = OpenSessionResponse::decode(&[0x07, 0x04]).unwrap();
    assert_eq!((response.tag, response.outcome.map(|_| ())), (MessageTag(7), expected));
    assert_eq!(response.console_session_id, SessionId::NONE);
}

#[test]
fn a_grant_names_a_session() {
    let grant = |id| {
        let grant = OpenSessionGrant {
            maximum_privilege: PrivilegeLevel::ADMINISTRATOR,
            managed_session_id: SessionId(id),
            algorithms: CipherSuite::SHA1_AES.proposal().payloads(),
        };
        let mut out = BytesMut::new();
        let response =
            OpenSessionResponse { tag: MessageTag(0), console_session_id: SessionId(1), outcome: Ok(grant) };
        response.encode(&mut out);
        OpenSessionResponse::decode(&out)
    };
    assert!(grant(1).is_ok());
    assert_eq!(grant(0).unwrap_err().offset, 8);
}

#[test]
fn cipher_suite_records_without_none_tags_are_understood() {
    // Suite 0 and 1 without any "none", then suite 3 in full.
    let list = [0xc0, 0x00, 0x00, 0xc0, 0x01, 0x01, 0xc0, 0x03, 0x01, 0x41, 0x81];
    let records = CipherSuiteRecord::decode_all(&list).unwrap();
    let suites = [0, 1, 3].map(|id| CipherSuite::by_id(CipherSuiteId(id)).unwrap().record());
    assert_eq!(records, suites);
}

#[test]
fn cipher_suite_records_write_none_tags() {
    let mut out = BytesMut::new();
    for id in [0, 3, 17] {
        CipherSuite::by_id(CipherSuiteId(id)).unwrap().record().encode(&mut out);
    }
    assert_eq!(hex::encode(out), "c000004080c003014181c011034481");
}

#[test]
fn unknown_numbers_survive_and_print_in_hex() {
    assert_eq!(CompletionCode(0x83).to_string(), "0x83");
    assert_eq!(format!("{:?}", CompletionCode(0x83)), "CompletionCode(0x83)");
    assert_eq!(CompletionCode::INVALID_COMMAND.to_string(), "invalid command (0xc1)");
    assert_eq!(format!("{:?}", NetFn::APP), "NetFn(application (0x06))");
    assert_eq!(format!("{:?}", SessionId(0xa0a2_a3a4)), "SessionId(0xa0a2a3a4)");
    assert_eq!(format!("{:?}", UserName::new(b"a\0\xff").unwrap()), r#"UserName("a\x00\xff")"#);
}

#[test]
fn sequence_numbers_skip_what_they_must() {
    assert_eq!(SessionSequence(u32::MAX).next(), SessionSequence(1));
    assert_eq!(SessionSequence::NONE.next(), SessionSequence::FIRST);
    assert_eq!(RqSeq::new(63).next(), RqSeq::new(0));
    assert_eq!(MessageTag(255).next(), MessageTag(0));
}
