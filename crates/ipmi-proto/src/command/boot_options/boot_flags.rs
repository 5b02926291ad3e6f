//! The boot flags, parameter 5 of the boot options (`IPMI 2.0 §28.13`).

use std::fmt;

/// What to boot from and how: five bytes, kept exactly as they are, reserved bits included.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 7 | valid: without it all the rest is ignored |
/// | | 6 | persistent: for all boots, not only for the next one |
/// | | 5 | EFI boot, not the PC's legacy one |
/// | | 4:0 | reserved |
/// | 2 | 7 | clear CMOS |
/// | | 6 | lock the keyboard |
/// | | 5:2 | [`BootDeviceSelector`] |
/// | | 1 | blank the screen |
/// | | 0 | lock the reset button |
/// | 3 | 7 | lock the power button |
/// | | 6:5 | [`FirmwareVerbosity`] |
/// | | 4 | force progress event traps |
/// | | 3 | bypass the user password |
/// | | 2 | lock the sleep button |
/// | | 1:0 | [`ConsoleRedirection`] |
/// | 4 | 7:4 | reserved |
/// | | 3 | BIOS shared mode override |
/// | | 2:0 | [`MuxControl`] |
/// | 5 | 7:5 | reserved |
/// | | 4:0 | device instance |
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct BootFlags(pub [u8; 5]);

const VALID: u8 = 0x80;
const PERSISTENT: u8 = 0x40;
const EFI: u8 = 0x20;

impl BootFlags {
    /// Valid flags for the next boot only, legacy, from this device, and nothing else.
    #[must_use]
    pub const fn for_device(device: BootDeviceSelector) -> Self {
        Self([VALID, device.0 << 2, 0, 0, 0])
    }

    /// The same for all boots.
    #[must_use]
    pub const fn persistent(self) -> Self {
        self.with_first(PERSISTENT)
    }

    /// The same as an EFI boot.
    #[must_use]
    pub const fn efi(self) -> Self {
        self.with_first(EFI)
    }

    /// The same bytes, not valid any more.
    #[must_use]
    pub const fn invalidated(self) -> Self {
        let Self([first, second, third, fourth, fifth]) = self;
        Self([first & !VALID, second, third, fourth, fifth])
    }

    /// Whether the flags mean anything.
    #[must_use]
    pub const fn is_valid(self) -> bool {
        self.first() & VALID != 0
    }

    /// Whether they hold for all boots.
    #[must_use]
    pub const fn is_persistent(self) -> bool {
        self.first() & PERSISTENT != 0
    }

    /// Whether they ask for an EFI boot.
    #[must_use]
    pub const fn is_efi(self) -> bool {
        self.first() & EFI != 0
    }

    /// What to boot from.
    #[must_use]
    pub const fn device(self) -> BootDeviceSelector {
        BootDeviceSelector((self.second() >> 2) & 0x0f)
    }

    /// Whether to clear the CMOS.
    #[must_use]
    pub const fn clears_cmos(self) -> bool {
        self.second() & 0x80 != 0
    }

    /// Whether to lock the keyboard.
    #[must_use]
    pub const fn locks_keyboard(self) -> bool {
        self.second() & 0x40 != 0
    }

    /// Whether to blank the screen.
    #[must_use]
    pub const fn blanks_screen(self) -> bool {
        self.second() & 0x02 != 0
    }

    /// Whether to lock the reset button.
    #[must_use]
    pub const fn locks_reset_button(self) -> bool {
        self.second() & 0x01 != 0
    }

    /// Whether to lock the power button.
    #[must_use]
    pub const fn locks_power_button(self) -> bool {
        self.third() & 0x80 != 0
    }

    /// How much the firmware is to show.
    #[must_use]
    pub const fn verbosity(self) -> FirmwareVerbosity {
        FirmwareVerbosity((self.third() >> 5) & 0x03)
    }

    /// Whether to force progress event traps.
    #[must_use]
    pub const fn forces_progress_events(self) -> bool {
        self.third() & 0x10 != 0
    }

    /// Whether to bypass the firmware's user password.
    #[must_use]
    pub const fn bypasses_user_password(self) -> bool {
        self.third() & 0x08 != 0
    }

    /// Whether to lock the sleep button.
    #[must_use]
    pub const fn locks_sleep_button(self) -> bool {
        self.third() & 0x04 != 0
    }

    /// Whether the firmware is to redirect its console.
    #[must_use]
    pub const fn console_redirection(self) -> ConsoleRedirection {
        ConsoleRedirection(self.third() & 0x03)
    }

    /// Whether to override the shared mode of the console.
    #[must_use]
    pub const fn overrides_shared_mode(self) -> bool {
        self.fourth() & 0x08 != 0
    }

