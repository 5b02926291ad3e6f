//! Get Device GUID (`IPMI 2.0 §20.8`) and Get System GUID (`IPMI 2.0 §22.14`).

use bytes::BufMut;

use crate::command::body::{Body, BodyError, empty_body, exactly};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, Guid, NetFn, PrivilegeLevel};

/// Asks for the GUID of the management controller. No data bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct GetDeviceGuid;

impl Command for GetDeviceGuid {
    type Response = Guid;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x08);
    const NAME: &'static str = "Get Device GUID";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §20.8";
}

empty_body!(GetDeviceGuid, "Get Device GUID request");

/// Asks for the GUID of the managed system, which RAKP 2 carries too. No data bytes. Answered outside a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct GetSystemGuid;

impl Command for GetSystemGuid {
    type Response = Guid;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x37);
    const NAME: &'static str = "Get System GUID";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::NoSession;
    const SECTION: &'static str = "IPMI 2.0 §22.14";
}

empty_body!(GetSystemGuid, "Get System GUID request");

/// The answer to both: 16 bytes, the text form of the UUID read backwards.
impl Body for Guid {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        exactly("GUID response", data).map(Self)
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_slice(&self.0);
    }
}
