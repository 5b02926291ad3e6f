#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use ipmi_proto::crypto::Password;

use super::*;
use crate::entropy::OsEntropy;
use crate::settings::PasswordSize;

fn user(name: &str, password: &str, limit: PrivilegeLevel) -> User {
    User { name: named(name), password: Password::new(password.as_bytes()).unwrap(), limit }
}

fn named(name: &str) -> UserName {
    UserName::new(name.as_bytes()).unwrap()
}

fn id(number: u8) -> UserId {
    UserId::new(number).unwrap()
}

fn account(name: &str, password: &str) -> Account {
    let password = Password::new(password.as_bytes()).unwrap();
    Account {
        name: named(name),
        password: Some(AccountPassword { password, size: Some(PasswordSize::Sixteen) }),
        enabled: true,
        messaging: true,
        link_authentication: false,
        limit: PrivilegeLevel::ADMINISTRATOR,
    }
}

const ADMIN: PrivilegeLevel = PrivilegeLevel::ADMINISTRATOR;

fn configured() -> UserTable {
    vec![user("admin", "secret", ADMIN), user("guest", "see", PrivilegeLevel::USER)].into()
}

/// Who can log in: number, name and password.
fn logins(accounts: &Accounts) -> Vec<(u8, String, String)> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned();
    accounts
        .table()
        .iter()
        .map(|(id, user)| (id.get(), text(user.name.as_bytes()), text(user.password.expose())))
        .collect()
}

fn login(number: u8, name: &str, password: &str) -> (u8, String, String) {
    (number, name.to_owned(), password.to_owned())
}

/// A configuration after these were made over IPMI with an earlier one, kept, and read again.
fn after(
    earlier: &UserTable,
    change: impl FnOnce(Accounts) -> Accounts,
    later: &UserTable,
) -> (Accounts, Vec<String>) {
    let kept = change(Accounts::resolve(earlier, &[])).to_kept(&mut OsEntropy);
    let accounts = Accounts::resolve(later, &kept);
    let lapsed = accounts.lapsed().iter().map(ToString::to_string).collect();
    (accounts, lapsed)
}

#[test]
fn without_changes_the_configuration_is_what_there_is() {
    let accounts = Accounts::resolve(&configured(), &[]);
    assert_eq!(logins(&accounts), [login(2, "admin", "secret"), login(3, "guest", "see")]);
    assert!(accounts.get(id(1)).unwrap().is_unused());
    assert!(accounts.get(id(16)).unwrap().is_unused());
    assert!(accounts.get(id(17)).is_none());
    assert!(accounts.to_kept(&mut OsEntropy).is_empty());
    assert_eq!(Accounts::fixed(&configured()).last(), id(3));
}

#[test]
fn change_holds_while_the_configuration_stays() {
    let (accounts, lapsed) =
        after(&configured(), |it| it.with(id(3), account("guest", "new")), &configured());
    assert_eq!(logins(&accounts), [login(2, "admin", "secret"), login(3, "guest", "new")]);
    assert!(lapsed.is_empty());
    assert_eq!(
        accounts.iter().map(|(_, _, origin)| origin).collect::<Vec<_>>(),
        [Origin::Configured, Origin::Changed]
    );
}

#[test]
fn change_lapses_when_its_entry_gets_another_password_name_or_privilege() {
    for entry in [
        user("guest", "other", PrivilegeLevel::USER),
        user("visitor", "see", PrivilegeLevel::USER),
        user("guest", "see", PrivilegeLevel::OPERATOR),
    ] {
        let later = vec![user("admin", "secret", ADMIN), entry.clone()].into();
        let (accounts, lapsed) = after(&configured(), |it| it.with(id(3), account("guest", "new")), &later);
        let (found, _, _) = &logins(&accounts)[1];
        assert_eq!((*found, lapsed), (3, vec!["guest".to_owned()]));
        let held = accounts.get(id(3)).unwrap();
        assert!(held.is_same(&Account::of(&entry)));
        assert!(accounts.to_kept(&mut OsEntropy).is_empty(), "it does not come back");
    }
}

