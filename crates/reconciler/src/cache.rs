//! The last look at the cloud, shared by all who ask.
//!
//! One task looks ([`Cache::serve`]); everybody else says how fresh a look must be and waits for it. So there
//! is never more than one look under way, all who wait share it, and one who gives up waiting stops nothing.
//! A write to the cloud makes every look that began before its end stale. After a failure nobody waits: the
//! failure is told at once, and the next look comes after a growing pause.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use machine::{Backend, BackendError, BackendErrorKind, Denied, Observation};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tracing::{debug, info, warn};

use crate::entropy::Jitter;
use crate::error_chain::chain;
use crate::planner::learn::pause;
use crate::policy::Policy;

/// One look at the application.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    pub(crate) observation: Arc<Observation>,
    /// When it began: nothing in it is older.
    pub(crate) begun: Instant,
    /// When it ended.
    pub(crate) ended: Instant,
    /// The number of writes to the cloud that had ended by then.
    pub(crate) epoch: u64,
    /// The last request that had been recorded by then.
    pub(crate) ticket: Ticket,
}

/// Numbers the power requests of an application in the order in which they became visible: a look says nothing about
/// a request with a later ticket. The first is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Ticket(u64);

/// Why there is no look at the moment.
#[derive(Clone, Debug)]
pub(crate) struct Trouble {
    pub(crate) kind: BackendErrorKind,
    pub(crate) words: String,
    /// No look before this.
    pub(crate) until: Instant,
    /// Looks that failed, in a row.
    pub(crate) failures: u32,
    /// Those among them, in a row up to now, that found no application.
    missing: u32,
    /// Whether so many of them found none that it is believed.
    pub(crate) is_gone: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Looks {
    pub(crate) last: Option<Look>,
    pub(crate) trouble: Option<Trouble>,
    pub(crate) answered: u64,
}

/// How fresh a look must be.
#[derive(Clone, Copy, Debug)]
struct Demand {
    begun: Instant,
    epoch: u64,
}

/// What held when a look began.
#[derive(Clone, Copy, Debug)]
struct Beginning {
    begun: Instant,
    epoch: u64,
    ticket: Ticket,
}

pub(crate) struct Cache {
    epoch: AtomicU64,
    tickets: AtomicU64,
    demand: Mutex<Option<Demand>>,
    demanded: Notify,
    looks: watch::Sender<Looks>,
}

impl Cache {
    pub(crate) fn new() -> Self {
        Self {
            epoch: AtomicU64::new(0),
            tickets: AtomicU64::new(0),
            demand: Mutex::new(None),
            demanded: Notify::new(),
            looks: watch::Sender::new(Looks::default()),
        }
    }

    pub(crate) fn looks(&self) -> watch::Receiver<Looks> {
        self.looks.subscribe()
    }

    /// The last look, however old.
    pub(crate) fn last(&self) -> Option<Look> {
        self.looks.borrow().last.clone()
    }

    /// Whether the application is gone: not one look found none, but several in a row.
    pub(crate) fn is_gone(&self) -> bool {
        self.looks.borrow().trouble.as_ref().is_some_and(|trouble| trouble.is_gone)
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }

    /// A ticket for a request that is about to become visible.
    pub(crate) fn issue_ticket(&self) -> Ticket {
        Ticket(self.tickets.fetch_add(1, Ordering::SeqCst).saturating_add(1))
    }

    /// The cloud was changed: looks that have begun are stale.
    pub(crate) fn make_stale(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
    }

    /// The last look, if nothing has made it stale and it is at most this old.
    pub(crate) fn fresh(&self, age: Duration) -> Option<Look> {
        let epoch = self.epoch();
        self.last().filter(|look| look.epoch >= epoch && look.begun.elapsed() <= age)
    }

    /// Asks for a look that is at most this old, without waiting for it.
    pub(crate) fn demand(&self, age: Duration) {
        let now = Instant::now();
        let wanted = Demand { begun: now.checked_sub(age).unwrap_or(now), epoch: self.epoch() };
        let mut demand = self.demand.lock().unwrap_or_else(PoisonError::into_inner);
        *demand = Some(demand.map_or(wanted, |other| Demand {
            begun: other.begun.max(wanted.begun),
            epoch: other.epoch.max(wanted.epoch),
        }));
        drop(demand);
        self.demanded.notify_one();
    }

