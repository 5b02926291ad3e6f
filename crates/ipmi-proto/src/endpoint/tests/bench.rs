//! An endpoint with a clock that stands still and a console without manners.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};

use crate::crypto::{CipherSuite, KeyExchange, Password, SessionKeys};
use crate::endpoint::{Endpoint, EndpointConfig, GuardLimits, Request, Response, Transmit, User};
use crate::entropy::Entropy;
use crate::number::{
    CommandNumber, CompletionCode, Guid, Iv, MessageTag, NameLookup, NetFn, PayloadType, PrivilegeLevel,
    RandomNumber, RmcpStatus, Role, RqSeq, SessionId, SessionSequence, UserName,
};
use crate::wire::{
    Datagram, LanRequest, LanResponse, OpenSessionGrant, OpenSessionRequest, OpenSessionResponse, Rakp1,
    Rakp2, Rakp2Grant, Rakp3, Rakp4, RmcpHeader, SessionV15, SessionV20, Sessionless,
};

pub(super) const GUID: Guid = Guid([0x11; 16]);

/// What ipmitool uses in every process.
pub(super) const CONSOLE: SessionId = SessionId(0xa0a2_a3a4);

pub(super) const TAG: MessageTag = MessageTag(0x42);

/// Bytes that count up, so that nothing repeats.
pub(super) struct Counting(pub(super) u64);

impl Entropy for Counting {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            let [.., a, b, c, d] = self.0.to_be_bytes();
            for (to, from) in chunk.iter_mut().zip([d, c, b, a, d ^ a, c ^ b, a, d]) {
                *to = from;
            }
        }
    }
}

pub(super) fn user(name: &str, password: &str, limit: PrivilegeLevel) -> User {
    User { name: named(name), password: secret(password), limit }
}

pub(super) fn named(name: &str) -> UserName {
    UserName::new(name.as_bytes()).unwrap()
}

pub(super) fn secret(password: &str) -> Password {
    Password::new(password.as_bytes()).unwrap()
}

/// Without bounds on strangers, which tests of other rules would run into.
pub(super) fn config() -> EndpointConfig {
    let users = vec![
        user("admin", "secret", PrivilegeLevel::ADMINISTRATOR),
        user("watcher", "look", PrivilegeLevel::OPERATOR),
        user("guest", "see", PrivilegeLevel::USER),
        user("gone", "secret", PrivilegeLevel::NO_ACCESS),
    ];
    let guard = GuardLimits { rate: 0, free_failures: 0, ..GuardLimits::DEFAULT };
    EndpointConfig { guard, ..EndpointConfig::new(GUID, users) }
}

pub(super) fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], port))
}

pub(super) fn encode(datagram: &Datagram<'_>) -> Bytes {
    let mut bytes = BytesMut::new();
    datagram.encode(&mut bytes).unwrap();
    bytes.freeze()
}

pub(super) fn v15(message: &[u8]) -> Bytes {
    encode(&Datagram::V15(SessionV15::sessionless(message)))
}

pub(super) fn v20(payload_type: PayloadType, payload: &[u8]) -> Bytes {
    encode(&Datagram::V20(SessionV20::Sessionless(Sessionless::new(payload_type, payload))))
}

pub(super) fn request(net_fn: NetFn, command: u8, data: &[u8]) -> LanRequest {
    LanRequest::to_bmc(net_fn, CommandNumber(command), RqSeq::new(1), Bytes::copy_from_slice(data))
}

/// An endpoint, the time, and the address that datagrams come from.
pub(super) struct Bench {
    pub(super) endpoint: Endpoint,
    pub(super) now: Instant,
    pub(super) from: SocketAddr,
}

/// What one datagram led to.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) request: Option<Request>,
    pub(super) sent: Vec<Transmit>,
}

impl Outcome {
    /// The one datagram that was sent, if one was, and nothing else happened.
    pub(super) fn only(self) -> Option<Transmit> {
        assert!(self.request.is_none(), "{self:?}");
        assert!(self.sent.len() <= 1, "{self:?}");
        self.sent.into_iter().next()
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.request.is_none() && self.sent.is_empty()
    }
}

