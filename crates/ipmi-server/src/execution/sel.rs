//! The system event log (`IPMI 2.0 §31`): what was recorded about the node, in the form of IPMI.
//!
//! The record belongs to whoever implements [`EventLog`]; this only translates. A console reads it in many requests, so a
//! reservation holds only while the record stays as it is.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use ipmi_proto::command::sensor::PlatformEventMessage;
use ipmi_proto::command::storage::{
    AddSelEntry, AllocationInfo, ClearSel, DeleteSelEntry, Erasure, RecordId, RecordPiece, RecordRange,
    Reservation, SelEvent, SelInfo, SelRecord, SelSupport, SelTime, SetSelTime, SetSelTimeUtcOffset,
    UtcOffset,
};
use ipmi_proto::number::{Address, CompletionCode, Lun};
use machine::{EventLog, EventRecord, NodeId, ToldEvent};

use super::lan::LAN_CHANNEL;
use super::sdr::{next_reservation, read_record};
use super::sensors;
use super::users::REFUSED;

/// How far from the host's clock a console's may be.
const CLOCK_TOLERANCE_SECONDS: u32 = 2;

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
    /// One may have been deleted between them.
    len: usize,
    cleared_at: Option<SystemTime>,
}

impl Snapshot {
    fn of(record: &EventRecord) -> Self {
        Self {
            first: record.events.first().map(|event| event.number),
            last: record.events.last().map(|event| event.number),
            len: record.events.len(),
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
            support: SelSupport::RESERVE
                .with(SelSupport::DELETE)
                .with(SelSupport::ALLOCATION_INFO)
                .with_if(record.overflowed, SelSupport::OVERFLOW),
        }
    }

    /// A unit is a record. When no unit is free, the oldest record makes room.
    pub(super) fn allocation(&self) -> AllocationInfo {
        let record = self.events.record(&self.node);
        let count = |records: usize| u16::try_from(records).unwrap_or(u16::MAX);
        let free = count(record.capacity.saturating_sub(record.events.len()));
        AllocationInfo {
            units: count(record.capacity),
            unit_bytes: count(SelRecord::LEN),
            free,
            largest_free: free,
            largest_record: 1,
        }
    }

    /// How many events there is room for.
    pub(super) fn capacity(&self) -> usize {
        self.events.record(&self.node).capacity
    }

    /// For how many minutes the node has been on; `None` if it was never seen.
    pub(super) fn minutes_on(&self) -> Option<u64> {
        self.events.powered_on(&self.node).map(|time| time.as_secs() / 60)
    }

    /// The event that a console wants in the log; `None` for a type of record that is not defined.
    pub(super) const fn told(request: AddSelEntry) -> Option<ToldEvent> {
        let [_, _, kind, bytes @ ..] = request.record.to_bytes();
        match kind {
            0x02 | 0xc0..=0xff => Some(ToldEvent { kind, bytes }),
            _ => None,
        }
    }

    /// The event that a console tells of. Numbers of sensors are the teller's own.
    pub(super) const fn told_by(
        message: PlatformEventMessage,
        (requester, lun): (Address, Lun),
    ) -> Result<ToldEvent, CompletionCode> {
        if !matches!(message.format, 0x03 | SelEvent::FORMAT) {
            return Err(CompletionCode::INVALID_DATA_FIELD);
        }
        let event = SelEvent {
            time: 0,
            generator: [requester.0, LAN_CHANNEL.0 << 4 | lun.get()],
            format: message.format,
            sensor_type: message.sensor_type,
            sensor: message.sensor,
            direction: message.direction,
            event_type: message.event_type,
            data: message.data,
        };
        let [_, _, kind, bytes @ ..] = SelRecord::Event { id: RecordId::FIRST, event }.to_bytes();
        Ok(ToldEvent { kind, bytes })
    }

    /// The number of the event that a console wants to delete, and of its record.
    pub(super) fn delete(&self, request: DeleteSelEntry) -> Result<(u64, RecordId), CompletionCode> {
        let record = self.events.record(&self.node);
        if request.reservation != Reservation::NONE {
            self.check(request.reservation, &record)?;
        }
        let found = match request.record {
            RecordId::FIRST => record.events.first(),
            RecordId::LAST => record.events.last(),
            id => record.events.iter().find(|event| record_id(event.number) == id),
        };
        let number = found.map(|event| event.number).ok_or(CompletionCode::NOT_PRESENT)?;
        Ok((number, record_id(number)))
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
                (id, sensors::sel_record(id, &event.kind, seconds(event.time)).to_bytes().to_vec())
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

/// What a console wrote, as a record.
pub(super) fn told_record(id: RecordId, ToldEvent { kind, bytes }: ToldEvent, time: u32) -> SelRecord {
    // Types from E0 on have no time.
    let time = if kind < 0xe0 { time.to_le_bytes().to_vec() } else { Vec::new() };
    let [i0, i1] = id.0.to_le_bytes();
    let rest = bytes.into_iter().skip(time.len());
    let mut record = [0; SelRecord::LEN];
    for (to, from) in
        record.iter_mut().zip([i0, i1, kind].into_iter().chain(time.iter().copied()).chain(rest))
    {
        *to = from;
    }
    SelRecord::from_bytes(record)
}

/// The number of the record of an event.
pub(crate) fn record_of(number: u64) -> RecordId {
    record_id(number)
}

/// What time it is.
pub(super) fn time() -> SelTime {
    SelTime { seconds: seconds(SystemTime::now()) }
}

/// The clock is the host's. To set it to what it shows is allowed, give or take what a console's clock differs.
pub(super) fn set_time(request: SetSelTime) -> CompletionCode {
    let difference = seconds(SystemTime::now()).abs_diff(request.time.seconds);
    if difference <= CLOCK_TOLERANCE_SECONDS { CompletionCode::NORMAL } else { REFUSED }
}

/// Times are UTC.
pub(super) fn set_utc_offset(request: SetSelTimeUtcOffset) -> CompletionCode {
    if request.offset == UtcOffset::UTC { CompletionCode::NORMAL } else { REFUSED }
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
