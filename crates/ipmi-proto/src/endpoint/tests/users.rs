//! Users that change while sessions stand.

use super::bench::{Bench, config, secret, user};
use crate::crypto::CipherSuite;
use crate::endpoint::UserTable;
use crate::number::{NetFn, PrivilegeLevel, RmcpStatus, UserId};

const ADMIN: PrivilegeLevel = PrivilegeLevel::ADMINISTRATOR;

fn watcher(bench: &mut Bench) -> super::bench::Peer {
    bench.logged_in_as(CipherSuite::SHA256_AES, "watcher", "look", PrivilegeLevel::USER)
}

fn id(number: u8) -> UserId {
    UserId::new(number).unwrap()
}

/// The users of the bench, with the watcher changed.
fn changed(change: impl FnOnce(&mut crate::endpoint::User)) -> UserTable {
    let mut users = config().users;
    let mut watcher = users.get(id(3)).unwrap().clone();
    change(&mut watcher);
    users.insert(id(3), watcher);
    users
}

#[test]
fn ids_are_1_for_the_null_user_and_from_2_on_for_the_others() {
    let mut users = UserTable::new();
    let mut push = |name: &str| users.push(user(name, "x", ADMIN)).map(UserId::get);
    assert_eq!([push("a"), push(""), push("b"), push("")], [Some(2), Some(1), Some(3), Some(4)]);
    for _ in 5..=63 {
        push("more").unwrap();
    }
    assert_eq!(push("one too many"), None);
    assert_eq!((UserId::new(0), UserId::new(64)), (None, None));
}

#[test]
fn session_of_a_user_who_lost_something_ends_and_others_stay() {
    for lost in [
        changed(|user| user.password = secret("another")),
        changed(|user| user.name = super::bench::named("another")),
        changed(|user| user.limit = PrivilegeLevel::USER),
        changed(|user| user.limit = PrivilegeLevel::NO_ACCESS),
        UserTable::from(vec![user("admin", "secret", ADMIN)]),
    ] {
        let mut bench = Bench::new(config());
        let mut admin = bench.logged_in();
        let mut gone = watcher(&mut bench);
        assert_eq!(bench.endpoint.set_users(lost, None), 1);
        bench.hand_over(&mut admin, NetFn::CHASSIS, 1, &[]);
        let packet = gone.request(NetFn::CHASSIS, 1, &[]);
        assert!(bench.feed(&packet).is_nothing());
    }
}

#[test]
fn session_of_a_user_who_lost_nothing_stays() {
    for kept in [changed(|_| {}), changed(|user| user.limit = ADMIN)] {
        let mut bench = Bench::new(config());
        let mut peer = watcher(&mut bench);
        assert_eq!(bench.endpoint.set_users(kept, None), 0);
        bench.hand_over(&mut peer, NetFn::CHASSIS, 1, &[]);
    }
}

#[test]
fn session_that_asked_for_the_change_stays_and_can_rise_no_higher_than_the_user_may() {
    let mut bench = Bench::new(config());
    let mut peer = bench.logged_in_as(CipherSuite::SHA256_AES, "watcher", "look", PrivilegeLevel::OPERATOR);
    let users = changed(|user| user.limit = PrivilegeLevel::USER);
    assert_eq!(bench.endpoint.set_users(users, Some(peer.id())), 0);
    assert_eq!(bench.ask(&mut peer, NetFn::APP, 0x3b, &[3]).0.0, 0x80);
    assert_eq!(&*bench.hand_over(&mut peer, NetFn::CHASSIS, 1, &[]).user, "watcher");
}

#[test]
fn login_that_is_half_way_ends_when_its_user_changes() {
    let mut bench = Bench::new(config());
    let peer = bench.half_way(CipherSuite::SHA256_AES, "watcher", "look", PrivilegeLevel::USER);
    bench.endpoint.set_users(changed(|user| user.password = secret("another")), None);
    let rakp4 = bench.rakp3(&peer.rakp3()).unwrap();
    assert_eq!(rakp4.outcome, Err(RmcpStatus::INVALID_SESSION_ID));
}

#[test]
fn new_user_can_log_in_at_once_and_a_removed_one_cannot() {
    let mut bench = Bench::new(config());
    let users = changed(|user| (user.name, user.password) = (super::bench::named("new"), secret("new")));
    bench.endpoint.set_users(users, None);
    bench.logged_in_as(CipherSuite::SHA256_AES, "new", "new", PrivilegeLevel::USER);
    let peer = bench.opened(CipherSuite::SHA256_AES, "watcher", "look");
    assert_eq!(bench.rakp1(&peer.rakp1()).unwrap_err(), RmcpStatus::UNAUTHORIZED_NAME);
}

#[test]
fn channel_limit_bounds_new_sessions_and_not_those_that_stand() {
    let mut bench = Bench::new(config());
    let mut admin = bench.logged_in();
    bench.endpoint.set_channel_limit(PrivilegeLevel::OPERATOR);
    assert_eq!(bench.ask(&mut admin, NetFn::APP, 0x3b, &[4]).0.0, 0x00);
    let mut peer = bench.opened(CipherSuite::SHA256_AES, "admin", "secret");
    peer.exchange.role = crate::number::Role::new(ADMIN, crate::number::NameLookup::NameOnly);
    assert_eq!(bench.rakp1(&peer.rakp1()).unwrap_err(), RmcpStatus::UNAUTHORIZED_ROLE);
}
