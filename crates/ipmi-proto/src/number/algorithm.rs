use super::open::open_code;

open_code! {
    /// The number of a key exchange algorithm, IPMI 2.0 §13.28. Six bits.
    AuthenticationAlgorithm {
        /// No password check at all.
        RAKP_NONE = 0x00, "RAKP-none";
        /// HMAC-SHA1.
        RAKP_HMAC_SHA1 = 0x01, "RAKP-HMAC-SHA1";
        /// HMAC-MD5.
        RAKP_HMAC_MD5 = 0x02, "RAKP-HMAC-MD5";
        /// HMAC-SHA256.
        RAKP_HMAC_SHA256 = 0x03, "RAKP-HMAC-SHA256";
    }
}

open_code! {
    /// The number of an integrity algorithm, IPMI 2.0 §13.28.4. Six bits.
    IntegrityAlgorithm {
        /// Packets are not signed.
        NONE = 0x00, "none";
        /// HMAC-SHA1, the first 96 bits.
        HMAC_SHA1_96 = 0x01, "HMAC-SHA1-96";
        /// HMAC-MD5.
        HMAC_MD5_128 = 0x02, "HMAC-MD5-128";
        /// Plain MD5, between two copies of the password.
        MD5_128 = 0x03, "MD5-128";
        /// HMAC-SHA256, the first 128 bits.
        HMAC_SHA256_128 = 0x04, "HMAC-SHA256-128";
    }
}

open_code! {
    /// The number of a confidentiality algorithm, IPMI 2.0 §13.28.5. Six bits.
    ConfidentialityAlgorithm {
        /// Payloads are readable.
        NONE = 0x00, "none";
        /// AES-128 in CBC mode.
        AES_CBC_128 = 0x01, "AES-CBC-128";
        /// RC4 with a key of 128 bits.
        XRC4_128 = 0x02, "xRC4-128";
        /// RC4 with a key of 40 bits.
        XRC4_40 = 0x03, "xRC4-40";
    }
}

open_code! {
    /// The number of a cipher suite, IPMI 2.0 §22.15.2. The suites themselves are in [`crate::crypto::CipherSuite`].
    CipherSuiteId {
        /// HMAC-SHA1, HMAC-SHA1-96, AES-CBC-128: the baseline that every implementation has.
        SHA1_AES = 0x03, "HMAC-SHA1, HMAC-SHA1-96, AES-CBC-128";
        /// HMAC-SHA256, HMAC-SHA256-128, AES-CBC-128: the best there is.
        SHA256_AES = 0x11, "HMAC-SHA256, HMAC-SHA256-128, AES-CBC-128";
    }
}

open_code! {
    /// How an IPMI 1.5 packet is authenticated (`AuthType`), and the mark of an RMCP+ packet, IPMI 2.0 §13.6.
    /// Four bits.
    SessionV15Algorithm {
        /// No authentication code.
        NONE = 0x00, "none";
        /// MD2 over the packet and the password.
        MD2 = 0x01, "MD2";
        /// MD5 over the packet and the password.
        MD5 = 0x02, "MD5";
        /// The password in the clear.
        PASSWORD = 0x04, "straight password";
        /// An algorithm of the vendor.
        OEM = 0x05, "OEM";
        /// Not an algorithm: an RMCP+ packet follows.
        RMCP_PLUS = 0x06, "RMCP+";
    }
}
