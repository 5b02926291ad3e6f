//! The requests of one session that may come again (`IPMI 2.0 §5.6`, `ipmi-lan.md §10.3`).
//!
//! Clients repeat an unanswered request with the same `rqSeq` and a *new* session sequence number, so the replay window lets the
//! repetition through. It is recognised here: same `rqSeq`, network function, command and data as a request of the last seconds. A
//! repetition is never executed: while the answer is being worked on it is absorbed, afterwards it gets the stored answer.
//!
//! `rqSeq` wraps after 64 requests. The log therefore holds only the latest [`CAPACITY`] of them: a client that counts on and
//! wraps within the window finds its number forgotten, while a repetition that the network delayed behind younger requests is
//! still found.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::number::CompletionCode;
use crate::wire::LanRequest;

/// Half of the numbers that `rqSeq` has.
const CAPACITY: usize = 32;

/// One request of one session, for whoever works on it.
#[derive(Debug)]
pub(crate) struct RequestKey {
    serial: u64,
}

/// What a request that just came in is.
#[derive(Debug)]
pub(crate) enum Arrival {
    /// A new one, to be executed.
    New(RequestKey),
    /// A repetition whose answer is still being worked on.
    StillWorking,
    /// A repetition whose answer is known.
    Answered(Answer),
}

/// A completion code and the data after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) completion_code: CompletionCode,
    pub(crate) data: Bytes,
}

/// What is remembered of a session's requests.
#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    /// Oldest first.
    entries: VecDeque<Entry>,
    next_serial: u64,
}

#[derive(Debug)]
struct Entry {
    serial: u64,
    request: LanRequest,
    /// Where the latest copy of the request came from.
    peer: SocketAddr,
    state: State,
}

#[derive(Debug)]
enum State {
    StillWorking,
    Answered { at: Instant, answer: Answer },
}

impl RequestLog {
    /// Takes note of a request and says what it is.
    pub(crate) fn arrive(
        &mut self,
        now: Instant,
        window: Duration,
        peer: SocketAddr,
        request: &LanRequest,
    ) -> Arrival {
        self.entries.retain(|entry| match entry.state {
            State::StillWorking => true,
            State::Answered { at, .. } => now.saturating_duration_since(at) < window,
        });
        if let Some(entry) = self.entries.iter_mut().find(|entry| is_repetition(&entry.request, request)) {
            entry.peer = peer;
            return match &entry.state {
                State::StillWorking => Arrival::StillWorking,
                State::Answered { answer, .. } => Arrival::Answered(answer.clone()),
            };
        }
        // Another request under a number means that its console is done with the earlier one.
        self.entries.retain(|entry| entry.request.requester_seq != request.requester_seq);
        while self.entries.len() >= CAPACITY {
            let answered =
                self.entries.iter().position(|entry| matches!(entry.state, State::Answered { .. }));
            self.entries.remove(answered.unwrap_or(0));
        }
        let serial = self.next_serial;
        self.next_serial = serial.wrapping_add(1);
        self.entries.push_back(Entry { serial, request: request.clone(), peer, state: State::StillWorking });
        Arrival::New(RequestKey { serial })
    }

    /// Stores the answer to a request and says what it answers and where it goes: to where the latest copy came from. `None` if
    /// the request was forgotten, because its console has long gone on to others.
    pub(crate) fn answer(
        &mut self,
        now: Instant,
        key: &RequestKey,
        answer: Answer,
    ) -> Option<(&LanRequest, SocketAddr)> {
        let entry = self.entries.iter_mut().find(|entry| entry.serial == key.serial)?;
        entry.state = State::Answered { at: now, answer };
        Some((&entry.request, entry.peer))
    }
}

/// Whether a request is another copy of an earlier one.
fn is_repetition(earlier: &LanRequest, request: &LanRequest) -> bool {
    earlier.requester_seq == request.requester_seq
        && earlier.net_fn == request.net_fn
        && earlier.command == request.command
        && earlier.data == request.data
}
