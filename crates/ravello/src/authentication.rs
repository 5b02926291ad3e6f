//! Who we are to the service (`ravello-api.md §3`).

use std::fmt;

use reqwest::RequestBuilder;
use reqwest::header::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

const EPHEMERAL_TOKEN: HeaderName = HeaderName::from_static("x-ephemeral-token-authorization");

/// How to prove who we are. Secrets are wiped on drop and do not show in `Debug`.
#[derive(Clone, Debug)]
pub enum Authentication {
    /// Name and password with every request: no session, nothing that expires. The default choice.
    Basic(Credentials),
    /// Log in once, then a cookie; log in again, once per request, when the service has forgotten it.
    Session(Credentials),
    /// A token that carries its own permissions and expires.
    EphemeralToken(EphemeralToken),
}

/// A user's name and password.
#[derive(Clone)]
pub struct Credentials {
    user: String,
    password: SecretString,
}

/// An ephemeral access token.
#[derive(Clone, Debug)]
pub struct EphemeralToken(SecretString);

/// A name or token that the protocol cannot carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// The user's name is empty, or holds a colon or control character; Basic authentication has no way to say
    /// that.
    #[error("the user name is empty or has a colon or a control character in it")]
    UserName,
    /// The token is empty or cannot be sent in a header.
    #[error("the token is empty or has a character in it that a header cannot carry")]
    Token,
}

impl Credentials {
    /// A user of the service, or of an identity domain (`domain/user`).
    ///
    /// # Errors
    /// [`Unusable::UserName`].
    pub fn new(user: impl Into<String>, password: SecretString) -> Result<Self, Unusable> {
        let user = user.into();
        if user.is_empty() || user.chars().any(|each| each == ':' || each.is_control()) {
            return Err(Unusable::UserName);
        }
        Ok(Self { user, password })
    }

    /// A user of an identity domain.
    ///
    /// # Errors
    /// [`Unusable::UserName`].
    pub fn in_domain(domain: &str, user: &str, password: SecretString) -> Result<Self, Unusable> {
        Self::new(format!("{domain}/{user}"), password)
    }

    pub(crate) fn sign(&self, request: RequestBuilder) -> RequestBuilder {
        request.basic_auth(&self.user, Some(self.password.expose_secret()))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

impl EphemeralToken {
    /// Takes a token.
    ///
    /// # Errors
    /// [`Unusable::Token`].
    pub fn new(token: SecretString) -> Result<Self, Unusable> {
        match HeaderValue::from_str(token.expose_secret()) {
            Ok(value) if !value.is_empty() => Ok(Self(token)),
            _ => Err(Unusable::Token),
        }
    }

    pub(crate) fn sign(&self, request: RequestBuilder) -> RequestBuilder {
        match HeaderValue::from_str(self.0.expose_secret()) {
            Ok(mut value) => {
                value.set_sensitive(true);
                request.header(EPHEMERAL_TOKEN, value)
            }
            // Unreachable after `new`; the service answers 401 to a request without it.
            Err(_) => request,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Authentication, Credentials, EphemeralToken, Unusable};

    #[test]
    fn secrets_do_not_show_in_debug() {
        let credentials = Credentials::in_domain("lab", "operator", "s3cret-word".into()).unwrap();
        let token = EphemeralToken::new("s3cret-word".into()).unwrap();
        for each in [
            Authentication::Basic(credentials.clone()),
            Authentication::Session(credentials),
            Authentication::EphemeralToken(token),
        ] {
            let shown = format!("{each:?} {each:#?}");
            assert!(!shown.contains("s3cret"), "{shown}");
        }
    }

    #[test]
    fn names_that_basic_authentication_cannot_carry_are_refused() {
        for name in ["", "a:b", "a\nb", "domain/a:b"] {
            assert_eq!(Credentials::new(name, "p".into()).err(), Some(Unusable::UserName), "{name:?}");
        }
        assert!(Credentials::new("domain/someone@example", "p".into()).is_ok());
    }

    #[test]
    fn tokens_that_a_header_cannot_carry_are_refused() {
        for token in ["", "a\nb", "a\u{7f}"] {
            assert_eq!(EphemeralToken::new(token.into()).err(), Some(Unusable::Token), "{token:?}");
        }
    }
}
