use core::fmt;

/// The name of a user: 0–16 bytes, not padded. The empty one is the "null" user.
///
/// Names are bytes to the protocol; clients send UTF-8 or ASCII.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct UserName {
    bytes: [u8; Self::MAX_LEN],
    len: u8,
}

/// A user name has more than 16 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("user name has {len} bytes, the limit is {}", UserName::MAX_LEN)]
pub struct UserNameTooLong {
    /// The length in bytes.
    pub len: usize,
}

impl UserName {
    /// The longest name, in bytes.
    pub const MAX_LEN: usize = 16;

    /// The name with these bytes.
    ///
    /// # Errors
    ///
    /// [`UserNameTooLong`] above 16 bytes.
    pub fn new(name: &[u8]) -> Result<Self, UserNameTooLong> {
        let too_long = UserNameTooLong { len: name.len() };
        let len = u8::try_from(name.len()).map_err(|_| too_long)?;
        let mut bytes = [0; Self::MAX_LEN];
        bytes.get_mut(..name.len()).ok_or(too_long)?.copy_from_slice(name);
        Ok(Self { bytes, len })
    }

    /// The bytes of the name.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// The number of bytes, 0–16.
    #[must_use]
    pub const fn len(&self) -> u8 {
        self.len
    }

    /// Whether this is the null user's name.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_bytes().escape_ascii())
    }
}

impl fmt::Debug for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserName(\"{self}\")")
    }
}
