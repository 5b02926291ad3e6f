//! The serial console of a node: the port behind a BMC's Serial over LAN (`IPMI 2.0 §15`).
//!
//! A [`Console`] is the console of one node. A BMC attaches once and stays attached while it runs, so that it sees what the node
//! prints before anybody looks; when the connection is lost, it attaches again, after pauses of its own. What a BMC does with the
//! characters (scrollback, Serial over LAN) is not here, and neither is what a console is made of: a socket of a hypervisor, a
//! serial console server.
//!
//! ```text
//!   attach ──► Attachment ── output: bytes that the node prints, until the connection is lost
//!      ▲            └─────── input:  bytes and breaks for the node
//!      └── lost: attach again
//! ```

use std::fmt;

use crate::BoxFuture;

/// The serial console of one node. Used through `dyn`, because a BMC may have none.
pub trait Console: fmt::Debug + Send + Sync + 'static {
    /// Connects to the console. There is one user of a console at a time: the implementation need not serve two attachments,
    /// and may break the earlier one.
    ///
    /// The future may be dropped at any time; then there is no connection.
    ///
    /// # Errors
    /// [`ConsoleError::Unavailable`] when nobody answers there at the moment. Trying again later may help.
    fn attach(&self) -> BoxFuture<'_, Result<Attachment, ConsoleError>>;
}

/// A connection to a console. It ends when both halves are dropped.
#[derive(Debug)]
pub struct Attachment {
    /// What the node prints.
    pub output: Box<dyn ConsoleOutput>,
    /// What is typed.
    pub input: Box<dyn ConsoleInput>,
}

/// The half of a connection that reads what a node prints.
pub trait ConsoleOutput: fmt::Debug + Send + 'static {
    /// Waits for characters: at least one, in the order in which the node printed them, never twice.
    ///
    /// Dropping the future before it is ready loses nothing.
    ///
    /// # Errors
    /// [`ConsoleError::Unavailable`] when the connection is lost. It stays lost.
    fn read(&mut self) -> BoxFuture<'_, Result<Vec<u8>, ConsoleError>>;
}

/// The half of a connection that types.
pub trait ConsoleInput: fmt::Debug + Send + 'static {
    /// Types the first of `characters` and tells how many: at least one, unless there are none. Waits until the node has room
    /// for one.
    ///
    /// Dropping the future before it is ready types nothing.
    ///
    /// # Errors
    /// [`ConsoleError::Unavailable`] when the connection is lost. It stays lost.
    fn write<'a>(&'a mut self, characters: &'a [u8]) -> BoxFuture<'a, Result<usize, ConsoleError>>;

    /// Sends a break: the line is held longer than any character lasts. A Linux guest takes it for the SysRq key.
    ///
    /// # Errors
    /// [`ConsoleError::BreakNotSupported`] when the way to the node has no such thing, and [`ConsoleError::Unavailable`] when
    /// the connection is lost.
    fn send_break(&mut self) -> BoxFuture<'_, Result<(), ConsoleError>>;
}

/// What can go wrong with a console.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConsoleError {
    /// There is no connection, or not any more.
    #[error("the console cannot be reached: {reason}")]
    Unavailable {
        /// What failed.
        reason: String,
    },
    /// There is no way to send a break.
    #[error("the connection to this console cannot carry a break")]
    BreakNotSupported,
}
