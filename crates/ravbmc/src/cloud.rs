//! The client of the cloud that a configuration names.

use anyhow::{Context, Result};
use ravello::{Authentication, Client, ClientSettings, Credentials, EphemeralToken, Writes};
use secrecy::SecretString;

use crate::configuration::{self, Cloud};
use crate::secret::SecretSource;

/// Makes the client. Nothing is sent yet.
pub(crate) fn client(cloud: &Cloud, writes: Writes) -> Result<Client> {
    let read = |source: &Option<SecretSource>, what: &str| -> Result<SecretString> {
        source.as_ref().with_context(|| format!("{what} is missing"))?.read(what)
    };
    let credentials = || -> Result<Credentials> {
        let user = cloud.username.as_deref().unwrap_or_default();
        Credentials::new(user, read(&cloud.password, "[cloud] password")?).context("[cloud] username")
    };
    let authentication = match cloud.authentication {
        configuration::Authentication::Basic => Authentication::Basic(credentials()?),
        configuration::Authentication::Cookie => Authentication::Session(credentials()?),
        configuration::Authentication::Token => {
            let token = EphemeralToken::new(read(&cloud.token, "[cloud] token")?).context("[cloud] token")?;
            Authentication::EphemeralToken(token)
        }
    };
    let mut settings = ClientSettings::new(cloud.base_url.as_str(), authentication);
    settings.connect_timeout = cloud.connect_timeout;
    settings.request_timeout = cloud.request_timeout;
    settings.writes = writes;
    Client::new(settings).context("[cloud]")
}
