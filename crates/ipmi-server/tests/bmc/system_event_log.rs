//! The system event log.

use std::sync::Arc;
use std::time::SystemTime;

use ipmi_proto::command::storage::{GetSelInfo, GetSelTime, ReserveSel, SelInfo};
use ipmi_proto::number::PrivilegeLevel;
use machine::{BootDevice, Denied, EventKind, PowerRequest};

use crate::event_log::FakeEventLog;
use crate::network::{Bench, PATIENT, Session};

fn bench() -> (Bench, Arc<FakeEventLog>) {
    let log = Arc::new(FakeEventLog::new());
    let bench = Bench::start_with(|config| config.events = Some(Arc::clone(&log) as _));
    (bench, log)
}

fn off() -> EventKind {
    EventKind::PoweredOff { requester: Some("admin@192.0.2.1:40000".to_owned()) }
}

async fn reserve(session: &mut Session) -> String {
    hex::encode(session.call(&ReserveSel).await.0.to_le_bytes())
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_event_is_a_record_of_a_sensor() {
    let (bench, log) = bench();
    for kind in [
        off(),
        EventKind::BootDeviceApplied { device: BootDevice::Network },
        EventKind::PoweredOn { requester: None },
        EventKind::BootDeviceApplied { device: BootDevice::Disk },
        EventKind::PowerRequestFailed { request: PowerRequest::On, reason: "quota".to_owned() },
    ] {
        log.push(kind);
    }
    let mut session = bench.login().await;
    for (record, next, event) in [
        ("0100", "0200", "01ca9a3b 2000 04 2204 6f 06ffff"),
        ("0200", "0300", "02ca9a3b 2000 04 1d03 6f 03ffff"),
        ("0300", "0400", "03ca9a3b 2000 04 2204 6f 00ffff"),
        ("0400", "0500", "04ca9a3b 2000 04 1d03 6f 00ffff"),
        ("0500", "ffff", "05ca9a3b 2000 04 0901 6f 05ffff"),
    ] {
        let expected = format!("{next}{record}02{}", event.replace(' ', ""));
        assert_eq!(session.raw(0x0a, 0x43, &format!("0000 {record} 00 ff")).await, (0x00, expected));
    }
    let (_, first) = session.raw(0x0a, 0x43, "0000 0000 00 ff").await;
    assert_eq!(first[..8], *"02000100");
    let (_, last) = session.raw(0x0a, 0x43, "0000 ffff 00 ff").await;
    assert_eq!(last[..8], *"ffff0500");
    assert_eq!(session.code(0x0a, 0x43, "0000 0600 00 ff").await, 0xcb);
}

#[tokio::test(start_paused = true)]
async fn info_counts_records_and_free_space_and_says_what_was_lost() {
    let (bench, log) = bench();
    let mut session = bench.login().await;
    let empty = session.call(&GetSelInfo).await;
    assert_eq!((empty.entries, empty.free_space), (0, 8 * 16));
    assert_eq!((empty.added_at, empty.erased_at), (SelInfo::NEVER, SelInfo::NEVER));
    assert_eq!(session.code(0x0a, 0x43, "0000 0000 00 ff").await, 0xcb, "an empty log has no first record");
    log.push(off());
    log.push(off());
    assert_eq!(session.raw(0x0a, 0x40, "").await, (0x00, "510200600002ca9a3bffffffff0b".to_owned()));
    log.overflow();
    assert_eq!(session.raw(0x0a, 0x40, "").await.1, "510100700002ca9a3bffffffff8b");
}

#[tokio::test(start_paused = true)]
async fn clear_needs_a_reservation_that_an_event_since_then_takes_away() {
    let (bench, log) = bench();
    log.push(off());
    let mut session = bench.login().await;
    assert_eq!(session.code(0x0a, 0x47, "0000 434c52 aa").await, 0xc5);
    let reservation = reserve(&mut session).await;
    log.push(off());
    assert_eq!(session.code(0x0a, 0x47, &format!("{reservation} 434c52 aa")).await, 0xc5);
    let reservation = reserve(&mut session).await;
    let (code, data) = session.raw(0x0a, 0x47, &format!("{reservation} 434c52 aa")).await;
    assert_eq!((code, data.as_str()), (0x00, "01"));
    assert_eq!(session.raw(0x0a, 0x47, &format!("{reservation} 434c52 00")).await.1, "01");
    let info = session.call(&GetSelInfo).await;
    assert_eq!((info.entries, info.erased_at), (0, 1_100_000_000));
    assert_eq!(session.code(0x0a, 0x47, &format!("{reservation} 434c52 aa")).await, 0xc5, "used up");
}

#[tokio::test(start_paused = true)]
async fn clear_that_could_not_be_recorded_is_ff_and_clears_nothing() {
    let (bench, log) = bench();
    log.push(off());
    log.deny(Denied::NotRecorded { reason: "disk full".to_owned() });
    let mut session = bench.login().await;
    let reservation = reserve(&mut session).await;
    assert_eq!(session.code(0x0a, 0x47, &format!("{reservation} 434c52 aa")).await, 0xff);
    assert_eq!(session.call(&GetSelInfo).await.entries, 1);
}

#[tokio::test(start_paused = true)]
async fn clear_is_an_operator_s_and_reading_a_user_s() {
    let (bench, log) = bench();
    log.push(off());
    let mut user = bench.login_at(PrivilegeLevel::USER, PATIENT).await;
    let reservation = reserve(&mut user).await;
    assert_eq!(user.raw(0x0a, 0x43, &format!("{reservation} 0100 04 04")).await.1, "ffffca9a3b20");
    assert_eq!(user.code(0x0a, 0x43, "0000 0100 04 04").await, 0xc5, "a piece without a reservation");
    assert_eq!(user.code(0x0a, 0x47, &format!("{reservation} 434c52 aa")).await, 0xd4);
}

#[tokio::test(start_paused = true)]
async fn time_is_the_host_s() {
    let (bench, _log) = bench();
    let mut session = bench.login().await;
    let seconds = || SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let before = seconds();
    let told = u64::from(session.call(&GetSelTime).await.seconds);
    assert!((before..=seconds()).contains(&told));
    assert_eq!(session.code(0x0a, 0x49, "00 00 00 00").await, 0xd6, "cannot be set");
    let present = hex::encode(u32::try_from(seconds()).unwrap().to_le_bytes());
    assert_eq!(session.code(0x0a, 0x49, &present).await, 0x00, "but to what it is");
    assert_eq!(session.raw(0x0a, 0x5c, "").await.1, "0000", "in UTC");
    assert_eq!(session.code(0x0a, 0x5d, "0000").await, 0x00);
    assert_eq!(session.code(0x0a, 0x5d, "3c00").await, 0xd6);
    let (_, records) = session.raw(0x0a, 0x28, "").await;
    let records = u32::from_le_bytes(hex::decode(records).unwrap().try_into().unwrap());
    assert!((before..=seconds()).contains(&u64::from(records)));
}

#[tokio::test(start_paused = true)]
async fn without_a_record_of_events_there_is_no_log() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    for (command, data) in [
        (0x40, ""),
        (0x41, ""),
        (0x42, ""),
        (0x43, "0000 0000 00 ff"),
        (0x44, "00000200000000200004010101ffffff"),
        (0x46, "0000 0000"),
        (0x47, "0000 434c52 aa"),
        (0x48, ""),
        (0x49, "00000000"),
        (0x5c, ""),
        (0x5d, "0000"),
    ] {
        assert_eq!(session.code(0x0a, command, data).await, 0xc1, "{command:#x}");
    }
}

