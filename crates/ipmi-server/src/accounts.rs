//! The users of one BMC: the configuration, and what consoles have made of it.
//!
//! The rules:
//!
//! * Number 1 is the null user, whose name cannot be changed. The users of the configuration have the numbers that they have
//!   there; a console may use the others.
//! * A change of a configured user holds until the entry of the configuration changes: its name, password or privilege. Then
//!   the configuration rules again. An entry that only gets another number takes its change along.
//! * A user whom a console made stays, whatever the configuration says, unless it names another user the same. If the
//!   configuration needs the number, the user gets the lowest free one.

use std::collections::BTreeMap;

use ipmi_proto::endpoint::{User, UserTable};
use ipmi_proto::entropy::Entropy;
use ipmi_proto::number::{PrivilegeLevel, UserId, UserName};

use crate::settings::{Account, AccountPassword, ConfiguredEntry, UserChange};

/// How many numbers there are at least.
const NUMBERS: u8 = 16;

/// All users of a BMC, by number.
#[derive(Clone, Debug)]
pub struct Accounts {
    slots: BTreeMap<UserId, Slot>,
    lapsed: Vec<UserName>,
    /// How many numbers there are at least.
    numbers: u8,
}

/// One number.
#[derive(Clone, Debug)]
struct Slot {
    account: Account,
    /// What the configuration says, if it has this user.
    configured: Option<Configured>,
    /// Whether a console had a hand in it.
    changed: bool,
}

#[derive(Clone, Debug)]
struct Configured {
    user: User,
    /// As it was written down with an earlier change.
    entry: Option<ConfiguredEntry>,
}

/// Where a user comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The configuration, unchanged.
    Configured,
    /// The configuration, changed by a console.
    Changed,
    /// A console.
    Console,
}

impl Accounts {
    /// The users that follow from a configuration and from what is kept.
    #[must_use]
    pub fn resolve(configured: &UserTable, kept: &[UserChange]) -> Self {
        let mut slots: BTreeMap<UserId, Slot> = BTreeMap::new();
        let mut lapsed = Vec::new();
        for (id, user) in configured.iter() {
            let configured = Some(Configured { user: user.clone(), entry: None });
            slots.insert(id, Slot { account: Account::of(user), configured, changed: false });
        }
        for change in kept {
            let Some(entry) = &change.entry else { continue };
            let matches = |slot: &Slot| slot.is_of(entry) && !slot.changed;
            let same = slots.get(&change.id).is_some_and(matches).then_some(change.id);
            let found = same.or_else(|| slots.iter().find(|(_, slot)| matches(slot)).map(|(id, _)| *id));
            match found.and_then(|id| slots.get_mut(&id)) {
                Some(slot) => {
                    slot.account = change.account.clone().unwrap_or_else(Account::unused);
                    slot.changed = true;
                    if let Some(configured) = &mut slot.configured {
                        configured.entry = Some(*entry);
                    }
                }
                None => lapsed.push(entry.name),
            }
        }
        for change in kept {
            let (None, Some(account)) = (&change.entry, &change.account) else { continue };
            let is_taken = |slot: &Slot| slot.account.name == account.name && !account.name.is_empty();
            let wanted = [change.id].into_iter().chain(UserId::named()).find(|id| !slots.contains_key(id));
            match wanted {
                Some(id) if !slots.values().any(is_taken) => {
                    slots.insert(id, Slot { account: account.clone(), configured: None, changed: true });
                }
                _ => lapsed.push(account.name),
            }
        }
        slots.entry(UserId::NULL).or_insert_with(|| Slot {
            account: Account::unused(),
            configured: None,
            changed: false,
        });
        Self { slots, lapsed, numbers: NUMBERS }
    }

    /// The users of a configuration that no console may change: no numbers but theirs.
    #[must_use]
    pub fn fixed(configured: &UserTable) -> Self {
        Self { numbers: 0, ..Self::resolve(configured, &[]) }
    }

    /// The names of those whose change holds no longer.
    #[must_use]
    pub fn lapsed(&self) -> &[UserName] {
        &self.lapsed
    }

    /// The greatest number that a user can have.
    #[must_use]
    pub fn last(&self) -> UserId {
        let used = self.slots.keys().next_back().copied().unwrap_or(UserId::NULL);
        UserId::new(self.numbers).map_or(used, |numbers| numbers.max(used))
    }

