//! Chassis Control and Get Chassis Status.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ipmi_proto::console::RetryPolicy;
use ipmi_proto::number::PrivilegeLevel;
use machine::{BoxFuture, Denied, DiagnosticInterrupt, NodeId, PowerRequest, Requester};
use tokio::time::Instant;

use crate::chassis::Change;
use crate::network::{Bench, until};

#[tokio::test(start_paused = true)]
async fn each_action_asks_the_chassis_once_and_says_who() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    let requester = Requester { user: "admin".to_owned(), peer: Some(session.address) };
    let mut expected = Vec::new();
    for (action, request) in [
        ("00", PowerRequest::Off),
        ("01", PowerRequest::On),
        ("02", PowerRequest::Cycle),
        ("03", PowerRequest::Reset),
        ("05", PowerRequest::Soft),
    ] {
        assert_eq!(session.code(0x00, 0x02, action).await, 0x00);
        expected.push(Change::Power(request, requester.clone()));
    }
    assert_eq!(bench.chassis.changes(), expected);
}

#[tokio::test(start_paused = true)]
async fn diagnostic_interrupt_is_cc_and_asks_nothing() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    assert_eq!(session.code(0x00, 0x02, "04").await, 0xcc);
    assert_eq!(bench.chassis.changes(), []);
}

/// Sends interrupts to nothing, and writes down to which node.
#[derive(Debug, Default)]
struct Interrupts {
    sent: Mutex<Vec<String>>,
    denial: Mutex<Option<Denied>>,
}

impl DiagnosticInterrupt for Interrupts {
    fn pulse<'a>(&'a self, node: &'a NodeId) -> BoxFuture<'a, Result<(), Denied>> {
        Box::pin(async {
            match self.denial.lock().unwrap().clone() {
                Some(denied) => Err(denied),
                None => {
                    self.sent.lock().unwrap().push(node.to_string());
                    Ok(())
                }
            }
        })
    }
}

#[tokio::test(start_paused = true)]
async fn diagnostic_interrupt_is_sent_where_there_is_something_to_send_it() {
    let interrupts = Arc::new(Interrupts::default());
    let port = Arc::<Interrupts>::clone(&interrupts);
    let bench = Bench::start_with(|config| config.interrupt = Some(port));
    let mut session = bench.login().await;
    assert_eq!(session.code(0x00, 0x02, "04").await, 0x00);
    assert_eq!(interrupts.sent.lock().unwrap().len(), 1);
    assert_eq!(bench.chassis.changes(), [], "it is no change of power");

    for (denied, code) in [
        (Denied::NotInPresentState { reason: "it is off".to_owned() }, 0xd5),
        (Denied::NotSupported { reason: "the cloud has no such thing".to_owned() }, 0xcc),
        (Denied::CloudUnreachable { reason: "no answer".to_owned() }, 0xc0),
    ] {
        *interrupts.denial.lock().unwrap() = Some(denied);
        assert_eq!(session.code(0x00, 0x02, "04").await, code);
    }
    assert_eq!(interrupts.sent.lock().unwrap().len(), 1);
}

/// A cloud that never answers.
#[derive(Debug)]
struct Silent;

impl DiagnosticInterrupt for Silent {
    fn pulse<'a>(&'a self, _node: &'a NodeId) -> BoxFuture<'a, Result<(), Denied>> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test(start_paused = true)]
async fn diagnostic_interrupt_that_nobody_takes_is_given_up() {
    let bench = Bench::start_with(|config| config.interrupt = Some(Arc::new(Silent)));
    let mut session = bench.login().await;
    assert_eq!(session.code(0x00, 0x02, "04").await, 0xc3);
}

#[tokio::test(start_paused = true)]
async fn refusal_is_a_completion_code_that_tells_whether_to_retry() {
    let reason = || "because".to_owned();
    for (denied, code) in [
        (Denied::NotInPresentState { reason: reason() }, 0xd5),
        (Denied::NoSuchNode, 0xd5),
        (Denied::NotSupported { reason: reason() }, 0xcc),
        (Denied::CloudUnreachable { reason: reason() }, 0xc0),
        (Denied::NotRecorded { reason: reason() }, 0xff),
    ] {
        let bench = Bench::start();
        let mut session = bench.login().await;
        bench.chassis.deny(denied.clone());
        assert_eq!(session.code(0x00, 0x02, "03").await, code, "{denied}");
        assert_eq!(session.code(0x00, 0x08, "05 80 04 00 00 00").await, code, "{denied}");
        assert_eq!(session.code(0x00, 0x01, "").await, code, "{denied}");
        assert_eq!(session.code(0x00, 0x09, "05 00 00").await, code, "{denied}");
    }
}

