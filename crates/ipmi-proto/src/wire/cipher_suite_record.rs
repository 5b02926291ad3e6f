use super::error::{DecodeError, Malformed};
use super::parse::{self, Parsed};
use crate::number::{AuthenticationAlgorithm, CipherSuiteId, ConfidentialityAlgorithm, IntegrityAlgorithm};
use bytes::BufMut;
use nom::Parser;

/// One record of the list that Get Channel Cipher Suites gives in pieces, IPMI 2.0 §22.15.1.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 1 | `c0` standard, `c1` OEM |
/// | 1 | 1 | cipher suite id |
/// | 2 | 0 or 3 | OEM only: enterprise number |
/// | … | 1 | `00` + authentication algorithm |
/// | … | 1 | `40` + integrity algorithm |
/// | … | 1 | `80` + confidentiality algorithm |
///
/// All three algorithms are always written, "none" too, because consoles read records of fixed length. Records that
/// leave "none" out are understood.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CipherSuiteRecord {
    /// The suite's number.
    pub id: CipherSuiteId,
    /// Whose suite it is, 24 bits; `None` for a standard one.
    pub oem: Option<u32>,
    /// Key exchange.
    pub authentication: AuthenticationAlgorithm,
    /// Signing of packets.
    pub integrity: IntegrityAlgorithm,
    /// Encryption of payloads.
    pub confidentiality: ConfidentialityAlgorithm,
}

impl CipherSuiteRecord {
    /// Decodes a whole list, all its pieces put together.
    ///
    /// # Errors
    ///
    /// Anything but records one after another; two algorithms of one kind in one record.
    pub fn decode_all(list: &[u8]) -> Result<Vec<Self>, DecodeError> {
        parse::whole("cipher suite records", list, records)
    }

    fn parse(input: &[u8]) -> Parsed<'_, Self> {
        let (rest, (start, id)) = (parse::byte, parse::byte.map(CipherSuiteId)).parse(input)?;
        let (rest, oem) = match start {
            STANDARD => (rest, None),
            OEM => {
                let (rest, [low, middle, high]) = parse::array(rest)?;
                (rest, Some(u32::from_le_bytes([low, middle, high, 0])))
            }
            _ => return parse::fail(input, Malformed::Value { expected: "start of a record, c0 or c1" }),
        };
        let (rest, authentication) = algorithm(rest, AUTHENTICATION)?;
        let (rest, integrity) = algorithm(rest, INTEGRITY)?;
        let (rest, confidentiality) = algorithm(rest, CONFIDENTIALITY)?;
        let record = Self {
            id,
            oem,
            authentication: AuthenticationAlgorithm(authentication),
            integrity: IntegrityAlgorithm(integrity),
            confidentiality: ConfidentialityAlgorithm(confidentiality),
        };
        Ok((rest, record))
    }

    /// Appends the record.
    pub fn encode(&self, out: &mut impl BufMut) {
        match self.oem {
            None => out.put_slice(&[STANDARD, self.id.0]),
            Some(oem) => {
                let [low, middle, high, _] = oem.to_le_bytes();
                out.put_slice(&[OEM, self.id.0, low, middle, high]);
            }
        }
        out.put_u8(AUTHENTICATION | self.authentication.0 & ALGORITHM);
        out.put_u8(INTEGRITY | self.integrity.0 & ALGORITHM);
        out.put_u8(CONFIDENTIALITY | self.confidentiality.0 & ALGORITHM);
    }
}

fn records(mut input: &[u8]) -> Parsed<'_, Vec<CipherSuiteRecord>> {
    let mut records = Vec::new();
    while !input.is_empty() {
        let (rest, record) = CipherSuiteRecord::parse(input)?;
        records.push(record);
        input = rest;
    }
    Ok((input, records))
}

/// The algorithm of a kind at the start of `input`; 0 when there is none of this kind.
fn algorithm(input: &[u8], kind: u8) -> Parsed<'_, u8> {
    match input.split_first() {
        Some((byte, rest)) if byte & KIND == kind => Ok((rest, byte & ALGORITHM)),
        _ => Ok((input, 0)),
    }
}

const STANDARD: u8 = 0xc0;
const OEM: u8 = 0xc1;
const KIND: u8 = 0xc0;
const AUTHENTICATION: u8 = 0x00;
const INTEGRITY: u8 = 0x40;
const CONFIDENTIALITY: u8 = 0x80;
const ALGORITHM: u8 = 0x3f;
