//! The users, as far as they can be seen and tested over IPMI.

use ipmi_proto::crypto::Password;
use ipmi_proto::endpoint::User;
use ipmi_proto::number::{PrivilegeLevel, UserName};

use crate::network::{Bench, PATIENT};

/// The null user is user 1 and the bench's own administrator user 2.
fn bench() -> Bench {
    Bench::start_with(|config| {
        for (name, password, limit) in [
            ("guest", "a guest", PrivilegeLevel::USER),
            ("nobody", "not used", PrivilegeLevel::NO_ACCESS),
            ("long", "0123456789abcdefghij", PrivilegeLevel::OPERATOR),
        ] {
            config.endpoint.users.push(User {
                name: UserName::new(name.as_bytes()).unwrap(),
                password: Password::new(password.as_bytes()).unwrap(),
                limit,
            });
        }
    })
}

/// The bytes of a password request.
fn password(user: u8, operation: u8, text: &str) -> String {
    let size = if user & 0x80 == 0 { 16 } else { 20 };
    let mut bytes = vec![user, operation];
    bytes.extend(text.as_bytes());
    bytes.resize(2 + size, 0);
    hex::encode(bytes)
}

#[tokio::test(start_paused = true)]
async fn users_are_listed_with_state_level_and_fixed_name() {
    let bench = bench();
    let mut session = bench.login().await;
    assert_eq!(session.raw(0x06, 0x44, "01 01").await, (0x00, "0583050f".to_owned()), "the null user");
    assert_eq!(session.raw(0x06, 0x44, "01 02").await.1, "05430514");
    assert_eq!(session.raw(0x06, 0x44, "0e 03").await.1, "05430512");
    assert_eq!(session.raw(0x06, 0x44, "01 04").await.1, "0583050f", "disabled");
    assert_eq!(session.raw(0x06, 0x46, "01").await.1, "00".repeat(16));
    assert_eq!(session.raw(0x06, 0x46, "03").await.1, format!("6775657374{}", "00".repeat(11)));
    for user in ["00", "06", "3f"] {
        assert_eq!(session.code(0x06, 0x44, &format!("01 {user}")).await, 0xc9, "{user}");
        assert_eq!(session.code(0x06, 0x46, user).await, 0xc9, "{user}");
    }
    assert_eq!(session.code(0x06, 0x44, "02 01").await, 0xcc, "no such channel");
}

#[tokio::test(start_paused = true)]
async fn users_are_an_operator_s_to_see_and_an_administrator_s_to_change() {
    let bench = bench();
    let mut user = bench.login_at(PrivilegeLevel::USER, PATIENT).await;
    assert_eq!(user.code(0x06, 0x44, "01 02").await, 0xd4);
    assert_eq!(user.code(0x06, 0x46, "02").await, 0xd4);
    let mut operator = bench.login_at(PrivilegeLevel::OPERATOR, PATIENT).await;
    assert_eq!(operator.raw(0x06, 0x44, "01 02").await.0, 0x00);
    assert_eq!(operator.code(0x06, 0x43, "01 03 02 00").await, 0xd4);
    assert_eq!(operator.code(0x06, 0x45, &format!("03{}", "61".repeat(16))).await, 0xd4);
    assert_eq!(operator.code(0x06, 0x47, &password(3, 3, "a guest")).await, 0xd4);
}

#[tokio::test(start_paused = true)]
async fn password_test_tells_the_password_from_others_and_from_other_sizes() {
    let bench = bench();
    let mut session = bench.login().await;
    assert_eq!(session.code(0x06, 0x47, &password(3, 3, "a guest")).await, 0x00);
    assert_eq!(session.code(0x06, 0x47, &password(0x83, 3, "a guest")).await, 0x00);
    assert_eq!(session.code(0x06, 0x47, &password(3, 3, "a gues")).await, 0x80);
    assert_eq!(session.code(0x06, 0x47, &password(3, 3, "")).await, 0x80);
    assert_eq!(session.code(0x06, 0x47, &password(0x85, 3, "0123456789abcdefghij")).await, 0x00);
    assert_eq!(session.code(0x06, 0x47, &password(5, 3, "0123456789abcdef")).await, 0x81);
    assert_eq!(session.code(0x06, 0x47, &password(6, 3, "x")).await, 0xc9);
}

#[tokio::test(start_paused = true)]
async fn user_change_is_d6_unless_it_holds_already() {
    let bench = bench();
    let mut session = bench.login().await;
    assert_eq!(session.code(0x06, 0x47, &password(3, 2, "a guest")).await, 0xd6, "set");
    assert_eq!(session.code(0x06, 0x47, &password(3, 0, "")).await, 0xd6, "disable");
    assert_eq!(session.code(0x06, 0x47, "04 01").await, 0xd6, "enable");
    assert_eq!(session.code(0x06, 0x47, "03 01").await, 0x00, "is enabled");
    assert_eq!(session.code(0x06, 0x47, "04 00").await, 0x00, "is disabled");
    assert_eq!(session.code(0x06, 0x43, "01 03 03 00").await, 0xd6);
    assert_eq!(session.code(0x06, 0x43, "01 03 02 00").await, 0x00, "has that level");
    assert_eq!(session.code(0x06, 0x43, "91 03 02").await, 0x00, "and messaging");
    assert_eq!(session.code(0x06, 0x43, "c1 03 02 00").await, 0xcc, "callback only");
    assert_eq!(session.code(0x06, 0x43, "01 03 02 03").await, 0xcc, "fewer sessions");
    let named = |name: &str| format!("03{:0<32}", hex::encode(name));
    assert_eq!(session.code(0x06, 0x45, &named("visitor")).await, 0xd6);
    assert_eq!(session.code(0x06, 0x45, &named("guest")).await, 0x00, "is called that");
    assert_eq!(session.code(0x06, 0x47, &password(3, 3, "a guest")).await, 0x00, "nothing has changed");
}
