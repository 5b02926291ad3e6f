//! When an application stops by itself (`ravello-api.md §6.1`, `§6.2`, `§7.4`).

use super::*;
use VmState::*;

fn times(world: &World) -> [Value; 3] {
    let shown = world.shown();
    ["/nextStopTime", "/nextStopTask/time", "/deployment/expirationTime"]
        .map(|pointer| shown.pointer(pointer).cloned().unwrap_or_default())
}

#[test]
fn set_expiration_moves_all_three_fields() {
    let mut world = World::running();
    assert_eq!(times(&world), [Value::Null, Value::Null, Value::Null]);
    let until = world.cloud.set_expiration(world.application, 7200, world.now).unwrap();
    assert_eq!(until, Some(world.now.after(Duration::from_secs(7200))));
    let millis = json!(world.now.as_millis() + 7_200_000);
    assert_eq!(times(&world), [millis.clone(), millis.clone(), millis]);
}

#[test]
fn minus_one_means_never_and_less_is_refused() {
    let mut world = World::running();
    world.cloud.set_expiration(world.application, 10, world.now).unwrap();
    assert!(matches!(
        world.cloud.set_expiration(world.application, -2, world.now),
        Err(CloudError::Invalid { .. })
    ));
    assert_eq!(world.cloud.set_expiration(world.application, -1, world.now), Ok(None));
    world.pass(1_000_000);
    assert_eq!(world.state(FIRST), Started);
}

#[test]
fn expiration_can_be_set_before_the_publish() {
    let mut world = World::drafted();
    let until = world.cloud.set_expiration(world.application, 60, world.now).unwrap().unwrap();
    assert_eq!(times(&world)[0], json!(until.as_millis()));
    world.cloud.publish(world.application, &Map::new(), world.now).unwrap();
    assert_eq!(times(&world)[2], json!(until.as_millis()));
    world.pass(59_999);
    assert_eq!(world.state(FIRST), Started);
    world.pass(1);
    assert_eq!(world.state(FIRST), Stopping);
}

#[test]
fn expiry_stops_what_runs_and_leaves_the_rest() {
    let mut world = World::running();
    world.cloud.set_expiration(world.application, 60, world.now).unwrap();
    world.pass(60_000);
    assert_eq!(world.states(), [Stopping, Stopped]);
    world.pass(1000);
    assert_eq!(world.states(), [Stopped, Stopped]);
    assert_eq!(world.boots(FIRST), [(BootCause::Start, BootedFrom::Network, Some(BootEnd::Expired))]);
    assert_eq!(world.boots(SECOND), []);
}

#[test]
fn expiry_stops_a_vm_that_was_still_starting() {
    let mut world = World::running();
    world.cloud.set_expiration(world.application, 1, world.now).unwrap();
    world.pass(500);
    world.act(SECOND, Action::Start).unwrap();
    assert_eq!(world.states_over(SECOND, 3000), [Starting, Stopping, Stopped]);
}

#[test]
fn expiry_happens_once() {
    let mut world = World::running();
    world.cloud.set_expiration(world.application, 1, world.now).unwrap();
    world.pass(5000);
    world.act(FIRST, Action::Start).unwrap();
    world.pass(5000);
    assert_eq!(world.state(FIRST), Started, "started again after the expiry, it runs on");
}

#[test]
fn speed_leaves_the_calendar_alone() {
    let mut world = World::running();
    world.cloud.speed = Speed::new(1000.0).unwrap();
    world.cloud.set_expiration(world.application, 60, world.now).unwrap();
    world.pass(59_999);
    assert_eq!(world.state(FIRST), Started);
}
