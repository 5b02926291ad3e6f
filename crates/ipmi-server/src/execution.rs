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
mod dcmi;
mod denial;
mod device;
mod fru;
mod identify;
mod lan;
mod question;
mod sdr;
mod sel;
mod sensors;
mod sol;
mod users;
mod watchdog;

use std::sync::Arc;
use std::time::Instant;

use ipmi_proto::command::boot_options::{
    BootOption, BootOptionChange, GetSystemBootOptions, ParameterSelector, SetSystemBootOptions,
};
use ipmi_proto::command::chassis::{PohCounter, PowerAction};
use ipmi_proto::command::dcmi::{
    DcmiTextPiece, DcmiTextRange, GetDcmiAssetTag, GetDcmiControllerId, SetDcmiAssetTag, SetDcmiControllerId,
};
use ipmi_proto::command::sensor::{
    GetSensorHysteresis, GetSensorThresholds, SetSensorHysteresis, SetSensorThresholds,
};
use ipmi_proto::command::storage::{ErasureProgress, GetSdr, GetSelEntry, UtcOffset};
use ipmi_proto::command::{AnyRequest, Body, CommandInfo};
use ipmi_proto::endpoint::{Request, Response, UserTable};
use ipmi_proto::number::{Address, CompletionCode, Guid, Lun, PrivilegeLevel};
use ipmi_proto::sol::SolParameters;
use machine::PowerRequest;

use crate::config::BmcConfig;
use crate::identity::DeviceIdentity;
use crate::settings::KeptSettings;

pub(crate) use question::{Finished, Ports, Question};

use boot_options::VolatileBootOptions;
use dcmi::Text;
use fru::FruInventory;
use identify::IdentifyLight;
use lan::LanChannel;
use sdr::SdrRepository;
use sel::EventLogView;
use sensors::{Sensor, SensorQuestion};
use sol::SolSettings;
use users::{REFUSED, UserRequest, Users};
use watchdog::Watchdog;

/// What a BMC knows by itself.
#[derive(Debug)]
pub(crate) struct Executor {
    device: DeviceIdentity,
    guid: Guid,
    /// The name of the BMC, which is the node's.
    name: Arc<str>,
    lan: LanChannel,
    sol: SolSettings,
    users: Users,
    /// Where changes are kept; `None` where consoles may change nothing.
    settings: Option<Arc<KeptSettings>>,
    inventory: FruInventory,
    records: SdrRepository,
    /// The event log, if there is one.
    log: Option<EventLogView>,
    /// Whether diagnostic interrupts can be sent.
    interrupts: bool,
    boot: VolatileBootOptions,
    identify: IdentifyLight,
    watchdog: Watchdog,
    /// Whether the last restart that was asked for here was the watchdog's.
    restarted_by_watchdog: bool,
}

/// How far a request got without the chassis port.
#[derive(Debug)]
pub(crate) enum Begun {
    /// It is answered.
    Answered(Response),
    /// It is answered, and Serial over LAN has other parameters.
    SolConfigured(SolParameters),
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
    /// A change of power was admitted that the watchdog timer asked for.
    WatchdogActed(PowerRequest),
    /// A boot override holds now, or none does any more.
    BootFlagsWritten(boot_options::WrittenFlags),
    /// The boot flags lapsed.
    BootFlagsLapsed,
    /// Other users or another limit hold now.
    AccessChanged {
        /// The highest level of the channel from now on, if it is to be another one.
        limit_now: Option<PrivilegeLevel>,
    },
}

