//! One row of the matrix: what is run, and what must come of it.

use std::fmt;

/// A client, a command and its result.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// The program, with its arguments as they are typed. `sh`-like quoting is not needed by any.
    pub(crate) command: &'static str,
    /// What it must come to.
    pub(crate) result: Expected,
}

/// What a command must come to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Expected {
    /// It succeeds, and prints each of these.
    Works(&'static [&'static str]),
    /// It is refused: it fails, and prints each of these.
    Refused(&'static [&'static str]),
    /// It is refused and prints each of these, and calls that a success.
    Tolerated(&'static [&'static str]),
    /// It prints each of these and calls that a failure, because something else that it asked for is refused.
    Partly(&'static [&'static str]),
}

impl Expected {
    pub(crate) const fn texts(self) -> &'static [&'static str] {
        match self {
            Self::Works(texts) | Self::Refused(texts) | Self::Tolerated(texts) | Self::Partly(texts) => texts,
        }
    }

    pub(crate) const fn succeeds(self) -> bool {
        matches!(self, Self::Works(_) | Self::Tolerated(_))
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Works(_) => f.write_str("works"),
            Self::Refused([]) => f.write_str("refused"),
            Self::Refused(texts) => write!(f, "refused: {}", texts.join(", ")),
            Self::Tolerated(texts) => write!(f, "refused, and the client goes on: {}", texts.join(", ")),
            Self::Partly(_) => f.write_str("works but for what is refused; ends with an error"),
        }
    }
}
