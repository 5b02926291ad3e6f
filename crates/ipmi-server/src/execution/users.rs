//! The users (`IPMI 2.0 §22.26` to `§22.30`).
//!
//! What a console changes is kept, and holds for every login after the answer; where nothing is kept, or the operator wants the
//! configuration alone to rule, a change is refused with D6, unless it asks for what already holds. Who has what after
//! a change of the configuration is the business of [`crate::accounts`].
//!
//! Two changes are refused whoever asks: what no session could ever use (callbacks, OEM levels, limits on sessions), with CC,
//! and what would leave nobody who could log in as administrator and change it back, with D5.

use std::sync::Arc;

use ipmi_proto::command::app::{
    GetUserAccess, GetUserName, PaddedPassword, PasswordOperation, SetUserAccess, SetUserName,
    SetUserPassword, UserAccess, UserAccessFlags, UserState,
};
use ipmi_proto::crypto::Password;
use ipmi_proto::endpoint::UserTable;
use ipmi_proto::number::{CompletionCode, PrivilegeLevel, UserId, UserName};

use super::{Begun, Question, lan};
use crate::accounts::Accounts;
use crate::entropy::OsEntropy;
use crate::settings::{Account, AccountPassword, BmcSettings, KeptSettings, PasswordSize};

/// A change of what only the configuration may change.
pub(super) const REFUSED: CompletionCode = CompletionCode::SUBFUNCTION_DISABLED;

/// What a console can find out about the users, and change.
#[derive(Debug)]
pub(crate) struct Users {
    configured: Arc<UserTable>,
    /// Where changes are kept; `None` if there are to be none.
    kept: Option<Arc<KeptSettings>>,
    accounts: Accounts,
}

/// A request that changes a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum UserRequest {
    /// Set User Access.
    Access(SetUserAccess),
    /// Set User Name.
    Name(SetUserName),
    /// Set User Password, but for the test.
    Password(SetUserPassword),
}

impl Users {
    pub(super) fn new(configured: UserTable, kept: Option<Arc<KeptSettings>>) -> Self {
        let mut users =
            Self { accounts: Accounts::fixed(&configured), configured: Arc::new(configured), kept };
        users.reload();
        users
    }

    /// Takes over what is kept now.
    pub(super) fn reload(&mut self) {
        if let Some(kept) = &self.kept {
            self.accounts = Accounts::resolve(&self.configured, &kept.present().users);
        }
    }

    pub(crate) const fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// The users of the configuration.
    pub(crate) const fn configured(&self) -> &Arc<UserTable> {
        &self.configured
    }

    pub(super) fn access(&self, request: GetUserAccess) -> Result<UserAccess, CompletionCode> {
        lan::resolve(request.channel)?;
        let (_, user) = find(&self.accounts, request.user)?;
        let all: Vec<_> = self.accounts.iter().collect();
        let count = |users: usize| u8::try_from(users).unwrap_or(u8::MAX);
        Ok(UserAccess {
            last_user: self.accounts.last().get(),
            state: if user.enabled { UserState::Enabled } else { UserState::Disabled },
            enabled_users: count(all.iter().filter(|(_, user, _)| user.enabled).count()),
            // The null user's, and all of them where nothing can be changed.
            fixed_names: if self.kept.is_some() { 1 } else { self.accounts.last().get() },
            flags: UserAccessFlags::empty()
                .with_if(user.messaging, UserAccessFlags::IPMI_MESSAGING)
                .with_if(user.link_authentication, UserAccessFlags::LINK_AUTHENTICATION),
            limit: user.limit,
        })
    }

    pub(super) fn name(&self, request: GetUserName) -> Result<UserName, CompletionCode> {
        find(&self.accounts, request.user).map(|(_, user)| user.name)
    }

    pub(super) fn set_password(&self, request: SetUserPassword) -> Begun {
        match (request.operation, &request.password) {
            (PasswordOperation::TestPassword, Some(password)) => self.test(request.user, password).into(),
            _ => self.change(UserRequest::Password(request)),
        }
    }

    /// Checks a change, and asks for it to be kept.
    pub(super) fn change(&self, request: UserRequest) -> Begun {
        match (request.apply(&self.accounts), &self.kept) {
            (Err(completion_code), _) => completion_code.into(),
            (Ok(_), Some(_)) => Begun::Asked(Question::ChangeUser(request)),
            // To say that a password is the one that holds would be a test that leaves no trace of being one.
            (Ok(None), None) if !request.sets_password() => CompletionCode::NORMAL.into(),
            (Ok(_), None) => REFUSED.into(),
        }
    }

    fn test(&self, id: u8, candidate: &PaddedPassword) -> CompletionCode {
        let held = match find(&self.accounts, id) {
            Ok((_, user)) => user.password,
            Err(completion_code) => return completion_code,
        };
        let Some(held) = held else { return SetUserPassword::TEST_FAILED };
        let wrong_size = match (held.size, candidate) {
            (Some(size), _) => size != PasswordSize::of(candidate),
            (None, PaddedPassword::Sixteen(_)) => held.password.significant_len() > 16,
            (None, PaddedPassword::Twenty(_)) => false,
        };
        if wrong_size {
            SetUserPassword::WRONG_SIZE
        } else if held.password.is(candidate.expose()) {
            CompletionCode::NORMAL
        } else {
            SetUserPassword::TEST_FAILED
        }
    }
}

