//! From Open Session Request to RAKP 4 (`IPMI 2.0 §13.15` to `§13.23`): the two half-open states.

use std::hint::black_box;
use std::net::SocketAddr;

use crate::crypto::{Algorithms, CipherSuite, KeyExchange, Kg, Password, SessionKeys};
use crate::entropy;
use crate::number::{
    AuthenticationAlgorithm, ConfidentialityAlgorithm, Guid, IntegrityAlgorithm, MessageTag, PrivilegeLevel,
    RandomNumber, RmcpStatus, SessionId, UserId,
};
use crate::session::user::{User, UserTable};
use crate::session::{Active, Claimant, DropReason, Opening, Outcome, Session, SessionContext, Transition};
use crate::wire::{AuthCode, Proposal, Rakp1, Rakp2, Rakp2Grant, Rakp3, Rakp4};

/// The third wrong code ends a half-open session: a stray copy must not, somebody who guesses must begin again.
const WRONG_CODES: u8 = 3;

/// What a session knows about the managed system that it belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ManagedSystem<'a> {
    pub(crate) guid: Guid,
    pub(crate) users: &'a UserTable,
    pub(crate) kg: Option<&'a Kg>,
    pub(crate) channel_limit: PrivilegeLevel,
    /// Takes the place of the password of a user that there is not.
    pub(crate) decoy: &'a Password,
    /// Whether answers must not tell which users there are.
    pub(crate) hide_users: bool,
}

/// A cipher suite that the managed system offers and this crate can carry out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OfferedSuite {
    pub(crate) suite: CipherSuite,
    pub(crate) algorithms: Algorithms,
}

impl OfferedSuite {
    /// `None` if this crate cannot carry the suite out.
    pub(crate) fn new(suite: CipherSuite) -> Option<Self> {
        Some(Self { suite, algorithms: suite.algorithms()? })
    }
}

/// Chooses the offered suite that a console proposes: never others than proposed, because consoles believe their own proposal.
///
/// # Errors
///
/// 04, 05 or 10 for an algorithm that has no number in the specification, 11 for a combination that is not on offer.
pub(crate) fn choose_suite(
    proposal: &Proposal,
    offered: &[OfferedSuite],
) -> Result<OfferedSuite, RmcpStatus> {
    let Proposal { authentication, integrity, confidentiality } = *proposal;
    if authentication.is_some_and(|it| it > AuthenticationAlgorithm::RAKP_HMAC_SHA256) {
        return Err(RmcpStatus::INVALID_AUTHENTICATION_ALGORITHM);
    }
    if integrity.is_some_and(|it| it > IntegrityAlgorithm::HMAC_SHA256_128) {
        return Err(RmcpStatus::INVALID_INTEGRITY_ALGORITHM);
    }
    if confidentiality.is_some_and(|it| it > ConfidentialityAlgorithm::XRC4_40) {
        return Err(RmcpStatus::INVALID_CONFIDENTIALITY_ALGORITHM);
    }
    let fits = |OfferedSuite { suite, .. }: &OfferedSuite| {
        authentication.is_none_or(|it| it == suite.authentication())
            && integrity.is_none_or(|it| it == suite.integrity())
            && confidentiality.is_none_or(|it| it == suite.confidentiality())
    };
    offered.iter().copied().find(fits).ok_or(RmcpStatus::NO_CIPHER_SUITE_MATCH)
}

/// Ids and algorithms are agreed; the console has to say who it is.
#[derive(Debug)]
pub(crate) struct AwaitingRakp1 {
    console_session_id: SessionId,
    managed_session_id: SessionId,
    algorithms: Algorithms,
    opening: Opening,
}

/// RAKP 2 was sent; the console has to prove that it knows the password.
#[derive(Debug)]
pub(crate) struct AwaitingRakp3 {
    algorithms: Algorithms,
    opening: Opening,
    exchange: KeyExchange,
    /// `None` for a user whose absence must not show.
    user: Option<UserId>,
    /// Where RAKP 1 came from.
    from: SocketAddr,
    wrong_codes: u8,
}

