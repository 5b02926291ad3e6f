//! The order of checks: unknown, level, logical unit, length, fields, state.

use ipmi_proto::console::ConsoleRequest;
use ipmi_proto::number::{CommandNumber, CompletionCode, Lun, NetFn, PrivilegeLevel};
use machine::Denied;

use crate::network::{Bench, PATIENT};

#[tokio::test(start_paused = true)]
async fn unknown_command_at_user_level_is_c1_not_d4() {
    let bench = Bench::start();
    let mut user = bench.login_at(PrivilegeLevel::USER, PATIENT).await;
    for (net_fn, command) in
        [(0x06, 0x34), (0x06, 0x52), (0x00, 0x05), (0x0a, 0x27), (0x0c, 0x03), (0x3e, 0x01)]
    {
        assert_eq!(user.code(net_fn, command, "").await, 0xc1, "{net_fn:02x}/{command:02x}");
    }
}

#[tokio::test(start_paused = true)]
async fn probes_of_ipmitool_are_answered_with_c1_and_nothing_else() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    assert_eq!(session.code(0x2c, 0x3e, "00 02").await, 0xc1);
    assert_eq!(session.code(0x2c, 0x00, "00").await, 0xc1);
    assert_eq!(session.code(0x2c, 0x00, "03").await, 0xc1);
    assert_eq!(session.code(0x2c, 0x01, "00 01").await, 0xc1);
}

#[tokio::test(start_paused = true)]
async fn command_above_the_level_is_d4_before_its_bytes_are_read() {
    let bench = Bench::start();
    let mut user = bench.login_at(PrivilegeLevel::USER, PATIENT).await;
    assert_eq!(user.code(0x00, 0x02, "00").await, 0xd4);
    assert_eq!(user.code(0x00, 0x02, "").await, 0xd4, "too short");
    assert_eq!(user.code(0x00, 0x02, "0e").await, 0xd4, "undefined");
    assert_eq!(user.code(0x00, 0x08, "05 80 04 00 00 00").await, 0xd4);
    assert_eq!(user.code(0x00, 0x09, "05 00 00").await, 0xd4);
    assert_eq!(user.code(0x06, 0x02, "").await, 0xd4);
    assert_eq!(bench.chassis.changes(), []);

    let mut operator = bench.login_at(PrivilegeLevel::OPERATOR, PATIENT).await;
    assert_eq!(operator.code(0x00, 0x02, "01").await, 0x00);
    assert_eq!(operator.code(0x06, 0x02, "").await, 0xd4);
}

#[tokio::test(start_paused = true)]
async fn user_may_read_the_chassis() {
    let bench = Bench::start();
    let mut user = bench.login_at(PrivilegeLevel::USER, PATIENT).await;
    assert_eq!(user.raw(0x00, 0x01, "").await.0, 0x00);
    assert_eq!(user.raw(0x00, 0x00, "").await.0, 0x00);
    assert_eq!(user.raw(0x06, 0x01, "").await.0, 0x00);
}

#[tokio::test(start_paused = true)]
async fn other_logical_unit_is_c2() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    for lun in 1..4 {
        let mut request = ConsoleRequest::new(NetFn::CHASSIS, CommandNumber(0x02), vec![0x00]);
        request.lun = Lun::new(lun);
        let (code, data) = session.request(request).await.unwrap();
        assert_eq!((code, data.len()), (CompletionCode::INVALID_FOR_LUN, 0));
    }
    assert_eq!(bench.chassis.changes(), []);
}

#[tokio::test(start_paused = true)]
async fn short_and_long_requests_are_c7() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    assert_eq!(session.code(0x00, 0x01, "00").await, 0xc7);
    assert_eq!(session.code(0x00, 0x02, "").await, 0xc7);
    assert_eq!(session.code(0x00, 0x02, "00 00").await, 0xc7);
    assert_eq!(session.code(0x00, 0x08, "").await, 0xc7);
    assert_eq!(session.code(0x00, 0x08, "05 80 04 00 00").await, 0xc7);
    assert_eq!(session.code(0x00, 0x08, "05 80 04 00 00 00 00").await, 0xc7);
    assert_eq!(session.code(0x00, 0x09, "05").await, 0xc7);
    assert_eq!(session.code(0x06, 0x01, "00").await, 0xc7);
    assert_eq!(bench.chassis.changes(), []);
}

#[tokio::test(start_paused = true)]
async fn undefined_fields_are_cc_before_the_state_is_looked_at() {
    let bench = Bench::start();
    bench.chassis.deny(Denied::CloudUnreachable { reason: "down".to_owned() });
    let mut session = bench.login().await;
    for action in ["06", "0f", "11", "ff"] {
        assert_eq!(session.code(0x00, 0x02, action).await, 0xcc, "{action}");
    }
    assert_eq!(session.code(0x00, 0x08, "00 03").await, 0xcc);
    assert_eq!(session.code(0x00, 0x08, "05 80 18 00 00 00").await, 0xcc);
}
