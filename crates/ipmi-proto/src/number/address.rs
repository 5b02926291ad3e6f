use super::open::open_code;

open_code! {
    /// The address of one side of an IPMI message: a slave address (bit 0 clear) or a software id (bit 0 set),
    /// IPMI 2.0 §5.5.
    Address {
        /// The slave address of every BMC.
        BMC = 0x20, "BMC";
        /// The first software id of remote console software.
        REMOTE_CONSOLE = 0x81, "remote console software";
    }
}
