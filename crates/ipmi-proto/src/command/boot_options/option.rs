//! The parameters of the boot options (`IPMI 2.0 §28.13`, table of parameters), except for the boot flags.

use std::fmt;

use bytes::BufMut;

use super::BootFlags;
use crate::command::bits::flag_byte;
use crate::command::body::{BodyError, exactly};

/// The number of a parameter. Seven bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParameterSelector(u8);

impl ParameterSelector {
    /// Whether somebody is writing several parameters.
    pub const SET_IN_PROGRESS: Self = Self(0);
    /// Which service partition to boot.
    pub const SERVICE_PARTITION_SELECTOR: Self = Self(1);
    /// Whether to look for a service partition.
    pub const SERVICE_PARTITION_SCAN: Self = Self(2);
    /// What does not clear the valid bit of the boot flags.
    pub const VALID_BIT_CLEARING: Self = Self(3);
    /// Who has handled the boot information.
    pub const BOOT_INFO_ACKNOWLEDGE: Self = Self(4);
    /// What to boot from.
    pub const BOOT_FLAGS: Self = Self(5);
    /// Who started the boot.
    pub const BOOT_INITIATOR_INFO: Self = Self(6);
    /// Data from whoever started the boot.
    pub const BOOT_INITIATOR_MAILBOX: Self = Self(7);

    /// The low seven bits of `value`.
    #[must_use]
    pub const fn new(value: u8) -> Self {
        Self(value & 0x7f)
    }

    /// The number, 0 to 127.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl fmt::Display for ParameterSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for ParameterSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ParameterSelector({self})")
    }
}

/// Whether a parameter is in use. The mark belongs to the parameter, not to the boot flags inside number 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum ParameterMark {
    /// Valid and unlocked.
    #[default]
    Valid,
    /// Invalid or locked.
    InvalidOrLocked,
}

impl ParameterMark {
    const BIT: u8 = 0x80;

    pub(super) const fn from_byte(byte: u8) -> Self {
        if byte & Self::BIT == 0 { Self::Valid } else { Self::InvalidOrLocked }
    }

    pub(super) const fn to_bit(self) -> u8 {
        match self {
            Self::Valid => 0,
            Self::InvalidOrLocked => Self::BIT,
        }
    }
}

/// A parameter with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BootOption {
    /// Parameter 0, one byte.
    SetInProgress(SetInProgress),
    /// Parameter 3, one byte.
    ValidBitClearing(ValidBitRetention),
    /// Parameter 4, two bytes.
    BootInfoAcknowledge(BootInfoAcknowledge),
    /// Parameter 5, five bytes.
    BootFlags(BootFlags),
    /// Any other parameter.
    Other {
        /// Which one. Not one of the typed parameters: its bytes would be read back as that one.
        selector: ParameterSelector,
        /// Its bytes.
        data: Vec<u8>,
    },
}

impl BootOption {
    /// Which parameter it is.
    #[must_use]
    pub const fn selector(&self) -> ParameterSelector {
        match self {
            Self::SetInProgress(_) => ParameterSelector::SET_IN_PROGRESS,
            Self::ValidBitClearing(_) => ParameterSelector::VALID_BIT_CLEARING,
            Self::BootInfoAcknowledge(_) => ParameterSelector::BOOT_INFO_ACKNOWLEDGE,
            Self::BootFlags(_) => ParameterSelector::BOOT_FLAGS,
            Self::Other { selector, .. } => *selector,
        }
    }

