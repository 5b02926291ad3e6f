//! A small but real Linux on a disk image: the distribution's kernel, busybox, and an init of our own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The package that depends on the kernel for virtual machines.
const KERNEL: &str = "linux-image-cloud-amd64";

/// What reaches a virtio disk and the power button, in the order in which it is loaded.
const MODULES: [&str; 8] = [
    "virtio_ring",
    "virtio",
    "virtio_pci_modern_dev",
    "virtio_pci_legacy_dev",
    "virtio_pci",
    "virtio_blk",
    "button",
    "evdev",
];

/// What a Linux is made from: packages of the distribution, fetched and not installed.
#[derive(Debug)]
pub struct Linux {
    packages: PathBuf,
}

impl Linux {
    /// Fetches the packages once, into the folder `tools`. `None`, and a line SKIPPED, if they cannot be had.
    pub fn fetch(tools: &Path) -> Option<Self> {
        packages(tools).map_or_else(|why| skipped(&why), |packages| Some(Self { packages }))
    }

    /// The kernel.
    ///
    /// # Panics
    /// When the package has none.
    #[must_use]
    pub fn kernel(&self) -> PathBuf {
        let kernel = fs::read_dir(self.packages.join("boot")).unwrap().map(|entry| entry.unwrap().path());
        let is_kernel = |file: &PathBuf| file.to_string_lossy().contains("vmlinuz");
        kernel.into_iter().find(is_kernel).unwrap()
    }

    /// Makes an initial ramdisk `initrd` in a folder, with a script as its first process and more files beside it.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn ramdisk(&self, init: &Path, files: &[&Path], folder: &Path) -> PathBuf {
        let root = folder.join("root");
        for made in [root.join("bin"), root.join("dev"), root.join("modules")] {
            fs::create_dir_all(made).unwrap();
        }
        fs::copy(find(&self.packages, "bin/busybox"), root.join("bin/busybox")).unwrap();
        for module in MODULES {
            let file = format!("{module}.ko");
            fs::copy(find(&self.packages, &file), root.join("modules").join(&file)).unwrap();
        }
        fs::write(root.join("modules/order"), MODULES.map(|module| format!("{module}.ko\n")).concat())
            .unwrap();
        for file in files {
            fs::copy(file, root.join(file.file_name().unwrap())).unwrap();
        }
        fs::copy(init, root.join("init")).unwrap();
        crate::guest::run(Command::new("chmod").arg("0755").arg(root.join("init")));
        let ramdisk = folder.join("initrd");
        crate::guest::run(
            Command::new("sh")
                .args(["-c", r#"cd "$1" && find . | "$0" cpio -o -H newc | gzip -1 > "$2""#])
                .arg(root.join("bin/busybox"))
                .arg(&root)
                .arg(&ramdisk),
        );
        ramdisk
    }
}

/// Makes a bootable disk image `linux.img` in a folder. `None`, and a line SKIPPED, if what it is made from cannot be had.
///
/// # Panics
/// When the image cannot be made although everything is there.
pub fn image(tools: &Path, sources: &Path, folder: &Path) -> Option<PathBuf> {
    let [isolinux, menu, boot_record] = [
        "/usr/lib/ISOLINUX/isolinux.bin",
        "/usr/lib/syslinux/modules/bios/ldlinux.c32",
        "/usr/lib/ISOLINUX/isohdpfx.bin",
    ]
    .map(Path::new);
    if !(isolinux.exists() && menu.exists()) {
        return skipped("isolinux and syslinux-common are not installed");
    }
    let linux = Linux::fetch(tools)?;
    let disk = folder.join("disk");
    fs::create_dir_all(&disk).unwrap();
    let ramdisk = linux.ramdisk(&sources.join("linux-init.sh"), &[], folder);
    fs::rename(ramdisk, disk.join("initrd")).unwrap();
    fs::copy(linux.kernel(), disk.join("vmlinuz")).unwrap();
    fs::copy(isolinux, disk.join("isolinux.bin")).unwrap();
    fs::copy(menu, disk.join("ldlinux.c32")).unwrap();
    let configuration = "DEFAULT linux\nPROMPT 0\nLABEL linux\n  KERNEL /vmlinuz\n  INITRD /initrd\n  APPEND console=ttyS0 quiet panic=-1\n";
    fs::write(disk.join("isolinux.cfg"), configuration).unwrap();
    let image = folder.join("linux.img");
    crate::guest::run(
        Command::new("xorriso")
            .args(["-as", "mkisofs", "-quiet", "-isohybrid-mbr"])
            .arg(boot_record)
            .args([
                "-b",
                "isolinux.bin",
                "-c",
                "boot.cat",
                "-no-emul-boot",
                "-boot-load-size",
                "4",
                "-boot-info-table",
                "-o",
            ])
            .arg(&image)
            .arg(&disk),
    );
    Some(image)
}

fn skipped<T>(why: &str) -> Option<T> {
    println!("SKIPPED: a virtual machine with Linux: {why}");
    None
}

/// The content of the packages, fetched if it is not there. What went wrong, in one line.
fn packages(tools: &Path) -> Result<PathBuf, String> {
    let text = |error: std::io::Error| error.to_string();
    let content = tools.join("linux");
    // Two test programs may want it at the same time.
    let lock = File::create(tools.join("linux.lock")).map_err(text)?;
    lock.lock().map_err(text)?;
    if content.exists() {
        return Ok(content);
    }
    let depends = said("apt-cache", &["depends", KERNEL], tools)?;
    let kernel = depends.split_whitespace().find(|word| word.starts_with("linux-image-") && *word != KERNEL);
    let kernel = kernel.ok_or_else(|| format!("there is no package {KERNEL}"))?;
    let beside = tools.join("linux.new");
    let _ = fs::remove_dir_all(&beside);
    fs::create_dir_all(&beside).map_err(text)?;
    said("apt-get", &["download", "-q", kernel, "busybox-static"], &beside)?;
    for package in fs::read_dir(&beside).map_err(text)? {
        let package = package.map_err(text)?.path();
        said("dpkg-deb", &["-x", &package.to_string_lossy(), "."], &beside)?;
        fs::remove_file(package).map_err(text)?;
    }
    fs::rename(&beside, &content).map_err(text)?;
    Ok(content)
}

fn said(program: &str, words: &[&str], folder: &Path) -> Result<String, String> {
    let output = Command::new(program).args(words).current_dir(folder).stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(format!("{program}: {}", error.lines().last().unwrap_or("failed without a word")))
}

/// The file below a folder whose path ends so.
fn find(folder: &Path, name: &str) -> PathBuf {
    let path = format!("*/{name}");
    let found = crate::guest::run(Command::new("find").arg(folder).args(["-type", "f", "-path", &path]));
    found.lines().next().unwrap_or_else(|| panic!("no {name} in {}", folder.display())).into()
}
