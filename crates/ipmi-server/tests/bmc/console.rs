//! A serial console without a machine: prints what the test says, writes down what is typed, and goes away when told to.

use std::sync::{Arc, Mutex};

use machine::{Attachment, BoxFuture, Console, ConsoleError, ConsoleInput, ConsoleOutput};
use tokio::sync::{mpsc, watch};

/// The console of one node. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub(crate) struct FakeConsole(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    reachable: bool,
    attempts: usize,
    /// Breaks off the present connection.
    cut: watch::Sender<u64>,
    output: Option<mpsc::UnboundedSender<Vec<u8>>>,
    typed: Vec<u8>,
    breaks: usize,
    /// How many characters the node still takes.
    room: watch::Sender<usize>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            reachable: true,
            attempts: 0,
            cut: watch::channel(0).0,
            output: None,
            typed: Vec::new(),
            breaks: 0,
            room: watch::channel(usize::MAX).0,
        }
    }
}

impl FakeConsole {
    /// The node prints.
    pub(crate) fn print(&self, text: &str) {
        let state = self.0.lock().unwrap();
        state.output.as_ref().expect("a connection").send(text.as_bytes().to_vec()).unwrap();
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.0.lock().unwrap().output.as_ref().is_some_and(|output| !output.is_closed())
    }

    pub(crate) fn typed(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().typed.clone()).unwrap()
    }

    pub(crate) fn breaks(&self) -> usize {
        self.0.lock().unwrap().breaks
    }

    /// How often somebody has tried to connect.
    pub(crate) fn attempts(&self) -> usize {
        self.0.lock().unwrap().attempts
    }

    /// Breaks the connection, and refuses new ones until [`FakeConsole::come_back`].
    pub(crate) fn go_away(&self) {
        let mut state = self.0.lock().unwrap();
        state.reachable = false;
        state.output = None;
        state.cut.send_modify(|count| *count += 1);
    }

    pub(crate) fn come_back(&self) {
        self.0.lock().unwrap().reachable = true;
    }

    /// The node takes so many more characters, and then no more.
    pub(crate) fn takes(&self, count: usize) {
        self.0.lock().unwrap().room.send_replace(count);
    }
}

fn gone() -> ConsoleError {
    ConsoleError::Unavailable { reason: "the test says so".to_owned() }
}

impl Console for FakeConsole {
    fn attach(&self) -> BoxFuture<'_, Result<Attachment, ConsoleError>> {
        Box::pin(async {
            let mut state = self.0.lock().unwrap();
            state.attempts += 1;
            if !state.reachable {
                return Err(gone());
            }
            let (sender, characters) = mpsc::unbounded_channel();
            state.output = Some(sender);
            let cut = state.cut.subscribe();
            let room = state.room.subscribe();
            Ok(Attachment {
                output: Box::new(Output { characters, cut: cut.clone() }),
                input: Box::new(Input { console: self.clone(), cut, room }),
            })
        })
    }
}

#[derive(Debug)]
struct Output {
    characters: mpsc::UnboundedReceiver<Vec<u8>>,
    cut: watch::Receiver<u64>,
}

impl ConsoleOutput for Output {
    fn read(&mut self) -> BoxFuture<'_, Result<Vec<u8>, ConsoleError>> {
        Box::pin(async {
            tokio::select! {
                biased;
                _ = self.cut.changed() => Err(gone()),
                characters = self.characters.recv() => characters.ok_or_else(gone),
            }
        })
    }
}

#[derive(Debug)]
struct Input {
    console: FakeConsole,
    cut: watch::Receiver<u64>,
    room: watch::Receiver<usize>,
}

impl ConsoleInput for Input {
    fn write<'a>(&'a mut self, characters: &'a [u8]) -> BoxFuture<'a, Result<usize, ConsoleError>> {
        Box::pin(async move {
            if self.cut.has_changed().unwrap_or(true) {
                return Err(gone());
            }
            let room = *self.room.wait_for(|room| *room > 0).await.map_err(|_| gone())?;
            let count = room.min(characters.len());
            let mut state = self.console.0.lock().unwrap();
            state.typed.extend_from_slice(&characters[..count]);
            state.room.send_modify(|room| *room -= count);
            Ok(count)
        })
    }

    fn send_break(&mut self) -> BoxFuture<'_, Result<(), ConsoleError>> {
        Box::pin(async {
            self.console.0.lock().unwrap().breaks += 1;
            Ok(())
        })
    }
}
