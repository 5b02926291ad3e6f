//! Get Channel Info (`IPMI 2.0 §22.24`).

use bytes::BufMut;

use crate::command::body::{Body, BodyError, exactly, only_bits};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{ChannelNumber, CommandNumber, NetFn, PrivilegeLevel};

const REQUEST: &str = "Get Channel Info request";
const RESPONSE: &str = "Get Channel Info response";

/// Asks what a channel is. Consoles go through the numbers until they find a LAN.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 7:4 | reserved |
/// | | 3:0 | channel |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetChannelInfo {
    /// Which channel.
    pub channel: ChannelNumber,
}

impl Command for GetChannelInfo {
    type Response = ChannelInfo;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x42);
    const NAME: &'static str = "Get Channel Info";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §22.24";
}

impl Body for GetChannelInfo {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [channel] = exactly(REQUEST, data)?;
        Ok(Self { channel: ChannelNumber(only_bits(REQUEST, 0, channel, 0x0f)?) })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.channel.0 & 0x0f);
    }
}

/// The answer.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 3:0 | the real number of the channel |
/// | 2 | 6:0 | [`ChannelMedium`] |
/// | 3 | 4:0 | [`ChannelProtocol`] |
/// | 4 | 7:6 | [`ChannelSessions`] |
/// | | 5:0 | established sessions |
/// | 5–7 | | whose protocol it is, IANA number, least significant byte first |
/// | 8–9 | | auxiliary information |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelInfo {
    /// The real number of the channel.
    pub channel: ChannelNumber,
    /// What it runs over.
    pub medium: ChannelMedium,
    /// What it speaks.
    pub protocol: ChannelProtocol,
    /// Whether it has sessions.
    pub sessions: ChannelSessions,
    /// How many sessions are established, at most 63.
    pub active_sessions: u8,
    /// Who defined the protocol, 24 bits.
    pub vendor: u32,
    /// More about the channel.
    pub auxiliary: [u8; 2],
}

impl ChannelInfo {
    /// The number under which the protocols of the specification itself are registered.
    pub const IPMI_FORUM: u32 = 7154;
}

/// What a channel runs over. Seven bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChannelMedium(pub u8);

impl ChannelMedium {
    /// IPMB, an I²C bus.
    pub const IPMB: Self = Self(0x01);
    /// A LAN of the 802.3 family.
    pub const LAN_802_3: Self = Self(0x04);
    /// A serial line.
    pub const SERIAL: Self = Self(0x05);
    /// The interface of the managed system.
    pub const SYSTEM_INTERFACE: Self = Self(0x0c);
}

/// What a channel speaks. Five bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChannelProtocol(pub u8);

impl ChannelProtocol {
    /// IPMB, also inside RMCP.
    pub const IPMB_1_0: Self = Self(0x01);
    /// KCS.
    pub const KCS: Self = Self(0x05);
}

/// Whether a channel has sessions. Two bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChannelSessions {
    /// No sessions.
    None,
    /// One session at a time.
    Single,
    /// Many sessions.
    Multiple,
    /// As configured: with or without.
    Configurable,
}

impl Body for ChannelInfo {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [channel, medium, protocol, sessions, vendor_0, vendor_1, vendor_2, auxiliary_0, auxiliary_1] =
            exactly(RESPONSE, data)?;
        Ok(Self {
            channel: ChannelNumber(channel & 0x0f),
            medium: ChannelMedium(medium & 0x7f),
            protocol: ChannelProtocol(protocol & 0x1f),
            sessions: match sessions >> 6 {
                0 => ChannelSessions::None,
                1 => ChannelSessions::Single,
                2 => ChannelSessions::Multiple,
                _ => ChannelSessions::Configurable,
            },
            active_sessions: sessions & 0x3f,
            vendor: u32::from_le_bytes([vendor_0, vendor_1, vendor_2, 0]),
            auxiliary: [auxiliary_0, auxiliary_1],
        })
    }

    fn encode(&self, out: &mut impl BufMut) {
        let sessions = match self.sessions {
            ChannelSessions::None => 0x00,
            ChannelSessions::Single => 0x40,
            ChannelSessions::Multiple => 0x80,
            ChannelSessions::Configurable => 0xc0,
        };
        let [vendor_0, vendor_1, vendor_2, _] = self.vendor.to_le_bytes();
        out.put_slice(&[self.channel.0 & 0x0f, self.medium.0 & 0x7f, self.protocol.0 & 0x1f]);
        out.put_slice(&[sessions | self.active_sessions & 0x3f, vendor_0, vendor_1, vendor_2]);
        out.put_slice(&self.auxiliary);
    }
}
