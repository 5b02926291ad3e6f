//! The serial port of a real machine, looked at and typed on over Serial over LAN, in a demonstration.

use std::time::Duration;

use ipmi_client::{Client, ClientOptions};
use ipmi_proto::command::chassis::{ChassisControl, PowerAction};
use ipmi_proto::sol::RemoteEvent;
use ravbmc_tests::guest;
use ravbmc_tests::lab::{BOUND, QEMU, boot_cdrom, sources};
use ravbmc_tests::ravbmc::{PASSWORD, Process};

async fn read_until(client: &mut Client, text: &str) {
    let mut seen = String::new();
    let reading = async {
        while !seen.contains(text) {
            if let RemoteEvent::Characters(characters) = client.listen().await.unwrap() {
                seen.push_str(&String::from_utf8_lossy(&characters));
            }
        }
    };
    assert!(tokio::time::timeout(BOUND, reading).await.is_ok(), "no {text:?} in {seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn machine_is_seen_and_typed_on_over_the_lan_across_a_power_cycle() {
    if !guest::can_run() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    guest::assemble(&sources(), "disk", folder.path());
    guest::assemble(&sources(), "deploy", folder.path());
    let quick = ["--interfaces", "1", "--shell-prompt", "0s", "--reboot-prompt", "0s"];
    let Some(iso) = boot_cdrom(folder.path(), &quick) else { return };
    let image = format!("ipxe.iso={}", iso.display());
    let network = format!("user,restrict=on,tftp={},bootfile=deploy.bin", folder.path().display());
    let engine = ["--image", &image, "--network", &network, "--max-memory", "128M"];
    let demo = Process::demo(1, &[&["--speed", "20"][..], &QEMU, &engine].concat());
    let address = demo.bmcs()[0].address;
    let options = || ClientOptions::new("admin", PASSWORD).unwrap();
    let mut control = Client::connect(address, ClientOptions { tries: 10, ..options() }).await.unwrap();
    let mut viewer = Client::connect(address, options()).await.unwrap();
    viewer.activate_sol().await.unwrap();

    control.call(&ChassisControl { action: PowerAction::POWER_UP }).await.unwrap();
    read_until(&mut viewer, "DEPLOY: READY").await;
    viewer.type_characters(b"w");
    read_until(&mut viewer, "DEPLOY: IMAGE WRITTEN").await;
    control.call(&ChassisControl { action: PowerAction::POWER_CYCLE }).await.unwrap();
    read_until(&mut viewer, "DEPLOY: READY").await;
    viewer.type_characters(b"w");
    read_until(&mut viewer, "DEPLOY: IMAGE WRITTEN").await;
    tokio::time::timeout(Duration::from_secs(5), viewer.deactivate_sol()).await.unwrap().unwrap();
    viewer.close().await;
    control.close().await;
    assert!(demo.terminate());
}
