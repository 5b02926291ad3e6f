//! The console's end of the line.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;

use super::inbound::{Arrival, Inbound, Taken};
use super::outbound::{Numbered, Outbound, SolTiming};
use crate::number::SolSequence;
use crate::wire::{DecodeError, SolOperation, SolPacket, SolStatus};

/// How many typed characters can wait.
const CAPACITY: usize = 64 * 1024;

/// The console's end of one activation. Driven like [`SystemSide`](super::SystemSide).
#[derive(Debug)]
pub struct RemoteSide {
    inbound: Inbound,
    outbound: Outbound,
    /// Whether the system can be reached, as it has said last.
    available: bool,
    transmits: VecDeque<Bytes>,
    events: VecDeque<RemoteEvent>,
}

/// What a console hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RemoteEvent {
    /// The system has printed.
    Characters(Bytes),
    /// Characters of the system were lost, before those that come next.
    Overrun,
    /// The system has sent a break.
    Break,
    /// Whether characters can reach the system now.
    Available(bool),
    /// The managed system has closed the line.
    Deactivated,
}

impl RemoteSide {
    /// The end of a line over which nothing has been sent. `inbound_size` is the size of payload data that the managed system
    /// takes, as its answer to the activation says.
    #[must_use]
    pub fn new(timing: SolTiming, inbound_size: u16) -> Self {
        // The count of an acknowledgement has one byte.
        let most = usize::from(inbound_size).saturating_sub(SolPacket::<SolOperation>::HEADER_LEN).min(255);
        Self {
            inbound: Inbound::default(),
            outbound: Outbound::new(timing, most, CAPACITY),
            available: true,
            transmits: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// Types.
    pub fn type_characters(&mut self, now: Instant, characters: &[u8]) {
        self.outbound.push(now, characters);
        self.go_on(now);
    }

    /// Sends a break, after what was typed before.
    pub fn send_break(&mut self, now: Instant) {
        self.outbound.push_control(now, SolOperation::BREAK.bits());
        self.go_on(now);
    }

    /// Takes the payload of a packet.
    ///
    /// # Errors
    /// [`DecodeError`] when it is no packet of Serial over LAN; nothing has changed then.
    pub fn handle_payload(&mut self, now: Instant, payload: &[u8]) -> Result<(), DecodeError> {
        let packet = SolPacket::<SolStatus>::decode(payload)?;
        let arrival = self.inbound.arrive(packet.sequence);
        if arrival == Arrival::Old {
            return Ok(());
        }
        let status = packet.control;
        if packet.acknowledged != SolSequence::NONE {
            let refused = status.contains(SolStatus::NACK);
            self.outbound.acknowledge(now, packet.acknowledged, packet.accepted, refused);
        }
        let available = !status.contains(SolStatus::UNAVAILABLE);
        if self.available != available {
            self.available = available;
            self.events.push_back(RemoteEvent::Available(available));
        }
        match arrival {
            Arrival::Unnumbered | Arrival::New => {
                if status.contains(SolStatus::OVERRUN) {
                    self.events.push_back(RemoteEvent::Overrun);
                }
                if status.contains(SolStatus::BREAK_DETECTED) {
                    self.events.push_back(RemoteEvent::Break);
                }
                if arrival == Arrival::New {
                    self.take(packet.sequence, packet.characters, 0);
                }
            }
            // It may have grown since the last time.
            Arrival::Repeated(taken) => {
                self.take(packet.sequence, packet.characters, usize::from(taken.accepted));
            }
            Arrival::Old => {}
        }
        if status.contains(SolStatus::DEACTIVATING) {
            self.events.push_back(RemoteEvent::Deactivated);
        }
        self.go_on(now);
        Ok(())
    }

    /// Sends what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.go_on(now);
    }

    /// When to call [`RemoteSide::handle_timeout`].
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.outbound.deadline()
    }

    /// The next payload to send.
    pub fn poll_transmit(&mut self) -> Option<Bytes> {
        self.transmits.pop_front()
    }

    /// The next thing that was heard.
    pub fn poll_event(&mut self) -> Option<RemoteEvent> {
        self.events.pop_front()
    }

    /// Takes the characters of a packet behind the first `known` ones and acknowledges all of them.
    fn take(&mut self, sequence: SolSequence, mut characters: Bytes, known: usize) {
        characters.truncate(usize::from(u8::MAX));
        let total = characters.len().max(known);
        let fresh = characters.split_off(known.min(characters.len()));
        if !fresh.is_empty() {
            self.events.push_back(RemoteEvent::Characters(fresh));
        }
        let accepted = u8::try_from(total).unwrap_or(u8::MAX);
        self.inbound.take(sequence, accepted);
        self.transmit(None, Some(Taken { sequence, accepted }));
    }

    fn go_on(&mut self, now: Instant) {
        while let Some(packet) = self.outbound.poll(now) {
            self.transmit(Some(packet), None);
        }
    }

    fn transmit(&mut self, packet: Option<Numbered>, taken: Option<Taken>) {
        let control = SolOperation::from_bits(packet.as_ref().map_or(0, |it| it.control));
        let (sequence, characters) =
            packet.map_or((SolSequence::NONE, Bytes::new()), |it| (it.sequence, it.characters));
        let Taken { sequence: acknowledged, accepted } =
            taken.unwrap_or(Taken { sequence: SolSequence::NONE, accepted: 0 });
        let packet = SolPacket { sequence, acknowledged, accepted, control, characters };
        self.transmits.push_back(packet.to_bytes());
    }
}
