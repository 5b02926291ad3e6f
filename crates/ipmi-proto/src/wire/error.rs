use thiserror::Error;

/// Bytes that are not the message they should be. A server drops them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("malformed {message} at byte {offset}: {why}")]
pub struct DecodeError {
    /// The message that was expected, in the words of the specification.
    pub message: &'static str,
    /// Where in the message, in bytes from its start.
    pub offset: usize,
    /// What is wrong there.
    pub why: Malformed,
}

/// What is wrong with bytes that do not decode.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum Malformed {
    /// The message ends inside a field.
    #[error("ends early")]
    Truncated,
    /// The message is complete, but bytes follow.
    #[error("{count} bytes too many")]
    TrailingBytes {
        /// How many.
        count: usize,
    },
    /// The bytes before do not add up to 0.
    #[error("wrong checksum")]
    Checksum,
    /// A user name is longer than a user name can be, or than the message.
    #[error("invalid length of the user name")]
    NameLength,
    /// A field holds a value that it cannot hold.
    #[error("expected {expected}")]
    Value {
        /// What it can hold.
        expected: &'static str,
    },
}

/// A message is longer than its length field can say.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("{message} of {len} bytes, the limit is {limit}")]
pub struct EncodeError {
    /// The part that is too long.
    pub message: &'static str,
    /// Its length in bytes.
    pub len: usize,
    /// The longest possible, in bytes.
    pub limit: usize,
}
