mod sol;

use crate::entropy::OperatingSystem;
use crate::error::ClientError;
use crate::options::ClientOptions;
use bytes::Bytes;
use core::time::Duration;
use ipmi_proto::command::{Body, Command};
use ipmi_proto::console::{
    Console, ConsoleConfig, ConsoleError, ConsoleEvent, ConsoleRequest, RequestId, RetryPolicy, SuiteChoice,
};
use ipmi_proto::crypto::CipherSuite;
use ipmi_proto::number::{CommandNumber, CompletionCode, Guid, NetFn, PrivilegeLevel, SessionId};
use ipmi_proto::sol::RemoteEvent;
use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

/// A session with one BMC.
///
/// [`Client::close`] ends it. A client that is only dropped says nothing to the BMC, which then holds the session until
/// its timeout.
#[derive(Debug)]
pub struct Client {
    link: Link,
    session: Session,
}

/// What the login has agreed on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Session {
    /// The cipher suite in use.
    pub cipher_suite: CipherSuite,
    /// The privilege level of the session.
    pub privilege: PrivilegeLevel,
    /// The BMC's GUID.
    pub guid: Guid,
    /// The BMC's id for the session.
    pub managed_session_id: SessionId,
}

/// The answer to a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// How the command ended.
    pub completion_code: CompletionCode,
    /// The data after the completion code.
    pub data: Bytes,
}

impl Client {
    /// Logs in.
    ///
    /// # Errors
    ///
    /// [`ClientError::Socket`] if there is no way to the address; [`ClientError::PortClosed`] or
    /// [`ClientError::NoAnswer`] after the last try; [`ClientError::Login`] if the BMC or this side refuses.
    pub async fn connect(peer: SocketAddr, options: ClientOptions) -> Result<Self, ClientError> {
        let mut link = Link::new(peer, options).await?;
        link.console.open(now());
        loop {
            match link.next_event().await? {
                ConsoleEvent::Established { suite, privilege, guid, session } => {
                    let session =
                        Session { cipher_suite: suite, privilege, guid, managed_session_id: session };
                    tracing::debug!(
                        peer.addr = %peer,
                        session.id = %session.managed_session_id,
                        cipher_suite = %session.cipher_suite,
                        "logged in",
                    );
                    return Ok(Self { link, session });
                }
                ConsoleEvent::Failed(error) => {
                    // The last words may still be queued: a refusal that lets the BMC forget the session.
                    link.flush().await?;
                    return Err(link.unanswered(error).unwrap_or(ClientError::Login { peer, source: error }));
                }
                ConsoleEvent::Closed => {
                    return Err(ClientError::Login { peer, source: ConsoleError::Closed });
                }
                ConsoleEvent::Answered { .. } | ConsoleEvent::Unanswered { .. } | ConsoleEvent::Sol(_) => {}
            }
        }
    }

    /// What the login has agreed on.
    #[must_use]
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// The BMC's address.
    #[must_use]
    pub const fn peer(&self) -> SocketAddr {
        self.link.peer
    }

    /// Sends a request and waits for its answer, whatever its completion code.
    ///
    /// If the future is dropped, the request may have been carried out; its answer is thrown away, and the next request
    /// waits for it first.
    ///
    /// # Errors
    ///
    /// [`ClientError::NoAnswer`] or [`ClientError::PortClosed`] after the last try, [`ClientError::Session`] if the
    /// session is over, [`ClientError::Socket`] if the operating system refuses.
    pub async fn request(
        &mut self,
        net_fn: NetFn,
        command: CommandNumber,
        data: &[u8],
    ) -> Result<Reply, ClientError> {
        let request = ConsoleRequest::new(net_fn, command, Bytes::copy_from_slice(data));
        let id = self.link.console.request(now(), request);
        self.link.answer_to(id).await
    }

    /// Sends a command and waits for its response.
    ///
    /// # Errors
    ///
    /// As [`Client::request`]; [`ClientError::Refused`] if the completion code is not 0, [`ClientError::Malformed`] if
    /// the response is none of this command.
    pub async fn call<C: Command>(&mut self, command: &C) -> Result<C::Response, ClientError> {
        let id = self.link.console.request(now(), ConsoleRequest::of(command));
        let Reply { completion_code, data } = self.link.answer_to(id).await?;
        if !completion_code.is_normal() {
            return Err(ClientError::Refused { command: C::NAME, completion_code });
        }
        C::Response::decode(&data).map_err(|source| ClientError::Malformed { command: C::NAME, source })
    }

    /// Logs out. Whether the BMC has heard it or not, the session is over on this side.
    pub async fn close(mut self) {
        self.link.console.close(now());
        loop {
            match self.link.next_event().await {
                Ok(ConsoleEvent::Closed | ConsoleEvent::Failed(_)) => return,
                Ok(_) => {}
                Err(error) => {
                    tracing::debug!(peer.addr = %self.link.peer, %error, "could not log out");
                    return;
                }
            }
        }
    }
}

