//! The parameters of a LAN channel (`IPMI 2.0 §23.2`, table of parameters).

use std::fmt;
use std::net::Ipv4Addr;

use bytes::BufMut;

use crate::command::app::AuthTypes;
use crate::command::body::{BodyError, exactly};
use crate::command::boot_options::SetInProgress;
use crate::number::{CipherSuiteId, PrivilegeLevel};

const MESSAGE: &str = "LAN configuration parameter";

/// The number of a parameter. 192 to 255 are the manufacturer's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LanParameterSelector(pub u8);

impl fmt::Display for LanParameterSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for LanParameterSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LanParameterSelector({self})")
    }
}

/// A parameter with its value. Addresses are sent most significant byte first, numbers least significant byte first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LanParameter {
    /// 0, one byte: whether somebody is writing several parameters.
    SetInProgress(SetInProgress),
    /// 1, one byte: the authentication types of IPMI 1.5 that there are.
    AuthTypeSupport(AuthTypes),
    /// 2, five bytes: those that are enabled for callback, user, operator, administrator and OEM.
    AuthTypeEnables([AuthTypes; 5]),
    /// 3, four bytes.
    IpAddress(Ipv4Addr),
    /// 4, one byte: where the address comes from.
    IpSource(IpSource),
    /// 5, six bytes.
    MacAddress([u8; 6]),
    /// 6, four bytes.
    SubnetMask(Ipv4Addr),
    /// 7, three bytes: time to live; flags in bits 7:5; precedence in bits 7:5 and type of service in bits 4:1.
    Ipv4Header([u8; 3]),
    /// 8, two bytes: the UDP port.
    PrimaryPort(u16),
    /// 9, two bytes: the UDP port for encrypted RMCP.
    SecondaryPort(u16),
    /// 10, one byte: bit 1 ARP requests are answered, bit 0 gratuitous ARPs are sent.
    ArpControl(u8),
    /// 11, one byte: pause between gratuitous ARPs, in 500 ms.
    GratuitousArpInterval(u8),
    /// 12, four bytes.
    DefaultGateway(Ipv4Addr),
    /// 13, six bytes.
    DefaultGatewayMac([u8; 6]),
    /// 14, four bytes.
    BackupGateway(Ipv4Addr),
    /// 15, six bytes.
    BackupGatewayMac([u8; 6]),
    /// 16, 18 bytes: the SNMP community of alerts, padded with zeros.
    CommunityString([u8; 18]),
    /// 17, one byte: how many destinations alerts can have, at most 15.
    AlertDestinations(u8),
    /// 20, two bytes: bit 15 whether there is a VLAN, bits 11:0 which.
    VlanId(u16),
    /// 21, one byte: bits 2:0 the priority inside the VLAN.
    VlanPriority(u8),
    /// 22, one byte: how many cipher suites follow in 23, at most 16.
    CipherSuiteCount(u8),
    /// 23, a reserved byte and up to 16 suites.
    CipherSuites(Vec<CipherSuiteId>),
    /// 24, a reserved byte and 16 half bytes, the low one first: the highest level with each entry of 23; 0 for none.
    CipherSuitePrivileges([PrivilegeLevel; 16]),
    /// 26, six bytes: what happens after wrong passwords; all zero for nothing.
    BadPasswordThreshold([u8; 6]),
    /// Any other parameter.
    Other {
        /// Which one. Not one of the typed parameters: its bytes would be read back as that one.
        selector: LanParameterSelector,
        /// Its bytes.
        value: Vec<u8>,
    },
}

/// Where the address of a LAN channel comes from. Four bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IpSource(pub u8);

impl IpSource {
    /// Not said.
    pub const UNSPECIFIED: Self = Self(0);
    /// Configured by hand.
    pub const STATIC: Self = Self(1);
    /// DHCP.
    pub const DHCP: Self = Self(2);
    /// Loaded by the BIOS or the operating system.
    pub const BIOS: Self = Self(3);
    /// Some other protocol.
    pub const OTHER: Self = Self(4);
}

impl LanParameter {
    /// Which parameter it is.
    #[must_use]
    pub const fn selector(&self) -> LanParameterSelector {
        LanParameterSelector(match self {
            Self::SetInProgress(_) => 0,
            Self::AuthTypeSupport(_) => 1,
            Self::AuthTypeEnables(_) => 2,
            Self::IpAddress(_) => 3,
            Self::IpSource(_) => 4,
            Self::MacAddress(_) => 5,
            Self::SubnetMask(_) => 6,
            Self::Ipv4Header(_) => 7,
            Self::PrimaryPort(_) => 8,
            Self::SecondaryPort(_) => 9,
            Self::ArpControl(_) => 10,
            Self::GratuitousArpInterval(_) => 11,
            Self::DefaultGateway(_) => 12,
            Self::DefaultGatewayMac(_) => 13,
            Self::BackupGateway(_) => 14,
            Self::BackupGatewayMac(_) => 15,
            Self::CommunityString(_) => 16,
            Self::AlertDestinations(_) => 17,
            Self::VlanId(_) => 20,
            Self::VlanPriority(_) => 21,
            Self::CipherSuiteCount(_) => 22,
            Self::CipherSuites(_) => 23,
            Self::CipherSuitePrivileges(_) => 24,
            Self::BadPasswordThreshold(_) => 26,
            Self::Other { selector, .. } => selector.0,
        })
    }

