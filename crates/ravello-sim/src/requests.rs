//! How many requests of each kind there were, so that a test can say "no publish at all".

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind of request: its method and its path below the prefix, with `{id}` for every identifier and aspects
/// as they were spelled: `GET /applications/{id};deployment/vms`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RequestKind {
    method: String,
    path: String,
}

impl RequestKind {
    /// A kind by its method and path template.
    pub fn new(method: impl Into<String>, path: impl Into<String>) -> Self {
        Self { method: method.into(), path: path.into() }
    }

    /// The method.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The path template.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for RequestKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// The count of requests by kind.
#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    counts: BTreeMap<RequestKind, u64>,
}

/// How many kinds are told apart; paths come from the outside.
const KINDS_KEPT: usize = 1000;

impl RequestLog {
    pub(crate) fn count(&mut self, kind: RequestKind) {
        let full = self.counts.len() >= KINDS_KEPT && !self.counts.contains_key(&kind);
        let kind = if full { RequestKind::new("*", "/…") } else { kind };
        let count = self.counts.entry(kind).or_default();
        *count = count.saturating_add(1);
    }

    pub(crate) const fn counts(&self) -> &BTreeMap<RequestKind, u64> {
        &self.counts
    }

    pub(crate) fn clear(&mut self) {
        self.counts.clear();
    }
}
