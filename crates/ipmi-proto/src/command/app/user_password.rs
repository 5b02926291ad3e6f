//! Set User Password (`IPMI 2.0 §22.30`).

use std::fmt;

use bytes::BufMut;
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::command::body::{Body, BodyError, Nothing, only_bits};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, CompletionCode, NetFn, PrivilegeLevel};

const REQUEST: &str = "Set User Password request";

/// Disables or enables a user, or sets or tests the password.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 7 | whether the password has 20 bytes, else 16 |
/// | | 6 | reserved |
/// | | 5:0 | user id |
/// | 2 | 7:2 | reserved |
/// | | 1:0 | [`PasswordOperation`] |
/// | 3– | | the password, padded with zeros; may be missing when the operation is to disable or enable |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetUserPassword {
    /// Which user, 0 to 63.
    pub user: u8,
    /// What to do.
    pub operation: PasswordOperation,
    /// The password. [`None`] is allowed to disable and to enable only, and then means 16 bytes.
    pub password: Option<PaddedPassword>,
    /// Whether the first byte says 20 bytes although no password follows.
    pub empty_twenty: bool,
}

/// What to do with a user's password. Two bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PasswordOperation {
    /// The user cannot log in any more.
    DisableUser,
    /// The user can log in.
    EnableUser,
    /// The user gets this password.
    SetPassword,
    /// Is this the user's password?
    TestPassword,
}

/// A password as it is sent, with the zeros behind it. Prints as `…` and is wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub enum PaddedPassword {
    /// 16 bytes: for IPMI 1.5 too.
    Sixteen([u8; 16]),
    /// 20 bytes.
    Twenty([u8; 20]),
}

impl PaddedPassword {
    /// The bytes, with the zeros behind them. Whoever takes them out has to keep them secret.
    #[must_use]
    pub const fn expose(&self) -> &[u8] {
        match self {
            Self::Sixteen(bytes) => bytes,
            Self::Twenty(bytes) => bytes,
        }
    }
}

/// In constant time for passwords of the same size.
impl PartialEq for PaddedPassword {
    fn eq(&self, other: &Self) -> bool {
        self.expose().ct_eq(other.expose()).into()
    }
}

impl Eq for PaddedPassword {}

impl fmt::Debug for PaddedPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sixteen(_) => "Sixteen(…)",
            Self::Twenty(_) => "Twenty(…)",
        })
    }
}

impl SetUserPassword {
    /// The test failed: another password.
    pub const TEST_FAILED: CompletionCode = CompletionCode(0x80);
    /// The test failed: the password was set with another size.
    pub const WRONG_SIZE: CompletionCode = CompletionCode(0x81);
}

impl Command for SetUserPassword {
    type Response = Nothing;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x47);
    const NAME: &'static str = "Set User Password";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::ADMINISTRATOR);
    const SECTION: &'static str = "IPMI 2.0 §22.30";
}

impl Body for SetUserPassword {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let length = BodyError::Length { message: REQUEST, len: data.len() };
        let [user, operation, ref password @ ..] = *data else { return Err(length) };
        let twenty = user & 0x80 != 0;
        let operation_of = match only_bits(REQUEST, 1, operation, 0x03)? {
            0 => PasswordOperation::DisableUser,
            1 => PasswordOperation::EnableUser,
            2 => PasswordOperation::SetPassword,
            _ => PasswordOperation::TestPassword,
        };
        let needed = matches!(operation_of, PasswordOperation::SetPassword | PasswordOperation::TestPassword);
        let password = match (password, twenty) {
            ([], _) if !needed => None,
            (bytes, false) => Some(PaddedPassword::Sixteen(bytes.try_into().map_err(|_wrong| length)?)),
            (bytes, true) => Some(PaddedPassword::Twenty(bytes.try_into().map_err(|_wrong| length)?)),
        };
        Ok(Self {
            user: only_bits(REQUEST, 0, user, 0xbf)? & 0x3f,
            operation: operation_of,
            empty_twenty: twenty && password.is_none(),
            password,
        })
    }

    fn encode(&self, out: &mut impl BufMut) {
        let twenty = self.empty_twenty || matches!(self.password, Some(PaddedPassword::Twenty(_)));
        out.put_u8(self.user & 0x3f | if twenty { 0x80 } else { 0 });
        out.put_u8(match self.operation {
            PasswordOperation::DisableUser => 0,
            PasswordOperation::EnableUser => 1,
            PasswordOperation::SetPassword => 2,
            PasswordOperation::TestPassword => 3,
        });
        if let Some(password) = &self.password {
            out.put_slice(password.expose());
        }
    }
}
