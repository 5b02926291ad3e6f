//! One serial port: a socket, what was printed so far, and who is connected.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::broadcast;
use tokio::task::JoinSet;

use super::SerialError;

/// How many characters are kept for whoever connects later.
const HISTORY: usize = 64 * 1024;

/// How many pieces of text a slow reader may be behind before it misses some.
const BEHIND: usize = 256;

/// A serial port. Its socket and all connections are gone when it is dropped.
#[derive(Debug)]
pub(super) struct Port {
    path: PathBuf,
    screen: Arc<Screen>,
    _task: JoinSet<()>,
}

/// What a port shows.
#[derive(Debug)]
struct Screen {
    state: Mutex<State>,
    printed: broadcast::Sender<Bytes>,
}

#[derive(Debug, Default)]
struct State {
    history: VecDeque<u8>,
    /// Whether a guest runs that would echo.
    running: bool,
}

impl Port {
    pub(super) fn open(path: PathBuf) -> Result<Self, SerialError> {
        remove_stale(&path)?;
        let listener =
            UnixListener::bind(&path).map_err(|source| SerialError::Socket { path: path.clone(), source })?;
        let screen = Arc::new(Screen { state: Mutex::default(), printed: broadcast::channel(BEHIND).0 });
        let mut task = JoinSet::new();
        task.spawn(accept(listener, Arc::clone(&screen)));
        Ok(Self { path, screen, _task: task })
    }

    pub(super) fn set_running(&self, running: bool) {
        self.screen.lock().running = running;
    }

    pub(super) fn print(&self, text: &[u8]) {
        self.screen.print(text);
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        // Nobody could do anything about a socket that stays.
        let _ = fs::remove_file(&self.path);
    }
}

impl Screen {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn print(&self, text: &[u8]) {
        let mut state = self.lock();
        state.history.extend(text);
        let excess = state.history.len().saturating_sub(HISTORY);
        state.history.drain(..excess);
        // Behind the lock, so that nobody sees a text twice or in another order. Without readers it goes nowhere.
        let _ = self.printed.send(Bytes::copy_from_slice(text));
    }

    /// Answers what is typed: a running guest echoes it.
    fn type_characters(&self, characters: &[u8]) {
        if !self.lock().running {
            return;
        }
        let mut echo = Vec::with_capacity(characters.len());
        for character in characters {
            echo.push(*character);
            if *character == b'\r' {
                echo.push(b'\n');
            }
        }
        self.print(&echo);
    }

    /// What was printed so far, and what will be.
    fn open(&self) -> (Vec<u8>, broadcast::Receiver<Bytes>) {
        let state = self.lock();
        (state.history.iter().copied().collect(), self.printed.subscribe())
    }
}

async fn accept(listener: UnixListener, screen: Arc<Screen>) {
    let mut connections = JoinSet::new();
    loop {
        // Both branches are cancel-safe.
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(serve(stream, Arc::clone(&screen)))),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection to a serial port");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                }
            },
            Some(_ended) = connections.join_next() => {}
        }
    }
}

/// Serves one connection until it is closed.
async fn serve(mut stream: UnixStream, screen: Arc<Screen>) {
    if let Err(error) = converse(&mut stream, &screen).await {
        tracing::debug!(%error, "connection to a serial port ended");
    }
}

async fn converse(stream: &mut UnixStream, screen: &Screen) -> io::Result<()> {
    let (history, mut printed) = screen.open();
    stream.write_all(&history).await?;
    let mut buffer = [0; 1024];
    loop {
        // Both branches are cancel-safe: nothing is read or taken unless its branch is.
        tokio::select! {
            typed = stream.read(&mut buffer) => match typed? {
                0 => return Ok(()),
                len => screen.type_characters(buffer.get(..len).unwrap_or_default()),
            },
            text = printed.recv() => match text {
                Ok(text) => stream.write_all(&text).await?,
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return Ok(()),
            },
        }
    }
}

/// Removes a socket that nobody listens on any more.
fn remove_stale(path: &Path) -> Result<(), SerialError> {
    match StdUnixStream::connect(path) {
        Ok(_somebody) => Err(SerialError::InUse { path: path.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(|source| SerialError::Socket { path: path.to_owned(), source })
        }
        // Whatever else is in the way, the attempt to listen will say.
        Err(_) => Ok(()),
    }
}
