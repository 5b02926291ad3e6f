//! Get Payload Activation Status (`IPMI 2.0 §24.4`) and Get Payload Instance Info (`IPMI 2.0 §24.5`).

use bytes::BufMut;

use crate::command::body::{Body, BodyError, exactly, only_bits};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, NetFn, PayloadType, PrivilegeLevel, SessionId};

const STATUS_REQUEST: &str = "Get Payload Activation Status request";
const STATUS_RESPONSE: &str = "Get Payload Activation Status response";
const INSTANCE_REQUEST: &str = "Get Payload Instance Info request";
const INSTANCE_RESPONSE: &str = "Get Payload Instance Info response";

/// Asks which instances of a payload are active, in any session.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 7:6 | reserved |
/// | | 5:0 | payload type |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetPayloadActivationStatus {
    /// Which payload.
    pub payload: PayloadType,
}

impl Command for GetPayloadActivationStatus {
    type Response = PayloadActivationStatus;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x4a);
    const NAME: &'static str = "Get Payload Activation Status";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §24.4";
}

impl Body for GetPayloadActivationStatus {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [payload] = exactly(STATUS_REQUEST, data)?;
        Ok(Self { payload: PayloadType::new(only_bits(STATUS_REQUEST, 0, payload, 0x3f)?) })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.payload.0 & 0x3f);
    }
}

/// The answer.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 3:0 | how many instances can be active at once |
/// | 2–3 | | which are: bit 0 of byte 2 for instance 1, bit 7 of byte 3 for instance 16 |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayloadActivationStatus {
    /// How many instances can be active at once, at most 15.
    pub capacity: u8,
    /// Which are: bit 0 for instance 1.
    pub active: u16,
}

impl Body for PayloadActivationStatus {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [capacity, low, high] = exactly(STATUS_RESPONSE, data)?;
        Ok(Self { capacity: capacity & 0x0f, active: u16::from_le_bytes([low, high]) })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.capacity & 0x0f);
        out.put_u16_le(self.active);
    }
}

/// Asks which session has an instance of a payload.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 7:6 | reserved |
/// | | 5:0 | payload type |
/// | 2 | | instance, from 1 |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetPayloadInstanceInfo {
    /// Which payload.
    pub payload: PayloadType,
    /// Which instance of it, from 1.
    pub instance: u8,
}

impl Command for GetPayloadInstanceInfo {
    type Response = PayloadInstanceInfo;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x4b);
    const NAME: &'static str = "Get Payload Instance Info";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §24.5";
}

impl Body for GetPayloadInstanceInfo {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [payload, instance] = exactly(INSTANCE_REQUEST, data)?;
        Ok(Self { payload: PayloadType::new(only_bits(INSTANCE_REQUEST, 0, payload, 0x3f)?), instance })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_slice(&[self.payload.0 & 0x3f, self.instance]);
    }
}

/// The answer.
///
/// | byte | content |
/// |---|---|
/// | 1–4 | the managed system's id of the session that has it, least significant byte first; 0 if none has |
/// | 5–12 | what the payload type makes of it; Serial over LAN: the number of the serial port, 0 if it has none, then zeros |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayloadInstanceInfo {
    /// The session that has it; [`SessionId::NONE`] if none has.
    pub session: SessionId,
    /// What the payload type makes of it.
    pub information: [u8; 8],
}

impl Body for PayloadInstanceInfo {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [a, b, c, d, information @ ..] = exactly::<12>(INSTANCE_RESPONSE, data)?;
        Ok(Self { session: SessionId(u32::from_le_bytes([a, b, c, d])), information })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u32_le(self.session.0);
        out.put_slice(&self.information);
    }
}
