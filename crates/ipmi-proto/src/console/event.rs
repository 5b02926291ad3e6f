//! What a console is asked, and what it reports.

use bytes::Bytes;

use crate::command::Command;
use crate::console::ConsoleError;
use crate::crypto::CipherSuite;
use crate::number::{CommandNumber, CompletionCode, Guid, Lun, NetFn, PrivilegeLevel, SessionId};
use crate::sol::RemoteEvent;

/// A request to send in the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleRequest {
    /// The network function, even.
    pub net_fn: NetFn,
    /// The logical unit asked; [`Lun::BMC`] but for experiments.
    pub lun: Lun,
    /// The command.
    pub command: CommandNumber,
    /// The request's data bytes.
    pub data: Bytes,
}

impl ConsoleRequest {
    /// A request to the BMC itself.
    #[must_use]
    pub fn new(net_fn: NetFn, command: CommandNumber, data: impl Into<Bytes>) -> Self {
        Self { net_fn, lun: Lun::BMC, command, data: data.into() }
    }

    /// The request of a command.
    #[must_use]
    pub fn of<C: Command>(command: &C) -> Self {
        Self::new(C::NET_FN, C::COMMAND, command.to_bytes())
    }
}

/// The number of a request, to find its answer among the events. Counts up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub(super) u64);

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConsoleEvent {
    /// The session stands, at the level that the configuration asks for.
    Established {
        /// The cipher suite in use.
        suite: CipherSuite,
        /// The present level.
        privilege: PrivilegeLevel,
        /// The managed system's GUID, from RAKP 2.
        guid: Guid,
        /// The managed system's id for the session.
        session: SessionId,
    },
    /// A request was answered.
    Answered {
        /// Which one.
        id: RequestId,
        /// How it ended.
        completion_code: CompletionCode,
        /// The data after the completion code.
        data: Bytes,
    },
    /// A request was not answered. The session may be dead; that is for the caller to decide.
    Unanswered {
        /// Which one.
        id: RequestId,
        /// Why.
        error: ConsoleError,
    },
    /// Something was heard over Serial over LAN.
    Sol(RemoteEvent),
    /// The session is over, as the caller wished.
    Closed,
    /// There is no session, or not any more, and there will be none.
    Failed(ConsoleError),
}
