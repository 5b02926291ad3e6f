//! Cold Reset (`IPMI 2.0 §20.2`) and Warm Reset (`IPMI 2.0 §20.3`).

use crate::command::body::{Nothing, empty_body};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, NetFn, PrivilegeLevel};

/// Asks the controller to start again from its defaults; the host is untouched. No data bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ColdReset;

impl Command for ColdReset {
    type Response = Nothing;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x02);
    const NAME: &'static str = "Cold Reset";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::ADMINISTRATOR);
    const SECTION: &'static str = "IPMI 2.0 §20.2";
}

empty_body!(ColdReset, "Cold Reset request");

/// Asks the controller to start again and keep its configuration; the host is untouched. No data bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct WarmReset;

impl Command for WarmReset {
    type Response = Nothing;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x03);
    const NAME: &'static str = "Warm Reset";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::ADMINISTRATOR);
    const SECTION: &'static str = "IPMI 2.0 §20.3";
}

empty_body!(WarmReset, "Warm Reset request");
