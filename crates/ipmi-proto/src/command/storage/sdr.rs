//! Get SDR Repository Info (`IPMI 2.0 §33.9`), Reserve SDR Repository (`IPMI 2.0 §33.11`) and Get SDR (`IPMI 2.0 §33.12`).

use bytes::BufMut;

use super::{RecordPiece, RecordRange, Reservation};
use crate::command::bits::flag_byte;
use crate::command::body::{Body, BodyError, empty_body, exactly};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, NetFn, PrivilegeLevel};

/// Asks how many records there are and when they changed. No data bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct GetSdrRepositoryInfo;

impl Command for GetSdrRepositoryInfo {
    type Response = SdrRepositoryInfo;
    const NET_FN: NetFn = NetFn::STORAGE;
    const COMMAND: CommandNumber = CommandNumber(0x20);
    const NAME: &'static str = "Get SDR Repository Info";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §33.9";
}

empty_body!(GetSdrRepositoryInfo, "Get SDR Repository Info request");

/// The answer. Numbers are sent least significant byte first.
///
/// | byte | content |
/// |---|---|
/// | 1 | version of the records, 51 |
/// | 2–3 | how many records |
/// | 4–5 | free space in bytes; FFFF for more than that |
/// | 6–9 | when the latest record was added, seconds since 1970 |
/// | 10–13 | when the latest record was erased, seconds since 1970 |
/// | 14 | [`SdrSupport`] |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SdrRepositoryInfo {
    /// The version of the records.
    pub version: u8,
    /// How many records there are.
    pub records: u16,
    /// Free space in bytes.
    pub free_space: u16,
    /// When the latest record was added, seconds since 1970.
    pub added_at: u32,
    /// When the latest record was erased, seconds since 1970.
    pub erased_at: u32,
    /// What can be done with the records.
    pub support: SdrSupport,
}

impl SdrRepositoryInfo {
    /// The version of records of IPMI 2.0.
    pub const VERSION: u8 = 0x51;
}

flag_byte! {
    /// What can be done with the sensor data records. Bits 6:5 say how they are updated, if at all.
    pub struct SdrSupport {
        /// Get SDR Repository Allocation Info.
        ALLOCATION_INFO = 0x01,
        /// Reserve SDR Repository.
        RESERVE = 0x02,
        /// Partial Add SDR.
        PARTIAL_ADD = 0x04,
        /// Delete SDR.
        DELETE = 0x08,
        /// A record could not be added for lack of space.
        OVERFLOW = 0x80,
    }
}

impl Body for SdrRepositoryInfo {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [version, n0, n1, f0, f1, a0, a1, a2, a3, e0, e1, e2, e3, support] =
            exactly("Get SDR Repository Info response", data)?;
        Ok(Self {
            version,
            records: u16::from_le_bytes([n0, n1]),
            free_space: u16::from_le_bytes([f0, f1]),
            added_at: u32::from_le_bytes([a0, a1, a2, a3]),
            erased_at: u32::from_le_bytes([e0, e1, e2, e3]),
            support: SdrSupport::from_bits(support),
        })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.version);
        out.put_u16_le(self.records);
        out.put_u16_le(self.free_space);
        out.put_u32_le(self.added_at);
        out.put_u32_le(self.erased_at);
        out.put_u8(self.support.bits());
    }
}

/// Asks for a reservation. No data bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ReserveSdrRepository;

impl Command for ReserveSdrRepository {
    type Response = Reservation;
    const NET_FN: NetFn = NetFn::STORAGE;
    const COMMAND: CommandNumber = CommandNumber(0x22);
    const NAME: &'static str = "Reserve SDR Repository";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §33.11";
}

empty_body!(ReserveSdrRepository, "Reserve SDR Repository request");

/// Reads a record, or a piece of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetSdr(pub RecordRange);

impl Command for GetSdr {
    type Response = RecordPiece;
    const NET_FN: NetFn = NetFn::STORAGE;
    const COMMAND: CommandNumber = CommandNumber(0x23);
    const NAME: &'static str = "Get SDR";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §33.12";
}

impl Body for GetSdr {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        RecordRange::decode("Get SDR request", data).map(Self)
    }

    fn encode(&self, out: &mut impl BufMut) {
        self.0.encode(out);
    }
}
