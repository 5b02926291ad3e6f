//! Boot options: the flags in the words of the domain, and the parameters that live in the BMC only.
//!
//! Parameters 0, 3 and 4 are volatile: they belong to one BMC and are gone when it restarts. Parameter 5 is not kept
//! here. Its bytes go to the chassis port with the override that they ask for and are read back from there, so that
//! they survive a restart.

use std::time::{Duration, Instant};

use ipmi_proto::command::boot_options::{
    BootDeviceSelector, BootFlags, BootInfoAcknowledge, BootInfoHandlers, BootOption, BootOptionReport,
    ParameterMark, ParameterSelector, SetInProgress, SetSystemBootOptions, ValidBitRetention,
};
use ipmi_proto::number::CompletionCode;
use machine::{BootDevice, BootOverride, BootSetting, Lifetime, PowerRequest};

use super::Question;

/// How long "set in progress" holds without being taken back: consoles die between their two writes, and a flag that
/// nobody takes back locks everybody out.
const SET_IN_PROGRESS_LIMIT: Duration = Duration::from_secs(60);

/// The boot options of one BMC, without the boot flags.
#[derive(Debug)]
pub(crate) struct VolatileBootOptions {
    /// Since when somebody is writing.
    in_progress_since: Option<Instant>,
    retention: ValidBitRetention,
    pending: BootInfoHandlers,
    marks: Marks,
    flag_timeout: Option<Duration>,
    /// When the boot flags lapse, if they do.
    lapse_at: Option<Instant>,
    /// Whether the port is being told that they have.
    lapsing: bool,
}

/// How the supported parameters are marked.
#[derive(Clone, Copy, Debug, Default)]
struct Marks {
    set_in_progress: ParameterMark,
    valid_bit_clearing: ParameterMark,
    boot_info_acknowledge: ParameterMark,
    boot_flags: ParameterMark,
}

/// A write of the boot flags that the port has admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WrittenFlags {
    /// For how long the override holds; `None` if there is none now.
    pub(crate) lifetime: Option<Lifetime>,
    /// How the parameter is marked.
    pub(crate) mark: ParameterMark,
}

impl VolatileBootOptions {
    pub(crate) const fn new(flag_timeout: Option<Duration>) -> Self {
        Self {
            in_progress_since: None,
            retention: ValidBitRetention::empty(),
            pending: BootInfoHandlers::empty(),
            marks: Marks {
                set_in_progress: ParameterMark::Valid,
                valid_bit_clearing: ParameterMark::Valid,
                boot_info_acknowledge: ParameterMark::Valid,
                boot_flags: ParameterMark::Valid,
            },
            flag_timeout,
            lapse_at: None,
            lapsing: false,
        }
    }

    /// What a restart of the BMC leaves: the defaults. The override itself lives on behind the port, and without a
    /// timer: the specification lets flags lapse for want of a Chassis Control command, not for a restart.
    pub(crate) fn reset(&mut self) {
        let lapsing = self.lapsing;
        *self = Self::new(self.flag_timeout);
        self.lapsing = lapsing;
    }

    /// Reads a parameter. `None` for those that are not supported, and for the boot flags, which the port knows.
    pub(crate) fn read(&self, now: Instant, selector: ParameterSelector) -> Option<BootOptionReport> {
        let option = match selector {
            ParameterSelector::SET_IN_PROGRESS => BootOption::SetInProgress(if self.is_in_progress(now) {
                SetInProgress::InProgress
            } else {
                SetInProgress::Complete
            }),
            ParameterSelector::VALID_BIT_CLEARING => BootOption::ValidBitClearing(self.retention),
            ParameterSelector::BOOT_INFO_ACKNOWLEDGE => {
                BootOption::BootInfoAcknowledge(BootInfoAcknowledge {
                    write_mask: BootInfoHandlers::empty(),
                    pending: self.pending,
                })
            }
            _ => return None,
        };
        let mut marks = self.marks;
        let mark = *marks.of(selector)?;
        Some(BootOptionReport { mark, option })
    }

