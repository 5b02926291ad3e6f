//! Many BMCs over UDP: drives ipmi-proto and maps IPMI commands to the Chassis port.
