use super::secret::K2;
use crate::number::{ConfidentialityAlgorithm, Iv};
use aes::Aes128;
use bytes::{Bytes, BytesMut};
use cbc::cipher::array::Array;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use cbc::{Decryptor, Encryptor};
use zeroize::ZeroizeOnDrop;

/// A confidentiality algorithm that this crate can carry out, IPMI 2.0 §13.28.5.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Confidentiality {
    /// Payloads are readable.
    None,
    /// AES-CBC-128, IPMI 2.0 §13.29.
    AesCbc,
}

impl Confidentiality {
    /// The algorithm of a number.
    #[must_use]
    pub const fn of(algorithm: ConfidentialityAlgorithm) -> Option<Self> {
        match algorithm {
            ConfidentialityAlgorithm::NONE => Some(Self::None),
            ConfidentialityAlgorithm::AES_CBC_128 => Some(Self::AesCbc),
            _ => None,
        }
    }

    /// The length on the wire of `clear` bytes.
    #[must_use]
    pub const fn sealed_len(self, clear: usize) -> usize {
        match self {
            Self::None => clear,
            Self::AesCbc => clear.saturating_add(1).next_multiple_of(BLOCK).saturating_add(BLOCK),
        }
    }
}

/// The key that encrypts the payloads of a session.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 16 | initialisation vector |
/// | 16 | d | data, encrypted from here on |
/// | 16+d | p | padding that counts up: `01 02 03 …`, up to the next multiple of 16 |
/// | 16+d+p | 1 | p, 0–15 |
#[derive(Clone, ZeroizeOnDrop)]
pub(super) struct AesKey([u8; BLOCK]);

impl AesKey {
    /// The first 16 bytes of K2; `None` when there are fewer, as without key exchange.
    pub(super) fn new(k2: &K2) -> Option<Self> {
        k2.expose().first_chunk().copied().map(Self)
    }

    /// Appends the encrypted payload.
    pub(super) fn encrypt(&self, iv: Iv, clear: &[u8], out: &mut BytesMut) {
        let mut padded = BytesMut::with_capacity(Confidentiality::AesCbc.sealed_len(clear.len()));
        padded.extend_from_slice(clear);
        let mut pad = 0;
        while !padded.len().saturating_add(1).is_multiple_of(BLOCK) {
            pad += 1;
            padded.extend_from_slice(&[pad]);
        }
        padded.extend_from_slice(&[pad]);
        self.encrypt_blocks(iv, &padded, out);
    }

    /// Appends the initialisation vector and the encrypted whole blocks of `padded`.
    pub(super) fn encrypt_blocks(&self, iv: Iv, padded: &[u8], out: &mut BytesMut) {
        out.extend_from_slice(&iv.0);
        let start = out.len();
        out.extend_from_slice(padded);
        let (blocks, _) = Array::slice_as_chunks_mut(out.get_mut(start..).unwrap_or_default());
        Encryptor::<Aes128>::new((&self.0).into(), (&iv.0).into()).encrypt_blocks(blocks);
    }

    /// Decrypts a payload and takes its padding off. `None` if either has a form that nobody sends.
    pub(super) fn decrypt(&self, sealed: &[u8]) -> Option<Bytes> {
        let (iv, blocks) = sealed.split_first_chunk::<BLOCK>()?;
        let mut clear = BytesMut::from(blocks);
        let (blocks, cut_off) = Array::slice_as_chunks_mut(&mut clear);
        if !cut_off.is_empty() {
            return None;
        }
        Decryptor::<Aes128>::new((&self.0).into(), iv.into()).decrypt_blocks(blocks);

        let pad_len = clear.last().copied().map(usize::from).filter(|pad| *pad < BLOCK)?;
        let data_len = clear.len().checked_sub(pad_len)?.checked_sub(1)?;
        let pad = clear.split_off(data_len);
        let counts_up = pad.iter().zip(1..).take(pad_len).all(|(byte, expected): (_, u8)| *byte == expected);
        counts_up.then(|| clear.freeze())
    }
}

const BLOCK: usize = 16;
