//! Which packets of the other side are new.

use crate::number::SolSequence;

/// What the other side has sent so far.
#[derive(Debug, Default)]
pub(super) struct Inbound {
    last: Option<Taken>,
}

/// A packet that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) sequence: SolSequence,
    /// How many characters of it.
    pub(super) accepted: u8,
}

/// How a packet compares with those before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrival {
    /// It has no number: it wants no acknowledgement.
    Unnumbered,
    /// It has not been taken yet.
    New,
    /// It has been taken: its acknowledgement was lost.
    Repeated(Taken),
    /// It is a late copy of one that was taken long ago.
    Old,
}

impl Inbound {
    pub(super) const fn arrive(&self, sequence: SolSequence) -> Arrival {
        if sequence.get() == SolSequence::NONE.get() {
            return Arrival::Unnumbered;
        }
        match self.last {
            None => Arrival::New,
            Some(last) => match sequence.steps_from(last.sequence) {
                0 => Arrival::Repeated(last),
                // Seven numbers lie ahead, seven behind.
                1..=7 => Arrival::New,
                _ => Arrival::Old,
            },
        }
    }

    /// Notes that characters of a new packet were taken, or more of a repeated one.
    pub(super) const fn take(&mut self, sequence: SolSequence, accepted: u8) {
        self.last = Some(Taken { sequence, accepted });
    }
}
