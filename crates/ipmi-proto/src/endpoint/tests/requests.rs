//! Repeated requests: never executed twice, answered as often as they must be.

use std::time::Duration;

use super::bench::{Bench, address, config};
use crate::endpoint::{DropReason, Response};
use crate::number::{CompletionCode, NetFn, RqSeq};

const CYCLE: (NetFn, u8, &[u8]) = (NetFn::CHASSIS, 2, &[2]);

#[test]
fn repetition_gets_the_stored_answer_with_a_new_session_number() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    let request = bench.hand_over(&mut peer, CYCLE.0, CYCLE.1, CYCLE.2);
    let sent = bench.respond(request, Response::normal(vec![9]));
    let (number, response) = peer.response(&sent[0]);
    assert_eq!(number, 1);
    for expected in 2..=4 {
        let answer = bench.feed(&peer.again(CYCLE.0, CYCLE.1, CYCLE.2)).only().unwrap();
        assert_eq!(peer.response(&answer), (expected, response.clone()));
    }
    assert_eq!(bench.endpoint.counters().requests, 1);
    assert_eq!(bench.endpoint.counters().retransmissions_answered, 3);
}

#[test]
fn error_answers_are_repeated_too() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    let request = bench.hand_over(&mut peer, CYCLE.0, CYCLE.1, CYCLE.2);
    bench.respond(request, CompletionCode::NODE_BUSY.into());
    let answer = bench.feed(&peer.again(CYCLE.0, CYCLE.1, CYCLE.2)).only().unwrap();
    assert_eq!(peer.answer(&answer).0, CompletionCode::NODE_BUSY);
}

#[test]
fn repetition_of_a_request_under_way_is_absorbed_and_answered_once() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    let request = bench.hand_over(&mut peer, CYCLE.0, CYCLE.1, CYCLE.2);
    for _ in 0..3 {
        bench.wait(Duration::from_secs(15));
        assert!(bench.feed(&peer.again(CYCLE.0, CYCLE.1, CYCLE.2)).is_nothing());
    }
    assert_eq!(bench.endpoint.counters().dropped(DropReason::StillWorking), 3);
    assert_eq!(bench.respond(request, Response::normal(vec![])).len(), 1);
}

#[test]
fn answer_goes_to_where_the_latest_copy_came_from() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    let request = bench.hand_over(&mut peer, CYCLE.0, CYCLE.1, CYCLE.2);
    bench.from = address(2000);
    assert!(bench.feed(&peer.again(CYCLE.0, CYCLE.1, CYCLE.2)).is_nothing());
    assert_eq!(bench.respond(request, Response::normal(vec![]))[0].to, address(2000));
    bench.from = address(3000);
    let answer = bench.feed(&peer.again(CYCLE.0, CYCLE.1, CYCLE.2)).only().unwrap();
    assert_eq!(answer.to, address(3000));
}

#[test]
fn another_request_under_the_same_number_is_executed() {
    let mut bench = Bench::new(config());
    for (net_fn, command, data) in
        [(NetFn::CHASSIS, 2, &[3][..]), (NetFn::CHASSIS, 1, &[2]), (NetFn::STORAGE, 2, &[2])]
    {
        let mut peer = bench.logged_in();
        let request = bench.hand_over(&mut peer, CYCLE.0, CYCLE.1, CYCLE.2);
        bench.respond(request, Response::normal(vec![]));
        assert!(bench.feed(&peer.again(net_fn, command, data)).request.is_some());
        // And then the first one is no repetition any more.
        assert!(bench.feed(&peer.again(CYCLE.0, CYCLE.1, CYCLE.2)).request.is_some());
    }
}

#[test]
fn same_request_under_another_number_is_executed() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    for _ in 0..3 {
        let request = bench.hand_over(&mut peer, CYCLE.0, CYCLE.1, CYCLE.2);
        bench.respond(request, Response::normal(vec![]));
    }
    assert_eq!(bench.endpoint.counters().requests, 3);
}

#[test]
fn same_request_in_another_session_is_executed() {
    let mut bench = Bench::new(config());
    let (mut first, mut second) = (bench.logged_in(), bench.logged_in());
    bench.hand_over(&mut first, CYCLE.0, CYCLE.1, CYCLE.2);
    bench.hand_over(&mut second, CYCLE.0, CYCLE.1, CYCLE.2);
}

