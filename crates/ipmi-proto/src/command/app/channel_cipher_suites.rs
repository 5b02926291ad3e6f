//! Get Channel Cipher Suites (`IPMI 2.0 §22.15`). The records that it lists are [`crate::wire::CipherSuiteRecord`].

use bytes::BufMut;

use crate::command::body::{Body, BodyError, exactly, only_bits};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{ChannelNumber, CommandNumber, NetFn, PayloadType};

const REQUEST: &str = "Get Channel Cipher Suites request";
const RESPONSE: &str = "Get Channel Cipher Suites response";

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
