//! What all decoders share: the edge between nom and [`DecodeError`].

use super::error::{DecodeError, Malformed};
use nom::error::{ErrorKind, ParseError};
use nom::{Err, IResult, Parser};

/// The failure of a parser: what is wrong, and the input left when it was found.
#[derive(Debug, PartialEq)]
pub(super) struct Failure<'a> {
    rest: &'a [u8],
    why: Malformed,
}

impl<'a> ParseError<&'a [u8]> for Failure<'a> {
    fn from_error_kind(rest: &'a [u8], _: ErrorKind) -> Self {
        Self { rest, why: Malformed::Truncated }
    }

    fn append(_: &'a [u8], _: ErrorKind, other: Self) -> Self {
        other
    }
}

pub(super) type Parsed<'a, T> = IResult<&'a [u8], T, Failure<'a>>;

/// Stops a parser at `rest`.
pub(super) const fn fail<T>(rest: &[u8], why: Malformed) -> Parsed<'_, T> {
    Err(Err::Error(Failure { rest, why }))
}

/// Runs `parser` over all of `input`: the edge of every message.
pub(super) fn whole<'a, T>(
    message: &'static str,
    input: &'a [u8],
    parser: impl Parser<&'a [u8], Output = T, Error = Failure<'a>>,
) -> Result<T, DecodeError> {
    let (rest, value) = prefix(message, input, parser)?;
    if rest.is_empty() {
        Ok(value)
    } else {
        let why = Malformed::TrailingBytes { count: rest.len() };
        Err(DecodeError { message, offset: input.len().saturating_sub(rest.len()), why })
    }
}

/// Runs `parser` at the start of `input` and gives what is left.
pub(super) fn prefix<'a, T>(
    message: &'static str,
    input: &'a [u8],
    mut parser: impl Parser<&'a [u8], Output = T, Error = Failure<'a>>,
) -> Result<(&'a [u8], T), DecodeError> {
    parser.parse(input).map_err(|error| {
        let (rest, why) = match error {
            Err::Error(failure) | Err::Failure(failure) => (failure.rest.len(), failure.why),
            // Complete combinators never ask for more.
            Err::Incomplete(_) => (0, Malformed::Truncated),
        };
        DecodeError { message, offset: input.len().saturating_sub(rest), why }
    })
}

/// One byte that has to be `value`.
pub(super) fn exactly<'a>(value: u8, expected: &'static str) -> impl Fn(&'a [u8]) -> Parsed<'a, ()> {
    move |input| {
        let (rest, byte) = byte(input)?;
        if byte == value { Ok((rest, ())) } else { fail(input, Malformed::Value { expected }) }
    }
}

/// One byte.
pub(super) fn byte(input: &[u8]) -> Parsed<'_, u8> {
    nom::number::complete::u8(input)
}

/// Two bytes, least significant first.
pub(super) fn le_u16(input: &[u8]) -> Parsed<'_, u16> {
    nom::number::complete::le_u16(input)
}

/// Four bytes, least significant first.
pub(super) fn le_u32(input: &[u8]) -> Parsed<'_, u32> {
    nom::number::complete::le_u32(input)
}

/// Four bytes, most significant first.
pub(super) fn be_u32(input: &[u8]) -> Parsed<'_, u32> {
    nom::number::complete::be_u32(input)
}

/// `count` bytes.
pub(super) fn take<'a>(count: usize) -> impl Fn(&'a [u8]) -> Parsed<'a, &'a [u8]> {
    move |input| nom::bytes::complete::take(count)(input)
}

/// `N` bytes by value.
pub(super) fn array<const N: usize>(input: &[u8]) -> Parsed<'_, [u8; N]> {
    match input.split_first_chunk::<N>() {
        Some((bytes, rest)) => Ok((rest, *bytes)),
        None => fail(input, Malformed::Truncated),
    }
}

/// All that is left.
pub(super) fn rest(input: &[u8]) -> Parsed<'_, &[u8]> {
    nom::combinator::rest(input)
}

/// `count` reserved bytes, whatever they hold.
pub(super) fn reserved<'a>(count: usize) -> impl Fn(&'a [u8]) -> Parsed<'a, ()> {
    move |input| {
        let (rest, _) = take(count)(input)?;
        Ok((rest, ()))
    }
}
