//! Serial over LAN (`IPMI 2.0 §15`) in a client's session.

use core::time::Duration;

use ipmi_proto::command::app::{ActivatePayload, DeactivatePayload, GetDeviceId, SolActivation};
use ipmi_proto::console::{ConsoleError, ConsoleEvent, ConsoleRequest};
use ipmi_proto::sol::RemoteEvent;
use tokio::time::{Instant, timeout_at};

use super::{Client, Link, now};
use crate::error::ClientError;

/// How often a BMC is asked something while only text flows, so that neither side takes the other for gone.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

impl Client {
    /// Activates Serial over LAN, encrypted if the session encrypts. [`Client::listen`] hears what the node prints.
    ///
    /// # Errors
    ///
    /// As [`Client::call`]: refused with 80 if a session has it already, 81 if the node has no console.
    pub async fn activate_sol(&mut self) -> Result<(), ClientError> {
        let activation = SolActivation::ENCRYPTION
            .with(SolActivation::AUTHENTICATION)
            .with(SolActivation::ALERTS_DEFERRED)
            .with(SolActivation::LINES_DEASSERTED);
        self.call(&ActivatePayload::sol(activation)).await.map(|_sizes| ())
    }

    /// Deactivates Serial over LAN, of whichever session it is.
    ///
    /// # Errors
    ///
    /// As [`Client::call`]: refused with 80 if no session has it.
    pub async fn deactivate_sol(&mut self) -> Result<(), ClientError> {
        self.call(&DeactivatePayload::SOL).await.map(|_nothing| ())
    }

    /// Types. The characters leave with the next call of [`Client::listen`]; without Serial over LAN they go nowhere.
    pub fn type_characters(&mut self, characters: &[u8]) {
        self.link.console.type_characters(now(), characters);
    }

    /// Sends a break, after what was typed before.
    pub fn send_break(&mut self) {
        self.link.console.send_break(now());
    }

    /// Waits for the next thing to be heard over Serial over LAN, sends what was typed, and asks the BMC something now and then, so
    /// that the session lives. Dropping the future loses nothing.
    ///
    /// # Errors
    ///
    /// [`ClientError::NoAnswer`] or [`ClientError::PortClosed`] if the BMC is gone, [`ClientError::Session`] if the session is
    /// over, [`ClientError::Socket`] if the operating system refuses.
    pub async fn listen(&mut self) -> Result<RemoteEvent, ClientError> {
        let link = &mut self.link;
        loop {
            link.flush().await?;
            while let Some(event) = link.console.poll_event() {
                link.note_event(event)?;
            }
            if let Some(event) = link.heard.pop_front() {
                return Ok(event);
            }
            if !link.console.has_sol() {
                return Ok(RemoteEvent::Deactivated);
            }
            let ask_at = link.asked_at + KEEP_ALIVE;
            let deadline = link.console.poll_timeout().map(Instant::from_std);
            let wake_at = deadline.map_or(ask_at, |deadline| deadline.min(ask_at));
            match timeout_at(wake_at, link.receive()).await {
                Ok(received) => received?,
                Err(_elapsed) => {
                    link.console.handle_timeout(now());
                    if ask_at <= Instant::now() {
                        link.keep_alive();
                    }
                }
            }
        }
    }
}

impl Link {
    /// Asks what every BMC answers.
    fn keep_alive(&mut self) {
        self.asked_at = Instant::now();
        self.kept_alive_by = Some(self.console.request(now(), ConsoleRequest::of(&GetDeviceId)));
    }

    /// Takes an event that nobody waits for.
    fn note_event(&mut self, event: ConsoleEvent) -> Result<(), ClientError> {
        let peer = self.peer;
        match event {
            ConsoleEvent::Sol(event) => self.heard.push_back(event),
            ConsoleEvent::Unanswered { id, error } if self.kept_alive_by == Some(id) => {
                return Err(self.unanswered(error).unwrap_or(ClientError::Session { peer, source: error }));
            }
            ConsoleEvent::Failed(source) => return Err(ClientError::Session { peer, source }),
            ConsoleEvent::Closed => return Err(ClientError::Session { peer, source: ConsoleError::Closed }),
            ConsoleEvent::Answered { .. }
            | ConsoleEvent::Unanswered { .. }
            | ConsoleEvent::Established { .. } => {}
        }
        Ok(())
    }
}
