use super::{Authentication, Confidentiality, Integrity};
use crate::number::{AuthenticationAlgorithm, CipherSuiteId, ConfidentialityAlgorithm, IntegrityAlgorithm};
use crate::wire::{CipherSuiteRecord, Proposal};
use core::fmt;

/// A standard cipher suite: a number and three algorithms, IPMI 2.0 §22.15.2. Any other combination is no suite.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CipherSuite {
    id: CipherSuiteId,
    authentication: AuthenticationAlgorithm,
    integrity: IntegrityAlgorithm,
    confidentiality: ConfidentialityAlgorithm,
}

/// The algorithms of a suite that this crate can carry out.
///
/// Only [`CipherSuite::algorithms`] makes them, so that a key exchange without keys never meets an algorithm that
/// needs one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Algorithms {
    authentication: Authentication,
    integrity: Integrity,
    confidentiality: Confidentiality,
}

impl Algorithms {
    /// Key exchange.
    #[must_use]
    pub const fn authentication(self) -> Authentication {
        self.authentication
    }

    /// Signing of packets.
    #[must_use]
    pub const fn integrity(self) -> Integrity {
        self.integrity
    }

    /// Encryption of payloads.
    #[must_use]
    pub const fn confidentiality(self) -> Confidentiality {
        self.confidentiality
    }

    /// The same without encryption of payloads.
    pub(super) const fn in_clear(self) -> Self {
        Self { confidentiality: Confidentiality::None, ..self }
    }
}

impl CipherSuite {
    /// HMAC-SHA1, HMAC-SHA1-96, AES-CBC-128: the baseline that everybody has.
    pub const SHA1_AES: Self = Self::standard(
        3,
        AuthenticationAlgorithm::RAKP_HMAC_SHA1,
        IntegrityAlgorithm::HMAC_SHA1_96,
        ConfidentialityAlgorithm::AES_CBC_128,
    );

    /// HMAC-SHA256, HMAC-SHA256-128, AES-CBC-128: the best one.
    pub const SHA256_AES: Self = Self::standard(
        17,
        AuthenticationAlgorithm::RAKP_HMAC_SHA256,
        IntegrityAlgorithm::HMAC_SHA256_128,
        ConfidentialityAlgorithm::AES_CBC_128,
    );

    /// All suites, by number.
    pub const ALL: [Self; 20] = {
        use AuthenticationAlgorithm as A;
        use ConfidentialityAlgorithm as C;
        use IntegrityAlgorithm as I;
        [
            Self::standard(0, A::RAKP_NONE, I::NONE, C::NONE),
            Self::standard(1, A::RAKP_HMAC_SHA1, I::NONE, C::NONE),
            Self::standard(2, A::RAKP_HMAC_SHA1, I::HMAC_SHA1_96, C::NONE),
            Self::SHA1_AES,
            Self::standard(4, A::RAKP_HMAC_SHA1, I::HMAC_SHA1_96, C::XRC4_128),
            Self::standard(5, A::RAKP_HMAC_SHA1, I::HMAC_SHA1_96, C::XRC4_40),
            Self::standard(6, A::RAKP_HMAC_MD5, I::NONE, C::NONE),
            Self::standard(7, A::RAKP_HMAC_MD5, I::HMAC_MD5_128, C::NONE),
            Self::standard(8, A::RAKP_HMAC_MD5, I::HMAC_MD5_128, C::AES_CBC_128),
            Self::standard(9, A::RAKP_HMAC_MD5, I::HMAC_MD5_128, C::XRC4_128),
            Self::standard(10, A::RAKP_HMAC_MD5, I::HMAC_MD5_128, C::XRC4_40),
            Self::standard(11, A::RAKP_HMAC_MD5, I::MD5_128, C::NONE),
            Self::standard(12, A::RAKP_HMAC_MD5, I::MD5_128, C::AES_CBC_128),
            Self::standard(13, A::RAKP_HMAC_MD5, I::MD5_128, C::XRC4_128),
            Self::standard(14, A::RAKP_HMAC_MD5, I::MD5_128, C::XRC4_40),
            Self::standard(15, A::RAKP_HMAC_SHA256, I::NONE, C::NONE),
            Self::standard(16, A::RAKP_HMAC_SHA256, I::HMAC_SHA256_128, C::NONE),
            Self::SHA256_AES,
            Self::standard(18, A::RAKP_HMAC_SHA256, I::HMAC_SHA256_128, C::XRC4_128),
            Self::standard(19, A::RAKP_HMAC_SHA256, I::HMAC_SHA256_128, C::XRC4_40),
        ]
    };

