//! Ironic as it comes, and a cloud that is as slow as it is: nothing is made faster for the test.

use crate::conductor::Timing;
use crate::lab::Lab;

#[test]
fn stock_ironic_and_a_cloud_at_its_own_pace_fit_together() {
    let Some(lab) = Lab::start(1, "1", Timing::Stock, "") else { return };
    let node = lab.node(1);
    node.make_available();
    let on = node.power("power on");
    node.boot_from("disk", true);
    assert_eq!(node.boot_log(), ["start network runs"], "the running VM is left alone");
    let reboot = node.power("rebooting");
    node.booted(&["start network power-off", "start disk runs"]);
    println!("stock timing: power on {on:?}, reboot {reboot:?}");
}
