use super::open::open_code;

open_code! {
    /// A channel, IPMI 2.0 §6.3. Four bits.
    ChannelNumber {
        /// The primary IPMB.
        PRIMARY_IPMB = 0x00, "primary IPMB";
        /// The channel that the request came in on.
        THIS = 0x0e, "this channel";
        /// The system interface.
        SYSTEM_INTERFACE = 0x0f, "system interface";
    }
}
