//! The identify light (`IPMI 2.0 §28.5`): there is none to look at, but Get Chassis Status shows it, which is how somebody
//! tells one of many BMCs apart. Gone when the BMC starts again.

use std::time::{Duration, Instant};

use ipmi_proto::command::chassis::{ChassisIdentify, IdentifyState};

/// The light of one BMC.
#[derive(Debug, Default)]
pub(super) struct IdentifyLight(Light);

#[derive(Debug, Default)]
enum Light {
    #[default]
    Out,
    Until(Instant),
    Lit,
}

impl IdentifyLight {
    pub(super) fn set(&mut self, now: Instant, request: ChassisIdentify) {
        let interval = request.interval.unwrap_or(ChassisIdentify::DEFAULT_INTERVAL);
        self.0 = match (request.force, interval) {
            (Some(true), _) => Light::Lit,
            (_, 0) => Light::Out,
            (_, seconds) => {
                now.checked_add(Duration::from_secs(seconds.into())).map_or(Light::Lit, Light::Until)
            }
        };
    }

    pub(super) fn state(&self, now: Instant) -> IdentifyState {
        match self.0 {
            Light::Lit => IdentifyState::Indefinite,
            Light::Until(end) if now < end => IdentifyState::Temporary,
            Light::Until(_) | Light::Out => IdentifyState::Off,
        }
    }

    pub(super) fn reset(&mut self) {
        self.0 = Light::Out;
    }
}
