//! Requests to answers.
//!
//! The order of checks is the same for every command (`ipmi-commands.md §2`): is the command known (C1), is the
//! session's level high enough (D4), is the logical unit right (C2), is the length right (C7), are the fields
//! defined (CC), does the present state allow it (D5, C0). Unknown comes first so that a console at a low level can
//! find out what there is.
//!
//! What the BMC knows by itself is answered at once. The rest becomes a [`Question`] for the chassis port, whose
//! answer may take a while; what it changes here comes back as an [`Effect`].

mod boot_options;
mod chassis;
mod denial;
mod device;
mod lan;
mod question;
mod users;

use std::time::Instant;

use ipmi_proto::command::boot_options::{
    BootOption, BootOptionChange, GetSystemBootOptions, ParameterSelector, SetSystemBootOptions,
};
use ipmi_proto::command::{AnyRequest, Body, CommandInfo};
use ipmi_proto::endpoint::{Request, Response};
use ipmi_proto::number::{CompletionCode, Guid, Lun};
use machine::PowerRequest;

use crate::bmc::BmcConfig;

pub use device::DeviceIdentity;

pub(crate) use question::{Finished, Question};

use boot_options::VolatileBootOptions;
use lan::LanChannel;
use users::Users;

/// What a BMC knows by itself.
#[derive(Debug)]
pub(crate) struct Executor {
    device: DeviceIdentity,
    guid: Guid,
    lan: LanChannel,
    users: Users,
    boot: VolatileBootOptions,
}

/// How far a request got without the chassis port.
#[derive(Debug)]
pub(crate) enum Begun {
    /// It is answered.
    Answered(Response),
    /// It is answered, and the BMC starts again.
    Reset,
    /// The port has to be asked.
    Asked(Question),
}

/// What an answer of the port changes in the BMC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing.
    Nothing,
    /// A change of power was admitted.
    PowerRequested(PowerRequest),
    /// A boot override holds now, or none does any more.
    BootFlagsWritten(boot_options::WrittenFlags),
    /// The boot flags lapsed.
    BootFlagsLapsed,
}

impl Executor {
    pub(crate) fn new(config: &BmcConfig) -> Self {
        let endpoint = &config.endpoint;
        Self {
            device: config.device,
            guid: endpoint.guid,
            lan: LanChannel::new(
                config.address,
                endpoint.guid,
                &endpoint.cipher_suites,
                endpoint.channel_limit,
            ),
            users: Users::new(endpoint.users.clone()),
            boot: VolatileBootOptions::new(config.boot_flag_timeout),
        }
    }

    /// Checks a request and answers it, if the port is not needed for that.
    pub(crate) fn begin(&mut self, now: Instant, active_sessions: u8, request: &Request) -> Begun {
        match check(request) {
            Ok(checked) => self.execute(now, active_sessions, checked),
            Err(completion_code) => completion_code.into(),
        }
    }

    /// Takes note of what an answer of the port changes.
    pub(crate) fn finish(&mut self, now: Instant, effect: Effect) {
        match effect {
            Effect::Nothing => {}
            Effect::PowerRequested(request) => self.boot.power_requested(now, request),
            Effect::BootFlagsWritten(written) => self.boot.flags_written(now, written),
            Effect::BootFlagsLapsed => self.boot.flags_lapsed(),
        }
    }

    /// Forgets what does not survive a restart of the BMC.
    pub(crate) fn reset(&mut self) {
        self.boot.reset();
    }

    /// When [`Executor::handle_timeout`] has something to do.
    pub(crate) const fn poll_timeout(&self) -> Option<Instant> {
        self.boot.flags_lapse_at()
    }

    /// What has to be asked because time has passed.
    pub(crate) fn handle_timeout(&mut self, now: Instant) -> Option<Question> {
        self.boot.lapse(now).then_some(Question::DropLapsedOverride)
    }

