//! The recorded conversations as they are on disk, with what was derived from them by an independent program.

use ipmi_proto::crypto::{Kg, Password};
use serde::Deserialize;

/// One conversation. Fields that begin with `server_` say how the recorded server was set up where that differs from what the
/// client was told.
#[derive(Deserialize)]
pub(crate) struct Capture {
    pub(crate) name: String,
    pub(crate) client: String,
    pub(crate) server: String,
    pub(crate) cipher_suite: Option<u8>,
    pub(crate) username: Option<String>,
    password: Option<String>,
    kg: Option<String>,
    pub(crate) server_password: Option<String>,
    pub(crate) server_kg: Option<String>,
    #[serde(default)]
    pub(crate) server_password_unknown: bool,
    #[serde(default)]
    pub(crate) server_forces_suite: bool,
    #[serde(default)]
    pub(crate) rakp3_wrong: bool,
    pub(crate) packets: Vec<Packet>,
    pub(crate) derived: Derived,
}

/// One datagram.
#[derive(Deserialize)]
pub(crate) struct Packet {
    pub(crate) dir: Direction,
    #[serde(rename = "hex", deserialize_with = "from_hex")]
    pub(crate) bytes: Vec<u8>,
    #[serde(default)]
    pub(crate) lost: bool,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Direction {
    C2s,
    S2c,
}

/// What the packets mean; one entry for each of them, in their order.
#[derive(Deserialize)]
pub(crate) struct Derived {
    pub(crate) packets: Vec<DerivedPacket>,
    #[serde(default)]
    pub(crate) sessions: Vec<DerivedSession>,
}

#[derive(Deserialize)]
pub(crate) struct DerivedPacket {
    pub(crate) kind: String,
    pub(crate) sid: Option<u32>,
    pub(crate) status: Option<u8>,
    pub(crate) iv: Option<String>,
    pub(crate) plain: Option<String>,
    pub(crate) ipmi: Option<DerivedMessage>,
    pub(crate) sol: Option<DerivedSol>,
}

/// One IPMI message; `cc` in responses only.
#[derive(Deserialize)]
pub(crate) struct DerivedMessage {
    pub(crate) netfn: u8,
    pub(crate) cmd: u8,
    pub(crate) rqseq: u8,
    pub(crate) cc: Option<u8>,
    pub(crate) data: String,
}

/// One packet of Serial over LAN.
#[derive(Deserialize)]
pub(crate) struct DerivedSol {
    pub(crate) seq: u8,
    pub(crate) ack: u8,
    pub(crate) accepted: u8,
    pub(crate) flags: u8,
    pub(crate) data: String,
}

/// One login over RMCP+, as far as it came.
#[derive(Deserialize)]
pub(crate) struct DerivedSession {
    pub(crate) console_sid: u32,
    pub(crate) bmc_sid: Option<u32>,
    pub(crate) auth_alg: u8,
    pub(crate) integrity_alg: u8,
    pub(crate) conf_alg: u8,
    pub(crate) open_status: Option<u8>,
    pub(crate) rm: Option<String>,
    pub(crate) role: Option<u8>,
    pub(crate) username: Option<String>,
    pub(crate) rc: Option<String>,
    pub(crate) guid: Option<String>,
    pub(crate) rakp2_hmac: Option<String>,
    pub(crate) rakp3_hmac: Option<String>,
    pub(crate) sik: Option<String>,
    pub(crate) k1: Option<String>,
    pub(crate) k2: Option<String>,
    pub(crate) rakp4_icv: Option<String>,
    pub(crate) rakp4_status: Option<u8>,
}

fn from_hex<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    hex::decode(text).map_err(serde::de::Error::custom)
}

impl Capture {
    /// All of them, in the order of their names.
    pub(crate) fn all() -> Vec<Self> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors");
        let mut captures: Vec<Self> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|it| it == "json"))
            .map(|path| {
                let text = std::fs::read_to_string(&path).unwrap();
                serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
            })
            .collect();
        captures.sort_by(|a, b| a.name.cmp(&b.name));
        assert!(captures.len() >= 333, "only {} captures found", captures.len());
        captures
    }

    /// The password that the client had.
    pub(crate) fn client_password(&self) -> Password {
        password(self.password.as_deref())
    }

    /// The password that the server had.
    pub(crate) fn server_password(&self) -> Password {
        password(self.server_password.as_deref().or(self.password.as_deref()))
    }

    /// The key that the server had.
    pub(crate) fn server_kg(&self) -> Option<Kg> {
        self.server_kg.as_ref().or(self.kg.as_ref()).map(|kg| Kg::new(kg.as_bytes()).unwrap())
    }
}

fn password(text: Option<&str>) -> Password {
    Password::new(text.unwrap_or("").as_bytes()).unwrap()
}
