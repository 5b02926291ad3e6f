//! Close Session (`IPMI 2.0 §22.19`).

use bytes::BufMut;

use crate::command::body::{Body, BodyError, Nothing};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, CompletionCode, NetFn, PrivilegeLevel, SessionId};

/// Ends a session: one's own, or with administrator privilege another one.
///
/// | byte | content |
/// |---|---|
/// | 1–4 | session id, least significant byte first; 0 if a handle follows |
/// | 5 | session handle; only if the id is 0 |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseSession {
    /// Which session.
    pub session: SessionReference,
}

/// How a session is named in Close Session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionReference {
    /// By the managed system's id, which is not 0.
    Id(SessionId),
    /// By the handle that Get Session Info reports.
    Handle(u8),
}

impl CloseSession {
    /// There is no session with this id.
    pub const INVALID_SESSION_ID: CompletionCode = CompletionCode(0x87);
    /// There is no session with this handle.
    pub const INVALID_SESSION_HANDLE: CompletionCode = CompletionCode(0x88);
}

impl Command for CloseSession {
    type Response = Nothing;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x3c);
    const NAME: &'static str = "Close Session";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::CALLBACK);
    const SECTION: &'static str = "IPMI 2.0 §22.19";
}

impl Body for CloseSession {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let session = match *data {
            [0, 0, 0, 0, handle] => SessionReference::Handle(handle),
            [a, b, c, d] if [a, b, c, d] != [0; 4] => {
                SessionReference::Id(SessionId(u32::from_le_bytes([a, b, c, d])))
            }
            _ => return Err(BodyError::Length { message: "Close Session request", len: data.len() }),
        };
        Ok(Self { session })
    }

    fn encode(&self, out: &mut impl BufMut) {
        match self.session {
            SessionReference::Id(id) => out.put_u32_le(id.0),
            SessionReference::Handle(handle) => out.put_slice(&[0, 0, 0, 0, handle]),
        }
    }
}
