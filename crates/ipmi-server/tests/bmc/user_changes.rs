//! Users and channel, changed over IPMI and kept.

use std::sync::Arc;

use ipmi_proto::crypto::Password;
use ipmi_proto::endpoint::User;
use ipmi_proto::number::{PrivilegeLevel, UserName};
use ipmi_server::{BmcSettings, KeptSettings};

use crate::network::{Bench, PATIENT, Session};
use crate::settings_store::FakeSettingsStore;

const ADMIN: PrivilegeLevel = PrivilegeLevel::ADMINISTRATOR;

/// A BMC whose configuration knows `admin`, who is 2, and `guest`, who is 3.
struct Rig {
    store: Arc<FakeSettingsStore>,
    settings: Arc<KeptSettings>,
    bench: Bench,
}

impl Rig {
    fn start() -> Self {
        Self::with(&Arc::default(), "a guest")
    }

    /// With what is kept already, and this password in the configuration.
    fn with(store: &Arc<FakeSettingsStore>, guest: &str) -> Self {
        let settings = store.open();
        let kept = Arc::clone(&settings);
        let bench = Bench::start_with(|config| {
            config.endpoint.users.push(User {
                name: UserName::new(b"guest").unwrap(),
                password: Password::new(guest.as_bytes()).unwrap(),
                limit: PrivilegeLevel::USER,
            });
            config.settings = Some(kept);
        });
        Self { store: Arc::clone(store), settings, bench }
    }

    /// Ends it and starts it again with what is kept.
    async fn restart(self, guest: &str) -> Self {
        self.bench.stop().await;
        Self::with(&self.store, guest)
    }

    /// Whether somebody can log in.
    async fn lets_in(&self, name: &str, password: &str, level: PrivilegeLevel) -> bool {
        self.bench.login_as(name, password, level).await.is_ok()
    }
}

fn name(user: u8, name: &str) -> String {
    format!("{user:02x}{:0<32}", hex::encode(name))
}

fn password(user: u8, operation: u8, text: &str) -> String {
    let size = if user & 0x80 == 0 { 16 } else { 20 };
    let mut bytes = vec![user, operation];
    bytes.extend(text.as_bytes());
    bytes.resize(2 + size, 0);
    hex::encode(bytes)
}

async fn must(session: &mut Session, command: u8, data: &str) {
    assert_eq!(session.code(0x06, command, data).await, 0x00, "{command:#04x} {data}");
}

/// What FreeIPMI sends when MAAS makes its user.
async fn make_maas(session: &mut Session) {
    must(session, 0x45, &name(4, "maas")).await;
    must(session, 0x47, &password(4, 2, "m-secret")).await;
    must(session, 0x47, "04 01").await;
    must(session, 0x43, "91 04 04 00").await;
}

#[tokio::test(start_paused = true)]
async fn user_made_over_ipmi_can_log_in_at_once_and_after_a_restart() {
    let rig = Rig::start();
    let mut session = rig.bench.login().await;
    assert_eq!(session.raw(0x06, 0x44, "01 04").await.1, "1082010f", "unused");
    assert!(!rig.lets_in("maas", "m-secret", ADMIN).await);
    make_maas(&mut session).await;
    assert_eq!(session.raw(0x06, 0x44, "01 04").await.1, "10430114");
    assert!(rig.lets_in("maas", "m-secret", ADMIN).await);
    assert!(!rig.lets_in("maas", "another", ADMIN).await);
    let rig = rig.restart("a guest").await;
    assert!(rig.lets_in("maas", "m-secret", ADMIN).await);
    assert!(rig.lets_in("admin", "secret12", ADMIN).await, "the others stay");
}

#[tokio::test(start_paused = true)]
async fn answer_comes_when_the_change_is_kept_and_is_ff_when_it_cannot_be() {
    let rig = Rig::start();
    let mut session = rig.bench.login().await;
    must(&mut session, 0x47, &password(3, 2, "new")).await;
    assert_eq!(rig.store.saves(), 1);
    rig.store.fill();
    assert_eq!(session.code(0x06, 0x47, &password(3, 2, "newer")).await, 0xff);
    assert_eq!(session.code(0x06, 0x47, &password(3, 3, "new")).await, 0x00, "nothing has changed");
    assert!(rig.lets_in("guest", "new", PrivilegeLevel::USER).await);
}

