//! What an endpoint hands to its caller and takes back.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;

use crate::number::{Address, CommandNumber, CompletionCode, Lun, NetFn, PrivilegeLevel, SessionId};
use crate::session::RequestKey;

/// An authenticated request that the endpoint does not answer itself.
///
/// It stands for one command of one console: retransmissions of it never show up as further requests. The endpoint does not
/// know which commands exist: whoever takes the request answers C1 for an unknown one and D4 when `privilege` is too low.
#[derive(Debug)]
pub struct Request {
    /// The right to answer, once.
    pub token: RequestToken,
    /// The network function: always even.
    pub net_fn: NetFn,
    /// The logical unit asked. Always 0: the endpoint answers C2 for the others.
    pub lun: Lun,
    /// The command.
    pub command: CommandNumber,
    /// The request's data bytes.
    pub data: Bytes,
    /// Who asks: an address, or the id of a program.
    pub requester: Address,
    /// The logical unit of who asks.
    pub requester_lun: Lun,
    /// The session's present privilege level.
    pub privilege: PrivilegeLevel,
    /// The name of the user who logged in; bytes that are not UTF-8 are replaced.
    pub user: Arc<str>,
    /// Where the datagram came from.
    pub peer: SocketAddr,
    /// The session, as the managed system numbers it.
    pub session: SessionId,
}

/// The right to answer one [`Request`]. A token whose session has ended in the meantime is accepted and the answer dropped.
#[derive(Debug)]
#[must_use = "a request whose token is dropped is never answered, and its retransmissions are absorbed"]
pub struct RequestToken {
    pub(super) session: SessionId,
    pub(super) key: RequestKey,
}

/// The answer to a [`Request`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// How the command ended.
    pub completion_code: CompletionCode,
    /// The data after the completion code. Some clients drop answers that are longer than the command defines.
    pub data: Bytes,
}

impl Response {
    /// The command was carried out and answers with `data`.
    #[must_use]
    pub fn normal(data: impl Into<Bytes>) -> Self {
        Self { completion_code: CompletionCode::NORMAL, data: data.into() }
    }

    /// An answer of nothing but a completion code.
    #[must_use]
    pub const fn code(completion_code: CompletionCode) -> Self {
        Self { completion_code, data: Bytes::new() }
    }
}

impl From<CompletionCode> for Response {
    fn from(completion_code: CompletionCode) -> Self {
        Self::code(completion_code)
    }
}

/// A datagram to send, from the address and port that the endpoint listens on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transmit {
    /// Where to: where the request came from.
    pub to: SocketAddr,
    /// The UDP payload.
    pub datagram: Bytes,
}
