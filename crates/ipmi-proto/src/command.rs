//! Commands: the data bytes of IPMI requests and responses as typed messages, in both directions.
//!
//! One command is one struct in one file: the request, its response, and both codecs, so that the managed
//! system, the remote console, the tests and the fuzz targets share them. What is *not* here: the frame around
//! the data bytes ([`crate::wire`]), who may ask when ([`crate::endpoint`]), and what a request does.
//!
//! Rules that hold for every message of this module:
//!
//! * A request has exactly the length that its command defines; anything else is completion code C7. The
//!   specification leaves longer requests open, and some controllers ignore the extra bytes; no client is known
//!   to send any, so a request with extra bytes is taken for a mistake instead of being half understood.
//! * Reserved bits and undefined values of a request are completion code CC. So a request that is accepted
//!   encodes to the bytes that it came from. The exceptions are the boot flags and the masks of the boot options,
//!   whose reserved bits are kept as they are, because clients read them back.
//! * A response has exactly the length that its command defines: some clients drop longer ones in silence. Where
//!   the specification makes trailing bytes optional, they are an `Option`.
//! * A response is read generously: a console ignores reserved bits, for it has nobody to complain to.
//!
//! [`COMMANDS`] is the only list of commands: dispatch, the names in logs and the coverage document use it.

pub mod bits;
pub mod body;

pub mod app;
pub mod boot_options;
pub mod chassis;
pub mod dcmi;
pub mod sensor;
pub mod storage;
pub mod transport;

use bytes::BufMut;

pub use body::{Body, BodyError, Nothing};

use self::app::{
    ActivatePayload, DeactivatePayload, GetChannelPayloadSupport, GetChannelPayloadVersion,
    GetPayloadActivationStatus, GetPayloadInstanceInfo, GetUserPayloadAccess, SetUserPayloadAccess,
    SuspendResumePayloadEncryption,
};
use self::app::{ActivateSession, GetSessionChallenge};
use self::app::{
    CloseSession, ColdReset, GetAcpiPowerState, GetBmcGlobalEnables, GetChannelAccess,
    GetChannelAuthenticationCapabilities, GetChannelCipherSuites, GetChannelInfo, GetDeviceGuid, GetDeviceId,
    GetSelfTestResults, GetSessionInfo, GetSystemGuid, GetSystemInfoParameters, GetUserAccess, GetUserName,
    GetWatchdogTimer, ResetWatchdogTimer, SetAcpiPowerState, SetChannelAccess, SetSessionPrivilegeLevel,
    SetSystemInfoParameters, SetUserAccess, SetUserName, SetUserPassword, SetWatchdogTimer, WarmReset,
};
use self::boot_options::{GetSystemBootOptions, SetSystemBootOptions};
use self::chassis::{
    ChassisControl, ChassisIdentify, GetChassisCapabilities, GetChassisStatus, GetPohCounter,
    GetSystemRestartCause, SetFrontPanelEnables, SetPowerRestorePolicy,
};
use self::dcmi::{
    GetDcmiAssetTag, GetDcmiCapabilities, GetDcmiControllerId, GetDcmiPowerReading, GetDcmiSensorInfo,
    SetDcmiAssetTag, SetDcmiControllerId,
};
use self::sensor::{
    GetSensorEventEnable, GetSensorEventStatus, GetSensorHysteresis, GetSensorReading, GetSensorThresholds,
    PlatformEventMessage, RearmSensorEvents, SetSensorEventEnable, SetSensorHysteresis, SetSensorThresholds,
};
use self::storage::{
    AddSelEntry, ClearSel, DeleteSelEntry, GetFruInventoryAreaInfo, GetSdr, GetSdrRepositoryAllocationInfo,
    GetSdrRepositoryInfo, GetSdrRepositoryTime, GetSelAllocationInfo, GetSelEntry, GetSelInfo, GetSelTime,
    GetSelTimeUtcOffset, ReadFruData, ReserveSdrRepository, ReserveSel, SetSelTime, SetSelTimeUtcOffset,
};
use self::transport::{GetLanConfiguration, SetLanConfiguration};
use self::transport::{GetSolConfiguration, SetSolConfiguration};
use crate::number::{CommandNumber, CompletionCode, NetFn, PrivilegeLevel};

