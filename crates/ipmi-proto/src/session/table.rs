//! All sessions of one managed system, by the id that it gave them.
//!
//! The console's id is no key: ipmitool uses the same one in every process. Invariants: ids are unique and not 0; there are at
//! most [`SessionLimits::max_half_open`] half-open and [`SessionLimits::max_active`] established sessions; the handles of
//! established sessions are unique and between 1 and their greatest number.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use crate::entropy::{self, Entropy};
use crate::number::{SessionId, UserId};
use crate::session::{Active, Claimant, Opening, Session, SessionHandle, SessionLimits, Slot};

/// The sessions of one managed system.
#[derive(Debug)]
pub(crate) struct SessionTable {
    limits: SessionLimits,
    sessions: BTreeMap<SessionId, Session>,
    opened: u64,
}

/// What [`SessionTable::expire`] ended.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Expired {
    /// Who had been given RAKP 2 and never came back.
    pub(crate) abandoned_logins: Vec<Claimant>,
    /// Established sessions.
    pub(crate) idle: u64,
}

impl SessionTable {
    pub(crate) const fn new(limits: SessionLimits) -> Self {
        Self { limits, sessions: BTreeMap::new(), opened: 0 }
    }

    pub(crate) const fn limits(&self) -> &SessionLimits {
        &self.limits
    }

    /// Takes a session out, to be put back by [`SessionTable::put`] or forgotten.
    pub(crate) fn take(&mut self, id: SessionId) -> Option<Session> {
        self.sessions.remove(&id)
    }

    pub(crate) fn put(&mut self, id: SessionId, session: Session) {
        self.sessions.insert(id, session);
    }

    /// The console's id for the session that the managed system calls `id`.
    pub(crate) fn console_id(&self, id: SessionId) -> Option<SessionId> {
        self.sessions.get(&id).and_then(Session::console_session_id)
    }

    /// Who wants to log in with this half-open session.
    pub(crate) fn claimant(&self, id: SessionId) -> Option<Claimant> {
        self.sessions.get(&id).and_then(Session::claimant)
    }

    /// How many sessions there are, of any kind.
    pub(crate) fn len(&self) -> usize {
        self.sessions.len()
    }

    pub(crate) fn active(&self, id: SessionId) -> Option<&Active> {
        self.sessions.get(&id).and_then(Session::as_active)
    }

    pub(crate) fn active_mut(&mut self, id: SessionId) -> Option<&mut Active> {
        match self.sessions.get_mut(&id) {
            Some(Session::Active(active)) => Some(active),
            _ => None,
        }
    }

    /// Established sessions, by id.
    pub(crate) fn all_active(&self) -> impl Iterator<Item = (SessionId, &Active)> {
        self.sessions.iter().filter_map(|(id, session)| Some((*id, session.as_active()?)))
    }

    /// The established session with this handle.
    pub(crate) fn by_handle(&self, handle: SessionHandle) -> Option<(SessionId, &Active)> {
        self.all_active().find(|(_, active)| active.handle() == handle)
    }

    /// The `nth` established session, from 1, in the order of their handles.
    pub(crate) fn nth(&self, nth: u8) -> Option<(SessionId, &Active)> {
        let mut all: Vec<_> = self.all_active().collect();
        all.sort_unstable_by_key(|(_, active)| active.handle());
        all.into_iter().nth(usize::from(nth.checked_sub(1)?))
    }

    pub(crate) fn active_count(&self) -> u8 {
        u8::try_from(self.all_active().count()).unwrap_or(u8::MAX)
    }

    fn half_open(&self) -> impl Iterator<Item = (SessionId, &Opening)> {
        self.sessions.iter().filter_map(|(id, session)| Some((*id, session.opening()?)))
    }

    /// Adds a half-open session under an id of its own and says whether the oldest one had to go.
    pub(crate) fn open(
        &mut self,
        now: Instant,
        entropy: &mut dyn Entropy,
        make: impl FnOnce(SessionId, Opening) -> Session,
    ) -> (SessionId, Evicted) {
        let mut evicted = Evicted::Nobody;
        while self.half_open().count() >= usize::from(self.limits.max_half_open.max(1)) {
            let oldest = self.half_open().min_by_key(|(_, opening)| opening.order).map(|(id, _)| id);
            let Some(oldest) = oldest else { break };
            self.sessions.remove(&oldest);
            evicted = Evicted::Oldest;
        }
        let id = self.fresh_id(entropy);
        let opening = Opening { at: now, order: self.opened };
        self.opened = self.opened.wrapping_add(1);
        self.sessions.insert(id, make(id, opening));
        (id, evicted)
    }

    /// An id that no session has. A source of randomness that repeats itself costs unpredictability, never uniqueness.
    pub(crate) fn fresh_id(&self, entropy: &mut dyn Entropy) -> SessionId {
        let mut id = SessionId(u32::from_le_bytes(entropy::draw(entropy)));
        while id == SessionId::NONE || self.sessions.contains_key(&id) {
            id = SessionId(id.0.wrapping_add(1));
        }
        id
    }

    /// The place of one more established session: a free one, or that of the session that has been silent for longest, if that
    /// is long enough. `None` when the table is full.
    pub(crate) fn slot(&self, now: Instant) -> Option<Slot> {
        let most = self.limits.max_active.clamp(1, SessionLimits::MOST_ACTIVE);
        let taken = self.all_active().fold(0u64, |taken, (_, active)| taken | 1 << active.handle().0);
        let free = (1..=most).find(|handle| taken & 1 << handle == 0);
        if let Some(handle) = free.map(SessionHandle) {
            return Some(Slot { handle, displaces: None });
        }
        let (id, silent) = self.all_active().min_by_key(|(_, active)| active.last_heard())?;
        let silence = now.saturating_duration_since(silent.last_heard());
        (silence >= self.limits.displace_after).then(|| Slot { handle: silent.handle(), displaces: Some(id) })
    }

    /// Ends what has been half-open or silent for too long.
    pub(crate) fn expire(&mut self, now: Instant) -> Expired {
        let mut expired = Expired::default();
        let limits = self.limits;
        self.sessions.retain(|_, session| {
            if session.deadline(&limits).is_none_or(|deadline| now < deadline) {
                return true;
            }
            match session {
                Session::AwaitingRakp1(_) | Session::AwaitingActivation(_) => {}
                Session::AwaitingRakp3(session) => expired.abandoned_logins.push(session.claimant()),
                Session::Active(_) => expired.idle += 1,
            }
            false
        });
        expired
    }

    /// When [`SessionTable::expire`] has something to do next.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.sessions.values().filter_map(|session| session.deadline(&self.limits)).min()
    }

    /// Ends the sessions, half-open ones too, of these users, but for one. Returns how many established ones ended.
    pub(crate) fn end_of_users(&mut self, users: &BTreeSet<UserId>, but: Option<SessionId>) -> u64 {
        let mut ended = 0;
        self.sessions.retain(|id, session| {
            let stays = Some(*id) == but || session.user().is_none_or(|user| !users.contains(&user));
            ended += u64::from(!stays && session.as_active().is_some());
            stays
        });
        ended
    }

    pub(crate) fn clear(&mut self) {
        self.sessions.clear();
    }
}

/// Who had to go for a new half-open session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Evicted {
    Nobody,
    Oldest,
}
