//! What a managed system is, as far as its front door is concerned.

use crate::crypto::Kg;
use crate::endpoint::GuardLimits;
use crate::number::{CipherSuiteId, Guid, PrivilegeLevel, SessionV15Algorithm};
use crate::session::{SessionLimits, UserTable};

/// The configuration of one endpoint. Fixed for the endpoint's life.
#[derive(Debug, Clone)]
pub struct EndpointConfig {
    /// The System GUID, as sent in RAKP 2 and in the answer to Get System GUID.
    pub guid: Guid,
    /// The users.
    pub users: UserTable,
    /// The cipher suites on offer, most preferred first. The preference counts only for consoles that leave the choice to the
    /// managed system; most choose themselves. Suites that this crate does not implement are left out.
    pub cipher_suites: Vec<CipherSuiteId>,
    /// The key Kg, which a console must know besides the password.
    pub kg: Option<Kg>,
    /// The highest level that any session can have.
    pub channel_limit: PrivilegeLevel,
    /// The authentication types of IPMI 1.5 sessions; none of them by default, which leaves such sessions out.
    /// [`SessionV15Algorithm::NONE`] lets everybody in who knows a user's name.
    pub ipmi_1_5: Vec<SessionV15Algorithm>,
    /// Bounds of the session table.
    pub limits: SessionLimits,
    /// Bounds on strangers.
    pub guard: GuardLimits,
    /// Whether a console must not learn from answers which users there are: one that is unknown, disabled or asks for too high
    /// a level then gets the answers of a wrong password. Cipher suite 0, which asks for no password, still tells.
    pub hide_users: bool,
    /// The UDP port that consoles reach the endpoint at, as the answer to an activation of Serial over LAN says.
    pub port: u16,
    /// How many characters of the node can wait for the console that has activated Serial over LAN. Older ones are lost.
    pub sol_capacity: usize,
}

impl EndpointConfig {
    /// Port 623, suites 17 and 3, no Kg, everything up to administrator, the default limits, users told apart from passwords.
    #[must_use]
    pub fn new(guid: Guid, users: impl Into<UserTable>) -> Self {
        Self {
            guid,
            users: users.into(),
            cipher_suites: vec![CipherSuiteId::SHA256_AES, CipherSuiteId::SHA1_AES],
            kg: None,
            channel_limit: PrivilegeLevel::ADMINISTRATOR,
            limits: SessionLimits::DEFAULT,
            ipmi_1_5: Vec::new(),
            guard: GuardLimits::DEFAULT,
            hide_users: false,
            port: RMCP_PORT,
            sol_capacity: SOL_CAPACITY,
        }
    }
}

/// The UDP port of IPMI, where nobody says another one.
const RMCP_PORT: u16 = 623;

/// As much as a slow console reads in a few seconds.
const SOL_CAPACITY: usize = 128 * 1024;
