//! Get DCMI Sensor Info (`DCMI 1.5 §6.5.2`).

use bytes::BufMut;

use super::{GROUP, after_group};
use crate::command::body::{Body, BodyError, exactly};
use crate::command::storage::RecordId;
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, NetFn, PrivilegeLevel};

const REQUEST: &str = "Get DCMI Sensor Info request";
const RESPONSE: &str = "Get DCMI Sensor Info response";

/// Asks which records describe the sensors of a kind and a place.
///
/// | byte | content |
/// |---|---|
/// | 1 | DC |
/// | 2 | sensor type |
/// | 3 | entity id |
/// | 4 | entity instance, 00 for all |
/// | 5 | the first instance to tell, from 00 |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetDcmiSensorInfo {
    /// The kind of sensor.
    pub sensor_type: u8,
    /// The kind of place.
    pub entity: u8,
    /// Which of those places, 0 for all.
    pub instance: u8,
    /// The first instance to tell.
    pub start: u8,
}

impl Command for GetDcmiSensorInfo {
    type Response = DcmiSensorInfo;
    const NET_FN: NetFn = NetFn::GROUP_EXTENSION;
    const GROUP: Option<u8> = Some(GROUP);
    const COMMAND: CommandNumber = CommandNumber(0x07);
    const NAME: &'static str = "Get DCMI Sensor Info";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::OPERATOR);
    const SECTION: &'static str = "DCMI 1.5 §6.5.2";
}

impl Body for GetDcmiSensorInfo {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [sensor_type, entity, instance, start] = exactly(REQUEST, after_group(REQUEST, data)?)?;
        Ok(Self { sensor_type, entity, instance, start })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_slice(&[GROUP, self.sensor_type, self.entity, self.instance, self.start]);
    }
}

/// The answer.
///
/// | byte | content |
/// |---|---|
/// | 1 | DC |
/// | 2 | how many such sensors there are |
/// | 3 | how many records follow, at most 8 |
/// | 4– | the numbers of the records, least significant byte first |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DcmiSensorInfo {
    /// How many such sensors there are.
    pub total: u8,
    /// The numbers of their records, at most 8.
    pub records: Vec<RecordId>,
}

impl Body for DcmiSensorInfo {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let wrong = BodyError::Length { message: RESPONSE, len: data.len() };
        let [total, count, records @ ..] = after_group(RESPONSE, data)? else { return Err(wrong) };
        let (pairs, rest) = records.as_chunks::<2>();
        if !rest.is_empty() || pairs.len() != usize::from(*count) {
            return Err(wrong);
        }
        let records = pairs.iter().map(|pair| RecordId(u16::from_le_bytes(*pair))).collect();
        Ok(Self { total: *total, records })
    }

    fn encode(&self, out: &mut impl BufMut) {
        let count = u8::try_from(self.records.len()).unwrap_or(u8::MAX);
        out.put_slice(&[GROUP, self.total, count]);
        for record in self.records.iter().take(usize::from(count)) {
            out.put_u16_le(record.0);
        }
    }
}
