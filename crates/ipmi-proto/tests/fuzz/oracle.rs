//! What must hold whatever the input is. The fuzz targets and the ordinary tests call the same functions.
//!
//! Each one panics if a rule is broken, and does nothing else.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Debug;
use std::net::SocketAddr;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};
use ipmi_proto::command::{AnyRequest, Body, COMMANDS};
use ipmi_proto::command::{app, boot_options, chassis, dcmi, sensor, storage, transport};
use ipmi_proto::console::{
    Console, ConsoleConfig, ConsoleEvent, ConsoleRequest, RequestId, RetryPolicy, SuiteChoice,
};
use ipmi_proto::crypto::{CipherSuite, KeyExchange, PacketKey, Password, SessionKeys};
use ipmi_proto::endpoint::{
    Endpoint, EndpointConfig, GuardLimits, Request, Response, SessionLimits, User, UserTable,
};
use ipmi_proto::entropy::Entropy;
use ipmi_proto::number::{
    CipherSuiteId, CommandNumber, CompletionCode, Guid, NetFn, PayloadType, PrivilegeLevel, RandomNumber,
    Role, SessionId, SessionV15Algorithm, UserName,
};
use ipmi_proto::sol::{PAYLOAD_SIZE, RemoteEvent, RemoteSide, SolTiming, SystemEvent, SystemSide};
use ipmi_proto::wire::{
    Asf, CipherSuiteRecord, Datagram, LanRequest, LanResponse, OpenSessionRequest, OpenSessionResponse,
    Rakp1, Rakp2, Rakp3, Rakp4, RmcpHeader, SessionV15, SessionV20, Sessionless, SetupPrefix, SolOperation,
    SolPacket, SolStatus,
};

#[path = "lone_console.rs"]
mod lone_console;

pub(crate) use lone_console::console;

/// An oracle: input in, panic or nothing out.
pub(crate) type Oracle = fn(&[u8]);

/// Every oracle, with the name of its fuzz target.
pub(crate) const ORACLES: [(&str, Oracle); 7] = [
    ("datagram", datagram),
    ("setup_messages", setup_messages),
    ("commands", commands),
    ("endpoint", endpoint),
    ("sessions", sessions),
    ("console", console),
    ("serial_line", serial_line),
];

/// What a decoder takes, it writes, and reads the same again.
fn stable<T: PartialEq + Debug>(
    bytes: &[u8],
    decode: impl Fn(&[u8]) -> Option<T>,
    encode: impl Fn(&T, &mut BytesMut),
) {
    let Some(message) = decode(bytes) else { return };
    let mut written = BytesMut::new();
    encode(&message, &mut written);
    assert_eq!(decode(&written).as_ref(), Some(&message));
}

/// Datagrams as they come from the network, and the packets that claim to belong to a session.
pub(crate) fn datagram(bytes: &[u8]) {
    let Ok(decoded) = Datagram::decode(bytes) else { return };
    let mut written = BytesMut::new();
    if decoded.encode(&mut written).is_ok() {
        // Padding and reserved bits are not kept, so the bytes may differ; the meaning may not.
        assert_eq!(Datagram::decode(&written), Ok(decoded));
    }
    match decoded {
        Datagram::V20(SessionV20::Sealed(sealed)) => {
            for (suite, keys) in SIGNED_KEYS.iter() {
                assert!(keys.open(&sealed).is_err(), "{suite}: nobody has signed this");
            }
        }
        Datagram::V15(packet) => {
            lan_messages(packet.message);
            for algorithm in [SessionV15Algorithm::MD2, SessionV15Algorithm::MD5] {
                let key = PacketKey::new(algorithm, password(GOOD)).unwrap();
                assert!(!key.verifies(&packet), "nobody has signed this");
            }
        }
        Datagram::V20(SessionV20::Sessionless(packet)) => lan_messages(packet.payload),
        Datagram::Asf { .. } | Datagram::Acknowledgement(_) => {}
    }
}