#[tokio::test(start_paused = true)]
async fn status_has_four_bytes_and_only_true_bits() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    assert_eq!(session.raw(0x00, 0x01, "").await, (0x00, "61004000".to_owned()));
    bench.chassis.set_status(|status| status.last_power_on_by_command = true);
    assert_eq!(session.raw(0x00, 0x01, "").await, (0x00, "61104000".to_owned()));
    bench.chassis.set_status(|status| {
        status.power_on = false;
        status.control_fault = Some("ERROR_DEPLOY".to_owned());
    });
    assert_eq!(session.raw(0x00, 0x01, "").await, (0x00, "70104000".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn capabilities_point_to_the_controller_itself() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    assert_eq!(session.raw(0x00, 0x00, "").await, (0x00, "002020202020".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn slow_chassis_does_not_delay_other_sessions() {
    let bench = Bench::start();
    let mut slow = bench.login().await;
    let mut quick = bench.login().await;
    bench.chassis.hold();
    let waiting = tokio::spawn(async move { slow.code(0x00, 0x02, "03").await });
    until("the chassis is asked", || bench.chassis.waiting() == 1).await;

    let begin = Instant::now();
    assert_eq!(quick.raw(0x06, 0x01, "").await.0, 0x00);
    assert_eq!(quick.code(0x00, 0x08, "03 08").await, 0x00);
    let mut another = bench.login().await;
    assert_eq!(another.raw(0x06, 0x01, "").await.0, 0x00);
    assert_eq!(begin.elapsed(), Duration::ZERO);
    assert!(!waiting.is_finished());

    bench.chassis.release();
    assert_eq!(waiting.await.unwrap(), 0x00);
}

#[tokio::test(start_paused = true)]
async fn reset_that_is_repeated_for_want_of_an_answer_happens_once() {
    let bench = Bench::start();
    let mut session = bench.login_at(PrivilegeLevel::ADMINISTRATOR, RetryPolicy::DEFAULT).await;
    bench.chassis.hold();
    let begin = Instant::now();
    let waiting = tokio::spawn(async move { session.code(0x00, 0x02, "03").await });
    // ipmitool's pace: copies after 1 s and 3 s, and the answer before the next one.
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(bench.chassis.waiting(), 1);
    bench.chassis.release();
    assert_eq!(waiting.await.unwrap(), 0x00);
    assert_eq!(begin.elapsed(), Duration::from_secs(5));
    assert_eq!(bench.chassis.power_requests(), [PowerRequest::Reset]);
}

#[tokio::test(start_paused = true)]
async fn reading_that_never_comes_is_c3() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    bench.chassis.hold();
    assert_eq!(session.code(0x00, 0x01, "").await, 0xc3);
    assert_eq!(session.code(0x00, 0x09, "05 00 00").await, 0xc3);
    assert_eq!(bench.chassis.waiting(), 0, "the readings were given up");
}

#[tokio::test(start_paused = true)]
async fn change_that_takes_long_is_not_given_up() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    bench.chassis.hold();
    let waiting = tokio::spawn(async move { session.code(0x00, 0x02, "01").await });
    tokio::time::sleep(Duration::from_secs(50)).await;
    assert!(!waiting.is_finished());
    bench.chassis.release();
    assert_eq!(waiting.await.unwrap(), 0x00);
    assert_eq!(bench.chassis.power_requests(), [PowerRequest::On]);
}

#[tokio::test(start_paused = true)]
async fn more_than_sixteen_waiting_requests_are_busy() {
    let bench = Bench::start();
    let mut waiting = Vec::new();
    bench.chassis.hold();
    for _ in 0..ipmi_server::bmc::MOST_IN_FLIGHT {
        let mut session = bench.login().await;
        waiting.push(tokio::spawn(async move { session.raw(0x00, 0x01, "").await.0 }));
    }
    until("all wait", || bench.chassis.waiting() == ipmi_server::bmc::MOST_IN_FLIGHT).await;
    let mut late = bench.login().await;
    assert_eq!(late.code(0x00, 0x01, "").await, 0xc0);
    assert_eq!(late.code(0x00, 0x02, "00").await, 0xc0);
    assert_eq!(late.raw(0x06, 0x01, "").await.0, 0x00, "what needs no chassis is not busy");

    bench.chassis.release();
    for session in waiting {
        assert_eq!(session.await.unwrap(), 0x00);
    }
    assert_eq!(late.raw(0x00, 0x01, "").await.0, 0x00);
    assert_eq!(bench.chassis.changes(), []);
}

#[tokio::test(start_paused = true)]
async fn identify_light_shows_in_the_status_for_as_long_as_asked() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    for (data, seconds, during) in [("", 15, "61005000"), ("1e", 30, "61005000"), ("05 00", 5, "61005000")] {
        assert_eq!(session.code(0x00, 0x04, data).await, 0x00);
        tokio::time::sleep(Duration::from_secs(seconds) - Duration::from_millis(100)).await;
        assert_eq!(session.raw(0x00, 0x01, "").await.1, during, "{data}");
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(session.raw(0x00, 0x01, "").await.1, "61004000", "{data}");
    }
    assert_eq!(session.code(0x00, 0x04, "00 01").await, 0x00);
    assert_eq!(session.raw(0x00, 0x01, "").await.1, "61006000", "until told otherwise");
    assert_eq!(session.code(0x00, 0x04, "00 00").await, 0x00);
    assert_eq!(session.raw(0x00, 0x01, "").await.1, "61004000");
    assert_eq!(session.code(0x00, 0x04, "00 02").await, 0xcc);
}

#[tokio::test(start_paused = true)]
async fn restore_policy_can_be_asked_for_and_not_set() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    assert_eq!(session.raw(0x00, 0x06, "03").await, (0x00, "00".to_owned()));
    for policy in ["00", "01", "02", "04"] {
        assert_eq!(session.code(0x00, 0x06, policy).await, 0xcc, "{policy}");
    }
}

