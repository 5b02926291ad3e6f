//! What the rest of the daemon holds of a reconciler: the [`Chassis`] port for all nodes of one application,
//! and a view of what is going on.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use machine::{
    Admission, BootOverride, BootSetting, BoxFuture, Chassis, ChassisStatus, Denied, Event, EventKind,
    EventLog, EventRecord, NodeId, NodeObservation, Observation, Phase, PowerRequest, Requester, ToldEvent,
};
use tokio::sync::{Notify, watch};
use tracing::{debug, info, warn};

use crate::admission::{Outcome, PowerAsk, Seen, admit_boot, admit_power};
use crate::cache::{Cache, Look, Ticket};
use crate::clock::WallClock;
use crate::error_chain::chain;
use crate::events::{Entry, Events, Happened};
use crate::journal::{Journal, JournalError};
use crate::planner::absorb::absorb_boot;
use crate::planner::deployed;
use crate::policy::Policy;
use crate::record::{NodeRecord, PowerIntent, Rest, Stage, Start};
use crate::status::{ApplicationStatus, NodeStatus};
use crate::store::Store;

/// A handle on the reconciler of one application. Clones share it.
///
/// Requests are recorded whether or not [`Reconciler::run`](crate::Reconciler::run) is running; they are
/// carried out, and looks are taken, only while it is.
pub struct Handle<J> {
    shared: Arc<Shared<J>>,
}

pub(crate) struct Shared<J> {
    pub(crate) store: Arc<Store<J>>,
    pub(crate) cache: Arc<Cache>,
    pub(crate) policy: Policy,
    pub(crate) clock: Arc<dyn WallClock>,
    pub(crate) status: Arc<watch::Sender<ApplicationStatus>>,
    /// Wakes the loop; carries no data.
    pub(crate) wake: Arc<Notify>,
    /// Whether a power request is under way somewhere in the application.
    pub(crate) in_flight: Arc<AtomicBool>,
}

impl<J> Clone for Handle<J> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<J: Journal> Handle<J> {
    pub(crate) const fn new(shared: Arc<Shared<J>>) -> Self {
        Self { shared }
    }

    /// The application that this handle was made for.
    pub fn application(&self) -> &str {
        self.shared.store.application()
    }

    /// What is pending, since when and why, now and at every change.
    pub fn status_watch(&self) -> watch::Receiver<ApplicationStatus> {
        self.shared.status.subscribe()
    }

    /// The nodes seen or recorded, with what is pending for each.
    pub fn nodes(&self) -> BTreeMap<NodeId, NodeStatus> {
        self.shared.status.borrow().nodes.clone()
    }

    /// The last look at the application, however old.
    pub fn observation(&self) -> Option<Arc<Observation>> {
        self.shared.cache.last().map(|look| look.observation)
    }

    /// A look at the application that is at most this old, for finding new VMs.
    ///
    /// # Errors
    /// [`Denied::CloudUnreachable`] when there is none within the policy's patience; [`Denied::NoSuchNode`]
    /// when there is no such application.
    pub async fn observe(&self, age: Duration) -> Result<Arc<Observation>, Denied> {
        Ok(self.shared.cache.at_most(age, self.shared.policy.patience).await?.observation)
    }

    async fn look(&self) -> Result<Look, Denied> {
        self.shared.cache.at_most(self.shared.bound(), self.shared.policy.patience).await
    }
}

impl<J: Journal> Chassis for Handle<J> {
    async fn status(&self, node: &NodeId) -> Result<ChassisStatus, Denied> {
        if self.shared.cache.is_gone() {
            return Err(Denied::NoSuchNode);
        }
        let look = self.look().await?;
        let seen = look.observation.nodes.get(node).ok_or(Denied::NoSuchNode)?;
        let record = self.shared.store.record(node).unwrap_or_default();
        Ok(ChassisStatus {
            power_on: is_on(&record, seen.phase),
            control_fault: control_fault(&record, seen),
            last_power_on_by_command: record.powered_on_by_command,
            state: seen.state.clone(),
            age: look.begun.elapsed(),
        })
    }

    async fn request_power(
        &self,
        node: &NodeId,
        request: PowerRequest,
        requester: &Requester,
    ) -> Result<Admission, Denied> {
        self.shared.check_exists(node)?;
        let ask = PowerAsk { request, requester: requester.to_string(), at: self.shared.clock.now().into() };
        let seen = self.shared.seen_to_admit(node, &ask).await?;
        let decide = move |record: &NodeRecord| split(admit_power(record, &ask, seen.as_ref()));
        let cache = Arc::clone(&self.shared.cache);
        let outcome = self.shared.record(node, decide, move || Some(cache.issue_ticket())).await;
        if outcome == Ok(Admission::Recorded) {
            self.shared.in_flight.store(true, Ordering::Relaxed);
        }
        self.shared.report(node, &format!("power {request}"), requester, &outcome);
        outcome
    }

