use super::open::{hex_number, open_code};

open_code! {
    /// A network function, IPMI 2.0 §5.1. Six bits: even for requests, the next odd one for their responses.
    /// Names and constants are those of the requests.
    NetFn {
        /// Chassis control.
        CHASSIS = 0x00, "chassis";
        /// Bridging.
        BRIDGE = 0x02, "bridge";
        /// Sensors and events.
        SENSOR_EVENT = 0x04, "sensor/event";
        /// The management controller itself: sessions, users, channels.
        APP = 0x06, "application";
        /// Firmware update.
        FIRMWARE = 0x08, "firmware";
        /// SDR, SEL and FRU.
        STORAGE = 0x0a, "storage";
        /// LAN and serial configuration.
        TRANSPORT = 0x0c, "transport";
        /// Extensions of other bodies; the first data byte says whose.
        GROUP_EXTENSION = 0x2c, "group extension";
        /// Extensions of vendors; the first three data bytes are an IANA number.
        OEM = 0x2e, "OEM/group";
    }
}

impl NetFn {
    /// The low six bits of `value`.
    #[must_use]
    pub const fn new(value: u8) -> Self {
        Self(value & 0x3f)
    }

    /// Whether this is a response's function (odd).
    #[must_use]
    pub const fn is_response(self) -> bool {
        self.0 & 1 == 1
    }

    /// The function that answers a request of this one. A response's function is returned as it is.
    #[must_use]
    pub const fn response(self) -> Self {
        Self(self.0 | 1)
    }

    /// The function of the request that a response of this one answers.
    #[must_use]
    pub const fn request(self) -> Self {
        Self(self.0 & !1)
    }
}

/// The number of a command. What it means depends on the [`NetFn`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandNumber(pub u8);

hex_number!(CommandNumber, 4);

/// A logical unit behind an address, IPMI 2.0 §7.2. Two bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Lun(u8);

hex_number!(Lun, 4);

impl Lun {
    /// The BMC's own commands.
    pub const BMC: Self = Self(0);

    /// The low two bits of `value`.
    #[must_use]
    pub const fn new(value: u8) -> Self {
        Self(value & 0x03)
    }

    /// The number, 0–3.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}