#[tokio::test(start_paused = true)]
async fn space_is_counted_in_records() {
    let (bench, log) = bench();
    log.push(off());
    let mut session = bench.login().await;
    assert_eq!(session.raw(0x0a, 0x41, "").await.1, "0800 1000 0700 0700 01".replace(' ', ""));
}

#[tokio::test(start_paused = true)]
async fn record_that_a_console_adds_keeps_its_bytes_and_gets_number_and_time() {
    let (bench, log) = bench();
    log.push(off());
    let mut session = bench.login().await;
    for (sent, number, kept) in [
        // An event: number and time are the log's.
        ("ffff 02 11111111 4100 04 0c 30 6f a0b1c2", "0200", "0200 02 02ca9a3b 4100 04 0c 30 6f a0b1c2"),
        // OEM with a time.
        ("0000 c1 11111111 010203 0405060708 09", "0300", "0300 c1 03ca9a3b 010203 0405060708 09"),
        // OEM without.
        ("0000 e7 0102030405060708090a0b0c0d", "0400", "0400 e7 0102030405060708090a0b0c0d"),
    ] {
        assert_eq!(session.raw(0x0a, 0x44, sent).await, (0x00, number.to_owned()), "{sent}");
        let (_, read) = session.raw(0x0a, 0x43, &format!("0000 {number} 00 ff")).await;
        assert_eq!(read[4..], kept.replace(' ', ""));
    }
    for kind in ["00", "03", "bf"] {
        let record = format!("0000 {kind} {}", "00".repeat(13));
        assert_eq!(session.code(0x0a, 0x44, &record).await, 0xcc, "{kind}");
    }
    let mut user = bench.login_at(PrivilegeLevel::USER, PATIENT).await;
    assert_eq!(user.code(0x0a, 0x44, "0000 e7 0102030405060708090a0b0c0d").await, 0xd4);
    log.deny(Denied::NotRecorded { reason: "disk full".to_owned() });
    assert_eq!(session.code(0x0a, 0x44, "0000 e7 0102030405060708090a0b0c0d").await, 0xff);
    assert_eq!(session.code(0x0a, 0x46, "0000 0000").await, 0xff);
}

