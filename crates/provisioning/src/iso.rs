//! The iPXE CD-ROM: ISOLINUX, iPXE and a script on one image, made by `xorriso` of the distribution's files (`lab.md §2`).
//!
//! ```text
//!   BIOS   ISOLINUX  →  iPXE with the script as its initrd          does what the script says
//!   UEFI   GRUB      →  iPXE without a script: its own autoboot     GRUB reboots when it comes back
//! ```
//!
//! UEFI is an option. The iPXE of today's distributions takes no script there, hence GRUB around it: the prompts and the order of
//! interfaces do not count, but the rule does: network or reboot, never the disk.
//!
//! The same files and the same script give the same image, byte by byte: all times are the first of 1980, or those of
//! `SOURCE_DATE_EPOCH`.
//!
//! This module does what the rest of the crate does not: it reads files and runs programs.

mod error;

pub use error::IsoError;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

/// The time of every file on the image, in seconds since 1970: the first that a FAT file system can express.
const ISO_TIME: u64 = 315_532_800;

/// What ISOLINUX does: it hands over to iPXE at once. Names are short enough for ISO 9660 without extensions.
const ISOLINUX_CONFIGURATION: &str =
    "DEFAULT ipxe\nPROMPT 0\nLABEL ipxe\n  KERNEL /ipxe.krn\n  INITRD /script.ipx\n";

/// What GRUB does: it starts iPXE, and whatever happens reboots.
const GRUB_CONFIGURATION: &str = "search --file --set=root /ipxe.efi\nchainloader /ipxe.efi\nboot\nreboot\n";

/// The modules of GRUB that this takes.
const GRUB_MODULES: [&str; 8] =
    ["boot", "chain", "fat", "iso9660", "part_gpt", "part_msdos", "reboot", "search"];

/// What an image is made of. The defaults are where Debian and Ubuntu keep these files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IsoIngredients {
    /// The script, from [`crate::IpxeScript`].
    pub script: String,
    /// iPXE as a Linux kernel.
    pub ipxe: PathBuf,
    /// The boot program of the CD-ROM.
    pub isolinux: PathBuf,
    /// The module that it always needs.
    pub ldlinux: PathBuf,
    /// The program that packs everything up.
    pub xorriso: PathBuf,
    /// What it takes to boot on UEFI too.
    pub uefi: Option<UefiIngredients>,
}

/// What it takes to boot on UEFI too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UefiIngredients {
    /// iPXE as a UEFI program.
    pub ipxe: PathBuf,
    /// The folder of GRUB's modules for `x86_64-efi`.
    pub grub_modules: PathBuf,
    /// The program that makes a GRUB of them.
    pub grub_mkimage: PathBuf,
}

impl IsoIngredients {
    /// With the distribution's files.
    pub fn new(script: String) -> Self {
        Self {
            script,
            ipxe: "/usr/lib/ipxe/ipxe.lkrn".into(),
            isolinux: "/usr/lib/ISOLINUX/isolinux.bin".into(),
            ldlinux: "/usr/lib/syslinux/modules/bios/ldlinux.c32".into(),
            xorriso: "xorriso".into(),
            uefi: None,
        }
    }

    /// Makes the image. It is complete when it gets its name; a file that was there is replaced.
    ///
    /// # Errors
    /// [`IsoError`]: an ingredient is missing (with the package it comes in), a program failed, a file cannot be written.
    pub fn build(&self, image: &Path) -> Result<(), IsoError> {
        let unwritable = |source| IsoError::Unwritable { file: image.to_owned(), source };
        let tree = TempDir::new().map_err(unwritable)?;
        let place = |name: &str| tree.path().join(name);
        let folder = image.parent().filter(|folder| !folder.as_os_str().is_empty());
        let beside =
            tempfile::NamedTempFile::new_in(folder.unwrap_or_else(|| Path::new("."))).map_err(unwritable)?;

        copy(&self.ipxe, "iPXE for BIOS", "ipxe", &place("ipxe.krn"))?;
        copy(&self.isolinux, "ISOLINUX", "isolinux", &place("isolinux.bin"))?;
        copy(&self.ldlinux, "ldlinux.c32 of SYSLINUX for BIOS", "syslinux-common", &place("ldlinux.c32"))?;
        write(&place("script.ipx"), &self.script)?;
        write(&place("isolinux.cfg"), ISOLINUX_CONFIGURATION)?;
        if let Some(uefi) = &self.uefi {
            copy(&uefi.ipxe, "iPXE for UEFI", "ipxe", &place("ipxe.efi"))?;
            let scratch = TempDir::new().map_err(unwritable)?;
            uefi.boot_image(scratch.path(), &place("efi.img"))?;
        }
        set_times(tree.path())?;

        let mut words: Vec<OsString> = [
            "-no_rc",
            "-as",
            "mkisofs",
            "-quiet",
            "-V",
            "RAVBMC_IPXE",
            "-b",
            "isolinux.bin",
            "-c",
            "boot.cat",
            "-no-emul-boot",
            "-boot-load-size",
            "4",
            "-boot-info-table",
        ]
        .map(OsString::from)
        .into();
        if self.uefi.is_some() {
            words.extend(["-eltorito-alt-boot", "-e", "efi.img", "-no-emul-boot"].map(OsString::from));
        }
        words.extend(["-o".into(), beside.path().into(), tree.path().into()]);
        run(&self.xorriso, "xorriso", &words)?;
        set_permissions(beside.path())?;
        beside.persist(image).map_err(|error| unwritable(error.error))?;
        Ok(())
    }
}