#[tokio::test(start_paused = true)]
async fn acpi_power_state_is_the_node_s() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    assert_eq!(session.raw(0x06, 0x07, "").await, (0x00, "0000".to_owned()));
    bench.chassis.set_status(|status| status.power_on = false);
    assert_eq!(session.raw(0x06, 0x07, "").await, (0x00, "0600".to_owned()));
    bench.chassis.deny(Denied::CloudUnreachable { reason: "down".to_owned() });
    assert_eq!(session.code(0x06, 0x07, "").await, 0xc0);
    assert_eq!(session.code(0x00, 0x07, "").await, 0xc0);
}

#[tokio::test(start_paused = true)]
async fn front_panel_and_acpi_state_can_be_told_only_what_holds() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    assert_eq!(session.code(0x00, 0x0a, "00").await, 0x00);
    for buttons in ["01", "02", "04", "08"] {
        assert_eq!(session.code(0x00, 0x0a, buttons).await, 0xcc, "{buttons}");
    }
    for (state, code) in
        [("7f7f", 0x00), ("ffff", 0x00), ("0000", 0x00), ("7f80", 0x00), ("807f", 0xd6), ("7f83", 0xd6)]
    {
        assert_eq!(session.code(0x06, 0x06, state).await, code, "{state}");
    }
}

#[tokio::test(start_paused = true)]
async fn power_on_hours_are_those_that_were_watched() {
    let log = std::sync::Arc::new(crate::event_log::FakeEventLog::new());
    let events = std::sync::Arc::clone(&log);
    let bench = Bench::start_with(|config| config.events = Some(events as _));
    let mut session = bench.login().await;
    assert_eq!(session.code(0x00, 0x0f, "").await, 0xc0, "never seen yet");
    log.on_for(std::time::Duration::from_secs(90 * 60 + 59));
    assert_eq!(session.raw(0x00, 0x0f, "").await, (0x00, "015a000000".to_owned()));
    let bench = Bench::start();
    assert_eq!(bench.login().await.code(0x00, 0x0f, "").await, 0xc1, "nobody watches");
}
