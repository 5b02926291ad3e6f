//! What is asked of the chassis port, and what its answers mean for the console.

use std::error::Error;
use std::fmt::Write as _;
use std::time::Duration;

use ipmi_proto::command::Body;
use ipmi_proto::command::boot_options::{BootOption, BootOptionReport, ParameterMark};
use ipmi_proto::command::chassis::IdentifyState;
use ipmi_proto::command::storage::{ErasureProgress, RecordId};
use ipmi_proto::endpoint::{Response, UserTable};
use ipmi_proto::number::CompletionCode;
use machine::{
    BootOverride, Chassis, Denied, DiagnosticInterrupt, EventLog, NodeId, PowerRequest, Requester, ToldEvent,
};
use tokio_util::sync::CancellationToken;

use super::boot_options::{WrittenFlags, reported_flags};
use super::dcmi::TextChange;
use super::lan::ChannelLimit;
use super::sel::record_of;
use super::sensors::{Sensor, SensorQuestion};
use super::users::{REFUSED, UserRequest};
use super::{Effect, chassis, denial};
use crate::field;
use crate::settings::{BmcSettings, KeptSettings, NotKept};

/// How long a console may wait for a reading or an interrupt. No known one does: the most patient give up after half of it.
const LIMIT: Duration = Duration::from_secs(30);

/// Something that only the port can answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// Get Chassis Status.
    Status {
        /// The identify light.
        identify: IdentifyState,
    },
    /// Get System Restart Cause.
    RestartCause {
        /// Whether the last restart that was asked for here was the watchdog's.
        watchdog: bool,
    },
    /// Get ACPI Power State.
    AcpiPowerState,
    /// Chassis Control, a change of power.
    Power(PowerRequest),
    /// Chassis Control, the diagnostic interrupt.
    Interrupt,
    /// Get System Boot Options, parameter 5.
    BootSetting {
        /// How the parameter is marked.
        mark: ParameterMark,
    },
    /// Set System Boot Options, parameter 5.
    SetBootOverride {
        /// The override, or none.
        wanted: Option<BootOverride>,
        /// How the parameter is to be marked.
        mark: ParameterMark,
    },
    /// Get Sensor Reading and Get Sensor Event Status.
    Sensor {
        /// Which sensor.
        sensor: Sensor,
        /// Which of the two.
        wanted: SensorQuestion,
        /// Whether sensors make events here.
        makes_events: bool,
    },
    /// Clear SEL.
    ClearEvents {
        /// The number of the last event that the console can have seen.
        last: u64,
    },
    /// Set User Access, Set User Name, Set User Password.
    ChangeUser(UserRequest),
    /// Set Channel Access.
    ChangeChannelLimit(ChannelLimit),
    /// Set Asset Tag, Set Controller Id String.
    ChangeText(TextChange),
    /// Add SEL Entry.
    AddEvent(ToldEvent),
    /// Platform Event Message, whose answer has no number.
    TellEvent(ToldEvent),
    /// Delete SEL Entry.
    DeleteEvent {
        /// The number of the event.
        number: u64,
        /// The number of its record.
        record: RecordId,
    },
    /// The watchdog timer has expired. Nobody waits for the answer.
    WatchdogExpired(PowerRequest),
    /// Boot flags that nobody used in time. Nobody waits for the answer.
    DropLapsedOverride,
}

/// What questions are answered from besides the chassis port.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ports<'a> {
    /// What happened to the node.
    pub(crate) events: Option<&'a dyn EventLog>,
    /// What sends diagnostic interrupts.
    pub(crate) interrupt: Option<&'a dyn DiagnosticInterrupt>,
    /// Where changes are kept.
    pub(crate) settings: Option<&'a KeptSettings>,
    /// The users of the configuration.
    pub(crate) configured: &'a UserTable,
}

/// The answer to a question.
#[derive(Debug)]
pub(crate) struct Finished {
    /// For the console.
    pub(crate) response: Response,
    /// For the BMC.
    pub(crate) effect: Effect,
}

impl Question {
    /// What is left when the task that asked broke before it could say so.
    pub(crate) const fn effect_if_broken(&self) -> Effect {
        match self {
            Self::DropLapsedOverride => Effect::BootFlagsLapsed,
            Self::Status { .. }
            | Self::RestartCause { .. }
            | Self::AcpiPowerState
            | Self::WatchdogExpired(_)
            | Self::Power(_)
            | Self::Interrupt
            | Self::BootSetting { .. }
            | Self::SetBootOverride { .. }
            | Self::Sensor { .. }
            | Self::ChangeUser(_)
            | Self::ChangeText(_)
            | Self::AddEvent(_)
            | Self::TellEvent(_)
            | Self::DeleteEvent { .. }
            | Self::ChangeChannelLimit(_)
            | Self::ClearEvents { .. } => Effect::Nothing,
        }
    }

