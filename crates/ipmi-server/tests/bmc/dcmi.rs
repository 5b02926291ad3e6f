//! DCMI: what there is of it, and the texts that it knows.

use std::sync::Arc;

use ipmi_proto::number::PrivilegeLevel;

use crate::event_log::FakeEventLog;
use crate::network::{Bench, PATIENT};
use crate::settings_store::FakeSettingsStore;

const DCMI: u8 = 0x2c;

#[tokio::test(start_paused = true)]
async fn capabilities_promise_no_power_management_and_the_log_that_there_is() {
    let log = Arc::new(FakeEventLog::new());
    let bench = Bench::start_with(|config| config.events = Some(log as _));
    let mut session = bench.login_at(PrivilegeLevel::USER, PATIENT).await;
    for (parameter, value) in
        [("01", "000000"), ("02", "08e0000000"), ("03", "2000"), ("04", "01ffff"), ("05", "00")]
    {
        let (code, data) = session.raw(DCMI, 0x01, &format!("dc {parameter}")).await;
        assert_eq!((code, data), (0x00, format!("dc010502{value}")), "{parameter}");
    }
    assert_eq!(session.code(DCMI, 0x01, "dc 06").await, 0xcc);
    assert_eq!(session.code(DCMI, 0x01, "dc").await, 0xc7);
    let bench = Bench::start();
    let (_, without_log) = bench.login().await.raw(DCMI, 0x01, "dc 02").await;
    assert_eq!(without_log, "dc0105020000000000");
}

#[tokio::test(start_paused = true)]
async fn other_groups_and_unknown_commands_are_c1_whatever_the_level() {
    let bench = Bench::start();
    let mut session = bench.login_at(PrivilegeLevel::USER, PATIENT).await;
    for (command, data) in
        [(0x3e, "0002"), (0x00, "00"), (0x00, "03"), (0x08, "00 00 00"), (0x01, ""), (0x03, "dc 0000")]
    {
        assert_eq!(session.code(DCMI, command, data).await, 0xc1, "{command:#x} {data}");
    }
    assert_eq!(session.code(DCMI, 0x08, "dc 00 00").await, 0xd4);
}

#[tokio::test(start_paused = true)]
async fn power_is_not_measured_and_no_sensor_measures_temperatures() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    assert_eq!(session.code(DCMI, 0x02, "dc 01 00 00").await, 0xcb);
    assert_eq!(session.raw(DCMI, 0x07, "dc 01 40 00 00").await, (0x00, "dc0000".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn texts_are_the_node_s_name_until_others_are_written_and_kept() {
    let store = Arc::new(FakeSettingsStore::default());
    let settings = store.open();
    let bench = Bench::start_with(|config| config.settings = Some(settings));
    let mut session = bench.login().await;
    let name = hex::encode("node-1");
    assert_eq!(session.raw(DCMI, 0x06, "dc 00 00").await.1, "dc06");
    assert_eq!(session.raw(DCMI, 0x06, "dc 00 10").await.1, format!("dc06{name}"));
    assert_eq!(session.raw(DCMI, 0x06, "dc 04 10").await.1, "dc062d31");
    assert_eq!(session.raw(DCMI, 0x09, "dc 00 10").await.1, format!("dc07{name}00"));
    let written = "0123456789abcdef rack 7";
    assert_eq!(session.raw(DCMI, 0x08, &format!("dc 00 10 {}", hex::encode(&written[..16]))).await.1, "dc10");
    assert_eq!(session.raw(DCMI, 0x08, &format!("dc 10 07 {}", hex::encode(&written[16..]))).await.1, "dc17");
    assert_eq!(session.raw(DCMI, 0x06, "dc 10 10").await.1, format!("dc17{}", hex::encode(" rack 7")));
    assert_eq!(session.raw(DCMI, 0x0a, "dc 00 04 626d6300").await.1, "dc04");
    assert_eq!(session.raw(DCMI, 0x09, "dc 00 10").await.1, "dc04626d6300");
    let (_, area) = session.raw(0x0a, 0x11, "00 0000 80").await;
    assert!(area.contains(&hex::encode(written)), "the inventory has the same asset tag");
    bench.stop().await;

    let settings = store.open();
    let bench = Bench::start_with(|config| config.settings = Some(settings));
    let mut session = bench.login().await;
    assert_eq!(session.raw(DCMI, 0x06, "dc 10 10").await.1, format!("dc17{}", hex::encode(" rack 7")));
    store.fill();
    assert_eq!(session.code(DCMI, 0x08, "dc 00 01 61").await, 0xff);
}

#[tokio::test(start_paused = true)]
async fn texts_have_an_end_and_pieces_of_16_bytes() {
    let settings = Arc::new(FakeSettingsStore::default()).open();
    let bench = Bench::start_with(|config| config.settings = Some(settings));
    let mut session = bench.login().await;
    for (command, data) in [
        (0x06, "dc 07 01".to_owned()),
        (0x06, "dc 00 11".to_owned()),
        (0x08, "dc 07 01 61".to_owned()),
        (0x08, format!("dc 00 11 {}", "61".repeat(17))),
        (0x08, format!("dc 30 10 {}", "61".repeat(16))),
        (0x0a, format!("dc 31 10 {}", "61".repeat(16))),
    ] {
        assert_eq!(session.code(DCMI, command, &data).await, 0xc9, "{data}");
    }
    let bench = Bench::start();
    assert_eq!(bench.login().await.code(DCMI, 0x08, "dc 00 01 61").await, 0xd6, "nothing is kept");
}
