//! Who may ask: Basic credentials, login sessions, ephemeral tokens (`ravello-api.md §3`).

use std::collections::HashMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};
use subtle::ConstantTimeEq as _;

use crate::clock::Timestamp;
use crate::cloud::Library;
use crate::document::number::integer;
use crate::id::IdSource;

/// The cookie of a login session.
pub(crate) const SESSION_COOKIE: &str = "JSESSIONID";

/// The header of an ephemeral token.
pub(crate) const TOKEN_HEADER: &str = "x-ephemeral-token-authorization";

/// The one user, and the sessions that are open.
pub(crate) struct Access {
    username: String,
    password: SecretString,
    sessions: HashMap<String, Timestamp>,
}

/// Neither the password nor a session is shown.
impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").field("username", &self.username).finish_non_exhaustive()
    }
}

/// What a request brings along to be let in.
#[derive(Clone, Copy, Default)]
pub(crate) struct Evidence<'a> {
    pub(crate) authorization: Option<&'a str>,
    pub(crate) cookie: Option<&'a str>,
    pub(crate) token: Option<&'a str>,
}

/// How a request was let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admitted {
    AsUser,
    ByToken,
}

/// How many sessions are kept; the oldest go first. Clients log in and never out.
const SESSIONS_KEPT: usize = 10_000;

impl Access {
    pub(crate) fn new(username: String, password: SecretString) -> Self {
        Self { username, password, sessions: HashMap::new() }
    }

    pub(crate) fn username(&self) -> &str {
        &self.username
    }

    /// Lets a request in, or not.
    pub(crate) fn admit(
        &self,
        evidence: Evidence<'_>,
        library: &Library,
        now: Timestamp,
    ) -> Option<Admitted> {
        if let Some(token) = evidence.token {
            return token_is_valid(token, library, now).then_some(Admitted::ByToken);
        }
        if self.knows(evidence) || evidence.cookie.is_some_and(|cookie| self.sessions.contains_key(cookie)) {
            return Some(Admitted::AsUser);
        }
        None
    }

    /// Whether the credentials themselves are there and right: what a login needs.
    pub(crate) fn knows(&self, evidence: Evidence<'_>) -> bool {
        let Some((username, password)) = evidence.authorization.and_then(basic_credentials) else {
            return false;
        };
        // A user may be named with the identity domain in front.
        let without_domain = username.rsplit_once('/').map_or(username.as_str(), |(_, user)| user);
        let user_is_known = same(&username, &self.username) | same(without_domain, &self.username);
        user_is_known & same(&password, self.password.expose_secret())
    }

    /// Opens a session and returns the value of its cookie.
    pub(crate) fn open_session(&mut self, ids: &mut IdSource, now: Timestamp) -> String {
        if self.sessions.len() >= SESSIONS_KEPT {
            let oldest = self.sessions.iter().min_by_key(|(_, opened)| **opened).map(|(id, _)| id.clone());
            if let Some(oldest) = oldest {
                self.sessions.remove(&oldest);
            }
        }
        let session = ids.secret();
        self.sessions.insert(session.clone(), now);
        session
    }

    pub(crate) fn close_session(&mut self, cookie: &str) {
        self.sessions.remove(cookie);
    }

    /// Ends every session, as a restart of the service would.
    pub(crate) fn close_all_sessions(&mut self) {
        self.sessions.clear();
    }
}

fn token_is_valid(token: &str, library: &Library, now: Timestamp) -> bool {
    let lives = |known: &&Map<String, Value>| {
        known.get("expirationTime").and_then(integer).is_none_or(|until| until > now.as_millis())
    };
    let mut known = library.tokens.all().iter().filter(lives);
    known.any(|known| known.get("token").and_then(Value::as_str).is_some_and(|known| same(known, token)))
}

/// User and password of an `Authorization` header; `BASIC` and `Basic:` are taken for `Basic`, as the
/// service did.
fn basic_credentials(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.trim().split_once(' ')?;
    if !scheme.trim_end_matches(':').eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = STANDARD.decode(encoded.trim()).ok()?;
    let (user, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

fn same(left: &str, right: &str) -> bool {
    left.as_bytes().ct_eq(right.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::switches::IdSize;

    fn access() -> Access {
        Access::new("somebody".to_owned(), "pass:word".into())
    }

    fn authorization(scheme: &str, credentials: &str) -> String {
        format!("{scheme} {}", STANDARD.encode(credentials))
    }

    fn admits(header: &str) -> bool {
        let evidence = Evidence { authorization: Some(header), ..Evidence::default() };
        access().admit(evidence, &Library::default(), Timestamp::default()).is_some()
    }

    #[test]
    fn basic_credentials_are_accepted_with_sloppy_schemes() {
        for scheme in ["Basic", "BASIC", "basic", "Basic:"] {
            assert!(admits(&authorization(scheme, "somebody:pass:word")), "{scheme}");
        }
        assert!(!admits(&authorization("Bearer", "somebody:pass:word")));
    }

    #[test]
    fn user_may_be_named_with_an_identity_domain() {
        assert!(admits(&authorization("Basic", "domain/somebody:pass:word")));
        assert!(!admits(&authorization("Basic", "domain/other:pass:word")));
    }

    #[test]
    fn wrong_or_broken_credentials_are_refused() {
        for header in ["", "Basic", "Basic !!", "Basic c29tZWJvZHk="] {
            assert!(!admits(header), "{header:?}");
        }
        assert!(!admits(&authorization("Basic", "somebody:wrong")));
    }

    #[test]
    fn session_lives_until_it_is_closed() {
        let mut access = access();
        let cookie = access.open_session(&mut IdSource::new(1), Timestamp::default());
        let evidence = Evidence { cookie: Some(&cookie), ..Evidence::default() };
        let admitted = |access: &Access| access.admit(evidence, &Library::default(), Timestamp::default());
        assert_eq!(admitted(&access), Some(Admitted::AsUser));
        access.close_session(&cookie);
        assert_eq!(admitted(&access), None);
    }

    #[test]
    fn token_dies_with_its_expiration_and_a_wrong_one_is_refused_beside_good_credentials() {
        let mut library = Library::new(&mut IdSource::new(1), IdSize::Realistic, Timestamp::default());
        library.tokens =
            serde_json::from_str(r#"[{"id": 1, "token": "T", "expirationTime": "5000"}]"#).unwrap();
        let header = authorization("Basic", "somebody:pass:word");
        let admitted = |token, millis| {
            let evidence = Evidence { authorization: Some(&header), cookie: None, token: Some(token) };
            access().admit(evidence, &library, Timestamp::from_millis(millis))
        };
        assert_eq!(admitted("T", 4999), Some(Admitted::ByToken));
        assert_eq!(admitted("T", 5000), None);
        assert_eq!(admitted("U", 0), None);
    }
}