    /// Asks. A reading and an interrupt give up when the BMC stops or when nobody can be waiting for them any more; a
    /// change does not, because half a change is worse than a late answer.
    pub(crate) async fn ask<C: Chassis>(
        self,
        chassis: &C,
        Ports { events, interrupt, settings, configured }: Ports<'_>,
        node: &NodeId,
        requester: &Requester,
        stop: &CancellationToken,
    ) -> Finished {
        match self {
            Self::Status { identify } => {
                let reading = reading(stop, chassis.status(node)).await;
                Finished::read(reading.map(|status| chassis::status(&status, identify).to_bytes()))
            }
            Self::RestartCause { watchdog } => {
                let reading = reading(stop, chassis.status(node)).await;
                Finished::read(reading.map(|status| chassis::restart_cause(&status, watchdog).to_bytes()))
            }
            Self::AcpiPowerState => {
                let reading = reading(stop, chassis.status(node)).await;
                Finished::read(reading.map(|status| chassis::acpi_power_state(&status).to_bytes()))
            }
            Self::WatchdogExpired(request) => match chassis.request_power(node, request, requester).await {
                Ok(admission) => {
                    tracing::info!(
                        { field::POWER_REQUEST } = %request,
                        { field::ADMISSION } = ?admission,
                        "the watchdog timer expired"
                    );
                    Finished::done(Effect::WatchdogActed(request))
                }
                Err(denied) => {
                    tracing::warn!(
                        { field::POWER_REQUEST } = %request,
                        { field::ERROR } = chain(&denied),
                        "the watchdog timer expired, and its action was denied"
                    );
                    Finished::denied(&denied)
                }
            },
            Self::BootSetting { mark } => {
                let reading = reading(stop, chassis.boot_setting(node)).await;
                Finished::read(reading.map(|setting| {
                    let option = BootOption::BootFlags(reported_flags(setting));
                    BootOptionReport { mark, option }.to_bytes()
                }))
            }
            Self::Sensor { sensor, wanted, makes_events } => {
                let observed = answered(stop, chassis.status(node)).await;
                Finished::read(
                    observed.map(|status| sensor.answer(wanted, makes_events, status.ok().as_ref())),
                )
            }
            Self::ClearEvents { last } => match events {
                Some(events) => clear_events(events, node, last, requester).await,
                None => Finished::read(Err(CompletionCode::INVALID_COMMAND)),
            },
            Self::Interrupt => match interrupt {
                Some(interrupt) => send_interrupt(interrupt, node, requester, stop).await,
                None => Finished::read(Err(CompletionCode::INVALID_DATA_FIELD)),
            },
            Self::ChangeUser(request) => match settings {
                Some(settings) => change_user(settings, configured, &request, requester).await,
                None => Finished::read(Err(REFUSED)),
            },
            Self::ChangeChannelLimit(limit) => change_channel_limit(settings, limit, requester).await,
            Self::ChangeText(change) => match settings {
                Some(settings) => change_text(settings, &change, requester).await,
                None => Finished::read(Err(REFUSED)),
            },
            Self::AddEvent(event) => {
                let added = add_event(events, node, event, requester).await;
                Finished::read(added.map(|number| record_of(number).to_bytes()))
            }
            Self::TellEvent(event) => {
                let added = add_event(events, node, event, requester).await;
                Finished::read(added.map(|_number| Vec::new()))
            }
            Self::DeleteEvent { number, record } => {
                let deleted = delete_event(events, node, number, requester).await;
                Finished::read(deleted.map(|()| record.to_bytes()))
            }
            Self::Power(request) => match chassis.request_power(node, request, requester).await {
                Ok(admission) => {
                    tracing::info!(
                        { field::USER_NAME } = %requester.user,
                        { field::PEER_ADDR } = requester.peer.map(tracing::field::display),
                        { field::POWER_REQUEST } = %request,
                        { field::ADMISSION } = ?admission,
                        "power request"
                    );
                    Finished::done(Effect::PowerRequested(request))
                }
                Err(denied) => {
                    tracing::info!(
                        { field::USER_NAME } = %requester.user,
                        { field::PEER_ADDR } = requester.peer.map(tracing::field::display),
                        { field::POWER_REQUEST } = %request,
                        { field::ERROR } = chain(&denied),
                        "power request denied"
                    );
                    Finished::denied(&denied)
                }
            },
            Self::SetBootOverride { wanted, mark } => {
                let device = wanted.map(|wanted| tracing::field::display(wanted.device));
                let lifetime = wanted.map(|wanted| tracing::field::debug(wanted.lifetime));
                match chassis.set_boot_override(node, wanted, requester).await {
                    Ok(admission) => {
                        tracing::info!(
                            { field::USER_NAME } = %requester.user,
                            { field::PEER_ADDR } = requester.peer.map(tracing::field::display),
                            { field::BOOT_DEVICE } = device,
                            { field::BOOT_LIFETIME } = lifetime,
                            { field::ADMISSION } = ?admission,
                            "{}", if wanted.is_some() { "boot override" } else { "no boot override" }
                        );
                        let lifetime = wanted.map(|wanted| wanted.lifetime);
                        Finished::done(Effect::BootFlagsWritten(WrittenFlags { lifetime, mark }))
                    }
                    Err(denied) => {
                        tracing::info!(
                            { field::USER_NAME } = %requester.user,
                            { field::PEER_ADDR } = requester.peer.map(tracing::field::display),
                            { field::BOOT_DEVICE } = device,
                            { field::BOOT_LIFETIME } = lifetime,
                            { field::ERROR } = chain(&denied),
                            "boot override denied"
                        );
                        Finished::denied(&denied)
                    }
                }
            }
            Self::DropLapsedOverride => {
                match chassis.set_boot_override(node, None, requester).await {
                    Ok(admission) => tracing::info!(
                        { field::ADMISSION } = ?admission,
                        "boot override dropped: no power cycle was asked for in time"
                    ),
                    Err(denied) => tracing::warn!(
                        { field::ERROR } = chain(&denied),
                        "boot override not dropped, although no power cycle was asked for in time"
                    ),
                }
                Finished::done(Effect::BootFlagsLapsed)
            }
        }
    }
}

