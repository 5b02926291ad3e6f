//! Get POH Counter (`IPMI 2.0 §28.14`): power-on hours.

use bytes::BufMut;

use crate::command::body::{Body, BodyError, empty_body, exactly};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, NetFn, PrivilegeLevel};

/// Asks for how long the system has been on, all in all. No data bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct GetPohCounter;

impl Command for GetPohCounter {
    type Response = PohCounter;
    const NET_FN: NetFn = NetFn::CHASSIS;
    const COMMAND: CommandNumber = CommandNumber(0x0f);
    const NAME: &'static str = "Get POH Counter";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §28.14";
}

empty_body!(GetPohCounter, "Get POH Counter request");

/// The answer.
///
/// | byte | content |
/// |---|---|
/// | 1 | how many minutes one count is |
/// | 2–5 | the count, least significant byte first |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PohCounter {
    /// How many minutes one count is.
    pub minutes_per_count: u8,
    /// The count.
    pub count: u32,
}

impl Body for PohCounter {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [minutes_per_count, count @ ..] = exactly::<5>("Get POH Counter response", data)?;
        Ok(Self { minutes_per_count, count: u32::from_le_bytes(count) })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.minutes_per_count);
        out.put_u32_le(self.count);
    }
}
