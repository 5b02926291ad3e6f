//! The loop of one application: look, plan, make the plan's records durable, apply its steps, look again.
//!
//! It is level-triggered: a wake-up carries no data, each pass reads records and cloud anew. All decisions are
//! the planner's; here is only the order in which things happen.
//!
//! ```text
//!        ┌───────────────────────────────────────────────────────────┐
//!        ▼                                                           │
//!  look fresh enough? ──no──▶ look ──▶ plan ──▶ commit records ──▶ apply steps
//!        │ yes                          ▲   └ nothing to send
//!        └──────────────────────────────┘          └──▶ sleep: wake-up, new look, or time
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use machine::{Backend, BackendError, BackendErrorKind, NodeId, Observation, Step};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use crate::cache::{Cache, Look};
use crate::clock::WallClock;
use crate::entropy::Jitter;
use crate::error_chain::chain;
use crate::events::{Entry, noticed};
use crate::handle::{Handle, Shared};
use crate::journal::{Journal, JournalError};
use crate::planner::learn::learn;
use crate::planner::{Plan, plan};
use crate::policy::Policy;
use crate::progress::{Now, Progress};
use crate::record::NodeRecord;
use crate::status::{ApplicationStatus, Wait};
use crate::store::{Replaced, Replacement, Split, Store};

/// The reconciler of one application. [`Reconciler::run`] does the work.
pub struct Reconciler<B, J> {
    backend: B,
    shared: Arc<Shared<J>>,
    jitter: Jitter,
}

/// When to begin the next pass.
enum Next {
    /// At once, with a look that begins after now.
    Look,
    /// At once.
    Again,
    /// When woken, at the next look, or after this long with a look.
    Sleep(Duration),
}

impl<B: Backend, J: Journal> Reconciler<B, J> {
    /// Reads the journal of an application and makes its reconciler, and a handle to ask it.
    ///
    /// `seed` decides over the lengths of random pauses: any number, but not the same one in all daemons.
    ///
    /// # Errors
    /// [`JournalError`] when the journal cannot be read or understood.
    pub async fn new(
        application: impl Into<String>,
        backend: B,
        journal: J,
        policy: Policy,
        clock: impl WallClock,
        seed: u64,
    ) -> Result<(Self, Handle<J>), JournalError> {
        let store = Store::open(application.into(), journal, policy.events_kept).await?;
        let records = store.snapshot();
        let in_flight = records.values().any(|record| record.power.is_some());
        let mut status = ApplicationStatus::default();
        for (node, record) in &records {
            status.nodes.entry(node.clone()).or_default().take_record(record, None);
        }
        let shared = Arc::new(Shared {
            store,
            cache: Arc::new(Cache::new()),
            policy,
            clock: Arc::new(clock),
            status: Arc::new(watch::Sender::new(status)),
            wake: Arc::new(Notify::new()),
            in_flight: Arc::new(AtomicBool::new(in_flight)),
        });
        let reconciler = Self { backend, shared: Arc::clone(&shared), jitter: Jitter::new(seed) };
        Ok((reconciler, Handle::new(shared)))
    }

    /// Carries out what is asked for, until `shutdown`. Dropping the future is as safe as a crash.
    pub async fn run(self, shutdown: CancellationToken) {
        let Self { backend, shared, jitter } = &self;
        let looking = shared.cache.serve(backend, shared.store.application(), &shared.policy, jitter);
        // Cancel-safe: whatever is dropped here is a crash at that point, which the journal survives.
        tokio::select! {
            biased;
            () = shutdown.cancelled() => {}
            ((), ()) = async { tokio::join!(looking, self.reconcile()) } => {}
        }
        shared.store.close().await;
    }

