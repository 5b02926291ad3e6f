//! Set System Boot Options (`IPMI 2.0 §28.12`).

use bytes::BufMut;

use super::{BootOption, ParameterMark, ParameterSelector};
use crate::command::body::{Body, BodyError, Nothing};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, CompletionCode, NetFn, PrivilegeLevel};

const MESSAGE: &str = "Set System Boot Options request";

/// Changes one parameter.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 7 | [`ParameterMark`] |
/// | | 6:0 | [`ParameterSelector`] |
/// | 2– | | the value; without it only the mark changes |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetSystemBootOptions {
    /// How the parameter is to be marked.
    pub mark: ParameterMark,
    /// What else changes.
    pub change: BootOptionChange,
}

/// What Set System Boot Options changes besides the mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BootOptionChange {
    /// Nothing: only the mark of this parameter.
    MarkOnly(ParameterSelector),
    /// The value of the parameter. [`BootOption::Other`] has at least one byte here.
    Write(BootOption),
}

impl SetSystemBootOptions {
    /// The parameter is not supported.
    pub const PARAMETER_NOT_SUPPORTED: CompletionCode = CompletionCode(0x80);
    /// Set in progress is set already.
    pub const SET_IN_PROGRESS: CompletionCode = CompletionCode(0x81);
    /// The parameter cannot be written.
    pub const READ_ONLY: CompletionCode = CompletionCode(0x82);

    /// Writes a parameter and marks it valid.
    #[must_use]
    pub const fn write(option: BootOption) -> Self {
        Self { mark: ParameterMark::Valid, change: BootOptionChange::Write(option) }
    }

    /// Which parameter it is about.
    #[must_use]
    pub const fn selector(&self) -> ParameterSelector {
        match &self.change {
            BootOptionChange::MarkOnly(selector) => *selector,
            BootOptionChange::Write(option) => option.selector(),
        }
    }
}

impl Command for SetSystemBootOptions {
    type Response = Nothing;
    const NET_FN: NetFn = NetFn::CHASSIS;
    const COMMAND: CommandNumber = CommandNumber(0x08);
    const NAME: &'static str = "Set System Boot Options";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::OPERATOR);
    const SECTION: &'static str = "IPMI 2.0 §28.12";
}

impl Body for SetSystemBootOptions {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [parameter, value @ ..] = data else {
            return Err(BodyError::Length { message: MESSAGE, len: 0 });
        };
        let selector = ParameterSelector::new(*parameter);
        let change = if value.is_empty() {
            BootOptionChange::MarkOnly(selector)
        } else {
            BootOptionChange::Write(BootOption::decode(MESSAGE, 1, selector, value)?)
        };
        Ok(Self { mark: ParameterMark::from_byte(*parameter), change })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.selector().number() | self.mark.to_bit());
        if let BootOptionChange::Write(option) = &self.change {
            option.encode(out);
        }
    }
}
