//! Real guests: what is ordered, and how states wait for what is seen.

use proptest::prelude::*;

use super::*;
use crate::engine::{Order, Report, Run, Sighting, Wish};
use VmState::*;

const NETWORK: BootedFrom = BootedFrom::Network;

impl World {
    /// Both VMs are deployed and off, and guests are real from now on.
    fn with_real_guests() -> Self {
        let mut world = Self::drafted();
        world.cloud.make_guests_real();
        world.cloud.publish(world.application, &object(json!({ "startAllVms": false })), world.now).unwrap();
        world.pass(1000);
        assert_eq!(world.wishes(), []);
        world
    }

    /// The first VM was started, and its guest runs.
    fn with_a_guest() -> (Self, Run) {
        let mut world = Self::with_real_guests();
        world.act(FIRST, Action::Start).unwrap();
        world.pass(1000);
        let run = world.ordered_power_on();
        world.see(run, Sighting::Running);
        assert_eq!(world.state(FIRST), Started);
        (world, run)
    }

    fn wishes(&mut self) -> Vec<Wish> {
        self.cloud.take_orders().into_iter().map(|order| order.wish).collect()
    }

    fn ordered_power_on(&mut self) -> Run {
        match &self.wishes()[..] {
            [Wish::PowerOn { run, .. }] => *run,
            other => panic!("expected a power-on and nothing else, not {other:?}"),
        }
    }

    fn see(&mut self, run: Run, sighting: Sighting) {
        self.cloud.observe(Report { vm: FIRST, run, sighting }, self.now);
    }

    /// Does at once what is ordered, as a machine without any inertia would.
    fn obey(&mut self) {
        loop {
            let orders = self.cloud.take_orders();
            if orders.is_empty() {
                return;
            }
            for Order { vm, wish } in orders {
                let (run, sighting) = match wish {
                    Wish::PowerOn { run, .. } => (run, Sighting::Running),
                    Wish::PowerOff { run } => (run, Sighting::Gone),
                    Wish::PressPowerButton => (self.run_of(vm), Sighting::PoweredOff),
                    Wish::Reset => (self.run_of(vm), Sighting::Rebooted),
                    Wish::InjectNmi | Wish::FreshDisks => continue,
                };
                self.cloud.observe(Report { vm, run, sighting }, self.now);
            }
        }
    }

    fn run_of(&self, vm: VmId) -> Run {
        self.cloud.machine(self.application, vm).unwrap().run().unwrap()
    }
}

#[test]
fn starting_lasts_until_the_guest_runs() {
    let mut world = World::with_real_guests();
    world.act(FIRST, Action::Start).unwrap();
    assert_eq!(world.wishes(), [], "the delay of the cloud comes first");
    world.pass(1000);
    let run = world.ordered_power_on();
    world.pass(100_000);
    assert_eq!(world.state(FIRST), Starting);
    assert_eq!(world.boots(FIRST), []);
    world.see(run, Sighting::Running);
    assert_eq!(world.state(FIRST), Started);
    assert_eq!(world.boots(FIRST), [(BootCause::Start, NETWORK, None)]);
    assert_eq!(world.wishes(), []);
}

#[test]
fn stopping_lasts_until_the_guest_is_gone() {
    let (mut world, run) = World::with_a_guest();
    world.act(FIRST, Action::PowerOff).unwrap();
    assert_eq!(world.wishes(), [Wish::PowerOff { run }]);
    world.pass(100_000);
    assert_eq!(world.state(FIRST), Stopping);
    assert!(is_wrong_state(&world.act(FIRST, Action::PowerOff)));
    world.see(run, Sighting::Gone);
    assert_eq!(world.state(FIRST), Stopped);
    assert_eq!(world.boots(FIRST), [(BootCause::Start, NETWORK, Some(BootEnd::PowerOff))]);
}

#[test]
fn shutdown_presses_the_button_and_ends_when_the_guest_has_obeyed() {
    let (mut world, run) = World::with_a_guest();
    world.act(FIRST, Action::Shutdown).unwrap();
    assert_eq!(world.wishes(), [Wish::PressPowerButton]);
    world.pass(100_000);
    assert_eq!(world.state(FIRST), Stopping);
    world.see(run, Sighting::PoweredOff);
    assert_eq!(world.state(FIRST), Stopped);
    assert_eq!(world.boots(FIRST), [(BootCause::Start, NETWORK, Some(BootEnd::Shutdown))]);
    assert_eq!(world.wishes(), []);
}

