//! Set Power Restore Policy (`IPMI 2.0 §28.8`).

use bytes::BufMut;

use super::PowerRestorePolicy;
use crate::command::bits::flag_byte;
use crate::command::body::{Body, BodyError, exactly};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, NetFn, PrivilegeLevel};

const REQUEST: &str = "Set Power Restore Policy request";

/// Sets what happens when mains power comes back, or asks what can be set.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 7:3 | reserved |
/// | | 2:0 | 0 stay off, 1 previous state, 2 always on, 3 change nothing |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetPowerRestorePolicy {
    /// The policy; [`PowerRestorePolicy::Unknown`] changes nothing.
    pub policy: PowerRestorePolicy,
}

impl Command for SetPowerRestorePolicy {
    type Response = SupportedRestorePolicies;
    const NET_FN: NetFn = NetFn::CHASSIS;
    const COMMAND: CommandNumber = CommandNumber(0x06);
    const NAME: &'static str = "Set Power Restore Policy";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::OPERATOR);
    const SECTION: &'static str = "IPMI 2.0 §28.8";
}

impl Body for SetPowerRestorePolicy {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let policy = match exactly(REQUEST, data)? {
            [0] => PowerRestorePolicy::StayOff,
            [1] => PowerRestorePolicy::Previous,
            [2] => PowerRestorePolicy::AlwaysOn,
            [3] => PowerRestorePolicy::Unknown,
            [value] => return Err(BodyError::Field { message: REQUEST, offset: 0, value }),
        };
        Ok(Self { policy })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(match self.policy {
            PowerRestorePolicy::StayOff => 0,
            PowerRestorePolicy::Previous => 1,
            PowerRestorePolicy::AlwaysOn => 2,
            PowerRestorePolicy::Unknown => 3,
        });
    }
}

flag_byte! {
    /// The answer: one byte, which policies can be set.
    pub struct SupportedRestorePolicies {
        /// The chassis stays off.
        STAY_OFF = 0x01,
        /// The chassis goes back to the state it was in.
        PREVIOUS = 0x02,
        /// The chassis powers up.
        ALWAYS_ON = 0x04,
    }
}

impl Body for SupportedRestorePolicies {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        exactly("Set Power Restore Policy response", data).map(|[bits]| Self::from_bits(bits))
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.bits());
    }
}
