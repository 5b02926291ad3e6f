//! Every way to log in, over loopback, by other people's clients and by our own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    reason = "tests"
)]

mod flood;
mod support;

use std::process::{Command, Output};

use ipmi_client::{Client, ClientError, ClientOptions};
use ipmi_proto::command::chassis::GetChassisStatus;
use ipmi_proto::console::ConsoleError;
use ipmi_proto::crypto::{Kg, Password};
use ipmi_proto::endpoint::{EndpointConfig, User};
use ipmi_proto::number::{CipherSuiteId, Guid, PrivilegeLevel, SessionV15Algorithm, UserName};

use support::{Bmc, has, run};

const PASSWORD: &str = "correct horse";
const KG: &str = "a second secret";

/// Every suite that ravbmc implements.
const SUITES: [u8; 12] = [0, 1, 2, 3, 6, 7, 8, 11, 12, 15, 16, 17];

fn user(name: &str, password: &str, limit: PrivilegeLevel) -> User {
    User {
        name: UserName::new(name.as_bytes()).unwrap(),
        password: Password::new(password.as_bytes()).unwrap(),
        limit,
    }
}

fn config() -> EndpointConfig {
    let admin = user("admin", PASSWORD, PrivilegeLevel::ADMINISTRATOR);
    EndpointConfig::new(Guid([9; 16]), vec![admin])
}

fn with_suites(suites: &[u8]) -> EndpointConfig {
    EndpointConfig { cipher_suites: suites.iter().copied().map(CipherSuiteId).collect(), ..config() }
}

fn options(user: &str, password: &str) -> ClientOptions {
    ClientOptions { tries: 1, ..ClientOptions::new(user, password).unwrap() }
}

/// Logs in, asks for the power, logs out.
async fn ask(bmc: &Bmc, options: ClientOptions) -> Result<(), ConsoleError> {
    let mut client = match Client::connect(bmc.address(), options).await {
        Ok(client) => client,
        Err(ClientError::Login { source, .. }) => return Err(source),
        Err(error) => panic!("{error}"),
    };
    client.call(&GetChassisStatus).await.unwrap();
    client.close().await;
    Ok(())
}

async fn ipmitool(bmc: &Bmc, words: &str) -> Output {
    let port = bmc.address().port().to_string();
    let mut command = Command::new("ipmitool");
    command.args(["-I", "lanplus", "-H", "127.0.0.1", "-p", &port, "-R", "1", "-N", "5"]);
    command.args(words.split(' ')).env("IPMI_PASSWORD", PASSWORD).env("IPMI_KGKEY", KG);
    run(command).await
}

async fn ipmitool_lan(bmc: &Bmc, words: &str) -> Output {
    let port = bmc.address().port().to_string();
    let mut command = Command::new("ipmitool");
    command.args(["-I", "lan", "-H", "127.0.0.1", "-p", &port, "-R", "1", "-N", "5", "-U", "admin"]);
    command.args(words.split(' ')).env("IPMI_PASSWORD", PASSWORD);
    run(command).await
}

async fn freeipmi_lan(bmc: &Bmc, words: &str) -> Output {
    let mut command = Command::new("ipmi-chassis");
    command.args(["-h", &bmc.address().to_string(), "-u", "admin", "--session-timeout", "5000"]);
    command.args(words.split(' ')).arg("--get-status");
    if !words.contains("-p ") {
        command.args(["-p", PASSWORD]);
    }
    run(command).await
}

async fn freeipmi(bmc: &Bmc, words: &str) -> Output {
    let mut command = Command::new("ipmi-chassis");
    command.args(["-D", "LAN_2_0", "-h", &bmc.address().to_string()]);
    command.args(["-u", "admin", "-p", PASSWORD, "--session-timeout", "5000", "--get-status"]);
    command.args(words.split(' ').filter(|word| !word.is_empty()));
    run(command).await
}