impl Finished {
    const fn done(effect: Effect) -> Self {
        Self { response: Response::code(CompletionCode::NORMAL), effect }
    }

    fn read(reading: Result<Vec<u8>, CompletionCode>) -> Self {
        let response = match reading {
            Ok(data) => Response::normal(data),
            Err(completion_code) => Response::code(completion_code),
        };
        Self { response, effect: Effect::Nothing }
    }

    /// A change that could not be written down does not hold, for a reason that only our log can explain.
    fn not_kept(not_kept: &NotKept) -> Self {
        tracing::warn!({ field::ERROR } = chain(not_kept), "a change over IPMI is refused");
        Self { response: Response::code(CompletionCode::UNSPECIFIED), effect: Effect::Nothing }
    }

    const fn denied(denied: &Denied) -> Self {
        Self { response: Response::code(denial::completion_code(denied)), effect: Effect::Nothing }
    }
}

/// Waits for a reading: C0 when the BMC stops before it is there, C3 when it takes too long, and what a refusal means.
async fn reading<R>(
    stop: &CancellationToken,
    reading: impl Future<Output = Result<R, Denied>>,
) -> Result<R, CompletionCode> {
    answered(stop, reading).await?.map_err(|denied| denial::completion_code(&denied))
}

/// Waits for a reading, which may be a refusal.
async fn answered<R>(
    stop: &CancellationToken,
    reading: impl Future<Output = Result<R, Denied>>,
) -> Result<Result<R, Denied>, CompletionCode> {
    let answered = in_time(stop, reading).await?;
    if let Err(denied) = &answered {
        tracing::debug!({ field::ERROR } = chain(denied), "the node could not be read");
    }
    Ok(answered)
}

/// Waits for what may be dropped at any await: C0 when the BMC stops before it is there, C3 when it takes too long.
async fn in_time<R>(
    stop: &CancellationToken,
    droppable: impl Future<Output = R>,
) -> Result<R, CompletionCode> {
    tokio::select! {
        done = tokio::time::timeout(LIMIT, droppable) => done.map_err(|_elapsed| CompletionCode::TIMEOUT),
        () = stop.cancelled() => Err(CompletionCode::NODE_BUSY),
    }
}

async fn send_interrupt(
    interrupt: &dyn DiagnosticInterrupt,
    node: &NodeId,
    requester: &Requester,
    stop: &CancellationToken,
) -> Finished {
    // Given up on its way, it happens or not; nothing is half done.
    let sent = match in_time(stop, interrupt.pulse(node)).await {
        Ok(sent) => sent,
        Err(completion_code) => return Finished::read(Err(completion_code)),
    };
    match sent {
        Ok(()) => {
            tracing::info!(
                { field::USER_NAME } = %requester.user,
                { field::PEER_ADDR } = requester.peer.map(tracing::field::display),
                "diagnostic interrupt"
            );
            Finished::done(Effect::Nothing)
        }
        Err(denied) => {
            tracing::info!(
                { field::USER_NAME } = %requester.user,
                { field::PEER_ADDR } = requester.peer.map(tracing::field::display),
                { field::ERROR } = chain(&denied),
                "diagnostic interrupt denied"
            );
            Finished::denied(&denied)
        }
    }
}

