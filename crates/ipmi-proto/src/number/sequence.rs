use super::open::hex_number;

/// The tag that pairs a session setup request with its answer. Chosen by the console, echoed by the managed system.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageTag(pub u8);

hex_number!(MessageTag, 4);

impl MessageTag {
    /// The tag after this one; `0xff` is followed by 0.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

/// The requester's sequence number of an IPMI message (`rqSeq`), IPMI 2.0 §13.8. Six bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RqSeq(u8);

hex_number!(RqSeq, 4);

impl RqSeq {
    /// The low six bits of `value`.
    #[must_use]
    pub const fn new(value: u8) -> Self {
        Self(value & 0x3f)
    }

    /// The number, 0–63.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// The number after this one; 63 is followed by 0.
    #[must_use]
    pub const fn next(self) -> Self {
        Self::new(self.0.wrapping_add(1))
    }
}

/// A session sequence number, IPMI 2.0 §6.12.13. 0 stands outside of sessions only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionSequence(pub u32);

hex_number!(SessionSequence, 10);

impl SessionSequence {
    /// What packets outside of a session carry.
    pub const NONE: Self = Self(0);

    /// The number of the first packet that one side sends in a session.
    pub const FIRST: Self = Self(1);

    /// The number after this one; `0xffff_ffff` is followed by 1.
    #[must_use]
    pub const fn next(self) -> Self {
        match self.0.checked_add(1) {
            Some(next) => Self(next),
            None => Self::FIRST,
        }
    }
}

/// The number of a Serial over LAN packet, IPMI 2.0 §15.9. Four bits; 0 stands for none.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SolSequence(u8);

hex_number!(SolSequence, 3);

impl SolSequence {
    /// What a packet carries that wants no acknowledgement, or acknowledges nothing.
    pub const NONE: Self = Self(0);

    /// The number of the first packet.
    pub const FIRST: Self = Self(1);

    /// The low four bits of `value`.
    #[must_use]
    pub const fn new(value: u8) -> Self {
        Self(value & 0x0f)
    }

    /// The number, 0–15.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// The number after this one; 15 is followed by 1.
    #[must_use]
    pub const fn next(self) -> Self {
        if self.0 >= Self::LAST { Self::FIRST } else { Self(self.0.wrapping_add(1)) }
    }

    /// How many steps of [`SolSequence::next`] lead from `earlier` to this number, 0–14. Neither is [`SolSequence::NONE`].
    #[must_use]
    pub const fn steps_from(self, earlier: Self) -> u8 {
        let distance = self.0.wrapping_add(Self::LAST).wrapping_sub(earlier.0);
        if distance >= Self::LAST { distance.wrapping_sub(Self::LAST) } else { distance }
    }

    const LAST: u8 = 15;
}
