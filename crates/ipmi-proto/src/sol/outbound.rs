//! One side's characters on their way to the other.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::{Buf as _, Bytes, BytesMut};

use crate::number::SolSequence;

/// How long to gather characters, and when to send a packet again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SolTiming {
    /// How long characters are gathered before a packet is sent that is not full.
    pub accumulation: Duration,
    /// How many characters are sent without waiting for more.
    pub threshold: usize,
    /// How often a packet is sent again that nobody acknowledges.
    pub retries: u32,
    /// How long after the time before.
    pub retry_interval: Duration,
}

impl SolTiming {
    /// For a console: what is typed goes out at once.
    pub const CONSOLE: Self = Self {
        accumulation: Duration::ZERO,
        threshold: 1,
        retries: 7,
        retry_interval: Duration::from_millis(500),
    };
}

/// Characters that wait, and the packet that waits for its acknowledgement.
#[derive(Debug)]
pub(super) struct Outbound {
    timing: SolTiming,
    /// How many characters fit a packet.
    most: usize,
    /// How many characters may wait.
    capacity: usize,
    waiting: VecDeque<Segment>,
    /// How many characters wait.
    len: usize,
    /// Since when the oldest of them waits.
    since: Option<Instant>,
    outstanding: Option<Outstanding>,
    last: SolSequence,
    /// Nothing is sent before then: the other side was not ready.
    held_until: Option<Instant>,
    paused: bool,
    lost: bool,
}

/// What waits: characters, or control bits that have their place among them.
#[derive(Debug)]
enum Segment {
    Characters(BytesMut),
    Control(u8),
}

/// A packet that was sent and waits for its acknowledgement.
#[derive(Debug)]
struct Outstanding {
    packet: Numbered,
    sent: u32,
    /// When to send it again, or to give it up.
    due: Instant,
}

/// A numbered packet, without acknowledgement.
#[derive(Debug, Clone)]
pub(super) struct Numbered {
    pub(super) sequence: SolSequence,
    pub(super) characters: Bytes,
    /// Control bits of this packet alone.
    pub(super) control: u8,
    /// Whether characters before these were lost.
    pub(super) after_loss: bool,
}

impl Outbound {
    pub(super) fn new(timing: SolTiming, most: usize, capacity: usize) -> Self {
        Self {
            timing,
            most: most.max(1),
            capacity: capacity.max(1),
            waiting: VecDeque::new(),
            len: 0,
            since: None,
            outstanding: None,
            last: SolSequence::NONE,
            held_until: None,
            paused: false,
            lost: false,
        }
    }

    pub(super) const fn set_timing(&mut self, timing: SolTiming) {
        self.timing = timing;
    }

    /// Adds characters behind those that wait. If there are too many, the oldest ones are lost.
    pub(super) fn push(&mut self, now: Instant, characters: &[u8]) {
        if characters.is_empty() {
            return;
        }
        match self.waiting.back_mut() {
            Some(Segment::Characters(last)) => last.extend_from_slice(characters),
            Some(Segment::Control(_)) | None => {
                self.waiting.push_back(Segment::Characters(BytesMut::from(characters)));
            }
        }
        self.len = self.len.saturating_add(characters.len());
        self.since.get_or_insert(now);
        while self.len > self.capacity {
            let excess = self.len.saturating_sub(self.capacity);
            self.drop_oldest(excess);
            self.lost = true;
        }
    }

    /// Adds control bits behind the characters that wait.
    pub(super) fn push_control(&mut self, now: Instant, control: u8) {
        self.waiting.push_back(Segment::Control(control));
        self.since.get_or_insert(now);
    }

    /// Forgets what waits; what was sent stays sent.
    pub(super) fn flush(&mut self) {
        self.waiting.clear();
        self.len = 0;
        self.since = None;
    }

    /// Whether the other side wants no characters for the moment.
    pub(super) fn pause(&mut self, now: Instant, paused: bool) {
        if self.paused && !paused {
            let due = after(now, self.timing.retry_interval);
            if let Some(outstanding) = &mut self.outstanding {
                outstanding.due = due;
            }
        }
        self.paused = paused;
    }

