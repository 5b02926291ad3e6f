//! The sensor data records (`IPMI 2.0 §33`): read-only, the same for every node.
//!
//! Never empty: a console that finds an empty repository tries to fill it, and others refuse to go on.

use ipmi_proto::command::app::DeviceSupport;
use ipmi_proto::command::storage::{
    AllocationInfo, IdString, ManagementController, RecordId, RecordPiece, RecordRange, Reservation, SdrBody,
    SdrRecord, SdrRepositoryInfo, SdrSupport,
};
use ipmi_proto::number::{Address, CompletionCode};

use super::sensors;

/// When the records last changed, in seconds since 1970: 2026-11-23. Consoles keep copies and compare this, so it must
/// change whenever a record of this module or of `sensors` does.
const CHANGED_AT: u32 = 1_795_392_000;

/// Entity of a management controller: a module for system management.
pub(super) const MANAGEMENT_MODULE: [u8; 2] = [0x06, 0x01];

/// The records, and who reads them.
#[derive(Debug)]
pub(super) struct SdrRepository {
    records: Vec<(RecordId, Vec<u8>)>,
    reservation: Reservation,
}

impl SdrRepository {
    pub(super) fn new(support: DeviceSupport, makes_events: bool) -> Self {
        let controller = SdrBody::ManagementController(ManagementController {
            address: Address::BMC.0,
            support,
            entity: MANAGEMENT_MODULE,
            name: IdString::new("BMC"),
        });
        let bodies = std::iter::once(controller).chain(sensors::records(makes_events));
        let records = (1..)
            .map(RecordId)
            .zip(bodies)
            .map(|(id, body)| (id, SdrRecord { id, body }.to_bytes()))
            .collect();
        Self { records, reservation: Reservation::NONE }
    }

    pub(super) fn info(&self) -> SdrRepositoryInfo {
        SdrRepositoryInfo {
            version: SdrRepositoryInfo::VERSION,
            records: u16::try_from(self.records.len()).unwrap_or(u16::MAX),
            free_space: 0,
            added_at: CHANGED_AT,
            erased_at: 0,
            support: SdrSupport::RESERVE.with(SdrSupport::ALLOCATION_INFO),
        }
    }

    /// Nothing can be added, so there is nothing to tell of units and free ones.
    pub(super) fn allocation() -> AllocationInfo {
        AllocationInfo::default()
    }

    pub(super) fn reserve(&mut self) -> Reservation {
        self.reservation = next_reservation(self.reservation);
        self.reservation
    }

    pub(super) fn read(&self, range: RecordRange) -> Result<RecordPiece, CompletionCode> {
        let whole = range.reservation == Reservation::NONE && range.offset == 0;
        if !whole && range.reservation != self.reservation {
            return Err(CompletionCode::RESERVATION_CANCELED);
        }
        read_record(&self.records, range)
    }

    /// Reservations do not survive a restart of the BMC.
    pub(super) const fn reset(&mut self) {
        self.reservation = next_reservation(self.reservation);
    }
}

/// The piece of a record that is wanted, and which record is the next one.
pub(super) fn read_record(
    records: &[(RecordId, Vec<u8>)],
    range: RecordRange,
) -> Result<RecordPiece, CompletionCode> {
    let index = match range.record {
        RecordId::FIRST => 0,
        RecordId::LAST => records.len().saturating_sub(1),
        id => records.iter().position(|(number, _)| *number == id).ok_or(CompletionCode::NOT_PRESENT)?,
    };
    let (_, record) = records.get(index).ok_or(CompletionCode::NOT_PRESENT)?;
    let data = range.of(record).ok_or(CompletionCode::CANNOT_RETURN_BYTES)?;
    let next = records.get(index + 1).map_or(RecordId::LAST, |(id, _)| *id);
    Ok(RecordPiece { next, data: data.to_vec() })
}

/// Another reservation, never 0.
pub(super) const fn next_reservation(Reservation(present): Reservation) -> Reservation {
    Reservation(if present == u16::MAX { 1 } else { present + 1 })
}
