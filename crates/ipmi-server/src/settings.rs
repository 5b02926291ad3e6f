//! What consoles have changed in a BMC, and the port on which that is kept.
//!
//! The configuration is where a BMC begins. What a console changes after that is a [`UserChange`] or another member of
//! [`BmcSettings`], and is acknowledged when the [`SettingsStore`] has it. This module knows what is kept and in which
//! order it changes; [`crate::accounts`] knows what it means together with the configuration.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipmi_proto::crypto::{Password, PasswordMark};
use ipmi_proto::number::{PrivilegeLevel, UserId, UserName};
use machine::{BoxFuture, NodeId};
use tokio::sync::Notify;

/// Everything that consoles have changed in one BMC.
#[derive(Clone, Debug, Default)]
pub struct BmcSettings {
    /// The users that are not as they are configured.
    pub users: Vec<UserChange>,
    /// The highest level of any session, if it is not the configured one.
    pub channel_limit: Option<PrivilegeLevel>,
    /// The asset tag, if it is not the node's name; at most 63 bytes.
    pub asset_tag: Option<Vec<u8>>,
    /// The controller's name for itself, if it is not the node's; at most 64 bytes, zero bytes behind it included.
    pub controller_id: Option<Vec<u8>>,
}

impl BmcSettings {
    /// Whether nothing is other than it is configured.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.users.is_empty()
            && self.channel_limit.is_none()
            && self.asset_tag.is_none()
            && self.controller_id.is_none()
    }
}

/// A user who is not as the configuration says, or of whom it knows nothing.
#[derive(Clone, Debug)]
pub struct UserChange {
    /// The user's number when the change was made.
    pub id: UserId,
    /// The entry of the configuration that was changed; `None` for a user who was made by a console.
    pub entry: Option<ConfiguredEntry>,
    /// The user from then on; `None` for one who was removed.
    pub account: Option<Account>,
}

/// An entry of the configuration, well enough to find it again and to see that it has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfiguredEntry {
    /// The name.
    pub name: UserName,
    /// The highest level.
    pub limit: PrivilegeLevel,
    /// Tells whether the password is still the same.
    pub password: PasswordMark,
}

/// A user, as IPMI sees one (`IPMI 2.0 §22.26` to `§22.30`). Prints without the password.
#[derive(Clone, Debug)]
pub struct Account {
    /// The name; empty for the null user, and for a number that nobody uses.
    pub name: UserName,
    /// The password. Nobody logs in without one.
    pub password: Option<AccountPassword>,
    /// Whether the user is enabled.
    pub enabled: bool,
    /// Whether the user may send IPMI commands.
    pub messaging: bool,
    /// Whether name and password would be good for links such as PPP. There are none here; it is kept for consoles to read.
    pub link_authentication: bool,
    /// The highest level; [`PrivilegeLevel::NO_ACCESS`] for none.
    pub limit: PrivilegeLevel,
}

/// A password, and how it came. Prints without the bytes.
#[derive(Clone, Debug)]
pub struct AccountPassword {
    /// The password.
    pub password: Password,
    /// How many bytes a console sent; `None` if it is the configured one.
    pub size: Option<PasswordSize>,
}

/// The two forms of a password on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordSize {
    /// 16 bytes.
    Sixteen,
    /// 20 bytes.
    Twenty,
}

impl Account {
    /// A number that nobody uses.
    #[must_use]
    pub fn unused() -> Self {
        Self {
            name: UserName::default(),
            password: None,
            enabled: false,
            messaging: false,
            link_authentication: false,
            limit: PrivilegeLevel::NO_ACCESS,
        }
    }

    /// Whether this is what nobody has changed anything of.
    #[must_use]
    pub fn is_unused(&self) -> bool {
        self.is_same(&Self::unused())
    }

    /// Whether both are the same user with the same rights. How the password came makes no difference.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let same_password = match (&self.password, &other.password) {
            (Some(one), Some(other)) => one.password.is_same(&other.password),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        let visible = |it: &Self| (it.name, it.enabled, it.messaging, it.link_authentication, it.limit);
        same_password && visible(self) == visible(other)
    }
}

/// A change was not kept, and does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the settings of the BMC cannot be kept: {reason}")]
pub struct NotKept {
    /// What failed, for people.
    pub reason: String,
}

/// Keeps what consoles have changed.
///
/// Used through `dyn`, because a BMC may have none.
pub trait SettingsStore: fmt::Debug + Send + Sync + 'static {
    /// Puts these settings in the place of those that were kept for a node. When the future is ready, they survive a crash
    /// of the process and of the machine.
    ///
    /// # Errors
    /// [`NotKept`], and then the settings from before are kept.
    fn save<'a>(&'a self, node: &'a NodeId, settings: &'a BmcSettings) -> BoxFuture<'a, Result<(), NotKept>>;
}

/// The settings of one BMC: as they hold now, and where they are kept. What is read here has been made durable.
#[derive(Debug)]
pub struct KeptSettings {
    node: NodeId,
    store: Arc<dyn SettingsStore>,
    /// One change at a time.
    gate: tokio::sync::Mutex<()>,
    present: Mutex<Arc<BmcSettings>>,
    replaced: Notify,
}

impl KeptSettings {
    /// The settings of a node, as its store has them.
    #[must_use]
    pub fn new(node: NodeId, present: BmcSettings, store: Arc<dyn SettingsStore>) -> Self {
        Self {
            node,
            store,
            gate: tokio::sync::Mutex::new(()),
            present: Mutex::new(Arc::new(present)),
            replaced: Notify::new(),
        }
    }

    /// The settings that hold now.
    #[must_use]
    pub fn present(&self) -> Arc<BmcSettings> {
        Arc::clone(&self.lock())
    }

    /// Changes them from beside the BMC, which then takes them over: for an operator. `None` leaves them as they are.
    /// Returns whether they were changed.
    ///
    /// # Errors
    /// [`NotKept`], and then nothing has changed.
    pub async fn replace(
        &self,
        decide: impl FnOnce(&BmcSettings) -> Option<BmcSettings> + Send,
    ) -> Result<bool, NotKept> {
        let changed = self.change(|held| Ok::<_, ()>((decide(held), ()))).await?.is_some();
        if changed {
            self.replaced.notify_one();
        }
        Ok(changed)
    }

    /// Decides on a change while nobody else can make one, and keeps it. `Some` if there was one to keep.
    pub(crate) async fn change<T, E>(
        &self,
        decide: impl FnOnce(&BmcSettings) -> Result<(Option<BmcSettings>, T), E> + Send,
    ) -> Result<Option<T>, NotKept>
    where
        T: Send,
        E: Send,
    {
        let _gate = self.gate.lock().await;
        let Ok((Some(settings), told)) = decide(&self.present()) else { return Ok(None) };
        self.store.save(&self.node, &settings).await?;
        *self.lock() = Arc::new(settings);
        Ok(Some(told))
    }

    /// Waits until somebody beside the BMC has changed them. Cancel-safe.
    pub(crate) async fn replaced(&self) {
        self.replaced.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Arc<BmcSettings>> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