impl Default for UefiIngredients {
    fn default() -> Self {
        Self {
            ipxe: "/usr/lib/ipxe/ipxe.efi".into(),
            grub_modules: "/usr/lib/grub/x86_64-efi".into(),
            grub_mkimage: "grub-mkimage".into(),
        }
    }
}

impl UefiIngredients {
    /// Makes the FAT file system that a UEFI firmware boots GRUB from.
    fn boot_image(&self, scratch: &Path, image: &Path) -> Result<(), IsoError> {
        if !self.grub_modules.join("chain.mod").exists() {
            return Err(IsoError::Missing {
                what: "GRUB's modules for x86_64-efi",
                file: self.grub_modules.clone(),
                package: "grub-efi-amd64-bin",
            });
        }
        let (configuration, program) = (scratch.join("grub.cfg"), scratch.join("BOOTX64.EFI"));
        write(&configuration, GRUB_CONFIGURATION)?;
        let mut words: Vec<OsString> = ["-O", "x86_64-efi", "-p", "/", "-d"].map(OsString::from).into();
        words.extend([self.grub_modules.clone().into(), "-c".into(), configuration.into()]);
        words.extend(["-o".into(), program.clone().into()]);
        words.extend(GRUB_MODULES.map(OsString::from));
        run(&self.grub_mkimage, "grub-common", &words)?;
        set_times(scratch)?;

        let mtool = |name: &str, words: &[&OsStr]| -> Result<(), IsoError> {
            let image = ["-i".into(), image.as_os_str().to_owned()];
            let words: Vec<OsString> =
                image.into_iter().chain(words.iter().map(|word| (*word).to_owned())).collect();
            run(Path::new(name), "mtools", &words)
        };
        // A floppy of 1.44 MB holds GRUB three times. The serial number would differ each time.
        mtool("mformat", &["-C", "-f", "1440", "-N", "0", "::"].map(OsStr::new))?;
        mtool("mmd", &["::/EFI", "::/EFI/BOOT"].map(OsStr::new))?;
        mtool("mcopy", &[OsStr::new("-m"), program.as_os_str(), OsStr::new("::/EFI/BOOT/")])
    }
}

fn copy(from: &Path, what: &'static str, package: &'static str, to: &Path) -> Result<(), IsoError> {
    if !from.exists() {
        return Err(IsoError::Missing { what, file: from.to_owned(), package });
    }
    fs::copy(from, to).map(drop).map_err(|source| IsoError::Unreadable { file: from.to_owned(), source })
}

fn write(file: &Path, text: &str) -> Result<(), IsoError> {
    fs::write(file, text).map_err(|source| IsoError::Unwritable { file: file.to_owned(), source })
}

/// The images that a hypervisor reads belong to another user.
fn set_permissions(file: &Path) -> Result<(), IsoError> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(file, fs::Permissions::from_mode(0o644))
        .map_err(|source| IsoError::Unwritable { file: file.to_owned(), source })
}

/// Gives every file in a folder, and the folder, the one time.
fn set_times(folder: &Path) -> Result<(), IsoError> {
    let unwritable = |source| IsoError::Unwritable { file: folder.to_owned(), source };
    let time = SystemTime::UNIX_EPOCH
        .checked_add(Duration::from_secs(epoch().parse().unwrap_or(ISO_TIME)))
        .unwrap_or(SystemTime::UNIX_EPOCH);
    let entries = fs::read_dir(folder).map_err(unwritable)?;
    for entry in entries.map(|entry| entry.map(|entry| entry.path())).chain([Ok(folder.to_owned())]) {
        let file = fs::File::open(entry.map_err(unwritable)?).map_err(unwritable)?;
        file.set_modified(time).map_err(unwritable)?;
    }
    Ok(())
}

/// The time of the image, for programs that obey `SOURCE_DATE_EPOCH`.
fn epoch() -> String {
    std::env::var("SOURCE_DATE_EPOCH")
        .ok()
        .filter(|epoch| epoch.parse::<u64>().is_ok())
        .unwrap_or_else(|| ISO_TIME.to_string())
}

/// Runs a program to its end.
fn run(program: &Path, package: &'static str, words: &[OsString]) -> Result<(), IsoError> {
    let output = Command::new(program)
        .args(words)
        .env("SOURCE_DATE_EPOCH", epoch())
        .env("TZ", "UTC")
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .map_err(|source| IsoError::NotStarted { program: program.to_owned(), package, source })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last =
        said.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or("it did not say why");
    Err(IsoError::Failed { program: program.to_owned(), status: output.status, said: last.to_owned() })
}
