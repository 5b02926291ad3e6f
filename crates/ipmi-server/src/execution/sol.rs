//! The configuration of Serial over LAN (`IPMI 2.0 §26`).
//!
//! What is written holds until the daemon restarts, also for the BMC's own restart. The bit rates are kept for those who ask and
//! change nothing: there is no wire that they would be for.

use std::time::{Duration, Instant};

use ipmi_proto::command::boot_options::SetInProgress;
use ipmi_proto::command::transport::{
    GetSolConfiguration, SetSolConfiguration, SolConfiguration, SolParameter, SolParameterSelector,
};
use ipmi_proto::number::CompletionCode;
use ipmi_proto::sol::SolParameters;

use super::lan::{LAN_CHANNEL, resolve};

/// How long somebody may write without finishing. Consoles that break off must not lock others out.
const LOCK: Duration = Duration::from_secs(60);

/// The parameters, and who writes them.
#[derive(Debug)]
pub(super) struct SolSettings {
    parameters: SolParameters,
    /// Whether the node has a console. Without one the payload cannot be enabled.
    has_console: bool,
    port: u16,
    locked_at: Option<Instant>,
}

impl SolSettings {
    pub(super) const fn new(has_console: bool, port: u16) -> Self {
        Self { parameters: SolParameters::DEFAULT, has_console, port, locked_at: None }
    }

    pub(super) fn read(
        &self,
        now: Instant,
        request: GetSolConfiguration,
    ) -> Result<SolConfiguration, CompletionCode> {
        resolve(request.channel)?;
        if request.revision_only {
            return Ok(SolConfiguration::revision_only());
        }
        let parameter = self.parameter(now, request.parameter);
        let parameter = parameter.ok_or(GetSolConfiguration::PARAMETER_NOT_SUPPORTED)?;
        Ok(SolConfiguration::of(&parameter))
    }

    /// Writes a parameter. Returns the parameters from then on.
    pub(super) fn write(
        &mut self,
        now: Instant,
        request: &SetSolConfiguration,
    ) -> Result<SolParameters, CompletionCode> {
        resolve(request.channel)?;
        let wanted = SolParameter::decode(request.parameter, &request.value)
            .map_err(|error| error.completion_code())?;
        let parameters = &mut self.parameters;
        match wanted {
            SolParameter::SetInProgress(SetInProgress::Complete) => self.locked_at = None,
            SolParameter::SetInProgress(SetInProgress::InProgress) => {
                if self.is_locked(now) {
                    return Err(SetSolConfiguration::SET_IN_PROGRESS);
                }
                self.locked_at = Some(now);
            }
            // What was written holds already.
            SolParameter::SetInProgress(SetInProgress::Commit) => {}
            SolParameter::Enable(true) if !self.has_console => return Err(SetSolConfiguration::READ_ONLY),
            SolParameter::Enable(enabled) => parameters.enabled = enabled,
            SolParameter::Authentication(authentication) => {
                if !authentication.privilege.is_level() {
                    return Err(CompletionCode::INVALID_DATA_FIELD);
                }
                parameters.authentication = authentication;
            }
            SolParameter::Accumulation { interval, threshold } => {
                if interval == 0 || threshold == 0 {
                    return Err(CompletionCode::INVALID_DATA_FIELD);
                }
                (parameters.accumulate_interval, parameters.send_threshold) = (interval, threshold);
            }
            SolParameter::Retry { count, interval } => {
                (parameters.retry_count, parameters.retry_interval) = (count, interval);
            }
            SolParameter::NonVolatileBitRate(rate) if rate.is_defined() => {
                parameters.non_volatile_bit_rate = rate;
            }
            SolParameter::VolatileBitRate(rate) if rate.is_defined() => parameters.volatile_bit_rate = rate,
            SolParameter::NonVolatileBitRate(_) | SolParameter::VolatileBitRate(_) => {
                return Err(CompletionCode::INVALID_DATA_FIELD);
            }
            SolParameter::PayloadChannel(_) | SolParameter::PayloadPort(_) => {
                return Err(SetSolConfiguration::READ_ONLY);
            }
            SolParameter::Other { .. } => return Err(SetSolConfiguration::PARAMETER_NOT_SUPPORTED),
        }
        Ok(self.parameters)
    }

    fn parameter(&self, now: Instant, selector: SolParameterSelector) -> Option<SolParameter> {
        let parameters = &self.parameters;
        Some(match selector.0 {
            0 => SolParameter::SetInProgress(if self.is_locked(now) {
                SetInProgress::InProgress
            } else {
                SetInProgress::Complete
            }),
            1 => SolParameter::Enable(self.has_console && parameters.enabled),
            2 => SolParameter::Authentication(parameters.authentication),
            3 => SolParameter::Accumulation {
                interval: parameters.accumulate_interval,
                threshold: parameters.send_threshold,
            },
            4 => SolParameter::Retry { count: parameters.retry_count, interval: parameters.retry_interval },
            5 => SolParameter::NonVolatileBitRate(parameters.non_volatile_bit_rate),
            6 => SolParameter::VolatileBitRate(parameters.volatile_bit_rate),
            7 => SolParameter::PayloadChannel(LAN_CHANNEL),
            8 => SolParameter::PayloadPort(self.port),
            _ => return None,
        })
    }

    fn is_locked(&self, now: Instant) -> bool {
        self.locked_at.is_some_and(|since| now.saturating_duration_since(since) < LOCK)
    }
}