fn lan_messages(bytes: &[u8]) {
    stable(bytes, |it| LanRequest::decode(it).ok(), |it, out| out.put_slice(&it.to_bytes()));
    stable(bytes, |it| LanResponse::decode(it).ok(), |it, out| out.put_slice(&it.to_bytes()));
}

/// Keys that no input knows, for every suite that signs.
static SIGNED_KEYS: LazyLock<Vec<(CipherSuite, SessionKeys)>> = LazyLock::new(|| {
    let keys_of = |id| {
        let suite = CipherSuite::by_id(CipherSuiteId(id)).unwrap();
        let algorithms = suite.algorithms().unwrap();
        let exchange = KeyExchange {
            authentication: algorithms.authentication(),
            console_session_id: SessionId(1),
            managed_session_id: SessionId(2),
            console_random: RandomNumber([3; 16]),
            managed_random: RandomNumber([4; 16]),
            guid: Guid([5; 16]),
            role: Role(0x14),
            user_name: UserName::new(b"admin").unwrap(),
        };
        let sik = exchange.session_key(&password(GOOD), None);
        (suite, SessionKeys::derive(algorithms, &sik, &password(GOOD)))
    };
    SIGNED.into_iter().map(keys_of).collect()
});

/// The messages of the session setup, each decoder on the same bytes.
pub(crate) fn setup_messages(bytes: &[u8]) {
    stable(bytes, |it| OpenSessionRequest::decode(it).ok(), |it, out| it.encode(out));
    stable(bytes, |it| OpenSessionResponse::decode(it).ok(), |it, out| it.encode(out));
    stable(bytes, |it| Rakp1::decode(it).ok(), |it, out| it.encode(out));
    stable(bytes, |it| Rakp2::decode(it).ok(), |it, out| it.encode(out));
    stable(bytes, |it| Rakp3::decode(it).ok(), |it, out| it.encode(out));
    stable(bytes, |it| Rakp4::decode(it).ok(), |it, out| it.encode(out));
    stable(bytes, |it| Asf::decode(it).ok(), |it, out| it.encode(out));
    stable(
        bytes,
        |it| CipherSuiteRecord::decode_all(it).ok(),
        |it, out| it.iter().for_each(|one| one.encode(out)),
    );
    let _ = SetupPrefix::decode(bytes);
    let _ = RmcpHeader::decode(bytes);
    stable(bytes, |it| SolPacket::<SolOperation>::decode(it).ok(), |it, out| it.encode(out));
    stable(bytes, |it| SolPacket::<SolStatus>::decode(it).ok(), |it, out| it.encode(out));
    lan_messages(bytes);
    if let Ok(Datagram::V20(SessionV20::Sessionless(packet))) = Datagram::decode(bytes) {
        setup_messages(packet.payload);
    }
}

/// The data bytes of every command, both directions. The first byte chooses the request.
pub(crate) fn commands(bytes: &[u8]) {
    let Some((which, data)) = bytes.split_first() else { return };
    let info = COMMANDS[usize::from(*which) % COMMANDS.len()];
    // With the group whose command it is, or else it is an unknown one.
    let of_group: Vec<u8> = info.group.into_iter().chain(data.iter().copied()).collect();
    for data in [data, &of_group] {
        if let Ok(request) = AnyRequest::decode(info.net_fn, info.command, data) {
            let mut written = Vec::new();
            request.encode(&mut written);
            assert_eq!(written, data, "{}", info.name);
        }
    }
    macro_rules! responses {
        ($($body:ty)+) => { $(
            stable(data, |it| <$body>::decode(it).ok(), |it, out| out.put_slice(&it.to_bytes()));
        )+ };
    }
    responses! {
        app::SessionChallenge app::ActivatedSession app::ChannelAuthenticationCapabilities
        app::ChannelCipherSuites app::SessionPrivilegeLevel app::SessionInfo app::DeviceId
        app::ActivatedPayload app::PayloadActivationStatus app::PayloadInstanceInfo app::UserPayloads
        app::ChannelPayloadSupport app::ChannelPayloadVersion
        app::SelfTestResults app::ChannelAccess app::ChannelInfo app::UserAccess Guid
        chassis::ChassisStatus chassis::ChassisCapabilities chassis::PohCounter boot_options::BootOptionReport
        app::AcpiPowerState app::SystemInfo sensor::SensorReading sensor::SensorEvents sensor::SensorThresholds
        sensor::SensorHysteresis storage::SelInfo storage::SdrRepositoryInfo storage::AllocationInfo
        storage::RecordPiece storage::FruInventoryAreaInfo storage::FruData storage::UtcOffset
        transport::LanConfiguration dcmi::DcmiCapabilities dcmi::DcmiPowerReading dcmi::DcmiText
        dcmi::DcmiTextLength dcmi::DcmiSensorInfo
    }
}

