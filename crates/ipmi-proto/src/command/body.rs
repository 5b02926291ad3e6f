//! The data bytes of a message: what every request and every response of [`crate::command`] is.

use bytes::BufMut;

use crate::number::CompletionCode;

/// The data bytes of one direction of a command, without the completion code.
pub trait Body: Sized {
    /// Reads the data bytes.
    ///
    /// # Errors
    /// [`BodyError`] when they are not a message of this kind.
    fn decode(data: &[u8]) -> Result<Self, BodyError>;

    /// Writes the data bytes.
    fn encode(&self, out: &mut impl BufMut);

    /// The data bytes, in a buffer of their own.
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode(&mut out);
        out
    }
}

/// No data bytes: the response of commands that only acknowledge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Nothing;

impl Body for Nothing {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        expect_empty("empty response", data).map(|()| Self)
    }

    fn encode(&self, _out: &mut impl BufMut) {}
}

/// Why data bytes are not a message of the expected kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Too few or too many bytes.
    #[error("{message}: {len} data bytes")]
    Length {
        /// The message that was expected.
        message: &'static str,
        /// How many bytes there were.
        len: usize,
    },
    /// A value that is not defined, or a reserved bit that is set.
    #[error("{message}: undefined value {value:#04x} at offset {offset}")]
    Field {
        /// The message that was expected.
        message: &'static str,
        /// Where, counted from 0 in the data bytes.
        offset: usize,
        /// The byte that was there.
        value: u8,
    },
}

impl BodyError {
    /// What to answer to such a request.
    #[must_use]
    pub const fn completion_code(&self) -> CompletionCode {
        match self {
            Self::Length { .. } => CompletionCode::DATA_LENGTH_INVALID,
            Self::Field { .. } => CompletionCode::INVALID_DATA_FIELD,
        }
    }
}

/// The data bytes as an array of exactly `N`.
pub(crate) fn exactly<const N: usize>(message: &'static str, data: &[u8]) -> Result<[u8; N], BodyError> {
    <[u8; N]>::try_from(data).map_err(|_wrong_length| BodyError::Length { message, len: data.len() })
}

/// Refuses any data byte.
pub(crate) fn expect_empty(message: &'static str, data: &[u8]) -> Result<(), BodyError> {
    exactly::<0>(message, data).map(|_empty| ())
}

/// Refuses a byte with bits outside `defined`, and returns it.
pub(crate) fn only_bits(
    message: &'static str,
    offset: usize,
    value: u8,
    defined: u8,
) -> Result<u8, BodyError> {
    if value & !defined == 0 { Ok(value) } else { Err(BodyError::Field { message, offset, value }) }
}

/// Implements [`Body`] for a request without data bytes.
macro_rules! empty_body {
    ($message:ident, $name:literal) => {
        impl $crate::command::Body for $message {
            fn decode(data: &[u8]) -> Result<Self, $crate::command::BodyError> {
                $crate::command::body::expect_empty($name, data).map(|()| Self)
            }

            fn encode(&self, _out: &mut impl ::bytes::BufMut) {}
        }
    };
}

pub(crate) use empty_body;
