//! Network function App: the management controller itself (`IPMI 2.0 §20`), its channels, users and sessions
//! (`IPMI 2.0 §22`), payloads (`IPMI 2.0 §24`), and its watchdog timer (`IPMI 2.0 §27`).

pub mod acpi_power_state;
pub mod activate_session;
pub mod close_session;
pub mod device_id;
pub mod global_enables;
pub mod guid;
pub mod reset;
pub mod self_test;
pub mod session_challenge;
pub mod session_info;
pub mod session_privilege;
pub mod system_info;
pub mod watchdog;

pub mod channel_access;
pub mod channel_authentication;
pub mod channel_cipher_suites;
pub mod channel_info;

pub mod channel_payload;
pub mod payload_activation;
pub mod payload_encryption;
pub mod payload_status;
pub mod user_payload_access;

pub mod user_access;
pub mod user_name;
pub mod user_password;

pub use acpi_power_state::{
    AcpiDeviceState, AcpiPowerState, AcpiSystemState, GetAcpiPowerState, SetAcpiPowerState,
};
pub use activate_session::{ActivateSession, ActivatedSession};
pub use channel_access::{
    AccessMode, AccessSetting, ChannelAccess, ChannelRestrictions, GetChannelAccess, SetChannelAccess,
};
pub use channel_authentication::{
    AuthTypes, AuthenticationStatus, ChannelAuthenticationCapabilities, GetChannelAuthenticationCapabilities,
    SessionSupport,
};
pub use channel_cipher_suites::{ChannelCipherSuites, GetChannelCipherSuites, Listing, record_page};
pub use channel_info::{ChannelInfo, ChannelMedium, ChannelProtocol, ChannelSessions, GetChannelInfo};
pub use channel_payload::{
    ChannelPayloadSupport, ChannelPayloadVersion, GetChannelPayloadSupport, GetChannelPayloadVersion,
};
pub use close_session::{CloseSession, SessionReference};
pub use device_id::{Bcd, DeviceAvailability, DeviceId, DeviceSupport, GetDeviceId, IpmiVersion};
pub use global_enables::{GetBmcGlobalEnables, GlobalEnables};
pub use guid::{GetDeviceGuid, GetSystemGuid};
pub use payload_activation::{ActivatePayload, ActivatedPayload, DeactivatePayload, SolActivation};
pub use payload_encryption::{EncryptionOperation, SuspendResumePayloadEncryption};
pub use payload_status::{
    GetPayloadActivationStatus, GetPayloadInstanceInfo, PayloadActivationStatus, PayloadInstanceInfo,
};
pub use reset::{ColdReset, WarmReset};
pub use self_test::{GetSelfTestResults, InaccessibleDevices, SelfTestResults};
pub use session_challenge::{GetSessionChallenge, SessionChallenge};
pub use session_info::{ActiveSession, GetSessionInfo, LanConsole, SessionInfo, SessionProtocol};
pub use session_privilege::{SessionPrivilegeLevel, SetSessionPrivilegeLevel};
pub use system_info::{GetSystemInfoParameters, SetSystemInfoParameters, SystemInfo, SystemInfoSelector};
pub use user_access::{GetUserAccess, SetUserAccess, UserAccess, UserAccessFlags, UserState};
pub use user_name::{GetUserName, SetUserName};
pub use user_password::{PaddedPassword, PasswordOperation, SetUserPassword};
pub use user_payload_access::{
    GetUserPayloadAccess, PayloadAccessChange, SetUserPayloadAccess, UserPayloads,
};
pub use watchdog::{
    GetWatchdogTimer, PreTimeoutInterrupt, ResetWatchdogTimer, SetWatchdogTimer, WatchdogAction,
    WatchdogExpirations, WatchdogTimer, WatchdogUse,
};
