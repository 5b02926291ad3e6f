//! Serial over LAN, from a console on the network to the serial port of the node.

use std::sync::Arc;
use std::time::Duration;

use ipmi_proto::command::app::{
    ActivatePayload, DeactivatePayload, GetPayloadActivationStatus, SolActivation,
};
use ipmi_proto::console::ConsoleRequest;
use ipmi_proto::number::{PayloadType, PrivilegeLevel};
use ipmi_proto::sol::RemoteEvent;

use crate::console::FakeConsole;
use crate::network::{Bench, PATIENT, Session, until};

const ACTIVATE: ActivatePayload =
    ActivatePayload::sol(SolActivation::ENCRYPTION.with(SolActivation::AUTHENTICATION));

/// A BMC whose node has a console.
async fn bench() -> (Bench, FakeConsole) {
    bench_with(64 * 1024).await
}

async fn bench_with(scrollback: usize) -> (Bench, FakeConsole) {
    let console = FakeConsole::default();
    let behind = console.clone();
    let bench = Bench::start_with(|config| {
        config.console = Some(Arc::new(behind));
        config.scrollback = scrollback;
        config.address = Some("192.0.2.10:6230".parse().unwrap());
    });
    until("the BMC connects", || console.is_connected()).await;
    (bench, console)
}

async fn activated(bench: &Bench) -> Session {
    let mut session = bench.login().await;
    session.call(&ACTIVATE).await;
    session
}

async fn code_of(session: &mut Session, request: ConsoleRequest) -> u8 {
    session.request(request).await.expect("an answer").0.0
}

#[tokio::test(start_paused = true)]
async fn text_that_was_printed_before_is_seen_on_activation() {
    let (bench, console) = bench().await;
    console.print("BIOS\r\n");
    console.print("Booting from network\r\n");
    let mut session = bench.login().await;
    let answer = session.call(&ACTIVATE).await;
    assert_eq!((answer.port, answer.inbound_size, answer.outbound_size), (6230, 255, 255));
    assert_eq!(session.read_until("network\r\n").await, "BIOS\r\nBooting from network\r\n");
    console.print("login: ");
    assert_eq!(session.read_until("login: ").await, "login: ", "and then what comes");
}

#[tokio::test(start_paused = true)]
async fn scrollback_is_bounded_and_begins_with_a_line() {
    let (bench, console) = bench_with(1000).await;
    for line in 0..500 {
        console.print(&format!("line {line}\r\n"));
    }
    let mut session = activated(&bench).await;
    let text = session.read_until("line 499\r\n").await;
    assert!(text.len() <= 1000 && text.len() > 950, "{}", text.len());
    assert!(text.starts_with("line 4"), "{text:?}");
}

#[tokio::test(start_paused = true)]
async fn each_activation_sees_the_scrollback_again() {
    let (bench, console) = bench().await;
    console.print("hello\n");
    let mut first = activated(&bench).await;
    assert_eq!(first.read_until("\n").await, "hello\n");
    console.print("again\n");
    assert_eq!(first.read_until("again\n").await, "again\n");
    first.call(&DeactivatePayload::SOL).await;
    let mut second = activated(&bench).await;
    assert_eq!(second.read_until("again\n").await, "hello\nagain\n");
}

#[tokio::test(start_paused = true)]
async fn what_is_typed_reaches_the_node_in_order_with_breaks_in_their_place() {
    let (bench, console) = bench().await;
    let mut session = activated(&bench).await;
    session.type_text("uname -a\r").await;
    session.send_break().await;
    session.type_text(&"x".repeat(700)).await;
    let all = format!("uname -a\r{}", "x".repeat(700));
    session.drive_until("everything is typed", || console.typed() == all).await;
    assert_eq!(console.breaks(), 1);
}

#[tokio::test(start_paused = true)]
async fn node_that_takes_nothing_holds_the_console_up_and_loses_nothing() {
    let (bench, console) = bench().await;
    console.takes(10);
    let mut session = activated(&bench).await;
    let text = (0..400).map(|number| format!("{number} ")).collect::<String>();
    session.type_text(&text).await;
    session.drive_until("the node has taken its ten", || console.typed().len() == 10).await;
    session.drive_for(Duration::from_secs(30)).await;
    assert_eq!(console.typed().len(), 10);
    console.takes(usize::MAX);
    session.drive_until("the rest is typed", || console.typed() == text).await;
}

#[tokio::test(start_paused = true)]
async fn several_consoles_are_refused_with_80_until_the_first_one_leaves() {
    let (bench, _console) = bench().await;
    let mut first = activated(&bench).await;
    let mut second = bench.login().await;
    assert_eq!(code_of(&mut second, ConsoleRequest::of(&ACTIVATE)).await, 0x80);
    let status = GetPayloadActivationStatus { payload: PayloadType::SOL };
    assert_eq!(second.call(&status).await.active, 1);
    first.close().await;
    assert_eq!(code_of(&mut second, ConsoleRequest::of(&ACTIVATE)).await, 0);
}

