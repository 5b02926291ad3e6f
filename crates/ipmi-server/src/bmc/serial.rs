//! The node's console, as the loop of its BMC sees it (`IPMI 2.0 §15`).
//!
//! A task of its own ([`mod@line`]) holds the connection and makes it anew when it is lost. The loop talks to it over queues: what the
//! node prints goes into the scrollback and to the console that has activated Serial over LAN, if one has; what that console types
//! goes to the node. Both queues are bounded: the one to the node by what the console is told there is room for, the one
//! from it because the task waits.

mod line;
mod scrollback;

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use ipmi_proto::endpoint::{Endpoint, SolEvent, SolLine};
use machine::Console;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;
use tracing::Instrument as _;

pub(super) use self::line::Report;

use self::line::Typing;
use self::scrollback::Scrollback;
use crate::field;

/// How many characters may wait for the node to take them.
const INPUT: usize = 1024;

/// What a break counts for among them, so that many of them do not pile up.
const BREAK: usize = 64;

/// How many reports of the task may wait for the loop.
const REPORTS: usize = 16;

/// How many characters wait for a slow console, beyond the scrollback.
const OUTPUT: usize = 64 * 1024;

/// A console, its connection and its scrollback.
#[derive(Debug)]
pub(super) struct Serial {
    scrollback: Scrollback,
    connected: bool,
    /// How many characters the task has and the node has not.
    pending: usize,
    typing: mpsc::UnboundedSender<Typing>,
    /// Counts how often what was typed had to be forgotten.
    flushes: watch::Sender<u64>,
    expected: Arc<Notify>,
    reports: mpsc::Receiver<Report>,
    /// One task. It ends with the loop.
    _task: JoinSet<()>,
}

impl Serial {
    /// Starts the task that connects to the console.
    pub(super) fn start(console: Arc<dyn Console>, scrollback: usize) -> Self {
        let (typing, typed) = mpsc::unbounded_channel();
        let (reporter, reports) = mpsc::channel(REPORTS);
        let (flushes, flushed) = watch::channel(0);
        let mut task = JoinSet::new();
        let expected = Arc::new(Notify::new());
        let line = line::run(console, typed, flushed, Arc::clone(&expected), reporter);
        task.spawn(line.in_current_span());
        let scrollback = Scrollback::new(scrollback);
        Self { scrollback, connected: false, pending: 0, typing, flushes, expected, reports, _task: task }
    }

    /// The node may be about to start, and its console with it.
    pub(super) fn expect_node(&self) {
        self.expected.notify_one();
    }

    /// How many characters an endpoint has to be able to hold back.
    pub(super) const fn capacity(scrollback: usize) -> usize {
        scrollback.saturating_add(OUTPUT)
    }

    /// The next report of the task. Dropping the future before it is ready loses nothing.
    pub(super) async fn next(&mut self) -> Option<Report> {
        self.reports.recv().await
    }

    /// Takes a report of the task.
    pub(super) fn take(&mut self, now: Instant, report: Report, endpoint: &mut Endpoint) {
        match report {
            Report::Connected => self.connected = true,
            Report::Lost => self.connected = false,
            Report::Settled(count) => self.pending = self.pending.saturating_sub(count),
            Report::Printed(characters) => {
                self.scrollback.push(&characters);
                endpoint.sol_print(now, &characters);
                return;
            }
        }
        self.tell(now, endpoint);
    }

    /// Tells the endpoint how the line is.
    pub(super) fn tell(&self, now: Instant, endpoint: &mut Endpoint) {
        let line = if self.connected { SolLine::Working { room: self.room() } } else { SolLine::Broken };
        endpoint.set_sol_line(now, line);
    }

    /// Does what a console wants.
    pub(super) fn serve(&mut self, now: Instant, event: SolEvent, endpoint: &mut Endpoint) {
        match event {
            SolEvent::Activated { session, user, peer } => {
                tracing::info!(
                    { field::SESSION_ID } = %session,
                    { field::USER_NAME } = %user,
                    { field::PEER_ADDR } = ?peer,
                    "Serial over LAN is active"
                );
                endpoint.sol_print(now, &self.scrollback.replay());
            }
            SolEvent::Characters(characters) => {
                self.pending = self.pending.saturating_add(characters.len());
                self.send(Typing::Characters { flushes: *self.flushes.borrow(), characters });
                self.tell(now, endpoint);
            }
            SolEvent::Break if self.room() < BREAK => {
                tracing::debug!("too much waits for the node; a break is left out");
            }
            SolEvent::Break => {
                self.pending = self.pending.saturating_add(BREAK);
                self.send(Typing::Break { flushes: *self.flushes.borrow() });
                self.tell(now, endpoint);
            }
            SolEvent::FlushInput => self.flushes.send_modify(|count| *count = count.wrapping_add(1)),
            SolEvent::Deactivated { session, reason } => {
                tracing::info!({ field::SESSION_ID } = %session, %reason, "Serial over LAN has ended");
            }
        }
    }

    const fn room(&self) -> usize {
        INPUT.saturating_sub(self.pending)
    }

    fn send(&self, typing: Typing) {
        if self.typing.send(typing).is_err() {
            tracing::error!("the task that holds the console has ended");
        }
    }
}

/// What a piece of typing counts for.
const fn weight(typing: &Typing) -> usize {
    match typing {
        Typing::Characters { characters, .. } => characters.len(),
        Typing::Break { .. } => BREAK,
    }
}

impl Typing {
    /// What is left after the first `count` characters were taken.
    fn without_first(self, count: usize) -> Option<Self> {
        match self {
            Self::Characters { flushes, mut characters } => {
                let rest = if count < characters.len() { characters.split_off(count) } else { Bytes::new() };
                (!rest.is_empty()).then_some(Self::Characters { flushes, characters: rest })
            }
            Self::Break { .. } => None,
        }
    }
}
