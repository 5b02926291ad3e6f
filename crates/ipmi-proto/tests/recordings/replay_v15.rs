//! Recorded IPMI 1.5 conversations, replayed into our endpoint; its answers against those of the recorded servers.
//!
//! Where bytes differ there is a reason, and everything that the reason does not touch is compared: the code of every answer is
//! checked with the recorded password, and its content against the recorded one.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use bytes::Bytes;
use ipmi_proto::crypto::PacketKey;
use ipmi_proto::endpoint::{Endpoint, EndpointConfig, Response, User};
use ipmi_proto::entropy::Entropy;
use ipmi_proto::number::{CompletionCode, Guid, PrivilegeLevel, SessionV15Algorithm, UserName};
use ipmi_proto::wire::{Datagram, LanRequest, LanResponse, SessionV15};

use crate::capture::{Capture, Direction};

/// What the endpoint draws next: numbers in their order, and one challenge.
#[derive(Clone, Default)]
struct Script(Arc<Mutex<(VecDeque<u32>, [u8; 16])>>);

impl Entropy for Script {
    fn fill(&mut self, bytes: &mut [u8]) {
        let mut script = self.0.lock().unwrap();
        match bytes.len() {
            4 => bytes.copy_from_slice(&script.0.pop_front().unwrap_or(7).to_le_bytes()),
            _ => bytes.copy_from_slice(&script.1),
        }
    }
}

fn v15(datagram: &[u8]) -> SessionV15<'_> {
    match Datagram::decode(datagram) {
        Ok(Datagram::V15(packet)) => packet,
        other => panic!("{other:?}"),
    }
}

fn count(totals: &mut BTreeMap<&'static str, usize>, reason: &'static str) {
    *totals.entry(reason).or_default() += 1;
}

fn replay(capture: &Capture, totals: &mut BTreeMap<&'static str, usize>) {
    let name = capture.name.as_str();
    let password = capture.server_password();
    let user_name =
        if name.contains("bad-user") { "somebody" } else { capture.username.as_deref().unwrap_or("") };
    let user = User {
        name: UserName::new(user_name.as_bytes()).unwrap(),
        password: password.clone(),
        limit: PrivilegeLevel::ADMINISTRATOR,
    };
    let types = [
        SessionV15Algorithm::NONE,
        SessionV15Algorithm::MD2,
        SessionV15Algorithm::MD5,
        SessionV15Algorithm::PASSWORD,
    ];
    let config =
        EndpointConfig { ipmi_1_5: types.to_vec(), ..EndpointConfig::new(Guid([0; 16]), vec![user]) };
    let script = Script::default();
    let mut endpoint = Endpoint::new(config, Box::new(script.clone()));
    #[expect(clippy::disallowed_methods, reason = "virtual time starts somewhere; it stands still here")]
    let now = Instant::now();
    let peer = SocketAddr::from(([127, 0, 0, 1], 1));
    let packets = &capture.packets;
    for index in (0..packets.len()).filter(|index| packets[*index].dir == Direction::C2s) {
        let sent = &packets[index].bytes;
        let Ok(Datagram::V15(asked)) = Datagram::decode(sent) else { continue };
        let request = LanRequest::decode(asked.message).unwrap();
        let answer = (index + 1..packets.len()).take_while(|at| packets[*at].dir == Direction::S2c).next();
        let theirs = answer.map(|at| packets[at].bytes.as_slice());
        let their_response = theirs.map(|it| LanResponse::decode(v15(it).message).unwrap());
        if let Some(response) =
            their_response.as_ref().filter(|response| response.completion_code.is_normal())
        {
            let number = |at: usize| u32::from_le_bytes(response.data[at..at + 4].try_into().unwrap());
            match request.command.0 {
                0x39 => {
                    *script.0.lock().unwrap() = ([number(0)].into(), response.data[4..20].try_into().unwrap())
                }
                0x3a => script.0.lock().unwrap().0 = [number(1), number(5)].into(),
                _ => {}
            }
        }
        if let Some(asked) = endpoint.handle_datagram(now, peer, sent) {
            let response = their_response.as_ref().unwrap();
            let (completion_code, data) = (response.completion_code, response.data.clone());
            endpoint.respond(now, asked.token, Response { completion_code, data });
        }
        let ours: Option<Bytes> = endpoint.poll_transmit().map(|transmit| transmit.datagram);
        assert!(endpoint.poll_transmit().is_none());
        let (ours, theirs) = match (ours, theirs) {
            (None, None) => {
                count(totals, "both silent");
                continue;
            }
            (Some(ours), Some(theirs)) => (ours, theirs),
            (None, Some(_)) if name.ends_with("goipmi") && name.contains("bad-password") => {
                assert_eq!((request.command.0, their_response.unwrap().completion_code.0), (0x3a, 0x85));
                count(totals, "go-ipmi answers a wrong code");
                continue;
            }
            (ours, theirs) => panic!("{name} packet {index}: ours {ours:02x?} theirs {theirs:02x?}"),
        };
        if ours == theirs {
            count(totals, "same bytes");
            continue;
        }
        let (our, their) = (v15(&ours), v15(theirs));
        let our_response = LanResponse::decode(our.message).unwrap();
        let their_response = their_response.unwrap();
        let algorithm = our.authenticator.map_or(SessionV15Algorithm::NONE, |it| it.algorithm());
        assert!(PacketKey::new(algorithm, password.clone()).unwrap().verifies(&our), "{name} packet {index}");
        assert_eq!(our.authenticator.is_some(), their.authenticator.is_some(), "{name} packet {index}");
        assert_eq!(our_response.command, their_response.command);
        if request.command.0 == 0x38 {
            count(totals, "capabilities are those of another configuration");
            continue;
        }
        if (request.command.0, our_response.completion_code) == (0x3d, CompletionCode::NORMAL) {
            count(totals, "session info is that of another configuration");
            continue;
        }
        let same = LanResponse {
            requester: our_response.requester,
            responder: our_response.responder,
            ..their_response.clone()
        };
        assert_eq!(our_response, same, "{name} packet {index}");
        let reason = if our.session_id != their.session_id {
            assert!(name.ends_with("goipmi") && request.command.0 == 0x3a, "{name} packet {index}");
            "go-ipmi names the new session instead of the temporary one"
        } else if our.sequence != their.sequence {
            assert!(name.ends_with("ipmi_sim"), "{name} packet {index}");
            assert_eq!(our.sequence, their.sequence.next(), "{name} packet {index}");
            "ipmi_sim uses its first number twice"
        } else {
            assert!(name.ends_with("goipmi"), "{name} packet {index}");
            "go-ipmi mixes up the addresses"
        };
        count(totals, reason);
    }
}

#[test]
fn recorded_1_5_clients_get_the_answers_that_the_recorded_servers_gave() {
    let mut totals = BTreeMap::new();
    let captures: Vec<_> =
        Capture::all().into_iter().filter(|capture| capture.name.starts_with("v15-")).collect();
    for capture in &captures {
        replay(capture, &mut totals);
    }
    assert_eq!(captures.len(), 14);
    insta::assert_debug_snapshot!(totals);
}
