//! `ravbmc demo`: a simulated cloud and the BMCs of its nodes in one process.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use ipmi_proto::endpoint::EndpointConfig;
use ipmi_proto::number::Guid;
use ipmi_server::BmcConfig;
use ravello::{Authentication, Client, ClientSettings, Credentials};
use ravello_sim::{Simulator, SimulatorConfig, Speed, demo};
use reconciler::Policy;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::sim::{self, Home};
use crate::access::{self, PASSWORD_FILE};
use crate::arguments::{AddressMode, DemoArguments};
use crate::configuration::{Application, BootSelection, NodeSelection, Publish, UserChanges, UserPrivilege};
use crate::daemon::{BmcSettings, Consoles, Daemon, Node};
use crate::output::{self, Readers};
use crate::serial::ConsoleAddress;
use crate::shutdown;

/// The configuration in the state directory.
const CONFIGURATION_FILE: &str = "ravbmc.toml";

/// Serves until a signal.
pub(crate) async fn run(arguments: DemoArguments) -> Result<()> {
    match arguments.mode {
        AddressMode::Port => {}
    }
    let home = Home::new(arguments.state_dir.clone())?;
    let (bmc_password, bmc_password_file) =
        home.password(PASSWORD_FILE, arguments.password.clone(), "the password of the BMCs")?;
    let (api_password, api_password_file) =
        home.password(sim::PASSWORD_FILE, arguments.api_password.clone(), "the password of the cloud")?;

    let mut config = SimulatorConfig::new(&arguments.api_username, api_password.clone());
    config.speed = Speed::new(arguments.speed)?;
    config.state_dir = Some(home.path().join("cloud"));
    config.applications = vec![sim::demo_application(arguments.nodes, arguments.engine.engine)?];
    config.engine = sim::engine(arguments.engine.clone(), &home);
    let consoles = arguments.engine.console_dir(home.path());
    config.serial_dir = Some(consoles.clone());
    let simulator = Simulator::new(config)?;
    let (listener, url) = sim::listen(arguments.api_listen).await?;

    let shutdown = shutdown::on_signal()?;
    // The cloud outlives the daemon: what the daemon still has to say reaches it.
    let cloud_shutdown = CancellationToken::new();
    let cloud = tokio::spawn({
        let cloud_shutdown = cloud_shutdown.clone();
        let simulator = simulator.clone();
        async move { simulator.serve(listener, cloud_shutdown).await }
    });

    let console = console_address(&consoles)?;
    let configuration =
        write_configuration(&home, &arguments, &url, &console, &bmc_password_file, &api_password_file)?;
    let credentials = Credentials::new(&arguments.api_username, api_password).context("--api-username")?;
    let daemon = Daemon {
        state_dir: home.path().to_owned(),
        client: Client::new(ClientSettings::new(&url, Authentication::Basic(credentials)))?,
        applications: vec![Application {
            name: demo::NAME.to_owned(),
            nodes: NodeSelection::AllButLowestAddress,
            boot_selection: BootSelection::Flag,
            min_runtime: Application::default_min_runtime(),
            publish: Publish::Guarded,
            consoles: BTreeMap::new(),
        }],
        bmc: BmcSettings {
            listen: arguments.listen,
            port_base: arguments.port_base,
            endpoint: EndpointConfig::new(
                Guid([0; 16]),
                vec![access::user(&arguments.username, &bmc_password, UserPrivilege::Administrator)?],
            ),
            boot_flag_timeout: None,
            user_changes: UserChanges::Allowed,
            consoles: Consoles {
                default: Some(console),
                scrollback: BmcConfig::SCROLLBACK,
                ..Consoles::default()
            },
        },
        policy: policy(arguments.speed),
    };
    let user = arguments.username.as_str();
    let outcome = daemon
        .run(shutdown, |nodes| {
            if arguments.json {
                return output::print_json(&json!({
                    "nodes": output::nodes_json(nodes, user),
                    "passwordFile": bmc_password_file,
                    "configuration": configuration,
                    "api": sim::api_json(&url, &arguments.api_username, &api_password_file),
                }));
            }
            output::print(&announcement(
                nodes,
                user,
                &bmc_password_file,
                &url,
                &arguments.api_username,
                &api_password_file,
                &configuration,
            ))
        })
        .await;
    cloud_shutdown.cancel();
    cloud.await.context("the simulated cloud broke")??;
    outcome
}

