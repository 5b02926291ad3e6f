//! How many sessions, and for how long.

use std::time::Duration;

use super::bench::{Bench, Peer, config};
use crate::crypto::CipherSuite;
use crate::endpoint::{EndpointConfig, SessionLimits};
use crate::number::{NetFn, PrivilegeLevel, RmcpStatus};

const SECOND: Duration = Duration::from_secs(1);

fn limited(change: impl Fn(&mut SessionLimits)) -> EndpointConfig {
    let mut config = config();
    change(&mut config.limits);
    config
}

fn half_way(bench: &mut Bench) -> Peer {
    bench.half_way(CipherSuite::SHA256_AES, "admin", "secret", PrivilegeLevel::ADMINISTRATOR)
}

fn open(bench: &mut Bench) -> Result<(), RmcpStatus> {
    bench.open(&Bench::open_request(CipherSuite::SHA256_AES)).map(|_| ())
}

#[test]
fn defaults_are_those_of_the_documentation() {
    let limits = config().limits;
    assert_eq!((limits.max_active, limits.max_half_open), (36, 32));
    assert_eq!(limits.idle_timeout, 60 * SECOND);
}

#[test]
fn half_open_sessions_are_bounded_and_the_oldest_goes_first() {
    let mut bench = Bench::new(limited(|limits| limits.max_half_open = 3));
    let peers: Vec<Peer> = (0..5).map(|_| half_way(&mut bench)).collect();
    assert_eq!(bench.endpoint.counters().half_open_evictions, 2);
    let outcomes: Vec<bool> =
        peers.iter().map(|peer| bench.rakp3(&peer.rakp3()).unwrap().outcome.is_ok()).collect();
    assert_eq!(outcomes, [false, false, true, true, true]);
}

#[test]
fn flood_of_open_sessions_touches_no_established_one() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    for _ in 0..1000 {
        open(&mut bench).unwrap();
    }
    assert_eq!(bench.endpoint.counters().half_open_evictions, 1000 - 32);
    bench.hand_over(&mut peer, NetFn::CHASSIS, 1, &[]);
    bench.logged_in();
}

#[test]
fn half_open_session_expires_even_if_its_console_talks() {
    let mut bench = Bench::new(limited(|limits| limits.half_open_timeout = 10 * SECOND));
    let peer = half_way(&mut bench);
    for _ in 0..9 {
        bench.wait(SECOND);
        assert!(bench.rakp1(&peer.rakp1()).is_ok());
    }
    assert_eq!(bench.endpoint.poll_timeout(), Some(bench.now + SECOND));
    bench.wait(SECOND);
    assert_eq!(bench.rakp1(&peer.rakp1()).unwrap_err(), RmcpStatus::INVALID_SESSION_ID);
    assert_eq!(bench.endpoint.poll_timeout(), None);
}

#[test]
fn logins_that_stop_after_rakp2_are_counted_as_abandoned() {
    let mut bench = Bench::new(config());
    half_way(&mut bench);
    open(&mut bench).unwrap();
    bench.wait(60 * SECOND);
    assert_eq!(bench.endpoint.counters().abandoned_logins, 1, "the other one never named a user");
}

#[test]
fn idle_session_ends_after_60_seconds() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    assert_eq!(bench.endpoint.poll_timeout(), Some(bench.now + 60 * SECOND));
    bench.wait(60 * SECOND - Duration::from_nanos(1));
    bench.hand_over(&mut peer, NetFn::CHASSIS, 1, &[]);
    bench.wait(60 * SECOND);
    assert!(bench.feed(&peer.request(NetFn::CHASSIS, 1, &[])).is_nothing());
    assert_eq!(bench.endpoint.counters().idle_sessions_ended, 1);
    assert_eq!(bench.endpoint.active_sessions(), 0);
}

#[test]
fn late_call_of_handle_timeout_lets_no_expired_session_in() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    bench.now += 60 * SECOND;
    assert!(bench.feed(&peer.request(NetFn::CHASSIS, 1, &[])).is_nothing());
}

#[test]
fn only_new_authentic_packets_restart_the_timer() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    let seen = peer.request(NetFn::CHASSIS, 1, &[]);
    assert!(bench.feed(&seen).request.is_some());
    bench.wait(59 * SECOND);
    let mut forged = peer.request(NetFn::CHASSIS, 1, &[]).to_vec();
    *forged.last_mut().unwrap() ^= 1;
    assert!(bench.feed(&forged).is_nothing());
    assert!(bench.feed(&seen).is_nothing(), "a replay");
    assert!(bench.rakp3(&peer.rakp3()).is_some());
    assert!(bench.rakp1(&peer.rakp1()).is_err());
    bench.wait(SECOND);
    assert_eq!(bench.endpoint.active_sessions(), 0);
}

