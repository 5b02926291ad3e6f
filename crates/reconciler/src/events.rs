//! What happened to a node, durably: what stands behind its System Event Log (`IPMI 2.0 §31`).
//!
//! An event is noticed only where a record changes ([`noticed`] is a pure function of the record before and after),
//! and is committed together with that change. So there is no event without its effect, and a crash neither loses
//! one nor notes it twice.
//!
//! Each event is an entry of its own under its number; one small [`Head`] says which numbers are kept. Appending
//! therefore writes the new entries and the head, and never the entries that are there already.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use machine::{BootDevice, EventKind, NodeObservation, PowerRequest, ToldEvent};
use serde::{Deserialize, Serialize};

use crate::record::{NodeRecord, Rest, Stage, Start, Then, Timestamp};

/// The events of one node that are kept.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Events {
    /// What holds for all of them.
    pub head: Head,
    /// By number.
    pub entries: BTreeMap<u64, Entry>,
}

/// Which events of a node are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Head {
    /// The lowest number that is kept, or the next one if none is.
    pub first: u64,
    /// The number of the next event. It only grows: a number is never used again.
    pub next: u64,
    /// Whether events have made room for newer ones since the last clear.
    pub overflowed: bool,
    /// When the events were last cleared or one of them removed.
    pub cleared_at: Option<Timestamp>,
    /// For how many milliseconds the node was on, without the time since `on_since`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub on_millis: u64,
    /// When the node was seen to be on; `None` while it is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_since: Option<Timestamp>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the serializer hands out references")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Entry {
    /// When it was noticed.
    pub at: Timestamp,
    /// What it was.
    pub what: Happened,
}

/// The kinds of event. Requesters are as [`machine::Requester`] prints.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Happened {
    /// Seen running after it had been off.
    PoweredOn {
        /// Who asked for it through the BMC, if anybody did.
        by: Option<Arc<str>>,
    },
    /// Seen off after it had been running.
    PoweredOff {
        /// Who asked for it through the BMC, if anybody did.
        by: Option<Arc<str>>,
    },
    /// A boot device that was asked for is deployed and is what the node boots from now.
    BootDeviceApplied {
        /// The device.
        device: BootDevice,
    },
    /// A power request that was acknowledged could not be carried out.
    RequestFailed {
        /// The request.
        request: PowerRequest,
        /// Why, for people.
        reason: Arc<str>,
    },
    /// Written through the BMC, in the form of IPMI.
    Told {
        /// By whom.
        by: Arc<str>,
        /// The type of the record.
        kind: u8,
        /// Everything after it.
        bytes: [u8; 13],
    },
}

/// A change of a node's events: new ones, and a head. Whatever lies before [`Head::first`] goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventsChange {
    /// The new head.
    pub head: Head,
    /// New entries, by number.
    pub append: BTreeMap<u64, Entry>,
    /// Entries that go although they do not lie before the first.
    pub remove: BTreeSet<u64>,
}

impl Default for Head {
    fn default() -> Self {
        Self { first: 1, next: 1, overflowed: false, cleared_at: None, on_millis: 0, on_since: None }
    }
}

impl Events {
    /// Appends; at most this many are kept, the newest ones. `None` if there is nothing to append.
    #[must_use]
    pub fn append(&self, new: Vec<Entry>, kept_at_most: usize) -> Option<EventsChange> {
        if new.is_empty() {
            return None;
        }
        let mut head = self.head;
        let mut append = BTreeMap::new();
        for entry in new {
            append.insert(head.next, entry);
            head.next = head.next.saturating_add(1);
        }
        let first = head.next.saturating_sub(u64::try_from(kept_at_most).unwrap_or(u64::MAX));
        if first > head.first {
            head.first = first;
            head.overflowed = true;
        }
        append.retain(|number, _| *number >= head.first);
        Some(EventsChange { head, append, remove: BTreeSet::new() })
    }

    /// Appends what was noticed at a moment, and counts the time for which the node is on. `None` if nothing changes.
    #[must_use]
    pub fn note(
        &self,
        new: Vec<Entry>,
        kept_at_most: usize,
        rest: Option<Rest>,
        at: Timestamp,
    ) -> Option<EventsChange> {
        let metered = self.head.metered(rest, at);
        match self.append(new, kept_at_most) {
            Some(change) => {
                let Head { on_millis, on_since, .. } = metered;
                Some(EventsChange { head: Head { on_millis, on_since, ..change.head }, ..change })
            }
            None if metered == self.head => None,
            None => Some(EventsChange { head: metered, append: BTreeMap::new(), remove: BTreeSet::new() }),
        }
    }

    /// Forgets one event; `None` if it is not there.
    #[must_use]
    pub fn remove(&self, number: u64, at: Timestamp) -> Option<EventsChange> {
        self.entries.contains_key(&number).then(|| EventsChange {
            head: Head { cleared_at: Some(at), ..self.head },
            append: BTreeMap::new(),
            remove: BTreeSet::from([number]),
        })
    }

    /// Forgets everything up to and with this number.
    #[must_use]
    pub fn clear(&self, last: u64, at: Timestamp) -> EventsChange {
        let first = last.saturating_add(1).clamp(self.head.first, self.head.next);
        let head = Head { first, overflowed: false, cleared_at: Some(at), ..self.head };
        EventsChange { head, append: BTreeMap::new(), remove: BTreeSet::new() }
    }

