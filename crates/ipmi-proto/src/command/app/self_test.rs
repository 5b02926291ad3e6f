//! Get Self Test Results (`IPMI 2.0 §20.4`).

use bytes::BufMut;

use crate::command::bits::flag_byte;
use crate::command::body::{Body, BodyError, empty_body, exactly};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, NetFn, PrivilegeLevel};

/// Asks how the controller's self test went. No data bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct GetSelfTestResults;

impl Command for GetSelfTestResults {
    type Response = SelfTestResults;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x04);
    const NAME: &'static str = "Get Self Test Results";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §20.4";
}

empty_body!(GetSelfTestResults, "Get Self Test Results request");

/// The answer: two bytes, a result and its detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelfTestResults {
    /// `55 00`: all tests passed.
    Passed,
    /// `56 00`: there is no self test.
    NotImplemented,
    /// `57`: corrupted or inaccessible data or devices.
    Inaccessible(InaccessibleDevices),
    /// `58`: a fatal hardware error, the detail is the controller's own.
    Fatal(u8),
    /// Everything else: reserved or the manufacturer's.
    Other {
        /// First byte.
        result: u8,
        /// Second byte.
        detail: u8,
    },
}

flag_byte! {
    /// What the self test could not reach.
    pub struct InaccessibleDevices {
        /// The operational firmware is corrupted.
        FIRMWARE = 0x01,
        /// The boot block is corrupted.
        BOOT_BLOCK = 0x02,
        /// The internal use area of the controller's FRU is corrupted.
        INTERNAL_USE_AREA = 0x04,
        /// The sensor data record repository is empty.
        SDR_REPOSITORY_EMPTY = 0x08,
        /// The IPMB lines do not respond.
        IPMB = 0x10,
        /// The controller's FRU cannot be reached.
        FRU = 0x20,
        /// The sensor data record repository cannot be reached.
        SDR_REPOSITORY = 0x40,
        /// The system event log cannot be reached.
        SEL = 0x80,
    }
}

impl Body for SelfTestResults {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        Ok(match exactly("Get Self Test Results response", data)? {
            [0x55, 0x00] => Self::Passed,
            [0x56, 0x00] => Self::NotImplemented,
            [0x57, devices] => Self::Inaccessible(InaccessibleDevices::from_bits(devices)),
            [0x58, detail] => Self::Fatal(detail),
            [result, detail] => Self::Other { result, detail },
        })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_slice(&match *self {
            Self::Passed => [0x55, 0x00],
            Self::NotImplemented => [0x56, 0x00],
            Self::Inaccessible(devices) => [0x57, devices.bits()],
            Self::Fatal(detail) => [0x58, detail],
            Self::Other { result, detail } => [result, detail],
        });
    }
}
