//! Actions and states (`ravello-api.md §7.3`, `§7.4`).

use super::*;
use crate::guest::{GuestBehaviour, SelfReboot, SoftShutdown};
use crate::switches::*;
use VmState::*;

const IGNORING: GuestBehaviour = GuestBehaviour { soft_shutdown: SoftShutdown::Ignored, reboots: None };

/// What each action comes to in each state, by default: the table of §7.4.
#[test]
fn every_action_in_every_state_is_admitted_or_refused_as_the_table_says() {
    let everywhere = [
        Publishing,
        WaitingToStart,
        Starting,
        Started,
        Restarting,
        ResettingDisks,
        Updating,
        Repairing,
        WaitingToStop,
        Stopping,
        Stopped,
        Terminating,
        Error,
        ErrorDeploy,
        ErrorTerminate,
        ErrorUnknown,
        Unknown,
    ];
    let failed = [Error, ErrorDeploy, ErrorTerminate, ErrorUnknown];
    let resting = [Started, Stopped, Error, ErrorDeploy, ErrorTerminate, ErrorUnknown, Unknown];
    for action in Action::ALL {
        let possible_in: &[VmState] = match action {
            Action::Start => &[Stopped],
            Action::Stop | Action::Shutdown | Action::PowerOff | Action::Restart | Action::ResetDisks => {
                &[Started]
            }
            Action::Redeploy => &resting,
            Action::Repair => &failed,
        };
        for state in everywhere {
            let mut world = World::running();
            world.force(FIRST, state);
            let outcome = world.act(FIRST, action);
            if possible_in.contains(&state) {
                assert_eq!(outcome, Ok(()), "{action} in {state}");
                assert_ne!(world.state(FIRST), state, "{action} in {state}");
            } else {
                assert!(is_wrong_state(&outcome), "{action} in {state}: {outcome:?}");
                assert_eq!(world.state(FIRST), state, "{action} in {state} changes nothing");
            }
        }
    }
}

#[test]
fn start_passes_through_starting() {
    let mut world = World::running();
    world.act(SECOND, Action::Start).unwrap();
    assert_eq!(world.states_over(SECOND, 2000), [Starting, Started]);
    assert_eq!(world.boots(SECOND), [(BootCause::Start, BootedFrom::Network, None)]);
}

#[test]
fn stop_shutdown_and_poweroff_pass_through_stopping_and_end_the_boot() {
    for (action, end) in [
        (Action::Stop, BootEnd::Shutdown),
        (Action::Shutdown, BootEnd::Shutdown),
        (Action::PowerOff, BootEnd::PowerOff),
    ] {
        let mut world = World::running();
        world.act(FIRST, action).unwrap();
        assert_eq!(world.states_over(FIRST, 2000), [Stopping, Stopped], "{action}");
        assert_eq!(world.boots(FIRST), [(BootCause::Start, BootedFrom::Network, Some(end))], "{action}");
    }
}

#[test]
fn waiting_states_appear_if_switched_on() {
    let mut world = World::running();
    world.cloud.switches.waiting_states = WaitingStates::Shown;
    world.act(SECOND, Action::Start).unwrap();
    assert_eq!(world.states_over(SECOND, 3000), [WaitingToStart, Starting, Started]);
    world.act(SECOND, Action::Stop).unwrap();
    assert_eq!(world.states_over(SECOND, 3000), [WaitingToStop, Stopping, Stopped]);
}

#[test]
fn restart_boots_again_if_the_guest_listens() {
    let mut world = World::running();
    world.act(FIRST, Action::Restart).unwrap();
    assert_eq!(world.states_over(FIRST, 2000), [Restarting, Started]);
    let ended = (BootCause::Start, BootedFrom::Network, Some(BootEnd::Restart));
    assert_eq!(world.boots(FIRST), [ended, (BootCause::Restart, BootedFrom::Network, None)]);
}

#[test]
fn restart_is_ignored_by_a_guest_that_does_not_listen() {
    let mut world = World::running();
    world.cloud.set_guest(FIRST, IGNORING, world.now).unwrap();
    world.act(FIRST, Action::Restart).unwrap();
    assert_eq!(world.states_over(FIRST, 2000), [Restarting, Started]);
    assert_eq!(world.boots(FIRST), [(BootCause::Start, BootedFrom::Network, None)], "uninterrupted");
}

