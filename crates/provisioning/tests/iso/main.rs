//! The CD-ROM, booted by QEMU: it tries the network, then reboots, and never boots the disk (`lab.md §2`).
//!
//! Software emulation with a clock that runs ahead (`-icount`, `lab.md §3`), so that the prompts cost nothing. The disk beside
//! the CD-ROM would boot, and says so: an image that leaves iPXE is noticed by that.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    clippy::disallowed_methods,
    reason = "tests"
)]

mod vm;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use provisioning::{Attempt, IpxeScript, IsoIngredients, UefiIngredients};

use vm::{Network, Vm};

/// What the disk's boot sector prints.
const DISK_BOOTED: &str = "THE DISK BOOTED";

/// What each start of iPXE prints.
const IPXE: &str = "iPXE initialising devices";

/// Whether everything is there; says what is missing in the way that `tests/run` collects.
fn installed(files: &[(&str, &str)], programs: &[(&str, &str)]) -> bool {
    let found = |program: &str| {
        std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
            .any(|folder| folder.join(program).exists())
    };
    let files = files.iter().filter(|(file, _)| !Path::new(file).exists());
    let missing = files.chain(programs.iter().filter(|(program, _)| !found(program))).next();
    if let Some((what, package)) = missing {
        println!("SKIPPED: the boot CD-ROM in QEMU: {what} is missing (package {package})");
    }
    missing.is_none()
}

fn bios_installed() -> bool {
    installed(
        &[
            ("/usr/lib/ipxe/ipxe.lkrn", "ipxe"),
            ("/usr/lib/ISOLINUX/isolinux.bin", "isolinux"),
            ("/usr/lib/syslinux/modules/bios/ldlinux.c32", "syslinux-common"),
        ],
        &[("xorriso", "xorriso"), ("qemu-system-x86_64", "qemu-system-x86")],
    )
}

fn build(folder: &Path, script: &str) -> PathBuf {
    let image = folder.join("ipxe.iso");
    IsoIngredients::new(script.to_owned()).build(&image).unwrap();
    image
}

fn script() -> String {
    IpxeScript::default().text().unwrap()
}

/// A folder with a boot program that says so and returns.
fn boot_server(folder: &Path) -> PathBuf {
    let served = folder.join("tftp");
    fs::create_dir(&served).unwrap();
    fs::write(served.join("boot.ipxe"), "#!ipxe\necho THE NETWORK BOOTED\n").unwrap();
    served
}

#[test]
fn without_a_network_it_reboots_again_and_again() {
    if !bios_installed() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut vm = Vm::start(&build(folder.path(), &script()), DISK_BOOTED, Network::None);
    let said = vm.wait(|said| said.matches(IPXE).count() >= 3 || said.contains(DISK_BOOTED));
    assert!(!said.contains(DISK_BOOTED), "{said}");
    assert!(said.contains("Nothing was booted from the network"), "{said}");
    assert!(said.contains("Press any key to reboot now"), "{said}");
}

#[test]
fn a_network_without_a_boot_file_is_tried_before_the_reboot() {
    if !bios_installed() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut vm = Vm::start(&build(folder.path(), &script()), DISK_BOOTED, Network::Addresses);
    let said = vm.wait(|said| said.matches(IPXE).count() >= 2 || said.contains(DISK_BOOTED));
    assert!(!said.contains(DISK_BOOTED), "{said}");
    assert!(said.contains("Configuring [dhcp] (net0") && said.contains(" ok"), "{said}");
}

#[test]
fn what_the_network_offers_is_booted_and_when_it_returns_the_machine_reboots() {
    if !bios_installed() {
        return;
    }
    for attempt in [Attempt::Interfaces(vec![0]), Attempt::Autoboot] {
        let folder = tempfile::tempdir().unwrap();
        let served = boot_server(folder.path());
        let script = IpxeScript { attempt, ..IpxeScript::default() }.text().unwrap();
        let network = Network::BootFile(served, "boot.ipxe");
        let mut vm = Vm::start(&build(folder.path(), &script), DISK_BOOTED, network);
        let said =
            vm.wait(|said| said.matches("THE NETWORK BOOTED").count() >= 2 || said.contains(DISK_BOOTED));
        assert!(!said.contains(DISK_BOOTED), "{said}");
        assert!(said.matches(IPXE).count() >= 2, "{said}");
    }
}

#[test]
fn interfaces_are_tried_in_the_order_that_was_asked_for() {
    if !bios_installed() {
        return;
    }
    for (order, first_tried) in [(vec![0, 1], "net0"), (vec![1, 0], "net1")] {
        let folder = tempfile::tempdir().unwrap();
        let served = boot_server(folder.path());
        let script = IpxeScript { attempt: Attempt::Interfaces(order), ..IpxeScript::default() };
        let network = Network::BootFileBehindSilence(served, "boot.ipxe");
        let image = build(folder.path(), &script.text().unwrap());
        let mut vm = Vm::start(&image, DISK_BOOTED, network);
        let said = vm.wait(|said| said.contains("THE NETWORK BOOTED") || said.contains(DISK_BOOTED));
        assert!(!said.contains(DISK_BOOTED), "{said}");
        let tried = said.split("Configuring [dhcp] (").nth(1).unwrap();
        assert!(tried.starts_with(first_tried), "{said}");
    }
}

