//! Every pending × request × state is decided on purpose: the tables are reviewed like code.

use std::fmt::Write as _;

use machine::{BootDevice, BootFlags, BootOverride, Denied, Lifetime, Phase, PowerRequest};
use proptest::prelude::*;

use super::{Outcome, PowerAsk, Seen, admit_boot, admit_power};
use crate::record::{
    BootRecord, Failure, FailureKind, NodeRecord, PowerIntent, Rest, Stage, Start, Then, Timestamp, Wish,
};

const REQUESTS: [PowerRequest; 5] =
    [PowerRequest::On, PowerRequest::Off, PowerRequest::Soft, PowerRequest::Cycle, PowerRequest::Reset];

const PHASES: [Phase; 9] = [
    Phase::Off,
    Phase::PoweringOn,
    Phase::On,
    Phase::Busy,
    Phase::PoweringOff,
    Phase::Updating,
    Phase::Absent,
    Phase::Fault,
    Phase::Unknown,
];

fn ask(request: PowerRequest) -> PowerAsk {
    PowerAsk { request, requester: "operator".to_owned(), at: Timestamp(2_000) }
}

fn seen(phase: Phase) -> Seen {
    Seen { phase, state: format!("{phase:?}").to_uppercase() }
}

fn pending(stage: Stage) -> NodeRecord {
    let since = Timestamp(1_000);
    let requester = "somebody".to_owned();
    let power = PowerIntent { request: PowerRequest::On, stage, boot_generation: 0, since, requester };
    NodeRecord { generation: 1, power: Some(power), ..NodeRecord::default() }
}

fn stages() -> Vec<Stage> {
    let mut stages = Vec::new();
    for then in [Then::Rest, Then::PowerUp] {
        stages.push(Stage::PowerDown { then });
        for asked in [None, Some(Timestamp(1_500))] {
            stages.push(Stage::ShutDown { asked, then });
        }
    }
    for off_seen in [None, Some(Timestamp(1_500))] {
        for start in [Start::NotSent, Start::Sent { boot_generation: 0 }, Start::Seen] {
            stages.push(Stage::PowerUp { off_seen, start });
        }
    }
    stages
}

fn words(stage: Stage) -> String {
    match stage {
        Stage::PowerDown { then } => format!("power down, then {}", then_words(then)),
        Stage::ShutDown { asked: None, then } => format!("shut down, then {}", then_words(then)),
        Stage::ShutDown { asked: Some(_), then } => format!("shut down (asked), then {}", then_words(then)),
        Stage::PowerUp { off_seen, start } => {
            let off = if off_seen.is_some() { "off seen" } else { "off not seen" };
            let start = match start {
                Start::NotSent => "start not sent",
                Start::Sent { .. } => "start sent",
                Start::Seen => "start seen",
            };
            format!("power up ({off}, {start})")
        }
    }
}

fn then_words(then: Then) -> &'static str {
    match then {
        Then::Rest => "rest",
        Then::PowerUp => "power up",
    }
}

fn outcome_words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Record(NodeRecord { power: Some(power), .. }) => format!("-> {}", words(power.stage)),
        Outcome::Record(NodeRecord { power: None, .. }) => "-> nothing pending".to_owned(),
        Outcome::AlreadySatisfied => "satisfied".to_owned(),
        Outcome::Denied(denied) => format!("denied: {denied}"),
        Outcome::Reported(_, denied) => format!("reported: {denied}"),
    }
}

#[test]
fn every_request_on_a_node_with_nothing_pending_is_decided() {
    let mut table = String::new();
    for request in REQUESTS {
        for phase in PHASES {
            let outcome = admit_power(&NodeRecord::default(), &ask(request), Some(&seen(phase)));
            writeln!(
                table,
                "{request:<6} {phase:<12} {}",
                outcome_words(&outcome),
                phase = format!("{phase:?}")
            )
            .unwrap();
        }
        for rest in [Some(Rest::On), Some(Rest::Off)] {
            let record = NodeRecord { rest, ..NodeRecord::default() };
            let label = format!("Updating, was {rest:?}");
            let outcome = admit_power(&record, &ask(request), Some(&seen(Phase::Updating)));
            writeln!(table, "{request:<6} {label:<24} {}", outcome_words(&outcome)).unwrap();
        }
        for rest in [Some(Rest::On), Some(Rest::Off), None] {
            let record = NodeRecord { rest, ..NodeRecord::default() };
            let label = format!("no fresh look, was {rest:?}");
            let outcome = admit_power(&record, &ask(request), None);
            writeln!(table, "{request:<6} {label:<32} {}", outcome_words(&outcome)).unwrap();
        }
    }
    insta::assert_snapshot!("nothing_pending", table);
}

