//! Recorded IPMI 1.5 conversations, replayed into our endpoint; its answers against those of the recorded servers.
//!
//! Where bytes differ there is a reason, and everything that the reason does not touch is compared: the code of every answer is
//! checked with the recorded password, and its content against the recorded one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    reason = "tests"
)]

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use bytes::Bytes;
use ipmi_proto::crypto::{PacketKey, Password};
use ipmi_proto::endpoint::{Endpoint, EndpointConfig, Response, User};
use ipmi_proto::entropy::Entropy;
use ipmi_proto::number::{CompletionCode, Guid, PrivilegeLevel, SessionV15Algorithm, UserName};
use ipmi_proto::wire::{Datagram, LanRequest, LanResponse, SessionV15};
use serde_json::Value;

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

fn datagram(capture: &Value, index: usize) -> Vec<u8> {
    hex::decode(capture["packets"][index]["hex"].as_str().unwrap()).unwrap()
}

fn count(totals: &mut BTreeMap<&'static str, usize>, reason: &'static str) {
    *totals.entry(reason).or_default() += 1;
}

fn replay(name: &str, capture: &Value, totals: &mut BTreeMap<&'static str, usize>) {
    let text = |key: &str| capture[key].as_str().unwrap_or_default();
    let password =
        if capture["server_password"].is_string() { text("server_password") } else { text("password") };
    let password = Password::new(password.as_bytes()).unwrap();
    let user_name = if name.contains("bad-user") { "somebody" } else { text("username") };
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
    let packets = capture["packets"].as_array().unwrap();
    for index in (0..packets.len()).filter(|index| packets[*index]["dir"] == "c2s") {
        let sent = datagram(capture, index);
        let Ok(Datagram::V15(asked)) = Datagram::decode(&sent) else { continue };
        let request = LanRequest::decode(asked.message).unwrap();
        let answer = (index + 1..packets.len()).take_while(|at| packets[*at]["dir"] == "s2c").next();
        let theirs = answer.map(|at| datagram(capture, at));
        let their_response = theirs.as_deref().map(|it| LanResponse::decode(v15(it).message).unwrap());
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
        if let Some(asked) = endpoint.handle_datagram(now, peer, &sent) {
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
        let (our, their) = (v15(&ours), v15(&theirs));
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
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors");
    let mut totals = BTreeMap::new();
    let mut captures = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if name.starts_with("v15-") {
            let capture = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            replay(&name, &capture, &mut totals);
            captures += 1;
        }
    }
    assert_eq!(captures, 14);
    insta::assert_debug_snapshot!(totals);
}
