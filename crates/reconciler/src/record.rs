//! What is kept about one node, durably.
//!
//! A [`NodeRecord`] holds what clients asked for and how far it has been carried out: never what the cloud
//! looks like, with one exception ([`NodeRecord::rest`]). Everything here is plain data without a clock, so
//! that admission and planner stay pure functions of it.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use machine::{BootDevice, BootFlags, BootSetting, IntentTag, Lifetime, PowerRequest};
use serde::{Deserialize, Serialize};

/// A moment of the wall clock, in milliseconds since 1970 (UTC).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// How long ago this was; zero if it lies in the future, as it may after a clock was set back.
    #[must_use]
    pub const fn age(self, now: Self) -> Duration {
        Duration::from_millis(now.0.saturating_sub(self.0))
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

impl From<Timestamp> for SystemTime {
    fn from(time: Timestamp) -> Self {
        UNIX_EPOCH.checked_add(Duration::from_millis(time.0)).unwrap_or(UNIX_EPOCH)
    }
}

/// Everything that is kept about one node.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct NodeRecord {
    /// Counts the power requests that changed something.
    pub generation: u64,
    /// The power request that is not done yet.
    pub power: Option<PowerIntent>,
    /// What the node shall boot from.
    pub boot: BootRecord,
    /// Whether it was last powered on by a request through its BMC.
    pub powered_on_by_command: bool,
    /// The request that could not be carried out, until a later one is.
    pub failure: Option<Failure>,
    /// What the node was when it last rested: the platform does not say what it is while it is being updated.
    pub rest: Option<Rest>,
    /// Who asked for what goes on although a later request has taken its place.
    #[serde(default, skip_serializing_if = "Overtaken::is_empty")]
    pub overtaken: Overtaken,
}

/// Power actions that are on their way and will show, although the pending request is another one by now. Their
/// requesters are for the events, as [`PowerIntent::requester`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Overtaken {
    /// Of a power up whose start was sent.
    pub on: Option<String>,
    /// Of a power down that has become the first half of a power cycle.
    pub off: Option<String>,
    /// [`Start::Sent`] of a power up whose effect had not been seen: it may yet use up a one-shot.
    pub start: Option<u64>,
}

/// On or off, at rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rest {
    /// Running.
    On,
    /// Not running.
    Off,
}

/// A power request on its way.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PowerIntent {
    /// What was asked for last; for people. What is done follows from the stage.
    pub request: PowerRequest,
    /// What comes next.
    pub stage: Stage,
    /// [`BootRecord::generation`] at the time of the request: a reset asked for after another boot device was
    /// set is another reset.
    pub boot_generation: u64,
    /// When it was recorded.
    pub since: Timestamp,
    /// Who asked; for people.
    pub requester: String,
}

/// How far a power request has come.
///
/// ```text
///             off                              on
///   PowerDown{Rest} ── off seen ──▶ done       PowerUp ── start sent, running seen ──▶ done
///             soft                             cycle, reset; off and on
///   ShutDown{Rest} ─── off seen ──▶ done       PowerDown{PowerUp} ── off seen ──▶ PowerUp
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// To be powered off at once.
    PowerDown {
        /// What follows.
        then: Then,
    },
    /// The guest is asked, once, to shut down.
    ShutDown {
        /// When it was asked.
        asked: Option<Timestamp>,
        /// What follows.
        then: Then,
    },
    /// To be started, from off.
    PowerUp {
        /// When the node was first seen off; until then the start waits.
        off_seen: Option<Timestamp>,
        /// What is known about the start.
        start: Start,
    },
}

/// What follows a power down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Then {
    /// Nothing: it stays off.
    Rest,
    /// A power up: together a power cycle.
    PowerUp,
}

/// What is known about the start of a power up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// It has not been sent.
    NotSent,
    /// It has been sent, or was about to be when this was written.
    Sent {
        /// [`BootRecord::generation`] at that time: what the start was for.
        boot_generation: u64,
    },
    /// Its effect has been seen.
    Seen,
}

/// What a node shall boot from, and how far that has been carried out.
///
/// The device of the next power cycle is the one-shot's, or else the lasting one's, or else the one to be
/// restored, or else what is deployed: [`BootRecord::wanted`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct BootRecord {
    /// Whether anything was ever asked for or taken over: only then is the record an authority over the tag.
    /// It stays true when everything is done, so that a stale tag is not taken over a second time.
    pub known: bool,
    /// Counts the changes of what is wanted.
    pub generation: u64,
    /// When that was.
    pub since: Timestamp,
    /// For the next power cycle only.
    pub once: Option<Wish>,
    /// Until it is changed.
    pub lasting: Option<Wish>,
    /// What a one-shot replaced, to come back at the power cycle after it.
    pub restore: Option<BootDevice>,
    /// What we wrote (or were about to write) into the design and have not seen running: a difference between
    /// design and deployment that is ours, and ours to take back.
    pub in_design: Option<BootDevice>,
    /// The tag as we last wrote it.
    pub tag: WrittenTag,
}

