//! Who may log in to the BMCs, and how: from the configuration to an endpoint's.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use ipmi_proto::crypto::{CipherSuite, Kg, PacketKey, Password};
use ipmi_proto::endpoint::{EndpointConfig, GuardLimits, User};
use ipmi_proto::number::{CipherSuiteId, Guid, PrivilegeLevel, SessionV15Algorithm, UserName};
use secrecy::{ExposeSecret, SecretString};

use crate::configuration::{AuthenticationType, Bmc, BmcUser, UserPrivilege};
use crate::secret;

/// The generated password in the state directory.
pub(crate) const PASSWORD_FILE: &str = "bmc-password";

/// The user that there is where the configuration names none.
pub(crate) const DEFAULT_USER: &str = "admin";

/// What the BMCs have in common, without a GUID, and the file of the password if one had to be made. Warns of everything that
/// the configuration weakens.
pub(crate) fn endpoint(bmc: &Bmc, state_dir: &Path) -> Result<(EndpointConfig, Option<PathBuf>)> {
    let (users, generated) = users(bmc, state_dir)?;
    let mut config = EndpointConfig::new(Guid([0; 16]), users);
    config.cipher_suites = bmc.cipher_suites.iter().copied().map(CipherSuiteId).collect();
    if let Some(source) = &bmc.kg {
        config.kg = Some(kg(&source.read(Bmc::KG_KEY)?).context(Bmc::KG_KEY)?);
    }
    config.ipmi_1_5 = bmc
        .ipmi_1_5
        .iter()
        .map(|kind| match kind {
            AuthenticationType::Md5 => SessionV15Algorithm::MD5,
            AuthenticationType::Md2 => SessionV15Algorithm::MD2,
            AuthenticationType::Password => SessionV15Algorithm::PASSWORD,
            AuthenticationType::None => SessionV15Algorithm::NONE,
        })
        .collect();
    if !config.ipmi_1_5.is_empty() {
        let too_long = config
            .users
            .iter()
            .map(|(_, user)| user)
            .filter(|user| user.password.significant_len() > PacketKey::LONGEST_PASSWORD);
        for user in too_long {
            tracing::warn!(user.name = %user.name, "the password has more than 16 bytes: no IPMI 1.5 for this user");
        }
    }
    config.hide_users = bmc.hide_users;
    config.guard = GuardLimits {
        rate: bmc.requests_per_second,
        burst: bmc.requests_per_second.saturating_mul(4),
        free_failures: bmc.free_login_failures,
        longest_pause: bmc.longest_lockout,
        ..GuardLimits::DEFAULT
    };
    for weakness in weaknesses(bmc) {
        tracing::warn!("{weakness}");
    }
    Ok((config, generated))
}

/// One user of the BMCs.
pub(crate) fn user(name: &str, password: &SecretString, privilege: UserPrivilege) -> Result<User> {
    Ok(User {
        name: UserName::new(name.as_bytes()).with_context(|| format!("BMC user {name:?}"))?,
        password: Password::new(password.expose_secret().as_bytes())
            .with_context(|| format!("the password of the BMC user {name:?}"))?,
        limit: match privilege {
            UserPrivilege::Callback => PrivilegeLevel::CALLBACK,
            UserPrivilege::User => PrivilegeLevel::USER,
            UserPrivilege::Operator => PrivilegeLevel::OPERATOR,
            UserPrivilege::Administrator => PrivilegeLevel::ADMINISTRATOR,
        },
    })
}

/// The key Kg: text of up to 20 bytes, or `0x` and up to 40 hexadecimal digits.
pub(crate) fn kg(text: &SecretString) -> Result<Kg> {
    let text = text.expose_secret();
    let kg = match text.strip_prefix("0x") {
        Some(digits) => kg_of_digits(digits)?,
        None => Kg::new(text.as_bytes())?,
    };
    if kg.is_null() {
        bail!("the key is all zero, which means that there is none");
    }
    Ok(kg)
}

/// The key Kg in hexadecimal digits, as clients take it.
pub(crate) fn kg_hexadecimal(text: &SecretString) -> Result<SecretString> {
    kg(text)?;
    let digits = match text.expose_secret().strip_prefix("0x") {
        Some(digits) => digits.to_ascii_lowercase(),
        None => text.expose_secret().bytes().map(|byte| format!("{byte:02x}")).collect(),
    };
    Ok(SecretString::from(digits))
}

