use super::error::{DecodeError, Malformed};
use super::parse::{self, Parsed};
use super::setup;
use crate::number::{
    AuthenticationAlgorithm, ConfidentialityAlgorithm, IntegrityAlgorithm, MessageTag, PrivilegeLevel,
    RmcpStatus, SessionId,
};
use bytes::BufMut;
use core::fmt;
use nom::Parser;

/// RMCP+ Open Session Request, payload type `10`, IPMI 2.0 §13.17.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 1 | message tag |
/// | 1 | 1 | bits 3:0 requested maximum privilege level, 0 = highest |
/// | 2 | 2 | reserved |
/// | 4 | 4 | console's session id |
/// | 8 | 8 | authentication payload |
/// | 16 | 8 | integrity payload |
/// | 24 | 8 | confidentiality payload |
///
/// The order and the kinds of the three payloads are not checked here but by [`OpenSessionRequest::proposal`],
/// because a wrong one deserves an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OpenSessionRequest {
    /// Echoed in the response.
    pub tag: MessageTag,
    /// The level the session may rise to; [`PrivilegeLevel::HIGHEST`] leaves it to the managed system.
    pub maximum_privilege: PrivilegeLevel,
    /// The id by which the console will know the session. Consoles are not unique in it.
    pub console_session_id: SessionId,
    /// What the console wants to use.
    pub algorithms: [AlgorithmPayload; 3],
}

/// RMCP+ Open Session Response, payload type `11`, IPMI 2.0 §13.18. 36 bytes, or 8 when refused.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 1 | message tag |
/// | 1 | 1 | status |
/// | 2 | 1 | bits 3:0 maximum privilege level |
/// | 3 | 1 | reserved |
/// | 4 | 4 | console's session id |
/// | 8 | 4 | managed system's session id, not 0 |
/// | 12 | 8 | authentication payload |
/// | 20 | 8 | integrity payload |
/// | 28 | 8 | confidentiality payload |
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OpenSessionResponse {
    /// The request's tag.
    pub tag: MessageTag,
    /// The request's id. A refusal cut short by its sender has [`SessionId::NONE`].
    pub console_session_id: SessionId,
    /// The grant, or why there is none (never [`RmcpStatus::NO_ERROR`]).
    pub outcome: Result<OpenSessionGrant, RmcpStatus>,
}

/// What an Open Session Response grants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OpenSessionGrant {
    /// The highest level that the session may have.
    pub maximum_privilege: PrivilegeLevel,
    /// The id by which the managed system will know the session, not 0.
    pub managed_session_id: SessionId,
    /// The algorithms to use: those proposed.
    pub algorithms: [AlgorithmPayload; 3],
}

/// One algorithm of a proposal or a grant, 8 bytes: kind, reserved (2), length, algorithm, reserved (3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AlgorithmPayload {
    /// What the algorithm is for.
    pub kind: AlgorithmKind,
    /// Its number, six bits; `None` (length 0) leaves the choice to the managed system.
    pub algorithm: Option<u8>,
}

/// What the algorithm of an [`AlgorithmPayload`] is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AlgorithmKind(pub u8);

impl AlgorithmKind {
    /// Key exchange.
    pub const AUTHENTICATION: Self = Self(0x00);
    /// Signing of packets.
    pub const INTEGRITY: Self = Self(0x01);
    /// Encryption of payloads.
    pub const CONFIDENTIALITY: Self = Self(0x02);
}

impl fmt::Debug for AlgorithmKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::AUTHENTICATION => f.write_str("AlgorithmKind(authentication)"),
            Self::INTEGRITY => f.write_str("AlgorithmKind(integrity)"),
            Self::CONFIDENTIALITY => f.write_str("AlgorithmKind(confidentiality)"),
            Self(other) => write!(f, "AlgorithmKind({other:#04x})"),
        }
    }
}

/// The three algorithms of an Open Session message by what they are for. `None` leaves the choice to the managed system.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Proposal {
    /// Key exchange.
    pub authentication: Option<AuthenticationAlgorithm>,
    /// Signing of packets.
    pub integrity: Option<IntegrityAlgorithm>,
    /// Encryption of payloads.
    pub confidentiality: Option<ConfidentialityAlgorithm>,
}

impl Proposal {
    /// The three payloads in their usual order.
    #[must_use]
    pub fn payloads(&self) -> [AlgorithmPayload; 3] {
        [
            AlgorithmPayload {
                kind: AlgorithmKind::AUTHENTICATION,
                algorithm: self.authentication.map(|it| it.0),
            },
            AlgorithmPayload { kind: AlgorithmKind::INTEGRITY, algorithm: self.integrity.map(|it| it.0) },
            AlgorithmPayload {
                kind: AlgorithmKind::CONFIDENTIALITY,
                algorithm: self.confidentiality.map(|it| it.0),
            },
        ]
    }

    fn of(payloads: &[AlgorithmPayload; 3]) -> Result<Self, RmcpStatus> {
        let [authentication, integrity, confidentiality] = payloads;
        if authentication.kind != AlgorithmKind::AUTHENTICATION
            || integrity.kind != AlgorithmKind::INTEGRITY
            || confidentiality.kind != AlgorithmKind::CONFIDENTIALITY
        {
            return Err(RmcpStatus::INVALID_PAYLOAD_TYPE);
        }
        Ok(Self {
            authentication: authentication.algorithm.map(AuthenticationAlgorithm),
            integrity: integrity.algorithm.map(IntegrityAlgorithm),
            confidentiality: confidentiality.algorithm.map(ConfidentialityAlgorithm),
        })
    }
}