    /// Reads the bytes of a parameter. Reserved bits are ignored.
    ///
    /// # Errors
    /// [`BodyError`] when they are not a value of this parameter.
    pub fn decode(selector: LanParameterSelector, value: &[u8]) -> Result<Self, BodyError> {
        let byte = || exactly::<1>(MESSAGE, value).map(|[byte]| byte);
        let number = || exactly(MESSAGE, value).map(u16::from_le_bytes);
        let address = || exactly::<4>(MESSAGE, value).map(Ipv4Addr::from);
        let mac = || exactly::<6>(MESSAGE, value);
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
            1 => Self::AuthTypeSupport(AuthTypes::from_bits(byte()?)),
            2 => Self::AuthTypeEnables(exactly(MESSAGE, value)?.map(AuthTypes::from_bits)),
            3 => Self::IpAddress(address()?),
            4 => Self::IpSource(IpSource(byte()? & 0x0f)),
            5 => Self::MacAddress(mac()?),
            6 => Self::SubnetMask(address()?),
            7 => Self::Ipv4Header(exactly(MESSAGE, value)?),
            8 => Self::PrimaryPort(number()?),
            9 => Self::SecondaryPort(number()?),
            10 => Self::ArpControl(byte()? & 0x03),
            11 => Self::GratuitousArpInterval(byte()?),
            12 => Self::DefaultGateway(address()?),
            13 => Self::DefaultGatewayMac(mac()?),
            14 => Self::BackupGateway(address()?),
            15 => Self::BackupGatewayMac(mac()?),
            16 => Self::CommunityString(exactly(MESSAGE, value)?),
            17 => Self::AlertDestinations(byte()? & 0x0f),
            20 => Self::VlanId(number()? & 0x8fff),
            21 => Self::VlanPriority(byte()? & 0x07),
            22 => Self::CipherSuiteCount(byte()? & 0x1f),
            23 => match value {
                [_, suites @ ..] if suites.len() <= 16 => {
                    Self::CipherSuites(suites.iter().copied().map(CipherSuiteId).collect())
                }
                _ => return Err(BodyError::Length { message: MESSAGE, len: value.len() }),
            },
            24 => {
                let [_, pairs @ ..] = exactly::<9>(MESSAGE, value)?;
                let mut levels = [PrivilegeLevel::HIGHEST; 16];
                for (two, pair) in levels.chunks_exact_mut(2).zip(pairs) {
                    if let [low, high] = two {
                        (*low, *high) = (PrivilegeLevel(pair & 0x0f), PrivilegeLevel(pair >> 4));
                    }
                }
                Self::CipherSuitePrivileges(levels)
            }
            26 => Self::BadPasswordThreshold(exactly(MESSAGE, value)?),
            _ => Self::Other { selector, value: value.to_vec() },
        })
    }

    /// Writes the bytes of the parameter.
    pub fn encode(&self, out: &mut impl BufMut) {
        match self {
            Self::SetInProgress(progress) => out.put_u8(progress.to_byte()),
            Self::AuthTypeSupport(types) => out.put_u8(types.bits()),
            Self::AuthTypeEnables(levels) => out.put_slice(&levels.map(AuthTypes::bits)),
            Self::IpAddress(address)
            | Self::SubnetMask(address)
            | Self::DefaultGateway(address)
            | Self::BackupGateway(address) => out.put_slice(&address.octets()),
            Self::IpSource(source) => out.put_u8(source.0 & 0x0f),
            Self::MacAddress(mac) | Self::DefaultGatewayMac(mac) | Self::BackupGatewayMac(mac) => {
                out.put_slice(mac);
            }
            Self::Ipv4Header(header) => out.put_slice(header),
            Self::PrimaryPort(port) | Self::SecondaryPort(port) => out.put_u16_le(*port),
            Self::ArpControl(bits) => out.put_u8(bits & 0x03),
            Self::GratuitousArpInterval(interval) => out.put_u8(*interval),
            Self::CommunityString(community) => out.put_slice(community),
            Self::AlertDestinations(count) => out.put_u8(count & 0x0f),
            Self::VlanId(id) => out.put_u16_le(id & 0x8fff),
            Self::VlanPriority(priority) => out.put_u8(priority & 0x07),
            Self::CipherSuiteCount(count) => out.put_u8(count & 0x1f),
            Self::CipherSuites(suites) => {
                out.put_u8(0);
                for suite in suites.iter().take(16) {
                    out.put_u8(suite.0);
                }
            }
            Self::CipherSuitePrivileges(levels) => {
                out.put_u8(0);
                for two in levels.chunks_exact(2) {
                    if let [low, high] = two {
                        out.put_u8(low.0 & 0x0f | high.0 << 4);
                    }
                }
            }
            Self::BadPasswordThreshold(threshold) => out.put_slice(threshold),
            Self::Other { value, .. } => out.put_slice(value),
        }
    }
}