/// The key Kg from hexadecimal digits.
pub(crate) fn kg_of_digits(digits: &str) -> Result<Kg> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let [high, low] = pair.map(digit);
        Some(high? << 4 | low?)
    };
    match pairs.iter().map(byte).collect::<Option<Vec<u8>>>() {
        Some(bytes) if rest.is_empty() => Ok(Kg::new(&bytes)?),
        _ => bail!("expected pairs of hexadecimal digits"),
    }
}

/// The users of the BMCs, and the file of the password if one had to be made.
fn users(bmc: &Bmc, state_dir: &Path) -> Result<(Vec<User>, Option<PathBuf>)> {
    if bmc.users.is_empty() {
        crate::daemon::create_state_dir(state_dir)?;
        let file = state_dir.join(PASSWORD_FILE);
        let password = secret::read_or_generate(&file, "the password of the BMCs")?;
        return Ok((vec![user(DEFAULT_USER, &password, UserPrivilege::Administrator)?], Some(file)));
    }
    let read = |each: &BmcUser| user(&each.name, &each.password.read(&each.password_key())?, each.privilege);
    Ok((bmc.users.iter().map(read).collect::<Result<_>>()?, None))
}

/// What the configuration makes weaker than the default, a sentence each.
fn weaknesses(bmc: &Bmc) -> Vec<String> {
    let suite = |id: &u8| {
        let weakness = CipherSuite::by_id(CipherSuiteId(*id))?.weakness()?;
        Some(format!("cipher suite {id} is enabled: it {weakness}"))
    };
    let old = |kind: &AuthenticationType| {
        let (name, weakness) = match kind {
            AuthenticationType::Md5 => ("md5", "signs with MD5 and the password, and encrypts nothing"),
            AuthenticationType::Md2 => ("md2", "signs with MD2 and the password, and encrypts nothing"),
            AuthenticationType::Password => ("password", "sends the password in the clear in every packet"),
            AuthenticationType::None => {
                ("none", "checks no password: whoever knows a user name has that user's rights")
            }
        };
        format!("IPMI 1.5 with {name} is enabled: it {weakness}")
    };
    let hiding_fails = bmc.hide_users && bmc.cipher_suites.contains(&0);
    let no_hiding = hiding_fails.then(|| "hide-users hides nobody from cipher suite 0".to_owned());
    bmc.cipher_suites.iter().filter_map(suite).chain(bmc.ipmi_1_5.iter().map(old)).chain(no_hiding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Result<Kg, String> {
        kg(&SecretString::from(text)).map_err(|error| error.to_string())
    }

    #[test]
    fn kg_is_text_or_hexadecimal_digits_of_up_to_20_bytes() {
        for good in ["k", "twenty bytes of text", "0x00ff", "0x0102030405060708090a0b0c0d0e0f1011121314"] {
            assert!(key(good).is_ok(), "{good}");
        }
        for bad in [
            "twenty-one bytes here",
            "0x1",
            "0xzz",
            "0x0000",
            "",
            "0x01020304050607080910111213141516171819202122",
        ] {
            assert!(key(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn clients_get_kg_in_hexadecimal_digits() {
        for (text, digits) in [("0x00FF", "00ff"), ("Az", "417a")] {
            assert_eq!(kg_hexadecimal(&SecretString::from(text)).unwrap().expose_secret(), digits);
        }
        assert!(kg_hexadecimal(&SecretString::from("0x")).is_err());
    }

    #[test]
    fn every_suite_but_3_and_17_is_warned_about() {
        let bmc = |suites: &[u8]| Bmc { cipher_suites: suites.to_vec(), ..Bmc::default() };
        assert_eq!(weaknesses(&Bmc::default()), Vec::<String>::new());
        let weak = [0, 1, 2, 6, 7, 8, 11, 12, 15, 16];
        let warnings = weaknesses(&bmc(&weak));
        assert_eq!(warnings.len(), weak.len());
        let kinds = vec![AuthenticationType::Md5, AuthenticationType::None];
        let old = weaknesses(&Bmc { ipmi_1_5: kinds, hide_users: true, ..bmc(&[0, 17]) });
        assert_eq!(old.len(), 4);
        assert!(old[1].starts_with("IPMI 1.5 with md5 is enabled: it signs with MD5"), "{old:?}");
        assert_eq!(old[3], "hide-users hides nobody from cipher suite 0");
        assert_eq!(
            warnings[0],
            "cipher suite 0 is enabled: it checks no password: whoever knows a user name has that user's rights"
        );
        assert_eq!(
            warnings[9],
            "cipher suite 16 is enabled: it does not encrypt: everybody on the way can read along"
        );
    }
}
