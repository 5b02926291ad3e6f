//! A serial console that greets and echoes.

use machine::{Attachment, BoxFuture, Console, ConsoleError, ConsoleInput, ConsoleOutput};
use tokio::sync::mpsc;

/// What it prints when somebody connects.
pub(crate) const GREETING: &str = "node-1 ttyS0\r\n";

/// The console of one node.
#[derive(Debug)]
pub(crate) struct EchoConsole;

impl Console for EchoConsole {
    fn attach(&self) -> BoxFuture<'_, Result<Attachment, ConsoleError>> {
        let (sender, characters) = mpsc::unbounded_channel();
        sender.send(GREETING.as_bytes().to_vec()).unwrap();
        Box::pin(async {
            Ok(Attachment { output: Box::new(Output(characters)), input: Box::new(Input(sender)) })
        })
    }
}

fn closed() -> ConsoleError {
    ConsoleError::Unavailable { reason: "closed".to_owned() }
}

#[derive(Debug)]
struct Output(mpsc::UnboundedReceiver<Vec<u8>>);

impl ConsoleOutput for Output {
    fn read(&mut self) -> BoxFuture<'_, Result<Vec<u8>, ConsoleError>> {
        Box::pin(async { self.0.recv().await.ok_or_else(closed) })
    }
}

#[derive(Debug)]
struct Input(mpsc::UnboundedSender<Vec<u8>>);

impl ConsoleInput for Input {
    fn write<'a>(&'a mut self, characters: &'a [u8]) -> BoxFuture<'a, Result<usize, ConsoleError>> {
        let echo = [b"[", characters, b"]"].concat();
        Box::pin(async move {
            self.0.send(echo).map_err(|_| closed())?;
            Ok(characters.len())
        })
    }

    fn send_break(&mut self) -> BoxFuture<'_, Result<(), ConsoleError>> {
        Box::pin(async { self.0.send(b"<break>".to_vec()).map_err(|_| closed()) })
    }
}
