//! A place for settings in memory.

use std::sync::{Arc, Mutex};

use ipmi_server::{BmcSettings, KeptSettings, NotKept, SettingsStore};
use machine::{BoxFuture, NodeId};

/// Keeps the settings of one node.
#[derive(Debug, Default)]
pub(crate) struct FakeSettingsStore {
    kept: Mutex<BmcSettings>,
    saves: Mutex<usize>,
    full: Mutex<bool>,
}

impl FakeSettingsStore {
    /// The settings of a BMC that starts with what is kept here.
    pub(crate) fn open(self: &Arc<Self>) -> Arc<KeptSettings> {
        let store = Arc::<Self>::clone(self);
        Arc::new(KeptSettings::new(NodeId::new("app/vm"), self.kept(), store))
    }

    pub(crate) fn kept(&self) -> BmcSettings {
        self.kept.lock().unwrap().clone()
    }

    /// How often something was kept.
    pub(crate) fn saves(&self) -> usize {
        *self.saves.lock().unwrap()
    }

    /// From now on there is no room.
    pub(crate) fn fill(&self) {
        *self.full.lock().unwrap() = true;
    }
}

impl SettingsStore for FakeSettingsStore {
    fn save<'a>(
        &'a self,
        _node: &'a NodeId,
        settings: &'a BmcSettings,
    ) -> BoxFuture<'a, Result<(), NotKept>> {
        Box::pin(async move {
            if *self.full.lock().unwrap() {
                return Err(NotKept { reason: "no space left".to_owned() });
            }
            // A disk takes its time.
            tokio::task::yield_now().await;
            *self.kept.lock().unwrap() = settings.clone();
            *self.saves.lock().unwrap() += 1;
            Ok(())
        })
    }
}
