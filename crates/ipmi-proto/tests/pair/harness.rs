//! Consoles and one endpoint in one thread, in virtual time, with a link between them that loses, repeats, delays and reorders.
//!
//! Everything follows from the seed: a failing run is repeated by its number.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use ipmi_proto::console::{Console, ConsoleConfig, ConsoleEvent, ConsoleRequest, RequestId};
use ipmi_proto::endpoint::{Endpoint, EndpointConfig, RequestToken, Response};
use ipmi_proto::entropy::Entropy;
use ipmi_proto::number::{CommandNumber, NetFn};
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};

/// Random bytes that follow from a seed.
pub struct Seeded(StdRng);

impl Seeded {
    pub fn boxed(seed: u64) -> Box<dyn Entropy> {
        Box::new(Self(StdRng::seed_from_u64(seed)))
    }
}

impl Entropy for Seeded {
    fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }
}

/// What the link does to a datagram.
#[derive(Debug, Clone, Copy)]
pub struct Weather {
    /// The probability that a datagram is lost.
    pub loss: f64,
    /// The probability that a datagram that is not lost arrives twice.
    pub repeat: f64,
    /// Every copy takes between these two: a wide range reorders.
    pub delay: (Duration, Duration),
}

impl Weather {
    pub const FINE: Self =
        Self { loss: 0.0, repeat: 0.0, delay: (Duration::from_millis(1), Duration::from_millis(1)) };
}

/// A request that the endpoint handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executed {
    pub peer: SocketAddr,
    pub user: String,
    pub net_fn: NetFn,
    pub command: CommandNumber,
    pub data: Bytes,
}

enum Arrival {
    AtEndpoint { from: SocketAddr, datagram: Bytes },
    AtConsole { to: SocketAddr, datagram: Bytes },
    Answer { token: RequestToken, response: Response },
}

/// One console and what has become of it.
pub struct Node {
    pub address: SocketAddr,
    pub console: Console,
    pub events: VecDeque<ConsoleEvent>,
}

impl Node {
    pub fn is_over(&self) -> bool {
        self.events.iter().any(|event| matches!(event, ConsoleEvent::Closed | ConsoleEvent::Failed(_)))
    }

    pub fn is_established(&self) -> bool {
        self.events.iter().any(|event| matches!(event, ConsoleEvent::Established { .. }))
    }

    pub fn answer_to(&self, wanted: RequestId) -> Option<&ConsoleEvent> {
        self.events.iter().find(|event| match event {
            ConsoleEvent::Answered { id, .. } | ConsoleEvent::Unanswered { id, .. } => *id == wanted,
            _ => false,
        })
    }
}

/// All of it.
pub struct Pair {
    pub now: Instant,
    pub endpoint: Endpoint,
    pub nodes: Vec<Node>,
    pub weather: Weather,
    /// How long the caller works on a request.
    pub work: Duration,
    pub executed: Vec<Executed>,
    /// Every datagram that the endpoint sent.
    pub sent_by_endpoint: Vec<(Instant, SocketAddr, Bytes)>,
    queue: BTreeMap<(Instant, u64), Arrival>,
    serial: u64,
    rng: StdRng,
    seed: u64,
}

