//! Network function Transport: the configuration of the LAN channel (`IPMI 2.0 §23`) and of Serial over LAN (`IPMI 2.0 §26`).

pub mod lan_configuration;
pub mod lan_parameter;
pub mod sol_configuration;
pub mod sol_parameter;

pub use lan_configuration::{GetLanConfiguration, LanConfiguration, SetLanConfiguration};
pub use lan_parameter::{IpSource, LanParameter, LanParameterSelector};
pub use sol_configuration::{GetSolConfiguration, SetSolConfiguration, SolConfiguration};
pub use sol_parameter::{SolAuthentication, SolBitRate, SolParameter, SolParameterSelector};
