//! Get Channel Cipher Suites (`IPMI 2.0 §22.15`) and the records that it lists (`IPMI 2.0 §22.15.1`).

use bytes::BufMut;

use crate::command::body::{Body, BodyError, exactly, only_bits};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{
    AuthenticationAlgorithm, ChannelNumber, CipherSuiteId, CommandNumber, ConfidentialityAlgorithm,
    IntegrityAlgorithm, NetFn, PayloadType,
};

const REQUEST: &str = "Get Channel Cipher Suites request";
const RESPONSE: &str = "Get Channel Cipher Suites response";
const RECORD: &str = "cipher suite record";

/// Asks for one page of the list of cipher suites. Consoles send it outside a session, before they log in.
///
/// | byte | bits | content |
/// |---|---|---|
/// | 1 | 7:4 | reserved |
/// | | 3:0 | channel |
/// | 2 | 7:6 | reserved |
/// | | 5:0 | payload type |
/// | 3 | 7 | [`Listing`] |
/// | | 6 | reserved |
/// | | 5:0 | page, from 0 |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetChannelCipherSuites {
    /// Which channel; usually [`ChannelNumber::THIS`].
    pub channel: ChannelNumber,
    /// For which payload.
    pub payload_type: PayloadType,
    /// What to list.
    pub listing: Listing,
    /// Which piece of [`ChannelCipherSuites::PAGE`] bytes, 0 to 63.
    pub page: u8,
}

/// What Get Channel Cipher Suites lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Listing {
    /// The algorithms of the channel, each tag once.
    Algorithms,
    /// The cipher suites of the channel, a record each.
    CipherSuites,
}

impl Command for GetChannelCipherSuites {
    type Response = ChannelCipherSuites;
    const NET_FN: NetFn = NetFn::APP;
    const COMMAND: CommandNumber = CommandNumber(0x54);
    const NAME: &'static str = "Get Channel Cipher Suites";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::NoSession;
    const SECTION: &'static str = "IPMI 2.0 §22.15";
}

impl Body for GetChannelCipherSuites {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let [channel, payload_type, index] = exactly(REQUEST, data)?;
        only_bits(REQUEST, 2, index, 0xbf)?;
        Ok(Self {
            channel: ChannelNumber(only_bits(REQUEST, 0, channel, 0x0f)?),
            payload_type: PayloadType::new(only_bits(REQUEST, 1, payload_type, 0x3f)?),
            listing: if index & 0x80 == 0 { Listing::Algorithms } else { Listing::CipherSuites },
            page: index & 0x3f,
        })
    }

    fn encode(&self, out: &mut impl BufMut) {
        let listing = match self.listing {
            Listing::Algorithms => 0x00,
            Listing::CipherSuites => 0x80,
        };
        out.put_slice(&[self.channel.0 & 0x0f, self.payload_type.0 & 0x3f, listing | (self.page & 0x3f)]);
    }
}

/// The answer: the channel and up to 16 bytes of the list.
///
/// | byte | content |
/// |---|---|
/// | 1 | channel, the real number |
/// | 2– | the bytes of this page; fewer than 16, or none, end the list |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelCipherSuites {
    /// The real number of the channel, never [`ChannelNumber::THIS`].
    pub channel: ChannelNumber,
    /// The bytes of this page, at most [`ChannelCipherSuites::PAGE`].
    pub records: Vec<u8>,
}

impl ChannelCipherSuites {
    /// How many bytes of the list one answer carries at most.
    pub const PAGE: usize = 16;

    /// Whether the list goes on, perhaps with an empty page.
    #[must_use]
    pub const fn has_more(&self) -> bool {
        self.records.len() == Self::PAGE
    }
}

impl Body for ChannelCipherSuites {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        match data {
            [channel, records @ ..] if records.len() <= Self::PAGE => {
                Ok(Self { channel: ChannelNumber(channel & 0x0f), records: records.to_vec() })
            }
            _ => Err(BodyError::Length { message: RESPONSE, len: data.len() }),
        }
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.channel.0 & 0x0f);
        out.put_slice(self.records.get(..Self::PAGE).unwrap_or(&self.records));
    }
}

/// The bytes of one page of a list; empty beyond its end.
#[must_use]
pub fn record_page(list: &[u8], page: u8) -> &[u8] {
    list.chunks(ChannelCipherSuites::PAGE).nth(usize::from(page)).unwrap_or_default()
}