    async fn boot_setting(&self, node: &NodeId) -> Result<BootSetting, Denied> {
        self.shared.check_exists(node)?;
        let boot = self.shared.store.record(node).unwrap_or_default().boot;
        if boot.known
            && let held @ BootSetting::Override(_) = boot.setting(machine::BootDevice::Disk)
        {
            return Ok(held);
        }
        let look = self.look().await?;
        let seen = look.observation.nodes.get(node).ok_or(Denied::NoSuchNode)?;
        // The look may have brought a tag that is taken over in a moment, and a request may have come.
        let boot = self.shared.store.record(node).unwrap_or_default().boot;
        let now = self.shared.clock.now().into();
        Ok(absorb_boot(boot, seen, now).setting(deployed(seen)))
    }

    async fn set_boot_override(
        &self,
        node: &NodeId,
        wanted: Option<BootOverride>,
        requester: &Requester,
    ) -> Result<Admission, Denied> {
        self.shared.check_exists(node)?;
        let at = self.shared.clock.now().into();
        let decide = move |record: &NodeRecord| split(admit_boot(record, wanted, at));
        let outcome = self.shared.record(node, decide, || None).await;
        let what = match wanted {
            Some(BootOverride { device, lifetime, .. }) => format!("boot from {device} ({lifetime:?})"),
            None => "drop the boot override".to_owned(),
        };
        self.shared.report(node, &what, requester, &outcome);
        outcome
    }
}

impl<J: Journal> EventLog for Handle<J> {
    fn record(&self, node: &NodeId) -> EventRecord {
        let (events, capacity) = self.shared.store.events(node);
        // Fewer may be kept by now than when they were appended.
        let surplus = events.entries.len().saturating_sub(capacity);
        let shown = events.entries.iter().skip(surplus).map(|(number, entry)| Event {
            number: *number,
            time: entry.at.into(),
            kind: EventKind::from(&entry.what),
        });
        EventRecord {
            events: shown.collect(),
            capacity,
            overflowed: events.head.overflowed || surplus > 0,
            cleared_at: events.head.cleared_at.map(SystemTime::from),
        }
    }

    fn clear<'a>(
        &'a self,
        node: &'a NodeId,
        last: u64,
        requester: &'a Requester,
    ) -> BoxFuture<'a, Result<(), Denied>> {
        Box::pin(async move {
            let at = self.shared.clock.now().into();
            let clear = move |events: &Events, _kept| (Some(events.clear(last, at)), ());
            let cleared = self.shared.store.change_events(node, clear).await;
            let outcome = cleared.map(|()| Admission::Recorded).map_err(|error| not_recorded(&error));
            let what = format!("clear the events up to number {last}");
            self.shared.report(node, &what, requester, &outcome);
            outcome.map(drop)
        })
    }

    fn add<'a>(
        &'a self,
        node: &'a NodeId,
        message: ToldEvent,
        requester: &'a Requester,
    ) -> BoxFuture<'a, Result<u64, Denied>> {
        Box::pin(async move {
            let at = self.shared.clock.now().into();
            let ToldEvent { kind, bytes } = message;
            let entry = Entry { at, what: Happened::Told { by: requester.to_string().into(), kind, bytes } };
            let add = move |events: &Events, kept| (events.append(vec![entry], kept), events.head.next);
            let added = self.shared.store.change_events(node, add).await;
            let added = added.map_err(|error| not_recorded(&error));
            let outcome = added.clone().map(|_number| Admission::Recorded);
            self.shared.report(node, "add an event", requester, &outcome);
            added
        })
    }

    fn remove<'a>(
        &'a self,
        node: &'a NodeId,
        number: u64,
        requester: &'a Requester,
    ) -> BoxFuture<'a, Result<(), Denied>> {
        Box::pin(async move {
            let at = self.shared.clock.now().into();
            let remove = move |events: &Events, _kept| (events.remove(number, at), ());
            let removed = self.shared.store.change_events(node, remove).await;
            let outcome = removed.map(|()| Admission::Recorded).map_err(|error| not_recorded(&error));
            self.shared.report(node, &format!("remove event number {number}"), requester, &outcome);
            outcome.map(drop)
        })
    }

    fn powered_on(&self, node: &NodeId) -> Option<Duration> {
        self.shared.store.record(node)?;
        let (events, _kept) = self.shared.store.events(node);
        Some(events.head.powered_on(self.shared.clock.now().into()))
    }
}

impl<J> fmt::Debug for Handle<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}

type Verdict = Result<Admission, Denied>;

fn split(outcome: Outcome) -> (Option<NodeRecord>, Verdict) {
    match outcome {
        Outcome::Record(record) => (Some(record), Ok(Admission::Recorded)),
        Outcome::AlreadySatisfied => (None, Ok(Admission::AlreadySatisfied)),
        Outcome::Denied(denied) => (None, Err(denied)),
        Outcome::Reported(record, denied) => (Some(record), Err(denied)),
    }
}