#[test]
fn every_request_beside_a_pending_one_is_decided() {
    let mut table = String::new();
    for stage in stages() {
        for request in REQUESTS {
            let outcome = admit_power(&pending(stage), &ask(request), Some(&seen(Phase::On)));
            writeln!(table, "{:<38} {request:<6} {}", words(stage), outcome_words(&outcome)).unwrap();
        }
    }
    writeln!(table, "\nafter a change of the boot device since the pending request:").unwrap();
    for stage in stages() {
        for request in [PowerRequest::On, PowerRequest::Cycle, PowerRequest::Reset] {
            let mut record = pending(stage);
            record.boot.generation = 1;
            let outcome = admit_power(&record, &ask(request), Some(&seen(Phase::On)));
            writeln!(table, "{:<38} {request:<6} {}", words(stage), outcome_words(&outcome)).unwrap();
        }
    }
    insta::assert_snapshot!("something_pending", table);
}

#[test]
fn what_is_pending_is_combined_whatever_the_node_looks_like() {
    for stage in stages() {
        for request in REQUESTS {
            let reference = admit_power(&pending(stage), &ask(request), None);
            for phase in PHASES {
                let outcome = admit_power(&pending(stage), &ask(request), Some(&seen(phase)));
                assert_eq!(outcome, reference, "{stage:?} {request} {phase:?}");
            }
        }
    }
}

#[test]
fn off_and_then_on_before_the_first_is_done_is_a_power_cycle() {
    let on = NodeRecord { rest: Some(Rest::On), ..NodeRecord::default() };
    let off = recorded(admit_power(&on, &ask(PowerRequest::Off), Some(&seen(Phase::On))));
    let off_on = recorded(admit_power(&off, &ask(PowerRequest::On), Some(&seen(Phase::On))));
    let cycle = recorded(admit_power(&on, &ask(PowerRequest::Cycle), Some(&seen(Phase::On))));
    assert_eq!(stage_of(&off_on), stage_of(&cycle));
}

#[test]
fn a_repeated_reset_while_the_first_is_under_way_is_the_same_reset() {
    for stage in [
        Stage::PowerDown { then: Then::PowerUp },
        Stage::PowerUp { off_seen: Some(Timestamp(1)), start: Start::NotSent },
        Stage::PowerUp { off_seen: Some(Timestamp(1)), start: Start::Sent { boot_generation: 0 } },
        Stage::PowerUp { off_seen: Some(Timestamp(1)), start: Start::Seen },
    ] {
        for request in [PowerRequest::Cycle, PowerRequest::Reset] {
            assert_eq!(admit_power(&pending(stage), &ask(request), None), Outcome::AlreadySatisfied);
        }
    }
}

#[test]
fn a_reset_after_another_boot_device_was_set_is_another_reset() {
    let mut record = pending(Stage::PowerUp { off_seen: Some(Timestamp(1)), start: Start::Seen });
    record = recorded(admit_boot(&record, Some(persistent(BootDevice::Disk)), Timestamp(2_000)));
    let again = recorded(admit_power(&record, &ask(PowerRequest::Reset), Some(&seen(Phase::PoweringOn))));
    assert_eq!(stage_of(&again), Some(Stage::PowerDown { then: Then::PowerUp }));
}

#[test]
fn a_failure_is_told_once_by_the_next_power_request() {
    let failure = Failure {
        kind: FailureKind::Forbidden,
        words: "quota".to_owned(),
        at: Timestamp(1),
        reported: false,
    };
    let record = NodeRecord { failure: Some(failure), ..NodeRecord::default() };
    // What holds anyway is no occasion.
    let off = admit_power(&record, &ask(PowerRequest::Off), Some(&seen(Phase::Off)));
    assert_eq!(off, Outcome::AlreadySatisfied);
    let Outcome::Reported(told, Denied::NotInPresentState { reason }) =
        admit_power(&record, &ask(PowerRequest::On), Some(&seen(Phase::Off)))
    else {
        panic!("the failure was not reported");
    };
    assert!(reason.contains("quota"), "{reason}");
    recorded(admit_power(&told, &ask(PowerRequest::On), Some(&seen(Phase::Off))));
}

#[test]
fn setting_what_already_holds_changes_nothing() {
    for lifetime in [Lifetime::Once, Lifetime::Persistent] {
        let wanted = BootOverride { lifetime, ..persistent(BootDevice::Disk) };
        let record = recorded(admit_boot(&NodeRecord::default(), Some(wanted), Timestamp(2_000)));
        assert_eq!(admit_boot(&record, Some(wanted), Timestamp(2_000)), Outcome::AlreadySatisfied);
    }
}

#[test]
fn other_flag_bytes_for_the_same_device_are_recorded() {
    let record =
        recorded(admit_boot(&NodeRecord::default(), Some(persistent(BootDevice::Disk)), Timestamp(2_000)));
    let uefi = BootOverride { flags: BootFlags([0xe0, 0x08, 0, 0, 0]), ..persistent(BootDevice::Disk) };
    let record = recorded(admit_boot(&record, Some(uefi), Timestamp(2_000)));
    assert_eq!(record.boot.lasting.and_then(|wish| wish.flags), Some(uefi.flags));
}

#[test]
fn none_drops_the_override_and_a_tag_never_seen() {
    let record = recorded(admit_boot(&NodeRecord::default(), None, Timestamp(2_000)));
    assert!(record.boot.known && record.boot.wanted().is_none());
    let record = recorded(admit_boot(&record, Some(persistent(BootDevice::Disk)), Timestamp(2_000)));
    let record = recorded(admit_boot(&record, None, Timestamp(2_000)));
    assert_eq!(record.boot.wanted(), None);
    assert_eq!(admit_boot(&record, None, Timestamp(2_000)), Outcome::AlreadySatisfied);
}

