use std::time::Instant;

use proptest::prelude::*;

use super::lockouts::MOST_PAIRS;
use super::source_rates::MOST_SOURCES;
use super::*;
use crate::number::UserName;

const LIMITS: GuardLimits = GuardLimits::DEFAULT;

fn start() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "virtual time starts somewhere; only differences matter")]
    Instant::now()
}

fn source(number: u32) -> IpAddr {
    std::net::Ipv4Addr::from_bits(0x0a00_0000 + number).into()
}

fn name(text: &str) -> UserName {
    UserName::new(text.as_bytes()).unwrap()
}

#[test]
fn a_burst_is_let_through_and_then_the_rate() {
    let (mut rates, now) = (SourceRates::default(), start());
    assert_eq!((0..1000).filter(|_| rates.take(now, source(1), &LIMITS)).count(), 800);
    let second = Duration::from_secs(1);
    assert_eq!((0..1000).filter(|_| rates.take(now + second, source(1), &LIMITS)).count(), 200);
    assert_eq!((0..1000).filter(|_| rates.take(now + 60 * second, source(1), &LIMITS)).count(), 800);
}

#[test]
fn one_source_takes_nothing_from_another() {
    let (mut rates, now) = (SourceRates::default(), start());
    while rates.take(now, source(1), &LIMITS) {}
    assert!(rates.take(now, source(2), &LIMITS));
}

#[test]
fn a_flood_of_sources_stays_in_bounds_and_forgets_those_who_used_least() {
    let (mut rates, now) = (SourceRates::default(), start());
    while rates.take(now, source(1), &LIMITS) {}
    for number in 2..100_000 {
        rates.take(now, source(number), &LIMITS);
    }
    assert_eq!(rates.len(), MOST_SOURCES);
    assert!(!rates.take(now, source(1), &LIMITS), "whoever used most is remembered");
}

#[test]
fn rate_0_lets_everything_through_and_remembers_nobody() {
    let (mut rates, now) = (SourceRates::default(), start());
    let off = GuardLimits { rate: 0, ..LIMITS };
    assert!((0..10_000).all(|_| rates.take(now, source(1), &off)));
    assert_eq!(rates.len(), 0);
}

#[test]
fn ports_and_the_lower_half_of_ipv6_addresses_are_one_source() {
    let of = |text: &str| source_of(text.parse().unwrap());
    assert_eq!(of("192.0.2.1:1"), of("192.0.2.1:2"));
    assert_eq!(of("192.0.2.1:1"), of("[::ffff:192.0.2.1]:1"));
    assert_eq!(of("[2001:db8::1]:1"), of("[2001:db8::ffff:1]:1"));
    assert_ne!(of("[2001:db8::1]:1"), of("[2001:db8:0:1::1]:1"));
}

#[test]
fn pauses_begin_after_the_free_failures_and_double_up_to_the_longest() {
    let (mut lockouts, mut now) = (Lockouts::default(), start());
    let mut pauses = Vec::new();
    for _ in 0..13 {
        lockouts.failed(now, source(1), name("admin"), &LIMITS);
        let begin = now;
        while lockouts.is_locked(now, source(1), &name("admin"), &LIMITS) {
            now += Duration::from_secs(1);
        }
        pauses.push((now - begin).as_secs());
    }
    assert_eq!(pauses, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60]);
}

#[test]
fn a_success_and_time_make_failures_forgotten() {
    let (mut lockouts, now) = (Lockouts::default(), start());
    let fail = |lockouts: &mut Lockouts, now| {
        (0..6).for_each(|_| lockouts.failed(now, source(1), name("admin"), &LIMITS));
    };
    fail(&mut lockouts, now);
    assert!(lockouts.is_locked(now, source(1), &name("admin"), &LIMITS));
    lockouts.succeeded(source(1), &name("admin"));
    assert!(!lockouts.is_locked(now, source(1), &name("admin"), &LIMITS));
    fail(&mut lockouts, now);
    let later = now + LIMITS.forget_after;
    lockouts.failed(later, source(1), name("admin"), &LIMITS);
    assert!(!lockouts.is_locked(later, source(1), &name("admin"), &LIMITS));
}

#[test]
fn other_users_and_other_sources_are_not_locked_out() {
    let (mut lockouts, now) = (Lockouts::default(), start());
    (0..50).for_each(|_| lockouts.failed(now, source(1), name("admin"), &LIMITS));
    assert!(!lockouts.is_locked(now, source(2), &name("admin"), &LIMITS));
    assert!(!lockouts.is_locked(now, source(1), &name("other"), &LIMITS));
}

#[test]
fn free_failures_0_locks_nobody_out() {
    let (mut lockouts, now) = (Lockouts::default(), start());
    let off = GuardLimits { free_failures: 0, ..LIMITS };
    (0..50).for_each(|_| lockouts.failed(now, source(1), name("admin"), &off));
    assert!(!lockouts.is_locked(now, source(1), &name("admin"), &off));
    assert_eq!(lockouts.len(), 0);
}

#[test]
fn a_flood_of_names_stays_in_bounds_and_forgets_those_who_failed_least() {
    let (mut lockouts, now) = (Lockouts::default(), start());
    (0..6).for_each(|_| lockouts.failed(now, source(1), name("admin"), &LIMITS));
    (0..10_000).for_each(|number| lockouts.failed(now, source(2), name(&number.to_string()), &LIMITS));
    assert_eq!(lockouts.len(), MOST_PAIRS);
    assert!(lockouts.is_locked(now, source(1), &name("admin"), &LIMITS));
}

proptest! {
    #[test]
    fn no_span_of_time_lets_more_through_than_burst_and_rate(
        steps in prop::collection::vec((0u64..400, 0u32..4), 1..300),
        rate in 1u32..200,
        burst in 1u32..50,
    ) {
        let limits = GuardLimits { rate, burst, ..LIMITS };
        let (mut rates, begin) = (SourceRates::default(), start());
        let mut taken: std::collections::BTreeMap<u32, Vec<u64>> = std::collections::BTreeMap::new();
        let mut at = 0;
        for (wait, who) in steps {
            at += wait;
            if rates.take(begin + Duration::from_millis(at), source(who), &limits) {
                taken.entry(who).or_default().push(at);
            }
        }
        for times in taken.values() {
            for (first, from) in times.iter().enumerate() {
                for (last, to) in times.iter().enumerate().skip(first) {
                    let allowed = u64::from(burst) + (to - from) * u64::from(rate) / 1000 + 1;
                    prop_assert!(u64::try_from(last - first).unwrap() < allowed + 1);
                }
            }
        }
    }
}
