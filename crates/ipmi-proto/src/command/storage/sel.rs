//! The system event log: Get SEL Info (`IPMI 2.0 §31.2`), Reserve SEL (`§31.4`), Get SEL Entry (`§31.5`), Clear SEL
//! (`§31.9`).

use bytes::BufMut;

use super::{RecordPiece, RecordRange, Reservation};
use crate::command::bits::flag_byte;
use crate::command::body::{Body, BodyError, empty_body, exactly};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, NetFn, PrivilegeLevel};

/// Asks how full the log is. No data bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct GetSelInfo;

impl Command for GetSelInfo {
    type Response = SelInfo;
    const NET_FN: NetFn = NetFn::STORAGE;
    const COMMAND: CommandNumber = CommandNumber(0x40);
    const NAME: &'static str = "Get SEL Info";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §31.2";
}

empty_body!(GetSelInfo, "Get SEL Info request");

/// The answer. Numbers are sent least significant byte first.
///
/// | byte | content |
/// |---|---|
/// | 1 | version of the commands, 51 |
/// | 2–3 | how many records |
/// | 4–5 | free space in bytes |
/// | 6–9 | when the latest record was added, seconds since 1970 |
/// | 10–13 | when records were last erased, seconds since 1970; FFFFFFFF for never |
/// | 14 | [`SelSupport`] |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SelInfo {
    /// The version of the commands.
    pub version: u8,
    /// How many records there are.
    pub entries: u16,
    /// Free space in bytes.
    pub free_space: u16,
    /// When the latest record was added, seconds since 1970.
    pub added_at: u32,
    /// When records were last erased, seconds since 1970.
    pub erased_at: u32,
    /// What can be done with the log.
    pub support: SelSupport,
}

impl SelInfo {
    /// The version of the commands of IPMI 1.5 and 2.0.
    pub const VERSION: u8 = 0x51;
    /// In place of a time: it never happened.
    pub const NEVER: u32 = 0xffff_ffff;
}

flag_byte! {
    /// What can be done with the log.
    pub struct SelSupport {
        /// Get SEL Allocation Info.
        ALLOCATION_INFO = 0x01,
        /// Reserve SEL.
        RESERVE = 0x02,
        /// Partial Add SEL Entry.
        PARTIAL_ADD = 0x04,
        /// Delete SEL Entry.
        DELETE = 0x08,
        /// Events were lost for lack of space.
        OVERFLOW = 0x80,
    }
}

impl Body for SelInfo {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [version, n0, n1, f0, f1, a0, a1, a2, a3, e0, e1, e2, e3, support] =
            exactly("Get SEL Info response", data)?;
        Ok(Self {
            version,
            entries: u16::from_le_bytes([n0, n1]),
            free_space: u16::from_le_bytes([f0, f1]),
            added_at: u32::from_le_bytes([a0, a1, a2, a3]),
            erased_at: u32::from_le_bytes([e0, e1, e2, e3]),
            support: SelSupport::from_bits(support),
        })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.version);
        out.put_u16_le(self.entries);
        out.put_u16_le(self.free_space);
        out.put_u32_le(self.added_at);
        out.put_u32_le(self.erased_at);
        out.put_u8(self.support.bits());
    }
}

/// Asks for a reservation. No data bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ReserveSel;

impl Command for ReserveSel {
    type Response = Reservation;
    const NET_FN: NetFn = NetFn::STORAGE;
    const COMMAND: CommandNumber = CommandNumber(0x42);
    const NAME: &'static str = "Reserve SEL";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §31.4";
}

empty_body!(ReserveSel, "Reserve SEL request");

/// Reads a record, or a piece of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetSelEntry(pub RecordRange);

impl Command for GetSelEntry {
    type Response = RecordPiece;
    const NET_FN: NetFn = NetFn::STORAGE;
    const COMMAND: CommandNumber = CommandNumber(0x43);
    const NAME: &'static str = "Get SEL Entry";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §31.5";
}

impl Body for GetSelEntry {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        RecordRange::decode("Get SEL Entry request", data).map(Self)
    }

    fn encode(&self, out: &mut impl BufMut) {
        self.0.encode(out);
    }
}

/// Erases the log, or asks how far that is.
///
/// | byte | content |
/// |---|---|
/// | 1–2 | reservation, least significant byte first |
/// | 3–5 | `CLR` |
/// | 6 | [`Erasure`]: AA begins, 00 asks |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClearSel {
    /// The reservation under which the log was read.
    pub reservation: Reservation,
    /// What is wanted.
    pub erasure: Erasure,
}

/// What Clear SEL wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Erasure {
    /// Erase everything.
    Begin,
    /// How far is it?
    Status,
}

impl Command for ClearSel {
    type Response = ErasureProgress;
    const NET_FN: NetFn = NetFn::STORAGE;
    const COMMAND: CommandNumber = CommandNumber(0x47);
    const NAME: &'static str = "Clear SEL";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::OPERATOR);
    const SECTION: &'static str = "IPMI 2.0 §31.9";
}

impl Body for ClearSel {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        const MESSAGE: &str = "Clear SEL request";
        let field = |offset, value| Err(BodyError::Field { message: MESSAGE, offset, value });
        let [reservation_0, reservation_1, c, l, r, erasure] = exactly(MESSAGE, data)?;
        if [c, l, r] != *b"CLR" {
            return field(2, c);
        }
        Ok(Self {
            reservation: Reservation(u16::from_le_bytes([reservation_0, reservation_1])),
            erasure: match erasure {
                0xaa => Erasure::Begin,
                0x00 => Erasure::Status,
                value => return field(5, value),
            },
        })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u16_le(self.reservation.0);
        out.put_slice(b"CLR");
        out.put_u8(match self.erasure {
            Erasure::Begin => 0xaa,
            Erasure::Status => 0x00,
        });
    }
}

/// The answer: one byte, 01 when everything is erased, 00 while it is being erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErasureProgress {
    /// Still erasing.
    InProgress,
    /// Everything is erased.
    Completed,
}

impl Body for ErasureProgress {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [progress] = exactly("Clear SEL response", data)?;
        Ok(if progress & 0x0f == 0x01 { Self::Completed } else { Self::InProgress })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(u8::from(*self == Self::Completed));
    }
}
