//! How the platform chooses what a VM boots from (`ravello-api.md §9`).
//!
//! | way | disk | network | seen |
//! |---|---|---|---|
//! | boot flag | `boot: true` on a DISK | `boot: false` on every DISK | 2015 |
//! | boot order | DISK before CDROM | CDROM before DISK | 2018 |
//!
//! Several drives can be marked at once, and a marked disk goes before the CD-ROM. So a VM boots from disk if
//! *any* of its disks is marked; for the network the mark is taken from all of them; for the disk it is given
//! to the one of the lowest index. The CD-ROM keeps its mark.

use std::borrow::Cow;

use machine::BootDevice;

use crate::document::{Vm, VmEditor};

const DISK: &str = "DISK";
const CDROM: &str = "CDROM";

/// What the platform looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum BootSelection {
    /// The boot flag of the DISKs.
    #[default]
    Flag,
    /// The boot order.
    Order,
    /// Either: both are written alike. Where they contradict each other, which only somebody else can have
    /// done, the flag is believed.
    Both,
}

/// A VM has no drive of type DISK, so it cannot be told to boot from one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("VM {name} has no drive of type DISK to boot from")]
pub struct NoDisk {
    /// The VM's name.
    pub name: String,
}

impl BootSelection {
    /// What a VM boots from. Without a disk that is the network, whatever the other fields say.
    pub fn read(self, vm: Vm<'_>) -> BootDevice {
        let mut disks = vm.hard_drives().filter(|drive| drive.is_disk()).peekable();
        if disks.peek().is_none() {
            return BootDevice::Network;
        }
        let from_disk = match self {
            Self::Flag | Self::Both => disks.any(|disk| disk.is_bootable()),
            // Without an order the firmware tries the disk first.
            Self::Order => {
                vm.boot_order().into_iter().find(|kind| is_choice(kind)).is_none_or(|kind| kind == DISK)
            }
        };
        if from_disk { BootDevice::Disk } else { BootDevice::Network }
    }

    /// Makes a VM boot from a device. What already says so is not touched.
    ///
    /// # Errors
    /// [`NoDisk`] when it shall boot from a disk and has none.
    pub fn write(self, vm: &mut VmEditor<'_>, device: BootDevice) -> Result<(), NoDisk> {
        if vm.view().boot_disk().is_none() {
            return match device {
                BootDevice::Disk => Err(NoDisk { name: vm.view().name().into_owned() }),
                BootDevice::Network => Ok(()),
            };
        }
        for way in self.ways() {
            way.write_one(vm, device);
        }
        Ok(())
    }

    /// Makes one VM choose its boot device as another one does, way by way. Used to look at two VMs apart from
    /// their boot devices.
    pub(crate) fn align(self, vm: &mut VmEditor<'_>, model: Vm<'_>) {
        for way in self.ways() {
            way.write_one(vm, way.read(model));
        }
    }

    const fn ways(self) -> &'static [Self] {
        match self {
            Self::Flag => &[Self::Flag],
            Self::Order => &[Self::Order],
            Self::Both => &[Self::Flag, Self::Order],
        }
    }

    fn write_one(self, vm: &mut VmEditor<'_>, device: BootDevice) {
        if self.read(vm.view()) == device {
            return;
        }
        match self {
            Self::Flag | Self::Both => match device {
                BootDevice::Disk => vm.mark_boot_disk(),
                BootDevice::Network => vm.unmark_disks(),
            },
            Self::Order => {
                let first = match device {
                    BootDevice::Disk => DISK,
                    BootDevice::Network => CDROM,
                };
                let mut order: Vec<String> =
                    vm.view().boot_order().into_iter().map(Cow::into_owned).collect();
                if !order.iter().any(|kind| kind == DISK) {
                    order.push(DISK.to_owned());
                }
                let behind = order.iter().map(String::as_str).filter(|kind| *kind != first);
                vm.set_boot_order(std::iter::once(first).chain(behind));
            }
        }
    }
}

fn is_choice(kind: &str) -> bool {
    kind == DISK || kind == CDROM
}

#[cfg(test)]
mod tests {
    use machine::BootDevice::{self, Disk, Network};
    use proptest::prelude::*;

    use super::BootSelection::{self, Both, Flag, Order};
    use super::NoDisk;
    use crate::document::VmDocument;
    use crate::json::Json;

    const ALL: [BootSelection; 3] = [Flag, Order, Both];

