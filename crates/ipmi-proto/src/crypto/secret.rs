//! The secret types: they print as `…`, are wiped when dropped, and cannot be compared.

use core::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A user's password: 0–20 bytes, padded with zeros. Trailing zeros mean nothing.
///
/// ```compile_fail
/// # use ipmi_proto::crypto::Password;
/// # let (left, right) = (Password::new(b"a").unwrap(), Password::new(b"b").unwrap());
/// left == right; // Passwords are used, never compared.
/// ```
#[derive(Clone, Default, Zeroize, ZeroizeOnDrop)]
pub struct Password([u8; 20]);

/// The BMC key: 0–20 bytes, padded with zeros. All zero means that it is not set, IPMI 2.0 §13.33.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Kg([u8; 20]);

/// A password or a BMC key has more than 20 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{what} has {len} bytes, the limit is 20")]
pub struct SecretTooLong {
    /// Which secret.
    pub what: &'static str,
    /// Its length in bytes.
    pub len: usize,
}

impl Password {
    /// The longest password, in bytes.
    pub const MAX_LEN: usize = 20;

    /// The password with these bytes.
    ///
    /// # Errors
    ///
    /// [`SecretTooLong`] above 20 bytes.
    pub fn new(password: &[u8]) -> Result<Self, SecretTooLong> {
        padded("password", password).map(Self)
    }

    /// Whether it is empty, or all zero, which is the same.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.0.iter().fold(0, |bits, byte| bits | byte) == 0
    }

    /// Its first 16 bytes, as IPMI 1.5 would use them.
    pub(crate) fn shortened(&self) -> Self {
        let mut short = self.clone();
        short.0.iter_mut().skip(16).for_each(|byte| *byte = 0);
        short
    }

    pub(super) const fn bytes(&self) -> &[u8; 20] {
        &self.0
    }
}

/// All bytes, zeros behind them included.
impl From<[u8; 20]> for Password {
    fn from(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }
}

impl Kg {
    /// The longest key, in bytes.
    pub const MAX_LEN: usize = 20;

    /// The key with these bytes.
    ///
    /// # Errors
    ///
    /// [`SecretTooLong`] above 20 bytes.
    pub fn new(key: &[u8]) -> Result<Self, SecretTooLong> {
        padded("BMC key", key).map(Self)
    }

    /// Whether it is all zero, which counts as not set: the user's password takes its place.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.0.iter().fold(0, |bits, byte| bits | byte) == 0
    }

    pub(super) const fn bytes(&self) -> &[u8; 20] {
        &self.0
    }
}

fn padded(what: &'static str, secret: &[u8]) -> Result<[u8; 20], SecretTooLong> {
    let mut bytes = [0; 20];
    match bytes.get_mut(..secret.len()) {
        Some(start) => start.copy_from_slice(secret),
        None => return Err(SecretTooLong { what, len: secret.len() }),
    }
    Ok(bytes)
}

/// The whole digest of a keyed hash: 0, 16, 20 or 32 bytes.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(super) struct Digest {
    bytes: [u8; 32],
    len: u8,
}

impl Digest {
    /// The digest of an algorithm that hashes nothing.
    pub(super) const EMPTY: Self = Self { bytes: [0; 32], len: 0 };

    /// Keeps the first 32 bytes; no digest here has more.
    pub(super) fn new(digest: &[u8]) -> Self {
        let mut bytes = [0; 32];
        let mut len = 0;
        for (to, from) in bytes.iter_mut().zip(digest) {
            *to = *from;
            len += 1;
        }
        Self { bytes, len }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

/// The session integrity key: the secret that both sides share after RAKP, IPMI 2.0 §13.31.
#[derive(Clone, ZeroizeOnDrop)]
pub struct Sik(pub(super) Digest);

/// The additional key material that signs packets, IPMI 2.0 §13.32.
#[derive(Clone, ZeroizeOnDrop)]
pub struct K1(pub(super) Digest);

/// The additional key material whose first 16 bytes encrypt payloads, IPMI 2.0 §13.32.
#[derive(Clone, ZeroizeOnDrop)]
pub struct K2(pub(super) Digest);

macro_rules! derived_key {
    ($($type:ident)*) => { $(
        impl $type {
            /// The key itself. Whoever takes it out has to keep it secret.
            #[must_use]
            pub fn expose(&self) -> &[u8] {
                self.0.as_bytes()
            }
        }
    )* };
}

derived_key!(Sik K1 K2);

macro_rules! redacted {
    ($($type:ident)*) => { $(
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($type), "(…)"))
            }
        }
    )* };
}

redacted!(Password Kg Sik K1 K2);