impl Pair {
    pub fn new(seed: u64, config: EndpointConfig, weather: Weather) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "virtual time starts somewhere; only differences matter"
        )]
        let now = Instant::now();
        Self {
            now,
            endpoint: Endpoint::new(config, Seeded::boxed(seed)),
            nodes: Vec::new(),
            weather,
            work: Duration::ZERO,
            executed: Vec::new(),
            sent_by_endpoint: Vec::new(),
            queue: BTreeMap::new(),
            serial: 0,
            rng: StdRng::seed_from_u64(seed ^ 0x5eed),
            seed,
        }
    }

    /// Adds a console that begins to log in. Returns its number.
    pub fn console(&mut self, config: ConsoleConfig) -> usize {
        let number = self.nodes.len();
        let port = 40_000 + u16::try_from(number).unwrap();
        let entropy = Seeded::boxed(self.seed.wrapping_mul(1000).wrapping_add(u64::from(port)));
        let mut console = Console::new(config, entropy);
        console.open(self.now);
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        self.nodes.push(Node { address, console, events: VecDeque::new() });
        self.drain();
        number
    }

    pub fn request(&mut self, node: usize, request: ConsoleRequest) -> RequestId {
        let id = self.nodes[node].console.request(self.now, request);
        self.drain();
        id
    }

    pub fn close(&mut self, node: usize) {
        self.nodes[node].console.close(self.now);
        self.drain();
    }

    /// Lets time pass until `done`, or until `limit` has passed. Says which.
    pub fn run_until(&mut self, limit: Duration, done: impl Fn(&Self) -> bool) -> bool {
        let end = self.now + limit;
        while !done(self) {
            let next = self
                .queue
                .keys()
                .next()
                .map(|(at, _)| *at)
                .into_iter()
                .chain(self.endpoint.poll_timeout())
                .chain(self.nodes.iter().filter_map(|node| node.console.poll_timeout()))
                .min();
            match next {
                Some(next) if next <= end => self.step_to(next),
                _ => {
                    self.now = end;
                    return done(self);
                }
            }
        }
        true
    }

    /// Lets time pass.
    pub fn run_for(&mut self, time: Duration) {
        let end = self.now + time;
        self.run_until(time, |pair| pair.now >= end);
    }

    fn step_to(&mut self, next: Instant) {
        self.now = self.now.max(next);
        while let Some(entry) = self.queue.first_entry() {
            if entry.key().0 > self.now {
                break;
            }
            match entry.remove() {
                Arrival::AtEndpoint { from, datagram } => self.endpoint_takes(from, &datagram),
                Arrival::AtConsole { to, datagram } => {
                    for node in self.nodes.iter_mut().filter(|node| node.address == to) {
                        node.console.handle_datagram(self.now, &datagram);
                    }
                }
                Arrival::Answer { token, response } => self.endpoint.respond(self.now, token, response),
            }
            self.drain();
        }
        self.endpoint.handle_timeout(self.now);
        for node in &mut self.nodes {
            node.console.handle_timeout(self.now);
        }
        self.drain();
    }

    /// The caller of the endpoint: works for a while and answers with the request's data.
    fn endpoint_takes(&mut self, from: SocketAddr, datagram: &[u8]) {
        let Some(request) = self.endpoint.handle_datagram(self.now, from, datagram) else { return };
        self.executed.push(Executed {
            peer: request.peer,
            user: request.user.to_string(),
            net_fn: request.net_fn,
            command: request.command,
            data: request.data.clone(),
        });
        let answer = Arrival::Answer { token: request.token, response: Response::normal(request.data) };
        self.schedule(self.work, answer);
    }

    /// Gives everything that waits to be sent to the link.
    fn drain(&mut self) {
        for index in 0..self.nodes.len() {
            while let Some(event) = self.nodes[index].console.poll_event() {
                self.nodes[index].events.push_back(event);
            }
            while let Some(datagram) = self.nodes[index].console.poll_transmit() {
                let from = self.nodes[index].address;
                self.travel(|| Arrival::AtEndpoint { from, datagram: datagram.clone() });
            }
        }
        while let Some(transmit) = self.endpoint.poll_transmit() {
            self.sent_by_endpoint.push((self.now, transmit.to, transmit.datagram.clone()));
            self.travel(|| Arrival::AtConsole { to: transmit.to, datagram: transmit.datagram.clone() });
        }
    }

    fn travel(&mut self, arrival: impl Fn() -> Arrival) {
        if self.rng.random_bool(self.weather.loss) {
            return;
        }
        let copies = if self.rng.random_bool(self.weather.repeat) { 2 } else { 1 };
        for _ in 0..copies {
            let (least, most) = self.weather.delay;
            let delay = self.rng.random_range(least..=most);
            self.schedule(delay, arrival());
        }
    }

    fn schedule(&mut self, delay: Duration, arrival: Arrival) {
        self.serial += 1;
        self.queue.insert((self.now + delay, self.serial), arrival);
    }
}
