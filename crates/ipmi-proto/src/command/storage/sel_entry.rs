//! Add SEL Entry (`IPMI 2.0 §31.6`) and Delete SEL Entry (`IPMI 2.0 §31.8`).

use bytes::BufMut;

use super::{RecordId, Reservation, SelRecord};
use crate::command::body::{Body, BodyError, exactly};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, NetFn, PrivilegeLevel};

/// Adds a record: its 16 bytes. The log chooses the number and, where the type has one, the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddSelEntry {
    /// The record.
    pub record: SelRecord,
}

/// Deletes a record.
///
/// | byte | content |
/// |---|---|
/// | 1–2 | reservation, least significant byte first |
/// | 3–4 | number of the record; 0000 the first, FFFF the last |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeleteSelEntry {
    /// The reservation under which the log was read.
    pub reservation: Reservation,
    /// Which record.
    pub record: RecordId,
}

impl Command for AddSelEntry {
    type Response = RecordId;
    const NET_FN: NetFn = NetFn::STORAGE;
    const COMMAND: CommandNumber = CommandNumber(0x44);
    const NAME: &'static str = "Add SEL Entry";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::OPERATOR);
    const SECTION: &'static str = "IPMI 2.0 §31.6";
}

impl Command for DeleteSelEntry {
    type Response = RecordId;
    const NET_FN: NetFn = NetFn::STORAGE;
    const COMMAND: CommandNumber = CommandNumber(0x46);
    const NAME: &'static str = "Delete SEL Entry";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::OPERATOR);
    const SECTION: &'static str = "IPMI 2.0 §31.8";
}

impl Body for AddSelEntry {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        exactly("Add SEL Entry request", data).map(|record| Self { record: SelRecord::from_bytes(record) })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_slice(&self.record.to_bytes());
    }
}

impl Body for DeleteSelEntry {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [r0, r1, i0, i1] = exactly("Delete SEL Entry request", data)?;
        let [reservation, record] = [[r0, r1], [i0, i1]].map(u16::from_le_bytes);
        Ok(Self { reservation: Reservation(reservation), record: RecordId(record) })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u16_le(self.reservation.0);
        out.put_u16_le(self.record.0);
    }
}

/// The answer to both: the number of the record, least significant byte first.
impl Body for RecordId {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        exactly("SEL entry response", data).map(|bytes| Self(u16::from_le_bytes(bytes)))
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u16_le(self.0);
    }
}
