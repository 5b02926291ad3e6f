//! Recorded conversations of other people's clients, replayed into our endpoint; its answers against those of the recorded servers.
//!
//! The endpoint draws the recorded session ids, random numbers and initialisation vectors and is given the recorded answers to
//! requests, so its datagrams must be the recorded ones, byte for byte. Where they are not, [`judge`] must know the reason, by
//! name. The snapshot says for every capture how it was compared: all are in it, and nothing else may differ.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use bytes::Bytes;
use ipmi_proto::console::{
    Console, ConsoleConfig, ConsoleEvent, ConsoleRequest, RequestId, RetryPolicy, SuiteChoice,
};
use ipmi_proto::crypto::{CipherSuite, KeyExchange, SessionKeys};
use ipmi_proto::endpoint::{Endpoint, EndpointConfig, Request, Response, SolLine, User};
use ipmi_proto::entropy::Entropy;
use ipmi_proto::number::{
    AuthenticationAlgorithm, CipherSuiteId, CommandNumber, CompletionCode, ConfidentialityAlgorithm, Guid,
    IntegrityAlgorithm, NetFn, PayloadType, PrivilegeLevel, RandomNumber, RmcpStatus, Role, SessionId,
    UserName,
};
use ipmi_proto::wire::{
    Asf, Datagram, LanResponse, OpenSessionResponse, Rakp2, Rakp4, SessionV20, Sessionless,
};

use crate::capture::{Capture, DerivedMessage, DerivedPacket, DerivedSession, Direction};

/// What the endpoint draws next.
#[derive(Clone, Default)]
struct Script(Arc<Mutex<(u32, [u8; 16])>>);

