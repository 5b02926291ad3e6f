//! The managed system's end of the line.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;

use super::PAYLOAD_SIZE;
use super::inbound::{Arrival, Inbound, Taken};
use super::outbound::{Numbered, Outbound, SolTiming};
use crate::number::SolSequence;
use crate::wire::{DecodeError, SolOperation, SolPacket, SolStatus};

/// The managed system's end of one activation.
///
/// The caller does after every call of a method that takes `&mut self`: [`SystemSide::poll_transmit`] until it is empty,
/// [`SystemSide::poll_event`] until it is empty, and [`SystemSide::poll_timeout`].
#[derive(Debug)]
pub struct SystemSide {
    inbound: Inbound,
    outbound: Outbound,
    available: bool,
    transmits: VecDeque<Bytes>,
    events: VecDeque<SystemEvent>,
}

/// What the console wants of the system.
#[derive(Clone, PartialEq, Eq)]
pub enum SystemEvent {
    /// It has typed.
    Characters(Bytes),
    /// It sends a break.
    Break,
    /// What was typed and has not reached the system yet is to be forgotten.
    FlushInput,
}

impl SystemSide {
    /// The end of a line over which nothing has been sent. `capacity` characters can wait to be sent, and one packet more.
    #[must_use]
    pub fn new(timing: SolTiming, capacity: usize, available: bool) -> Self {
        let most = usize::from(PAYLOAD_SIZE).saturating_sub(SolPacket::<SolStatus>::HEADER_LEN);
        Self {
            inbound: Inbound::default(),
            outbound: Outbound::new(timing, most, capacity),
            available,
            transmits: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// Uses another timing from now on.
    pub const fn set_timing(&mut self, timing: SolTiming) {
        self.outbound.set_timing(timing);
    }

    /// Sends what the system has printed.
    pub fn print(&mut self, now: Instant, characters: &[u8]) {
        self.outbound.push(now, characters);
        self.go_on(now);
    }

    /// Notes whether characters can reach the system, and tells the console if that has changed.
    pub fn set_available(&mut self, available: bool) {
        if self.available != available {
            self.available = available;
            let status = self.status();
            self.transmit(None, None, status);
        }
    }

    /// Takes the payload of a packet. `room` is how many characters the system takes at the moment.
    ///
    /// # Errors
    /// [`DecodeError`] when it is no packet of Serial over LAN; nothing has changed then.
    pub fn handle_payload(&mut self, now: Instant, payload: &[u8], room: usize) -> Result<(), DecodeError> {
        let packet = SolPacket::<SolOperation>::decode(payload)?;
        let arrival = self.inbound.arrive(packet.sequence);
        if arrival == Arrival::Old {
            return Ok(());
        }
        if packet.acknowledged != SolSequence::NONE {
            let refused = packet.control.contains(SolOperation::NACK);
            self.outbound.acknowledge(now, packet.acknowledged, packet.accepted, refused);
        }
        self.outbound.pause(now, packet.control.contains(SolOperation::PAUSE));
        match arrival {
            Arrival::Unnumbered => self.operate(packet.control),
            Arrival::New => {
                self.operate(packet.control);
                self.take(packet.sequence, packet.characters, room);
            }
            Arrival::Repeated(taken) => self.acknowledge(taken),
            Arrival::Old => {}
        }
        self.go_on(now);
        Ok(())
    }

    /// Sends what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.go_on(now);
    }

    /// When to call [`SystemSide::handle_timeout`].
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.outbound.deadline()
    }

    /// The next payload to send.
    pub fn poll_transmit(&mut self) -> Option<Bytes> {
        self.transmits.pop_front()
    }

    /// The next thing that the console wants.
    pub fn poll_event(&mut self) -> Option<SystemEvent> {
        self.events.pop_front()
    }

    /// The last payload: it tells the console that the line is closed.
    #[must_use]
    pub fn farewell(&self) -> Bytes {
        SolPacket {
            sequence: SolSequence::NONE,
            acknowledged: SolSequence::NONE,
            accepted: 0,
            control: self.status().with(SolStatus::DEACTIVATING),
            characters: Bytes::new(),
        }
        .to_bytes()
    }

    /// Does what a packet asks for besides its characters.
    fn operate(&mut self, operation: SolOperation) {
        if operation.contains(SolOperation::FLUSH_OUTBOUND) {
            self.outbound.flush();
        }
        if operation.contains(SolOperation::FLUSH_INBOUND) {
            self.events.push_back(SystemEvent::FlushInput);
        }
        if operation.contains(SolOperation::BREAK) && self.available {
            self.events.push_back(SystemEvent::Break);
        }
    }

    /// Takes as many characters of a new packet as there is room for.
    fn take(&mut self, sequence: SolSequence, mut characters: Bytes, room: usize) {
        let room = if self.available { room.min(usize::from(u8::MAX)) } else { 0 };
        let wanted = characters.len();
        characters.truncate(room);
        let accepted = u8::try_from(characters.len()).unwrap_or(u8::MAX);
        if wanted > 0 && accepted == 0 {
            // Not taken: the same packet may come again.
            let status = self.status().with(SolStatus::NACK);
            self.transmit(None, Some(Taken { sequence, accepted }), status);
            return;
        }
        self.inbound.take(sequence, accepted);
        if !characters.is_empty() {
            self.events.push_back(SystemEvent::Characters(characters));
        }
        self.acknowledge(Taken { sequence, accepted });
    }

    fn acknowledge(&mut self, taken: Taken) {
        let status = self.status();
        self.transmit(None, Some(taken), status);
    }

    fn go_on(&mut self, now: Instant) {
        while let Some(packet) = self.outbound.poll(now) {
            let status = self.status().with_if(packet.after_loss, SolStatus::OVERRUN);
            self.transmit(Some(packet), None, status);
        }
    }

    fn status(&self) -> SolStatus {
        SolStatus::empty().with_if(!self.available, SolStatus::UNAVAILABLE)
    }

    fn transmit(&mut self, packet: Option<Numbered>, taken: Option<Taken>, control: SolStatus) {
        let (sequence, characters) =
            packet.map_or((SolSequence::NONE, Bytes::new()), |it| (it.sequence, it.characters));
        let Taken { sequence: acknowledged, accepted } =
            taken.unwrap_or(Taken { sequence: SolSequence::NONE, accepted: 0 });
        let packet = SolPacket { sequence, acknowledged, accepted, control, characters };
        self.transmits.push_back(packet.to_bytes());
    }
}

/// Without what was typed: it may be a password.
impl std::fmt::Debug for SystemEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Characters(characters) => write!(f, "Characters({})", characters.len()),
            Self::Break => f.write_str("Break"),
            Self::FlushInput => f.write_str("FlushInput"),
        }
    }
}
