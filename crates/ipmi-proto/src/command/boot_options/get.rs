//! Get System Boot Options (`IPMI 2.0 §28.13`).

use bytes::BufMut;

use super::{BootOption, ParameterMark, ParameterSelector};
use crate::command::body::{Body, BodyError, exactly, only_bits};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, CompletionCode, NetFn, PrivilegeLevel};

const REQUEST: &str = "Get System Boot Options request";
const RESPONSE: &str = "Get System Boot Options response";

/// Asks for one parameter.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 7 | reserved |
/// | | 6:0 | [`ParameterSelector`] |
/// | 2 | | set selector; 00 for parameters that have no sets |
/// | 3 | | block selector; 00 for parameters that have no blocks |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetSystemBootOptions {
    /// Which parameter.
    pub parameter: ParameterSelector,
    /// Which set of it.
    pub set_selector: u8,
    /// Which block of it.
    pub block_selector: u8,
}

impl GetSystemBootOptions {
    /// The parameter is not supported.
    pub const PARAMETER_NOT_SUPPORTED: CompletionCode = CompletionCode(0x80);

    /// Asks for a parameter without sets and blocks.
    #[must_use]
    pub const fn parameter(parameter: ParameterSelector) -> Self {
        Self { parameter, set_selector: 0, block_selector: 0 }
    }
}

impl Command for GetSystemBootOptions {
    type Response = BootOptionReport;
    const NET_FN: NetFn = NetFn::CHASSIS;
    const COMMAND: CommandNumber = CommandNumber(0x09);
    const NAME: &'static str = "Get System Boot Options";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::OPERATOR);
    const SECTION: &'static str = "IPMI 2.0 §28.13";
}

impl Body for GetSystemBootOptions {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [parameter, set_selector, block_selector] = exactly(REQUEST, data)?;
        let parameter = ParameterSelector::new(only_bits(REQUEST, 0, parameter, 0x7f)?);
        Ok(Self { parameter, set_selector, block_selector })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_slice(&[self.parameter.number(), self.set_selector, self.block_selector]);
    }
}

/// The answer.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 3:0 | version of the parameters: 1 |
/// | 2 | 7 | [`ParameterMark`] |
/// | | 6:0 | [`ParameterSelector`] |
/// | 3– | | the value |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BootOptionReport {
    /// How the parameter is marked.
    pub mark: ParameterMark,
    /// The parameter and its value.
    pub option: BootOption,
}

const PARAMETER_VERSION: u8 = 0x01;

impl Body for BootOptionReport {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [version, parameter, value @ ..] = data else {
            return Err(BodyError::Length { message: RESPONSE, len: data.len() });
        };
        if version & 0x0f != PARAMETER_VERSION {
            return Err(BodyError::Field { message: RESPONSE, offset: 0, value: *version });
        }
        let selector = ParameterSelector::new(*parameter);
        Ok(Self {
            mark: ParameterMark::from_byte(*parameter),
            option: BootOption::decode(RESPONSE, 2, selector, value)?,
        })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(PARAMETER_VERSION);
        out.put_u8(self.option.selector().number() | self.mark.to_bit());
        self.option.encode(out);
    }
}
