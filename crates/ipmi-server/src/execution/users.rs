//! The users (`IPMI 2.0 §22.26` to `§22.30`).
//!
//! They come from the configuration, which alone survives a restart. So a change over IPMI is refused with D6, unless it
//! asks for what already holds: nobody shall believe in a password that is gone tomorrow.

use ipmi_proto::command::app::{
    GetUserAccess, GetUserName, PaddedPassword, PasswordOperation, SetUserAccess, SetUserName,
    SetUserPassword, UserAccess, UserAccessFlags, UserState,
};
use ipmi_proto::crypto::Password;
use ipmi_proto::endpoint::{User, UserTable};
use ipmi_proto::number::{CompletionCode, PrivilegeLevel, UserId, UserName};

use super::lan;

/// What a console can find out about the users.
///
/// Id 1 belongs to the null user, whether or not the configuration has one; the others begin at 2.
#[derive(Debug)]
pub(super) struct Users(UserTable);

/// A change of what the configuration says.
const REFUSED: CompletionCode = CompletionCode::SUBFUNCTION_DISABLED;

impl Users {
    pub(super) fn new(mut users: UserTable) -> Self {
        if users.get(UserId::NULL).is_none() {
            let nobody = User {
                name: UserName::default(),
                password: Password::default(),
                limit: PrivilegeLevel::NO_ACCESS,
            };
            users.insert(UserId::NULL, nobody);
        }
        Self(users)
    }

    pub(super) fn access(&self, request: GetUserAccess) -> Result<UserAccess, CompletionCode> {
        lan::resolve(request.channel)?;
        let user = self.find(request.user)?;
        let count = |users: usize| u8::try_from(users).unwrap_or(u8::MAX);
        Ok(UserAccess {
            last_user: self.0.iter().map(|(id, _)| id.get()).max().unwrap_or_default(),
            state: if is_enabled(user) { UserState::Enabled } else { UserState::Disabled },
            enabled_users: count(self.0.iter().filter(|(_, user)| is_enabled(user)).count()),
            fixed_names: count(self.0.iter().count()),
            flags: flags_of(user),
            limit: user.limit,
        })
    }

    pub(super) fn set_access(&self, request: SetUserAccess) -> CompletionCode {
        let held = lan::resolve(request.channel).and_then(|_channel| self.find(request.user)).map(|user| {
            request.limit == user.limit
                && (!request.change_flags || request.flags == flags_of(user))
                && request.session_limit.is_none_or(|sessions| sessions == 0)
        });
        unless_held(held)
    }

    pub(super) fn name(&self, request: GetUserName) -> Result<UserName, CompletionCode> {
        self.find(request.user).map(|user| user.name)
    }

    pub(super) fn set_name(&self, request: SetUserName) -> CompletionCode {
        unless_held(self.find(request.user).map(|user| user.name == request.name))
    }

    pub(super) fn set_password(&self, request: &SetUserPassword) -> CompletionCode {
        let user = match self.find(request.user) {
            Ok(user) => user,
            Err(completion_code) => return completion_code,
        };
        let same = |password: &PaddedPassword| user.password.is(password.expose());
        match (request.operation, &request.password) {
            (PasswordOperation::DisableUser, _) => unless_held(Ok(!is_enabled(user))),
            (PasswordOperation::EnableUser, _) => unless_held(Ok(is_enabled(user))),
            // To say whether it is the one that holds would be a test that leaves no trace of being one.
            (PasswordOperation::SetPassword, _) => REFUSED,
            (PasswordOperation::TestPassword, Some(password)) if same(password) => CompletionCode::NORMAL,
            (PasswordOperation::TestPassword, Some(PaddedPassword::Sixteen(_)))
                if user.password.significant_len() > 16 =>
            {
                SetUserPassword::WRONG_SIZE
            }
            (PasswordOperation::TestPassword, _) => SetUserPassword::TEST_FAILED,
        }
    }

    fn find(&self, id: u8) -> Result<&User, CompletionCode> {
        UserId::new(id).and_then(|id| self.0.get(id)).ok_or(CompletionCode::PARAMETER_OUT_OF_RANGE)
    }
}

const fn is_enabled(user: &User) -> bool {
    user.limit.is_level()
}

const fn flags_of(user: &User) -> UserAccessFlags {
    UserAccessFlags::empty().with_if(is_enabled(user), UserAccessFlags::IPMI_MESSAGING)
}

/// Refuses a change, unless what is asked for holds already.
const fn unless_held(held: Result<bool, CompletionCode>) -> CompletionCode {
    match held {
        Ok(true) => CompletionCode::NORMAL,
        Ok(false) => REFUSED,
        Err(completion_code) => completion_code,
    }
}
