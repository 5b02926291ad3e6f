//! Who may log in (`IPMI 2.0 §6.10`).

use std::collections::{BTreeMap, BTreeSet};

use crate::crypto::Password;
use crate::number::{NameLookup, PrivilegeLevel, Role, UserId, UserName};

/// A user of the managed system. Prints without the password.
#[derive(Debug, Clone)]
pub struct User {
    /// The name; empty for the null user. Several users may have one name, with different limits.
    pub name: UserName,
    /// The password.
    pub password: Password,
    /// The highest level that the user's sessions can have; [`PrivilegeLevel::NO_ACCESS`] for a user who may not log in.
    pub limit: PrivilegeLevel,
}

impl User {
    /// Whether the user is enabled.
    pub(crate) fn may_log_in(&self) -> bool {
        self.limit.is_level()
    }

    /// Whether a session of this user would be no session of the other.
    fn is_more_than(&self, other: &Self) -> bool {
        self.name != other.name
            || !self.password.is_same(&other.password)
            || (self.may_log_in() && (!other.may_log_in() || other.limit < self.limit))
    }
}

/// The users of a managed system, by id.
#[derive(Debug, Clone, Default)]
pub struct UserTable(BTreeMap<UserId, User>);

impl UserTable {
    /// Nobody.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Adds a user under the lowest id that is free for it: 1 for a user without a name, or from 2 on. Returns the id; `None`
    /// when all are taken.
    pub fn push(&mut self, user: User) -> Option<UserId> {
        let null = user.name.is_empty().then_some(UserId::NULL);
        let id = null.into_iter().chain(UserId::named()).find(|id| !self.0.contains_key(id))?;
        self.0.insert(id, user);
        Some(id)
    }

    /// Puts a user under an id. Returns who had it before.
    pub fn insert(&mut self, id: UserId, user: User) -> Option<User> {
        self.0.insert(id, user)
    }

    /// The user with this id.
    #[must_use]
    pub fn get(&self, id: UserId) -> Option<&User> {
        self.0.get(&id)
    }

    /// All users, lowest id first.
    pub fn iter(&self) -> impl Iterator<Item = (UserId, &User)> {
        self.0.iter().map(|(id, user)| (*id, user))
    }

    /// Finds the user whom RAKP 1 means: the first with that name, or the first with that name and exactly the level asked for
    /// as limit (`IPMI 2.0 §13.20`).
    pub(crate) fn find(&self, name: &UserName, role: Role) -> Option<(UserId, &User)> {
        let is_meant = |user: &User| {
            user.name == *name
                && user.may_log_in()
                && match role.lookup() {
                    NameLookup::NameOnly => true,
                    NameLookup::NameAndPrivilege => user.limit == role.privilege(),
                }
        };
        // Looks at all of them: the time must not tell which one it was, or that it was none.
        self.iter().fold(None, |found, (id, user)| {
            let this = is_meant(user).then_some((id, user));
            found.or(this)
        })
    }

    /// The users whose sessions have no place among other users: gone, called otherwise, with another password or a lower limit.
    pub(crate) fn weakened(&self, others: &Self) -> BTreeSet<UserId> {
        let is_weakened =
            |(id, user): &(UserId, &User)| others.get(*id).is_none_or(|it| user.is_more_than(it));
        self.iter().filter(is_weakened).map(|(id, _)| id).collect()
    }
}

/// Each gets the lowest id that is free for it, in this order; who finds none left is not a user.
impl FromIterator<User> for UserTable {
    fn from_iter<I: IntoIterator<Item = User>>(users: I) -> Self {
        let mut table = Self::new();
        for user in users {
            table.push(user);
        }
        table
    }
}

/// As from an iterator.
impl From<Vec<User>> for UserTable {
    fn from(users: Vec<User>) -> Self {
        users.into_iter().collect()
    }
}