/// A request that has a network function and a command number, and the response that belongs to it.
///
/// The constants are what the registry is made of; a remote console needs nothing else to call the command.
pub trait Command: Body {
    /// The data bytes of the answer, after a completion code of 00.
    type Response: Body;
    /// The network function of the request: even.
    const NET_FN: NetFn;
    /// The group whose command it is, where the network function belongs to several: the first data byte says so.
    const GROUP: Option<u8> = None;
    /// The command number inside the network function.
    const COMMAND: CommandNumber;
    /// The specification's name, in words.
    const NAME: &'static str;
    /// What a session must be allowed to do, at least.
    const PRIVILEGE: RequiredPrivilege;
    /// Where the specification describes it.
    const SECTION: &'static str;
}

/// What a requester must be, to have a command executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequiredPrivilege {
    /// Nothing: the command is answered outside a session too.
    NoSession,
    /// A session whose present level is at least this one.
    AtLeast(PrivilegeLevel),
}

impl RequiredPrivilege {
    /// Whether a session at `level` satisfies the requirement.
    #[must_use]
    pub fn is_satisfied_by(self, level: PrivilegeLevel) -> bool {
        match self {
            Self::NoSession => true,
            Self::AtLeast(least) => level >= least,
        }
    }
}

/// One line of the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandInfo {
    /// The network function of the request.
    pub net_fn: NetFn,
    /// The group whose command it is: the first data byte of a request.
    pub group: Option<u8>,
    /// The command number.
    pub command: CommandNumber,
    /// The specification's name.
    pub name: &'static str,
    /// What a session must be allowed to do.
    pub privilege: RequiredPrivilege,
    /// Where the specification describes it.
    pub section: &'static str,
}

impl CommandInfo {
    /// The line for one command.
    #[must_use]
    pub const fn of<C: Command>() -> Self {
        Self {
            net_fn: C::NET_FN,
            group: C::GROUP,
            command: C::COMMAND,
            name: C::NAME,
            privilege: C::PRIVILEGE,
            section: C::SECTION,
        }
    }

    /// Looks up the command of a request. `None` means completion code C1, before anything else is checked.
    #[must_use]
    pub fn find(net_fn: NetFn, command: CommandNumber, data: &[u8]) -> Option<&'static Self> {
        let is_meant = |info: &&Self| info.net_fn == net_fn && info.command == command && info.is_of(data);
        COMMANDS.iter().find(is_meant)
    }

    /// Whether data bytes are of the group whose command it is.
    #[must_use]
    pub fn is_of(&self, data: &[u8]) -> bool {
        self.group.is_none_or(|group| data.first() == Some(&group))
    }
}

/// Writes the list of commands once, and gets from it the registry and the request of any command.
macro_rules! commands {
    ($($command:ident),+ $(,)?) => {
        /// Every command of this crate, by network function and number.
        pub static COMMANDS: &[CommandInfo] = &[$(CommandInfo::of::<$command>()),+];

        /// The request of any command of this crate.
        ///
        /// A `match` over it has no wildcard: a new command breaks the build of whoever executes them.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum AnyRequest {
            $(
                #[doc = concat!("[`", stringify!($command), "`].")]
                $command($command),
            )+
        }

        impl AnyRequest {
            /// Decodes the data bytes of a request.
            ///
            /// # Errors
            /// [`RequestError::UnknownCommand`] when the registry does not list the command, and
            /// [`RequestError::Body`] when the data bytes are not a request of it.
            pub fn decode(net_fn: NetFn, command: CommandNumber, data: &[u8]) -> Result<Self, RequestError> {
                match (net_fn, command) {
                    $((<$command as Command>::NET_FN, <$command as Command>::COMMAND)
                        if CommandInfo::of::<$command>().is_of(data) =>
                    {
                        Ok(Self::$command(<$command as Body>::decode(data)?))
                    })+
                    _ => Err(RequestError::UnknownCommand { net_fn, command }),
                }
            }

            /// Encodes the data bytes of the request.
            pub fn encode(&self, out: &mut impl BufMut) {
                match self {
                    $(Self::$command(request) => request.encode(out),)+
                }
            }

            /// The registry's line for the command.
            #[must_use]
            pub const fn info(&self) -> CommandInfo {
                match self {
                    $(Self::$command(_) => CommandInfo::of::<$command>(),)+
                }
            }
        }

        $(
            impl From<$command> for AnyRequest {
                fn from(request: $command) -> Self {
                    Self::$command(request)
                }
            }
        )+
    };
}

