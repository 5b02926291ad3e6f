//! What the event log and the sensor data records have in common: reservations, and reading in pieces.

use std::fmt;

use bytes::BufMut;

use crate::command::body::{Body, BodyError, exactly};

/// The number of a record. 0000 asks for the first, FFFF for the last; as an answer FFFF says that there is no next one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(pub u16);

impl RecordId {
    /// The first record, whatever its number.
    pub const FIRST: Self = Self(0);
    /// The last record, whatever its number; no next record.
    pub const LAST: Self = Self(0xffff);
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#06x}", self.0)
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordId({self})")
    }
}

/// The answer to a request for a reservation: two bytes, least significant first. It lets a console notice that what it
/// reads piece by piece has changed meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reservation(pub u16);

impl Reservation {
    /// No reservation: enough to read a record as a whole.
    pub const NONE: Self = Self(0);
}

impl Body for Reservation {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        exactly("reservation response", data).map(u16::from_le_bytes).map(Self)
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u16_le(self.0);
    }
}

/// Which bytes of which record are wanted.
///
/// | byte | content |
/// |---|---|
/// | 1–2 | reservation, least significant byte first |
/// | 3–4 | record, least significant byte first |
/// | 5 | offset of the first byte |
/// | 6 | how many bytes; FF: all from there on |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordRange {
    /// The reservation under which the console reads.
    pub reservation: Reservation,
    /// Which record.
    pub record: RecordId,
    /// The first byte.
    pub offset: u8,
    /// How many bytes.
    pub count: u8,
}

impl RecordRange {
    /// All bytes from the offset on.
    pub const REST: u8 = 0xff;

    pub(super) fn decode(message: &'static str, data: &[u8]) -> Result<Self, BodyError> {
        let [reservation_0, reservation_1, record_0, record_1, offset, count] = exactly(message, data)?;
        Ok(Self {
            reservation: Reservation(u16::from_le_bytes([reservation_0, reservation_1])),
            record: RecordId(u16::from_le_bytes([record_0, record_1])),
            offset,
            count,
        })
    }

    pub(super) fn encode(&self, out: &mut impl BufMut) {
        out.put_u16_le(self.reservation.0);
        out.put_u16_le(self.record.0);
        out.put_slice(&[self.offset, self.count]);
    }

    /// The bytes of `record` that are wanted; `None` if it has fewer.
    #[must_use]
    pub fn of<'a>(&self, record: &'a [u8]) -> Option<&'a [u8]> {
        let rest = record.get(usize::from(self.offset)..)?;
        if self.count == Self::REST { Some(rest) } else { rest.get(..usize::from(self.count)) }
    }
}

/// The answer: bytes of a record.
///
/// | byte | content |
/// |---|---|
/// | 1–2 | the next record, least significant byte first |
/// | 3– | the bytes |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordPiece {
    /// The next record; [`RecordId::LAST`] if there is none.
    pub next: RecordId,
    /// The bytes.
    pub data: Vec<u8>,
}

impl Body for RecordPiece {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [next_0, next_1, data @ ..] = data else {
            return Err(BodyError::Length { message: "record response", len: data.len() });
        };
        Ok(Self { next: RecordId(u16::from_le_bytes([*next_0, *next_1])), data: data.to_vec() })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u16_le(self.next.0);
        out.put_slice(&self.data);
    }
}
