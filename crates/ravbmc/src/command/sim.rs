//! `ravbmc sim`: the simulator of the Ravello cloud, alone.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use provisioning::{IpxeScript, IsoIngredients};
use ravello_sim::{ApplicationFile, Engine, SecretString, Simulator, SimulatorConfig, Speed, Switches, demo};
use serde_json::json;
use tokio::net::TcpListener;
use tracing::warn;

use crate::arguments::{EngineArguments, EngineKind, SimArguments};
use crate::{output, secret, shutdown};

/// The generated password in the state directory.
pub(super) const PASSWORD_FILE: &str = "api-password";

/// Serves until a signal.
pub(crate) async fn run(arguments: SimArguments) -> Result<()> {
    let home = Home::new(arguments.state_dir.clone())?;
    let (password, password_file) =
        home.password(PASSWORD_FILE, arguments.password, "the password of the cloud")?;
    let mut config = SimulatorConfig::new(&arguments.username, password);
    config.speed = Speed::new(arguments.speed)?;
    config.state_dir = arguments.state_dir;
    config.applications = match (&arguments.applications[..], arguments.empty) {
        ([], true) => Vec::new(),
        ([], false) => vec![demo_application(arguments.nodes, arguments.engine.engine)?],
        (files, _) => files.iter().map(ApplicationFile::load).collect::<Result<_, _>>()?,
    };
    if let Some(file) = &arguments.switches {
        config.switches = switches(file)?;
    }
    config.serial_dir = arguments.engine.given_console_dir();
    config.engine = engine(arguments.engine, &home);
    let simulator = Simulator::new(config)?;
    let shutdown = shutdown::on_signal()?;
    let (listener, url) = listen(arguments.listen).await?;
    if arguments.json {
        output::print_json(&json!({ "api": api_json(&url, &arguments.username, &password_file) }))?;
    } else {
        output::print(&format!(
            "Simulated cloud  {url}\nUser             {}, password in {}\nEnd it with Ctrl-C.",
            arguments.username,
            password_file.display()
        ))?;
    }
    simulator.serve(listener, shutdown).await?;
    Ok(())
}

/// The engine that was asked for. Guests that are processes get the CD-ROM that they boot from, unless there is one.
pub(super) fn engine(mut arguments: EngineArguments, home: &Home) -> Engine {
    if arguments.lacks_image(demo::CDROM_IMAGE) {
        let file = home.path().join(demo::CDROM_IMAGE);
        match boot_cdrom(&file) {
            Ok(()) => arguments.add_image(demo::CDROM_IMAGE, file),
            Err(error) => warn!(
                error = output::error_chain(&error),
                "no boot CD-ROM can be made, so guests cannot boot from the network; `ravbmc lab iso` makes one elsewhere, --image {}=FILE takes it",
                demo::CDROM_IMAGE
            ),
        }
    }
    arguments.engine(home.path())
}

fn boot_cdrom(file: &Path) -> Result<()> {
    Ok(IsoIngredients::new(IpxeScript::default().text()?).build(file)?)
}

/// The application that is made. Where guests are real, the undercloud is this machine, and no VM stands for it.
pub(super) fn demo_application(nodes: u16, engine: EngineKind) -> Result<ApplicationFile> {
    Ok(match engine {
        EngineKind::Memory => demo::application(u32::from(nodes))?,
        EngineKind::Qemu => demo::application_at_rest(u32::from(nodes))?,
    })
}

/// How programs learn where the simulated cloud is.
pub(super) fn api_json(url: &str, username: &str, password_file: &Path) -> serde_json::Value {
    json!({ "url": url, "username": username, "passwordFile": password_file })
}

/// Listens, and says under which address the API can be reached.
pub(super) async fn listen(address: SocketAddr) -> Result<(TcpListener, String)> {
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("the simulated cloud cannot listen on TCP {address}; choose another port")
    })?;
    let url = format!("http://{}/api/v1", listener.local_addr().context("the listener has no address")?);
    Ok((listener, url))
}

fn switches(file: &Path) -> Result<Switches> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_str(&text)
        .with_context(|| format!("{} does not hold switches of the simulator", file.display()))
}

/// The folder in which a command keeps its files: the given one, or one that is gone at the end.
#[derive(Debug)]
pub(super) struct Home {
    path: PathBuf,
    /// Deletes the folder when dropped.
    _temporary: Option<tempfile::TempDir>,
}

impl Home {
    pub(super) fn new(given: Option<PathBuf>) -> Result<Self> {
        if let Some(path) = given {
            crate::daemon::create_state_dir(&path)?;
            // Paths are printed for other shells to use.
            let path = fs::canonicalize(&path).with_context(|| format!("cannot open {}", path.display()))?;
            return Ok(Self { path, _temporary: None });
        }
        let temporary =
            tempfile::Builder::new().prefix("ravbmc-").tempdir().context("no temporary folder")?;
        Ok(Self { path: temporary.path().to_owned(), _temporary: Some(temporary) })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The password that was given, or else the one in a file of this folder, made now if there is none. The
    /// file has it in either case, so that it can be handed to clients without showing it.
    pub(super) fn password(
        &self,
        file: &str,
        given: Option<String>,
        what: &str,
    ) -> Result<(SecretString, PathBuf)> {
        let file = self.path.join(file);
        let password = match given {
            Some(password) => {
                let password = SecretString::from(password);
                secret::write_file(&file, &password)?;
                password
            }
            None => secret::read_or_generate(&file, what)?,
        };
        Ok((password, file))
    }
}