/// A boot device that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Wish {
    /// The device.
    pub device: BootDevice,
    /// The bytes that the client sent; none for a wish that was found as a tag.
    pub flags: Option<BootFlags>,
}

/// What is known about the tag in the description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WrittenTag {
    /// We have not written it, or do not know whether what we sent was: what is observed counts.
    #[default]
    Unknown,
    /// We removed it.
    Absent,
    /// We wrote it.
    Present(IntentTag),
}

/// A request that could not be carried out.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Failure {
    /// What kind of failure it is.
    pub kind: FailureKind,
    /// What happened, in words.
    pub words: String,
    /// When.
    pub at: Timestamp,
    /// Whether a client has been told by the refusal of a later power request.
    pub reported: bool,
}

/// The kinds of failure that end a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// The cloud does not allow it, or a quota is used up.
    Forbidden,
    /// The VM is gone, or not published any more.
    Gone,
    /// The platform reports a fault of the VM.
    Fault,
    /// The guest did not follow a request to shut down.
    NoShutdown,
    /// Somebody else started the node before its boot device could be applied.
    Overtaken,
}

impl NodeRecord {
    /// Whether a start was sent, or was about to be, and its effect has not been seen.
    #[must_use]
    pub const fn has_sent_start(&self) -> bool {
        let pending = match &self.power {
            Some(PowerIntent { stage: Stage::PowerUp { start, .. }, .. }) => {
                matches!(start, Start::Sent { .. })
            }
            Some(_) | None => false,
        };
        pending || self.overtaken.start.is_some()
    }

    /// Whether it is being powered up and its start has not been seen: only then may its design differ from
    /// its deployment by what we wrote.
    #[must_use]
    pub const fn is_rising(&self) -> bool {
        match &self.power {
            Some(PowerIntent { stage: Stage::PowerUp { start, .. }, .. }) => !matches!(start, Start::Seen),
            Some(_) | None => false,
        }
    }
}

impl Overtaken {
    /// Whether nothing was overtaken.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.on.is_none() && self.off.is_none() && self.start.is_none()
    }
}

impl PowerIntent {
    /// What stands before the reason in [`Failure::words`].
    #[must_use]
    pub fn failure_prefix(&self) -> String {
        format!("power {} asked for by {}: ", self.request, self.requester)
    }
}

impl BootRecord {
    /// What the next power cycle shall boot from; `None` when that is what is deployed anyway.
    #[must_use]
    pub fn wanted(&self) -> Option<BootDevice> {
        self.once.or(self.lasting).map(|wish| wish.device).or(self.restore)
    }

    /// What the power cycle after the next one shall boot from, where a one-shot makes a difference.
    #[must_use]
    pub fn following(&self) -> Option<BootDevice> {
        self.once.and_then(|_| self.lasting.map(|wish| wish.device).or(self.restore))
    }

    /// The tag that stands for what is not yet in a deployment with this boot device.
    ///
    /// A one-shot that is deployed already leaves the device that comes back after it: one write applies the
    /// one and notes the other.
    #[must_use]
    pub fn tag_beside(&self, deployed: BootDevice) -> Option<IntentTag> {
        let lifetime = if self.once.is_some() { Lifetime::Once } else { Lifetime::Persistent };
        let next = self.wanted().map(|device| IntentTag { device, lifetime });
        let later = self.following().map(|device| IntentTag { device, lifetime: Lifetime::Persistent });
        next.into_iter().chain(later).find(|tag| tag.device != deployed)
    }

    /// What a client reads: the override that holds, or else what the next power-on will really boot from.
    #[must_use]
    pub fn setting(&self, deployed: BootDevice) -> BootSetting {
        let wish = self.once.or(self.lasting);
        match wish.and_then(|wish| wish.flags) {
            Some(flags) => BootSetting::Override(flags),
            None => BootSetting::Platform(self.wanted().unwrap_or(deployed)),
        }
    }

    /// A start for what is wanted has been seen: a one-shot is used up, a restored device is back.
    #[must_use]
    pub fn used(mut self) -> Self {
        if self.once.take().is_none() {
            self.restore = None;
            self.lasting = self.lasting.filter(|wish| wish.flags.is_some());
        }
        self
    }
}

impl WrittenTag {
    /// Whether the design has to be written so that it carries this tag.
    #[must_use]
    pub fn differs(self, wanted: Option<IntentTag>, observed: Option<IntentTag>) -> bool {
        match self {
            Self::Unknown => observed != wanted,
            Self::Absent => wanted.is_some(),
            Self::Present(written) => wanted != Some(written),
        }
    }
}

impl From<Option<IntentTag>> for WrittenTag {
    fn from(tag: Option<IntentTag>) -> Self {
        tag.map_or(Self::Absent, Self::Present)
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PowerDown { then: Then::Rest } => "power off",
            Self::PowerDown { then: Then::PowerUp } => "power off, then on",
            Self::ShutDown { then: Then::Rest, .. } => "shut down",
            Self::ShutDown { then: Then::PowerUp, .. } => "shut down, then power on",
            Self::PowerUp { .. } => "power on",
        })
    }
}
