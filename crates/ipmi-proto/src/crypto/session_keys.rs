use super::confidentiality::AesKey;
use super::integrity::IntegrityKey;
use super::secret::{Password, Sik};
use super::{Algorithms, Confidentiality, Integrity};
use crate::number::{Iv, PayloadType, SessionId, SessionSequence};
use crate::wire::{AuthCode, EncodeError, OemPayload, Sealed, SessionHeader, payload_length};
use bytes::{BufMut, Bytes, BytesMut};
use core::fmt;
use thiserror::Error;

/// What seals and opens the packets of one session, both directions, IPMI 2.0 §13.28–13.29.
///
/// The session trailer that ends a signed packet:
///
/// | size | field |
/// |---|---|
/// | 0–3 | padding `ff`, up to a multiple of 4 from the start of the session header to the next header |
/// | 1 | number of padding bytes |
/// | 1 | next header, `07` |
/// | 12 or 16 | code over all from the start of the session header to the next header |
#[derive(Clone)]
pub struct SessionKeys {
    algorithms: Algorithms,
    integrity: IntegrityKey,
    aes: Option<AesKey>,
}

/// The payload of a packet whose code was right and whose encryption came off.
///
/// It exists only as what [`SessionKeys::open`] gives. A suite without integrity algorithm proves nothing here
/// either: whoever offers one knows that.
#[derive(Clone, PartialEq, Eq)]
pub struct Opened {
    payload_type: PayloadType,
    oem: Option<OemPayload>,
    sequence: SessionSequence,
    payload: Bytes,
}

/// A packet that is not of this session. It has to be dropped without an answer, and must not change any state.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum Unauthentic {
    /// Signed or encrypted, or neither, where the session's suite says otherwise.
    #[error("protection differs from the session's cipher suite")]
    Protection,
    /// The code at the end is wrong.
    #[error("wrong authentication code")]
    AuthCode,
    /// The code is right, but the trailer before it is no trailer.
    #[error("malformed session trailer")]
    Trailer,
    /// The code is right, but the payload is not what encryption makes.
    #[error("malformed encrypted payload")]
    Confidentiality,
}

impl SessionKeys {
    /// The keys that follow from a session integrity key. The password is needed by MD5-128 alone, which signs with it.
    #[must_use]
    pub fn derive(algorithms: Algorithms, sik: &Sik, password: &Password) -> Self {
        let k1 = algorithms.authentication().k1(sik);
        let integrity = IntegrityKey::new(algorithms.integrity(), k1, password.clone());
        let aes = match algorithms.confidentiality() {
            Confidentiality::None => None,
            Confidentiality::AesCbc => AesKey::new(&algorithms.authentication().k2(sik)),
        };
        Self { algorithms, integrity, aes }
    }

    /// Keys that sign and check as these do and do not encrypt: for a payload that was activated without encryption in a session that
    /// encrypts all others, IPMI 2.0 §24.1.
    #[must_use]
    pub fn in_clear(&self) -> Self {
        Self { algorithms: self.algorithms.in_clear(), integrity: self.integrity.clone(), aes: None }
    }

    /// The algorithms in use.
    #[must_use]
    pub const fn algorithms(&self) -> Algorithms {
        self.algorithms
    }

    /// Appends a packet that carries `clear` to the other side, whose session id is `session_id`. What comes before in
    /// `out` is not covered: put the RMCP header there.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if the payload, encrypted, has more than 65535 bytes; nothing is appended then.
    pub fn seal(
        &self,
        payload_type: PayloadType,
        session_id: SessionId,
        sequence: SessionSequence,
        iv: Iv,
        clear: &[u8],
        out: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        let length = payload_length(self.algorithms.confidentiality().sealed_len(clear.len()))?;
        let start = out.len();
        let header = SessionHeader {
            encrypted: self.encrypts(),
            authenticated: self.signs(),
            payload_type,
            oem: None,
            session_id,
            sequence,
        };
        header.encode(length, out);
        match &self.aes {
            Some(aes) => aes.encrypt(iv, clear, out),
            None => out.put_slice(clear),
        }
        if self.signs() {
            self.put_trailer(start, out);
        }
        Ok(())
    }

