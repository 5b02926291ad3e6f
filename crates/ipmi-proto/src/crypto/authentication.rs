use super::secret::{Digest, K1, K2, Sik};
use crate::number::AuthenticationAlgorithm;
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::Sha256;

/// A key exchange algorithm that this crate can carry out, IPMI 2.0 §13.28.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Authentication {
    /// No proofs and no keys: whoever asks is let in.
    None,
    /// RAKP-HMAC-SHA1.
    HmacSha1,
    /// RAKP-HMAC-MD5.
    HmacMd5,
    /// RAKP-HMAC-SHA256.
    HmacSha256,
}

impl Authentication {
    /// The algorithm of a number.
    #[must_use]
    pub const fn of(algorithm: AuthenticationAlgorithm) -> Option<Self> {
        match algorithm {
            AuthenticationAlgorithm::RAKP_NONE => Some(Self::None),
            AuthenticationAlgorithm::RAKP_HMAC_SHA1 => Some(Self::HmacSha1),
            AuthenticationAlgorithm::RAKP_HMAC_MD5 => Some(Self::HmacMd5),
            AuthenticationAlgorithm::RAKP_HMAC_SHA256 => Some(Self::HmacSha256),
            _ => None,
        }
    }

    /// The length of the proofs in RAKP 2 and 3, in bytes: the whole digest.
    #[must_use]
    pub const fn proof_len(self) -> usize {
        match self {
            Self::None => 0,
            Self::HmacSha1 => 20,
            Self::HmacMd5 => 16,
            Self::HmacSha256 => 32,
        }
    }

    /// The length of the integrity check value in RAKP 4, in bytes. It follows from this algorithm, not from the
    /// integrity algorithm of the session.
    #[must_use]
    pub const fn integrity_check_len(self) -> usize {
        match self {
            Self::None => 0,
            Self::HmacSha1 => 12,
            Self::HmacMd5 | Self::HmacSha256 => 16,
        }
    }

    /// The keyed hash over `parts`, one after another.
    pub(super) fn mac(self, key: &[u8], parts: &[&[u8]]) -> Digest {
        match self {
            Self::None => Digest::EMPTY,
            Self::HmacSha1 => hmac::<Hmac<Sha1>>(key, parts),
            Self::HmacMd5 => hmac::<Hmac<Md5>>(key, parts),
            Self::HmacSha256 => hmac::<Hmac<Sha256>>(key, parts),
        }
    }

    /// K1 (IPMI 2.0 §13.32). The constant has 20 bytes whatever the length of the digest.
    #[must_use]
    pub fn k1(self, sik: &Sik) -> K1 {
        K1(self.mac(sik.expose(), &[&[0x01; 20]]))
    }

    /// K2, with the other constant.
    #[must_use]
    pub fn k2(self, sik: &Sik) -> K2 {
        K2(self.mac(sik.expose(), &[&[0x02; 20]]))
    }
}

/// The HMAC of `parts` under `key`.
pub(super) fn hmac<H: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Digest {
    // HMAC takes keys of any length; an algorithm that did not would have no code, which proves nothing.
    let Ok(mut mac) = <H as KeyInit>::new_from_slice(key) else { return Digest::EMPTY };
    parts.iter().for_each(|part| mac.update(part));
    Digest::new(&mac.finalize().into_bytes())
}
