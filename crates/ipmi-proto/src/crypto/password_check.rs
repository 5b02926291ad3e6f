//! Whether a password that somebody sent is the one that is configured.

use subtle::ConstantTimeEq as _;

use super::{Authentication, Password};

/// Tells whether a password is still the one that it was, and not which one it was: a keyed hash over a random salt.
///
/// Whoever has it can try passwords on it, so it belongs where passwords may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordMark {
    /// Random bytes, made for this mark.
    pub salt: [u8; 16],
    /// HMAC-SHA256 with the password as the key.
    pub hash: [u8; 32],
}

impl Password {
    /// Whether `candidate`, padded with zeros, is this password. Takes the same time for every candidate of the same length.
    #[must_use]
    pub fn is(&self, candidate: &[u8]) -> bool {
        // A candidate that is too long for a password is none.
        Self::new(candidate).is_ok_and(|candidate| self.bytes().ct_eq(candidate.bytes()).into())
    }

    /// Whether both are the same password, in constant time.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.bytes().ct_eq(other.bytes()).into()
    }

    /// The mark of this password with a salt.
    #[must_use]
    pub fn mark(&self, salt: [u8; 16]) -> PasswordMark {
        let digest = Authentication::HmacSha256.mac(self.bytes(), &[&salt]);
        let mut hash = [0; 32];
        for (to, from) in hash.iter_mut().zip(digest.as_bytes()) {
            *to = *from;
        }
        PasswordMark { salt, hash }
    }

    /// Whether the mark is one of this password.
    #[must_use]
    pub fn bears(&self, mark: &PasswordMark) -> bool {
        self.mark(mark.salt).hash.ct_eq(&mark.hash).into()
    }

    /// The bytes, with the zeros behind them. Whoever takes them out has to keep them secret.
    #[must_use]
    pub const fn expose(&self) -> &[u8; Self::MAX_LEN] {
        self.bytes()
    }

    /// How many bytes it has without the zeros behind it, 0 to 20.
    #[must_use]
    pub fn significant_len(&self) -> usize {
        self.bytes().iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::Password;

    #[test]
    fn mark_is_borne_by_the_same_password_only_and_differs_with_the_salt() {
        let password = Password::new(b"secret").unwrap();
        let mark = password.mark([1; 16]);
        assert!(Password::new(b"secret").unwrap().bears(&mark));
        assert!(!Password::new(b"secreT").unwrap().bears(&mark));
        assert_ne!(mark.hash, password.mark([2; 16]).hash);
    }

    #[test]
    fn only_the_same_bytes_but_for_zeros_behind_them_are_the_password() {
        let password = Password::new(b"secret").unwrap();
        assert!(password.is(b"secret"));
        assert!(password.is(b"secret\0\0\0\0\0\0\0\0\0\0"));
        assert!(!password.is(b"secreT"));
        assert!(!password.is(b"secret\0x"));
        assert!(!password.is(b"secret\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), "21 bytes");
        assert_eq!(password.significant_len(), 6);
        assert_eq!(Password::new(b"").unwrap().significant_len(), 0);
    }
}