    fn vm(flag: Option<bool>, order: &[&str]) -> VmDocument {
        let flag = flag.map_or_else(String::new, |flag| format!(r#","boot":{flag}"#));
        let order: Vec<_> = order.iter().map(|kind| format!("\"{kind}\"")).collect();
        document(&format!(
            concat!(
                r#"{{"id":7,"hardDrives":[{{"index":1,"type":"CDROM","boot":true}},"#,
                r#"{{"index":2,"type":"DISK","boot":false}},{{"index":0,"type":"DISK"{}}}],"bootOrder":[{}]}}"#
            ),
            flag,
            order.join(",")
        ))
    }

    fn document(text: &str) -> VmDocument {
        VmDocument::new(Json::parse(text.as_bytes()).unwrap())
    }

    #[test]
    fn what_a_vm_boots_from_depends_on_the_selection() {
        let cases = [
            (Some(true), &["DISK", "CDROM"][..], Disk, Disk),
            (Some(true), &["CDROM", "DISK"], Disk, Network),
            (Some(false), &["DISK", "CDROM"], Network, Disk),
            (None, &["CDROM"], Network, Network),
            (None, &[], Network, Disk),
            (Some(true), &["FLOPPY", "CDROM", "DISK"], Disk, Network),
        ];
        for (flag, order, by_flag, by_order) in cases {
            let vm = vm(flag, order);
            assert_eq!(Flag.read(vm.view()), by_flag, "{vm:?}");
            assert_eq!(Both.read(vm.view()), by_flag, "{vm:?}");
            assert_eq!(Order.read(vm.view()), by_order, "{vm:?}");
        }
    }

    #[test]
    fn each_way_writes_its_own_field_only() {
        for (selection, flag, order) in [(Flag, true, "CD"), (Order, false, "DC"), (Both, true, "DC")] {
            let mut changed = vm(Some(false), &["CDROM", "DISK"]);
            selection.write(&mut changed.edit(), Disk).unwrap();
            let order: &[&str] = if order == "DC" { &["DISK", "CDROM"] } else { &["CDROM", "DISK"] };
            assert_eq!(changed, vm(Some(flag), order), "{selection:?}");
        }
    }

    #[test]
    fn a_second_disk_that_is_marked_would_be_booted_so_it_loses_its_mark() {
        let drives = |first: bool, second: bool| {
            document(&format!(
                concat!(
                    r#"{{"hardDrives":[{{"index":1,"type":"DISK","boot":{}}},{{"type":"CDROM","boot":true}},"#,
                    r#"{{"index":0,"type":"DISK","boot":{}}}]}}"#
                ),
                second, first
            ))
        };
        let mut vm = drives(false, true);
        assert_eq!(Flag.read(vm.view()), Disk);
        Flag.write(&mut vm.edit(), Network).unwrap();
        assert_eq!(vm, drives(false, false));
        Flag.write(&mut vm.edit(), Disk).unwrap();
        assert_eq!(vm, drives(true, false));
    }

    #[test]
    fn a_missing_order_is_written_in_full() {
        let mut changed = vm(Some(true), &[]);
        Order.write(&mut changed.edit(), Network).unwrap();
        assert_eq!(changed, vm(Some(true), &["CDROM", "DISK"]));
    }

    #[test]
    fn other_entries_of_the_order_stay() {
        let mut changed = vm(Some(true), &["FLOPPY", "CDROM", "DISK", "USB"]);
        Order.write(&mut changed.edit(), Disk).unwrap();
        assert_eq!(changed, vm(Some(true), &["DISK", "FLOPPY", "CDROM", "USB"]));
    }

    #[test]
    fn a_vm_without_disk_boots_the_network_and_cannot_be_told_otherwise() {
        for selection in ALL {
            let text = r#"{"id":7,"name":"diskless","hardDrives":[{"type":"CDROM","boot":true}],"bootOrder":["DISK"]}"#;
            let mut vm = document(text);
            assert_eq!(selection.read(vm.view()), Network);
            assert_eq!(selection.write(&mut vm.edit(), Disk), Err(NoDisk { name: "diskless".to_owned() }));
            selection.write(&mut vm.edit(), Network).unwrap();
            assert_eq!(vm.json().to_string(), text);
        }
    }

    fn any_vm() -> impl Strategy<Value = VmDocument> {
        let kinds = prop::sample::select(vec!["DISK", "CDROM", "FLOPPY"]);
        (any::<Option<bool>>(), prop::collection::vec(kinds, 0..4)).prop_map(|(flag, order)| vm(flag, &order))
    }

    fn any_device() -> impl Strategy<Value = BootDevice> {
        prop::sample::select(vec![Disk, Network])
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_back(
            mut vm in any_vm(), selection in prop::sample::select(ALL.to_vec()), device in any_device(),
        ) {
            selection.write(&mut vm.edit(), device).unwrap();
            prop_assert_eq!(selection.read(vm.view()), device);
            if selection == Both {
                prop_assert_eq!(Order.read(vm.view()), device);
            }
        }

        #[test]
        fn writing_what_holds_changes_nothing(
            mut vm in any_vm(), selection in prop::sample::select(ALL.to_vec()), device in any_device(),
        ) {
            selection.write(&mut vm.edit(), device).unwrap();
            let before = vm.clone();
            selection.write(&mut vm.edit(), device).unwrap();
            prop_assert_eq!(vm, before);
        }
    }
}