/// A console and the socket that connects it.
#[derive(Debug)]
struct Link {
    peer: SocketAddr,
    socket: UdpSocket,
    console: Console,
    /// Whether the host has said, since it last answered, that nobody has the port open.
    port_closed: bool,
    buffer: Box<[u8]>,
    /// What was heard over Serial over LAN and nobody has listened to yet.
    heard: VecDeque<RemoteEvent>,
    /// When a request was last sent.
    asked_at: Instant,
    /// The latest request that was sent only to keep the session alive.
    kept_alive_by: Option<RequestId>,
}

impl Link {
    async fn new(peer: SocketAddr, options: ClientOptions) -> Result<Self, ClientError> {
        let socket = socket_to(peer).await.map_err(|source| ClientError::Socket { peer, source })?;
        let console = Console::new(console_config(options), Box::new(OperatingSystem));
        let buffer = vec![0; DATAGRAM].into_boxed_slice();
        Ok(Self {
            peer,
            socket,
            console,
            port_closed: false,
            buffer,
            heard: VecDeque::new(),
            asked_at: Instant::now(),
            kept_alive_by: None,
        })
    }

    /// Waits for the answer to a request and drops events about others, whose callers have gone away.
    async fn answer_to(&mut self, wanted: RequestId) -> Result<Reply, ClientError> {
        let peer = self.peer;
        self.asked_at = Instant::now();
        loop {
            match self.next_event().await? {
                ConsoleEvent::Sol(event) => self.heard.push_back(event),
                ConsoleEvent::Answered { id, completion_code, data } if id == wanted => {
                    return Ok(Reply { completion_code, data });
                }
                ConsoleEvent::Unanswered { id, error } if id == wanted => {
                    return Err(self
                        .unanswered(error)
                        .unwrap_or(ClientError::Session { peer, source: error }));
                }
                ConsoleEvent::Failed(source) => return Err(ClientError::Session { peer, source }),
                ConsoleEvent::Closed => {
                    return Err(ClientError::Session { peer, source: ConsoleError::Closed });
                }
                ConsoleEvent::Answered { .. }
                | ConsoleEvent::Unanswered { .. }
                | ConsoleEvent::Established { .. } => {}
            }
        }
    }

    /// Drives the console until something happens. May be dropped at any point: receiving is cancel-safe, and a datagram
    /// whose sending was interrupted is repeated like a lost one.
    async fn next_event(&mut self) -> Result<ConsoleEvent, ClientError> {
        loop {
            self.flush().await?;
            if let Some(event) = self.console.poll_event() {
                return Ok(event);
            }
            // Without a deadline nothing is outstanding and nothing will ever happen.
            let Some(deadline) = self.console.poll_timeout() else { return Ok(ConsoleEvent::Closed) };
            match timeout_at(deadline.into(), self.receive()).await {
                Err(_elapsed) => self.console.handle_timeout(now()),
                Ok(received) => received?,
            }
        }
    }

    /// Waits for a datagram and gives it to the console. Dropping the future loses nothing.
    async fn receive(&mut self) -> Result<(), ClientError> {
        match self.socket.recv(&mut self.buffer).await {
            Ok(len) => {
                self.port_closed = false;
                self.console.handle_datagram(now(), self.buffer.get(..len).unwrap_or_default());
                Ok(())
            }
            Err(error) => self.note(error),
        }
    }

    /// Sends what the console wants to send.
    async fn flush(&mut self) -> Result<(), ClientError> {
        while let Some(datagram) = self.console.poll_transmit() {
            // A closed port is reported for an earlier datagram, in place of sending this one.
            if let Err(error) = self.socket.send(&datagram).await {
                self.note(error)?;
                if let Err(error) = self.socket.send(&datagram).await {
                    self.note(error)?;
                }
            }
        }
        Ok(())
    }

    /// A closed port counts as a lost datagram: the BMC may be starting, and the tries are not used up.
    fn note(&mut self, error: io::Error) -> Result<(), ClientError> {
        if error.kind() == io::ErrorKind::ConnectionRefused {
            self.port_closed = true;
            return Ok(());
        }
        Err(ClientError::Socket { peer: self.peer, source: error })
    }

    /// The error for silence; `None` if `error` is another one.
    const fn unanswered(&self, error: ConsoleError) -> Option<ClientError> {
        let peer = self.peer;
        match error {
            ConsoleError::NoAnswer { .. } if self.port_closed => Some(ClientError::PortClosed { peer }),
            ConsoleError::NoAnswer { step } => Some(ClientError::NoAnswer { peer, step }),
            _ => None,
        }
    }
}

/// A socket that sends to `peer` and receives from nobody else.
async fn socket_to(peer: SocketAddr) -> io::Result<UdpSocket> {
    let unspecified = match peer {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let socket = UdpSocket::bind(unspecified).await?;
    socket.connect(peer).await?;
    Ok(socket)
}

fn console_config(options: ClientOptions) -> ConsoleConfig {
    let tries = options.tries.max(1);
    ConsoleConfig {
        kg: options.kg,
        privilege: options.privilege,
        lookup: options.lookup,
        cipher_suite: options.cipher_suite.map_or(SuiteChoice::Discover, SuiteChoice::Fixed),
        retry: RetryPolicy { wait: options.timeout, longer: Duration::ZERO, tries, logins: tries },
        ..ConsoleConfig::new(options.user_name, options.password)
    }
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}

/// Longer than any IPMI packet; what is cut off does not decode.
const DATAGRAM: usize = 4096;
