use super::Authentication;
use super::secret::{Kg, Password, Sik};
use crate::number::{Guid, RandomNumber, Role, SessionId, UserName};
use crate::wire::AuthCode;

/// All that both sides of a RAKP exchange have said to each other: what its codes and keys are made from,
/// IPMI 2.0 §13.28–13.31.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyExchange {
    /// The algorithm of the exchange.
    pub authentication: Authentication,
    /// The console's session id.
    pub console_session_id: SessionId,
    /// The managed system's session id.
    pub managed_session_id: SessionId,
    /// The random number of RAKP 1.
    pub console_random: RandomNumber,
    /// The random number of RAKP 2.
    pub managed_random: RandomNumber,
    /// The GUID of RAKP 2.
    pub guid: Guid,
    /// The role of RAKP 1.
    pub role: Role,
    /// The user of RAKP 1.
    pub user_name: UserName,
}

impl KeyExchange {
    /// The code of RAKP 2: the managed system knows the password.
    #[must_use]
    pub fn managed_proof(&self, password: &Password) -> AuthCode {
        self.code(
            password.bytes(),
            self.authentication.proof_len(),
            &[
                &self.console_session_id.0.to_le_bytes(),
                &self.managed_session_id.0.to_le_bytes(),
                &self.console_random.0,
                &self.managed_random.0,
                &self.guid.0,
                &[self.role.0, self.user_name.len()],
                self.user_name.as_bytes(),
            ],
        )
    }

    /// The code of RAKP 3: the console knows the password.
    #[must_use]
    pub fn console_proof(&self, password: &Password) -> AuthCode {
        self.code(
            password.bytes(),
            self.authentication.proof_len(),
            &[
                &self.managed_random.0,
                &self.console_session_id.0.to_le_bytes(),
                &[self.role.0, self.user_name.len()],
                self.user_name.as_bytes(),
            ],
        )
    }

    /// The session integrity key. A BMC key that is set takes the place of the password here, and nowhere else.
    #[must_use]
    pub fn session_key(&self, password: &Password, kg: Option<&Kg>) -> Sik {
        let key = match kg {
            Some(kg) if !kg.is_null() => kg.bytes(),
            _ => password.bytes(),
        };
        Sik(self.authentication.mac(
            key,
            &[
                &self.console_random.0,
                &self.managed_random.0,
                &[self.role.0, self.user_name.len()],
                self.user_name.as_bytes(),
            ],
        ))
    }

    /// The integrity check value of RAKP 4: both sides have the same session integrity key.
    #[must_use]
    pub fn integrity_check(&self, sik: &Sik) -> AuthCode {
        self.code(
            sik.expose(),
            self.authentication.integrity_check_len(),
            &[&self.console_random.0, &self.managed_session_id.0.to_le_bytes(), &self.guid.0],
        )
    }

    fn code(&self, key: &[u8], len: usize, parts: &[&[u8]]) -> AuthCode {
        AuthCode::truncated(self.authentication.mac(key, parts).as_bytes(), len)
    }
}
