//! What holds whatever is asked in whatever order, under any switches.

use proptest::prelude::*;

use super::*;
use crate::guest::{BootRecord, GuestBehaviour, SelfReboot, SoftShutdown};
use crate::switches::*;

/// One thing that somebody does, or time that passes.
#[derive(Clone, Debug)]
enum Step {
    Pass(u64),
    Act(VmId, usize),
    ActOnBoth(usize),
    Describe(VmId, String),
    SetBootFlag(VmId, bool),
    RemoveFromDesign(VmId),
    Publish,
    Expire(i64),
    RebootGuest(VmId),
    Behave(VmId, bool, Option<u64>),
    Force(VmId, VmState),
    Hold(VmId),
    Release(VmId),
}

fn any_vm() -> impl Strategy<Value = VmId> {
    prop_oneof![Just(FIRST), Just(SECOND)]
}

fn any_step() -> impl Strategy<Value = Step> {
    let action = || 0..Action::ALL.len();
    let forced =
        prop::sample::select(vec![VmState::Error, VmState::ErrorDeploy, VmState::Stopped, VmState::Started]);
    prop_oneof![
        6 => (0_u64..2500).prop_map(Step::Pass),
        8 => (any_vm(), action()).prop_map(|(vm, action)| Step::Act(vm, action)),
        1 => action().prop_map(Step::ActOnBoth),
        3 => (any_vm(), "[a-z]{1,3}").prop_map(|(vm, text)| Step::Describe(vm, text)),
        3 => (any_vm(), any::<bool>()).prop_map(|(vm, flag)| Step::SetBootFlag(vm, flag)),
        1 => any_vm().prop_map(Step::RemoveFromDesign),
        5 => Just(Step::Publish),
        1 => (-1_i64..5).prop_map(Step::Expire),
        2 => any_vm().prop_map(Step::RebootGuest),
        1 => (any_vm(), any::<bool>(), prop::option::of(500_u64..5000))
            .prop_map(|(vm, listens, reboots)| Step::Behave(vm, listens, reboots)),
        1 => (any_vm(), forced).prop_map(|(vm, state)| Step::Force(vm, state)),
        1 => any_vm().prop_map(Step::Hold),
        2 => any_vm().prop_map(Step::Release),
    ]
}

fn any_switches() -> impl Strategy<Value = Switches> {
    let first = (
        prop::sample::select(vec![PoweroffInStarting::Refused, PoweroffInStarting::Accepted]),
        prop::sample::select(vec![PoweroffInStopping::Refused, PoweroffInStopping::Ignored]),
        prop::sample::select(vec![PoweroffInError::Refused, PoweroffInError::Accepted]),
        prop::sample::select(vec![UpdatingOfStopped::Hidden, UpdatingOfStopped::Shown]),
        prop::sample::select(vec![WaitingStates::Hidden, WaitingStates::Shown]),
    );
    let second = (
        prop::sample::select(vec![HungShutdown::ReturnsToStarted, HungShutdown::StaysStopping]),
        prop::sample::select(vec![RepairEnds::LastRest, RepairEnds::Started, RepairEnds::Stopped]),
        prop::sample::select(vec![BatchRefusal::WholeBatch, BatchRefusal::UnfitOnly]),
        prop::sample::select(vec![
            PublishWhileTransient::RefusedIfTouched,
            PublishWhileTransient::RefusedAlways,
            PublishWhileTransient::Accepted,
        ]),
    );
    (first, second).prop_map(|(first, second)| Switches {
        poweroff_in_starting: first.0,
        poweroff_in_stopping: first.1,
        poweroff_in_error: first.2,
        updating_of_stopped: first.3,
        waiting_states: first.4,
        hung_shutdown: second.0,
        repair_ends: second.1,
        batch_refusal: second.2,
        publish_while_transient: second.3,
        ..Switches::default()
    })
}