impl Bench {
    pub(super) fn new(config: EndpointConfig) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "virtual time starts somewhere; only differences matter"
        )]
        let now = Instant::now();
        Self { endpoint: Endpoint::new(config, Box::new(Counting(1))), now, from: address(1000) }
    }

    pub(super) fn wait(&mut self, time: Duration) {
        self.now += time;
        self.endpoint.handle_timeout(self.now);
    }

    pub(super) fn feed(&mut self, datagram: &[u8]) -> Outcome {
        let request = self.endpoint.handle_datagram(self.now, self.from, datagram);
        Outcome { request, sent: self.sent() }
    }

    pub(super) fn sent(&mut self) -> Vec<Transmit> {
        std::iter::from_fn(|| self.endpoint.poll_transmit()).collect()
    }

    /// Answers a request and takes what is sent.
    pub(super) fn respond(&mut self, request: Request, response: Response) -> Vec<Transmit> {
        self.endpoint.respond(self.now, request.token, response);
        self.sent()
    }

    /// Asks outside of any session, in 1.5 framing.
    pub(super) fn ask_v15(&mut self, request: &LanRequest) -> LanResponse {
        let answer = self.feed(&v15(&request.to_bytes())).only().expect("an answer");
        let Ok(Datagram::V15(packet)) = Datagram::decode(&answer.datagram) else { panic!("{answer:?}") };
        assert!(packet.is_sessionless());
        LanResponse::decode(packet.message).unwrap()
    }

    /// Asks outside of any session, in RMCP+ framing.
    pub(super) fn ask_v20(&mut self, request: &LanRequest) -> LanResponse {
        let (payload_type, payload) = self.setup(PayloadType::IPMI, &request.to_bytes()).expect("an answer");
        assert_eq!(payload_type, PayloadType::IPMI);
        LanResponse::decode(&payload).unwrap()
    }

    /// Sends a payload outside of any session and takes the one that answers.
    pub(super) fn setup(
        &mut self,
        payload_type: PayloadType,
        payload: &[u8],
    ) -> Option<(PayloadType, Bytes)> {
        let answer = self.feed(&v20(payload_type, payload)).only()?;
        assert_eq!(answer.to, self.from);
        let Ok(Datagram::V20(SessionV20::Sessionless(packet))) = Datagram::decode(&answer.datagram) else {
            panic!("{answer:?}")
        };
        Some((packet.payload_type, Bytes::copy_from_slice(packet.payload)))
    }

    pub(super) fn open_request(suite: CipherSuite) -> OpenSessionRequest {
        OpenSessionRequest {
            tag: TAG,
            maximum_privilege: PrivilegeLevel::HIGHEST,
            console_session_id: CONSOLE,
            algorithms: suite.proposal().payloads(),
        }
    }

    pub(super) fn open(&mut self, request: &OpenSessionRequest) -> Result<OpenSessionGrant, RmcpStatus> {
        let mut payload = BytesMut::new();
        request.encode(&mut payload);
        self.open_raw(&payload).expect("an answer")
    }

    pub(super) fn open_raw(&mut self, payload: &[u8]) -> Option<Result<OpenSessionGrant, RmcpStatus>> {
        let (payload_type, answer) = self.setup(PayloadType::OPEN_SESSION_REQUEST, payload)?;
        assert_eq!(payload_type, PayloadType::OPEN_SESSION_RESPONSE);
        let response = OpenSessionResponse::decode(&answer).unwrap();
        assert_eq!(response.tag, MessageTag(payload[0]));
        if response.outcome.is_err() {
            assert_eq!(answer.len(), 8);
        }
        Some(response.outcome)
    }

    pub(super) fn rakp1(&mut self, rakp1: &Rakp1) -> Result<Rakp2Grant, RmcpStatus> {
        let mut payload = BytesMut::new();
        rakp1.encode(&mut payload);
        self.rakp1_raw(&payload).expect("an answer").outcome
    }

    pub(super) fn rakp1_raw(&mut self, payload: &[u8]) -> Option<Rakp2> {
        let (payload_type, answer) = self.setup(PayloadType::RAKP_1, payload)?;
        assert_eq!(payload_type, PayloadType::RAKP_2);
        let rakp2 = Rakp2::decode(&answer).unwrap();
        assert_eq!(rakp2.tag, MessageTag(payload[0]));
        if rakp2.outcome.is_err() {
            assert_eq!(answer.len(), 8);
        }
        Some(rakp2)
    }

    /// `None` is silence.
    pub(super) fn rakp3(&mut self, rakp3: &Rakp3) -> Option<Rakp4> {
        let mut payload = BytesMut::new();
        rakp3.encode(&mut payload);
        let (payload_type, answer) = self.setup(PayloadType::RAKP_3, &payload)?;
        assert_eq!(payload_type, PayloadType::RAKP_4);
        let rakp4 = Rakp4::decode(&answer).unwrap();
        assert_eq!(rakp4.tag, rakp3.tag);
        if rakp4.outcome.is_err() {
            assert_eq!(answer.len(), 8);
        }
        Some(rakp4)
    }

    /// A console after Open Session Response.
    pub(super) fn opened(&mut self, suite: CipherSuite, name: &str, password: &str) -> Peer {
        let grant = self.open(&Self::open_request(suite)).expect("a session");
        Peer::new(suite, name, password, grant.managed_session_id)
    }

    /// A console after RAKP 2.
    pub(super) fn half_way(
        &mut self,
        suite: CipherSuite,
        name: &str,
        password: &str,
        level: PrivilegeLevel,
    ) -> Peer {
        let mut peer = self.opened(suite, name, password);
        peer.exchange.role = Role::new(level, NameLookup::NameOnly);
        let grant = self.rakp1(&peer.rakp1()).expect("RAKP 2");
        assert_eq!(grant.guid, GUID);
        peer.exchange.managed_random = grant.managed_random;
        assert_eq!(grant.auth_code, peer.exchange.managed_proof(&peer.password));
        peer
    }

    /// A console with a session.
    pub(super) fn logged_in_as(
        &mut self,
        suite: CipherSuite,
        name: &str,
        password: &str,
        level: PrivilegeLevel,
    ) -> Peer {
        let mut peer = self.half_way(suite, name, password, level);
        let rakp4 = self.rakp3(&peer.rakp3()).expect("RAKP 4");
        peer.establish(&rakp4);
        peer
    }

    /// An administrator's console with a session, at user level still.
    pub(super) fn logged_in(&mut self) -> Peer {
        self.logged_in_as(CipherSuite::SHA256_AES, "admin", "secret", PrivilegeLevel::ADMINISTRATOR)
    }

    /// Asks in a session what the endpoint answers itself.
    pub(super) fn ask(
        &mut self,
        peer: &mut Peer,
        net_fn: NetFn,
        command: u8,
        data: &[u8],
    ) -> (CompletionCode, Bytes) {
        let datagram = peer.request(net_fn, command, data);
        let answer = self.feed(&datagram).only().expect("an answer");
        peer.answer(&answer)
    }

    /// Asks in a session what the caller has to answer.
    pub(super) fn hand_over(&mut self, peer: &mut Peer, net_fn: NetFn, command: u8, data: &[u8]) -> Request {
        let outcome = self.feed(&peer.request(net_fn, command, data));
        assert!(outcome.sent.is_empty(), "{outcome:?}");
        outcome.request.expect("a request")
    }
}

