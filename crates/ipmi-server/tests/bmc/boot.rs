//! System boot options.

use std::time::Duration;

use machine::{BootDevice, BootFlags, BootOverride, Denied, Lifetime};

use crate::chassis::Change;
use crate::network::{Bench, Session, until};

const MINUTE: Duration = Duration::from_secs(60);

async fn set(session: &mut Session, data: &str) -> u8 {
    session.code(0x00, 0x08, data).await
}

/// The answer to Get without its two leading bytes.
async fn get(session: &mut Session, parameter: u8) -> String {
    let (code, data) = session.raw(0x00, 0x09, &format!("{parameter:02x} 00 00")).await;
    assert_eq!(code, 0x00);
    let value = data.strip_prefix(&format!("01{parameter:02x}")).expect("version 1, valid, the parameter");
    value.to_owned()
}

fn wanted(device: BootDevice, lifetime: Lifetime, flags: [u8; 5]) -> Option<BootOverride> {
    Some(BootOverride { device, lifetime, flags: BootFlags(flags) })
}

#[tokio::test(start_paused = true)]
async fn boot_flags_read_back_bit_for_bit() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    for flags in
        ["8004000000", "a008000000", "e004000000", "e008000000", "c0140c0000", "ff47ffff1f", "9f23ff8fff"]
    {
        assert_eq!(set(&mut session, &format!("05{flags}")).await, 0x00, "{flags}");
        assert_eq!(get(&mut session, 5).await, flags);
    }
}

#[tokio::test(start_paused = true)]
async fn flags_become_an_override_with_its_device_and_lifetime() {
    use BootDevice::{Disk, Network};
    use Lifetime::{Once, Persistent};
    let bench = Bench::start();
    let mut session = bench.login().await;
    for (flags, device, lifetime) in [
        ([0x80, 0x04, 0, 0, 0], Network, Once),
        ([0xe0, 0x04, 0, 0, 0], Network, Persistent),
        ([0x80, 0x14, 0, 0, 0], Network, Once),
        ([0x80, 0x20, 0, 0, 0], Network, Once),
        ([0xa0, 0x08, 0, 0, 0], Disk, Once),
        ([0xc0, 0x08, 0, 0, 0], Disk, Persistent),
        ([0x80, 0x0c, 0, 0, 0], Disk, Once),
    ] {
        assert_eq!(set(&mut session, &format!("05{}", hex::encode(flags))).await, 0x00);
        assert_eq!(bench.chassis.boot_override(), wanted(device, lifetime, flags));
    }
}

#[tokio::test(start_paused = true)]
async fn bios_is_refused_with_cc_and_changes_nothing() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    assert_eq!(set(&mut session, "05 c0 04 00 00 00").await, 0x00);
    let before = bench.chassis.changes();
    // Setup, diagnostic partition, floppies, remote media and disks, and all that is reserved.
    for device in ["18", "10", "1c", "3c", "24", "2c", "28", "30", "34", "38"] {
        assert_eq!(set(&mut session, &format!("05 80 {device} 00 00 00")).await, 0xcc, "{device}");
    }
    assert_eq!(bench.chassis.changes(), before);
    assert_eq!(get(&mut session, 5).await, "c004000000");
}

#[tokio::test(start_paused = true)]
async fn no_override_and_invalid_flags_drop_the_override() {
    let bench = Bench::start();
    bench.chassis.set_platform(BootDevice::Network);
    let mut session = bench.login().await;
    for drop_it in ["05 80 00 00 00 00", "05 00 00 00 00 00", "05 40 08 00 00 00"] {
        assert_eq!(set(&mut session, "05 c0 08 00 00 00").await, 0x00);
        assert_eq!(set(&mut session, drop_it).await, 0x00);
        assert_eq!(bench.chassis.boot_override(), None, "{drop_it}");
        assert_eq!(get(&mut session, 5).await, "c004000000", "what the platform boots");
    }
}

#[tokio::test(start_paused = true)]
async fn without_an_override_the_device_of_the_platform_is_read() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    assert_eq!(get(&mut session, 5).await, "c008000000");
    bench.chassis.set_platform(BootDevice::Network);
    assert_eq!(get(&mut session, 5).await, "c004000000");
}

#[tokio::test(start_paused = true)]
async fn sequence_of_ironic_is_accepted() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    assert_eq!(set(&mut session, "03 08").await, 0x00);
    assert_eq!(set(&mut session, "05 e0 04 00 00 00").await, 0x00);
    assert_eq!(get(&mut session, 3).await, "08");
    assert_eq!(get(&mut session, 5).await, "e004000000");
}

/// `bootdev-pxe-ipmitool-pyghmi`, but for the commit, which only a BMC with roll-back has.
#[tokio::test(start_paused = true)]
async fn sequence_of_ipmitool_is_accepted() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    assert_eq!(set(&mut session, "00 01").await, 0x00);
    assert_eq!(set(&mut session, "04 01 01").await, 0x00);
    assert_eq!(set(&mut session, "05 80 04 00 00 00").await, 0x00);
    assert_eq!(set(&mut session, "00 02").await, 0xcc);
    assert_eq!(set(&mut session, "00 00").await, 0x00);
    assert_eq!(get(&mut session, 0).await, "00");
    assert_eq!(get(&mut session, 4).await, "0001");
    assert_eq!(get(&mut session, 5).await, "8004000000");
}

