//! Set System Info Parameters (`IPMI 2.0 §22.14a`) and Get System Info Parameters (`IPMI 2.0 §22.14b`).

use bytes::BufMut;

use crate::command::body::{Body, BodyError, Nothing, exactly, only_bits};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, CompletionCode, NetFn, PrivilegeLevel};

const REQUEST: &str = "Get System Info Parameters request";
const RESPONSE: &str = "Get System Info Parameters response";

/// Reads a parameter.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 7 | only the revision of the parameters is wanted |
/// | | 6:0 | reserved |
/// | 2 | | [`SystemInfoSelector`] |
/// | 3 | | set selector: which block of a text |
/// | 4 | | block selector, 00 |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetSystemInfoParameters {
    /// Whether only the revision is wanted.
    pub revision_only: bool,
    /// Which parameter.
    pub parameter: SystemInfoSelector,
    /// Which block of a text.
    pub set_selector: u8,
    /// Which part of that.
    pub block_selector: u8,
}

/// The number of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SystemInfoSelector(pub u8);

impl SystemInfoSelector {
    /// Whether somebody is writing several parameters.
    pub const SET_IN_PROGRESS: Self = Self(0);
    /// The version of the system's firmware, a text.
    pub const FIRMWARE_VERSION: Self = Self(1);
    /// The name of the system, a text.
    pub const SYSTEM_NAME: Self = Self(2);
    /// The operating system that is meant to run, a text.
    pub const PRIMARY_OS: Self = Self(3);
    /// The operating system that runs, a text.
    pub const PRESENT_OS: Self = Self(4);
}

impl GetSystemInfoParameters {
    /// The parameter does not exist here.
    pub const PARAMETER_NOT_SUPPORTED: CompletionCode = CompletionCode(0x80);
}

impl Command for GetSystemInfoParameters {
    type Response = SystemInfo;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x59);
    const NAME: &'static str = "Get System Info Parameters";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §22.14b";
}

impl Body for GetSystemInfoParameters {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [revision_only, parameter, set_selector, block_selector] = exactly(REQUEST, data)?;
        Ok(Self {
            revision_only: only_bits(REQUEST, 0, revision_only, 0x80)? != 0,
            parameter: SystemInfoSelector(parameter),
            set_selector,
            block_selector,
        })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(if self.revision_only { 0x80 } else { 0 });
        out.put_slice(&[self.parameter.0, self.set_selector, self.block_selector]);
    }
}

/// The answer. Which parameter it is about, only the request says.
///
/// | byte | content |
/// |---|---|
/// | 1 | revision of the parameters, 11 |
/// | 2– | the value; missing if only the revision was asked for |
///
/// A text comes in blocks of 17 bytes, padded with zeros: the number of the block and 16 bytes; in block 0 the first two
/// of these are the encoding (00 Latin 1, 01 UTF-8, 02 UTF-16) and the length of the whole text in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemInfo {
    /// The revision of the parameters.
    pub revision: u8,
    /// The value.
    pub value: Vec<u8>,
}

impl SystemInfo {
    /// The revision that this module speaks of.
    pub const REVISION: u8 = 0x11;

    const BLOCK: usize = 16;
    const LATIN_1: u8 = 0x00;
    const UTF_8: u8 = 0x01;

    /// The answer with this value.
    #[must_use]
    pub const fn of(value: Vec<u8>) -> Self {
        Self { revision: Self::REVISION, value }
    }

    /// A block of a text, of which the first 255 bytes count. `None` behind its end. What is in ASCII is said to be Latin 1,
    /// which more consoles know than UTF-8.
    #[must_use]
    pub fn text_block(text: &str, block: u8) -> Option<Self> {
        let length = u8::try_from(text.len()).unwrap_or(u8::MAX);
        let encoding = if text.is_ascii() { Self::LATIN_1 } else { Self::UTF_8 };
        let mut stream = vec![encoding, length];
        stream.extend(text.bytes().take(usize::from(length)));
        let mut bytes = stream.chunks(Self::BLOCK).nth(usize::from(block))?.to_vec();
        bytes.resize(Self::BLOCK, 0);
        bytes.insert(0, block);
        Some(Self::of(bytes))
    }
}

impl Body for SystemInfo {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [revision, value @ ..] = data else {
            return Err(BodyError::Length { message: RESPONSE, len: data.len() });
        };
        Ok(Self { revision: *revision, value: value.to_vec() })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.revision);
        out.put_slice(&self.value);
    }
}

/// Writes a parameter: its number, and the value as [`SystemInfo`] has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetSystemInfoParameters {
    /// Which parameter.
    pub parameter: SystemInfoSelector,
    /// Its value.
    pub value: Vec<u8>,
}

impl SetSystemInfoParameters {
    /// The parameter does not exist here.
    pub const PARAMETER_NOT_SUPPORTED: CompletionCode = CompletionCode(0x80);
    /// Somebody else is writing.
    pub const SET_IN_PROGRESS: CompletionCode = CompletionCode(0x81);
    /// The parameter cannot be written.
    pub const READ_ONLY: CompletionCode = CompletionCode(0x82);
}

impl Command for SetSystemInfoParameters {
    type Response = Nothing;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x58);
    const NAME: &'static str = "Set System Info Parameters";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::ADMINISTRATOR);
    const SECTION: &'static str = "IPMI 2.0 §22.14a";
}

impl Body for SetSystemInfoParameters {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        match data {
            [parameter, value @ ..] if !value.is_empty() => {
                Ok(Self { parameter: SystemInfoSelector(*parameter), value: value.to_vec() })
            }
            _ => Err(BodyError::Length { message: "Set System Info Parameters request", len: data.len() }),
        }
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.parameter.0);
        out.put_slice(&self.value);
    }
}