impl OpenSessionRequest {
    /// The length in bytes.
    pub const LEN: usize = 32;

    /// The algorithms by what they are for.
    ///
    /// # Errors
    ///
    /// [`RmcpStatus::INVALID_PAYLOAD_TYPE`] if the three payloads are not an authentication, an integrity and a
    /// confidentiality payload in this order.
    pub fn proposal(&self) -> Result<Proposal, RmcpStatus> {
        Proposal::of(&self.algorithms)
    }

    /// Decodes the payload.
    ///
    /// # Errors
    ///
    /// Not 32 bytes, or an algorithm payload whose length is neither 8 nor 0.
    pub fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        parse::whole("RMCP+ Open Session Request", payload, |input| {
            let (rest, (tag, maximum_privilege, (), console_session_id, algorithms)) = (
                setup::tag,
                parse::byte.map(PrivilegeLevel::new),
                parse::reserved(2),
                setup::session_id,
                algorithms,
            )
                .parse(input)?;
            Ok((rest, Self { tag, maximum_privilege, console_session_id, algorithms }))
        })
    }

    /// Appends the payload.
    pub fn encode(&self, out: &mut impl BufMut) {
        out.put_slice(&[self.tag.0, self.maximum_privilege.0 & 0x0f, 0, 0]);
        out.put_u32_le(self.console_session_id.0);
        self.algorithms.iter().for_each(|it| it.encode(out));
    }
}

impl OpenSessionResponse {
    /// Decodes the payload.
    ///
    /// # Errors
    ///
    /// A grant that is not 36 bytes, has the managed system's session id 0, or an algorithm payload whose length is
    /// neither 8 nor 0; anything shorter than two bytes.
    pub fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        parse::whole("RMCP+ Open Session Response", payload, |input| {
            let (rest, (tag, status)) = (setup::tag, parse::byte.map(RmcpStatus)).parse(input)?;
            if status != RmcpStatus::NO_ERROR {
                let (rest, console_session_id) = setup::refusal(rest)?;
                return Ok((rest, Self { tag, console_session_id, outcome: Err(status) }));
            }
            let (rest, (maximum_privilege, (), console_session_id, managed_session_id, algorithms)) = (
                parse::byte.map(PrivilegeLevel::new),
                parse::reserved(1),
                setup::session_id,
                setup::real_session_id,
                algorithms,
            )
                .parse(rest)?;
            let grant = OpenSessionGrant { maximum_privilege, managed_session_id, algorithms };
            Ok((rest, Self { tag, console_session_id, outcome: Ok(grant) }))
        })
    }

    /// Appends the payload.
    pub fn encode(&self, out: &mut impl BufMut) {
        match &self.outcome {
            Err(status) => setup::encode_refusal(self.tag, *status, self.console_session_id, out),
            Ok(grant) => {
                out.put_slice(&[self.tag.0, RmcpStatus::NO_ERROR.0, grant.maximum_privilege.0 & 0x0f, 0]);
                out.put_u32_le(self.console_session_id.0);
                out.put_u32_le(grant.managed_session_id.0);
                grant.algorithms.iter().for_each(|it| it.encode(out));
            }
        }
    }
}

impl OpenSessionGrant {
    /// The algorithms by what they are for.
    ///
    /// # Errors
    ///
    /// [`RmcpStatus::INVALID_PAYLOAD_TYPE`] as for [`OpenSessionRequest::proposal`].
    pub fn proposal(&self) -> Result<Proposal, RmcpStatus> {
        Proposal::of(&self.algorithms)
    }
}

impl AlgorithmPayload {
    fn parse(input: &[u8]) -> Parsed<'_, Self> {
        let (at_length, (kind, ())) = (parse::byte.map(AlgorithmKind), parse::reserved(2)).parse(input)?;
        let (rest, (length, algorithm, ())) =
            (parse::byte, parse::byte, parse::reserved(3)).parse(at_length)?;
        match length {
            ALGORITHM_LENGTH => Ok((rest, Self { kind, algorithm: Some(algorithm & ALGORITHM) })),
            ANY_LENGTH => Ok((rest, Self { kind, algorithm: None })),
            _ => {
                parse::fail(at_length, Malformed::Value { expected: "an algorithm payload of length 8 or 0" })
            }
        }
    }

    fn encode(&self, out: &mut impl BufMut) {
        let (length, algorithm) = match self.algorithm {
            Some(algorithm) => (ALGORITHM_LENGTH, algorithm & ALGORITHM),
            None => (ANY_LENGTH, 0),
        };
        out.put_slice(&[self.kind.0, 0, 0, length, algorithm, 0, 0, 0]);
    }
}

fn algorithms(input: &[u8]) -> Parsed<'_, [AlgorithmPayload; 3]> {
    (AlgorithmPayload::parse, AlgorithmPayload::parse, AlgorithmPayload::parse)
        .map(<[_; 3]>::from)
        .parse(input)
}

const ALGORITHM_LENGTH: u8 = 8;
const ANY_LENGTH: u8 = 0;
const ALGORITHM: u8 = 0x3f;
