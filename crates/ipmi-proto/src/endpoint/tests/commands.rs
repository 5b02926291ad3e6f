//! Set Session Privilege Level, Close Session, Get Session Info.

use super::bench::{Bench, Peer, address, config};
use crate::crypto::CipherSuite;
use crate::endpoint::{DropReason, EndpointConfig};
use crate::number::{CompletionCode, NetFn, PrivilegeLevel, SessionId};

const OK: u8 = 0x00;

fn ask(bench: &mut Bench, peer: &mut Peer, command: u8, data: &[u8]) -> (u8, Vec<u8>) {
    let (code, data) = bench.ask(peer, NetFn::APP, command, data);
    (code.0, data.to_vec())
}

fn session_at(bench: &mut Bench, name: &str, password: &str, level: u8) -> Peer {
    bench.logged_in_as(CipherSuite::SHA256_AES, name, password, PrivilegeLevel(level))
}

#[test]
fn privilege_can_be_asked_raised_and_lowered() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    for (asked, level) in [(0, 2), (4, 4), (0, 4), (3, 3), (1, 1), (2, 2), (4, 4)] {
        assert_eq!(ask(&mut bench, &mut peer, 0x3b, &[asked]), (OK, vec![level]));
        let request = bench.hand_over(&mut peer, NetFn::CHASSIS, 1, &[]);
        assert_eq!(request.privilege, PrivilegeLevel(level));
    }
}

#[test]
fn privilege_above_the_user_s_limit_is_80_and_above_the_session_s_81() {
    let mut bench = Bench::new(config());
    let mut watcher = session_at(&mut bench, "watcher", "look", 3);
    assert_eq!(ask(&mut bench, &mut watcher, 0x3b, &[4]), (0x80, vec![]));
    assert_eq!(ask(&mut bench, &mut watcher, 0x3b, &[5]), (0x80, vec![]));
    let mut modest = session_at(&mut bench, "admin", "secret", 3);
    assert_eq!(ask(&mut bench, &mut modest, 0x3b, &[4]), (0x81, vec![]));
    assert_eq!(ask(&mut bench, &mut modest, 0x3b, &[0]), (OK, vec![2]), "nothing has changed");
}

#[test]
fn privilege_that_is_no_level_is_cc_and_wrong_length_c7() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    for invalid in [6, 0x0f, 0x14, 0xff] {
        assert_eq!(ask(&mut bench, &mut peer, 0x3b, &[invalid]), (0xcc, vec![]));
    }
    assert_eq!(ask(&mut bench, &mut peer, 0x3b, &[]), (0xc7, vec![]));
    assert_eq!(ask(&mut bench, &mut peer, 0x3b, &[4, 0]), (0xc7, vec![]));
}

#[test]
fn close_answers_first_and_then_forgets() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    let id = peer.id().0.to_le_bytes();
    assert_eq!(ask(&mut bench, &mut peer, 0x3c, &id), (OK, vec![]));
    assert_eq!(bench.endpoint.active_sessions(), 0);
    assert!(bench.feed(&peer.again(NetFn::APP, 0x3c, &id)).is_nothing());
    assert_eq!(bench.endpoint.counters().dropped(DropReason::NoSuchSession), 1);
}

#[test]
fn close_of_an_unknown_session_is_87_and_of_an_unknown_handle_88() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    assert_eq!(ask(&mut bench, &mut peer, 0x3c, &[1, 2, 3, 4]), (0x87, vec![]));
    assert_eq!(ask(&mut bench, &mut peer, 0x3c, &[0, 0, 0, 0, 9]), (0x88, vec![]));
    let half_way = bench.half_way(CipherSuite::SHA1_AES, "admin", "secret", PrivilegeLevel::USER);
    let id = half_way.id().0.to_le_bytes();
    assert_eq!(ask(&mut bench, &mut peer, 0x3c, &id), (0x87, vec![]), "half-open is not a session");
    for wrong in [&[][..], &[1, 2, 3], &[0, 0, 0, 0], &[1, 2, 3, 4, 5]] {
        assert_eq!(ask(&mut bench, &mut peer, 0x3c, wrong), (0xc7, vec![]));
    }
    assert_eq!(bench.endpoint.active_sessions(), 1);
}

#[test]
fn close_of_another_session_needs_administrator_level() {
    let mut bench = Bench::new(config());
    let (mut peer, other) = (bench.logged_in(), bench.logged_in());
    let id = other.id().0.to_le_bytes();
    assert_eq!(ask(&mut bench, &mut peer, 0x3c, &id), (0xd4, vec![]), "at user level still");
    assert_eq!(ask(&mut bench, &mut peer, 0x3b, &[4]), (OK, vec![4]));
    assert_eq!(ask(&mut bench, &mut peer, 0x3c, &id), (OK, vec![]));
    assert_eq!(bench.endpoint.active_sessions(), 1);
}

#[test]
fn close_by_handle_works() {
    let mut bench = Bench::new(config());
    let mut peer = session_at(&mut bench, "guest", "see", 1);
    assert_eq!(ask(&mut bench, &mut peer, 0x3c, &[0, 0, 0, 0, 1]), (OK, vec![]));
    assert_eq!(bench.endpoint.active_sessions(), 0);
}

