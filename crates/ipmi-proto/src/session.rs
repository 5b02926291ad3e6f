//! Sessions of the managed system (`IPMI 2.0 §13.15` to `§13.23`, `§6.12`).
//!
//! A session is one of three values, each holding only what is valid there:
//!
//! ```text
//!  Open Session Request
//!        │
//!        ▼            RAKP 1 accepted              RAKP 3 verified
//!  AwaitingRakp1 ───────────────────► AwaitingRakp3 ───────────────► Active ──► (gone)
//!        │  ▲                            │  ▲                          ▲ │        close, silence,
//!        │  └─ refused: status code      │  ├─ RAKP 1 again: same Rc    │ │        displaced, reset
//!        ▼                               ▼  └─ wrong code: 0F           │ └─ requests
//!     (gone)  timeout, evicted        (gone)  timeout, evicted,         └─ RAKP 3 again: same RAKP 4
//!                                             console gave up,
//!                                             third wrong code
//! ```
//!
//! [`Session::on_payload`] is total: every payload in every state has an outcome, and since anyone can send UDP, one that proves
//! nothing leaves the session as it was. Only two things that prove nothing end a half-open session: RAKP 3 with an error status,
//! in which its console gives up, and the third wrong code.
//!
//! IPMI 1.5 has one half-open state of its own ([`activation`]) and shares the established one.
//!
//! What is not here: which session a datagram belongs to ([`table`]), commands and datagrams ([`crate::endpoint`]).

mod activation;
mod active;
mod drop_reason;
mod handshake;
mod limits;
mod replay_window;
mod request_log;
mod table;
mod user;

use std::net::SocketAddr;
use std::time::Instant;

use bytes::Bytes;

pub use self::drop_reason::DropReason;
pub use self::limits::SessionLimits;
pub use self::user::{User, UserTable};

pub(crate) use self::activation::{AwaitingActivation, ProtectionV15};
pub(crate) use self::active::Active;
pub(crate) use self::handshake::{AwaitingRakp1, AwaitingRakp3, ManagedSystem, OfferedSuite, choose_suite};
pub(crate) use self::replay_window::ReplayWindow;
pub(crate) use self::request_log::{Answer, Arrival, RequestKey};
pub(crate) use self::table::{Evicted, SessionTable};

use crate::entropy::Entropy;
use crate::number::{PayloadType, SessionId, UserId, UserName};
use crate::wire::{Rakp1, Rakp2, Rakp3, Rakp4, Sealed, SessionV15};

/// A session in one of its states.
#[derive(Debug)]
pub(crate) enum Session {
    AwaitingRakp1(AwaitingRakp1),
    AwaitingRakp3(AwaitingRakp3),
    /// IPMI 1.5.
    AwaitingActivation(Box<AwaitingActivation>),
    Active(Box<Active>),
}

/// A payload that names a session.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Incoming<'a> {
    Rakp1(&'a Rakp1),
    Rakp3(&'a Rakp3),
    Packet(Sealed<'a>),
    V15(SessionV15<'a>),
}

/// What a session needs from around it.
pub(crate) struct SessionContext<'a> {
    pub(crate) now: Instant,
    /// Where the payload came from.
    pub(crate) from: SocketAddr,
    pub(crate) managed_system: ManagedSystem<'a>,
    pub(crate) entropy: &'a mut dyn Entropy,
    /// The place in the table for one more established session.
    pub(crate) slot: Option<Slot>,
}

/// What became of a session, and what its payload was good for.
#[derive(Debug)]
pub(crate) struct Transition {
    /// The session from now on; `None` if it is over.
    pub(crate) next: Option<Session>,
    pub(crate) outcome: Outcome,
}

/// What a payload was good for.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Answer with this.
    Rakp2(Rakp2),
    /// Answer with this.
    Rakp4(Rakp4),
    /// Answer with this: the session is established, in the slot of the context.
    Established(Rakp4),
    /// Authentic, new and readable.
    Payload(PayloadType, Bytes),
    /// Nothing.
    Dropped(DropReason),
}

/// The number of an established session in Get Session Info, 1–63.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SessionHandle(pub(crate) u8);

/// A place in the table of established sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) handle: SessionHandle,
    /// The session that has to go for it.
    pub(crate) displaces: Option<SessionId>,
}