    async fn reconcile(&self) {
        let shared = &self.shared;
        let mut looks = shared.cache.looks();
        let mut memory = Memory::new(&shared.policy, &shared.store.snapshot());
        loop {
            looks.borrow_and_update();
            let next = match shared.cache.fresh(shared.policy.look_idle) {
                Some(look) => self.pass(&mut memory, &look).await,
                None => Next::Look,
            };
            match next {
                Next::Again => {}
                Next::Look => {
                    shared.cache.demand(Duration::ZERO);
                    // Cancel-safe: both only wait for a level to change.
                    tokio::select! {
                        _ = looks.changed() => self.sit_out_trouble(&mut memory).await,
                        () = shared.wake.notified() => memory.pace.quicken(),
                    }
                }
                Next::Sleep(pause) => {
                    // Cancel-safe: as above.
                    tokio::select! {
                        _ = looks.changed() => {}
                        () = tokio::time::sleep(pause) => shared.cache.demand(Duration::ZERO),
                        () = shared.wake.notified() => {
                            tokio::time::sleep(shared.policy.gather).await;
                            memory.pace.quicken();
                        }
                    }
                }
            }
        }
    }

    /// One pass over a look.
    async fn pass(&self, memory: &mut Memory, look: &Look) -> Next {
        let shared = &self.shared;
        // No record here is newer than the look. Nodes with a newer one are as good as unknown in this pass and have
        // their turn at the next look: requests that never end must not hold up all others.
        let Split { older: records, newer } = shared.store.split(look.ticket);
        if look.epoch < shared.cache.epoch() {
            return Next::Look;
        }
        memory.pace.saw(look);
        let now = memory.now(&*shared.clock);
        let mut plan = plan(&records, &look.observation, &memory.progress, &shared.policy, now);
        plan.leave_out(&newer);
        // An old look neither sends nor settles anything: what it shows may have ended with the pause it outlived.
        let changes = !plan.steps.is_empty() || !plan.records.is_empty();
        if changes && look.ended.elapsed() > shared.policy.age_to_act {
            return Next::Look;
        }
        match self.record(&records, &plan.records, Some(look), now).await {
            Ok(Replaced::Done) => memory.journal_failures = 0,
            Ok(Replaced::Stale) => return Next::Again,
            Err(error) => return Next::Sleep(self.journal_trouble(memory, &error)),
        }
        // While others hold a publish back nothing moves: a status is as good as in an idle application.
        let moves = (plan.in_flight && !plan.held_back) || !newer.is_empty();
        shared.in_flight.store(moves, Ordering::Relaxed);
        self.show(memory.trouble.as_deref(), &plan, &look.observation);
        if plan.steps.is_empty() && !newer.is_empty() {
            return Next::Look;
        }
        if plan.steps.is_empty() {
            let calm = memory.pace.pause(&plan, &shared.policy);
            let woken = plan.wake.map(|wake| wake.saturating_sub(now.up));
            return Next::Sleep(woken.map_or(calm, |woken| woken.min(calm)));
        }
        for step in &plan.steps {
            self.apply(memory, step).await;
            if memory.progress.not_before > memory.now(&*shared.clock).up {
                break;
            }
        }
        memory.pace.quicken();
        shared.cache.make_stale();
        Next::Look
    }

    /// Sends one step and notes what came of it.
    async fn apply(&self, memory: &mut Memory, step: &Step) {
        let (shared, application) = (&self.shared, self.shared.store.application());
        let outcome = self.backend.apply(step).await;
        match &outcome {
            Ok(()) => {
                memory.trouble = None;
                info!(application, nodes = ?step_nodes(step), "{step}");
                shared.status.send_modify(|status| status.steps = status.steps.saturating_add(1));
            }
            Err(error) => self.step_trouble(memory, step, error),
        }
        let jitter = self.jitter.draw();
        loop {
            let records = shared.store.snapshot();
            let now = memory.now(&*shared.clock);
            let mut progress = memory.progress.clone();
            let changes =
                learn(step, outcome.as_ref().copied(), &records, &mut progress, &shared.policy, now, jitter);
            let replaced = self.record(&records, &changes, None, now).await;
            if matches!(replaced, Ok(Replaced::Stale)) {
                continue;
            }
            memory.progress = progress;
            if let Err(error) = replaced {
                // What was to be noted is found again by looking.
                let _pause = self.journal_trouble(memory, &error);
            }
            return;
        }
    }