    /// The user with this number, used or not; `None` above [`Accounts::last`].
    #[must_use]
    pub fn get(&self, id: UserId) -> Option<Account> {
        (id <= self.last())
            .then(|| self.slots.get(&id).map_or_else(Account::unused, |slot| slot.account.clone()))
    }

    /// The numbers that are in use, and where each user comes from.
    pub fn iter(&self) -> impl Iterator<Item = (UserId, &Account, Origin)> {
        self.slots.iter().filter(|(_, slot)| slot.configured.is_some() || slot.changed).map(|(id, slot)| {
            let origin = match (&slot.configured, slot.changed) {
                (Some(_), false) => Origin::Configured,
                (Some(_), true) => Origin::Changed,
                (None, _) => Origin::Console,
            };
            (*id, &slot.account, origin)
        })
    }

    /// Who has this name.
    #[must_use]
    pub fn named(&self, name: &UserName) -> Option<UserId> {
        self.slots.iter().find(|(_, slot)| slot.account.name == *name).map(|(id, _)| *id)
    }

    /// Who can log in, for the endpoint.
    #[must_use]
    pub fn table(&self) -> UserTable {
        let mut table = UserTable::new();
        for (id, slot) in &self.slots {
            if let Some(user) = slot.account.login(*id) {
                table.insert(*id, user);
            }
        }
        table
    }

    /// Whether anybody can log in as administrator.
    #[must_use]
    pub fn have_administrator(&self) -> bool {
        self.table().iter().any(|(_, user)| user.limit >= PrivilegeLevel::ADMINISTRATOR)
    }

    /// The same users but for one.
    #[must_use]
    pub fn with(&self, id: UserId, account: Account) -> Self {
        let mut accounts = self.clone();
        let configured = accounts.slots.remove(&id).and_then(|slot| slot.configured);
        let base = configured.as_ref().map_or_else(Account::unused, |it| Account::of(&it.user));
        let changed = !account.is_same(&base);
        // The null user is always there.
        if configured.is_some() || changed || id == UserId::NULL {
            accounts.slots.insert(id, Slot { account, configured, changed });
        }
        accounts
    }

    /// What has to be kept, so that these users come back. `entropy` is for the marks of passwords.
    #[must_use]
    pub fn to_kept(&self, entropy: &mut dyn Entropy) -> Vec<UserChange> {
        let mut kept = Vec::new();
        for (id, slot) in self.slots.iter().filter(|(_, slot)| slot.changed) {
            let entry = slot.configured.as_ref().map(|Configured { user, entry }| {
                entry.unwrap_or_else(|| ConfiguredEntry {
                    name: user.name,
                    limit: user.limit,
                    password: user.password.mark(salt(entropy)),
                })
            });
            let account = (!slot.account.is_unused()).then(|| slot.account.clone());
            kept.push(UserChange { id: *id, entry, account });
        }
        kept
    }
}

fn salt(entropy: &mut dyn Entropy) -> [u8; 16] {
    let mut salt = [0; 16];
    entropy.fill(&mut salt);
    salt
}

impl Slot {
    /// Whether this is the entry of the configuration that was written down.
    fn is_of(&self, entry: &ConfiguredEntry) -> bool {
        self.configured.as_ref().is_some_and(|Configured { user, .. }| {
            user.name == entry.name && user.limit == entry.limit && user.password.bears(&entry.password)
        })
    }
}

impl Account {
    /// A user of the configuration.
    fn of(user: &User) -> Self {
        let enabled = user.limit.is_level();
        Self {
            name: user.name,
            password: Some(AccountPassword { password: user.password.clone(), size: None }),
            enabled,
            messaging: enabled,
            link_authentication: false,
            limit: user.limit,
        }
    }

    /// The same for the endpoint, if it may log in. Only number 1 is a user without having a name.
    fn login(&self, id: UserId) -> Option<User> {
        let password = &self.password.as_ref()?.password;
        let may = self.enabled && self.messaging && self.limit.is_level();
        let is_somebody = !self.name.is_empty() || id == UserId::NULL;
        (may && is_somebody).then(|| User { name: self.name, password: password.clone(), limit: self.limit })
    }
}

#[cfg(test)]
mod tests;