/// A front door that gets nothing but what the input makes up: it never hands over a request, never answers with much more than
/// it got, and stays within its bounds.
pub(crate) fn endpoint(bytes: &[u8]) {
    let mut world = World::new(bytes);
    let mut input = Input(bytes);
    while let Some(op) = input.byte() {
        let datagram = match op % 6 {
            0 => input.chunk(),
            1 => [&[6, 0, 0xff, 7][..], &input.chunk()].concat(),
            2 => v20(PayloadType(input.byte().unwrap_or(0) & 0x3f), &input.chunk()),
            // A setup message that names one of the ids that the endpoint gives out.
            3 => {
                let mut payload = input.chunk();
                let id = world.known_id(&mut input);
                if let Some(place) = payload.get_mut(4..8) {
                    place.copy_from_slice(&id.to_le_bytes());
                }
                v20(PayloadType(0x10 | input.byte().unwrap_or(0) & 7), &payload)
            }
            4 => {
                let message = message(&mut input);
                if input.byte().unwrap_or(0) & 1 == 0 {
                    v15(&message)
                } else {
                    v20(PayloadType::IPMI, &message)
                }
            }
            _ => {
                world.wait(u64::from(input.byte().unwrap_or(0)) * 100);
                continue;
            }
        };
        let asked = world.feed_endpoint(STRANGER, &datagram);
        assert!(asked.is_none(), "a request out of nothing: {datagram:02x?}");
    }
    assert_eq!(world.endpoint.active_sessions(), 0, "nobody has logged in");
}

/// Real consoles and a real front door, and somebody on the way who drops, delays, repeats, changes and makes up datagrams in
/// both directions.
///
/// What is executed was asked, once each, by a console that knows the password; what a console takes for an answer was given.
pub(crate) fn sessions(bytes: &[u8]) {
    let _answered = play(bytes);
}

/// How many questions are answered in these inputs of [`sessions`].
#[allow(dead_code, reason = "fuzz targets do not ask")]
pub(crate) fn answers_of(inputs: &[Vec<u8>]) -> usize {
    inputs.iter().map(|input| play(input)).sum()
}

fn play(bytes: &[u8]) -> usize {
    let mut world = World::new(bytes);
    let mut input = Input(bytes);
    while let Some(op) = input.byte() {
        match op % 16 {
            0 | 1 => world.begin(&mut input),
            2..=5 => world.pass(&mut input),
            6 => world.change(&mut input),
            7 => world.repeat(&mut input),
            8 => drop(world.wire.pop_front()),
            9 => world.reorder(&mut input),
            10 => world.ask(&mut input),
            11 | 12 => world.execute(&mut input),
            13 => world.wait(u64::from(input.byte().unwrap_or(0)) * 250),
            14 => world.close(&mut input),
            _ if op >= 0x80 => world.change_users(&mut input),
            _ => world.make_up(&mut input),
        }
    }
    world.answered
}