#[test]
fn guest_that_does_not_obey_loses_its_power_after_the_stop_timeout() {
    let (mut world, run) = World::with_a_guest();
    world.act(FIRST, Action::Stop).unwrap();
    world.pass(179_999);
    assert_eq!(world.wishes(), [Wish::PressPowerButton]);
    world.pass(1);
    assert_eq!(world.wishes(), [Wish::PowerOff { run }]);
    assert_eq!(world.state(FIRST), Stopping);
    world.see(run, Sighting::Gone);
    assert_eq!(world.state(FIRST), Stopped);
    assert_eq!(world.boots(FIRST), [(BootCause::Start, NETWORK, Some(BootEnd::StopTimeOut))]);
}

#[test]
fn publish_that_restarts_waits_for_the_old_guest_before_the_new_one() {
    let (mut world, old) = World::with_a_guest();
    world.edit(FIRST, "/hardDrives/1/boot", json!(true));
    world.publish_updates().unwrap();
    world.pass(5000);
    assert_eq!(world.wishes(), [Wish::PowerOff { run: old }]);
    assert_eq!(world.state(FIRST), Updating);
    world.see(old, Sighting::Gone);
    let wishes = world.wishes();
    let [Wish::PowerOn { run, device: BootedFrom::Disk, .. }] = &wishes[..] else { panic!("{wishes:?}") };
    assert_eq!(world.state(FIRST), Updating);
    world.see(*run, Sighting::Running);
    let cut = (BootCause::Start, NETWORK, Some(BootEnd::Publish));
    assert_eq!(world.boots(FIRST), [cut, (BootCause::PublishRestart, BootedFrom::Disk, None)]);
    assert_eq!(world.state(FIRST), Started);
}

#[test]
fn guests_reboot_keeps_the_device_that_it_was_powered_on_with() {
    let (mut world, run) = World::with_a_guest();
    // From now on the order decides, and it names nothing else than the disk for the next power-on.
    world.cloud.switches.boot_selection = crate::switches::BootSelection::Order;
    world.see(run, Sighting::Rebooted);
    let before = (BootCause::Start, NETWORK, Some(BootEnd::GuestReboot));
    assert_eq!(world.boots(FIRST), [before, (BootCause::GuestReboot, NETWORK, None)]);
    assert_eq!(world.state(FIRST), Started);
}

#[test]
fn late_news_of_an_earlier_run_change_nothing() {
    let (mut world, old) = World::with_a_guest();
    world.act(FIRST, Action::PowerOff).unwrap();
    world.see(old, Sighting::Gone);
    world.pass(1000);
    world.act(FIRST, Action::Start).unwrap();
    world.pass(1000);
    world.wishes();
    for sighting in
        [Sighting::Running, Sighting::Gone, Sighting::PoweredOff, Sighting::Failed { why: "old".to_owned() }]
    {
        world.see(old, sighting);
        assert_eq!(world.state(FIRST), Starting);
    }
}

#[test]
fn guest_that_fails_leaves_an_error_that_repair_ends() {
    let (mut world, run) = World::with_a_guest();
    world.see(run, Sighting::Failed { why: "the host is on fire".to_owned() });
    assert_eq!(world.state(FIRST), Error);
    assert_eq!(world.boots(FIRST), [(BootCause::Start, NETWORK, Some(BootEnd::Failed))]);
    let trouble =
        |world: &World| world.cloud.machine(world.application, FIRST).unwrap().trouble().map(str::to_owned);
    assert_eq!(trouble(&world).as_deref(), Some("the host is on fire"));
    world.act(FIRST, Action::Repair).unwrap();
    world.pass(1000);
    let run = world.ordered_power_on();
    world.see(run, Sighting::Running);
    assert_eq!((world.state(FIRST), trouble(&world)), (Started, None));
}

#[test]
fn stuck_vm_stays_where_it_is_although_its_guest_runs() {
    let mut world = World::with_real_guests();
    world.act(FIRST, Action::Start).unwrap();
    world.pass(1000);
    let run = world.ordered_power_on();
    world.cloud.with_machine(FIRST, |machine, _| machine.hold()).unwrap();
    world.see(run, Sighting::Running);
    world.pass(100_000);
    assert_eq!(world.state(FIRST), Starting);
    let now = world.now;
    world.cloud.with_machine(FIRST, |machine, _| machine.release(now)).unwrap();
    world.pass(1);
    assert_eq!(world.state(FIRST), Started);
}

#[test]
fn power_that_is_taken_while_the_guest_starts_waits_for_it_to_be_gone() {
    let mut world = World::with_real_guests();
    world.cloud.switches.poweroff_in_starting = crate::switches::PoweroffInStarting::Accepted;
    world.act(FIRST, Action::Start).unwrap();
    world.pass(1000);
    let run = world.ordered_power_on();
    world.act(FIRST, Action::PowerOff).unwrap();
    assert_eq!(world.wishes(), [Wish::PowerOff { run }]);
    world.see(run, Sighting::Running);
    world.pass(5000);
    assert_eq!(world.state(FIRST), Stopping);
    world.see(run, Sighting::Gone);
    assert_eq!(world.state(FIRST), Stopped);
    assert_eq!(world.boots(FIRST), []);
}