/// A console without manners.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) suite: CipherSuite,
    pub(super) password: Password,
    pub(super) exchange: KeyExchange,
    pub(super) keys: Option<SessionKeys>,
    /// The number of the next packet.
    pub(super) sequence: SessionSequence,
    /// The number of the next request.
    pub(super) rq_seq: RqSeq,
}

impl Peer {
    /// A console after Open Session Response.
    pub(super) fn new(suite: CipherSuite, name: &str, password: &str, id: SessionId) -> Self {
        Self {
            suite,
            password: secret(password),
            exchange: KeyExchange {
                authentication: suite.algorithms().unwrap().authentication(),
                console_session_id: CONSOLE,
                managed_session_id: id,
                console_random: RandomNumber([0x22; 16]),
                managed_random: RandomNumber([0; 16]),
                guid: GUID,
                role: Role::new(PrivilegeLevel::ADMINISTRATOR, NameLookup::NameOnly),
                user_name: named(name),
            },
            keys: None,
            sequence: SessionSequence::FIRST,
            rq_seq: RqSeq::new(0),
        }
    }

    pub(super) fn id(&self) -> SessionId {
        self.exchange.managed_session_id
    }

    pub(super) fn rakp1(&self) -> Rakp1 {
        Rakp1 {
            tag: TAG,
            managed_session_id: self.id(),
            console_random: self.exchange.console_random,
            role: self.exchange.role,
            user_name: self.exchange.user_name,
        }
    }