#[tokio::test(start_paused = true)]
async fn what_holds_already_is_not_written_again() {
    let rig = Rig::start();
    let mut session = rig.bench.login().await;
    for (command, data) in [
        (0x45, name(3, "guest")),
        (0x47, "03 01".to_owned()),
        (0x43, "91 03 02 00".to_owned()),
        (0x45, name(1, "")),
        (0x40, "01 62 44".to_owned()),
        (0x40, "0e a2 84".to_owned()),
        (0x40, "01 00 00".to_owned()),
    ] {
        must(&mut session, command, &data).await;
    }
    assert_eq!(rig.store.saves(), 0);
}

#[tokio::test(start_paused = true)]
async fn changed_entry_of_the_configuration_rules_again() {
    let rig = Rig::start();
    let mut session = rig.bench.login().await;
    must(&mut session, 0x47, &password(3, 2, "new")).await;
    make_maas(&mut session).await;
    let rig = rig.restart("a guest").await;
    assert!(rig.lets_in("guest", "new", PrivilegeLevel::USER).await, "the same configuration");
    let rig = rig.restart("configured anew").await;
    assert!(rig.lets_in("guest", "configured anew", PrivilegeLevel::USER).await);
    assert!(rig.lets_in("maas", "m-secret", ADMIN).await, "not touched by that");
    let rig = rig.restart("a guest").await;
    assert!(rig.lets_in("guest", "a guest", PrivilegeLevel::USER).await, "what lapsed does not come back");
}

#[tokio::test(start_paused = true)]
async fn password_is_tested_with_the_size_it_was_set_with() {
    let rig = Rig::start();
    let mut session = rig.bench.login().await;
    must(&mut session, 0x47, &password(3, 2, "sixteen")).await;
    assert_eq!(session.code(0x06, 0x47, &password(3, 3, "sixteen")).await, 0x00);
    assert_eq!(session.code(0x06, 0x47, &password(3, 3, "other")).await, 0x80);
    assert_eq!(session.code(0x06, 0x47, &password(0x83, 3, "sixteen")).await, 0x81);
    must(&mut session, 0x47, &password(0x83, 2, "all the twenty bytes")).await;
    assert_eq!(session.code(0x06, 0x47, &password(0x83, 3, "all the twenty bytes")).await, 0x00);
    assert_eq!(session.code(0x06, 0x47, &password(3, 3, "all the twenty b")).await, 0x81);
    assert!(rig.lets_in("guest", "all the twenty bytes", PrivilegeLevel::USER).await);
}

#[tokio::test(start_paused = true)]
async fn disabled_user_cannot_log_in_until_enabled_again() {
    let rig = Rig::start();
    let mut session = rig.bench.login().await;
    must(&mut session, 0x47, &password(3, 0, "")).await;
    assert_eq!(session.raw(0x06, 0x44, "01 03").await.1, "10810112");
    assert!(!rig.lets_in("guest", "a guest", PrivilegeLevel::USER).await);
    must(&mut session, 0x47, "03 01").await;
    assert!(rig.lets_in("guest", "a guest", PrivilegeLevel::USER).await);
    assert!(rig.store.kept().is_empty(), "it is as configured again");
}

#[tokio::test(start_paused = true)]
async fn access_raises_lowers_and_takes_away() {
    let rig = Rig::start();
    let mut session = rig.bench.login().await;
    must(&mut session, 0x43, "01 03 03").await;
    assert!(rig.lets_in("guest", "a guest", PrivilegeLevel::OPERATOR).await);
    must(&mut session, 0x43, "81 03 03").await;
    assert!(!rig.lets_in("guest", "a guest", PrivilegeLevel::USER).await, "without messaging");
    must(&mut session, 0x43, "b1 03 01").await;
    assert_eq!(session.raw(0x06, 0x44, "01 03").await.1, "10420131");
    assert!(!rig.lets_in("guest", "a guest", PrivilegeLevel::USER).await);
    must(&mut session, 0x43, "01 03 0f").await;
    assert!(!rig.lets_in("guest", "a guest", PrivilegeLevel::CALLBACK).await);
    for refused in ["d1 03 04", "01 03 05", "01 03 00", "01 03 04 02", "02 03 04"] {
        assert_eq!(session.code(0x06, 0x43, refused).await, 0xcc, "{refused}");
    }
    assert_eq!(session.code(0x06, 0x43, "01 00 04").await, 0xc9);
    assert_eq!(session.code(0x06, 0x43, "01 11 04").await, 0xc9);
}

