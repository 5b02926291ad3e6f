//! Everything that can go wrong with a request, and with which.

use std::time::Duration;

use ravello_sim::{EditMoment, FaultEffect, FaultRule, Occurrence, RequestPattern, VmId, VmState};
use serde_json::{Map, Value, json};

/// The kinds of request that ravbmc sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Get,
    Filter,
    Put,
    Publish,
    Start,
    PowerOff,
    Shutdown,
    BatchStart,
    BatchPowerOff,
    BatchShutdown,
    SetExpiration,
}

impl Kind {
    pub(crate) const ALL: [Self; 11] = [
        Self::Get,
        Self::Filter,
        Self::Put,
        Self::Publish,
        Self::Start,
        Self::PowerOff,
        Self::Shutdown,
        Self::BatchStart,
        Self::BatchPowerOff,
        Self::BatchShutdown,
        Self::SetExpiration,
    ];

    pub(crate) fn pattern(self) -> RequestPattern {
        let (method, path) = match self {
            Self::Get => ("GET", "/applications/{id}"),
            Self::Filter => ("POST", "/applications/filter"),
            Self::Put => ("PUT", "/applications/{id}"),
            Self::Publish => ("POST", "/applications/{id}/publishUpdates"),
            Self::Start => ("POST", "/applications/{id}/vms/{id}/start"),
            Self::PowerOff => ("POST", "/applications/{id}/vms/{id}/poweroff"),
            Self::Shutdown => ("POST", "/applications/{id}/vms/{id}/shutdown"),
            Self::BatchStart => ("POST", "/applications/{id}/vms/start"),
            Self::BatchPowerOff => ("POST", "/applications/{id}/vms/poweroff"),
            Self::BatchShutdown => ("POST", "/applications/{id}/vms/shutdown"),
            Self::SetExpiration => ("POST", "/applications/{id}/setExpiration"),
        };
        RequestPattern { method: Some(method.to_owned()), path: Some(path.to_owned()), vm: None }
    }

    /// Whether it is about several VMs by name.
    pub(crate) const fn is_batch(self) -> bool {
        matches!(self, Self::BatchStart | Self::BatchPowerOff | Self::BatchShutdown)
    }

    /// Whether it is about VMs by name at all.
    pub(crate) const fn is_action(self) -> bool {
        self.is_batch() || matches!(self, Self::Start | Self::PowerOff | Self::Shutdown)
    }
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// 429.
    Throttled,
    /// 429 with a pause of a second.
    ThrottledWithPause,
    /// A status that refuses, twice.
    Refused(u16),
    /// A status that refuses, until somebody has noticed.
    RefusedForGood(u16),
    Slow,
    Dropped,
    ReplyLost,
    /// The VM stays in its transient state until somebody has noticed.
    Stuck,
    /// The VM fails.
    Failed,
    /// A second writer changes a text.
    TextEdited(EditMoment),
    /// A second writer changes the hardware of a running VM, and takes that back when somebody has noticed.
    HardwareEdited(EditMoment),
    /// The login sessions end.
    SessionsExpired,
}

impl Fault {
    pub(crate) const ALL: [Self; 23] = [
        Self::Throttled,
        Self::ThrottledWithPause,
        Self::Refused(400),
        Self::Refused(403),
        Self::Refused(409),
        Self::Refused(500),
        Self::Refused(503),
        Self::RefusedForGood(400),
        Self::RefusedForGood(403),
        Self::RefusedForGood(409),
        Self::RefusedForGood(500),
        Self::RefusedForGood(503),
        Self::Slow,
        Self::Dropped,
        Self::ReplyLost,
        Self::Stuck,
        Self::Failed,
        Self::TextEdited(EditMoment::Before),
        Self::TextEdited(EditMoment::After),
        Self::HardwareEdited(EditMoment::Before),
        Self::HardwareEdited(EditMoment::After),
        Self::SessionsExpired,
        Self::RefusedForGood(429),
    ];

    /// Whether it makes sense with requests of this kind.
    ///
    /// A change of hardware that comes between the last look and the publish cannot be seen by anybody: the
    /// service offers no way to publish only what one has seen. So it comes earlier here.
    pub(crate) const fn concerns(self, kind: Kind) -> bool {
        match self {
            Self::Stuck | Self::Failed => kind.is_action(),
            Self::HardwareEdited(_) => matches!(kind, Kind::Put),
            _ => true,
        }
    }

    /// Whether it lasts until it is taken back.
    pub(crate) const fn lasts(self) -> bool {
        matches!(self, Self::RefusedForGood(_) | Self::Stuck | Self::HardwareEdited(_))
    }

    pub(crate) fn rule(self, kind: Kind, bystander: VmId) -> FaultRule {
        let refuse = |status| FaultEffect::Refuse { status, message: None };
        let edit = |moment, key: &str, value: Value| {
            let set = Map::from_iter([(key.to_owned(), value)]);
            FaultEffect::Edit { moment, vm: bystander, set }
        };
        let (times, effect) = match self {
            Self::Throttled => (2, FaultEffect::Throttle { retry_after_seconds: None }),
            Self::ThrottledWithPause => (1, FaultEffect::Throttle { retry_after_seconds: Some(1) }),
            Self::Refused(status) => (2, refuse(status)),
            Self::RefusedForGood(status) => (0, refuse(status)),
            Self::Slow => (2, FaultEffect::Slow { millis: Duration::from_millis(300) }),
            Self::Dropped => (2, FaultEffect::DropConnection),
            Self::ReplyLost => (2, FaultEffect::LoseReply),
            Self::Stuck => (1, FaultEffect::Stick),
            Self::Failed => (1, FaultEffect::Fail { state: VmState::Error }),
            Self::TextEdited(moment) => (1, edit(moment, "/description", json!(EDITED))),
            Self::HardwareEdited(moment) => (1, edit(moment, "/numCpus", json!(8))),
            Self::SessionsExpired => (2, FaultEffect::ExpireSessions),
        };
        let occurrence = if times == 0 { Occurrence::Always } else { Occurrence::Next { times } };
        FaultRule { matches: kind.pattern(), occurrence, effect }
    }
}

/// What the second writer writes.
pub(crate) const EDITED: &str = "edited by a second writer";