    pub(super) fn rakp3(&self) -> Rakp3 {
        Rakp3 {
            tag: TAG,
            managed_session_id: self.id(),
            outcome: Ok(self.exchange.console_proof(&self.password)),
        }
    }

    /// Takes RAKP 4 and makes the keys.
    pub(super) fn establish(&mut self, rakp4: &Rakp4) {
        let sik = self.exchange.session_key(&self.password, None);
        assert_eq!(rakp4.outcome, Ok(self.exchange.integrity_check(&sik)));
        assert_eq!(rakp4.console_session_id, CONSOLE);
        self.keys = Some(SessionKeys::derive(self.suite.algorithms().unwrap(), &sik, &self.password));
    }

    /// A request with the next numbers.
    pub(super) fn request(&mut self, net_fn: NetFn, command: u8, data: &[u8]) -> Bytes {
        let rq_seq = self.rq_seq;
        self.rq_seq = rq_seq.next();
        let request = LanRequest { requester_seq: rq_seq, ..request(net_fn, command, data) };
        self.packet(PayloadType::IPMI, &request.to_bytes())
    }

    /// The request before once more: the same `rqSeq`, the next session sequence number.
    pub(super) fn again(&mut self, net_fn: NetFn, command: u8, data: &[u8]) -> Bytes {
        self.rq_seq = RqSeq::new(self.rq_seq.get().wrapping_sub(1));
        self.request(net_fn, command, data)
    }

    /// A packet with the next session sequence number.
    pub(super) fn packet(&mut self, payload_type: PayloadType, payload: &[u8]) -> Bytes {
        let sequence = self.sequence;
        self.sequence = sequence.next();
        self.packet_numbered(sequence, payload_type, payload)
    }

    pub(super) fn packet_numbered(
        &self,
        sequence: SessionSequence,
        payload_type: PayloadType,
        payload: &[u8],
    ) -> Bytes {
        let mut datagram = BytesMut::new();
        RmcpHeader::IPMI.encode(&mut datagram);
        self.keys
            .as_ref()
            .unwrap()
            .seal(payload_type, self.id(), sequence, Iv([0x33; 16]), payload, &mut datagram)
            .unwrap();
        datagram.freeze()
    }

    /// The response in a packet for this console, and the packet's number.
    pub(super) fn response(&self, transmit: &Transmit) -> (u32, LanResponse) {
        let Ok(Datagram::V20(SessionV20::Sealed(packet))) = Datagram::decode(&transmit.datagram) else {
            panic!("{transmit:?}")
        };
        assert_eq!(packet.session_id(), CONSOLE);
        let opened = self.keys.as_ref().unwrap().open(&packet).unwrap();
        assert_eq!(opened.payload_type(), PayloadType::IPMI);
        (packet.sequence().0, LanResponse::decode(opened.payload()).unwrap())
    }

    pub(super) fn answer(&self, transmit: &Transmit) -> (CompletionCode, Bytes) {
        let (_, response) = self.response(transmit);
        (response.completion_code, response.data)
    }
}