    /// Writes one of the parameters that live here.
    pub(crate) fn write(&mut self, now: Instant, option: &BootOption, mark: ParameterMark) -> CompletionCode {
        match option {
            BootOption::SetInProgress(SetInProgress::Complete) => self.in_progress_since = None,
            BootOption::SetInProgress(SetInProgress::InProgress) => {
                if self.is_in_progress(now) {
                    return SetSystemBootOptions::SET_IN_PROGRESS;
                }
                self.in_progress_since = Some(now);
            }
            // There is no roll-back, hence nothing to commit.
            BootOption::SetInProgress(SetInProgress::Commit) => return CompletionCode::INVALID_DATA_FIELD,
            BootOption::ValidBitClearing(retention) => self.retention = *retention,
            BootOption::BootInfoAcknowledge(acknowledge) => {
                self.pending = acknowledge.applied_to(self.pending);
            }
            BootOption::BootFlags(_) | BootOption::Other { .. } => {
                return SetSystemBootOptions::PARAMETER_NOT_SUPPORTED;
            }
        }
        self.mark(option.selector(), mark)
    }

    /// Marks a parameter and leaves its value alone.
    pub(crate) fn mark(&mut self, selector: ParameterSelector, mark: ParameterMark) -> CompletionCode {
        match self.marks.of(selector) {
            Some(place) => {
                *place = mark;
                CompletionCode::NORMAL
            }
            None => SetSystemBootOptions::PARAMETER_NOT_SUPPORTED,
        }
    }

    /// What the port has to be asked so that the boot flags hold.
    ///
    /// # Errors
    /// CC for a device that the platform cannot boot from: a console that is told OK would believe it. C0 while flags
    /// are lapsing, so that the end of the old ones cannot end the new ones.
    pub(crate) fn write_flags(
        &self,
        flags: BootFlags,
        mark: ParameterMark,
    ) -> Result<Question, CompletionCode> {
        if self.lapsing {
            return Err(CompletionCode::NODE_BUSY);
        }
        let wanted = match mark {
            ParameterMark::Valid => {
                boot_override(flags).map_err(|UnsupportedDevice| CompletionCode::INVALID_DATA_FIELD)?
            }
            ParameterMark::InvalidOrLocked => None,
        };
        Ok(Question::SetBootOverride { wanted, mark })
    }

    /// What the port has to be asked when only the mark of the boot flags changes. Flags that are marked invalid must not
    /// be used, so marking them drops the override; marking them valid again brings nothing back.
    ///
    /// # Errors
    /// The completion code to answer, if nothing has to be asked.
    pub(crate) fn mark_flags(&mut self, mark: ParameterMark) -> Result<Question, CompletionCode> {
        match mark {
            ParameterMark::Valid => Err(self.mark(ParameterSelector::BOOT_FLAGS, mark)),
            ParameterMark::InvalidOrLocked => self.write_flags(BootFlags::default(), mark),
        }
    }

    /// How the boot flags are marked.
    pub(crate) const fn flags_mark(&self) -> ParameterMark {
        self.marks.boot_flags
    }

    /// The port has admitted boot flags. One-shot flags begin to lapse; persistent ones stay, because whoever sets those
    /// expects them to be there at any later boot.
    pub(crate) fn flags_written(&mut self, now: Instant, written: WrittenFlags) {
        self.marks.boot_flags = written.mark;
        self.lapse_at = match written.lifetime {
            Some(Lifetime::Once) => self.lapse_after(now),
            Some(Lifetime::Persistent) | None => None,
        };
    }

    /// The port has admitted a change of power. A power cycle uses the flags, so they do not lapse any more; any other
    /// Chassis Control command starts their time anew. Whoever was writing options is interrupted by it.
    pub(crate) fn power_requested(&mut self, now: Instant, request: PowerRequest) {
        match request {
            PowerRequest::On | PowerRequest::Cycle | PowerRequest::Reset => self.lapse_at = None,
            PowerRequest::Off | PowerRequest::Soft => {
                if self.lapse_at.is_some() {
                    self.lapse_at = self.lapse_after(now);
                }
            }
        }
        match request {
            PowerRequest::On => {}
            PowerRequest::Off | PowerRequest::Soft | PowerRequest::Cycle | PowerRequest::Reset => {
                self.in_progress_since = None;
            }
        }
    }