#[test]
fn repetition_behind_younger_requests_is_recognised() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    let request = bench.hand_over(&mut peer, CYCLE.0, CYCLE.1, CYCLE.2);
    bench.respond(request, Response::normal(vec![]));
    // The copy takes its session number now and is delayed.
    let delayed = peer.again(CYCLE.0, CYCLE.1, CYCLE.2);
    for _ in 0..16 {
        let request = bench.hand_over(&mut peer, NetFn::CHASSIS, 1, &[]);
        bench.respond(request, Response::normal(vec![]));
    }
    let answer = bench.feed(&delayed).only().unwrap();
    assert_eq!(peer.response(&answer).1.command.0, 2);
    assert_eq!(bench.endpoint.counters().requests, 17);
}

#[test]
fn number_that_has_wrapped_is_a_new_request() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    for count in 1..=200 {
        let request = bench.hand_over(&mut peer, CYCLE.0, CYCLE.1, CYCLE.2);
        bench.respond(request, Response::normal(vec![]));
        assert_eq!(bench.endpoint.counters().requests, count);
    }
}

#[test]
fn answer_is_kept_for_the_retry_window_only() {
    let window = config().limits.retry_window;
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    let request = bench.hand_over(&mut peer, CYCLE.0, CYCLE.1, CYCLE.2);
    bench.wait(Duration::from_secs(10));
    bench.respond(request, Response::normal(vec![]));
    bench.wait(window - Duration::from_millis(1));
    assert!(bench.feed(&peer.again(CYCLE.0, CYCLE.1, CYCLE.2)).request.is_none());
    bench.wait(Duration::from_millis(1));
    assert!(bench.feed(&peer.again(CYCLE.0, CYCLE.1, CYCLE.2)).request.is_some());
}

#[test]
fn request_under_way_is_not_forgotten_for_answered_ones() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    let slow = bench.hand_over(&mut peer, CYCLE.0, CYCLE.1, CYCLE.2);
    for _ in 0..63 {
        let request = bench.hand_over(&mut peer, NetFn::CHASSIS, 1, &[]);
        bench.respond(request, Response::normal(vec![]));
    }
    // The number wraps to that of the slow one: the same request, still under way.
    assert_eq!(peer.rq_seq, RqSeq::new(0));
    assert!(bench.feed(&peer.request(CYCLE.0, CYCLE.1, CYCLE.2)).is_nothing());
    assert_eq!(bench.respond(slow, Response::normal(vec![])).len(), 1);
}

#[test]
fn answer_after_the_end_of_its_session_is_dropped() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    let request = bench.hand_over(&mut peer, CYCLE.0, CYCLE.1, CYCLE.2);
    bench.endpoint.end_all_sessions();
    assert!(bench.respond(request, Response::normal(vec![])).is_empty());
    assert_eq!(bench.endpoint.counters().late_responses, 1);
}

#[test]
fn answer_to_a_request_whose_number_is_used_again_is_dropped() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    let first = bench.hand_over(&mut peer, CYCLE.0, CYCLE.1, CYCLE.2);
    let second = bench.feed(&peer.again(NetFn::CHASSIS, 1, &[])).request.unwrap();
    assert!(bench.respond(first, Response::normal(vec![])).is_empty());
    assert_eq!(bench.respond(second, Response::normal(vec![])).len(), 1);
}

#[test]
fn own_commands_are_repeated_from_memory_too() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    assert_eq!(bench.ask(&mut peer, NetFn::APP, 0x3b, &[4]).1, [4][..]);
    assert_eq!(bench.ask(&mut peer, NetFn::APP, 0x3b, &[2]).1, [2][..]);
    peer.rq_seq = RqSeq::new(1);
    let delayed = peer.again(NetFn::APP, 0x3b, &[4]);
    let answer = bench.feed(&delayed).only().unwrap();
    assert_eq!(peer.answer(&answer).1, [4][..]);
    let request = bench.hand_over(&mut peer, NetFn::CHASSIS, 1, &[]);
    assert_eq!(request.privilege.0, 2, "a late copy does not raise the level again");
}