    /// Makes a change.
    pub fn apply(&mut self, change: &EventsChange) {
        self.head = change.head;
        self.entries = self.entries.split_off(&change.head.first);
        self.entries.retain(|number, _| !change.remove.contains(number));
        self.entries.extend(change.append.iter().map(|(number, entry)| (*number, entry.clone())));
    }
}

impl Head {
    /// The head after the node was seen like this.
    const fn metered(self, rest: Option<Rest>, at: Timestamp) -> Self {
        match (rest, self.on_since) {
            (Some(Rest::On), None) => Self { on_since: Some(at), ..self },
            (Some(Rest::Off), Some(since)) => Self {
                on_millis: self.on_millis.saturating_add(at.0.saturating_sub(since.0)),
                on_since: None,
                ..self
            },
            (Some(Rest::On), Some(_)) | (Some(Rest::Off), None) | (None, _) => self,
        }
    }

    /// For how long the node was on until now.
    #[must_use]
    pub fn powered_on(&self, now: Timestamp) -> Duration {
        let present = self.on_since.map_or(Duration::ZERO, |since| since.age(now));
        Duration::from_millis(self.on_millis).saturating_add(present)
    }
}

/// What a change of a record shows to have happened. `seen` is the look that it follows from, if it does.
#[must_use]
pub fn noticed(before: &NodeRecord, after: &NodeRecord, seen: Option<&NodeObservation>) -> Vec<Happened> {
    let mut happened = Vec::new();
    if let Some(device) = before.boot.in_design.filter(|_| after.boot.in_design.is_none())
        && seen.is_some_and(|look| look.deployed_boot == Some(device))
    {
        happened.push(Happened::BootDeviceApplied { device });
    }
    match (before.rest, after.rest) {
        (Some(Rest::Off), Some(Rest::On)) => {
            happened.push(Happened::PoweredOn { by: powered_on_by(before).map(Arc::from) });
        }
        (Some(Rest::On), Some(Rest::Off)) => {
            happened.push(Happened::PoweredOff { by: powered_off_by(before).map(Arc::from) });
        }
        (Some(Rest::On), Some(Rest::On)) | (Some(Rest::Off), Some(Rest::Off)) | (None, _) | (_, None) => {}
    }
    if let (Some(power), None, Some(failure)) = (&before.power, &after.power, &after.failure)
        && before.failure.as_ref() != Some(failure)
    {
        let reason = failure.words.strip_prefix(&power.failure_prefix()).unwrap_or(&failure.words);
        happened.push(Happened::RequestFailed { request: power.request, reason: reason.into() });
    }
    happened
}

/// Who asked for the start of a node that has come up.
fn powered_on_by(record: &NodeRecord) -> Option<&str> {
    let power = record.power.as_ref();
    let ours = power.filter(|power| match power.stage {
        Stage::PowerUp { start, .. } => start != Start::NotSent,
        Stage::PowerDown { .. } | Stage::ShutDown { .. } => false,
    });
    ours.map(|power| power.requester.as_str()).or(record.overtaken.on.as_deref())
}

/// Who asked for a node to go off that is off now. A request that is pending counts: nobody can tell whether the
/// node would have gone off without it.
fn powered_off_by(record: &NodeRecord) -> Option<&str> {
    let power = record.power.as_ref()?;
    let own = Some(power.requester.as_str());
    match power.stage {
        Stage::PowerDown { then: Then::Rest } | Stage::ShutDown { then: Then::Rest, .. } => own,
        Stage::PowerDown { then: Then::PowerUp } | Stage::ShutDown { then: Then::PowerUp, .. } => {
            record.overtaken.off.as_deref().or(own)
        }
        Stage::PowerUp { .. } => None,
    }
}

impl From<&Happened> for EventKind {
    fn from(happened: &Happened) -> Self {
        let words = |words: &Option<Arc<str>>| words.as_deref().map(str::to_owned);
        match happened {
            Happened::PoweredOn { by } => Self::PoweredOn { requester: words(by) },
            Happened::PoweredOff { by } => Self::PoweredOff { requester: words(by) },
            Happened::BootDeviceApplied { device } => Self::BootDeviceApplied { device: *device },
            Happened::RequestFailed { request, reason } => {
                Self::PowerRequestFailed { request: *request, reason: reason.to_string() }
            }
            Happened::Told { by, kind, bytes } => {
                let message = ToldEvent { kind: *kind, bytes: *bytes };
                Self::Told { requester: by.to_string(), message }
            }
        }
    }
}

impl fmt::Display for Happened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PoweredOn { by: Some(by) } => write!(f, "on, asked for by {by}"),
            Self::PoweredOn { by: None } => f.write_str("on; nobody asked for it through the BMC"),
            Self::PoweredOff { by: Some(by) } => write!(f, "off, asked for by {by}"),
            Self::PoweredOff { by: None } => f.write_str("off; nobody asked for it through the BMC"),
            Self::BootDeviceApplied { device } => write!(f, "boots from {device} now"),
            Self::RequestFailed { request, reason } => write!(f, "power {request} failed: {reason}"),
            Self::Told { by, kind, .. } => write!(f, "a record of type {kind:#04x}, written by {by}"),
        }
    }
}
