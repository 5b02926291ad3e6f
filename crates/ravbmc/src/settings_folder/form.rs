//! The stored form: JSON, with the version of the format in front, bytes in hexadecimal digits.

use anyhow::{Context, Result, bail};
use ipmi_proto::crypto::{Password, PasswordMark};
use ipmi_proto::number::{PrivilegeLevel, UserId, UserName};
use ipmi_server::BmcSettings;
use ipmi_server::settings::{Account, AccountPassword, ConfiguredEntry, PasswordSize, UserChange};
use machine::NodeId;
use serde::{Deserialize, Serialize};

/// The version that this program writes and reads.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct SettingsForm {
    version: u32,
    node: NodeId,
    #[serde(default)]
    users: Vec<UserForm>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    channel_limit: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asset_tag: Option<Bytes>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    controller_id: Option<Bytes>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct UserForm {
    id: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    configured: Option<EntryForm>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<AccountForm>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct EntryForm {
    name: Bytes,
    limit: u8,
    salt: Bytes,
    hash: Bytes,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct AccountForm {
    name: Bytes,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password: Option<Bytes>,
    /// 16 or 20; none for the configured one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password_size: Option<u8>,
    enabled: bool,
    messaging: bool,
    link_authentication: bool,
    limit: u8,
}

/// Hexadecimal digits.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Bytes(String);

impl Bytes {
    fn of(bytes: &[u8]) -> Self {
        Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    fn read(&self) -> Result<Vec<u8>> {
        let (pairs, rest) = self.0.as_bytes().as_chunks::<2>();
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let byte = |[high, low]: &[u8; 2]| Some(digit(*high)? << 4 | digit(*low)?);
        match pairs.iter().map(byte).collect::<Option<Vec<u8>>>() {
            Some(bytes) if rest.is_empty() => Ok(bytes),
            _ => bail!("expected pairs of hexadecimal digits"),
        }
    }

    fn array<const N: usize>(&self) -> Result<[u8; N]> {
        self.read()?.try_into().ok().with_context(|| format!("expected {N} bytes"))
    }
}

impl SettingsForm {
    pub(super) fn of(node: &NodeId, settings: &BmcSettings) -> Self {
        Self {
            version: VERSION,
            node: node.clone(),
            users: settings.users.iter().map(UserForm::of).collect(),
            channel_limit: settings.channel_limit.map(|limit| limit.0),
            asset_tag: settings.asset_tag.as_deref().map(Bytes::of),
            controller_id: settings.controller_id.as_deref().map(Bytes::of),
        }
    }

    pub(super) fn read(&self) -> Result<(NodeId, BmcSettings)> {
        if self.version != VERSION {
            bail!("it has format {}; this version reads {VERSION}", self.version);
        }
        let settings = BmcSettings {
            users: self.users.iter().map(UserForm::read).collect::<Result<_>>()?,
            channel_limit: self.channel_limit.map(level).transpose()?,
            asset_tag: self.asset_tag.as_ref().map(Bytes::read).transpose()?,
            controller_id: self.controller_id.as_ref().map(Bytes::read).transpose()?,
        };
        Ok((self.node.clone(), settings))
    }
}

impl UserForm {
    fn of(change: &UserChange) -> Self {
        Self {
            id: change.id.get(),
            configured: change.entry.as_ref().map(|entry| EntryForm {
                name: Bytes::of(entry.name.as_bytes()),
                limit: entry.limit.0,
                salt: Bytes::of(&entry.password.salt),
                hash: Bytes::of(&entry.password.hash),
            }),
            account: change.account.as_ref().map(AccountForm::of),
        }
    }

    fn read(&self) -> Result<UserChange> {
        let entry = |entry: &EntryForm| -> Result<ConfiguredEntry> {
            Ok(ConfiguredEntry {
                name: UserName::new(&entry.name.read()?)?,
                limit: level(entry.limit)?,
                password: PasswordMark { salt: entry.salt.array()?, hash: entry.hash.array()? },
            })
        };
        Ok(UserChange {
            id: UserId::new(self.id).with_context(|| format!("there is no user {}", self.id))?,
            entry: self.configured.as_ref().map(entry).transpose()?,
            account: self.account.as_ref().map(AccountForm::read).transpose()?,
        })
    }
}

impl AccountForm {
    fn of(account: &Account) -> Self {
        let password = account.password.as_ref();
        Self {
            name: Bytes::of(account.name.as_bytes()),
            password: password.map(|it| Bytes::of(it.password.expose())),
            password_size: password.and_then(|it| it.size).map(|size| match size {
                PasswordSize::Sixteen => 16,
                PasswordSize::Twenty => 20,
            }),
            enabled: account.enabled,
            messaging: account.messaging,
            link_authentication: account.link_authentication,
            limit: account.limit.0,
        }
    }

    fn read(&self) -> Result<Account> {
        let size = match self.password_size {
            None => None,
            Some(16) => Some(PasswordSize::Sixteen),
            Some(20) => Some(PasswordSize::Twenty),
            Some(other) => bail!("a password of {other} bytes"),
        };
        let password = |bytes: &Bytes| -> Result<AccountPassword> {
            Ok(AccountPassword { password: Password::new(&bytes.read()?)?, size })
        };
        Ok(Account {
            name: UserName::new(&self.name.read()?)?,
            password: self.password.as_ref().map(password).transpose()?,
            enabled: self.enabled,
            messaging: self.messaging,
            link_authentication: self.link_authentication,
            limit: level(self.limit)?,
        })
    }
}

fn level(number: u8) -> Result<PrivilegeLevel> {
    let level = PrivilegeLevel(number);
    if level.is_level() || level == PrivilegeLevel::NO_ACCESS {
        Ok(level)
    } else {
        bail!("there is no privilege level {number}")
    }
}
