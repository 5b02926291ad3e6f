//! The warnings that a test's thread logs.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{DefaultGuard, set_default};
use tracing::{Dispatch, Event, Level, Metadata, Subscriber};

#[derive(Clone, Default)]
pub struct Warnings(Arc<Mutex<Vec<String>>>);

impl Warnings {
    /// Listens to this thread until the second value is dropped.
    ///
    /// With a single dispatcher, a place that logs asks the thread that reaches it first whether anybody listens, and
    /// remembers a no for all threads. So there are two.
    pub fn listen() -> (Self, Listening) {
        let warnings = Self::default();
        let second = Dispatch::new(Self::default());
        let listening = Listening { _second: second, _default: set_default(warnings.clone()) };
        tracing::callsite::rebuild_interest_cache();
        (warnings, listening)
    }

    /// How many warnings have these words in them.
    pub fn count(&self, words: &str) -> usize {
        self.0.lock().unwrap().iter().filter(|line| line.contains(words)).count()
    }
}

/// While it lives, warnings are kept.
pub struct Listening {
    _second: Dispatch,
    _default: DefaultGuard,
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{field}={value:?} ").unwrap();
    }
}

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
