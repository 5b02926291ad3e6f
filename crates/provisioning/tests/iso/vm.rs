//! A VM in QEMU with the CD-ROM first and a disk second, watched over its serial line.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// UEFI for QEMU.
pub(crate) const FIRMWARE: &str = "/usr/share/ovmf/OVMF.fd";

/// How long anything may take; five times what it takes alone on a small machine, and more for a busy one.
const BOUND: Duration = Duration::from_secs(240);

/// What the VM finds on its network.
pub(crate) enum Network {
    /// It has no interface.
    None,
    /// DHCP without a boot file.
    Addresses,
    /// DHCP with a boot file, which TFTP serves from a folder.
    BootFile(PathBuf, &'static str),
    /// The same on the second interface; on the first nobody answers.
    BootFileBehindSilence(PathBuf, &'static str),
    /// The same on the second interface; on the first there is DHCP without a boot file, with the same addresses.
    BootFileBehindAddresses(PathBuf, &'static str),
}

pub(crate) struct Vm {
    process: Child,
    keyboard: ChildStdin,
    output: Receiver<Vec<u8>>,
    said: String,
    _disk: tempfile::NamedTempFile,
}

impl Vm {
    /// With BIOS, whose text SeaBIOS copies to the serial line.
    pub(crate) fn start(cdrom: &Path, disk_says: &str, network: Network) -> Self {
        Self::start_with(&["-m", "128", "-machine", "pc,graphics=off"], cdrom, disk_says, network)
    }

    /// With UEFI, which speaks on the serial line by itself.
    pub(crate) fn start_uefi(cdrom: &Path, disk_says: &str, network: Network) -> Self {
        let machine = ["-m", "256", "-machine", "pc", "-bios", FIRMWARE];
        Self::start_with(&machine, cdrom, disk_says, network)
    }

    fn start_with(machine: &[&str], cdrom: &Path, disk_says: &str, network: Network) -> Self {
        let mut disk = tempfile::NamedTempFile::new().unwrap();
        disk.write_all(&bootable_disk(disk_says)).unwrap();
        let mut command = Command::new("qemu-system-x86_64");
        command
            .args([
                "-nodefaults",
                "-no-user-config",
                "-accel",
                "tcg",
                "-icount",
                "shift=6,sleep=off",
                "-smp",
                "1",
            ])
            .args(machine)
            .args(["-display", "none", "-vga", "none", "-serial", "stdio"])
            .arg("-drive")
            .arg(format!("if=none,id=hd,format=raw,file={}", disk.path().display()))
            .args(["-device", "virtio-blk-pci,drive=hd,bootindex=2"])
            .arg("-drive")
            .arg(format!("if=none,id=cd,media=cdrom,readonly=on,format=raw,file={}", cdrom.display()))
            .args(["-device", "ide-cd,drive=cd,bootindex=1"]);
        // `restrict`: the guest reaches nobody but QEMU itself.
        let first = match network {
            Network::BootFileBehindSilence(..) => Some("hubport,id=first,hubid=1"),
            Network::BootFileBehindAddresses(..) => Some("user,id=first,restrict=on"),
            Network::None | Network::Addresses | Network::BootFile(..) => None,
        };
        if let Some(first) = first {
            command.args(["-netdev", first]);
            command.args(["-device", "virtio-net-pci,netdev=first,romfile=,addr=0x3"]);
        }
        let user = match network {
            Network::None => None,
            Network::Addresses => Some("user,id=n0,restrict=on".to_owned()),
            Network::BootFile(folder, file) | Network::BootFileBehindSilence(folder, file) => {
                Some(format!("user,id=n0,restrict=on,tftp={},bootfile={file}", folder.display()))
            }
            // With a gateway, so that iPXE would rather take the other way to the same address.
            Network::BootFileBehindAddresses(folder, file) => {
                Some(format!("user,id=n0,tftp={},bootfile={file}", folder.display()))
            }
        };
        match user {
            // Without `romfile=` the card would boot by itself.
            Some(user) => command.args(["-netdev", &user, "-device", "virtio-net-pci,netdev=n0,romfile="]),
            None => command.args(["-net", "none"]),
        };
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let keyboard = process.stdin.take().unwrap();
        let mut serial = process.stdout.take().unwrap();
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = serial.read(&mut buffer) {
                if sender.send(buffer[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { process, keyboard, output, said: String::new(), _disk: disk }
    }

    /// Waits until what was said so far is enough, and returns it.
    pub(crate) fn wait(&mut self, enough: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + BOUND;
        while !enough(&self.said) {
            match self.output.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.said.push_str(&String::from_utf8_lossy(&bytes)),
                Err(RecvTimeoutError::Timeout) => {
                    panic!("nothing more within {BOUND:?} after:\n{}", self.said)
                }
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("QEMU ended: {:?}, after:\n{}", self.process.wait(), self.said)
                }
            }
        }
        self.said.clone()
    }

    /// Types on the serial line.
    pub(crate) fn press(&mut self, keys: &[u8]) {
        self.keyboard.write_all(keys).unwrap();
        self.keyboard.flush().unwrap();
    }
}

impl Drop for Vm {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A disk of one MiB whose boot sector prints a text and stops.
fn bootable_disk(text: &str) -> Vec<u8> {
    let mut sector = vec![
        0x31, 0xc0, // xor ax, ax
        0x8e, 0xd8, // mov ds, ax
        0xbe, 0x15, 0x7c, // mov si, the text
        0xac, // lodsb
        0x84, 0xc0, // test al, al
        0x74, 0x06, // jz to the end
        0xb4, 0x0e, // mov ah, 0x0e
        0xcd, 0x10, // int 0x10: prints al
        0xeb, 0xf5, // jmp to lodsb
        0xf4, // hlt
        0xeb, 0xfd, // jmp to hlt
    ];
    sector.extend(text.bytes());
    sector.resize(510, 0);
    sector.extend([0x55, 0xaa]);
    sector.resize(1 << 20, 0);
    sector
}