/// Both ends of a serial line, and somebody on the way who drops, repeats and reorders. Neither end ever gives up, so what each
/// prints is a beginning of what the other was given: nothing twice, nothing left out, nothing in another order.
///
/// An even first byte also lets somebody with the session's keys make up packets; then nothing may panic or grow, and
/// no more may be taken than there is room for.
pub(crate) fn serial_line(bytes: &[u8]) {
    let Some((mode, script)) = bytes.split_first() else { return };
    let mut line = Line::new(mode & 1 == 0);
    let mut input = Input(script);
    while let Some(op) = input.byte() {
        match op % 12 {
            0 | 1 => line.print(usize::from(input.byte().unwrap_or(0)) * 3),
            2 => line.type_characters(usize::from(input.byte().unwrap_or(0))),
            3..=5 => line.pass(&mut input),
            6 => line.lose(&mut input),
            7 => line.repeat(&mut input),
            8 => line.swap(&mut input),
            9 => line.wait(u64::from(input.byte().unwrap_or(0)) * 10),
            10 => line.room = usize::from(input.byte().unwrap_or(0)),
            _ if line.made_up => line.make_up(&mut input),
            _ => line.system.set_available(input.byte().unwrap_or(1) % 4 != 0),
        }
        line.check();
    }
}

/// A packet on its way, and how many its sender had sent by then.
type OnTheWay = (u64, Vec<u8>);

struct Line {
    made_up: bool,
    now: Instant,
    system: SystemSide,
    remote: RemoteSide,
    room: usize,
    /// To the console, and to the system.
    wires: [VecDeque<OnTheWay>; 2],
    sent: [u64; 2],
    given: [Vec<u8>; 2],
    got: [usize; 2],
    draws: Draws,
}

impl Line {
    /// A session drops packets that are much older than the latest one; so does this wire.
    const OLDEST: u64 = 7;

    fn new(made_up: bool) -> Self {
        let timing = SolTiming { retries: u32::MAX, ..SolTiming::CONSOLE };
        let gathering = SolTiming { accumulation: Duration::from_millis(20), threshold: 96, ..timing };
        #[expect(clippy::disallowed_methods, reason = "virtual time starts somewhere")]
        let now = Instant::now();
        Self {
            made_up,
            now,
            system: SystemSide::new(gathering, 1 << 24, true),
            remote: RemoteSide::new(timing, PAYLOAD_SIZE),
            room: 1000,
            wires: [VecDeque::new(), VecDeque::new()],
            sent: [0; 2],
            given: [Vec::new(), Vec::new()],
            got: [0; 2],
            draws: Draws(1),
        }
    }

    fn print(&mut self, len: usize) {
        let mut characters = vec![0; len];
        self.draws.fill(&mut characters);
        self.system.print(self.now, &characters);
        self.given[0].extend(characters);
    }

    fn type_characters(&mut self, len: usize) {
        let mut characters = vec![0; len];
        self.draws.fill(&mut characters);
        // The console's buffer is bounded; more than it holds would be lost, as it should.
        if self.given[1].len().saturating_sub(self.got[1]) + len < 60_000 {
            self.remote.type_characters(self.now, &characters);
            self.given[1].extend(characters);
        }
    }

    fn pass(&mut self, input: &mut Input<'_>) {
        let way = input.index(2);
        let Some((number, packet)) = self.wires[way].pop_front() else { return };
        if self.sent[way] - number > Self::OLDEST {
            return;
        }
        match way {
            0 => self.remote.handle_payload(self.now, &packet).unwrap(),
            _ => self.system.handle_payload(self.now, &packet, self.room).unwrap(),
        }
    }

    fn lose(&mut self, input: &mut Input<'_>) {
        drop(self.wires[input.index(2)].pop_front());
    }

    fn repeat(&mut self, input: &mut Input<'_>) {
        let wire = &mut self.wires[input.index(2)];
        let copy = wire.front().cloned();
        wire.extend(copy);
    }

    fn swap(&mut self, input: &mut Input<'_>) {
        let wire = &mut self.wires[input.index(2)];
        if wire.len() > 1 {
            let other = 1 + input.index(wire.len() - 1);
            wire.swap(0, other);
        }
    }

    fn wait(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
        self.system.handle_timeout(self.now);
        self.remote.handle_timeout(self.now);
    }

