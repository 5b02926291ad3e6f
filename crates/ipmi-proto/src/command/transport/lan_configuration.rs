//! Set LAN Configuration Parameters (`IPMI 2.0 §23.1`) and Get LAN Configuration Parameters (`IPMI 2.0 §23.2`).

use bytes::BufMut;

use super::{LanParameter, LanParameterSelector};
use crate::command::body::{Body, BodyError, Nothing, exactly, only_bits};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{ChannelNumber, CommandNumber, CompletionCode, NetFn, PrivilegeLevel};

const SET_REQUEST: &str = "Set LAN Configuration Parameters request";
const GET_REQUEST: &str = "Get LAN Configuration Parameters request";
const GET_RESPONSE: &str = "Get LAN Configuration Parameters response";

/// Writes a parameter.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 7:4 | reserved |
/// | | 3:0 | channel |
/// | 2 | | [`LanParameterSelector`] |
/// | 3– | | the value |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetLanConfiguration {
    /// Which channel.
    pub channel: ChannelNumber,
    /// Which parameter.
    pub parameter: LanParameterSelector,
    /// Its value; [`LanParameter::decode`] reads it.
    pub value: Vec<u8>,
}

impl SetLanConfiguration {
    /// The parameter does not exist here.
    pub const PARAMETER_NOT_SUPPORTED: CompletionCode = CompletionCode(0x80);
    /// Somebody else is writing.
    pub const SET_IN_PROGRESS: CompletionCode = CompletionCode(0x81);
    /// The parameter cannot be written.
    pub const READ_ONLY: CompletionCode = CompletionCode(0x82);
}

impl Command for SetLanConfiguration {
    type Response = Nothing;
    const NET_FN: NetFn = NetFn::TRANSPORT;
    const COMMAND: CommandNumber = CommandNumber(0x01);
    const NAME: &'static str = "Set LAN Configuration Parameters";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::ADMINISTRATOR);
    const SECTION: &'static str = "IPMI 2.0 §23.1";
}

impl Body for SetLanConfiguration {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [channel, parameter, value @ ..] = data else {
            return Err(BodyError::Length { message: SET_REQUEST, len: data.len() });
        };
        Ok(Self {
            channel: ChannelNumber(only_bits(SET_REQUEST, 0, *channel, 0x0f)?),
            parameter: LanParameterSelector(*parameter),
            value: value.to_vec(),
        })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_slice(&[self.channel.0 & 0x0f, self.parameter.0]);
        out.put_slice(&self.value);
    }
}

/// Reads a parameter.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 7 | only the revision of the parameters is wanted |
/// | | 6:4 | reserved |
/// | | 3:0 | channel |
/// | 2 | | [`LanParameterSelector`] |
/// | 3 | | set selector, 00 if the parameter has none |
/// | 4 | | block selector, 00 if the parameter has none |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetLanConfiguration {
    /// Which channel.
    pub channel: ChannelNumber,
    /// Whether only the revision is wanted.
    pub revision_only: bool,
    /// Which parameter.
    pub parameter: LanParameterSelector,
    /// Which of several sets.
    pub set_selector: u8,
    /// Which block of a set.
    pub block_selector: u8,
}

impl GetLanConfiguration {
    /// The parameter does not exist here.
    pub const PARAMETER_NOT_SUPPORTED: CompletionCode = CompletionCode(0x80);
}

impl Command for GetLanConfiguration {
    type Response = LanConfiguration;
    const NET_FN: NetFn = NetFn::TRANSPORT;
    const COMMAND: CommandNumber = CommandNumber(0x02);
    const NAME: &'static str = "Get LAN Configuration Parameters";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::OPERATOR);
    const SECTION: &'static str = "IPMI 2.0 §23.2";
}

impl Body for GetLanConfiguration {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [channel, parameter, set_selector, block_selector] = exactly(GET_REQUEST, data)?;
        only_bits(GET_REQUEST, 0, channel, 0x8f)?;
        Ok(Self {
            channel: ChannelNumber(channel & 0x0f),
            revision_only: channel & 0x80 != 0,
            parameter: LanParameterSelector(parameter),
            set_selector,
            block_selector,
        })
    }

    fn encode(&self, out: &mut impl BufMut) {
        let revision_only = if self.revision_only { 0x80 } else { 0 };
        out.put_u8(revision_only | self.channel.0 & 0x0f);
        out.put_slice(&[self.parameter.0, self.set_selector, self.block_selector]);
    }
}

/// The answer. Which parameter it is about, only the request says.
///
/// | byte | content |
/// |---|---|
/// | 1 | revision of the parameters, 11 |
/// | 2– | the value; missing if only the revision was asked for |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LanConfiguration {
    /// The revision of the parameters.
    pub revision: u8,
    /// The value; [`LanParameter::decode`] reads it.
    pub value: Vec<u8>,
}

impl LanConfiguration {
    /// The revision that this module speaks of.
    pub const REVISION: u8 = 0x11;

    /// Nothing but the revision.
    #[must_use]
    pub const fn revision_only() -> Self {
        Self { revision: Self::REVISION, value: Vec::new() }
    }

    /// A parameter with its value.
    #[must_use]
    pub fn of(parameter: &LanParameter) -> Self {
        let mut value = Vec::new();
        parameter.encode(&mut value);
        Self { revision: Self::REVISION, value }
    }
}

impl Body for LanConfiguration {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [revision, value @ ..] = data else {
            return Err(BodyError::Length { message: GET_RESPONSE, len: data.len() });
        };
        Ok(Self { revision: *revision, value: value.to_vec() })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.revision);
        out.put_slice(&self.value);
    }
}
