//! Decides what becomes of a request: the algebra of pending and asked for, as one total, pure function each
//! for power and for boot devices.
//!
//! Nothing here looks at a cloud or a clock; nothing is written. A request that changes something yields the
//! record to be made durable before the client gets its answer.
//!
//! Requests combine like edges, not only like levels: `off` and then `on` before the first is done is a power
//! cycle, and a `reset` while another is under way is that same reset, because clients repeat a request whose
//! acknowledgement they have missed. Otherwise the newest wins.

#[cfg(test)]
mod tests;

use machine::{BootOverride, Denied, Lifetime, NodeId, Observation, Phase, PowerRequest};

use crate::record::{Failure, NodeRecord, Overtaken, PowerIntent, Rest, Stage, Start, Then, Timestamp, Wish};

/// A power request, with what has to be kept of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PowerAsk {
    /// What is asked for.
    pub request: PowerRequest,
    /// Who asks; for people.
    pub requester: String,
    /// When.
    pub at: Timestamp,
}

/// What a fresh look says about the node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Seen {
    /// The phase.
    pub phase: Phase,
    /// The platform's own name of the state; for people.
    pub state: String,
}

impl Seen {
    /// What an observation says about a node, if it is in it.
    #[must_use]
    pub fn of(observation: &Observation, node: &NodeId) -> Option<Self> {
        let look = observation.nodes.get(node)?;
        Some(Self { phase: look.phase, state: look.state.clone() })
    }
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// This record has to be made durable, then the request is acknowledged.
    Record(NodeRecord),
    /// What is asked for holds or is under way.
    AlreadySatisfied,
    /// Refused.
    Denied(Denied),
    /// Refused, and the client thereby learns of an earlier failure: this record remembers that it has.
    Reported(NodeRecord, Denied),
}

/// The side of the switch on which a node is, as far as a request is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    On,
    Off,
    GoingOff,
    NeverPublished,
    Faulty,
    /// No fresh look, and nothing remembered.
    Unknown,
}

/// Decides about a power request. `seen` is what a fresh look says, or `None` if there is none: then whatever
/// can be settled by a later look is recorded, and a power cycle is decided by what was last seen at rest.
#[must_use]
pub fn admit_power(record: &NodeRecord, ask: &PowerAsk, seen: Option<&Seen>) -> Outcome {
    let side = side(record, seen);
    let decision = match &record.power {
        Some(pending) => combine(pending, record.boot.generation, ask.request),
        None => begin(ask, side, seen),
    };
    let stage = match decision {
        Decision::Go(stage) => stage,
        Decision::Satisfied => return Outcome::AlreadySatisfied,
        Decision::No(reason) => return Outcome::Denied(Denied::NotInPresentState { reason }),
    };
    if let Some(failure) = record.failure.as_ref().filter(|failure| !failure.reported) {
        let told = Failure { reported: true, ..failure.clone() };
        let reason = format!("an earlier request failed: {}", failure.words);
        return Outcome::Reported(
            NodeRecord { failure: Some(told), ..record.clone() },
            Denied::NotInPresentState { reason },
        );
    }
    Outcome::Record(NodeRecord {
        generation: record.generation.saturating_add(1),
        overtaken: overtaken(record, stage),
        power: Some(PowerIntent {
            request: ask.request,
            stage,
            boot_generation: record.boot.generation,
            since: ask.at,
            requester: ask.requester.clone(),
        }),
        ..record.clone()
    })
}