/// Where the simulator puts the serial ports.
fn console_address(folder: &Path) -> Result<ConsoleAddress> {
    let folder = folder.to_str().with_context(|| format!("{} is no Unicode text", folder.display()))?;
    ConsoleAddress::try_from(format!("unix:{folder}/{{id}}.sock")).map_err(anyhow::Error::msg)
}

/// Writes what `ravbmc serve` would need to do the same, so that the commands which look at a daemon's nodes work here
/// too.
fn write_configuration(
    home: &Home,
    arguments: &DemoArguments,
    url: &str,
    console: &ConsoleAddress,
    password_file: &Path,
    api_password_file: &Path,
) -> Result<PathBuf> {
    /// A string of TOML; those of JSON are a part of them.
    fn quoted(text: impl AsRef<str>) -> String {
        json!(text.as_ref()).to_string()
    }
    let path = |path: &Path| -> Result<String> {
        Ok(quoted(path.to_str().with_context(|| format!("{} is no Unicode text", path.display()))?))
    };
    let text = format!(
        "# Written by `ravbmc demo`.\nstate-dir = {state_dir}\n\n\
         [cloud]\nbase-url = {url}\nusername = {api_user}\npassword = {{ file = {api_password_file} }}\n\n\
         [bmc]\nlisten = {listen}\nport-base = {port_base}\nconsole = {console}\n\n\
         [[bmc.user]]\nname = {user}\npassword = {{ file = {password_file} }}\n\n\
         [[application]]\nname = {application}\n",
        state_dir = path(home.path())?,
        url = quoted(url),
        api_user = quoted(&arguments.api_username),
        api_password_file = path(api_password_file)?,
        listen = quoted(arguments.listen.to_string()),
        port_base = arguments.port_base,
        console = quoted(console.to_string()),
        user = quoted(&arguments.username),
        password_file = path(password_file)?,
        application = quoted(demo::NAME),
    );
    let file = home.path().join(CONFIGURATION_FILE);
    output::write_file(&file, text.as_bytes(), Readers::Owner)?;
    Ok(file)
}

/// The daemon is as much faster than usual as the cloud.
fn policy(speed: f64) -> Policy {
    let usual = Policy::default();
    let faster = |pause: Duration| {
        Duration::try_from_secs_f64(pause.as_secs_f64() / speed)
            .map_or(pause, |pause| pause.max(Duration::from_millis(20)))
    };
    Policy {
        age_in_flight: faster(usual.age_in_flight),
        age_idle: faster(usual.age_idle),
        age_to_act: faster(usual.age_to_act),
        look_in_flight: faster(usual.look_in_flight),
        look_idle: faster(usual.look_idle),
        settle: faster(usual.settle),
        coalesce: faster(usual.coalesce),
        ..usual
    }
}

fn announcement(
    nodes: &[Node],
    user: &str,
    password_file: &Path,
    url: &str,
    api_user: &str,
    api_password_file: &Path,
    configuration: &Path,
) -> String {
    let mut text = output::nodes_table(nodes, user).to_string();
    text.push_str(&format!(
        "\n\nPassword of {user}:  cat {}\nSimulated cloud:  {url}\n  its user {api_user}, password: cat {}\nConfiguration:  {}\n",
        password_file.display(),
        api_password_file.display(),
        configuration.display()
    ));
    if let Some(node) = nodes.first() {
        let (ip, port, file) = (node.address.ip(), node.address.port(), password_file.display());
        let client = format!("ipmitool -I lanplus -H {ip} -p {port} -U {user} -f {file}");
        let program =
            std::env::current_exe().map_or_else(|_| "ravbmc".to_owned(), |path| path.display().to_string());
        let own = format!("{program} ipmi -H {ip} -p {port} -U {user} -f {file}");
        text.push_str(&format!(
            "\nTry, for {}:\n  {client} power status\n  {client} chassis bootdev disk options=persistent\n  {own} power on\n  {client} sol activate\n  {program} export ironic --config {}\n\nEnd it with Ctrl-C.",
            node.name,
            configuration.display()
        ));
    }
    text
}
