//! The nodes of a configuration, as the cloud and the state directory of its daemon show them: one look for commands
//! that only want to know.
//!
//! It writes nothing, neither to the cloud nor to the state directory; a daemon may be at work.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use machine::Observation;
use provisioning::{Account, Bmc, Enrolment, Host, Hosts, Interface, Machine, Privilege, Secret};
use ravello::client::Aspect;
use ravello::{Client, VmInventory, Writes, inventory, observation};

use crate::arguments::export::ConfiguredArguments;
use crate::assignment::Assignments;
use crate::configuration::{self, BmcUser, Configuration, UserPrivilege};
use crate::{access, cloud, daemon, secret};

/// A configuration, and one look at each of its applications.
#[derive(Debug)]
pub(crate) struct Fleet {
    pub(crate) configuration: Configuration,
    pub(crate) state_dir: PathBuf,
    pub(crate) applications: Vec<Application>,
    assignments: Assignments,
}

/// One application as it was seen.
#[derive(Debug)]
pub(crate) struct Application {
    pub(crate) configuration: configuration::Application,
    pub(crate) document: ravello::document::Application,
    /// Those of its VMs that are nodes, in the order of their addresses.
    pub(crate) nodes: Vec<VmInventory>,
}

/// How an enrolment is to be made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EnrolmentRequest<'a> {
    pub(crate) bmc_address: Option<std::net::IpAddr>,
    pub(crate) user: Option<&'a str>,
    pub(crate) secrets: Secrets,
}

/// Whether secrets are read and written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Secrets {
    Written,
    LeftOut,
}

/// The configuration, and the applications that were asked for.
pub(crate) fn configured(
    arguments: &ConfiguredArguments,
) -> Result<(Configuration, Vec<configuration::Application>)> {
    let configuration = Configuration::read(&arguments.config)?;
    let wanted = |application: &&configuration::Application| match &arguments.application {
        Some(name) => application.name == *name,
        None => true,
    };
    let applications: Vec<_> = configuration.applications.iter().filter(wanted).cloned().collect();
    if applications.is_empty() {
        let name = arguments.application.as_deref().unwrap_or_default();
        bail!("{} has no [[application]] named {name:?}", arguments.config.display());
    }
    Ok((configuration, applications))
}

impl Fleet {
    /// Looks.
    pub(crate) async fn look(arguments: &ConfiguredArguments) -> Result<Self> {
        let (configuration, wanted) = configured(arguments)?;
        let state_dir = arguments
            .state_dir
            .clone()
            .or_else(|| configuration.state_dir.clone())
            .context("there is no state directory: set state-dir in the configuration, or --state-dir")?;
        let client = cloud::client(&configuration.cloud, Writes::Sent)?;
        let mut applications = Vec::new();
        for application in wanted {
            applications.push(Application::look(&client, application).await?);
        }
        let assignments = Assignments::load(&state_dir)?;
        Ok(Self { configuration, state_dir, applications, assignments })
    }

