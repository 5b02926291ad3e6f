//! The options of `sim` and `demo` that choose what a guest is.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use ravello_sim::{Accelerator, Engine, NetworkOption, QemuOptions};

const QEMU: &str = "Guests that are QEMU processes";

/// What a guest of the simulated cloud is.
#[derive(Clone, Debug, Args)]
pub(crate) struct EngineArguments {
    /// What a guest is: a line in the boot log, or a QEMU process.
    #[arg(long, value_enum, default_value_t = EngineKind::Memory)]
    pub(crate) engine: EngineKind,

    /// A file for the image that drives of this name (or identifier) are made from; may be repeated. For example
    /// `ipxe.iso=lab.iso` for the CD-ROM of the application `demo`, which is made by itself otherwise.
    #[arg(long = "image", value_name = "NAME=FILE", value_parser = image, help_heading = QEMU)]
    images: Vec<(String, PathBuf)>,

    /// What interfaces are connected to: `user`, also with options of QEMU (`user,restrict=on`), `bridge:NAME`,
    /// `tap:NAME` or `none`. With `INTERFACE=` in front, as in `eth0=bridge:br0`, only those of that name; may be repeated, the
    /// first that fits counts.
    #[arg(long = "network", value_name = "[INTERFACE=]NETWORK", help_heading = QEMU)]
    networks: Vec<NetworkOption>,

    /// What executes the guests: `kvm` is the processor, `tcg` is software, which is slow and works everywhere, and `auto` the
    /// processor if a trial at the start shows that it can.
    #[arg(long, value_enum, default_value_t = Accel::Auto, help_heading = QEMU)]
    accel: Accel,

    /// The most processors a VM gets, whatever its document says.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=255), help_heading = QEMU)]
    max_cpus: Option<u32>,

    /// The most memory a VM gets, for example `2G` or `512M`, whatever its document says.
    #[arg(long, value_name = "SIZE", value_parser = mebibytes, help_heading = QEMU)]
    max_memory: Option<u64>,

    /// One more argument for every QEMU; may be repeated.
    #[arg(long = "qemu-arg", value_name = "ARGUMENT", allow_hyphen_values = true, help_heading = QEMU)]
    extra_arguments: Vec<String>,

    /// Folder for the serial ports of the guests, as Unix sockets `<VM id>.sock`. Without it, `demo` and QEMU processes have them in the
    /// state directory, and other guests nowhere.
    #[arg(long, value_name = "DIR")]
    console_dir: Option<PathBuf>,
}

/// The engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EngineKind {
    Memory,
    Qemu,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Accel {
    Auto,
    Kvm,
    Tcg,
}

impl EngineArguments {
    /// Whether guests are processes, and nobody has named a file for this image.
    pub(crate) fn lacks_image(&self, image: &str) -> bool {
        self.engine == EngineKind::Qemu && self.images.iter().all(|(name, _)| name != image)
    }

    /// Names a file for an image.
    pub(crate) fn add_image(&mut self, image: &str, file: PathBuf) {
        self.images.push((image.to_owned(), file));
    }

    /// The folder for the serial ports, whether it was given or not.
    pub(crate) fn console_dir(&self, state_dir: &Path) -> PathBuf {
        self.given_console_dir().unwrap_or_else(|| state_dir.join("consoles"))
    }

    /// The folder for the serial ports, if it was given. Others are told about it, so it is an absolute path where there is one.
    pub(crate) fn given_console_dir(&self) -> Option<PathBuf> {
        self.console_dir.as_ref().map(|given| std::path::absolute(given).unwrap_or_else(|_| given.clone()))
    }

    /// The engine that was asked for, with its files in a state directory.
    pub(crate) fn engine(self, state_dir: &Path) -> Engine {
        if self.engine == EngineKind::Memory {
            return Engine::Memory;
        }
        let console_dir = self.console_dir(state_dir);
        let mut options = QemuOptions::in_folder(state_dir.join("vms"));
        options.images = self.images.into_iter().collect();
        options.networks = self.networks;
        options.accelerator = match self.accel {
            Accel::Auto => Accelerator::Auto,
            Accel::Kvm => Accelerator::Kvm,
            Accel::Tcg => Accelerator::Tcg,
        };
        options.most_cpus = self.max_cpus;
        options.most_memory_mib = self.max_memory;
        options.extra_arguments = self.extra_arguments;
        options.console_dir = console_dir;
        Engine::Qemu(options)
    }
}

fn image(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, file)) if !name.is_empty() && !file.is_empty() => Ok((name.to_owned(), file.into())),
        _ => Err("expected the name of an image and a file, for example ipxe.iso=lab.iso".to_owned()),
    }
}

fn mebibytes(text: &str) -> Result<u64, String> {
    let (number, factor) = match (text.strip_suffix('G'), text.strip_suffix('M')) {
        (Some(number), _) => (number, 1024),
        (None, Some(number)) => (number, 1),
        (None, None) => (text, 0),
    };
    let mebibytes = number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor));
    mebibytes
        .filter(|mebibytes| *mebibytes > 0)
        .ok_or_else(|| "expected a size such as 2G or 512M".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_a_unit() {
        assert_eq!(mebibytes("2G"), Ok(2048));
        assert_eq!(mebibytes("512M"), Ok(512));
        for text in ["", "2", "0M", "-1G", "2T", "G", "99999999999999999999G"] {
            assert!(mebibytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn images_have_a_name_and_a_file() {
        assert_eq!(image("ipxe.iso=/a=b.iso"), Ok(("ipxe.iso".to_owned(), "/a=b.iso".into())));
        for text in ["", "x", "=y", "x="] {
            assert!(image(text).is_err(), "{text}");
        }
    }
}
