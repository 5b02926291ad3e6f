//! Get Channel Payload Support (`IPMI 2.0 §24.8`) and Get Channel Payload Version (`IPMI 2.0 §24.9`).

use bytes::BufMut;

use crate::command::body::{Body, BodyError, exactly, only_bits};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{ChannelNumber, CommandNumber, CompletionCode, NetFn, PayloadType, PrivilegeLevel};

const SUPPORT_REQUEST: &str = "Get Channel Payload Support request";
const SUPPORT_RESPONSE: &str = "Get Channel Payload Support response";
const VERSION_REQUEST: &str = "Get Channel Payload Version request";
const VERSION_RESPONSE: &str = "Get Channel Payload Version response";

/// Asks which payload types a channel has.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 7:4 | reserved |
/// | | 3:0 | channel |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetChannelPayloadSupport {
    /// Which channel.
    pub channel: ChannelNumber,
}

impl Command for GetChannelPayloadSupport {
    type Response = ChannelPayloadSupport;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x4e);
    const NAME: &'static str = "Get Channel Payload Support";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §24.8";
}

impl Body for GetChannelPayloadSupport {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [channel] = exactly(SUPPORT_REQUEST, data)?;
        Ok(Self { channel: ChannelNumber(only_bits(SUPPORT_REQUEST, 0, channel, 0x0f)?) })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.channel.0 & 0x0f);
    }
}

/// The answer.
///
/// | byte | content |
/// |---|---|
/// | 1–2 | standard payload types 0 to 15, bit 0 of byte 1 for type 0 |
/// | 3–4 | payload types of the session setup, 10 to 1F |
/// | 5–6 | a vendor's payload types, 20 to 2F |
/// | 7–8 | reserved |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelPayloadSupport {
    /// Payload types 0 to 15, bit 0 for type 0.
    pub standard: u16,
    /// Payload types 10 to 1F (hexadecimal), bit 0 for type 10.
    pub session_setup: u16,
    /// Payload types 20 to 2F (hexadecimal), bit 0 for type 20.
    pub oem: u16,
}

impl Body for ChannelPayloadSupport {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [a, b, c, d, e, f, _reserved, _also] = exactly(SUPPORT_RESPONSE, data)?;
        Ok(Self {
            standard: u16::from_le_bytes([a, b]),
            session_setup: u16::from_le_bytes([c, d]),
            oem: u16::from_le_bytes([e, f]),
        })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u16_le(self.standard);
        out.put_u16_le(self.session_setup);
        out.put_u16_le(self.oem);
        out.put_u16_le(0);
    }
}

/// Asks for the version of a payload type.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 7:4 | reserved |
/// | | 3:0 | channel |
/// | 2 | 7:6 | reserved |
/// | | 5:0 | payload type |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetChannelPayloadVersion {
    /// Which channel.
    pub channel: ChannelNumber,
    /// Which payload.
    pub payload: PayloadType,
}

impl GetChannelPayloadVersion {
    /// The channel has no such payload.
    pub const NOT_AVAILABLE: CompletionCode = CompletionCode(0x80);
}

impl Command for GetChannelPayloadVersion {
    type Response = ChannelPayloadVersion;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x4f);
    const NAME: &'static str = "Get Channel Payload Version";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §24.9";
}

impl Body for GetChannelPayloadVersion {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [channel, payload] = exactly(VERSION_REQUEST, data)?;
        Ok(Self {
            channel: ChannelNumber(only_bits(VERSION_REQUEST, 0, channel, 0x0f)?),
            payload: PayloadType::new(only_bits(VERSION_REQUEST, 1, payload, 0x3f)?),
        })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_slice(&[self.channel.0 & 0x0f, self.payload.0 & 0x3f]);
    }
}

/// The answer.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 7:4 | major version |
/// | | 3:0 | minor version |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelPayloadVersion {
    /// The major version, at most 15.
    pub major: u8,
    /// The minor version, at most 15.
    pub minor: u8,
}

impl ChannelPayloadVersion {
    /// The version of every payload type of IPMI 2.0.
    pub const ONE: Self = Self { major: 1, minor: 0 };
}

impl Body for ChannelPayloadVersion {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [version] = exactly(VERSION_RESPONSE, data)?;
        Ok(Self { major: version >> 4, minor: version & 0x0f })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.major << 4 | self.minor & 0x0f);
    }
}
