//! Who logs in, as what, and how patiently.

use std::fmt;
use std::time::Duration;

use crate::crypto::{Kg, Password};
use crate::number::{CipherSuiteId, NameLookup, PrivilegeLevel, SessionId, UserName};

/// What a console needs to know to log in.
#[derive(Clone)]
pub struct ConsoleConfig {
    /// The user's name; empty for the null user.
    pub user_name: UserName,
    /// The user's password.
    pub password: Password,
    /// The key Kg, if the managed system has one.
    pub kg: Option<Kg>,
    /// The level that the session is to work at.
    pub privilege: PrivilegeLevel,
    /// How the managed system is to find the user.
    pub lookup: NameLookup,
    /// Which cipher suite to use.
    pub cipher_suite: SuiteChoice,
    /// The console's own number for the session, not 0. `None` draws one.
    pub session_id: Option<SessionId>,
    /// When to repeat a message and when to give up.
    pub retry: RetryPolicy,
}

impl ConsoleConfig {
    /// An administrator's login with the best common cipher suite and ipmitool's patience.
    #[must_use]
    pub const fn new(user_name: UserName, password: Password) -> Self {
        Self {
            user_name,
            password,
            kg: None,
            privilege: PrivilegeLevel::ADMINISTRATOR,
            lookup: NameLookup::NameOnly,
            cipher_suite: SuiteChoice::Discover,
            session_id: None,
            retry: RetryPolicy::DEFAULT,
        }
    }
}

impl fmt::Debug for ConsoleConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsoleConfig")
            .field("user_name", &self.user_name)
            .field("privilege", &self.privilege)
            .field("lookup", &self.lookup)
            .field("cipher_suite", &self.cipher_suite)
            .field("session_id", &self.session_id)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}

/// How a console comes to its cipher suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuiteChoice {
    /// Ask for the list (Get Channel Cipher Suites) and take the best of 17 and 3. A managed system that does not answer or
    /// does not know the question gets suite 3, which every one must have.
    Discover,
    /// This one, without asking.
    Fixed(CipherSuiteId),
}

/// When to repeat a message and when to give up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How long to wait for the first answer.
    pub wait: Duration,
    /// How much longer to wait each time after that.
    pub longer: Duration,
    /// How often a message is sent, the first time included. At least 1.
    pub tries: u32,
    /// How often the whole login is begun, the first time included, when the managed system has forgotten it half-way.
    pub logins: u32,
}

impl RetryPolicy {
    /// ipmitool's: 1 s, then 2, 3 and 4.
    pub const DEFAULT: Self =
        Self { wait: Duration::from_secs(1), longer: Duration::from_secs(1), tries: 4, logins: 4 };

    /// How long to wait after the `sent`-th transmission (from 1).
    pub(super) fn wait_after(&self, sent: u32) -> Duration {
        self.wait.saturating_add(self.longer.saturating_mul(sent.saturating_sub(1)))
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::DEFAULT
    }
}
