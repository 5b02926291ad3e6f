//! Hardware addresses of network interfaces.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// A MAC address, in the order of its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacAddress(pub [u8; 6]);

/// A text that is no MAC address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no MAC address; expected six pairs of hexadecimal digits such as 2c:c2:60:11:22:33")]
pub struct NotAMacAddress {
    /// The text.
    pub text: String,
}

impl FromStr for MacAddress {
    type Err = NotAMacAddress;

    /// Reads six pairs of hexadecimal digits between colons or hyphens, in either case. The group bit must be clear: an
    /// interface has no group address.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || NotAMacAddress { text: text.to_owned() };
        let separator = if text.contains('-') { '-' } else { ':' };
        let mut parts = text.split(separator);
        let mut bytes = [0; 6];
        for byte in &mut bytes {
            let digits = parts.next().filter(|part| part.len() == 2 && !part.starts_with('+'));
            *byte = digits.and_then(|part| u8::from_str_radix(part, 16).ok()).ok_or_else(refused)?;
        }
        let is_group = bytes.first().is_some_and(|first| first & 1 != 0);
        if parts.next().is_some() || is_group || bytes == [0; 6] { Err(refused()) } else { Ok(Self(bytes)) }
    }
}

impl fmt::Display for MacAddress {
    /// Lower case, with colons: the spelling that every consumer takes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl Serialize for MacAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_becomes_lower_case_with_colons() {
        for text in ["2C:C2:60:0A:0B:0C", "2c-c2-60-0a-0b-0c"] {
            assert_eq!(text.parse::<MacAddress>().unwrap().to_string(), "2c:c2:60:0a:0b:0c");
        }
    }

    #[test]
    fn what_no_interface_can_have_is_refused() {
        for text in [
            "",
            "2c:c2:60:0a:0b",
            "2c:c2:60:0a:0b:0c:0d",
            "2c:c2:60:0a:0b:+c",
            "2cc2600a0b0c",
            "2c:c2:60:0a:0b:zz",
            "01:00:5e:00:00:01",
            "ff:ff:ff:ff:ff:ff",
            "00:00:00:00:00:00",
        ] {
            assert!(text.parse::<MacAddress>().is_err(), "{text}");
        }
    }
}