    /// Reads the bytes of a parameter; `message` and `offset` say of what and where, for the error.
    pub(super) fn decode(
        message: &'static str,
        offset: usize,
        selector: ParameterSelector,
        data: &[u8],
    ) -> Result<Self, BodyError> {
        Ok(match selector {
            ParameterSelector::SET_IN_PROGRESS => {
                let [value] = exactly(message, data)?;
                let progress =
                    SetInProgress::from_byte(value).ok_or(BodyError::Field { message, offset, value })?;
                Self::SetInProgress(progress)
            }
            ParameterSelector::VALID_BIT_CLEARING => {
                let [bits] = exactly(message, data)?;
                Self::ValidBitClearing(ValidBitRetention::from_bits(bits))
            }
            ParameterSelector::BOOT_INFO_ACKNOWLEDGE => {
                let [write_mask, handlers] = exactly(message, data)?;
                Self::BootInfoAcknowledge(BootInfoAcknowledge {
                    write_mask: BootInfoHandlers::from_bits(write_mask),
                    pending: BootInfoHandlers::from_bits(handlers),
                })
            }
            ParameterSelector::BOOT_FLAGS => Self::BootFlags(BootFlags(exactly(message, data)?)),
            _ => Self::Other { selector, data: data.to_vec() },
        })
    }

    pub(super) fn encode(&self, out: &mut impl BufMut) {
        match self {
            Self::SetInProgress(progress) => out.put_u8(progress.to_byte()),
            Self::ValidBitClearing(retention) => out.put_u8(retention.bits()),
            Self::BootInfoAcknowledge(acknowledge) => {
                out.put_slice(&[acknowledge.write_mask.bits(), acknowledge.pending.bits()]);
            }
            Self::BootFlags(flags) => out.put_slice(&flags.0),
            Self::Other { data, .. } => out.put_slice(data),
        }
    }
}

/// Parameter 0: whether somebody is writing several parameters. A flag for others, not a lock.
///
/// | bits | content |
/// |---|---|
/// | 7:2 | reserved |
/// | 1:0 | 0 complete, 1 in progress, 2 commit, 3 reserved |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum SetInProgress {
    /// Nobody is writing.
    #[default]
    Complete,
    /// Somebody is writing.
    InProgress,
    /// Make what was written hold. Only for controllers that can roll back.
    Commit,
}

impl SetInProgress {
    pub(in crate::command) const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Complete),
            1 => Some(Self::InProgress),
            2 => Some(Self::Commit),
            _ => None,
        }
    }

    pub(in crate::command) const fn to_byte(self) -> u8 {
        match self {
            Self::Complete => 0,
            Self::InProgress => 1,
            Self::Commit => 2,
        }
    }
}

flag_byte! {
    /// Parameter 3: what does *not* clear the valid bit of the boot flags. Bits 7:5 are reserved.
    pub struct ValidBitRetention {
        /// Power-up by the power button or a wake event.
        POWER_UP = 0x01,
        /// Reset by the button, or a soft reset.
        RESET_BUTTON = 0x02,
        /// Reset or power cycle by the watchdog.
        WATCHDOG = 0x04,
        /// 60 seconds without a Chassis Control command.
        TIMEOUT = 0x08,
        /// Reset or power cycle by an event filter.
        EVENT_FILTER = 0x10,
    }
}

/// Parameter 4: who has yet to handle the boot information.
///
/// | byte | content |
/// |---|---|
/// | 1 | write mask: which bits of byte 2 are written; reads as 00 |
/// | 2 | 1 means not handled yet |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct BootInfoAcknowledge {
    /// Which bits of `pending` a write changes.
    pub write_mask: BootInfoHandlers,
    /// Who has not handled the boot information yet.
    pub pending: BootInfoHandlers,
}

impl BootInfoAcknowledge {
    /// What `pending` becomes when this is written over `present`: bits outside the mask stay.
    #[must_use]
    pub const fn applied_to(self, present: BootInfoHandlers) -> BootInfoHandlers {
        let mask = self.write_mask.bits();
        BootInfoHandlers::from_bits((present.bits() & !mask) | (self.pending.bits() & mask))
    }
}

flag_byte! {
    /// Who handles boot information. Bits 7:5 are reserved.
    pub struct BootInfoHandlers {
        /// The BIOS.
        BIOS = 0x01,
        /// The loader of the operating system.
        OS_LOADER = 0x02,
        /// The operating system or a service partition.
        OS = 0x04,
        /// System management software.
        SMS = 0x08,
        /// OEM.
        OEM = 0x10,
    }
}
