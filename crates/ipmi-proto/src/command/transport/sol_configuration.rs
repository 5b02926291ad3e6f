//! Set SOL Configuration Parameters (`IPMI 2.0 §26.2`) and Get SOL Configuration Parameters (`IPMI 2.0 §26.3`). They are made like
//! those of the LAN.

use bytes::BufMut;

use super::{SolParameter, SolParameterSelector};
use crate::command::body::{Body, BodyError, Nothing, exactly, only_bits};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{ChannelNumber, CommandNumber, CompletionCode, NetFn, PrivilegeLevel};

const SET_REQUEST: &str = "Set SOL Configuration Parameters request";
const GET_REQUEST: &str = "Get SOL Configuration Parameters request";
const GET_RESPONSE: &str = "Get SOL Configuration Parameters response";

/// Writes a parameter.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 7:4 | reserved |
/// | | 3:0 | channel |
/// | 2 | | [`SolParameterSelector`] |
/// | 3– | | the value |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetSolConfiguration {
    /// Which channel.
    pub channel: ChannelNumber,
    /// Which parameter.
    pub parameter: SolParameterSelector,
    /// Its value; [`SolParameter::decode`] reads it.
    pub value: Vec<u8>,
}

impl SetSolConfiguration {
    /// The parameter does not exist here.
    pub const PARAMETER_NOT_SUPPORTED: CompletionCode = CompletionCode(0x80);
    /// Somebody else is writing.
    pub const SET_IN_PROGRESS: CompletionCode = CompletionCode(0x81);
    /// The parameter cannot be written.
    pub const READ_ONLY: CompletionCode = CompletionCode(0x82);
}

impl Command for SetSolConfiguration {
    type Response = Nothing;
    const NET_FN: NetFn = NetFn::TRANSPORT;
    const COMMAND: CommandNumber = CommandNumber(0x21);
    const NAME: &'static str = "Set SOL Configuration Parameters";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::ADMINISTRATOR);
    const SECTION: &'static str = "IPMI 2.0 §26.2";
}

impl Body for SetSolConfiguration {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [channel, parameter, value @ ..] = data else {
            return Err(BodyError::Length { message: SET_REQUEST, len: data.len() });
        };
        Ok(Self {
            channel: ChannelNumber(only_bits(SET_REQUEST, 0, *channel, 0x0f)?),
            parameter: SolParameterSelector(*parameter),
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
/// | 2 | | [`SolParameterSelector`] |
/// | 3 | | set selector, 00: no parameter has one |
/// | 4 | | block selector, 00: no parameter has one |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetSolConfiguration {
    /// Which channel.
    pub channel: ChannelNumber,
    /// Whether only the revision is wanted.
    pub revision_only: bool,
    /// Which parameter.
    pub parameter: SolParameterSelector,
    /// Which set of it.
    pub set_selector: u8,
    /// Which block of it.
    pub block_selector: u8,
}

impl GetSolConfiguration {
    /// The parameter does not exist here.
    pub const PARAMETER_NOT_SUPPORTED: CompletionCode = CompletionCode(0x80);

    /// Asks for a parameter of the channel that the request comes in on.
    #[must_use]
    pub const fn parameter(number: u8) -> Self {
        Self {
            channel: ChannelNumber::THIS,
            revision_only: false,
            parameter: SolParameterSelector(number),
            set_selector: 0,
            block_selector: 0,
        }
    }
}

impl Command for GetSolConfiguration {
    type Response = SolConfiguration;
    const NET_FN: NetFn = NetFn::TRANSPORT;
    const COMMAND: CommandNumber = CommandNumber(0x22);
    const NAME: &'static str = "Get SOL Configuration Parameters";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §26.3";
}

impl Body for GetSolConfiguration {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [channel, parameter, set_selector, block_selector] = exactly(GET_REQUEST, data)?;
        only_bits(GET_REQUEST, 0, channel, 0x8f)?;
        Ok(Self {
            channel: ChannelNumber(channel & 0x0f),
            revision_only: channel & 0x80 != 0,
            parameter: SolParameterSelector(parameter),
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
pub struct SolConfiguration {
    /// The revision of the parameters.
    pub revision: u8,
    /// The value; [`SolParameter::decode`] reads it.
    pub value: Vec<u8>,
}

impl SolConfiguration {
    /// The revision that this module speaks of.
    pub const REVISION: u8 = 0x11;

    /// Nothing but the revision.
    #[must_use]
    pub const fn revision_only() -> Self {
        Self { revision: Self::REVISION, value: Vec::new() }
    }

    /// A parameter with its value.
    #[must_use]
    pub fn of(parameter: &SolParameter) -> Self {
        let mut value = Vec::new();
        parameter.encode(&mut value);
        Self { revision: Self::REVISION, value }
    }
}

impl Body for SolConfiguration {
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
