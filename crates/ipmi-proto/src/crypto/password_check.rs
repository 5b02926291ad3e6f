//! Whether a password that somebody sent is the one that is configured.

use subtle::ConstantTimeEq as _;

use super::Password;

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
