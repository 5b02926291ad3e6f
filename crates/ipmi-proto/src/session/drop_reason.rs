//! Why nothing came of a datagram.

use std::fmt;

/// Declares the reasons with their names and the list of all of them, which sizes the array of the counters.
macro_rules! drop_reasons {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// Why a datagram was dropped without an answer.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum DropReason {
            $($(#[$doc])* $variant,)+
        }

        impl DropReason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name for logs and metrics: lower case, with underscores.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

drop_reasons! {
    /// Not a datagram that IPMI over LAN knows, or one that breaks its format.
    Malformed = "malformed",
    /// An RMCP acknowledgement.
    Acknowledgement = "acknowledgement",
    /// An ASF message other than the presence ping.
    OtherAsfMessage = "other_asf_message",
    /// An IPMI message that is too short, has a wrong checksum or is no request; a packet of Serial over LAN that is too short.
    BadMessage = "bad_message",
    /// An IPMI message for another controller than the BMC.
    OtherResponder = "other_responder",
    /// A packet of an IPMI 1.5 session that does not exist.
    SessionV15 = "session_v15",
    /// A payload type that has no business where it stood.
    OtherPayload = "other_payload",
    /// A packet of Serial over LAN of a session that has not activated it.
    PayloadNotActive = "payload_not_active",
    /// A session setup message that is too short to be answered.
    ShortSetupMessage = "short_setup_message",
    /// One of too many datagrams of its source outside of sessions.
    RateLimited = "rate_limited",
    /// A packet for a session that does not exist, or not any more.
    NoSuchSession = "no_such_session",
    /// A packet for a session that is not established yet.
    NotEstablished = "not_established",
    /// A packet that is protected less or more than the session's cipher suite says.
    WrongProtection = "wrong_protection",
    /// A packet whose AuthCode is wrong.
    Unauthentic = "unauthentic",
    /// An authentic packet whose session sequence number was used before, or lies outside of the window.
    Replayed = "replayed",
    /// An authentic packet that does not decrypt.
    Undecipherable = "undecipherable",
    /// RAKP 3 in which the remote console says why it gives up. The half-open session is forgotten.
    ConsoleGaveUp = "console_gave_up",
    /// A retransmission of a request that is still being worked on. Its answer goes out when it is ready.
    StillWorking = "still_working",
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