/// One cipher suite in the list: five bytes, or eight for an OEM suite.
///
/// | byte | content |
/// |---|---|
/// | 1 | C0, or C1 for an OEM suite |
/// | 2 | number of the suite |
/// | 3–5 | only after C1: IANA enterprise number, least significant byte first |
/// | next | authentication: bits 7:6 00, bits 5:0 the algorithm |
/// | next | integrity: bits 7:6 01, bits 5:0 the algorithm |
/// | last | confidentiality: bits 7:6 10, bits 5:0 the algorithm |
///
/// The specification lets a suite name several or no algorithms of a kind. Consoles read records of fixed
/// length, so exactly one of each is written, "none" included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CipherSuiteRecord {
    /// The number of the suite.
    pub id: CipherSuiteId,
    /// IANA enterprise number of whoever defines an OEM suite, 24 bits.
    pub oem: Option<u32>,
    /// How consoles log in.
    pub authentication: AuthenticationAlgorithm,
    /// How packets are signed.
    pub integrity: IntegrityAlgorithm,
    /// How payloads are encrypted.
    pub confidentiality: ConfidentialityAlgorithm,
}

const STANDARD: u8 = 0xc0;
const OEM: u8 = 0xc1;
const INTEGRITY_TAG: u8 = 0x40;
const CONFIDENTIALITY_TAG: u8 = 0x80;

impl CipherSuiteRecord {
    /// Writes the record.
    pub fn encode(&self, out: &mut impl BufMut) {
        match self.oem {
            None => out.put_slice(&[STANDARD, self.id.0]),
            Some(oem) => {
                out.put_slice(&[OEM, self.id.0]);
                out.put_uint_le(u64::from(oem & 0x00ff_ffff), 3);
            }
        }
        out.put_slice(&[
            self.authentication.0 & 0x3f,
            INTEGRITY_TAG | (self.integrity.0 & 0x3f),
            CONFIDENTIALITY_TAG | (self.confidentiality.0 & 0x3f),
        ]);
    }

    /// Reads the first record of a list and returns it with the rest of the list.
    ///
    /// # Errors
    /// [`BodyError::Length`] when the list ends inside the record, [`BodyError::Field`] when a tag is not what
    /// the record must have there.
    pub fn decode(list: &[u8]) -> Result<(Self, &[u8]), BodyError> {
        let (id, oem, algorithms, offset) = match list {
            [STANDARD, id, rest @ ..] => (*id, None, rest, 2),
            [OEM, id, oem_0, oem_1, oem_2, rest @ ..] => {
                (*id, Some(u32::from_le_bytes([*oem_0, *oem_1, *oem_2, 0])), rest, 5)
            }
            [] | [STANDARD | OEM, ..] => return Err(BodyError::Length { message: RECORD, len: list.len() }),
            [value, ..] => return Err(BodyError::Field { message: RECORD, offset: 0, value: *value }),
        };
        let [authentication, integrity, confidentiality, rest @ ..] = algorithms else {
            return Err(BodyError::Length { message: RECORD, len: list.len() });
        };
        let record = Self {
            id: CipherSuiteId(id),
            oem,
            authentication: AuthenticationAlgorithm(tagged(*authentication, 0x00, offset)?),
            integrity: IntegrityAlgorithm(tagged(*integrity, INTEGRITY_TAG, offset + 1)?),
            confidentiality: ConfidentialityAlgorithm(tagged(
                *confidentiality,
                CONFIDENTIALITY_TAG,
                offset + 2,
            )?),
        };
        Ok((record, rest))
    }

    /// Reads all records of a list.
    ///
    /// # Errors
    /// As [`CipherSuiteRecord::decode`].
    pub fn decode_list(mut list: &[u8]) -> Result<Vec<Self>, BodyError> {
        let mut records = Vec::new();
        while !list.is_empty() {
            let (record, rest) = Self::decode(list)?;
            records.push(record);
            list = rest;
        }
        Ok(records)
    }
}

/// The number under a tag in bits 7:6.
const fn tagged(value: u8, tag: u8, offset: usize) -> Result<u8, BodyError> {
    if value & 0xc0 == tag {
        Ok(value & 0x3f)
    } else {
        Err(BodyError::Field { message: RECORD, offset, value })
    }
}