#[tokio::test(start_paused = true)]
async fn platform_event_is_a_record_of_the_console_that_told_it() {
    let (bench, _log) = bench();
    let mut session = bench.login().await;
    assert_eq!(session.code(0x04, 0x02, "04 01 30 81 09ffff").await, 0x00);
    let (_, record) = session.raw(0x0a, 0x43, "0000 0000 00 ff").await;
    assert_eq!(record, "ffff 0100 02 01ca9a3b 8110 04 01 30 81 09ffff".replace(' ', ""));
    assert_eq!(session.code(0x04, 0x02, "05 01 30 81 09ffff").await, 0xcc, "unknown format");
    let bench = Bench::start();
    assert_eq!(bench.login().await.code(0x04, 0x02, "04 01 30 81 09ffff").await, 0xc1, "no log");
}

#[tokio::test(start_paused = true)]
async fn one_record_can_be_deleted_and_that_ends_reservations() {
    let (bench, log) = bench();
    for _ in 0..4 {
        log.push(off());
    }
    let mut session = bench.login().await;
    let reservation = reserve(&mut session).await;
    assert_eq!(session.raw(0x0a, 0x46, &format!("{reservation} 0200")).await, (0x00, "0200".to_owned()));
    assert_eq!(session.code(0x0a, 0x43, "0000 0200 00 ff").await, 0xcb);
    assert_eq!(session.raw(0x0a, 0x43, "0000 0100 00 ff").await.1[..4], *"0300", "the next one");
    assert_eq!(session.code(0x0a, 0x46, &format!("{reservation} 0300")).await, 0xc5);
    assert_eq!(session.raw(0x0a, 0x46, "0000 0000").await.1, "0100", "the first");
    assert_eq!(session.raw(0x0a, 0x46, "0000 ffff").await.1, "0400", "the last");
    assert_eq!(session.code(0x0a, 0x46, "0000 0400").await, 0xcb);
}
