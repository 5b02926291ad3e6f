//! Get BMC Global Enables (`IPMI 2.0 §22.2`).

use bytes::BufMut;

use crate::command::bits::flag_byte;
use crate::command::body::{Body, BodyError, empty_body, exactly};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, NetFn, PrivilegeLevel};

/// Asks what is switched on in the controller. No data bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct GetBmcGlobalEnables;

impl Command for GetBmcGlobalEnables {
    type Response = GlobalEnables;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x2f);
    const NAME: &'static str = "Get BMC Global Enables";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §22.2";
}

empty_body!(GetBmcGlobalEnables, "Get BMC Global Enables request");

flag_byte! {
    /// The answer: one byte.
    pub struct GlobalEnables {
        /// Interrupt when a message waits for the system.
        RECEIVE_QUEUE_INTERRUPT = 0x01,
        /// Interrupt when the event message buffer is full.
        EVENT_BUFFER_INTERRUPT = 0x02,
        /// The event message buffer.
        EVENT_BUFFER = 0x04,
        /// Events go to the system event log.
        SYSTEM_EVENT_LOGGING = 0x08,
        /// OEM 0.
        OEM_0 = 0x20,
        /// OEM 1.
        OEM_1 = 0x40,
        /// OEM 2.
        OEM_2 = 0x80,
    }
}

impl Body for GlobalEnables {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        exactly("Get BMC Global Enables response", data).map(|[bits]| Self::from_bits(bits))
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.bits());
    }
}
