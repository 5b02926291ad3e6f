//! Cipher suites, the codes of the RAKP exchange, session keys, and the only way from sealed bytes to clear ones.
//!
//! The primitives are those of well-known crates; this module only says which of them covers which bytes
//! (IPMI 2.0 §13.28–13.33). It makes no random numbers: whoever calls brings them.
//!
//! ```text
//! KeyExchange ── managed_proof, console_proof ── password
//!      └─ session_key(password, Kg) ─> Sik ─┬─ integrity_check
//!                                           └─ SessionKeys ── seal, open
//! ```
//!
//! Secrets ([`Password`], [`Kg`], [`Sik`], the keys inside [`SessionKeys`]) print as `…`, are wiped when dropped and
//! cannot be compared. Codes compare in constant time.

mod authentication;
mod confidentiality;
mod integrity;
mod key_exchange;
mod packet_key;
mod password_check;
mod secret;
mod session_keys;
mod suite;

pub use authentication::Authentication;
pub use confidentiality::Confidentiality;
pub use integrity::Integrity;
pub use key_exchange::KeyExchange;
pub use packet_key::PacketKey;
pub use password_check::PasswordMark;
pub use secret::{K1, K2, Kg, Password, SecretTooLong, Sik};
pub use session_keys::{Opened, SessionKeys, Unauthentic};
pub use suite::{Algorithms, CipherSuite};