#[test]
fn change_goes_with_its_entry_to_another_number() {
    let later: UserTable = vec![
        user("first", "1st", ADMIN),
        user("admin", "secret", ADMIN),
        user("guest", "see", PrivilegeLevel::USER),
    ]
    .into();
    let (accounts, lapsed) = after(&configured(), |it| it.with(id(3), account("guest", "new")), &later);
    assert_eq!(logins(&accounts)[2], login(4, "guest", "new"));
    assert!(lapsed.is_empty());
}

#[test]
fn user_of_a_console_makes_room_for_one_of_the_configuration() {
    let mut later = configured();
    later.push(user("third", "3rd", ADMIN));
    let (accounts, lapsed) = after(&configured(), |it| it.with(id(4), account("maas", "m")), &later);
    assert_eq!(logins(&accounts)[2..], [login(4, "third", "3rd"), login(5, "maas", "m")]);
    assert!(lapsed.is_empty());
    // With the next change it has the new number for good.
    let kept = accounts.to_kept(&mut OsEntropy);
    assert_eq!(kept.iter().map(|change| change.id).collect::<Vec<_>>(), [id(5)]);
}

#[test]
fn user_of_a_console_lapses_when_the_configuration_names_one_the_same() {
    let mut later = configured();
    later.push(user("maas", "configured", ADMIN));
    let (accounts, lapsed) = after(&configured(), |it| it.with(id(9), account("maas", "m")), &later);
    assert_eq!(logins(&accounts)[2], login(4, "maas", "configured"));
    assert_eq!(lapsed, ["maas"]);
}

#[test]
fn removed_user_stays_away_and_its_number_can_be_used_again() {
    let (accounts, _) = after(&configured(), |it| it.with(id(3), Account::unused()), &configured());
    assert_eq!(logins(&accounts), [login(2, "admin", "secret")]);
    let (accounts, _) = after(
        &configured(),
        |it| it.with(id(3), Account::unused()).with(id(3), account("maas", "m")),
        &configured(),
    );
    assert_eq!(logins(&accounts)[1], login(3, "maas", "m"));
}

#[test]
fn change_back_to_what_is_configured_leaves_nothing_to_keep() {
    let accounts = Accounts::resolve(&configured(), &[]);
    let guest = accounts.get(id(3)).unwrap();
    let changed = accounts.with(id(3), account("guest", "new"));
    assert_eq!(changed.to_kept(&mut OsEntropy).len(), 1);
    assert!(changed.with(id(3), guest).to_kept(&mut OsEntropy).is_empty());
    let maas = accounts.with(id(4), account("maas", "m"));
    assert!(maas.with(id(4), Account::unused()).to_kept(&mut OsEntropy).is_empty());
}

#[test]
fn nobody_logs_in_disabled_without_messaging_password_level_or_name() {
    let accounts = Accounts::resolve(&UserTable::new(), &[]);
    let can = |change: fn(&mut Account)| {
        let mut user = account("maas", "m");
        change(&mut user);
        !logins(&accounts.with(id(4), user)).is_empty()
    };
    assert!(can(|_| {}));
    assert!(!can(|user| user.enabled = false));
    assert!(!can(|user| user.messaging = false));
    assert!(!can(|user| user.password = None));
    assert!(!can(|user| user.limit = PrivilegeLevel::NO_ACCESS));
    assert!(!can(|user| user.name = UserName::default()));
    let mut null = account("", "m");
    null.name = UserName::default();
    assert_eq!(logins(&accounts.with(id(1), null)), [login(1, "", "m")]);
}

#[test]
fn kept_form_survives_being_kept_again() {
    let (accounts, _) = after(&configured(), |it| it.with(id(3), account("guest", "new")), &configured());
    let kept = accounts.to_kept(&mut OsEntropy);
    let again = Accounts::resolve(&configured(), &kept).to_kept(&mut OsEntropy);
    assert_eq!(kept[0].entry, again[0].entry, "the mark is the one from the beginning");
    assert!(!format!("{kept:?}").contains("new"), "passwords do not print");
}