async fn clear_events(events: &dyn EventLog, node: &NodeId, last: u64, requester: &Requester) -> Finished {
    match events.clear(node, last, requester).await {
        Ok(()) => {
            tracing::info!(
                { field::USER_NAME } = %requester.user,
                { field::PEER_ADDR } = requester.peer.map(tracing::field::display),
                "event log cleared"
            );
            Finished::read(Ok(ErasureProgress::Completed.to_bytes()))
        }
        Err(denied) => {
            tracing::warn!({ field::ERROR } = chain(&denied), "event log not cleared");
            Finished::denied(&denied)
        }
    }
}

async fn add_event(
    events: Option<&dyn EventLog>,
    node: &NodeId,
    event: ToldEvent,
    requester: &Requester,
) -> Result<u64, CompletionCode> {
    let events = events.ok_or(CompletionCode::INVALID_COMMAND)?;
    let added = events.add(node, event, requester).await;
    added.map_err(|denied| {
        tracing::warn!({ field::ERROR } = chain(&denied), "event not added");
        denial::completion_code(&denied)
    })
}

async fn delete_event(
    events: Option<&dyn EventLog>,
    node: &NodeId,
    number: u64,
    requester: &Requester,
) -> Result<(), CompletionCode> {
    let events = events.ok_or(CompletionCode::INVALID_COMMAND)?;
    let deleted = events.remove(node, number, requester).await;
    deleted.map_err(|denied| {
        tracing::warn!({ field::ERROR } = chain(&denied), "event not deleted");
        denial::completion_code(&denied)
    })
}

async fn change_text(settings: &KeptSettings, change: &TextChange, requester: &Requester) -> Finished {
    let mut refused = CompletionCode::UNSPECIFIED;
    let decide = |held: &BmcSettings| {
        let decided = change.settings(held);
        decided.map(|(settings, total)| (Some(settings), total)).map_err(|code| refused = code)
    };
    match settings.change(decide).await {
        Ok(Some(total)) => {
            tracing::info!(
                { field::USER_NAME } = %requester.user,
                { field::PEER_ADDR } = requester.peer.map(tracing::field::display),
                "asset tag or name of the controller changed"
            );
            Finished::read(Ok(total.to_bytes()))
        }
        Ok(None) => Finished::read(Err(refused)),
        Err(not_kept) => Finished::not_kept(&not_kept),
    }
}

async fn change_user(
    settings: &KeptSettings,
    configured: &UserTable,
    request: &UserRequest,
    requester: &Requester,
) -> Finished {
    let mut refused = CompletionCode::NORMAL;
    let decide = |held: &BmcSettings| {
        let decided = request.settings(configured, held);
        decided.map(|settings| (settings, ())).map_err(|completion_code| refused = completion_code)
    };
    match settings.change(decide).await {
        Ok(Some(())) => {
            tracing::info!(
                { field::USER_NAME } = %requester.user,
                { field::PEER_ADDR } = requester.peer.map(tracing::field::display),
                "BMC user {} changed: {}",
                request.user(),
                request.what()
            );
            Finished::done(Effect::AccessChanged { limit_now: None })
        }
        Ok(None) => Finished::read(match refused {
            CompletionCode::NORMAL => Ok(Vec::new()),
            completion_code => Err(completion_code),
        }),
        Err(not_kept) => Finished::not_kept(&not_kept),
    }
}

async fn change_channel_limit(
    settings: Option<&KeptSettings>,
    limit: ChannelLimit,
    requester: &Requester,
) -> Finished {
    if let (Some(lasting), Some(settings)) = (limit.lasting, settings) {
        let decide = |held: &BmcSettings| {
            Ok::<_, ()>((Some(BmcSettings { channel_limit: Some(lasting), ..held.clone() }), ()))
        };
        if let Err(not_kept) = settings.change(decide).await {
            return Finished::not_kept(&not_kept);
        }
    }
    tracing::info!(
        { field::USER_NAME } = %requester.user,
        { field::PEER_ADDR } = requester.peer.map(tracing::field::display),
        now = limit.now.map(tracing::field::display),
        lasting = limit.lasting.map(tracing::field::display),
        "highest level of the channel changed"
    );
    Finished::done(Effect::AccessChanged { limit_now: limit.now })
}

/// An error with everything behind it.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        // Writing into a string does not fail.
        let _ = write!(text, ": {error}");
        source = error.source();
    }
    text
}
