//! The configuration file of `ravbmc serve`: TOML, parsed once into a validated value.
//!
//! `docs/configuration.md` describes every key; a test compares the two. Unknown keys are errors. Secrets are
//! named by the place they are kept in, never written down.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipmi_proto::crypto::CipherSuite;
use ipmi_proto::endpoint::GuardLimits;
use ipmi_proto::number::CipherSuiteId;
use ipmi_server::BmcConfig;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::secret::SecretSource;
use crate::serial::ConsoleAddress;

/// A configuration file as written, with the defaults filled in.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Configuration {
    /// Folder for the journal and everything else that must survive a restart.
    #[serde(default)]
    pub(crate) state_dir: Option<PathBuf>,
    pub(crate) cloud: Cloud,
    #[serde(default)]
    pub(crate) bmc: Bmc,
    /// The applications whose VMs are nodes.
    #[serde(rename = "application")]
    pub(crate) applications: Vec<Application>,
    #[serde(default)]
    pub(crate) timing: Timing,
}

/// The cloud.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Cloud {
    #[serde(default = "Cloud::default_base_url")]
    pub(crate) base_url: Url,
    #[serde(default)]
    pub(crate) authentication: Authentication,
    /// `user`, or `domain/user`.
    #[serde(default)]
    pub(crate) username: Option<String>,
    #[serde(default)]
    pub(crate) password: Option<SecretSource>,
    /// An ephemeral access token, for `authentication = "token"`.
    #[serde(default)]
    pub(crate) token: Option<SecretSource>,
    #[serde(default = "Cloud::default_connect_timeout", with = "humantime_serde")]
    pub(crate) connect_timeout: Duration,
    #[serde(default = "Cloud::default_request_timeout", with = "humantime_serde")]
    pub(crate) request_timeout: Duration,
}

impl Cloud {
    #[expect(clippy::expect_used, reason = "a constant")]
    fn default_base_url() -> Url {
        Url::parse("https://cloud.ravellosystems.com/api/v1").expect("the address is well-formed")
    }

    fn default_connect_timeout() -> Duration {
        Duration::from_secs(10)
    }

    fn default_request_timeout() -> Duration {
        Duration::from_secs(60)
    }
}

/// How the cloud is told who we are (`ravello-api.md §3`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Authentication {
    /// User and password with every request.
    #[default]
    Basic,
    /// User and password once, then a cookie.
    Cookie,
    /// An ephemeral access token.
    Token,
}

/// The BMCs.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct Bmc {
    /// Address on which they listen.
    pub(crate) listen: IpAddr,
    /// UDP port of the first one; 0 takes any free port for each.
    pub(crate) port_base: u16,
    /// Cipher suites on offer, the preferred one first.
    pub(crate) cipher_suites: Vec<u8>,
    /// Authentication types of IPMI 1.5 sessions; none leaves such sessions out.
    pub(crate) ipmi_1_5: Vec<AuthenticationType>,
    /// The key Kg, which a console must know besides the password.
    pub(crate) kg: Option<SecretSource>,
    /// Datagrams outside of sessions that each BMC answers for one source in a second; 0 for any number.
    pub(crate) requests_per_second: u32,
    /// Failed logins in a row before one user at one source has to wait; 0 for any number.
    pub(crate) free_login_failures: u32,
    /// The longest that it has to wait.
    #[serde(with = "humantime_serde")]
    pub(crate) longest_lockout: Duration,
    /// Whether answers hide which users there are.
    pub(crate) hide_users: bool,
    /// Whether consoles may change users and channel.
    pub(crate) user_changes: UserChanges,
    /// Users; without any there is `admin` with a generated password.
    #[serde(rename = "user")]
    pub(crate) users: Vec<BmcUser>,
    /// The specification's rule that boot flags lapse after 60 s without a power cycle. Off unless set.
    #[serde(with = "humantime_serde")]
    pub(crate) boot_flag_timeout: Option<Duration>,
    /// Where the serial console of a node is, unless its application says otherwise; absent for nowhere.
    pub(crate) console: Option<ConsoleAddress>,
    /// How many bytes of each console are kept for whoever looks later.
    pub(crate) console_scrollback: usize,
}