    fn execute(&mut self, now: Instant, active_sessions: u8, request: AnyRequest) -> Begun {
        match request {
            AnyRequest::GetDeviceId(_) => answer(&self.device.response()),
            // The endpoint answers Get System GUID itself, wherever it comes from; the GUID is the same one.
            AnyRequest::GetDeviceGuid(_) | AnyRequest::GetSystemGuid(_) => answer(&self.guid),
            AnyRequest::GetSelfTestResults(_) => answer(&device::self_test()),
            AnyRequest::ColdReset(_) | AnyRequest::WarmReset(_) => Begun::Reset,
            AnyRequest::GetChassisCapabilities(_) => answer(&chassis::CAPABILITIES),
            AnyRequest::GetChassisStatus(_) => Begun::Asked(Question::Status),
            AnyRequest::ChassisControl(request) => match chassis::power_request(request.action) {
                Some(power) => Begun::Asked(Question::Power(power)),
                None => CompletionCode::INVALID_DATA_FIELD.into(),
            },
            AnyRequest::SetSystemBootOptions(request) => self.set_boot_option(now, request),
            AnyRequest::GetSystemBootOptions(request) => self.boot_option(now, request),
            AnyRequest::GetChannelInfo(request) => answer_or(self.lan.info(request, active_sessions)),
            AnyRequest::GetChannelAccess(request) => answer_or(self.lan.access(request)),
            AnyRequest::GetLanConfiguration(request) => answer_or(self.lan.configuration(request)),
            AnyRequest::SetLanConfiguration(request) => self.lan.set_configuration(&request).into(),
            AnyRequest::GetUserAccess(request) => answer_or(self.users.access(request)),
            AnyRequest::SetUserAccess(request) => self.users.set_access(request).into(),
            AnyRequest::GetUserName(request) => answer_or(self.users.name(request)),
            AnyRequest::SetUserName(request) => self.users.set_name(request).into(),
            AnyRequest::SetUserPassword(request) => self.users.set_password(&request).into(),
            // About sessions, which only the endpoint knows: it answers these before they get here.
            AnyRequest::GetChannelAuthenticationCapabilities(_)
            | AnyRequest::GetChannelCipherSuites(_)
            | AnyRequest::SetSessionPrivilegeLevel(_)
            | AnyRequest::CloseSession(_)
            | AnyRequest::GetSessionInfo(_) => CompletionCode::NO_RESPONSE.into(),
        }
    }

    fn set_boot_option(&mut self, now: Instant, request: SetSystemBootOptions) -> Begun {
        let mark = request.mark;
        match request.change {
            BootOptionChange::MarkOnly(ParameterSelector::BOOT_FLAGS) => {
                self.boot.mark_flags(mark).map_or_else(Begun::from, Begun::Asked)
            }
            BootOptionChange::MarkOnly(selector) => self.boot.mark(selector, mark).into(),
            BootOptionChange::Write(BootOption::BootFlags(flags)) => {
                self.boot.write_flags(flags, mark).map_or_else(Begun::from, Begun::Asked)
            }
            BootOptionChange::Write(option) => self.boot.write(now, &option, mark).into(),
        }
    }

    fn boot_option(&self, now: Instant, request: GetSystemBootOptions) -> Begun {
        if request.parameter == ParameterSelector::BOOT_FLAGS {
            return Begun::Asked(Question::BootSetting { mark: self.boot.flags_mark() });
        }
        match self.boot.read(now, request.parameter) {
            Some(report) => answer(&report),
            None => GetSystemBootOptions::PARAMETER_NOT_SUPPORTED.into(),
        }
    }
}

impl From<CompletionCode> for Begun {
    fn from(completion_code: CompletionCode) -> Self {
        Self::Answered(Response::code(completion_code))
    }
}

/// Everything that can be said about a request without executing it.
fn check(request: &Request) -> Result<AnyRequest, CompletionCode> {
    let info = CommandInfo::find(request.net_fn, request.command).ok_or(CompletionCode::INVALID_COMMAND)?;
    if !info.privilege.is_satisfied_by(request.privilege) {
        return Err(CompletionCode::INSUFFICIENT_PRIVILEGE);
    }
    if request.lun != Lun::BMC {
        return Err(CompletionCode::INVALID_FOR_LUN);
    }
    AnyRequest::decode(request.net_fn, request.command, &request.data)
        .map_err(|error| error.completion_code())
}

fn answer(body: &impl Body) -> Begun {
    Begun::Answered(Response::normal(body.to_bytes()))
}

fn answer_or(answered: Result<impl Body, CompletionCode>) -> Begun {
    answered.map_or_else(Begun::from, |body| answer(&body))
}

#[cfg(test)]
mod tests;
