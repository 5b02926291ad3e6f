//! One row of the matrix: what is run, and what must come of it.

use std::fmt;
use std::time::Duration;

/// A client, as the document lists it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client {
    /// The client, with the interface of it that is used if there are several.
    pub(crate) name: &'static str,
    /// The version that the document speaks of.
    pub(crate) version: &'static str,
    /// What it is asked to do, in this order, against one BMC.
    pub(crate) rows: &'static [Row],
}

/// A command and its result.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// The program with its arguments, as they are typed without quotes, or what a library is called with.
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
    /// It fails and prints each of these, because the client has a defect: which one.
    Defect(&'static [&'static str], &'static str),
    /// It cannot be run against a BMC over a network: why.
    NotApplicable(&'static str),
}

/// What a client did.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// Whether it called it a success.
    pub(crate) success: bool,
    /// All that it printed.
    pub(crate) printed: String,
    /// How long it took.
    pub(crate) elapsed: Duration,
}

/// How long a client may take: less than it waits before it repeats a request, so that nothing stays unanswered.
pub(crate) const PATIENCE: Duration = Duration::from_secs(4);

impl Row {
    /// What is wrong with what came of it.
    pub(crate) fn check(&self, outcome: &Outcome) -> Result<(), String> {
        self.check_within(outcome, PATIENCE)
    }

    /// The same for a client that takes its time.
    pub(crate) fn check_within(&self, outcome: &Outcome, patience: Duration) -> Result<(), String> {
        let Outcome { success, printed, elapsed } = outcome;
        let complain = |what: &str| Err(format!("{}: {what}\n{printed}", self.command));
        if *success != self.result.succeeds() {
            return complain(if *success { "it succeeded" } else { "it failed" });
        }
        if let Some(missing) = self.result.texts().iter().find(|text| !printed.contains(**text)) {
            return complain(&format!("it did not print {missing:?}"));
        }
        if *elapsed > patience {
            return complain(&format!("it took {elapsed:?}, so something stayed unanswered"));
        }
        Ok(())
    }
}

impl Expected {
    const fn texts(self) -> &'static [&'static str] {
        match self {
            Self::Works(texts)
            | Self::Refused(texts)
            | Self::Tolerated(texts)
            | Self::Partly(texts)
            | Self::Defect(texts, _) => texts,
            Self::NotApplicable(_) => &[],
        }
    }

    const fn succeeds(self) -> bool {
        matches!(self, Self::Works(_) | Self::Tolerated(_))
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Works(_) => f.write_str("works"),
            Self::Refused([]) => f.write_str("refused"),
            Self::Refused(texts) => write!(f, "refused: {}", texts.join(", ")),
            Self::Tolerated([]) => f.write_str("refused, and the client says nothing"),
            Self::Tolerated(texts) => write!(f, "refused, and the client goes on: {}", texts.join(", ")),
            Self::Partly(_) => f.write_str("works but for what is refused; ends with an error"),
            Self::Defect(_, why) => write!(f, "fails: {why}"),
            Self::NotApplicable(why) => write!(f, "not applicable: {why}"),
        }
    }
}
