//! Suspend/Resume Payload Encryption (`IPMI 2.0 §24.3`).

use bytes::BufMut;

use crate::command::body::{Body, BodyError, Nothing, exactly, only_bits};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, CompletionCode, NetFn, PayloadType, PrivilegeLevel};

const REQUEST: &str = "Suspend/Resume Payload Encryption request";

/// Switches the encryption of an active payload of the asking session, or starts it anew.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 7:6 | reserved |
/// | | 5:0 | payload type |
/// | 2 | 7:4 | reserved |
/// | | 3:0 | instance, from 1 |
/// | 3 | 7:2 | reserved |
/// | | 1:0 | [`EncryptionOperation`] |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SuspendResumePayloadEncryption {
    /// Which payload.
    pub payload: PayloadType,
    /// Which instance of it, from 1.
    pub instance: u8,
    /// What shall happen.
    pub operation: EncryptionOperation,
}

/// What shall happen to the encryption of a payload. Two bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EncryptionOperation {
    /// 0: packets are in clear from now on.
    Suspend,
    /// 1: packets are encrypted from now on.
    Resume,
    /// 2: a cipher that runs over several packets starts again.
    NewInitialization,
}

impl SuspendResumePayloadEncryption {
    /// Not for this kind of payload.
    pub const NOT_SUPPORTED: CompletionCode = CompletionCode(0x80);
    /// Not with this configuration.
    pub const NOT_ALLOWED: CompletionCode = CompletionCode(0x81);
    /// The session does not encrypt.
    pub const NO_ENCRYPTION: CompletionCode = CompletionCode(0x82);
    /// The instance is not active in this session.
    pub const NOT_ACTIVE: CompletionCode = CompletionCode(0x83);
}

impl Command for SuspendResumePayloadEncryption {
    type Response = Nothing;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x55);
    const NAME: &'static str = "Suspend/Resume Payload Encryption";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §24.3";
}

impl Body for SuspendResumePayloadEncryption {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [payload, instance, operation] = exactly(REQUEST, data)?;
        Ok(Self {
            payload: PayloadType::new(only_bits(REQUEST, 0, payload, 0x3f)?),
            instance: only_bits(REQUEST, 1, instance, 0x0f)?,
            operation: match operation {
                0 => EncryptionOperation::Suspend,
                1 => EncryptionOperation::Resume,
                2 => EncryptionOperation::NewInitialization,
                value => return Err(BodyError::Field { message: REQUEST, offset: 2, value }),
            },
        })
    }

    fn encode(&self, out: &mut impl BufMut) {
        let operation = match self.operation {
            EncryptionOperation::Suspend => 0,
            EncryptionOperation::Resume => 1,
            EncryptionOperation::NewInitialization => 2,
        };
        out.put_slice(&[self.payload.0 & 0x3f, self.instance & 0x0f, operation]);
    }
}