#[test]
fn stop_of_a_hung_guest_ends_with_the_plug_pulled_after_the_time_out() {
    let mut world = World::running();
    world.cloud.set_guest(FIRST, IGNORING, world.now).unwrap();
    world.act(FIRST, Action::Stop).unwrap();
    world.pass(179_999);
    assert_eq!(world.state(FIRST), Stopping);
    assert!(is_wrong_state(&world.act(FIRST, Action::PowerOff)), "a hanging stop blocks the hard off");
    world.pass(1);
    assert_eq!(world.state(FIRST), Stopped);
    assert_eq!(world.boots(FIRST), [(BootCause::Start, BootedFrom::Network, Some(BootEnd::StopTimeOut))]);
}

#[test]
fn stop_time_out_is_twenty_minutes_if_unset() {
    let mut world = World::running();
    world.edit(FIRST, "/stopTimeOut", Value::Null);
    world.publish_updates().unwrap();
    world.cloud.set_guest(FIRST, IGNORING, world.now).unwrap();
    world.act(FIRST, Action::Stop).unwrap();
    world.pass(1_199_999);
    assert_eq!(world.state(FIRST), Stopping);
    world.pass(1);
    assert_eq!(world.state(FIRST), Stopped);
}

#[test]
fn stop_of_a_hung_guest_that_must_not_be_cut_off_ends_started_again() {
    let mut world = World::running();
    world.edit(FIRST, "/powerOffOnStopTimeOut", json!(false));
    world.publish_updates().unwrap();
    world.cloud.set_guest(FIRST, IGNORING, world.now).unwrap();
    world.act(FIRST, Action::Stop).unwrap();
    world.pass(180_000);
    assert_eq!(world.state(FIRST), Started);
    assert_eq!(world.boots(FIRST), [(BootCause::Start, BootedFrom::Network, None)], "uninterrupted");
}

#[test]
fn shutdown_of_a_hung_guest_never_pulls_the_plug() {
    let mut world = World::running();
    world.cloud.set_guest(FIRST, IGNORING, world.now).unwrap();
    world.act(FIRST, Action::Shutdown).unwrap();
    world.pass(180_000);
    assert_eq!(world.state(FIRST), Started);
    world.cloud.switches.hung_shutdown = HungShutdown::StaysStopping;
    world.act(FIRST, Action::Shutdown).unwrap();
    world.pass(10_000_000);
    assert_eq!(world.state(FIRST), Stopping);
    assert_eq!(world.boots(FIRST).len(), 1, "uninterrupted");
}

#[test]
fn poweroff_while_starting_is_accepted_if_switched_on() {
    for state in [Starting, Restarting, Updating, Publishing] {
        let mut world = World::running();
        world.cloud.switches.poweroff_in_starting = PoweroffInStarting::Accepted;
        world.force(FIRST, state);
        world.act(FIRST, Action::PowerOff).unwrap();
        world.pass(1000);
        assert_eq!(world.state(FIRST), Stopped, "{state}");
    }
}

#[test]
fn poweroff_while_stopping_has_no_effect_if_switched_on() {
    let mut world = World::running();
    world.cloud.switches.poweroff_in_stopping = PoweroffInStopping::Ignored;
    world.cloud.set_guest(FIRST, IGNORING, world.now).unwrap();
    world.act(FIRST, Action::Stop).unwrap();
    assert_eq!(world.act(FIRST, Action::PowerOff), Ok(()));
    world.pass(179_999);
    assert_eq!(world.state(FIRST), Stopping, "it still waits for the guest");
}

#[test]
fn poweroff_in_error_ends_stopped_if_switched_on() {
    let mut world = World::running();
    world.force(FIRST, Error);
    assert!(is_wrong_state(&world.act(FIRST, Action::PowerOff)));
    world.cloud.switches.poweroff_in_error = PoweroffInError::Accepted;
    world.act(FIRST, Action::PowerOff).unwrap();
    assert_eq!(world.states_over(FIRST, 2000), [Stopping, Stopped]);
}

