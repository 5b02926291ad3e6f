//! The LAN channel, the only one there is (`IPMI 2.0 §22.23`, `§22.24`, `§23`).
//!
//! Whoever configures the daemon configures the channel: nothing of it can be written over IPMI but the highest level of its
//! sessions, which may be lower than the configured one, for now or for good. Consoles stop their
//! listing at the first parameter that is refused, so what the channel has not got reads as zero, which the specification
//! defines as "unspecified" or "off" for each of them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ipmi_proto::command::app::{
    AccessMode, AccessSetting, AuthTypes, ChannelAccess, ChannelInfo, ChannelMedium, ChannelProtocol,
    ChannelRestrictions, ChannelSessions, GetChannelAccess, GetChannelInfo, SetChannelAccess,
};
use ipmi_proto::command::boot_options::SetInProgress;
use ipmi_proto::command::transport::{
    GetLanConfiguration, IpSource, LanConfiguration, LanParameter, LanParameterSelector, SetLanConfiguration,
};
use ipmi_proto::crypto::CipherSuite;
use ipmi_proto::endpoint::EndpointConfig;
use ipmi_proto::number::{
    ChannelNumber, CipherSuiteId, CompletionCode, Guid, PrivilegeLevel, SessionV15Algorithm,
};

/// The number of the LAN channel.
pub(super) const LAN_CHANNEL: ChannelNumber = ChannelNumber(1);

/// The UDP port of IPMI, where nobody says another one.
const RMCP_PORT: u16 = 623;

/// The UDP port of encrypted RMCP, which nobody listens on.
const SECURE_RMCP_PORT: u16 = 664;

/// The most cipher suites that the parameters have room for.
const MOST_SUITES: usize = 16;

/// What a console can find out about the channel.
#[derive(Debug)]
pub(super) struct LanChannel {
    address: Option<SocketAddr>,
    mac: [u8; 6],
    auth_types: AuthTypes,
    suites: Vec<CipherSuiteId>,
    /// The highest level of any session, now.
    limit: PrivilegeLevel,
    /// The same after a restart of the controller.
    lasting_limit: PrivilegeLevel,
    configured_limit: PrivilegeLevel,
}

/// A new highest level of the channel's sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChannelLimit {
    /// From now on.
    pub(crate) now: Option<PrivilegeLevel>,
    /// After a restart of the controller.
    pub(crate) lasting: Option<PrivilegeLevel>,
}

impl LanChannel {
    pub(super) fn new(address: Option<SocketAddr>, endpoint: &EndpointConfig) -> Self {
        // The endpoint leaves out suites that are not implemented.
        let mut suites: Vec<_> =
            endpoint.cipher_suites.iter().copied().filter(|id| CipherSuite::by_id(*id).is_some()).collect();
        suites.sort_unstable_by_key(|suite| suite.0);
        suites.dedup();
        suites.truncate(MOST_SUITES);
        let offers = |algorithm| endpoint.ipmi_1_5.contains(&algorithm);
        let auth_types = AuthTypes::empty()
            .with_if(offers(SessionV15Algorithm::NONE), AuthTypes::NONE)
            .with_if(offers(SessionV15Algorithm::MD2), AuthTypes::MD2)
            .with_if(offers(SessionV15Algorithm::MD5), AuthTypes::MD5)
            .with_if(offers(SessionV15Algorithm::PASSWORD), AuthTypes::PASSWORD);
        let limit = endpoint.channel_limit;
        Self {
            address,
            mac: mac_of(endpoint.guid),
            auth_types,
            suites,
            limit,
            lasting_limit: limit,
            configured_limit: limit,
        }
    }

    pub(super) fn info(
        &self,
        request: GetChannelInfo,
        active_sessions: u8,
    ) -> Result<ChannelInfo, CompletionCode> {
        Ok(ChannelInfo {
            channel: resolve(request.channel)?,
            medium: ChannelMedium::LAN_802_3,
            protocol: ChannelProtocol::IPMB_1_0,
            sessions: ChannelSessions::Multiple,
            active_sessions,
            vendor: ChannelInfo::IPMI_FORUM,
            auxiliary: [0; 2],
        })
    }

    pub(super) fn access(&self, request: GetChannelAccess) -> Result<ChannelAccess, CompletionCode> {
        resolve(request.channel)?;
        Ok(ChannelAccess {
            restrictions: ChannelRestrictions::ALERTING_DISABLED,
            mode: AccessMode::ALWAYS,
            limit: match request.setting {
                AccessSetting::Volatile => self.limit,
                AccessSetting::NonVolatile => self.lasting_limit,
            },
        })
    }

    /// The highest level that any session can have now.
    pub(super) const fn limit(&self) -> PrivilegeLevel {
        self.limit
    }

    /// Takes over the limit that is kept, if one is; for the present too when the controller starts.
    pub(super) fn adopt_limit(&mut self, kept: Option<PrivilegeLevel>, starts: bool) {
        self.lasting_limit = kept.unwrap_or(self.configured_limit).min(self.configured_limit);
        if starts {
            self.limit = self.lasting_limit;
        }
    }

    /// Sets the limit for the present.
    pub(super) const fn set_limit(&mut self, limit: PrivilegeLevel) {
        self.limit = limit;
    }