#[test]
fn interface_that_did_not_boot_is_no_way_for_the_next() {
    if !bios_installed() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let network = Network::BootFileBehindAddresses(boot_server(folder.path()), "boot.ipxe");
    let mut vm = Vm::start(&build(folder.path(), &script()), DISK_BOOTED, network);
    let said = vm.wait(|said| said.contains("THE NETWORK BOOTED") || said.matches(IPXE).count() >= 2);
    assert!(said.contains("THE NETWORK BOOTED"), "{said}");
}

#[test]
fn a_key_gives_a_shell_and_the_shell_goes_back_to_the_script() {
    if !bios_installed() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    // In the guest's own time, which runs ahead, a person would be late.
    let script = IpxeScript { shell_prompt: Duration::from_secs(3600), ..IpxeScript::default() };
    let mut vm = Vm::start(&build(folder.path(), &script.text().unwrap()), DISK_BOOTED, Network::None);
    vm.wait(|said| said.contains("Press Ctrl-B"));
    vm.press(b"\x02");
    vm.wait(|said| said.contains("iPXE>"));
    vm.press(b"exit\n");
    let said = vm.wait(|said| said.contains("Nothing was booted") || said.contains(DISK_BOOTED));
    assert!(!said.contains(DISK_BOOTED), "{said}");
}

/// Shows that the tests above would notice.
#[test]
fn a_script_that_exits_boots_the_disk() {
    if !bios_installed() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let broken = script().replace("\nreboot\n", "\nexit\n");
    let mut vm = Vm::start(&build(folder.path(), &broken), DISK_BOOTED, Network::None);
    let said = vm.wait(|said| said.matches(IPXE).count() >= 3 || said.contains(DISK_BOOTED));
    assert!(said.contains(DISK_BOOTED), "{said}");
}

#[test]
fn the_same_ingredients_give_the_same_image() {
    if !bios_installed() {
        return;
    }
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let images = [&one, &two].map(|folder| fs::read(build(folder.path(), &script())).unwrap());
    assert!(images[0] == images[1], "two images differ");
    let other = fs::read(build(one.path(), &script().replace("30000", "29999"))).unwrap();
    assert!(images[0] != other, "the script is on the image");
}

#[test]
fn a_missing_ingredient_is_named_with_its_package() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("ipxe.iso");
    let refused = |ingredients: IsoIngredients| {
        let error = ingredients.build(&image).unwrap_err().to_string();
        assert!(!image.exists(), "half an image is none");
        error
    };
    let nowhere = folder.path().join("nowhere");
    let usual = || IsoIngredients::new(script());
    let error = refused(IsoIngredients { ipxe: nowhere.clone(), ..usual() });
    assert!(error.contains("install the package ipxe") && error.contains("nowhere"), "{error}");
    if !bios_installed() {
        return;
    }
    let error = refused(IsoIngredients { xorriso: nowhere.clone(), ..usual() });
    assert!(error.contains("comes with the package xorriso"), "{error}");
    let error = refused(IsoIngredients { xorriso: "false".into(), ..usual() });
    assert!(error.contains("false failed with exit status: 1"), "{error}");
    let uefi = UefiIngredients { grub_modules: nowhere, ..UefiIngredients::default() };
    let error = refused(IsoIngredients { uefi: Some(uefi), ..usual() });
    assert!(error.contains("install the package grub-efi-amd64-bin"), "{error}");
}

#[test]
fn one_image_boots_on_uefi_too() {
    let more = installed(
        &[
            ("/usr/lib/ipxe/ipxe.efi", "ipxe"),
            ("/usr/lib/grub/x86_64-efi/chain.mod", "grub-efi-amd64-bin"),
            (vm::FIRMWARE, "ovmf"),
        ],
        &[("grub-mkimage", "grub-common"), ("mformat", "mtools")],
    );
    if !(bios_installed() && more) {
        return;
    }
    let image = |folder: &Path| {
        let image = folder.join("ipxe.iso");
        let uefi = Some(UefiIngredients::default());
        IsoIngredients { uefi, ..IsoIngredients::new(script()) }.build(&image).unwrap();
        image
    };
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (first, second) = (image(one.path()), image(two.path()));
    assert!(fs::read(&first).unwrap() == fs::read(&second).unwrap(), "two images differ");

    let mut bios = Vm::start(&first, DISK_BOOTED, Network::None);
    let said = bios.wait(|said| said.matches(IPXE).count() >= 2 || said.contains(DISK_BOOTED));
    assert!(!said.contains(DISK_BOOTED), "{said}");

    let mut uefi = Vm::start_uefi(&second, DISK_BOOTED, Network::None);
    let said = uefi.wait(|said| said.matches(IPXE).count() >= 2 || said.contains("Shell>"));
    assert!(said.matches(IPXE).count() >= 2, "{said}");
}
