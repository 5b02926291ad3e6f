//! The simulated cloud as a library, and the client that lists what is in it.
//!
//! ```console
//! $ cargo run -p ravbmc-examples --bin toy-cloud
//! undercloud 192.168.2.1
//! node1 192.168.2.10
//! node2 192.168.2.11
//! ```

use std::error::Error;
use std::net::Ipv4Addr;

use ravello::{Authentication, BootSelection, Client, ClientSettings, Credentials, RavelloBackend};
use ravello_sim::{SecretString, Simulator, SimulatorConfig, demo};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let password = SecretString::from("only a toy");
    let mut config = SimulatorConfig::new("me", password.clone());
    config.applications = vec![demo::application(2)?];
    let simulator = Simulator::new(config)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("http://{}/api/v1", listener.local_addr()?);
    let shutdown = CancellationToken::new();
    let cloud = tokio::spawn({
        let shutdown = shutdown.clone();
        async move { simulator.serve(listener, shutdown).await }
    });

    let credentials = Credentials::new("me", password)?;
    let client = Client::new(ClientSettings::new(url, Authentication::Basic(credentials)))?;
    let application = RavelloBackend::new(client, demo::NAME, BootSelection::Flag);
    for vm in application.inventory().await? {
        let address =
            vm.address.map_or_else(|| "no static address".to_owned(), |address| address.to_string());
        println!("{} {address}", vm.name);
    }

    shutdown.cancel();
    cloud.await??;
    Ok(())
}
