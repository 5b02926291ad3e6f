//! What a simulated cloud can do and the service cannot: below `/sim`, next to the API (`docs/simulator.md`).

use super::exchange::Call;
use super::{Client, SERVICE_ADDRESS};
use crate::error::{ClientError, Failure};
use crate::identity::VmId;

impl Client {
    /// Sends a diagnostic interrupt (NMI) to the guest of a VM.
    ///
    /// # Errors
    /// [`ClientError`]; of the kind `NotFound` where the cloud is no simulator, where its guests are not real, and where it
    /// has no such VM. Nothing is sent to the service itself.
    pub async fn inject_nmi(&self, vm: VmId) -> Result<(), ClientError> {
        let operation = format!("send a diagnostic interrupt to VM {vm}");
        let Some(root) = root(self.base_address()) else {
            return Err(ClientError::new(operation, Failure::NoSimulator));
        };
        self.call(Call::action(operation, format!("/sim/vms/{vm}/nmi")).behind(root)).await?;
        Ok(())
    }
}

/// What a simulator has its interfaces behind; `None` if there can be none.
fn root(base: &str) -> Option<&str> {
    if base == SERVICE_ADDRESS { None } else { base.strip_suffix("/api/v1") }
}

#[cfg(test)]
mod tests {
    use super::{SERVICE_ADDRESS, root};

    #[test]
    fn service_itself_is_no_simulator() {
        assert_eq!(root(SERVICE_ADDRESS), None);
        assert_eq!(root("http://127.0.0.1:8080/api/v1"), Some("http://127.0.0.1:8080"));
        assert_eq!(
            root("https://proxy.example.com/ravello/api/v1"),
            Some("https://proxy.example.com/ravello")
        );
        assert_eq!(root("http://127.0.0.1:8080"), None);
    }
}
