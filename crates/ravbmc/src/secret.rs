//! Secrets: where they are read from, and how they are made.
//!
//! A configuration names the place of a secret, never the secret itself.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// Where a secret is read from.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(
    rename_all = "kebab-case",
    expecting = "one of { file = \"…\" }, { env = \"…\" }, { credential = \"…\" }"
)]
pub(crate) enum SecretSource {
    /// The first line of a file.
    File(PathBuf),
    /// An environment variable.
    Env(String),
    /// A credential that systemd hands to the service (`LoadCredential=`).
    Credential(String),
}

impl SecretSource {
    /// Reads the secret. `what` names it in errors.
    pub(crate) fn read(&self, what: &str) -> Result<SecretString> {
        match self {
            Self::File(path) => read_file(path, what),
            Self::Env(name) => match std::env::var(name) {
                Ok(secret) => Ok(SecretString::from(secret)),
                Err(_) => bail!("{what}: the environment variable {name} is not set"),
            },
            Self::Credential(name) => {
                let folder = std::env::var_os("CREDENTIALS_DIRECTORY").with_context(|| {
                    format!("{what}: systemd gave no credentials; the unit needs LoadCredential={name}:…")
                })?;
                read_file(&Path::new(&folder).join(name), what)
            }
        }
    }
}

fn read_file(path: &Path, what: &str) -> Result<SecretString> {
    let text = fs::read_to_string(path).with_context(|| format!("{what}: cannot read {}", path.display()))?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        bail!("{what}: the first line of {} is empty", path.display());
    }
    if fs::metadata(path).is_ok_and(|data| data.permissions().mode() & 0o007 != 0) {
        tracing::warn!(file = %path.display(), "everybody on this machine can read {what}; consider chmod 0600");
    }
    Ok(SecretString::from(line))
}

/// Reads the secret in `path`, or makes one and keeps it there for its owner only.
pub(crate) fn read_or_generate(path: &Path, what: &str) -> Result<SecretString> {
    if path.exists() {
        return read_file(path, what);
    }
    let secret = generate()?;
    write_file(path, &secret)?;
    Ok(secret)
}

/// Writes a secret to a file that only its owner can read.
pub(crate) fn write_file(path: &Path, secret: &SecretString) -> Result<()> {
    let write = || -> std::io::Result<()> {
        let mut file =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
        writeln!(file, "{}", secret.expose_secret())?;
        file.sync_all()
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// A new random secret: 16 characters with 80 bits, short enough for the 16 bytes of an IPMI 1.5 password.
pub(crate) fn generate() -> Result<SecretString> {
    /// Without characters that look alike.
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut random = [0_u8; 16];
    getrandom::fill(&mut random).context("the operating system gave no random numbers")?;
    let secret: String = random
        .iter()
        .filter_map(|byte| ALPHABET.get(usize::from(byte % 32)).copied().map(char::from))
        .collect();
    Ok(SecretString::from(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_secrets_are_16_characters_and_differ() {
        let (one, two) = (generate().unwrap(), generate().unwrap());
        assert_eq!(one.expose_secret().len(), 16);
        assert_ne!(one.expose_secret(), two.expose_secret());
    }

    #[test]
    fn a_generated_secret_is_kept_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bmc-password");
        let first = read_or_generate(&path, "the password").unwrap();
        let again = read_or_generate(&path, "the password").unwrap();
        assert_eq!(first.expose_secret(), again.expose_secret());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_missing_secret_is_named() {
        let error =
            SecretSource::Env("RAVBMC_NO_SUCH_VARIABLE".to_owned()).read("[cloud] password").unwrap_err();
        assert_eq!(
            error.to_string(),
            "[cloud] password: the environment variable RAVBMC_NO_SUCH_VARIABLE is not set"
        );
    }
}
