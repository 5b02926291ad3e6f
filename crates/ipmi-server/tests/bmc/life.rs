//! The life of a BMC: how it stops, and what a defect behind the port does to it.

use std::sync::Arc;
use std::time::Duration;

use ipmi_proto::endpoint::EndpointConfig;
use ipmi_server::bmc::SHUTDOWN_GRACE;
use ipmi_server::transport::channel;
use ipmi_server::{Bmc, BmcConfig};
use machine::{NodeId, PowerRequest};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::chassis::FakeChassis;
use crate::network::{Bench, GUID, until};

#[tokio::test(start_paused = true)]
async fn idle_bmc_stops_at_once() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    assert_eq!(session.raw(0x06, 0x01, "").await.0, 0x00);
    let begin = Instant::now();
    bench.stop().await;
    assert_eq!(begin.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn stopping_bmc_answers_a_change_that_is_being_recorded() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    bench.chassis.hold();
    let waiting = tokio::spawn(async move { session.code(0x00, 0x02, "01").await });
    until("the chassis is asked", || bench.chassis.waiting() == 1).await;
    bench.shutdown.cancel();
    tokio::time::sleep(SHUTDOWN_GRACE / 2).await;
    assert!(!bench.bmc.is_finished());
    bench.chassis.release();
    assert_eq!(waiting.await.unwrap(), 0x00);
    assert_eq!(bench.chassis.power_requests(), [PowerRequest::On]);
    bench.bmc.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn stopping_bmc_answers_readings_with_busy_and_does_not_wait_for_them() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    bench.chassis.hold();
    let waiting = tokio::spawn(async move { session.code(0x00, 0x01, "").await });
    until("the chassis is asked", || bench.chassis.waiting() == 1).await;
    let begin = Instant::now();
    bench.stop().await;
    assert_eq!(waiting.await.unwrap(), 0xc0);
    assert_eq!(begin.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn stopping_bmc_gives_up_a_change_after_the_grace() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    bench.chassis.hold();
    let _waiting = tokio::spawn(async move { session.code(0x00, 0x02, "01").await });
    until("the chassis is asked", || bench.chassis.waiting() == 1).await;
    let begin = Instant::now();
    let chassis = Arc::clone(&bench.chassis);
    bench.stop().await;
    assert_eq!(begin.elapsed(), SHUTDOWN_GRACE);
    until("no task is left behind", || chassis.waiting() == 0).await;
}

#[tokio::test(start_paused = true)]
async fn bmc_ends_with_its_transport() {
    let (transport, far_end) = channel::pair(1);
    let config = BmcConfig::new(NodeId::new("app/vm"), "node-1", EndpointConfig::new(GUID, Vec::new()));
    let bmc = Bmc::new(transport, config, Arc::new(FakeChassis::new()));
    drop(far_end);
    bmc.run(CancellationToken::new()).await;
}

#[tokio::test(start_paused = true)]
async fn defect_behind_the_port_is_ff_and_the_bmc_goes_on() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    bench.chassis.break_down();
    assert_eq!(session.code(0x00, 0x01, "").await, 0xff);
    assert_eq!(session.code(0x00, 0x02, "01").await, 0xff);
    assert_eq!(session.raw(0x06, 0x01, "").await.0, 0x00);
}
