use super::open::open_code;

open_code! {
    /// How a command ended, the first byte of every response, IPMI 2.0 §5.2. `0x01`–`0x7e` belong to the OEM,
    /// `0x80`–`0xbe` to the command.
    CompletionCode {
        /// The command was carried out.
        NORMAL = 0x00, "normal";
        /// Busy for the moment.
        NODE_BUSY = 0xc0, "node busy";
        /// No such command.
        INVALID_COMMAND = 0xc1, "invalid command";
        /// The command does not exist for this LUN.
        INVALID_FOR_LUN = 0xc2, "command invalid for the given LUN";
        /// It took too long.
        TIMEOUT = 0xc3, "timeout while processing the command";
        /// No room.
        OUT_OF_SPACE = 0xc4, "out of space";
        /// The reservation was lost or never made.
        RESERVATION_CANCELED = 0xc5, "reservation canceled or invalid reservation id";
        /// Request data was cut off.
        DATA_TRUNCATED = 0xc6, "request data truncated";
        /// Too few or too many data bytes.
        DATA_LENGTH_INVALID = 0xc7, "request data length invalid";
        /// A field is longer than its limit.
        DATA_LENGTH_LIMIT = 0xc8, "request data field length limit exceeded";
        /// A value is out of range.
        PARAMETER_OUT_OF_RANGE = 0xc9, "parameter out of range";
        /// More was asked for than one answer can hold.
        CANNOT_RETURN_BYTES = 0xca, "cannot return the number of requested data bytes";
        /// The sensor, record or data asked for does not exist.
        NOT_PRESENT = 0xcb, "requested sensor, data or record not present";
        /// A field holds what it must not hold.
        INVALID_DATA_FIELD = 0xcc, "invalid data field in the request";
        /// Not for this kind of sensor or record.
        ILLEGAL_FOR_SENSOR = 0xcd, "command illegal for the specified sensor or record type";
        /// The response could not be made.
        NO_RESPONSE = 0xce, "command response could not be provided";
        /// The same request is already being worked on.
        DUPLICATE = 0xcf, "cannot execute a duplicated request";
        /// The sensor data repository is being updated.
        SDR_IN_UPDATE = 0xd0, "SDR repository in update mode";
        /// The firmware is being updated.
        FIRMWARE_IN_UPDATE = 0xd1, "device in firmware update mode";
        /// The BMC is starting.
        INITIALIZING = 0xd2, "BMC initialization in progress";
        /// The destination cannot be reached.
        DESTINATION_UNAVAILABLE = 0xd3, "destination unavailable";
        /// The session may not do this.
        INSUFFICIENT_PRIVILEGE = 0xd4, "insufficient privilege level";
        /// Not in the present state.
        NOT_SUPPORTED_IN_STATE = 0xd5, "command or parameter not supported in the present state";
        /// A part of the command is disabled.
        SUBFUNCTION_DISABLED = 0xd6, "subfunction disabled or unavailable";
        /// Any other reason.
        UNSPECIFIED = 0xff, "unspecified error";
    }
}

impl CompletionCode {
    /// Whether the command was carried out.
    #[must_use]
    pub const fn is_normal(self) -> bool {
        self.0 == Self::NORMAL.0
    }
}
