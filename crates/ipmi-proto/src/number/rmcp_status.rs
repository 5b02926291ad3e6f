use super::open::open_code;

open_code! {
    /// How a step of the session setup ended: the RMCP+ and RAKP message status codes, IPMI 2.0 §13.24.
    RmcpStatus {
        /// Go on.
        NO_ERROR = 0x00, "no errors";
        /// The session table is full.
        INSUFFICIENT_RESOURCES = 0x01, "insufficient resources to create a session";
        /// No such session.
        INVALID_SESSION_ID = 0x02, "invalid session id";
        /// The type byte of an algorithm payload is wrong.
        INVALID_PAYLOAD_TYPE = 0x03, "invalid payload type";
        /// The authentication algorithm is unknown or disabled.
        INVALID_AUTHENTICATION_ALGORITHM = 0x04, "invalid authentication algorithm";
        /// The integrity algorithm is unknown or disabled.
        INVALID_INTEGRITY_ALGORITHM = 0x05, "invalid integrity algorithm";
        /// No authentication payload fits.
        NO_MATCHING_AUTHENTICATION_PAYLOAD = 0x06, "no matching authentication payload";
        /// No integrity payload fits.
        NO_MATCHING_INTEGRITY_PAYLOAD = 0x07, "no matching integrity payload";
        /// The session is not in the right state.
        INACTIVE_SESSION_ID = 0x08, "inactive session id";
        /// The role is not a privilege level.
        INVALID_ROLE = 0x09, "invalid role";
        /// The role is above the user's or the channel's limit.
        UNAUTHORIZED_ROLE = 0x0a, "unauthorized role or privilege level requested";
        /// No room for a session at this role.
        INSUFFICIENT_RESOURCES_FOR_ROLE = 0x0b, "insufficient resources to create a session at the requested role";
        /// The user name is too long.
        INVALID_NAME_LENGTH = 0x0c, "invalid name length";
        /// No such user, or a disabled one.
        UNAUTHORIZED_NAME = 0x0d, "unauthorized name";
        /// The GUID is not accepted.
        UNAUTHORIZED_GUID = 0x0e, "unauthorized GUID";
        /// A code is wrong: the two sides do not have the same secrets.
        INVALID_INTEGRITY_CHECK_VALUE = 0x0f, "invalid integrity check value";
        /// The confidentiality algorithm is unknown or disabled.
        INVALID_CONFIDENTIALITY_ALGORITHM = 0x10, "invalid confidentiality algorithm";
        /// Each algorithm is known, the combination is no offered cipher suite.
        NO_CIPHER_SUITE_MATCH = 0x11, "no cipher suite match with proposed security algorithms";
        /// A parameter is illegal or unknown.
        ILLEGAL_PARAMETER = 0x12, "illegal or unrecognized parameter";
    }
}