#[tokio::test(start_paused = true)]
async fn names_are_unique_the_null_user_keeps_its_own_and_an_empty_one_frees_the_number() {
    let rig = Rig::start();
    let mut session = rig.bench.login().await;
    assert_eq!(session.code(0x06, 0x45, &name(4, "guest")).await, 0xcc);
    assert_eq!(session.code(0x06, 0x45, &name(1, "named")).await, 0xcc);
    assert_eq!(session.code(0x06, 0x45, &name(4, "a\0b")).await, 0xcc);
    must(&mut session, 0x45, &name(3, "")).await;
    assert!(!rig.lets_in("guest", "a guest", PrivilegeLevel::USER).await);
    assert_eq!(session.raw(0x06, 0x44, "01 03").await.1, "1081010f");
    must(&mut session, 0x45, &name(3, "next")).await;
    must(&mut session, 0x43, "91 03 02").await;
    must(&mut session, 0x47, "03 01").await;
    assert!(!rig.lets_in("next", "a guest", PrivilegeLevel::USER).await, "inherits no password");
    assert!(!rig.lets_in("next", "", PrivilegeLevel::USER).await, "nobody logs in without one");
    must(&mut session, 0x47, &password(3, 2, "n")).await;
    assert!(rig.lets_in("next", "n", PrivilegeLevel::USER).await);
}

#[tokio::test(start_paused = true)]
async fn null_user_logs_in_once_it_has_a_password_and_rights() {
    let rig = Rig::start();
    let mut session = rig.bench.login().await;
    must(&mut session, 0x47, "01 01").await;
    must(&mut session, 0x43, "91 01 02").await;
    assert!(!rig.lets_in("", "", PrivilegeLevel::USER).await, "nobody logs in without a password");
    must(&mut session, 0x47, &password(1, 2, "null")).await;
    assert!(rig.lets_in("", "null", PrivilegeLevel::USER).await);
}

#[tokio::test(start_paused = true)]
async fn last_administrator_cannot_be_taken_away_over_ipmi() {
    let rig = Rig::start();
    let mut session = rig.bench.login().await;
    for (command, data) in [
        (0x47, password(2, 0, "")),
        (0x47, password(2, 2, "")),
        (0x43, "01 02 03".to_owned()),
        (0x43, "81 02 04".to_owned()),
        (0x45, name(2, "")),
    ] {
        assert_eq!(session.code(0x06, command, &data).await, 0xd5, "{data}");
    }
    make_maas(&mut session).await;
    must(&mut session, 0x47, &password(2, 0, "")).await;
    assert!(!rig.lets_in("admin", "secret12", ADMIN).await);
    let mut maas = rig.bench.login_as("maas", "m-secret", ADMIN).await.unwrap();
    assert_eq!(maas.code(0x06, 0x47, &password(4, 0, "")).await, 0xd5);
}

#[tokio::test(start_paused = true)]
async fn sessions_of_a_changed_user_end_but_for_the_one_that_asked() {
    let rig = Rig::start();
    let mut admin = rig.bench.login().await;
    make_maas(&mut admin).await;
    let mut other = rig.bench.login_as("maas", "m-secret", ADMIN).await.unwrap();
    let mut maas = rig.bench.login_as("maas", "m-secret", ADMIN).await.unwrap();
    must(&mut maas, 0x47, &password(4, 2, "m-new")).await;
    assert_eq!(maas.raw(0x06, 0x01, "").await.0, 0x00, "it goes on");
    assert_eq!(admin.raw(0x06, 0x01, "").await.0, 0x00, "somebody else");
    let unanswered =
        other.request(ipmi_proto::console::ConsoleRequest::of(&ipmi_proto::command::app::GetDeviceId));
    assert!(unanswered.await.is_err(), "another session of the user");
    assert!(!rig.lets_in("maas", "m-secret", ADMIN).await);
    assert!(rig.lets_in("maas", "m-new", ADMIN).await);
}

