use core::fmt;

/// The number of a user of a managed system, IPMI 2.0 §6.10: 1 to 63.
///
/// By convention 1 is the null user, whose name is empty and cannot be changed; users with a name begin at 2.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(u8);

impl UserId {
    /// The null user.
    pub const NULL: Self = Self(1);
    /// The first user with a name.
    pub const FIRST_NAMED: Self = Self(2);
    /// The greatest number that there is room for.
    pub const MAX: Self = Self(63);

    /// The user with this number; `None` for 0 and above 63.
    #[must_use]
    pub const fn new(id: u8) -> Option<Self> {
        if id >= Self::NULL.0 && id <= Self::MAX.0 { Some(Self(id)) } else { None }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// All numbers for users with a name, lowest first.
    pub fn named() -> impl DoubleEndedIterator<Item = Self> {
        (Self::FIRST_NAMED.0..=Self::MAX.0).map(Self)
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserId({})", self.0)
    }
}
