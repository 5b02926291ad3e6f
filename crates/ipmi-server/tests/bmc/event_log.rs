//! A record of events in memory.

use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use machine::{BoxFuture, Denied, Event, EventKind, EventLog, EventRecord, NodeId, Requester, ToldEvent};

/// The record of one node.
#[derive(Debug, Default)]
pub(crate) struct FakeEventLog {
    record: Mutex<EventRecord>,
    last: Mutex<u64>,
    denied: Mutex<Option<Denied>>,
    on: Mutex<Option<Duration>>,
}

impl FakeEventLog {
    /// Room for eight events.
    pub(crate) fn new() -> Self {
        let log = Self::default();
        log.record.lock().unwrap().capacity = 8;
        log
    }

    /// Records an event, its number of seconds after 1,000,000,000 s.
    pub(crate) fn push(&self, kind: EventKind) {
        let mut last = self.last.lock().unwrap();
        *last += 1;
        let time = UNIX_EPOCH + Duration::from_secs(1_000_000_000 + *last);
        self.record.lock().unwrap().events.push(Event { number: *last, time, kind });
    }

    /// Loses the oldest event.
    pub(crate) fn overflow(&self) {
        let mut record = self.record.lock().unwrap();
        record.events.remove(0);
        record.overflowed = true;
    }

    /// The node has been on for so long.
    pub(crate) fn on_for(&self, time: Duration) {
        *self.on.lock().unwrap() = Some(time);
    }

    /// From now on nothing can be cleared.
    pub(crate) fn deny(&self, denied: Denied) {
        *self.denied.lock().unwrap() = Some(denied);
    }
}

impl EventLog for FakeEventLog {
    fn record(&self, _node: &NodeId) -> EventRecord {
        self.record.lock().unwrap().clone()
    }

    fn clear<'a>(
        &'a self,
        _node: &'a NodeId,
        last: u64,
        _requester: &'a Requester,
    ) -> BoxFuture<'a, Result<(), Denied>> {
        Box::pin(async move {
            if let Some(denied) = self.denied.lock().unwrap().clone() {
                return Err(denied);
            }
            let mut record = self.record.lock().unwrap();
            record.events.retain(|event| event.number > last);
            record.cleared_at = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_100_000_000));
            Ok(())
        })
    }

    fn add<'a>(
        &'a self,
        _node: &'a NodeId,
        message: ToldEvent,
        requester: &'a Requester,
    ) -> BoxFuture<'a, Result<u64, Denied>> {
        Box::pin(async move {
            if let Some(denied) = self.denied.lock().unwrap().clone() {
                return Err(denied);
            }
            self.push(EventKind::Told { requester: requester.to_string(), message });
            Ok(*self.last.lock().unwrap())
        })
    }

    fn remove<'a>(
        &'a self,
        _node: &'a NodeId,
        number: u64,
        _requester: &'a Requester,
    ) -> BoxFuture<'a, Result<(), Denied>> {
        Box::pin(async move {
            if let Some(denied) = self.denied.lock().unwrap().clone() {
                return Err(denied);
            }
            self.record.lock().unwrap().events.retain(|event| event.number != number);
            Ok(())
        })
    }

    fn powered_on(&self, _node: &NodeId) -> Option<Duration> {
        *self.on.lock().unwrap()
    }
}