impl AwaitingRakp1 {
    pub(crate) const fn new(
        console_session_id: SessionId,
        managed_session_id: SessionId,
        algorithms: Algorithms,
        opening: Opening,
    ) -> Self {
        Self { console_session_id, managed_session_id, algorithms, opening }
    }

    pub(crate) const fn opening(&self) -> &Opening {
        &self.opening
    }

    pub(crate) const fn console_session_id(&self) -> SessionId {
        self.console_session_id
    }

    pub(crate) fn on_rakp1(self, rakp1: &Rakp1, cx: &mut SessionContext<'_>) -> Transition {
        let exchange = KeyExchange {
            authentication: self.algorithms.authentication(),
            console_session_id: self.console_session_id,
            managed_session_id: self.managed_session_id,
            console_random: rakp1.console_random,
            managed_random: RandomNumber(entropy::draw(cx.entropy)),
            guid: cx.managed_system.guid,
            role: rakp1.role,
            user_name: rakp1.user_name,
        };
        let authorized = authorize(rakp1, cx);
        let rakp2 = rakp2(rakp1.tag, &exchange, &authorized, cx);
        let Self { algorithms, opening, .. } = self;
        let next = match authorized {
            Authorized::Refused(_) => Session::AwaitingRakp1(self),
            Authorized::User(..) | Authorized::Decoy => Session::AwaitingRakp3(AwaitingRakp3 {
                algorithms,
                opening,
                exchange,
                user: authorized.user(),
                from: cx.from,
                wrong_codes: 0,
            }),
        };
        Transition { next: Some(next), outcome: Outcome::Rakp2(rakp2) }
    }

    pub(crate) fn on_rakp3(self, rakp3: &Rakp3) -> Transition {
        if rakp3.outcome.is_err() {
            return Transition { next: None, outcome: Outcome::Dropped(DropReason::ConsoleGaveUp) };
        }
        let outcome = rakp4(rakp3.tag, self.console_session_id, Err(RmcpStatus::INACTIVE_SESSION_ID));
        Transition { next: Some(Session::AwaitingRakp1(self)), outcome }
    }
}

impl AwaitingRakp3 {
    pub(crate) const fn opening(&self) -> &Opening {
        &self.opening
    }

    pub(crate) const fn console_session_id(&self) -> SessionId {
        self.exchange.console_session_id
    }

    /// Who logs in, as far as that is somebody.
    pub(crate) const fn user(&self) -> Option<UserId> {
        self.user
    }

    pub(crate) const fn claimant(&self) -> Claimant {
        Claimant { from: self.from, user_name: self.exchange.user_name }
    }

    /// RAKP 1 again: its answer was lost, or comes too late. The random number stays, so that a RAKP 3 that was made from the
    /// first answer still fits.
    pub(crate) fn on_rakp1(mut self, rakp1: &Rakp1, cx: &mut SessionContext<'_>) -> Transition {
        let exchange = KeyExchange {
            console_random: rakp1.console_random,
            role: rakp1.role,
            user_name: rakp1.user_name,
            ..self.exchange
        };
        let authorized = authorize(rakp1, cx);
        let rakp2 = rakp2(rakp1.tag, &exchange, &authorized, cx);
        if !matches!(authorized, Authorized::Refused(_)) {
            self.user = authorized.user();
            self.exchange = exchange;
            self.from = cx.from;
        }
        Transition { next: Some(Session::AwaitingRakp3(self)), outcome: Outcome::Rakp2(rakp2) }
    }

