//! Get Session Info (`IPMI 2.0 §22.20`).

use std::net::Ipv4Addr;

use bytes::BufMut;

use crate::command::body::{Body, BodyError};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, NetFn, PrivilegeLevel, SessionId};

/// Asks about one session.
///
/// | byte | content |
/// |---|---|
/// | 1 | 00 the asking session, 01 to FD the nth active one, FE a handle follows, FF an id follows |
/// | 2 | session handle; only after FE |
/// | 2–5 | session id, least significant byte first; only after FF |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GetSessionInfo {
    /// The session that asks.
    Current,
    /// The nth active session, 1 to 253.
    Nth(u8),
    /// The session with this handle.
    ByHandle(u8),
    /// The session with this id of the managed system.
    ById(SessionId),
}

impl Command for GetSessionInfo {
    type Response = SessionInfo;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x3d);
    const NAME: &'static str = "Get Session Info";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §22.20";
}

impl Body for GetSessionInfo {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        match *data {
            [0x00] => Ok(Self::Current),
            [nth @ 0x01..=0xfd] => Ok(Self::Nth(nth)),
            [0xfe, handle] => Ok(Self::ByHandle(handle)),
            [0xff, a, b, c, d] => Ok(Self::ById(SessionId(u32::from_le_bytes([a, b, c, d])))),
            _ => Err(BodyError::Length { message: "Get Session Info request", len: data.len() }),
        }
    }

    fn encode(&self, out: &mut impl BufMut) {
        match *self {
            Self::Current => out.put_u8(0x00),
            Self::Nth(nth) => out.put_u8(nth),
            Self::ByHandle(handle) => out.put_slice(&[0xfe, handle]),
            Self::ById(id) => {
                out.put_u8(0xff);
                out.put_u32_le(id.0);
            }
        }
    }
}

/// The answer: 3 bytes if there is no such session, 6 if there is, 18 if its console is on a LAN.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | | handle of the session, 00 if there is none |
/// | 2 | 5:0 | how many sessions there can be |
/// | 3 | 5:0 | how many there are |
/// | 4 | 5:0 | user id |
/// | 5 | 3:0 | present privilege level |
/// | 6 | 7:4 | [`SessionProtocol`] |
/// | | 3:0 | channel |
/// | 7–10 | | address of the console, most significant byte first |
/// | 11–16 | | MAC address of the console |
/// | 17–18 | | UDP port of the console, least significant byte first |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionInfo {
    /// The session's handle; 0 if there is no session.
    pub handle: u8,
    /// How many sessions there can be, at most 63.
    pub possible: u8,
    /// How many sessions there are, at most 63.
    pub active: u8,
    /// The session asked for, if there is one.
    pub session: Option<ActiveSession>,
}

/// One session in the answer to Get Session Info.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActiveSession {
    /// The user's number, at most 63.
    pub user_id: u8,
    /// The present privilege level.
    pub privilege: PrivilegeLevel,
    /// The session's protocol.
    pub protocol: SessionProtocol,
    /// The channel the session came over, at most 15.
    pub channel: u8,
    /// Where the console is, if it is on a LAN.
    pub console: Option<LanConsole>,
}

/// The protocol of a session. Four bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionProtocol(pub u8);

impl SessionProtocol {
    /// IPMI 1.5.
    pub const IPMI_1_5: Self = Self(0x0);
    /// IPMI 2.0, RMCP+.
    pub const RMCP_PLUS: Self = Self(0x1);
}

/// A console on a LAN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LanConsole {
    /// Its address; all zero if it has only an IPv6 one.
    pub address: Ipv4Addr,
    /// Its MAC address; all zero if it is not known.
    pub mac: [u8; 6],
    /// Its UDP port.
    pub port: u16,
}

impl Body for SessionInfo {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let length = BodyError::Length { message: "Get Session Info response", len: data.len() };
        let [handle, possible, active, ref session @ ..] = *data else { return Err(length) };
        let session = match *session {
            [] => None,
            [user_id, privilege, channel, ref console @ ..] => {
                let console = match *console {
                    [] => None,
                    [ip_0, ip_1, ip_2, ip_3, m0, m1, m2, m3, m4, m5, port_0, port_1] => Some(LanConsole {
                        address: Ipv4Addr::new(ip_0, ip_1, ip_2, ip_3),
                        mac: [m0, m1, m2, m3, m4, m5],
                        port: u16::from_le_bytes([port_0, port_1]),
                    }),
                    _ => return Err(length),
                };
                Some(ActiveSession {
                    user_id: user_id & 0x3f,
                    privilege: PrivilegeLevel(privilege & 0x0f),
                    protocol: SessionProtocol(channel >> 4),
                    channel: channel & 0x0f,
                    console,
                })
            }
            _ => return Err(length),
        };
        Ok(Self { handle, possible: possible & 0x3f, active: active & 0x3f, session })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_slice(&[self.handle, self.possible & 0x3f, self.active & 0x3f]);
        let Some(session) = self.session else { return };
        out.put_u8(session.user_id & 0x3f);
        out.put_u8(session.privilege.0 & 0x0f);
        out.put_u8((session.protocol.0 << 4) | (session.channel & 0x0f));
        let Some(console) = session.console else { return };
        out.put_slice(&console.address.octets());
        out.put_slice(&console.mac);
        out.put_u16_le(console.port);
    }
}
