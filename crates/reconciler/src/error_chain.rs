//! Errors with everything behind them, for logs and for people.

use std::error::Error;
use std::fmt::Write as _;

/// The error and its sources, outermost first.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        // Writing into a string cannot fail.
        let _infallible = write!(words, ": {cause}");
        source = cause.source();
    }
    words
}