    /// Where the serial multiplexer is to be switched at the end of the boot.
    #[must_use]
    pub const fn mux_control(self) -> MuxControl {
        MuxControl(self.fourth() & 0x07)
    }

    /// Which of several devices of the kind, 0 if that does not matter.
    #[must_use]
    pub const fn device_instance(self) -> u8 {
        self.fifth() & 0x1f
    }

    const fn with_first(self, bit: u8) -> Self {
        let Self([first, second, third, fourth, fifth]) = self;
        Self([first | bit, second, third, fourth, fifth])
    }

    const fn first(self) -> u8 {
        let Self([first, ..]) = self;
        first
    }

    const fn second(self) -> u8 {
        let Self([_, second, ..]) = self;
        second
    }

    const fn third(self) -> u8 {
        let Self([_, _, third, ..]) = self;
        third
    }

    const fn fourth(self) -> u8 {
        let Self([_, _, _, fourth, _]) = self;
        fourth
    }

    const fn fifth(self) -> u8 {
        let Self([.., fifth]) = self;
        fifth
    }
}

impl fmt::Display for BootFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second, third, fourth, fifth] = self.0;
        write!(f, "{first:02x} {second:02x} {third:02x} {fourth:02x} {fifth:02x}")
    }
}

impl fmt::Debug for BootFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BootFlags({self})")
    }
}

/// What to boot from. Four bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct BootDeviceSelector(u8);

impl BootDeviceSelector {
    /// No override.
    pub const NONE: Self = Self(0x0);
    /// The network, by PXE.
    pub const PXE: Self = Self(0x1);
    /// The default hard disk.
    pub const DISK: Self = Self(0x2);
    /// The default hard disk, in safe mode.
    pub const SAFE_DISK: Self = Self(0x3);
    /// The default diagnostic partition.
    pub const DIAGNOSTIC_PARTITION: Self = Self(0x4);
    /// The default CD or DVD.
    pub const CD: Self = Self(0x5);
    /// The setup of the firmware.
    pub const FIRMWARE_SETUP: Self = Self(0x6);
    /// A remote floppy or primary removable medium.
    pub const REMOTE_FLOPPY: Self = Self(0x7);
    /// A remote CD or DVD.
    pub const REMOTE_CD: Self = Self(0x8);
    /// The primary remote medium.
    pub const PRIMARY_REMOTE_MEDIUM: Self = Self(0x9);
    /// A remote hard disk.
    pub const REMOTE_DISK: Self = Self(0xb);
    /// A floppy or primary removable medium.
    pub const FLOPPY: Self = Self(0xf);

    /// The selector with this number; `None` above 0F.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if number <= 0x0f { Some(Self(number)) } else { None }
    }

    /// The number, 00 to 0F.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// The name of a defined value.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::NONE => Some("no override"),
            Self::PXE => Some("PXE"),
            Self::DISK => Some("hard disk"),
            Self::SAFE_DISK => Some("hard disk in safe mode"),
            Self::DIAGNOSTIC_PARTITION => Some("diagnostic partition"),
            Self::CD => Some("CD/DVD"),
            Self::FIRMWARE_SETUP => Some("firmware setup"),
            Self::REMOTE_FLOPPY => Some("remote floppy"),
            Self::REMOTE_CD => Some("remote CD/DVD"),
            Self::PRIMARY_REMOTE_MEDIUM => Some("primary remote medium"),
            Self::REMOTE_DISK => Some("remote hard disk"),
            Self::FLOPPY => Some("floppy"),
            Self(_) => None,
        }
    }
}

impl fmt::Display for BootDeviceSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} ({:#03x})", self.0),
            None => write!(f, "{:#03x}", self.0),
        }
    }
}

impl fmt::Debug for BootDeviceSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BootDeviceSelector({self})")
    }
}

/// How much the firmware is to show. Two bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FirmwareVerbosity(u8);

impl FirmwareVerbosity {
    /// As the system is set.
    pub const DEFAULT: Self = Self(0);
    /// Little.
    pub const QUIET: Self = Self(1);
    /// All.
    pub const VERBOSE: Self = Self(2);
}

/// Whether the firmware is to redirect its console. Two bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConsoleRedirection(u8);

impl ConsoleRedirection {
    /// As the firmware is set.
    pub const DEFAULT: Self = Self(0);
    /// No redirection.
    pub const SUPPRESS: Self = Self(1);
    /// Redirection.
    pub const REQUEST: Self = Self(2);
}

/// Where the serial multiplexer is to be switched at the end of the boot. Three bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MuxControl(u8);

impl MuxControl {
    /// As the controller recommends.
    pub const RECOMMENDED: Self = Self(0);
    /// To the management controller.
    pub const TO_BMC: Self = Self(1);
    /// To the system.
    pub const TO_SYSTEM: Self = Self(2);
}
