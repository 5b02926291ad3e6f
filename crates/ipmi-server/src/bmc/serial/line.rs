//! The task that holds the connection to a console.
//!
//! ```text
//!  attach ──► connected: prints and types ──► lost
//!    ▲                                          │
//!    └──────────────── a pause ─────────────────┘   longer each time, until a connection has held or the node is expected
//! ```

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use machine::{Attachment, Console, ConsoleError};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::Instant;

use super::weight;
use crate::field;

/// The pause after a connection was lost or refused for the first time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The pause while the node is expected: some consoles exist only while their node is on, and what it prints first is lost
/// unless somebody listens.
const EXPECTANT_PAUSE: Duration = Duration::from_millis(250);

/// How long a node is expected after somebody has asked for its power.
const EXPECTATION: Duration = Duration::from_secs(120);

/// What shall be typed. Carries how often there had been a flush by then.
#[derive(Debug)]
pub(super) enum Typing {
    Characters { flushes: u64, characters: Bytes },
    Break { flushes: u64 },
}

/// What the task tells the loop.
pub(in crate::bmc) enum Report {
    /// There is a connection.
    Connected,
    /// There is none any more.
    Lost,
    /// The node has printed.
    Printed(Vec<u8>),
    /// So much of what was to be typed has reached the node, or never will.
    Settled(usize),
}

/// Nobody listens to the task any more.
struct Unheard;

/// Holds the connection until nobody listens to the reports any more.
pub(super) async fn run(
    console: Arc<dyn Console>,
    typing: mpsc::UnboundedReceiver<Typing>,
    flushed: watch::Receiver<u64>,
    expected: Arc<Notify>,
    reports: mpsc::Sender<Report>,
) {
    let mut line = Line { console, typing, flushed, expected, reports, queue: VecDeque::new() };
    // The only end is that the loop is gone.
    let Err(Unheard) = line.hold().await;
}

struct Line {
    console: Arc<dyn Console>,
    typing: mpsc::UnboundedReceiver<Typing>,
    flushed: watch::Receiver<u64>,
    /// Somebody has asked for the power of the node.
    expected: Arc<Notify>,
    reports: mpsc::Sender<Report>,
    /// What waits for the node, oldest first.
    queue: VecDeque<Typing>,
}

impl Line {
    async fn hold(&mut self) -> Result<std::convert::Infallible, Unheard> {
        let mut pause = FIRST_PAUSE;
        let mut told = false;
        let mut expected_until = None;
        loop {
            match self.console.attach().await {
                Ok(attachment) => {
                    tracing::info!("the console is connected");
                    told = false;
                    let begin = Instant::now();
                    self.report(Report::Connected).await?;
                    let error = self.converse(attachment).await?;
                    // Some are there only while their node is on.
                    tracing::info!({ field::ERROR } = %error, "the console is lost; connecting again");
                    self.report(Report::Lost).await?;
                    self.forget().await?;
                    // A connection that ends as soon as it was made is as good as none.
                    if begin.elapsed() > pause {
                        pause = FIRST_PAUSE;
                    }
                }
                Err(error) if told => tracing::debug!({ field::ERROR } = %error, "no console yet"),
                Err(error) => {
                    tracing::info!({ field::ERROR } = %error, "the console is not there; trying again until it is");
                    told = true;
                }
            }
            let is_expected = expected_until.is_some_and(|until| Instant::now() < until);
            // All branches only wait.
            tokio::select! {
                () = tokio::time::sleep(if is_expected { EXPECTANT_PAUSE } else { pause }) => {}
                () = self.expected.notified() => expected_until = Some(Instant::now() + EXPECTATION),
                () = self.reports.closed() => return Err(Unheard),
            }
            if !is_expected {
                pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
            }
        }
    }

    /// Prints and types until the connection is lost; gives the reason.
    async fn converse(&mut self, attachment: Attachment) -> Result<ConsoleError, Unheard> {
        let Attachment { mut output, mut input } = attachment;
        loop {
            self.drop_flushed().await?;
            // All branches are cancel-safe: `read`, `write` and `send_break` by contract.
            tokio::select! {
                printed = output.read() => match printed {
                    Ok(characters) => self.report(Report::Printed(characters)).await?,
                    Err(error) => return Ok(error),
                },
                typing = self.typing.recv() => self.queue.push_back(typing.ok_or(Unheard)?),
                changed = self.flushed.changed() => changed.map_err(|_gone| Unheard)?,
                done = type_first(&mut *input, self.queue.front()) => match done {
                    Ok(count) => self.settle_first(count).await?,
                    Err(ConsoleError::BreakNotSupported) => {
                        tracing::debug!("the way to this console carries no break; it is left out");
                        self.settle_first(usize::MAX).await?;
                    }
                    Err(error) => return Ok(error),
                },
            }
        }
    }

    /// Takes the first `count` characters off the queue, or its first break.
    async fn settle_first(&mut self, count: usize) -> Result<(), Unheard> {
        let Some(first) = self.queue.pop_front() else { return Ok(()) };
        let before = weight(&first);
        let rest = first.without_first(count);
        let left = rest.as_ref().map_or(0, weight);
        if let Some(rest) = rest {
            self.queue.push_front(rest);
        }
        self.report(Report::Settled(before.saturating_sub(left))).await
    }

    /// Forgets what was typed before the latest flush.
    async fn drop_flushed(&mut self) -> Result<(), Unheard> {
        let latest = *self.flushed.borrow_and_update();
        let is_old = |typing: &Typing| match typing {
            Typing::Characters { flushes, .. } | Typing::Break { flushes } => *flushes != latest,
        };
        let dropped: usize = self.queue.iter().filter(|typing| is_old(typing)).map(weight).sum();
        if dropped > 0 {
            self.queue.retain(|typing| !is_old(typing));
            self.report(Report::Settled(dropped)).await?;
        }
        Ok(())
    }

    /// Forgets everything that waits: it was meant for what is gone.
    async fn forget(&mut self) -> Result<(), Unheard> {
        while let Ok(typing) = self.typing.try_recv() {
            self.queue.push_back(typing);
        }
        let dropped = self.queue.drain(..).map(|typing| weight(&typing)).sum();
        self.report(Report::Settled(dropped)).await
    }

    async fn report(&self, report: Report) -> Result<(), Unheard> {
        self.reports.send(report).await.map_err(|_gone| Unheard)
    }
}

/// Types the first of what waits. Waits for ever if nothing does.
async fn type_first(
    input: &mut dyn machine::ConsoleInput,
    first: Option<&Typing>,
) -> Result<usize, ConsoleError> {
    match first {
        Some(Typing::Characters { characters, .. }) => input.write(characters).await,
        Some(Typing::Break { .. }) => input.send_break().await.map(|()| usize::MAX),
        None => std::future::pending().await,
    }
}