#[test]
fn reset_disks_reboots() {
    let mut world = World::running();
    world.act(FIRST, Action::ResetDisks).unwrap();
    assert_eq!(world.states_over(FIRST, 2000), [ResettingDisks, Started]);
    let ended = (BootCause::Start, BootedFrom::Network, Some(BootEnd::ResetDisks));
    assert_eq!(world.boots(FIRST), [ended, (BootCause::ResetDisks, BootedFrom::Network, None)]);
}

#[test]
fn redeploy_starts_a_fresh_copy_from_any_rest() {
    for vm in [FIRST, SECOND] {
        let mut world = World::running();
        world.act(vm, Action::Redeploy).unwrap();
        assert_eq!(world.states_over(vm, 3000), [Publishing, Starting, Started]);
        assert_eq!(world.boots(vm).last(), Some(&(BootCause::Redeploy, BootedFrom::Network, None)));
    }
}

#[test]
fn repair_ends_where_the_switch_says() {
    for (vm, ends, expected) in [
        (FIRST, RepairEnds::LastRest, Started),
        (SECOND, RepairEnds::LastRest, Stopped),
        (SECOND, RepairEnds::Started, Started),
        (FIRST, RepairEnds::Stopped, Stopped),
    ] {
        let mut world = World::running();
        world.cloud.switches.repair_ends = ends;
        world.force(vm, ErrorDeploy);
        world.act(vm, Action::Repair).unwrap();
        assert_eq!(world.states_over(vm, 2000), [Repairing, expected], "{ends:?}");
    }
}

#[test]
fn error_ends_the_boot() {
    let mut world = World::running();
    world.force(FIRST, Error);
    assert_eq!(world.boots(FIRST), [(BootCause::Start, BootedFrom::Network, Some(BootEnd::Failed))]);
}

#[test]
fn vm_that_was_never_published_accepts_no_action() {
    let mut world = World::drafted();
    for action in Action::ALL {
        assert!(is_wrong_state(&world.act(FIRST, action)), "{action}");
    }
    assert!(is_wrong_state(&world.cloud.act_on_application(world.application, Action::Start, world.now)));
}

#[test]
fn vm_that_does_not_exist_is_not_found() {
    let mut world = World::running();
    assert!(matches!(world.act(VmId(5), Action::Start), Err(CloudError::NotFound { .. })));
    let both = [FIRST, VmId(5)];
    let outcome = world.cloud.act_on_all(world.application, &both, Action::PowerOff, world.now);
    assert!(matches!(outcome, Err(CloudError::NotFound { .. })));
    assert_eq!(world.state(FIRST), Started, "nothing happened to the other one");
}

#[test]
fn batch_with_an_unfit_vm_is_refused_as_a_whole_or_skips_it() {
    let mut world = World::running();
    let both = [SECOND, FIRST];
    let outcome = world.cloud.act_on_all(world.application, &both, Action::Start, world.now);
    assert!(is_wrong_state(&outcome));
    assert_eq!(world.states(), [Started, Stopped]);
    world.cloud.switches.batch_refusal = BatchRefusal::UnfitOnly;
    world.cloud.act_on_all(world.application, &both, Action::Start, world.now).unwrap();
    assert_eq!(world.states(), [Started, Starting]);
}

#[test]
fn action_on_the_application_skips_vms_for_which_it_makes_no_sense() {
    let mut world = World::running();
    world.cloud.act_on_application(world.application, Action::Start, world.now).unwrap();
    assert_eq!(world.states(), [Started, Starting]);
    world.cloud.act_on_application(world.application, Action::Stop, world.now).unwrap();
    assert_eq!(world.states(), [Stopping, Starting]);
    world.pass(1000);
    assert_eq!(world.states(), [Stopped, Started]);
    world.cloud.act_on_application(world.application, Action::Restart, world.now).unwrap();
    assert_eq!(world.states(), [Stopped, Restarting]);
}

#[test]
fn guest_reboots_by_itself_without_a_change_of_state() {
    let mut world = World::running();
    world.cloud.reboot_guest(FIRST, world.now).unwrap();
    assert_eq!(world.state(FIRST), Started);
    let ended = (BootCause::Start, BootedFrom::Network, Some(BootEnd::GuestReboot));
    assert_eq!(world.boots(FIRST), [ended, (BootCause::GuestReboot, BootedFrom::Network, None)]);
    assert!(is_wrong_state(&world.cloud.reboot_guest(SECOND, world.now)), "a VM that is off has no guest");
}