#[tokio::test(start_paused = true)]
async fn another_session_takes_the_console_away_and_its_owner_is_told() {
    let (bench, console) = bench().await;
    let mut first = activated(&bench).await;
    let mut second = bench.login_at(PrivilegeLevel::OPERATOR, PATIENT).await;
    second.call(&DeactivatePayload::SOL).await;
    assert_eq!(first.next_sol().await, RemoteEvent::Deactivated);
    second.call(&ACTIVATE).await;
    console.print("for the second\n");
    assert_eq!(second.read_until("second\n").await, "for the second\n");
}

#[tokio::test(start_paused = true)]
async fn node_without_console_is_81_and_not_enabled() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    assert_eq!(code_of(&mut session, ConsoleRequest::of(&ACTIVATE)).await, 0x81);
    assert_eq!(code_of(&mut session, ConsoleRequest::of(&DeactivatePayload::SOL)).await, 0x81);
    assert_eq!(session.raw(0x0c, 0x22, "01 01 00 00").await, (0, "1100".to_owned()));
    assert_eq!(session.code(0x0c, 0x21, "01 01 01").await, 0x82);
}

#[tokio::test(start_paused = true)]
async fn console_that_goes_away_is_told_and_comes_back_by_itself() {
    let (bench, console) = bench().await;
    let mut session = activated(&bench).await;
    console.go_away();
    assert_eq!(session.next_sol().await, RemoteEvent::Available(false));
    session.type_text("lost?").await;
    session.drive_for(Duration::from_secs(2)).await;
    console.come_back();
    assert_eq!(session.next_sol().await, RemoteEvent::Available(true));
    session.drive_until("what was refused is typed", || console.typed() == "lost?").await;
    console.print("back\n");
    assert_eq!(session.read_until("back\n").await, "back\n");
}

#[tokio::test(start_paused = true)]
async fn console_that_stays_away_is_asked_less_and_less_often() {
    let (bench, console) = bench().await;
    console.go_away();
    let before = console.attempts();
    tokio::time::sleep(Duration::from_secs(32)).await;
    // After 1, 2, 4, 8 and 16 seconds.
    assert_eq!(console.attempts() - before, 5);
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert_eq!(console.attempts() - before, 15, "every 30 seconds");
    let mut session = activated(&bench).await;
    session.type_text("x").await;
    assert_eq!(session.next_sol().await, RemoteEvent::Available(false), "it can be activated all the same");
}

/// QEMU's serial port exists only while QEMU runs.
#[tokio::test(start_paused = true)]
async fn console_of_a_node_that_is_powered_on_is_looked_for_at_once() {
    let (bench, console) = bench().await;
    console.go_away();
    tokio::time::sleep(Duration::from_secs(1000)).await;
    let mut session = bench.login().await;
    console.come_back();
    let begin = tokio::time::Instant::now();
    assert_eq!(session.code(0x00, 0x02, "01").await, 0);
    until("the BMC connects", || console.is_connected()).await;
    assert_eq!(begin.elapsed(), Duration::ZERO);

    // The node is off again for a moment, as in a power cycle.
    assert_eq!(session.code(0x00, 0x02, "02").await, 0);
    console.go_away();
    tokio::time::sleep(Duration::from_secs(60)).await;
    console.come_back();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(console.is_connected());
}

