//! The command line of one QEMU.

use std::path::{Path, PathBuf};

use super::execution::Execution;
use super::folder::Folder;
use super::hardware::{Controller, Drive, Hardware, Interface, Medium};
use super::options::{Network, QemuOptions};
use crate::id::VmId;

/// The arguments for a machine whose drives have these files, in the same order; a CD-ROM drive without a file is
/// empty.
pub(super) fn of(
    vm: VmId,
    hardware: &Hardware,
    files: &[Option<PathBuf>],
    folder: &Folder,
    execution: Execution,
    options: &QemuOptions,
) -> Vec<String> {
    let mut line = Line::default();
    line.words.extend(execution.arguments().map(str::to_owned));
    line.option("-name", value(&hardware.name)).option("-smp", hardware.cpus.to_string());
    line.option("-m", format!("{}M", hardware.memory_mib)).option("-rtc", "base=utc");
    // It waits for us to listen. A guest that turns itself off leaves the process to us, so that it can be
    // told from one that broke.
    line.add("-S").option("-action", "shutdown=pause").option("-action", "panic=none");
    // Only from drives, in the order that they are given.
    line.option("-boot", "strict=on").option("-pidfile", folder.pid().display().to_string());
    line.option("-chardev", format!("socket,id=control,path={}", escaped(&folder.control())));
    line.option("-mon", "chardev=control,mode=control");
    line.option("-qmp", format!("unix:{},server=on,wait=off", escaped(&folder.observer())));
    line.option(
        "-chardev",
        format!(
            "socket,id=console,path={},server=on,wait=off,logfile={},logappend=on",
            escaped(folder.console()),
            escaped(&folder.console_log())
        ),
    );
    line.option("-serial", "chardev:console");
    line.option("-device", "virtio-rng-pci").option("-device", "pvpanic");
    if hardware.drives.iter().any(|drive| drive.controller == Controller::Scsi) {
        line.option("-device", "virtio-scsi-pci,id=scsi");
    }
    for (number, (drive, file)) in hardware.drives.iter().zip(files).enumerate() {
        line.drive(number, drive, file.as_deref());
    }
    for (number, interface) in hardware.interfaces.iter().enumerate() {
        line.interface(vm, number, hardware, interface, &options.network(&interface.name));
    }
    line.words.extend(options.extra_arguments.iter().cloned());
    line.words
}

#[derive(Default)]
struct Line {
    words: Vec<String>,
}

impl Line {
    fn add(&mut self, word: &str) -> &mut Self {
        self.words.push(word.to_owned());
        self
    }

    fn option(&mut self, name: &str, value: impl Into<String>) -> &mut Self {
        self.words.extend([name.to_owned(), value.into()]);
        self
    }

    fn drive(&mut self, number: usize, drive: &Drive, file: Option<&Path>) {
        let (kind, bus) = match (drive.medium, drive.controller) {
            (Medium::Cdrom, Controller::Ide | Controller::Virtio) => ("ide-cd", ""),
            (Medium::Cdrom, Controller::Scsi) => ("scsi-cd", ",bus=scsi.0"),
            (Medium::Disk { .. }, Controller::Ide) => ("ide-hd", ""),
            (Medium::Disk { .. }, Controller::Virtio) => ("virtio-blk-pci", ""),
            (Medium::Disk { .. }, Controller::Scsi) => ("scsi-hd", ",bus=scsi.0"),
        };
        let mut device = format!("{kind}{bus},serial={}", value(&drive.id));
        if let Some(file) = file {
            let medium = match drive.medium {
                Medium::Disk { .. } => "format=qcow2,discard=unmap",
                Medium::Cdrom => "media=cdrom,readonly=on,format=raw",
            };
            self.option("-drive", format!("if=none,id=drive{number},{medium},file={}", escaped(file)));
            device.push_str(&format!(",drive=drive{number}"));
        }
        if drive.bootable {
            device.push_str(&format!(",bootindex={}", number + 1));
        }
        self.option("-device", device);
    }

    fn interface(
        &mut self,
        vm: VmId,
        number: usize,
        hardware: &Hardware,
        interface: &Interface,
        network: &Network,
    ) {
        let backend = match network {
            Network::User { options } => Some(user_network(number, options)),
            Network::Bridge { name } => Some(format!("bridge,br={}", value(name))),
            Network::Tap { pattern } => {
                let name = pattern.replace("{name}", &hardware.name).replace("{id}", &vm.to_string());
                Some(format!("tap,ifname={},script=no,downscript=no", value(&name)))
            }
            Network::Unplugged => None,
        };
        // The card's own boot program stays out: a VM of the cloud netboots from its CD-ROM.
        let mut device = format!("{},romfile=", interface.model);
        if let Some(backend) = backend {
            let (kind, rest) = backend.split_once(',').unwrap_or((&backend, ""));
            let comma = if rest.is_empty() { "" } else { "," };
            self.option("-netdev", format!("{kind},id=net{number}{comma}{rest}"));
            device.push_str(&format!(",netdev=net{number}"));
        }
        if let Some(mac) = &interface.mac {
            device.push_str(&format!(",mac={}", value(mac)));
        }
        self.option("-device", device);
    }
}