#[test]
fn guest_reboots_on_its_schedule_only_while_it_runs() {
    let mut world = World::running();
    let reboots = Some(SelfReboot { after_millis: 5000, times: Some(2) });
    world.cloud.set_guest(FIRST, GuestBehaviour { reboots, ..GuestBehaviour::default() }, world.now).unwrap();
    world.pass(4999);
    assert_eq!(world.boots(FIRST).len(), 1);
    world.pass(1);
    assert_eq!(world.boots(FIRST).len(), 2);
    world.act(FIRST, Action::PowerOff).unwrap();
    world.pass(60_000);
    assert_eq!(world.boots(FIRST).len(), 2, "off");
    world.act(FIRST, Action::Start).unwrap();
    world.pass(60_000);
    let causes: Vec<BootCause> = world.boots(FIRST).iter().map(|(cause, ..)| *cause).collect();
    use BootCause::{GuestReboot, Start};
    assert_eq!(causes, [Start, GuestReboot, Start, GuestReboot], "twice in all");
}

#[test]
fn held_vm_stays_in_its_transient_state_until_released() {
    let mut world = World::running();
    world.cloud.with_machine(SECOND, |machine, _| machine.hold()).unwrap();
    world.act(SECOND, Action::Start).unwrap();
    world.pass(1_000_000);
    assert_eq!(world.state(SECOND), Starting);
    let now = world.now;
    world.cloud.with_machine(SECOND, |machine, _| machine.release(now)).unwrap();
    world.pass(0);
    assert_eq!(world.state(SECOND), Started);
}

#[test]
fn speed_divides_how_long_states_last_and_the_stop_time_out() {
    let mut world = World::running();
    world.cloud.speed = Speed::new(10.0).unwrap();
    world.act(SECOND, Action::Start).unwrap();
    world.pass(99);
    assert_eq!(world.state(SECOND), Starting);
    world.pass(1);
    assert_eq!(world.state(SECOND), Started);
    world.cloud.set_guest(SECOND, IGNORING, world.now).unwrap();
    world.act(SECOND, Action::Stop).unwrap();
    world.pass(17_999);
    assert_eq!(world.state(SECOND), Stopping);
    world.pass(1);
    assert_eq!(world.state(SECOND), Stopped);
}

#[test]
fn what_is_due_happens_at_its_own_time_however_late_it_is_noticed() {
    let mut world = World::running();
    let asked = world.now;
    world.act(SECOND, Action::Start).unwrap();
    assert_eq!(world.cloud.poll_timeout(), Some(asked.after(Duration::from_secs(1))));
    world.pass(500_000);
    let boot = world.cloud.boots.records().into_iter().find(|record| record.vm == SECOND).unwrap();
    assert_eq!(boot.time, asked.after(Duration::from_secs(1)));
    assert_eq!(world.cloud.poll_timeout(), None, "all is at rest");
}

#[test]
fn boot_device_is_chosen_by_flag_or_by_order() {
    use BootedFrom::{Disk, Network, Nothing};
    for (disk_flag, order, by_flag, by_order) in [
        (Some(true), json!(["CDROM", "DISK"]), Disk, Network),
        (Some(false), json!(["DISK", "CDROM"]), Network, Disk),
        (Some(true), json!(null), Disk, Disk),
        (None, json!([]), Network, Network),
    ] {
        let mut vm = object(vm(FIRST, "vm"));
        vm.insert("bootOrder".to_owned(), order);
        vm["hardDrives"][1]["boot"] = json!(disk_flag);
        assert_eq!(BootedFrom::chosen_by(&vm, BootSelection::Flag), by_flag, "{vm:?}");
        assert_eq!(BootedFrom::chosen_by(&vm, BootSelection::Order), by_order, "{vm:?}");
    }
    assert_eq!(BootedFrom::chosen_by(&Map::new(), BootSelection::Flag), Nothing);
    assert_eq!(BootedFrom::chosen_by(&Map::new(), BootSelection::Order), Nothing);
}