impl Executor {
    pub(crate) fn new(config: &BmcConfig) -> Self {
        let endpoint = &config.endpoint;
        let mut executor = Self {
            device: config.device,
            guid: endpoint.guid,
            name: Arc::clone(&config.name),
            lan: LanChannel::new(config.address, endpoint),
            sol: SolSettings::new(
                config.console.is_some(),
                config.address.map_or(endpoint.port, |address| address.port()),
            ),
            users: Users::new(endpoint.users.clone(), config.settings.clone()),
            settings: config.settings.clone(),
            inventory: FruInventory::new(
                config.node.clone(),
                &config.name,
                config.inventory.clone(),
                config.settings.clone(),
            ),
            records: SdrRepository::new(device::support(config.events.is_some()), config.events.is_some()),
            log: config.events.clone().map(|events| EventLogView::new(config.node.clone(), events)),
            interrupts: config.interrupt.is_some(),
            boot: VolatileBootOptions::new(config.boot_flag_timeout),
            identify: IdentifyLight::default(),
            watchdog: Watchdog::default(),
            restarted_by_watchdog: false,
        };
        executor.adopt_settings(true);
        executor
    }

    /// Checks a request and answers it, if the port is not needed for that.
    pub(crate) fn begin(&mut self, now: Instant, active_sessions: u8, request: &Request) -> Begun {
        match check(request) {
            Ok(checked) => {
                self.execute(now, active_sessions, (request.requester, request.requester_lun), checked)
            }
            Err(completion_code) => completion_code.into(),
        }
    }

    /// Takes note of what an answer of the port changes.
    pub(crate) fn finish(&mut self, now: Instant, effect: Effect) {
        match effect {
            Effect::Nothing => {}
            Effect::PowerRequested(request) => self.power_requested(now, request, false),
            Effect::WatchdogActed(request) => self.power_requested(now, request, true),
            Effect::BootFlagsWritten(written) => self.boot.flags_written(now, written),
            Effect::BootFlagsLapsed => self.boot.flags_lapsed(),
            Effect::AccessChanged { limit_now } => {
                self.adopt_settings(false);
                if let Some(limit) = limit_now {
                    self.lan.set_limit(limit);
                }
            }
        }
    }

    /// Takes over the settings that are kept; those for the present too when the controller starts.
    pub(crate) fn adopt_settings(&mut self, starts: bool) {
        self.users.reload();
        if let Some(settings) = &self.settings {
            self.lan.adopt_limit(settings.present().channel_limit, starts);
        }
    }

    /// Who may log in, and up to which level.
    pub(crate) fn access(&self) -> (UserTable, PrivilegeLevel) {
        (self.users.accounts().table(), self.lan.limit())
    }

    /// The users as they are configured and as they are.
    pub(crate) const fn users(&self) -> &Users {
        &self.users
    }

    /// Forgets what does not survive a restart of the BMC.
    pub(crate) fn reset(&mut self) {
        self.adopt_settings(true);
        self.boot.reset();
        self.identify.reset();
        self.watchdog.reset();
        self.records.reset();
        if let Some(log) = &mut self.log {
            log.reset();
        }
    }