    fn step_trouble(&self, memory: &mut Memory, step: &Step, error: &BackendError) {
        let application = self.shared.store.application();
        let words = chain(error);
        if memory.trouble.as_ref() != Some(&words) {
            warn!(application, error = words, nodes = ?step_nodes(step), "cannot {step}");
        } else {
            debug!(application, error = words, nodes = ?step_nodes(step), "still cannot {step}");
        }
        memory.trouble = Some(words);
        if let BackendErrorKind::Throttled(pause) = error.kind {
            let pause = pause.unwrap_or(self.shared.policy.backoff_first);
            self.shared.cache.hold_back(error, pause);
        }
    }

    /// Makes changed records durable, with the events that they show, and says what they mean. `look` is what the
    /// changes follow from, if it is not the outcome of a step.
    async fn record(
        &self,
        before: &BTreeMap<NodeId, NodeRecord>,
        changes: &BTreeMap<NodeId, NodeRecord>,
        look: Option<&Look>,
        now: Now,
    ) -> Result<Replaced, JournalError> {
        let replacements = changes.iter().map(|(node, after)| {
            let before = before.get(node).cloned().unwrap_or_default();
            let seen = look.and_then(|look| look.observation.nodes.get(node));
            let events = noticed(&before, after, seen).into_iter();
            let events = events.map(|what| Entry { at: now.wall, what }).collect();
            Replacement { node: node.clone(), before, after: after.clone(), events, at: now.wall }
        });
        let replacements: Vec<_> = replacements.collect();
        let replaced = self.shared.store.replace(replacements.clone()).await;
        if matches!(replaced, Err(JournalError::Conflict { .. })) {
            // The records are somebody else's now, and may be newer than the look.
            self.shared.cache.make_stale();
        }
        let replaced = replaced?;
        if replaced == Replaced::Done {
            for Replacement { node, before, after, events, .. } in &replacements {
                self.say(node, before, after);
                for Entry { what, .. } in events {
                    info!(application = self.shared.store.application(), %node, "event: {what}");
                }
            }
        }
        Ok(replaced)
    }

    fn say(&self, node: &NodeId, before: &NodeRecord, after: &NodeRecord) {
        let application = self.shared.store.application();
        if !before.boot.known && after.boot.known {
            let device = after.boot.wanted();
            info!(application, %node, ?device, "took over the boot device from the VM's description");
        }
        match (&before.power, &after.power, &after.failure) {
            (Some(_), None, Some(failure)) => error!(application, %node, reason = failure.words, "gave up"),
            (Some(power), None, None) => {
                let requester = &power.requester;
                info!(application, %node, requester, "done: power {}", power.request);
            }
            (Some(_), Some(_), _) | (None, _, _) => {}
        }
    }

    fn show(&self, trouble: Option<&str>, plan: &Plan, seen: &Observation) {
        let (shared, application) = (&self.shared, self.shared.store.application());
        let answered = shared.cache.looks().borrow().answered;
        shared.status.send_modify(|status| {
            status.trouble = trouble.map(str::to_owned);
            status.looks = answered;
            for (node, record) in shared.store.snapshot() {
                let shown = status.nodes.entry(node.clone()).or_default();
                let seen = seen.nodes.get(&node);
                let wait = plan.waits.get(&node);
                if let Some(wait) = wait.filter(|wait| shown.waiting.as_ref() != Some(wait)) {
                    match wait {
                        Wait::PublishHeldBack { .. } => {
                            status.held_publishes += 1;
                            warn!(application, %node, "waiting: {wait}");
                        }
                        Wait::GuestShutdown { .. } => warn!(application, %node, "waiting: {wait}"),
                        Wait::Transient { .. }
                        | Wait::GuestAsked { .. }
                        | Wait::Gathering
                        | Wait::Settling
                        | Wait::Refused { .. }
                        | Wait::Due => debug!(application, %node, "waiting: {wait}"),
                    }
                }
                shown.waiting = wait.cloned();
                if seen.is_none() {
                    shown.phase = None;
                }
                shown.take_record(&record, seen);
            }
        });
    }

