use super::open::open_code;

open_code! {
    /// What an RMCP+ packet carries, IPMI 2.0 §13.27.3. Six bits.
    PayloadType {
        /// An IPMI message.
        IPMI = 0x00, "IPMI message";
        /// Serial over LAN.
        SOL = 0x01, "SOL";
        /// A vendor's payload, named by an IANA number and a payload id in the session header.
        OEM_EXPLICIT = 0x02, "OEM explicit";
        /// Open Session Request.
        OPEN_SESSION_REQUEST = 0x10, "RMCP+ Open Session Request";
        /// Open Session Response.
        OPEN_SESSION_RESPONSE = 0x11, "RMCP+ Open Session Response";
        /// RAKP Message 1.
        RAKP_1 = 0x12, "RAKP Message 1";
        /// RAKP Message 2.
        RAKP_2 = 0x13, "RAKP Message 2";
        /// RAKP Message 3.
        RAKP_3 = 0x14, "RAKP Message 3";
        /// RAKP Message 4.
        RAKP_4 = 0x15, "RAKP Message 4";
    }
}

impl PayloadType {
    /// The low six bits of `value`.
    #[must_use]
    pub const fn new(value: u8) -> Self {
        Self(value & 0x3f)
    }

    /// Whether it belongs to the setup of a session (`0x10`–`0x1f`), which happens outside of any session.
    #[must_use]
    pub const fn is_session_setup(self) -> bool {
        self.0 & 0x30 == 0x10
    }
}
