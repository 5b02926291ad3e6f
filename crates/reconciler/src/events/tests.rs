//! Bounds, numbers, and what a change of a record shows.

use machine::Phase;
use proptest::prelude::*;
use std::time::Duration;

use super::*;
use crate::record::{Failure, FailureKind, PowerIntent};

fn entry(millis: u64) -> Entry {
    Entry { at: Timestamp(millis), what: Happened::PoweredOn { by: None } }
}

fn appended(events: &mut Events, count: usize, kept_at_most: usize) {
    let new = (0..count).map(|_| entry(events.head.next)).collect();
    if let Some(change) = events.append(new, kept_at_most) {
        events.apply(&change);
    }
}

fn numbers(events: &Events) -> Vec<u64> {
    events.entries.keys().copied().collect()
}

#[test]
fn the_first_event_has_number_one() {
    let mut events = Events::default();
    appended(&mut events, 2, 10);
    assert_eq!(numbers(&events), [1, 2]);
    assert_eq!(events.append(Vec::new(), 10), None);
}

#[test]
fn the_oldest_make_room_and_that_is_said_until_the_next_clear() {
    let mut events = Events::default();
    appended(&mut events, 3, 3);
    assert!(!events.head.overflowed);
    appended(&mut events, 2, 3);
    assert_eq!((numbers(&events), events.head.overflowed), (vec![3, 4, 5], true));
    let cleared = events.clear(5, Timestamp(9));
    events.apply(&cleared);
    assert_eq!((numbers(&events), events.head.overflowed), (vec![], false));
    assert_eq!(events.head.cleared_at, Some(Timestamp(9)));
    appended(&mut events, 1, 3);
    assert_eq!(numbers(&events), [6]);
}

#[test]
fn a_clear_forgets_only_what_its_caller_has_seen() {
    let mut events = Events::default();
    appended(&mut events, 5, 10);
    let cleared = events.clear(3, Timestamp(9));
    events.apply(&cleared);
    assert_eq!(numbers(&events), [4, 5]);
    // An older one, and one from the future.
    for (last, left) in [(1, vec![4, 5]), (1_000, vec![])] {
        let cleared = events.clear(last, Timestamp(9));
        events.apply(&cleared);
        assert_eq!(numbers(&events), left);
    }
    assert_eq!(events.head.next, 6);
}

#[test]
fn an_append_writes_the_new_entries_and_the_head_alone() {
    let mut events = Events::default();
    appended(&mut events, 400, 500);
    let change = events.append(vec![entry(1)], 500).unwrap();
    assert_eq!(change.append.len(), 1);
}

proptest! {
    #[test]
    fn numbers_ascend_and_are_never_used_again(
        steps in prop::collection::vec((0_usize..6, prop::option::of(0_u64..60), 0_usize..5), 1..30),
    ) {
        let mut events = Events::default();
        let mut highest = 0;
        for (count, clear, kept_at_most) in steps {
            let before = numbers(&events);
            appended(&mut events, count, kept_at_most);
            for number in numbers(&events).into_iter().filter(|number| !before.contains(number)) {
                prop_assert!(number > highest, "{number} was used before");
            }
            highest = events.head.next - 1;
            prop_assert!(count == 0 || events.entries.len() <= kept_at_most);
            if let Some(last) = clear {
                let cleared = events.clear(last, Timestamp(1));
                events.apply(&cleared);
            }
            prop_assert!(events.entries.keys().all(|number| (events.head.first..events.head.next).contains(number)));
        }
    }
}

fn pending(stage: Stage) -> PowerIntent {
    PowerIntent {
        request: PowerRequest::Cycle,
        stage,
        boot_generation: 0,
        since: Timestamp(1),
        requester: "second".to_owned(),
    }
}

fn record(rest: Rest, stage: Option<Stage>) -> NodeRecord {
    NodeRecord { rest: Some(rest), power: stage.map(pending), ..NodeRecord::default() }
}

fn by(words: &str) -> Option<Arc<str>> {
    Some(words.into())
}

#[test]
fn a_power_event_names_who_asked_and_nobody_else() {
    let sent = Start::Sent { boot_generation: 0 };
    for (stage, requester) in [
        (None, None),
        (Some(Stage::PowerUp { off_seen: None, start: Start::NotSent }), None),
        (Some(Stage::PowerUp { off_seen: None, start: sent }), by("second")),
        (Some(Stage::PowerUp { off_seen: None, start: Start::Seen }), by("second")),
        (Some(Stage::PowerDown { then: Then::Rest }), None),
    ] {
        let happened = noticed(&record(Rest::Off, stage), &record(Rest::On, None), None);
        assert_eq!(happened, [Happened::PoweredOn { by: requester }], "{stage:?}");
    }
    for (stage, requester) in [
        (None, None),
        (Some(Stage::PowerDown { then: Then::Rest }), by("second")),
        (Some(Stage::PowerDown { then: Then::PowerUp }), by("second")),
        (Some(Stage::ShutDown { asked: None, then: Then::Rest }), by("second")),
        (Some(Stage::PowerUp { off_seen: None, start: Start::NotSent }), None),
    ] {
        let happened = noticed(&record(Rest::On, stage), &record(Rest::Off, None), None);
        assert_eq!(happened, [Happened::PoweredOff { by: requester }], "{stage:?}");
    }
}

