//! What the operator chose.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::str::FromStr;

use super::QemuError;

/// How guests are run as QEMU processes.
#[derive(Clone, Debug)]
pub struct QemuOptions {
    /// Where each VM has a folder with its disks, sockets and logs.
    pub folder: PathBuf,
    /// Where each running VM has its serial port, as a Unix socket `<VM id>.sock`.
    pub console_dir: PathBuf,
    /// Files for the images that documents name: `baseDiskImageName` or `baseDiskImageId`.
    pub images: BTreeMap<String, PathBuf>,
    /// What interfaces are connected to; the first that fits. [`Network::default`] if none does.
    pub networks: Vec<NetworkOption>,
    /// What executes a guest's instructions.
    pub accelerator: Accelerator,
    /// The most processors a VM gets, whatever its document says.
    pub most_cpus: Option<u32>,
    /// The most memory a VM gets, in MiB, whatever its document says.
    pub most_memory_mib: Option<u64>,
    /// More arguments for every QEMU, after all others.
    pub extra_arguments: Vec<String>,
    /// How many QEMU processes may start at the same time; at least one.
    pub starts_at_once: usize,
}

impl QemuOptions {
    /// Everything below one folder, KVM where it works, user-mode networks.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        Self {
            console_dir: folder.join("consoles"),
            folder,
            images: BTreeMap::new(),
            networks: Vec::new(),
            accelerator: Accelerator::Auto,
            most_cpus: None,
            most_memory_mib: None,
            extra_arguments: Vec::new(),
            starts_at_once: std::thread::available_parallelism().map_or(2, usize::from),
        }
    }

    /// Checks what can be checked before the first VM starts, and makes paths absolute.
    pub(super) fn check(&mut self) -> Result<(), QemuError> {
        for (name, file) in &mut self.images {
            let opened = fs::File::open(&file).and_then(|_| fs::canonicalize(&file));
            *file = opened.map_err(|source| QemuError::Image {
                name: name.clone(),
                file: file.clone(),
                source,
            })?;
        }
        Ok(())
    }

    /// What an interface is connected to.
    pub(super) fn network(&self, interface: &str) -> Network {
        let fits = |option: &&NetworkOption| option.interface.as_ref().is_none_or(|named| named == interface);
        self.networks.iter().find(fits).map(|option| option.network.clone()).unwrap_or_default()
    }
}

/// What executes a guest's instructions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Accelerator {
    /// The processor where it can, which is tried once at the start; else QEMU itself.
    #[default]
    Auto,
    /// The processor, through `/dev/kvm`; an error at the start where it cannot.
    Kvm,
    /// QEMU itself, in software. Works everywhere.
    Tcg,
}

/// What an interface is connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Network {
    /// A network of its own, in user space, that reaches out through the host. `options` are those of QEMU's
    /// `-netdev user`, for example `restrict=on,tftp=/srv/tftp,bootfile=boot.ipxe`.
    User {
        /// Separated by commas; may be empty.
        options: String,
    },
    /// A bridge of the host, through QEMU's bridge helper.
    Bridge {
        /// Its name.
        name: String,
    },
    /// A tap device of the host. `{name}` stands for the VM's name, `{id}` for its identifier.
    Tap {
        /// The name of the device.
        pattern: String,
    },
    /// Nothing: the cable is not plugged in.
    Unplugged,
}

impl Default for Network {
    fn default() -> Self {
        Self::User { options: String::new() }
    }
}

/// `[INTERFACE=]user[,OPTIONS]`, `[INTERFACE=]bridge:NAME`, `[INTERFACE=]tap:NAME`, `[INTERFACE=]none`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkOption {
    /// For interfaces of this name, for example `eth0`; for all if absent.
    pub interface: Option<String>,
    /// What they are connected to.
    pub network: Network,
}

/// A text is no option.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}")]
pub struct InvalidOption {
    expected: &'static str,
}

impl FromStr for NetworkOption {
    type Err = InvalidOption;

    fn from_str(text: &str) -> Result<Self, InvalidOption> {
        let expected =
            "[INTERFACE=]user[,OPTIONS], [INTERFACE=]bridge:NAME, [INTERFACE=]tap:NAME or [INTERFACE=]none";
        let (interface, kind) = match text.split_once('=') {
            Some((interface, kind)) if !interface.contains([',', ':']) => (Some(interface), kind),
            _ => (None, text),
        };
        let network = match kind.split_once([',', ':']) {
            None if kind == "user" => Network::default(),
            None if kind == "none" => Network::Unplugged,
            Some(("user", options)) if !options.is_empty() => Network::User { options: options.to_owned() },
            Some(("bridge", name)) if !name.is_empty() => Network::Bridge { name: name.to_owned() },
            Some(("tap", pattern)) if !pattern.is_empty() => Network::Tap { pattern: pattern.to_owned() },
            _ => return Err(InvalidOption { expected }),
        };
        if interface.is_some_and(str::is_empty) {
            return Err(InvalidOption { expected });
        }
        Ok(Self { interface: interface.map(str::to_owned), network })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (Option<String>, Network) {
        let option: NetworkOption = text.parse().unwrap();
        (option.interface, option.network)
    }

    #[test]
    fn network_options_name_an_interface_or_all() {
        assert_eq!(parsed("user"), (None, Network::User { options: String::new() }));
        assert_eq!(
            parsed("user,tftp=/srv,bootfile=x"),
            (None, Network::User { options: "tftp=/srv,bootfile=x".to_owned() })
        );
        assert_eq!(
            parsed("eth1=user,restrict=on"),
            (Some("eth1".to_owned()), Network::User { options: "restrict=on".to_owned() })
        );
        assert_eq!(
            parsed("eth0=bridge:br-access"),
            (Some("eth0".to_owned()), Network::Bridge { name: "br-access".to_owned() })
        );
        assert_eq!(parsed("tap:t-{name}"), (None, Network::Tap { pattern: "t-{name}".to_owned() }));
        assert_eq!(parsed("eth1=none"), (Some("eth1".to_owned()), Network::Unplugged));
    }

    #[test]
    fn text_that_is_no_network_is_refused_with_the_expected_form() {
        for text in ["", "bridge", "bridge:", "tap", "eth0=", "=user", "eth0=wlan:x", "none:x", "user,"] {
            let error = text.parse::<NetworkOption>().unwrap_err();
            assert!(error.to_string().contains("bridge:NAME"), "{text}");
        }
    }

    #[test]
    fn first_network_that_fits_connects_an_interface() {
        let mut options = QemuOptions::in_folder("/x");
        assert_eq!(options.network("eth0"), Network::default());
        options.networks = ["eth0=none", "bridge:br0"].iter().map(|text| text.parse().unwrap()).collect();
        assert_eq!(options.network("eth0"), Network::Unplugged);
        assert_eq!(options.network("eth1"), Network::Bridge { name: "br0".to_owned() });
    }
}
