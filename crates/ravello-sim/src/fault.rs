//! Fault injection: what goes wrong, with which requests, and when.
//!
//! A rule says which requests it is about, which of those it hits, and what then happens. Rules are asked in
//! the order in which they were added; every rule that hits has its effect.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::durations::millis;
use crate::id::{IdSource, VmId};
use crate::state::VmState;

/// One thing that goes wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct FaultRule {
    /// The requests it is about.
    #[serde(default)]
    pub matches: RequestPattern,
    /// Which of them it hits.
    #[serde(default)]
    pub occurrence: Occurrence,
    /// What happens to them.
    pub effect: FaultEffect,
}

/// Which requests a rule is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct RequestPattern {
    /// The method; any if absent.
    pub method: Option<String>,
    /// The path template, as [`RequestKind`](crate::RequestKind) spells it; `*` stands for any number of any
    /// characters. Any path if absent.
    pub path: Option<String>,
    /// Only requests about this VM: in the path, or among the `ids` of the body.
    pub vm: Option<VmId>,
}

/// Which of the matching requests a rule hits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Occurrence {
    /// All of them.
    #[default]
    Always,
    /// The next ones, that many.
    Next {
        /// How many.
        times: u32,
    },
    /// One only, counted from 1.
    Nth {
        /// Which.
        n: u32,
    },
    /// Each with this probability, drawn from the seed of the simulator.
    Probability {
        /// From 0 to 1.
        p: f64,
    },
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum FaultEffect {
    /// 429, with the pause that the client shall make.
    Throttle {
        /// Sent as `Retry-After`, if there is one.
        #[serde(default)]
        retry_after_seconds: Option<u64>,
    },
    /// An error status without any effect: 400, 403, 409, 500, 503, whatever.
    Refuse {
        /// The status, 400 to 599.
        status: u16,
        /// The text of `Error-Message`.
        #[serde(default)]
        message: Option<String>,
    },
    /// The request is carried out that much later.
    Slow {
        /// How much.
        #[serde(with = "millis")]
        millis: Duration,
    },
    /// The connection breaks before the request has any effect.
    DropConnection,
    /// The request has its effect, then the connection breaks.
    LoseReply,
    /// The VMs of the request stay in the next transient state until they are released.
    Stick,
    /// The VMs of the request fail afterwards.
    Fail {
        /// The error state.
        #[serde(default = "error_state")]
        state: VmState,
    },
    /// A second writer edits the design of a VM.
    Edit {
        /// When.
        moment: EditMoment,
        /// Which VM.
        vm: VmId,
        /// New values, each at its JSON pointer in the VM.
        set: serde_json::Map<String, Value>,
    },
    /// All login sessions end before the request is looked at.
    ExpireSessions,
}

const fn error_state() -> VmState {
    VmState::Error
}

/// When a second writer writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EditMoment {
    /// Just before the request has its effect.
    Before,
    /// Just after.
    After,
}

/// Identifies a rule, to take it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FaultId(pub u64);

/// A rule that was added, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActiveFault {
    /// Identifies it.
    pub id: FaultId,
    /// The rule.
    pub rule: FaultRule,
    /// How many requests it was about.
    pub matched: u32,
    /// How many of them it hit.
    pub hit: u32,
}

/// All rules.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    active: Vec<ActiveFault>,
    last_id: u64,
}

impl Faults {
    pub(crate) fn add(&mut self, rule: FaultRule) -> FaultId {
        self.last_id = self.last_id.saturating_add(1);
        let id = FaultId(self.last_id);
        self.active.push(ActiveFault { id, rule, matched: 0, hit: 0 });
        id
    }

    pub(crate) fn remove(&mut self, id: FaultId) -> bool {
        let before = self.active.len();
        self.active.retain(|fault| fault.id != id);
        self.active.len() < before
    }

    pub(crate) fn clear(&mut self) {
        self.active.clear();
    }

    pub(crate) fn all(&self) -> &[ActiveFault] {
        &self.active
    }

    /// What goes wrong with a request of this kind about these VMs.
    pub(crate) fn strike(
        &mut self,
        method: &str,
        path: &str,
        vms: &[VmId],
        ids: &mut IdSource,
    ) -> Vec<FaultEffect> {
        let mut effects = Vec::new();
        for fault in &mut self.active {
            if !fault.rule.matches.is_about(method, path, vms) {
                continue;
            }
            fault.matched = fault.matched.saturating_add(1);
            let hits = match fault.rule.occurrence {
                Occurrence::Always => true,
                Occurrence::Next { times } => fault.hit < times,
                Occurrence::Nth { n } => fault.matched == n,
                Occurrence::Probability { p } => ids.fraction() < p,
            };
            if hits {
                fault.hit = fault.hit.saturating_add(1);
                tracing::info!(fault = fault.id.0, method, path, effect = ?fault.rule.effect, "fault injected");
                effects.push(fault.rule.effect.clone());
            }
        }
        effects
    }
}

impl RequestPattern {
    fn is_about(&self, method: &str, path: &str, vms: &[VmId]) -> bool {
        self.method.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self.path.as_ref().is_none_or(|pattern| matches(pattern, path))
            && self.vm.is_none_or(|vm| vms.contains(&vm))
    }
}

/// Whether a text has the form of a pattern in which `*` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(start) else { return false };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let end = pieces.pop().unwrap_or_default();
    for piece in pieces {
        let Some(found) = text.find(piece) else { return false };
        text = text.get(found + piece.len()..).unwrap_or_default();
    }
    text.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(occurrence: Occurrence, requests: usize) -> Vec<bool> {
        let mut faults = Faults::default();
        let matches =
            RequestPattern { path: Some("/applications/*".to_owned()), ..RequestPattern::default() };
        faults.add(FaultRule { matches, occurrence, effect: FaultEffect::DropConnection });
        let mut ids = IdSource::new(7);
        let mut strike = |path| !faults.strike("GET", path, &[], &mut ids).is_empty();
        assert!(!strike("/images"), "another path");
        (0..requests).map(|_| strike("/applications/{id}")).collect()
    }

    #[test]
    fn occurrence_decides_which_of_the_matching_requests_are_hit() {
        assert_eq!(hits(Occurrence::Always, 3), [true, true, true]);
        assert_eq!(hits(Occurrence::Next { times: 2 }, 3), [true, true, false]);
        assert_eq!(hits(Occurrence::Nth { n: 2 }, 3), [false, true, false]);
        let struck = hits(Occurrence::Probability { p: 0.5 }, 200).into_iter().filter(|hit| *hit).count();
        assert!((60..140).contains(&struck), "{struck} of 200");
    }

    #[test]
    fn star_in_a_pattern_stands_for_anything() {
        for (pattern, text, expected) in [
            ("/a/*", "/a/b/c", true),
            ("*/start", "/a/vms/{id}/start", true),
            ("/a/*/vms/*/start", "/a/{id}/vms/{id}/start", true),
            ("/a/*/vms/*/start", "/a/{id}/vms/start", false),
            ("/a", "/a/b", false),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn pattern_can_name_a_method_and_a_vm() {
        let pattern = RequestPattern { method: Some("post".to_owned()), path: None, vm: Some(VmId(4)) };
        assert!(pattern.is_about("POST", "/x", &[VmId(3), VmId(4)]));
        assert!(!pattern.is_about("GET", "/x", &[VmId(4)]));
        assert!(!pattern.is_about("POST", "/x", &[]));
    }
}