    fn make_up(&mut self, input: &mut Input<'_>) {
        let way = input.index(2);
        let packet = input.chunk();
        let _ = match way {
            0 => self.remote.handle_payload(self.now, &packet),
            _ => self.system.handle_payload(self.now, &packet, self.room),
        };
    }

    fn check(&mut self) {
        while let Some(packet) = self.system.poll_transmit() {
            assert!(packet.len() <= usize::from(PAYLOAD_SIZE));
            self.sent[0] += 1;
            self.wires[0].push_back((self.sent[0], packet.to_vec()));
        }
        while let Some(packet) = self.remote.poll_transmit() {
            assert!(packet.len() <= usize::from(PAYLOAD_SIZE));
            self.sent[1] += 1;
            self.wires[1].push_back((self.sent[1], packet.to_vec()));
        }
        while let Some(event) = self.remote.poll_event() {
            if let RemoteEvent::Characters(characters) = event {
                self.arrived(0, &characters);
            }
        }
        while let Some(event) = self.system.poll_event() {
            if let SystemEvent::Characters(characters) = event {
                assert!(characters.len() <= self.room);
                self.arrived(1, &characters);
            }
        }
    }

    fn arrived(&mut self, way: usize, characters: &[u8]) {
        let from = self.got[way];
        self.got[way] += characters.len();
        if !self.made_up {
            assert_eq!(self.given[way].get(from..self.got[way]), Some(characters));
        }
    }
}

const GOOD: &str = "correct horse";
const STRANGER: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 1)), 1);

/// The suites whose packets prove something.
const SIGNED: [u8; 8] = [2, 3, 7, 8, 11, 12, 16, 17];

fn password(text: &str) -> Password {
    Password::new(text.as_bytes()).unwrap()
}

fn v20(payload_type: PayloadType, payload: &[u8]) -> Vec<u8> {
    encode(&Datagram::V20(SessionV20::Sessionless(Sessionless::new(payload_type, payload))))
}

fn v15(message: &[u8]) -> Vec<u8> {
    encode(&Datagram::V15(SessionV15::sessionless(message)))
}

fn encode(datagram: &Datagram<'_>) -> Vec<u8> {
    let mut bytes = BytesMut::new();
    let _ = datagram.encode(&mut bytes);
    bytes.to_vec()
}

/// A request with right checksums.
fn message(input: &mut Input<'_>) -> Vec<u8> {
    let (net_fn, command) = (input.byte().unwrap_or(6), input.byte().unwrap_or(0x38));
    let seq = ipmi_proto::number::RqSeq::new(input.byte().unwrap_or(0));
    let data = Bytes::from(input.chunk());
    LanRequest::to_bmc(NetFn::new(net_fn).request(), CommandNumber(command), seq, data).to_bytes().to_vec()
}

/// What is left of an input.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// Some bytes, as many as the next one says.
    fn chunk(&mut self) -> Vec<u8> {
        let len = usize::from(self.byte().unwrap_or(0)).min(self.0.len());
        let (chunk, rest) = self.0.split_at(len);
        self.0 = rest;
        chunk.to_vec()
    }

    fn index(&mut self, len: usize) -> usize {
        usize::from(self.byte().unwrap_or(0)) % len.max(1)
    }
}

/// Bytes that follow from the input.
struct Draws(u64);

impl Entropy for Draws {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = self.0.to_be_bytes()[1];
        }
    }
}

/// How long the endpoint knows a retransmission again.
const RETRY_WINDOW: Duration = SessionLimits::DEFAULT.retry_window;

/// What became of a question.
#[derive(Default)]
struct Executed {
    times: u32,
    /// When the latest execution was answered.
    answered_at: Option<Instant>,
}

/// Where a datagram is going.
#[derive(Debug, Clone, Copy)]
enum Way {
    ToEndpoint(SocketAddr),
    ToConsole(SocketAddr),
}

struct Peer {
    address: SocketAddr,
    console: Console,
    knows_password: bool,
    asked: BTreeMap<RequestId, [u8; 4]>,
}

