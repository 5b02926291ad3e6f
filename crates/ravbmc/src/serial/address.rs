//! Where a console is, as a configuration says it.

use std::path::PathBuf;

use machine::NodeId;
use serde::{Deserialize, Serialize};

use super::ConsoleSocket;

/// Where the console of a node is. May hold `{name}` and `{id}`, which stand for the name and the id of the VM.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum ConsoleAddress {
    /// `none`: nowhere.
    None,
    /// `tcp://HOST:PORT`. Holds what comes after the slashes.
    Tcp(String),
    /// `unix:PATH`. Holds the path.
    Unix(String),
}

const EXPECTED: &str = "expected \"tcp://HOST:PORT\", \"unix:/PATH\" or \"none\"";

impl ConsoleAddress {
    /// The console of one node; `None` if it has none.
    ///
    /// # Errors
    /// In words, when the name of the VM cannot stand in an address, or makes none.
    pub(crate) fn of(&self, node: &NodeId, name: &str) -> Result<Option<ConsoleSocket>, String> {
        let fill_in = |template: &str| -> Result<String, String> {
            if template.contains(NAME) && !is_plain(name) {
                return Err(format!(
                    "the name {name:?} cannot stand in {self}: only letters, digits, dots, dashes and underscores can"
                ));
            }
            // The backend's id of a node ends with the id of its VM.
            let id = node.as_str().rsplit('/').next().unwrap_or_default();
            Ok(template.replace(NAME, name).replace(ID, id))
        };
        match self {
            Self::None => Ok(None),
            Self::Tcp(template) => {
                let authority = fill_in(template)?;
                let (host, port) = host_and_port(&authority)
                    .ok_or_else(|| format!("{authority:?} is no host and port; {EXPECTED}"))?;
                Ok(Some(ConsoleSocket::Tcp { host: host.to_owned(), port }))
            }
            Self::Unix(template) => Ok(Some(ConsoleSocket::Unix(PathBuf::from(fill_in(template)?)))),
        }
    }
}

impl TryFrom<String> for ConsoleAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let rest = text.replace(NAME, "").replace(ID, "");
        if rest.contains(['{', '}']) {
            return Err(format!("{text:?} is no console: only {NAME} and {ID} can stand in braces"));
        }
        let address = match (text.strip_prefix("tcp://"), text.strip_prefix("unix:")) {
            _ if text == "none" => Self::None,
            (Some(authority), _) => Self::Tcp(authority.trim_end_matches('/').to_owned()),
            (_, Some(path)) if path.starts_with('/') => Self::Unix(path.to_owned()),
            (None, _) => return Err(format!("{text:?} is no console; {EXPECTED}")),
        };
        // Whatever the placeholders stand for, the rest must make sense.
        match address.of(&NodeId::new("1"), "1") {
            Ok(_) => Ok(address),
            Err(_) => Err(format!("{text:?} is no console; {EXPECTED}")),
        }
    }
}

impl From<ConsoleAddress> for String {
    fn from(address: ConsoleAddress) -> Self {
        address.to_string()
    }
}

impl std::fmt::Display for ConsoleAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Tcp(authority) => write!(f, "tcp://{authority}"),
            Self::Unix(path) => write!(f, "unix:{path}"),
        }
    }
}

const NAME: &str = "{name}";
const ID: &str = "{id}";

/// Whether a name leads nowhere else than to its own node. People who may name VMs need not be those who may choose sockets.
fn is_plain(name: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
    !name.is_empty() && !name.starts_with('.') && name.chars().all(is_plain)
}

fn host_and_port(authority: &str) -> Option<(&str, u16)> {
    let (host, port) = authority.rsplit_once(':')?;
    let host = match host.strip_prefix('[') {
        Some(literal) => literal.strip_suffix(']')?,
        None => host,
    };
    let port = port.parse().ok().filter(|port| *port > 0)?;
    (!host.is_empty()).then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn socket(text: &str, node: &str, name: &str) -> Result<Option<ConsoleSocket>, String> {
        ConsoleAddress::try_from(text.to_owned())?.of(&NodeId::new(node), name)
    }

    fn tcp(host: &str, port: u16) -> Result<Option<ConsoleSocket>, String> {
        Ok(Some(ConsoleSocket::Tcp { host: host.to_owned(), port }))
    }

    #[test]
    fn placeholders_stand_for_the_name_and_the_id_of_the_vm() {
        let unix = |path: &str| Ok(Some(ConsoleSocket::Unix(PathBuf::from(path))));
        assert_eq!(socket("unix:/run/{id}.sock", "31/44", "n"), unix("/run/44.sock"));
        assert_eq!(socket("unix:/run/{name}/{id}", "31/44", "node-1"), unix("/run/node-1/44"));
        assert_eq!(socket("tcp://{name}.consoles:4000", "31/44", "node1"), tcp("node1.consoles", 4000));
        assert_eq!(socket("none", "31/44", "n"), Ok(None));
    }

    #[test]
    fn addresses_are_names_and_numbers() {
        assert_eq!(socket("tcp://127.0.0.1:4001", "1", "n"), tcp("127.0.0.1", 4001));
        assert_eq!(socket("tcp://[::1]:4001/", "1", "n"), tcp("::1", 4001));
    }

    #[test]
    fn what_is_no_console_is_refused_with_the_forms_that_are_expected() {
        for text in [
            "",
            "tcp:",
            "tcp://host",
            "tcp://:4000",
            "tcp://host:0",
            "tcp://host:70000",
            "unix:relative",
            "/a",
        ] {
            let error = socket(text, "1", "n").unwrap_err();
            assert!(error.contains("tcp://HOST:PORT") && error.contains("unix:/PATH"), "{text}: {error}");
        }
        let error = socket("unix:/run/{vm}.sock", "1", "n").unwrap_err();
        assert!(error.contains("{name}") && error.contains("{id}"), "{error}");
    }

    #[test]
    fn name_that_would_lead_elsewhere_is_refused() {
        for name in ["../other", "a/b", "", "..", "a b", "host:1"] {
            let error = socket("unix:/run/{name}.sock", "1", name).unwrap_err();
            assert!(error.contains("cannot stand in unix:/run/{name}.sock"), "{error}");
        }
        assert!(socket("unix:/run/{id}.sock", "1", "../other").is_ok(), "only where it stands");
    }

    #[test]
    fn address_is_written_as_it_was_read() {
        for text in ["none", "tcp://{name}:4000", "unix:/run/{id}.sock"] {
            assert_eq!(ConsoleAddress::try_from(text.to_owned()).unwrap().to_string(), text);
        }
    }
}
