//! The sensors.

use std::sync::Arc;

use machine::Denied;

use crate::event_log::FakeEventLog;
use crate::network::Bench;

const POWER: &str = "01";
const CLOUD: &str = "02";
const ACPI_STATE: &str = "04";

#[tokio::test(start_paused = true)]
async fn power_sensor_says_off_and_that_a_request_was_not_carried_out() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    assert_eq!(session.raw(0x04, 0x2d, POWER).await, (0x00, "00400080".to_owned()));
    bench.chassis.set_status(|status| status.power_on = false);
    assert_eq!(session.raw(0x04, 0x2d, POWER).await.1, "00400180");
    bench.chassis.set_status(|status| status.control_fault = Some("quota".to_owned()));
    assert_eq!(session.raw(0x04, 0x2d, POWER).await.1, "00402180");
}

#[tokio::test(start_paused = true)]
async fn without_the_cloud_power_is_unavailable_and_health_says_why() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    assert_eq!(session.raw(0x04, 0x2d, CLOUD).await, (0x00, "00400080".to_owned()));
    bench.chassis.deny(Denied::CloudUnreachable { reason: "down".to_owned() });
    assert_eq!(session.raw(0x04, 0x2d, POWER).await, (0x00, "00600080".to_owned()));
    assert_eq!(session.raw(0x04, 0x2d, CLOUD).await, (0x00, "00400280".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn acpi_state_has_a_state_for_on_and_one_for_off() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    assert_eq!(session.raw(0x04, 0x2d, ACPI_STATE).await, (0x00, "00400180".to_owned()));
    bench.chassis.set_status(|status| status.power_on = false);
    assert_eq!(session.raw(0x04, 0x2d, ACPI_STATE).await.1, "00404080");
    bench.chassis.deny(Denied::CloudUnreachable { reason: "down".to_owned() });
    assert_eq!(session.raw(0x04, 0x2d, ACPI_STATE).await.1, "00600080");
}

#[tokio::test(start_paused = true)]
async fn sensors_make_events_only_where_there_is_a_log() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    for sensor in [POWER, CLOUD, ACPI_STATE] {
        assert_eq!(session.raw(0x04, 0x29, sensor).await, (0x00, "4000000000".to_owned()));
    }
    let bench = Bench::start_with(|config| config.events = Some(Arc::new(FakeEventLog::new())));
    let mut session = bench.login().await;
    assert_eq!(session.raw(0x04, 0x29, POWER).await.1, "c020000000");
    assert_eq!(session.raw(0x04, 0x29, CLOUD).await.1, "4000000000");
    assert_eq!(session.raw(0x04, 0x29, ACPI_STATE).await.1, "c041000000");
    assert_eq!(session.raw(0x04, 0x2b, ACPI_STATE).await.1, "c001000000", "on");
    bench.chassis.set_status(|status| status.power_on = false);
    assert_eq!(session.raw(0x04, 0x2b, ACPI_STATE).await.1, "c040000000", "off");
    assert_eq!(session.raw(0x04, 0x2b, POWER).await.1, "c000000000", "off is no event of the power unit");
    assert_eq!(session.raw(0x04, 0x2d, POWER).await.1, "00c00180");
}

#[tokio::test(start_paused = true)]
async fn sensor_that_does_not_exist_is_cb_and_one_without_thresholds_cd() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    for command in [0x27, 0x29, 0x2b, 0x2d] {
        for sensor in ["00", "03", "ff"] {
            assert_eq!(session.code(0x04, command, sensor).await, 0xcb, "{command:#x} {sensor}");
        }
    }
    assert_eq!(session.code(0x04, 0x27, POWER).await, 0xcd);
}

#[tokio::test(start_paused = true)]
async fn what_discrete_sensors_have_not_got_is_cd_and_what_holds_is_accepted() {
    let log = std::sync::Arc::new(crate::event_log::FakeEventLog::new());
    let bench = Bench::start_with(|config| config.events = Some(log as _));
    let mut session = bench.login().await;
    for (command, data) in [(0x24, "01 ff 01 01"), (0x25, "01 ff"), (0x26, "01 38 000000555f69")] {
        assert_eq!(session.code(0x04, command, data).await, 0xcd, "{data}");
        assert_eq!(session.code(0x04, command, &data.replacen("01", "09", 1)).await, 0xcb, "{data}");
    }
    for (data, code) in [
        ("01 c0", 0x00),
        ("01 d0 2000", 0x00),
        ("01 e0 0100", 0x00),
        ("01 40", 0xd6),
        ("01 00", 0xd6),
        ("01 e0 2000", 0xd6),
        ("01 d0 0100", 0xd6),
        ("02 40", 0x00),
        ("02 c0", 0xd6),
        ("09 c0", 0xcb),
    ] {
        assert_eq!(session.code(0x04, 0x28, data).await, code, "{data}");
    }
    assert_eq!(session.code(0x04, 0x2a, "01 00").await, 0x00);
    assert_eq!(session.code(0x04, 0x2a, "09 00").await, 0xcb);
}
