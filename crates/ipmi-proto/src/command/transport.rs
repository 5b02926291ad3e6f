//! Network function Transport: the configuration of the LAN channel (`IPMI 2.0 §23`).

pub mod lan_configuration;
pub mod lan_parameter;

pub use lan_configuration::{GetLanConfiguration, LanConfiguration, SetLanConfiguration};
pub use lan_parameter::{IpSource, LanParameter, LanParameterSelector};
