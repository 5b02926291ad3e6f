//! The watchdog timer.

use std::time::Duration;

use ipmi_proto::command::app::{ColdReset, GetWatchdogTimer, ResetWatchdogTimer};
use ipmi_proto::number::PrivilegeLevel;
use machine::{Denied, PowerRequest, Requester};

use crate::chassis::Change;
use crate::network::{Bench, PATIENT, until};

#[tokio::test(start_paused = true)]
async fn timer_that_was_never_set_cannot_be_started() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    assert_eq!(session.code(0x06, 0x22, "").await, 0x80);
    assert_eq!(session.raw(0x06, 0x25, "").await, (0x00, "0000000000000000".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn expiry_carries_out_its_action_once_in_the_timer_s_name() {
    for (action, request) in
        [("01", PowerRequest::Reset), ("02", PowerRequest::Off), ("03", PowerRequest::Cycle)]
    {
        let bench = Bench::start();
        let mut session = bench.login().await;
        assert_eq!(session.code(0x06, 0x24, &format!("04 {action} 00 00 2c 01")).await, 0x00);
        session.call(&ResetWatchdogTimer).await;
        tokio::time::sleep(Duration::from_millis(29_900)).await;
        assert_eq!(bench.chassis.changes(), []);
        tokio::time::sleep(Duration::from_millis(200)).await;
        until("the action", || !bench.chassis.changes().is_empty()).await;
        let requester = Requester { user: "watchdog timer".to_owned(), peer: None };
        let done = [Change::Power(request, requester)];
        assert_eq!(bench.chassis.changes(), done);
        tokio::time::sleep(Duration::from_secs(100)).await;
        assert_eq!(bench.chassis.changes(), done);
        let mut session = bench.login().await;
        let expected = format!("04{action}00102c012c01");
        assert_eq!(session.raw(0x06, 0x25, "").await.1, expected, "stopped, and it says for whom it expired");
    }
}

#[tokio::test(start_paused = true)]
async fn reset_in_time_starts_the_countdown_again() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    assert_eq!(session.code(0x06, 0x24, "04 02 00 00 64 00").await, 0x00);
    for _ in 0..20 {
        session.call(&ResetWatchdogTimer).await;
        tokio::time::sleep(Duration::from_secs(9)).await;
    }
    assert_eq!(bench.chassis.changes(), []);
    let timer = session.call(&GetWatchdogTimer).await;
    assert!(timer.running);
    assert_eq!((timer.initial, timer.present), (100, 10));
}

#[tokio::test(start_paused = true)]
async fn set_stops_the_timer_unless_it_shall_keep_running() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    assert_eq!(session.code(0x06, 0x24, "44 02 00 00 64 00").await, 0x00);
    assert!(!session.call(&GetWatchdogTimer).await.running, "nothing ran that could keep running");
    session.call(&ResetWatchdogTimer).await;
    assert_eq!(session.code(0x06, 0x24, "44 02 00 00 c8 00").await, 0x00);
    let timer = session.call(&GetWatchdogTimer).await;
    assert_eq!((timer.running, timer.present), (true, 200));
    assert_eq!(session.code(0x06, 0x24, "04 02 00 00 64 00").await, 0x00);
    assert!(!session.call(&GetWatchdogTimer).await.running);
    tokio::time::sleep(Duration::from_secs(50)).await;
    assert_eq!(bench.chassis.changes(), []);
}

#[tokio::test(start_paused = true)]
async fn expiration_flags_are_cleared_by_their_mask() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    for timer_use in ["02", "04"] {
        assert_eq!(session.code(0x06, 0x24, &format!("{timer_use} 00 00 00 01 00")).await, 0x00);
        session.call(&ResetWatchdogTimer).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(session.call(&GetWatchdogTimer).await.expired.bits(), 0x14);
    assert_eq!(session.code(0x06, 0x24, "04 00 00 10 01 00").await, 0x00);
    assert_eq!(session.call(&GetWatchdogTimer).await.expired.bits(), 0x04);
    assert_eq!(bench.chassis.changes(), [], "the action was to do nothing");
}

#[tokio::test(start_paused = true)]
async fn interrupt_before_the_end_is_cc_because_nobody_can_be_interrupted() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    for interrupt in ["11", "21", "31"] {
        assert_eq!(session.code(0x06, 0x24, &format!("04 {interrupt} 01 00 64 00")).await, 0xcc);
    }
    assert_eq!(session.code(0x06, 0x22, "").await, 0x80, "nothing was set");
}

#[tokio::test(start_paused = true)]
async fn restart_of_the_bmc_forgets_the_timer() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    assert_eq!(session.code(0x06, 0x24, "04 01 00 00 64 00").await, 0x00);
    session.call(&ResetWatchdogTimer).await;
    session.call(&ColdReset).await;
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert_eq!(bench.chassis.changes(), []);
    let mut session = bench.login().await;
    assert_eq!(session.code(0x06, 0x22, "").await, 0x80);
}

#[tokio::test(start_paused = true)]
async fn action_that_is_denied_leaves_the_timer_expired() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    bench.chassis.deny(Denied::NotInPresentState { reason: "off".to_owned() });
    assert_eq!(session.code(0x06, 0x24, "04 01 00 00 01 00").await, 0x00);
    session.call(&ResetWatchdogTimer).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let timer = session.call(&GetWatchdogTimer).await;
    assert_eq!((timer.running, timer.expired.bits()), (false, 0x10));
}

#[tokio::test(start_paused = true)]
async fn restart_cause_is_the_timer_until_a_console_asks_for_a_restart() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    assert_eq!(session.raw(0x00, 0x07, "").await, (0x00, "0000".to_owned()), "nobody knows");
    bench.chassis.set_status(|status| status.last_power_on_by_command = true);
    assert_eq!(session.raw(0x00, 0x07, "").await.1, "0101", "Chassis Control over channel 1");
    assert_eq!(session.code(0x06, 0x24, "04 03 00 00 01 00").await, 0x00);
    session.call(&ResetWatchdogTimer).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    until("the action", || !bench.chassis.changes().is_empty()).await;
    assert_eq!(session.raw(0x00, 0x07, "").await.1, "0400", "the watchdog timer");
    assert_eq!(session.code(0x00, 0x02, "03").await, 0x00);
    assert_eq!(session.raw(0x00, 0x07, "").await.1, "0101");
}

#[tokio::test(start_paused = true)]
async fn timer_is_an_operator_s_to_set_and_a_user_s_to_see() {
    let bench = Bench::start();
    let mut user = bench.login_at(PrivilegeLevel::USER, PATIENT).await;
    assert_eq!(user.code(0x06, 0x22, "").await, 0xd4);
    assert_eq!(user.code(0x06, 0x24, "04 00 00 00 01 00").await, 0xd4);
    assert_eq!(user.raw(0x06, 0x25, "").await.0, 0x00);
}