    /// When the boot flags lapse.
    pub(crate) const fn flags_lapse_at(&self) -> Option<Instant> {
        self.lapse_at
    }

    /// Whether the boot flags lapse now: the time is over, and parameter 3 does not say that it does not matter.
    pub(crate) fn lapse(&mut self, now: Instant) -> bool {
        if self.lapse_at.is_none_or(|at| now < at) {
            return false;
        }
        self.lapse_at = None;
        self.lapsing = !self.retention.contains(ValidBitRetention::TIMEOUT);
        self.lapsing
    }

    /// The port knows that the flags have lapsed.
    pub(crate) const fn flags_lapsed(&mut self) {
        self.lapsing = false;
    }

    fn lapse_after(&self, now: Instant) -> Option<Instant> {
        self.flag_timeout.and_then(|timeout| now.checked_add(timeout))
    }

    fn is_in_progress(&self, now: Instant) -> bool {
        self.in_progress_since
            .is_some_and(|since| now.saturating_duration_since(since) < SET_IN_PROGRESS_LIMIT)
    }
}

impl Marks {
    /// The mark of a supported parameter.
    const fn of(&mut self, selector: ParameterSelector) -> Option<&mut ParameterMark> {
        match selector {
            ParameterSelector::SET_IN_PROGRESS => Some(&mut self.set_in_progress),
            ParameterSelector::VALID_BIT_CLEARING => Some(&mut self.valid_bit_clearing),
            ParameterSelector::BOOT_INFO_ACKNOWLEDGE => Some(&mut self.boot_info_acknowledge),
            ParameterSelector::BOOT_FLAGS => Some(&mut self.boot_flags),
            _ => None,
        }
    }
}

/// The platform has no such boot device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UnsupportedDevice;

/// The override that boot flags ask for; `None` for flags that ask for none.
///
/// Only the device is looked at, and the valid and persistent bits. The other bits are hints to firmware (EFI or
/// legacy, quiet, lock a button): they are kept and read back, and a platform without the thing they speak of has
/// nothing to do for them.
pub(crate) fn boot_override(flags: BootFlags) -> Result<Option<BootOverride>, UnsupportedDevice> {
    if !flags.is_valid() {
        return Ok(None);
    }
    let device = match flags.device() {
        BootDeviceSelector::NONE => return Ok(None),
        // The network is booted from a CD-ROM with iPXE, so the CD-ROM is the network.
        BootDeviceSelector::PXE | BootDeviceSelector::CD | BootDeviceSelector::REMOTE_CD => {
            BootDevice::Network
        }
        BootDeviceSelector::DISK | BootDeviceSelector::SAFE_DISK => BootDevice::Disk,
        _ => return Err(UnsupportedDevice),
    };
    let lifetime = if flags.is_persistent() { Lifetime::Persistent } else { Lifetime::Once };
    Ok(Some(BootOverride { device, lifetime, flags: machine::BootFlags(flags.0) }))
}

/// The boot flags that describe what a node boots from next.
///
/// With an override these are its own bytes. Without one they say what the platform does, so that a console which
/// reads the device never shows less than the truth: valid, or the device would mean nothing, and persistent, because
/// the platform boots that device at every boot until somebody changes it. EFI is left out: the platform does not say.
pub(crate) const fn reported_flags(setting: BootSetting) -> BootFlags {
    match setting {
        BootSetting::Override(flags) => BootFlags(flags.0),
        BootSetting::Platform(device) => {
            let selector = match device {
                BootDevice::Disk => BootDeviceSelector::DISK,
                BootDevice::Network => BootDeviceSelector::PXE,
            };
            BootFlags::for_device(selector).persistent()
        }
    }
}
