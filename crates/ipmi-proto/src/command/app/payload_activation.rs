//! Activate Payload (`IPMI 2.0 §24.1`) and Deactivate Payload (`IPMI 2.0 §24.2`).

use bytes::BufMut;

use crate::command::bits::flag_byte;
use crate::command::body::{Body, BodyError, Nothing, exactly, only_bits};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, CompletionCode, NetFn, PayloadType, PrivilegeLevel};

const ACTIVATE_REQUEST: &str = "Activate Payload request";
const ACTIVATE_RESPONSE: &str = "Activate Payload response";
const DEACTIVATE_REQUEST: &str = "Deactivate Payload request";

flag_byte! {
    /// How Serial over LAN is to be activated: the first auxiliary byte of [`ActivatePayload`].
    pub struct SolActivation {
        /// CTS, DCD and DSR of the serial port stay deasserted until the console's first packet.
        LINES_DEASSERTED = 0x02,
        /// Alerts over a serial line are put off.
        ALERTS_DEFERRED = 0x04,
        /// Alerts over a serial line succeed without being sent.
        ALERTS_SUCCEED = 0x08,
        /// Test mode: the console reads and sets the lines of the serial port.
        TEST_MODE = 0x20,
        /// Packets of the payload are signed, if the session signs at all.
        AUTHENTICATION = 0x40,
        /// Packets of the payload are encrypted, if the session encrypts at all.
        ENCRYPTION = 0x80,
    }
}

/// Switches a payload on for the session that asks.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 7:6 | reserved |
/// | | 5:0 | payload type |
/// | 2 | 7:4 | reserved |
/// | | 3:0 | instance, from 1 |
/// | 3–6 | | what the payload type makes of it; Serial over LAN: [`SolActivation`], then three reserved bytes |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActivatePayload {
    /// Which payload.
    pub payload: PayloadType,
    /// Which instance of it, from 1.
    pub instance: u8,
    /// What the payload type makes of it.
    pub auxiliary: [u8; 4],
}

impl ActivatePayload {
    /// A session has it already: this one or another.
    pub const ALREADY_ACTIVE: CompletionCode = CompletionCode(0x80);
    /// The payload is switched off, or there is nothing behind it.
    pub const DISABLED: CompletionCode = CompletionCode(0x81);
    /// No more instances can be active.
    pub const LIMIT_REACHED: CompletionCode = CompletionCode(0x82);
    /// Not in a session that encrypts, or none that could.
    pub const NOT_WITH_ENCRYPTION: CompletionCode = CompletionCode(0x83);
    /// Not unless it is encrypted.
    pub const NOT_WITHOUT_ENCRYPTION: CompletionCode = CompletionCode(0x84);

    /// Asks for Serial over LAN.
    #[must_use]
    pub const fn sol(activation: SolActivation) -> Self {
        Self { payload: PayloadType::SOL, instance: 1, auxiliary: [activation.bits(), 0, 0, 0] }
    }

    /// The first auxiliary byte, as Serial over LAN reads it.
    #[must_use]
    pub const fn activation(&self) -> SolActivation {
        let [first, ..] = self.auxiliary;
        SolActivation::from_bits(first)
    }
}

impl Command for ActivatePayload {
    type Response = ActivatedPayload;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x48);
    const NAME: &'static str = "Activate Payload";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §24.1";
}

impl Body for ActivatePayload {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let (payload, instance, auxiliary) = decode(ACTIVATE_REQUEST, data)?;
        Ok(Self { payload, instance, auxiliary })
    }

    fn encode(&self, out: &mut impl BufMut) {
        encode(self.payload, self.instance, self.auxiliary, out);
    }
}

/// The answer.
///
/// | byte | content |
/// |---|---|
/// | 1–4 | what the payload type makes of it; Serial over LAN: bit 0 of the first byte for test mode |
/// | 5–6 | size of the payload data that the managed system takes, with the payload's own header |
/// | 7–8 | size of the payload data that it sends |
/// | 9–10 | UDP port of the payload |
/// | 11–12 | VLAN of the payload, FFFF: none |
///
/// Sizes, port and VLAN are sent least significant byte first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActivatedPayload {
    /// What the payload type makes of it.
    pub auxiliary: [u8; 4],
    /// The most bytes that the console may send in one packet.
    pub inbound_size: u16,
    /// The most bytes that the managed system sends in one packet.
    pub outbound_size: u16,
    /// Where the console has to send the packets. Always the port of the session, with everybody so far.
    pub port: u16,
    /// The VLAN, [`ActivatedPayload::NO_VLAN`] if none is used.
    pub vlan: u16,
}

impl ActivatedPayload {
    /// There is no VLAN.
    pub const NO_VLAN: u16 = 0xffff;
}

impl Body for ActivatedPayload {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [a, b, c, d, in_low, in_high, out_low, out_high, port_low, port_high, vlan_low, vlan_high] =
            exactly(ACTIVATE_RESPONSE, data)?;
        Ok(Self {
            auxiliary: [a, b, c, d],
            inbound_size: u16::from_le_bytes([in_low, in_high]),
            outbound_size: u16::from_le_bytes([out_low, out_high]),
            port: u16::from_le_bytes([port_low, port_high]),
            vlan: u16::from_le_bytes([vlan_low, vlan_high]),
        })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_slice(&self.auxiliary);
        out.put_u16_le(self.inbound_size);
        out.put_u16_le(self.outbound_size);
        out.put_u16_le(self.port);
        out.put_u16_le(self.vlan);
    }
}

/// Switches a payload off, of whichever session it is.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 7:6 | reserved |
/// | | 5:0 | payload type |
/// | 2 | 7:4 | reserved |
/// | | 3:0 | instance, from 1 |
/// | 3–6 | | what the payload type makes of it; Serial over LAN: nothing |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeactivatePayload {
    /// Which payload.
    pub payload: PayloadType,
    /// Which instance of it, from 1.
    pub instance: u8,
    /// What the payload type makes of it.
    pub auxiliary: [u8; 4],
}

impl DeactivatePayload {
    /// No session has it.
    pub const NOT_ACTIVE: CompletionCode = CompletionCode(0x80);
    /// The payload is switched off, or there is nothing behind it.
    pub const DISABLED: CompletionCode = CompletionCode(0x81);
    /// Serial over LAN.
    pub const SOL: Self = Self { payload: PayloadType::SOL, instance: 1, auxiliary: [0; 4] };
}

impl Command for DeactivatePayload {
    type Response = Nothing;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x49);
    const NAME: &'static str = "Deactivate Payload";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §24.2";
}

impl Body for DeactivatePayload {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let (payload, instance, auxiliary) = decode(DEACTIVATE_REQUEST, data)?;
        Ok(Self { payload, instance, auxiliary })
    }

    fn encode(&self, out: &mut impl BufMut) {
        encode(self.payload, self.instance, self.auxiliary, out);
    }
}

/// What both requests are made of.
fn decode(message: &'static str, data: &[u8]) -> Result<(PayloadType, u8, [u8; 4]), BodyError> {
    let [payload, instance, auxiliary @ ..] = exactly::<6>(message, data)?;
    let payload = PayloadType::new(only_bits(message, 0, payload, 0x3f)?);
    Ok((payload, only_bits(message, 1, instance, 0x0f)?, auxiliary))
}

fn encode(payload: PayloadType, instance: u8, auxiliary: [u8; 4], out: &mut impl BufMut) {
    out.put_slice(&[payload.0 & 0x3f, instance & 0x0f]);
    out.put_slice(&auxiliary);
}
