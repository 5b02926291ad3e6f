//! A network of queues with one BMC and any number of consoles on it.

use std::collections::{HashMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use ipmi_proto::command::{Body, Command};
use ipmi_proto::console::{
    Console, ConsoleConfig, ConsoleError, ConsoleEvent, ConsoleRequest, RetryPolicy, SuiteChoice,
};
use ipmi_proto::crypto::Password;
use ipmi_proto::endpoint::{EndpointConfig, User};
use ipmi_proto::number::{
    CipherSuiteId, CommandNumber, CompletionCode, Guid, NetFn, PrivilegeLevel, UserName,
};
use ipmi_proto::sol::RemoteEvent;
use ipmi_server::transport::channel::{self, FarEnd};
use ipmi_server::{BmcConfig, Datagram, OsEntropy};
use machine::NodeId;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::chassis::FakeChassis;

pub(crate) const GUID: Guid = Guid([7; 16]);

/// A console that repeats nothing and waits longer than any test: what it gets is the answer to what it sent once.
pub(crate) const PATIENT: RetryPolicy =
    RetryPolicy { wait: Duration::from_secs(100_000), longer: Duration::ZERO, tries: 1, logins: 1 };

/// A BMC with its chassis, and the network it is on.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) chassis: Arc<FakeChassis>,
    pub(crate) shutdown: CancellationToken,
    pub(crate) bmc: JoinHandle<()>,
    to_bmc: mpsc::Sender<Datagram>,
    consoles: Arc<Mutex<HashMap<SocketAddr, mpsc::UnboundedSender<Bytes>>>>,
}

impl Bench {
    pub(crate) fn start() -> Self {
        Self::start_with(|_config| {})
    }

    pub(crate) fn start_with(change: impl FnOnce(&mut BmcConfig)) -> Self {
        let user = User {
            name: UserName::new(b"admin").unwrap(),
            password: Password::new(b"secret12").unwrap(),
            limit: PrivilegeLevel::ADMINISTRATOR,
        };
        let endpoint = EndpointConfig::new(GUID, vec![user]);
        let mut config = BmcConfig::new(NodeId::new("app/vm"), "node-1", endpoint);
        change(&mut config);

        let (transport, FarEnd { to_bmc, mut from_bmc }) = channel::pair(256);
        let chassis = Arc::new(FakeChassis::new());
        let shutdown = CancellationToken::new();
        let bmc = tokio::spawn(ipmi_server::run(transport, config, Arc::clone(&chassis), shutdown.clone()));
        let consoles: Arc<Mutex<HashMap<SocketAddr, mpsc::UnboundedSender<Bytes>>>> = Arc::default();
        let routes = Arc::clone(&consoles);
        tokio::spawn(async move {
            while let Some(datagram) = from_bmc.recv().await {
                if let Some(console) = routes.lock().unwrap().get(&datagram.peer) {
                    let _ = console.send(datagram.payload);
                }
            }
        });
        Self { chassis, shutdown, bmc, to_bmc, consoles }
    }

    /// Puts a console on the network, at an address of its own.
    fn console(
        &self,
        (name, password): (&str, &str),
        privilege: PrivilegeLevel,
        retry: RetryPolicy,
    ) -> Session {
        let (sender, inbox) = mpsc::unbounded_channel();
        let mut consoles = self.consoles.lock().unwrap();
        let port = 40_000 + u16::try_from(consoles.len()).unwrap();
        let address = SocketAddr::from((Ipv4Addr::new(192, 0, 2, 1), port));
        consoles.insert(address, sender);
        let mut config = ConsoleConfig::new(
            UserName::new(name.as_bytes()).unwrap(),
            Password::new(password.as_bytes()).unwrap(),
        );
        config.privilege = privilege;
        config.retry = retry;
        config.cipher_suite = SuiteChoice::Fixed(CipherSuiteId::SHA256_AES);
        let console = Console::new(config, Box::new(OsEntropy));
        Session { console, address, to_bmc: self.to_bmc.clone(), inbox, heard: VecDeque::new() }
    }

    /// Logs in at a level.
    pub(crate) async fn login_at(&self, privilege: PrivilegeLevel, retry: RetryPolicy) -> Session {
        let session = self.console(("admin", "secret12"), privilege, retry);
        session.opened(privilege).await.expect("a session")
    }

    /// Logs in as somebody, patiently.
    pub(crate) async fn login_as(
        &self,
        name: &str,
        password: &str,
        privilege: PrivilegeLevel,
    ) -> Result<Session, ConsoleError> {
        self.console((name, password), privilege, PATIENT).opened(privilege).await
    }

    /// Logs in as administrator, patiently.
    pub(crate) async fn login(&self) -> Session {
        self.login_at(PrivilegeLevel::ADMINISTRATOR, PATIENT).await
    }

    /// Stops the BMC and waits until it has.
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.bmc.await.unwrap();
    }
}

/// A console and its place on the network.
#[derive(Debug)]
pub(crate) struct Session {
    console: Console,
    pub(crate) address: SocketAddr,
    to_bmc: mpsc::Sender<Datagram>,
    inbox: mpsc::UnboundedReceiver<Bytes>,
    /// What was heard over Serial over LAN and not read yet.
    heard: VecDeque<RemoteEvent>,
}

/// What a request came to.
pub(crate) type Outcome = Result<(CompletionCode, Bytes), ConsoleError>;

