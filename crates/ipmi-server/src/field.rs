//! The names of the fields in logs, one place for all of this crate.
//!
//! No field ever holds a password, a key or an authentication code: requests are logged by name, not by bytes.

/// The name of the BMC, as the operator gave it.
pub const BMC_NAME: &str = "bmc.name";
/// The node behind the BMC.
pub const NODE_ID: &str = "node.id";
/// Address and port of the remote console.
pub const PEER_ADDR: &str = "peer.addr";
/// The managed system's id of the session.
pub const SESSION_ID: &str = "session.id";
/// The user of the session.
pub const USER_NAME: &str = "user.name";
/// The command, by the specification's name.
pub const IPMI_COMMAND: &str = "ipmi.command";
/// How the command ended.
pub const COMPLETION_CODE: &str = "completion_code";
/// A change of power that was asked for.
pub const POWER_REQUEST: &str = "power.request";
/// A boot device that was asked for.
pub const BOOT_DEVICE: &str = "boot.device";
/// For how many power cycles it was asked for.
pub const BOOT_LIFETIME: &str = "boot.lifetime";
/// How a request was admitted.
pub const ADMISSION: &str = "admission";
/// An error with everything behind it.
pub const ERROR: &str = "error";