    /// When [`Executor::handle_timeout`] has something to do.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        [self.boot.flags_lapse_at(), self.watchdog.expires_at()].into_iter().flatten().min()
    }

    /// What has to be asked because time has passed, and in whose name.
    pub(crate) fn handle_timeout(&mut self, now: Instant) -> Vec<(Question, &'static str)> {
        let lapsed = self.boot.lapse(now).then_some((Question::DropLapsedOverride, "boot flag timeout"));
        let expired = self.watchdog.expire(now);
        let expired = expired.map(|request| (Question::WatchdogExpired(request), "watchdog timer"));
        lapsed.into_iter().chain(expired).collect()
    }

    fn power_requested(&mut self, now: Instant, request: PowerRequest, by_watchdog: bool) {
        self.boot.power_requested(now, request);
        if matches!(request, PowerRequest::On | PowerRequest::Cycle | PowerRequest::Reset) {
            self.restarted_by_watchdog = by_watchdog;
        }
    }

    fn execute(
        &mut self,
        now: Instant,
        active_sessions: u8,
        requester: (Address, Lun),
        request: AnyRequest,
    ) -> Begun {
        match request {
            AnyRequest::GetDeviceId(_) => answer(&self.device.response(self.log.is_some())),
            // The endpoint answers Get System GUID itself, wherever it comes from; the GUID is the same one.
            AnyRequest::GetDeviceGuid(_) | AnyRequest::GetSystemGuid(_) => answer(&self.guid),
            AnyRequest::GetSelfTestResults(_) => answer(&device::self_test()),
            AnyRequest::ColdReset(_) | AnyRequest::WarmReset(_) => Begun::Reset,
            AnyRequest::GetChassisCapabilities(_) => answer(&chassis::CAPABILITIES),
            AnyRequest::GetChassisStatus(_) => {
                Begun::Asked(Question::Status { identify: self.identify.state(now) })
            }
            AnyRequest::ChassisIdentify(request) => {
                self.identify.set(now, request);
                CompletionCode::NORMAL.into()
            }
            AnyRequest::SetPowerRestorePolicy(request) => answer_or(chassis::restore_policies(request)),
            AnyRequest::SetFrontPanelEnables(request) => chassis::set_front_panel(request).into(),
            AnyRequest::GetPohCounter(_) => self.power_on_hours(),
            AnyRequest::GetSystemRestartCause(_) => {
                Begun::Asked(Question::RestartCause { watchdog: self.restarted_by_watchdog })
            }
            AnyRequest::SetAcpiPowerState(request) => chassis::set_acpi_power_state(request).into(),
            AnyRequest::GetAcpiPowerState(_) => Begun::Asked(Question::AcpiPowerState),
            AnyRequest::GetBmcGlobalEnables(_) => answer(&device::global_enables(self.log.is_some())),
            AnyRequest::GetSystemInfoParameters(request) => {
                answer_or(device::system_info(request, &self.name))
            }
            AnyRequest::SetSystemInfoParameters(request) => device::set_system_info(&request).into(),
            AnyRequest::SetWatchdogTimer(request) => self.watchdog.set(now, request).into(),
            AnyRequest::ResetWatchdogTimer(_) => self.watchdog.restart(now).into(),
            AnyRequest::GetWatchdogTimer(_) => answer(&self.watchdog.read(now)),
            AnyRequest::ChassisControl(request) => match chassis::power_request(request.action) {
                Some(power) => Begun::Asked(Question::Power(power)),
                None if request.action == PowerAction::PULSE_DIAGNOSTIC_INTERRUPT && self.interrupts => {
                    Begun::Asked(Question::Interrupt)
                }
                None => CompletionCode::INVALID_DATA_FIELD.into(),
            },
            AnyRequest::SetSystemBootOptions(request) => self.set_boot_option(now, request),
            AnyRequest::GetSystemBootOptions(request) => self.boot_option(now, request),
            AnyRequest::GetChannelInfo(request) => answer_or(self.lan.info(request, active_sessions)),
            AnyRequest::GetChannelAccess(request) => answer_or(self.lan.access(request)),
            AnyRequest::SetChannelAccess(request) => {
                match (self.lan.change_access(request), &self.settings) {
                    (Err(completion_code), _) => completion_code.into(),
                    (Ok(None), _) => CompletionCode::NORMAL.into(),
                    (Ok(Some(limit)), Some(_)) => Begun::Asked(Question::ChangeChannelLimit(limit)),
                    (Ok(Some(_)), None) => REFUSED.into(),
                }
            }
            AnyRequest::GetLanConfiguration(request) => answer_or(self.lan.configuration(request)),
            AnyRequest::SetLanConfiguration(request) => self.lan.set_configuration(&request).into(),
            AnyRequest::GetSolConfiguration(request) => answer_or(self.sol.read(now, request)),
            AnyRequest::SetSolConfiguration(request) => {
                self.sol.write(now, &request).map_or_else(Begun::from, Begun::SolConfigured)
            }
            AnyRequest::GetUserAccess(request) => answer_or(self.users.access(request)),
            AnyRequest::SetUserAccess(request) => self.users.change(UserRequest::Access(request)),
            AnyRequest::GetUserName(request) => answer_or(self.users.name(request)),
            AnyRequest::SetUserName(request) => self.users.change(UserRequest::Name(request)),
            AnyRequest::SetUserPassword(request) => self.users.set_password(request),
            AnyRequest::GetFruInventoryAreaInfo(request) => answer_or(self.inventory.area_info(request)),
            AnyRequest::ReadFruData(request) => answer_or(self.inventory.read(request)),
            AnyRequest::GetSdrRepositoryInfo(_) => answer(&self.records.info()),
            AnyRequest::ReserveSdrRepository(_) => answer(&self.records.reserve()),
            AnyRequest::GetSdrRepositoryAllocationInfo(_) => answer(&SdrRepository::allocation()),
            AnyRequest::GetSdrRepositoryTime(_) => answer(&sel::time()),
            AnyRequest::GetSdr(GetSdr(range)) => answer_or(self.records.read(range)),
            AnyRequest::GetSelInfo(_) => self.with_log(|log| answer(&log.info())),
            AnyRequest::ReserveSel(_) => self.with_log(|log| answer(&log.reserve())),
            AnyRequest::GetSelEntry(GetSelEntry(range)) => self.with_log(|log| answer_or(log.read(range))),
            AnyRequest::ClearSel(request) => self.with_log(|log| match log.clear(request) {
                Ok(Some(last)) => Begun::Asked(Question::ClearEvents { last }),
                Ok(None) => answer(&ErasureProgress::Completed),
                Err(completion_code) => completion_code.into(),
            }),
            AnyRequest::GetSelAllocationInfo(_) => self.with_log(|log| answer(&log.allocation())),
            AnyRequest::AddSelEntry(request) => self.with_log(|_log| match EventLogView::told(request) {
                Some(event) => Begun::Asked(Question::AddEvent(event)),
                None => CompletionCode::INVALID_DATA_FIELD.into(),
            }),
            AnyRequest::DeleteSelEntry(request) => self.with_log(|log| match log.delete(request) {
                Ok((number, record)) => Begun::Asked(Question::DeleteEvent { number, record }),
                Err(completion_code) => completion_code.into(),
            }),
            AnyRequest::PlatformEventMessage(message) => {
                self.with_log(|_log| match EventLogView::told_by(message, requester) {
                    Ok(event) => Begun::Asked(Question::TellEvent(event)),
                    Err(completion_code) => completion_code.into(),
                })
            }
            AnyRequest::GetSelTime(_) => self.with_log(|_log| answer(&sel::time())),
            AnyRequest::SetSelTime(request) => self.with_log(|_log| sel::set_time(request).into()),
            AnyRequest::GetSelTimeUtcOffset(_) => self.with_log(|_log| answer(&UtcOffset::UTC)),
            AnyRequest::SetSelTimeUtcOffset(request) => {
                self.with_log(|_log| sel::set_utc_offset(request).into())
            }
            AnyRequest::GetSensorReading(request) => self.ask_sensor(request.sensor, SensorQuestion::Reading),
            AnyRequest::GetSensorEventStatus(request) => {
                self.ask_sensor(request.sensor, SensorQuestion::EventStatus)
            }
            AnyRequest::GetSensorEventEnable(request) => {
                answer_or(Sensor::find(request.sensor).map(|sensor| sensor.events(self.log.is_some())))
            }
            // All sensors are discrete.
            AnyRequest::GetSensorThresholds(GetSensorThresholds { sensor })
            | AnyRequest::SetSensorThresholds(SetSensorThresholds { sensor, .. })
            | AnyRequest::GetSensorHysteresis(GetSensorHysteresis { sensor })
            | AnyRequest::SetSensorHysteresis(SetSensorHysteresis { sensor, .. }) => {
                match Sensor::find(sensor) {
                    Ok(_) => CompletionCode::ILLEGAL_FOR_SENSOR.into(),
                    Err(completion_code) => completion_code.into(),
                }
            }
            AnyRequest::SetSensorEventEnable(request) => match Sensor::find(request.sensor) {
                Ok(sensor) if sensor.holds(request, self.log.is_some()) => CompletionCode::NORMAL.into(),
                Ok(_) => REFUSED.into(),
                Err(completion_code) => completion_code.into(),
            },
            // Every event is made again whenever its state begins again.
            AnyRequest::RearmSensorEvents(request) => match Sensor::find(request.sensor) {
                Ok(_) => CompletionCode::NORMAL.into(),
                Err(completion_code) => completion_code.into(),
            },
            AnyRequest::GetDcmiCapabilities(request) => {
                let events = self.log.as_ref().map(EventLogView::capacity);
                answer_or(dcmi::capabilities(request.parameter, events))
            }
            // Nothing measures power.
            AnyRequest::GetDcmiPowerReading(_) => CompletionCode::NOT_PRESENT.into(),
            AnyRequest::GetDcmiSensorInfo(_) => answer(&dcmi::sensor_info()),
            AnyRequest::GetDcmiAssetTag(GetDcmiAssetTag(range)) => self.read_text(Text::AssetTag, range),
            AnyRequest::GetDcmiControllerId(GetDcmiControllerId(range)) => {
                self.read_text(Text::ControllerId, range)
            }
            AnyRequest::SetDcmiAssetTag(SetDcmiAssetTag(piece)) => self.write_text(Text::AssetTag, piece),
            AnyRequest::SetDcmiControllerId(SetDcmiControllerId(piece)) => {
                self.write_text(Text::ControllerId, piece)
            }
            // About sessions and their payloads, which only the endpoint knows: it answers these before they get here.
            AnyRequest::GetChannelAuthenticationCapabilities(_)
            | AnyRequest::GetChannelCipherSuites(_)
            | AnyRequest::GetSessionChallenge(_)
            | AnyRequest::ActivateSession(_)
            | AnyRequest::SetSessionPrivilegeLevel(_)
            | AnyRequest::CloseSession(_)
            | AnyRequest::GetSessionInfo(_)
            | AnyRequest::ActivatePayload(_)
            | AnyRequest::DeactivatePayload(_)
            | AnyRequest::GetPayloadActivationStatus(_)
            | AnyRequest::GetPayloadInstanceInfo(_)
            | AnyRequest::SetUserPayloadAccess(_)
            | AnyRequest::GetUserPayloadAccess(_)
            | AnyRequest::GetChannelPayloadSupport(_)
            | AnyRequest::GetChannelPayloadVersion(_)
            | AnyRequest::SuspendResumePayloadEncryption(_) => CompletionCode::NO_RESPONSE.into(),
        }
    }

    /// Answers from the event log. A BMC without one does not know the command.
    fn with_log(&mut self, answer: impl FnOnce(&mut EventLogView) -> Begun) -> Begun {
        self.log.as_mut().map_or_else(|| CompletionCode::INVALID_COMMAND.into(), answer)
    }

    fn read_text(&self, text: Text, range: DcmiTextRange) -> Begun {
        answer_or(dcmi::read(&text.of(&self.inventory.name(), self.settings.as_ref()), range))
    }

    /// Asks for a text to be kept. Where nothing is kept, the node's name is what it is.
    fn write_text(&self, text: Text, piece: DcmiTextPiece) -> Begun {
        match (text.change(piece, &self.inventory.name()), &self.settings) {
            (Err(completion_code), _) => completion_code.into(),
            (Ok(_), None) => REFUSED.into(),
            (Ok(change), Some(_)) => Begun::Asked(Question::ChangeText(change)),
        }
    }

    /// How long the node has been on. A BMC without a record of events does not watch that.
    fn power_on_hours(&self) -> Begun {
        let Some(log) = &self.log else { return CompletionCode::INVALID_COMMAND.into() };
        match log.minutes_on() {
            Some(minutes) => answer(&PohCounter {
                minutes_per_count: 1,
                count: u32::try_from(minutes).unwrap_or(u32::MAX),
            }),
            None => CompletionCode::NODE_BUSY.into(),
        }
    }

    fn ask_sensor(&self, number: u8, wanted: SensorQuestion) -> Begun {
        let makes_events = self.log.is_some();
        match Sensor::find(number) {
            Ok(sensor) => Begun::Asked(Question::Sensor { sensor, wanted, makes_events }),
            Err(completion_code) => completion_code.into(),
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
    let info = CommandInfo::find(request.net_fn, request.command, &request.data)
        .ok_or(CompletionCode::INVALID_COMMAND)?;
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
