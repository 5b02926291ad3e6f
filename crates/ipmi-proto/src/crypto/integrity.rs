use super::authentication::hmac;
use super::secret::{K1, Password};
use crate::number::IntegrityAlgorithm;
use crate::wire::AuthCode;
use hmac::Hmac;
use md5::{Digest as _, Md5};
use sha1::Sha1;
use sha2::Sha256;
use zeroize::ZeroizeOnDrop;

/// An integrity algorithm that this crate can carry out, IPMI 2.0 §13.28.4.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Integrity {
    /// Packets are not signed.
    None,
    /// HMAC-SHA1-96.
    HmacSha1,
    /// HMAC-MD5-128.
    HmacMd5,
    /// MD5-128: keyed with the password, not with K1.
    Md5,
    /// HMAC-SHA256-128.
    HmacSha256,
}

impl Integrity {
    /// The algorithm of a number.
    #[must_use]
    pub const fn of(algorithm: IntegrityAlgorithm) -> Option<Self> {
        match algorithm {
            IntegrityAlgorithm::NONE => Some(Self::None),
            IntegrityAlgorithm::HMAC_SHA1_96 => Some(Self::HmacSha1),
            IntegrityAlgorithm::HMAC_MD5_128 => Some(Self::HmacMd5),
            IntegrityAlgorithm::MD5_128 => Some(Self::Md5),
            IntegrityAlgorithm::HMAC_SHA256_128 => Some(Self::HmacSha256),
            _ => None,
        }
    }

    /// The length of the code at the end of a packet, in bytes.
    #[must_use]
    pub const fn code_len(self) -> usize {
        match self {
            Self::None => 0,
            Self::HmacSha1 => 12,
            Self::HmacMd5 | Self::Md5 | Self::HmacSha256 => 16,
        }
    }
}

/// The key that signs the packets of a session, with its algorithm.
#[derive(Clone, ZeroizeOnDrop)]
pub(super) struct IntegrityKey {
    #[zeroize(skip)]
    algorithm: Integrity,
    k1: K1,
    password: Password,
}

impl IntegrityKey {
    pub(super) const fn new(algorithm: Integrity, k1: K1, password: Password) -> Self {
        Self { algorithm, k1, password }
    }

    pub(super) const fn algorithm(&self) -> Integrity {
        self.algorithm
    }

    /// The code over `covered`.
    pub(super) fn sign(&self, covered: &[u8]) -> AuthCode {
        let key = self.k1.expose();
        let digest = match self.algorithm {
            Integrity::None => return AuthCode::EMPTY,
            Integrity::HmacSha1 => hmac::<Hmac<Sha1>>(key, &[covered]),
            Integrity::HmacMd5 => hmac::<Hmac<Md5>>(key, &[covered]),
            Integrity::HmacSha256 => hmac::<Hmac<Sha256>>(key, &[covered]),
            Integrity::Md5 => {
                let password = self.password.bytes();
                let md5 = Md5::new().chain_update(password).chain_update(covered).chain_update(password);
                super::secret::Digest::new(&md5.finalize())
            }
        };
        AuthCode::truncated(digest.as_bytes(), self.algorithm.code_len())
    }
}
