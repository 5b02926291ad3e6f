//! Who may log in (`IPMI 2.0 §6.10`).

use crate::crypto::Password;
use crate::number::{NameLookup, PrivilegeLevel, Role, UserName};

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
}

/// Finds the user whom RAKP 1 means: the first with that name, or the first with that name and exactly the level asked for as
/// limit (`IPMI 2.0 §13.20`). Returns its place in the list too.
pub(crate) fn find_user<'a>(users: &'a [User], name: &UserName, role: Role) -> Option<(usize, &'a User)> {
    let is_meant = |user: &User| {
        user.name == *name
            && user.may_log_in()
            && match role.lookup() {
                NameLookup::NameOnly => true,
                NameLookup::NameAndPrivilege => user.limit == role.privilege(),
            }
    };
    // Looks at all of them: the time must not tell which one it was, or that it was none.
    users.iter().enumerate().fold(None, |found, (index, user)| {
        let this = is_meant(user).then_some((index, user));
        found.or(this)
    })
}