    /// Takes an acknowledgement.
    pub(super) fn acknowledge(&mut self, now: Instant, sequence: SolSequence, accepted: u8, refused: bool) {
        let Some(mut outstanding) = self.outstanding.take_if(|it| it.packet.sequence == sequence) else {
            return;
        };
        let accepted = usize::from(accepted);
        let total = outstanding.packet.characters.len();
        // An acknowledgement of nothing, which is none, is left to the retries.
        let settled = accepted >= total && !(refused && total == 0);
        if settled {
            return;
        }
        if accepted > 0 {
            // The rest goes into a packet of its own, before everything else.
            let rest = outstanding.packet.characters.split_off(accepted);
            self.len = self.len.saturating_add(rest.len());
            self.waiting.push_front(Segment::Characters(BytesMut::from(&rest[..])));
            self.since = Some(now);
            if refused {
                self.held_until = Some(after(now, self.timing.retry_interval));
            }
            return;
        }
        if refused {
            // The other side is there and not ready: wait, and count the tries anew.
            outstanding.sent = 1;
            outstanding.due = after(now, self.timing.retry_interval);
        }
        self.outstanding = Some(outstanding);
    }

    /// The packet to send now, if there is one: a new one, or the one that waits for its acknowledgement again.
    pub(super) fn poll(&mut self, now: Instant) -> Option<Numbered> {
        if self.paused {
            return None;
        }
        if self.held_until.is_some_and(|until| now < until) {
            return None;
        }
        self.held_until = None;
        if let Some(outstanding) = &mut self.outstanding {
            if now < outstanding.due {
                return None;
            }
            if outstanding.sent <= self.timing.retries {
                outstanding.sent = outstanding.sent.saturating_add(1);
                outstanding.due = after(now, self.timing.retry_interval);
                return Some(outstanding.packet.clone());
            }
            tracing::debug!("nobody acknowledges a Serial over LAN packet; its characters are lost");
            self.lost = true;
            self.outstanding = None;
        }
        let packet = self.next_packet(now)?;
        self.last = packet.sequence;
        let due = after(now, self.timing.retry_interval);
        self.outstanding = Some(Outstanding { packet: packet.clone(), sent: 1, due });
        Some(packet)
    }

    /// When [`Outbound::poll`] may have something to send.
    pub(super) fn deadline(&self) -> Option<Instant> {
        if self.paused {
            return None;
        }
        let due = match &self.outstanding {
            Some(outstanding) => Some(outstanding.due),
            None => self.since.and_then(|since| since.checked_add(self.timing.accumulation)),
        }?;
        Some(self.held_until.map_or(due, |until| due.max(until)))
    }

    fn next_packet(&mut self, now: Instant) -> Option<Numbered> {
        let ripe = self.len >= self.timing.threshold.clamp(1, self.most)
            || self
                .since
                .and_then(|since| since.checked_add(self.timing.accumulation))
                .is_some_and(|at| at <= now);
        if !ripe {
            return None;
        }
        let (characters, control) = match self.waiting.front_mut()? {
            Segment::Characters(first) => {
                let characters = first.split_to(self.most.min(first.len())).freeze();
                self.len = self.len.saturating_sub(characters.len());
                (characters, 0)
            }
            Segment::Control(control) => (Bytes::new(), *control),
        };
        if control != 0
            || matches!(self.waiting.front(), Some(Segment::Characters(first)) if first.is_empty())
        {
            self.waiting.pop_front();
        }
        self.since = (!self.waiting.is_empty()).then_some(now);
        let after_loss = std::mem::take(&mut self.lost);
        Some(Numbered { sequence: self.last.next(), characters, control, after_loss })
    }

    fn drop_oldest(&mut self, count: usize) {
        match self.waiting.front_mut() {
            Some(Segment::Characters(first)) if first.len() > count => {
                first.advance(count);
                self.len = self.len.saturating_sub(count);
            }
            Some(Segment::Characters(first)) => {
                self.len = self.len.saturating_sub(first.len());
                self.waiting.pop_front();
            }
            Some(Segment::Control(_)) => drop(self.waiting.pop_front()),
            None => self.len = 0,
        }
    }
}

/// A moment later than `now`; `now` itself if there is none that late.
fn after(now: Instant, wait: Duration) -> Instant {
    now.checked_add(wait).unwrap_or(now)
}