/// A network in user space. QEMU gives the same addresses to all, and a guest with two of them would not know which way is
/// which: so each interface of a VM has addresses of its own.
fn user_network(number: usize, options: &str) -> String {
    let mut network = "user".to_owned();
    if number > 0 && !options.split(',').any(|option| option.starts_with("net=")) {
        network.push_str(&format!(",net=10.0.{}.0/24", (number + 2).min(255)));
    }
    if !options.is_empty() {
        network.push(',');
        network.push_str(options);
    }
    network
}

/// A value in a list that is separated by commas.
fn value(text: &str) -> String {
    text.replace(',', ",,")
}

fn escaped(path: &Path) -> String {
    value(&path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::guest::BootedFrom;

    fn arguments(device: BootedFrom, change: impl FnOnce(&mut QemuOptions)) -> String {
        let vm = json!({
            "name": "node1", "numCpus": 2, "memorySize": { "value": 1, "unit": "GB" },
            "hardDrives": [
                { "id": 30, "index": 1, "type": "CDROM", "controller": "ide", "boot": true },
                { "id": 10, "index": 0, "type": "DISK", "controller": "virtio", "boot": device == BootedFrom::Disk,
                  "size": { "value": 60, "unit": "GB" } },
            ],
            "networkConnections": [
                { "name": "eth0", "device": { "index": 0, "generatedMac": "2c:c2:60:00:00:01" } },
                { "name": "eth1", "device": { "index": 1, "generatedMac": "2c:c2:60:00:00:02" } },
            ],
        });
        let mut options = QemuOptions::in_folder("/vms");
        change(&mut options);
        let hardware = Hardware::of(vm.as_object().unwrap(), device, &options);
        let files: Vec<_> = hardware
            .drives
            .iter()
            .map(|drive| {
                Some(PathBuf::from(if drive.medium == Medium::Cdrom {
                    "/i,pxe.iso"
                } else {
                    "/vms/7/d.qcow2"
                }))
            })
            .collect();
        of(VmId(7), &hardware, &files, &Folder::of(VmId(7), &options), Execution::SOFTWARE, &options)
            .join(" ")
    }

    #[test]
    fn boot_device_becomes_the_boot_order() {
        let disk = arguments(BootedFrom::Disk, |_| {});
        assert!(disk.contains("virtio-blk-pci,serial=10,drive=drive0,bootindex=1"), "{disk}");
        assert!(disk.contains("ide-cd,serial=30,drive=drive1,bootindex=2"), "{disk}");
        let network = arguments(BootedFrom::Network, |_| {});
        assert!(network.contains("ide-cd,serial=30,drive=drive0,bootindex=1"), "{network}");
        assert!(network.contains("virtio-blk-pci,serial=10,drive=drive1,bootindex=2"), "{network}");
        assert!(!arguments(BootedFrom::Nothing, |_| {}).contains("bootindex"));
    }

    #[test]
    fn commas_in_paths_are_doubled() {
        let line = arguments(BootedFrom::Disk, |_| {});
        assert!(line.contains("media=cdrom,readonly=on,format=raw,file=/i,,pxe.iso"), "{line}");
    }

    #[test]
    fn serial_port_is_a_socket_whose_log_outlives_a_power_cycle() {
        let line = arguments(BootedFrom::Disk, |_| {});
        let console = "path=/vms/consoles/7.sock,server=on,wait=off,logfile=/vms/7/console.log,logappend=on";
        assert!(line.contains(console), "{line}");
    }

    #[test]
    fn interfaces_are_connected_as_the_operator_says() {
        let usual = arguments(BootedFrom::Disk, |_| {});
        assert!(usual.contains(
            "-netdev user,id=net0 -device virtio-net-pci,romfile=,netdev=net0,mac=2c:c2:60:00:00:01"
        ));
        assert!(usual.contains("-netdev user,id=net1,net=10.0.3.0/24 -device"), "other addresses: {usual}");
        let own = arguments(BootedFrom::Disk, |options| {
            options.networks = vec!["user,restrict=on,net=192.0.2.0/24".parse().unwrap()];
        });
        assert!(own.contains("-netdev user,id=net1,restrict=on,net=192.0.2.0/24"), "{own}");
        let chosen = arguments(BootedFrom::Disk, |options| {
            let networks = ["eth0=bridge:br0", "tap:t-{name}-{id}"];
            options.networks = networks.iter().map(|text| text.parse().unwrap()).collect();
        });
        assert!(chosen.contains("-netdev bridge,id=net0,br=br0"), "{chosen}");
        assert!(chosen.contains("-netdev tap,id=net1,ifname=t-node1-7,script=no,downscript=no"), "{chosen}");
        let unplugged =
            arguments(BootedFrom::Disk, |options| options.networks = vec!["none".parse().unwrap()]);
        assert!(!unplugged.contains("-netdev"), "{unplugged}");
        assert!(unplugged.contains("virtio-net-pci,romfile=,mac=2c:c2:60:00:00:02"), "{unplugged}");
    }

    #[test]
    fn arguments_of_the_operator_come_last() {
        let more = |options: &mut QemuOptions| {
            options.extra_arguments = vec!["-icount".to_owned(), "shift=6,sleep=off".to_owned()];
        };
        assert!(arguments(BootedFrom::Disk, more).ends_with("-icount shift=6,sleep=off"));
    }
}