    /// Every node.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = &VmInventory> {
        self.applications.iter().flat_map(|application| &application.nodes)
    }

    /// Where a node's BMC listens; `None` if no daemon has given it a port yet.
    pub(crate) fn bmc(&self, node: &VmInventory) -> Option<SocketAddr> {
        let port = self.assignments.port(&node.node)?;
        Some(SocketAddr::new(self.configuration.bmc.listen, port))
    }

    /// The nodes as machines to be enrolled elsewhere.
    pub(crate) fn enrolment(&self, how: EnrolmentRequest<'_>) -> Result<Enrolment> {
        let account = self.account(how)?;
        let machines: Vec<Machine> =
            self.nodes().map(|node| self.machine(node, how)).collect::<Result<_>>()?;
        if machines.is_empty() {
            bail!("there are no nodes; `nodes` of [[application]] says which VMs are some");
        }
        Ok(Enrolment::new(account, machines)?)
    }

    /// The nodes as hosts on their networks.
    pub(crate) fn hosts(&self) -> Result<Hosts> {
        let host = |node: &VmInventory| -> Result<Host> {
            Ok(Host { name: node.name.clone(), interfaces: interfaces(node)? })
        };
        Ok(Hosts::new(self.nodes().map(host).collect::<Result<_>>()?)?)
    }

    fn machine(&self, node: &VmInventory, how: EnrolmentRequest<'_>) -> Result<Machine> {
        let Some(listens) = self.bmc(node) else {
            bail!(
                "{} has no BMC yet: no daemon with the state directory {} has seen it; start `ravbmc serve`, or wait a minute \
                 if it runs",
                node.name,
                self.state_dir.display()
            );
        };
        let address = how.bmc_address.unwrap_or_else(|| listens.ip());
        if address.is_unspecified() {
            bail!(
                "the BMCs listen on all addresses: say with --bmc-address under which one they are reached"
            );
        }
        Ok(Machine {
            name: node.name.clone(),
            bmc: Bmc { address, port: listens.port() },
            interfaces: interfaces(node)?,
            cpus: node.cpus,
            memory_mib: node.memory_bytes.map(|bytes| bytes >> 20),
            disk_gib: node.disk_bytes.map(|bytes| bytes >> 30),
        })
    }

    /// The user that was asked for, or the first of the most powerful ones.
    fn account(&self, how: EnrolmentRequest<'_>) -> Result<Account> {
        let bmc = &self.configuration.bmc;
        let user = match how.user {
            Some(name) => bmc.users.iter().find(|user| user.name == name),
            // Of equals the first.
            None => bmc.users.iter().rev().max_by_key(|user| user.privilege),
        };
        let secret = |read: &dyn Fn() -> Result<secrecy::SecretString>| -> Result<Secret> {
            match how.secrets {
                Secrets::Written => Ok(Secret::Written(read()?)),
                Secrets::LeftOut => Ok(Secret::LeftOut),
            }
        };
        let (username, password, privilege) = match user {
            Some(user) => {
                (user.name.clone(), secret(&|| user.password.read(&user.password_key()))?, privilege(user)?)
            }
            None if bmc.users.is_empty() && how.user.is_none_or(|name| name == access::DEFAULT_USER) => {
                let read = || generated_password(&self.state_dir);
                (access::DEFAULT_USER.to_owned(), secret(&read)?, Privilege::Administrator)
            }
            None => bail!("the configuration has no [[bmc.user]] named {:?}", how.user.unwrap_or_default()),
        };
        let kg = bmc
            .kg
            .as_ref()
            .map(|source| secret(&|| access::kg_hexadecimal(&source.read(configuration::Bmc::KG_KEY)?)));
        let usual = bmc.cipher_suites.iter().any(|suite| matches!(suite, 17 | 3));
        Ok(Account {
            username,
            password,
            privilege,
            kg: kg.transpose()?,
            cipher_suite: bmc.cipher_suites.first().copied().filter(|_| !usual),
        })
    }
}

impl Application {
    async fn look(client: &Client, configuration: configuration::Application) -> Result<Self> {
        let id = client.find_application(&configuration.name).await?;
        let document = client.application(id, Aspect::Whole).await?;
        let nodes = daemon::nodes(&configuration.nodes, inventory::inventory(&document));
        Ok(Self { configuration, document, nodes })
    }

    /// Every VM of it, in the product's words.
    pub(crate) fn observation(&self) -> Observation {
        let selection = daemon::boot_selection(self.configuration.boot_selection);
        observation::observation(&self.document, selection)
    }
}

fn privilege(user: &BmcUser) -> Result<Privilege> {
    Ok(match user.privilege {
        UserPrivilege::Administrator => Privilege::Administrator,
        UserPrivilege::Operator => Privilege::Operator,
        UserPrivilege::User => Privilege::User,
        UserPrivilege::Callback => {
            bail!("the BMC user {:?} has privilege callback, with which nothing can be managed", user.name)
        }
    })
}

fn generated_password(state_dir: &Path) -> Result<secrecy::SecretString> {
    let file = state_dir.join(access::PASSWORD_FILE);
    secret::SecretSource::File(file).read("the generated password of the BMCs")
}

/// The interfaces that have a MAC address. One without is named: it cannot be enrolled, and has none because it was
/// never published.
fn interfaces(node: &VmInventory) -> Result<Vec<Interface>> {
    let mut interfaces = Vec::new();
    for (index, interface) in node.interfaces.iter().enumerate() {
        let name = match interface.name.as_str() {
            "" => format!("interface {index}"),
            name => name.to_owned(),
        };
        let Some(mac) = &interface.mac else {
            bail!(
                "{name} of {} has no MAC address yet; it gets one when the application is published",
                node.name
            );
        };
        let mac = mac.parse().with_context(|| format!("{name} of {}", node.name))?;
        interfaces.push(Interface { name, mac, address: interface.address });
    }
    Ok(interfaces)
}
