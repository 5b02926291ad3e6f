//! The codes of IPMI 1.5 packets.

use core::fmt;

use md2::Md2;
use md5::{Digest, Md5};
use subtle::ConstantTimeEq as _;

use super::Password;
use crate::number::{SessionId, SessionSequence, SessionV15Algorithm};
use crate::wire::{Authenticator, SessionV15};

/// What signs and checks the packets of one IPMI 1.5 session, both directions, `IPMI 2.0 §22.17.1`.
///
/// The code is the digest of password, session id, message, sequence number and password again, the password padded with zeros
/// to 16 bytes; or that password itself; or there is none.
#[derive(Clone)]
pub struct PacketKey {
    algorithm: SessionV15Algorithm,
    password: Password,
}

impl PacketKey {
    /// The longest password that IPMI 1.5 can use, in bytes.
    pub const LONGEST_PASSWORD: usize = 16;

    /// The key that a password makes. `None` for an algorithm that this crate does not know, and for a password that is too long.
    #[must_use]
    pub fn new(algorithm: SessionV15Algorithm, password: Password) -> Option<Self> {
        let is_known = matches!(
            algorithm,
            SessionV15Algorithm::NONE
                | SessionV15Algorithm::MD2
                | SessionV15Algorithm::MD5
                | SessionV15Algorithm::PASSWORD
        );
        (is_known && password.significant_len() <= Self::LONGEST_PASSWORD)
            .then_some(Self { algorithm, password })
    }

    /// The algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> SessionV15Algorithm {
        self.algorithm
    }

    /// The packet that carries a message.
    #[must_use]
    pub fn seal<'a>(
        &self,
        session_id: SessionId,
        sequence: SessionSequence,
        message: &'a [u8],
    ) -> SessionV15<'a> {
        let code = self.code(session_id, sequence, message);
        let authenticator = code.and_then(|code| Authenticator::new(self.algorithm, code));
        SessionV15 { authenticator, sequence, session_id, message }
    }

    /// Whether a packet proves the password, in constant time. Without algorithm every packet without code does.
    #[must_use]
    pub fn verifies(&self, packet: &SessionV15<'_>) -> bool {
        let expected = self.code(packet.session_id, packet.sequence, packet.message);
        match (expected, packet.authenticator) {
            (None, None) => true,
            (Some(expected), Some(sent)) => {
                sent.algorithm() == self.algorithm && expected.ct_eq(sent.code()).into()
            }
            _ => false,
        }
    }

    fn code(&self, session_id: SessionId, sequence: SessionSequence, message: &[u8]) -> Option<[u8; 16]> {
        match self.algorithm {
            SessionV15Algorithm::MD2 => Some(self.digest::<Md2>(session_id, sequence, message)),
            SessionV15Algorithm::MD5 => Some(self.digest::<Md5>(session_id, sequence, message)),
            SessionV15Algorithm::PASSWORD => Some(*self.padded()),
            _ => None,
        }
    }

    fn digest<D: Digest>(
        &self,
        session_id: SessionId,
        sequence: SessionSequence,
        message: &[u8],
    ) -> [u8; 16] {
        let digest = D::new()
            .chain_update(self.padded())
            .chain_update(session_id.0.to_le_bytes())
            .chain_update(message)
            .chain_update(sequence.0.to_le_bytes())
            .chain_update(self.padded())
            .finalize();
        let mut code = [0; 16];
        code.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        code
    }

    fn padded(&self) -> &[u8; 16] {
        let (padded, _zeros) = self.password.bytes().split_first_chunk().unwrap_or((&[0; 16], &[]));
        padded
    }
}

impl fmt::Debug for PacketKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PacketKey").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}
