//! Get SDR Repository Allocation Info (`IPMI 2.0 §33.10`) and Get SEL Allocation Info (`IPMI 2.0 §31.3`).

use bytes::BufMut;

use crate::command::body::{Body, BodyError, empty_body, exactly};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, NetFn, PrivilegeLevel};

/// Asks how the space for sensor data records is divided. No data bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct GetSdrRepositoryAllocationInfo;

/// Asks how the space of the event log is divided. No data bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct GetSelAllocationInfo;

impl Command for GetSdrRepositoryAllocationInfo {
    type Response = AllocationInfo;
    const NET_FN: NetFn = NetFn::STORAGE;
    const COMMAND: CommandNumber = CommandNumber(0x21);
    const NAME: &'static str = "Get SDR Repository Allocation Info";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §33.10";
}

impl Command for GetSelAllocationInfo {
    type Response = AllocationInfo;
    const NET_FN: NetFn = NetFn::STORAGE;
    const COMMAND: CommandNumber = CommandNumber(0x41);
    const NAME: &'static str = "Get SEL Allocation Info";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §31.3";
}

empty_body!(GetSdrRepositoryAllocationInfo, "Get SDR Repository Allocation Info request");
empty_body!(GetSelAllocationInfo, "Get SEL Allocation Info request");

/// The answer to both. Numbers are sent least significant byte first.
///
/// | byte | content |
/// |---|---|
/// | 1–2 | how many units there are; 0: not told |
/// | 3–4 | bytes in a unit; 0: not told |
/// | 5–6 | how many units are free |
/// | 7–8 | how many of them the largest free block has |
/// | 9 | the largest record, in units |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct AllocationInfo {
    /// How many units there are; 0 if that is not told.
    pub units: u16,
    /// Bytes in a unit; 0 if that is not told.
    pub unit_bytes: u16,
    /// How many units are free.
    pub free: u16,
    /// How many of them the largest free block has.
    pub largest_free: u16,
    /// The largest record, in units.
    pub largest_record: u8,
}

impl Body for AllocationInfo {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [u0, u1, b0, b1, f0, f1, l0, l1, largest_record] = exactly("allocation info response", data)?;
        let [units, unit_bytes, free, largest_free] =
            [[u0, u1], [b0, b1], [f0, f1], [l0, l1]].map(u16::from_le_bytes);
        Ok(Self { units, unit_bytes, free, largest_free, largest_record })
    }

    fn encode(&self, out: &mut impl BufMut) {
        for number in [self.units, self.unit_bytes, self.free, self.largest_free] {
            out.put_u16_le(number);
        }
        out.put_u8(self.largest_record);
    }
}
