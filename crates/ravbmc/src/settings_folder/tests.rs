use std::os::unix::fs::PermissionsExt;

use ipmi_proto::crypto::Password;
use ipmi_proto::number::{PrivilegeLevel, UserId, UserName};
use ipmi_server::settings::{Account, AccountPassword, ConfiguredEntry, PasswordSize, UserChange};

use super::*;

fn settings() -> BmcSettings {
    let password = Password::new(b"correct horse").unwrap();
    let mark = password.mark([5; 16]);
    let account = Account {
        name: UserName::new(b"ma\xffas").unwrap(),
        password: Some(AccountPassword { password, size: Some(PasswordSize::Twenty) }),
        enabled: true,
        messaging: false,
        link_authentication: true,
        limit: PrivilegeLevel::NO_ACCESS,
    };
    let entry = ConfiguredEntry {
        name: UserName::new(b"admin").unwrap(),
        limit: PrivilegeLevel::ADMINISTRATOR,
        password: mark,
    };
    let id = |number| UserId::new(number).unwrap();
    BmcSettings {
        users: vec![
            UserChange { id: id(2), entry: Some(entry), account: None },
            UserChange { id: id(7), entry: None, account: Some(account) },
        ],
        channel_limit: Some(PrivilegeLevel::OPERATOR),
        asset_tag: Some(b"rack 7\xff".to_vec()),
        controller_id: Some(b"bmc-7\0".to_vec()),
    }
}

#[test]
fn what_is_written_is_read_again_and_only_the_owner_can() {
    let state_dir = tempfile::tempdir().unwrap();
    let folder = SettingsFolder::of(state_dir.path());
    let node = NodeId::new("3125/../x y");
    assert!(folder.load(&node).unwrap().is_empty());
    folder.write(&node, &settings()).unwrap();

    let read = folder.load(&node).unwrap();
    let told = |settings: &BmcSettings| format!("{settings:?}");
    assert_eq!(told(&read), told(&settings()));
    let account = read.users[1].account.as_ref().unwrap();
    assert!(account.password.as_ref().unwrap().password.is(b"correct horse"));
    assert_eq!(folder.load_all().unwrap().keys().collect::<Vec<_>>(), [&node]);

    let file = folder.file(&node);
    assert_eq!(file.file_name().unwrap(), "3125%2f%2e%2e%2fx%20y.json");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(&folder.folder)), (0o600, 0o700));

    folder.write(&node, &BmcSettings::default()).unwrap();
    assert!(!file.exists());
}

#[test]
fn passwords_do_not_print() {
    let told = format!("{:?}", settings());
    assert!(!told.contains("horse") && !told.contains("636f7272"), "{told}");
}

#[test]
fn a_damaged_file_is_named_and_left_alone() {
    let state_dir = tempfile::tempdir().unwrap();
    let folder = SettingsFolder::of(state_dir.path());
    let node = NodeId::new("1/2");
    folder.write(&node, &settings()).unwrap();
    let text = fs::read_to_string(folder.file(&node)).unwrap();
    for damaged in
        ["{", &text.replace("\"version\": 1", "\"version\": 9"), &text.replace("\"id\": 7", "\"id\": 70")]
    {
        fs::write(folder.file(&node), damaged).unwrap();
        let error = output::error_chain(&folder.load(&node).unwrap_err());
        assert!(error.contains("1%2f2.json is damaged"), "{error}");
        assert_eq!(fs::read_to_string(folder.file(&node)).unwrap(), damaged);
    }
}

#[test]
fn what_a_crash_left_beside_is_no_node() {
    let state_dir = tempfile::tempdir().unwrap();
    let folder = SettingsFolder::of(state_dir.path());
    folder.write(&NodeId::new("1/2"), &settings()).unwrap();
    fs::write(folder.folder.join(".tmpABCDEF"), "{").unwrap();
    assert_eq!(folder.load_all().unwrap().len(), 1);
}
