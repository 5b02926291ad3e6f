//! Operations on VMs (`ravello-api.md §7.2`, `§7.3`).

use std::fmt;

use super::application::path;
use super::exchange::Call;
use super::{Aspect, Client};
use crate::document::{Malformed, VmDocument, VmState};
use crate::error::ClientError;
use crate::identity::{ApplicationId, VmId};
use crate::json::Json;

/// Something that is done to a VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VmAction {
    /// Powers up; only from STOPPED.
    Start,
    /// Asks the guest to shut down; powers it down after the VM's time-out if it is set so.
    Stop,
    /// Asks the guest to shut down.
    Shutdown,
    /// Powers down at once, whatever the guest does.
    PowerOff,
    /// Asks the guest to restart, which it may ignore. A reset that must happen is a power off and a start.
    Restart,
}

impl Client {
    /// The VMs of one aspect of an application.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn vms(
        &self,
        application: ApplicationId,
        aspect: Aspect,
    ) -> Result<Vec<VmDocument>, ClientError> {
        let path = format!("{}{}/vms", path(application), aspect.suffix());
        let vms = self.list(Call::get(format!("read the VMs of application {application}"), path)).await?;
        Ok(vms.into_iter().map(VmDocument::new).collect())
    }

    /// Reads a VM of one aspect of an application.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn vm(
        &self,
        application: ApplicationId,
        vm: VmId,
        aspect: Aspect,
    ) -> Result<VmDocument, ClientError> {
        let path = format!("{}{}/vms/{vm}", path(application), aspect.suffix());
        let reply = self.call(Call::get(format!("read VM {vm}"), path)).await?;
        Ok(VmDocument::new(reply.json()?))
    }

    /// Replaces a VM's design by one that was read and edited. Other VMs are not touched.
    ///
    /// The service checks no version here (`ravello-api.md §12`, `§14`): of two writers of the same VM one may
    /// lose its change without notice, so read back and compare. [`crate::RavelloBackend`] writes the whole
    /// application instead, where a stale write is refused.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn put_vm(
        &self,
        application: ApplicationId,
        vm: VmId,
        document: &VmDocument,
    ) -> Result<(), ClientError> {
        let call = Call::put(format!("write VM {vm}"), format!("{}/vms/{vm}", path(application)));
        self.call(call.with_body(document.json())).await?;
        Ok(())
    }

    /// Does something to one VM.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn act_on_vm(
        &self,
        application: ApplicationId,
        vm: VmId,
        action: VmAction,
    ) -> Result<(), ClientError> {
        let path = format!("{}/vms/{vm}/{}", path(application), action.segment());
        self.call(Call::action(format!("{action} VM {vm}"), path)).await?;
        Ok(())
    }

    /// Does the same to several VMs, in one request.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn act_on_vms(
        &self,
        application: ApplicationId,
        vms: &[VmId],
        action: VmAction,
    ) -> Result<(), ClientError> {
        let ids = vms.iter().map(|vm| Json::number(vm.0)).collect();
        let body = Json::Object(vec![("ids".to_owned(), Json::Array(ids))]);
        let path = format!("{}/vms/{}", path(application), action.segment());
        self.call(Call::action(format!("{action} {} VMs", vms.len()), path).with_body(&body)).await?;
        Ok(())
    }

    /// The state of a deployed VM.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn vm_state(&self, application: ApplicationId, vm: VmId) -> Result<VmState, ClientError> {
        let path = format!("{}/vms/{vm}/state;deployment", path(application));
        let reply = self.call(Call::get(format!("read the state of VM {vm}"), path)).await?;
        match reply.plain() {
            empty if empty.is_empty() => Err(reply.fails(Malformed { field: "state" })),
            name => Ok(VmState::from_name(&name)),
        }
    }

    /// Address of a console in the browser, good for about a minute.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn vnc_address(&self, application: ApplicationId, vm: VmId) -> Result<String, ClientError> {
        let path = format!("{}/vms/{vm}/vncUrl", path(application));
        let call = Call::get(format!("ask for a console of VM {vm}"), path).accepting("text/plain");
        let reply = self.call(call).await?;
        match reply.plain() {
            empty if empty.is_empty() => Err(reply.fails(Malformed { field: "address" })),
            address => Ok(address),
        }
    }
}

impl VmAction {
    const fn segment(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Shutdown => "shutdown",
            Self::PowerOff => "poweroff",
            Self::Restart => "restart",
        }
    }
}

impl fmt::Display for VmAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Shutdown => "shut down",
            Self::PowerOff => "power off",
            Self::Restart => "restart",
        })
    }
}