    pub(crate) fn on_rakp3(mut self, rakp3: &Rakp3, cx: &SessionContext<'_>) -> Transition {
        let Ok(code) = rakp3.outcome else {
            return Transition { next: None, outcome: Outcome::Dropped(DropReason::ConsoleGaveUp) };
        };
        let console = self.exchange.console_session_id;
        let user = self.user.and_then(|id| Some((id, cx.managed_system.users.get(id)?)));
        let password = user.map_or(cx.managed_system.decoy, |(_, user)| &user.password);
        let proven = code == self.exchange.console_proof(password);
        // Nobody is let in as a decoy, not even by a suite that asks for no proof.
        let Some((id, user)) = user.filter(|_| proven) else {
            self.wrong_codes = self.wrong_codes.saturating_add(1);
            let next = (self.wrong_codes < WRONG_CODES).then_some(Session::AwaitingRakp3(self));
            let outcome = rakp4(rakp3.tag, console, Err(RmcpStatus::INVALID_INTEGRITY_CHECK_VALUE));
            return Transition { next, outcome };
        };
        let Some(slot) = cx.slot else {
            let outcome = rakp4(rakp3.tag, console, Err(RmcpStatus::INSUFFICIENT_RESOURCES));
            return Transition { next: Some(Session::AwaitingRakp3(self)), outcome };
        };
        let sik = self.exchange.session_key(&user.password, cx.managed_system.kg);
        let integrity_check = self.exchange.integrity_check(&sik);
        let active = Active::new(
            self.exchange,
            id,
            SessionKeys::derive(self.algorithms, &sik, &user.password),
            Rakp3Answer { expected: code, integrity_check },
            slot.handle,
            cx.now,
        );
        let rakp4 = Rakp4 { tag: rakp3.tag, console_session_id: console, outcome: Ok(integrity_check) };
        Transition { next: Some(Session::Active(Box::new(active))), outcome: Outcome::Established(rakp4) }
    }
}

/// What RAKP 3 of an established session must prove again, and what it then gets again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rakp3Answer {
    pub(crate) expected: AuthCode,
    pub(crate) integrity_check: AuthCode,
}

/// Who RAKP 1 is from.
#[derive(Debug)]
enum Authorized<'a> {
    User(UserId, &'a User),
    /// Nobody, or a user who may not have what it asks for; but that must not show.
    Decoy,
    Refused(RmcpStatus),
}

impl Authorized<'_> {
    const fn user(&self) -> Option<UserId> {
        match self {
            Self::User(id, _) => Some(*id),
            Self::Decoy | Self::Refused(_) => None,
        }
    }
}

/// Finds the user of RAKP 1 and checks that it may have what it asks for.
fn authorize<'a>(rakp1: &Rakp1, cx: &SessionContext<'a>) -> Authorized<'a> {
    let level = rakp1.role.privilege();
    if !level.is_level() {
        return Authorized::Refused(RmcpStatus::INVALID_ROLE);
    }
    let ManagedSystem { users, channel_limit, hide_users, .. } = cx.managed_system;
    let refused = match users.find(&rakp1.user_name, rakp1.role) {
        Some((_, user)) if level > user.limit || level > channel_limit => RmcpStatus::UNAUTHORIZED_ROLE,
        Some((id, user)) => return Authorized::User(id, user),
        None => RmcpStatus::UNAUTHORIZED_NAME,
    };
    if hide_users { Authorized::Decoy } else { Authorized::Refused(refused) }
}

/// The answer to RAKP 1. The work is the same whether there is such a user or not, so that the time does not tell.
fn rakp2(
    tag: MessageTag,
    exchange: &KeyExchange,
    authorized: &Authorized<'_>,
    cx: &SessionContext<'_>,
) -> Rakp2 {
    let password = match authorized {
        Authorized::User(_, user) => &user.password,
        Authorized::Decoy | Authorized::Refused(_) => cx.managed_system.decoy,
    };
    let auth_code = black_box(exchange.managed_proof(password));
    let (managed_random, guid) = (exchange.managed_random, exchange.guid);
    let outcome = match authorized {
        Authorized::User(..) | Authorized::Decoy => Ok(Rakp2Grant { managed_random, guid, auth_code }),
        Authorized::Refused(status) => Err(*status),
    };
    Rakp2 { tag, console_session_id: exchange.console_session_id, outcome }
}

pub(super) const fn refuse_rakp1(
    tag: MessageTag,
    console_session_id: SessionId,
    status: RmcpStatus,
) -> Outcome {
    Outcome::Rakp2(Rakp2 { tag, console_session_id, outcome: Err(status) })
}

pub(super) const fn rakp4(
    tag: MessageTag,
    console_session_id: SessionId,
    outcome: Result<AuthCode, RmcpStatus>,
) -> Outcome {
    Outcome::Rakp4(Rakp4 { tag, console_session_id, outcome })
}
