//! Identifiers and where they come from (`ravello-api.md §2`: integers of up to 19 digits).

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

use crate::switches::IdSize;

/// The identifier of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ApplicationId(pub u64);

/// The identifier of a VM: the same in design and deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VmId(pub u64);

macro_rules! decimal {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = std::num::ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

decimal!(ApplicationId);
decimal!(VmId);

/// What an identifier is for: the service drew them from different ranges.
#[derive(Clone, Copy, Debug)]
pub(crate) enum IdKind {
    /// An application, image, disk image, key pair, token: 13 digits.
    Resource,
    /// A VM, a drive, an interface, a service: 16 digits.
    Part,
}

/// Draws identifiers that no one has yet, and MAC addresses; the same ones for the same seed.
#[derive(Debug)]
pub(crate) struct IdSource {
    random: StdRng,
    used: HashSet<u64>,
    next_small: u64,
}

impl IdSource {
    pub(crate) fn new(seed: u64) -> Self {
        Self { random: StdRng::seed_from_u64(seed), used: HashSet::new(), next_small: 1 }
    }

    /// Takes note of an identifier that somebody else chose.
    pub(crate) fn reserve(&mut self, id: u64) {
        self.used.insert(id);
    }

    pub(crate) fn draw(&mut self, kind: IdKind, size: IdSize) -> u64 {
        loop {
            let id = match (size, kind) {
                (IdSize::Small, _) => {
                    self.next_small = self.next_small.saturating_add(1);
                    self.next_small
                }
                (IdSize::Realistic, IdKind::Resource) => {
                    self.random.random_range(3_000_000_000_000..4_000_000_000_000)
                }
                (IdSize::Realistic, IdKind::Part) => {
                    self.random.random_range(1_000_000_000_000_000..10_000_000_000_000_000)
                }
                (IdSize::Huge, _) => self.random.random_range((1 << 53)..(1 << 63)) | 1,
            };
            if self.used.insert(id) {
                return id;
            }
        }
    }

    /// A MAC address with the prefix of the service.
    pub(crate) fn mac(&mut self) -> String {
        let [a, b, c, _] = self.random.random::<u32>().to_be_bytes();
        format!("2c:c2:60:{a:02x}:{b:02x}:{c:02x}")
    }

    /// A secret of 128 bits, in hexadecimal digits: a session, a token, an operation.
    pub(crate) fn secret(&mut self) -> String {
        format!("{:032X}", self.random.random::<u128>())
    }

    /// Bytes for something that only has to look real.
    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        std::iter::repeat_with(|| self.random.random()).take(count).collect()
    }

    /// A number from 0 up to 1.
    pub(crate) fn fraction(&mut self) -> f64 {
        self.random.random()
    }
}