/// Who says to be a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Claimant {
    pub(crate) from: SocketAddr,
    pub(crate) user_name: UserName,
}

/// When a half-open session came into being.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Opening {
    pub(crate) at: Instant,
    /// Counts up, so that the oldest is known even among those of one moment.
    pub(crate) order: u64,
}

impl Session {
    /// Takes a payload. Total: see the module's documentation.
    pub(crate) fn on_payload(self, incoming: Incoming<'_>, cx: &mut SessionContext<'_>) -> Transition {
        match (self, incoming) {
            (Self::AwaitingRakp1(session), Incoming::Rakp1(rakp1)) => session.on_rakp1(rakp1, cx),
            (Self::AwaitingRakp1(session), Incoming::Rakp3(rakp3)) => session.on_rakp3(rakp3),
            (Self::AwaitingRakp3(session), Incoming::Rakp1(rakp1)) => session.on_rakp1(rakp1, cx),
            (Self::AwaitingRakp3(session), Incoming::Rakp3(rakp3)) => session.on_rakp3(rakp3, cx),
            (Self::Active(session), Incoming::Rakp1(rakp1)) => session.on_rakp1(rakp1),
            (Self::Active(session), Incoming::Rakp3(rakp3)) => session.on_rakp3(rakp3),
            (Self::Active(session), Incoming::Packet(packet)) => session.on_packet(packet, cx),
            (Self::Active(session), Incoming::V15(packet)) => session.on_v15(packet, cx),
            // The endpoint takes care of Activate Session.
            (
                session @ (Self::AwaitingRakp1(_) | Self::AwaitingRakp3(_) | Self::AwaitingActivation(_)),
                Incoming::Packet(_) | Incoming::V15(_),
            )
            | (session @ Self::AwaitingActivation(_), Incoming::Rakp1(_) | Incoming::Rakp3(_)) => {
                Transition { next: Some(session), outcome: Outcome::Dropped(DropReason::NotEstablished) }
            }
        }
    }

    /// The console's id for it. Sessions of IPMI 1.5 have only one.
    fn console_session_id(&self) -> Option<SessionId> {
        match self {
            Self::AwaitingRakp1(session) => Some(session.console_session_id()),
            Self::AwaitingRakp3(session) => Some(session.console_session_id()),
            Self::AwaitingActivation(_) => None,
            Self::Active(session) => session.console_session_id(),
        }
    }

    pub(crate) fn as_active(&self) -> Option<&Active> {
        match self {
            Self::Active(active) => Some(active),
            Self::AwaitingRakp1(_) | Self::AwaitingRakp3(_) | Self::AwaitingActivation(_) => None,
        }
    }

    /// Who wants to log in, and from where, while that has yet to be proven.
    pub(crate) fn claimant(&self) -> Option<Claimant> {
        match self {
            Self::AwaitingRakp3(session) => Some(session.claimant()),
            Self::AwaitingRakp1(_) | Self::AwaitingActivation(_) | Self::Active(_) => None,
        }
    }

    /// Whose session it is, or would become; `None` before that was said.
    fn user(&self) -> Option<UserId> {
        match self {
            Self::AwaitingRakp1(_) => None,
            Self::AwaitingRakp3(session) => session.user(),
            Self::AwaitingActivation(session) => session.user,
            Self::Active(session) => Some(session.user()),
        }
    }

    /// When it became half-open, if it is.
    fn opening(&self) -> Option<&Opening> {
        match self {
            Self::AwaitingRakp1(session) => Some(session.opening()),
            Self::AwaitingRakp3(session) => Some(session.opening()),
            Self::AwaitingActivation(session) => Some(&session.opening),
            Self::Active(_) => None,
        }
    }

    /// When it ends unless something happens before.
    fn deadline(&self, limits: &SessionLimits) -> Option<Instant> {
        match self {
            Self::AwaitingRakp1(session) => session.opening().at.checked_add(limits.half_open_timeout),
            Self::AwaitingRakp3(session) => session.opening().at.checked_add(limits.half_open_timeout),
            Self::AwaitingActivation(session) => session.opening.at.checked_add(limits.half_open_timeout),
            Self::Active(session) => session.last_heard().checked_add(limits.idle_timeout),
        }
    }
}
