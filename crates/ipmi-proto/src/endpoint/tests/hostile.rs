//! Whatever the network brings: no panic, no request without authentication, no amplification.

use bytes::Bytes;
use proptest::prelude::*;

use super::bench::{Bench, Peer, config, request, v15, v20};
use crate::crypto::CipherSuite;
use crate::number::{NetFn, PayloadType, PrivilegeLevel};

/// How much longer than the datagram an answer may be that nobody has proven anything for: RAKP 2 needs it.
const LONGEST_EXTRA: usize = 48;

fn check_unauthenticated(bench: &mut Bench, datagram: &[u8]) -> Result<(), TestCaseError> {
    let outcome = bench.feed(datagram);
    prop_assert!(outcome.request.is_none(), "{:02x?}", datagram);
    prop_assert!(outcome.sent.len() <= 1);
    for transmit in outcome.sent {
        prop_assert_eq!(transmit.to, bench.from);
        prop_assert!(transmit.datagram.len() <= datagram.len() + LONGEST_EXTRA);
    }
    Ok(())
}

/// A real conversation up to a request, without the last step of each datagram's making.
fn conversation() -> (Bench, Vec<Bytes>, Peer) {
    let mut bench = Bench::new(config());
    let mut peer = bench.half_way(CipherSuite::SHA256_AES, "admin", "secret", PrivilegeLevel::ADMINISTRATOR);
    let (rakp1, rakp3) = (peer.rakp1(), peer.rakp3());
    peer.establish(&bench.rakp3(&rakp3).unwrap());
    let setup = |payload_type, encode: &dyn Fn(&mut bytes::BytesMut)| {
        let mut payload = bytes::BytesMut::new();
        encode(&mut payload);
        v20(payload_type, &payload)
    };
    let open = Bench::open_request(CipherSuite::SHA256_AES);
    let datagrams = vec![
        v15(&request(NetFn::APP, 0x38, &[0x8e, 4]).to_bytes()),
        v20(PayloadType::IPMI, &request(NetFn::APP, 0x54, &[0x0e, 0, 0x80]).to_bytes()),
        setup(PayloadType::OPEN_SESSION_REQUEST, &|out| open.encode(out)),
        setup(PayloadType::RAKP_1, &|out| rakp1.encode(out)),
        setup(PayloadType::RAKP_3, &|out| rakp3.encode(out)),
        peer.request(NetFn::CHASSIS, 2, &[2]),
        peer.packet(PayloadType::SOL, &[1, 0, 0, 0]),
    ];
    (bench, datagrams, peer)
}

#[derive(Debug, Clone)]
enum Change {
    Set(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Append(Vec<u8>),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        6 => (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(at, value)| Change::Set(at, value)),
        1 => any::<prop::sample::Index>().prop_map(Change::Cut),
        1 => prop::collection::vec(any::<u8>(), 1..40).prop_map(Change::Append),
    ]
}

fn apply(datagram: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Set(at, value) if !datagram.is_empty() => {
            let at = at.index(datagram.len());
            datagram[at] = *value;
        }
        Change::Set(..) => {}
        Change::Cut(at) => datagram.truncate(at.index(datagram.len() + 1)),
        Change::Append(bytes) => datagram.extend_from_slice(bytes),
    }
}

proptest! {
    #[test]
    fn random_datagrams_never_become_requests(
        datagrams in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 1..20),
    ) {
        let (mut bench, _, _) = conversation();
        for datagram in datagrams {
            check_unauthenticated(&mut bench, &datagram)?;
            check_unauthenticated(&mut bench, &[&[6, 0, 0xff, 7][..], &datagram].concat())?;
            check_unauthenticated(&mut bench, &[&[6, 0, 0xff, 7, 6][..], &datagram].concat())?;
            check_unauthenticated(&mut bench, &[&[6, 0, 0xff, 6][..], &datagram].concat())?;
        }
    }

    #[test]
    fn mutated_conversations_never_become_requests(
        steps in prop::collection::vec((any::<prop::sample::Index>(), prop::collection::vec(change(), 0..4)), 1..40),
    ) {
        let (mut bench, datagrams, mut peer) = conversation();
        for (which, changes) in steps {
            let original = which.get(&datagrams);
            let mut datagram = original.to_vec();
            changes.iter().for_each(|change| apply(&mut datagram, change));
            // RMCP's reserved byte and reserved class bits are covered by no code.
            let same = |it: &[u8]| it.len() > 4 && it[2] == 0xff && it[3] & 0x9f == 7 && it[4..] == original[4..];
            if datagram.first() == Some(&6) && same(&datagram) {
                datagram = original.to_vec();
                bench.feed(&datagram);
            } else {
                check_unauthenticated(&mut bench, &datagram)?;
            }
        }
        // Nothing of this has hurt the session.
        let request = bench.feed(&peer.request(NetFn::CHASSIS, 1, &[])).request;
        prop_assert!(request.is_some());
    }

    #[test]
    fn random_setup_payloads_never_establish_a_session(
        steps in prop::collection::vec((0u8..0x40, prop::collection::vec(any::<u8>(), 0..64)), 1..30),
    ) {
        let mut bench = Bench::new(config());
        let peer = bench.half_way(CipherSuite::SHA256_AES, "admin", "secret", PrivilegeLevel::ADMINISTRATOR);
        for (payload_type, mut payload) in steps {
            if let Some(id) = payload.get_mut(4..8) {
                id.copy_from_slice(&peer.id().0.to_le_bytes());
            }
            check_unauthenticated(&mut bench, &v20(PayloadType(payload_type), &payload))?;
        }
        prop_assert_eq!(bench.endpoint.active_sessions(), 0);
    }
}
