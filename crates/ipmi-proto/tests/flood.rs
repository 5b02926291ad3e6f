//! A million datagrams of strangers: the session that stands goes on, memory stays flat, and who knows the password gets in.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    reason = "tests"
)]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use ipmi_proto::console::{Console, ConsoleConfig, ConsoleEvent, ConsoleRequest};
use ipmi_proto::crypto::Password;
use ipmi_proto::endpoint::{Endpoint, EndpointConfig, Response, SessionLimits, User};
use ipmi_proto::entropy::Entropy;
use ipmi_proto::number::{CommandNumber, Guid, NetFn, PrivilegeLevel, SessionV15Algorithm, UserName};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, RngExt as _, SeedableRng as _};

const DATAGRAMS: u32 = 1_000_000;

const CONSOLE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)), 1);

/// Random bytes that follow from a seed.
struct Seeded(StdRng);

impl Seeded {
    fn boxed(seed: u64) -> Box<dyn Entropy> {
        Box::new(Self(StdRng::seed_from_u64(seed)))
    }
}

impl Entropy for Seeded {
    fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }
}

fn config() -> EndpointConfig {
    let user = User {
        name: UserName::new(b"admin").unwrap(),
        password: Password::new(b"secret").unwrap(),
        limit: PrivilegeLevel::ADMINISTRATOR,
    };
    EndpointConfig {
        ipmi_1_5: vec![SessionV15Algorithm::MD5],
        ..EndpointConfig::new(Guid([7; 16]), vec![user])
    }
}

fn console(seed: u64, now: Instant) -> Console {
    let config = ConsoleConfig::new(UserName::new(b"admin").unwrap(), Password::new(b"secret").unwrap());
    let mut console = Console::new(config, Seeded::boxed(seed));
    console.open(now);
    console
}

/// Lets a console and the endpoint talk until both are silent; requests are answered with their own data. Gives what went over
/// the wire to the endpoint and what the console found out.
fn talk(endpoint: &mut Endpoint, console: &mut Console, now: Instant) -> (Vec<Bytes>, Vec<ConsoleEvent>) {
    let (mut sent, mut events) = (Vec::new(), Vec::new());
    while let Some(datagram) = console.poll_transmit() {
        if let Some(request) = endpoint.handle_datagram(now, CONSOLE, &datagram) {
            let data = request.data.clone();
            endpoint.respond(now, request.token, Response::normal(data));
        }
        sent.push(datagram);
        while let Some(transmit) = endpoint.poll_transmit() {
            assert_eq!(transmit.to, CONSOLE);
            console.handle_datagram(now, &transmit.datagram);
        }
        events.extend(std::iter::from_fn(|| console.poll_event()));
    }
    (sent, events)
}

/// Asks something in the session and wants the answer.
fn works(endpoint: &mut Endpoint, session: &mut Console, now: Instant, question: u32) {
    let data = question.to_be_bytes();
    session.request(now, ConsoleRequest::new(NetFn::CHASSIS, CommandNumber(1), data.to_vec()));
    let (_, events) = talk(endpoint, session, now);
    assert!(
        matches!(&events[..], [ConsoleEvent::Answered { data: answer, .. }] if answer[..] == data),
        "{question}: {events:?}"
    );
}

/// Bytes of this process in memory, where the operating system tells.
fn resident() -> Option<usize> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(statm.split(' ').nth(1)?.parse::<usize>().ok()? * 4096)
}

#[test]
fn million_datagrams_of_strangers_hurt_nobody() {
    #[expect(
        clippy::disallowed_methods,
        reason = "virtual time starts somewhere, and the flood's length is of interest"
    )]
    let begin = Instant::now();
    let mut now = begin;
    let mut endpoint = Endpoint::new(config(), Seeded::boxed(1));
    let mut session = console(2, now);
    let (mut templates, events) = talk(&mut endpoint, &mut session, now);
    assert!(matches!(events[..], [ConsoleEvent::Established { .. }]), "{events:?}");
    // What belongs to the session is recorded as well: changed or not, it must do nothing again.
    works(&mut endpoint, &mut session, now, 0);
    templates.push(Bytes::from_static(&[6, 0, 0xff, 6, 0, 0, 0x11, 0xbe, 0x80, 0, 0, 0]));

    let mut random = StdRng::seed_from_u64(3);
    let mut most = endpoint.occupancy();
    let (mut after_warm_up, mut answered) = (None, 0_u32);
    let mut latest_id = [1; 4];
    for number in 1..=DATAGRAMS {
        let mut datagram = templates.choose(&mut random).unwrap().to_vec();
        match random.random_range(0..5) {
            0 => datagram.truncate(random.random_range(0..=datagram.len())),
            1 => datagram.extend(std::iter::repeat_n(random.random::<u8>(), random.random_range(1..64))),
            2 | 3 => {
                let place = random.random_range(0..datagram.len());
                datagram[place] ^= random.random_range(1..=255_u8);
            }
            // Half valid: a setup message for a session that was opened just now.
            _ if datagram.len() > 24 => datagram[20..24].copy_from_slice(&latest_id),
            _ => {}
        }
        let from = SocketAddr::from(([10, random.random(), random.random(), random.random()], 623));
        // A fifth comes from one stubborn source.
        let from = if number % 5 == 0 { SocketAddr::from(([203, 0, 113, 1], 623)) } else { from };
        assert!(endpoint.handle_datagram(now, from, &datagram).is_none(), "{datagram:02x?}");
        while let Some(transmit) = endpoint.poll_transmit() {
            answered += 1;
            if let (Some(0x11), Some(id)) = (transmit.datagram.get(5), transmit.datagram.get(24..28)) {
                latest_id.copy_from_slice(id);
            }
        }
        let occupancy = endpoint.occupancy();
        most.sessions = most.sessions.max(occupancy.sessions);
        most.sources = most.sources.max(occupancy.sources);
        most.failing_logins = most.failing_logins.max(occupancy.failing_logins);
        // 20,000 a second.
        now += Duration::from_micros(50);
        if number % 20_000 == 0 {
            works(&mut endpoint, &mut session, now, number);
        }
        if number == DATAGRAMS / 10 {
            after_warm_up = resident();
        }
    }
    let limits = SessionLimits::DEFAULT;
    assert!(most.sessions <= usize::from(limits.max_half_open) + 1, "{most:?}");
    assert!(most.sources <= 128 && most.failing_logins <= 64, "{most:?}");
    if let (Some(before), Some(after)) = (after_warm_up, resident()) {
        let grown = after.saturating_sub(before);
        println!("memory grew by {grown} bytes over the last nine tenths");
        assert!(grown < 2 << 20, "{before} → {after}");
    }
    println!("{DATAGRAMS} datagrams in {:?}, {answered} answered, at most {most:?}", begin.elapsed());

    let mut login = console(4, now);
    let (_, events) = talk(&mut endpoint, &mut login, now);
    assert!(matches!(events[..], [ConsoleEvent::Established { .. }]), "at once: {events:?}");
    works(&mut endpoint, &mut session, now, u32::MAX);
}
