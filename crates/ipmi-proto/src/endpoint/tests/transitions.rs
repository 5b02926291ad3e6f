//! Every state of a session against everything that can name it: each cell decided, each change of the table a decision.

use bytes::{Bytes, BytesMut};

use super::bench::{Bench, Peer, config, named, request, secret, v20};
use crate::crypto::{CipherSuite, SessionKeys};
use crate::endpoint::DropReason;
use crate::number::{
    NameLookup, NetFn, PayloadType, PrivilegeLevel, RmcpStatus, Role, SessionSequence, SessionV15Algorithm,
};
use crate::session::Session;
use crate::wire::{Authenticator, Datagram, Rakp1, Rakp2, Rakp3, Rakp4, SessionV15, SessionV20};

const ADMIN: PrivilegeLevel = PrivilegeLevel::ADMINISTRATOR;

#[derive(Debug, Clone, Copy)]
enum State {
    AwaitingRakp1,
    AwaitingRakp3,
    Active,
    /// A session that was there and is not any more.
    Gone,
}

impl State {
    const ALL: [Self; 4] = [Self::AwaitingRakp1, Self::AwaitingRakp3, Self::Active, Self::Gone];

    /// A session in this state. Its console can make packets in every state, as an attacker would.
    fn make(self, bench: &mut Bench) -> Peer {
        let suite = CipherSuite::SHA256_AES;
        let mut peer = match self {
            Self::AwaitingRakp1 => bench.opened(suite, "admin", "secret"),
            Self::AwaitingRakp3 => bench.half_way(suite, "admin", "secret", ADMIN),
            Self::Active | Self::Gone => bench.logged_in(),
        };
        if matches!(self, Self::Gone) {
            bench.endpoint.end_all_sessions();
        }
        if peer.keys.is_none() {
            let sik = peer.exchange.session_key(&peer.password, None);
            peer.keys = Some(SessionKeys::derive(suite.algorithms().unwrap(), &sik, &peer.password));
        }
        peer
    }
}

type Make = fn(&mut Peer) -> Bytes;

const PAYLOADS: [(&str, Make); 20] = [
    ("Open Session Request again", |_| {
        let mut payload = BytesMut::new();
        Bench::open_request(CipherSuite::SHA256_AES).encode(&mut payload);
        v20(PayloadType::OPEN_SESSION_REQUEST, &payload)
    }),
    ("RAKP 1", |peer| rakp1(peer.rakp1())),
    ("RAKP 1, unknown user", |peer| rakp1(Rakp1 { user_name: named("nobody"), ..peer.rakp1() })),
    ("RAKP 1, disabled user", |peer| rakp1(Rakp1 { user_name: named("gone"), ..peer.rakp1() })),
    ("RAKP 1, level too high", |peer| {
        let role = Role::new(PrivilegeLevel::OEM, NameLookup::NameOnly);
        rakp1(Rakp1 { role, ..peer.rakp1() })
    }),
    ("RAKP 1, no level", |peer| rakp1(Rakp1 { role: Role(0x10), ..peer.rakp1() })),
    ("RAKP 1, name too long", |peer| {
        let mut payload = BytesMut::new();
        peer.rakp1().encode(&mut payload);
        payload[27] = 17;
        v20(PayloadType::RAKP_1, &payload)
    }),
    ("RAKP 1, cut off", |peer| {
        let mut payload = BytesMut::new();
        peer.rakp1().encode(&mut payload);
        v20(PayloadType::RAKP_1, &payload[..20])
    }),
    ("RAKP 3", |peer| rakp3(peer.rakp3())),
    ("RAKP 3, wrong code", |peer| {
        rakp3(Rakp3 { outcome: Ok(peer.exchange.console_proof(&secret("guess"))), ..peer.rakp3() })
    }),
    ("RAKP 3, error status", |peer| {
        rakp3(Rakp3 { outcome: Err(RmcpStatus::INVALID_INTEGRITY_CHECK_VALUE), ..peer.rakp3() })
    }),
    ("RAKP 3, too long", |peer| {
        let mut payload = BytesMut::new();
        peer.rakp3().encode(&mut payload);
        payload.resize(8 + 33, 0);
        v20(PayloadType::RAKP_3, &payload)
    }),
    ("packet: request", |peer| peer.request(NetFn::CHASSIS, 1, &[])),
    ("packet: Close Session", |peer| {
        let id = peer.id().0.to_le_bytes();
        peer.request(NetFn::APP, 0x3c, &id)
    }),
    ("packet: wrong AuthCode", |peer| {
        let mut datagram = peer.request(NetFn::CHASSIS, 1, &[]).to_vec();
        *datagram.last_mut().unwrap() ^= 1;
        datagram.into()
    }),
    ("packet: unprotected", |peer| {
        let mut datagram = v20(PayloadType::IPMI, &request(NetFn::CHASSIS, 1, &[]).to_bytes()).to_vec();
        datagram[6..10].copy_from_slice(&peer.id().0.to_le_bytes());
        datagram[10] = 1;
        datagram.into()
    }),
    ("packet: broken message", |peer| peer.packet(PayloadType::IPMI, &[1, 2, 3])),
    ("packet: SOL", |peer| peer.packet(PayloadType::SOL, &[1, 0, 0, 0])),
    ("packet: RAKP 3 inside", |peer| peer.packet_numbered(SessionSequence(1), PayloadType::RAKP_3, &[0; 8])),
    ("IPMI 1.5 packet", |peer| {
        let message = request(NetFn::CHASSIS, 1, &[]).to_bytes();
        super::bench::encode(&Datagram::V15(SessionV15 {
            authenticator: Authenticator::new(SessionV15Algorithm::MD5, [0; 16]),
            session_id: peer.id(),
            ..SessionV15::sessionless(&message)
        }))
    }),
];

