use super::error::{DecodeError, Malformed};
use super::parse::{self, Parsed};
use crate::number::{Address, CommandNumber, CompletionCode, Lun, NetFn, RqSeq};
use bytes::{BufMut, Bytes, BytesMut};
use nom::Parser;

/// An IPMI request over LAN, IPMI 2.0 §13.8.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 1 | responder's address |
/// | 1 | 1 | bits 7:2 network function (even), bits 1:0 responder's LUN |
/// | 2 | 1 | checksum over bytes 0–1 |
/// | 3 | 1 | requester's address |
/// | 4 | 1 | bits 7:2 requester's sequence number, bits 1:0 requester's LUN |
/// | 5 | 1 | command |
/// | 6 | n | data |
/// | 6+n | 1 | checksum over bytes 3 to 5+n |
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LanRequest {
    /// Who is asked, [`Address::BMC`].
    pub responder: Address,
    /// The network function, even.
    pub net_fn: NetFn,
    /// The responder's logical unit.
    pub responder_lun: Lun,
    /// Who asks, [`Address::REMOTE_CONSOLE`].
    pub requester: Address,
    /// Pairs the request with its response.
    pub requester_seq: RqSeq,
    /// The requester's logical unit.
    pub requester_lun: Lun,
    /// The command.
    pub command: CommandNumber,
    /// The command's parameters.
    pub data: Bytes,
}

/// An IPMI response over LAN, IPMI 2.0 §13.8.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 1 | requester's address |
/// | 1 | 1 | bits 7:2 network function (odd), bits 1:0 requester's LUN |
/// | 2 | 1 | checksum over bytes 0–1 |
/// | 3 | 1 | responder's address |
/// | 4 | 1 | bits 7:2 requester's sequence number, bits 1:0 responder's LUN |
/// | 5 | 1 | command |
/// | 6 | 1 | completion code |
/// | 7 | n | data |
/// | 7+n | 1 | checksum over bytes 3 to 6+n |
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LanResponse {
    /// Who asked.
    pub requester: Address,
    /// The network function, odd.
    pub net_fn: NetFn,
    /// The requester's logical unit.
    pub requester_lun: Lun,
    /// Who answers.
    pub responder: Address,
    /// The request's sequence number.
    pub requester_seq: RqSeq,
    /// The responder's logical unit.
    pub responder_lun: Lun,
    /// The request's command.
    pub command: CommandNumber,
    /// How it ended.
    pub completion_code: CompletionCode,
    /// The result.
    pub data: Bytes,
}

impl LanRequest {
    /// The bytes around the data.
    pub const OVERHEAD: usize = 7;

    /// A request from a remote console to the BMC itself.
    #[must_use]
    pub fn to_bmc(
        net_fn: NetFn,
        command: CommandNumber,
        requester_seq: RqSeq,
        data: impl Into<Bytes>,
    ) -> Self {
        Self {
            responder: Address::BMC,
            net_fn,
            responder_lun: Lun::BMC,
            requester: Address::REMOTE_CONSOLE,
            requester_seq,
            requester_lun: Lun::BMC,
            command,
            data: data.into(),
        }
    }

    /// The response to this request.
    #[must_use]
    pub fn respond(&self, completion_code: CompletionCode, data: impl Into<Bytes>) -> LanResponse {
        LanResponse {
            requester: self.requester,
            net_fn: self.net_fn.response(),
            requester_lun: self.requester_lun,
            responder: self.responder,
            requester_seq: self.requester_seq,
            responder_lun: self.responder_lun,
            command: self.command,
            completion_code,
            data: data.into(),
        }
    }

    /// Decodes an IPMI message that is a request.
    ///
    /// # Errors
    ///
    /// Shorter than 7 bytes, a wrong checksum, a response's network function.
    pub fn decode(message: &[u8]) -> Result<Self, DecodeError> {
        parse::whole("IPMI request", message, |input| {
            let (at_net_fn, responder) = parse::byte.map(Address).parse(input)?;
            let (rest, (net_fn, responder_lun)) = upper_and_lun(at_net_fn)?;
            let net_fn = NetFn::new(net_fn);
            if net_fn.is_response() {
                return parse::fail(at_net_fn, Malformed::Value { expected: "an even network function" });
            }
            let (second_part, ()) = checksum(input, rest)?;
            let (rest, (requester, (sequence, requester_lun), command)) =
                (parse::byte.map(Address), upper_and_lun, parse::byte.map(CommandNumber))
                    .parse(second_part)?;
            let (rest, data) = data_and_checksum(second_part, rest)?;
            let requester_seq = RqSeq::new(sequence);
            Ok((
                rest,
                Self {
                    responder,
                    net_fn,
                    responder_lun,
                    requester,
                    requester_seq,
                    requester_lun,
                    command,
                    data,
                },
            ))
        })
    }

