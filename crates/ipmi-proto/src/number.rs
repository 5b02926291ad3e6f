//! The numbers of the protocol, each a type of its own.
//!
//! Every code here is open: a newtype over the integer on the wire with named constants, so that a value this
//! crate has never heard of survives and prints in hex. Nothing here allocates or fails; a number that has fewer
//! bits than its type keeps only those bits.

mod address;
mod algorithm;
mod channel;
mod completion_code;
mod net_fn;
mod open;
mod payload_type;
mod privilege;
mod random;
mod rmcp_status;
mod sequence;
mod session_id;
mod user_id;
mod user_name;

pub use address::Address;
pub use algorithm::{
    AuthenticationAlgorithm, CipherSuiteId, ConfidentialityAlgorithm, IntegrityAlgorithm, SessionV15Algorithm,
};
pub use channel::ChannelNumber;
pub use completion_code::CompletionCode;
pub use net_fn::{CommandNumber, Lun, NetFn};
pub use payload_type::PayloadType;
pub use privilege::{NameLookup, PrivilegeLevel, Role};
pub use random::{Guid, Iv, RandomNumber};
pub use rmcp_status::RmcpStatus;
pub use sequence::{MessageTag, RqSeq, SessionSequence, SolSequence};
pub use session_id::SessionId;
pub use user_id::UserId;
pub use user_name::{UserName, UserNameTooLong};
