//! Get Device ID (`IPMI 2.0 §20.1`).

use std::fmt;

use bytes::BufMut;

use crate::command::bits::flag_byte;
use crate::command::body::{Body, BodyError, empty_body};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, NetFn, PrivilegeLevel};

/// Asks what the management controller is. No data bytes. Consoles use it to keep a session alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct GetDeviceId;

impl Command for GetDeviceId {
    type Response = DeviceId;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x01);
    const NAME: &'static str = "Get Device ID";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §20.1";
}

empty_body!(GetDeviceId, "Get Device ID request");

/// The answer: 11 bytes, or 15 with the auxiliary firmware revision.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | | device id |
/// | 2 | 7 | provides device sensor data records |
/// | | 3:0 | device revision |
/// | 3 | 7 | [`DeviceAvailability`] |
/// | | 6:0 | major firmware revision, binary |
/// | 4 | | minor firmware revision, BCD |
/// | 5 | | [`IpmiVersion`] |
/// | 6 | | [`DeviceSupport`] |
/// | 7–9 | 19:0 | manufacturer, IANA enterprise number, least significant byte first |
/// | 10–11 | | product, least significant byte first |
/// | 12–15 | | auxiliary firmware revision; optional |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceId {
    /// The device id; 00 means unspecified.
    pub device_id: u8,
    /// Whether the controller has sensor data records of its own, apart from the repository.
    pub provides_device_sdrs: bool,
    /// The device revision, 0 to 15.
    pub revision: u8,
    /// Whether the controller works normally.
    pub availability: DeviceAvailability,
    /// The major firmware revision, 0 to 127.
    pub firmware_major: u8,
    /// The minor firmware revision.
    pub firmware_minor: Bcd,
    /// The version of the specification.
    pub ipmi_version: IpmiVersion,
    /// Which roles the controller has.
    pub support: DeviceSupport,
    /// The manufacturer's IANA enterprise number, 20 bits. 0 means unspecified.
    pub manufacturer: u32,
    /// The manufacturer's product number. 0 means unspecified.
    pub product: u16,
    /// Whatever the manufacturer puts there.
    pub auxiliary_firmware: Option<[u8; 4]>,
}

/// Whether a controller works normally.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeviceAvailability {
    /// Normal operation.
    Normal,
    /// Initialising, or its firmware or records are being updated.
    Updating,
}

/// A number from 0 to 99 as two decimal digits in a byte.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bcd(u8);

impl Bcd {
    /// The number in decimal digits; `None` above 99.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        if number <= 99 { Some(Self(number / 10 * 16 + number % 10)) } else { None }
    }

    /// The number; `None` if a digit is not decimal.
    #[must_use]
    pub const fn number(self) -> Option<u8> {
        let (tens, ones) = (self.0 >> 4, self.0 & 0x0f);
        if tens <= 9 && ones <= 9 { Some(tens * 10 + ones) } else { None }
    }

    /// The byte, whatever its digits.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Self {
        Self(byte)
    }

    /// The byte on the wire.
    #[must_use]
    pub const fn byte(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Bcd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x}", self.0)
    }
}

impl fmt::Debug for Bcd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bcd({self})")
    }
}

/// The version of the specification: the minor number in the high half, the major one in the low half.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct IpmiVersion(pub u8);

impl IpmiVersion {
    /// IPMI 1.5.
    pub const V1_5: Self = Self(0x51);
    /// IPMI 2.0.
    pub const V2_0: Self = Self(0x02);
}

impl fmt::Display for IpmiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}.{:x}", self.0 & 0x0f, self.0 >> 4)
    }
}

impl fmt::Debug for IpmiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IpmiVersion({self})")
    }
}

flag_byte! {
    /// Which roles a controller has.
    pub struct DeviceSupport {
        /// Sensors.
        SENSOR = 0x01,
        /// The sensor data record repository.
        SDR_REPOSITORY = 0x02,
        /// The system event log.
        SEL = 0x04,
        /// FRU inventory.
        FRU_INVENTORY = 0x08,
        /// Receives events.
        EVENT_RECEIVER = 0x10,
        /// Generates events.
        EVENT_GENERATOR = 0x20,
        /// Bridges to other channels.
        BRIDGE = 0x40,
        /// Chassis commands.
        CHASSIS = 0x80,
    }
}

impl Body for DeviceId {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [
            device_id,
            revision,
            major,
            minor,
            version,
            support,
            manufacturer_0,
            manufacturer_1,
            manufacturer_2,
            product_0,
            product_1,
            ref auxiliary @ ..,
        ] = *data
        else {
            return Err(length(data));
        };
        let auxiliary_firmware = match *auxiliary {
            [a, b, c, d] => Some([a, b, c, d]),
            // The BMC of pyghmi, which many virtual machines stand behind, stops one byte short: as good as none.
            [] | [_] | [_, _] | [_, _, _] => None,
            _ => return Err(length(data)),
        };
        Ok(Self {
            device_id,
            provides_device_sdrs: revision & 0x80 != 0,
            revision: revision & 0x0f,
            availability: if major & 0x80 == 0 {
                DeviceAvailability::Normal
            } else {
                DeviceAvailability::Updating
            },
            firmware_major: major & 0x7f,
            firmware_minor: Bcd(minor),
            ipmi_version: IpmiVersion(version),
            support: DeviceSupport::from_bits(support),
            manufacturer: u32::from_le_bytes([manufacturer_0, manufacturer_1, manufacturer_2 & 0x0f, 0]),
            product: u16::from_le_bytes([product_0, product_1]),
            auxiliary_firmware,
        })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.device_id);
        out.put_u8((self.revision & 0x0f) | if self.provides_device_sdrs { 0x80 } else { 0 });
        let availability = match self.availability {
            DeviceAvailability::Normal => 0,
            DeviceAvailability::Updating => 0x80,
        };
        out.put_u8((self.firmware_major & 0x7f) | availability);
        out.put_u8(self.firmware_minor.0);
        out.put_u8(self.ipmi_version.0);
        out.put_u8(self.support.bits());
        let [manufacturer_0, manufacturer_1, manufacturer_2, _] = self.manufacturer.to_le_bytes();
        out.put_slice(&[manufacturer_0, manufacturer_1, manufacturer_2 & 0x0f]);
        out.put_u16_le(self.product);
        if let Some(auxiliary) = self.auxiliary_firmware {
            out.put_slice(&auxiliary);
        }
    }
}

const fn length(data: &[u8]) -> BodyError {
    BodyError::Length { message: "Get Device ID response", len: data.len() }
}
