//! The watchdog timer: Reset (`IPMI 2.0 §27.5`), Set (`IPMI 2.0 §27.6`) and Get Watchdog Timer (`IPMI 2.0 §27.7`).

use bytes::BufMut;

use crate::command::bits::flag_byte;
use crate::command::body::{Body, BodyError, Nothing, empty_body, exactly, only_bits};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, CompletionCode, NetFn, PrivilegeLevel};

const SET_REQUEST: &str = "Set Watchdog Timer request";
const GET_RESPONSE: &str = "Get Watchdog Timer response";

/// Starts the countdown, or starts it again. No data bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ResetWatchdogTimer;

impl ResetWatchdogTimer {
    /// The timer was never set since the controller started.
    pub const NOT_INITIALIZED: CompletionCode = CompletionCode(0x80);
}

impl Command for ResetWatchdogTimer {
    type Response = Nothing;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x22);
    const NAME: &'static str = "Reset Watchdog Timer";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::OPERATOR);
    const SECTION: &'static str = "IPMI 2.0 §27.5";
}

empty_body!(ResetWatchdogTimer, "Reset Watchdog Timer request");

/// What the timer is for. Three bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WatchdogUse(pub u8);

impl WatchdogUse {
    /// The BIOS, in the phase FRB2.
    pub const BIOS_FRB2: Self = Self(1);
    /// The BIOS, in POST.
    pub const BIOS_POST: Self = Self(2);
    /// Loading the operating system.
    pub const OS_LOAD: Self = Self(3);
    /// The operating system, or management software in it.
    pub const SMS_OS: Self = Self(4);
    /// OEM.
    pub const OEM: Self = Self(5);

    const fn is_defined(self) -> bool {
        self.0 >= Self::BIOS_FRB2.0 && self.0 <= Self::OEM.0
    }
}

/// What happens when the timer expires. Three bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WatchdogAction(pub u8);

impl WatchdogAction {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Hard reset.
    pub const HARD_RESET: Self = Self(1);
    /// Power down.
    pub const POWER_DOWN: Self = Self(2);
    /// Power down, then up.
    pub const POWER_CYCLE: Self = Self(3);
}

/// What happens before the timer expires. Three bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PreTimeoutInterrupt(pub u8);

impl PreTimeoutInterrupt {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// A system management interrupt.
    pub const SMI: Self = Self(1);
    /// A non-maskable interrupt.
    pub const NMI: Self = Self(2);
    /// An interrupt of the messaging interface.
    pub const MESSAGING: Self = Self(3);
}

flag_byte! {
    /// For which use the timer has expired.
    pub struct WatchdogExpirations {
        /// [`WatchdogUse::BIOS_FRB2`].
        BIOS_FRB2 = 0x02,
        /// [`WatchdogUse::BIOS_POST`].
        BIOS_POST = 0x04,
        /// [`WatchdogUse::OS_LOAD`].
        OS_LOAD = 0x08,
        /// [`WatchdogUse::SMS_OS`].
        SMS_OS = 0x10,
        /// [`WatchdogUse::OEM`].
        OEM = 0x20,
    }
}

/// Sets the timer. It stops, unless `keep_running` is asked for.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 7 | whether expiring is *not* to be logged |
/// | | 6 | whether a running timer keeps running, from the new countdown |
/// | | 5:3 | reserved |
/// | | 2:0 | [`WatchdogUse`] |
/// | 2 | 7, 3 | reserved |
/// | | 6:4 | [`PreTimeoutInterrupt`] |
/// | | 2:0 | [`WatchdogAction`] |
/// | 3 | | how long before expiring the interrupt comes, in seconds |
/// | 4 | | which [`WatchdogExpirations`] to clear |
/// | 5–6 | | the countdown in 100 ms, least significant byte first |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetWatchdogTimer {
    /// Whether expiring is *not* to be logged.
    pub dont_log: bool,
    /// Whether a running timer keeps running.
    pub keep_running: bool,
    /// What the timer is for.
    pub timer_use: WatchdogUse,
    /// What happens before it expires.
    pub pre_timeout_interrupt: PreTimeoutInterrupt,
    /// What happens when it expires.
    pub action: WatchdogAction,
    /// How long before expiring the interrupt comes, in seconds.
    pub pre_timeout_interval: u8,
    /// Which expirations to forget.
    pub clear: WatchdogExpirations,
    /// The countdown in 100 ms.
    pub countdown: u16,
}

impl Command for SetWatchdogTimer {
    type Response = Nothing;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x24);
    const NAME: &'static str = "Set Watchdog Timer";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::OPERATOR);
    const SECTION: &'static str = "IPMI 2.0 §27.6";
}