/// Decides about a boot override; `None` drops the one that holds.
#[must_use]
pub fn admit_boot(record: &NodeRecord, wanted: Option<BootOverride>, at: Timestamp) -> Outcome {
    let old = record.boot;
    let mut boot = old;
    match wanted {
        Some(BootOverride { device, lifetime: Lifetime::Persistent, flags }) => {
            boot.lasting = Some(Wish { device, flags: Some(flags) });
            boot.once = None;
            boot.restore = None;
        }
        Some(BootOverride { device, lifetime: Lifetime::Once, flags }) => {
            boot.once = Some(Wish { device, flags: Some(flags) });
        }
        None => {
            boot.once = None;
            boot.lasting = None;
        }
    }
    boot.known = true;
    // A start that was sent is about to use up the one-shot of before: the same again is another one.
    let is_another = boot.once.is_some() && record.has_sent_start();
    if boot == old && !is_another {
        return Outcome::AlreadySatisfied;
    }
    boot.generation = old.generation.saturating_add(1);
    boot.since = at;
    Outcome::Record(NodeRecord { boot, ..record.clone() })
}

enum Decision {
    Go(Stage),
    Satisfied,
    No(String),
}

fn side(record: &NodeRecord, seen: Option<&Seen>) -> Side {
    let remembered = match record.rest {
        Some(Rest::On) => Side::On,
        Some(Rest::Off) => Side::Off,
        None => Side::Unknown,
    };
    match seen.map(|seen| seen.phase) {
        Some(Phase::On | Phase::PoweringOn | Phase::Busy) => Side::On,
        Some(Phase::Off) => Side::Off,
        Some(Phase::PoweringOff) => Side::GoingOff,
        Some(Phase::Absent) => Side::NeverPublished,
        Some(Phase::Fault | Phase::Unknown) => Side::Faulty,
        Some(Phase::Updating) | None => remembered,
    }
}

/// Nothing is pending.
fn begin(ask: &PowerAsk, side: Side, seen: Option<&Seen>) -> Decision {
    let known = seen.is_some();
    match (ask.request, side) {
        // Without a fresh look neither "is on" nor "is off" may be claimed: the request is recorded and
        // settled by the next look.
        (PowerRequest::On, Side::On) if known => Decision::Satisfied,
        (PowerRequest::On, Side::Off) if seen.is_some_and(|seen| seen.phase == Phase::Off) => {
            Decision::Go(power_up(Some(ask.at)))
        }
        (PowerRequest::On, Side::On | Side::Off | Side::GoingOff | Side::Unknown) => {
            Decision::Go(power_up(None))
        }
        (PowerRequest::On, Side::NeverPublished) => Decision::No("the VM was never published".to_owned()),

        (PowerRequest::Off, Side::Off | Side::NeverPublished) if known => Decision::Satisfied,
        // A platform that goes off may come back (a guest that does not follow), and a fault may hide a
        // running guest: a hard off is tried.
        (PowerRequest::Off, _) => Decision::Go(Stage::PowerDown { then: Then::Rest }),

        (PowerRequest::Soft, Side::Off | Side::NeverPublished | Side::GoingOff) if known => {
            Decision::Satisfied
        }
        (
            PowerRequest::Soft,
            Side::On | Side::Off | Side::NeverPublished | Side::GoingOff | Side::Unknown,
        ) => Decision::Go(Stage::ShutDown { asked: None, then: Then::Rest }),

        (PowerRequest::Cycle | PowerRequest::Reset, Side::On | Side::Unknown) => {
            Decision::Go(Stage::PowerDown { then: Then::PowerUp })
        }
        (PowerRequest::Cycle | PowerRequest::Reset, Side::Off | Side::GoingOff | Side::NeverPublished) => {
            Decision::No("the node is off".to_owned())
        }

        (PowerRequest::On | PowerRequest::Soft | PowerRequest::Cycle | PowerRequest::Reset, Side::Faulty) => {
            let state = seen.map_or("unknown", |seen| seen.state.as_str());
            Decision::No(format!("the platform reports the state {state}"))
        }
    }
}

