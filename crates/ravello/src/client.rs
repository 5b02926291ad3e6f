//! The client: one per cloud, shared by everybody who talks to it.
//!
//! It knows how a request is written and how a reply is read (`ravello-api.md §2`–`§4`). It does not sleep, does
//! not repeat and keeps no copies: a caller that wants another try looks first. The one exception is logging in
//! again when the service has forgotten a session, which repeats a request that was refused.
//!
//! Redirects are not followed, because they would carry the credentials elsewhere. Replies are bounded in size.
//! Every request is logged at debug with method, path, status, duration and the service's `Operation-ID`; never
//! with a body or a header that was sent.

mod application;
mod exchange;
mod rehearsal;
mod simulator;
mod vm;

pub use application::{ApplicationAction, PublishOptimization, PublishRequest};
pub use vm::VmAction;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use tokio::sync::Mutex;
use tracing::warn;

use self::rehearsal::Rehearsal;

use crate::authentication::Authentication;

/// The service's address when it existed.
pub const SERVICE_ADDRESS: &str = "https://cloud.ravellosystems.com/api/v1";

/// Which part of a document is meant (`ravello-api.md §2`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Aspect {
    /// Everything.
    Whole,
    /// What is wanted.
    Design,
    /// What runs.
    Deployment,
    /// Neither: name, owner, version, times.
    Properties,
}

/// Whether requests that change something are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Writes {
    /// They are.
    #[default]
    Sent,
    /// They are logged, each once, and taken for done. Logging in and asking are sent all the same.
    OnlyLogged,
}

/// How to reach a cloud.
#[derive(Clone, Debug)]
pub struct ClientSettings {
    /// Where the API is, up to and including `/api/v1`; `http` or `https`.
    pub base_address: String,
    /// Who we are.
    pub authentication: Authentication,
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Longest wait for a whole reply, connection included.
    pub request_timeout: Duration,
    /// Largest reply that is read. An application of a hundred VMs has about half a million bytes.
    pub reply_limit_bytes: usize,
    /// Whether requests that change something are sent.
    pub writes: Writes,
}

/// Settings that no client can be made of.
#[derive(Debug, thiserror::Error)]
pub enum BadSettings {
    /// The base address is no usable URL.
    #[error("the address {address:?} is not usable: {reason}")]
    Address {
        /// What was given.
        address: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The HTTP library cannot start, for example because the system has no certificates.
    #[error("the HTTP client cannot start")]
    Http {
        /// The error behind it.
        source: reqwest::Error,
    },
}

/// A client of one cloud. Clones share connections and session.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    http: reqwest::Client,
    /// Without a slash at its end.
    base: String,
    authentication: Authentication,
    session: Mutex<Session>,
    reply_limit_bytes: usize,
    rehearsal: Option<Rehearsal>,
}

/// How often we have logged in: tells a request that was refused whether somebody else has done so since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
struct Session {
    logins: u64,
    open: bool,
}

impl ClientSettings {
    /// The usual limits.
    pub fn new(base_address: impl Into<String>, authentication: Authentication) -> Self {
        Self {
            base_address: base_address.into(),
            authentication,
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            reply_limit_bytes: 32 << 20,
            writes: Writes::Sent,
        }
    }
}

impl Client {
    /// Makes a client. Nothing is sent yet.
    ///
    /// # Errors
    /// [`BadSettings`].
    pub fn new(settings: ClientSettings) -> Result<Self, BadSettings> {
        let url = checked_address(&settings.base_address)?;
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("ravbmc/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.request_timeout)
            // Shorter than what servers usually keep: a connection that is just being closed costs a request.
            .pool_idle_timeout(Duration::from_secs(50))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false);
        if matches!(settings.authentication, Authentication::Session(_)) {
            http = http.cookie_store(true);
        }
        if url.scheme() == "http" {
            // Nothing to verify: a system without certificates can still talk to a simulator.
            http = http.tls_certs_only([]);
        }
        if is_loopback(&url) {
            http = http.no_proxy();
        } else if url.scheme() == "http" {
            warn!(address = %url, "the cloud is reached without encryption: credentials can be read on the way");
        }
        let shared = Shared {
            http: http.build().map_err(|source| BadSettings::Http { source })?,
            base: url.as_str().trim_end_matches('/').to_owned(),
            authentication: settings.authentication,
            session: Mutex::default(),
            reply_limit_bytes: settings.reply_limit_bytes,
            rehearsal: match settings.writes {
                Writes::Sent => None,
                Writes::OnlyLogged => Some(Rehearsal::default()),
            },
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Where the API is, without a slash at its end.
    pub fn base_address(&self) -> &str {
        &self.shared.base
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authentication = &self.shared.authentication;
        f.debug_struct("Client")
            .field("base", &self.shared.base)
            .field("authentication", authentication)
            .finish()
    }
}

impl Aspect {
    const fn suffix(self) -> &'static str {
        match self {
            Self::Whole => "",
            Self::Design => ";design",
            Self::Deployment => ";deployment",
            Self::Properties => ";properties",
        }
    }
}

fn checked_address(address: &str) -> Result<Url, BadSettings> {
    let refuse = |reason| BadSettings::Address { address: without_credentials(address), reason };
    let url = Url::parse(address).map_err(|_| refuse("it is no URL"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refuse("it begins with neither http:// nor https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("it holds a user name or password; they belong elsewhere"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refuse("it has a query or fragment"));
    }
    Ok(url)
}

/// The address for a message: what stands before an `@` may be a secret.
fn without_credentials(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((_, behind)) => format!("…@{behind}"),
        None => address.to_owned(),
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::{Authentication, BadSettings, Client, ClientSettings};
    use crate::authentication::Credentials;

    fn client(address: &str) -> Result<Client, BadSettings> {
        let credentials = Credentials::new("someone", "s3cret-word".into()).unwrap();
        Client::new(ClientSettings::new(address, Authentication::Basic(credentials)))
    }

    #[test]
    fn the_base_address_may_end_in_a_slash() {
        for address in ["http://127.0.0.1:9/api/v1", "http://127.0.0.1:9/api/v1/"] {
            assert_eq!(client(address).unwrap().base_address(), "http://127.0.0.1:9/api/v1");
        }
    }

    #[test]
    fn unusable_addresses_are_refused_without_showing_secrets() {
        for address in [
            "",
            "cloud",
            "ftp://127.0.0.1/",
            "http://u:s3cret-word@127.0.0.1/",
            "http://127.0.0.1/?q",
            "http://[",
        ] {
            let shown = client(address).unwrap_err().to_string();
            assert!(!shown.contains("s3cret"), "{shown}");
        }
    }

    #[test]
    fn a_client_does_not_show_its_secrets() {
        let shown = format!("{:?}", client("http://127.0.0.1:9/api/v1").unwrap());
        assert!(shown.contains("someone") && !shown.contains("s3cret"), "{shown}");
    }
}
