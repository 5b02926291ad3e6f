//! QMP, QEMU's control protocol: JSON lines over a Unix socket, as a client needs them here.
//!
//! A greeting, one command at a time with its answer, and events in between. Commands without arguments are all
//! that is needed, so this is a page of code and not a dependency with every type of QEMU's schema.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

/// How long QEMU may take to answer. It answers from its main loop, which a busy host can delay.
const ANSWER: Duration = Duration::from_secs(30);

/// Something happened in QEMU.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub(super) struct Event {
    /// `RESET`, `SHUTDOWN`, `STOP` …
    #[serde(rename = "event")]
    pub(super) name: String,
    #[serde(default)]
    pub(super) data: Value,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Message {
    Event(Event),
    Failure {
        error: Failure,
    },
    Answer {
        r#return: Value,
    },
    Greeting {
        #[serde(rename = "QMP")]
        _qmp: Value,
    },
}

#[derive(Debug, Deserialize)]
struct Failure {
    desc: String,
}

/// A control connection.
#[derive(Debug)]
pub(super) struct Qmp {
    lines: Lines<BufReader<OwnedReadHalf>>,
    writer: OwnedWriteHalf,
    /// Events that came while an answer was awaited.
    events: VecDeque<Event>,
}

impl Qmp {
    /// Waits for the greeting and agrees on capabilities: none.
    pub(super) async fn greet(stream: UnixStream) -> io::Result<Self> {
        let (reader, writer) = stream.into_split();
        let mut qmp = Self { lines: BufReader::new(reader).lines(), writer, events: VecDeque::new() };
        let greeting = tokio::time::timeout(ANSWER, qmp.message()).await??;
        match greeting {
            Some(Message::Greeting { .. }) => {}
            other => return Err(io::Error::other(format!("no QMP greeting but {other:?}"))),
        }
        qmp.call("qmp_capabilities").await?;
        Ok(qmp)
    }

    /// Calls a command without arguments and waits for its answer.
    pub(super) async fn call(&mut self, command: &str) -> io::Result<Value> {
        let answer = async {
            let line = format!("{}\n", json!({ "execute": command }));
            self.writer.write_all(line.as_bytes()).await?;
            loop {
                match self.message().await? {
                    Some(Message::Answer { r#return }) => return Ok(r#return),
                    Some(Message::Failure { error }) => {
                        return Err(io::Error::other(format!("QEMU refuses {command}: {}", error.desc)));
                    }
                    Some(Message::Event(event)) => self.events.push_back(event),
                    Some(Message::Greeting { .. }) => {}
                    None => return Err(io::ErrorKind::UnexpectedEof.into()),
                }
            }
        };
        tokio::time::timeout(ANSWER, answer).await?
    }

    /// The next event; `None` if the connection has ended. Nothing is lost if this is dropped.
    pub(super) async fn event(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            match self.message().await {
                Ok(Some(Message::Event(event))) => return Some(event),
                Ok(Some(_)) => {}
                Ok(None) => return None,
                Err(error) => {
                    tracing::debug!(%error, "the control connection broke");
                    return None;
                }
            }
        }
    }

    /// Waits until QEMU has closed the connection.
    pub(super) async fn closed(&mut self) {
        while self.event().await.is_some() {}
    }

    async fn message(&mut self) -> io::Result<Option<Message>> {
        match self.lines.next_line().await? {
            None => Ok(None),
            Some(line) => serde_json::from_str(&line).map(Some).map_err(io::Error::other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// QEMU's side of a conversation: what it says at first, and what it answers to each command.
    async fn talk(first: &'static str, answers: &'static [&'static str]) -> io::Result<Qmp> {
        let (ours, theirs) = UnixStream::pair()?;
        tokio::spawn(async move {
            let (reader, mut writer) = theirs.into_split();
            writer.write_all(first.as_bytes()).await.unwrap();
            let mut lines = BufReader::new(reader).lines();
            for answer in answers {
                lines.next_line().await.unwrap();
                writer.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Qmp::greet(ours).await
    }

    #[tokio::test]
    async fn events_that_come_before_an_answer_are_kept_in_their_order() {
        let mut qmp = talk(
            "{\"QMP\": {\"capabilities\": []}}\n",
            &[
                "{\"return\": {}}\n",
                "{\"event\": \"RESUME\", \"timestamp\": {\"seconds\": 1, \"microseconds\": 2}}\n{\"event\": \"RESET\", \"data\": {\"guest\": true}}\n{\"return\": {\"status\": \"running\"}}\n",
            ],
        )
        .await
        .unwrap();
        assert_eq!(qmp.call("query-status").await.unwrap()["status"], "running");
        assert_eq!(qmp.event().await.unwrap().name, "RESUME");
        let reset = qmp.event().await.unwrap();
        assert_eq!((reset.name.as_str(), &reset.data["guest"]), ("RESET", &Value::Bool(true)));
        assert_eq!(qmp.event().await, None, "the connection ended");
    }

    #[tokio::test]
    async fn refused_command_is_an_error_that_says_why() {
        let mut qmp = talk(
            "{\"QMP\": {}}\n",
            &[
                "{\"return\": {}}\n",
                "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no such thing\"}}\n",
            ],
        )
        .await
        .unwrap();
        let error = qmp.call("inject-nmi").await.unwrap_err();
        assert!(error.to_string().contains("inject-nmi: no such thing"), "{error}");
    }

    #[tokio::test]
    async fn connection_that_does_not_greet_is_refused() {
        assert!(talk("{\"return\": {}}\n", &[]).await.is_err());
        assert!(talk("HTTP/1.1 400\n", &[]).await.is_err());
    }
}