/// Something is pending: what is asked for is combined with it, whatever the node looks like at the moment.
fn combine(pending: &PowerIntent, boot_generation: u64, request: PowerRequest) -> Decision {
    match (request, pending.stage) {
        // A start that was sent is repeated for the boot device that was wanted when it was asked for.
        (PowerRequest::On, Stage::PowerUp { start: Start::Sent { .. }, .. })
            if pending.boot_generation != boot_generation =>
        {
            Decision::Go(pending.stage)
        }
        (PowerRequest::On, Stage::PowerUp { .. }) => Decision::Satisfied,
        (PowerRequest::On, Stage::PowerDown { then: Then::PowerUp }) => Decision::Satisfied,
        (PowerRequest::On, Stage::ShutDown { then: Then::PowerUp, .. }) => Decision::Satisfied,
        (PowerRequest::On, Stage::PowerDown { then: Then::Rest }) => {
            Decision::Go(Stage::PowerDown { then: Then::PowerUp })
        }
        (PowerRequest::On, Stage::ShutDown { asked, then: Then::Rest }) => {
            Decision::Go(Stage::ShutDown { asked, then: Then::PowerUp })
        }

        (PowerRequest::Off, Stage::PowerDown { then: Then::Rest }) => Decision::Satisfied,
        (PowerRequest::Off, Stage::PowerDown { .. } | Stage::ShutDown { .. } | Stage::PowerUp { .. }) => {
            Decision::Go(Stage::PowerDown { then: Then::Rest })
        }

        (PowerRequest::Soft, Stage::PowerDown { then: Then::Rest }) => Decision::Satisfied,
        (PowerRequest::Soft, Stage::ShutDown { then: Then::Rest, .. }) => Decision::Satisfied,
        (PowerRequest::Soft, Stage::ShutDown { asked, then: Then::PowerUp }) => {
            Decision::Go(Stage::ShutDown { asked, then: Then::Rest })
        }
        (PowerRequest::Soft, Stage::PowerDown { then: Then::PowerUp } | Stage::PowerUp { .. }) => {
            Decision::Go(Stage::ShutDown { asked: None, then: Then::Rest })
        }

        (PowerRequest::Cycle | PowerRequest::Reset, Stage::PowerDown { then: Then::PowerUp }) => {
            Decision::Satisfied
        }
        // A power up from off is as good as another one, but not for a boot device set since; and one that
        // has not seen the node off may yet find it running.
        (PowerRequest::Cycle | PowerRequest::Reset, Stage::PowerUp { off_seen: Some(_), .. })
            if pending.boot_generation == boot_generation =>
        {
            Decision::Satisfied
        }
        (
            PowerRequest::Cycle | PowerRequest::Reset,
            Stage::PowerDown { then: Then::Rest } | Stage::ShutDown { .. } | Stage::PowerUp { .. },
        ) => Decision::Go(Stage::PowerDown { then: Then::PowerUp }),
    }
}

/// Whose action will still show when the pending request gives way to this stage.
fn overtaken(record: &NodeRecord, stage: Stage) -> Overtaken {
    let Some(pending) = &record.power else { return Overtaken::default() };
    let mut overtaken = record.overtaken.clone();
    match (pending.stage, stage) {
        (
            Stage::PowerDown { then: Then::Rest } | Stage::ShutDown { then: Then::Rest, .. },
            Stage::PowerDown { then: Then::PowerUp } | Stage::ShutDown { then: Then::PowerUp, .. },
        ) => overtaken.off = Some(pending.requester.clone()),
        (Stage::PowerUp { .. }, Stage::PowerUp { .. }) => {}
        (Stage::PowerUp { start: Start::Sent { boot_generation }, .. }, _) => {
            overtaken.on = Some(pending.requester.clone());
            overtaken.start = Some(boot_generation);
        }
        (Stage::PowerUp { start: Start::Seen, .. }, _) => overtaken.on = Some(pending.requester.clone()),
        (Stage::PowerDown { .. } | Stage::ShutDown { .. } | Stage::PowerUp { .. }, _) => overtaken.off = None,
    }
    overtaken
}

const fn power_up(off_seen: Option<Timestamp>) -> Stage {
    Stage::PowerUp { off_seen, start: Start::NotSent }
}
