//! Set Front Panel Button Enables (`IPMI 2.0 §28.6`).

use bytes::BufMut;

use super::FrontPanelButtons;
use crate::command::body::{Body, BodyError, Nothing, exactly, only_bits};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, NetFn, PrivilegeLevel};

const REQUEST: &str = "Set Front Panel Button Enables request";

/// Disables buttons of the front panel, and enables the others. One byte, whose bits 3:0 are those of [`FrontPanelButtons`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetFrontPanelEnables {
    /// The buttons that are to be disabled.
    pub disabled: FrontPanelButtons,
}

impl Command for SetFrontPanelEnables {
    type Response = Nothing;
    const NET_FN: NetFn = NetFn::CHASSIS;
    const COMMAND: CommandNumber = CommandNumber(0x0a);
    const NAME: &'static str = "Set Front Panel Enables";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::ADMINISTRATOR);
    const SECTION: &'static str = "IPMI 2.0 §28.6";
}

impl Body for SetFrontPanelEnables {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [buttons] = exactly(REQUEST, data)?;
        Ok(Self { disabled: FrontPanelButtons::from_bits(only_bits(REQUEST, 0, buttons, 0x0f)?) })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.disabled.bits() & 0x0f);
    }
}