fn rakp1(rakp1: Rakp1) -> Bytes {
    let mut payload = BytesMut::new();
    rakp1.encode(&mut payload);
    v20(PayloadType::RAKP_1, &payload)
}

fn rakp3(rakp3: Rakp3) -> Bytes {
    let mut payload = BytesMut::new();
    rakp3.encode(&mut payload);
    v20(PayloadType::RAKP_3, &payload)
}

/// What came of a payload, and what has become of the session.
fn outcome(state: State, make: Make) -> String {
    let mut bench = Bench::new(config());
    let mut peer = state.make(&mut bench);
    let datagram = make(&mut peer);
    let outcome = bench.feed(&datagram);
    let what = if outcome.request.is_some() {
        "request".to_owned()
    } else if let Some(transmit) = outcome.sent.first() {
        describe(&transmit.datagram)
    } else {
        let reason = DropReason::ALL.iter().find(|reason| bench.endpoint.counters().dropped(**reason) == 1);
        format!("drop {}", reason.unwrap())
    };
    let next = match bench.endpoint.sessions.take(peer.id()) {
        Some(Session::AwaitingRakp1(_)) => "AwaitingRakp1",
        Some(Session::AwaitingRakp3(_)) => "AwaitingRakp3",
        Some(Session::Active(_)) => "Active",
        Some(Session::AwaitingActivation(_)) => "AwaitingActivation",
        None => "gone",
    };
    format!("{what} → {next}")
}

fn describe(datagram: &[u8]) -> String {
    let packet = match Datagram::decode(datagram).unwrap() {
        Datagram::V20(SessionV20::Sessionless(packet)) => packet,
        Datagram::V20(SessionV20::Sealed(_)) => return "answer".to_owned(),
        other => panic!("{other:?}"),
    };
    let (name, status) = match packet.payload_type {
        PayloadType::OPEN_SESSION_RESPONSE => ("response", RmcpStatus(packet.payload[1])),
        PayloadType::RAKP_2 => ("RAKP 2", status(Rakp2::decode(packet.payload).unwrap().outcome)),
        PayloadType::RAKP_4 => ("RAKP 4", status(Rakp4::decode(packet.payload).unwrap().outcome)),
        other => panic!("{other:?}"),
    };
    format!("{name} {:02x}", status.0)
}

fn status<T>(outcome: Result<T, RmcpStatus>) -> RmcpStatus {
    outcome.err().unwrap_or(RmcpStatus::NO_ERROR)
}

#[test]
fn every_state_decides_every_payload() {
    let mut table = String::new();
    for (name, make) in PAYLOADS {
        table.push_str(&format!("{name}\n"));
        for state in State::ALL {
            table.push_str(&format!("  {:13}  {}\n", format!("{state:?}"), outcome(state, make)));
        }
    }
    insta::assert_snapshot!(table);
}