#[test]
fn what_was_overtaken_keeps_its_requester() {
    let mut before = record(Rest::On, Some(Stage::PowerDown { then: Then::PowerUp }));
    before.overtaken.off = Some("first".to_owned());
    let happened = noticed(&before, &record(Rest::Off, None), None);
    assert_eq!(happened, [Happened::PoweredOff { by: by("first") }]);
    let mut before = record(Rest::Off, Some(Stage::PowerDown { then: Then::Rest }));
    before.overtaken.on = Some("first".to_owned());
    let happened = noticed(&before, &record(Rest::On, None), None);
    assert_eq!(happened, [Happened::PoweredOn { by: by("first") }]);
}

#[test]
fn the_first_look_at_a_node_is_no_event() {
    for rest in [Rest::On, Rest::Off] {
        assert_eq!(noticed(&NodeRecord::default(), &record(rest, None), None), []);
        assert_eq!(noticed(&record(rest, None), &record(rest, None), None), []);
    }
}

#[test]
fn a_boot_device_is_applied_when_it_is_deployed_and_not_when_it_is_taken_back() {
    let mut before = record(Rest::Off, None);
    before.boot.in_design = Some(BootDevice::Disk);
    let after = record(Rest::Off, None);
    let look = |deployed| NodeObservation {
        name: "vm".to_owned(),
        phase: Phase::Off,
        state: "STOPPED".to_owned(),
        design_boot: deployed,
        deployed_boot: Some(deployed),
        tag: None,
        unpublished: Vec::new(),
        stop_timeout: Duration::from_secs(1),
    };
    let applied = Happened::BootDeviceApplied { device: BootDevice::Disk };
    assert_eq!(noticed(&before, &after, Some(&look(BootDevice::Disk))), [applied]);
    assert_eq!(noticed(&before, &after, Some(&look(BootDevice::Network))), []);
}

#[test]
fn a_failure_is_an_event_with_its_reason_alone_and_once() {
    let before = record(Rest::Off, Some(Stage::PowerDown { then: Then::Rest }));
    let words = before.power.as_ref().unwrap().failure_prefix() + "the quota is used up";
    let failure = Failure { kind: FailureKind::Forbidden, words, at: Timestamp(5), reported: false };
    let after = NodeRecord { failure: Some(failure), ..record(Rest::Off, None) };
    let reason = "the quota is used up".into();
    let failed = Happened::RequestFailed { request: PowerRequest::Cycle, reason };
    assert_eq!(noticed(&before, &after, None), [failed]);
    assert_eq!(noticed(&after, &after, None), []);
    // A failure that is told to a client is not another one.
    let mut told = after.clone();
    told.failure.as_mut().unwrap().reported = true;
    assert_eq!(noticed(&after, &told, None), []);
}

#[test]
fn one_event_can_be_removed_and_its_number_stays_unused() {
    let mut events = Events::default();
    appended(&mut events, 3, 10);
    let removed = events.remove(2, Timestamp(7)).unwrap();
    events.apply(&removed);
    assert_eq!((numbers(&events), events.head.cleared_at), (vec![1, 3], Some(Timestamp(7))));
    assert_eq!(events.remove(2, Timestamp(8)), None, "it is gone");
    appended(&mut events, 1, 10);
    assert_eq!(numbers(&events), [1, 3, 4]);
}

/// The events after these looks, each a state at rest and a time.
fn watched(looks: &[(Option<Rest>, u64)]) -> Events {
    let mut events = Events::default();
    for (rest, at) in looks {
        if let Some(change) = events.note(Vec::new(), 10, *rest, Timestamp(*at)) {
            events.apply(&change);
        }
    }
    events
}

#[test]
fn time_on_is_counted_between_seen_on_and_seen_off() {
    const ON: Option<Rest> = Some(Rest::On);
    const OFF: Option<Rest> = Some(Rest::Off);
    let on = |looks: &[_], now| watched(looks).head.powered_on(Timestamp(now)).as_millis();
    assert_eq!(on(&[], 100), 0);
    assert_eq!(on(&[(OFF, 10)], 100), 0);
    assert_eq!(on(&[(ON, 10)], 100), 90);
    assert_eq!(on(&[(ON, 10), (ON, 20), (None, 25), (OFF, 30)], 100), 20);
    assert_eq!(on(&[(ON, 10), (OFF, 30), (OFF, 40), (ON, 50)], 100), 70);
    assert_eq!(on(&[(ON, 50), (OFF, 30)], 100), 0, "a clock that was set back");
}

#[test]
fn what_is_noted_counts_the_time_too() {
    let mut events = watched(&[(Some(Rest::On), 10)]);
    let change = events.note(vec![entry(30)], 10, Some(Rest::Off), Timestamp(30)).unwrap();
    events.apply(&change);
    assert_eq!((numbers(&events), events.head.on_millis, events.head.on_since), (vec![1], 20, None));
    assert_eq!(events.note(Vec::new(), 10, Some(Rest::Off), Timestamp(40)), None, "nothing new");
}

#[test]
fn head_of_an_earlier_version_is_read() {
    let head = r#"{"first":1,"next":3,"overflowed":false,"cleared_at":null}"#;
    let head: Head = serde_json::from_str(head).unwrap();
    assert_eq!((head.next, head.on_millis, head.on_since), (3, 0, None));
}
