//! The hardware that a VM's document describes (`ravello-api.md §7.1`, `§9`).

use serde_json::{Map, Value};

use super::options::QemuOptions;
use crate::document::number::integer;
use crate::document::{id_of, parts};
use crate::guest::BootedFrom;

const MIB: u64 = 1024 * 1024;

/// What a VM has that a document says nothing of, in processors and in MiB.
const USUAL_CPUS: u32 = 1;
const USUAL_MEMORY_MIB: u64 = 1024;

/// A machine to be powered on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hardware {
    pub(super) name: String,
    pub(super) cpus: u32,
    pub(super) memory_mib: u64,
    /// In the order in which they are tried at boot.
    pub(super) drives: Vec<Drive>,
    pub(super) interfaces: Vec<Interface>,
}

/// A disk or a CD-ROM drive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Drive {
    /// Its identifier, which names its file.
    pub(super) id: String,
    pub(super) medium: Medium,
    pub(super) controller: Controller,
    /// The image that it is made from: by name, by identifier.
    pub(super) images: Vec<String>,
    /// Whether the machine may boot from it.
    pub(super) bootable: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Medium {
    Disk { bytes: u64 },
    Cdrom,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Controller {
    Ide,
    Virtio,
    /// All kinds of SCSI: what the guest sees is virtio-scsi.
    Scsi,
}

/// A network interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interface {
    pub(super) name: String,
    pub(super) mac: Option<String>,
    /// QEMU's name of the device.
    pub(super) model: &'static str,
}

impl Hardware {
    /// The hardware of a published VM that boots from `device`.
    pub(super) fn of(vm: &Map<String, Value>, device: BootedFrom, options: &QemuOptions) -> Self {
        let cpus = number(vm, "numCpus").and_then(|cpus| u32::try_from(cpus).ok()).unwrap_or(USUAL_CPUS);
        let memory = size(vm, "memorySize").map_or(USUAL_MEMORY_MIB, |bytes| bytes / MIB);
        Self {
            name: text(vm, "name").unwrap_or("vm").to_owned(),
            cpus: cpus.min(options.most_cpus.unwrap_or(cpus)).max(1),
            memory_mib: memory.min(options.most_memory_mib.unwrap_or(memory)).max(1),
            drives: drives(vm, device),
            interfaces: interfaces(vm),
        }
    }
}

fn drives(vm: &Map<String, Value>, device: BootedFrom) -> Vec<Drive> {
    let mut found: Vec<&Map<String, Value>> = parts(vm, "hardDrives").collect();
    found.sort_by_key(|drive| {
        let disk = is_disk(drive);
        let flagged = drive.get("boot").and_then(Value::as_bool) == Some(true);
        (disk != (device == BootedFrom::Disk), disk && !flagged, number(drive, "index"))
    });
    let made = found.into_iter().map(|drive| {
        let medium = if is_disk(drive) {
            Medium::Disk { bytes: size(drive, "size").unwrap_or_default().max(MIB) }
        } else {
            Medium::Cdrom
        };
        let controller = match text(drive, "controller").map(str::to_ascii_lowercase).as_deref() {
            Some("ide") => Controller::Ide,
            None | Some("virtio") => Controller::Virtio,
            Some(_) => Controller::Scsi,
        };
        let image_id = drive.get("baseDiskImageId").and_then(integer).map(|id| id.to_string());
        let image_name = text(drive, "baseDiskImageName").map(str::to_owned);
        Drive {
            id: id_of(drive).unwrap_or_default().to_string(),
            medium,
            controller,
            images: image_name.into_iter().chain(image_id).collect(),
            bootable: device != BootedFrom::Nothing,
        }
    });
    made.collect()
}

fn interfaces(vm: &Map<String, Value>) -> Vec<Interface> {
    let none = Map::new();
    let device = |connection: &Map<String, Value>| {
        connection.get("device").and_then(Value::as_object).unwrap_or(&none).clone()
    };
    let mut found: Vec<_> =
        parts(vm, "networkConnections").map(|connection| (device(connection), connection)).collect();
    found.sort_by_key(|(device, _)| number(device, "index"));
    let made = found.into_iter().map(|(device, connection)| Interface {
        name: text(connection, "name").unwrap_or_default().to_owned(),
        mac: text(&device, "mac").or_else(|| text(&device, "generatedMac")).map(str::to_owned),
        model: match text(&device, "deviceType").map(str::to_ascii_lowercase).as_deref() {
            Some("e1000") => "e1000",
            Some("e1000e") => "e1000e",
            Some("vmxnet3") => "vmxnet3",
            Some("rtl8139") => "rtl8139",
            _ => "virtio-net-pci",
        },
    });
    made.collect()
}