    /// There is no such application (any more), and that lasts: what is pending for its nodes ends as it does when
    /// its VMs are deleted.
    async fn bury(&self, memory: &mut Memory, trouble: &str) {
        let (records, nothing) = (self.shared.store.snapshot(), Observation::default());
        let now = memory.now(&*self.shared.clock);
        let plan = plan(&records, &nothing, &memory.progress, &self.shared.policy, now);
        // A record that has changed meanwhile, or cannot be written, has its turn at the next look.
        match self.record(&records, &plan.records, None, now).await {
            Ok(Replaced::Done) => {
                self.shared.in_flight.store(plan.in_flight, Ordering::Relaxed);
                self.show(Some(trouble), &plan, &nothing);
            }
            Ok(Replaced::Stale) => {}
            Err(error) => drop(self.journal_trouble(memory, &error)),
        }
    }

    /// After a failed look: shows it, and waits until there may be another one.
    async fn sit_out_trouble(&self, memory: &mut Memory) {
        let trouble = self.shared.cache.looks().borrow().trouble.clone();
        if let Some(trouble) = trouble {
            self.shared.status.send_modify(|status| status.trouble = Some(trouble.words.clone()));
            if trouble.is_gone {
                self.bury(memory, &trouble.words).await;
            }
            tokio::time::sleep_until(trouble.until).await;
        }
    }

    /// After a failed write of the journal: shows it, and returns how long to wait.
    fn journal_trouble(&self, memory: &mut Memory, error: &JournalError) -> Duration {
        let application = self.shared.store.application();
        let words = chain(error);
        if memory.journal_failures == 0 {
            error!(application, error = words, "nothing is done until the journal can be written");
        }
        memory.journal_failures = memory.journal_failures.saturating_add(1);
        self.shared.status.send_modify(|status| status.trouble = Some(words));
        self.shared.policy.backoff(memory.journal_failures, self.jitter.draw())
    }
}

/// What the loop remembers from pass to pass.
struct Memory {
    progress: Progress,
    pace: Pace,
    journal_failures: u32,
    /// What is wrong with the steps, until one succeeds.
    trouble: Option<String>,
    began: Instant,
}

impl Memory {
    fn new(policy: &Policy, records: &BTreeMap<NodeId, NodeRecord>) -> Self {
        Self {
            progress: Progress::resumed(records, Duration::ZERO),
            pace: Pace::new(policy),
            journal_failures: 0,
            trouble: None,
            began: Instant::now(),
        }
    }

    fn now(&self, clock: &dyn WallClock) -> Now {
        Now { wall: clock.now().into(), up: self.began.elapsed() }
    }
}

/// The pause between two looks while something is in flight: it grows while nothing changes.
struct Pace {
    grown: Duration,
    first: Duration,
    last: Option<Look>,
}

impl Pace {
    const fn new(policy: &Policy) -> Self {
        Self { grown: policy.look_in_flight, first: policy.look_in_flight, last: None }
    }

    /// How long to wait for the next look when there is nothing to send.
    fn pause(&self, plan: &Plan, policy: &Policy) -> Duration {
        match (plan.in_flight, plan.held_back) {
            (false, _) => policy.look_idle,
            (true, true) => self.grown.min(policy.look_idle),
            (true, false) => self.grown.min(policy.age_in_flight),
        }
    }

    const fn quicken(&mut self) {
        self.grown = self.first;
    }

    fn saw(&mut self, look: &Look) {
        match &self.last {
            Some(last) if last.begun == look.begun => return,
            Some(last) if last.observation == look.observation => {
                self.grown = self.grown.saturating_add(self.grown / 2);
            }
            Some(_) | None => self.quicken(),
        }
        self.last = Some(look.clone());
    }
}

/// The nodes of a step; for the log.
fn step_nodes(step: &Step) -> Vec<&str> {
    match step {
        Step::UpdateDesign(changes) => changes.keys().map(NodeId::as_str).collect(),
        Step::Start(nodes) | Step::PowerOff(nodes) | Step::Shutdown(nodes) => {
            nodes.iter().map(NodeId::as_str).collect()
        }
        Step::Publish | Step::ExtendExpiration(_) => Vec::new(),
    }
}
