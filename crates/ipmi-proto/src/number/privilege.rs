use super::open::{hex_number, open_code};

open_code! {
    /// A privilege level, IPMI 2.0 §6.8. Four bits. The order of the values is the order of the levels, but for
    /// [`PrivilegeLevel::HIGHEST`] and [`PrivilegeLevel::NO_ACCESS`], which are no levels.
    PrivilegeLevel {
        /// As high as possible, or unchanged: depends on the message.
        HIGHEST = 0x00, "highest or unchanged";
        /// Callback.
        CALLBACK = 0x01, "callback";
        /// User.
        USER = 0x02, "user";
        /// Operator.
        OPERATOR = 0x03, "operator";
        /// Administrator.
        ADMINISTRATOR = 0x04, "administrator";
        /// OEM.
        OEM = 0x05, "OEM";
        /// A user's limit: this user may not log in.
        NO_ACCESS = 0x0f, "no access";
    }
}

impl PrivilegeLevel {
    /// The low four bits of `value`.
    #[must_use]
    pub const fn new(value: u8) -> Self {
        Self(value & 0x0f)
    }

    /// Whether it is a level that a session can have, Callback to OEM.
    #[must_use]
    pub const fn is_level(self) -> bool {
        self.0 >= Self::CALLBACK.0 && self.0 <= Self::OEM.0
    }
}

/// How RAKP 1 wants its user to be found, IPMI 2.0 §13.20.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum NameLookup {
    /// The first user of that name.
    NameOnly,
    /// The first user of that name whose limit is exactly the requested level.
    NameAndPrivilege,
}

/// The role byte of RAKP 1, as sent: bits 3:0 the requested maximum privilege level, bit 4 the [`NameLookup`].
///
/// Every code and key of the session covers the whole byte, reserved bits included, so it is kept whole.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Role(pub u8);

hex_number!(Role, 4);

impl Role {
    /// The byte for a level and a lookup.
    #[must_use]
    pub const fn new(privilege: PrivilegeLevel, lookup: NameLookup) -> Self {
        let flag = match lookup {
            NameLookup::NameOnly => 0x10,
            NameLookup::NameAndPrivilege => 0x00,
        };
        Self(flag | privilege.0 & 0x0f)
    }

    /// The requested maximum privilege level.
    #[must_use]
    pub const fn privilege(self) -> PrivilegeLevel {
        PrivilegeLevel::new(self.0)
    }

    /// How to find the user.
    #[must_use]
    pub const fn lookup(self) -> NameLookup {
        if self.0 & 0x10 == 0 { NameLookup::NameAndPrivilege } else { NameLookup::NameOnly }
    }
}