#[tokio::test(start_paused = true)]
async fn channel_limit_holds_now_or_after_a_restart_or_both() {
    let rig = Rig::start();
    let mut session = rig.bench.login().await;
    let limits = async |session: &mut Session| {
        (session.raw(0x06, 0x41, "01 40").await.1, session.raw(0x06, 0x41, "01 80").await.1)
    };
    must(&mut session, 0x40, "01 00 43").await;
    assert_eq!(limits(&mut session).await, ("2203".to_owned(), "2204".to_owned()));
    assert!(rig.lets_in("admin", "secret12", ADMIN).await, "not yet");
    must(&mut session, 0x40, "01 00 83").await;
    assert_eq!(limits(&mut session).await, ("2203".to_owned(), "2203".to_owned()));
    assert!(!rig.lets_in("admin", "secret12", ADMIN).await);
    assert!(rig.lets_in("admin", "secret12", PrivilegeLevel::OPERATOR).await);
    must(&mut session, 0x40, "01 00 84").await;
    assert!(rig.lets_in("admin", "secret12", ADMIN).await);
    let rig = rig.restart("a guest").await;
    assert!(!rig.lets_in("admin", "secret12", ADMIN).await, "what lasts, lasts");
    assert!(rig.settings.replace(|_| Some(BmcSettings::default())).await.unwrap());
    tokio::task::yield_now().await;
    assert!(rig.lets_in("admin", "secret12", ADMIN).await, "dropped by the operator");
}

#[tokio::test(start_paused = true)]
async fn channel_that_could_not_be_used_any_more_is_refused() {
    let rig = Rig::start();
    let mut session = rig.bench.login().await;
    for (data, code) in [
        ("01 60 00", 0x83),
        ("01 61 00", 0x83),
        ("01 63 00", 0x83),
        ("01 42 00", 0xcc),
        ("01 6a 00", 0xcc),
        ("01 72 00", 0xcc),
        ("01 00 45", 0xcc),
        ("01 00 40", 0xcc),
        ("02 00 44", 0xcc),
        ("01 c2 00", 0xcc),
    ] {
        assert_eq!(session.code(0x06, 0x40, data).await, code, "{data}");
    }
    let mut operator = rig.bench.login_at(PrivilegeLevel::OPERATOR, PATIENT).await;
    assert_eq!(operator.code(0x06, 0x40, "01 00 43").await, 0xd4);
}

#[tokio::test(start_paused = true)]
async fn changes_dropped_by_the_operator_are_gone_at_once() {
    let rig = Rig::start();
    let mut session = rig.bench.login().await;
    make_maas(&mut session).await;
    must(&mut session, 0x47, &password(3, 2, "new")).await;
    let mut maas = rig.bench.login_as("maas", "m-secret", ADMIN).await.unwrap();
    assert!(rig.settings.replace(|_| Some(BmcSettings::default())).await.unwrap());
    tokio::task::yield_now().await;
    let request = ipmi_proto::console::ConsoleRequest::of(&ipmi_proto::command::app::GetDeviceId);
    assert!(maas.request(request).await.is_err(), "the session has ended");
    assert!(!rig.lets_in("maas", "m-secret", ADMIN).await);
    assert!(rig.lets_in("guest", "a guest", PrivilegeLevel::USER).await);
    assert!(!rig.settings.replace(|_| None).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn changes_that_come_together_are_all_kept() {
    let rig = Rig::start();
    let mut one = rig.bench.login().await;
    let mut two = rig.bench.login().await;
    let (first, second) = (name(5, "five"), name(6, "six"));
    tokio::join!(must(&mut one, 0x45, &first), must(&mut two, 0x45, &second));
    let names: Vec<String> = rig
        .store
        .kept()
        .users
        .iter()
        .map(|change| change.account.as_ref().unwrap().name.to_string())
        .collect();
    assert_eq!(names, ["five", "six"]);
}
