//! Wire formats: one message, one struct, one file, both directions.
//!
//! `decode` takes the whole message and nothing else, `encode` appends its canonical bytes. Lengths, padding and
//! checksums are made by the one and verified by the other, never stored. Reserved bits are ignored on the way in
//! and zero on the way out. Numbers are least significant byte first, but for the ASF enterprise number.
//!
//! Layers, outermost first:
//!
//! ```text
//! datagram = RmcpHeader ‖ ( Asf | SessionV15 | SessionV20 | nothing, for an acknowledgement )
//! SessionV15  carries LanRequest | LanResponse
//! SessionV20  is Sessionless, carrying OpenSessionRequest … Rakp4, LanRequest | LanResponse
//!             or Sealed, which only [`crate::crypto::SessionKeys::open`] turns into a payload:
//!                LanRequest | LanResponse | SolPacket
//! ```

mod asf;
mod auth_code;
mod cipher_suite_record;
mod datagram;
mod error;
mod lan_message;
mod open_session;
mod parse;
mod rakp1;
mod rakp2;
mod rakp3;
mod rakp4;
mod rmcp;
mod session_v15;
mod session_v20;
mod setup;
mod sol;

pub use asf::{Asf, PresencePing, PresencePong};
pub use auth_code::{AuthCode, AuthCodeTooLong};
pub use cipher_suite_record::CipherSuiteRecord;
pub use datagram::Datagram;
pub use error::{DecodeError, EncodeError, Malformed};
pub use lan_message::{LanRequest, LanResponse};
pub use open_session::{
    AlgorithmKind, AlgorithmPayload, OpenSessionGrant, OpenSessionRequest, OpenSessionResponse, Proposal,
};
pub use rakp1::Rakp1;
pub use rakp2::{Rakp2, Rakp2Grant};
pub use rakp3::Rakp3;
pub use rakp4::Rakp4;
pub use rmcp::{RmcpClass, RmcpHeader};
pub use session_v15::{Authenticator, SessionV15};
pub use session_v20::{OemPayload, Sealed, SessionV20, Sessionless};
pub use setup::SetupPrefix;
pub use sol::{SolOperation, SolPacket, SolStatus};

pub(crate) use session_v20::{SessionHeader, payload_length};