#[test]
fn none_keeps_the_device_that_a_used_one_shot_replaced() {
    let boot = BootRecord { known: true, restore: Some(BootDevice::Network), ..BootRecord::default() };
    let record = NodeRecord { boot, ..NodeRecord::default() };
    assert_eq!(admit_boot(&record, None, Timestamp(2_000)), Outcome::AlreadySatisfied);
}

#[test]
fn a_one_shot_leaves_the_lasting_override_for_the_cycle_after() {
    let record =
        recorded(admit_boot(&NodeRecord::default(), Some(persistent(BootDevice::Disk)), Timestamp(2_000)));
    let once = BootOverride { lifetime: Lifetime::Once, ..persistent(BootDevice::Network) };
    let record = recorded(admit_boot(&record, Some(once), Timestamp(2_000)));
    assert_eq!(record.boot.wanted(), Some(BootDevice::Network));
    assert_eq!(record.boot.used().wanted(), Some(BootDevice::Disk));
}

fn persistent(device: BootDevice) -> BootOverride {
    BootOverride { device, lifetime: Lifetime::Persistent, flags: BootFlags([0xc0, 0x08, 0, 0, 0]) }
}

fn recorded(outcome: Outcome) -> NodeRecord {
    match outcome {
        Outcome::Record(record) => record,
        other => panic!("not recorded: {other:?}"),
    }
}

fn stage_of(record: &NodeRecord) -> Option<Stage> {
    record.power.as_ref().map(|power| power.stage)
}

fn any_request() -> impl Strategy<Value = PowerRequest> {
    prop::sample::select(REQUESTS.to_vec())
}

fn any_look() -> impl Strategy<Value = Option<Seen>> {
    prop::option::of(prop::sample::select(PHASES.to_vec()).prop_map(seen))
}

fn any_record() -> impl Strategy<Value = NodeRecord> {
    let stage = prop::option::of(prop::sample::select(stages()));
    let rest = prop::sample::select(vec![None, Some(Rest::On), Some(Rest::Off)]);
    (stage, rest, 0_u64..2, any::<bool>()).prop_map(|(stage, rest, boot_generation, known)| {
        let mut record = stage.map(pending).unwrap_or_default();
        record.rest = rest;
        record.boot.generation = boot_generation;
        record.boot.known = known;
        record.boot.lasting = known.then_some(Wish { device: BootDevice::Disk, flags: None });
        record
    })
}

proptest! {
    /// A request that is repeated before anything happened changes nothing more.
    #[test]
    fn a_repeated_request_changes_nothing(record in any_record(), request in any_request(), look in any_look()) {
        if let Outcome::Record(once) = admit_power(&record, &ask(request), look.as_ref()) {
            prop_assert_eq!(admit_power(&once, &ask(request), look.as_ref()), Outcome::AlreadySatisfied);
        }
    }

    /// `cycle` and `reset` are the same on a platform without a reset.
    #[test]
    fn cycle_and_reset_are_decided_alike(record in any_record(), look in any_look()) {
        let cycle = admit_power(&record, &ask(PowerRequest::Cycle), look.as_ref());
        let reset = admit_power(&record, &ask(PowerRequest::Reset), look.as_ref());
        prop_assert_eq!(outcome_words(&cycle), outcome_words(&reset));
    }

    /// The last level asked for is where the node ends: nothing older turns it around.
    #[test]
    fn the_newest_request_decides_where_the_node_ends(
        record in any_record(), requests in prop::collection::vec(any_request(), 1..6), look in any_look(),
    ) {
        let mut record = record;
        let mut last = None;
        for request in requests {
            match admit_power(&record, &ask(request), look.as_ref()) {
                Outcome::Record(next) => record = next,
                Outcome::AlreadySatisfied => {}
                Outcome::Denied(_) | Outcome::Reported(..) => continue,
            }
            last = Some(request);
        }
        if let (Some(last), Some(stage)) = (last, stage_of(&record)) {
            let ends_on = matches!(
                stage,
                Stage::PowerUp { .. }
                    | Stage::PowerDown { then: Then::PowerUp }
                    | Stage::ShutDown { then: Then::PowerUp, .. }
            );
            let wants_on = matches!(last, PowerRequest::On | PowerRequest::Cycle | PowerRequest::Reset);
            prop_assert_eq!(ends_on, wants_on);
        }
    }

    /// A power request never touches what the node shall boot from, nor the other way round.
    #[test]
    fn power_and_boot_do_not_mix(record in any_record(), request in any_request(), look in any_look()) {
        if let Outcome::Record(next) = admit_power(&record, &ask(request), look.as_ref()) {
            prop_assert_eq!(next.boot, record.boot);
        }
        if let Outcome::Record(next) = admit_boot(&record, Some(persistent(BootDevice::Network)), Timestamp(2_000)) {
            prop_assert_eq!(next.power, record.power);
        }
    }
}
