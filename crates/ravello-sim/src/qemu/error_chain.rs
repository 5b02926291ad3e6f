//! Errors with everything behind them, for logs and for people.

use std::error::Error;

/// The error and its sources in one line, outermost first.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        words.push_str(": ");
        words.push_str(&cause.to_string());
        source = cause.source();
    }
    words
}