#[tokio::test(start_paused = true)]
async fn set_in_progress_of_another_session_is_81() {
    let bench = Bench::start();
    let mut first = bench.login().await;
    let mut second = bench.login().await;
    assert_eq!(set(&mut first, "00 01").await, 0x00);
    assert_eq!(set(&mut second, "00 01").await, 0x81);
    assert_eq!(set(&mut second, "05 80 04 00 00 00").await, 0x00, "a flag, not a lock");
    assert_eq!(first.code(0x00, 0x02, "02").await, 0x00);
    assert_eq!(get(&mut second, 0).await, "00", "a power cycle ends it");
}

#[tokio::test(start_paused = true)]
async fn unsupported_parameters_are_80() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    for parameter in ["01", "02", "06", "07", "08", "60", "7f"] {
        assert_eq!(set(&mut session, &format!("{parameter} 00")).await, 0x80, "{parameter}");
        assert_eq!(set(&mut session, parameter).await, 0x80, "{parameter}");
        assert_eq!(session.code(0x00, 0x09, &format!("{parameter} 00 00")).await, 0x80, "{parameter}");
    }
}

#[tokio::test(start_paused = true)]
async fn marking_a_parameter_invalid_shows_in_get() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    assert_eq!(set(&mut session, "83").await, 0x00);
    assert_eq!(session.raw(0x00, 0x09, "03 00 00").await, (0x00, "018300".to_owned()));
    assert_eq!(set(&mut session, "03").await, 0x00);
    assert_eq!(session.raw(0x00, 0x09, "03 00 00").await, (0x00, "010300".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn marking_the_boot_flags_invalid_drops_the_override() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    assert_eq!(set(&mut session, "05 c0 04 00 00 00").await, 0x00);
    assert_eq!(set(&mut session, "85").await, 0x00);
    assert_eq!(bench.chassis.boot_override(), None);
    assert_eq!(session.raw(0x00, 0x09, "05 00 00").await, (0x00, "0185c008000000".to_owned()));
    assert_eq!(set(&mut session, "05 80 04 00 00 00").await, 0x00);
    assert_eq!(get(&mut session, 5).await, "8004000000", "a write marks it valid again");
}

#[tokio::test(start_paused = true)]
async fn flags_that_were_not_recorded_are_not_acknowledged() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    bench.chassis.deny(Denied::NotRecorded { reason: "disk full".to_owned() });
    assert_eq!(set(&mut session, "05 80 04 00 00 00").await, 0xff);
    assert_eq!(bench.chassis.changes(), []);
}

#[tokio::test(start_paused = true)]
async fn flags_stay_for_ever_by_default() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    assert_eq!(set(&mut session, "05 80 04 00 00 00").await, 0x00);
    tokio::time::sleep(1000 * MINUTE).await;
    let mut session = bench.login().await;
    assert_eq!(get(&mut session, 5).await, "8004000000");
}

#[tokio::test(start_paused = true)]
async fn one_shot_flags_lapse_after_the_timeout_if_one_is_set() {
    let bench = Bench::start_with(|config| config.boot_flag_timeout = Some(MINUTE));
    let mut session = bench.login().await;
    assert_eq!(set(&mut session, "05 80 04 00 00 00").await, 0x00);
    tokio::time::sleep(MINUTE - Duration::from_secs(1)).await;
    assert_eq!(bench.chassis.changes().len(), 1);
    tokio::time::sleep(Duration::from_secs(2)).await;
    until("the override is dropped", || bench.chassis.boot_override().is_none()).await;
    assert!(
        matches!(&bench.chassis.changes()[1], Change::Boot(None, by) if by.user == "boot flag timeout" && by.peer.is_none())
    );
    let mut session = bench.login().await;
    assert_eq!(get(&mut session, 5).await, "c008000000");
}

#[tokio::test(start_paused = true)]
async fn parameter_3_keeps_the_flags_beyond_the_timeout() {
    let bench = Bench::start_with(|config| config.boot_flag_timeout = Some(MINUTE));
    let mut session = bench.login().await;
    assert_eq!(set(&mut session, "03 08").await, 0x00);
    assert_eq!(set(&mut session, "05 80 04 00 00 00").await, 0x00);
    tokio::time::sleep(2 * MINUTE).await;
    assert_eq!(bench.chassis.changes().len(), 1);
    let mut session = bench.login().await;
    assert_eq!(get(&mut session, 5).await, "8004000000");
}

#[tokio::test(start_paused = true)]
async fn power_cycle_stops_the_timeout() {
    let bench = Bench::start_with(|config| config.boot_flag_timeout = Some(MINUTE));
    let mut session = bench.login().await;
    assert_eq!(set(&mut session, "05 80 04 00 00 00").await, 0x00);
    assert_eq!(session.code(0x00, 0x02, "02").await, 0x00);
    tokio::time::sleep(2 * MINUTE).await;
    assert!(bench.chassis.boot_override().is_some());
}