impl<J: Journal> Shared<J> {
    /// How old an observation may be that a status is answered from.
    fn bound(&self) -> Duration {
        if self.in_flight.load(Ordering::Relaxed) { self.policy.age_in_flight } else { self.policy.age_idle }
    }

    /// A node is known to be gone only if somebody has looked.
    fn check_exists(&self, node: &NodeId) -> Result<(), Denied> {
        if self.cache.is_gone() {
            return Err(Denied::NoSuchNode);
        }
        match self.cache.last() {
            Some(look) if !look.observation.nodes.contains_key(node) => Err(Denied::NoSuchNode),
            Some(_) | None => Ok(()),
        }
    }

    /// What a power request is decided by: a look that is fresh enough to act on, or nothing. What is recorded
    /// without one is settled by the next look, so it never waits; only a refusal does, because it is final.
    async fn seen_to_admit(&self, node: &NodeId, ask: &PowerAsk) -> Result<Option<Seen>, Denied> {
        let mut fresh = self.cache.fresh(self.policy.age_to_act);
        if fresh.is_none() && self.would_refuse(node, ask) {
            fresh = self.cache.at_most(self.policy.age_to_act, self.policy.patience).await.ok();
            self.check_exists(node)?;
        }
        Ok(fresh.and_then(|look| Seen::of(&look.observation, node)))
    }

    /// Whether a power request would be refused by what was last seen, or by what is remembered.
    fn would_refuse(&self, node: &NodeId, ask: &PowerAsk) -> bool {
        let record = self.store.record(node).unwrap_or_default();
        let last = self.cache.last().and_then(|look| Seen::of(&look.observation, node));
        [last, None].iter().any(|seen| match admit_power(&record, ask, seen.as_ref()) {
            Outcome::Denied(_) | Outcome::Reported(..) => true,
            Outcome::Record(_) | Outcome::AlreadySatisfied => false,
        })
    }

    async fn record(
        &self,
        node: &NodeId,
        decide: impl FnOnce(&NodeRecord) -> (Option<NodeRecord>, Verdict) + Send + 'static,
        recorded: impl FnOnce() -> Option<Ticket> + Send + 'static,
    ) -> Verdict {
        match self.store.update(node, decide, recorded).await {
            Ok(verdict) => verdict,
            Err(error) => Err(not_recorded(&error)),
        }
    }

    fn report(&self, node: &NodeId, what: &str, requester: &Requester, outcome: &Verdict) {
        let application = self.store.application();
        match outcome {
            Ok(Admission::Recorded) => {
                info!(application, %node, %requester, "recorded: {what}");
                self.publish_record(node);
                self.wake.notify_one();
            }
            Ok(Admission::AlreadySatisfied) => {
                debug!(application, %node, %requester, "holds already: {what}")
            }
            Err(denied) => {
                warn!(application, %node, %requester, reason = %denied, "denied: {what}");
                if matches!(denied, Denied::NotRecorded { .. }) {
                    // The journal may hold something else than was known here.
                    self.publish_record(node);
                    self.wake.notify_one();
                }
            }
        }
    }

    /// Shows a node's record in the status, before the next pass does.
    fn publish_record(&self, node: &NodeId) {
        let last = self.cache.last();
        let seen = last.as_ref().and_then(|look| look.observation.nodes.get(node));
        self.status.send_modify(|status| {
            let record = self.store.record(node).unwrap_or_default();
            status.nodes.entry(node.clone()).or_default().take_record(&record, seen);
        });
    }
}

fn not_recorded(error: &JournalError) -> Denied {
    Denied::NotRecorded { reason: chain(error) }
}

/// Whether a node counts as on (`ravello-api.md §7.4`).
fn is_on(record: &NodeRecord, phase: Phase) -> bool {
    match phase {
        Phase::On | Phase::PoweringOn | Phase::Busy => true,
        Phase::Off | Phase::PoweringOff | Phase::Absent | Phase::Fault | Phase::Unknown => false,
        Phase::Updating => match (&record.power, record.rest) {
            // We publish only for nodes that are off.
            (Some(PowerIntent { stage: Stage::PowerUp { start: Start::NotSent, .. }, .. }), _) => false,
            (_, Some(Rest::Off)) => false,
            (_, Some(Rest::On) | None) => true,
        },
    }
}

fn control_fault(record: &NodeRecord, seen: &NodeObservation) -> Option<String> {
    match seen.phase {
        Phase::Fault | Phase::Unknown => Some(format!("the platform reports the state {}", seen.state)),
        Phase::On
        | Phase::Off
        | Phase::PoweringOn
        | Phase::PoweringOff
        | Phase::Busy
        | Phase::Updating
        | Phase::Absent => record.failure.as_ref().map(|failure| failure.words.clone()),
    }
}