#[tokio::test(start_paused = true)]
async fn connection_that_ends_at_once_is_no_reason_to_hurry() {
    let (_bench, console) = bench().await;
    let before = console.attempts();
    for _ in 0..5 {
        console.go_away();
        console.come_back();
        let seen = console.attempts();
        while console.attempts() == seen {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    let begin = tokio::time::Instant::now();
    console.go_away();
    console.come_back();
    let seen = console.attempts();
    while console.attempts() == seen {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(begin.elapsed() > Duration::from_secs(20), "{:?}", begin.elapsed());
    assert_eq!(console.attempts() - before, 6);
}

#[tokio::test(start_paused = true)]
async fn slow_console_loses_the_oldest_characters_and_is_told() {
    let (bench, console) = bench_with(1000).await;
    let mut session = activated(&bench).await;
    for line in 0..40_000 {
        console.print(&format!("line {line}\n"));
    }
    // Nobody reads meanwhile.
    for _ in 0..50_000 {
        tokio::task::yield_now().await;
    }
    session.drive_until_overrun().await;
    let text = session.read_until("line 39999\n").await;
    assert!(text.len() < 80_000, "{}", text.len());
}

#[tokio::test(start_paused = true)]
async fn bmc_that_stops_or_starts_again_says_farewell() {
    let (bench, _console) = bench().await;
    let mut session = activated(&bench).await;
    bench.shutdown.cancel();
    assert_eq!(session.next_sol().await, RemoteEvent::Deactivated);

    let (bench, _console) = self::bench().await;
    let mut session = activated(&bench).await;
    session.code(0x06, 0x02, "").await;
    assert_eq!(session.next_sol().await, RemoteEvent::Deactivated);
}

#[tokio::test(start_paused = true)]
async fn parameters_read_as_written_and_take_effect() {
    let (bench, console) = bench().await;
    let mut session = bench.login().await;
    for (number, value) in [
        ("00", "00"),
        ("01", "01"),
        ("02", "c3"),
        ("03", "0460"),
        ("04", "0732"),
        ("05", "0a"),
        ("06", "0a"),
        ("07", "01"),
        ("08", "5618"),
    ] {
        let asked = session.raw(0x0c, 0x22, &format!("0e {number} 00 00")).await;
        assert_eq!(asked, (0, format!("11{value}")), "parameter {number}");
    }
    assert_eq!(session.code(0x0c, 0x22, "01 09 00 00").await, 0x80);
    assert_eq!(session.raw(0x0c, 0x22, "81 01 00 00").await, (0, "11".to_owned()));
    for (number, value) in [("02", "04"), ("03", "6402"), ("04", "0105"), ("05", "06"), ("06", "00")] {
        assert_eq!(session.code(0x0c, 0x21, &format!("01 {number} {value}")).await, 0, "parameter {number}");
        let asked = session.raw(0x0c, 0x22, &format!("01 {number} 00 00")).await;
        assert_eq!(asked.1, format!("11{value}"), "parameter {number}");
    }
    session.call(&ACTIVATE).await;
    // The threshold is two characters now, and the interval half a second.
    let begin = tokio::time::Instant::now();
    console.print("ab");
    assert_eq!(session.read_until("ab").await, "ab");
    assert!(begin.elapsed() < Duration::from_millis(100), "{:?}", begin.elapsed());
    console.print("c");
    assert_eq!(session.read_until("c").await, "c");
    assert!(begin.elapsed() >= Duration::from_millis(500), "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn parameters_that_make_no_sense_or_cannot_be_written_are_refused() {
    let (bench, _console) = bench().await;
    let mut session = bench.login().await;
    for (value, code) in [
        ("02 80", 0xcc),
        ("02 8f", 0xcc),
        ("03 0060", 0xcc),
        ("03 0400", 0xcc),
        ("05 01", 0xcc),
        ("07 01", 0x82),
        ("08 6f02", 0x82),
        ("09 00", 0x80),
        ("01", 0xc7),
        ("03 04", 0xc7),
    ] {
        assert_eq!(session.code(0x0c, 0x21, &format!("01 {value}")).await, code, "{value}");
    }
    assert_eq!(session.code(0x0c, 0x21, "02 01 01").await, 0xcc, "no such channel");
    assert_eq!(session.code(0x0c, 0x22, "02 01 00 00").await, 0xcc);
}

#[tokio::test(start_paused = true)]
async fn one_writes_at_a_time_and_nobody_for_ever() {
    let (bench, _console) = bench().await;
    let mut session = bench.login().await;
    assert_eq!(session.code(0x0c, 0x21, "01 00 01").await, 0);
    assert_eq!(session.code(0x0c, 0x21, "01 00 01").await, 0x81);
    assert_eq!(session.raw(0x0c, 0x22, "01 00 00 00").await.1, "1101");
    assert_eq!(session.code(0x0c, 0x21, "01 00 02").await, 0, "what was written holds already");
    assert_eq!(session.code(0x0c, 0x21, "01 00 00").await, 0);
    assert_eq!(session.code(0x0c, 0x21, "01 00 01").await, 0);
    tokio::time::advance(Duration::from_secs(59)).await;
    assert_eq!(session.code(0x0c, 0x21, "01 00 01").await, 0x81);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(session.code(0x0c, 0x21, "01 00 01").await, 0);
}

#[tokio::test(start_paused = true)]
async fn disabling_the_payload_ends_it() {
    let (bench, _console) = bench().await;
    let mut first = activated(&bench).await;
    let mut second = bench.login().await;
    assert_eq!(second.code(0x0c, 0x21, "01 01 00").await, 0);
    assert_eq!(first.next_sol().await, RemoteEvent::Deactivated);
    assert_eq!(code_of(&mut first, ConsoleRequest::of(&ACTIVATE)).await, 0x81);
    assert_eq!(second.code(0x0c, 0x21, "01 01 01").await, 0);
    assert_eq!(code_of(&mut first, ConsoleRequest::of(&ACTIVATE)).await, 0);
}

#[tokio::test(start_paused = true)]
async fn commands_are_answered_while_text_flows() {
    let (bench, console) = bench().await;
    let mut session = activated(&bench).await;
    console.print(&"some text ".repeat(3000));
    for _ in 0..20 {
        assert_eq!(session.raw(0x06, 0x01, "").await.0, 0);
    }
    let text = session.read_until_len(30_000).await;
    assert_eq!(text, "some text ".repeat(3000));
}
