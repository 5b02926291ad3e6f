//! Chassis Identify (`IPMI 2.0 §28.5`).

use bytes::BufMut;

use crate::command::body::{Body, BodyError, Nothing, only_bits};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, NetFn, PrivilegeLevel};

const REQUEST: &str = "Chassis Identify request";

/// Lights the identify light, or puts it out.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | | for how many seconds, 00 puts it out; optional, 15 if missing |
/// | 2 | 7:1 | reserved |
/// | | 0 | until it is put out, whatever byte 1 says; optional |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ChassisIdentify {
    /// For how many seconds.
    pub interval: Option<u8>,
    /// Until it is put out. Only together with an interval.
    pub force: Option<bool>,
}

impl ChassisIdentify {
    /// For how many seconds, if nobody says.
    pub const DEFAULT_INTERVAL: u8 = 15;
}

impl Command for ChassisIdentify {
    type Response = Nothing;
    const NET_FN: NetFn = NetFn::CHASSIS;
    const COMMAND: CommandNumber = CommandNumber(0x04);
    const NAME: &'static str = "Chassis Identify";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::OPERATOR);
    const SECTION: &'static str = "IPMI 2.0 §28.5";
}

impl Body for ChassisIdentify {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        match *data {
            [] => Ok(Self::default()),
            [interval] => Ok(Self { interval: Some(interval), force: None }),
            [interval, force] => {
                let force = only_bits(REQUEST, 1, force, 0x01)? != 0;
                Ok(Self { interval: Some(interval), force: Some(force) })
            }
            _ => Err(BodyError::Length { message: REQUEST, len: data.len() }),
        }
    }

    fn encode(&self, out: &mut impl BufMut) {
        match (self.interval, self.force) {
            (None, None) => {}
            (interval, force) => {
                out.put_u8(interval.unwrap_or(Self::DEFAULT_INTERVAL));
                if let Some(force) = force {
                    out.put_u8(u8::from(force));
                }
            }
        }
    }
}
