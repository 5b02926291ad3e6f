//! When an application stops by itself (`ravello-api.md §6.1`, `setExpiration` in `§6.2`).
//!
//! One time is kept; `nextStopTime`, `nextStopTask` and `deployment.expirationTime` all show it.

use std::time::Duration;

use super::{Cloud, CloudError};
use crate::application::Application;
use crate::clock::Timestamp;
use crate::id::ApplicationId;
use crate::machine::Surroundings;

impl Cloud {
    /// Moves the expiration to that many seconds from now; -1 means never. Returns the new time.
    pub(crate) fn set_expiration(
        &mut self,
        id: ApplicationId,
        seconds: i64,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, CloudError> {
        let application = self.application_mut(id)?;
        application.expiration = match u64::try_from(seconds) {
            Ok(seconds) => Some(now.after(Duration::from_secs(seconds))),
            Err(_) if seconds == -1 => None,
            Err(_) => {
                let why = format!("expirationFromNowSeconds must be -1 or more, not {seconds}");
                return Err(CloudError::Invalid { why });
            }
        };
        Ok(application.expiration)
    }
}

impl Application {
    /// The time has come: everything that runs is stopped.
    pub(super) fn expire(&mut self, now: Timestamp, around: &mut Surroundings<'_>) {
        self.expiration = None;
        tracing::info!(application = %self.id, "application expires");
        for machine in self.deployment.iter_mut().flat_map(|deployment| deployment.machines.values_mut()) {
            machine.expire(now, around);
        }
    }
}
