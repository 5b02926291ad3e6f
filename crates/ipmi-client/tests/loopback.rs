//! The client against a managed system on the loopback interface: real sockets, real time, no sleeping.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    reason = "tests"
)]

use core::time::Duration;
use ipmi_client::{Client, ClientError, ClientOptions, InvalidOptions};
use ipmi_proto::command::app::GetDeviceId;
use ipmi_proto::command::chassis::{CurrentPower, GetChassisStatus};
use ipmi_proto::console::{ConsoleError, Step};
use ipmi_proto::crypto::{CipherSuite, Kg, Password};
use ipmi_proto::endpoint::{Endpoint, EndpointConfig, Request, Response, User};
use ipmi_proto::entropy::Entropy;
use ipmi_proto::number::{
    CipherSuiteId, CommandNumber, CompletionCode, Guid, NetFn, PrivilegeLevel, UserName,
};
use std::error::Error;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;
use tokio::time::Instant;

const ECHO: CommandNumber = CommandNumber(0x01);
const REFUSE: CommandNumber = CommandNumber(0x02);
const GUID: Guid = Guid([0x47; 16]);

/// A managed system that answers [`ECHO`] and a few more, and loses the datagrams that it is told to.
struct Bmc {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

struct State {
    endpoint: Endpoint,
    executed: Vec<Vec<u8>>,
}

/// Whether to lose the n-th datagram, counted from 0 in each direction.
struct Losses {
    received: fn(usize) -> bool,
    sent: fn(usize) -> bool,
}

const NOTHING_LOST: Losses = Losses { received: |_| false, sent: |_| false };

struct CountingEntropy(u8);

impl Entropy for CountingEntropy {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 = self.0.wrapping_add(1);
            *byte = self.0;
        }
    }
}

impl Bmc {
    async fn start() -> Self {
        Self::with(config(), NOTHING_LOST).await
    }

    async fn with(config: EndpointConfig, losses: Losses) -> Self {
        Self::on(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), config, losses).await
    }

    async fn on(address: SocketAddr, config: EndpointConfig, losses: Losses) -> Self {
        let socket = UdpSocket::bind(address).await.unwrap();
        let address = socket.local_addr().unwrap();
        let endpoint = Endpoint::new(config, Box::new(CountingEntropy(0)));
        let state = Arc::new(Mutex::new(State { endpoint, executed: Vec::new() }));
        let task = tokio::spawn(serve(socket, Arc::clone(&state), losses));
        Self { address, state, task }
    }

    fn executed(&self) -> Vec<Vec<u8>> {
        self.state.lock().unwrap().executed.clone()
    }

    fn sessions(&self) -> u8 {
        self.state.lock().unwrap().endpoint.active_sessions()
    }
}