struct World {
    /// Those of the endpoint in the beginning.
    users: UserTable,
    now: Instant,
    endpoint: Endpoint,
    peers: Vec<Peer>,
    wire: VecDeque<(Way, Vec<u8>)>,
    /// What has been on the wire before.
    seen: Vec<(Way, Vec<u8>)>,
    waiting: Vec<Request>,
    /// Every question that a console has asked, and what became of it.
    questions: BTreeMap<[u8; 4], Executed>,
    next_question: u32,
    ids: Vec<u32>,
    draws: u64,
    answered: usize,
}

impl World {
    fn new(bytes: &[u8]) -> Self {
        let user = |name: &str, limit| User {
            name: UserName::new(name.as_bytes()).unwrap(),
            password: password(GOOD),
            limit,
        };
        let first = bytes.first().copied().unwrap_or(0);
        let config = EndpointConfig {
            cipher_suites: SIGNED.into_iter().map(CipherSuiteId).collect(),
            ipmi_1_5: vec![SessionV15Algorithm::MD5, SessionV15Algorithm::MD2],
            hide_users: first & 1 != 0,
            guard: if first & 2 == 0 {
                GuardLimits { rate: 0, free_failures: 0, ..GuardLimits::DEFAULT }
            } else {
                GuardLimits::DEFAULT
            },
            ..EndpointConfig::new(
                Guid([9; 16]),
                vec![user("admin", PrivilegeLevel::ADMINISTRATOR), user("low", PrivilegeLevel::USER)],
            )
        };
        #[allow(clippy::disallowed_methods, reason = "virtual time starts somewhere")]
        let now = Instant::now();
        Self {
            now,
            users: config.users.clone(),
            endpoint: Endpoint::new(config, Box::new(Draws(1))),
            peers: Vec::new(),
            wire: VecDeque::new(),
            seen: Vec::new(),
            waiting: Vec::new(),
            questions: BTreeMap::new(),
            next_question: 0,
            ids: Vec::new(),
            draws: 2,
            answered: 0,
        }
    }

    fn known_id(&self, input: &mut Input<'_>) -> u32 {
        self.ids.get(input.index(self.ids.len())).copied().unwrap_or(1)
    }

    /// A console begins to log in, with one of the suites, as one of two users, with the right password or not.
    fn begin(&mut self, input: &mut Input<'_>) {
        if self.peers.len() >= 6 {
            return;
        }
        let choice = input.byte().unwrap_or(0);
        let knows_password = choice & 0x0f != 0;
        let secret = if knows_password { GOOD } else { "guess" };
        let name: &[u8] = if choice & 0x10 == 0 { b"admin" } else { b"low" };
        let suite = SIGNED[input.index(SIGNED.len())];
        let config = ConsoleConfig {
            privilege: if choice & 0x10 == 0 { PrivilegeLevel::ADMINISTRATOR } else { PrivilegeLevel::USER },
            cipher_suite: if choice & 0x20 == 0 {
                SuiteChoice::Fixed(CipherSuiteId(suite))
            } else {
                SuiteChoice::Discover
            },
            retry: RetryPolicy::DEFAULT,
            ..ConsoleConfig::new(UserName::new(name).unwrap(), password(secret))
        };
        self.draws += 1;
        let mut console = Console::new(config, Box::new(Draws(self.draws)));
        console.open(self.now);
        let address = SocketAddr::from(([192, 0, 2, 1], 1000 + u16::try_from(self.peers.len()).unwrap()));
        self.peers.push(Peer { address, console, knows_password, asked: BTreeMap::new() });
        self.collect();
    }

    /// A third user comes and goes, while those who may be logged in stay as they are: nothing of theirs ends.
    fn change_users(&mut self, input: &mut Input<'_>) {
        let mut users = self.users.clone();
        if input.byte().unwrap_or(0) & 1 != 0 {
            users.push(User {
                name: UserName::new(b"third").unwrap(),
                password: password(GOOD),
                limit: PrivilegeLevel::OPERATOR,
            });
        }
        let before = self.endpoint.active_sessions();
        assert_eq!(self.endpoint.set_users(users, None), 0);
        assert_eq!(self.endpoint.active_sessions(), before);
    }

