//! A BMC in front of a machine that exists only in memory, and a console that powers it on.
//!
//! ```console
//! $ cargo run -p ravbmc-examples --bin toy-bmc
//! power is off
//! power is on
//! ```

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ipmi_client::{Client, ClientOptions};
use ipmi_proto::command::chassis::{ChassisControl, CurrentPower, GetChassisStatus, PowerAction};
use ipmi_proto::crypto::Password;
use ipmi_proto::endpoint::{EndpointConfig, User};
use ipmi_proto::number::{Guid, PrivilegeLevel, UserName};
use ipmi_server::{BmcConfig, UdpTransport};
use machine::{
    Admission, BootDevice, BootOverride, BootSetting, Chassis, ChassisStatus, Denied, NodeId, PowerRequest,
    Requester,
};
use tokio_util::sync::CancellationToken;

/// A machine that is on or off, and nothing else.
#[derive(Default)]
struct Toy {
    on: AtomicBool,
}

impl Chassis for Toy {
    async fn status(&self, _node: &NodeId) -> Result<ChassisStatus, Denied> {
        let power_on = self.on.load(Ordering::Relaxed);
        Ok(ChassisStatus {
            power_on,
            control_fault: None,
            last_power_on_by_command: power_on,
            state: "toy".to_owned(),
            age: Duration::ZERO,
        })
    }

    async fn request_power(
        &self,
        _node: &NodeId,
        request: PowerRequest,
        _requester: &Requester,
    ) -> Result<Admission, Denied> {
        let on = matches!(request, PowerRequest::On | PowerRequest::Cycle | PowerRequest::Reset);
        self.on.store(on, Ordering::Relaxed);
        Ok(Admission::Recorded)
    }

    async fn boot_setting(&self, _node: &NodeId) -> Result<BootSetting, Denied> {
        Ok(BootSetting::Platform(BootDevice::Disk))
    }

    async fn set_boot_override(
        &self,
        _node: &NodeId,
        _wanted: Option<BootOverride>,
        _requester: &Requester,
    ) -> Result<Admission, Denied> {
        Err(Denied::NotRecorded { reason: "a toy boots from nothing".to_owned() })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let transport = UdpTransport::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    let address = transport.local_addr()?;
    let user = User {
        name: UserName::new(b"admin")?,
        password: Password::new(b"only a toy")?,
        limit: PrivilegeLevel::ADMINISTRATOR,
    };
    let endpoint = EndpointConfig::new(Guid([0x2a; 16]), vec![user]);
    let config = BmcConfig::new(NodeId::new("toy"), "toy", endpoint);
    let shutdown = CancellationToken::new();
    let bmc = tokio::spawn(ipmi_server::run(transport, config, Arc::new(Toy::default()), shutdown.clone()));

    let mut console = Client::connect(address, ClientOptions::new("admin", "only a toy")?).await?;
    show(&mut console).await?;
    console.call(&ChassisControl { action: PowerAction::POWER_UP }).await?;
    show(&mut console).await?;
    console.close().await;

    shutdown.cancel();
    bmc.await?;
    Ok(())
}

async fn show(console: &mut Client) -> Result<(), Box<dyn Error>> {
    let status = console.call(&GetChassisStatus).await?;
    let on = status.current_power.contains(CurrentPower::ON);
    println!("power is {}", if on { "on" } else { "off" });
    Ok(())
}