fn is_status(output: &Output) -> bool {
    output.status.success() && String::from_utf8_lossy(&output.stdout).contains("off")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_console_uses_every_suite_that_is_enabled_and_no_other() {
    for suite in SUITES {
        let only = Bmc::start(with_suites(&[suite])).await;
        let without =
            Bmc::start(with_suites(&SUITES.into_iter().filter(|it| *it != suite).collect::<Vec<_>>())).await;
        let options =
            || ClientOptions { cipher_suite: Some(CipherSuiteId(suite)), ..options("admin", PASSWORD) };
        assert_eq!(ask(&only, options()).await, Ok(()), "suite {suite}");
        assert_eq!(
            ask(&without, options()).await,
            Err(ConsoleError::NoCipherSuite { suite: Some(CipherSuiteId(suite)) }),
            "suite {suite}"
        );
        only.stop().await;
        without.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn suite_0_checks_no_password_and_every_other_one_does() {
    let bmc = Bmc::start(with_suites(&SUITES)).await;
    for suite in SUITES {
        let wrong = ClientOptions { cipher_suite: Some(CipherSuiteId(suite)), ..options("admin", "wrong") };
        let expected = if suite == 0 { Ok(()) } else { Err(ConsoleError::WrongPassword) };
        assert_eq!(ask(&bmc, wrong).await, expected, "suite {suite}");
        assert_eq!(ask(&bmc, options("admin", PASSWORD)).await, Ok(()));
    }
    let stranger = ClientOptions { cipher_suite: Some(CipherSuiteId(0)), ..options("nobody", "") };
    assert_eq!(ask(&bmc, stranger).await, Err(ConsoleError::UnknownUser));
    bmc.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ipmitool_uses_every_suite_that_it_knows() {
    if !has("ipmitool") {
        return;
    }
    let bmc = Bmc::start(with_suites(&SUITES)).await;
    let default = Bmc::start(config()).await;
    // It aborts on 11 and 12.
    for suite in [0, 1, 2, 3, 6, 7, 8, 15, 16, 17] {
        let words = format!("-U admin -E -C {suite} power status");
        let output = ipmitool(&bmc, &words).await;
        assert!(is_status(&output), "suite {suite}: {output:?}");
        if !matches!(suite, 3 | 17) {
            let output = ipmitool(&default, &words).await;
            assert!(!output.status.success(), "suite {suite}: {output:?}");
        }
    }
    bmc.stop().await;
    default.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn freeipmi_uses_every_suite_without_a_workaround() {
    if !has("ipmi-chassis") {
        return;
    }
    let bmc = Bmc::start(with_suites(&SUITES)).await;
    for suite in SUITES {
        let output = freeipmi(&bmc, &format!("-I {suite}")).await;
        assert!(is_status(&output), "suite {suite}: {output:?}");
    }
    bmc.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kg_is_needed_besides_the_password_and_told_apart_from_it() {
    let bmc = Bmc::start(EndpointConfig { kg: Some(Kg::new(KG.as_bytes()).unwrap()), ..config() }).await;
    let with = |password: &str, kg: Option<&str>| ClientOptions {
        kg: kg.map(|kg| Kg::new(kg.as_bytes()).unwrap()),
        ..options("admin", password)
    };
    assert_eq!(ask(&bmc, with(PASSWORD, Some(KG))).await, Ok(()));
    assert_eq!(ask(&bmc, with(PASSWORD, None)).await, Err(ConsoleError::WrongBmcKey));
    assert_eq!(ask(&bmc, with(PASSWORD, Some("another"))).await, Err(ConsoleError::WrongBmcKey));
    assert_eq!(ask(&bmc, with("wrong", Some(KG))).await, Err(ConsoleError::WrongPassword));
    bmc.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ipmitool_and_freeipmi_log_in_with_kg_and_fail_without() {
    if !has("ipmitool") || !has("ipmi-chassis") {
        return;
    }
    let bmc = Bmc::start(EndpointConfig { kg: Some(Kg::new(KG.as_bytes()).unwrap()), ..config() }).await;
    for suite in [3, 17] {
        let words = |key: &str| format!("-U admin -E -C {suite} {key}power status");
        assert!(is_status(&ipmitool(&bmc, &words("-K ")).await));
        assert!(!ipmitool(&bmc, &words("")).await.status.success());
        let digits: String = KG.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(is_status(&ipmitool(&bmc, &words(&format!("-y {digits} "))).await));
        assert!(is_status(&freeipmi(&bmc, &format!("-I {suite} -k 0x{digits}")).await));
        let without = freeipmi(&bmc, &format!("-I {suite}")).await;
        assert!(String::from_utf8_lossy(&without.stderr).contains("k_g"), "{without:?}");
    }
    bmc.stop().await;
}

fn with_ipmi_1_5() -> EndpointConfig {
    let ipmi_1_5 = vec![SessionV15Algorithm::MD2, SessionV15Algorithm::MD5, SessionV15Algorithm::PASSWORD];
    EndpointConfig { ipmi_1_5, ..config() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ipmitool_uses_1_5_sessions_where_they_are_enabled() {
    if !has("ipmitool") {
        return;
    }
    let bmc = Bmc::start(with_ipmi_1_5()).await;
    // Its MD2 exists only where its cryptographic library still has that.
    for words in ["-E power status", "-E -A MD5 power status", "-E -A PASSWORD power status"] {
        let output = ipmitool_lan(&bmc, words).await;
        assert!(is_status(&output), "{words}: {output:?}");
    }
    for words in ["-E -A NONE power status", "-P wrong -A MD5 power status"] {
        let output = ipmitool_lan(&bmc, words).await;
        assert!(!output.status.success(), "{words}: {output:?}");
    }
    assert!(is_status(&ipmitool(&bmc, "-U admin -E power status").await), "2.0 as well");
    let info = ipmitool_lan(&bmc, "-E session info active").await;
    assert!(String::from_utf8_lossy(&info.stdout).contains("IPMIv1.5"), "{info:?}");
    bmc.stop().await;

    let default = Bmc::start(config()).await;
    let output = ipmitool_lan(&default, "-E power status").await;
    assert!(!output.status.success(), "{output:?}");
    default.stop().await;
    let open = EndpointConfig { ipmi_1_5: vec![SessionV15Algorithm::NONE], ..config() };
    let open = Bmc::start(open).await;
    assert!(is_status(&ipmitool_lan(&open, "-P wrong -A NONE power status").await));
    open.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn freeipmi_uses_its_default_driver_where_1_5_is_enabled() {
    if !has("ipmi-chassis") {
        return;
    }
    let bmc = Bmc::start(with_ipmi_1_5()).await;
    for words in ["-D LAN", "-D LAN -a md5", "-D LAN -a md2", "-D LAN -a straight_password_key"] {
        let output = freeipmi_lan(&bmc, words).await;
        assert!(is_status(&output), "{words}: {output:?}");
    }
    for words in ["-D LAN -a none", "-D LAN -a md5 -p wrong"] {
        let output = freeipmi_lan(&bmc, words).await;
        assert!(!output.status.success(), "{words}: {output:?}");
    }
    bmc.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_of_one_node_are_told_apart_by_name_and_by_privilege() {
    let bmc = Bmc::start(EndpointConfig::new(
        Guid([9; 16]),
        vec![
            user("", PASSWORD, PrivilegeLevel::ADMINISTRATOR),
            user("two", PASSWORD, PrivilegeLevel::OPERATOR),
            user("two", "another", PrivilegeLevel::ADMINISTRATOR),
            user("low", PASSWORD, PrivilegeLevel::USER),
            user("call", PASSWORD, PrivilegeLevel::CALLBACK),
        ],
    ))
    .await;
    let at = |name: &str, password: &str, privilege| ClientOptions { privilege, ..options(name, password) };
    assert_eq!(ask(&bmc, at("", PASSWORD, PrivilegeLevel::ADMINISTRATOR)).await, Ok(()));
    assert_eq!(ask(&bmc, at("two", PASSWORD, PrivilegeLevel::OPERATOR)).await, Ok(()));
    let refused = |level| Err(ConsoleError::PrivilegeRefused { level });
    let admin = PrivilegeLevel::ADMINISTRATOR;
    assert_eq!(ask(&bmc, at("two", PASSWORD, admin)).await, refused(admin));
    let second = ClientOptions {
        lookup: ipmi_proto::number::NameLookup::NameAndPrivilege,
        ..at("two", "another", admin)
    };
    assert_eq!(ask(&bmc, second).await, Ok(()));
    assert_eq!(ask(&bmc, at("low", PASSWORD, PrivilegeLevel::USER)).await, Ok(()));
    assert_eq!(
        ask(&bmc, at("low", PASSWORD, PrivilegeLevel::OPERATOR)).await,
        refused(PrivilegeLevel::OPERATOR)
    );
    let call = Client::connect(bmc.address(), at("call", PASSWORD, PrivilegeLevel::CALLBACK)).await.unwrap();
    assert_eq!(call.session().privilege, PrivilegeLevel::CALLBACK);
    call.close().await;

    if has("ipmitool") {
        for (words, works) in [
            ("-E -L ADMINISTRATOR power status", true),
            ("-U two -E -L OPERATOR power status", true),
            ("-U two -E -L ADMINISTRATOR power status", false),
            ("-U two -P another -L ADMINISTRATOR+ power status", true),
            ("-U two -P another -L OPERATOR+ power status", false),
            ("-U low -E -L USER power status", true),
            ("-U low -E -L USER power on", false),
        ] {
            let output = ipmitool(&bmc, words).await;
            assert_eq!(is_status(&output), works, "{words}: {output:?}");
        }
    }
    bmc.stop().await;
}