    fn put_trailer(&self, start: usize, out: &mut BytesMut) {
        let unpadded = out.len().saturating_sub(start).saturating_add(2);
        let pad = unpadded.next_multiple_of(4).saturating_sub(unpadded);
        out.put_bytes(INTEGRITY_PAD, pad);
        // A remainder of 4 fits a byte.
        out.put_u8(u8::try_from(pad).unwrap_or_default());
        out.put_u8(NEXT_HEADER);
        let code = self.integrity.sign(out.get(start..).unwrap_or_default());
        out.put_slice(code.as_bytes());
    }

    /// Opens a packet that claims to be of this session. The code is checked before anything else is looked at.
    ///
    /// # Errors
    ///
    /// [`Unauthentic`] if the packet is not of this session; bytes after its code count as a wrong code.
    pub fn open(&self, sealed: &Sealed<'_>) -> Result<Opened, Unauthentic> {
        if sealed.is_authenticated() != self.signs() || sealed.is_encrypted() != self.encrypts() {
            return Err(Unauthentic::Protection);
        }
        if self.signs() {
            self.verify(sealed)?;
        }
        let payload = match (self.algorithms.confidentiality(), &self.aes) {
            (Confidentiality::None, _) => Bytes::copy_from_slice(sealed.unproven_payload()),
            (Confidentiality::AesCbc, Some(aes)) => {
                aes.decrypt(sealed.unproven_payload()).ok_or(Unauthentic::Confidentiality)?
            }
            (Confidentiality::AesCbc, None) => return Err(Unauthentic::Confidentiality),
        };
        Ok(Opened {
            payload_type: sealed.payload_type(),
            oem: sealed.oem(),
            sequence: sealed.sequence(),
            payload,
        })
    }

    fn verify(&self, sealed: &Sealed<'_>) -> Result<(), Unauthentic> {
        let code_len = self.integrity.algorithm().code_len();
        let packet = sealed.packet();
        let (covered, code) = packet
            .len()
            .checked_sub(code_len)
            .and_then(|covered| packet.split_at_checked(covered))
            .ok_or(Unauthentic::AuthCode)?;
        let expected = self.integrity.sign(covered);
        if AuthCode::new(code) != Ok(expected) {
            return Err(Unauthentic::AuthCode);
        }

        let trailer = sealed.trailer();
        let before_code = trailer.len().checked_sub(code_len).and_then(|len| trailer.get(..len));
        match before_code {
            Some([pad @ .., pad_len, NEXT_HEADER]) if pad.len() == usize::from(*pad_len) => Ok(()),
            _ => Err(Unauthentic::Trailer),
        }
    }

    fn signs(&self) -> bool {
        self.algorithms.integrity() != Integrity::None
    }

    fn encrypts(&self) -> bool {
        self.algorithms.confidentiality() != Confidentiality::None
    }
}

impl fmt::Debug for SessionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionKeys").field("algorithms", &self.algorithms).finish_non_exhaustive()
    }
}

impl Opened {
    /// What the payload is.
    #[must_use]
    pub const fn payload_type(&self) -> PayloadType {
        self.payload_type
    }

    /// Whose OEM explicit payload it is.
    #[must_use]
    pub const fn oem(&self) -> Option<OemPayload> {
        self.oem
    }

    /// The packet's sequence number.
    #[must_use]
    pub const fn sequence(&self) -> SessionSequence {
        self.sequence
    }

    /// The payload, decrypted.
    #[must_use]
    pub const fn payload(&self) -> &Bytes {
        &self.payload
    }
}

/// The payload may hold a secret, so only its length is shown.
impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened")
            .field("payload_type", &self.payload_type)
            .field("sequence", &self.sequence)
            .field("payload_len", &self.payload.len())
            .finish_non_exhaustive()
    }
}

const INTEGRITY_PAD: u8 = 0xff;
const NEXT_HEADER: u8 = 0x07;

#[cfg(test)]
mod tests;