#[test]
fn answer_of_the_caller_does_not_restart_the_timer() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    let request = bench.hand_over(&mut peer, NetFn::CHASSIS, 1, &[]);
    bench.wait(59 * SECOND);
    bench.respond(request, crate::endpoint::Response::normal(vec![]));
    bench.wait(SECOND);
    assert_eq!(bench.endpoint.active_sessions(), 0);
}

#[test]
fn full_table_refuses_open_session_with_01() {
    let mut bench = Bench::new(limited(|limits| limits.max_active = 2));
    let (mut first, _second) = (bench.logged_in(), bench.logged_in());
    assert_eq!(open(&mut bench), Err(RmcpStatus::INSUFFICIENT_RESOURCES));
    let id = first.id().0.to_le_bytes();
    bench.ask(&mut first, NetFn::APP, 0x3c, &id);
    assert_eq!(open(&mut bench), Ok(()));
}

#[test]
fn table_that_fills_up_during_the_login_refuses_rakp3_with_01_and_keeps_the_session() {
    let mut bench = Bench::new(limited(|limits| limits.max_active = 1));
    let late = half_way(&mut bench);
    let mut first = bench.logged_in();
    let refused = bench.rakp3(&late.rakp3()).unwrap();
    assert_eq!(refused.outcome, Err(RmcpStatus::INSUFFICIENT_RESOURCES));
    let id = first.id().0.to_le_bytes();
    bench.ask(&mut first, NetFn::APP, 0x3c, &id);
    assert!(bench.rakp3(&late.rakp3()).unwrap().outcome.is_ok());
}

#[test]
fn session_silent_for_30_seconds_gives_way_to_a_login_when_the_table_is_full() {
    let mut bench = Bench::new(limited(|limits| limits.max_active = 2));
    let mut dead = bench.logged_in();
    bench.wait(SECOND);
    let mut alive = bench.logged_in();
    bench.wait(28 * SECOND);
    assert_eq!(open(&mut bench), Err(RmcpStatus::INSUFFICIENT_RESOURCES));
    bench.wait(SECOND);
    bench.logged_in();
    assert_eq!(bench.endpoint.counters().idle_sessions_displaced, 1);
    assert_eq!(bench.endpoint.active_sessions(), 2);
    assert!(bench.feed(&dead.request(NetFn::CHASSIS, 1, &[])).is_nothing());
    bench.hand_over(&mut alive, NetFn::CHASSIS, 1, &[]);
}

#[test]
fn stranger_displaces_nobody() {
    let mut bench = Bench::new(limited(|limits| limits.max_active = 1));
    let mut peer = bench.logged_in();
    bench.wait(40 * SECOND);
    let mut stranger = half_way(&mut bench);
    stranger.password = super::bench::secret("guess");
    let refused = bench.rakp3(&stranger.rakp3()).unwrap();
    assert_eq!(refused.outcome, Err(RmcpStatus::INVALID_INTEGRITY_CHECK_VALUE));
    bench.hand_over(&mut peer, NetFn::CHASSIS, 1, &[]);
}

#[test]
fn session_with_room_beside_it_is_left_alone_until_it_expires() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    bench.wait(50 * SECOND);
    bench.logged_in();
    bench.hand_over(&mut peer, NetFn::CHASSIS, 1, &[]);
}

#[test]
fn limits_out_of_range_still_let_somebody_in() {
    let mut bench = Bench::new(limited(|limits| {
        limits.max_active = 0;
        limits.max_half_open = 0;
        limits.idle_timeout = Duration::MAX;
    }));
    let mut peer = bench.logged_in();
    assert_eq!(bench.endpoint.poll_timeout(), None, "a timeout beyond all time never comes");
    bench.hand_over(&mut peer, NetFn::CHASSIS, 1, &[]);
    assert_eq!(open(&mut bench), Err(RmcpStatus::INSUFFICIENT_RESOURCES));
}

#[test]
fn endpoint_without_sessions_is_small() {
    // 10,000 of them live in one process.
    assert!(size_of::<crate::endpoint::Endpoint>() <= 900, "{}", size_of::<crate::endpoint::Endpoint>());
}
