//! Metal3: a `BareMetalHost` and a `Secret` for each machine, for `kubectl apply -f FILE`.
//!
//! As YAML a stream of documents, as JSON one `List`. The secret comes before the host that names it.

use serde::Serialize;

use super::{ARCHITECTURE, BootMode, ExportError, Syntax, boot_mac, hostname, spell, yaml};
use crate::mac_address::MacAddress;
use crate::{Bmc, Enrolment, Machine, Privilege};

/// What else can be said about the hosts.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The firmware of the machines.
    pub boot_mode: BootMode,
    /// The interface that boots from the network, from 0; without it the first one.
    pub boot_interface: Option<usize>,
    /// The namespace; without it that of whoever applies the file.
    pub namespace: Option<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Manifest<'a> {
    Secret(Secret<'a>),
    Host(Host<'a>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Secret<'a> {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata<'a>,
    r#type: &'static str,
    string_data: StringData<'a>,
}

#[derive(Serialize)]
struct StringData<'a> {
    username: &'a str,
    password: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Host<'a> {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata<'a>,
    spec: Specification,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Specification {
    online: bool,
    #[serde(rename = "bootMACAddress", skip_serializing_if = "Option::is_none")]
    boot_mac_address: Option<MacAddress>,
    boot_mode: &'static str,
    architecture: &'static str,
    bmc: BmcDetails,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BmcDetails {
    address: String,
    credentials_name: String,
}

#[derive(Serialize)]
struct Metadata<'a> {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List<'a> {
    api_version: &'static str,
    kind: &'static str,
    items: Vec<Manifest<'a>>,
}

/// Writes the manifests.
///
/// # Errors
/// [`ExportError::Unnameable`], [`ExportError::Ambiguous`] for two equal names, [`ExportError::NoInterface`];
/// [`ExportError::NoKg`] and [`ExportError::NoCipherSuite`], for which a host has no field.
pub fn metal3(enrolment: &Enrolment, options: &Options, syntax: Syntax) -> Result<String, ExportError> {
    let account = enrolment.account();
    if account.kg.is_some() {
        return Err(ExportError::NoKg { consumer: "Metal3" });
    }
    if account.cipher_suite.is_some() {
        return Err(ExportError::NoCipherSuite { consumer: "Metal3" });
    }
    let mut items = Vec::new();
    for (name, machine) in hostname::named(enrolment)? {
        let metadata = |name| Metadata { name, namespace: options.namespace.as_deref() };
        let credentials_name = format!("{name}-bmc");
        items.push(Manifest::Secret(Secret {
            api_version: "v1",
            kind: "Secret",
            metadata: metadata(credentials_name.clone()),
            r#type: "Opaque",
            string_data: StringData { username: &account.username, password: account.password.text() },
        }));
        items.push(Manifest::Host(Host {
            api_version: "metal3.io/v1alpha1",
            kind: "BareMetalHost",
            metadata: metadata(name),
            spec: specification(machine, options, account.privilege, credentials_name)?,
        }));
    }
    match syntax {
        Syntax::Json => spell(&List { api_version: "v1", kind: "List", items }, syntax),
        Syntax::Yaml => {
            let documents: Vec<String> = items.iter().map(yaml).collect::<Result<_, _>>()?;
            Ok(documents.join("---\n"))
        }
    }
}

fn specification(
    machine: &Machine,
    options: &Options,
    privilege: Privilege,
    credentials_name: String,
) -> Result<Specification, ExportError> {
    Ok(Specification {
        online: true,
        boot_mac_address: boot_mac(machine, options.boot_interface)?,
        boot_mode: match options.boot_mode {
            BootMode::Bios => "legacy",
            BootMode::Uefi => "UEFI",
        },
        architecture: ARCHITECTURE,
        bmc: BmcDetails { address: bmc_address(machine.bmc, privilege), credentials_name },
    })
}

/// Metal3 assumes an administrator unless the address says otherwise.
fn bmc_address(bmc: Bmc, privilege: Privilege) -> String {
    match privilege {
        Privilege::Administrator => format!("ipmi://{bmc}"),
        Privilege::User | Privilege::Operator => format!("ipmi://{bmc}?privilegelevel={}", privilege.name()),
    }
}