    /// What of the channel's access is to change; `None` if it is as asked for. The channel is always open, every packet of it is
    /// authenticated, and it sends no alerts: of that nothing can be changed.
    pub(super) fn change_access(
        &self,
        request: SetChannelAccess,
    ) -> Result<Option<ChannelLimit>, CompletionCode> {
        resolve(request.channel)?;
        if request.access.is_some() && request.mode != AccessMode::ALWAYS {
            return Err(SetChannelAccess::MODE_NOT_SUPPORTED);
        }
        if request.access.is_some() && request.restrictions != ChannelRestrictions::ALERTING_DISABLED {
            return Err(CompletionCode::INVALID_DATA_FIELD);
        }
        let Some(setting) = request.limit_of else { return Ok(None) };
        if !request.limit.is_level() || request.limit > self.configured_limit {
            return Err(CompletionCode::INVALID_DATA_FIELD);
        }
        let limit = Some(request.limit);
        let change = match setting {
            AccessSetting::Volatile => ChannelLimit { now: limit, lasting: None },
            AccessSetting::NonVolatile => ChannelLimit { now: None, lasting: limit },
        };
        let holds = change.now.is_none_or(|limit| limit == self.limit)
            && change.lasting.is_none_or(|limit| limit == self.lasting_limit);
        Ok((!holds).then_some(change))
    }

    pub(super) fn configuration(
        &self,
        request: GetLanConfiguration,
    ) -> Result<LanConfiguration, CompletionCode> {
        resolve(request.channel)?;
        if request.revision_only {
            return Ok(LanConfiguration::revision_only());
        }
        let parameter =
            self.parameter(request.parameter).ok_or(GetLanConfiguration::PARAMETER_NOT_SUPPORTED)?;
        Ok(LanConfiguration::of(&parameter))
    }

    pub(super) fn set_configuration(&self, request: &SetLanConfiguration) -> CompletionCode {
        match resolve(request.channel) {
            Err(completion_code) => completion_code,
            Ok(_) if self.parameter(request.parameter).is_some() => SetLanConfiguration::READ_ONLY,
            Ok(_) => SetLanConfiguration::PARAMETER_NOT_SUPPORTED,
        }
    }

    /// For callback, user, operator, administrator and OEM: the same up to the limit of the channel.
    fn enabled_auth_types(&self) -> [AuthTypes; 5] {
        let levels = [
            PrivilegeLevel::CALLBACK,
            PrivilegeLevel::USER,
            PrivilegeLevel::OPERATOR,
            PrivilegeLevel::ADMINISTRATOR,
            PrivilegeLevel::OEM,
        ];
        levels.map(|level| if level <= self.limit { self.auth_types } else { AuthTypes::empty() })
    }

    /// The value of a parameter; `None` for those that the channel has not got.
    fn parameter(&self, selector: LanParameterSelector) -> Option<LanParameter> {
        let (address, source) = match self.address.map(|address| address.ip()) {
            Some(IpAddr::V4(address)) if !address.is_unspecified() => (address, IpSource::STATIC),
            // On every address of the host, or on an IPv6 one, for which there is no room.
            _ => (Ipv4Addr::UNSPECIFIED, IpSource::UNSPECIFIED),
        };
        Some(match selector.0 {
            0 => LanParameter::SetInProgress(SetInProgress::Complete),
            1 => LanParameter::AuthTypeSupport(self.auth_types),
            2 => LanParameter::AuthTypeEnables(self.enabled_auth_types()),
            3 => LanParameter::IpAddress(address),
            4 => LanParameter::IpSource(source),
            5 => LanParameter::MacAddress(self.mac),
            6 => LanParameter::SubnetMask(Ipv4Addr::UNSPECIFIED),
            7 => LanParameter::Ipv4Header([0; 3]),
            8 => LanParameter::PrimaryPort(self.address.map_or(RMCP_PORT, |address| address.port())),
            9 => LanParameter::SecondaryPort(SECURE_RMCP_PORT),
            10 => LanParameter::ArpControl(0),
            11 => LanParameter::GratuitousArpInterval(0),
            12 => LanParameter::DefaultGateway(Ipv4Addr::UNSPECIFIED),
            13 => LanParameter::DefaultGatewayMac([0; 6]),
            14 => LanParameter::BackupGateway(Ipv4Addr::UNSPECIFIED),
            15 => LanParameter::BackupGatewayMac([0; 6]),
            16 => LanParameter::CommunityString([0; 18]),
            17 => LanParameter::AlertDestinations(0),
            20 => LanParameter::VlanId(0),
            21 => LanParameter::VlanPriority(0),
            22 => LanParameter::CipherSuiteCount(u8::try_from(self.suites.len()).unwrap_or(u8::MAX)),
            23 => LanParameter::CipherSuites(self.suites.clone()),
            24 => {
                let mut levels = [PrivilegeLevel::HIGHEST; MOST_SUITES];
                for (level, _suite) in levels.iter_mut().zip(&self.suites) {
                    *level = self.limit;
                }
                LanParameter::CipherSuitePrivileges(levels)
            }
            // Nobody is locked out everywhere by somebody else's guesses; the endpoint's pauses are for each source apart.
            26 => LanParameter::BadPasswordThreshold([0; 6]),
            _ => return None,
        })
    }
}

/// The real number of a channel that a request names.
pub(super) const fn resolve(channel: ChannelNumber) -> Result<ChannelNumber, CompletionCode> {
    match channel {
        ChannelNumber::THIS | LAN_CHANNEL => Ok(LAN_CHANNEL),
        _ => Err(CompletionCode::INVALID_DATA_FIELD),
    }
}

/// A locally administered address that is the node's own: the BMC has no network interface, but consoles and inventories
/// tell controllers apart by their MAC addresses.
const fn mac_of(Guid([a, b, c, d, e, ..]): Guid) -> [u8; 6] {
    [0x02, e, d, c, b, a]
}