commands! {
    GetChassisCapabilities,
    GetChassisStatus,
    ChassisControl,
    ChassisIdentify,
    SetPowerRestorePolicy,
    GetSystemRestartCause,
    SetSystemBootOptions,
    GetSystemBootOptions,
    SetFrontPanelEnables,
    GetPohCounter,
    PlatformEventMessage,
    SetSensorHysteresis,
    GetSensorHysteresis,
    SetSensorThresholds,
    GetSensorThresholds,
    SetSensorEventEnable,
    GetSensorEventEnable,
    RearmSensorEvents,
    GetSensorEventStatus,
    GetSensorReading,
    GetDeviceId,
    ColdReset,
    WarmReset,
    GetSelfTestResults,
    SetAcpiPowerState,
    GetAcpiPowerState,
    GetDeviceGuid,
    ResetWatchdogTimer,
    SetWatchdogTimer,
    GetWatchdogTimer,
    GetBmcGlobalEnables,
    GetSystemGuid,
    GetChannelAuthenticationCapabilities,
    GetSessionChallenge,
    ActivateSession,
    SetSessionPrivilegeLevel,
    CloseSession,
    GetSessionInfo,
    SetChannelAccess,
    GetChannelAccess,
    GetChannelInfo,
    SetUserAccess,
    GetUserAccess,
    SetUserName,
    GetUserName,
    SetUserPassword,
    ActivatePayload,
    DeactivatePayload,
    GetPayloadActivationStatus,
    GetPayloadInstanceInfo,
    SetUserPayloadAccess,
    GetUserPayloadAccess,
    GetChannelPayloadSupport,
    GetChannelPayloadVersion,
    GetChannelCipherSuites,
    SuspendResumePayloadEncryption,
    SetSystemInfoParameters,
    GetSystemInfoParameters,
    GetFruInventoryAreaInfo,
    ReadFruData,
    GetSdrRepositoryInfo,
    GetSdrRepositoryAllocationInfo,
    ReserveSdrRepository,
    GetSdr,
    GetSdrRepositoryTime,
    GetSelInfo,
    GetSelAllocationInfo,
    ReserveSel,
    GetSelEntry,
    AddSelEntry,
    DeleteSelEntry,
    ClearSel,
    GetSelTime,
    SetSelTime,
    GetSelTimeUtcOffset,
    SetSelTimeUtcOffset,
    SetLanConfiguration,
    GetLanConfiguration,
    SetSolConfiguration,
    GetSolConfiguration,
    GetDcmiCapabilities,
    GetDcmiPowerReading,
    GetDcmiAssetTag,
    GetDcmiSensorInfo,
    SetDcmiAssetTag,
    GetDcmiControllerId,
    SetDcmiControllerId,
}

/// Why a request was not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The registry does not list the command.
    #[error("unknown command {command} of {net_fn}")]
    UnknownCommand {
        /// The network function.
        net_fn: NetFn,
        /// The command number.
        command: CommandNumber,
    },
    /// The data bytes are not a request of the command.
    #[error("bad request data")]
    Body(#[from] BodyError),
}

impl RequestError {
    /// What to answer.
    #[must_use]
    pub const fn completion_code(&self) -> CompletionCode {
        match self {
            Self::UnknownCommand { .. } => CompletionCode::INVALID_COMMAND,
            Self::Body(error) => error.completion_code(),
        }
    }
}