impl Body for SetWatchdogTimer {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [timer_use, action, pre_timeout_interval, clear, count_0, count_1] = exactly(SET_REQUEST, data)?;
        let undefined = |offset, value| BodyError::Field { message: SET_REQUEST, offset, value };
        only_bits(SET_REQUEST, 0, timer_use, 0xc7)?;
        // Interrupts and actions above 3 are not defined.
        only_bits(SET_REQUEST, 1, action, 0x33)?;
        let number = WatchdogUse(timer_use & 0x07);
        if !number.is_defined() {
            return Err(undefined(0, timer_use));
        }
        Ok(Self {
            dont_log: timer_use & 0x80 != 0,
            keep_running: timer_use & 0x40 != 0,
            timer_use: number,
            pre_timeout_interrupt: PreTimeoutInterrupt(action >> 4),
            action: WatchdogAction(action & 0x07),
            pre_timeout_interval,
            clear: WatchdogExpirations::from_bits(only_bits(SET_REQUEST, 3, clear, 0x3e)?),
            countdown: u16::from_le_bytes([count_0, count_1]),
        })
    }

    fn encode(&self, out: &mut impl BufMut) {
        let dont_log = if self.dont_log { 0x80 } else { 0 };
        let keep_running = if self.keep_running { 0x40 } else { 0 };
        out.put_u8(dont_log | keep_running | self.timer_use.0 & 0x07);
        out.put_u8((self.pre_timeout_interrupt.0 & 0x07) << 4 | self.action.0 & 0x07);
        out.put_slice(&[self.pre_timeout_interval, self.clear.bits()]);
        out.put_u16_le(self.countdown);
    }
}

/// Asks for the timer. No data bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct GetWatchdogTimer;

impl Command for GetWatchdogTimer {
    type Response = WatchdogTimer;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x25);
    const NAME: &'static str = "Get Watchdog Timer";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §27.7";
}

empty_body!(GetWatchdogTimer, "Get Watchdog Timer request");

/// The answer.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 7 | whether expiring is *not* logged |
/// | | 6 | whether the timer runs |
/// | | 2:0 | [`WatchdogUse`] |
/// | 2 | 6:4 | [`PreTimeoutInterrupt`] |
/// | | 2:0 | [`WatchdogAction`] |
/// | 3 | | how long before expiring the interrupt comes, in seconds |
/// | 4 | | [`WatchdogExpirations`] |
/// | 5–6 | | the initial countdown in 100 ms, least significant byte first |
/// | 7–8 | | the present countdown in 100 ms, least significant byte first |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchdogTimer {
    /// Whether expiring is *not* logged.
    pub dont_log: bool,
    /// Whether the timer runs.
    pub running: bool,
    /// What the timer is for.
    pub timer_use: WatchdogUse,
    /// What happens before it expires.
    pub pre_timeout_interrupt: PreTimeoutInterrupt,
    /// What happens when it expires.
    pub action: WatchdogAction,
    /// How long before expiring the interrupt comes, in seconds.
    pub pre_timeout_interval: u8,
    /// For which uses it has expired.
    pub expired: WatchdogExpirations,
    /// What the countdown begins with, in 100 ms.
    pub initial: u16,
    /// What is left of it, in 100 ms.
    pub present: u16,
}

impl Body for WatchdogTimer {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [timer_use, action, pre_timeout_interval, expired, i0, i1, p0, p1] = exactly(GET_RESPONSE, data)?;
        Ok(Self {
            dont_log: timer_use & 0x80 != 0,
            running: timer_use & 0x40 != 0,
            timer_use: WatchdogUse(timer_use & 0x07),
            pre_timeout_interrupt: PreTimeoutInterrupt(action >> 4 & 0x07),
            action: WatchdogAction(action & 0x07),
            pre_timeout_interval,
            expired: WatchdogExpirations::from_bits(expired),
            initial: u16::from_le_bytes([i0, i1]),
            present: u16::from_le_bytes([p0, p1]),
        })
    }

    fn encode(&self, out: &mut impl BufMut) {
        let dont_log = if self.dont_log { 0x80 } else { 0 };
        let running = if self.running { 0x40 } else { 0 };
        out.put_u8(dont_log | running | self.timer_use.0 & 0x07);
        out.put_u8((self.pre_timeout_interrupt.0 & 0x07) << 4 | self.action.0 & 0x07);
        out.put_slice(&[self.pre_timeout_interval, self.expired.bits()]);
        out.put_u16_le(self.initial);
        out.put_u16_le(self.present);
    }
}