impl Default for Bmc {
    fn default() -> Self {
        Self {
            listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port_base: 6230,
            cipher_suites: vec![17, 3],
            ipmi_1_5: Vec::new(),
            kg: None,
            requests_per_second: GuardLimits::DEFAULT.rate,
            free_login_failures: GuardLimits::DEFAULT.free_failures,
            longest_lockout: GuardLimits::DEFAULT.longest_pause,
            hide_users: false,
            user_changes: UserChanges::Allowed,
            users: Vec::new(),
            boot_flag_timeout: None,
            console: None,
            console_scrollback: BmcConfig::SCROLLBACK,
        }
    }
}

/// How a session of IPMI 1.5 is authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum AuthenticationType {
    Md5,
    Md2,
    Password,
    None,
}

/// Whether consoles may change users and channel over IPMI.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum UserChanges {
    /// What they change is kept, and holds until the configuration changes.
    #[default]
    Allowed,
    /// The configuration alone rules.
    Refused,
}

/// A user of the BMCs.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct BmcUser {
    pub(crate) name: String,
    pub(crate) password: SecretSource,
    #[serde(default)]
    pub(crate) privilege: UserPrivilege,
}

impl BmcUser {
    /// How errors name this user's password.
    pub(crate) fn password_key(&self) -> String {
        format!("[[bmc.user]] {:?} password", self.name)
    }
}

/// The most that a user may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum UserPrivilege {
    Callback,
    User,
    Operator,
    #[default]
    Administrator,
}

/// One application.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Application {
    pub(crate) name: String,
    /// Which of its VMs are nodes.
    #[serde(default)]
    pub(crate) nodes: NodeSelection,
    /// How the platform chooses what a VM boots from.
    #[serde(default)]
    pub(crate) boot_selection: BootSelection,
    /// Powering on keeps the application running at least this long.
    #[serde(default = "Application::default_min_runtime", with = "humantime_serde")]
    pub(crate) min_runtime: Duration,
    /// What to do about other people's unpublished changes.
    #[serde(default)]
    pub(crate) publish: Publish,
    /// Where the serial consoles of single nodes are, by the name of the VM.
    #[serde(default)]
    pub(crate) consoles: BTreeMap<String, ConsoleAddress>,
}

/// What to do about unpublished changes of others that a publish would carry out on running VMs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Publish {
    /// Hold the publish back until they are gone.
    #[default]
    Guarded,
    /// Publish all the same, and restart those VMs.
    Always,
}

impl Application {
    pub(crate) fn default_min_runtime() -> Duration {
        Duration::from_secs(2 * 60 * 60)
    }
}

/// Which VMs of an application are nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum NodeSelection {
    /// All with a static address on their first interface, but the one with the lowest address: that is the
    /// machine which runs Ironic.
    #[default]
    AllButLowestAddress,
    /// Every VM.
    All,
    /// The VMs with these names.
    Only(BTreeSet<String>),
    /// Every VM but those with these names.
    Except(BTreeSet<String>),
}

/// How the platform chooses what a VM boots from (`ravello-api.md §9`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum BootSelection {
    /// The boot flag of the disk.
    #[default]
    Flag,
    /// The boot order of the VM.
    Order,
    /// Both, consistently.
    Both,
}

/// How old an answer may be, and how often the cloud is asked.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct Timing {
    /// How old an answer about a node may be while something is under way in its application.
    #[serde(with = "humantime_serde")]
    pub(crate) busy_age: Duration,
    /// How old it may be otherwise.
    #[serde(with = "humantime_serde")]
    pub(crate) idle_age: Duration,
    /// The pause between two looks while waiting for the cloud.
    #[serde(with = "humantime_serde")]
    pub(crate) poll_interval: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            busy_age: Duration::from_secs(5),
            idle_age: Duration::from_secs(15),
            poll_interval: Duration::from_secs(2),
        }
    }
}

/// What is wrong with a configuration file: where, what, and what was expected.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ConfigurationError {
    file: PathBuf,
    line: Option<usize>,
    problem: String,
}

impl std::error::Error for ConfigurationError {}

impl fmt::Display for ConfigurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        write!(f, ": {}", self.problem)
    }
}

impl Configuration {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// [`ConfigurationError`] names the file, the line or key, and what was expected.
    pub(crate) fn read(file: &Path) -> Result<Self, ConfigurationError> {
        let error = |line, problem| ConfigurationError { file: file.to_owned(), line, problem };
        let text =
            fs::read_to_string(file).map_err(|cause| error(None, format!("cannot be read: {cause}")))?;
        let configuration: Self = toml::from_str(&text).map_err(|cause| {
            let line = cause
                .span()
                .and_then(|span| text.get(..span.start))
                .map(|before| before.matches('\n').count().saturating_add(1));
            error(line, cause.message().replace('\n', "; "))
        })?;
        configuration.check().map_err(|problem| error(None, problem))?;
        Ok(configuration)
    }

