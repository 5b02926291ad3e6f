//! `ravbmc check-config`: reads the configuration file and says what it means.

use anyhow::{Context, Result};

use crate::access;
use crate::arguments::CheckConfigArguments;
use crate::configuration::{Bmc, Configuration};
use crate::output;

/// Reads the file, and every secret that it names.
pub(crate) fn run(arguments: &CheckConfigArguments) -> Result<()> {
    let configuration = Configuration::read(&arguments.config)?;
    for (what, source) in configuration.secrets() {
        source.read(&what)?;
    }
    if let Some(source) = &configuration.bmc.kg {
        access::kg(&source.read(Bmc::KG_KEY)?).context(Bmc::KG_KEY)?;
    }
    if arguments.json {
        return output::print_json(&configuration);
    }
    let applications: Vec<&str> = configuration.applications.iter().map(|one| one.name.as_str()).collect();
    output::print(&format!(
        "{} is correct: cloud {}, BMCs on {} from port {}, {}: {}.",
        arguments.config.display(),
        configuration.cloud.base_url,
        configuration.bmc.listen,
        configuration.bmc.port_base,
        match applications.len() {
            1 => "1 application".to_owned(),
            count => format!("{count} applications"),
        },
        applications.join(", "),
    ))
}
