//! What the controller says it is.

/// What the controller says it is, in the answer to Get Device ID (`IPMI 2.0 §20.1`).
///
/// The manufacturer's number makes consoles send commands of that manufacturer, so it is 0 ("unspecified") unless
/// somebody has a number of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceIdentity {
    /// The device id.
    pub device_id: u8,
    /// The device revision, 0 to 15.
    pub revision: u8,
    /// The major firmware revision, 0 to 127.
    pub firmware_major: u8,
    /// The minor firmware revision, 0 to 99; more is reported as 99.
    pub firmware_minor: u8,
    /// The patch level, reported in the first byte of the auxiliary firmware revision.
    pub firmware_patch: u8,
    /// The manufacturer's IANA enterprise number, 20 bits; 0 for none.
    pub manufacturer: u32,
    /// The manufacturer's product number; 0 for none.
    pub product: u16,
}

impl DeviceIdentity {
    /// A controller of no particular manufacturer, with the version of this crate as its firmware.
    pub const RAVBMC: Self = Self {
        device_id: 0x20,
        revision: 1,
        firmware_major: number(env!("CARGO_PKG_VERSION_MAJOR")),
        firmware_minor: number(env!("CARGO_PKG_VERSION_MINOR")),
        firmware_patch: number(env!("CARGO_PKG_VERSION_PATCH")),
        manufacturer: 0,
        product: 0,
    };
}

impl Default for DeviceIdentity {
    fn default() -> Self {
        Self::RAVBMC
    }
}

/// A decimal number of a version, at most 255.
const fn number(digits: &str) -> u8 {
    let mut rest = digits.as_bytes();
    let mut value: u8 = 0;
    while let [digit, tail @ ..] = rest {
        value = value.saturating_mul(10).saturating_add(digit.saturating_sub(b'0'));
        rest = tail;
    }
    value
}
