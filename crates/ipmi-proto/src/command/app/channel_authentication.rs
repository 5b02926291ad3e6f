//! Get Channel Authentication Capabilities (`IPMI 2.0 §22.13`).

use bytes::BufMut;

use crate::command::bits::flag_byte;
use crate::command::body::{Body, BodyError, exactly, only_bits};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{ChannelNumber, CommandNumber, NetFn, PrivilegeLevel};

const REQUEST: &str = "Get Channel Authentication Capabilities request";

/// Asks how one can log in. The first request of every console, outside a session.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 7 | the console understands IPMI 2.0 data in the answer |
/// | | 6:4 | reserved |
/// | | 3:0 | channel |
/// | 2 | 7:4 | reserved |
/// | | 3:0 | privilege level wanted, 1 to 5 |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetChannelAuthenticationCapabilities {
    /// Whether the console understands IPMI 2.0 data in the answer.
    pub extended: bool,
    /// Which channel; usually [`ChannelNumber::THIS`].
    pub channel: ChannelNumber,
    /// The level that the console is going to ask for.
    pub privilege: PrivilegeLevel,
}

impl Command for GetChannelAuthenticationCapabilities {
    type Response = ChannelAuthenticationCapabilities;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x38);
    const NAME: &'static str = "Get Channel Authentication Capabilities";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::NoSession;
    const SECTION: &'static str = "IPMI 2.0 §22.13";
}

impl Body for GetChannelAuthenticationCapabilities {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [channel, privilege] = exactly(REQUEST, data)?;
        only_bits(REQUEST, 0, channel, 0x8f)?;
        if !(1..=5).contains(&privilege) {
            return Err(BodyError::Field { message: REQUEST, offset: 1, value: privilege });
        }
        Ok(Self {
            extended: channel & 0x80 != 0,
            channel: ChannelNumber(channel & 0x0f),
            privilege: PrivilegeLevel(privilege),
        })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8((self.channel.0 & 0x0f) | if self.extended { 0x80 } else { 0 });
        out.put_u8(self.privilege.0 & 0x0f);
    }
}

/// The answer: eight bytes.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | | channel, the real number |
/// | 2 | 7 | IPMI 2.0 data present in bytes 3 and 4 |
/// | | 5:0 | [`AuthTypes`] |
/// | 3 | | [`AuthenticationStatus`] |
/// | 4 | | [`SessionSupport`]; 00 if not asked for |
/// | 5–7 | | OEM authentication, IANA enterprise number, least significant byte first |
/// | 8 | | OEM auxiliary data |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelAuthenticationCapabilities {
    /// The real number of the channel, never [`ChannelNumber::THIS`].
    pub channel: ChannelNumber,
    /// Whether IPMI 2.0 data is present. Only if the console asked for it.
    pub extended: bool,
    /// The authentication types of IPMI 1.5 on offer at the level asked for.
    pub auth_types: AuthTypes,
    /// How users are authenticated.
    pub status: AuthenticationStatus,
    /// Which sessions the channel has. Empty unless `extended`.
    pub sessions: SessionSupport,
    /// IANA enterprise number of an OEM authentication type, 24 bits; 0 if there is none.
    pub oem: u32,
    /// What goes with the OEM authentication type.
    pub oem_auxiliary: u8,
}

flag_byte! {
    /// Authentication types of IPMI 1.5. Bit 7 of the byte on the wire is
    /// [`ChannelAuthenticationCapabilities::extended`] and never set here.
    pub struct AuthTypes {
        /// No authentication.
        NONE = 0x01,
        /// MD2.
        MD2 = 0x02,
        /// MD5.
        MD5 = 0x04,
        /// The password in the clear.
        PASSWORD = 0x10,
        /// OEM.
        OEM = 0x20,
    }
}

flag_byte! {
    /// How users are authenticated.
    pub struct AuthenticationStatus {
        /// There is a user with a null name and a null password.
        ANONYMOUS_LOGIN = 0x01,
        /// There are users with a null name and a password.
        NULL_USER_NAMES = 0x02,
        /// There are users with a name.
        NON_NULL_USER_NAMES = 0x04,
        /// Commands at user level need no authentication (IPMI 1.5).
        USER_LEVEL_DISABLED = 0x08,
        /// Only the login is authenticated, not each message (IPMI 1.5).
        PER_MESSAGE_DISABLED = 0x10,
        /// The key Kg is set, so a console must know it too (IPMI 2.0).
        KG_SET = 0x20,
    }
}

flag_byte! {
    /// Which sessions a channel has.
    pub struct SessionSupport {
        /// Sessions of IPMI 1.5.
        IPMI_1_5 = 0x01,
        /// Sessions of IPMI 2.0, RMCP+.
        IPMI_2_0 = 0x02,
    }
}

const EXTENDED: u8 = 0x80;

impl Body for ChannelAuthenticationCapabilities {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [channel, types, status, sessions, oem_0, oem_1, oem_2, oem_auxiliary] =
            exactly("Get Channel Authentication Capabilities response", data)?;
        Ok(Self {
            channel: ChannelNumber(channel & 0x0f),
            extended: types & EXTENDED != 0,
            auth_types: AuthTypes::from_bits(types & !EXTENDED),
            status: AuthenticationStatus::from_bits(status),
            sessions: SessionSupport::from_bits(sessions),
            oem: u32::from_le_bytes([oem_0, oem_1, oem_2, 0]),
            oem_auxiliary,
        })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.channel.0 & 0x0f);
        out.put_u8((self.auth_types.bits() & !EXTENDED) | if self.extended { EXTENDED } else { 0 });
        out.put_u8(self.status.bits());
        out.put_u8(self.sessions.bits());
        out.put_uint_le(u64::from(self.oem & 0x00ff_ffff), 3);
        out.put_u8(self.oem_auxiliary);
    }
}
