//! What the servers have in common: a process that ends with its test, and the operations that are tried.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Child;
use std::time::Duration;

use ipmi_client::{Client, ClientError, ClientOptions};
use ipmi_proto::command::boot_options::{
    BootDeviceSelector, BootFlags, BootOption, GetSystemBootOptions, ParameterSelector, SetSystemBootOptions,
};
use ipmi_proto::command::chassis::{ChassisControl, CurrentPower, GetChassisStatus, PowerAction};
use ipmi_proto::console::ConsoleError;
use ipmi_proto::crypto::CipherSuite;
use ipmi_proto::number::CipherSuiteId;

pub(crate) const USER: &str = "admin";
pub(crate) const PASSWORD: &str = "secret12";

/// A server that is ended with its test.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) process: Child,
    pub(crate) address: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The rows of the document that a test has found to be true.
#[derive(Debug)]
pub(crate) struct Rows {
    server: &'static str,
    version: &'static str,
    text: String,
}

impl Rows {
    pub(crate) const fn of(server: &'static str, version: &'static str) -> Self {
        Self { server, version, text: String::new() }
    }

    /// What has just been asserted.
    pub(crate) fn add(&mut self, operation: &str, result: &str) {
        writeln!(self.text, "| {} | {} | {operation} | {result} |", self.server, self.version).unwrap();
    }

    /// Compares with `docs/interoperability.md`.
    pub(crate) fn are_documented(&self) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/interoperability.md");
        let document = std::fs::read_to_string(path).unwrap();
        let begin = format!("| {} |", self.server);
        let documented: String =
            document.split_inclusive('\n').filter(|line| line.starts_with(&begin)).collect();
        assert!(documented == self.text, "the rows of docs/interoperability.md should be:\n{}", self.text);
    }
}

/// Options for a server that is slow to start and that may lose the first datagrams.
pub(crate) fn options() -> ClientOptions {
    let patient = ClientOptions::new(USER, PASSWORD).unwrap();
    ClientOptions { timeout: Duration::from_millis(250), tries: 40, ..patient }
}

/// Options for a login that may stay without an answer.
pub(crate) fn impatient() -> ClientOptions {
    ClientOptions { tries: 2, ..options() }
}

/// The error of a login that must fail.
pub(crate) async fn login_error(server: &Server, options: ClientOptions) -> ConsoleError {
    match Client::connect(server.address, options).await {
        Err(ClientError::Login { source, .. }) => source,
        Err(ClientError::NoAnswer { step, .. }) => ConsoleError::NoAnswer { step },
        other => panic!("{other:?}"),
    }
}

/// The standard suites with which a login and a request work.
pub(crate) async fn suites_that_work(server: &Server) -> Vec<u8> {
    let mut working = Vec::new();
    for suite in CipherSuite::ALL.map(CipherSuite::id) {
        let options = ClientOptions { cipher_suite: Some(suite), ..impatient() };
        if let Ok(mut client) = Client::connect(server.address, options).await {
            assert_eq!(client.session().cipher_suite.id(), suite);
            if client.call(&GetChassisStatus).await.is_ok() {
                working.push(suite.0);
            }
            client.close().await;
        }
    }
    working
}

/// A session with the baseline suite.
pub(crate) async fn login(server: &Server) -> Client {
    let options = ClientOptions { cipher_suite: Some(CipherSuiteId::SHA1_AES), ..options() };
    Client::connect(server.address, options).await.unwrap()
}

/// Whether the power is on.
pub(crate) async fn is_on(client: &mut Client) -> bool {
    client.call(&GetChassisStatus).await.unwrap().current_power.contains(CurrentPower::ON)
}

/// Asks for a change of power.
pub(crate) async fn power(client: &mut Client, action: PowerAction) {
    client.call(&ChassisControl { action }).await.unwrap();
}

/// Sets the boot device and reads it back.
pub(crate) async fn boot_device(client: &mut Client, device: BootDeviceSelector) -> BootDeviceSelector {
    let flags = BootFlags::for_device(device);
    client.call(&SetSystemBootOptions::write(BootOption::BootFlags(flags))).await.unwrap();
    let ask = GetSystemBootOptions::parameter(ParameterSelector::BOOT_FLAGS);
    match client.call(&ask).await.unwrap().option {
        BootOption::BootFlags(flags) => flags.device(),
        other => panic!("{other:?}"),
    }
}
