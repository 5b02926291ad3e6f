use ipmi_proto::command::BodyError;
use ipmi_proto::console::{ConsoleError, Step};
use ipmi_proto::number::CompletionCode;
use std::io;
use std::net::SocketAddr;

/// What went wrong between here and a BMC. Never shows a secret.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The operating system refused to send or to receive.
    #[error("cannot exchange datagrams with {peer}")]
    Socket {
        /// The BMC's address.
        peer: SocketAddr,
        /// The reason.
        source: io::Error,
    },
    /// Every try stayed without an answer.
    #[error("no answer from {peer} to {step}")]
    NoAnswer {
        /// The BMC's address.
        peer: SocketAddr,
        /// What was not answered.
        step: Step,
    },
    /// Every try stayed without an answer, and the host said that nobody has this port open.
    #[error("no answer from {peer}: the port is closed")]
    PortClosed {
        /// The BMC's address.
        peer: SocketAddr,
    },
    /// The login did not succeed.
    #[error("login at {peer} failed")]
    Login {
        /// The BMC's address.
        peer: SocketAddr,
        /// The reason: wrong password, unknown user, no common cipher suite, …
        source: ConsoleError,
    },
    /// The session is over.
    #[error("the session with {peer} ended")]
    Session {
        /// The BMC's address.
        peer: SocketAddr,
        /// The reason.
        source: ConsoleError,
    },
    /// The BMC answered a command with an error.
    #[error("{command} refused: {completion_code}")]
    Refused {
        /// The command's name.
        command: &'static str,
        /// The BMC's reason.
        completion_code: CompletionCode,
    },
    /// The BMC answered a command with data that are not that command's.
    #[error("{command} answered with malformed data")]
    Malformed {
        /// The command's name.
        command: &'static str,
        /// What is wrong with the data.
        source: BodyError,
    },
}
