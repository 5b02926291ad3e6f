//! Consoles that are stream sockets.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use machine::{Attachment, BoxFuture, Console, ConsoleError, ConsoleInput, ConsoleOutput};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream, UnixStream, lookup_host};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);

/// How many characters are read at once.
const PIECE: usize = 4096;

/// Where a console listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ConsoleSocket {
    /// On a TCP port.
    Tcp {
        /// A name or an address.
        host: String,
        /// The port.
        port: u16,
    },
    /// On a Unix socket.
    Unix(PathBuf),
}

impl fmt::Display for ConsoleSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } => write!(f, "{host} TCP port {port}"),
            Self::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

/// The console behind a socket.
#[derive(Clone, Debug)]
pub(crate) struct SocketConsole(ConsoleSocket);

impl SocketConsole {
    /// A console that is not connected to yet.
    pub(crate) const fn new(socket: ConsoleSocket) -> Self {
        Self(socket)
    }

    async fn connect(&self) -> io::Result<Attachment> {
        match &self.0 {
            ConsoleSocket::Tcp { host, port } => {
                let (output, input) = tcp(host, *port).await?.into_split();
                Ok(self.attachment(output, input))
            }
            ConsoleSocket::Unix(path) => {
                let (output, input) = UnixStream::connect(path).await?.into_split();
                Ok(self.attachment(output, input))
            }
        }
    }

    fn attachment(
        &self,
        output: impl AsyncRead + fmt::Debug + Send + Unpin + 'static,
        input: impl AsyncWrite + fmt::Debug + Send + Unpin + 'static,
    ) -> Attachment {
        Attachment {
            output: Box::new(Output { stream: output, socket: self.0.clone() }),
            input: Box::new(Input { stream: input, socket: self.0.clone() }),
        }
    }
}

impl Console for SocketConsole {
    fn attach(&self) -> BoxFuture<'_, Result<Attachment, ConsoleError>> {
        Box::pin(async {
            let timeout = |_elapsed| io::Error::new(io::ErrorKind::TimedOut, "it takes too long");
            let connected = tokio::time::timeout(CONNECT, self.connect()).await.map_err(timeout);
            connected.flatten().map_err(|error| unavailable(&self.0, &error.to_string()))
        })
    }
}

/// Connects to the first address that answers. Keep-alive, because a console may say nothing for days, and a server that was
/// switched off says nothing either.
async fn tcp(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut last = None;
    for address in lookup_host((host, port)).await? {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_keepalive(true)?;
        socket.set_nodelay(true)?;
        match socket.connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address")))
}

#[derive(Debug)]
struct Output<S> {
    stream: S,
    socket: ConsoleSocket,
}

impl<S: AsyncRead + fmt::Debug + Send + Unpin + 'static> ConsoleOutput for Output<S> {
    fn read(&mut self) -> BoxFuture<'_, Result<Vec<u8>, ConsoleError>> {
        Box::pin(async {
            let mut characters = Vec::with_capacity(PIECE);
            match self.stream.read_buf(&mut characters).await {
                Ok(0) => Err(unavailable(&self.socket, "the other side has closed the connection")),
                Ok(_) => Ok(characters),
                Err(error) => Err(unavailable(&self.socket, &error.to_string())),
            }
        })
    }
}

#[derive(Debug)]
struct Input<S> {
    stream: S,
    socket: ConsoleSocket,
}

impl<S: AsyncWrite + fmt::Debug + Send + Unpin + 'static> ConsoleInput for Input<S> {
    fn write<'a>(&'a mut self, characters: &'a [u8]) -> BoxFuture<'a, Result<usize, ConsoleError>> {
        Box::pin(async move {
            let written = self.stream.write(characters).await;
            written.map_err(|error| unavailable(&self.socket, &error.to_string()))
        })
    }

    /// A stream of characters has no place for a break.
    fn send_break(&mut self) -> BoxFuture<'_, Result<(), ConsoleError>> {
        Box::pin(std::future::ready(Err(ConsoleError::BreakNotSupported)))
    }
}

fn unavailable(socket: &ConsoleSocket, reason: &str) -> ConsoleError {
    ConsoleError::Unavailable { reason: format!("{socket}: {reason}") }
}

#[cfg(test)]
mod tests {
    use tokio::net::{TcpListener, UnixListener};

    use super::*;

    /// How long anything may take.
    const BOUND: Duration = Duration::from_secs(30);

    /// Talks over a connection in both directions, then closes it.
    async fn converse(console: SocketConsole, accept: impl Future<Output = io::Result<Peer>>) {
        let (attached, accepted) = tokio::join!(console.attach(), accept);
        let (Attachment { mut output, mut input }, mut peer) = (attached.unwrap(), accepted.unwrap());
        peer.write_all(b"login: ").await.unwrap();
        assert_eq!(tokio::time::timeout(BOUND, output.read()).await.unwrap().unwrap(), b"login: ");
        assert_eq!(input.write(b"root\r").await.unwrap(), 5);
        let mut typed = [0; 5];
        tokio::time::timeout(BOUND, peer.read_exact(&mut typed)).await.unwrap().unwrap();
        assert_eq!(&typed, b"root\r");
        assert_eq!(input.send_break().await, Err(ConsoleError::BreakNotSupported));
        drop(peer);
        let error = tokio::time::timeout(BOUND, output.read()).await.unwrap().unwrap_err();
        assert!(error.to_string().contains("closed the connection"), "{error}");
    }

    type Peer = Box<dyn Stream>;

    fn peer(stream: impl Stream + 'static) -> Peer {
        Box::new(stream)
    }

    trait Stream: AsyncRead + AsyncWrite + Unpin {}

    impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

    #[tokio::test]
    async fn tcp_port_carries_characters_both_ways() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let console = SocketConsole::new(ConsoleSocket::Tcp { host: "localhost".to_owned(), port });
        converse(console, async { Ok(peer(listener.accept().await?.0)) }).await;
    }

    #[tokio::test]
    async fn unix_socket_carries_characters_both_ways() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("44.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let console = SocketConsole::new(ConsoleSocket::Unix(path));
        converse(console, async { Ok(peer(listener.accept().await?.0)) }).await;
    }

    #[tokio::test]
    async fn console_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("44.sock");
        let error = SocketConsole::new(ConsoleSocket::Unix(path.clone())).attach().await.unwrap_err();
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    }
}