fn is_disk(drive: &Map<String, Value>) -> bool {
    text(drive, "type") != Some("CDROM")
}

fn text<'a>(document: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    document.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn number(document: &Map<String, Value>, key: &str) -> Option<u64> {
    document.get(key).and_then(integer)
}

/// A size in bytes.
fn size(document: &Map<String, Value>, key: &str) -> Option<u64> {
    let size = document.get(key)?.as_object()?;
    let unit = match text(size, "unit")? {
        "BYTE" => 1,
        "KB" => 1024,
        "MB" => MIB,
        "GB" => 1024 * MIB,
        "TB" => 1024 * 1024 * MIB,
        _ => return None,
    };
    number(size, "value")?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn vm() -> Map<String, Value> {
        let vm = json!({
            "name": "node1", "numCpus": 4, "memorySize": { "value": 8, "unit": "GB" },
            "hardDrives": [
                { "id": 30, "index": 2, "type": "CDROM", "controller": "ide", "baseDiskImageName": "ipxe.iso",
                  "baseDiskImageId": 77, "boot": true, "size": { "value": 672, "unit": "KB" } },
                { "id": 20, "index": 1, "type": "DISK", "controller": "LSI", "boot": false, "size": { "value": 2, "unit": "GB" } },
                { "id": 10, "index": 0, "type": "DISK", "controller": "virtio", "boot": true, "size": { "value": 60, "unit": "GB" } },
            ],
            "networkConnections": [
                { "name": "eth1", "device": { "index": 1, "deviceType": "e1000", "mac": "2c:c2:60:00:00:02", "generatedMac": "2c:c2:60:ff:ff:ff" } },
                { "name": "eth0", "device": { "index": 0, "deviceType": "virtio", "generatedMac": "2c:c2:60:00:00:01" } },
            ],
        });
        vm.as_object().unwrap().clone()
    }

    fn order(device: BootedFrom) -> Vec<(String, bool)> {
        let hardware = Hardware::of(&vm(), device, &QemuOptions::in_folder("/x"));
        hardware.drives.into_iter().map(|drive| (drive.id, drive.bootable)).collect()
    }

    #[test]
    fn boot_device_decides_which_drive_comes_first() {
        let ids = |ids: [&str; 3], bootable| ids.map(|id| (id.to_owned(), bootable)).to_vec();
        assert_eq!(order(BootedFrom::Disk), ids(["10", "20", "30"], true));
        assert_eq!(order(BootedFrom::Network), ids(["30", "10", "20"], true));
        assert!(order(BootedFrom::Nothing).iter().all(|(_, bootable)| !bootable));
    }

    #[test]
    fn document_says_what_the_machine_has() {
        let hardware = Hardware::of(&vm(), BootedFrom::Network, &QemuOptions::in_folder("/x"));
        assert_eq!((hardware.cpus, hardware.memory_mib), (4, 8192));
        assert_eq!(hardware.drives[0].medium, Medium::Cdrom);
        assert_eq!(hardware.drives[0].images, ["ipxe.iso", "77"]);
        assert_eq!(hardware.drives[1].medium, Medium::Disk { bytes: 60 * 1024 * MIB });
        assert_eq!(hardware.drives[2].controller, Controller::Scsi);
        let interfaces: Vec<_> = hardware
            .interfaces
            .iter()
            .map(|interface| (interface.name.as_str(), interface.mac.as_deref().unwrap(), interface.model))
            .collect();
        assert_eq!(
            interfaces,
            [("eth0", "2c:c2:60:00:00:01", "virtio-net-pci"), ("eth1", "2c:c2:60:00:00:02", "e1000")]
        );
    }

    #[test]
    fn limits_of_the_operator_are_kept() {
        let mut options = QemuOptions::in_folder("/x");
        options.most_cpus = Some(2);
        options.most_memory_mib = Some(512);
        let hardware = Hardware::of(&vm(), BootedFrom::Disk, &options);
        assert_eq!((hardware.cpus, hardware.memory_mib), (2, 512));
    }
}