impl Session {
    async fn opened(mut self, privilege: PrivilegeLevel) -> Result<Self, ConsoleError> {
        self.console.open(now());
        match self.next_event().await {
            ConsoleEvent::Established { privilege: level, .. } => assert_eq!(level, privilege),
            ConsoleEvent::Failed(error) => return Err(error),
            other => panic!("no session: {other:?}"),
        }
        Ok(self)
    }

    /// Sends a request and waits for what comes of it.
    pub(crate) async fn request(&mut self, request: ConsoleRequest) -> Outcome {
        let wanted = self.console.request(now(), request);
        loop {
            match self.next_event().await {
                ConsoleEvent::Answered { id, completion_code, data } if id == wanted => {
                    return Ok((completion_code, data));
                }
                ConsoleEvent::Unanswered { id, error } if id == wanted => return Err(error),
                ConsoleEvent::Failed(error) => return Err(error),
                ConsoleEvent::Sol(event) => self.heard.push_back(event),
                _ => {}
            }
        }
    }

    /// Sends data bytes in hex; gives the completion code and the answer's data bytes in hex.
    pub(crate) async fn raw(&mut self, net_fn: u8, command: u8, data: &str) -> (u8, String) {
        let data = hex::decode(data.replace(' ', "")).unwrap();
        let request = ConsoleRequest::new(NetFn::new(net_fn), CommandNumber(command), data);
        let (code, data) = self.request(request).await.expect("an answer");
        (code.0, hex::encode(data))
    }

    /// The same when there is only a completion code to see.
    pub(crate) async fn code(&mut self, net_fn: u8, command: u8, data: &str) -> u8 {
        let (code, data) = self.raw(net_fn, command, data).await;
        assert_eq!(data, "", "data after completion code {code:#04x}");
        code
    }

    /// Calls a command that must succeed.
    pub(crate) async fn call<C: Command>(&mut self, command: &C) -> C::Response {
        let (code, data) = self.request(ConsoleRequest::of(command)).await.expect("an answer");
        assert_eq!(code, CompletionCode::NORMAL, "{}", C::NAME);
        C::Response::decode(&data).expect("the response of the command, of the exact length")
    }

    /// Closes the session; whether the BMC answered that.
    pub(crate) async fn close(&mut self) -> Duration {
        let begin = Instant::now();
        self.console.close(now());
        loop {
            if self.next_event().await == ConsoleEvent::Closed {
                return begin.elapsed();
            }
        }
    }

    /// The next thing that is heard over Serial over LAN.
    pub(crate) async fn next_sol(&mut self) -> RemoteEvent {
        if let Some(event) = self.heard.pop_front() {
            return event;
        }
        match self.next_event().await {
            ConsoleEvent::Sol(event) => event,
            other => panic!("nothing heard: {other:?}"),
        }
    }

    /// Everything that the node prints, until it ends with this.
    pub(crate) async fn read_until(&mut self, end: &str) -> String {
        self.read_while(|text| !text.ends_with(end)).await
    }

    /// So much of what the node prints.
    pub(crate) async fn read_until_len(&mut self, len: usize) -> String {
        self.read_while(|text| text.len() < len).await
    }

    async fn read_while(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        let mut text = String::new();
        while wanted(&text) {
            match self.next_sol().await {
                RemoteEvent::Characters(characters) => text.push_str(str::from_utf8(&characters).unwrap()),
                other => panic!("{other:?} after {text:?}"),
            }
        }
        text
    }

    /// Reads until characters were lost.
    pub(crate) async fn drive_until_overrun(&mut self) {
        while self.next_sol().await != RemoteEvent::Overrun {}
    }

    pub(crate) async fn type_text(&mut self, text: &str) {
        self.console.type_characters(now(), text.as_bytes());
        self.send().await;
    }

    pub(crate) async fn send_break(&mut self) {
        self.console.send_break(now());
        self.send().await;
    }

    /// Takes part in the conversation until a condition holds.
    pub(crate) async fn drive_until(&mut self, what: &str, condition: impl Fn() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(3600);
        while !condition() {
            assert!(Instant::now() < deadline, "never happened: {what}");
            self.drive_for(Duration::from_millis(10)).await;
        }
    }

    /// Takes part in the conversation for a while.
    pub(crate) async fn drive_for(&mut self, time: Duration) {
        let deadline = Instant::now() + time;
        while let Ok(event) = tokio::time::timeout_at(deadline, self.next_event()).await {
            if let ConsoleEvent::Sol(event) = event {
                self.heard.push_back(event);
            }
        }
    }

    async fn send(&mut self) {
        while let Some(payload) = self.console.poll_transmit() {
            // A BMC that has stopped takes nothing, like a closed port.
            let _ = self.to_bmc.send(Datagram { peer: self.address, payload }).await;
        }
    }

    async fn next_event(&mut self) -> ConsoleEvent {
        loop {
            self.send().await;
            if let Some(event) = self.console.poll_event() {
                return event;
            }
            let deadline = self.console.poll_timeout().map(Instant::from_std);
            tokio::select! {
                datagram = self.inbox.recv() => {
                    self.console.handle_datagram(now(), &datagram.expect("the network"));
                }
                () = async {
                    match deadline {
                        Some(deadline) => tokio::time::sleep_until(deadline).await,
                        None => std::future::pending().await,
                    }
                } => self.console.handle_timeout(now()),
            }
        }
    }
}

/// Waits until a condition holds, letting everybody else run. Virtual time stands still meanwhile.
pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..10_000 {
        if condition() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("never happened: {what}");
}

pub(crate) fn now() -> std::time::Instant {
    Instant::now().into_std()
}