    /// Delivers the next datagram as it is.
    fn pass(&mut self, input: &mut Input<'_>) {
        for _ in 0..=input.byte().unwrap_or(0) & 7 {
            let Some((way, datagram)) = self.wire.pop_front() else { return };
            self.deliver(way, &datagram);
        }
    }

    fn change(&mut self, input: &mut Input<'_>) {
        let Some((way, mut datagram)) = self.wire.pop_front() else { return };
        match input.byte().unwrap_or(0) % 4 {
            0 => datagram.truncate(input.index(datagram.len() + 1)),
            1 => datagram.extend(input.chunk()),
            _ => {
                let place = input.index(datagram.len());
                if let Some(byte) = datagram.get_mut(place) {
                    *byte ^= input.byte().unwrap_or(1);
                }
            }
        }
        self.deliver(way, &datagram);
    }

    fn repeat(&mut self, input: &mut Input<'_>) {
        let which = input.index(self.seen.len());
        let Some((way, datagram)) = self.seen.get(which).cloned() else { return };
        let way = match way {
            Way::ToEndpoint(_) if input.byte().unwrap_or(0) & 1 != 0 => Way::ToEndpoint(STRANGER),
            way => way,
        };
        self.deliver(way, &datagram);
    }

    fn reorder(&mut self, input: &mut Input<'_>) {
        let (one, other) = (input.index(self.wire.len()), input.index(self.wire.len()));
        if !self.wire.is_empty() {
            self.wire.swap(one, other);
        }
    }

    fn make_up(&mut self, input: &mut Input<'_>) {
        let way = match self.peers.get(input.index(self.peers.len() + 1)) {
            Some(peer) => Way::ToConsole(peer.address),
            None => Way::ToEndpoint(STRANGER),
        };
        let datagram = match input.byte().unwrap_or(0) % 3 {
            0 => input.chunk(),
            1 => v20(PayloadType(input.byte().unwrap_or(0) & 0x3f), &input.chunk()),
            _ => v15(&message(input)),
        };
        self.deliver(way, &datagram);
    }

    fn ask(&mut self, input: &mut Input<'_>) {
        let which = input.index(self.peers.len());
        let now = self.now;
        let Some(peer) = self.peers.get_mut(which) else { return };
        self.next_question += 1;
        let question = self.next_question.to_be_bytes();
        self.questions.insert(question, Executed::default());
        let request = ConsoleRequest::new(NetFn::CHASSIS, CommandNumber(2), question.to_vec());
        let id = peer.console.request(now, request);
        peer.asked.insert(id, question);
        self.collect();
    }

    fn close(&mut self, input: &mut Input<'_>) {
        let which = input.index(self.peers.len());
        let now = self.now;
        if let Some(peer) = self.peers.get_mut(which) {
            peer.console.close(now);
        }
        self.collect();
    }

    fn execute(&mut self, input: &mut Input<'_>) {
        if self.waiting.is_empty() {
            return;
        }
        let request = self.waiting.remove(input.index(self.waiting.len()));
        let question: [u8; 4] = request.data[..].try_into().unwrap();
        self.questions.get_mut(&question).unwrap().answered_at = Some(self.now);
        let answer: Vec<u8> = request.data.iter().map(|byte| byte ^ 0x5a).collect();
        self.endpoint.respond(self.now, request.token, Response::normal(answer));
        self.collect();
    }

    fn wait(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
        self.endpoint.handle_timeout(self.now);
        assert!(self.endpoint.poll_timeout().is_none_or(|at| at > self.now), "what was due is done");
        let now = self.now;
        for peer in &mut self.peers {
            peer.console.handle_timeout(now);
        }
        self.collect();
    }