impl UserRequest {
    /// Which user.
    pub(crate) const fn user(&self) -> u8 {
        match self {
            Self::Access(request) => request.user,
            Self::Name(request) => request.user,
            Self::Password(request) => request.user,
        }
    }

    /// What it does, for the log.
    pub(crate) const fn what(&self) -> &'static str {
        match self {
            Self::Access(_) => "access",
            Self::Name(_) => "name",
            Self::Password(request) => match request.operation {
                PasswordOperation::DisableUser => "disabled",
                PasswordOperation::EnableUser => "enabled",
                PasswordOperation::SetPassword | PasswordOperation::TestPassword => "password",
            },
        }
    }

    const fn sets_password(&self) -> bool {
        matches!(self, Self::Password(SetUserPassword { operation: PasswordOperation::SetPassword, .. }))
    }

    /// The settings in which the request has been carried out; `None` if they are the ones that hold.
    pub(crate) fn settings(
        &self,
        configured: &UserTable,
        held: &BmcSettings,
    ) -> Result<Option<BmcSettings>, CompletionCode> {
        let before = Accounts::resolve(configured, &held.users);
        let Some((id, account)) = self.apply(&before)? else { return Ok(None) };
        let after = before.with(id, account);
        if before.have_administrator() && !after.have_administrator() {
            return Err(CompletionCode::NOT_SUPPORTED_IN_STATE);
        }
        Ok(Some(BmcSettings { users: after.to_kept(&mut OsEntropy), ..held.clone() }))
    }

    /// The user whom the request makes of the one there is; `None` if it asks for what already holds.
    fn apply(&self, accounts: &Accounts) -> Result<Option<(UserId, Account)>, CompletionCode> {
        let (id, before) = find(accounts, self.user())?;
        let after = match self {
            Self::Access(request) => with_access(before.clone(), request)?,
            Self::Name(request) => with_name(before.clone(), id, request.name, accounts)?,
            Self::Password(request) => with_password(before.clone(), request),
        };
        let same_size = |it: &Account| it.password.as_ref().and_then(|password| password.size);
        let holds = after.is_same(&before) && same_size(&after) == same_size(&before);
        Ok((!holds).then_some((id, after)))
    }
}

fn with_access(mut user: Account, request: &SetUserAccess) -> Result<Account, CompletionCode> {
    lan::resolve(request.channel)?;
    let known = request.limit == PrivilegeLevel::NO_ACCESS
        || request.limit.is_level() && request.limit <= PrivilegeLevel::ADMINISTRATOR;
    let callback_only = request.change_flags && request.flags.contains(UserAccessFlags::CALLBACK_ONLY);
    // Nobody can be called back, and how many sessions there may be is the same for all.
    if !known || callback_only || request.session_limit.is_some_and(|sessions| sessions != 0) {
        return Err(CompletionCode::INVALID_DATA_FIELD);
    }
    if request.change_flags {
        user.messaging = request.flags.contains(UserAccessFlags::IPMI_MESSAGING);
        user.link_authentication = request.flags.contains(UserAccessFlags::LINK_AUTHENTICATION);
    }
    user.limit = request.limit;
    Ok(user)
}

fn with_name(
    mut user: Account,
    id: UserId,
    name: UserName,
    accounts: &Accounts,
) -> Result<Account, CompletionCode> {
    if user.name == name {
        return Ok(user);
    }
    let is_taken = !name.is_empty() && accounts.named(&name).is_some();
    if id == UserId::NULL || is_taken || name.as_bytes().contains(&0) {
        return Err(CompletionCode::INVALID_DATA_FIELD);
    }
    if name.is_empty() {
        // Whoever gets this number next inherits nothing.
        return Ok(Account::unused());
    }
    // A user who could send no commands would be good for nothing here.
    user.messaging |= user.is_unused();
    user.name = name;
    Ok(user)
}

fn with_password(mut user: Account, request: &SetUserPassword) -> Account {
    match (request.operation, &request.password) {
        (PasswordOperation::DisableUser, _) => user.enabled = false,
        (PasswordOperation::EnableUser, _) => user.enabled = true,
        (PasswordOperation::SetPassword, Some(sent)) => {
            // A padded password is never too long for one.
            let password = Password::new(sent.expose()).ok().filter(|password| !password.is_null());
            let size = Some(PasswordSize::of(sent));
            user.password = password.map(|password| AccountPassword { password, size });
        }
        (PasswordOperation::SetPassword | PasswordOperation::TestPassword, _) => {}
    }
    user
}

fn find(accounts: &Accounts, id: u8) -> Result<(UserId, Account), CompletionCode> {
    let found = UserId::new(id).and_then(|id| Some((id, accounts.get(id)?)));
    found.ok_or(CompletionCode::PARAMETER_OUT_OF_RANGE)
}

impl PasswordSize {
    const fn of(sent: &PaddedPassword) -> Self {
        match sent {
            PaddedPassword::Sixteen(_) => Self::Sixteen,
            PaddedPassword::Twenty(_) => Self::Twenty,
        }
    }
}