impl Entropy for Script {
    fn fill(&mut self, bytes: &mut [u8]) {
        let (id, block) = *self.0.lock().unwrap();
        match bytes.len() {
            4 => bytes.copy_from_slice(&id.to_le_bytes()),
            16 => bytes.copy_from_slice(&block),
            other => panic!("a draw of {other} bytes"),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    /// Byte for byte.
    Same,
    /// Decrypted and decoded the same, but for what the reason says.
    SameContent(&'static str),
    /// Different, and rightly so.
    Different(&'static str),
}
use Verdict::{Different, Same, SameContent};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Server {
    /// Scripted answers of the reference over pyghmi's session layer.
    Reference,
    Pyghmi,
    IpmiSim,
    GoIpmi,
    Zipmi,
}

impl Capture {
    fn server(&self) -> Server {
        match &self.server {
            _ if self.name.starts_with("ref-") => Server::Reference,
            server if server.contains("pyghmi") => Server::Pyghmi,
            server if server.contains("ipmi_sim") => Server::IpmiSim,
            server if server.contains("go-ipmi") => Server::GoIpmi,
            server if server.contains("zipmi") => Server::Zipmi,
            server => panic!("{}: unknown server {server}", self.name),
        }
    }

    /// A managed system like the recorded one: its user, its keys, the suites that it granted.
    fn config(&self) -> EndpointConfig {
        let in_rakp2 = self.derived.sessions.iter().find_map(|session| session.guid.as_deref());
        let answers = self.derived.packets.iter().filter_map(|packet| packet.ipmi.as_ref());
        let in_answer = answers
            .filter(|message| (message.netfn, message.cmd, message.cc) == (7, 0x37, Some(0)))
            .map(|message| message.data.as_str())
            .next();
        let guid = in_rakp2.or(in_answer).map_or([0; 16], array);
        let is_unknown = self.name.contains("bad-user") || self.name.contains("unknown-user");
        let name = if is_unknown { "somebody" } else { self.username.as_deref().unwrap_or("") };
        let users = vec![User {
            name: UserName::new(name.as_bytes()).unwrap(),
            password: self.server_password(),
            limit: PrivilegeLevel::ADMINISTRATOR,
        }];
        let granted = self.derived.sessions.iter().filter(|session| session.open_status == Some(0));
        let cipher_suites: BTreeSet<CipherSuiteId> = granted.map(|session| session.suite().id()).collect();
        EndpointConfig {
            kg: self.server_kg(),
            cipher_suites: cipher_suites.into_iter().collect(),
            ..EndpointConfig::new(Guid(guid), users)
        }
    }
}

impl DerivedSession {
    fn suite(&self) -> CipherSuite {
        CipherSuite::by_algorithms(
            AuthenticationAlgorithm(self.auth_alg),
            IntegrityAlgorithm(self.integrity_alg),
            ConfidentialityAlgorithm(self.conf_alg),
        )
        .unwrap()
    }

    fn keys(&self, capture: &Capture) -> SessionKeys {
        let algorithms = self.suite().algorithms().unwrap();
        let exchange = KeyExchange {
            authentication: algorithms.authentication(),
            console_session_id: SessionId(self.console_sid),
            managed_session_id: SessionId(self.bmc_sid.unwrap()),
            console_random: RandomNumber(array(self.rm.as_ref().unwrap())),
            managed_random: RandomNumber(array(self.rc.as_ref().unwrap())),
            guid: Guid(array(self.guid.as_ref().unwrap())),
            role: Role(self.role.unwrap()),
            user_name: UserName::new(self.username.as_ref().unwrap().as_bytes()).unwrap(),
        };
        let password = capture.server_password();
        SessionKeys::derive(
            algorithms,
            &exchange.session_key(&password, capture.server_kg().as_ref()),
            &password,
        )
    }
}

/// A capture under replay.
struct Replay<'a> {
    capture: &'a Capture,
    endpoint: Endpoint,
    script: Script,
    now: Instant,
    /// The session that was established last.
    session: Option<&'a DerivedSession>,
    unanswered: Vec<Request>,
    /// The recorded server gave a second random number, and the recorded client went on with it.
    rekeyed: bool,
    faults: Vec<String>,
}

impl<'a> Replay<'a> {
    fn new(capture: &'a Capture) -> Self {
        let script = Script::default();
        let mut endpoint = Endpoint::new(capture.config(), Box::new(script.clone()));
        #[expect(clippy::disallowed_methods, reason = "virtual time starts somewhere; it stands still here")]
        let now = Instant::now();
        // As the recorded servers, it has a console.
        endpoint.set_sol_line(now, SolLine::Working { room: 1000 });
        Self {
            capture,
            endpoint,
            script,
            now,
            session: None,
            unanswered: Vec::new(),
            rekeyed: false,
            faults: Vec::new(),
        }
    }

    /// Feeds one datagram of the client, with the recorded answers at hand, and compares what comes.
    fn feed(&mut self, index: usize, answers: &[usize]) -> Vec<Verdict> {
        let capture = self.capture;
        let mut ours = Vec::new();
        let peer = SocketAddr::from(([127, 0, 0, 1], 0xd2e5));
        self.prepare(answers.first());
        let request = self.endpoint.handle_datagram(self.now, peer, &capture.packets[index].bytes);
        self.unanswered.extend(request);
        while let Some(transmit) = self.endpoint.poll_transmit() {
            // `serial_over_lan.rs` compares the packets of Serial over LAN.
            if !is_sol(&transmit.datagram) {
                ours.push(transmit.datagram);
            }
        }
        let mut verdicts = Vec::new();
        let mut ours = ours.into_iter();
        for answer in answers {
            if capture.derived.packets[*answer].kind == "sol" {
                verdicts.push(Different("SOL comes from the recorded server on its own"));
                continue;
            }
            self.prepare(Some(answer));
            self.answer(*answer);
            let made = std::iter::from_fn(|| self.endpoint.poll_transmit()).map(|it| it.datagram).next();
            let our = ours.next().or(made);
            if let Some(session) = capture.derived.sessions.iter().find(|session| {
                capture.derived.packets[*answer].kind == "rakp4"
                    && session.rakp4_status == Some(0)
                    && session
                        .bmc_sid
                        .is_some_and(|id| capture.packets[index].bytes[20..24] == id.to_le_bytes())
            }) {
                self.session = Some(session);
            }
            verdicts.extend(self.judge(index, our, Some(*answer)));
        }
        for our in ours {
            verdicts.extend(self.judge(index, Some(our), None));
        }
        verdicts
    }

    /// Makes the endpoint draw what the recorded server drew for this answer.
    fn prepare(&mut self, answer: Option<&usize>) {
        let mut script = self.script.0.lock().unwrap();
        let Some(answer) = answer else { return };
        let (packet, derived) =
            (&self.capture.packets[*answer].bytes, &self.capture.derived.packets[*answer]);
        match derived.kind.as_str() {
            "open-rsp" if derived.status == Some(0) => {
                script.0 = u32::from_le_bytes(packet[24..28].try_into().unwrap());
            }
            "rakp2" if derived.status == Some(0) => script.1 = packet[24..40].try_into().unwrap(),
            _ => script.1 = derived.iv.as_deref().map_or([0; 16], array),
        }
    }

    /// Gives the recorded answer to the request that it belongs to.
    fn answer(&mut self, answer: usize) {
        let Some(message) = &self.capture.derived.packets[answer].ipmi else { return };
        let position = self.unanswered.iter().position(|request| {
            request.net_fn.response() == NetFn(message.netfn) && request.command == CommandNumber(message.cmd)
        });
        let Some(position) = position else { return };
        let request = self.unanswered.remove(position);
        let response = Response {
            completion_code: CompletionCode(message.cc.unwrap()),
            data: Bytes::from(hex::decode(&message.data).unwrap()),
        };
        self.endpoint.respond(self.now, request.token, response);
    }

    fn judge(&mut self, asked: usize, our: Option<Bytes>, answer: Option<usize>) -> Option<Verdict> {
        let asked = &self.capture.derived.packets[asked];
        let their = answer.map(|index| self.capture.packets[index].bytes.as_slice());
        if our.as_deref() == their {
            return Some(Same);
        }
        let our = our.as_deref().map(|it| self.decode(it));
        let their = their.map(|it| self.decode(it));
        let verdict = judge(self.capture.server(), asked, our.as_ref(), their.as_ref());
        if self.rekeyed {
            return Some(Different("the recorded session uses go-ipmi's second random number"));
        }
        self.rekeyed = verdict == Some(Different(SECOND_RANDOM_NUMBER));
        if verdict.is_none() {
            let command = asked.ipmi.as_ref().map(|it| (it.netfn, it.cmd, &it.data));
            let kind = &asked.kind;
            self.faults.push(format!("after {kind} {command:?}:\n  ours   {our:?}\n  theirs {their:?}"));
        }
        verdict
    }

    fn decode(&self, datagram: &[u8]) -> Decoded {
        match Datagram::decode(datagram).unwrap() {
            Datagram::Asf { message, .. } => Decoded::Asf(message),
            Datagram::V15(packet) if packet.is_sessionless() => {
                Decoded::Sessionless(LanResponse::decode(packet.message).unwrap())
            }
            Datagram::V15(_) => Decoded::SessionV15,
            Datagram::V20(SessionV20::Sessionless(packet)) => decode_sessionless(packet),
            Datagram::V20(SessionV20::Sealed(packet)) => {
                let keys = self.session.unwrap().keys(self.capture);
                let opened = keys.open(&packet).unwrap();
                Decoded::InSession(packet.sequence().0, LanResponse::decode(opened.payload()).unwrap())
            }
            Datagram::Acknowledgement(_) => panic!("nobody acknowledges"),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Decoded {
    Asf(Asf),
    SessionV15,
    Sessionless(LanResponse),
    OpenSession(OpenSessionResponse),
    Rakp2(Rakp2),
    Rakp4(Rakp4),
    InSession(u32, LanResponse),
}

fn decode_sessionless(packet: Sessionless<'_>) -> Decoded {
    match packet.payload_type {
        PayloadType::IPMI => Decoded::Sessionless(LanResponse::decode(packet.payload).unwrap()),
        PayloadType::OPEN_SESSION_RESPONSE => {
            Decoded::OpenSession(OpenSessionResponse::decode(packet.payload).unwrap())
        }
        PayloadType::RAKP_2 => Decoded::Rakp2(Rakp2::decode(packet.payload).unwrap()),
        PayloadType::RAKP_4 => Decoded::Rakp4(Rakp4::decode(packet.payload).unwrap()),
        other => panic!("payload {other}"),
    }
}

/// Why our answer is not the recorded one. `None` is a fault of ours.
fn judge(
    server: Server,
    asked: &DerivedPacket,
    ours: Option<&Decoded>,
    theirs: Option<&Decoded>,
) -> Option<Verdict> {
    let command = asked.ipmi.as_ref().map(|it| (it.netfn, it.cmd));
    Some(match (ours, theirs) {
        (None, Some(Decoded::SessionV15)) => Different("IPMI 1.5 sessions are off"),
        (Some(Decoded::Sessionless(our)), Some(Decoded::Sessionless(_)))
            if command == Some((6, 0x39)) && our.completion_code == CompletionCode::INVALID_DATA_FIELD =>
        {
            Different("IPMI 1.5 sessions are off")
        }
        (Some(Decoded::Asf(our)), Some(Decoded::Asf(their))) => judge_pong(server, *our, *their)?,
        (Some(Decoded::OpenSession(our)), Some(Decoded::OpenSession(their))) => {
            judge_open_session(server, our, their)?
        }
        (Some(Decoded::Rakp2(our)), Some(Decoded::Rakp2(their))) => judge_rakp2(server, our, their)?,
        (Some(Decoded::Rakp4(our)), Some(Decoded::Rakp4(their))) => match (our.outcome, their.outcome) {
            (Err(our), Err(their)) => judge_refusals(server, our, their)?,
            _ => return None,
        },
        (Some(Decoded::Sessionless(our)), Some(Decoded::Sessionless(their))) => {
            judge_messages(server, our, their)?
        }
        (Some(Decoded::InSession(seq, our)), Some(Decoded::InSession(their_seq, their))) => {
            let verdict = judge_messages(server, our, their)?;
            if seq != their_seq {
                return (verdict <= SameContent("~")).then_some(SameContent(
                    "SOL packets of the recorded server have taken sequence numbers",
                ));
            }
            verdict
        }
        _ => return judge_silence(server, asked, ours, theirs),
    })
}

fn judge_pong(server: Server, our: Asf, their: Asf) -> Option<Verdict> {
    let (Asf::Pong(our), Asf::Pong(mut their)) = (our, their) else { return None };
    their.oem_enterprise = their.oem_enterprise.swap_bytes();
    (server == Server::Zipmi && our == their)
        .then_some(SameContent("zipmi writes the OEM number of the pong backwards"))
}

fn judge_open_session(
    server: Server,
    our: &OpenSessionResponse,
    their: &OpenSessionResponse,
) -> Option<Verdict> {
    match (our.outcome, their.outcome) {
        (Ok(our), Ok(mut their)) => {
            let echoed = their.maximum_privilege == PrivilegeLevel::HIGHEST;
            their.maximum_privilege = our.maximum_privilege;
            (server == Server::IpmiSim && echoed && our == their)
                .then_some(SameContent("ipmi_sim echoes privilege 0 in the Open Session Response"))
        }
        (Err(our), Err(their)) => judge_refusals(server, our, their),
        _ => None,
    }
}

fn judge_rakp2(server: Server, our: &Rakp2, their: &Rakp2) -> Option<Verdict> {
    match (our.outcome, their.outcome) {
        (Err(our), Err(their)) => judge_refusals(server, our, their),
        (Err(RmcpStatus::UNAUTHORIZED_NAME), Ok(_)) if server == Server::GoIpmi => {
            Some(Different("go-ipmi hides unknown users behind a random key"))
        }
        (Ok(our), Ok(their)) if server == Server::GoIpmi && our.managed_random != their.managed_random => {
            Some(Different(SECOND_RANDOM_NUMBER))
        }
        _ => None,
    }
}

const SECOND_RANDOM_NUMBER: &str = "go-ipmi makes a new random number for a repeated RAKP 1";

fn judge_refusals(server: Server, our: RmcpStatus, their: RmcpStatus) -> Option<Verdict> {
    if our == their && server == Server::IpmiSim {
        return Some(SameContent("ipmi_sim's refusals have another length"));
    }
    match (server, our, their) {
        (
            Server::GoIpmi | Server::IpmiSim,
            RmcpStatus::NO_CIPHER_SUITE_MATCH,
            RmcpStatus::INVALID_AUTHENTICATION_ALGORITHM,
        ) => Some(Different("the recorded server has no algorithm of that number at all")),
        (Server::GoIpmi, RmcpStatus::INVALID_INTEGRITY_CHECK_VALUE, RmcpStatus::UNAUTHORIZED_NAME) => {
            Some(Different("go-ipmi calls a wrong RAKP 3 an unauthorized name"))
        }
        (Server::IpmiSim, RmcpStatus::UNAUTHORIZED_ROLE, RmcpStatus::ILLEGAL_PARAMETER) => {
            Some(Different("ipmi_sim does not know the role OEM"))
        }
        _ => None,
    }
}

fn judge_messages(server: Server, our: &LanResponse, their: &LanResponse) -> Option<Verdict> {
    if our == their {
        return Some(SameContent("framing"));
    }
    if matches!(server, Server::GoIpmi | Server::Zipmi) {
        let addressed = LanResponse { requester: our.requester, responder: our.responder, ..their.clone() };
        if addressed == *our {
            return Some(SameContent("the recorded server mixes up the addresses"));
        }
    }
    Some(Different(match (our.net_fn.0, our.command.0, our.completion_code.0) {
        (7, 0x38, 0) => "capabilities are those of another configuration",
        (7, 0x54, 0) => "cipher suites are those of another configuration",
        (7, 0x48, 0) => "sizes and port of Serial over LAN are those of another configuration",
        (7, 0x4d, 0) if their.completion_code == CompletionCode::INVALID_COMMAND => {
            "ipmi_sim does not know access to payloads"
        }
        (7, 0x3d, 0) => "session info is that of another configuration",
        (7, 0x37, 0) if server == Server::Reference => {
            "the script's GUID answer is its RAKP 2 GUID backwards"
        }
        (7, 0x37, 0) if their.completion_code == CompletionCode::INVALID_COMMAND => {
            "go-ipmi has no Get System GUID"
        }
        (7, 0x38 | 0x54, 0xcc) if !their.completion_code.is_normal() => "another code for a wrong request",
        (_, _, 0xd4) if their.completion_code == CompletionCode::NOT_SUPPORTED_IN_STATE => {
            "ipmi_sim answers D5 outside of a session"
        }
        _ => return None,
    }))
}

fn judge_silence(
    server: Server,
    asked: &DerivedPacket,
    ours: Option<&Decoded>,
    theirs: Option<&Decoded>,
) -> Option<Verdict> {
    let command = asked.ipmi.as_ref().map(|it| (it.netfn, it.cmd));
    Some(Different(match (asked.kind.as_str(), server, ours, theirs) {
        ("rakp3", Server::GoIpmi | Server::IpmiSim, None, Some(Decoded::Rakp4(rakp4)))
            if rakp4.outcome.is_err() =>
        {
            "the console gave up: nobody waits for an answer"
        }
        ("rakp1", Server::Pyghmi, Some(Decoded::Rakp2(rakp2)), None) if rakp2.outcome.is_err() => {
            "pyghmi is silent about unknown users"
        }
        ("ipmi", Server::IpmiSim, Some(Decoded::Sessionless(_)), None) if command == Some((6, 0x54)) => {
            "ipmi_sim is silent about cipher suites in RMCP+ framing"
        }
        ("ipmi", _, Some(Decoded::Sessionless(our)), None)
            if asked.sid == Some(0) && our.completion_code == CompletionCode::INSUFFICIENT_PRIVILEGE =>
        {
            "the recorded server is silent about commands outside of a session"
        }
        _ => return None,
    }))
}

fn is_sol(datagram: &[u8]) -> bool {
    match Datagram::decode(datagram) {
        Ok(Datagram::V20(SessionV20::Sealed(packet))) => packet.payload_type() == PayloadType::SOL,
        _ => false,
    }
}

fn array(hex: &str) -> [u8; 16] {
    hex::decode(hex).unwrap().try_into().unwrap()
}

/// The packets of the client, each with the answers that the server gave before the next one.
fn steps(capture: &Capture) -> Vec<(usize, Vec<usize>)> {
    let mut steps: Vec<(usize, Vec<usize>)> = Vec::new();
    for (index, packet) in capture.packets.iter().enumerate() {
        match packet.dir {
            Direction::C2s => steps.push((index, Vec::new())),
            Direction::S2c => {
                let derived = &capture.derived.packets[index];
                let owner = steps.iter().rposition(|(asked, _)| belongs(capture, *asked, derived));
                steps[owner.unwrap_or(0)].1.push(index);
            }
        }
    }
    steps
}

/// Whether an answer may be the one to a packet.
fn belongs(capture: &Capture, asked: usize, answer: &DerivedPacket) -> bool {
    match (&capture.derived.packets[asked].ipmi, &answer.ipmi) {
        (Some(request), Some(response)) => {
            request.cmd == response.cmd
                && request.rqseq == response.rqseq
                && request.netfn | 1 == response.netfn
        }
        _ => true,
    }
}

#[test]
fn endpoint_answers_recorded_clients_as_the_recorded_servers_did() {
    let captures = Capture::all();
    let mut totals: BTreeMap<Verdict, usize> = BTreeMap::new();
    let mut report = String::new();
    let mut faults = Vec::new();
    for capture in &captures {
        let mut verdicts: BTreeMap<Verdict, usize> = BTreeMap::new();
        if capture.server_forces_suite {
            let reason = Different("pyghmi's server forces suite 3 on a console that asked for 17");
            verdicts.insert(reason, capture.packets.len());
        } else {
            let mut replay = Replay::new(capture);
            for (index, answers) in steps(capture) {
                for verdict in replay.feed(index, &answers) {
                    *verdicts.entry(verdict).or_default() += 1;
                }
            }
            faults.extend(replay.faults.into_iter().map(|fault| format!("{}: {fault}", capture.name)));
        }
        if verdicts.is_empty() {
            faults.push(format!("{}: nothing was compared", capture.name));
        }
        writeln!(report, "{}:", capture.name).unwrap();
        for (verdict, count) in &verdicts {
            writeln!(report, "  {count:3} {}", describe(*verdict)).unwrap();
            *totals.entry(*verdict).or_default() += count;
        }
    }
    writeln!(report, "all {}:", captures.len()).unwrap();
    for (verdict, count) in &totals {
        writeln!(report, "  {count:4} {}", describe(*verdict)).unwrap();
    }
    assert!(faults.is_empty(), "{} unexplained differences:\n{}", faults.len(), faults.join("\n"));
    insta::assert_snapshot!(report);
}

fn describe(verdict: Verdict) -> String {
    match verdict {
        Same => "same bytes".to_owned(),
        SameContent(but) => format!("same content, but {but}"),
        Different(reason) => format!("different: {reason}"),
    }
}

/// A run of ipmitool with a fixed suite, from the login to Close Session, with no answer lost. Its numbers are those of our
/// console: `rqSeq` counts from 0, one for the capabilities and one for the privilege level.
fn is_plain_ipmitool_run(capture: &Capture) -> bool {
    let [session] = capture.derived.sessions.as_slice() else { return false };
    let packets = &capture.derived.packets;
    let requests = || packets.iter().filter(|it| it.kind == "ipmi").filter_map(|it| it.ipmi.as_ref());
    capture.client.contains("ipmitool")
        && capture.cipher_suite.is_some()
        && session.rakp4_status == Some(0)
        && session.role.is_some_and(|role| role & 0x10 != 0)
        && !capture.packets.iter().any(|packet| packet.lost)
        && !packets.iter().any(|packet| packet.kind == "sol")
        && requests().next().is_some_and(|first| first.cmd == 0x3b)
        && requests().next_back().is_some_and(|last| (last.netfn, last.cmd) == (7, 0x3c))
        && capture.server_kg.is_none()
}

/// Lets our console do what ipmitool did and gives it the recorded answers. The tag is the one thing that differs and that no
/// code covers: it is put right.
fn console_repeats(capture: &Capture) -> usize {
    let session = &capture.derived.sessions[0];
    let script = Script::default();
    script.0.lock().unwrap().1 = array(session.rm.as_ref().unwrap());
    let name = UserName::new(session.username.as_ref().unwrap().as_bytes()).unwrap();
    let config = ConsoleConfig {
        kg: capture.server_kg(),
        privilege: PrivilegeLevel::new(session.role.unwrap()),
        cipher_suite: SuiteChoice::Fixed(CipherSuiteId(capture.cipher_suite.unwrap())),
        session_id: Some(SessionId(session.console_sid)),
        retry: RetryPolicy::DEFAULT,
        ..ConsoleConfig::new(name, capture.server_password())
    };
    let mut console = Console::new(config, Box::new(script));
    #[expect(clippy::disallowed_methods, reason = "virtual time starts somewhere; it stands still here")]
    let now = Instant::now();
    console.open(now);

    let mut asked: BTreeMap<RequestId, &DerivedMessage> = BTreeMap::new();
    let mut answered = 0;
    for (packet, derived) in capture.packets.iter().zip(&capture.derived.packets) {
        let message = derived.ipmi.as_ref();
        if packet.dir == Direction::C2s {
            let is_for_caller = message
                .is_some_and(|it| derived.kind == "ipmi" && !matches!((it.netfn, it.cmd), (6, 0x3b | 0x3c)));
            match message {
                Some(request) if is_for_caller => {
                    let data = hex::decode(&request.data).unwrap();
                    let (net_fn, command) = (NetFn(request.netfn), CommandNumber(request.cmd));
                    asked.insert(console.request(now, ConsoleRequest::new(net_fn, command, data)), request);
                }
                Some(request) if (request.netfn, request.cmd) == (6, 0x3c) => console.close(now),
                _ => {}
            }
            let ours = console.poll_transmit().unwrap();
            assert_eq!(console.poll_transmit(), None);
            if derived.kind != "ipmi" {
                let mut theirs = packet.bytes.clone();
                put_tag(&mut theirs, &derived.kind);
                assert_eq!(hex::encode(ours), hex::encode(theirs), "{}: {}", capture.name, derived.kind);
            }
            continue;
        }
        let mut datagram = packet.bytes.clone();
        put_tag(&mut datagram, &derived.kind);
        console.handle_datagram(now, &datagram);
        while let Some(event) = console.poll_event() {
            if let ConsoleEvent::Answered { id, completion_code, data } = event {
                let response = message.unwrap();
                assert_eq!(asked[&id].cmd, response.cmd, "{}", capture.name);
                assert_eq!(completion_code.0, response.cc.unwrap(), "{}", capture.name);
                assert_eq!(hex::encode(data), response.data, "{}", capture.name);
                answered += 1;
            } else {
                let is_expected = matches!(event, ConsoleEvent::Established { .. } | ConsoleEvent::Closed);
                assert!(is_expected, "{}: {event:?}", capture.name);
            }
        }
    }
    assert!(!console.is_established(), "{}: not closed", capture.name);
    assert_eq!(answered, asked.len(), "{}", capture.name);
    answered
}

/// Our console counts its tags from 0.
fn put_tag(datagram: &mut [u8], kind: &str) {
    let tag = match kind {
        "open-req" | "open-rsp" => 0,
        "rakp1" | "rakp2" => 1,
        "rakp3" | "rakp4" => 2,
        _ => return,
    };
    datagram[16] = tag;
}

#[test]
fn console_speaks_and_understands_what_ipmitool_and_its_servers_did() {
    let captures = Capture::all();
    let runs: Vec<&Capture> = captures.iter().filter(|capture| is_plain_ipmitool_run(capture)).collect();
    let answered: usize = runs.iter().map(|capture| console_repeats(capture)).sum();
    let suites: BTreeSet<u8> = runs.iter().filter_map(|capture| capture.cipher_suite).collect();
    assert_eq!((runs.len(), answered), (157, 1092));
    assert_eq!(suites, BTreeSet::from([0, 1, 2, 3, 6, 7, 8, 15, 16, 17]));
}
