use core::time::Duration;
use ipmi_proto::crypto::{Kg, Password, SecretTooLong};
use ipmi_proto::number::{CipherSuiteId, NameLookup, PrivilegeLevel, UserName, UserNameTooLong};

/// Who logs in, as what, and how patiently. Prints without secrets.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// The user; the empty name is the null user.
    pub user_name: UserName,
    /// The user's password.
    pub password: Password,
    /// The BMC key, if the BMC has one.
    pub kg: Option<Kg>,
    /// The privilege level to work at. Default: administrator.
    pub privilege: PrivilegeLevel,
    /// How the BMC is to find the user. Default: by name only.
    pub lookup: NameLookup,
    /// The cipher suite. `None`, the default, asks the BMC and prefers 17 to 3.
    pub cipher_suite: Option<CipherSuiteId>,
    /// How long to wait for an answer before the question is repeated. Default: 1 s.
    pub timeout: Duration,
    /// How often a question is sent, the first time included. Default: 4; 0 counts as 1.
    pub tries: u32,
}

/// A name or a secret that no IPMI packet can carry.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum InvalidOptions {
    /// The user name.
    #[error(transparent)]
    UserName(#[from] UserNameTooLong),
    /// The password.
    #[error(transparent)]
    Password(#[from] SecretTooLong),
}

impl ClientOptions {
    /// An administrator's login with everything else at its default.
    ///
    /// # Errors
    ///
    /// [`InvalidOptions`] if the name has more than 16 bytes or the password more than 20.
    pub fn new(user_name: &str, password: &str) -> Result<Self, InvalidOptions> {
        Ok(Self {
            user_name: UserName::new(user_name.as_bytes())?,
            password: Password::new(password.as_bytes())?,
            kg: None,
            privilege: PrivilegeLevel::ADMINISTRATOR,
            lookup: NameLookup::NameOnly,
            cipher_suite: None,
            timeout: Duration::from_secs(1),
            tries: 4,
        })
    }
}