/// Takes a step; whether it is refused does not matter here.
fn take(world: &mut World, step: &Step) {
    let (id, now) = (world.application, world.now);
    let action = |index: usize| Action::ALL[index];
    let cloud = &mut world.cloud;
    let _admitted = match step {
        Step::Pass(millis) => {
            world.pass(*millis);
            Ok(())
        }
        Step::Act(vm, index) => cloud.act(id, *vm, action(*index), now),
        Step::ActOnBoth(index) => cloud.act_on_all(id, &[FIRST, SECOND], action(*index), now),
        Step::Describe(vm, text) => cloud.edit_vm(*vm, &[("/description".to_owned(), json!(text))], now),
        Step::SetBootFlag(vm, flag) => {
            cloud.edit_vm(*vm, &[("/hardDrives/1/boot".to_owned(), json!(flag))], now)
        }
        Step::RemoveFromDesign(vm) => cloud.remove_vm(id, *vm),
        Step::Publish => cloud.publish_updates(id, DraftVms::Start, now),
        Step::Expire(seconds) => cloud.set_expiration(id, *seconds, now).map(|_| ()),
        Step::RebootGuest(vm) => cloud.reboot_guest(*vm, now),
        Step::Behave(vm, listens, reboots) => {
            let soft_shutdown = if *listens { SoftShutdown::Honoured } else { SoftShutdown::Ignored };
            let reboots = reboots.map(|after_millis| SelfReboot { after_millis, times: None });
            cloud.set_guest(*vm, GuestBehaviour { soft_shutdown, reboots }, now)
        }
        Step::Force(vm, state) => cloud.force(*vm, *state, now),
        Step::Hold(vm) => cloud.with_machine(*vm, |machine, _| machine.hold()),
        Step::Release(vm) => cloud.with_machine(*vm, |machine, _| machine.release(now)),
    };
    world.cloud.handle_timeout(world.now);
}

fn log_of(world: &World, vm: VmId) -> Vec<BootRecord> {
    world.cloud.boots.records().into_iter().filter(|record| record.vm == vm).collect()
}

/// A VM boots only after its boot before has ended, and what runs is what the state says.
fn check(world: &World, vm: VmId) -> Result<(), TestCaseError> {
    let log = log_of(world, vm);
    for pair in log.windows(2) {
        let ended = pair[0].ended;
        prop_assert!(ended.is_some_and(|ended| ended.time <= pair[1].time), "two boots at once: {:?}", pair);
    }
    prop_assert!(log.iter().all(|boot| boot.ended.is_none_or(|ended| ended.time >= boot.time)));
    let runs = log.last().is_some_and(BootRecord::is_running);
    let Ok(machine) = world.cloud.machine(world.application, vm) else {
        prop_assert!(!runs, "a VM that is gone runs");
        return Ok(());
    };
    prop_assert_eq!(machine.is_running(), runs);
    match machine.state() {
        VmState::Started | VmState::WaitingToStop => prop_assert!(runs),
        VmState::Stopping | VmState::Restarting => {}
        other => prop_assert!(!runs, "it runs in {}", other),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn boots_and_states_agree_after_any_history(
        switches in any_switches(),
        steps in prop::collection::vec(any_step(), 1..40),
    ) {
        let mut world = World::running();
        world.cloud.switches = switches;
        for step in steps {
            take(&mut world, &step);
            for vm in [FIRST, SECOND] {
                check(&world, vm)?;
            }
            prop_assert!(world.cloud.poll_timeout().is_none_or(|at| at > world.now), "something due was left undone");
        }
    }

    #[test]
    fn only_a_publish_carries_the_design_over(steps in prop::collection::vec(any_step(), 1..40)) {
        let mut world = World::running();
        let flags = |world: &World| [FIRST, SECOND].map(|vm| {
            let machine = world.cloud.machine(world.application, vm).ok()?;
            Some((machine.published.get("description").cloned(), machine.published["hardDrives"].clone()))
        });
        for step in steps {
            let before = flags(&world);
            take(&mut world, &step);
            let kept = before.into_iter().zip(flags(&world)).all(|(before, after)| after.is_none() || after == before);
            prop_assert!(kept || matches!(step, Step::Publish), "{:?}", step);
        }
    }

    #[test]
    fn description_never_restarts(texts in prop::collection::vec((any_vm(), ".{0,20}"), 1..10)) {
        let mut world = World::running();
        for (vm, text) in texts {
            world.edit(vm, "/description", json!(text));
            world.publish_updates().unwrap();
            world.pass(700);
        }
        prop_assert_eq!(log_of(&world, FIRST).len(), 1);
        prop_assert_eq!(log_of(&world, SECOND).len(), 0);
    }
}
