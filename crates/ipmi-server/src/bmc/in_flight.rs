//! Requests that wait for the chassis port.

use std::fmt;
use std::net::SocketAddr;

use ipmi_proto::endpoint::{RequestToken, Response};
use ipmi_proto::number::{CommandNumber, CompletionCode, NetFn, SessionId};
use tokio::task::{Id, JoinSet};

use crate::execution::{Effect, Finished};
use crate::field;

/// Tasks that ask the port, with who waits for each. The tasks belong to the loop: they end with it.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    tasks: JoinSet<Finished>,
    /// One for each task; few enough to be searched.
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    task: Id,
    asker: Option<(Waiting, RequestToken)>,
    /// What a task that broke leaves behind.
    broken: Effect,
}

/// A request that waits, for the log.
#[derive(Debug)]
pub(super) struct Waiting {
    /// The specification's name of the command, if it is known.
    pub(super) command: Option<&'static str>,
    pub(super) net_fn: NetFn,
    pub(super) number: CommandNumber,
    pub(super) session: SessionId,
    pub(super) peer: SocketAddr,
}

/// What a task has found out, and for whom.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) response: Response,
    pub(super) effect: Effect,
    pub(super) asker: Option<(Waiting, RequestToken)>,
}

impl InFlight {
    /// Starts a task. `broken` is the effect if it never finishes.
    pub(super) fn start(
        &mut self,
        task: impl Future<Output = Finished> + Send + 'static,
        broken: Effect,
        asker: Option<(Waiting, RequestToken)>,
    ) {
        let task = self.tasks.spawn(task).id();
        self.entries.push(Entry { task, asker, broken });
    }

    pub(super) const fn len(&self) -> usize {
        self.entries.len()
    }

    /// The next answer, or `None` when nothing is in flight. Dropping the future before it is ready loses nothing.
    pub(super) async fn next(&mut self) -> Option<Answered> {
        let joined = self.tasks.join_next_with_id().await?;
        let (task, finished) = match joined {
            Ok((task, finished)) => (task, Some(finished)),
            Err(error) => {
                tracing::error!({ field::ERROR } = %error, "a command broke");
                (error.id(), None)
            }
        };
        let index = self.entries.iter().position(|entry| entry.task == task)?;
        let entry = self.entries.swap_remove(index);
        let (response, effect) = match finished {
            Some(Finished { response, effect }) => (response, effect),
            None => (Response::code(CompletionCode::UNSPECIFIED), entry.broken),
        };
        Some(Answered { response, effect, asker: entry.asker })
    }
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.command {
            Some(name) => f.write_str(name),
            None => write!(f, "unknown command {} of {}", self.number, self.net_fn),
        }
    }
}