    /// A look that is at most this old; waits for one if need be.
    pub(crate) async fn at_most(&self, age: Duration, patience: Duration) -> Result<Look, Denied> {
        let asked = Instant::now();
        let wait = async {
            let mut looks = self.looks();
            loop {
                // A look that began after the question is fresh, however long it took.
                if let Some(look) = self.fresh(age.max(asked.elapsed())) {
                    return Ok(look);
                }
                let trouble = looks.borrow_and_update().trouble.clone();
                if let Some(trouble) = trouble.filter(|trouble| Instant::now() < trouble.until) {
                    return Err(trouble.denial());
                }
                self.demand(age);
                if looks.changed().await.is_err() {
                    return Err(Denied::CloudUnreachable { reason: "nobody looks any more".to_owned() });
                }
            }
        };
        tokio::time::timeout(patience, wait).await.unwrap_or_else(|_| {
            let reason = format!("no answer within {} s", patience.as_secs_f32());
            Err(Denied::CloudUnreachable { reason })
        })
    }

    /// Looks whenever a look is asked for that nobody has had. Runs until it is dropped.
    pub(crate) async fn serve<B: Backend>(
        &self,
        backend: &B,
        application: &str,
        policy: &Policy,
        jitter: &Jitter,
    ) {
        loop {
            self.demanded.notified().await;
            while self.is_wanting() {
                let until = self.looks.borrow().trouble.as_ref().map(|trouble| trouble.until);
                if let Some(until) = until {
                    tokio::time::sleep_until(until).await;
                }
                let beginning = Beginning {
                    begun: Instant::now(),
                    epoch: self.epoch(),
                    ticket: Ticket(self.tickets.load(Ordering::SeqCst)),
                };
                let outcome = backend.observe().await;
                self.take(application, outcome, beginning, policy, jitter);
            }
        }
    }

    /// Holds back looks for a while: the cloud asked for a pause.
    pub(crate) fn hold_back(&self, error: &BackendError, for_at_least: Duration) {
        let until = Instant::now().checked_add(for_at_least).unwrap_or_else(Instant::now);
        let (kind, words) = (error.kind, chain(error));
        let trouble = Trouble { kind, words, until, failures: 1, missing: 0, is_gone: false };
        self.looks.send_modify(|looks| looks.trouble = Some(trouble));
    }

    /// Whether somebody waits for a look fresher than the last one.
    fn is_wanting(&self) -> bool {
        let mut demand = self.demand.lock().unwrap_or_else(PoisonError::into_inner);
        let looks = self.looks.borrow();
        let served = match (*demand, &looks.last) {
            (Some(demand), Some(look)) => look.begun >= demand.begun && look.epoch >= demand.epoch,
            (Some(_), None) => false,
            (None, _) => true,
        };
        if served {
            *demand = None;
        }
        !served
    }

    fn take(
        &self,
        application: &str,
        outcome: Result<Observation, BackendError>,
        Beginning { begun, epoch, ticket }: Beginning,
        policy: &Policy,
        jitter: &Jitter,
    ) {
        match outcome {
            Ok(observation) => {
                debug!(application, nodes = observation.nodes.len(), epoch, "looked");
                let observation = Arc::new(observation);
                let look = Look { observation, begun, ended: Instant::now(), epoch, ticket };
                let before = self.looks.borrow().trouble.clone();
                if let Some(before) = before {
                    info!(application, failures = before.failures, "the cloud answers again");
                }
                self.looks.send_modify(|looks| {
                    *looks =
                        Looks { last: Some(look), trouble: None, answered: looks.answered.saturating_add(1) };
                });
            }
            Err(error) => {
                // All who wait are told; whoever still wants a look asks again.
                *self.demand.lock().unwrap_or_else(PoisonError::into_inner) = None;
                let before = self.looks.borrow().trouble.clone();
                let failures = before.as_ref().map_or(0, |trouble| trouble.failures).saturating_add(1);
                let missing = match error.kind {
                    BackendErrorKind::NotFound => {
                        before.as_ref().map_or(0, |trouble| trouble.missing).saturating_add(1)
                    }
                    _ => 0,
                };
                let is_gone = missing >= policy.missing_tries;
                let words = chain(&error);
                if before.is_none_or(|before| before.kind != error.kind) {
                    warn!(application, error = words, "cannot look at the application");
                }
                let pause = pause(&error, failures, policy, jitter.draw());
                let until = Instant::now().checked_add(pause).unwrap_or(begun);
                let trouble = Trouble { kind: error.kind, words, until, failures, missing, is_gone };
                self.looks.send_modify(|looks| looks.trouble = Some(trouble));
            }
        }
    }
}

impl Trouble {
    /// A client that is told "no such node" gives up, one that is told "unreachable" asks again.
    fn denial(&self) -> Denied {
        if self.is_gone {
            Denied::NoSuchNode
        } else {
            Denied::CloudUnreachable { reason: self.words.clone() }
        }
    }
}
