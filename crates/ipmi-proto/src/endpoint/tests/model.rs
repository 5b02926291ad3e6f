//! The session table against a model of a dozen lines, with random operations.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::bench::{Bench, Peer, config};
use crate::crypto::CipherSuite;
use crate::endpoint::SessionLimits;
use crate::number::{NetFn, RmcpStatus};

const LIMITS: SessionLimits = SessionLimits {
    max_active: 3,
    max_half_open: 2,
    half_open_timeout: Duration::from_secs(10),
    idle_timeout: Duration::from_secs(60),
    displace_after: Duration::from_secs(30),
    retry_window: Duration::from_secs(30),
};

#[derive(Debug, Clone)]
enum Operation {
    Wait(u64),
    /// Open Session and RAKP 1.
    Begin,
    /// RAKP 3 of any login so far.
    Finish(prop::sample::Index),
    Request(prop::sample::Index),
    Close(prop::sample::Index),
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        2 => (0u64..40).prop_map(Operation::Wait),
        4 => Just(Operation::Begin),
        4 => any::<prop::sample::Index>().prop_map(Operation::Finish),
        3 => any::<prop::sample::Index>().prop_map(Operation::Request),
        1 => any::<prop::sample::Index>().prop_map(Operation::Close),
    ]
}

/// Which logins are half-open and which established, each with the moment it counts from, oldest first.
#[derive(Default)]
struct Model {
    half_open: Vec<(usize, Instant)>,
    active: Vec<(usize, Instant)>,
}

impl Model {
    fn expire(&mut self, now: Instant) {
        self.half_open.retain(|(_, at)| now < *at + LIMITS.half_open_timeout);
        self.active.retain(|(_, at)| now < *at + LIMITS.idle_timeout);
    }

    fn is_full(&self, now: Instant) -> bool {
        self.active.len() == 3 && now < self.active[0].1 + LIMITS.displace_after
    }

    fn begin(&mut self, now: Instant, login: usize) -> Result<(), RmcpStatus> {
        if self.is_full(now) {
            return Err(RmcpStatus::INSUFFICIENT_RESOURCES);
        }
        if self.half_open.len() == 2 {
            self.half_open.remove(0);
        }
        self.half_open.push((login, now));
        Ok(())
    }

    fn finish(&mut self, now: Instant, login: usize) -> Result<(), RmcpStatus> {
        if self.active.iter().any(|(it, _)| *it == login) {
            return Ok(());
        }
        let Some(position) = self.half_open.iter().position(|(it, _)| *it == login) else {
            return Err(RmcpStatus::INVALID_SESSION_ID);
        };
        if self.is_full(now) {
            return Err(RmcpStatus::INSUFFICIENT_RESOURCES);
        }
        if self.active.len() == 3 {
            self.active.remove(0);
        }
        self.half_open.remove(position);
        self.active.push((login, now));
        Ok(())
    }

    /// Whether the session was there; it is the youngest then.
    fn touch(&mut self, now: Instant, login: usize) -> bool {
        let position = self.active.iter().position(|(it, _)| *it == login);
        if let Some(position) = position {
            self.active.remove(position);
            self.active.push((login, now));
        }
        position.is_some()
    }
}

fn begin(bench: &mut Bench) -> Result<Peer, RmcpStatus> {
    let suite = CipherSuite::SHA1_AES;
    bench.open(&Bench::open_request(suite)).map(|grant| {
        let mut peer = Peer::new(suite, "admin", "secret", grant.managed_session_id);
        peer.exchange.managed_random = bench.rakp1(&peer.rakp1()).unwrap().managed_random;
        peer
    })
}

proptest! {
    #[test]
    fn session_table_behaves_like_the_model(operations in prop::collection::vec(operation(), 1..80)) {
        let mut bench = Bench::new(crate::endpoint::EndpointConfig { limits: LIMITS, ..config() });
        let mut model = Model::default();
        let mut peers: Vec<Peer> = Vec::new();
        for operation in operations {
            // No two operations at one moment, so that there always is an oldest.
            bench.wait(Duration::from_millis(1));
            model.expire(bench.now);
            match operation {
                Operation::Wait(seconds) => {
                    bench.wait(Duration::from_secs(seconds));
                    model.expire(bench.now);
                }
                Operation::Begin => {
                    let expected = model.begin(bench.now, peers.len());
                    let begun = begin(&mut bench);
                    prop_assert_eq!(begun.as_ref().err(), expected.as_ref().err());
                    peers.extend(begun);
                }
                Operation::Finish(which) if !peers.is_empty() => {
                    let login = which.index(peers.len());
                    let expected = model.finish(bench.now, login);
                    let rakp4 = bench.rakp3(&peers[login].rakp3()).unwrap();
                    prop_assert_eq!(rakp4.outcome.map(|_| ()), expected);
                    if expected.is_ok() && peers[login].keys.is_none() {
                        peers[login].establish(&rakp4);
                    }
                }
                Operation::Request(which) if !peers.is_empty() => {
                    let login = which.index(peers.len());
                    if peers[login].keys.is_some() {
                        let datagram = peers[login].request(NetFn::CHASSIS, 1, &[]);
                        let taken = bench.feed(&datagram).request.is_some();
                        prop_assert_eq!(taken, model.touch(bench.now, login));
                    }
                }
                Operation::Close(which) if !peers.is_empty() => {
                    let login = which.index(peers.len());
                    if peers[login].keys.is_some() {
                        let id = peers[login].id().0.to_le_bytes();
                        let datagram = peers[login].request(NetFn::APP, 0x3c, &id);
                        let answered = !bench.feed(&datagram).is_nothing();
                        prop_assert_eq!(answered, model.touch(bench.now, login));
                        model.active.retain(|(it, _)| *it != login);
                    }
                }
                Operation::Finish(_) | Operation::Request(_) | Operation::Close(_) => {}
            }
            prop_assert_eq!(usize::from(bench.endpoint.active_sessions()), model.active.len());
            let half_open = model.half_open.iter().map(|(_, at)| *at + LIMITS.half_open_timeout);
            let active = model.active.iter().map(|(_, at)| *at + LIMITS.idle_timeout);
            prop_assert_eq!(bench.endpoint.poll_timeout(), half_open.chain(active).min());
        }
    }
}
