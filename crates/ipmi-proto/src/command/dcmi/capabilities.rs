//! Get DCMI Capabilities Info (`DCMI 1.5 §6.1.1`).

use bytes::BufMut;

use super::{GROUP, after_group};
use crate::command::bits::flag_byte;
use crate::command::body::{Body, BodyError, exactly};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, NetFn, PrivilegeLevel};

const REQUEST: &str = "Get DCMI Capabilities Info request";
const RESPONSE: &str = "Get DCMI Capabilities Info response";

/// Asks what of DCMI there is.
///
/// | byte | content |
/// |---|---|
/// | 1 | DC |
/// | 2 | [`DcmiParameter`] |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetDcmiCapabilities {
    /// What is asked about.
    pub parameter: DcmiParameter,
}

/// What Get DCMI Capabilities Info can be asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DcmiParameter(pub u8);

impl DcmiParameter {
    /// The optional features.
    pub const SUPPORTED: Self = Self(1);
    /// The event log and temperatures.
    pub const PLATFORM: Self = Self(2);
    /// Who manages the power.
    pub const POWER_MANAGEMENT: Self = Self(3);
    /// The channels.
    pub const MANAGEABILITY: Self = Self(4);
    /// Periods of power statistics.
    pub const POWER_STATISTICS: Self = Self(5);
}

impl Command for GetDcmiCapabilities {
    type Response = DcmiCapabilities;
    const NET_FN: NetFn = NetFn::GROUP_EXTENSION;
    const GROUP: Option<u8> = Some(GROUP);
    const COMMAND: CommandNumber = CommandNumber(0x01);
    const NAME: &'static str = "Get DCMI Capabilities Info";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "DCMI 1.5 §6.1.1";
}

impl Body for GetDcmiCapabilities {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [parameter] = exactly(REQUEST, after_group(REQUEST, data)?)?;
        Ok(Self { parameter: DcmiParameter(parameter) })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_slice(&[GROUP, self.parameter.0]);
    }
}

/// The answer. Which parameter it is about, only the request says.
///
/// | byte | content |
/// |---|---|
/// | 1 | DC |
/// | 2–3 | version of DCMI: 01 05 |
/// | 4 | revision of the parameters, 02 |
/// | 5– | the value: [`DcmiCapability::value`] |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DcmiCapabilities {
    /// The version of DCMI, major and minor.
    pub version: [u8; 2],
    /// The revision of the parameters.
    pub revision: u8,
    /// The value.
    pub value: Vec<u8>,
}

impl DcmiCapabilities {
    /// The answer that says this.
    #[must_use]
    pub fn of(capability: &DcmiCapability) -> Self {
        Self { version: [1, 5], revision: 2, value: capability.value() }
    }
}

impl Body for DcmiCapabilities {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        match after_group(RESPONSE, data)? {
            [major, minor, revision, value @ ..] => {
                Ok(Self { version: [*major, *minor], revision: *revision, value: value.to_vec() })
            }
            _ => Err(BodyError::Length { message: RESPONSE, len: data.len() }),
        }
    }

    fn encode(&self, out: &mut impl BufMut) {
        let [major, minor] = self.version;
        out.put_slice(&[GROUP, major, minor, self.revision]);
        out.put_slice(&self.value);
    }
}

/// What there is of DCMI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DcmiCapability {
    /// Which optional features there are.
    Supported {
        /// Whether power is measured and managed.
        power_management: bool,
    },
    /// The event log.
    Platform {
        /// How the log behaves.
        sel: DcmiSelAttributes,
        /// How many records it has room for, 0 to 4095.
        entries: u16,
    },
    /// The controller at this address manages the power.
    PowerManagement {
        /// Its address.
        address: u8,
    },
    /// The numbers of the channels.
    Manageability {
        /// Of the LAN channel. There is neither a second one nor a serial one.
        lan: u8,
    },
    /// There are no power statistics.
    NoPowerStatistics,
}

flag_byte! {
    /// How an event log behaves: bits 15:12 of a number of 16 bits, whose others are the number of records.
    pub struct DcmiSelAttributes {
        /// Single records can be deleted.
        RECORD_FLUSH = 0x20,
        /// It can be cleared.
        FLUSH = 0x40,
        /// When it is full, the oldest records make room.
        ROLLOVER = 0x80,
    }
}

impl DcmiCapability {
    /// The bytes after the revision.
    #[must_use]
    pub fn value(&self) -> Vec<u8> {
        match *self {
            Self::Supported { power_management } => vec![0, u8::from(power_management), 0],
            Self::Platform { sel, entries } => {
                let [low, high] = entries.min(0x0fff).to_le_bytes();
                vec![low, high | sel.bits() & 0xe0, 0, 0, 0]
            }
            Self::PowerManagement { address } => vec![address, 0],
            Self::Manageability { lan } => vec![lan, 0xff, 0xff],
            Self::NoPowerStatistics => vec![0],
        }
    }
}
