use core::fmt;

/// A random number of 16 bytes from RAKP 1 or RAKP 2, in wire order. It must be unpredictable and used once.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RandomNumber(pub [u8; 16]);

/// The managed system's GUID, 16 bytes in wire order. Codes and keys cover it exactly as transmitted.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Guid(pub [u8; 16]);

/// The initialisation vector of one encrypted payload, 16 bytes. It must be unpredictable and new for every packet.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Iv(pub [u8; 16]);

macro_rules! hex_bytes {
    ($($type:ident)*) => { $(
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($type))
            }
        }
    )* };
}

hex_bytes!(RandomNumber Guid Iv);