    /// Every secret that the file names, with the key it stands under.
    pub(crate) fn secrets(&self) -> Vec<(String, &SecretSource)> {
        let cloud = [("[cloud] password", &self.cloud.password), ("[cloud] token", &self.cloud.token)];
        let of_cloud =
            cloud.into_iter().filter_map(|(what, source)| Some((what.to_owned(), source.as_ref()?)));
        let of_bmcs = self.bmc.kg.iter().map(|source| (Bmc::KG_KEY.to_owned(), source));
        let of_users = self.bmc.users.iter().map(|user| (user.password_key(), &user.password));
        of_cloud.chain(of_bmcs).chain(of_users).collect()
    }

    /// The rules that the types alone do not express.
    fn check(&self) -> Result<(), String> {
        self.cloud.check()?;
        self.bmc.check()?;
        if self.applications.is_empty() {
            return Err("no [[application]]: there is nothing to serve".to_owned());
        }
        let mut names = BTreeSet::new();
        for application in &self.applications {
            if application.name.is_empty() {
                return Err("[[application]] name is empty".to_owned());
            }
            if !names.insert(&application.name) {
                return Err(format!("two [[application]] with the name {:?}", application.name));
            }
        }
        if self.timing.poll_interval.is_zero() {
            return Err("[timing] poll-interval is zero; expected a pause such as \"2s\"".to_owned());
        }
        Ok(())
    }
}

impl Cloud {
    fn check(&self) -> Result<(), String> {
        if !matches!(self.base_url.scheme(), "http" | "https") {
            return Err(format!("[cloud] base-url is {}; expected http:// or https://", self.base_url));
        }
        if !self.base_url.username().is_empty() || self.base_url.password().is_some() {
            return Err(
                "[cloud] base-url contains a user or a password; use username and password".to_owned()
            );
        }
        match self.authentication {
            Authentication::Basic | Authentication::Cookie => {
                if self.username.as_ref().is_none_or(String::is_empty) {
                    return Err("[cloud] username is missing".to_owned());
                }
                if self.password.is_none() {
                    return Err(
                        "[cloud] password is missing; for example password = { file = \"…\" }".to_owned()
                    );
                }
            }
            Authentication::Token if self.token.is_none() => {
                return Err("[cloud] token is missing; for example token = { file = \"…\" }".to_owned());
            }
            Authentication::Token => {}
        }
        Ok(())
    }
}

impl Bmc {
    /// How errors name the key Kg.
    pub(crate) const KG_KEY: &str = "[bmc] kg";

    /// What one console may keep at most: more than anybody reads, and little enough for a hundred of them.
    const MOST_SCROLLBACK: usize = 16 * 1024 * 1024;

    /// IPMI numbers users from 1 to 63, and 1 is the null user.
    const MOST_USERS: usize = 62;

    fn check(&self) -> Result<(), String> {
        if self.cipher_suites.is_empty() {
            return Err("[bmc] cipher-suites is empty; expected for example [17, 3]".to_owned());
        }
        let implemented =
            |id: u8| CipherSuite::by_id(CipherSuiteId(id)).is_some_and(|suite| suite.algorithms().is_some());
        if let Some(suite) = self.cipher_suites.iter().find(|suite| !implemented(**suite)) {
            return Err(format!(
                "[bmc] cipher-suites names {suite}; expected numbers out of 0-3, 6-8, 11, 12 and 15-17"
            ));
        }
        let named = self.users.iter().filter(|user| !user.name.is_empty()).count();
        if named > Self::MOST_USERS {
            return Err(format!("{named} [[bmc.user]]; there is room for {}", Self::MOST_USERS));
        }
        if self.console_scrollback > Self::MOST_SCROLLBACK {
            return Err(format!(
                "[bmc] console-scrollback is {}; expected at most {} bytes for each console",
                self.console_scrollback,
                Self::MOST_SCROLLBACK
            ));
        }
        let mut users = BTreeSet::new();
        for user in &self.users {
            if user.name.len() > 16 {
                return Err(format!("[[bmc.user]] name {:?} is longer than 16 bytes", user.name));
            }
            if !users.insert((&user.name, user.privilege)) {
                return Err(format!("two [[bmc.user]] with the name {:?} and the same privilege", user.name));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