    const fn standard(
        id: u8,
        authentication: AuthenticationAlgorithm,
        integrity: IntegrityAlgorithm,
        confidentiality: ConfidentialityAlgorithm,
    ) -> Self {
        Self { id: CipherSuiteId(id), authentication, integrity, confidentiality }
    }

    /// The suite of this number.
    #[must_use]
    pub fn by_id(id: CipherSuiteId) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.id == id)
    }

    /// The suite of exactly these algorithms.
    #[must_use]
    pub fn by_algorithms(
        authentication: AuthenticationAlgorithm,
        integrity: IntegrityAlgorithm,
        confidentiality: ConfidentialityAlgorithm,
    ) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| {
            suite.authentication == authentication
                && suite.integrity == integrity
                && suite.confidentiality == confidentiality
        })
    }

    /// The number.
    #[must_use]
    pub const fn id(self) -> CipherSuiteId {
        self.id
    }

    /// Key exchange.
    #[must_use]
    pub const fn authentication(self) -> AuthenticationAlgorithm {
        self.authentication
    }

    /// Signing of packets.
    #[must_use]
    pub const fn integrity(self) -> IntegrityAlgorithm {
        self.integrity
    }

    /// Encryption of payloads.
    #[must_use]
    pub const fn confidentiality(self) -> ConfidentialityAlgorithm {
        self.confidentiality
    }

    /// What is needed to carry the suite out; `None` for the suites with RC4, which this crate does not speak.
    #[must_use]
    pub fn algorithms(self) -> Option<Algorithms> {
        Some(Algorithms {
            authentication: Authentication::of(self.authentication)?,
            integrity: Integrity::of(self.integrity)?,
            confidentiality: Confidentiality::of(self.confidentiality)?,
        })
    }

    /// Whether every packet of a session is signed and every payload encrypted, with keys that depend on a password.
    #[must_use]
    pub fn protects_packets(self) -> bool {
        self.authentication != AuthenticationAlgorithm::RAKP_NONE
            && self.integrity != IntegrityAlgorithm::NONE
            && self.confidentiality != ConfidentialityAlgorithm::NONE
    }

    /// What the suite gives away, in words for people; `None` for 3 and 17, which give away no more than every IPMI login does.
    #[must_use]
    pub fn weakness(self) -> Option<&'static str> {
        use AuthenticationAlgorithm as A;
        use IntegrityAlgorithm as I;
        if self.protects_packets() && matches!(self.authentication, A::RAKP_HMAC_SHA1 | A::RAKP_HMAC_SHA256) {
            return match self.confidentiality {
                ConfidentialityAlgorithm::AES_CBC_128 => None,
                _ => Some("encrypts with RC4, which is broken"),
            };
        }
        Some(match (self.authentication, self.integrity) {
            (A::RAKP_NONE, _) => "checks no password: whoever knows a user name has that user's rights",
            (_, I::NONE) => {
                "neither signs nor encrypts: whoever sees a session's packets can read them and send commands in its place"
            }
            (_, I::MD5_128) => {
                "signs with MD5 and the password itself, so that recorded packets help to guess it"
            }
            (A::RAKP_HMAC_MD5, _) if self.confidentiality != ConfidentialityAlgorithm::NONE => {
                "rests on MD5, which is outdated"
            }
            (A::RAKP_HMAC_MD5, _) => {
                "rests on MD5, which is outdated, and everybody on the way can read along"
            }
            _ => "does not encrypt: everybody on the way can read along",
        })
    }

    /// The suite as Open Session proposes or grants it.
    #[must_use]
    pub const fn proposal(self) -> Proposal {
        Proposal {
            authentication: Some(self.authentication),
            integrity: Some(self.integrity),
            confidentiality: Some(self.confidentiality),
        }
    }

    /// The suite as Get Channel Cipher Suites lists it.
    #[must_use]
    pub const fn record(self) -> CipherSuiteRecord {
        CipherSuiteRecord {
            id: self.id,
            oem: None,
            authentication: self.authentication,
            integrity: self.integrity,
            confidentiality: self.confidentiality,
        }
    }
}

impl fmt::Display for CipherSuite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} ({}, {}, {})",
            self.id.0,
            self.authentication.name().unwrap_or("?"),
            self.integrity.name().unwrap_or("?"),
            self.confidentiality.name().unwrap_or("?"),
        )
    }
}

impl fmt::Debug for CipherSuite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CipherSuite({self})")
    }
}
