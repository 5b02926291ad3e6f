//! Get FRU Inventory Area Info (`IPMI 2.0 §34.1`) and Read FRU Data (`IPMI 2.0 §34.2`).

use bytes::BufMut;

use crate::command::body::{Body, BodyError, exactly};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, NetFn, PrivilegeLevel};

/// Asks how large an inventory is. One byte: the id of the inventory device, 00 for the system itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetFruInventoryAreaInfo {
    /// Which inventory device.
    pub device: u8,
}

impl Command for GetFruInventoryAreaInfo {
    type Response = FruInventoryAreaInfo;
    const NET_FN: NetFn = NetFn::STORAGE;
    const COMMAND: CommandNumber = CommandNumber(0x10);
    const NAME: &'static str = "Get FRU Inventory Area Info";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §34.1";
}

impl Body for GetFruInventoryAreaInfo {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        exactly("Get FRU Inventory Area Info request", data).map(|[device]| Self { device })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.device);
    }
}

/// The answer.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1–2 | | size in bytes, least significant byte first |
/// | 3 | 0 | whether it is read by words |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FruInventoryAreaInfo {
    /// The size in bytes.
    pub size: u16,
    /// Whether offsets and counts are in words of two bytes.
    pub by_words: bool,
}

impl Body for FruInventoryAreaInfo {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [size_0, size_1, access] = exactly("Get FRU Inventory Area Info response", data)?;
        Ok(Self { size: u16::from_le_bytes([size_0, size_1]), by_words: access & 0x01 != 0 })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u16_le(self.size);
        out.put_u8(u8::from(self.by_words));
    }
}

/// Reads a piece of an inventory.
///
/// | byte | content |
/// |---|---|
/// | 1 | id of the inventory device |
/// | 2–3 | offset, least significant byte first |
/// | 4 | how many bytes |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadFruData {
    /// Which inventory device.
    pub device: u8,
    /// The first byte.
    pub offset: u16,
    /// How many bytes.
    pub count: u8,
}

impl Command for ReadFruData {
    type Response = FruData;
    const NET_FN: NetFn = NetFn::STORAGE;
    const COMMAND: CommandNumber = CommandNumber(0x11);
    const NAME: &'static str = "Read FRU Data";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §34.2";
}

impl Body for ReadFruData {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [device, offset_0, offset_1, count] = exactly("Read FRU Data request", data)?;
        Ok(Self { device, offset: u16::from_le_bytes([offset_0, offset_1]), count })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.device);
        out.put_u16_le(self.offset);
        out.put_u8(self.count);
    }
}

/// The answer: how many bytes, and the bytes, at most 255.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FruData {
    /// The bytes.
    pub data: Vec<u8>,
}

impl Body for FruData {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        match data {
            [count, data @ ..] if usize::from(*count) == data.len() => Ok(Self { data: data.to_vec() }),
            _ => Err(BodyError::Length { message: "Read FRU Data response", len: data.len() }),
        }
    }

    fn encode(&self, out: &mut impl BufMut) {
        let data = self.data.get(..usize::from(u8::MAX)).unwrap_or(&self.data);
        out.put_u8(u8::try_from(data.len()).unwrap_or(u8::MAX));
        out.put_slice(data);
    }
}
