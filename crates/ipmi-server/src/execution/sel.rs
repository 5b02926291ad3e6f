//! The system event log (`IPMI 2.0 §31`): what was recorded about the node, in the form of IPMI.
//!
//! The record belongs to whoever implements [`EventLog`]; this only translates. A console reads it in many requests, so a
//! reservation holds only while the record stays as it is.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use ipmi_proto::command::storage::{
    ClearSel, Erasure, RecordId, RecordPiece, RecordRange, Reservation, SelInfo, SelRecord, SelSupport,
    SelTime,
};
use ipmi_proto::number::CompletionCode;
use machine::{EventLog, EventRecord, NodeId};

use super::sdr::{next_reservation, read_record};
use super::sensors;

/// The log of one node.
pub(super) struct EventLogView {
    node: NodeId,
    events: Arc<dyn EventLog>,
    reservation: Reservation,
    /// The record as it was when the reservation was made.
    reserved: Option<Snapshot>,
}

/// What tells one state of a record from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Snapshot {
    first: Option<u64>,
    last: Option<u64>,
    cleared_at: Option<SystemTime>,
}

impl Snapshot {
    fn of(record: &EventRecord) -> Self {
        Self {
            first: record.events.first().map(|event| event.number),
            last: record.events.last().map(|event| event.number),
            cleared_at: record.cleared_at,
        }
    }
}

impl EventLogView {
    pub(super) fn new(node: NodeId, events: Arc<dyn EventLog>) -> Self {
        Self { node, events, reservation: Reservation::NONE, reserved: None }
    }

    pub(super) fn info(&self) -> SelInfo {
        let record = self.events.record(&self.node);
        let free = record.capacity.saturating_sub(record.events.len()).saturating_mul(SelRecord::LEN);
        SelInfo {
            version: SelInfo::VERSION,
            entries: u16::try_from(record.events.len()).unwrap_or(u16::MAX),
            free_space: u16::try_from(free).unwrap_or(u16::MAX),
            added_at: record.events.last().map_or(SelInfo::NEVER, |event| seconds(event.time)),
            erased_at: record.cleared_at.map_or(SelInfo::NEVER, seconds),
            support: SelSupport::RESERVE.with_if(record.overflowed, SelSupport::OVERFLOW),
        }
    }

    pub(super) fn reserve(&mut self) -> Reservation {
        self.reservation = next_reservation(self.reservation);
        self.reserved = Some(Snapshot::of(&self.events.record(&self.node)));
        self.reservation
    }

    pub(super) fn read(&self, range: RecordRange) -> Result<RecordPiece, CompletionCode> {
        let record = self.events.record(&self.node);
        if range.offset != 0 {
            self.check(range.reservation, &record)?;
        }
        let records: Vec<_> = record
            .events
            .iter()
            .map(|event| {
                let id = record_id(event.number);
                let event = sensors::sel_event(&event.kind, seconds(event.time));
                (id, SelRecord::Event { id, event }.to_bytes().to_vec())
            })
            .collect();
        read_record(&records, range)
    }

    /// The last event to forget; `None` if there is nothing to do.
    pub(super) fn clear(&self, request: ClearSel) -> Result<Option<u64>, CompletionCode> {
        if request.erasure == Erasure::Status {
            // Erasing is over before it is answered.
            return Ok(None);
        }
        let record = self.events.record(&self.node);
        self.check(request.reservation, &record)?;
        Ok(record.events.last().map(|event| event.number))
    }

    /// Reservations do not survive a restart of the BMC.
    pub(super) fn reset(&mut self) {
        self.reserved = None;
    }

    fn check(&self, reservation: Reservation, record: &EventRecord) -> Result<(), CompletionCode> {
        let holds = reservation == self.reservation && self.reserved == Some(Snapshot::of(record));
        if holds { Ok(()) } else { Err(CompletionCode::RESERVATION_CANCELED) }
    }
}

impl fmt::Debug for EventLogView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventLogView").field("node", &self.node).finish_non_exhaustive()
    }
}

/// What time it is.
pub(super) fn time() -> SelTime {
    SelTime { seconds: seconds(SystemTime::now()) }
}

fn seconds(time: SystemTime) -> u32 {
    // Nothing here happened before 1970.
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u32::try_from(since.as_secs()).unwrap_or(SelInfo::NEVER - 1)
}

/// The number of an event in 16 bits, without the two that mean "first" and "last". Records are short, so two events that
/// are kept at the same time never share one.
fn record_id(number: u64) -> RecordId {
    const NUMBERS: u64 = 0xfffe;
    let id = number.saturating_sub(1) % NUMBERS + 1;
    RecordId(u16::try_from(id).unwrap_or(RecordId::LAST.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_ids_never_are_the_two_that_mean_first_and_last() {
        assert_eq!(record_id(1), RecordId(1));
        assert_eq!(record_id(0xfffe), RecordId(0xfffe));
        assert_eq!(record_id(0xffff), RecordId(1));
        for number in (0..200_000).chain([u64::MAX]) {
            assert!(![RecordId::FIRST, RecordId::LAST].contains(&record_id(number)), "{number}");
        }
    }
}
