//! IPMI 2.0 and RMCP+: bytes and messages, cipher suites, sessions; both ends, with no I/O, no clock and no randomness of its own.
