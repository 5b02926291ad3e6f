//! Get and Set Asset Tag (`DCMI 1.5 §6.4.2`, `§6.4.3`), Get and Set Management Controller Identifier String (`DCMI 1.5 §6.4.6`).

use bytes::BufMut;

use super::{GROUP, after_group};
use crate::command::body::{Body, BodyError, exactly};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, NetFn, PrivilegeLevel};

const GET_REQUEST: &str = "DCMI text request";
const GET_RESPONSE: &str = "DCMI text response";
const SET_REQUEST: &str = "DCMI text change request";
const SET_RESPONSE: &str = "DCMI text change response";

/// Which piece of a text is asked for.
///
/// | byte | content |
/// |---|---|
/// | 1 | DC |
/// | 2 | offset |
/// | 3 | how many bytes, at most 16 |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DcmiTextRange {
    /// Where the piece begins.
    pub offset: u8,
    /// How many bytes are wanted.
    pub count: u8,
}

/// A piece of a text that is to be written.
///
/// | byte | content |
/// |---|---|
/// | 1 | DC |
/// | 2 | offset |
/// | 3 | how many bytes, at most 16 |
/// | 4– | the bytes |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DcmiTextPiece {
    /// Where the piece goes.
    pub offset: u8,
    /// Its bytes, at most 255.
    pub bytes: Vec<u8>,
}

/// The answer to a question: DC, the length of the whole text, and the bytes of the piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DcmiText {
    /// The length of the whole text.
    pub total: u8,
    /// The bytes of the piece.
    pub bytes: Vec<u8>,
}

/// The answer to a change: DC, and the length of the whole text from then on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DcmiTextLength {
    /// The length of the whole text.
    pub total: u8,
}

impl DcmiTextRange {
    /// The most bytes of one piece.
    pub const LONGEST: u8 = 16;

    fn read(data: &[u8]) -> Result<Self, BodyError> {
        let [offset, count] = exactly(GET_REQUEST, after_group(GET_REQUEST, data)?)?;
        Ok(Self { offset, count })
    }

    fn write(self, out: &mut impl BufMut) {
        out.put_slice(&[GROUP, self.offset, self.count]);
    }
}

impl DcmiTextPiece {
    fn read(data: &[u8]) -> Result<Self, BodyError> {
        let wrong = BodyError::Length { message: SET_REQUEST, len: data.len() };
        match after_group(SET_REQUEST, data)? {
            [offset, count, bytes @ ..] if bytes.len() == usize::from(*count) => {
                Ok(Self { offset: *offset, bytes: bytes.to_vec() })
            }
            _ => Err(wrong),
        }
    }

    fn write(&self, out: &mut impl BufMut) {
        let count = u8::try_from(self.bytes.len()).unwrap_or(u8::MAX);
        out.put_slice(&[GROUP, self.offset, count]);
        out.put_slice(self.bytes.get(..usize::from(count)).unwrap_or_default());
    }
}

impl Body for DcmiText {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        match after_group(GET_RESPONSE, data)? {
            [total, bytes @ ..] => Ok(Self { total: *total, bytes: bytes.to_vec() }),
            [] => Err(BodyError::Length { message: GET_RESPONSE, len: data.len() }),
        }
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_slice(&[GROUP, self.total]);
        out.put_slice(&self.bytes);
    }
}

impl Body for DcmiTextLength {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        exactly(SET_RESPONSE, after_group(SET_RESPONSE, data)?).map(|[total]| Self { total })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_slice(&[GROUP, self.total]);
    }
}

macro_rules! text_command {
    ($($(#[$meta:meta])* $name:ident($body:ident) -> $response:ident, $number:literal, $words:literal, $level:ident, $section:literal;)+) => { $(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name(pub $body);

        impl Command for $name {
            type Response = $response;
            const NET_FN: NetFn = NetFn::GROUP_EXTENSION;
            const GROUP: Option<u8> = Some(GROUP);
            const COMMAND: CommandNumber = CommandNumber($number);
            const NAME: &'static str = $words;
            const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::$level);
            const SECTION: &'static str = $section;
        }

        impl Body for $name {
            fn decode(data: &[u8]) -> Result<Self, BodyError> {
                $body::read(data).map(Self)
            }

            fn encode(&self, out: &mut impl BufMut) {
                self.0.write(out);
            }
        }
    )+ };
}

text_command! {
    /// Asks for the asset tag.
    GetDcmiAssetTag(DcmiTextRange) -> DcmiText, 0x06, "Get Asset Tag", USER, "DCMI 1.5 §6.4.2";
    /// Writes the asset tag. It ends with this piece.
    SetDcmiAssetTag(DcmiTextPiece) -> DcmiTextLength, 0x08, "Set Asset Tag", OPERATOR, "DCMI 1.5 §6.4.3";
    /// Asks for the controller's name for itself.
    GetDcmiControllerId(DcmiTextRange) -> DcmiText, 0x09, "Get Controller Id String", USER, "DCMI 1.5 §6.4.6";
    /// Writes the controller's name for itself. It ends with a zero byte.
    SetDcmiControllerId(DcmiTextPiece) -> DcmiTextLength, 0x0a, "Set Controller Id String", ADMINISTRATOR, "DCMI 1.5 §6.4.6";
}