impl Drop for Bmc {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(socket: UdpSocket, state: Arc<Mutex<State>>, losses: Losses) {
    let mut buffer = [0; 2048];
    let (mut received, mut sent) = (0, 0);
    loop {
        let (len, from) = socket.recv_from(&mut buffer).await.unwrap();
        received += 1;
        if (losses.received)(received - 1) {
            continue;
        }
        let mut answers = Vec::new();
        {
            let mut state = state.lock().unwrap();
            let now = Instant::now().into_std();
            if let Some(request) = state.endpoint.handle_datagram(now, from, &buffer[..len]) {
                let response = execute(&mut state.executed, &request);
                state.endpoint.respond(now, request.token, response);
            }
            while let Some(transmit) = state.endpoint.poll_transmit() {
                answers.push(transmit);
            }
        }
        for answer in answers {
            sent += 1;
            if !(losses.sent)(sent - 1) {
                socket.send_to(&answer.datagram, answer.to).await.unwrap();
            }
        }
    }
}

fn execute(executed: &mut Vec<Vec<u8>>, request: &Request) -> Response {
    match (request.net_fn, request.command) {
        (NetFn::OEM, ECHO) => {
            executed.push(request.data.to_vec());
            Response::normal(request.data.clone())
        }
        (NetFn::OEM, REFUSE) => Response::code(CompletionCode::NOT_SUPPORTED_IN_STATE),
        (NetFn::CHASSIS, CommandNumber(0x01)) => Response::normal(&[0x21, 0x00, 0x40][..]),
        // Get Device ID, cut short.
        (NetFn::APP, CommandNumber(0x01)) => Response::normal(&[0x20, 0x01][..]),
        _ => Response::code(CompletionCode::INVALID_COMMAND),
    }
}

fn config() -> EndpointConfig {
    let user = |name: &[u8], password: &[u8], limit| User {
        name: UserName::new(name).unwrap(),
        password: Password::new(password).unwrap(),
        limit,
    };
    EndpointConfig::new(
        GUID,
        vec![
            user(b"admin", b"secret12", PrivilegeLevel::ADMINISTRATOR),
            user(b"watcher", b"look-but-do-not", PrivilegeLevel::USER),
        ],
    )
}

fn options() -> ClientOptions {
    ClientOptions::new("admin", "secret12").unwrap()
}

/// Options for tests in which something is lost on purpose.
fn quick(tries: u32) -> ClientOptions {
    ClientOptions { timeout: Duration::from_millis(40), tries, ..options() }
}

async fn login_error(bmc: &Bmc, options: ClientOptions) -> ConsoleError {
    match Client::connect(bmc.address, options).await {
        Err(ClientError::Login { peer, source }) => {
            assert_eq!(peer, bmc.address);
            source
        }
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("logged in"),
    }
}

#[tokio::test]
async fn both_suites_log_in_and_carry_a_request() {
    let bmc = Bmc::start().await;
    for suite in [CipherSuite::SHA1_AES, CipherSuite::SHA256_AES] {
        let options = ClientOptions { cipher_suite: Some(suite.id()), ..options() };
        let mut client = Client::connect(bmc.address, options).await.unwrap();
        assert_eq!(client.peer(), bmc.address);
        assert_eq!(client.session().cipher_suite, suite);
        assert_eq!(client.session().privilege, PrivilegeLevel::ADMINISTRATOR);
        assert_eq!(client.session().guid, GUID);
        let reply = client.request(NetFn::OEM, ECHO, b"hello").await.unwrap();
        assert_eq!((reply.completion_code, &reply.data[..]), (CompletionCode::NORMAL, &b"hello"[..]));
        client.close().await;
    }
    assert_eq!(bmc.executed(), [b"hello", b"hello"]);
}

#[tokio::test]
async fn without_a_named_suite_the_best_offered_one_is_used() {
    for (offered, expected) in [
        (vec![3, 17], CipherSuite::SHA256_AES),
        (vec![3], CipherSuite::SHA1_AES),
        (vec![17], CipherSuite::SHA256_AES),
    ] {
        let cipher_suites = offered.iter().copied().map(CipherSuiteId).collect();
        let bmc = Bmc::with(EndpointConfig { cipher_suites, ..config() }, NOTHING_LOST).await;
        let client = Client::connect(bmc.address, options()).await.unwrap();
        assert_eq!(client.session().cipher_suite, expected, "{offered:?}");
        client.close().await;
    }
}

#[tokio::test]
async fn commands_are_typed() {
    let bmc = Bmc::start().await;
    let mut client = Client::connect(bmc.address, options()).await.unwrap();
    let status = client.call(&GetChassisStatus).await.unwrap();
    assert!(status.current_power.contains(CurrentPower::ON));
    client.close().await;
}

#[tokio::test]
async fn a_completion_code_is_an_answer_to_request_and_an_error_of_call() {
    let bmc = Bmc::start().await;
    let mut client = Client::connect(bmc.address, options()).await.unwrap();
    let reply = client.request(NetFn::OEM, REFUSE, &[]).await.unwrap();
    assert_eq!(reply.completion_code, CompletionCode::NOT_SUPPORTED_IN_STATE);
    let error = client.call(&ipmi_proto::command::app::GetSelfTestResults).await.unwrap_err();
    assert_eq!(error.to_string(), "Get Self Test Results refused: invalid command (0xc1)");
    client.close().await;
}

#[tokio::test]
async fn a_response_of_the_wrong_length_is_an_error_that_names_the_command() {
    let bmc = Bmc::start().await;
    let mut client = Client::connect(bmc.address, options()).await.unwrap();
    let error = client.call(&GetDeviceId).await.unwrap_err();
    assert_eq!(error.to_string(), "Get Device ID answered with malformed data");
    assert!(matches!(error, ClientError::Malformed { .. }));
    client.close().await;
}

#[tokio::test]
async fn refusals_say_what_is_wrong() {
    let bmc = Bmc::start().await;
    let wrong_password = ClientOptions::new("admin", "secret13").unwrap();
    assert_eq!(login_error(&bmc, wrong_password).await, ConsoleError::WrongPassword);

    let unknown_user = ClientOptions::new("nobody", "secret12").unwrap();
    assert_eq!(login_error(&bmc, unknown_user).await, ConsoleError::UnknownUser);

    let id = CipherSuiteId(1);
    let no_suite = ClientOptions { cipher_suite: Some(id), ..options() };
    assert_eq!(login_error(&bmc, no_suite).await, ConsoleError::NoCipherSuite { suite: Some(id) });

    let id = CipherSuiteId(4);
    let unknown_suite = ClientOptions { cipher_suite: Some(id), ..options() };
    assert_eq!(login_error(&bmc, unknown_suite).await, ConsoleError::UnsupportedCipherSuite { suite: id });

    let too_high = ClientOptions::new("watcher", "look-but-do-not").unwrap();
    let level = PrivilegeLevel::ADMINISTRATOR;
    assert_eq!(login_error(&bmc, too_high).await, ConsoleError::PrivilegeRefused { level });
    assert_eq!(bmc.sessions(), 0);
}

#[tokio::test]
async fn the_bmc_key_has_to_be_the_same_on_both_sides() {
    let kg = Kg::new(b"the key of this BMC").unwrap();
    let bmc = Bmc::with(EndpointConfig { kg: Some(kg.clone()), ..config() }, NOTHING_LOST).await;
    let client = Client::connect(bmc.address, ClientOptions { kg: Some(kg), ..options() }).await.unwrap();
    client.close().await;
    assert_eq!(login_error(&bmc, options()).await, ConsoleError::WrongBmcKey);
    let other = Kg::new(b"the key of another").unwrap();
    let wrong = ClientOptions { kg: Some(other), ..options() };
    assert_eq!(login_error(&bmc, wrong).await, ConsoleError::WrongBmcKey);
}

#[tokio::test]
async fn a_lower_level_is_what_the_session_works_at() {
    let bmc = Bmc::start().await;
    let mut options = ClientOptions::new("watcher", "look-but-do-not").unwrap();
    options.privilege = PrivilegeLevel::USER;
    let mut client = Client::connect(bmc.address, options).await.unwrap();
    assert_eq!(client.session().privilege, PrivilegeLevel::USER);
    client.call(&GetChassisStatus).await.unwrap();
    client.close().await;
}

#[tokio::test]
async fn silence_ends_after_the_last_try_and_names_the_address() {
    let silent = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = silent.local_addr().unwrap();
    let error = Client::connect(address, quick(3)).await.unwrap_err();
    assert!(matches!(error, ClientError::NoAnswer { step: Step::Capabilities, .. }), "{error:?}");
    let expected = format!("no answer from {address} to Get Channel Authentication Capabilities");
    assert_eq!(error.to_string(), expected);

    let mut buffer = [0; 64];
    for _ in 0..3 {
        silent.recv(&mut buffer).await.unwrap();
    }
    assert!(silent.try_recv(&mut buffer).is_err(), "more than three tries");
}

#[tokio::test]
async fn a_closed_port_is_told_apart_from_silence() {
    let gone = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = gone.local_addr().unwrap();
    drop(gone);
    let error = Client::connect(address, quick(2)).await.unwrap_err();
    assert!(matches!(error, ClientError::PortClosed { peer } if peer == address), "{error:?}");
}

#[tokio::test]
async fn every_datagram_may_be_lost_once_on_its_way_to_the_bmc() {
    let bmc = Bmc::with(config(), Losses { received: |n| n % 2 == 0, sent: |_| false }).await;
    let mut client = Client::connect(bmc.address, quick(20)).await.unwrap();
    for data in [b"one", b"two"] {
        assert_eq!(client.request(NetFn::OEM, ECHO, data).await.unwrap().data, &data[..]);
    }
    client.close().await;
    assert_eq!(bmc.executed(), [b"one", b"two"]);
    assert_eq!(bmc.sessions(), 0);
}

#[tokio::test]
async fn a_request_whose_answer_is_lost_is_executed_once() {
    let bmc = Bmc::with(config(), Losses { received: |_| false, sent: |n| n % 2 == 0 }).await;
    let mut client = Client::connect(bmc.address, quick(20)).await.unwrap();
    for data in [b"one", b"two"] {
        assert_eq!(client.request(NetFn::OEM, ECHO, data).await.unwrap().data, &data[..]);
    }
    client.close().await;
    assert_eq!(bmc.executed(), [b"one", b"two"]);
}

#[tokio::test]
async fn closing_ends_the_session_of_the_bmc() {
    let bmc = Bmc::start().await;
    let client = Client::connect(bmc.address, options()).await.unwrap();
    assert_eq!(bmc.sessions(), 1);
    client.close().await;
    assert_eq!(bmc.sessions(), 0);
}

#[tokio::test]
async fn a_session_that_the_bmc_has_forgotten_answers_no_more() {
    let bmc = Bmc::start().await;
    let mut client = Client::connect(bmc.address, quick(2)).await.unwrap();
    bmc.state.lock().unwrap().endpoint.end_all_sessions();
    let error = client.request(NetFn::OEM, ECHO, b"anybody?").await.unwrap_err();
    assert!(matches!(error, ClientError::NoAnswer { step: Step::Request, .. }), "{error:?}");
    client.close().await;
    assert!(bmc.executed().is_empty());
}

#[tokio::test]
async fn a_request_that_was_given_up_does_not_disturb_the_next() {
    let bmc = Bmc::start().await;
    let mut client = Client::connect(bmc.address, options()).await.unwrap();
    let given_up = tokio::time::timeout(Duration::ZERO, client.request(NetFn::OEM, ECHO, b"first")).await;
    let reply = client.request(NetFn::OEM, ECHO, b"second").await.unwrap();
    assert_eq!(&reply.data[..], b"second", "after {given_up:?}");
    client.close().await;
    assert_eq!(bmc.executed(), [&b"first"[..], b"second"]);
}

#[tokio::test]
async fn many_clients_of_one_bmc_do_not_mix_up_their_sessions() {
    let bmc = Bmc::start().await;
    let mut clients = Vec::new();
    for _ in 0..10 {
        clients.push(Client::connect(bmc.address, options()).await.unwrap());
    }
    assert_eq!(bmc.sessions(), 10);
    for (number, client) in (0..).zip(&mut clients) {
        assert_eq!(client.request(NetFn::OEM, ECHO, &[number]).await.unwrap().data, &[number][..]);
    }
    for client in clients {
        client.close().await;
    }
    assert_eq!(bmc.sessions(), 0);
}

#[tokio::test]
async fn addresses_of_version_six_work_too() {
    // A host without IPv6 has no loopback address of it; then there is nothing to show.
    if UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).await.is_err() {
        eprintln!("no IPv6 here");
        return;
    }
    let address = SocketAddr::from((Ipv6Addr::LOCALHOST, 0));
    let bmc = Bmc::on(address, config(), NOTHING_LOST).await;
    let client = Client::connect(bmc.address, options()).await.unwrap();
    client.close().await;
}

#[tokio::test]
async fn neither_options_nor_errors_show_a_secret() {
    let bmc = Bmc::start().await;
    let kg = Some(Kg::new(b"hidden-kg").unwrap());
    let options = ClientOptions { kg, ..ClientOptions::new("admin", "hidden-password").unwrap() };
    let mut shown = format!("{options:?}");
    let error = Client::connect(bmc.address, options).await.unwrap_err();
    shown += &format!("{error:?} {error} {}", error.source().unwrap());
    assert!(!shown.contains("hidden"), "{shown}");
    assert!(shown.contains("wrong password"), "{shown}");

    let client =
        Client::connect(bmc.address, ClientOptions::new("admin", "secret12").unwrap()).await.unwrap();
    let shown = format!("{client:?}");
    assert!(!shown.contains("secret12"), "{shown}");
    client.close().await;
}

#[test]
fn names_and_passwords_that_no_packet_can_carry_are_refused() {
    let long_name = ClientOptions::new("seventeen letters", "x").unwrap_err();
    assert!(matches!(long_name, InvalidOptions::UserName(_)));
    let long_password = ClientOptions::new("admin", "a password of 21 byte").unwrap_err();
    assert_eq!(long_password.to_string(), "password has 21 bytes, the limit is 20");
}