    /// Appends the message.
    pub fn encode(&self, out: &mut impl BufMut) {
        put_checked(out, &[self.responder.0, self.net_fn.0 << 2 | self.responder_lun.get()], &[]);
        let head =
            [self.requester.0, self.requester_seq.get() << 2 | self.requester_lun.get(), self.command.0];
        put_checked(out, &head, &self.data);
    }

    /// The message as bytes of its own.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(Self::OVERHEAD.saturating_add(self.data.len()));
        self.encode(&mut out);
        out.freeze()
    }
}

impl LanResponse {
    /// The bytes around the data.
    pub const OVERHEAD: usize = 8;

    /// Decodes an IPMI message that is a response.
    ///
    /// # Errors
    ///
    /// Shorter than 8 bytes, a wrong checksum, a request's network function.
    pub fn decode(message: &[u8]) -> Result<Self, DecodeError> {
        parse::whole("IPMI response", message, |input| {
            let (at_net_fn, requester) = parse::byte.map(Address).parse(input)?;
            let (rest, (net_fn, requester_lun)) = upper_and_lun(at_net_fn)?;
            let net_fn = NetFn::new(net_fn);
            if !net_fn.is_response() {
                return parse::fail(at_net_fn, Malformed::Value { expected: "an odd network function" });
            }
            let (second_part, ()) = checksum(input, rest)?;
            let (rest, (responder, (sequence, responder_lun), command, completion_code)) = (
                parse::byte.map(Address),
                upper_and_lun,
                parse::byte.map(CommandNumber),
                parse::byte.map(CompletionCode),
            )
                .parse(second_part)?;
            let (rest, data) = data_and_checksum(second_part, rest)?;
            let requester_seq = RqSeq::new(sequence);
            Ok((
                rest,
                Self {
                    requester,
                    net_fn,
                    requester_lun,
                    responder,
                    requester_seq,
                    responder_lun,
                    command,
                    completion_code,
                    data,
                },
            ))
        })
    }

    /// Appends the message.
    pub fn encode(&self, out: &mut impl BufMut) {
        put_checked(out, &[self.requester.0, self.net_fn.0 << 2 | self.requester_lun.get()], &[]);
        let head = [
            self.responder.0,
            self.requester_seq.get() << 2 | self.responder_lun.get(),
            self.command.0,
            self.completion_code.0,
        ];
        put_checked(out, &head, &self.data);
    }

    /// The message as bytes of its own.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(Self::OVERHEAD.saturating_add(self.data.len()));
        self.encode(&mut out);
        out.freeze()
    }
}

/// A byte of six upper bits and a LUN.
fn upper_and_lun(input: &[u8]) -> Parsed<'_, (u8, Lun)> {
    let (rest, byte) = parse::byte(input)?;
    Ok((rest, (byte >> 2, Lun::new(byte))))
}

/// Takes the checksum at the start of `at`, which covers all from `start` up to it.
fn checksum<'a>(start: &'a [u8], at: &'a [u8]) -> Parsed<'a, ()> {
    let (rest, _) = parse::byte(at)?;
    let covered = start.len().saturating_sub(rest.len());
    if sum(start.get(..covered).unwrap_or_default()) == 0 {
        Ok((rest, ()))
    } else {
        parse::fail(at, Malformed::Checksum)
    }
}

/// Takes all data at `at` and the checksum behind it, which covers all from `start` up to it.
fn data_and_checksum<'a>(start: &'a [u8], at: &'a [u8]) -> Parsed<'a, Bytes> {
    let (at_checksum, data) = parse::take(at.len().saturating_sub(1))(at)?;
    let (rest, ()) = checksum(start, at_checksum)?;
    Ok((rest, Bytes::copy_from_slice(data)))
}

/// Appends two parts and the checksum over both.
fn put_checked(out: &mut impl BufMut, head: &[u8], tail: &[u8]) {
    out.put_slice(head);
    out.put_slice(tail);
    out.put_u8(sum(head).wrapping_add(sum(tail)).wrapping_neg());
}

fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum: u8, byte| sum.wrapping_add(*byte))
}
