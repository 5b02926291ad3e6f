//! Bytes whose bits are flags.

/// A byte of flags: a newtype with named bits that keeps the bits without a name.
macro_rules! flag_byte {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $($(#[$bit_meta:meta])* $bit:ident = $value:literal,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub struct $name(u8);

        impl $name {
            $($(#[$bit_meta])* pub const $bit: Self = Self($value);)+

            /// No flag.
            #[must_use]
            pub const fn empty() -> Self {
                Self(0)
            }

            /// The flags of a byte.
            #[must_use]
            pub const fn from_bits(bits: u8) -> Self {
                Self(bits)
            }

            /// The byte.
            #[must_use]
            pub const fn bits(self) -> u8 {
                self.0
            }

            /// Whether all flags of `other` are set.
            #[must_use]
            pub const fn contains(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }

            /// These flags, and those of `other`.
            #[must_use]
            pub const fn with(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            /// These flags, and those of `other` if `condition` holds.
            #[must_use]
            pub const fn with_if(self, condition: bool, other: Self) -> Self {
                if condition { self.with(other) } else { self }
            }

            /// These flags without those of `other`.
            #[must_use]
            pub const fn without(self, other: Self) -> Self {
                Self(self.0 & !other.0)
            }
        }

        impl ::core::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                write!(f, "{}({:#04x}", stringify!($name), self.0)?;
                $(
                    if self.contains(Self::$bit) {
                        f.write_str(concat!(" ", stringify!($bit)))?;
                    }
                )+
                f.write_str(")")
            }
        }
    };
}

pub(crate) use flag_byte;
