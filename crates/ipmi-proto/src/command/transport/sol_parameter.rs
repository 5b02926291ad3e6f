//! The parameters of Serial over LAN (`IPMI 2.0 §26.3`, table of parameters).

use std::fmt;

use bytes::BufMut;

use crate::command::body::{BodyError, exactly};
use crate::command::boot_options::SetInProgress;
use crate::number::{ChannelNumber, PrivilegeLevel};

const MESSAGE: &str = "SOL configuration parameter";

/// The number of a parameter. 192 to 255 are the manufacturer's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SolParameterSelector(pub u8);

impl fmt::Display for SolParameterSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for SolParameterSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SolParameterSelector({self})")
    }
}

/// A parameter with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SolParameter {
    /// 0, one byte: whether somebody is writing several parameters.
    SetInProgress(SetInProgress),
    /// 1, one byte: bit 0 whether the payload can be activated.
    Enable(bool),
    /// 2, one byte.
    Authentication(SolAuthentication),
    /// 3, two bytes: how long characters are gathered, in 5 ms; how many are sent at once.
    Accumulation {
        /// How long characters are gathered before less than a full packet is sent, in 5 ms.
        interval: u8,
        /// How many characters are sent without waiting for more.
        threshold: u8,
    },
    /// 4, two bytes: bits 2:0 how often an unacknowledged packet is sent again; after how long, in 10 ms.
    Retry {
        /// How often an unacknowledged packet is sent again, at most 7.
        count: u8,
        /// How long after the time before, in 10 ms.
        interval: u8,
    },
    /// 5, one byte: bits 3:0 bit rate of the serial port after a restart.
    NonVolatileBitRate(SolBitRate),
    /// 6, one byte: bits 3:0 bit rate of the serial port now.
    VolatileBitRate(SolBitRate),
    /// 7, one byte: the channel of the payload. Read-only.
    PayloadChannel(ChannelNumber),
    /// 8, two bytes, least significant first: the UDP port of the payload.
    PayloadPort(u16),
    /// Any other parameter.
    Other {
        /// Which one. Not one of the typed parameters: its bytes would be read back as that one.
        selector: SolParameterSelector,
        /// Its bytes.
        value: Vec<u8>,
    },
}

/// Who may activate Serial over LAN, and how: bit 7 encryption is forced, bit 6 authentication is forced, bits 3:0 the level that is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SolAuthentication {
    /// Whether packets have to be encrypted.
    pub force_encryption: bool,
    /// Whether packets have to be signed.
    pub force_authentication: bool,
    /// The level that activates and deactivates.
    pub privilege: PrivilegeLevel,
}

/// A bit rate of a serial port. Four bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SolBitRate(pub u8);

impl SolBitRate {
    /// Whatever the serial port is set to.
    pub const AS_SERIAL_PORT: Self = Self(0x0);
    /// 9,600 bit/s.
    pub const RATE_9600: Self = Self(0x6);
    /// 19,200 bit/s.
    pub const RATE_19200: Self = Self(0x7);
    /// 38,400 bit/s.
    pub const RATE_38400: Self = Self(0x8);
    /// 57,600 bit/s.
    pub const RATE_57600: Self = Self(0x9);
    /// 115,200 bit/s.
    pub const RATE_115200: Self = Self(0xa);

    /// Whether the value is defined.
    #[must_use]
    pub const fn is_defined(self) -> bool {
        matches!(self.0, 0 | 6..=10)
    }
}

impl SolParameter {
    /// Which parameter it is.
    #[must_use]
    pub const fn selector(&self) -> SolParameterSelector {
        SolParameterSelector(match self {
            Self::SetInProgress(_) => 0,
            Self::Enable(_) => 1,
            Self::Authentication(_) => 2,
            Self::Accumulation { .. } => 3,
            Self::Retry { .. } => 4,
            Self::NonVolatileBitRate(_) => 5,
            Self::VolatileBitRate(_) => 6,
            Self::PayloadChannel(_) => 7,
            Self::PayloadPort(_) => 8,
            Self::Other { selector, .. } => selector.0,
        })
    }

    /// Reads the bytes of a parameter. Reserved bits are ignored.
    ///
    /// # Errors
    /// [`BodyError`] when they are not a value of this parameter.
    pub fn decode(selector: SolParameterSelector, value: &[u8]) -> Result<Self, BodyError> {
        let byte = || exactly::<1>(MESSAGE, value).map(|[byte]| byte);
        Ok(match selector.0 {
            0 => {
                let value = byte()?;
                let progress = SetInProgress::from_byte(value & 0x03);
                Self::SetInProgress(progress.ok_or(BodyError::Field {
                    message: MESSAGE,
                    offset: 0,
                    value,
                })?)
            }
            1 => Self::Enable(byte()? & 0x01 != 0),
            2 => {
                let value = byte()?;
                Self::Authentication(SolAuthentication {
                    force_encryption: value & FORCE_ENCRYPTION != 0,
                    force_authentication: value & FORCE_AUTHENTICATION != 0,
                    privilege: PrivilegeLevel::new(value),
                })
            }
            3 => {
                let [interval, threshold] = exactly(MESSAGE, value)?;
                Self::Accumulation { interval, threshold }
            }
            4 => {
                let [count, interval] = exactly(MESSAGE, value)?;
                Self::Retry { count: count & 0x07, interval }
            }
            5 => Self::NonVolatileBitRate(SolBitRate(byte()? & 0x0f)),
            6 => Self::VolatileBitRate(SolBitRate(byte()? & 0x0f)),
            7 => Self::PayloadChannel(ChannelNumber(byte()? & 0x0f)),
            8 => Self::PayloadPort(u16::from_le_bytes(exactly(MESSAGE, value)?)),
            _ => Self::Other { selector, value: value.to_vec() },
        })
    }

    /// Writes the bytes of the parameter.
    pub fn encode(&self, out: &mut impl BufMut) {
        match self {
            Self::SetInProgress(progress) => out.put_u8(progress.to_byte()),
            Self::Enable(enabled) => out.put_u8(u8::from(*enabled)),
            Self::Authentication(authentication) => {
                let encryption = if authentication.force_encryption { FORCE_ENCRYPTION } else { 0 };
                let signing = if authentication.force_authentication { FORCE_AUTHENTICATION } else { 0 };
                out.put_u8(encryption | signing | authentication.privilege.0 & 0x0f);
            }
            Self::Accumulation { interval, threshold } => out.put_slice(&[*interval, *threshold]),
            Self::Retry { count, interval } => out.put_slice(&[count & 0x07, *interval]),
            Self::NonVolatileBitRate(rate) | Self::VolatileBitRate(rate) => out.put_u8(rate.0 & 0x0f),
            Self::PayloadChannel(channel) => out.put_u8(channel.0 & 0x0f),
            Self::PayloadPort(port) => out.put_u16_le(*port),
            Self::Other { value, .. } => out.put_slice(value),
        }
    }
}

const FORCE_ENCRYPTION: u8 = 0x80;
const FORCE_AUTHENTICATION: u8 = 0x40;
