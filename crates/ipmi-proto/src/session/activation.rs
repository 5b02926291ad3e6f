//! From Get Session Challenge to Activate Session (`IPMI 2.0 §6.12.7`, `§22.16`, `§22.17`): the half-open state of IPMI 1.5.
//!
//! A challenge is answered under a temporary id, which stays for a while after the session stands, so that a repeated Activate
//! Session finds its answer again.

use std::net::SocketAddr;

use subtle::ConstantTimeEq as _;

use crate::command::app::{ActivateSession, ActivatedSession};
use crate::crypto::PacketKey;
use crate::number::{RandomNumber, SessionId, SessionSequence, UserId, UserName};
use crate::session::{Claimant, DropReason, Opening};
use crate::wire::SessionV15;

/// The third wrong code ends the login.
const WRONG_CODES: u8 = 3;

/// A challenge was given; the console has to prove that it knows the password.
#[derive(Debug)]
pub(crate) struct AwaitingActivation {
    pub(crate) key: PacketKey,
    /// `None` for a user whose absence must not show.
    pub(crate) user: Option<UserId>,
    pub(crate) user_name: UserName,
    /// Where the question came from.
    pub(crate) from: SocketAddr,
    pub(crate) challenge: RandomNumber,
    pub(crate) opening: Opening,
    pub(crate) wrong_codes: u8,
    /// What came of it.
    pub(crate) activated: Option<(SessionSequence, ActivatedSession)>,
}

impl AwaitingActivation {
    pub(crate) const fn claimant(&self) -> Claimant {
        Claimant { from: self.from, user_name: self.user_name }
    }

    /// Checks that a packet proves the password.
    pub(crate) fn verify(&self, packet: &SessionV15<'_>) -> Result<(), DropReason> {
        if packet.sequence != SessionSequence::NONE {
            return Err(DropReason::Replayed);
        }
        // Nobody is let in as a decoy, not even where no code is asked for.
        if self.key.verifies(packet) && self.user.is_some() { Ok(()) } else { Err(DropReason::Unauthentic) }
    }

    pub(crate) fn is_answered_by(&self, asked: &ActivateSession) -> bool {
        self.challenge.0.ct_eq(&asked.challenge.0).into()
    }

    /// Counts a wrong code; `false` if it was the last one allowed.
    pub(crate) const fn may_try_again(&mut self) -> bool {
        self.wrong_codes = self.wrong_codes.saturating_add(1);
        self.wrong_codes < WRONG_CODES
    }
}

/// The end of an established IPMI 1.5 session: one id for both directions, and the key of its packets.
#[derive(Debug)]
pub(crate) struct ProtectionV15 {
    pub(crate) id: SessionId,
    pub(crate) key: PacketKey,
}
