//! The controller itself: identity, self test, restart.

use std::sync::Arc;
use std::time::Duration;

use ipmi_proto::command::app::{ColdReset, GetDeviceGuid, GetDeviceId, GetSelfTestResults, GetSystemGuid};
use ipmi_proto::command::app::{DeviceSupport, IpmiVersion, SelfTestResults, WarmReset};
use ipmi_proto::console::{ConsoleError, ConsoleRequest, RetryPolicy};
use ipmi_proto::number::PrivilegeLevel;
use ipmi_server::bmc::RESET_DELAY;
use ipmi_server::{BmcConfig, DeviceIdentity};

use crate::event_log::FakeEventLog;
use crate::network::{Bench, GUID};

#[tokio::test(start_paused = true)]
async fn device_id_says_what_there_is_and_nothing_else() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    let id = session.call(&GetDeviceId).await;
    let support = DeviceSupport::CHASSIS
        .with(DeviceSupport::FRU_INVENTORY)
        .with(DeviceSupport::SDR_REPOSITORY)
        .with(DeviceSupport::SENSOR);
    assert_eq!(id.support, support, "no event log");
    assert_eq!(id.ipmi_version, IpmiVersion::V2_0);
    assert_eq!((id.manufacturer, id.product), (0, 0));
    assert!(!id.provides_device_sdrs);
    let version = format!("{}.{}", id.firmware_major, id.firmware_minor.number().unwrap());
    assert!(env!("CARGO_PKG_VERSION").starts_with(&version), "{version}");
}

#[tokio::test(start_paused = true)]
async fn device_id_comes_from_the_configuration() {
    let identity = DeviceIdentity {
        device_id: 1,
        revision: 2,
        firmware_major: 3,
        firmware_minor: 45,
        firmware_patch: 6,
        manufacturer: 0x0a_bcde,
        product: 0x1234,
    };
    let bench = Bench::start_with(|config: &mut BmcConfig| config.device = identity);
    let mut session = bench.login().await;
    let expected = "01 02 03 45 02 8b debc0a 3412 06000000".replace(' ', "");
    assert_eq!(session.raw(0x06, 0x01, "").await, (0x00, expected));
}

#[tokio::test(start_paused = true)]
async fn both_guids_are_the_configured_one() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    assert_eq!(session.call(&GetSystemGuid).await, GUID);
    assert_eq!(session.call(&GetDeviceGuid).await, GUID);
}

#[tokio::test(start_paused = true)]
async fn self_test_passes() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    assert_eq!(session.call(&GetSelfTestResults).await, SelfTestResults::Passed);
}

#[tokio::test(start_paused = true)]
async fn reset_is_answered_then_ends_the_sessions_and_leaves_the_node_alone() {
    for reset in [ConsoleRequest::of(&ColdReset), ConsoleRequest::of(&WarmReset)] {
        let bench = Bench::start();
        let mut other = bench.login_at(PrivilegeLevel::ADMINISTRATOR, RetryPolicy::DEFAULT).await;
        let mut session = bench.login().await;
        assert_eq!(session.code(0x00, 0x08, "05 c0 04 00 00 00").await, 0x00);
        let before = bench.chassis.changes();

        let (code, data) = session.request(reset).await.unwrap();
        assert!(code.is_normal() && data.is_empty());
        tokio::time::sleep(RESET_DELAY).await;
        let unanswered = other.request(ConsoleRequest::of(&GetDeviceId)).await;
        assert!(matches!(unanswered, Err(ConsoleError::NoAnswer { .. })), "{unanswered:?}");
        assert_eq!(bench.chassis.changes(), before);
        let mut again = bench.login().await;
        assert_eq!(again.raw(0x00, 0x09, "05 00 00").await.1, "0105c004000000", "the override is the node's");
    }
}

#[tokio::test(start_paused = true)]
async fn console_that_asked_for_the_reset_can_still_close_its_session() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    session.call(&WarmReset).await;
    assert_eq!(session.close().await, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn reset_forgets_the_volatile_boot_options() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    for data in ["00 01", "03 1f", "04 ff 1f", "83"] {
        assert_eq!(session.code(0x00, 0x08, data).await, 0x00);
    }
    session.call(&ColdReset).await;
    let mut session = bench.login().await;
    assert_eq!(session.raw(0x00, 0x09, "00 00 00").await.1, "010000");
    assert_eq!(session.raw(0x00, 0x09, "03 00 00").await.1, "010300");
    assert_eq!(session.raw(0x00, 0x09, "04 00 00").await.1, "01040000");
}

#[tokio::test(start_paused = true)]
async fn only_event_logging_is_enabled_and_only_with_a_log() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    assert_eq!(session.raw(0x06, 0x2f, "").await, (0x00, "00".to_owned()));
    let bench = Bench::start_with(|config| config.events = Some(Arc::new(FakeEventLog::new())));
    let mut session = bench.login().await;
    assert_eq!(session.raw(0x06, 0x2f, "").await, (0x00, "08".to_owned()));
    assert_eq!(session.code(0x06, 0x2e, "00").await, 0xc1);
}

#[tokio::test(start_paused = true)]
async fn system_info_is_the_name_and_nothing_that_nobody_knows() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    let name = format!("11000006{}{}", hex::encode("node-1"), "00".repeat(8));
    assert_eq!(session.raw(0x06, 0x59, "00 02 00 00").await, (0x00, name));
    assert_eq!(session.code(0x06, 0x59, "00 02 01 00").await, 0xc9, "behind the end");
    assert_eq!(session.raw(0x06, 0x59, "80 02 00 00").await.1, "11");
    assert_eq!(session.raw(0x06, 0x59, "00 00 00 00").await.1, "1100");
    for parameter in ["01", "03", "04", "05", "c0"] {
        assert_eq!(session.code(0x06, 0x59, &format!("00 {parameter} 00 00")).await, 0x80, "{parameter}");
    }
}

#[tokio::test(start_paused = true)]
async fn system_info_is_read_only() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    assert_eq!(session.code(0x06, 0x58, "02 00 00 01 61").await, 0x82);
    assert_eq!(session.code(0x06, 0x58, "00 01").await, 0x82);
    assert_eq!(session.code(0x06, 0x58, "04 00 00 01 61").await, 0x80);
}
