//! An IPMI 2.0 remote console over UDP.
