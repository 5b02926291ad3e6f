use core::fmt;
use subtle::ConstantTimeEq;

/// A code that proves the knowledge of a secret: 0–32 bytes, their number set by the algorithm.
///
/// Codes are public once sent, but whoever compares them must not tell by the time it takes where they differ:
/// equality takes the same time for all codes of one length.
#[derive(Clone, Copy)]
pub struct AuthCode {
    bytes: [u8; Self::MAX_LEN],
    len: u8,
}

/// More bytes than any algorithm's code has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a code has at most {} bytes, not {len}", AuthCode::MAX_LEN)]
pub struct AuthCodeTooLong {
    /// The length in bytes.
    pub len: usize,
}

impl AuthCode {
    /// The longest code, that of RAKP-HMAC-SHA256, in bytes.
    pub const MAX_LEN: usize = 32;

    /// The code of algorithms that have none.
    pub const EMPTY: Self = Self { bytes: [0; Self::MAX_LEN], len: 0 };

    /// The code with these bytes.
    ///
    /// # Errors
    ///
    /// [`AuthCodeTooLong`] above 32 bytes.
    pub fn new(code: &[u8]) -> Result<Self, AuthCodeTooLong> {
        let too_long = AuthCodeTooLong { len: code.len() };
        let len = u8::try_from(code.len()).map_err(|_| too_long)?;
        let mut bytes = [0; Self::MAX_LEN];
        bytes.get_mut(..code.len()).ok_or(too_long)?.copy_from_slice(code);
        Ok(Self { bytes, len })
    }

    /// The first `len` bytes of a digest, at most 32.
    pub(crate) fn truncated(digest: &[u8], len: usize) -> Self {
        let mut code = Self::EMPTY;
        for (to, from) in code.bytes.iter_mut().zip(digest.iter().take(len)) {
            *to = *from;
            code.len += 1;
        }
        code
    }

    /// The bytes on the wire.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

impl PartialEq for AuthCode {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes().ct_eq(other.as_bytes()).into()
    }
}

impl Eq for AuthCode {}

impl fmt::Debug for AuthCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthCode(")?;
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}
