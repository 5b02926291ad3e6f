//! The pattern of an open code: a newtype with named constants that prints its number and its name.

/// Declares an open code over `u8`: the newtype, its named constants, `name`, `Debug` and `Display`.
macro_rules! open_code {
    (
        $(#[$type_doc:meta])*
        $type:ident {
            $( $(#[$doc:meta])* $constant:ident = $value:literal, $name:literal; )*
        }
    ) => {
        $(#[$type_doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(pub u8);

        impl $type {
            $( $(#[$doc])* pub const $constant: Self = Self($value); )*

            /// The name of a known value, in the words of the specification.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $( $value => Some($name), )*
                    _ => None,
                }
            }
        }

        impl ::core::fmt::Display for $type {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self.name() {
                    Some(name) => write!(f, "{name} ({:#04x})", self.0),
                    None => write!(f, "{:#04x}", self.0),
                }
            }
        }

        impl ::core::fmt::Debug for $type {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                write!(f, "{}({self})", stringify!($type))
            }
        }
    };
}

/// Declares a plain number that prints in hex with its type's name: `SessionId(0xa0a2a3a4)`.
macro_rules! hex_number {
    ($type:ident, $width:literal) => {
        impl ::core::fmt::Display for $type {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                write!(f, concat!("{:#0", $width, "x}"), self.0)
            }
        }

        impl ::core::fmt::Debug for $type {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                write!(f, concat!(stringify!($type), "({:#0", $width, "x})"), self.0)
            }
        }
    };
}

pub(super) use hex_number;
pub(super) use open_code;