#[test]
fn application_that_is_deleted_takes_its_guests_and_disks_along() {
    let (mut world, run) = World::with_a_guest();
    world.cloud.delete(world.application, world.now).unwrap();
    let wishes = world.wishes();
    assert_eq!(wishes, [Wish::PowerOff { run }, Wish::FreshDisks, Wish::FreshDisks]);
    world.see(run, Sighting::Gone);
}

#[test]
fn what_ran_when_the_simulator_ended_is_powered_on_again() {
    let (mut world, _) = World::with_a_guest();
    world.act(SECOND, Action::Start).unwrap();
    world.pass(1000);
    world.wishes();
    let kept = serde_json::to_string(&world.cloud.applications).unwrap();
    world.cloud.applications = serde_json::from_str(&kept).unwrap();
    world.cloud.resume(world.now);
    world.pass(0);
    assert_eq!(world.states(), [Starting, Starting]);
    world.obey();
    assert_eq!(world.states(), [Started, Started]);
    let before = (BootCause::Start, NETWORK, Some(BootEnd::HostDown));
    assert_eq!(world.boots(FIRST), [before, (BootCause::Loaded, NETWORK, None)]);
    assert_eq!(world.boots(SECOND), [(BootCause::Start, NETWORK, None)]);
}

#[test]
fn shutdown_that_the_end_of_the_simulator_overtook_ends_stopped() {
    let (mut world, _) = World::with_a_guest();
    world.act(FIRST, Action::Shutdown).unwrap();
    world.wishes();
    let kept = serde_json::to_string(&world.cloud.applications).unwrap();
    world.cloud.applications = serde_json::from_str(&kept).unwrap();
    world.cloud.resume(world.now);
    assert_eq!(world.state(FIRST), Stopped);
    assert_eq!(world.boots(FIRST), [(BootCause::Start, NETWORK, Some(BootEnd::HostDown))]);
}

#[derive(Clone, Copy, Debug)]
enum Happening {
    Act(usize, usize),
    Reboot(usize),
    Publish(usize, bool),
    Force(usize, bool),
    Expire,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        8 => (0..2_usize, 0..Action::ALL.len()).prop_map(|(vm, action)| Happening::Act(vm, action)),
        2 => (0..2_usize).prop_map(Happening::Reboot),
        2 => (0..2_usize, any::<bool>()).prop_map(|(vm, disk)| Happening::Publish(vm, disk)),
        1 => (0..2_usize, any::<bool>()).prop_map(|(vm, broken)| Happening::Force(vm, broken)),
        1 => Just(Happening::Expire),
    ]
}

fn apply(world: &mut World, happening: Happening) -> bool {
    let vm = |index: usize| [FIRST, SECOND][index];
    let done = match happening {
        Happening::Act(index, action) => world.act(vm(index), Action::ALL[action]).is_ok(),
        Happening::Reboot(index) => world.cloud.reboot_guest(vm(index), world.now).is_ok(),
        Happening::Publish(index, disk) => {
            world.edit(vm(index), "/hardDrives/1/boot", json!(disk));
            world.publish_updates().is_ok()
        }
        Happening::Force(index, broken) => {
            world.force(vm(index), if broken { Error } else { Started });
            true
        }
        Happening::Expire => world.cloud.set_expiration(world.application, 0, world.now).is_ok(),
    };
    world.pass(0);
    world.obey();
    for _ in 0..8 {
        world.pass(500);
        world.obey();
    }
    done
}

proptest! {
    /// The seam adds nothing and takes nothing away.
    #[test]
    fn guests_that_obey_at_once_have_the_log_of_guests_that_are_only_lines(
        happenings in prop::collection::vec(happening(), 1..25)
    ) {
        let mut lines = World::drafted();
        lines.cloud.publish(lines.application, &object(json!({ "startAllVms": false })), lines.now).unwrap();
        lines.pass(1000);
        let mut real = World::with_real_guests();
        for happening in happenings {
            let done = (apply(&mut lines, happening), apply(&mut real, happening));
            prop_assert_eq!(done.0, done.1, "{:?}", happening);
            prop_assert_eq!(lines.states(), real.states(), "{:?}", happening);
            prop_assert_eq!(lines.boots(FIRST), real.boots(FIRST), "{:?}", happening);
            prop_assert_eq!(lines.boots(SECOND), real.boots(SECOND), "{:?}", happening);
        }
    }
}
