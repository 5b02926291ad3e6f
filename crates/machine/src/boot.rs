//! Boot devices, boot flags and the intent to change them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What the platform can boot a node from.
///
/// Ravello has no PXE: a CD-ROM with iPXE takes its place (`ravello-api.md §9`), so `pxe` and `cdrom` of an
/// IPMI client are both [`BootDevice::Network`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BootDevice {
    /// The node's disk.
    Disk,
    /// The iPXE CD-ROM.
    Network,
}

impl BootDevice {
    /// The other one: a node has exactly two.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Disk => Self::Network,
            Self::Network => Self::Disk,
        }
    }
}

impl fmt::Display for BootDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Disk => "disk",
            Self::Network => "network",
        })
    }
}

/// For how many power cycles an override holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lifetime {
    /// For the next power cycle; the device from before comes back at the one after it.
    Once,
    /// Until it is changed.
    Persistent,
}

/// The five data bytes of boot option parameter 5, exactly as a client sent them (`IPMI 2.0 §28.13`).
///
/// They are kept so that a client reads back what it wrote. Their meaning is the IPMI server's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BootFlags(pub [u8; 5]);

/// A boot override as a client asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BootOverride {
    /// What the node shall boot from.
    pub device: BootDevice,
    /// For how long.
    pub lifetime: Lifetime,
    /// The bytes that the client sent, to be returned to whoever asks.
    pub flags: BootFlags,
}

/// A pending boot device as it is written into the VM's description, so that it survives the loss of our
/// disk and can be seen by people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct IntentTag {
    /// What the node shall boot from at the next power cycle asked for through its BMC.
    pub device: BootDevice,
    /// For how long.
    pub lifetime: Lifetime,
}