    fn deliver(&mut self, way: Way, datagram: &[u8]) {
        match way {
            Way::ToEndpoint(from) => {
                if let Some(request) = self.feed_endpoint(from, datagram) {
                    let question: [u8; 4] = request.data[..].try_into().expect("nobody has asked this");
                    let executed = self.questions.get_mut(&question).expect("nobody has asked this");
                    // A copy that comes later than any retransmission is another request: the endpoint forgets its answer by then.
                    let forgotten = executed.answered_at.is_some_and(|at| self.now >= at + RETRY_WINDOW);
                    assert!(executed.times == 0 || forgotten, "executed twice");
                    executed.times += 1;
                    executed.answered_at = None;
                    self.waiting.push(request);
                }
            }
            Way::ToConsole(to) => {
                let now = self.now;
                if let Some(peer) = self.peers.iter_mut().find(|peer| peer.address == to) {
                    peer.console.handle_datagram(now, datagram);
                }
            }
        }
        self.collect();
    }

    /// Gives a datagram to the endpoint and looks at what comes of it.
    fn feed_endpoint(&mut self, from: SocketAddr, datagram: &[u8]) -> Option<Request> {
        let request = self.endpoint.handle_datagram(self.now, from, datagram);
        let mut sent = 0;
        while let Some(transmit) = self.endpoint.poll_transmit() {
            sent += 1;
            assert_eq!(transmit.to, from, "answers go to who asked");
            assert!(
                transmit.datagram.len() * 100 <= datagram.len() * 250,
                "{} for {datagram:02x?}",
                transmit.datagram.len()
            );
            self.note_id(&transmit.datagram);
            self.wire.push_back((Way::ToConsole(transmit.to), transmit.datagram.to_vec()));
        }
        assert!(sent <= 1 && (sent == 0 || request.is_none()));
        let (limits, occupancy) = (SessionLimits::DEFAULT, self.endpoint.occupancy());
        assert!(occupancy.sessions <= usize::from(limits.max_active) + usize::from(limits.max_half_open));
        assert!(occupancy.sources <= 128 && occupancy.failing_logins <= 64);
        request
    }

    /// Remembers ids that the endpoint gives out, so that the input can use them.
    fn note_id(&mut self, datagram: &[u8]) {
        let id = match datagram.get(5) {
            Some(0x11) => datagram.get(24..28),
            Some(_) if datagram.len() > 40 => datagram.get(21..25),
            _ => None,
        };
        self.ids.extend(id.and_then(|id| id.try_into().ok()).map(u32::from_le_bytes));
    }

    /// Takes what endpoint and consoles have to send, and what the consoles have found out.
    fn collect(&mut self) {
        while let Some(transmit) = self.endpoint.poll_transmit() {
            self.wire.push_back((Way::ToConsole(transmit.to), transmit.datagram.to_vec()));
        }
        for peer in &mut self.peers {
            while let Some(datagram) = peer.console.poll_transmit() {
                self.wire.push_back((Way::ToEndpoint(peer.address), datagram.to_vec()));
            }
            while let Some(event) = peer.console.poll_event() {
                match event {
                    ConsoleEvent::Established { .. } => {
                        assert!(peer.knows_password, "a session without the password")
                    }
                    ConsoleEvent::Answered { id, completion_code, data } => {
                        let question = peer.asked.remove(&id).expect("answered twice");
                        let expected: Vec<u8> = question.iter().map(|byte| byte ^ 0x5a).collect();
                        assert_eq!((completion_code, &data[..]), (CompletionCode::NORMAL, &expected[..]));
                        assert!(self.questions[&question].times > 0, "an answer without execution");
                        self.answered += 1;
                    }
                    ConsoleEvent::Unanswered { .. }
                    | ConsoleEvent::Closed
                    | ConsoleEvent::Failed(_)
                    | ConsoleEvent::Sol(_) => {}
                }
            }
        }
        let new = self.wire.len().min(4);
        let latest = self.wire.iter().rev().take(new).cloned();
        if self.seen.len() < 200 {
            self.seen.extend(latest);
        }
        while self.wire.len() > 64 {
            self.wire.pop_front();
        }
    }
}