/// The answer about the session with this handle and these values.
fn info(bench: &Bench, handle: u8, user: u8, level: u8, port: u16) -> Vec<u8> {
    let mut expected = vec![handle, 36, bench.endpoint.active_sessions(), user, level, 0x11, 192, 0, 2, 1];
    expected.extend([0; 6]);
    expected.extend(port.to_le_bytes());
    expected
}

#[test]
fn session_info_finds_sessions_by_every_name() {
    let mut bench = Bench::new(config());
    let mut admin = bench.logged_in();
    bench.from = address(2000);
    let watcher = session_at(&mut bench, "watcher", "look", 3);
    bench.from = address(1000);
    let (about_admin, about_watcher) = (info(&bench, 1, 2, 2, 1000), info(&bench, 2, 3, 2, 2000));
    let by_id = [&[0xff][..], &watcher.id().0.to_le_bytes()].concat();
    for (asked, expected) in [
        (&[0x00][..], &about_admin),
        (&[0x01], &about_admin),
        (&[0x02], &about_watcher),
        (&[0xfe, 1], &about_admin),
        (&[0xfe, 2], &about_watcher),
        (&by_id, &about_watcher),
    ] {
        assert_eq!(ask(&mut bench, &mut admin, 0x3d, asked), (OK, expected.clone()), "{asked:02x?}");
    }
}

#[test]
fn session_info_shows_level_and_address_of_the_moment() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    bench.from = address(3000);
    assert_eq!(ask(&mut bench, &mut peer, 0x3b, &[3]), (OK, vec![3]));
    let expected = info(&bench, 1, 2, 3, 3000);
    assert_eq!(ask(&mut bench, &mut peer, 0x3d, &[0]), (OK, expected));
}

#[test]
fn session_info_of_an_ipv6_console_has_a_null_address() {
    let mut bench = Bench::new(config());
    bench.from = "[2001:db8::1]:1000".parse().unwrap();
    let mut peer = bench.logged_in();
    let (_, data) = ask(&mut bench, &mut peer, 0x3d, &[0]);
    assert_eq!(data[6..10], [0; 4]);
    bench.from = "[::ffff:192.0.2.1]:1000".parse().unwrap();
    let (_, data) = ask(&mut bench, &mut peer, 0x3d, &[0]);
    assert_eq!(data[6..10], [192, 0, 2, 1]);
}

#[test]
fn session_info_beyond_the_last_session_is_short_and_of_unknown_ones_cb() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    assert_eq!(ask(&mut bench, &mut peer, 0x3d, &[2]), (OK, vec![0, 36, 1]));
    assert_eq!(ask(&mut bench, &mut peer, 0x3d, &[0xfd]), (OK, vec![0, 36, 1]));
    assert_eq!(ask(&mut bench, &mut peer, 0x3d, &[0xfe, 2]), (0xcb, vec![]));
    assert_eq!(ask(&mut bench, &mut peer, 0x3d, &[0xff, 1, 2, 3, 4]), (0xcb, vec![]));
    for wrong in [&[][..], &[0, 0], &[0xfe], &[0xff, 1, 2, 3]] {
        assert_eq!(ask(&mut bench, &mut peer, 0x3d, wrong), (0xc7, vec![]));
    }
}

#[test]
fn handles_are_reused_but_never_shared() {
    let mut bench = Bench::new(config());
    let mut first = bench.logged_in();
    let mut second = bench.logged_in();
    let id = first.id().0.to_le_bytes();
    assert_eq!(ask(&mut bench, &mut first, 0x3c, &id), (OK, vec![]));
    assert_eq!(ask(&mut bench, &mut second, 0x3d, &[0]).1[0], 2);
    let mut third = bench.logged_in();
    assert_eq!(ask(&mut bench, &mut third, 0x3d, &[0]).1[0], 1);
    assert_eq!(ask(&mut bench, &mut second, 0x3d, &[0]).1[0], 2);
}

#[test]
fn channel_limit_holds_for_sessions_too() {
    let limited = EndpointConfig { channel_limit: PrivilegeLevel::OPERATOR, ..config() };
    let mut bench = Bench::new(limited);
    let mut peer = session_at(&mut bench, "admin", "secret", 3);
    assert_eq!(ask(&mut bench, &mut peer, 0x3b, &[4]), (0x81, vec![]));
}

#[test]
fn end_of_all_sessions_lets_queued_answers_out() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in();
    let half_way = bench.half_way(CipherSuite::SHA1_AES, "admin", "secret", PrivilegeLevel::USER);
    let reset = bench.hand_over(&mut peer, NetFn::APP, 2, &[]);
    bench.endpoint.respond(bench.now, reset.token, CompletionCode::NORMAL.into());
    bench.endpoint.end_all_sessions();
    let sent = bench.sent();
    assert_eq!(peer.answer(&sent[0]).0, CompletionCode::NORMAL);
    assert_eq!(bench.endpoint.active_sessions(), 0);
    assert_eq!(bench.endpoint.poll_timeout(), None);
    assert!(bench.feed(&peer.request(NetFn::CHASSIS, 1, &[])).is_nothing());
    let status = bench.rakp3(&half_way.rakp3()).unwrap().outcome.unwrap_err();
    assert_eq!(status, crate::number::RmcpStatus::INVALID_SESSION_ID);
    assert_ne!(peer.id(), SessionId::NONE);
}
